"""The intake: one round trip a row, rows that wait go together, and only what counts is acknowledged."""

import asyncio
import itertools
import os
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
import time_machine

from shared.intake.intake import Intake
from shared.intake.keys import shard
from shared.intake.rows import ROW_BYTES, event_row
from shared.settings import Settings
from shared.storage.azure.rest import Rest
from shared.storage.paths import this_loop
from shared.storage_errors import RowTooLarge, StorageUnavailable
from shared.times import DAY, MINUTE, SECOND
from tests.clock import now_us
from tests.faults.proxy import Fault, FaultProxy, Request
from tests.storage.conftest import Services, hear_time
from tests.storage.rows import event, observation, read_rows

Clock = Callable[[], int]


def kinds(requests: list[Request]) -> list[str]:
    """What each request was: a table's name, `$batch`, `Tables` or a read."""
    return ["read" if request.method == "GET" else request.path.rsplit("/", 1)[1] for request in requests]


async def make_table(intake: Intake, proxy: FaultProxy) -> None:
    """Make the table, and forget the requests for that."""
    await intake.append_event(event(intake, "first"), 1)
    proxy.requests.clear()


async def test_a_row_takes_one_round_trip(intake: Intake, proxy: FaultProxy) -> None:
    await make_table(intake, proxy)

    for number in range(20):
        await intake.append_event(event(intake, f"event{number}"), 4)

    assert {"POST"} == {request.method for request in proxy.requests}
    assert len(proxy.requests) == 20


async def test_an_observation_takes_one_round_trip(intake: Intake, proxy: FaultProxy) -> None:
    await intake.append_observation(observation(intake, "event", "first"), 4)
    proxy.requests.clear()

    for number in range(20):
        await intake.append_observation(observation(intake, "event", f"{number}"), 4)

    assert {"POST"} == {request.method for request in proxy.requests}
    assert len(proxy.requests) == 20


async def test_the_observations_of_one_call_take_one_round_trip(
    intake: Intake, proxy: FaultProxy, services: Services
) -> None:
    """Rewards of several slots are one batch, however many."""
    await intake.append_observation(observation(intake, "event", "first"), 4)
    proxy.requests.clear()

    for count in (1, 2, 50):
        await intake.append_observations([observation(intake, "event", f"{count}-{n}") for n in range(count)], 4)

    assert [request.body.count(b'"RowKey"') for request in proxy.requests] == [1, 2, 50]
    assert len(read_rows(services.account(), this_loop().table_name("rewards", intake.arrival(), DAY))) == 54


async def test_observations_that_were_stored_in_part_can_be_sent_again(
    intake: Intake, proxy: FaultProxy, services: Services
) -> None:
    """A client repeats the call; what is there already is as good as stored."""
    observations = [observation(intake, "event", f"o-{n}") for n in range(5)]
    await intake.append_observations(observations[1:3], 4)

    await intake.append_observations(observations, 4)

    assert len(read_rows(services.account(), this_loop().table_name("rewards", intake.arrival(), DAY))) == 5


async def test_observations_are_acknowledged_together_or_not_at_all(hasty_intake: Intake, proxy: FaultProxy) -> None:
    await make_table(hasty_intake, proxy)

    with proxy.away(), pytest.raises(StorageUnavailable):
        await hasty_intake.append_observations([observation(hasty_intake, "event", f"o-{n}") for n in range(5)], 2)


async def test_rows_that_wait_go_together(intake: Intake, proxy: FaultProxy) -> None:
    """The first goes at once; what came meanwhile goes as batches of at most 100."""
    await make_table(intake, proxy)
    proxy.plan = lambda _: Fault(before=0.2)

    first = asyncio.create_task(intake.append_event(event(intake, "alone"), 1))
    await asyncio.sleep(0.1)
    rows = await asyncio.gather(*(intake.append_event(event(intake, f"event{n}"), 1) for n in range(231)), first)

    assert all(row.own for row in rows)
    assert [request.body.count(b'"PartitionKey"') for request in proxy.requests] == [1, 100, 100, 31]


async def test_partitions_do_not_wait_for_each_other(intake: Intake, proxy: FaultProxy) -> None:
    await make_table(intake, proxy)
    proxy.plan = lambda request: Fault(before=2) if b"|00|" in request.body else None
    ids: dict[int, list[str]] = {0: [], 1: []}
    for number in range(10):
        ids[shard(f"event{number}", 2)].append(f"event{number}")

    slow = asyncio.create_task(intake.append_event(event(intake, ids[0][0]), 2))
    began = asyncio.get_running_loop().time()
    for event_id in ids[1]:
        await intake.append_event(event(intake, event_id), 2)
    took = asyncio.get_running_loop().time() - began

    assert took < 1.8
    assert (await slow).own


