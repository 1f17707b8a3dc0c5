"""Log that is damaged in storage: it is passed over, and its owner is told until it is mended or gone."""

from collections.abc import Sequence

from shared.errors import LoopError
from shared.log import manifest_store
from shared.log.log_store import DamagedLog
from shared.log.manifest import LogBlob
from shared.storage import clock
from shared.training.lease import Trainer
from shared.training.trouble import Subject
from shared.words import pluralize
from train_timer.attempts import Attempts


class LogPassedOver(LoopError):
    """Log blobs that nobody can read."""

    def __init__(self, damaged: Sequence[LogBlob]) -> None:
        first, others = DamagedLog(damaged[0]), len(damaged) - 1
        more = f", and {pluralize(others, 'more log blob', 'more log blobs')}" if others else ""
        super().__init__(f"{first}{more}")


def pass_over(trainer: Trainer, damage: DamagedLog) -> None:
    """Note a log blob that proved to be damaged: in its manifest, so that nothing reads it again, and as trouble.

    Raises:
        LeaseLost: Another trainer has taken over.
    """
    manifest_store.put(damage.blob, trainer.check)
    record(trainer, [damage.blob])


def record(trainer: Trainer, damaged: Sequence[LogBlob]) -> None:
    """Record damaged log blobs as trouble, if there are any.

    Raises:
        LeaseLost: Another trainer has taken over.
    """
    if damaged:
        Attempts(trainer, clock.now_us).fail(Subject.LOG, str(LogPassedOver(damaged)))


def check(trainer: Trainer, deleted_before_us: int) -> None:
    """Look whether there still is damaged log.

    Raises:
        LogPassedOver: There is.
    """
    damaged = list(manifest_store.list_damaged(0, trainer.state.joined_up_to_us, deleted_before_us))
    if damaged:
        raise LogPassedOver(damaged)
