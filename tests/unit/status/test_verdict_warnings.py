"""The warnings of a loop that earns less than without learning."""

from dataclasses import replace

from shared.configuration.configuration import new_configuration
from shared.configuration.service_configuration import LearningMode
from shared.metrics.bins import Metrics
from shared.metrics.lift_record import Conclusion, LiftRecord, Over
from shared.models.published import Published
from shared.status.learning_status import StatusInputs, Waiting
from shared.status.verdict_warnings import find_remedies, verdict_warnings
from shared.status.warnings import Remedy
from shared.times import HOUR, MINUTE
from shared.training.configuration_changes import new_state, note_settings
from tests.unit.metrics.test_lift_record import grow


def codes(record: LiftRecord, mode: LearningMode = LearningMode.ONLINE) -> list[str]:
    """The warnings of a loop with a record."""
    configuration = new_configuration(4)
    configuration = replace(configuration, service=replace(configuration.service, learning_mode=mode))
    state = replace(new_state(configuration, Published()), metrics=Metrics(lift=record))
    inputs = StatusInputs(state, configuration, Published(), Waiting(), 3 * HOUR, 1)
    return [warning.code for warning in verdict_warnings(inputs)]


def test_a_loop_that_has_had_time_to_learn_and_is_worse_than_its_default_warns() -> None:
    """The windows of the same sums against random actions are worse, too."""
    assert codes(grow([200] * 8, first=0.8, others=0.1)) == ["WorseThanFirstAction", "WorseThanRandom"]


def test_a_loop_that_has_not_had_time_to_learn_does_not_warn_of_its_default() -> None:
    """It tries what is worse, as it has to; but it does no worse than random actions."""
    assert codes(grow([200] * 5, first=0.8, others=0.1)) == ["WorseThanRandom"]


def remedies(record: LiftRecord, share: float = 0.2) -> list[Remedy]:
    """What is named to do about the verdict."""
    configuration = new_configuration(4)
    configuration = replace(configuration, service=replace(configuration.service, exploration_percentage=share))
    state = note_settings(new_state(configuration, Published()), configuration, 0)
    state = replace(state, metrics=Metrics(lift=replace(record, settings=state.metrics.lift.settings)))
    return find_remedies(StatusInputs(state, configuration, Published(), Waiting(), 3 * HOUR, 1))


def test_a_loop_that_is_worse_than_its_default_names_what_to_do_from_the_first_such_verdict_on() -> None:
    """In order, each with what it costs; within its first thousand events it may go on, and then that is no remedy."""
    young, old = remedies(grow([200] * 3, first=0.8, others=0.1)), remedies(grow([200] * 8, first=0.8, others=0.1))

    texts = ["See the rewards", "Evaluate other settings", "Explore 5 %", "Back to Apprentice mode"]
    assert [each.text for each in old] == texts
    assert [each.text for each in young] == [texts[0], "Let it learn from 400 more events", *texts[1:]]
    assert "less per event" in young[1].cost
    assert all(each.cost for each in young)
    assert [each.link for each in old] == [
        "#/events?kind=reward",
        "#/evaluations?create=yes",
        "#/setup?explorationPercentage=0.05",
        "#/setup?learningMode=Apprentice",
    ]
    assert [each.text for each in remedies(grow([200] * 8, first=0.8, others=0.1), 0.02)] == [*texts[:2], texts[3]]
    assert remedies(grow([200] * 8, first=0.1, others=0.8)) == []


def test_a_loop_that_earns_more_or_the_same_does_not_warn() -> None:
    assert codes(grow([200] * 12, first=0.1, others=0.8)) == []
    assert codes(grow([200] * 12, first=0.4, others=0.4)) == []


def test_a_loop_that_has_become_better_does_not_warn_of_what_was() -> None:
    """Once the last 1,000 events, and those of the day, say otherwise."""
    record = grow([200] * 8, first=0.8, others=0.1)
    for number in range(8, 60):
        good = grow([200], first=0.1, others=0.8).sums
        record = record.plus(good, number * HOUR, (number + 1) * HOUR)

    assert codes(record) == []


def test_a_loop_that_has_just_turned_bad_warns_before_its_last_thousand_events_are_bad_on_average() -> None:
    """An interval that begins where the loop turned is enough, and as sure."""
    record, bad = grow([200] * 8, first=0.1, others=0.8), grow([200], first=0.9, others=0.1).sums
    for number in range(8, 10):
        record = record.plus(bad, number * 5 * MINUTE, (number + 1) * 5 * MINUTE)
    window = record.window(Over.EVENTS, HOUR)

    assert window is not None
    assert window.against_first is not Conclusion.WORSE
    assert codes(record) == ["WorseThanFirstAction", "WorseThanRandom"]


def test_a_loop_that_shows_its_default_cannot_be_worse_than_that() -> None:
    assert codes(grow([200] * 8, first=0.8, others=0.1), LearningMode.APPRENTICE) == []


def test_a_loop_that_was_never_trained_does_not_warn() -> None:
    inputs = StatusInputs(None, new_configuration(4), Published(), Waiting(), 1, 1)

    assert verdict_warnings(inputs) == []