async def test_no_queue_is_left_when_all_is_written(intake: Intake, proxy: FaultProxy) -> None:
    """Partitions are named by the minute, so queues that stay would add up for ever."""
    await asyncio.gather(*(intake.append_event(event(intake, f"event{number}"), 4) for number in range(50)))
    await asyncio.sleep(0)

    assert intake._commit.busy == 0
    assert not intake._commit._writers


async def test_a_repeated_request_gets_what_was_stored(intake: Intake, proxy: FaultProxy) -> None:
    """A client's repetition in the same minute has the first one's key; one read shows what the first one decided."""
    first = event(intake, "event", b"first")
    await intake.append_event(first, 4)
    proxy.requests.clear()

    again = await intake.append_event(event(intake, "event", b"second"), 4)

    assert (again.at_us, again.payload, again.own) == (first.at_us, b"first", False)
    assert kinds(proxy.requests)[1:] == ["read"]


async def test_conflicts_inside_a_batch_do_not_touch_the_others(
    intake: Intake, proxy: FaultProxy, services: Services
) -> None:
    await make_table(intake, proxy)
    numbers = {3, 7, 8, 40}
    for number in numbers:
        await intake.append_event(event(intake, f"event{number}", b"before"), 1)
    proxy.plan = lambda _: Fault(before=0.05)

    rows = await asyncio.gather(*(intake.append_event(event(intake, f"event{n}", b"now"), 1) for n in range(50)))

    assert numbers == {number for number, row in enumerate(rows) if not row.own}
    assert dict.fromkeys(numbers, b"before") == {n: row.payload for n, row in enumerate(rows) if not row.own}
    assert len(rows) + 1 == len(read_rows(services.account(), this_loop().table_name("events", intake.arrival(), DAY)))


async def test_rows_that_are_all_there_already_take_few_requests(intake: Intake, proxy: FaultProxy) -> None:
    """A batch of rewards that is sent again: storage names one of them in each answer only."""
    observations = [observation(intake, f"event{number}", "again") for number in range(100)]
    await asyncio.gather(*(intake.append_observation(each, 1) for each in observations))
    proxy.requests.clear()

    await asyncio.gather(*(intake.append_observation(each, 1) for each in observations))

    sent = Counter(kinds(proxy.requests))
    assert sent["$batch"] == 2
    assert sent["read"] == 100
    assert sum(request.body.count(b'"RowKey"') for request in proxy.requests) == 100 + 99 + 98


async def test_one_key_twice_in_the_queue_is_one_row(intake: Intake, proxy: FaultProxy) -> None:
    """Two rows with one key in a batch would be refused with all the others."""
    await make_table(intake, proxy)
    proxy.plan = lambda _: Fault(before=0.05)

    events = [event(intake, f"event{number % 3}", b"%d" % number) for number in range(9)]
    rows = await asyncio.gather(*(intake.append_event(each, 1) for each in events))

    assert [row.own for row in rows] == [True] * 3 + [False] * 6
    assert [row.payload for row in rows] == [b"0", b"1", b"2"] * 3


@pytest.mark.parametrize("lost", [Fault(cut="after"), Fault(cut="middle"), Fault(repeat=True)])
async def test_a_batch_of_unknown_outcome_is_settled_row_by_row(
    intake: Intake, proxy: FaultProxy, services: Services, lost: Fault
) -> None:
    """The rows are there, but no answer came back."""
    await make_table(intake, proxy)
    proxy.plan = lambda request: lost if request.path.endswith("$batch") else Fault(before=0.05)

    rows = await asyncio.gather(*(intake.append_event(event(intake, f"event{n}", b"%d" % n), 1) for n in range(30)))

    assert [(True, b"%d" % n) for n in range(30)] == [(row.own, row.payload) for row in rows]
    assert len(read_rows(services.account(), this_loop().table_name("events", intake.arrival(), DAY))) == 31


async def test_a_batch_whose_answer_does_not_come_is_settled_row_by_row(
    hasty_intake: Intake, proxy: FaultProxy
) -> None:
    await make_table(hasty_intake, proxy)
    proxy.plan = lambda request: Fault(after=60) if request.path.endswith("$batch") else None

    appends = [hasty_intake.append_event(event(hasty_intake, f"event{n}", b"%d" % n), 1) for n in range(5)]
    rows = await asyncio.gather(*appends)

    assert [(True, b"%d" % n) for n in range(5)] == [(row.own, row.payload) for row in rows]


