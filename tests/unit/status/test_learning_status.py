"""The sentences of the status, the warnings, and how the trainer's cursors follow the configuration."""

from dataclasses import replace

import pytest

from shared.configuration.configuration import Configuration, LearningSettings, new_configuration
from shared.configuration.corrections import Correction
from shared.configuration.service_configuration import LearningMode
from shared.metrics.bins import Pending
from shared.models.published import ModelFiles, ModelReference, Published, Start
from shared.status import exploration_preview, learning_status
from shared.status.late_rewards import LateRewards
from shared.status.learning_status import StatusInputs, Waiting
from shared.status.warnings import counter_warnings
from shared.times import DAY, MINUTE, SECOND, to_iso
from shared.training import trouble
from shared.training.configuration_changes import apply_changes, new_state, note_settings, promote_next
from shared.training.cursor import Counters
from shared.training.training_state import State
from shared.training.trouble import Subject, Troubles
from tests.unit.metrics.test_lift_record import part

NOW_US = 1_764_075_000 * SECOND
_CONFIGURATION = new_configuration(4)
_STORED = ModelFiles("s", "1", "p", "2", 100)
_MODEL = ModelReference("m-1", "p", "2", "s", "--x", 1, NOW_US - MINUTE, 100, NOW_US - MINUTE)


def state_of_trained_loop(configuration: Configuration = _CONFIGURATION, **changes: object) -> State:
    """A loop whose running model has learned all that is in the log."""
    state = new_state(configuration, Published())
    running = replace(state.running, model=_STORED, learned_up_to_us=NOW_US - MINUTE)
    counters = Counters(events=100, learned=100, rewards=50)
    whole = replace(state, running=running, counters=counters, joined_up_to_us=NOW_US - MINUTE, published_at_us=NOW_US)
    return replace(whole, **changes)  # type: ignore[arg-type]


def _trouble(subject: str, reason: str) -> Troubles:
    return trouble.with_failure({}, subject, reason, "", NOW_US)


def inputs(state: State | None, waiting: Waiting = Waiting(), published: Published = Published()) -> StatusInputs:  # noqa: B008
    """At a fixed moment."""
    return StatusInputs(state, _CONFIGURATION, published, waiting, NOW_US, MINUTE)


@pytest.mark.parametrize(
    ("unlearning", "word"),
    [
        (inputs(None), "has not run yet"),
        (inputs(new_state(_CONFIGURATION, Published())), "No Rank call"),
        (inputs(new_state(_CONFIGURATION, Published()), Waiting(3, False, NOW_US)), "3 events wait"),
        (
            inputs(state_of_trained_loop(troubles=_trouble("running", "it broke")), published=Published(model=_MODEL)),
            "it broke",
        ),
        (
            inputs(state_of_trained_loop(), Waiting(3, False, NOW_US - DAY), Published(model=_MODEL)),
            "does the timer run",
        ),
        (inputs(state_of_trained_loop(), published=Published(generation=1)), "was reset"),
        (inputs(state_of_trained_loop()), "about to be published"),
        (
            inputs(state_of_trained_loop(), published=Published(model=replace(_MODEL, arguments="--ccb_explore_adf"))),
            "are for several slots",
        ),
    ],
)
def test_a_loop_that_does_not_learn_says_why(unlearning: StatusInputs, word: str) -> None:
    """In a sentence that a person can act on."""
    verdict = learning_status.judge_learning(unlearning)

    assert not verdict.learns
    assert word in verdict.because


@pytest.mark.parametrize(("pause_us", "overdue"), [(MINUTE, True), (5 * MINUTE, False)])
def test_events_are_overdue_two_minutes_after_the_run_that_should_have_joined_them(
    pause_us: int, overdue: bool
) -> None:
    """A trainer that runs every five minutes leaves events for as long, and is there all the same."""
    arrived_us = NOW_US - 17 * MINUTE  # and ready to join since four minutes

    waiting = inputs(state_of_trained_loop(), Waiting(3, False, arrived_us), Published(model=_MODEL))

    assert learning_status.lag_us(waiting) == 4 * MINUTE
    assert learning_status.is_overdue(replace(waiting, pause_us=pause_us)) is overdue


def test_a_loop_that_learns_says_from_how_much() -> None:
    """With the model in use."""
    verdict = learning_status.judge_learning(inputs(state_of_trained_loop(), published=Published(model=_MODEL)))

    assert verdict.learns
    assert "100 events were learned" in verdict.because


