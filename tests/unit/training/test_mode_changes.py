"""A change of the learning mode: which model goes on, from where, and which one is kept."""

from dataclasses import replace

import pytest

from shared.configuration.configuration import LearningSettings
from shared.configuration.service_configuration import LearningMode
from shared.models.published import ModelFiles, ModelReference, Origin, Published, Start
from shared.times import DAY, HOUR
from shared.training import mode_changes, publication
from shared.training.configuration_changes import apply_changes, foresee
from shared.training.cursor import BegunBlob, Counters, Cursor
from shared.training.mode_changes import publish_return
from shared.training.training_state import State
from tests.unit.training.test_configuration_changes import (
    _CONFIGURATION,
    _SLOTS,
    NOW_US,
    next_of,
    service,
    state_with_model,
)
from train_timer import model_retention

_APPRENTICE = service(_CONFIGURATION, learning_mode=LearningMode.APPRENTICE)
_LOGGING = service(_CONFIGURATION, learning_mode=LearningMode.LOGGING_ONLY)
_LATER_US = NOW_US + 30 * DAY


def files(name: str, learned_in: LearningMode | None, events: int = 100) -> ModelFiles:
    return ModelFiles.at(f"a/{name}1.vw", f"a/{name}2.vw", events, learned_in=learned_in)


_ONLINE = files("e", LearningMode.ONLINE)
_IMITATION = files("b", LearningMode.APPRENTICE, events=900)


def learned(state: State, model: ModelFiles, at_us: int = _LATER_US) -> State:
    """The state after the running model has learned all of more log."""
    running = replace(state.running, model=model, learned_up_to_us=at_us)
    return replace(state, joined_up_to_us=at_us, counted_up_to_us=at_us, running=running)


def online() -> State:
    """A loop that has learned Online."""
    return learned(state_with_model(), _ONLINE, NOW_US)


def apprentice() -> State:
    """The same after thirty days as an apprentice."""
    return learned(apply_changes(online(), _APPRENTICE, Published()), _IMITATION)


def published_of(state: State) -> Published:
    model = publication.reference(state.running, Origin.TRAINED, state.joined_up_to_us)
    return Published(model=model, joined_up_to_us=state.joined_up_to_us)


def kept(state: State) -> Cursor:
    assert state.before_apprentice is not None
    return state.before_apprentice


def test_an_apprentice_keeps_the_model_that_has_learned_online_and_learns_with_a_copy() -> None:
    there = apply_changes(online(), _APPRENTICE, Published())

    assert (there.running.model, there.running.kind, there.next) == (_ONLINE, "cb-apprentice", None)
    assert kept(apprentice()) == online().running
    assert there == apply_changes(there, _APPRENTICE, Published())


@pytest.mark.parametrize("mode", [LearningMode.ONLINE, LearningMode.LOGGING_ONLY])
def test_the_model_from_before_goes_on_where_it_had_come_to(mode: LearningMode) -> None:
    """What was ranked Online after its position is learned then, nothing twice, and nothing of the apprentice."""
    configuration, before = service(_CONFIGURATION, learning_mode=mode), apprentice()
    published = published_of(before)

    ahead = apply_changes(before, configuration, published)
    returned = publish_return(kept(ahead), published, _LATER_US)
    after = apply_changes(ahead, configuration, returned)

    assert mode_changes.is_return_ahead(ahead, configuration)
    assert not mode_changes.is_return_ahead(before, _APPRENTICE)
    assert replace(online().running, generation=1, mode=mode) == after.running
    assert (after.before_apprentice, after.next, after.running.learned_up_to_us) == (None, None, NOW_US)
    assert (returned.model and returned.model.files, returned.previous) == (_ONLINE, (published.model,))
    assert not publication.is_new(after, returned), "it is in use already"
    assert after == apply_changes(after, configuration, returned)
    assert after.mode_switch
    assert after.mode_switch.is_return


