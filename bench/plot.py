#!/usr/bin/env python3
"""Draws the README's picture from the JSON of bench/pointwise.py: each case's speed as a fraction of a same-size copy.

Example: bench/plot.py results.json docs/pointwise.svg
"""

import argparse
import json
import pathlib

import matplotlib

matplotlib.use("svg")
import matplotlib.pyplot as plt  # noqa: E402

ARMS = {"eager": ("eager", "#b0b7c3"), "compile": ("torch.compile", "#7a8ca8"), "gems": ("gems", "#1f6f54")}


def fraction(row, arm):
    """Speed of the arm over that of the copy, or None when it was not measured."""
    if arm == "gems":
        return row["fraction_of_copy"]
    if arm == "compile":
        return row["fraction_of_copy"] / row["vs_compile"] if row["vs_compile"] else None
    return row["fraction_of_copy"] / row["vs_eager"]


def draw(result, path):
    rows = [row for row in result["cases"] if row["family"] != "small"][::-1]
    arms = [arm for arm in ARMS if all(fraction(row, arm) is not None for row in rows)]
    figure, axes = plt.subplots(figsize=(8, 0.6 + 0.34 * len(rows)), layout="constrained")
    height = 0.8 / len(arms)
    for index, arm in enumerate(arms):
        label, color = ARMS[arm]
        offsets = [place + (len(arms) - 1 - index) * height - 0.4 + height / 2 for place in range(len(rows))]
        axes.barh(offsets, [fraction(row, arm) for row in rows], height=height, color=color, label=label)
    axes.axvline(1, color="black", linewidth=0.8)
    axes.set_yticks(range(len(rows)), [f"{row['name']}, {row['dtype']}" for row in rows], fontsize=8)
    axes.set_ylim(-0.6, len(rows) - 0.4)
    axes.set_xlabel(
        f"speed as a fraction of a copy of the same bytes ({result['device']}, torch {result['torch']})", fontsize=8
    )
    axes.spines[["top", "right"]].set_visible(False)
    figure.legend(loc="outside upper right", ncols=len(arms), frameon=False, fontsize=8)
    # The same input gives the same file.
    metadata = {"Date": None} if path.suffix == ".svg" else {"Software": None}
    matplotlib.rcParams["svg.hashsalt"] = "gems"
    figure.savefig(path, dpi=160, metadata=metadata)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("results", type=pathlib.Path, help="JSON written by bench/pointwise.py")
    parser.add_argument("picture", type=pathlib.Path, help="file to write: .svg or .png")
    arguments = parser.parse_args()
    draw(json.loads(arguments.results.read_text()), arguments.picture)


if __name__ == "__main__":
    main()
