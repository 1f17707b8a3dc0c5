"""Multi-slot requests, and a loop that takes them."""

import time
from collections.abc import Callable
from typing import Any

from tests.http.api import Api

V1_1 = "/personalizer/v1.1-preview.3"
RANK = f"{V1_1}/multislot/rank"
CCB = "--ccb_explore_adf --epsilon 0.2 --cb_type mtr -q ::"
PATIENCE_SECONDS = 8


def news(**fields: object) -> dict[str, Any]:
    """Four articles for a large and a small place; nothing is excluded."""
    names = ("politics", "sports", "music", "weather")
    return {
        "contextFeatures": [{"time": {"part": "noon"}}],
        "actions": [{"id": name, "features": [{"topic": name}]} for name in names],
        "slots": [
            {"id": "top", "features": [{"size": "large"}], "baselineAction": "politics"},
            {"id": "side", "features": [{"size": "small"}], "baselineAction": "sports"},
        ],
    } | fields


def slot(number: int, **fields: object) -> dict[str, Any]:
    """A body of which one slot has other fields."""
    body = news()
    body["slots"][number] |= fields
    return body


def use_slots(api: Api) -> None:
    """Make a loop a multi-slot one and wait until its instance knows."""
    answer = api.put("/personalizer/v1.0/configurations/policy", {"name": "slots", "arguments": CCB})
    assert answer.status == 200, answer.body
    eventually(lambda: api.post(RANK, news()).status == 201)


def eventually(claim: Callable[[], bool]) -> None:
    """Wait until something holds, as long as changes may take to reach every instance."""
    until = time.monotonic() + PATIENCE_SECONDS
    while not claim():
        assert time.monotonic() < until
        time.sleep(0.1)
