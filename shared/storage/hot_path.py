"""What Rank and Reward share in this process, made at the first call: connections, intake, and what holds now."""

from dataclasses import dataclass
from functools import cache

from shared.loop.times import SECOND
from shared.settings import settings
from shared.storage.account import account
from shared.storage.documents import initial_configuration
from shared.storage.intake import ATTEMPTS, Intake
from shared.storage.rest import Rest
from shared.storage.watch import Watch


@dataclass(frozen=True, slots=True)
class HotPath:
    """The one way of this process to write events and observations and to read what it needs for them."""

    rest: Rest
    intake: Intake
    watch: Watch


@cache
def hot_path() -> HotPath:
    """The process's own.

    Raises:
        InvalidSetting: A setting is missing or makes no sense.
    """
    told = settings()
    rest = Rest(account(told.storage), timeout=told.write_deadline_us / SECOND / ATTEMPTS)
    return HotPath(rest, Intake(rest, told), Watch(rest, initial_configuration))
