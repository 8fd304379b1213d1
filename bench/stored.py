"""The results of a run on disk, and what is said while it goes on."""

import contextlib
import json
import sys


class Result:
    """The results of a run, on disk after every row, so that what was measured stays."""

    def __init__(self, path, resume, head):
        self._path = path
        self.content = head | {"cases": [], "host": [], "first_calls": []}
        if path and resume and path.exists():
            kept = json.loads(path.read_text())
            for key in ("device", "torch", "small"):
                if kept.get(key) != head.get(key):
                    raise ValueError(f"{path} was measured with {key} {kept.get(key)}, here it is {head.get(key)}")
            self.content |= {key: kept[key] for key in ("cases", "host", "first_calls")}

    def has(self, case, dtype):
        return any((row["group"], row["name"], row["dtype"]) == (case.group, case.name, str(dtype)[6:])
                   for row in self.content["cases"])  # fmt: skip

    def add(self, part, rows):
        self.content[part] += rows
        if self._path:
            self._path.write_text(json.dumps(self.content, indent=1) + "\n")


def say(text):
    print(text, file=sys.stderr, flush=True)


@contextlib.contextmanager
def progress(text):
    """A line on a terminal that says what is running, and is gone when it is done."""
    shown = sys.stderr.isatty()
    if shown:
        print(f"\r{text} ...\033[K", end="", file=sys.stderr, flush=True)
    yield
    if shown:
        print("\r\033[K", end="", file=sys.stderr, flush=True)
