"""The trainer's state after a quarantine was made or lifted."""

from dataclasses import replace

from shared.configuration import quarantine_changes
from shared.configuration.configuration import Configuration, new_configuration
from shared.configuration.corrections import Correction, Quarantine
from shared.configuration.exploration import TrialExploration
from shared.metrics.bins import BIN_US
from shared.metrics.recent import Recent
from shared.models.published import ModelFiles, Published, Start
from shared.times import DAY, HOUR, MINUTE
from shared.training.configuration_changes import apply_changes
from shared.training.cursor import BegunBlob, Counters
from shared.training.training_state import Intent, State
from shared.training.trial import Trial
from tests.unit.training.test_configuration_changes import _OLD, NOW_US, next_of, state_with_model

CONFIGURATION = new_configuration(4)
BAD = Correction("bad", NOW_US - 2 * HOUR, NOW_US - HOUR)
LEARNED = state_with_model()
LEARNED = replace(LEARNED, running=replace(LEARNED.running, learned_from_us=NOW_US - DAY))
PART = "loops/default/logs/2025/11/24/20251124T160000000000Z-20251124T161500000000Z.dsjson.gz"


def make(configuration: Configuration, correction: Correction) -> Configuration:
    new = Quarantine(correction, "why", NOW_US, "test", 0)
    return quarantine_changes.add(configuration, new, NOW_US)


def lift(configuration: Configuration, correction: Correction) -> Configuration:
    return quarantine_changes.lift(configuration, correction.id, "test", NOW_US)


def follow(state: State, configuration: Configuration) -> State:
    return apply_changes(state, configuration, Published())


def test_a_quarantine_of_learned_log_lets_a_model_learn_anew() -> None:
    """The model in use goes on as it is until that has caught up."""
    after = follow(LEARNED, made := make(CONFIGURATION, BAD))

    assert (after.running.corrections, next_of(after).corrections) == ((), (BAD,))
    assert next_of(after).revision == made.revision == CONFIGURATION.revision + 1
    assert follow(after, made) == after


def test_a_quarantine_that_is_lifted_before_the_next_model_is_ready_ends_that() -> None:
    made = make(CONFIGURATION, BAD)

    after = follow(follow(LEARNED, made), lift(made, BAD))

    assert (after.next, after.running.corrections, after.running.model) == (None, (), LEARNED.running.model)


def test_a_quarantine_that_is_lifted_later_lets_a_model_learn_anew_again() -> None:
    made = make(CONFIGURATION, BAD)
    learned = replace(LEARNED, running=replace(LEARNED.running, corrections=(BAD,), revision=made.revision))

    after = follow(learned, lift(made, BAD))

    assert (after.running.corrections, next_of(after).corrections) == ((BAD,), ())


def test_a_quarantine_of_log_to_come_starts_no_model() -> None:
    """The model in use learns from there on without it; a part that it has begun, from the part's start."""
    begun = BegunBlob(PART, "", "cb", 7, None, Counters())
    to_come = replace(BAD, from_us=NOW_US, to_us=NOW_US + HOUR)

    after = follow(replace(LEARNED, running=replace(LEARNED.running, begun=begun)), make(CONFIGURATION, to_come))

    assert (after.next, after.running.corrections, after.running.begun) == (None, (to_come,), None)
    assert (after.recount, after.counted_under) == (None, (to_come,))


def test_a_model_that_was_put_by_hand_before_a_quarantine_is_learned_anew() -> None:
    """Put after the quarantine, it is what somebody wanted."""
    made = make(CONFIGURATION, BAD)

    def put(revision: int) -> State:
        model = replace(_OLD, arguments=CONFIGURATION.learning.arguments, learned_up_to_us=NOW_US)
        start = Start(model, NOW_US, revision=revision)
        return apply_changes(LEARNED, made, Published(generation=1, start=start, model=model))

    before, after = put(CONFIGURATION.revision), put(made.revision)

    assert (before.running.corrections, next_of(before).corrections) == ((), (BAD,))
    assert (after.running.corrections, after.next) == ((BAD,), None)


