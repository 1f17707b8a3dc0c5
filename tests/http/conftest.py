"""A host on the real worker library, the same one for all tests over HTTP that leave its model as it is."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from shared import settings
from tests.conftest import PATIENT
from tests.hosts import HostProcess
from tests.http.api import Api
from tests.http.slots import use_slots
from tests.storages import NewStorage

NEVER = {**PATIENT, "TRAIN_SCHEDULE": "0 0 0 1 1 *"}
"""Settings that keep the trainer from making log and models while a test reads a loop without them."""


@pytest.fixture(scope="package")
def host(new_storage: NewStorage, second_key: str) -> Iterator[HostProcess]:
    variables = {"API_KEY_1": "test-key-1", "API_KEY_2": second_key, **NEVER}
    with HostProcess(new_storage(), env=variables) as started:
        yield started


@pytest.fixture(scope="package")
def second_key() -> str:
    return "test-key-2"


@pytest.fixture(scope="package")
def api(host: HostProcess) -> Api:
    """The host, opened with its first key."""
    return Api.at(host.url, "test-key-1", tries=4)


@pytest.fixture(scope="module")
def single_slot(new_storage: NewStorage) -> Iterator[Api]:
    """A loop of the module's own, for all kinds of things are done to it."""
    yield from _loop(new_storage)


@pytest.fixture(scope="module")
def several_slots(new_storage: NewStorage) -> Iterator[Api]:
    """The same with multi-slot learning settings."""
    for api in _loop(new_storage):
        use_slots(api)
        yield api


def _loop(new_storage: NewStorage) -> Iterator[Api]:
    variables = {"API_KEY_1": "test-key-1", **NEVER}
    with HostProcess(new_storage(), env=variables) as started:
        yield Api.at(started.url, "test-key-1", tries=4)


@pytest.fixture(scope="module")
def here() -> Iterator[Callable[[str], None]]:
    """Makes a place the storage of this process, as if it were the app's, until the module's tests have run."""
    with ExitStack() as used:

        def use(storage: str) -> None:
            used.enter_context(settings.use(settings.read({"AzureWebJobsStorage": storage})))

        yield use
