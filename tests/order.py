"""In which order files of tests begin.

A worker runs a whole file, since its tests share hosts and storage. So the longest files begin first: one that begins
last would run on while the other workers have nothing to do.
"""

from pathlib import PurePath

import pytest

from localhost.environment import ROOT

LONG_FIRST = (
    *("tests/loop/test_replay.py", "tests/loop/test_two_trainers.py", "tests/loop/test_evaluations.py"),
    *("tests/loop/test_evaluations_twice.py", "tests/loop/test_evaluations_in_trouble.py"),
    *("tests/loop/test_optimization.py", "tests/loop/test_redaction.py", "tests/loop/test_models.py"),
    *("tests/loop/test_calendar.py", "tests/loop/test_evaluate_command.py", "tests/loop/test_settings_change.py"),
    *("tests/browser/test_questions.py", "tests/browser/test_overview.py", "tests/browser/test_evaluations.py"),
    *("tests/browser/test_monitor.py", "tests/browser/test_setup.py", "tests/browser"),
    *("tests/loop", "tests/learner", "tests/unit/learner", "tests/unit/evaluation", "tests/dev", "tests/clients"),
    "tests/http",
)
"""Files and folders, the longest first."""


def begin_with_long_files(tests: list[pytest.Item]) -> None:
    """Sort tests by how long their file takes; those of one file stay as they are."""
    places = {file: place(file.relative_to(ROOT)) for file in {test.path for test in tests}}
    tests.sort(key=lambda test: places[test.path])


def place(file: PurePath) -> int:
    """When a file begins."""
    return next((n for n, part in enumerate(LONG_FIRST) if file.is_relative_to(part)), len(LONG_FIRST))
