"""Of Ranks that wait, the newest is found however many there are; and rewards before the first of them is log."""

from collections.abc import Iterator

import pytest

from shared.intake import scan
from shared.settings import read, use
from shared.status.waiting import count_waiting, find_newest_reward, with_newest
from shared.times import DAY, MINUTE, SECOND
from tests.clock import now_us
from tests.faults.proxy import FaultProxy
from tests.loop import past
from tests.loop.past import Past
from tests.loop.stored_loop import StoredLoop
from tests.storage.conftest import Services

EVERY_US = 500_000


@pytest.fixture
def stored(services: Services, proxy: FaultProxy) -> Iterator[StoredLoop]:
    """Storage whose tables this process reads through the proxy."""
    keys = f"AccountName={services.name};AccountKey={services.key};BlobEndpoint={services.blob}"
    with StoredLoop(f"{keys};QueueEndpoint={services.queue};TableEndpoint={services.table}") as stored_loop:
        connection = f"{keys};QueueEndpoint={services.queue};TableEndpoint={proxy.url}"
        with use(read({"AzureWebJobsStorage": connection})):
            yield stored_loop


def test_the_newest_rank_is_found_where_counting_stopped_before_it(stored: StoredLoop, proxy: FaultProxy) -> None:
    """With one more request, or two if the last seconds have none."""
    end_us, configuration = now_us(), past.configuration()
    from_us = end_us - 5 * MINUTE
    events = [past.event(f"e-{number}", from_us + number * EVERY_US) for number in range(5 * MINUTE // EVERY_US)]
    Past(events, deadline_us=DAY).write(stored)
    tables = scan.list_tables()
    counted = count_waiting(tables, configuration, None, 100)
    proxy.requests.clear()
    waiting = with_newest(counted, tables, configuration, end_us)
    requests = len(proxy.requests)
    whole = with_newest(count_waiting(tables, configuration, None, 1000), tables, configuration, end_us)

    assert (counted.events, counted.at_least, counted.first_us) == (100, True, from_us)
    assert counted.counted_up_to_us is not None
    assert counted.counted == sum(event.at_us < counted.counted_up_to_us for event in events)
    assert counted.last_us == max(event.at_us for event in events if event.at_us < counted.counted_up_to_us)
    assert waiting.last_us is not None
    assert waiting.last_us > end_us - 30 * SECOND
    assert 1 <= requests <= 2
    assert (whole.events, whole.last_us, whole.counted_up_to_us) == (600, events[-1].at_us, None)


def test_the_newest_is_found_however_long_nothing_has_come_since(stored: StoredLoop, proxy: FaultProxy) -> None:
    """As where rewards count for days, so that many wait, and traffic has stopped; with some requests more."""
    end_us, configuration = now_us(), past.configuration()
    begin_us = end_us - 90 * MINUTE
    events = [past.event(f"e-{number}", begin_us + number * SECOND) for number in range(2400)]
    rewards = [past.reward(f"e-{number}", begin_us + number * SECOND + 1) for number in range(2400)]
    Past(events, rewards, deadline_us=DAY).write(stored)
    tables = scan.list_tables()
    counted = count_waiting(tables, configuration, None, 100)
    proxy.requests.clear()
    waiting = with_newest(counted, tables, configuration, end_us)

    assert counted.last_us is not None
    assert counted.last_us < begin_us + 3 * MINUTE
    assert waiting.last_us is not None
    assert events[-1].at_us - 2 * MINUTE <= waiting.last_us <= events[-1].at_us
    assert len(proxy.requests) < 50
    newest_us = find_newest_reward(tables, configuration, None, end_us)
    assert newest_us is not None
    assert rewards[-1].at_us - 2 * MINUTE <= newest_us <= rewards[-1].at_us


def test_a_reward_is_found_before_the_first_one_is_log(stored: StoredLoop) -> None:
    """An activation is none."""
    at_us, configuration = now_us() - MINUTE, past.configuration()
    activated = [past.event("a", at_us)], [past.reward("a", at_us + SECOND, None)]
    Past(*activated, deadline_us=DAY).write(stored)
    before = find_newest_reward(scan.list_tables(), configuration, None, now_us())
    Past([], [past.reward("a", at_us + 2 * SECOND), past.reward("b", at_us + 3 * SECOND)], deadline_us=DAY).write(
        stored
    )

    assert before is None
    assert find_newest_reward(scan.list_tables(), configuration, None, now_us()) == at_us + 3 * SECOND
