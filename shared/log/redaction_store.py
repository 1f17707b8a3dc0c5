"""Redaction in storage: log blobs, with the refused lines stored beside them, are rewritten in place."""

import json
import tempfile
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import IO

from shared.log import line_pieces, log_line, log_listing_store, log_store, manifest_store
from shared.log.long_line_store import LongLine, outline_of, unpack_lines
from shared.log.manifest import LogBlob, path_of_refused
from shared.log.manifest_store import Check
from shared.log.redaction import FeatureTarget, NamesAlike, Target
from shared.log.stored_lines import Stored, pack
from shared.storage.blob_file import BlobFile
from shared.storage.this_storage import blobs
from shared.times import to_iso

_IN_MEMORY_BYTES = 8 * 1024 * 1024
_HIDDEN = "the reason held what was redacted"


@dataclass(slots=True)
class Redacted:
    """What a redaction did to a log blob.

    Attributes:
        changed: How many lines it changed.
        removed: How many lines it took out.
        events: How many events of each kind are left.
        answered_otherwise: How many of them were answered otherwise.
        lines: How many lines are left.
        unpacked_bytes: Their size.
    """

    changed: int = 0
    removed: int = 0
    events: Counter[str] = field(default_factory=Counter)
    answered_otherwise: Counter[str] = field(default_factory=Counter)
    lines: int = 0
    unpacked_bytes: int = 0

    def count(self, line: bytes, size_bytes: int) -> None:
        """Count a line that is left; of a long one, its outline will do."""
        if (kind := log_line.kind(line)) is not None:
            self.events[kind] += 1
            self.answered_otherwise[kind] += line_pieces.is_answered_otherwise(line)
        self.lines += 1
        self.unpacked_bytes += size_bytes


@dataclass(frozen=True, slots=True)
class ConcernedLines:
    """What a redaction would do to the lines of a log blob.

    Attributes:
        moments_us: When the events, rewards and activations arrived whose lines are concerned, in order of the lines;
            of a line that cannot be read, when the blob begins.
        removed: How many lines it would take out; of the others it would change something.
    """

    moments_us: Sequence[int]
    removed: int

    @property
    def changed(self) -> int:
        """How many lines it would change."""
        return len(self.moments_us) - self.removed


@dataclass(frozen=True, slots=True)
class _RefusedLines:
    """The lines of a log blob that models of a kind cannot learn from: the reasons by their places."""

    kind: str
    reasons: Mapping[int, str]


def holds(stored: Stored, target: Target) -> bool:
    """Whether a line of a log blob may be concerned, by its text: nothing is parsed.

    Args:
        stored: The blob's content, compressed.

    Raises:
        UnreadableLines: The content is damaged.
    """
    return any(_is_concerned(line, target) for line in unpack_lines(stored))


def count(blob: LogBlob, stored: Stored, target: Target, alike: NamesAlike) -> ConcernedLines:
    """Count the lines that `redact` would change or take out.

    Args:
        stored: The blob's content, compressed.
        alike: Gets names of the other lines that are like that of a feature.

    Raises:
        UnreadableLines: The content is damaged.
    """
    moments_us, removed = [], 0
    for line in unpack_lines(stored):
        left = _redact_line(line, target)
        if left is not line:
            at_us = blob.from_us if isinstance(line, LongLine) else log_line.arrival_us(line, blob.from_us)
            moments_us.append(at_us)
            removed += left is None
        elif isinstance(target, FeatureTarget) and isinstance(line, bytes):
            target.note_alike(line, alike)
    return ConcernedLines(moments_us, removed)


