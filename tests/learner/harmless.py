"""Hostile requests in a process of their own, under the C library's checks of the heap: a crash is a red test."""

import os
import subprocess
import sys
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

from localhost.environment import ROOT
from shared.learner import subprocess_jobs
from shared.learner.arguments import parse


def rank_hostile_requests(module: str, folder: Path, seed: int, number: int, mix: Sequence[str]) -> tuple[int, int]:
    """Let a module rank requests with models of a folder; gives how many were valid, and how many refused."""
    ended = subprocess.run(
        [sys.executable, "-X", "faulthandler", "-m", module, str(folder), str(seed), str(number), *mix],
        cwd=ROOT,
        env=_environment_with_checks(),
        capture_output=True,
        text=True,
    )

    assert ended.returncode == 0, ended.stderr[-2000:]
    valid, refused = map(int, ended.stdout.split())
    return valid, refused


def learn_hostile_lines(folder: Path, seed: int, number: int, mix: Sequence[str]) -> None:
    """The same lines, as the loop learns them."""
    jobs = [
        subprocess_jobs.Job(
            parse(arguments).with_epsilon(0.2), folder / f"{seed}.json", folder / "metrics", folder / "new"
        )
        for arguments in mix
    ]
    answers, trouble = subprocess_jobs.run(jobs, timedelta(minutes=2))

    assert trouble is None
    assert [number] * len(mix) == [answer.get("learned") for answer in answers], answers


def _environment_with_checks() -> dict[str, str]:
    library = Path("/usr/lib/x86_64-linux-gnu/libc_malloc_debug.so.0")
    checks = {"MALLOC_CHECK_": "3", "LD_PRELOAD": str(library)} if library.exists() else {}
    return os.environ | checks
