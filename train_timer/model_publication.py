"""The publication of a trained model, which Rank then uses."""

import logging
from collections.abc import Mapping
from dataclasses import replace

from shared.configuration.configuration import Configuration
from shared.models import current_export, model_store, published_store
from shared.models.model_store import DamagedModel
from shared.models.published import ModelReference, Published
from shared.storage.storage_answers import BlobLeased, ChangedMeanwhile
from shared.training import publication
from shared.training.lease import LeaseLost, Trainer
from shared.training.training_state import State

_log = logging.getLogger(__name__)


def publish(trainer: Trainer, configuration: Configuration, now_us: int) -> bool:
    """Publish the running model if it has learned something new and its time has come; True if it was published."""
    state = trainer.state
    if state.publishing is None:
        published = published_store.read_published()
        if not publication.is_new(state, published) or now_us < publication.next_us(state, configuration):
            return False
        origin = publication.origin(state.running, published.model)
        trainer.commit(replace(state, publishing=publication.reference(state.running, origin, now_us)))
    return finish(trainer, now_us)


def finish(trainer: Trainer, now_us: int) -> bool:
    """Finish the publication that the commit record names, from wherever it stopped; True if it was published.

    Raises:
        DamagedModel: The model was changed in storage; it is not published, and the next model can be.
    """
    model = trainer.state.publishing
    if model is None:
        return False
    data = _read(trainer, model)
    etags = current_export.read_etags()
    published, etag = published_store.read_published_version()
    if published.generation != trainer.state.running.generation or _is_older(model, published):
        trainer.commit(replace(trainer.state, publishing=None))
        return False
    trainer.check()
    if published.model is None or published.model.id != model.id:
        _write(_with(published, model, trainer.state), etag)
        _log.info("model %s is published, after %s learned events", model.id, model.learned_events)
    _export(model, data, etags)
    trainer.commit(replace(trainer.state, publishing=None, published_at_us=now_us))
    return True


def announce(trainer: Trainer, now_us: int) -> None:
    """Publish how far rows have become log, and what is new of a trial, where no model has done so already."""
    published, etag = published_store.read_published_version()
    state = trainer.state
    joined_up_to_us = max(published.joined_up_to_us, state.joined_up_to_us)
    trial = publication.trial_to_announce(state, published, now_us)
    announced = replace(published, joined_up_to_us=joined_up_to_us, trial=trial)
    if announced != published:
        trainer.check()
        _write(announced, etag)


def _is_older(model: ModelReference, published: Published) -> bool:
    return published.model is not None and model.learned_up_to_us < published.model.learned_up_to_us


def _with(published: Published, model: ModelReference, state: State) -> Published:
    with_model = published.with_model(model)
    return replace(
        with_model,
        joined_up_to_us=max(published.joined_up_to_us, state.joined_up_to_us),
        trial=publication.trial(state, with_model, model.made_at_us),
        created_at_us=published.created_at_us or model.made_at_us,
        changed_at_us=model.made_at_us,
    )


def _write(published: Published, etag: str | None) -> None:
    try:
        published_store.publish(published, etag)
    except ChangedMeanwhile as error:
        raise LeaseLost("what is published changed meanwhile") from error


def _read(trainer: Trainer, model: ModelReference) -> bytes:
    try:
        return model_store.read_intact(model.predictor_blob)
    except DamagedModel:
        trainer.commit(replace(trainer.state, publishing=None))
        raise


def _export(model: ModelReference, data: bytes, etags: Mapping[str, str | None]) -> None:
    """Write the model under its fixed names; where that fails, the next pass brings the export up to date."""
    try:
        current_export.write(model, data, etags)
    except (ChangedMeanwhile, BlobLeased) as trouble:
        _log.warning("the export is not up to date: %s", trouble)
