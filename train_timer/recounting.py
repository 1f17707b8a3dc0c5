"""Counts metrics anew from the log, where the log is corrected otherwise since its events were joined.

An hour of bins is made anew at a time. It follows from the log and from what the bins say of outcomes alone, so after a
crash it is made again with the same result, and the position is committed after it.
"""

import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace

from shared.configuration.corrections import Correction
from shared.log import log_line, log_store, manifest_store, ranked_line, stored_lines
from shared.log.manifest import LogBlob
from shared.log.quarantined_lines import QuarantinedLines
from shared.log.stored_lines import UnreadableLines
from shared.metrics import metrics_store
from shared.metrics.bins import Bin, day_us
from shared.metrics.recount import LoggedBin, count_anew, is_countable
from shared.metrics.tally import Tally
from shared.times import HOUR
from shared.training.lease import Trainer

_SECONDS = 3.0
"""For so long a pass reads log; at least one hour of log."""


def go_on(trainer: Trainer, deleted_before_us: int) -> None:
    """Count more of the metrics anew, if there is anything to count, until the time of a pass is over.

    Events that are joined and not learned yet have no outcome. They are counted once the model in use has come to them.

    Raises:
        LeaseLost: Another trainer has taken over.
    """
    until = time.monotonic() + _SECONDS
    while (recount := trainer.state.recount) is not None and not recount.is_done:
        end_us = min(recount.to_us, recount.up_to_us - recount.up_to_us % HOUR + HOUR)
        if any(pending.bin_us < end_us for pending in trainer.state.metrics.pending):
            return
        left = _count_hour(trainer, recount.up_to_us, end_us, deleted_before_us)
        trainer.commit(replace(trainer.state, recount=recount.advance(end_us, left)))
        if time.monotonic() > until:
            return


def _count_hour(trainer: Trainer, from_us: int, to_us: int, deleted_before_us: int) -> Sequence[int]:
    """Count bins of an hour anew; gives when those begin that cannot be, for the log has not all of their events."""
    state = trainer.state
    bins = metrics_store.read_bins(from_us, to_us, state.metrics)
    if not bins:
        return ()
    logged = _read_log(from_us, to_us, state.counted_under, deleted_before_us)
    anew, left = dict[int, Bin](), list[int]()
    for before in bins:
        of_log = logged.get(before.from_us, LoggedBin(Bin(before.from_us), 0, 0, 0))
        if is_countable(before, of_log):
            anew[before.from_us] = count_anew(before, of_log)
        else:
            left.append(before.from_us)
    _write(trainer, day_us(from_us), anew)
    return left


def _write(trainer: Trainer, day: int, anew: Mapping[int, Bin]) -> None:
    """Put bins in the place of those before, in the commit record or in the document of their day."""
    metrics = trainer.state.metrics
    if any(day_us(a_bin.from_us) == day for a_bin in metrics.bins):
        bins = tuple(anew.get(a_bin.from_us, a_bin) for a_bin in metrics.bins)
        trainer.commit(replace(trainer.state, metrics=replace(metrics, bins=bins)))
        return
    trainer.check()
    metrics_store.replace_bins(day, anew)


def _read_log(
    from_us: int, to_us: int, corrections: Sequence[Correction], deleted_before_us: int
) -> Mapping[int, LoggedBin]:
    """What the log says of the bins of a range; a blob that is damaged or gone says nothing."""
    tally = Tally(0.0)
    blobs = list(manifest_store.list_blobs(from_us, to_us, deleted_before_us))
    for blob, content in zip(blobs, log_store.contents(blobs), strict=True):
        with suppress(UnreadableLines):
            _add(tally, blob, content, QuarantinedLines(corrections), max(from_us, deleted_before_us), to_us)
    return tally.count_log()


def _add(tally: Tally, blob: LogBlob, content: bytes, quarantines: QuarantinedLines, from_us: int, to_us: int) -> None:
    within = quarantines.of_blob(blob)
    for text in stored_lines.unpack(content):
        line = text.rstrip(b"\n")
        if log_line.is_event(line):
            event, read = ranked_line.read(line)
            if from_us <= event.at_us < to_us:
                tally.add_event(event, event.kind, read, quarantined=within.holds(line))
