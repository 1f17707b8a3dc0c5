"""Whether a decision explored, by the chances that its actions had."""

import pytest

from shared.configuration.service_configuration import LearningMode
from shared.status.exploration import judge

ONLINE = LearningMode.ONLINE


@pytest.mark.parametrize(
    ("chances", "explored"),
    [
        pytest.param([("best", 0.85), ("a", 0.075), ("b", 0.075)], False, id="epsilon-greedy, the best"),
        pytest.param([("a", 0.075), ("best", 0.85), ("b", 0.075)], True, id="epsilon-greedy, another"),
        pytest.param([("a", 0.35), ("b", 0.4), ("c", 0.25)], True, id="softmax, the second"),
        pytest.param([("b", 0.5), ("a", 0.5), ("c", 0)], False, id="bag, half of the votes each"),
        pytest.param([("b", 0.4000001), ("a", 0.4000002), ("c", 0.2)], False, id="the same but for rounding"),
        pytest.param([("a", 0.5), ("b", 0.5)], None, id="all the same"),
        pytest.param([("only", 1.0)], False, id="nothing to choose"),
    ],
)
def test_a_decision_explored_if_another_action_had_a_higher_chance(
    chances: list[tuple[str, float]], explored: bool | None
) -> None:
    """The one that the model holds for the best has the highest, whatever the kind of exploration."""
    assert judge(ONLINE, "m1", chances).explored is explored


def test_the_action_that_would_have_been_best_is_named() -> None:
    """With its chance."""
    assert judge(ONLINE, "m1", [("a", 0.15), ("soup", 0.85)]).because == (
        "It was drawn although soup had a higher chance, 0.85."
    )


def test_without_a_model_nothing_is_explored_or_not() -> None:
    """All is random, so that no action was thought better than another."""
    exploration = judge(ONLINE, "N/A", [("a", 0.5), ("b", 0.5)])

    assert exploration.explored is None
    assert "no model yet" in exploration.because


@pytest.mark.parametrize("mode", [LearningMode.APPRENTICE, LearningMode.LOGGING_ONLY])
def test_a_mode_that_shows_the_baseline_never_explores(mode: LearningMode) -> None:
    """What an apprentice draws in secret is shown to nobody."""
    assert judge(mode, "m1", [("a", 0.15), ("soup", 0.85)]).explored is False
