"""Draws and rankings, against the values of the old service's client library and a slow statement of the rule."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from shared.configuration.service_configuration import LearningMode
from shared.ranking import sampling
from shared.ranking.decision import decide

_CHANCES = st.lists(st.floats(0, 1, allow_nan=False), min_size=1, max_size=50).filter(lambda p: sum(p) > 0)


@pytest.mark.parametrize(
    ("text", "value"),
    [("", 0), ("a", 1009084850), ("event_id", 1209832024), ("sample-loop", 4190170235), ("evt-1", 3295050947)],
)
def test_murmur3_gives_the_known_values(text: str, value: int) -> None:
    """Seeds must be those of the old service, so that a known event id draws the same again."""
    assert value == sampling.murmur3_32(text.encode())


def test_uniform_gives_the_known_draws() -> None:
    """The hash of a tag is Vowpal Wabbit's seed; an application id adds its own."""
    expected = [0.12383, 0.99174, 0.28489, 0.13324, 0.72177, 0.43164, 0.15870, 0.19120]

    assert expected == [round(sampling.uniform(sampling.murmur3_32(f"evt-{n}".encode())), 5) for n in range(1, 9)]
    assert sampling.uniform(sampling.seed("evt-1", "sample-loop")) == 0.31159448623657227


def test_draws_over_consecutive_ids_are_uniform() -> None:
    """Ids are hashed, so counting them up does no harm."""
    draws = [sampling.uniform(sampling.seed(str(number), "default")) for number in range(20_000)]

    assert stats.kstest(draws, "uniform").pvalue > 0.001


def test_negative_chances_count_as_none_and_no_chance_at_all_takes_the_first() -> None:
    """What a model answers is never trusted to be a distribution."""
    assert sampling.choose([-1.0, 0.0, 2.0], 0.0) == 2
    assert sampling.choose([0.0, -1.0], 0.7) == 0
    assert sampling.choose([0.5, 0.5], 1.0) == 1


@given(_CHANCES, st.text(max_size=20))
def test_the_drawn_action_changes_places_with_the_best(weights: list[float], event_id: str) -> None:
    """All others stay where the model put them, and every probability stays with its action."""
    chances = [weight / sum(weights) for weight in weights]
    best_first = sorted(range(len(chances)), key=lambda action: -chances[action])

    decision = decide(chances, "m", event_id, "default")

    assert sorted(decision.order) == list(range(len(chances)))
    assert [chances[action] for action in decision.order] == list(decision.probabilities)
    drawn = decision.order[0]
    swapped = list(best_first)
    swapped[0], swapped[best_first.index(drawn)] = drawn, best_first[0]
    assert tuple(swapped) == decision.order
    assert decision == decide(chances, "m", event_id, "default")


def test_actions_are_drawn_as_often_as_their_probabilities_say() -> None:
    """Over many event ids; a wrong cumulative sum would show here."""
    chances = [0.05, 0.85, 0.1]
    drawn = [decide(chances, "m", f"event-{number}", "default").order[0] for number in range(20_000)]

    counts = [drawn.count(action) for action in range(3)]

    assert stats.chisquare(counts, [20_000 * p for p in chances]).pvalue > 0.001


@given(_CHANCES, st.text(max_size=20), st.sampled_from([LearningMode.APPRENTICE, LearningMode.LOGGING_ONLY]))
def test_outside_online_the_answer_has_the_order_of_the_request(
    weights: list[float], event_id: str, mode: LearningMode
) -> None:
    """Each action with the probability that the model gives it."""
    chances = [weight / sum(weights) for weight in weights]

    shown = decide(chances, "m", event_id, "default").as_shown(mode)

    assert list(shown.order) == list(range(len(chances)))
    assert list(shown.probabilities) == chances


def test_online_the_decision_itself_is_shown_and_recorded() -> None:
    """Nothing is hidden."""
    decision = decide([0.2, 0.3, 0.5], "m", "e", "default")

    assert decision == decision.as_shown(LearningMode.ONLINE) == decision.as_recorded(LearningMode.ONLINE)


def test_an_apprentice_records_its_own_draw_and_logging_only_the_certain_action() -> None:
    """The recorded probability is that of the recorded action."""
    decision = decide([0.2, 0.3, 0.5], "m", "e", "default")

    certain = decision.as_recorded(LearningMode.LOGGING_ONLY)

    assert decision == decision.as_recorded(LearningMode.APPRENTICE)
    assert (certain.order, certain.probabilities, certain.model_id) == ((0, 1, 2), (1.0, 0.0, 0.0), "m")
