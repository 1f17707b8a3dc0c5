"""Finding the lines that Vowpal Wabbit refuses."""

import re
from datetime import timedelta

import pytest

from shared.learner.arguments import parse
from shared.learner.training import RefusedLine, TookTooLong, TrainingFailed, find_refused_lines
from tests.unit.learner.lines import GREEDY, event_lines, line_of

SMALL = f"{GREEDY} -b 10"
"""Each try of a part of the lines looks through all weights."""
LINES = event_lines(60)
CUT = LINES[0][:200]
CRASH = LINES[0].replace(b'"c":{', b'"c":{"__aid":1,')
INFINITE = re.sub(rb'"_label_cost":[-0-9.]+', b'"_label_cost":1e39', LINES[0])


def find(lines: list[bytes]) -> list[RefusedLine]:
    return find_refused_lines(lines, arguments=parse(SMALL).with_epsilon(0.2), timeout=timedelta(minutes=10))


def test_good_lines_are_not_refused() -> None:
    """Training failed for another reason than lines."""
    assert find(LINES) == []
    assert find([]) == []


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (CUT, "JSON parser error"),
        (b"", "passes over"),
        (b"[1]", "passes over"),
        (CRASH, "SIG"),
        (INFINITE, "not finite"),
    ],
)
@pytest.mark.parametrize("place", [0, 59])
def test_one_bad_line_is_found(line: bytes, reason: str, place: int) -> None:
    """Wherever the line is and whatever the line does."""
    (refused,) = find([*LINES[:place], line, *LINES[place + 1 :]])

    assert refused.index == place
    assert reason in refused.reason


def test_all_bad_lines_are_found() -> None:
    """Each with its own reason; lines beside them are not blamed, though they share a process with them."""
    lines = list(LINES)
    bad = {3: CUT, 4: CUT, 37: CRASH, 38: INFINITE, 50: b"", 59: CRASH}
    for place, line in bad.items():
        lines[place] = line

    assert [*bad] == [refused.index for refused in find(lines)]


def test_memory_that_is_corrupted_is_not_blamed_on_other_lines() -> None:
    """A crash may come long after what caused it, so parts that crash are tried each in its own process."""
    context = b'{"FromUrl":[{"\xc3\xa9":{"x":1},"\xe6\x97\xa5":{"y":2}}],'
    features = context + b'"_multi":[{"i":{"constant":1,"id":"a"},"j":[{"x":1}]}]}'
    lines = [*LINES[:30], *[line_of(features, 1)] * 2, *LINES[30:60]]

    assert {refused.index for refused in find(lines)} <= {30, 31}


def test_a_trainer_that_fails_without_lines_blames_none() -> None:
    """Else a broken installation would set the whole log aside."""
    with pytest.raises(TrainingFailed):
        find_refused_lines(LINES, arguments=["--cb_explore_adf", "--no_such_option"], timeout=timedelta(seconds=60))


def test_lines_that_take_long_are_not_refused() -> None:
    """A slow machine would set good lines aside; the search says that it had not enough time."""
    with pytest.raises(TookTooLong):
        find_refused_lines(LINES, timeout=timedelta(seconds=0))
