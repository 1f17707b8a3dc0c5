"""Machines whose clocks are wrong: everything that is stored has storage's time, so that it changes nothing."""

import asyncio
import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import replace
from datetime import timedelta

import pytest

from shared.intake.intake import Intake
from shared.settings import Settings, StorageSettings, read
from shared.storage.azure.account import account
from shared.storage.azure.rest import Rest
from shared.storage_errors import StorageUnavailable
from shared.times import MINUTE, SECOND, to_iso
from tests import clock
from tests.clock import now_us
from tests.conftest import StartHost
from tests.http.api import Api
from tests.loop import past
from tests.loop.conftest import KEY, LATER, LATER_STILL, NEVER, StartTrainer
from tests.loop.stored_loop import StoredLoop
from tests.loop.traffic import V1, rank_body

ALL = {**LATER_STILL, "join_grace_us": -30 * MINUTE}
"""Settings of a trainer that joins all there is, after everything has arrived."""
STEPS = [
    *(timedelta(minutes=5), timedelta(hours=1), timedelta(days=1)),
    *(timedelta(minutes=-5), timedelta(hours=-1), timedelta(days=-1)),
]


@pytest.fixture(autouse=True)
def _minutes_of_wait(stored_loop: StoredLoop) -> None:
    """Let a reward be in time, however busy this machine is."""
    past.configure(stored_loop, past.configuration(reward_wait_time="PT10M", model_export_frequency="PT1S"))