async def test_a_batch_that_never_arrived_goes_again(intake: Intake, proxy: FaultProxy, services: Services) -> None:
    await make_table(intake, proxy)
    proxy.plan = lambda request: Fault(cut="before") if request.path.endswith("$batch") else Fault(before=0.05)

    rows = await asyncio.gather(*(intake.append_event(event(intake, f"event{number}"), 1) for number in range(30)))

    assert all(row.own for row in rows)
    assert len(read_rows(services.account(), this_loop().table_name("events", intake.arrival(), DAY))) == 31


async def test_large_rows_are_split_over_batches(intake: Intake, proxy: FaultProxy, services: Services) -> None:
    """A batch holds less than 4 MiB, counted in base64: three rows of 900 KiB."""
    await make_table(intake, proxy)
    proxy.plan = lambda _: Fault(before=0.05)
    payload = os.urandom(ROW_BYTES)

    rows = await asyncio.gather(*(intake.append_event(event(intake, f"large{n}", payload), 1) for n in range(8)))

    assert all(row.own for row in rows)
    assert max(len(request.body) for request in proxy.requests) < 4 * 1024 * 1024
    assert [request.body.count(b'"PartitionKey"') for request in proxy.requests] == [3, 3, 2]


async def test_a_large_row_is_given_back_whole(intake: Intake) -> None:
    payload = os.urandom(ROW_BYTES)
    await intake.append_event(event(intake, "large", payload), 4)

    again = await intake.append_event(event(intake, "large", b"other"), 4)

    assert payload == again.payload


async def test_a_row_over_the_limit_is_refused_before_storage_sees_it(intake: Intake, proxy: FaultProxy) -> None:
    with pytest.raises(RowTooLarge) as refused:
        await intake.append_event(event(intake, "large", bytes(ROW_BYTES + 1)), 4)

    assert (refused.value.size_bytes, refused.value.limit_bytes) == (ROW_BYTES + 1, ROW_BYTES)
    assert not proxy.requests


