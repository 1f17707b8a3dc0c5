"""The trainer's state after a change of configuration, and after a model was replaced by hand."""

from dataclasses import replace

import pytest

from shared.configuration.configuration import Configuration, LearningSettings, new_configuration
from shared.configuration.service_configuration import LearningMode
from shared.models.published import ModelFiles, ModelReference, Origin, Published, Start
from shared.times import DAY, HOUR
from shared.training import publication
from shared.training.configuration_changes import apply_changes, new_state, note_settings
from shared.training.cursor import BegunBlob, Counters, Cursor, empty_cursor
from shared.training.training_state import State

NOW_US = 1_764_000_000_000_000
_CONFIGURATION = new_configuration(4)
_SLOTS = LearningSettings("slots", "--ccb_explore_adf --epsilon 0.2")
_MODEL = ModelFiles("loops/default/models/a/1f.vw", "1f", "loops/default/models/a/2e.vw", "2e", 100, "first", "last")
_OLD = ModelReference(
    "old",
    "loops/default/models/b/4c.vw",
    "4c",
    "loops/default/models/b/3d.vw",
    "--cb_explore_adf --coin",
    1,
    NOW_US - HOUR,
    70,
    NOW_US - HOUR,
    learned_from_us=NOW_US - DAY,
    first_event_id="e-1",
    last_event_id="e-70",
)


def state_with_model(configuration: Configuration = _CONFIGURATION) -> State:
    """A loop whose model has learned all of the log."""
    state = replace(new_state(configuration, Published()), joined_up_to_us=NOW_US)
    return replace(state, running=replace(empty_cursor(configuration, 0, NOW_US), model=_MODEL))


def service(configuration: Configuration, **changes: object) -> Configuration:
    return configuration.with_service(replace(configuration.service, **changes), NOW_US)  # type: ignore[arg-type]


def next_of(state: State) -> Cursor:
    assert state.next is not None
    return state.next


def test_a_mode_that_changes_while_a_model_learns_anew_is_the_mode_of_both() -> None:
    more = service(_CONFIGURATION, exploration_percentage=0.5)
    started = apply_changes(state_with_model(), more, Published())

    both = apply_changes(started, service(more, learning_mode=LearningMode.APPRENTICE), Published())

    assert next_of(started).learned_up_to_us == next_of(both).learned_up_to_us == NOW_US - 2 * DAY
    assert (both.running.kind, next_of(both).kind) == ("cb-apprentice", "cb-apprentice")


def test_settings_that_are_taken_back_end_the_learning_anew() -> None:
    """The model in use has been trained for them all the time, so nothing is missing."""
    there = apply_changes(state_with_model(), more := service(_CONFIGURATION, exploration_percentage=0.5), Published())
    taken_back = service(more, exploration_percentage=_CONFIGURATION.service.exploration_percentage)

    back = apply_changes(there, taken_back, Published())

    assert (next_of(there).revision, back.next, back.running.revision) == (2, None, 3)
    assert replace(state_with_model().running, revision=3, trained_since_revision=1) == back.running
    assert back == apply_changes(back, taken_back, Published()), "the next run begins nothing either"


def test_settings_that_are_taken_back_between_two_runs_start_no_model() -> None:
    learning = LearningSettings("other", "--cb_explore_adf --epsilon 0.2 -q ::")
    first = _CONFIGURATION.learning
    taken_back = _CONFIGURATION.with_learning(learning, NOW_US).with_learning(first, NOW_US)

    back = apply_changes(state_with_model(), taken_back, Published())

    assert (back.running.model, back.running.revision, back.next) == (_MODEL, 3, None)


def test_settings_that_come_back_in_other_digits_start_no_model() -> None:
    """A client wrote back 0.2 as the 32 bits that it keeps, while others changed the settings and took that back."""
    digits = _CONFIGURATION.learning.arguments.replace("--epsilon 0.2", "--epsilon 0.200000003")
    there = _CONFIGURATION.with_learning(LearningSettings("other", "--cb_explore_adf -q ::"), NOW_US)
    back = there.with_learning(LearningSettings("mine", digits), NOW_US)

    state = apply_changes(state_with_model(), back, Published())

    assert digits != _CONFIGURATION.learning.arguments
    assert (state.running.model, state.running.revision, state.next) == (_MODEL, 3, None)


