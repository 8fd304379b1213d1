"""gems: pointwise operators of PyTorch, compiled from one definition each.

Importing loads the library and defines torch.ops.gems; nothing is switched on, no GPU is touched, no thread is started.

    gems.enable("add*, gelu")            # all threads, until gems.disable()
    with gems.use_gems(exclude="pow"):   # this thread and the autograd work it starts
        ...
    print(gems.report())                 # what was served, what was left to ATen, and why
    torch.ops.gems.silu_and_mul(x, y)    # fused operators
    gems.patch(model)                    # fused operators in the modules of a model
    gems.kernel_mapping()                # the same for transformers' use_kernels, of layers alone
    gems.optim.AdamW(parameters)         # its step in one pass
    gems.load("build/my_ops.so")         # operators of one's own: torch.ops.my_ops
    logging.getLogger("gems")            # each kernel that becomes ready, and warnings

python -m gems --help: what is installed here, and scripts under the override.
"""

import sys as _sys

from ._version import __version__

# While `python -m gems` is being started: it also looks at installations that cannot be loaded, and loads what it needs.
_starting = _sys.argv[:1] == ["-m"] and _sys.orig_argv[-len(_sys.argv)] in ("gems", "-mgems")

if not _starting:
    from . import _library  # noqa: F401, I001  (first: it says what is missing)
    from . import _log  # noqa: F401  (speaks to logging)
    from . import _losses  # noqa: F401  (torch.ops.gems.linear_cross_entropy)
    from ._decompositions import decompositions
    from ._modules import load, load_inline
    from ._report import Report, Row, report, reset_report
    from ._switches import all_ops, disable, enable, is_enabled, only_enable, use_gems

__all__ = [
    "PatchReport",
    "Report",
    "Row",
    "__version__",
    "all_ops",
    "decompositions",
    "disable",
    "enable",
    "is_enabled",
    "kernel_mapping",
    "load",
    "load_inline",
    "only_enable",
    "optim",
    "patch",
    "report",
    "reset_report",
    "unpatch",
    "use_gems",
]


def __getattr__(name):
    """What few programs use is loaded when it is asked for."""
    import importlib

    if name == "optim":
        return importlib.import_module(".optim", __name__)
    if name == "kernel_mapping":
        return importlib.import_module("._kernel_mapping", __name__).kernel_mapping
    if name in ("PatchReport", "patch", "unpatch"):
        return getattr(importlib.import_module("._patch", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
