"""The storage of loops, which tests read, and trainers on that storage."""

import itertools
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from localhost.azurite.accounts import EmulatedAccount
from localhost.azurite.emulator import Azurite
from shared.times import DAY, MINUTE, SECOND
from shared.training import time_slices
from tests import clock
from tests.conftest import PATIENT, StartHost
from tests.hosts import HostProcess
from tests.loop import evaluated_log, past
from tests.loop.stored_loop import StoredLoop
from tests.loop.trainers import PAST, Trainer
from tests.storages import NewStorage

KEY = "loop-key"
QUICK = {
    "API_KEY_1": KEY,
    "INTAKE_SPAN": "P1D",
    "WRITE_DEADLINE": "PT2S",
    "JOIN_GRACE": "PT3S",
    "TRAIN_SCHEDULE": "*/1 * * * * *",
}
"""Settings of a host."""
NEVER = {**QUICK, **PATIENT, "TRAIN_SCHEDULE": "0 0 0 1 1 *"}
"""The same without a trainer."""
LATER = {"write_deadline_us": 2 * SECOND, "join_grace_us": -4 * MINUTE, "intake_span_us": DAY}
"""Settings of a trainer of `QUICK` hosts that runs as if it were minutes later, when nothing waits any more."""
LATER_STILL = {**LATER, "write_deadline_us": 20 * SECOND}
"""The same for `NEVER` hosts."""

StartTrainer = Callable[..., Trainer]


@pytest.fixture(autouse=True)
def noon(request: pytest.FixtureRequest) -> Iterator[None]:
    """Let it be noon for a test marked `at_noon`."""
    with ExitStack() as moved:
        if request.node.get_closest_marker("at_noon"):
            moved.enter_context(clock.move_to(clock.NOON))
        yield


@pytest.fixture
def account(account: EmulatedAccount, request: pytest.FixtureRequest) -> Iterator[EmulatedAccount]:
    """The account of the test; for one marked `at_noon`, in an emulator of its own, for which it is noon, too."""
    if request.node.get_closest_marker("at_noon") is None:
        yield account
        return
    with Azurite() as started:
        yield started.new_account()


@pytest.fixture
def stored_loop(storage: str) -> Iterator[StoredLoop]:
    """The stored loop in the test's storage."""
    with StoredLoop(storage) as opened:
        yield opened


@pytest.fixture
def undisturbed(new_storage: NewStorage) -> Iterator[StoredLoop]:
    """The storage of another loop, to which nothing happens."""
    with StoredLoop(new_storage()) as opened:
        yield opened


@pytest.fixture
def trainer(storage: str, tmp_path: Path, request: pytest.FixtureRequest) -> StartTrainer:
    """Makes trainers on the test's storage, or on a proxy of its account."""
    numbers = itertools.count()
    collects = request.node.get_closest_marker("collects_rewards") is not None
    long_us = time_slices.LONG_WAIT_US if collects else past.OFTEN_WAIT

    def build(storage: str = storage, changed: Mapping[str, Any] = PAST, **more: Any) -> Trainer:
        log_file = tmp_path / f"trainer-{next(numbers)}.log"
        return Trainer(storage, log_file, changed, long_us=long_us, **more)

    return build


@pytest.fixture
def start_loop(start_host: StartHost, stored_loop: StoredLoop) -> StartHost:
    """Starts hosts that keep their intake, so that it can be learned from again, and join after seconds."""

    def start(**more: str) -> HostProcess:
        service = {"reward_wait_time": "PT5S", "model_export_frequency": "PT5S"}
        if stored_loop.document("configuration.json") is None:
            past.configure(stored_loop, past.configuration(**service))
        return start_host(**{**QUICK, **more})

    return start


@pytest.fixture
def at_home(stored_loop: StoredLoop) -> Iterator[None]:
    """Let this process be an instance of the app, on a loop with a short reward wait time."""
    past.configure(stored_loop, past.configuration(reward_wait_time="PT10M"))
    with evaluated_log.use_storage(stored_loop.storage):
        yield
