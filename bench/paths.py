"""Makes `import gems` work from a checkout that is built, or from an unpacked bundle."""

import importlib.util
import pathlib
import sys

if importlib.util.find_spec("gems") is None:
    sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "runtime" / "aten" / "python"))
