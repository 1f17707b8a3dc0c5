"""In which order tests begin, and which of them a worker runs as one piece.

That is a file, since its tests share hosts and storage; or a folder whose files do. So the longest pieces begin first:
one that begins last would run on while the other workers have nothing to do.
"""

from pathlib import PurePath
from typing import override

import pytest
from xdist.scheduler import LoadFileScheduling

from localhost.environment import ROOT

BROWSER = "tests/browser"
"""A folder whose files share a loop that takes long to make, and a browser."""
LONG_FIRST = (
    *(BROWSER, "tests/loop/test_replay.py", "tests/loop/test_two_trainers.py", "tests/loop/test_evaluations.py"),
    *("tests/loop/test_evaluations_twice.py", "tests/loop/test_evaluations_in_trouble.py"),
    *("tests/loop/test_optimization.py", "tests/loop/test_redaction.py", "tests/loop/test_models.py"),
    *("tests/loop/test_calendar.py", "tests/loop/test_evaluate_command.py", "tests/loop/test_settings_change.py"),
    *("tests/loop", "tests/learner", "tests/unit/learner", "tests/unit/evaluation", "tests/dev", "tests/clients"),
    *("tests/http", "tests/simulation/test_even_seeds.py", "tests/simulation/test_odd_seeds.py"),
)
"""Files and folders, the longest first."""


class Scheduling(LoadFileScheduling):
    """Gives each worker a piece, and then the next one."""

    @override
    def _split_scope(self, nodeid: str) -> str:
        file: str = super()._split_scope(nodeid)
        return BROWSER if PurePath(file).is_relative_to(BROWSER) else file


def begin_with_long_files(tests: list[pytest.Item]) -> None:
    """Sort tests by how long their file takes; those of one file stay as they are."""
    places = {file: place(file.relative_to(ROOT)) for file in {test.path for test in tests}}
    tests.sort(key=lambda test: places[test.path])


def place(file: PurePath) -> int:
    """When a file begins."""
    return next((n for n, part in enumerate(LONG_FIRST) if file.is_relative_to(part)), len(LONG_FIRST))
