"""Retention of models: which of them stay, and for how long what they earned is told."""

from collections.abc import Iterable
from dataclasses import replace

from shared.configuration.configuration import Configuration
from shared.metrics import model_rewards_store
from shared.metrics.model_rewards import too_many
from shared.models import model_store, published_store, reference_store
from shared.models.model_store import ModelBlob
from shared.models.published import ModelReference, Published, position_of
from shared.models.reference_store import StoredReference
from shared.times import DAY
from shared.training.lease import Trainer
from shared.training.training_state import State


def archive_rewards(trainer: Trainer) -> None:
    """Move what earlier models earned from the commit record to documents of these models, if there are too many.

    A stint has its own place in its model's document, so it counts once although a trainer dies before the commit.

    Raises:
        LeaseLost: Another trainer has taken over.
    """
    state = trainer.state
    going = too_many(state.metrics.models)
    for stint in going:
        trainer.check()
        model_rewards_store.add(stint)
    staying = state.metrics.models[len(going) :]
    trainer.commit(replace(state, metrics=replace(state.metrics, models=staying)))


def remove_models(trainer: Trainer, configuration: Configuration, now_us: int) -> None:
    """Delete models that are too old, and then the references to them and what they earned.

    Models are listed first, then references, and what is published last: a model that is published again meanwhile is
    either found, or has another ETag by then.
    """
    rewards, models = model_rewards_store.list_all(), list(model_store.list_blobs())
    references = reference_store.list_etags()
    published, retention_us = published_store.read_published(), configuration.retention_us
    going = select_superseded_references(references, retention_us, now_us)
    staying = [reference for reference in references if reference not in going]
    named = name_blobs(trainer.state, published, _read_old(staying, now_us))
    for model in select_superseded(models, retention_us, now_us):
        if model.path not in named:
            trainer.check()
            model_store.remove(model)
    for reference in going:
        trainer.check()
        reference_store.remove(reference, references[reference])
    ids = {model.id for model in published.models} | {reference.model_id for reference in staying}
    for record in rewards:
        if record.model_id not in ids:
            trainer.check()
            model_rewards_store.remove(record)


def select_superseded(stored: Iterable[ModelBlob], retention_us: int | None, now_us: int) -> list[ModelBlob]:
    """The models no longer needed: all but those of the last day, and the last of each day within the retention.

    Descriptions stay for the whole retention, so that every model can still be made again.
    """
    models_of_day: dict[int, list[ModelBlob]] = {}
    for model in stored:
        if model.position_us < now_us - DAY:
            models_of_day.setdefault(model.position_us // DAY, []).append(model)
    going: list[ModelBlob] = []
    for day, models in models_of_day.items():
        last_us = max(model.position_us for model in models)
        is_old = retention_us is not None and (day + 1) * DAY < now_us - retention_us
        going.extend(model for model in models if is_old or (model.position_us < last_us and not model.is_description))
    return going


def select_superseded_references(
    stored: Iterable[StoredReference], retention_us: int | None, now_us: int
) -> set[StoredReference]:
    """The references no longer needed: all but those of the last day, and the last of each day within the retention."""
    going, days = set[StoredReference](), set[int]()
    for reference in sorted(stored, key=lambda each: each.since_us, reverse=True):
        day = reference.since_us // DAY
        is_old = retention_us is not None and (day + 1) * DAY < now_us - retention_us
        if is_old or (day in days and reference.since_us < now_us - DAY):
            going.add(reference)
        days.add(day)
    return going


def _read_old(references: Iterable[StoredReference], now_us: int) -> Iterable[ModelReference]:
    """The references to models whose blobs are more than a day old; younger blobs stay in any case."""
    old = [reference for reference in references if position_of(reference.model_id) < now_us - DAY]
    return reference_store.read(old).values()


def name_blobs(state: State, published: Published, others: Iterable[ModelReference]) -> set[str]:
    """The paths of the model blobs that are named, with their descriptions.

    Args:
        state: The commit record; that and what is published name models in use, in training and on trial.
        others: References that are documents of their own.
    """
    challenger = state.trial.challenger if state.trial else None
    all_cursors = (state.running, state.next, state.before_apprentice, challenger)
    cursors = [cursor for cursor in all_cursors if cursor is not None]
    on_trial = [published.trial.challenger] if published.trial else []
    publishing = [] if state.publishing is None else [state.publishing]
    references = [*published.models, *on_trial, *others, *publishing]
    models = [cursor.model for cursor in cursors if cursor.model is not None] + [model.files for model in references]
    models += [cursor.begun.model for cursor in cursors if cursor.begun is not None and cursor.begun.model is not None]
    named = {path for model in models for path in model.paths}
    return named | {model_store.description_path(path) for path in named}
