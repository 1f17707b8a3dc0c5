"""What a cold start does not pay for."""

import subprocess
import sys

from tests.unit.pages import ROOT

_ASK = "import sys, function_app; print(*sys.modules)"


def test_nothing_is_imported_for_tokens_before_one_comes() -> None:
    """Most callers have a key, and these libraries take longer to import than the rest of the app."""
    modules = subprocess.run([sys.executable, "-c", _ASK], cwd=ROOT, capture_output=True, text=True, check=True)

    assert set() == {"jwt", "cryptography", "urllib.request"} & set(modules.stdout.split())
