"""A model is made again: from the nearest earlier training state, over the same log, in the same driver runs."""

import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shared.configuration import configuration_store
from shared.configuration.configuration import RewardSettings
from shared.configuration.reward_aggregation import Aggregation
from shared.configuration.service_configuration import LearningMode
from shared.errors import LoopError
from shared.learner import cpu, weights, work_folder
from shared.log import log_store
from shared.log.log_store import LogBlob
from shared.models import model_store, published_store
from shared.models.model_store import Described
from shared.models.published import ModelFiles, ModelReference, Origin
from shared.times import from_iso
from shared.training.training_state import Cursor
from train_timer import training

TOLERANCE = 1e-3
"""How far weights may be apart where bytes cannot be the same."""


class CannotReplay(LoopError):
    """A model that cannot be made again; says why."""


@dataclass(frozen=True, slots=True)
class Replayed:
    """What came of it.

    Attributes:
        identical: Whether training state and model have the same bytes as those that are kept.
        excuses: Why they may differ nevertheless; empty if they may not.
        difference: The largest difference between two weights; None if the bytes are the same.
    """

    identical: bool
    excuses: Sequence[str]
    difference: float | None

    @property
    def holds(self) -> bool:
        """Whether it is the same model, as far as it can be."""
        return self.identical or (bool(self.excuses) and self.difference is not None and self.difference <= TOLERANCE)


def replay(model_id: str, say: Callable[[str], None]) -> Replayed:
    """Make a model again, and compare it with the one that is kept; nothing in storage changes.

    Args:
        say: Hears what goes on, line by line.

    Raises:
        CannotReplay: There is no such model, or not all it was made from is kept.
        DamagedModel: It, or what it was made from, is not what it was.
    """
    wanted = _described(model_id)
    steps = _steps(wanted)
    found = _log_of(steps)
    begin = steps[0].told["lineage"]["state"]
    say(f"Begins with {begin or 'an empty model'}: {len(steps)} runs of the driver, {len(found)} parts of the log.")
    with work_folder.folder() as name:
        folder = Path(name)
        if begin is not None:
            model_store.fetch(begin, folder / training.OLD)
        for number, step in enumerate(steps, 1):
            trained = _run(step, [found[path] for path in step.told["lineage"]["logs"]], folder)
            say(f"{number} of {len(steps)}: up to {step.told['learnedUpTo']}, {trained} events")
        return _compared(wanted, folder, _excuses(steps, found))


def _described(model_id: str) -> Described:
    """What is told of a model that was published, or is kept.

    Raises:
        CannotReplay: There is none of that id, or it was not made here.
    """
    published = published_store.read_published()
    known = [one for one in (published.model, *published.previous) if one is not None]
    reference = next((one for one in known if one.id == model_id), None)
    if reference is None:
        kept = model_store.of_id(model_id)
        if kept is None:
            raise CannotReplay(f"There is no model {model_id}. Those that are known:\n" + _told(known))
        return kept
    found = model_store.described(reference.state_blob)
    if reference.origin is Origin.IMPORTED or found is None:
        raise CannotReplay(f"Model {model_id} was not trained here but came from outside, so it cannot be made again.")
    return found


def _told(known: Sequence[ModelReference]) -> str:
    return "\n".join(f"  {one.id}  {one.origin}, {one.learned_events} events" for one in known) or "  none"


def _steps(wanted: Described) -> list[Described]:
    """The driver runs that lead from the nearest earlier state that is kept to a model, in order."""
    steps = [wanted]
    while (before := steps[0].told["lineage"]["state"]) is not None and not model_store.is_kept(before):
        found = model_store.described(before)
        if found is None:
            raise CannotReplay(
                f"What it was made from is not kept any more: {before} is gone, and how that was made too."
            )
        steps.insert(0, found)
    return steps


def _log_of(steps: Sequence[Described]) -> Mapping[str, LogBlob]:
    """The parts of the log that were learned, by path."""
    paths = [path for step in steps for path in step.told["lineage"]["logs"]]
    ranges = [log_store.range_of(path) for path in paths]
    deleted_us = configuration_store.read_configuration().logs_deleted_before_us
    listed = log_store.listed(min(start for start, _ in ranges), max(end for _, end in ranges), deleted_us)
    found = {blob.path: blob for blob in listed}
    gone = [path for path in paths if path not in found]
    if gone:
        raise CannotReplay(
            f"The log that it learned from is not kept any more: {len(gone)} parts are gone, first {gone[0]}."
        )
    return {path: found[path] for path in paths}


def _run(step: Described, blobs: Sequence[LogBlob], folder: Path) -> int:
    """One run of the driver; its state is the old one of the next. Gives how many events it has learned."""
    trained, _ = training.drive(_cursor(step.told), blobs, folder)
    shutil.copyfile(folder / training.NEW, folder / training.OLD)
    return trained.learned


def _cursor(told: Mapping[str, Any]) -> Cursor:
    """The cursor that a model was trained by; versions before learning modes tell none, and had only the first."""
    rewards, before = told["rewards"], told["lineage"]["state"]
    return Cursor(
        generation=0,
        revision=told["revision"],
        arguments=told["arguments"],
        exploration=told["exploration"],
        rewards=RewardSettings(rewards["wait_us"], rewards["default"], Aggregation(rewards["aggregation"])),
        learned_up_to_us=from_iso(told["learnedUpTo"]),
        model=None if before is None else ModelFiles.at(before, "", events=0),
        mode=LearningMode(told.get("mode", LearningMode.ONLINE)),
    )


def _excuses(steps: Sequence[Described], found: Mapping[str, LogBlob]) -> list[str]:
    here = cpu.kind()
    others = {step.told.get("processor", "unknown") for step in steps} - {here}
    redacted = sorted(path for path, blob in found.items() if blob.redacted)
    excuses = [f"it was made on another kind of processor ({other}; here: {here})" for other in sorted(others)]
    return excuses + [f"the log was redacted since ({path})" for path in redacted]


def _compared(wanted: Described, folder: Path, excuses: Sequence[str]) -> Replayed:
    kept, made = folder / "kept.vw", folder / training.NEW
    model_store.fetch(wanted.state_blob, kept)
    predictor = model_store.intact(wanted.predictor_blob)
    if kept.read_bytes() == made.read_bytes() and predictor == (folder / training.PREDICTOR).read_bytes():
        return Replayed(True, excuses, None)
    return Replayed(False, excuses, weights.largest_difference(kept, made))
