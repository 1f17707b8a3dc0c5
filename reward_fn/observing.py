"""What a reward or an activation leaves in storage before it is acknowledged."""

import os
from collections.abc import Iterable
from typing import Any

from azure.functions import HttpRequest

from shared.intake.identifiers import observation_id
from shared.intake.rows import Observation
from shared.ranking.hot_path import HotPath
from shared.web.endpoint import client_request_id

type Told = tuple[str | None, float | None]
"""A slot, if it is one's, and the reward; None for an activation."""


async def append(hot_path: HotPath[Any], req: HttpRequest, event_id: str, told: Iterable[Told]) -> None:
    """Make all that one call tells of an event durable; what it tells twice is told once."""
    current = await hot_path.live_settings.current()
    told_by = (client_request_id(req) or "").encode("utf-8", "backslashreplace") or os.urandom(16)
    intake = hot_path.intake
    observations = [
        Observation(
            event_id,
            observation_id(told_by, slot=slot, value=value),
            intake.arrival(current.published.joined_up_to_us),
            value,
            slot,
        )
        for slot, value in dict.fromkeys(told)
    ]
    await intake.append_observations(observations, current.configuration.shards)