def test_the_next_model_comes_after_the_wait_of_the_oldest_event() -> None:
    """Five minutes' cell, ten minutes' wait, one minute's grace."""
    first_us = NOW_US - NOW_US % (5 * MINUTE) + MINUTE

    coming = learning_status.predict_next_model(
        inputs(new_state(_CONFIGURATION, Published()), Waiting(1, False, first_us))
    )

    assert coming.at_us == first_us - MINUTE + 5 * MINUTE + 10 * MINUTE + MINUTE
    assert "reward wait time of 10 minutes" in coming.because


def test_no_next_model_is_promised_without_events() -> None:
    """No data is not zero."""
    assert learning_status.predict_next_model(inputs(None)).at_us is None


def test_events_that_are_in_the_log_and_not_learned_are_a_next_model() -> None:
    """A trainer that died between both steps, or has had too little time; those of another kind are none."""
    state, begin_us = state_of_trained_loop(), NOW_US - 10 * MINUTE
    learnable = (Pending(begin_us, begin_us, "cb", 7, 0), Pending(begin_us, begin_us, "ccb", 5, 0))
    state = replace(state, joined_up_to_us=NOW_US, metrics=replace(state.metrics, pending=learnable))

    coming = learning_status.predict_next_model(inputs(state, published=Published(model=_MODEL)))

    assert coming.at_us is not None
    assert "7 events of the log are not learned yet" in coming.because


def test_a_change_of_settings_starts_next_and_leaves_running_alone() -> None:
    """Rank keeps answering from a trained model."""
    state = state_of_trained_loop()
    changed = _CONFIGURATION.with_learning(LearningSettings("x", "--y"), NOW_US)

    after = apply_changes(state, changed, Published(model=_MODEL))

    assert after.running == state.running
    assert after.next is not None
    assert (changed.revision, 0, None) == (after.next.revision, after.next.events, after.next.model)
    assert after.next.learned_up_to_us == state.joined_up_to_us - 2 * DAY
    assert after == apply_changes(after, changed, Published(model=_MODEL))


@pytest.mark.parametrize("is_retraining", [True, False])
def test_a_model_that_came_with_its_settings_is_gone_on_from(is_retraining: bool) -> None:
    """As of an evaluation: nothing is learned anew, and what was being learned is thrown away."""
    changed = _CONFIGURATION.with_learning(LearningSettings("x", "--y"), NOW_US)
    applied = replace(_MODEL, revision=changed.revision)
    published = Published(generation=1, model=applied, start=Start(applied, NOW_US, revision=changed.revision))
    state = state_of_trained_loop(next=state_of_trained_loop().running if is_retraining else None)
    replaced = replace(inputs(state, published=published), configuration=changed)

    assert learning_status.describe_retraining(replaced) == learning_status.GOES_ON
    later = replace(replaced, configuration=changed.with_learning(LearningSettings("z", "--z"), NOW_US))
    assert learning_status.describe_retraining(later) != learning_status.GOES_ON
    assert (
        learning_status.describe_retraining(replace(replaced, state=apply_changes(state, changed, published))) is None
    )


@pytest.mark.parametrize(
    ("model", "words"),
    [(_STORED, "has learned 100 events, up to"), (None, "held nothing to learn from, so it waits for the next events")],
)
def test_a_model_that_learns_the_log_as_it_is_corrected_says_whether_there_is_anything(
    model: ModelFiles | None, words: str
) -> None:
    """Where all is in quarantine, there is nothing to catch up with."""
    state = state_of_trained_loop()
    coming = replace(state.running, revision=2, model=model, corrections=(Correction("all", 0, NOW_US),))

    told = learning_status.describe_retraining(inputs(replace(state, next=coming)))

    assert told is not None
    assert told.startswith("Quarantines or relabels changed, and a new model learns the log as it is corrected now.")
    assert words in told


def test_next_takes_over_only_when_it_has_caught_up_and_learned_something() -> None:
    """An empty model does not replace a trained model."""
    state = state_of_trained_loop()
    behind = replace(state.running, revision=2, learned_up_to_us=state.joined_up_to_us - 1)
    empty = replace(state.running, revision=2, model=None)
    ready = replace(state.running, revision=2)

    for waiting in (behind, empty):
        assert promote_next(replace(state, next=waiting)) == replace(state, next=waiting)
    counted_us = state.joined_up_to_us
    expected = replace(state, running=ready, next=None, counted_up_to_us=counted_us)
    assert promote_next(replace(state, next=ready)) == expected


