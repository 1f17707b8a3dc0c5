"""Keeps the metrics of the last day up with the log: from the parts that are joined, or by reading the log.

A pass adds the parts that it joins, as long as everything before them is there. What is not (since an earlier version
has run the loop, a trainer died before it wrote, log was deleted, redacted or put into quarantine) is read from the log
instead, some of it in each pass; until that has caught up, parts that are joined are read from the log, too.
"""

import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import groupby

from shared.configuration.configuration import RewardSettings
from shared.log import log_line, log_store, manifest_store, ranked_line, stored_lines
from shared.log.corrected_lines import CorrectedLines
from shared.log.manifest import LogBlob
from shared.log.stored_lines import UnreadableLines
from shared.metrics import recent_store
from shared.metrics.bins import Bin, Details
from shared.metrics.breakdown import Step
from shared.metrics.recent import Recent, by_hours, oldest_us
from shared.metrics.shards import combine_details
from shared.metrics.tally import Tally
from shared.storage.json_documents import UnreadableDocument
from shared.storage.storage_answers import ChangedMeanwhile
from shared.training.lease import LeaseLost, Trainer
from train_timer import collapse_search

_SECONDS = 3.0
"""For so long a pass reads log; at least one part."""
_MOST_HOURS = 3
_MOST_PARTS = 100
"""So much is held in memory; what a pass joins beyond it is read from the log."""


@dataclass(frozen=True, slots=True)
class _Piece:
    """What a part that ends at a log position adds to an hour."""

    to_us: int
    bins: Sequence[Bin]
    steps: Sequence[Step]


class LastDay:
    """The metrics of the last day, in one pass.

    Args:
        trainer: Holds the lease.
        deleted_before_us: The configuration's `logs_deleted_before_us`.
        watermark_us: No part ends later.
    """

    def __init__(self, trainer: Trainer, deleted_before_us: int, watermark_us: int) -> None:
        recent = trainer.state.recent
        self._trainer = trainer
        self._corrections = CorrectedLines(trainer.state.counted_under)
        self._deleted_before_us = deleted_before_us
        self._oldest_us = oldest_us(watermark_us)
        self._recent = recent if recent is None or recent.from_us >= deleted_before_us else None
        self._is_complete = self._recent is not None and self._recent.up_to_us == trainer.state.joined_up_to_us
        self._pieces: dict[int, list[_Piece]] = {}
        self._parts = 0

    def add(self, details: Details | None, from_us: int, to_us: int) -> None:
        """Add a part that is committed, if all before it is there; nothing is read or written.

        Args:
            details: None if they are not known.
        """
        if details is None or self._parts == _MOST_PARTS:
            self._is_complete = False
        if self._is_complete and self._recent is not None and details is not None:
            self._recent = self._plus(self._recent, details, from_us, to_us)

    def follow(self) -> None:
        """Write what was added, or read on in the log for some seconds.

        Raises:
            LeaseLost: Another trainer has taken over.
        """
        try:
            self._follow(self._trainer.state.joined_up_to_us)
        except UnreadableDocument:
            self._trainer.commit(replace(self._trainer.state, recent=None))  # the next pass begins anew

    def _follow(self, joined_us: int) -> None:
        if self._recent is None and joined_us:
            self._recent = self._begin(joined_us)
        if self._recent is None:
            return
        if not self._is_complete:
            self._save(self._recent)
            self._recent = self._read_log(self._recent, joined_us)
        elif self._recent.up_to_us < joined_us:
            self._recent = replace(self._recent, up_to_us=joined_us)
        self._save(collapse_search.search(self._recent, self._deleted_before_us, self._corrections))

    def _begin(self, joined_us: int) -> Recent:
        """Begin anew, with what the log has of the last day.

        Raises:
            LeaseLost: The hours are another trainer's now.
        """
        self._trainer.check()
        recent_store.remove_all()
        from_us = max(0, oldest_us(joined_us), self._deleted_before_us)
        return Recent(from_us, min(from_us, joined_us))

    def _read_log(self, recent: Recent, joined_us: int) -> Recent:
        """Add the parts that the log has, until the time is over."""
        until = time.monotonic() + _SECONDS
        for (from_us, to_us), blobs in _parts(recent.up_to_us, joined_us, self._deleted_before_us):
            corrections = self._corrections.within(from_us, to_us)
            recent = self._plus(recent, _read_part(blobs, self._deleted_before_us, corrections), from_us, to_us)
            if len(self._pieces) > _MOST_HOURS:
                self._save(recent)
            if time.monotonic() > until:
                return recent
        self._is_complete = True
        return replace(recent, up_to_us=joined_us)

    def _plus(self, recent: Recent, details: Details, from_us: int, to_us: int) -> Recent:
        self._parts += 1
        for start_us, piece in by_hours(details).items():
            if start_us >= self._oldest_us:
                self._pieces.setdefault(start_us, []).append(_Piece(to_us, piece.bins, piece.steps))
        return recent.plus(details, from_us, to_us)

    def _save(self, recent: Recent) -> None:
        """Write the hours, then commit the position; after a crash in between, no hour gets a part twice.

        Raises:
            LeaseLost: Another trainer has written an hour meanwhile.
        """
        if recent == self._trainer.state.recent:
            return
        try:
            for start_us, pieces in self._pieces.items():
                self._trainer.check()
                _add(start_us, pieces, recent.up_to_us)
        except ChangedMeanwhile as error:
            raise LeaseLost("another trainer has written the metrics of the last day") from error
        self._pieces.clear()
        self._parts = 0
        self._trainer.commit(replace(self._trainer.state, recent=recent))


