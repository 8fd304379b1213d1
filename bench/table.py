"""The benchmark's results as text: a line a case, families, host times, and every target that was missed."""

import math


def header(compiled):
    columns = f"{'case':<20}{'dtype':<10}{'us':>9}{'GB/s':>8}{'of copy':>9}{'eager':>8}"
    return columns + (f"{'compile':>9}" if compiled else "") + f"{'noise':>8}  result"


def line(row):
    text = f"{row['name']:<20}{row['dtype']:<10}{row['us']['gems']:>9.1f}{row['bytes'] / row['us']['gems'] / 1e3:>8.0f}"
    text += f"{row['fraction_of_copy']:>9.3f}{row['vs_eager']:>7.2f}x"
    if row["vs_compile"] is not None:
        text += f"{row['vs_compile']:>8.2f}x"
    return text + f"{100 * row['noise']:>7.1f}%  {verdict(row)}"


def verdict(row):
    if row["wrong"]:
        return f"WRONG: {row['wrong']}"
    if not row["served"]:
        return "NOT SERVED: ATen's kernel ran"
    if not row["missed"]:
        return "pass"
    wanted = {
        "copy": f"{row['target_fraction_of_copy']} of copy",
        "eager": f"{row['target_vs_eager']}x eager",
        "torch.compile": f"{row['target_vs_compile']}x torch.compile",
    }
    return "under its target: " + ", ".join(wanted[name] for name in row["missed"])


def geometric_means(rows):
    """{family: {ratio: mean}}, and the same over all cases under "all"."""
    families = {"all": rows}
    for row in rows:
        families.setdefault(row["family"], []).append(row)
    keys = ("fraction_of_copy", "vs_eager", "vs_compile")
    return {
        family: {
            key: _geometric_mean([row[key] for row in members]) for key in keys if all(row[key] for row in members)
        }
        for family, members in families.items()
        if members
    }


def summary(result):
    parts = ["", "geometric means"]
    for family, means in result["geometric_mean"].items():
        members = [row for row in result["cases"] if family in ("all", row["family"])]
        worst = min(members, key=lambda row: row["fraction_of_copy"])
        name = f"{worst['name']} {worst['dtype']}"
        text = f"  {family:<16}{means['fraction_of_copy']:.3f} of copy (worst {worst['fraction_of_copy']:.3f}: {name})"
        text += f", {means['vs_eager']:.2f}x eager"
        parts.append(text + (f", {means['vs_compile']:.2f}x torch.compile" if "vs_compile" in means else ""))
    if result["host"]:
        parts += ["", "host time of a call"]
    for row in result["host"]:
        reached = "pass" if row["of_eager"] <= row["target"] else f"over its target of {row['target']}"
        times = f"{row['us']['gems']:>6.2f} us, eager {row['us']['eager']:.2f} us"
        parts.append(f"  {row['name']:<18}{times}: {row['of_eager']:.2f} of eager, {reached}")
    short = [row for row in result["cases"] if row["wrong"] or not row["served"] or row["missed"]]
    parts += ["", f"{len(result['cases']) - len(short)} of {len(result['cases'])} cases reach their targets"]
    return "\n".join(parts)


def _geometric_mean(values):
    return math.exp(sum(math.log(value) for value in values) / len(values))
