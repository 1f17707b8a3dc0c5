"""What Rank and Reward use of storage, one of each in a process; nothing is opened before its first use."""

from functools import cache
from typing import Any

from shared.configuration.configuration_store import initial_configuration
from shared.intake.intake import ATTEMPTS, Intake
from shared.ranking.live_settings import Watch
from shared.ranking.loaded_model import ServedModel
from shared.settings import settings
from shared.storage.account import account
from shared.storage.rest import Rest
from shared.times import SECOND


@cache
def rest() -> Rest:
    """The account's REST interface."""
    deadline = settings().write_deadline_us / SECOND
    return Rest(account(settings().storage), timeout=deadline / ATTEMPTS)


@cache
def intake() -> Intake:
    """Where events and observations are appended."""
    return Intake(rest(), settings())


@cache
def watch() -> Watch:
    """What configuration and published model say."""
    return Watch(rest(), initial_configuration)


def serve(model: ServedModel[Any]) -> None:
    """Let a model follow what is published, and be told of as the one that this process ranks with."""
    watch().follow(model.follow)
    _SERVED.append(model)


def served() -> ServedModel[Any] | None:
    """The model that this process ranks with; None before its first Rank."""
    return _SERVED[-1] if _SERVED else None


_SERVED: list[ServedModel[Any]] = []
