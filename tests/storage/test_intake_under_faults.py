"""Several instances append the same events through networks that lose, delay, repeat and withhold what passes.

Whatever happens, an acknowledged row is in storage once, as it was acknowledged and soon enough to be joined; a
client without an acknowledgement is asked to come again.
"""

import asyncio
import random
from collections import Counter
from contextlib import ExitStack
from dataclasses import replace
from typing import Any

import pytest

from shared.intake.intake import Intake, StoredEvent
from shared.intake.rows import Event, Observation, counts, event_row, observation_row
from shared.settings import Settings
from shared.storage import paths
from shared.storage.azure.rest import Rest
from shared.storage.paths import this_loop
from shared.storage_errors import StorageUnavailable
from shared.times import SECOND
from tests.faults.proxy import FaultProxy, Seeded
from tests.storage.conftest import Services, hear_time
from tests.storage.rows import HASH, read_rows

SHARDS = 2
SHARES = dict.fromkeys(("cut_before", "cut_after", "cut_middle", "repeat", "refuse", "slow", "stall", "late"), 0.05)
Outcome = tuple[Event, StoredEvent | BaseException]


async def _append(intake: Intake, prefix: str, chance: random.Random) -> Outcome:
    """One Rank, of which some are repeated by other instances, and some are given up by their clients."""
    await asyncio.sleep(chance.uniform(0, 1.5))
    event_id = f"{prefix}-{chance.randrange(80)}"
    event = Event(event_id, HASH, intake.arrival(), b"%d" % chance.getrandbits(64))
    task = asyncio.ensure_future(intake.append_event(event, SHARDS))
    if chance.random() < 0.05:
        asyncio.get_running_loop().call_later(chance.uniform(0, 0.2), task.cancel)
    return event, (await asyncio.gather(task, return_exceptions=True))[0]


async def _instance(
    rest: Rest, settings: Settings, prefix: str, seed: int
) -> tuple[list[Outcome], list[tuple[Observation, BaseException | None]]]:
    await hear_time(rest)
    intake, chance = Intake(rest, settings), random.Random(seed)
    appends = [_append(intake, prefix, random.Random(chance.random())) for _ in range(100)]

    async def observe(number: int) -> tuple[Observation, BaseException | None]:
        await asyncio.sleep(chance.uniform(0, 1.5))
        observation = Observation(f"{prefix}-{number}", f"{seed}", intake.arrival(), 1.0)
        outcomes = await asyncio.gather(intake.append_observation(observation, SHARDS), return_exceptions=True)
        return observation, outcomes[0]

    events, observations = await asyncio.gather(asyncio.gather(*appends), asyncio.gather(*map(observe, range(30))))
    return events, observations


@pytest.mark.parametrize("seed", [1, 2])
async def test_what_is_acknowledged_is_stored_once_and_in_time(
    services: Services, settings: Settings, seed: int
) -> None:
    settings = replace(settings, write_deadline_us=2 * SECOND)
    plans = [Seeded(seed * 10 + number, SHARES) for number in range(4)]
    with ExitStack() as stack:
        proxies = [stack.enter_context(FaultProxy(services.table, plan)) for plan in plans]
        rests = [Rest(services.account(table=proxy.url), timeout=1) for proxy in proxies]
        runs = [_instance(rest, settings, f"faults{seed}", number) for number, rest in enumerate(rests)]
        results = await asyncio.gather(*runs)
        await asyncio.sleep(3.1)  # until the last write that was withheld has landed
        for rest in rests:
            await rest.close()

    events = [outcome for run, _ in results for outcome in run]
    observations = [outcome for _, run in results for outcome in run]
    _check_events(events, services, settings)
    _check_observations(observations, services, settings)
    assert all(sum(plan.happened[name] for plan in plans) for name in SHARES)
    assert 20 < sum(isinstance(outcome, StoredEvent) for _, outcome in events) < len(events)


def _check_events(events: list[Outcome], services: Services, settings: Settings) -> None:
    rows = _rows("events", [event for event, _ in events], services, settings)
    owners: Counter[tuple[str, str]] = Counter()
    for event, outcome in events:
        place = event_row(event, SHARDS)[:2]
        if isinstance(outcome, StoredEvent):
            row = rows[place]
            assert (row["at"].value, row["d0"]) == (outcome.at_us, outcome.payload)
            assert counts(outcome.at_us, row["stored_at_us"], settings.write_deadline_us)
            assert outcome.own == ((event.at_us, event.payload) == (outcome.at_us, outcome.payload))
            owners[place] += outcome.own
        else:
            assert isinstance(outcome, StorageUnavailable | asyncio.CancelledError)
    assert max(owners.values()) == 1


def _check_observations(
    observations: list[tuple[Observation, BaseException | None]], services: Services, settings: Settings
) -> None:
    rows = _rows("rewards", [observation for observation, _ in observations], services, settings)
    for observation, outcome in observations:
        if outcome is None:
            row = rows[observation_row(observation, SHARDS)[:2]]
            assert counts(row["at"].value, row["stored_at_us"], settings.write_deadline_us)
        else:
            assert isinstance(outcome, StorageUnavailable)


def _rows(
    kind: paths.Kind, sent: list[Event] | list[Observation], services: Services, settings: Settings
) -> dict[tuple[str, str], dict[str, Any]]:
    tables = {this_loop().table_name(kind, row.at_us, settings.intake_span_us) for row in sent}
    return {place: row for table in tables for place, row in read_rows(services.account(), table).items()}
