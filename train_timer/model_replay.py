"""The replay of a model: it is made again from the nearest earlier training state, over the same log."""

import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from shared.configuration import configuration_store
from shared.errors import LoopError
from shared.learner import cpu, weights, work_folder
from shared.log import log_listing_store, manifest
from shared.log.manifest import LogBlob
from shared.models import model_store, published_store, reference_store
from shared.models.model_description import ModelDescription
from shared.models.model_store import DescribedModel
from shared.models.published import ModelFiles, ModelReference, Origin
from shared.models.replacement import find_model
from shared.storage import loop_threads
from shared.times import to_iso
from shared.training.cursor import Cursor
from train_timer.driver_run import NEW, OLD, PREDICTOR, drive
from train_timer.pieces import Piece

_AT_ONCE = 8
_TIMEOUT = timedelta(hours=1)
TOLERANCE = 1e-3
"""The largest difference between two weights of the same model, where its bytes may differ."""


class CannotReplay(LoopError):
    """A model that cannot be made again; its text says why."""


@dataclass(frozen=True, slots=True)
class ReplayResult:
    """A comparison of the model that was made again with the stored model.

    Attributes:
        identical: Whether training state and predictor have the same bytes as the stored files.
        excuses: Why the bytes may differ nevertheless; empty if they may not.
        redacted: Whether the log was redacted since, so that another model is no sign of a fault.
        difference: The largest difference between two weights; None if the bytes are the same.
    """

    identical: bool
    excuses: Sequence[str]
    redacted: bool
    difference: float | None

    @property
    def holds(self) -> bool:
        """Whether both are the same model, as far as they can be."""
        return self.identical or (bool(self.excuses) and self.difference is not None and self.difference <= TOLERANCE)


def replay(model_id: str, say: Callable[[str], None]) -> ReplayResult:
    """Make a model again, and compare it with the stored model; nothing in storage changes.

    Args:
        say: Is given the progress, line by line.

    Raises:
        CannotReplay: No model has the id, or some of what it was made from is gone.
        DamagedModel: The model, or the training state that it was made from, was changed in storage.
    """
    model = _find(model_id)
    steps = _steps(model)
    blobs = _log_of(steps)
    begin = steps[0].description.earlier_state
    say(f"Begins with {begin or 'an empty model'}: {len(steps)} runs of the driver, {len(blobs)} parts of the log.")
    with work_folder.folder() as name:
        folder = Path(name)
        if begin is not None:
            model_store.fetch(begin, folder / OLD)
        for number, step in enumerate(steps, 1):
            trained = _run(step.description, [blobs[path] for path in step.description.logs], folder)
            up_to = to_iso(step.description.learned_up_to_us)
            say(f"{number} of {len(steps)}: up to {up_to}, {trained} events")
        return _compare(model, folder, _excuses(steps, blobs), redacted=any(blob.redacted for blob in blobs.values()))


def _find(model_id: str) -> DescribedModel:
    """The model of an id, published or not, with its description.

    Raises:
        CannotReplay: No model has the id, or it was not made here.
    """
    published = published_store.read_published()
    references = published.models
    reference = find_model(published, model_id) or reference_store.find(model_id)
    if reference is None:
        model = model_store.find_described_by_id(model_id)
        if model is None:
            raise CannotReplay(f"There is no model {model_id}. The models of this loop:\n" + _list(references))
        return model
    model = model_store.read_described(reference.state_blob)
    if reference.origin is Origin.IMPORTED or model is None:
        raise CannotReplay(f"Model {model_id} was not trained here but came from outside, so it cannot be made again.")
    return model


def _list(models: Sequence[ModelReference]) -> str:
    return "\n".join(f"  {model.id}  {model.origin}, {model.learned_events} events" for model in models) or "  none"


def _steps(model: DescribedModel) -> list[DescribedModel]:
    """The driver runs that lead from the nearest earlier training state in storage to a model, in order."""
    steps = [model]
    while (before := steps[0].description.earlier_state) is not None and not model_store.exists(before):
        step = model_store.read_described(before)
        if step is None:
            raise CannotReplay(
                f"The training state before it is no longer in storage, and has no description either: {before}."
            )
        steps.insert(0, step)
    return steps


def _log_of(steps: Sequence[DescribedModel]) -> Mapping[str, LogBlob]:
    """The log blobs that were learned, by path; each is asked itself, for a replay is a check of what storage has."""
    paths = [path for step in steps for path in step.description.logs]
    deleted_us = configuration_store.read_configuration().logs_deleted_before_us
    places = map(manifest.place_of, paths)
    stored = loop_threads.at_once(lambda place: log_listing_store.read_log_blob(*place), places, _AT_ONCE)
    blobs = {blob.path: blob for blob in stored if blob is not None and blob.to_us > deleted_us and not blob.damaged}
    gone = [path for path in paths if path not in blobs]
    if gone:
        raise CannotReplay(
            f"The log that it learned from is no longer in storage: {len(gone)} parts are gone, first {gone[0]}."
        )
    return {path: blobs[path] for path in paths}


def _run(step: ModelDescription, blobs: Sequence[LogBlob], folder: Path) -> int:
    """Run the driver once; its new state is the old state of the next run. Gives how many events it has learned."""
    first_line, after_line = step.lines or (0, None)
    piece = Piece(tuple(blobs), step.learned_up_to_us, first_line, after_line)
    is_changed = any(blob.redacted for blob in blobs)  # then lines have other places
    left_out = {} if is_changed else {path: frozenset(places) for path, places in step.left_out.items()}
    run = drive(_cursor(step), piece, folder, _TIMEOUT, left_out)
    shutil.copyfile(folder / NEW, folder / OLD)
    return run.trained.learned


def _cursor(step: ModelDescription) -> Cursor:
    """The cursor that a model was trained by."""
    return Cursor(
        generation=0,
        revision=step.revision,
        arguments=step.arguments,
        exploration=step.exploration,
        rewards=step.rewards,
        learned_up_to_us=step.learned_up_to_us,
        model=None if step.earlier_state is None else ModelFiles.at(step.earlier_state, "", events=0),
        mode=step.mode,
        corrections=step.corrections,
    )


def _excuses(steps: Sequence[DescribedModel], blobs: Mapping[str, LogBlob]) -> list[str]:
    here = cpu.kind()
    others = {step.description.processor for step in steps} - {here}
    redacted = sorted(path for path, blob in blobs.items() if blob.redacted)
    excuses = [f"it was made on another kind of processor ({other}; here: {here})" for other in sorted(others)]
    return excuses + [f"the log was redacted since ({path})" for path in redacted]


def _compare(model: DescribedModel, folder: Path, excuses: Sequence[str], *, redacted: bool) -> ReplayResult:
    stored, made = folder / "stored.vw", folder / NEW
    model_store.fetch(model.state_blob, stored)
    predictor = model_store.read_intact(model.description.predictor_blob)
    if stored.read_bytes() == made.read_bytes() and predictor == (folder / PREDICTOR).read_bytes():
        return ReplayResult(True, excuses, redacted, None)
    return ReplayResult(False, excuses, redacted, weights.largest_difference(stored, made))
