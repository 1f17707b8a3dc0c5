"""What the exploration of a loop is spent on."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.configuration.configuration import Configuration, LearningSettings, new_configuration
from shared.configuration.exploration import MOST_OTHER_SHARES, NEW_SHARES, Exploration, ExplorationShares
from shared.configuration.forms.exploration_shares import Shares
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


def test_what_arguments_that_explore_in_their_own_way_show_is_not_told_to_be_the_share() -> None:
    """The exploration has no effect on them."""
    before = new_configuration(1)

    told = [
        Shares.of(replace(before, learning=LearningSettings("s", arguments)))
        for arguments in ("--cb_explore_adf --epsilon 0.2", "--cb_explore_adf --squarecb")
    ]

    assert [(each.default, each.uniform_of_events, each.default_of_events) for each in told] == [
        (0.25, 0.15, 0.05),
        (0.25, 0.0, 0.0),
    ]


@given(st.floats(0.001, 0.999), PARTS, st.floats(0.01, MOST_OTHER_SHARES), st.integers(1, 50), st.data())
def test_in_a_trial_each_share_is_what_was_said(
    share: float, default: float, challenger: float, count: int, data: st.DataObject
) -> None:
    """Of two greedy policies; all actions alike keep half of the exploration, whatever the others get."""
    trial = ExplorationShares(default, challenger).spend_on_trial(share)
    assert trial is not None
    in_use, other = (data.draw(st.integers(0, count - 1)) for _ in range(2))

    mixed = trial.mix(*(_greedy(best, count, trial.of_models) for best in (in_use, other)))

    of_challenger = min(share * challenger, 1 - share)
    of_default = min(share * min(default, 0.5 - challenger), (1 - share) / 2)
    expected = [(share - of_challenger - of_default) / count] * count
    expected[in_use] += 1 - share
    expected[other] += of_challenger
    expected[0] += of_default
    assert mixed == pytest.approx(expected, abs=1e-9)
    assert min(mixed) * count >= share / 2 - 1e-9


@given(st.floats(0.01, 0.99), PARTS, st.floats(0.01, MOST_OTHER_SHARES), CHANCES, st.data())
def test_no_surplus_is_larger_than_what_is_said(
    share: float, default: float, challenger: float, own: list[float], data: st.DataObject
) -> None:
    """Whatever the two policies are, in either direction: the interval of a trial depends on it."""
    trial = ExplorationShares(default, challenger).spend_on_trial(share)
    assert trial is not None
    others = data.draw(st.permutations(own))

    mixed = trial.mix(own, others)

    surpluses = [abs(other - chance) / drawn for chance, other, drawn in zip(own, others, mixed, strict=True)]
    assert max(surpluses) <= trial.largest_surplus * (1 + 1e-9)


def _greedy(best: int, count: int, exploration: Exploration) -> list[float]:
    """What a model that holds an action for the best predicts."""
    return [exploration.share / count + (1 - exploration.share) * (place == best) for place in range(count)]


@pytest.mark.parametrize(
    ("changes", "challenger"),
    [
        ({}, 0.4),
        ({"is_auto_optimization_enabled": False}, None),
        ({"learning_mode": LearningMode.APPRENTICE}, None),
        ({"exploration_percentage": 0.0}, None),
        ({"exploration_percentage": 1.0}, None),
    ],
)
def test_a_loop_that_cannot_try_a_challenger_explores_as_ever(
    changes: dict[str, Any], challenger: float | None
) -> None:
    before = new_configuration(1)
    service = replace(before.service, **{"is_auto_optimization_enabled": True, **changes})

    trial = replace(before, service=service).trial_exploration

    expected = challenger and ExplorationShares(NEW_SHARES.default, challenger).spend_on_trial(0.2)
    assert trial == expected


def test_settings_without_exploration_rate_show_the_first_action_no_more_often_in_a_trial() -> None:
    """As without one: they explore in their own way."""
    before = new_configuration(1)
    service = replace(before.service, is_auto_optimization_enabled=True)
    learning = LearningSettings("own", "--cb_explore_adf --squarecb")

    trial = replace(before, service=service, learning=learning).trial_exploration

    assert trial is not None
    assert trial.default == 0


@pytest.mark.parametrize("shares", [ExplorationShares(0.25, 0.0), ExplorationShares(0.0, 0.0)])
def test_without_a_share_there_is_no_trial(shares: ExplorationShares) -> None:
    assert shares.spend_on_trial(0.2) is None
