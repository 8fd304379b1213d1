"""Lets the tests import repository.py and docs_examples.py from their own folder."""

import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).parent))
