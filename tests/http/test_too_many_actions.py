"""Ranks with too many actions are refused, and the status of every instance counts them."""

import time
from collections.abc import Callable
from typing import Any

import pytest

from shared.ranking.refused_ranks import delete_old_counts
from shared.storage.paths import this_loop
from shared.storage.this_storage import blobs
from shared.times import DAY
from tests.clock import now_us
from tests.conftest import StartHost
from tests.http.api import Api
from tests.http.conftest import NEVER

SETTINGS = {"API_KEY_1": "test-key-1", **NEVER}


def body(actions: int, **more: Any) -> dict[str, Any]:
    """A Rank of some actions."""
    return {"actions": [{"id": f"a{number}", "features": [{"x": number}]} for number in range(actions)], **more}


def read_warning(api: Api) -> str | None:
    """Read what the status says of refused Ranks."""
    messages = {warning["code"]: warning["message"] for warning in api.get("/rankloop/v1/status").json["warnings"]}
    return messages.get("TooManyActions")


def test_each_instance_warns_of_the_ranks_that_all_refused(
    start_host: StartHost, storage: str, here: Callable[[str], None]
) -> None:
    """At once of its own, within a minute of the others', and with one write for many."""
    here(storage)
    first, second = (Api.at(start_host(**SETTINGS).url, "test-key-1") for _ in range(2))
    accepted = first.post("/personalizer/v1.0/rank", body(50)).status
    quiet = read_warning(first)

    refused = [first.post("/personalizer/v1.0/rank", body(51)) for _ in range(2)]
    slots = {"slots": [{"id": "s", "baselineAction": "a1"}]}
    refused.append(first.post("/personalizer/v1.1-preview.3/multislot/rank", body(51, **slots)))
    warning = read_warning(first)
    until = time.monotonic() + 20
    while read_warning(second) is None and time.monotonic() < until:
        time.sleep(0.2)

    assert (accepted, quiet) == (201, None)
    assert [(answer.status, answer.error["code"], answer.error["target"]) for answer in refused] == [
        (400, "InvalidRankRequest", "actions")
    ] * 3
    assert warning is not None
    assert warning.startswith("3 Rank calls")
    assert read_warning(second) == warning
    assert len(list(blobs().list_blobs(this_loop().instances))) == 1


@pytest.mark.parametrize(("days", "left"), [(1, 1), (3, 0)])
def test_the_counts_of_an_instance_go_after_two_days(
    storage: str, here: Callable[[str], None], days: int, left: int
) -> None:
    """Instances come and go."""
    here(storage)
    blobs().write(f"{this_loop().instances}gone.json", b'{"tooManyActions":1}')

    delete_old_counts(now_us() + days * DAY)

    assert len(list(blobs().list_blobs(this_loop().instances))) == left