def test_a_reset_starts_empty_at_the_end_of_the_log_and_ends_a_retraining() -> None:
    """At any stage of the training."""
    state = state_of_trained_loop(next=state_of_trained_loop().running, publishing=_MODEL)

    after = apply_changes(state, _CONFIGURATION, Published(generation=1))

    assert (1, None, state.joined_up_to_us) == (
        after.running.generation,
        after.running.model,
        after.running.learned_up_to_us,
    )
    assert after.next is None
    assert after.publishing is None


@pytest.mark.parametrize(
    ("counters", "code"),
    [
        (Counters(reused_ids=1), "EventIdsReused"),
        (Counters(answered_otherwise=1), "RanksAnsweredTwice"),
        (Counters(events=100), "NoRewards"),
        (Counters(events=200, rewards=100), "RewardsAlwaysDefault"),
        (Counters(events=100, not_activated=100), "NothingActivated"),
        (Counters(events=300, learned=200, not_activated=100), "NothingActivated"),
        (Counters(late=11), "RewardsLate"),
        (Counters(events=3, late=3), "RewardsLate"),
        (Counters(events=100, learned=100, single_action=10), "SingleActions"),
        (Counters(dangling=11), "RewardsWithoutEvent"),
        (Counters(out_of_range=1), "RewardsOutOfRange"),
        (Counters(refused=1), "EventsRefused"),
    ],
)
def test_each_trouble_is_warned_of(counters: Counters, code: str) -> None:
    """With what to do about it."""
    by_code = {
        warning.code: warning for warning in counter_warnings(state_of_trained_loop(counters=counters), _CONFIGURATION)
    }

    assert by_code[code].message
    assert by_code[code].what_to_do


def test_rewards_that_all_come_too_late_are_not_called_missing() -> None:
    """To send them is no remedy: they are sent. The warning says how late they came, and which wait they would need."""
    state = state_of_trained_loop(counters=Counters(events=200, learned=200, late=80))
    late = LateRewards(waiting=20, delays_us=(11 * MINUTE, 95 * MINUTE))

    (warning,) = counter_warnings(state, _CONFIGURATION, late)

    assert warning.code == "RewardsLate"
    assert "100 rewards came after the reward wait time of 10 minutes, 0 within it." in warning.message
    assert "11 minutes to 1 hour 35 minutes after their Rank" in warning.message
    longer = warning.remedies[0]
    assert (longer.text, longer.setting, longer.value) == ("Longer wait: 15 minutes", "rewardWaitTime", "PT15M")
    assert longer.link == "#/setup?rewardWaitTime=PT15M"
    assert "5 minutes later" in longer.cost


def test_rewards_whose_event_the_join_has_forgotten_are_called_late_where_the_log_shows_it() -> None:
    """To check their ids is no remedy: these are right."""
    state = state_of_trained_loop(counters=Counters(events=50, dangling=40))

    (warning,) = counter_warnings(state, _CONFIGURATION, LateRewards(unknown=40, delays_us=(100 * MINUTE,) * 40))

    assert (warning.code, warning.remedies[0].value) == ("RewardsLate", "PT2H")


def test_few_late_rewards_among_many_in_time_are_no_fault() -> None:
    """Also if those in time are not log yet; then nothing is known of them but that they came."""
    state = state_of_trained_loop(counters=Counters(events=5))

    assert counter_warnings(state, _CONFIGURATION, LateRewards(waiting=4, in_time=4)) == []
    assert counter_warnings(state, _CONFIGURATION, LateRewards(waiting=2)) == []


def test_ranks_without_a_choice_are_told_by_their_share() -> None:
    """A few are no fault: where one action is left, it is shown."""
    some = Counters(events=40, learned=40, rewards=9, unlike_default=9, single_action=30)
    few = replace(some, events=400)

    (warning,) = counter_warnings(state_of_trained_loop(counters=some), _CONFIGURATION)

    assert "30 of 40 events (75 %) had one action only" in warning.message
    assert counter_warnings(state_of_trained_loop(counters=few), _CONFIGURATION) == []


