"""A page of the log: lines from a place on, as many as a page may have, and where the next page begins. Blocking."""

import io
import zlib
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Final, Protocol

from shared.configuration import configuration_store
from shared.log import log_store, manifest_store, stored_lines
from shared.log.log_position import LogPlace, Position
from shared.log.log_store import OpenLog
from shared.log.manifest import LogBlob
from shared.log.stored_lines import LONGEST_LINE_BYTES, UnreadableLines
from shared.storage_errors import StorageUnavailable

_PAGE_BYTES: Final = LONGEST_LINE_BYTES
_PACKED_PAGE_BYTES: Final = 32 * 1024 * 1024
"""The lines of a page that is sent compressed, as long as they take no more than another page."""
_GZIP: Final = 31


@dataclass(frozen=True, slots=True)
class LogPage:
    """The text of a page, and the place of the next one; None at the end."""

    text: bytes
    next: LogPlace | None


class _Text(Protocol):
    """The text of a page while it is written."""

    def takes(self, piece: bytes) -> bool:
        """Whether the page has room for a piece; an empty page has."""

    def add(self, piece: bytes) -> None:
        """Write a piece."""


class _PlainText:
    """A text as it is."""

    most_bytes = _PAGE_BYTES

    def __init__(self) -> None:
        self._text = io.BytesIO()

    def takes(self, piece: bytes) -> bool:
        size = self._text.tell()
        return not size or size + len(piece) <= self.most_bytes

    def add(self, piece: bytes) -> None:
        self._text.write(piece)

    def end(self) -> bytes:
        return self._text.getvalue()


class _PackedText:
    """A text in gzip, of which only what is compressed is in memory."""

    most_bytes = _PACKED_PAGE_BYTES

    def __init__(self) -> None:
        self._packer = zlib.compressobj(1, zlib.DEFLATED, _GZIP)
        self._packed = io.BytesIO()
        self._size_bytes = 0

    def takes(self, piece: bytes) -> bool:
        size = self._size_bytes
        return not size or (size + len(piece) <= self.most_bytes and self._packed.tell() < _PAGE_BYTES)

    def add(self, piece: bytes) -> None:
        self._size_bytes += len(piece)
        self._packed.write(self._packer.compress(piece))

    def end(self) -> bytes:
        if self._size_bytes:
            self._packed.write(self._packer.flush())
        return self._packed.getvalue()


def read_page(place: LogPlace, to_us: int, *, packed: bool) -> LogPage:
    """Read the page that begins at a place, of the log blobs with events before a moment.

    Args:
        packed: Whether the text is to be gzip; an empty one stays empty.

    Raises:
        StorageUnavailable: The log was changed while it was read.
    """
    text = _PackedText() if packed else _PlainText()
    on_page, behind = _choose(place, to_us, text.most_bytes)
    position = place.position if on_page and _is_in(place, on_page[0]) else None
    if place.position is not None and position is None:
        _end_line(place.position, text)
    for blob, opened in zip(on_page, log_store.open_ahead(on_page), strict=True):
        reached = _write(blob, opened, position, text)
        if reached is not None:
            return LogPage(text.end(), LogPlace(blob.from_us, blob.shard or 0, reached))
        position = None
    return LogPage(text.end(), LogPlace(behind.from_us, behind.shard or 0) if behind else None)


def _choose(place: LogPlace, to_us: int, most_bytes: int) -> tuple[list[LogBlob], LogBlob | None]:
    """The log blobs whose lines fit into a page, but at least one, and the one behind them."""
    chosen, size = list[LogBlob](), -place.position.offset if place.position else 0
    for blob in _list(place, to_us):
        size += blob.unpacked_bytes
        if chosen and size > most_bytes:
            return chosen, blob
        chosen.append(blob)
    return chosen, None


def _list(place: LogPlace, to_us: int) -> Iterator[LogBlob]:
    deleted_before_us = configuration_store.read_configuration().logs_deleted_before_us
    for blob in manifest_store.list_blobs(place.from_us, to_us, deleted_before_us):
        if blob.from_us != place.from_us or (blob.shard or 0) >= place.shard:
            yield blob


def _is_in(place: LogPlace, blob: LogBlob) -> bool:
    """Whether a place is in a log blob, which may have been deleted meanwhile."""
    return (blob.from_us, blob.shard or 0) == (place.from_us, place.shard)


def _write(blob: LogBlob, opened: OpenLog, position: Position | None, text: _Text) -> Position | None:
    """Write lines of a log blob from a position on; gives where the page is full, None if it has them all.

    Of a damaged blob it has those before the damage.
    """
    with suppress(UnreadableLines):
        if position is None:
            return _copy(opened, Position.at(opened.etag), text)
        if position.is_in(opened.etag):
            return _copy(opened, position, text)
        _end_line(position, text)
        offset = position.find(stored_lines.unpack_pieces(opened.file))
        return _copy(_reopen(blob, opened), Position.at(opened.etag, offset), text)
    return None


def _copy(opened: OpenLog, position: Position, text: _Text) -> Position | None:
    for piece in stored_lines.unpack_pieces(opened.file, position.offset):
        if not text.takes(piece):
            return position.before(piece)
        text.add(piece)
        position = position.after(piece)
    return None


def _end_line(position: Position, text: _Text) -> None:
    """End a line of which the page before has given the beginning, and whose rest is not there any more."""
    if position.is_inside:
        text.add(b"\n")


def _reopen(blob: LogBlob, opened: OpenLog) -> OpenLog:
    again = log_store.open_log(blob)
    if again.etag != opened.etag:
        raise StorageUnavailable("the log was changed while it was read")
    return again
