"""Counts metrics anew from the log, where the log is corrected otherwise since its events were joined.

An hour of bins is made anew at a time. It follows from the log and from what the bins say of outcomes alone, so after a
crash it is made again with the same result, and the position is committed after it. Events that no model has come to
yet have no outcome: of their parts, it is counted anew what becomes of them.
"""

import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace

from shared.log import log_line, log_store, manifest_store, ranked_line, stored_lines
from shared.log.corrected_lines import CorrectedLines
from shared.log.manifest import LogBlob
from shared.log.stored_lines import UnreadableLines
from shared.metrics import metrics_store
from shared.metrics.bins import Bin, Metrics, Pending, day_us
from shared.metrics.recount import LoggedBin, count_anew, is_countable
from shared.metrics.tally import Tally
from shared.times import HOUR
from shared.training.lease import Trainer
from shared.training.training_state import State

_SECONDS = 3.0
"""For so long a pass reads log; at least one hour of log."""


def go_on(trainer: Trainer, deleted_before_us: int) -> None:
    """Count more of the metrics anew, if there is anything to count, until the time of a pass is over.

    Raises:
        LeaseLost: Another trainer has taken over.
    """
    until = time.monotonic() + _SECONDS
    while (recount := trainer.state.recount) is not None and not recount.is_done:
        end_us, left = recount.to_us, list[int]()
        if bins := metrics_store.read_first_day(recount.up_to_us, end_us, trainer.state.metrics):
            from_us = bins[0].from_us
            end_us = min(end_us, from_us - from_us % HOUR + HOUR)
            of_hour = [a_bin for a_bin in bins if a_bin.from_us < end_us]
            left = _count_hour(trainer, of_hour, end_us, deleted_before_us)
        trainer.commit(replace(trainer.state, recount=recount.advance(end_us, left)))
        if time.monotonic() > until:
            return


def _count_hour(trainer: Trainer, bins: Sequence[Bin], to_us: int, deleted_before_us: int) -> list[int]:
    """Count bins of an hour anew; gives when those begin that cannot be, for the log has not all of their events."""
    state, from_us = trainer.state, bins[0].from_us
    log = _LogOfHour(state, from_us, to_us, deleted_before_us)
    logged, anew, left = log.bins(), dict[int, Bin](), list[int]()
    for before in bins:
        of_log = logged.get(before.from_us, LoggedBin(Bin(before.from_us), 0, 0, 0))
        if is_countable(before, of_log):
            anew[before.from_us] = count_anew(before, of_log)
        else:
            left.append(before.from_us)
    if any(day_us(a_bin.from_us) == day_us(from_us) for a_bin in state.metrics.bins):
        trainer.commit(replace(state, metrics=_put(state.metrics, anew, log.pending())))
    else:
        trainer.check()
        metrics_store.replace_bins(day_us(from_us), anew)
    return left


def _put(metrics: Metrics, anew: Mapping[int, Bin], pending: Sequence[Pending]) -> Metrics:
    """The metrics of the commit record with some bins, and with what waits to be learned of these, counted anew."""
    bins = tuple(anew.get(a_bin.from_us, a_bin) for a_bin in metrics.bins)
    others = [each for each in metrics.pending if each.bin_us not in anew]
    counted = [each for each in pending if each.bin_us in anew]
    return replace(metrics, bins=bins, pending=tuple(sorted([*others, *counted])))


class _LogOfHour:
    """The log of an hour as it is corrected now; a blob that is damaged or gone says nothing."""

    def __init__(self, state: State, from_us: int, to_us: int, deleted_before_us: int) -> None:
        self._from_us, self._to_us = max(from_us, deleted_before_us), to_us
        self._settled = Tally(0.0)
        self._waiting = {each.part_us: Tally(0.0) for each in state.metrics.pending}
        corrections = CorrectedLines(state.counted_under)
        blobs = list(manifest_store.list_blobs(from_us, to_us, deleted_before_us))
        for blob, content in zip(blobs, log_store.contents(blobs), strict=True):
            with suppress(UnreadableLines):
                self._add(blob, content, corrections.of_blob(blob))

    def bins(self) -> Mapping[int, LoggedBin]:
        """What the log says of each bin, by when the bin begins."""
        logged = dict(self._settled.count_log())
        for tally in self._waiting.values():
            for at_us, waiting in tally.count_log().items():
                before = logged.get(at_us)
                logged[at_us] = waiting.without_outcomes() if before is None else before.plus_waiting(waiting)
        return logged

    def pending(self) -> list[Pending]:
        """What waits to be learned."""
        return [each for part_us, tally in self._waiting.items() for each in tally.freeze(part_us).pending]

    def _add(self, blob: LogBlob, content: bytes, corrections: CorrectedLines) -> None:
        tally = self._waiting.get(blob.from_us, self._settled)
        for text in stored_lines.unpack(content):
            line = text.rstrip(b"\n")
            if log_line.is_event(line) and (event_and_line := ranked_line.find(line)) is not None:
                event, read = event_and_line
                if self._from_us <= event.at_us < self._to_us:
                    tally.add_corrected(event, event.kind, corrections.correct(read, blob.rewards))