@pytest.fixture
def start_off(start_host: StartHost) -> Callable[[timedelta], Api]:
    """Starts hosts whose machine's clock differs from storage's."""

    def start(off: timedelta) -> Api:
        with clock.move_to(to_iso(now_us() + off // timedelta(microseconds=1))):
            return Api.at(start_host(**NEVER).url, KEY, tries=4)

    return start


def rank(api: Api, *event_ids: str) -> None:
    """Rank, successfully."""
    for event_id in event_ids:
        assert api.post(f"{V1}/rank", rank_body(event_id, "ann")).status == 201


def reward(api: Api, *event_ids: str) -> None:
    """Reward with 1, successfully."""
    for event_id in event_ids:
        assert api.post(f"{V1}/events/{event_id}/reward", {"value": 1}).status == 204


def join(trainer: StartTrainer, changed: dict[str, int]) -> None:
    """Let a trainer run once."""
    with trainer(changed=changed) as started:
        started.succeed()


def read_costs(stored_loop: StoredLoop) -> dict[str, float]:
    """The reward's opposite of each event in the log; a reward without its event is none."""
    lines = [json.loads(line) for line in stored_loop.lines()]
    return {line["EventId"]: line.get("_label_cost", line.get("Fate")) for line in lines}


@pytest.mark.parametrize("off", STEPS, ids=str)
def test_a_machine_whose_clock_is_wrong_takes_part_as_any_other(
    stored_loop: StoredLoop, trainer: StartTrainer, start_off: Callable[[timedelta], Api], off: timedelta
) -> None:
    """Its Ranks are learned with rewards that another machine takes, and the other way round."""
    wrong, right = start_off(off), start_off(timedelta())

    rank(wrong, "a", "b")
    rank(right, "c", "d")
    reward(right, "a", "c")
    reward(wrong, "b", "d")
    join(trainer, ALL)

    assert dict.fromkeys("abcd", -1.0) == read_costs(stored_loop)
    assert stored_loop.document("state.json")["counters"]["learned"] == 4


@pytest.mark.parametrize("off", STEPS, ids=str)
def test_the_deletion_of_the_log_by_a_machine_whose_clock_is_wrong_ends_with_its_answer(
    stored_loop: StoredLoop, trainer: StartTrainer, start_off: Callable[[timedelta], Api], off: timedelta
) -> None:
    """What was acknowledged before the call is gone, and what comes after the answer is kept, on whichever machine."""
    wrong, right = start_off(off), start_off(timedelta())
    rank(right, "right-before")
    rank(wrong, "wrong-before")

    assert wrong.delete(f"{V1}/logs").status == 204
    rank(right, "right-after")
    rank(wrong, "wrong-after")
    join(trainer, ALL)

    assert {"right-after", "wrong-after"} == set(read_costs(stored_loop))


@contextmanager
def use_intake(storage: str, off_us: int, **changed: int) -> Iterator[Callable[[str], None]]:
    """Appends events as a process does that is behind storage or ahead of it, under settings of its own."""
    rest = Rest(account(StorageSettings(storage)), timeout=20)
    settings: Settings = replace(read({"AzureWebJobsStorage": storage}), **changed)  # type: ignore[arg-type]

    async def append(event_id: str) -> None:
        intake = Intake(rest, settings, lambda: now_us() + off_us)
        try:
            await intake.append_event(past.event(event_id, intake.arrival()), past.SHARDS)
        finally:
            await rest.close()

    yield lambda event_id: asyncio.run(append(event_id))


@pytest.mark.usefixtures("account")
def test_a_row_that_is_ahead_of_storage_is_not_joined(
    stored_loop: StoredLoop, trainer: StartTrainer, storage: str
) -> None:
    """It was not acknowledged."""
    with (
        use_intake(storage, 5 * MINUTE) as append,
        pytest.raises(StorageUnavailable),
    ):
        append("ahead")
    with use_intake(storage, 0) as append:
        append("in-time")

    join(trainer, ALL)

    assert list(read_costs(stored_loop)) == ["in-time"]


@pytest.mark.usefixtures("account")
def test_a_shorter_write_deadline_loses_no_row_that_was_acknowledged(
    stored_loop: StoredLoop, trainer: StartTrainer, storage: str
) -> None:
    """A row counts under the deadline under which it was acknowledged, whatever the setting is later."""
    with use_intake(storage, -10 * SECOND, write_deadline_us=MINUTE) as append:
        append("ten-seconds-late")

    join(trainer, {**LATER, "join_grace_us": -30 * MINUTE})

    assert list(read_costs(stored_loop)) == ["ten-seconds-late"]


@pytest.mark.usefixtures("account")
def test_a_longer_write_deadline_adds_nothing_that_was_not_acknowledged(
    stored_loop: StoredLoop, trainer: StartTrainer, storage: str
) -> None:
    """The caller was told that it failed."""
    with (
        use_intake(storage, -10 * SECOND, write_deadline_us=5 * SECOND) as append,
        pytest.raises(StorageUnavailable),
    ):
        append("ten-seconds-late")

    join(trainer, {**ALL, "write_deadline_us": MINUTE})

    assert stored_loop.lines() == []


@pytest.mark.usefixtures("account")
def test_the_trainer_waits_for_rows_of_processes_with_a_longer_write_deadline(
    stored_loop: StoredLoop, trainer: StartTrainer, storage: str
) -> None:
    """While a deployment changes, there are both: what such a process still acknowledges is not lost."""
    with use_intake(storage, 0, write_deadline_us=5 * MINUTE) as append:
        append("in-time")
    until_joined = -12 * MINUTE  # with the wait, two minutes from now

    join(trainer, {**LATER, "join_grace_us": until_joined})
    assert stored_loop.document("state.json")["joined_up_to_us"] < now_us() - MINUTE
    assert stored_loop.lines() == []

    join(trainer, {**LATER, "join_grace_us": until_joined - 10 * MINUTE})
    assert list(read_costs(stored_loop)) == ["in-time"]


@pytest.mark.usefixtures("account")
def test_the_time_of_day_of_a_trainer_does_not_matter(
    stored_loop: StoredLoop, trainer: StartTrainer, storage: str
) -> None:
    """A trainer whose machine is a day ahead joins no event before its wait is over."""
    with use_intake(storage, 0) as append:
        append("in-time")

    with clock.move_to(to_iso(now_us() + timedelta(days=1) // timedelta(microseconds=1))):
        context = trainer(changed={**LATER_STILL, "join_grace_us": MINUTE})
    with context as started:
        started.succeed()

    assert stored_loop.lines() == []
    assert stored_loop.document("state.json")["joined_up_to_us"] <= time.time_ns() // 1000
