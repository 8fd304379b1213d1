"""gems: pointwise operators of PyTorch, compiled from one definition each.

Importing loads the library and defines torch.ops.gems; nothing is switched on, no GPU is touched, no thread is started.

    gems.enable("add*, gelu")            # all threads, until gems.disable()
    with gems.use_gems(exclude="pow"):   # this thread and the autograd work it starts
        ...
    print(gems.report())                 # what was served, what was left to ATen, and why
    torch.ops.gems.silu_and_mul(x, y)    # fused operators
    gems.load("build/my_ops.so")         # operators of one's own: torch.ops.my_ops
    logging.getLogger("gems")            # each kernel that becomes ready, and warnings
"""

from . import _decompositions, _log  # noqa: F401  (one registers them, the other speaks to logging)
from ._modules import load, load_inline
from ._report import Report, Row, report, reset_report
from ._switches import all_ops, disable, enable, is_enabled, only_enable, use_gems

__all__ = [
    "Report",
    "Row",
    "all_ops",
    "disable",
    "enable",
    "is_enabled",
    "load",
    "load_inline",
    "only_enable",
    "report",
    "reset_report",
    "use_gems",
]
