"""`bench soak`: what is lost is noticed, and no wait is left out of a Rank's time."""

import asyncio
from collections import Counter
from urllib.parse import urlsplit

import pytest

from benchmarks import delay, soak, steady_load
from benchmarks.failures import WrongAnswers
from benchmarks.progress import Progress
from benchmarks.soak import check_log
from benchmarks.steady_load import Course, SteadyLoad, event_id, value
from localhost.azurite.emulator import Azurite

LOAD = SteadyLoad("", 5, 1, 1.0)
WHOLE = Counter((event_id(number), value(number)) for number in range(LOAD.ranks))


def test_up_is_put_under_load() -> None:
    """On a folder and on Azurite; each log has all that was acknowledged, and each process has its memory measured."""
    settings = {"WRITE_DEADLINE": "PT2S", "JOIN_GRACE": "PT3S"}
    figures = soak.measure(Progress("soak"), 2, 20, minute_seconds=1.0, settings=settings)
    found = {figure.what: figure for figure in figures}

    assert found["acknowledged Ranks, each in the log once"].ours == [40]
    assert found["calls refused or not answered"].ours == [0]
    memory = found["memory of all processes at the end of the load"].details
    assert memory["theirs"].keys() - memory["ours"].keys() == {"Azurite"}
    assert all(megabytes > 20 for side in memory.values() for megabytes in side.values())


@pytest.mark.parametrize(
    ("lines", "problem"),
    [
        (WHOLE - Counter([(event_id(4), value(4))]), "lacks 1, has 0 more than once, and 0 without"),
        (WHOLE + Counter([(event_id(4), value(4))]), "lacks 0, has 1 more than once, and 0 without"),
        (WHOLE - Counter([(event_id(3), 1.0)]) + Counter([(event_id(3), 0.0)]), "lacks 0, has 0 more than once, and 1"),
    ],
)
def test_what_is_lost_or_there_twice_is_a_failure(lines: Counter[tuple[str, float]], problem: str) -> None:
    with pytest.raises(WrongAnswers, match=problem):
        check_log(LOAD, Course(), lines)


def test_what_was_not_acknowledged_may_be_in_the_log_or_not() -> None:
    lines = WHOLE - Counter([(event_id(4), value(4)), (event_id(3), 1.0)]) + Counter([(event_id(3), 0.0)])

    assert check_log(LOAD, Course(unranked=[4], unrewarded=[3]), lines) == LOAD.ranks - 1


def test_a_call_that_waits_for_a_connection_has_begun(azurite: Azurite) -> None:
    """Each answer takes 300 ms, so that 64 connections carry 213 calls a second. Here come 600."""
    port = urlsplit(azurite.new_account().table_endpoint).port or 0
    with delay.delay_answers(port, 300) as slow:
        course = asyncio.run(steady_load.send(SteadyLoad(f"http://127.0.0.1:{slow}", 600, 1, 0.5, 0.1)))

    assert len(course.unranked) == len(course.unrewarded) == 300
    assert course.minutes[0].p99_ms > 700