def redact(blob: LogBlob, target: Target, at_us: int, check: Check, copy: Callable[[IO[bytes]], None]) -> Redacted:
    """Rewrite a log blob and its refused lines; does nothing where nothing changes.

    Refused lines are named by their place in the blob, so they are deleted first and written again last: a crash in
    between leaves a log blob without refused lines, which training then refuses again.

    The manifest says first that the blob is about to change, and last what is in it: a crash in between lets readers
    ask the blob itself, until `settle` is called.

    Args:
        at_us: When it was redacted.
        check: Raises an error where the lease is lost.
        copy: Is given the new content before the blob has it.

    Raises:
        ChangedMeanwhile: Another writer came between.
        UnreadableLines: The content is damaged.
    """
    stored = BlobFile.open(blob.path)
    if stored is None:
        return Redacted()
    aside = [_RefusedLines(kind, log_store.reasons(blob, kind)) for kind in blob.events]
    with tempfile.SpooledTemporaryFile(_IN_MEMORY_BYTES) as file:
        done, texts = _rewrite(stored, target, file, {place for lines in aside for place in lines.reasons})
        if done.changed or done.removed:
            for lines in aside:
                blobs().remove(path_of_refused(blob.path, lines.kind))
            left = _describe(blob, done, file.tell(), at_us)
            file.seek(0)
            copy(file)
            file.seek(0)
            manifest_store.unsettle(blob, check)
            metadata = {**stored.version.metadata, **log_listing_store.metadata(left)}
            etag = blobs().write_over(blob.path, file, stored.version.etag, metadata=metadata)
            for lines in aside:
                _store_refused(blob, lines, texts, target)
            manifest_store.put(replace(left, etag=etag), check)
    return done


def settle(blob: LogBlob, check: Check) -> None:
    """Let the manifest say again what is in a log blob, if a redaction of the blob did not come to its end."""
    current = None if blob.etag else log_listing_store.read_log_blob(*blob.place)
    if current is not None:
        manifest_store.put(current, check)


def _describe(blob: LogBlob, done: Redacted, size_bytes: int, at_us: int) -> LogBlob:
    """A log blob as it is after its redaction."""
    return replace(
        blob,
        lines=done.lines,
        events=dict(done.events),
        answered_otherwise=dict(done.answered_otherwise),
        size_bytes=size_bytes,
        unpacked_bytes=done.unpacked_bytes,
        redacted=to_iso(at_us),
    )


def _rewrite(
    stored: Stored, target: Target, file: IO[bytes], wanted: Collection[int]
) -> tuple[Redacted, dict[int, tuple[int, str]]]:
    """Write what is left; gives for each wanted line that stays its new place and text, by its former place."""
    done, texts = Redacted(), {}
    with pack(file) as log:
        for place, line in enumerate(unpack_lines(stored)):
            left = _redact_line(line, target)
            if left is None:
                done.removed += 1
                continue
            done.changed += left is not line
            outline = outline_of(left)
            if place in wanted:
                texts[place] = done.lines, log_store.shorten(outline.rstrip(b"\n"))
            done.count(outline, len(left))
            for some in left.slices() if isinstance(left, LongLine) else (left,):
                log.write(some)
    return done, texts


def _store_refused(blob: LogBlob, aside: _RefusedLines, texts: Mapping[int, tuple[int, str]], target: Target) -> None:
    refused = []
    for place, reason in aside.reasons.items():
        if place in texts:
            at, text = texts[place]
            shown = _HIDDEN if any(secret in reason for secret in target.secrets) else reason
            refused.append({"line": at, "reason": shown, "text": text})
    if refused:
        blobs().write(
            path_of_refused(blob.path, aside.kind), b"".join(json.dumps(line).encode() + b"\n" for line in refused)
        )


def _redact_line(line: bytes | LongLine, target: Target) -> bytes | LongLine | None:
    """What is left of a line; None if the line goes, as each long one that is concerned does."""
    if not _is_concerned(line, target):
        return line
    return None if isinstance(line, LongLine) else target.redact(line)


def _is_concerned(line: bytes | LongLine, target: Target) -> bool:
    if isinstance(line, LongLine):
        return any(line.holds(texts, target.before) for texts in target.forms)
    return any(all(text in line for text in texts) for texts in target.forms)
