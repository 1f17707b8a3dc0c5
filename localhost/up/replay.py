"""`replay`: make a model again from its log, on this machine's loop or on a deployed one, and compare."""

import os
from dataclasses import dataclass
from pathlib import Path

from localhost.data_folder import storage_folder
from localhost.environment import STORAGE, choose_settings, stores_in_data_folder
from localhost.failures import StartFailure
from localhost.setup.places import PLACES

DIFFERENT, REFUSED = 1, 2
_REDACTED = "the model learned from what is no longer in the log, and another model is made of what is left."


@dataclass(frozen=True, slots=True)
class Replay:
    """What to make again.

    Attributes:
        model: The model's id.
        data: The folder of `up`, whose data are used if no other storage is chosen.
    """

    model: str
    data: Path


def replay(command: Replay) -> int:
    """Make a model again, say what came of it, and give the exit code: 0 if it is the same model.

    Raises:
        StartFailure: Storage cannot be reached.
    """
    from shared.storage.paths import DEFAULT, in_loop

    _choose_storage(command.data)
    with in_loop(DEFAULT):
        from shared.learner.training import TrainingFailed
        from shared.models.model_store import DamagedModel
        from train_timer.model_replay import CannotReplay

        try:
            return _replay_line(command.model)
        except CannotReplay as problem:
            print(f"\n{problem}\n  Next step: choose another model by --model; GET /rankloop/v1/models lists them all.")
        except (DamagedModel, TrainingFailed) as problem:
            print(f"\n{problem}\n  Next step: bring the blob back from a backup, or choose another model by --model.")
        return REFUSED


def _replay_line(model: str) -> int:
    from train_timer.model_replay import TOLERANCE, replay

    made = replay(model, lambda line: print(line, flush=True))
    for excuse in made.excuses:
        print(f"Bytes need not be the same: {excuse}.")
    if made.identical:
        print(f"\nThe same: model {model} and its training state were made again byte by byte.")
        return 0
    if made.holds:
        print(f"\nThe same within {TOLERANCE}: the largest difference between two weights is {made.difference:.2g}.")
        return 0
    if made.redacted:
        print(f"\nCannot be compared: {_REDACTED} The largest difference between two weights is {made.difference:.2g}.")
        return REFUSED
    print(f"\nDIFFERENT: the largest difference between two weights is {made.difference:.2g}.")
    return DIFFERENT


def _choose_storage(data: Path) -> None:
    """Make the storage of a loop that of this process."""
    settings = choose_settings(PLACES.work)
    if stores_in_data_folder(settings):
        folder = storage_folder(data)
        if not folder.exists():
            raise StartFailure(
                f"There is no loop in {data}.", f"Choose the folder of `up` by --data, or set {STORAGE}."
            )
        settings = {STORAGE: str(folder)}
    os.environ |= {name: value for name, value in settings.items() if name.startswith(STORAGE)}