def test_a_model_that_learns_for_settings_goes_on_when_they_come_back() -> None:
    """Its progress is worth as much as that of a model that would begin now."""
    more = service(_CONFIGURATION, exploration_percentage=0.5)
    started = apply_changes(state_with_model(), more, Published())
    halfway = replace(started, next=replace(next_of(started), learned_up_to_us=NOW_US - DAY, model=_MODEL))
    again = service(service(more, exploration_percentage=0.7), exploration_percentage=0.5)

    state = apply_changes(halfway, again, Published())

    assert (next_of(state).learned_up_to_us, next_of(state).model, next_of(state).revision) == (
        NOW_US - DAY,
        _MODEL,
        again.revision,
    )


def test_every_setting_that_matters_starts_a_model() -> None:
    """The model in use was trained for the others."""
    for changed in (
        service(_CONFIGURATION, default_reward=0.5),
        service(_CONFIGURATION, reward_wait_time="PT1H"),
        service(_CONFIGURATION, exploration_percentage=0.5),
        _CONFIGURATION.with_learning(LearningSettings("other", "--cb_explore_adf --epsilon 0.2 -q ::"), NOW_US),
    ):
        assert next_of(apply_changes(state_with_model(), changed, Published())).revision == 2


def test_a_model_whose_settings_were_taken_back_is_published_as_what_it_is() -> None:
    """It is no model for later settings: behind an earlier model it waits until it has learned more."""
    start = Start(newest=True, learned_up_to_us=NOW_US, revision=1)
    published = Published(generation=1, start=start, model=_OLD)
    more = service(_CONFIGURATION, exploration_percentage=0.5)
    taken_back = service(more, exploration_percentage=_CONFIGURATION.service.exploration_percentage)

    back = apply_changes(apply_changes(state_with_model(), more, published), taken_back, published)
    further = replace(back, running=replace(back.running, learned_up_to_us=NOW_US + HOUR))

    assert (publication.is_new(back, published), publication.is_new(further, published)) == (False, True)
    assert publication.origin(back.running, replace(_OLD, revision=1)) is Origin.TRAINED
    assert publication.origin(replace(back.running, trained_since_revision=2), replace(_OLD, revision=1)) is (
        Origin.RETRAINED
    )


def test_a_model_of_another_problem_type_starts_anew_at_once() -> None:
    """It cannot rank for the new settings, so there is no model to keep in use."""
    slots = _CONFIGURATION.with_learning(_SLOTS, NOW_US)

    state = apply_changes(state_with_model(), slots, Published())

    assert (state.running.model, state.next, state.running.kind) == (None, None, "ccb")
    assert (NOW_US - 2 * DAY, slots.revision) == (state.running.learned_up_to_us, state.running.revision)
    assert state == apply_changes(state, slots, Published())


def test_a_reset_starts_an_empty_model_at_the_end_of_the_log() -> None:
    state = apply_changes(state_with_model(), _CONFIGURATION, Published(generation=1))

    assert (state.running.model, state.running.learned_up_to_us, state.running.generation) == (None, NOW_US, 1)


@pytest.mark.parametrize(
    ("position_us", "expected_us"),
    [(None, NOW_US), (NOW_US - HOUR, NOW_US - HOUR), (NOW_US + HOUR, NOW_US)],
    ids=["the end", "its position", "a position that is not joined yet"],
)
def test_a_model_that_was_put_by_hand_goes_on_from_the_position_of_the_start(
    position_us: int | None, expected_us: int
) -> None:
    published = Published(generation=3, start=Start(_OLD, position_us), model=_OLD)
    busy = apply_changes(state_with_model(), service(_CONFIGURATION, exploration_percentage=0.5), Published())

    state = apply_changes(busy, _CONFIGURATION, published)

    assert (expected_us, 3, None) == (state.running.learned_up_to_us, state.running.generation, state.next)
    assert ModelFiles(_OLD.state_blob, "3d", _OLD.predictor_blob, "4c", 70, "e-1", "e-70") == state.running.model
    assert (_OLD.arguments, NOW_US - DAY) == (state.running.arguments, state.running.learned_from_us)
    assert state == apply_changes(state, _CONFIGURATION, published), "it does not learn anew for having other arguments"


