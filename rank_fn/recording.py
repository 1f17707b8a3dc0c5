"""What a Rank leaves in storage before it is answered; one that is refused leaves a count at most."""

import os

from rank_fn.explorer import Explorer
from shared.intake.identifiers import request_hash
from shared.intake.rows import Event
from shared.log.ranked_event import Record, pack, unpack
from shared.ranking.hot_path import HotPath
from shared.ranking.live_settings import Watched


async def append(hot_path: HotPath[Explorer], event_id: str, record: Record, watched: Watched) -> Record | None:
    """Make a record durable; gives the one that was there already, if the same request was made before."""
    intake, payload = hot_path.intake, pack(record)
    told_apart_by = request_hash(record.document, b"deferred" if record.deferred else b"")
    event = Event(event_id, told_apart_by, intake.arrival(watched.published.joined_up_to_us), payload)
    stored = await intake.append_event(event, watched.configuration.shards)
    return None if stored.own else unpack(stored.payload)


def new_event_id() -> str:
    """32 hexadecimal digits, a hyphen and five more, much as the old service made them."""
    digits = os.urandom(19).hex()
    return f"{digits[:32]}-{digits[32:37]}"