def test_a_time_of_logging_only_changes_nothing_of_that() -> None:
    """The model in use goes on, and so does one that has returned."""
    logging = apply_changes(online(), _LOGGING, Published())
    back = apply_changes(logging, _CONFIGURATION, Published())
    returned = foresee(apprentice(), _LOGGING, published_of(apprentice()))
    online_again = apply_changes(returned, _CONFIGURATION, Published(generation=1))

    assert (logging.running.model, logging.before_apprentice, back.running) == (_ONLINE, None, online().running)
    assert (online_again.running.model, online_again.running.learned_up_to_us) == (_ONLINE, NOW_US)
    assert kept(apply_changes(online_again, _APPRENTICE, Published(generation=1))).model == _ONLINE


def test_a_model_that_was_published_returns_under_its_own_id() -> None:
    first = publication.reference(online().running, Origin.RETRAINED, NOW_US)
    published = replace(published_of(apprentice()), previous=(first,))

    returned = publish_return(kept(apprentice()), published, _LATER_US)

    assert (returned.model, returned.previous) == (first, (published.model,))


def test_a_trainer_that_dies_between_the_publication_and_the_commit_returns_once() -> None:
    """The next run sees a new generation, in whatever mode the loop is by then."""
    ahead = apply_changes(apprentice(), _CONFIGURATION, published := published_of(apprentice()))
    returned = publish_return(kept(ahead), published, _LATER_US)

    again = apply_changes(ahead, _APPRENTICE, returned)

    assert (
        apply_changes(apprentice(), _CONFIGURATION, returned).running
        == apply_changes(ahead, _CONFIGURATION, returned).running
    )
    assert (again.running.model, again.running.kind, kept(again).model) == (_ONLINE, "cb-apprentice", _ONLINE)


def test_a_mode_that_is_taken_back_before_the_return_keeps_the_same_model() -> None:
    there_and_back = apply_changes(apply_changes(apprentice(), _CONFIGURATION, Published()), _APPRENTICE, Published())

    assert kept(there_and_back) == kept(apprentice())


def test_retention_leaves_the_kept_model() -> None:
    """With the description from which it can be made again."""
    paths = model_retention.name_blobs(apprentice(), published_of(apprentice()), [])

    assert {*_ONLINE.paths, *_IMITATION.paths, "a/e1.json"} <= paths


@pytest.mark.parametrize("learned_in", [LearningMode.APPRENTICE, LearningMode.LOGGING_ONLY])
def test_a_loop_that_was_never_online_goes_on_with_what_the_apprentice_has_learned(learned_in: LearningMode) -> None:
    """Also after a time Online in which it learned nothing."""
    state = learned(apply_changes(state_with_model(), _APPRENTICE, Published()), files("b", learned_in))
    never = replace(state, before_apprentice=None)

    once = apply_changes(apply_changes(never, _CONFIGURATION, Published()), _APPRENTICE, Published())
    after = apply_changes(once, _CONFIGURATION, Published())

    assert once.before_apprentice is None
    assert (after.running.model, after.running.kind) == (state.running.model, "cb")
    assert not mode_changes.is_return_ahead(after, _CONFIGURATION)


@pytest.mark.parametrize(
    ("model", "mode", "expected"),
    [
        (None, LearningMode.LOGGING_ONLY, LearningMode.LOGGING_ONLY),
        (_ONLINE, LearningMode.LOGGING_ONLY, LearningMode.ONLINE),
        (files("c", None), LearningMode.LOGGING_ONLY, LearningMode.ONLINE),
        (_IMITATION, LearningMode.LOGGING_ONLY, LearningMode.LOGGING_ONLY),
        (_ONLINE, LearningMode.APPRENTICE, LearningMode.APPRENTICE),
        (_IMITATION, LearningMode.ONLINE, LearningMode.ONLINE),
    ],
)
def test_a_model_says_in_which_mode_it_has_learned(
    model: ModelFiles | None, mode: LearningMode, expected: LearningMode
) -> None:
    """A model that has learned Online stays one while the loop only logs: it goes on with rewards."""
    assert expected == replace(online().running, model=model, mode=mode).learns_in


