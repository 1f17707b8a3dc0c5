"""What calls took of memory is given back: a host does not stay as large as its largest moment, times its threads."""

import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from benchmarks.machine import resident_bytes
from localhost.environment import ALLOCATOR
from localhost.host.host_process import HostProcess
from tests.http.api import Api
from tests.http.conftest import NEVER
from tests.infra.snapshots import app_settings
from tests.storages import NewStorage

KEY = "test-key-1"
KEYS, AT_ONCE = 16, 8
_MIB = 1024 * 1024
SLOW_DIGEST = 16 * _MIB
"""What the digest of a key takes while it is computed."""


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_threads_that_made_keys_keep_no_memory_of_it(new_storage: NewStorage) -> None:
    """Each digest takes 16 MiB; every thread that had computed one kept as much for ever."""
    storage = new_storage()
    with HostProcess(storage, env={"API_KEY_1": KEY, **NEVER}) as host:
        api = Api.at(host.url, KEY, tries=4)
        assert api.put("/rankloop/v1/keys/first", {"role": "rank"}).status == 201
        before = resident_bytes(host.pid)
        with ThreadPoolExecutor(AT_ONCE) as pool:
            names = [f"key-{number}" for number in range(KEYS)]
            made = [*pool.map(lambda name: api.put(f"/rankloop/v1/keys/{name}", {"role": "rank"}).status, names)]

        assert set(made) == {201}
        assert resident_bytes(host.pid) - before < 2 * SLOW_DIGEST


@pytest.mark.parametrize("name", ALLOCATOR)
def test_a_deployment_has_the_same_allocator(name: str) -> None:
    """The figures for memory are measured with it."""
    assert app_settings()[name] == ALLOCATOR[name]
