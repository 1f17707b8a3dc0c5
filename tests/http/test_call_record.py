"""The count of calls in the log of a real host."""

import json
import secrets
from typing import Any

from tests.conftest import StartHost
from tests.hosts import HostProcess
from tests.http.api import Api

STARTS = '{"record":"rankloop.calls"'


def counted(host: HostProcess) -> list[Any]:
    """The records in the log of a host."""
    lines = [line[line.index(STARTS) :] for line in host.log().splitlines() if STARTS in line]
    return [json.loads(line) for line in lines]


def first(start_host: StartHost, path: str, key: str = "call-key") -> Any:
    """The record of the first call to a new host, a Rank by its body."""
    host = start_host(API_KEY_1="call-key", TRAIN_SCHEDULE="0 0 0 1 1 *")
    body = {
        "eventId": secrets.token_hex(8),
        "contextFeatures": [{"a": 1}],
        "actions": [{"id": "ann", "features": [{"b": 1}]}],
    }
    Api.at(host.url, key).get("/ready")
    Api.at(host.url, key).post(path, json.dumps(body).encode())
    (record,) = counted(host)
    return {
        kind: {name: n for name, n in record[kind].items() if name != "seconds" and n}
        for kind in record
        if kind in KINDS
    }


KINDS = ("ranks", "rewards", "other")


def test_a_rank_is_counted_once_and_a_look_whether_the_loop_is_ready_is_not(start_host: StartHost) -> None:
    """Monitors ask for the second all day."""
    assert first(start_host, "/personalizer/v1.0/rank") == {"ranks": {"calls": 1}, "rewards": {}, "other": {}}


def test_a_call_by_the_function_of_all_paths_is_counted_once(start_host: StartHost) -> None:
    """Another loop's calls come that way; here it is a slash too many."""
    assert first(start_host, "/personalizer/v1.0/rank/")["ranks"] == {"calls": 1}


def test_a_denied_reward_and_an_unknown_path_are_counted(start_host: StartHost) -> None:
    """By what they were refused with."""
    denied = first(start_host, "/personalizer/v1.0/events/1/reward", "wrong")
    unknown = first(start_host, "/no/such/path")

    assert denied == {"ranks": {}, "rewards": {"calls": 1, "denied": 1, "refused": 1}, "other": {}}
    assert unknown == {"ranks": {}, "rewards": {}, "other": {"calls": 1, "refused": 1}}


def test_records_of_a_client_that_ranks_by_itself_are_no_rewards(start_host: StartHost) -> None:
    """They are refused, and nobody who looks at the count of rewards is to see refusals of something else there."""
    sent = first(start_host, "/personalizer/v1.1-preview.2/logs/interactions")

    assert sent == {"ranks": {}, "rewards": {}, "other": {"calls": 1, "refused": 1}}
