#!/usr/bin/env python3
"""Draws the pictures of the documents, as far as the results have them: from the JSON of bench/pointwise.py groups.svg
(speed beside a copy), host.svg (host time of a call), first_calls.svg (time to the first result); from that of
bench/models.py models.svg (speed of whole models beside eager).

Example: bench/plot.py results.json docs/performance
"""

import argparse
import json
import pathlib

import matplotlib

matplotlib.use("svg")
import matplotlib.pyplot as plt  # noqa: E402

import paths  # noqa: E402, F401  (finds gems)
import arms  # noqa: E402
import model_rows  # noqa: E402
from rows import groups, labels, mean, of_copy  # noqa: E402

COLORS = {
    "eager": "#b8bec9",
    "compile": "#6f86ad",
    "flaggems": "#d9a05b",
    "liger": "#c27d86",
    "cupy": "#c9b458",
    "jiterator": "#a88bb5",
    "gems": "#1f7a5a",
    "patched": "#0f4c5c",
}
BAR = 0.17  # inches of one bar
MODEL_PARTS = {"train": "training", "forward": "evaluation"}  # that the picture shows


def _grouped(groups, names, value, text, xlabel, title, path, log=False, labels=arms.LABELS, ours=(arms.GEMS,)):
    """Horizontal bars: a group a row of the picture, a bar an arm, `ours` before the others; nothing where
    value(group, name) is None."""
    names = sorted(names, key=lambda name: name not in ours)
    height = 0.82 / len(names)
    figure, axes = plt.subplots(figsize=(8, 1.3 + BAR * len(groups) * (len(names) + 1)), layout="constrained")
    largest = max(value(group, name) or 0 for group in groups for name in names)
    for index, name in enumerate(names):
        for place, group in enumerate(reversed(groups)):
            found = value(group, name)
            if found is None:
                continue
            at = place + 0.41 - (index + 0.5) * height
            label = labels[name] if place == len(groups) - 1 else None
            axes.barh(at, found, height=0.9 * height, color=COLORS[name], label=label)
            beside = found * 1.04 if log else found + largest * 0.008
            axes.text(beside, at, text(group, name), va="center", fontsize=6.5, color="#333333", zorder=3,
                      bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.4, "alpha": 0.85})  # fmt: skip
    shown = {name for name in names if value(groups[0], name) is not None}
    for name in names:  # arms that the first group lacks have no bar there to carry the label
        if name not in shown:
            axes.barh(0, 0, color=COLORS[name], label=labels[name])
    if log:
        axes.set_xscale("log")
    axes.margins(x=0.09)
    axes.set_yticks(range(len(groups)), list(reversed(groups)), fontsize=9)
    axes.set_ylim(-0.55, len(groups) - 0.45)
    axes.tick_params(axis="y", length=0)
    axes.tick_params(axis="x", labelsize=8)
    axes.set_xlabel(xlabel, fontsize=8.5)
    axes.set_title(title, fontsize=10, loc="left", pad=26)
    axes.spines[["top", "right", "left"]].set_visible(False)
    handles, found = axes.get_legend_handles_labels()
    order = sorted(range(len(found)), key=lambda i: [labels[name] for name in names].index(found[i]))
    axes.legend([handles[i] for i in order], [found[i] for i in order], loc="lower left", bbox_to_anchor=(0, 1),
                ncols=len(names), frameon=False, fontsize=8, handlelength=1, columnspacing=1.2, borderpad=0.2)  # fmt: skip
    return figure, axes, path


def _save(figure, path):
    matplotlib.rcParams["svg.hashsalt"] = "gems"  # the same input gives the same file
    matplotlib.rcParams["svg.fonttype"] = "none"
    metadata = {"Date": None} if path.suffix == ".svg" else {"Software": None}
    figure.savefig(path, dpi=150, metadata=metadata)
    plt.close(figure)


