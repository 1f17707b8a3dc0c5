"""The lines of a stored log blob."""

import gzip
import io
import zlib

import pytest

from shared.log.stored_lines import UnreadableLines, pack, unpack, unpack_pieces

LINES = [b'{"number":%d,"text":"%b"}\n' % (number, b"abc" * (number % 7)) for number in range(30_000)]
TEXT = b"".join(LINES)


class _Stream(io.RawIOBase):
    """What is read from storage: it cannot go back."""

    def __init__(self, content: bytes) -> None:
        self._content = io.BytesIO(content)

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray) -> int:  # type: ignore[override]
        return self._content.readinto(buffer)


def _packed() -> bytes:
    file = io.BytesIO()
    with pack(file) as log:
        for line in LINES:
            log.write(line)
    return file.getvalue()


def test_any_program_that_knows_gzip_reads_what_is_stored() -> None:
    """Vowpal Wabbit reads it, and whoever copies the log."""
    packed = _packed()

    assert gzip.decompress(packed) == TEXT
    assert len(packed) < len(TEXT) / 4


def test_the_bytes_are_those_of_zlib() -> None:
    """Those of faster libraries depend on the processor, and whoever joins a part again has to make the same."""
    deflate = zlib.compressobj(1, zlib.DEFLATED, -zlib.MAX_WBITS)
    header, trailer = 10, 8

    assert _packed()[header:-trailer] == deflate.compress(TEXT) + deflate.flush()


def test_lines_are_read_as_they_were_written() -> None:
    assert list(unpack(_packed())) == LINES


@pytest.mark.parametrize("offset", [0, 1, 300_000, len(TEXT) - 1, len(TEXT), len(TEXT) + 1])
def test_a_stream_is_read_from_a_place_on(offset: int) -> None:
    """A page of the log begins where the one before has ended."""
    assert b"".join(unpack_pieces(_Stream(_packed()), offset)) == TEXT[offset:]


def test_damage_is_told_behind_the_lines_before_it() -> None:
    """What is whole is not lost with the rest."""
    packed, read = _packed(), list[bytes]()
    damages = [packed[:-1], packed[: len(packed) // 2], packed[:-8] + bytes(8), b"no gzip", packed[:200] + bytes(100)]

    for damaged in damages:
        with pytest.raises(UnreadableLines):
            read += unpack(damaged)

    assert read[: len(LINES) // 4] == LINES[: len(LINES) // 4]
