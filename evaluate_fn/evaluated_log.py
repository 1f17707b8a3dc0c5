"""The log that an evaluation reads: the loop's own, or the one that was made of imported files."""

from collections.abc import Iterator
from typing import Protocol

from shared.configuration.configuration import RewardSettings
from shared.errors import LoopError
from shared.evaluation.evaluation import Evaluation
from shared.evaluation.whole_log import AS_LABELLED
from shared.imports import import_run_store
from shared.imports.import_outcome import Gathered
from shared.log import log_store, manifest_store


class LogChanged(LoopError):
    """The log that is evaluated is not what it was when the evaluation began."""

    def __init__(self) -> None:
        super().__init__("The log that was to be evaluated was deleted or changed meanwhile.")


class EvaluatedBlobs(Protocol):
    """The blobs of a log.

    Attributes:
        joined_under: The reward settings under which each was joined, in the order of the log.
    """

    joined_under: tuple[RewardSettings | None, ...]

    def contents(self) -> Iterator[bytes]:
        """Read each blob, gzip as stored; may be called again for another pass.

        Raises:
            LogChanged: A blob was deleted.
        """


class OwnLog:
    """The part of the loop's own log that is evaluated."""

    def __init__(self, evaluation: Evaluation) -> None:
        """Find the blobs of the log."""
        log = evaluation.log
        self._blobs = (
            list(manifest_store.list_blobs(log.from_us, log.to_us, log.from_us)) if log.to_us > log.from_us else []
        )
        self.joined_under = tuple(blob.rewards for blob in self._blobs)

    def contents(self) -> Iterator[bytes]:
        """See `EvaluatedBlobs`."""
        return _demand_all(log_store.contents(self._blobs))


class ImportedLog:
    """The log that was made of imported files; without any blob before it was made."""

    def __init__(self, imported: Evaluation, gathered: Gathered | None) -> None:
        """Take what was gathered."""
        self._imported, self._gathered = imported, gathered
        self.joined_under: tuple[RewardSettings | None, ...] = (AS_LABELLED,) * (gathered.files if gathered else 0)

    def contents(self) -> Iterator[bytes]:
        """See `EvaluatedBlobs`."""
        return _demand_all(import_run_store.read_log(self._imported, self._gathered) if self._gathered else ())


def _demand_all(contents: Iterator[bytes | None] | Iterator[bytes] | tuple[()]) -> Iterator[bytes]:
    for stored in contents:
        if not stored:
            raise LogChanged
        yield stored
