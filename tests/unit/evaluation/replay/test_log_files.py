"""A log as files: every pass reads all of it, and the disk never holds more than it may."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event, Thread

import pytest

from shared.evaluation.replay.log_files import LogFileReader, LogFileWriter

BLOBS = [b"%d" % number * 10 for number in range(9)]


@contextmanager
def writing(folder: Path, blobs: list[bytes], max_bytes: int) -> Iterator[LogFileReader]:
    """The reader of a log that a thread writes; the thread has ended when the block has."""
    has_ended = Event()
    writer = LogFileWriter(folder, has_ended, max_bytes)
    thread = Thread(target=writer.write, args=(lambda: iter(blobs),))
    thread.start()

    def check_writer() -> None:
        assert thread.is_alive()

    try:
        yield LogFileReader(folder, len(blobs), check_writer)
    finally:
        has_ended.set()
        thread.join(10)
        assert not thread.is_alive()


def sizes(folder: Path) -> list[int]:
    """The sizes of the files that are on the disk; a file that gets its name meanwhile is counted by its new one."""
    while True:
        with suppress(FileNotFoundError):
            return [len(file.read_bytes()) for file in folder.rglob("*") if file.is_file()]


@pytest.mark.parametrize("max_bytes", [1, 10, 25, 1000])
def test_every_pass_reads_the_whole_log_in_order(tmp_path: Path, max_bytes: int) -> None:
    """Whether all of it fits on the disk, or not even one blob."""
    with writing(tmp_path, BLOBS, max_bytes) as log:
        passes = [list(log) for _ in range(3)]

    assert passes == [BLOBS] * 3


@pytest.mark.parametrize(("max_bytes", "most"), [(1, 1), (10, 1), (25, 2), (35, 3)])
def test_files_take_no_more_disk_than_they_may(tmp_path: Path, max_bytes: int, most: int) -> None:
    """An instance has little temporary disk, and a log has no bound; a blob that is larger alone is written alone."""
    with writing(tmp_path, BLOBS, max_bytes) as log:
        files = [len(sizes(tmp_path)) for _ in log]

    assert max(files) <= most


def test_a_pass_that_was_left_is_not_written_on(tmp_path: Path) -> None:
    """Where enough events were read; the next pass begins with the first blob, and what was not read is deleted."""
    with writing(tmp_path, BLOBS, 25) as log:
        first = next(iter(log))
        second = list(log)

    assert (first, second) == (BLOBS[0], BLOBS)
    assert sizes(tmp_path) == []


def test_a_writer_ends_with_its_reader(tmp_path: Path) -> None:
    """Also while it waits until there is space for another file."""
    with writing(tmp_path, BLOBS, 25) as log:
        next(iter(log))

    assert sum(sizes(tmp_path)) <= 25


def test_a_reader_does_not_wait_for_a_writer_that_is_gone(tmp_path: Path) -> None:
    """It would wait for ever."""

    def is_gone() -> None:
        raise EOFError("the writer is gone")

    with pytest.raises(EOFError, match="the writer is gone"):
        list(LogFileReader(tmp_path, 1, is_gone))


def test_a_log_without_blobs_has_passes_too(tmp_path: Path) -> None:
    """Of no blobs."""
    with writing(tmp_path, [], 10) as log:
        passes = [list(log) for _ in range(2)]

    assert passes == [[], []]