def test_a_model_that_is_put_by_hand_learns_the_blob_that_another_has_begun_from_its_start() -> None:
    """Its first lines are in the other model only. The newest model goes on within the blob."""
    begun = BegunBlob("blob", "", "cb", 7, _MODEL, Counters(learned=7))
    state = replace(state_with_model(), running=replace(state_with_model().running, begun=begun))

    replaced = apply_changes(state, _CONFIGURATION, Published(generation=1, start=Start(_OLD, NOW_US), model=_OLD))
    newest = apply_changes(state, _CONFIGURATION, Published(generation=1, start=Start(newest=True), model=_OLD))

    assert (replaced.running.begun, newest.running.begun) == (None, begun)


def test_the_newest_model_can_go_on_while_an_earlier_model_is_in_use() -> None:
    more = service(_CONFIGURATION, exploration_percentage=0.5)
    busy = apply_changes(state_with_model(), more, Published())

    state = apply_changes(busy, more, Published(generation=1, start=Start(newest=True), model=_OLD))

    assert replace(busy.running, generation=1) == state.running
    assert replace(next_of(busy), generation=1) == state.next


def test_a_model_of_another_problem_type_that_was_put_by_hand_gives_way() -> None:
    """The settings were changed while the model was put."""
    slots = _CONFIGURATION.with_learning(_SLOTS, NOW_US)

    state = apply_changes(state_with_model(), slots, Published(generation=1, start=Start(_OLD), model=_OLD))

    assert (state.running.model, state.running.kind, state.running.generation) == (None, "ccb", 1)


def test_settings_that_were_changed_after_a_model_was_put_are_learned_anew() -> None:
    """The trainer reads both at once; the later change holds."""
    changed = service(_CONFIGURATION, exploration_percentage=0.5)

    after = apply_changes(
        state_with_model(), changed, Published(generation=1, start=Start(_OLD, revision=1), model=_OLD)
    )
    before = apply_changes(
        state_with_model(), changed, Published(generation=1, start=Start(_OLD, revision=2), model=_OLD)
    )

    assert (after.running.arguments, next_of(after).revision, next_of(after).generation) == (_OLD.arguments, 2, 1)
    assert (before.running.arguments, before.running.revision, before.next) == (_OLD.arguments, 2, None)


def test_training_begins_with_a_model_that_was_put_before_the_first_run() -> None:
    state = new_state(_CONFIGURATION, Published(generation=1, start=Start(_OLD), model=_OLD))

    assert (state.running.arguments, state.running.events, state.running.generation) == (_OLD.arguments, 70, 1)
    assert state == apply_changes(state, _CONFIGURATION, Published(generation=1, start=Start(_OLD), model=_OLD))


def test_the_verdict_begins_anew_when_mode_settings_or_generation_change() -> None:
    """With an edit at its time, else when the trainer hears of it; what else is configured changes nothing."""
    edited = service(_CONFIGURATION, exploration_percentage=0.5)
    edited = replace(edited, revision=99, service=replace(edited.service, last_edit_us=5 * HOUR))
    state = note_settings(state_with_model(), _CONFIGURATION, DAY)
    apprentice = note_settings(state, service(_CONFIGURATION, learning_mode=LearningMode.APPRENTICE), DAY)
    replaced = replace(state, running=replace(state.running, generation=state.running.generation + 1))

    assert state.metrics.lift.since_us == 0, "the first settings are no change"
    assert note_settings(state, service(_CONFIGURATION, model_export_frequency="PT1H"), DAY) == state
    assert note_settings(state, edited, DAY).metrics.lift.since_us == 5 * HOUR
    assert apprentice.metrics.lift.since_us == DAY
    assert note_settings(replaced, _CONFIGURATION, DAY).metrics.lift.since_us == DAY
