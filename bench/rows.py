"""What one row of the results says: speeds, speed-ups, the targets it misses. Rows are plain JSON objects.

    {"name", "group", "dtype", "bytes", "copy_us", "arms": {arm: {"us", "of_copy", "slower"}}, "noise",
     "absent": {arm: why}, "wrong": {arm: why}, "served", "target": {"copy", "eager", "compile"}}

of_copy: speed of the arm over that of a copy of the same bytes. slower: time of the arm over that of gems. Both are
medians of the ratios within a round.
"""

import math
import statistics

import arms


def of_copy(row, label):
    """The arm's speed as a fraction of a copy's, of the faster mode of torch.compile; None when it was not measured."""
    return max((row["arms"][name]["of_copy"] for name in arms.modes(label) if name in row["arms"]), default=None)


def speed_up(row, label):
    """How many times faster gems is; None when the arm was not measured."""
    return min((row["arms"][name]["slower"] for name in arms.modes(label) if name in row["arms"]), default=None)


def labels(rows):
    """The arms that any of the rows has, in the order of arms.LABELS."""
    return [label for label in arms.LABELS if any(of_copy(row, label) is not None for row in rows)]


def title(row):
    return f"{row['name']}, {row['dtype']}"


def wanted_speed_up(row, label):
    """The target beside a peer, no more than what reaching the target beside a copy gives, and no less than the peer."""
    target = row["target"].get(label, 1.0)
    if target is None or row["target"]["copy"] is None or of_copy(row, label) is None:
        return target
    return min(target, max(1.0, round(row["target"]["copy"] / of_copy(row, label), 3)))


def missed(row):
    """Which targets the row is under by more than the noise, as text."""
    wanted = [("copy", of_copy(row, arms.GEMS), row["target"]["copy"])]
    for label in arms.LABELS:
        if label != arms.GEMS:
            wanted.append((arms.LABELS[label], speed_up(row, label), wanted_speed_up(row, label)))
    return [
        f"{found:.3f} of a copy, target {target}" if name == "copy" else f"{found:.3f}x {name}, target {target}"
        for name, found, target in wanted
        if found is not None and target is not None and found + row["noise"] < target
    ]


def failed(row):
    """What makes the row no measurement of gems at all, as text; None when there is nothing."""
    if arms.GEMS in row["wrong"]:
        return f"WRONG: {row['wrong'][arms.GEMS]}"
    return None if row["served"] else "NOT SERVED: ATen's kernel ran"


def groups(rows):
    """{group: its rows}, in the order of the rows."""
    found = {}
    for row in rows:
        found.setdefault(row["group"], []).append(row)
    return found


def mean(values):
    """The geometric mean of what there is; None when there is nothing."""
    present = [value for value in values if value is not None]
    return math.exp(statistics.fmean(map(math.log, present))) if present else None


def worst(rows):
    """The row where gems is slowest beside a copy."""
    return min(rows, key=lambda row: of_copy(row, arms.GEMS))
