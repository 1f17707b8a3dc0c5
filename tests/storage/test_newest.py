"""The newest rows of the intake: however many there are, the last ones are read with few requests."""

import random
from collections.abc import Iterator

import pytest

from shared.intake import newest, scan
from shared.intake.newest import Wanted
from shared.intake.rows import Event
from shared.settings import read, use
from shared.times import DAY, HOUR, SECOND
from tests.clock import now_us
from tests.faults.proxy import FaultProxy
from tests.loop import past
from tests.loop.past import Past
from tests.loop.stored_loop import StoredLoop
from tests.storage.conftest import Services

CROWD, PAYLOAD_BYTES = 1600, 600


@pytest.fixture(autouse=True)
def _unhurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """However busy the machine is, time ends no reading."""
    monkeypatch.setattr(newest, "_SECONDS", 120)


@pytest.fixture
def stored(services: Services, proxy: FaultProxy) -> Iterator[StoredLoop]:
    """Storage whose tables this process reads through the proxy."""
    keys = f"AccountName={services.name};AccountKey={services.key};BlobEndpoint={services.blob}"
    with StoredLoop(f"{keys};QueueEndpoint={services.queue};TableEndpoint={services.table}") as stored_loop:
        connection = f"{keys};QueueEndpoint={services.queue};TableEndpoint={proxy.url}"
        with use(read({"AzureWebJobsStorage": connection})):
            yield stored_loop


def make_events(name: str, count: int, from_us: int, to_us: int) -> list[Event]:
    """Events that arrive at regular moments."""
    chance = random.Random(name)
    step_us = (to_us - from_us) // count
    return [
        Event(f"{name}-{number}", "r", from_us + number * step_us, chance.randbytes(PAYLOAD_BYTES))
        for number in range(count)
    ]


def read_newest(count: int, to_us: int, **more: str) -> list[str]:
    """The ids of the newest events, as many as are wanted, newest first."""
    wanted = Wanted(("events", "rewards"), range(past.SHARDS), to_us - DAY, to_us, **more)
    events = list[Event]()
    for stretch in newest.read_back(scan.list_tables(), wanted):
        events += stretch.events
        if len(events) >= count:
            break
    return [event.event_id for event in sorted(events, key=lambda event: -event.at_us)][:count]


def test_the_newest_rows_are_read_with_few_requests(stored: StoredLoop, proxy: FaultProxy) -> None:
    """Of a crowd, of a quiet time before it, and of one id only."""
    end_us = now_us() - 2 * HOUR
    crowd = make_events("crowd", CROWD, end_us - 50 * SECOND, end_us)
    quiet = make_events("quiet", 30, end_us - 9 * HOUR, end_us - 2 * HOUR)
    Past([*crowd, *quiet], deadline_us=DAY).write(stored)
    reads: list[tuple[list[str], int]] = []
    for count, more in ((50, {}), (CROWD + 20, {}), (2, {"id_begin": "quiet-1"})):
        proxy.requests.clear()
        reads.append((read_newest(count, now_us(), **more), len(proxy.requests)))

    assert reads[0][0] == [f"crowd-{number}" for number in range(CROWD - 1, CROWD - 51, -1)]
    assert reads[1][0][CROWD:] == [f"quiet-{number}" for number in range(29, 9, -1)]
    assert reads[2][0] == ["quiet-19", "quiet-18"]
    assert [requests < most for (_, requests), most in zip(reads, (150, 300, 100), strict=True)] == [True] * 3


def test_reading_back_ends_when_it_has_read_much(stored: StoredLoop, proxy: FaultProxy) -> None:
    """Though nothing was wanted of what was read."""
    end_us = now_us() - HOUR
    Past(make_events("crowd", CROWD, end_us - CROWD * SECOND // 16, end_us), deadline_us=DAY).write(stored)

    def count(limit: str, value: float) -> int:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(newest, limit, value)
            return len(read_newest(2 * CROWD, now_us()))

    assert count("_MOST_READS", 48) == CROWD
    assert max(count("_MOST_READS", 8), count("_MOST_BYTES", 2_000_000), count("_SECONDS", 0)) < CROWD
