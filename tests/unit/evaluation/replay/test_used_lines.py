"""Which lines of a log are used, by which learners, and how lines are counted."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from shared.evaluation.replay import log_pass
from shared.evaluation.replay.event_batch import EventBatch
from shared.evaluation.replay.task_totals import TaskTotals
from shared.evaluation.tasks import LineCounts, Namespaces, Task
from tests.unit.evaluation.replay.evaluated import TIMEOUT, carry_out, evaluation, line, lines, slot_lines

GREEDY = "--cb_explore_adf --epsilon 0.1 -q ::"
SQUARE = "--cb_explore_adf --squarecb --epsilon 0.05 -q ::"
SLOTS = "--ccb_explore_adf --epsilon 0.1 -q ::"
LOG = lines(600, pdrop=True)


def test_exploration_is_that_of_the_log(tmp_path: Path) -> None:
    """K·min p is ε for an epsilon-greedy log."""
    log = [line(index, [0, 1, 2, 3], [0.85, 0.05, 0.05, 0.05], 1.0) for index in range(10)]

    assert carry_out(Task("k", 0, None), log, tmp_path).exploration == pytest.approx(0.2)


def test_an_empty_log_has_no_sums(tmp_path: Path) -> None:
    """And nothing fails."""
    task = Task("k", 0, GREEDY, keeps_model=True, with_reward_model=True)
    result, files = log_pass.run(task, evaluation(), [], folder=tmp_path, timeout=TIMEOUT)

    assert (result.bins, result.lines, result.exploration) == ({"": {"": {}}}, LineCounts(), None)
    assert (result.counted_from_us, result.up_to_us) == (None, None)
    assert files is not None


def test_lines_are_told_apart(tmp_path: Path) -> None:
    """None of those that are not used reaches the learner, so its predictions are those of the others alone."""
    skipped = LOG[0].replace(b'"_labelIndex"', b'"_skipLearn":true,"_labelIndex"')
    lone = b'{"RewardValue":1.0,"EnqueuedTimeUtc":"2024-04-13T15:08:46.250000Z","EventId":"d1","Observations":[]}'
    apprentice = LOG[1][:-1] + b',"Mode":"Apprentice"}'
    others = [skipped, lone, b"[checkpoint]", LOG[2][:50], apprentice, slot_lines(1)[0], b"", b"\r\n", b"nonsense"]
    mixed = [text for pair in zip(LOG[:200], others * 30, strict=False) for text in pair]
    result = carry_out(Task("k", 0, SQUARE, with_reward_model=True), mixed, tmp_path)
    alone = carry_out(Task("k", 0, SQUARE, with_reward_model=True), LOG[:200], tmp_path)

    assert alone.bins == result.bins
    rest = len(mixed) - 200
    counts = [sum(mixed.count(text) for text in some) for some in ([skipped], [lone], [LOG[2][:50], b"nonsense"])]
    passed_over = sum(mixed.count(text) for text in (b"[checkpoint]", apprentice, slot_lines(1)[0]))
    assert result.lines == LineCounts(result.lines.read, 200, *counts, passed_over, 0)
    assert result.lines.read == 200 + rest - mixed.count(b"") - mixed.count(b"\r\n")


def test_events_outside_of_the_range_are_not_there(tmp_path: Path) -> None:
    """Parts of the log may reach beyond the evaluation's range."""
    start, minute = 1_712_966_400_000_000, 60_000_000
    task = Task("k", 0, None)
    part = evaluation(from_us=start + 10 * minute, to_us=start + 20 * minute)
    result = log_pass.run(task, part, LOG[:100], folder=tmp_path, timeout=TIMEOUT)[0]

    assert LineCounts(10, 10) == result.lines
    assert result.counted_from_us == start + 10 * minute + 46_250_000


def test_the_learner_gets_what_is_left_of_a_line(tmp_path: Path) -> None:
    """While labels are read from the line as it was."""
    task = Task("k", 0, GREEDY)
    blind = [text.replace(b'"user":"u1"', b'"user":"u0"') for text in LOG]
    result, _ = log_pass.run(
        task, evaluation(), LOG, folder=tmp_path, timeout=TIMEOUT,
        rewrite=lambda text: text.replace(b'"user":"u1"', b'"user":"u0"'),
    )  # fmt: skip

    assert result.bins == carry_out(task, blind, tmp_path).bins != carry_out(task, LOG, tmp_path).bins


def test_namespaces_are_named_by_their_first_letters(tmp_path: Path) -> None:
    """In order of appearance, those with a constant beside."""
    result = carry_out(Task("k", 0, None), LOG[:5], tmp_path)

    assert result.namespaces == Namespaces("F", "ij", "i")


def test_an_iterator_is_enough_where_no_line_is_refused(tmp_path: Path) -> None:
    """It can be gone over once."""
    assert carry_out(Task("k", 0, GREEDY), LOG, tmp_path) == carry_out(Task("k", 0, GREEDY), iter(LOG), tmp_path)


def test_a_policy_of_another_kind_is_refused(tmp_path: Path) -> None:
    """Its predictions would mean nothing; the log is not even read."""

    def unread() -> Iterator[bytes]:
        raise AssertionError
        yield b""

    with pytest.raises(log_pass.TrainingFailed, match="another kind"):
        carry_out(Task("k", 0, SLOTS), unread(), tmp_path)


def test_memory_is_not_kept(tmp_path: Path) -> None:
    """The log is read as it is needed: ahead of the learner by no more than pipes hold."""
    read, used = 0, 0

    class Log:
        def __iter__(self) -> Iterator[bytes]:
            nonlocal read
            for _ in range(60):
                for text in LOG[:100]:
                    read += 1
                    yield text

    ahead = []
    original = TaskTotals.add

    def add(self: Any, batch: EventBatch, *given: Any) -> None:
        nonlocal used
        used += len(batch.events)
        ahead.append(read - used)
        original(self, batch, *given)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TaskTotals, "add", add)
        carry_out(Task("k", 0, GREEDY), Log(), tmp_path)

    assert used == 6000
    assert max(ahead) < 5000
