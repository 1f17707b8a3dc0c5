"""Evaluations on the command line, and what Vowpal Wabbit itself says of the same log."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import vowpalwabbit

from localhost.environment import ROOT

GREEDY = "--cb_explore_adf --epsilon 0.2 --cb_type mtr -q ::"
SQUARECB = "--cb_explore_adf --squarecb --epsilon 0.2 --cb_type mtr -q ::"
RUN = [sys.executable, "-P", "-m", "localhost.evaluate"]
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT)}
EVENTS = 600


def write_log(path: Path, lines: Sequence[bytes], end: bytes = b"\n") -> Path:
    path.write_bytes(b"".join(line + end for line in lines))
    return path


def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """The command as it is started by `dev.py`, with all that it says."""
    words = [*RUN, *map(str, arguments)]
    return subprocess.run(words, env=ENVIRONMENT, capture_output=True, text=True, timeout=240, check=False)


def evaluate(*arguments: str | Path) -> dict[str, Any]:
    """What it finds."""
    ended = run(*arguments, "--json")
    assert ended.returncode == 0, ended.stderr
    document: dict[str, Any] = json.loads(ended.stdout)
    return document


def policy(outcome: dict[str, Any], name: str) -> dict[str, Any]:
    return next(policy for policy in outcome["policies"] if policy["name"] == name)


def estimate_with_vw(path: Path, arguments: str) -> float:
    """The reward per event of a policy as Vowpal Wabbit itself estimates it while it learns (inverse propensities)."""
    workspace = vowpalwabbit.Workspace(arg_list=[*arguments.split(), "--dsjson", "-d", str(path), "--quiet"])
    reward = -workspace.get_sum_loss() / workspace.get_weighted_examples()
    workspace.finish()
    return float(reward)


def predict_with_vw(log: Path, arguments: str, predictions: Path) -> list[list[float]]:
    """The chance of each action, event by event, before it was learned from."""
    words = [*arguments.split(), "--dsjson", "-d", str(log), "-p", str(predictions), "--quiet"]
    vowpalwabbit.Workspace(arg_list=words).finish()
    chances_of_events = []
    for text in filter(str.strip, predictions.read_text(encoding="ascii").splitlines()):
        chances = {int(action): float(chance) for action, chance in (pair.split(":") for pair in text.split(","))}
        chances_of_events.append([chances[action] / sum(chances.values()) for action in range(len(chances))])
    return chances_of_events
