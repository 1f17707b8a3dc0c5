"""The event of a Rank, stored before the answer."""

import os

from shared.intake.keys import request_hash
from shared.intake.rows import Event
from shared.learner.explorer import Explorer
from shared.log.ranked_event import RankedEvent, pack, unpack
from shared.ranking.hot_path import HotPath
from shared.ranking.live_settings import CurrentSettings


def arrival_us(hot_path: HotPath[Explorer], current: CurrentSettings) -> int:
    """Give the arrival time of the Rank that is appended next."""
    return hot_path.intake.arrival(current.published.joined_up_to_us)


async def append(hot_path: HotPath[Explorer], event: RankedEvent, current: CurrentSettings) -> RankedEvent | None:
    """Make an event durable; gives the earlier event if the same request was stored before."""
    request = request_hash(event.document, b"deferred" if event.deferred else b"")
    row = Event(event.event_id, request, event.at_us, pack(event))
    configuration = current.configuration
    shards = configuration.shards_at(row.at_us)
    stored = await hot_path.intake.append_event(row, shards, configuration.event_key_secret)
    return None if stored.own else unpack(stored.payload, event.event_id, stored.at_us)


def new_event_id() -> str:
    """Make an id of 32 hexadecimal digits, a hyphen and five more, much as the old service did."""
    digits = os.urandom(19).hex()
    return f"{digits[:32]}-{digits[32:37]}"
