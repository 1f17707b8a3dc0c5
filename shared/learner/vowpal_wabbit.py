"""Vowpal Wabbit's Python package, imported without the search for its own version number.

That search reads the metadata of all installed packages: three quarters of the 85 ms that a learner's process, of which
an evaluation starts hundreds, would spend on its import. Nothing here asks the package for its version.
"""

import sys
from types import ModuleType

_VERSION = "vowpalwabbit.version"

if _VERSION not in sys.modules:
    without_search = ModuleType(_VERSION)
    without_search.__dict__["__version__"] = ""
    sys.modules[_VERSION] = without_search

from vowpalwabbit import PredictionType, Workspace  # noqa: E402 - finds the module above

__all__ = ["PredictionType", "Workspace"]
