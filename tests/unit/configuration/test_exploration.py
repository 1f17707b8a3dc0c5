"""What the exploration of a loop is spent on."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.configuration.configuration import Configuration, LearningSettings, new_configuration
from shared.configuration.exploration import MOST_OTHER_SHARES, NEW_SHARES, Exploration, ExplorationShares
from shared.configuration.service_configuration import LearningMode
from shared.learner.arguments import DEFAULT_CCB_ARGUMENTS

SHARES = st.floats(0, 1)
PARTS = st.floats(0, MOST_OTHER_SHARES)
CHANCES = st.lists(st.floats(0.001, 1), min_size=1, max_size=50).map(lambda some: [part / sum(some) for part in some])


@given(SHARES, PARTS, CHANCES)
def test_chances_are_the_mixture_that_the_shares_say(share: float, part: float, own: list[float]) -> None:
    """Of what the model would show, of all actions alike, and of the first action."""
    exploration, count = Exploration(share, share * part), len(own)
    by_learner = exploration.of_learner
    predicted = [(1 - by_learner) * chance + by_learner / count for chance in own]

    mixed = exploration.add_default(predicted)

    expected = [(1 - share) * chance + share * (1 - part) / count for chance in own]
    expected[0] += share * part
    assert mixed == pytest.approx(expected, abs=1e-12)
    assert sum(mixed) == pytest.approx(1, abs=1e-9)
    assert min(mixed) >= share / 2 / count - 1e-12


def test_a_new_loop_shows_the_first_action_in_part_of_its_exploration() -> None:
    assert new_configuration(1).exploration == Exploration(0.2, 0.2 * NEW_SHARES.default)


@pytest.mark.parametrize(("share", "default"), [(0.0, 0.0), (0.4, 0.2), (0.8, 0.1), (1.0, 0.0)])
def test_the_first_action_does_not_outdo_what_the_model_prefers(share: float, default: float) -> None:
    """A loop that only explores shows all actions alike."""
    assert ExplorationShares(0.5).spend(share) == Exploration(share, pytest.approx(default))


def test_a_loop_of_an_earlier_version_explores_as_it_did() -> None:
    configuration = replace(new_configuration(1), exploration_shares=ExplorationShares())

    assert configuration.exploration == Exploration(0.2)


@pytest.mark.parametrize("mode", [LearningMode.APPRENTICE, LearningMode.LOGGING_ONLY])
def test_outside_online_mode_all_actions_are_alike(mode: LearningMode) -> None:
    """An apprentice that drew the first action by exploration would seem to have learned it."""
    before = new_configuration(1)

    assert replace(before, service=replace(before.service, learning_mode=mode)).exploration == Exploration(0.2)


def test_in_slots_all_actions_are_alike() -> None:
    configuration: Configuration = replace(new_configuration(1), learning=LearningSettings("s", DEFAULT_CCB_ARGUMENTS))

    assert configuration.exploration == Exploration(0.2)
