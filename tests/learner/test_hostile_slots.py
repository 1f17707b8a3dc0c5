"""Whatever clients send as slots: VW does not crash, every slot is filled, and every line is learned."""

from pathlib import Path

import pytest

from tests.learner.harmless import learn_hostile_lines, rank_hostile_requests
from tests.unit.learner.lines import slots_lines, train_model

REQUESTS = 1_000
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
        train_model(tmp_path, slots_lines(200), arguments, str(index))

    number = REQUESTS // 2
    valid, refused = rank_hostile_requests("tests.learner.hostile_slots", tmp_path, seed, number, MIX)

    assert valid > 0.5 * number
    assert refused > 0.05 * number
    learn_hostile_lines(tmp_path, seed, valid, MIX)
