"""The checks of `dev.py test`: lock files, style, types, imports, tests."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from localhost.setup.packages import uv
from localhost.setup.places import Places, in_environment
from localhost.setup.programs import beside, openly, quietly, say

EXPORT = "uv export --frozen --no-dev --no-default-groups --no-hashes --no-emit-project --no-header --no-annotate"
_AT_ONCE = ("--numprocesses", "5", "--dist", "loadfile", "--no-loadscope-reorder")
"""Some tests wait, for a loop or for a process; five at once keep two processors busy."""
_UNIT_AT_ONCE = ("--numprocesses", "2", "--dist", "worksteal")
"""Unit tests do not wait."""
_LEFT_OUT = ("-r", "fEs")
"""Failures are listed at the end, and so are tests that were left out, with the reason."""

Check = Callable[[], int]


def run_checks(places: Places, pytest: Sequence[str], *, quick: bool = False) -> int:
    """Run checks, whether or not another has found something, and give the exit code: 0 if none has.

    Args:
        pytest: Arguments for pytest; where there are any, the tests that they choose are the only check.
        quick: Leave out all tests but those of `tests/unit`, and what asks uv about the lock file.

    Types are checked beside everything else, since that takes one processor a third of a minute.
    """
    tests = _tests(places, pytest, quick=quick)
    if pytest:
        return _report(tests)
    first = _analyses(places)
    if not quick:
        first = [*_lock_files(places), *first, ("every test can be read (pytest)", lambda: _read_tests(places))]
    with beside([str(places.python), "-m", "mypy"], cwd=str(places.root)) as types:
        return _report([*first, *tests, ("types (mypy)", types)])


def _report(checks: Sequence[tuple[str, Check]]) -> int:
    began, failed = time.monotonic(), []
    for name, check in checks:
        say(f"\n== {name}")
        start = time.monotonic()
        code = check()
        say(f"-- {'good' if code == 0 else 'NOT GOOD'} after {time.monotonic() - start:.1f} s: {name}")
        failed += [name] if code else []
    say(f"\n== {time.monotonic() - began:.0f} s in all, {'everything is good' if not failed else 'NOT GOOD:'}")
    for name in failed:
        say(f"   {name}")
    return 1 if failed else 0


def _lock_files(places: Places) -> list[tuple[str, Check]]:
    lock = _program(places, str(uv(places)), "lock", "--check", "--python", str(places.python))
    return [
        ("the lock file is up to date", lock),
        ("requirements.txt is what the lock file says", lambda: _compare_requirements(places)),
    ]


def _analyses(places: Places) -> list[tuple[str, Check]]:
    lint_imports = str(in_environment(places.root / ".venv", "lint-imports"))
    return [
        ("style (ruff check)", _module(places, "ruff", "check")),
        ("format (ruff format)", _module(places, "ruff", "format", "--check")),
        ("imports (lint-imports)", _program(places, lint_imports)),
    ]


def _tests(places: Places, pytest: Sequence[str], *, quick: bool) -> list[tuple[str, Check]]:
    if quick:
        return [("unit tests (pytest)", _module(places, "pytest", *_UNIT_AT_ONCE, *_LEFT_OUT, "tests/unit", *pytest))]
    return [("tests (pytest)", _module(places, "pytest", *_AT_ONCE, *_LEFT_OUT, *pytest))]


def _read_tests(places: Places) -> int:
    """Let one process read all tests, so that what they import is compiled once, and not by all workers at once."""
    code, output = quietly([str(places.python), "-m", "pytest", "--collect-only", "-qq", str(places.root / "tests")])
    if code:
        say(output)
    return code


def _module(places: Places, *command: str) -> Check:
    return _program(places, str(places.python), "-m", *command)


def _program(places: Places, *command: str) -> Check:
    return lambda: openly(command, cwd=str(places.root))


def _compare_requirements(places: Places) -> int:
    """Compare `requirements.txt`, comments aside, with what uv exports."""
    arguments = EXPORT.split()[1:]
    code, exported = quietly([str(uv(places)), *arguments, "--quiet", "--project", str(places.root)])
    if code:
        say(exported)
        return code
    text = (places.root / "requirements.txt").read_text(encoding="utf-8")
    if _lines(text) == _lines(exported):
        return 0
    say(f"They differ. Next step: {EXPORT} > requirements.txt")
    return 1


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
