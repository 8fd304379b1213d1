"""What became of the calls that reached gems."""

import collections.abc
import dataclasses
import json

from ._library import library


@dataclasses.dataclass(frozen=True)
class Row:
    """One overload since the last reset: calls of an ATen operator while it was switched on, or of an operator of
    torch.ops.gems, and what was done with them."""

    calls: int
    served: int
    declined: dict[str, int]  # reason: count; these calls went to ATen, those of torch.ops.gems raised
    compiles: int
    compile_ms: float


class Report(collections.abc.Mapping):
    """Name -> Row, for every overload that gems can serve: "add.Tensor" is ATen's, "gems::silu_and_mul" is of torch.ops.gems.
    Printed: those that were called, busiest first."""

    def __init__(self, rows: dict[str, Row]) -> None:
        self._rows = rows

    def __getitem__(self, name: str) -> Row:
        return self._rows[name]

    def __iter__(self):
        return iter(self._rows)

    def __len__(self) -> int:
        return len(self._rows)

    def __str__(self) -> str:
        called = sorted((item for item in self.items() if item[1].calls), key=lambda item: -item[1].calls)
        if not called:
            return "gems: no calls"
        table = [("op", "calls", "served", "compiles", "ms", "declined")]
        for name, row in called:
            declined = ", ".join(f"{count} {reason}" for reason, count in row.declined.items())
            table.append((name, str(row.calls), str(row.served), str(row.compiles), f"{row.compile_ms:.0f}", declined))
        widths = [max(len(line[column]) for line in table) for column in range(5)]
        return "\n".join(
            "  ".join([line[0].ljust(widths[0])] + [line[i].rjust(widths[i]) for i in range(1, 5)] + [line[5]]).rstrip()
            for line in table
        )

    __repr__ = __str__


def report() -> Report:
    """The counts of all threads since the start or the last reset_report()."""
    return Report({row.pop("name"): Row(**row) for row in json.loads(library.gems_torch_report())})


def reset_report() -> None:
    """Sets all counts to zero."""
    library.gems_torch_reset_report()
