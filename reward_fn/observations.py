"""The observations of a reward or an activation, stored before the call is acknowledged."""

import os
from collections.abc import Iterable
from typing import Any

from shared.intake.keys import observation_id
from shared.intake.rows import Observation
from shared.ranking.hot_path import HotPath

type SlotReward = tuple[str | None, float | None]
"""The id of a slot, None in a single-slot event; and the reward, None for an activation."""


def make_origin(request_id: str | None) -> bytes:
    """Make what the rewards of a call come from: the id that the client gave the call, or random bytes."""
    return (request_id or "").encode("utf-8", "backslashreplace") or os.urandom(16)


async def append(hot_path: HotPath[Any], origin: bytes, event_id: str, rewards: Iterable[SlotReward]) -> None:
    """Make the rewards of one call durable; a reward that the call has twice counts once."""
    current = await hot_path.live_settings.current()
    intake = hot_path.intake
    observations = [
        Observation(
            event_id,
            observation_id(origin, slot=slot, value=value),
            intake.arrival(current.published.joined_up_to_us),
            value,
            slot,
        )
        for slot, value in dict.fromkeys(rewards)
    ]
    if observations:
        shards = current.configuration.shards_at(observations[0].at_us)
        await intake.append_observations(observations, shards, current.configuration.event_key_secret)
