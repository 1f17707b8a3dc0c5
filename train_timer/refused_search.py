"""The search for the lines of a log blob that Vowpal Wabbit refuses, which are set aside with the reasons."""

import time
from collections.abc import Collection, Iterator
from datetime import timedelta
from typing import Any

from shared.learner import training
from shared.learner.arguments import parse
from shared.learner.training import TookTooLong
from shared.log import log_line, log_store
from shared.log.manifest import LogBlob
from shared.training.cursor import Cursor

_MOST_LINES, _MOST_BYTES = 20_000, 16 * 1024 * 1024
"""Bounds of the lines that are tried together, and are in memory; only a single line may be longer."""


def search(
    blob: LogBlob, learner: Cursor, lines: range, left_out: Collection[int], timeout: timedelta
) -> dict[int, str]:
    """Find lines of a log blob that Vowpal Wabbit refuses, and set them aside; gives the reasons by their places.

    Args:
        lines: The places of the lines that are tried.
        left_out: Places of lines that are not tried.

    Raises:
        TookTooLong: The search has not ended after the timeout.
        TrainingFailed: Training fails even without lines.
        DamagedLog: The lines cannot be read.
    """
    arguments = parse(learner.arguments).with_epsilon(learner.exploration)
    until, reasons, texts = time.monotonic() + timeout.total_seconds(), dict[int, str](), dict[int, str]()
    for batch in _read_batches(blob, learner.kind, lines, left_out):
        places = list(batch)
        remaining = timedelta(seconds=until - time.monotonic())
        if remaining < timedelta(0):
            raise TookTooLong("the search for lines that cannot be learned from took too long")
        for refused in training.find_refused_lines([*batch.values()], arguments=arguments, timeout=remaining):
            place = places[refused.index]
            reasons[place], texts[place] = refused.reason, log_store.shorten(batch[place])
    set_aside(blob, learner.kind, reasons, texts)
    return reasons


def set_aside(blob: LogBlob, kind: str, reasons: dict[int, str], texts: dict[int, str]) -> None:
    """Store lines that cannot be learned from, with the reasons, beside the log."""
    refused = dict[int, dict[str, Any]]()
    for place, reason in reasons.items():
        refused[place] = {"line": place, "reason": reason, "text": texts[place]}
    if refused:
        log_store.store_refused(blob, kind, refused)


def read_line(blob: LogBlob, place: int) -> bytes:
    """Read one line of a log blob; empty if it is not there any more."""
    return next(log_store.lines(blob, lambda index, _: index == place), b"")


def _read_batches(blob: LogBlob, kind: str, lines: range, left_out: Collection[int]) -> Iterator[dict[int, bytes]]:
    """The lines that a model of a kind learns from, by their places, not too many at once."""
    batch, size, reached = dict[int, bytes](), 0, -1

    def takes(index: int, line: bytes) -> bool:
        nonlocal reached
        reached = index
        return index in lines and index not in left_out and log_line.is_for(line, kind)

    for line in log_store.lines(blob, takes):
        if batch and (len(batch) == _MOST_LINES or size + len(line) > _MOST_BYTES):
            yield batch
            batch, size = {}, 0
        batch[reached] = line
        size += len(line)
    if batch:
        yield batch