@pytest.mark.parametrize(("share", "code"), [(0.0, "NoExploration"), (0.95, "NoExploitation"), (1.0, "NoExploitation")])
def test_an_exploration_by_which_nothing_is_learned_or_used_is_warned_of(share: float, code: str) -> None:
    """With what it costs, and with one that is enough. In other modes the default is shown anyway."""
    service = replace(_CONFIGURATION.service, exploration_percentage=share)
    online = replace(_CONFIGURATION, service=service)
    logging = replace(online, service=replace(service, learning_mode=LearningMode.LOGGING_ONLY))

    (warning,) = counter_warnings(None, online)

    assert (warning.code, warning.message) == (code, exploration_preview.caution(online))
    assert [(each.setting, each.value) for each in warning.remedies] == [("explorationPercentage", 0.05)]
    assert counter_warnings(None, logging) == counter_warnings(None, _CONFIGURATION) == []


def test_a_mirror_that_fails_is_warned_of_as_long_as_it_is_wanted() -> None:
    """With the reason."""
    wanted = replace(_CONFIGURATION, service=replace(_CONFIGURATION.service, log_mirror_enabled=True))
    state = state_of_trained_loop(
        counters=Counters(), mirrored_up_to_us=1, troubles=_trouble("mirror", "its storage answered 403")
    )

    (warning,) = counter_warnings(state, wanted)

    assert warning.code == "LogsNotMirrored"
    assert "its storage answered 403" in warning.message
    mended = replace(state, troubles={}, mirrored_up_to_us=state.joined_up_to_us)
    assert counter_warnings(mended, wanted) == counter_warnings(state, _CONFIGURATION) == []


@pytest.mark.parametrize(("minutes", "codes"), [(59, []), (60, ["LogsNotMirrored"])])
def test_a_copy_that_is_far_behind_is_warned_of_although_nothing_failed(minutes: int, codes: list[str]) -> None:
    """A slow container fails at nothing; the warning says since when its copy is behind."""
    wanted = replace(_CONFIGURATION, service=replace(_CONFIGURATION.service, log_mirror_enabled=True))
    state = state_of_trained_loop(counters=Counters())
    state = replace(state, mirrored_up_to_us=state.joined_up_to_us - minutes * MINUTE)

    warnings = counter_warnings(state, wanted)

    assert [warning.code for warning in warnings] == codes
    assert all(f"Log since {to_iso(state.mirrored_up_to_us or 0)} was not copied" in each.message for each in warnings)


@pytest.mark.parametrize("subject", [subject for subject in Subject if subject is not Subject.MIRROR])
def test_what_the_trainer_bypasses_is_warned_of(subject: Subject) -> None:
    """With the reason, and with what to do."""
    state = state_of_trained_loop(counters=Counters(), troubles=_trouble(subject, "the blob is damaged"))

    (warning,) = counter_warnings(state, _CONFIGURATION)

    assert warning.code == "TrainerInTrouble"
    assert "the blob is damaged (tried 1 time)" in warning.message
    assert "Something" not in warning.message
    assert warning.what_to_do


def test_trouble_of_a_later_version_is_told_too() -> None:
    """That version may run beside this one."""
    state = state_of_trained_loop(counters=Counters(), troubles=_trouble("something new", "it broke"))

    assert "it broke" in counter_warnings(state, _CONFIGURATION)[0].message


def test_a_healthy_loop_is_not_warned() -> None:
    """Warnings that always show are not read."""
    deferred = {"activated": 1, "not_activated": 900}
    counters = Counters(events=1900, learned=1000, rewards=900, unlike_default=500, late=5, dangling=5, **deferred)

    assert counter_warnings(state_of_trained_loop(counters=counters), _CONFIGURATION) == []


def test_the_verdict_of_a_loop_that_has_just_changed_its_mode_is_not_that_of_the_mode_before() -> None:
    """The trainer hears of it a minute later; what was shown as an apprentice is no lift of nought."""
    state = state_of_trained_loop()
    apprentice = replace(_CONFIGURATION, service=replace(_CONFIGURATION.service, learning_mode=LearningMode.APPRENTICE))
    noted = note_settings(state, apprentice, 0)
    lift = noted.metrics.lift.plus(part(300), 0, MINUTE)
    noted = replace(noted, metrics=replace(noted.metrics, lift=lift))

    assert learning_status.judge_earnings(noted, _CONFIGURATION, NOW_US).because == (
        "No event is joined yet that was ranked since mode, settings or model last changed."
    )
