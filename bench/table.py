"""The benchmark's results as text: a line a case, families, host and compile times, and every target that was missed."""

import arms
import targets
from first_calls import STEPS
from rows import failed, families, labels, mean, missed, of_copy, speed_up, title, worst


def header(names):
    peers = [label for label in arms.LABELS if label in names and label != arms.GEMS]
    columns = "".join(f"{arms.LABELS[label]:>14}" for label in peers)
    return f"{'case':<48}{'us':>9}{'GB/s':>7}{'of copy':>9}{columns}{'noise':>8}  result"


def line(row, names):
    ours = row["arms"].get(arms.GEMS)
    if ours is None:
        return f"{title(row):<48}  {failed(row)}"
    text = f"{title(row):<48}{ours['us']:>9.1f}{row['bytes'] / ours['us'] / 1e3:>7.0f}{ours['of_copy']:>9.3f}"
    for label in arms.LABELS:
        if label in names and label != arms.GEMS:
            found = speed_up(row, label)
            text += f"{'wrong' if label in row['wrong'] else '-':>14}" if found is None else f"{found:>13.2f}x"
    verdict = failed(row) or "; ".join(missed(row)) or "pass"
    return f"{text}{100 * row['noise']:>7.1f}%  {verdict}"


def summary(result, wanted=targets.POINTWISE):
    """Means and worst cases of the families, host times, first calls, and what misses its target."""
    measured = [row for row in result["cases"] if arms.GEMS in row["arms"]]
    parts = []
    if measured:
        parts += ["", "fraction of a same-size copy, geometric means; gems' worst case; speed-up of gems"]
        for family, members in families(measured).items():
            parts.append(_family_line(family, members))
        large = [row for row in measured if row["family"] != "small"]
        if large:
            parts.append(_family_line("all but small", large))
            reached = mean(of_copy(row, arms.GEMS) for row in large)
            if result["device"] != "CPU":
                parts.append(f"  {_verdict(reached >= wanted.of_copy)}: mean {reached:.3f}, target {wanted.of_copy}")
    parts += _host_lines(result["host"], wanted.host_of_eager) + _first_call_lines(result["first_calls"])
    under = [row for row in result["cases"] if failed(row) or missed(row)]
    if under:
        parts += ["", "cases under their target"]
        parts += [f"  {title(row):<48}{failed(row) or '; '.join(missed(row))}" for row in under]
    wrong = [(row, name, why) for row in result["cases"] for name, why in row["wrong"].items() if name != arms.GEMS]
    if wrong:
        parts += ["", "peers whose result differs from eager's (not timed)"]
        parts += [f"  {title(row):<48}{name}: {why[:100]}" for row, name, why in wrong]
    parts += ["", f"{len(result['cases']) - len(under)} of {len(result['cases'])} cases reach their targets"]
    return "\n".join(parts)


def _verdict(reached):
    return "pass" if reached else "under its target"


def _family_line(family, members):
    found = labels(members)
    speeds = ", ".join(f"{arms.LABELS[label]} {mean(of_copy(row, label) for row in members):.2f}" for label in found)
    slowest = worst(members)
    peers = [label for label in found if label != arms.GEMS]
    ups = ", ".join(f"{mean(speed_up(row, label) for row in members):.2f}x {arms.LABELS[label]}" for label in peers)
    return f"  {family:<22}{speeds}; worst {of_copy(slowest, arms.GEMS):.3f}: {title(slowest)}; {ups}"


def _host_lines(rows, target):
    if not rows:
        return []
    parts = ["", "host time of a call, us"]
    for row in rows:
        times = ", ".join(f"{arms.LABELS.get(name, name)} {us:.2f}" for name, us in row["us"].items())
        of_eager = row["of_eager"]
        parts.append(f"  {row['name']:<18}{times}; {of_eager:.2f} of eager, "
                     f"target {target}: {_verdict(of_eager <= target)}")  # fmt: skip
    return parts


def _first_call_lines(rows):
    if not rows:
        return []
    parts = ["", "first call of a kernel, ms: first in its process, simple, erf"]
    for row in rows:
        for state in ("compiled", "from disk"):
            taken = row[state]
            text = taken.get("error") or ", ".join(f"{taken[call]:.1f}" for call in STEPS)
            if taken.get("kernels"):
                text += "; the kernels alone " + ", ".join(f"{value:.1f}" for value in taken["kernels"].values())
            parts.append(f"  {arms.LABELS[row['name']]:<14}{state:<10}{text}")
    return parts
