"""The time that is stored: storage tells it, through the SDKs and through the REST interface."""

from datetime import timedelta

import pytest
import time_machine

from shared import settings
from shared.storage import clock
from shared.storage.azure.rest import Rest
from shared.storage.this_storage import this_storage
from shared.storage_errors import StorageUnavailable
from shared.times import MINUTE
from tests.clock import now_us
from tests.storage.conftest import Services, hear_time

STEPS = [timedelta(days=-1), timedelta(hours=1), timedelta(days=1)]


@pytest.mark.usefixtures("account")
@pytest.mark.parametrize("step", STEPS, ids=str)
def test_the_time_is_storages_whatever_the_machine_says(storage: str, step: timedelta) -> None:
    """A process that has not heard from storage asks it."""
    began_us = now_us()

    with settings.use(settings.read({"AzureWebJobsStorage": storage})), time_machine.travel(step):
        assert not this_storage().clock.has_answer
        assert abs(clock.now_us() - began_us) < MINUTE
        assert this_storage().clock.has_answer


async def test_each_answer_over_rest_tells_the_time(rest: Rest, services: Services) -> None:
    """To all that the process does with the account."""
    await hear_time(rest)

    assert abs(services.account().clock.now_us() - now_us()) < MINUTE


def test_without_storage_there_is_no_time() -> None:
    """The machine's never stands in."""
    nowhere = "AccountName=a;AccountKey=YQ==;BlobEndpoint=http://127.0.0.1:1/a;TableEndpoint=http://127.0.0.1:1/a"

    with (
        settings.use(settings.read({"AzureWebJobsStorage": f"{nowhere};QueueEndpoint=http://127.0.0.1:1/a"})),
        pytest.raises(StorageUnavailable),
    ):
        clock.now_us()