def draw_groups(result, path):
    rows = [row for row in result["cases"] if row["group"] != "small" and arms.GEMS in row["arms"]]
    members = groups(rows)

    def speed(group, name):
        return mean(of_copy(row, name) for row in members[group])

    def text(group, name):
        """The mean, and of how many cases when the arm does not run them all."""
        ran = sum(of_copy(row, name) is not None for row in members[group])
        of_all = "" if ran == len(members[group]) else f" ({ran} of {len(members[group])} cases)"
        return f"{speed(group, name):.2f}{of_all}"

    figure, axes, _ = _grouped(
        list(members), labels(rows), speed, text, "speed as a fraction of a copy of the same bytes, geometric mean of the group's cases",
        f"{result['device']}, torch {result['torch']}", path,
    )  # fmt: skip
    axes.axvline(1, color="black", linewidth=0.8)
    _save(figure, path)


def draw_host(result, path):
    rows = {row["name"]: row["us"] for row in result["host"]}
    names = [name for name in arms.LABELS if any(_best(us, name) for us in rows.values())]
    figure, _, _ = _grouped(
        list(rows), names, lambda row, name: _best(rows[row], name), lambda row, name: f"{_best(rows[row], name):.1f}",
        "microseconds of the host for one call of 64 elements", f"{result['device']}, torch {result['torch']}", path,
    )  # fmt: skip
    _save(figure, path)


def _best(us, name):
    return min((us[each] for each in arms.modes(name) if each in us), default=None)


def draw_first_calls(result, path):
    rows = {row["name"]: row for row in result["first_calls"]}
    groups = {
        f"{what}, {'compiled' if state == 'compiled' else 'from disk'}": (state, call)
        for state in ("compiled", "from disk")
        for call, what in (("first", "first kernel of a process"), ("simple", "add"), ("erf", "gelu"))
    }
    names = [name for name in arms.LABELS if name in rows and "error" not in rows[name]["compiled"]]

    def taken(group, name):
        state, call = groups[group]
        return rows[name][state].get(call)

    figure, _, _ = _grouped(
        list(groups), names, taken, lambda group, name: format(taken(group, name), ".0f" if taken(group, name) >= 100 else ".3g"),
        "milliseconds to the first result (logarithmic)", f"{result['device']}, torch {result['torch']}", path, log=True,
    )  # fmt: skip
    _save(figure, path)


def draw_models(result, path):
    rows = {f"{row['name']}, {MODEL_PARTS[row['group']]}": row for row in result["cases"] if row["group"] in MODEL_PARTS}
    names = [name for name in model_rows.labels(rows.values()) if name != model_rows.EAGER]
    found = lambda group, name: rows[group]["arms"].get(name, {}).get("of_eager")  # noqa: E731
    figure, axes, _ = _grouped(
        list(rows), names, found, lambda group, name: f"{found(group, name):.2f}", "speed beside eager, bfloat16",
        f"{result['device']}, torch {result['torch']}", path, labels=model_rows.LABELS, ours=(model_rows.PATCHED,),
    )  # fmt: skip
    axes.axvline(1, color="black", linewidth=0.8)
    _save(figure, path)


def draw(result, folder, suffix):
    """Writes the pictures that the results have rows for; returns their paths."""
    if any(model_rows.PATCHED in row["arms"] and row["group"] in MODEL_PARTS for row in result["cases"]):
        draw_models(result, folder / f"models.{suffix}")
        return [folder / f"models.{suffix}"]
    wanted = {"groups": draw_groups if any(row["arms"] for row in result["cases"]) else None}
    wanted |= {"host": draw_host if result["host"] else None}
    wanted |= {"first_calls": draw_first_calls if result["first_calls"] else None}
    drawn = []
    for name, function in wanted.items():
        if function:
            drawn.append(folder / f"{name}.{suffix}")
            function(result, drawn[-1])
    return drawn


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("results", type=pathlib.Path, help="JSON written by bench/pointwise.py or bench/models.py")
    parser.add_argument("folder", type=pathlib.Path, help="folder to write into")
    parser.add_argument("--png", action="store_true", help="PNG instead of SVG")
    arguments = parser.parse_args(argv)
    arguments.folder.mkdir(parents=True, exist_ok=True)
    for path in draw(json.loads(arguments.results.read_text()), arguments.folder, "png" if arguments.png else "svg"):
        print(path)


if __name__ == "__main__":
    main()