def test_a_model_that_was_put_by_hand_and_has_learned_nothing_since_stays() -> None:
    """Although it was put in the middle of the range; so does an empty one after a reset."""
    around, arguments = replace(BAD, to_us=NOW_US + HOUR), CONFIGURATION.learning.arguments
    imported = replace(_OLD, arguments=arguments, learned_from_us=NOW_US, learned_up_to_us=NOW_US)
    for model in (imported, None):
        start = Start(model, None if model is None else NOW_US, revision=None if model is None else 1)
        published = Published(generation=1, start=start, model=model)
        put = apply_changes(LEARNED, CONFIGURATION, published)

        after = apply_changes(put, make(CONFIGURATION, around), published)

        assert after.next is None
        assert (after.running.model, after.running.corrections) == (put.running.model, (around,))


def test_what_a_reset_has_forgotten_is_not_learned_again_for_a_quarantine() -> None:
    """The new model begins where the one in use did. Without a reset it begins with the last days of log."""
    reset_us, made = NOW_US - 3 * HOUR, make(CONFIGURATION, BAD)
    running = replace(LEARNED.running, generation=1, learned_from_us=reset_us)
    start = Start(learned_up_to_us=reset_us, revision=CONFIGURATION.revision)

    after = apply_changes(replace(LEARNED, running=running), made, Published(generation=1, start=start))

    assert next_of(after).learned_from_us == reset_us
    assert next_of(follow(LEARNED, made)).learned_from_us == NOW_US - 2 * DAY


def test_metrics_are_counted_anew_as_far_as_the_log_goes() -> None:
    """A part in progress was begun without the quarantine, and is counted anew, too."""
    long = replace(BAD, to_us=NOW_US + HOUR)
    intent = Intent(NOW_US, NOW_US + 15 * MINUTE, CONFIGURATION.rewards, 0, 0)
    state = replace(LEARNED, recent=Recent(NOW_US - DAY, NOW_US))

    short, with_part = (follow(each, make(CONFIGURATION, long)) for each in (state, replace(state, intent=intent)))

    ends = [after.recount and (after.recount.from_us, after.recount.to_us) for after in (short, with_part)]
    begin_us = long.from_us - long.from_us % BIN_US
    assert ends == [(begin_us, _up(NOW_US)), (begin_us, _up(intent.to_us))]
    assert (short.counted_under, short.recent) == ((long,), None)


def _up(at_us: int) -> int:
    return at_us + -at_us % BIN_US


def test_a_trial_ends_whose_evidence_a_quarantine_touches() -> None:
    """A part in progress was begun without the quarantine; of log to come, one is for both models, and it goes on."""
    model = ModelFiles("a/1f.vw", "1f", "a/2e.vw", "2e", 100)
    service = replace(CONFIGURATION.service, is_auto_optimization_enabled=True)
    configuration = replace(CONFIGURATION, service=service)
    exploration = configuration.trial_exploration
    assert isinstance(exploration, TrialExploration)
    challenger = replace(LEARNED.running, model=model, learned_up_to_us=NOW_US - 3 * HOUR)
    trial = Trial("t", "name", configuration.learning.arguments, challenger, exploration, NOW_US - 3 * HOUR)
    to_come = replace(BAD, from_us=NOW_US, to_us=NOW_US + HOUR)

    on_trial = replace(LEARNED, trial=trial)
    joining = replace(on_trial, intent=Intent(NOW_US, NOW_US + 15 * MINUTE, CONFIGURATION.rewards, 0, 0))

    ended, caught, goes_on = (
        follow(state, make(configuration, correction)).trial
        for state, correction in ((on_trial, BAD), (joining, to_come), (on_trial, to_come))
    )

    for over in (ended, caught):
        assert over is not None
        assert over.end is not None
        assert "quarantine" in over.end.because
    assert goes_on is not None
    assert (goes_on.end, goes_on.challenger.corrections) == (None, (to_come,))
