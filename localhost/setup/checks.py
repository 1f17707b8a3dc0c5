"""What `dev.py test` runs: every check, whether or not one before it found something."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from localhost.setup.packages import uv
from localhost.setup.places import Places, in_environment
from localhost.setup.programs import openly, quietly, say

_AT_ONCE = ("--numprocesses", "4", "--dist", "loadfile")
"""Most tests wait, for a loop or for a process, so that two processors carry four of them at once."""
_LEFT_OUT = ("-r", "fEs")
"""What failed is told at the end, and so is what was left out, with the reason."""
EXPORT = "uv export --frozen --no-dev --no-default-groups --no-hashes --no-emit-project --no-header --no-annotate"


def run_checks(places: Places, pytest: Sequence[str]) -> int:
    """Run all checks, pytest with its own arguments at the end, and give the exit code: 0 if none found anything."""
    began, found = time.monotonic(), []
    for name, check in _checks(places, pytest):
        say(f"\n== {name}")
        start = time.monotonic()
        code = check()
        say(f"-- {'good' if code == 0 else 'NOT GOOD'} after {time.monotonic() - start:.1f} s: {name}")
        found += [name] if code else []
    say(f"\n== {time.monotonic() - began:.0f} s in all, {'everything is good' if not found else 'NOT GOOD:'}")
    for name in found:
        say(f"   {name}")
    return 1 if found else 0


def _checks(places: Places, pytest: Sequence[str]) -> list[tuple[str, Callable[[], int]]]:
    def module(*command: str) -> Callable[[], int]:
        return lambda: openly([str(places.python), "-m", *command], cwd=str(places.root))

    def program(*command: str) -> Callable[[], int]:
        return lambda: openly(command, cwd=str(places.root))

    lint_imports = str(in_environment(places.root / ".venv", "lint-imports"))
    return [
        ("the lock file is up to date", program(str(uv(places)), "lock", "--check", "--python", str(places.python))),
        ("requirements.txt is what the lock file says", lambda: _compare_requirements(places)),
        ("style (ruff check)", module("ruff", "check")),
        ("format (ruff format)", module("ruff", "format", "--check")),
        ("types (mypy)", module("mypy")),
        ("imports (lint-imports)", program(lint_imports)),
        ("tests (pytest)", module("pytest", *_AT_ONCE, *_LEFT_OUT, *pytest)),
    ]


def _compare_requirements(places: Places) -> int:
    """Compare `requirements.txt`, comments aside, with what uv exports."""
    arguments = EXPORT.split()[1:]
    code, exported = quietly([str(uv(places)), *arguments, "--quiet", "--project", str(places.root)])
    if code:
        say(exported)
        return code
    kept = (places.root / "requirements.txt").read_text(encoding="utf-8")
    if _lines(kept) == _lines(exported):
        return 0
    say(f"They differ. Next step: {EXPORT} > requirements.txt")
    return 1


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")]
