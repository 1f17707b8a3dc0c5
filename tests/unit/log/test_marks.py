"""Marks: what is in the log is found again, however its runs were merged."""

from bisect import bisect_left
from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from shared.log import marks
from shared.log.marks import Run
from shared.times import DAY, HOUR, MINUTE

_MARKS = st.integers(0, 2**64 - 1)
_LOOKBACKS = st.integers(HOUR, 120 * DAY)


def _run(from_us: int, to_us: int) -> Run:
    return Run(f"{from_us}-{to_us}", from_us, to_us, marks.BYTES)


def _parts(lengths: Sequence[int]) -> list[Run]:
    """Parts in sequence."""
    runs, from_us = list[Run](), 0
    for length in lengths:
        runs.append(_run(from_us, from_us + length))
        from_us += length
    return runs


def _merge_all(runs: list[Run], lookback_us: int, complete_us: int) -> list[Run]:
    while groups := marks.group(runs, lookback_us, complete_us):
        for group in groups:
            runs = [run for run in runs if run not in group]
            runs.append(_run(min(run.from_us for run in group), max(run.to_us for run in group)))
    return runs


@given(st.lists(_MARKS), st.lists(_MARKS))
def test_exactly_what_is_among_the_marks_is_found(stored: list[int], wanted: list[int]) -> None:
    """With bytes in between."""
    sought = set(wanted + stored[:3])
    found = marks.search(marks.unpack(marks.pack(stored)), sought, sorted(sought))

    assert set(found) == set(stored) & set(wanted + stored[:3])


@given(st.lists(_MARKS, unique=True), st.integers(1, marks.BYTES - 1))
def test_marks_that_were_cut_off_in_storage_end_nothing(stored: list[int], gone: int) -> None:
    """The whole ones are read; the join goes on."""
    assert list(marks.unpack(marks.pack(stored)[:-gone])) == sorted(stored)[:-1]


def test_marks_are_the_same_in_every_process_and_tell_kinds_apart() -> None:
    """Others will read them."""
    assert marks.event_mark("lunch-1") == 0x89A53E3CC49555D8
    assert marks.observation_mark("lunch-1", "x") == 0x7C91C6BAC240EDB7
    ids = [("a", "b"), ("ab", ""), ("", "ab"), ("b", "a"), ("a\0", "b"), ("a", "\0b")]
    made = {marks.observation_mark(*pair) for pair in ids} | {marks.event_mark(event_id) for event_id, _ in ids}
    assert len(made) == len(ids) + len({event_id for event_id, _ in ids})


@given(st.lists(st.sampled_from([MINUTE, 5 * MINUTE, 15 * MINUTE, HOUR]), min_size=1, max_size=300), _LOOKBACKS)
def test_merging_changes_nothing_of_what_a_part_looks_back_on(lengths: list[int], lookback_us: int) -> None:
    """A part that is joined again after a crash, or by another process, gives the same log."""
    parts = _parts(lengths)
    end_us = parts[-1].to_us

    merged = _merge_all(parts, lookback_us, end_us)

    def covered(runs: list[Run]) -> list[tuple[int, int]]:
        chosen = marks.select(runs, end_us, lookback_us, 0)
        return [
            (part.from_us, part.to_us)
            for part in parts
            if any(run.from_us <= part.from_us and part.to_us <= run.to_us for run in chosen)
        ]

    assert covered(merged) == covered(parts)


@settings(max_examples=20)
@given(st.integers(1, 20), _LOOKBACKS)
def test_runs_stay_few(days: int, lookback_us: int) -> None:
    """Each lookup has to look into all of them."""
    parts = _parts([15 * MINUTE] * (days * 96))
    end_us = parts[-1].to_us

    chosen = marks.select(_merge_all(parts, lookback_us, end_us), end_us, lookback_us, 0)

    assert len(chosen) <= 8 * marks._STEPS_OF_LOOKBACK + 8 * 4 + 2


@given(_LOOKBACKS)
def test_a_lookback_is_never_shorter_than_asked_for_nor_much_longer(lookback_us: int) -> None:
    """It is rounded to a sixth of its length at most."""
    parts = [_run(at, at + MINUTE) for at in range(0, 200 * DAY, 6 * HOUR)]
    end_us = 200 * DAY

    chosen = marks.select(parts, end_us, lookback_us, 0)

    first = bisect_left(parts, end_us - lookback_us + 1, key=lambda run: run.to_us)
    assert chosen == parts[len(parts) - len(chosen) :]
    assert len(parts) - len(chosen) <= first
    assert marks.step_us(lookback_us) * marks._STEPS_OF_LOOKBACK <= max(lookback_us, HOUR)


def test_a_part_does_not_look_at_its_own_marks() -> None:
    """They may be stored already, if a trainer died right after."""
    parts = _parts([5 * MINUTE] * 3)

    assert marks.select(parts, parts[2].from_us, HOUR, 0) == parts[:2]
    assert marks.select(parts, parts[2].from_us, HOUR, parts[0].to_us) == parts[1:2]