def _add(start_us: int, pieces: Sequence[_Piece], up_to_us: int) -> None:
    """Add to an hour the parts that it has not yet."""
    hour, etag = recent_store.read(start_us)
    new = [piece for piece in pieces if piece.to_us > hour.up_to_us]
    if not new:
        return
    bins = [a_bin for piece in new for a_bin in piece.bins]
    steps = [step for piece in new for step in piece.steps]
    recent_store.write(replace(hour.plus(bins, steps), up_to_us=up_to_us), etag)


def _parts(from_us: int, to_us: int, deleted_before_us: int) -> Iterator[tuple[tuple[int, int], Sequence[LogBlob]]]:
    """The log blobs of each part that ends between two log positions, with the part's ends."""
    listed = manifest_store.list_blobs(from_us, to_us, deleted_before_us)
    wanted = (blob for blob in listed if from_us < blob.to_us <= to_us)
    for ends, blobs in groupby(wanted, key=lambda blob: (blob.from_us, blob.to_us)):
        yield ends, list(blobs)


def _read_part(blobs: Sequence[LogBlob], deleted_before_us: int, corrections: CorrectedLines) -> Details:
    """What a part adds, by its log; a blob that is damaged or gone adds nothing."""
    shards = []
    for blob, content in zip(blobs, log_store.contents(blobs), strict=True):
        with suppress(UnreadableLines):
            lines = stored_lines.unpack(content)
            shards.append(read_details(lines, deleted_before_us, corrections, blob.rewards))
    return combine_details(shards) or Details()


def read_details(
    lines: Iterator[bytes], deleted_before_us: int, corrections: CorrectedLines, rewards: RewardSettings | None
) -> Details:
    """What some log adds to the metrics of the last day, by its lines; what is no line of the loop adds nothing.

    Args:
        rewards: Those by which the lines are labelled; None if that is lost.

    Raises:
        UnreadableLines: The lines are damaged.
    """
    tally = Tally(0.0)
    for text in lines:
        line = text.rstrip(b"\n")
        if not log_line.is_event(line):
            with suppress(*log_line.NO_LINE):
                observation, late = log_line.read_lone(line)
                if observation.at_us >= deleted_before_us:
                    tally.add_lone(observation.at_us, late=late)
        elif (event_and_line := ranked_line.find(line)) is not None:
            event, read = event_and_line
            if event.at_us >= deleted_before_us:
                tally.add_corrected(event, event.kind, corrections.correct(read, rewards))
    return tally.details()
