"""What Rank and Reward use of storage, one of each in a process; nothing is opened before its first use."""

from functools import cache

from shared.loop.times import SECOND
from shared.settings import settings
from shared.storage.account import account
from shared.storage.documents import initial_configuration
from shared.storage.intake import ATTEMPTS, Intake
from shared.storage.rest import Rest
from shared.storage.watch import Watch


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
