"""The first call of an operation, in a process that has imported nothing but what Ranks and rewards need."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from localhost.host.host_process import HostProcess
from tests.http.api import Api
from tests.http.conftest import NEVER
from tests.storages import NewStorage

RANK = {"actions": [{"id": "soup", "features": [{"warm": True}]}]}
FIRST = {
    ("POST", "/personalizer/v1.0/rank"): 201,
    ("POST", "/personalizer/v1.0/rank/"): 201,
    ("GET", "/personalizer/v1.0/configurations/service"): 200,
    ("GET", "/personalizer/v1.0/evaluations/none"): 404,
    ("GET", "/rankloop"): 200,
    ("GET", "/rankloop/main.js"): 200,
    ("GET", "/rankloop/v1/status"): 200,
    ("GET", "/rankloop/v1/events/none"): 200,
    ("PUT", "/rankloop/v1/loops/news"): 201,
    ("GET", "/nowhere"): 404,
    ("GET", "/status"): 200,
}


@pytest.mark.parametrize("at_once", [1, 8])
def test_the_first_call_of_an_operation_is_answered_as_every_other(new_storage: NewStorage, at_once: int) -> None:
    """Also beside others that are the first."""
    env = {"API_KEY_1": "test-key-1", **NEVER}
    with HostProcess(new_storage(), env=env) as host, ThreadPoolExecutor(at_once) as threads:
        api = Api.at(host.url, "test-key-1", tries=4)
        answers = threads.map(lambda call: api.call(*call, RANK if call[0] == "POST" else None).status, FIRST)

        assert dict(zip(FIRST, answers, strict=True)) == FIRST
