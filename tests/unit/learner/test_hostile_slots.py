"""Whatever clients send as slots: VW does not crash, every slot is filled, and every line is learned."""

import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from shared.learner import child
from shared.learner.arguments import parse
from tests.unit.learner.lines import slots_lines, trained
from tests.unit.learner.test_hostile_features import ROOT, _checked

REQUESTS = 1_500
MIX = [
    "--ccb_explore_adf --epsilon 0.2 --cb_type mtr -q ::",
    "--ccb_explore_adf --squarecb --epsilon 0.05 -q ::",
    "--ccb_explore_adf --softmax --lambda 3 -q :: -b 10",
    "--ccb_explore_adf --regcbopt --cb_min_cost -1 --cb_max_cost 0 -q ::",
    "--ccb_explore_adf --synthcover --epsilon 0.05 -q ::",
    "--ccb_explore_adf --cover 3 --cb_type dr",
    "--ccb_explore_adf --bag 3 --cb_type ips",
    "--ccb_explore_adf --rnd 3 --epsilon 0.05",
    "--ccb_explore_adf --large_action_space --max_actions 5 --marginal ij --cubic sjF",
]


@pytest.mark.parametrize("seed", [1, 2])
def test_no_request_does_harm(seed: int, tmp_path: Path) -> None:
    """In a process of its own, under the C library's checks of the heap: a crash is a red test."""
    for index, arguments in enumerate(MIX):
        trained(tmp_path, slots_lines(200), arguments, str(index))

    command = [sys.executable, "-X", "faulthandler", "-m", "tests.unit.learner.hostile_slots"]
    ended = subprocess.run(
        [*command, str(tmp_path), str(seed), str(REQUESTS // 2), *MIX],
        cwd=ROOT,
        env=_checked(),
        capture_output=True,
        text=True,
    )

    assert ended.returncode == 0, ended.stderr[-2000:]
    valid, refused = map(int, ended.stdout.split())
    assert valid > 0.5 * REQUESTS // 2
    assert refused > 0.05 * REQUESTS // 2
    _learned_by_the_driver(tmp_path, seed, valid)


def _learned_by_the_driver(folder: Path, seed: int, number: int) -> None:
    """The same lines, as the loop learns them."""
    jobs = [
        child.Job(parse(arguments).with_epsilon(0.2), folder / f"{seed}.json", folder / "metrics", folder / "new")
        for arguments in MIX
    ]
    answers, trouble = child.run(jobs, timedelta(minutes=2))

    assert trouble is None
    assert [number] * len(MIX) == [answer.get("learned") for answer in answers], answers