async def test_a_row_that_lands_late_is_not_acknowledged(proxied: Rest, settings: Settings, services: Services) -> None:
    """Storage's clock decides, so a machine whose clock is behind is found out too."""
    behind = Intake(proxied, settings, lambda: now_us() - settings.write_deadline_us - SECOND // 10)
    late = event(behind, "late-event")

    with pytest.raises(StorageUnavailable) as refused:
        await behind.append_event(late, 4)

    assert 1 <= refused.value.retry_after <= 61
    assert "clock" in str(refused.value)
    assert event_row(late, 4)[:2] in read_rows(services.account(), this_loop().table_name("events", late.at_us, DAY))


async def test_a_repetition_does_not_acknowledge_a_row_that_landed_late(proxied: Rest, settings: Settings) -> None:
    """The stored row has the key until the minute is over, and the join will not see it."""
    delay_us = settings.write_deadline_us + SECOND // 10
    if (left_us := MINUTE - (now_us() - delay_us) % MINUTE) < 3 * SECOND:
        await asyncio.sleep(left_us / SECOND + 0.1)  # the repetition belongs to the same minute
    behind = Intake(proxied, settings, lambda: now_us() - delay_us)
    late = event(behind, "late-again")
    with pytest.raises(StorageUnavailable):
        await behind.append_event(late, 4)
    right = Intake(proxied, settings, lambda: late.at_us + SECOND)

    with pytest.raises(StorageUnavailable) as refused:
        await right.append_event(event(right, "late-again"), 4)

    assert 0 <= refused.value.retry_after - (MINUTE - right.arrival() % MINUTE) // SECOND <= 1


async def test_a_row_that_is_ahead_of_storage_is_not_acknowledged(
    proxied: Rest, settings: Settings, services: Services
) -> None:
    """Its rewards, which other machines take, would belong to no event."""
    ahead = Intake(proxied, settings, lambda: now_us() + 5 * MINUTE)
    early = event(ahead, "early-event")

    with pytest.raises(StorageUnavailable) as refused:
        await ahead.append_event(early, 4)
    with pytest.raises(StorageUnavailable):
        await ahead.append_observation(observation(ahead, "early-event"), 4)

    assert 1 <= refused.value.retry_after <= 61
    assert event_row(early, 4)[:2] in read_rows(services.account(), this_loop().table_name("events", early.at_us, DAY))


@pytest.mark.parametrize("step", [timedelta(days=-1), timedelta(minutes=-5), timedelta(minutes=5), timedelta(days=1)])
async def test_a_step_of_the_machines_clock_changes_no_arrival_time(
    rest: Rest, settings: Settings, services: Services, step: timedelta
) -> None:
    """Storage's clock gives them, in a process that lives on through one step and the step back."""
    await hear_time(rest)
    intake, began_us = Intake(rest, settings), now_us()

    await intake.append_event(event(intake, "before"), 4)
    with time_machine.travel(step):
        await intake.append_event(event(intake, "meanwhile"), 4)
    await intake.append_event(event(intake, "after"), 4)

    tables = {this_loop().table_name("events", at_us, DAY) for at_us in (began_us, now_us())}
    rows = [row for table in tables for row in read_rows(services.account(), table).values()]
    at = {row["id"]: row["at"].value for row in rows}
    assert at["before"] <= at["meanwhile"] <= at["after"]
    assert all(began_us - 2 * SECOND < at_us < now_us() + 2 * SECOND for at_us in at.values())


async def test_a_row_says_under_which_deadline_it_was_acknowledged(
    proxied: Rest, settings: Settings, services: Services
) -> None:
    """So that what counts does not change with a setting."""
    intake = Intake(proxied, replace(settings, write_deadline_us=7 * SECOND), now_us)
    await intake.append_event(ranked := event(intake, "event"), 4)
    await intake.append_observation(rewarded := observation(intake, "event"), 4)

    for kind, at_us in (("events", ranked.at_us), ("rewards", rewarded.at_us)):
        rows = read_rows(services.account(), this_loop().table_name(kind, at_us, DAY)).values()
        assert [row["within"] for row in rows] == [7 * SECOND]


async def test_each_arrival_time_is_later_than_the_one_before(proxied: Rest, settings: Settings) -> None:
    """And none is before what is joined already, whatever the machine's clock does."""
    times = iter([100, 90, 120, 130])
    intake = Intake(proxied, settings, lambda: next(times))

    assert [intake.arrival(joined) for joined in (0, 0, 500, 0)] == [100, 101, 500, 501]


async def test_only_the_tables_of_now_and_of_the_next_span_are_made(proxied: Rest, settings: Settings) -> None:
    """An older one was dropped once all it held was joined: a row in a new one of that name would never be."""
    now = now_us() // DAY * DAY - SECOND // 10
    intake = Intake(proxied, replace(settings, write_deadline_us=2 * DAY), lambda: now)
    before_midnight = event(intake, "event")
    now += SECOND // 5
    intake.arrival()

    with pytest.raises(StorageUnavailable, match="too late for its table"):
        await intake.append_event(before_midnight, 4)
    assert (await intake.append_event(event(intake, "event"), 4)).own


async def test_the_next_table_is_made_ahead_of_time(
    proxied: Rest, proxy: FaultProxy, settings: Settings, services: Services
) -> None:
    start = (now_us() // DAY - 1) * DAY
    now = start + DAY - 10 * SECOND
    intake = Intake(proxied, replace(settings, write_deadline_us=3 * DAY), lambda: now)
    await intake.append_event(event(intake, "event"), 4)
    await intake.append_event(event(intake, "another"), 4)
    await asyncio.sleep(0.3)
    assert kinds(proxy.requests).count("Tables") == 2
    proxy.requests.clear()
    now = start + DAY

    await intake.append_event(event(intake, "event"), 4)

    assert [this_loop().table_name("events", now, DAY)] == kinds(proxy.requests)


async def test_an_outage_ends_in_time_and_leaves_nothing_behind(hasty_intake: Intake, proxy: FaultProxy) -> None:
    """No caller is kept longer than the write deadline, and the next one after the outage is served."""
    await make_table(hasty_intake, proxy)
    began = asyncio.get_running_loop().time()

    with proxy.away():
        events = [event(hasty_intake, f"event{number}") for number in range(250)]
        outcomes = await asyncio.gather(
            *(hasty_intake.append_event(each, 2) for each in events), return_exceptions=True
        )

    assert {StorageUnavailable} == {type(outcome) for outcome in outcomes}
    assert asyncio.get_running_loop().time() - began < 10
    assert (await hasty_intake.append_event(event(hasty_intake, "after"), 2)).own


async def test_storage_that_hangs_ends_in_time(hasty_intake: Intake, proxy: FaultProxy) -> None:
    await make_table(hasty_intake, proxy)
    proxy.plan = lambda _: Fault(before=60)
    began = asyncio.get_running_loop().time()

    outcomes = await asyncio.gather(
        *(hasty_intake.append_event(event(hasty_intake, f"event{number}"), 2) for number in range(250)),
        return_exceptions=True,
    )

    assert {StorageUnavailable} == {type(outcome) for outcome in outcomes}
    assert asyncio.get_running_loop().time() - began < 10
    proxy.plan = lambda _: None
    assert (await hasty_intake.append_event(event(hasty_intake, "after"), 2)).own


async def test_one_lost_answer_does_not_fail_a_row(hasty_intake: Intake, proxy: FaultProxy) -> None:
    """An answer is waited for a part of the deadline only, so that there is time to ask again."""
    await make_table(hasty_intake, proxy)
    faults = iter([Fault(before=60)])
    proxy.plan = lambda _: next(faults, None)

    assert (await hasty_intake.append_event(event(hasty_intake, "event"), 2)).own


async def test_a_caller_that_leaves_does_not_break_the_others(intake: Intake, proxy: FaultProxy) -> None:
    """Clients hang up; what they share a batch with must not notice."""
    await make_table(intake, proxy)
    proxy.plan = lambda _: Fault(before=0.2)

    tasks = [asyncio.create_task(intake.append_event(event(intake, "event0"), 1))]
    await asyncio.sleep(0.1)
    tasks += [asyncio.create_task(intake.append_event(event(intake, f"event{n}"), 1)) for n in range(1, 40)]
    await asyncio.sleep(0)
    tasks[0].cancel()
    tasks[5].cancel()
    await asyncio.sleep(0.2)
    tasks[6].cancel()
    outcomes = await asyncio.gather(*tasks, return_exceptions=True)

    assert [n for n, outcome in enumerate(outcomes) if isinstance(outcome, asyncio.CancelledError)] == [0, 5, 6]
    assert all(outcome.own for outcome in outcomes if not isinstance(outcome, BaseException))
    assert [request.body.count(b'"PartitionKey"') for request in proxy.requests] == [1, 38]


async def test_a_caller_that_leaves_at_the_last_attempt_does_not_break_the_others(
    intake: Intake, proxy: FaultProxy
) -> None:
    await make_table(intake, proxy)
    loop, attempts = asyncio.get_running_loop(), itertools.count(1)

    def plan(_: Request) -> Fault:
        if next(attempts) == 4:
            loop.call_soon_threadsafe(tasks[2].cancel)
        return Fault(before=0.1, status=429)

    proxy.plan = plan
    tasks = [asyncio.create_task(intake.append_event(event(intake, f"event{n}"), 1)) for n in range(5)]
    outcomes = await asyncio.gather(*tasks, return_exceptions=True)

    assert [StorageUnavailable] * 2 + [asyncio.CancelledError] + [StorageUnavailable] * 2 == [
        type(outcome) for outcome in outcomes
    ]
    assert all("answered 429" in str(outcome) for outcome in outcomes if isinstance(outcome, StorageUnavailable))


async def test_a_row_of_another_event_under_the_same_id_is_another_row(intake: Intake) -> None:
    await intake.append_event(event(intake, "event", b"one", "a" * 22), 4)

    other = await intake.append_event(event(intake, "event", b"two", "b" * 22), 4)

    assert (other.own, other.payload) == (True, b"two")


async def test_the_same_observation_again_is_as_good_as_stored(intake: Intake, services: Services) -> None:
    for _ in range(3):
        await intake.append_observation(observation(intake, "event"), 4)

    assert len(read_rows(services.account(), this_loop().table_name("rewards", intake.arrival(), DAY))) == 1


async def test_a_row_that_storage_refuses_does_not_fail_the_others(intake: Intake, proxy: FaultProxy) -> None:
    """A refused row is a defect of ours, and is not hidden; the rest of its batch goes on."""
    await make_table(intake, proxy)
    proxy.plan = lambda _: Fault(before=0.05)

    events = [event(intake, f"event{number}", request_hash="a/b" if number == 7 else "h" * 22) for number in range(20)]
    outcomes = await asyncio.gather(*(intake.append_event(each, 1) for each in events), return_exceptions=True)

    assert [number for number, outcome in enumerate(outcomes) if isinstance(outcome, BaseException)] == [7]
