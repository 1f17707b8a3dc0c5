"""The ids of earlier log: which events and which observations were logged already."""

from array import array
from collections.abc import Iterable, Iterator, Sequence

from shared.log import log_line, log_store, manifest_store, marks, marks_store
from shared.log.log_store import DamagedLog
from shared.log.marks import Run
from shared.training.lease import Trainer

_MOST_BYTES = 64 * 1024 * 1024
"""What is kept in memory between parts and runs; runs beyond are read anew for each part."""


class LoggedIds:
    """The marks of log, as one process knows them."""

    def __init__(self) -> None:
        self._runs: dict[str, Run] = {}
        self._loaded: dict[str, array[int]] = {}

    def list_anew(self) -> None:
        """List the runs in storage; another trainer may have come between."""
        self._set(marks_store.list_runs())

    def add(self, from_us: int, to_us: int, of_part: Sequence[int], shard: int | None = None) -> None:
        """Store the marks of a part, or of a shard of it."""
        if of_part:
            run = marks_store.create(from_us, to_us, of_part, shard)
            self._runs[run.path] = run

    def find(self, wanted: set[int], before_us: int, lookback_us: int, deleted_before_us: int) -> set[int]:
        """Find which marks are in the log of a lookback; `wanted` are looked for at once, since all may be read anew.

        Args:
            before_us, lookback_us, deleted_before_us: As in `marks.select`.
        """
        in_order, logged = sorted(wanted), set[int]()
        for run in marks.select(self._runs.values(), before_us, lookback_us, deleted_before_us):
            if (loaded := self._load(run)) is not None:
                logged.update(marks.search(loaded, wanted, in_order))
                continue
            for chunk in marks_store.read_chunks(run):
                logged.update(marks.search(chunk, wanted, in_order))
        return logged

    def merge(self, trainer: Trainer, lookback_us: int) -> None:
        """Make one run of the runs of each step of time that is over.

        Raises:
            LeaseLost: Another trainer has taken over.
        """
        while groups := marks.group(self._runs.values(), lookback_us, trainer.state.joined_up_to_us):
            for runs in groups:
                trainer.check()
                merged = marks_store.merge_runs(runs)
                self._set([run for run in self._runs.values() if run not in runs] + [merged])

    def forget(self, trainer: Trainer, before_us: int) -> None:
        """Delete the runs that ended before a moment.

        Raises:
            LeaseLost: Another trainer has taken over.
        """
        for run in list(self._runs.values()):
            if run.to_us <= before_us:
                trainer.check()
                marks_store.remove(run)
                del self._runs[run.path]
        self._set(self._runs.values())

    def _set(self, runs: Iterable[Run]) -> None:
        self._runs = {run.path: run for run in sorted(runs, key=lambda run: run.from_us)}
        self._loaded = {path: loaded for path, loaded in self._loaded.items() if path in self._runs}

    def _load(self, run: Run) -> array[int] | None:
        """The marks of a run, from memory or read into it; None if there is no room."""
        if run.path not in self._loaded:
            if run.size_bytes + sum(len(loaded) for loaded in self._loaded.values()) * marks.BYTES > _MOST_BYTES:
                return None
            self._loaded[run.path] = marks_store.read(run)
        return self._loaded[run.path]


def mark_earlier_log(since_us: int, to_us: int, deleted_before_us: int) -> list[DamagedLog]:
    """Make the marks of log that an earlier version has written without; gives the log that cannot be read."""
    damages = []
    for blob in manifest_store.list_blobs(since_us, to_us, deleted_before_us):
        of_blob = list[int]()
        try:
            for line in log_store.lines(blob):
                of_blob.extend(_marks_of(line))
        except DamagedLog as damage:
            damages.append(damage)
        if of_blob:
            marks_store.create(blob.from_us, blob.to_us, of_blob, blob.shard)
    return damages


def _marks_of(line: bytes) -> Iterator[int]:
    try:
        ids = log_line.read_ids(line)
    except (KeyError, TypeError, ValueError):  # no line of the loop
        return
    if ids.late is None:
        yield marks.event_mark(ids.event_id)
    for observation_id in ids.observation_ids:
        yield marks.observation_mark(ids.event_id, observation_id)
