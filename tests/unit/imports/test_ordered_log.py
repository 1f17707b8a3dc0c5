"""The one log in the order of time, sorted in runs on the disk."""

import os
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.imports.files import ordered_log
from shared.imports.files.ordered_log import write_in_order
from shared.imports.files.reading import Reading
from shared.imports.files.unusable_log import UnusableLog

SILENT = Reading(lambda _: None, lambda: None)


@given(
    st.lists(st.tuples(st.integers(-5, 5), st.binary(max_size=20).filter(lambda line: not set(line) & set(b"\r\n")))),
    st.integers(1, 600),
)
def test_lines_come_in_the_order_of_time_and_equal_times_in_theirs(lines: list[tuple[int, bytes]], size: int) -> None:
    """As if all of them were sorted in memory, whatever fits into a run; and nothing is left beside the log."""
    with pytest.MonkeyPatch.context() as patch, TemporaryDirectory() as folder:
        patch.setattr(ordered_log, "RUN_BYTES", size)

        log = write_in_order(lines, Path(folder), SILENT)

        assert list(log) == [line for _, line in sorted(lines, key=lambda timed: timed[0])]
        assert sorted(Path(folder).iterdir()) == sorted(log.paths)


def test_many_runs_are_merged_a_few_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each that is open has a line in memory, and lines can be long; equal times stay in their order all the same."""
    monkeypatch.setattr(ordered_log, "RUN_BYTES", 1)
    lines = [(number * 7 % 5, b"%d" % number) for number in range(600)]

    log = write_in_order(lines, tmp_path, SILENT)

    assert list(log) == [line for _, line in sorted(lines, key=lambda timed: timed[0])]
    assert sorted(tmp_path.iterdir()) == sorted(log.paths)


def test_a_log_that_takes_too_much_of_the_disk_is_refused(tmp_path: Path) -> None:
    """Lines made of a table can be a thousand times as long as its rows."""
    reading = Reading(lambda _: None, lambda: None, disk_bytes=1000)

    with pytest.raises(UnusableLog, match="takes more than 0 MiB while it is sorted"):
        write_in_order(((0, os.urandom(100).hex().encode()) for _ in range(99)), tmp_path, reading)


def test_short_lines_take_memory_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A small file, once unpacked, may hold millions of them."""
    monkeypatch.setattr(ordered_log, "RUN_BYTES", 100_000)

    log = write_in_order([(0, b"")] * 10_000, tmp_path, SILENT)

    assert len(log.paths) > 10
