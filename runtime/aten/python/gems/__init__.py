"""gems: pointwise operators of PyTorch, compiled from one definition each.

Importing loads the library and defines torch.ops.gems; nothing is switched on, no GPU is touched, no thread is started.

    gems.enable("add*, gelu")            # all threads, until gems.disable()
    with gems.use_gems(exclude="pow"):   # this thread and the autograd work it starts
        ...
    print(gems.report())                 # what was served, what was left to ATen, and why
    torch.ops.gems.silu_and_mul(x, y)    # fused operators
"""

from ._decompositions import decompositions
from ._report import Report, Row, report, reset_report
from ._switches import all_ops, disable, enable, is_enabled, only_enable, use_gems

__all__ = [
    "Report",
    "Row",
    "all_ops",
    "decompositions",
    "disable",
    "enable",
    "is_enabled",
    "only_enable",
    "report",
    "reset_report",
    "use_gems",
]
