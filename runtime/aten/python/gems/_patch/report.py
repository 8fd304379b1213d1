"""What gems.patch has replaced, and what it has left."""

import dataclasses


@dataclasses.dataclass(frozen=True)
class Change:
    """Modules of one class that now use an operator."""

    module: str  # the class's name
    operator: str  # of torch.ops.gems
    paths: tuple[str, ...]  # as in named_modules()


@dataclasses.dataclass(frozen=True)
class Left:
    """Modules of one class that looked like something that has an operator, and why they are as they were."""

    module: str
    why: str
    paths: tuple[str, ...]


@dataclasses.dataclass(frozen=True)
class PatchReport:
    replaced: tuple[Change, ...]
    left: tuple[Left, ...]

    def __str__(self) -> str:
        if not self.replaced and not self.left:
            return "gems: nothing to replace"
        rows = [("replaced", "modules", "with")]
        rows += [(each.module, str(len(each.paths)), each.operator) for each in self.replaced]
        if self.left:
            rows += [("left", "modules", "because")]
            rows += [(each.module, str(len(each.paths)), each.why) for each in self.left]
        widths = [max(len(row[column]) for row in rows) for column in range(2)]
        return "\n".join(f"{row[0].ljust(widths[0])}  {row[1].rjust(widths[1])}  {row[2]}" for row in rows)

    __repr__ = __str__
