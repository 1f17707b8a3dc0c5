"""Where learning anew begins after a quarantine: with an earlier model that has not come to the quarantined log.

A model that is still there and was trained for the same settings has learned all before the quarantine, also log that
is deleted since. Where there is none, learning anew begins as after any change of settings.
"""

import logging
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace

from shared.configuration.corrections import agree, differences
from shared.configuration.service_configuration import LearningMode
from shared.models import model_store, reference_store
from shared.models.model_store import DamagedModel
from shared.models.published import ModelReference, Published, position_of
from shared.training.cursor import Cursor
from shared.training.training_state import State

_MOST_TRIES = 10
"""So many earlier models are examined, the newest first."""

_log = logging.getLogger(__name__)


def find(state: State, published: Published) -> Cursor | None:
    """The next model as it goes on from an earlier model; None if it has begun, or differs in more than corrections."""
    running, coming = state.running, state.next
    if coming is None or not _has_just_begun(coming) or not _differ_in_corrections(running, coming):
        return None
    for tries, reference in enumerate(_list_earlier(running, coming, published)):
        if tries == _MOST_TRIES:
            return None
        with suppress(DamagedModel):
            if _is_beginning(reference, running, published) or _fits(reference, coming):
                _check_intact(reference)
                _log.info("learning anew begins with model %s", reference.id)
                return replace(
                    coming,
                    model=reference.files,
                    learned_up_to_us=reference.learned_up_to_us,
                    learned_from_us=reference.learned_from_us,
                )
    return None


def _has_just_begun(coming: Cursor) -> bool:
    return coming.model is None and coming.begun is None and coming.learned_up_to_us == coming.learned_from_us


def _differ_in_corrections(running: Cursor, coming: Cursor) -> bool:
    settings, others = ((each.arguments, each.exploration, each.rewards, each.mode) for each in (running, coming))
    return settings == others and running.corrections != coming.corrections


def _list_earlier(running: Cursor, coming: Cursor, published: Published) -> Iterator[ModelReference]:
    """The earlier models of the model in use that end before the log that is corrected otherwise, the newest first."""
    end_us = min(each.from_us for each in differences(running.corrections, coming.corrections))
    last = [model for model in published.models if _is_earlier(model, running, end_us, published)]
    yield from sorted(last, key=lambda model: model.learned_up_to_us, reverse=True)
    stored = reference_store.newest_of_each(reference_store.list_all(), [model.id for model in published.models])
    ended = [each for each in stored if position_of(each.model_id) <= end_us]
    for each in sorted(ended, key=lambda each: position_of(each.model_id), reverse=True)[:_MOST_TRIES]:
        model = reference_store.read([each]).get(each.path)
        if model is not None and _is_earlier(model, running, end_us, published):
            yield model


def _is_earlier(model: ModelReference, running: Cursor, end_us: int, published: Published) -> bool:
    """Whether it has learned a part of what the model in use has, in a learning mode of the same kind.

    Args:
        end_us: Later log is corrected otherwise.
    """
    is_of_line = (model.arguments, model.learned_from_us) == (running.arguments, running.learned_from_us)
    if not is_of_line or model.learned_up_to_us > running.learned_up_to_us:
        return False
    is_before = model.learned_in is not None and model.learned_up_to_us <= end_us
    is_usable = is_before or _is_beginning(model, running, published)
    return is_usable and (model.learned_in is LearningMode.APPRENTICE) == (running.mode is LearningMode.APPRENTICE)


def _is_beginning(model: ModelReference, running: Cursor, published: Published) -> bool:
    """Whether the model in use has begun with a model that was put by hand, and that had learned none of the log."""
    is_put = model == published.start.model and running.first_revision == published.start.revision
    return is_put and model.learned_from_us == model.learned_up_to_us


def _fits(model: ModelReference, coming: Cursor) -> bool:
    """Whether an earlier model was trained for the settings of the next model."""
    described = model_store.read_described(model.state_blob)
    if described is None:
        return False
    made = described.description
    if (made.exploration, made.rewards) != (coming.exploration, coming.rewards):
        return False
    return agree(made.corrections, coming.corrections, model.learned_from_us, model.learned_up_to_us)


def _check_intact(model: ModelReference) -> None:
    """Read the files of a model.

    Raises:
        DamagedModel: One is gone or damaged.
    """
    for path in model.files.paths:
        model_store.read_intact(path)
