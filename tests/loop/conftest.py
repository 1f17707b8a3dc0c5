"""Storage that is looked into, and trainers on it."""

import itertools
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from localhost.accounts import StorageAccount
from localhost.azurite import Azurite
from tests.loop.kept import Kept
from tests.loop.trainers import PAST, Trainer

StartTrainer = Callable[..., Trainer]


@pytest.fixture
def kept(storage: StorageAccount) -> Iterator[Kept]:
    """What the test's account holds."""
    with Kept(storage.connection_string) as opened:
        yield opened


@pytest.fixture
def undisturbed(azurite: Azurite) -> Iterator[Kept]:
    """The storage of another loop, to which nothing happens."""
    with Kept(azurite.new_account().connection_string) as opened:
        yield opened


@pytest.fixture
def trainer(storage: StorageAccount, tmp_path: Path) -> StartTrainer:
    """Makes trainers on the test's account, or on another way to it."""
    numbers = itertools.count()

    def made(
        reached: str = storage.connection_string, changed: Mapping[str, Any] = PAST, *, one_part: bool = False
    ) -> Trainer:
        return Trainer(reached, tmp_path / f"trainer-{next(numbers)}.log", changed, one_part=one_part)

    return made
