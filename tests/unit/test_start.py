"""What a cold start and a learner's start do not pay for."""

import subprocess
import sys

from tests.unit.pages import ROOT

_ASK = "import sys, function_app; print(*sys.modules)"


def test_nothing_is_imported_for_tokens_before_one_comes() -> None:
    """Most callers have a key, and these libraries take longer to import than the rest of the app."""
    modules = subprocess.run([sys.executable, "-c", _ASK], cwd=ROOT, capture_output=True, text=True, check=True)

    assert set() == {"jwt", "cryptography", "urllib.request"} & set(modules.stdout.split())


def test_a_learner_does_not_read_what_packages_are_installed() -> None:
    """Vowpal Wabbit's package would, for its own version number, in three times the time of all else that it does."""
    begin = "import sys; before = {*sys.modules}; import shared.learner.driver, shared.learner.vowpal_wabbit as vw"
    ask = f"{begin}; vw.Workspace; print(*{{*sys.modules}} - before)"
    modules = subprocess.run([sys.executable, "-c", ask], cwd=ROOT, capture_output=True, text=True, check=True)

    assert "vowpalwabbit.pyvw" in modules.stdout.split()
    assert "importlib.metadata" not in modules.stdout.split()
