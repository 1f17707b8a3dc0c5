"""Lines that the learner refuses, and what they do to a pass over a log."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from shared.evaluation.replay import log_pass, refused_events
from shared.evaluation.tasks import LineCounts, Task, TaskResult
from tests.unit.evaluation.replay.evaluated import evaluation, lines, slot_lines

SQUARE = "--cb_explore_adf --squarecb --epsilon 0.05 -q ::"
SLOTS = "--ccb_explore_adf --epsilon 0.1 -q ::"
LOG = lines(300)
UNREADABLE = LOG[3].replace(b'"c":{', b'"c":{"_text":5,')
"""VW counts it as an error and predicts nothing."""
MIXED = LOG[4].replace(b'"c":{', b'"c":{"mixed":["x",{"y":1}],')
DEEP = LOG[7].replace(b'"c":{', b'"c":{"mixed":' + b"[" * 80 + b'"x"' + b"]" * 80 + b",")


def carry_out(log: object, folder: Path, task: Task | None = None, kind: str = "cb") -> TaskResult:
    """Carry out a task."""
    task_or_default = task or Task("k", 0, SQUARE, with_reward_model=True)
    return log_pass.run(task_or_default, evaluation(kind), log, folder=folder, timeout=timedelta(seconds=60))[0]  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> TaskResult:
    """The result for the log without refused lines."""
    return carry_out(LOG, tmp_path_factory.mktemp("good"))


@pytest.mark.parametrize("place", [0, 300])
def test_refused_lines_are_left_out_and_counted(place: int, good: TaskResult, tmp_path: Path) -> None:
    """The result is that of the others alone."""
    log = [*LOG[:place], UNREADABLE, MIXED, *LOG[place:]]
    result = carry_out(log, tmp_path)

    assert result.bins == good.bins
    assert result.lines == LineCounts(302, 300, refused=2)


def test_refused_multi_slot_lines_are_left_out(tmp_path: Path) -> None:
    """The search uses multi-slot arguments."""
    log = slot_lines(100)
    bad = log[3].replace(b'"c":{', b'"c":{"_text":5,')
    result = carry_out([*log[:50], bad, *log[50:]], tmp_path, Task("k", 0, SLOTS), "ccb")

    assert result.bins == carry_out(log, tmp_path, Task("k", 0, SLOTS), "ccb").bins
    assert result.lines == LineCounts(101, 100, refused=1)


def test_all_tasks_use_the_same_events(tmp_path: Path) -> None:
    """Whatever the arguments, and without learning too, since stages count events."""
    log = [*LOG[:50], UNREADABLE, *LOG[50:]]
    tasks = [
        Task("k", 0, SQUARE),
        Task("k", 0, "--cb_explore_adf --ignore F"),
        Task("k", 0, None),
        Task("k", 0, None, with_reward_model=True),
    ]

    assert [LineCounts(301, 300, refused=1)] * 4 == [carry_out(log, tmp_path, task).lines for task in tasks]


@pytest.mark.parametrize("until", [3, 299])
def test_refused_events_are_not_counted(until: int, tmp_path: Path) -> None:
    """A task's last event is the same with and without them."""
    log = [UNREADABLE, LOG[0], MIXED, MIXED, *LOG[1:]]
    task = Task("k", 0, SQUARE, counted_from=2, until=until)

    assert carry_out(log, tmp_path, task).bins == carry_out(LOG, tmp_path, task).bins


def test_refused_lines_are_found_piece_by_piece(
    good: TaskResult, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Since a whole log does not fit into memory."""
    monkeypatch.setattr(refused_events, "_PIECE_LINES", 100)
    result = carry_out([*LOG[:150], UNREADABLE, *LOG[150:], MIXED], tmp_path)

    assert result.bins == good.bins
    assert result.lines.refused == 2


def test_pieces_are_not_larger_than_memory_allows(monkeypatch: pytest.MonkeyPatch) -> None:
    """A line may be long."""
    monkeypatch.setattr(refused_events, "_PIECE_BYTES", 10)

    assert [*refused_events._pieces([b"1234", b"123456", b"123456789012", b"1"])] == [
        [b"1234", b"123456"],
        [b"123456789012"],
        [b"1"],
    ]


def test_a_line_that_crashes_the_learner_is_left_out(
    good: TaskResult, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Should one come through."""
    monkeypatch.setattr("shared.evaluation.replay.evaluated_events._is_harmful", lambda *_: False)
    crash = LOG[0].replace(b'"c":{', b'"c":{"__aid":1,')
    result = carry_out([*LOG[:200], crash, *LOG[200:]], tmp_path)

    assert result.bins == good.bins
    assert result.lines.refused == 1


def test_an_iterator_cannot_be_gone_over_again(tmp_path: Path) -> None:
    """So the evaluation fails, with VW's own words."""
    with pytest.raises(log_pass.TrainingFailed):
        carry_out(iter([*LOG, UNREADABLE]), tmp_path)


def test_time_for_the_search_is_limited_too(tmp_path: Path) -> None:
    """All of the task has one time limit."""

    class Slow:
        def __iter__(self) -> Iterator[bytes]:
            yield from LOG
            yield UNREADABLE

    with pytest.raises(log_pass.TrainingFailed, match=r"took (too long|longer than)"):
        log_pass.run(Task("k", 0, SQUARE), evaluation(), Slow(), folder=tmp_path, timeout=timedelta(seconds=0.2))


def test_what_is_read_is_predicted(tmp_path: Path) -> None:
    """Odd but valid lines: VW has a prediction of each that counts as used, and only of those."""
    odd = [
        LOG[0].replace(b'"c":{', b'"c":{"\xc3\xa9":5,'),
        LOG[1].replace(b'"c":{', b'"c":{"":{"x":1},'),
        LOG[2].replace(b'"c":{', b'"c":{"a b|c:d":{"e|f":"g:h i"},'),
        LOG[3].replace(b'"c":{', b'"c":{"n":null,"t":true,"f":false,"l":[1,2,3],'),
        LOG[4].replace(b'"c":{', b'"c":{"big":1e300,"small":1e-300,'),
        LOG[5].replace(b'"c":{', b'"c": {'),
        LOG[6].replace(b'"c":{', b'"c":{"_other":1,'),
        DEEP,
        LOG[8].replace(b'"_labelIndex"', b'"_skipLearn":false,"_labelIndex"'),
        LOG[9].replace(b'"o":[]', b'"o":[{"v":1.0,"EventId":"e","ActionTaken":false,"t":"x"}]'),
    ]
    result = carry_out(odd * 5, tmp_path)

    assert result.lines.used + result.lines.refused + result.lines.damaged == 50
    assert result.lines.used >= 40
    assert result.sums().lines == result.lines.used
