"""What a row of the results of models.py says, and rows as text. A row is a part of a model, a plain JSON object.

    {"name", "group", "dtype", "tokens", "loss", "served", "absent": {arm: why}, "wrong": {arm: why}, "rounds",
     "arms": {arm: {"ms", "of_eager", "spread", "first_s",
                    "peak_mb", "kernels", "kernel_ms", "class_ms": {class: ms}, "same_tokens", "host_us", "graph_us"}}}

group: the part. tokens: of a call, read or generated. loss: eager's. ms: of a call, the median over rounds. of_eager: how
many times faster than eager, the median of the ratios within a round. spread: the distance of the quartiles of ms, as a
fraction of ms. first_s: seconds of the first call, which compiles. On a GPU alone: peak_mb: memory above what is allocated
before, gradients included; kernels, kernel_ms, class_ms: of kernel_classes.py, of one call; host_us: time in which the
host queues the model for one token, and graph_us: that of one token from a CUDA graph, with a cache of fixed size.
same_tokens: share of the generated tokens that are eager's.
"""

import kernel_classes

EAGER, GEMS, PATCHED = "eager", "gems", "patched"
OURS = (GEMS, PATCHED)
LABELS = {EAGER: "eager", GEMS: "gems", PATCHED: "gems.patch", "liger": "Liger", "compile": "torch.compile"}
CLASSES = (*kernel_classes.CLASSES, kernel_classes.OTHER)
HEADER = (
    f"{'':<16}{'ms':>10}{'spread':>8}{'of eager':>10}{'tokens/s':>11}{'first s':>9}{'peak MB':>9}{'kernels':>9}"
    + "".join(f"{each:>11}" for each in CLASSES)
    + f"{'host us':>9}{'graph us':>10}{'same':>7}"
)


def title(row):
    return f"{row['name']}, {row['group']}, {row['dtype']}"


def failed(row):
    """What makes the row no measurement of gems, as text; None when there is nothing."""
    wrong = [f"{LABELS[name]}: {row['wrong'][name]}" for name in OURS if name in row["wrong"]]
    return "; ".join(wrong) or (None if row["served"] else "NOT SERVED: nothing ran on gems' kernels")


def tokens_per_s(row, name):
    return row["tokens"] / row["arms"][name]["ms"] * 1000


def shares(measured):
    """{class: share of the kernels' time}; nothing where no kernel was seen."""
    spent = measured.get("class_ms", {})
    return {each: ms / measured["kernel_ms"] for each, ms in spent.items()} if measured.get("kernel_ms") else {}


def _shown(value, form, width):
    return f"{'-' if value is None else format(value, form):>{width}}"


def lines(row):
    """The row as text, a line an arm."""
    parts = [f"{title(row)}: {row['tokens']} tokens, {row['rounds']} rounds; loss {row['loss']:.6f}", HEADER]
    for name, label in LABELS.items():
        if name in row["arms"]:
            found = row["arms"][name]
            of_class = shares(found)
            parts.append(
                f"  {label:<14}{found['ms']:>10.3f}{100 * found['spread']:>7.1f}%{found['of_eager']:>9.2f}x"
                f"{tokens_per_s(row, name):>11.0f}{found['first_s']:>9.1f}{_shown(found.get('peak_mb'), '.0f', 9)}"
                f"{_shown(found.get('kernels'), 'd', 9)}"
                + "".join(_shown(of_class.get(each), ".1%", 11) for each in CLASSES)
                + f"{_shown(found.get('host_us'), '.0f', 9)}{_shown(found.get('graph_us'), '.0f', 10)}"
                + _shown(found.get("same_tokens"), ".0%", 7)
            )
    parts += [f"  {LABELS[name]:<14}WRONG: {why}" for name, why in row["wrong"].items()]
    parts += [f"  {LABELS[name]:<14}absent: {why}" for name, why in row["absent"].items()]
    return "\n".join(parts)


def labels(rows):
    """The arms that any of the rows has, in the order of LABELS."""
    return [name for name in LABELS if any(name in row["arms"] for row in rows)]
