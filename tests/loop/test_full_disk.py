"""A disk that is full, under a loop on one machine: a limit of the size of files stands in for its end."""

import resource
import sys
from pathlib import Path

import pytest

from shared.storage.embedded.storage import EmbeddedStorage
from shared.storage.interface import RowRange
from tests.hosts import HostProcess
from tests.http.api import Api
from tests.loop.conftest import KEY, QUICK
from tests.loop.evaluated_log import wait_until
from tests.loop.traffic import rank_body

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux limits another process")
V1 = "/personalizer/v1.0"
_NO_LIMIT = resource.RLIM_INFINITY


def fill_disk(host: HostProcess, limit: int) -> None:
    """Let no file of a host grow beyond a size."""
    resource.prlimit(host.pid, resource.RLIMIT_FSIZE, (limit, _NO_LIMIT))


def warnings(api: Api) -> dict[str, str]:
    """The warnings of the status, by their codes."""
    return {warning["code"]: warning["message"] for warning in api.get("/rankloop/v1/status").json["warnings"]}


def test_calls_are_refused_with_the_reason_and_go_on_by_themselves(tmp_path: Path) -> None:
    """Nothing that was answered is lost, what was refused left no trace, and the process lives."""
    folder, acknowledged = tmp_path / "storage", list[str]()
    with HostProcess(str(folder), env=QUICK, log_file=tmp_path / "host.log") as host:
        api, process = Api.at(host.url, KEY, tries=1), host.pid

        def rank(event_id: str) -> int:
            answer = api.post(f"{V1}/rank", rank_body(event_id, "ann"))
            if answer.status == 201:
                acknowledged.append(event_id)
            else:
                assert answer.headers["retry-after"]
            return answer.status

        assert rank("before") == 201
        for number in range(3):
            fill_disk(host, 4096)
            assert [rank(f"full-{number}-{each}") for each in range(3)] == [503] * 3
            assert api.post(f"{V1}/events/before/reward", {"value": 1}).status == 503
            assert "cannot be used: " in warnings(api)["NotStored"]
            assert api.put(f"{V1}/configurations/service", {"defaultReward": 0.5}).status == 503

            fill_disk(host, _NO_LIMIT)
            assert rank(f"again-{number}") == 201
            assert "NotStored" not in warnings(api)
        assert api.post(f"{V1}/events/before/reward", {"value": 1}).status == 204
        assert host.pid == process
        wait_until(lambda: api.get("/rankloop/v1/status").json["trainer"] is not None)

    with EmbeddedStorage(folder) as storage:
        storage.check()
        names = storage.tables.list_names("events", "f")
        stored = [row.event_id for name in names for row in storage.tables.read(name, RowRange("", "~"))]
    assert set(acknowledged) <= set(stored)
    assert len(stored) == len(set(stored))
