"""Python code in a process of its own: what happens at import, at exit, or to a process that is spoiled for others."""

import os
import subprocess
import sys


def python(code, **environment):
    """The finished process, with its output as text; modules are found as here."""
    return subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path[:0] = {sys.path!r}\n{code}"],
        capture_output=True,
        text=True,
        env={**os.environ, **environment},
    )
