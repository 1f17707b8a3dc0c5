"""When the running model may be published, and as what."""

from shared.configuration.configuration import Configuration
from shared.models.published import ModelReference, Origin, Published, PublishedTrial, Start, model_id
from shared.times import MINUTE
from shared.training.cursor import Cursor
from shared.training.training_state import State

_MOST_EARLY_US = MINUTE


def next_us(state: State, configuration: Configuration) -> int:
    """From when on the next model may be published: about one model export frequency after the last model.

    A fifth of the frequency sooner, at most a minute: a trainer that runs as often as models may come is not to wait
    for its run after the next because this run was a little quicker than the last.
    """
    if state.published_at_us is None:
        return 0
    frequency_us = configuration.export_frequency_us
    return state.published_at_us + frequency_us - min(frequency_us // 5, _MOST_EARLY_US)


def is_new(state: State, published: Published) -> bool:
    """Whether the running model has learned more than the published model, or was trained for another revision."""
    model = state.running.model
    if model is None or published.generation != state.running.generation:
        return False
    start, before = published.start, published.model
    if start.newest and not _has_passed(state.running, start):
        return False
    return before is None or (
        before.predictor_blob != model.predictor_blob and before.learned_up_to_us <= state.running.learned_up_to_us
    )


def reference(cursor: Cursor, origin: Origin, at_us: int) -> ModelReference:
    """The reference to the model of a cursor, to be published at a moment."""
    if cursor.model is None:
        raise ValueError("there is no model to publish")
    return ModelReference.of(
        cursor.model,
        model_id(cursor.learned_up_to_us, cursor.revision, cursor.model.predictor_sha256),
        arguments=cursor.arguments,
        revision=cursor.revision,
        learned_from_us=cursor.learned_from_us,
        learned_up_to_us=cursor.learned_up_to_us,
        made_at_us=at_us,
        origin=origin,
    )


def trial(state: State, published: Published, at_us: int) -> PublishedTrial | None:
    """The trial as it is published at a moment; None if there is none, or none that goes on with what is published."""
    on_trial = state.trial
    if on_trial is None or on_trial.end is not None or on_trial.challenger.model is None:
        return None
    if published.model is None or published.generation != state.running.generation:
        return None
    challenger = reference(on_trial.challenger, Origin.TRAINED, at_us).without_event_ids()
    return PublishedTrial(on_trial.id, challenger, on_trial.revision)


def trial_to_announce(state: State, published: Published, at_us: int) -> PublishedTrial | None:
    """The trial to publish where no model is published.

    A challenger that has learned more goes out with the next model. If no model has anything new, it goes out alone.
    """
    coming, before = trial(state, published, at_us), published.trial
    if coming is None or before is None or coming.id != before.id:
        return coming
    has_learned = coming.challenger.predictor_blob != before.challenger.predictor_blob
    return coming if has_learned and not is_new(state, published) else before


def origin(running: Cursor, before: ModelReference | None) -> Origin:
    """Why the running model was made, if it follows another one: trained on, or retrained for later settings."""
    is_later = before is not None and not running.first_revision <= before.revision <= running.revision
    return Origin.RETRAINED if is_later else Origin.TRAINED


def _has_passed(running: Cursor, start: Start) -> bool:
    """Whether a model that trains behind an earlier model has learned beyond the start, or for later settings."""
    is_for_later_settings = start.revision is not None and running.first_revision > start.revision
    return is_for_later_settings or running.learned_up_to_us > (start.learned_up_to_us or 0)