def test_the_part_that_the_kept_model_has_begun_is_learned_from_its_start() -> None:
    begun = BegunBlob("blob", "", "cb", 7, _ONLINE, Counters(learned=7))
    state = online()
    busy = replace(state, running=replace(state.running, begun=begun))

    assert kept(apply_changes(busy, _APPRENTICE, Published())).begun is None


def test_settings_that_were_changed_meanwhile_are_learned_anew_from_the_last_days_before_the_apprentice() -> None:
    """The last days of all log hold nothing that was ranked Online. The kept model answers until then."""
    changed = service(_APPRENTICE, exploration_percentage=0.5)
    busy = apply_changes(apprentice(), changed, Published())
    back = service(changed, learning_mode=LearningMode.ONLINE)

    ahead = apply_changes(busy, back, published := published_of(busy))
    after = apply_changes(ahead, back, publish_return(kept(ahead), published, _LATER_US))

    assert (after.running.model, after.running.exploration) == (_ONLINE, 0.2)
    assert (next_of(after).learned_up_to_us, next_of(after).exploration) == (NOW_US - 2 * DAY, 0.5)
    assert (next_of(after).kind, next_of(after).model) == ("cb", None)


def test_a_model_of_another_problem_type_cannot_return() -> None:
    slots = _APPRENTICE.with_learning(_SLOTS, NOW_US)
    changed = apply_changes(apprentice(), slots, Published())

    reason = mode_changes.cannot_return(changed, service(slots, learning_mode=LearningMode.ONLINE))
    after = mode_changes.give_up_return(changed, reason or "")

    assert (after.before_apprentice, after.running.kind) == (None, "ccb-apprentice")
    assert after.mode_switch
    assert "another problem type" in after.mode_switch.loss
    again = slots.with_learning(LearningSettings("back", _CONFIGURATION.learning.arguments), NOW_US)
    assert mode_changes.cannot_return(changed, again) is None


def reference(model: ModelFiles) -> ModelReference:
    return publication.reference(replace(online().running, model=model), Origin.TRAINED, NOW_US)


@pytest.mark.parametrize(
    ("start", "expected"),
    [
        (Start(), None),
        (Start(newest=True), _ONLINE),
        (Start(reference(files("d", None)), NOW_US - HOUR), files("d", None)),
        (Start(reference(files("d", LearningMode.ONLINE)), NOW_US - HOUR), files("d", LearningMode.ONLINE)),
        (Start(reference(files("d", LearningMode.APPRENTICE)), NOW_US - HOUR), _ONLINE),
        (Start(reference(_ONLINE), None), _ONLINE),
    ],
    ids=["a reset", "the newest goes on", "an import", "an Online model", "an apprentice's model", "the kept model"],
)
def test_a_model_that_is_put_by_hand_beside_an_apprentice_is_what_it_goes_on_with(
    start: Start, expected: ModelFiles | None
) -> None:
    """Unless it is an apprentice's. A reset forgets what was kept, too."""
    state = apply_changes(apprentice(), _APPRENTICE, Published(generation=1, start=start, model=start.model))

    assert expected == (state.before_apprentice and state.before_apprentice.model)


def test_a_model_that_is_put_by_hand_once_the_loop_is_online_replaces_the_kept_one() -> None:
    """Whoever puts a model wants that model."""
    by_hand = Published(generation=1, start=Start(reference(_IMITATION), NOW_US), model=reference(_IMITATION))

    state = apply_changes(apprentice(), _CONFIGURATION, by_hand)

    assert (state.running.model, state.before_apprentice, state.mode_switch) == (_IMITATION, None, None)
    assert not mode_changes.is_return_ahead(state, _CONFIGURATION)
