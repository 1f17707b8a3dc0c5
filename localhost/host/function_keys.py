"""Function keys, checked as the platform does: header `x-functions-key` or query parameter `code`."""

from dataclasses import dataclass
from hmac import compare_digest

from localhost.host.functions import AuthLevel

HEADER = "x-functions-key"
PARAMETER = "code"
FUNCTION_KEY, MASTER_KEY = "LOCALHOST_FUNCTION_KEY", "LOCALHOST_MASTER_KEY"
"""The settings that hold a host's keys."""


@dataclass(frozen=True, slots=True)
class Keys:
    """The keys of this host; an empty one opens nothing.

    Attributes:
        function: Opens functions of level `function`.
        master: Opens everything.
    """

    function: str = ""
    master: str = ""

    def open(self, level: AuthLevel, given: str) -> bool:
        """Say whether a call that brought the key `given` (empty: none) may pass."""
        if level is AuthLevel.ANONYMOUS:
            return True
        return _equal(self.master, given) or (level is AuthLevel.FUNCTION and _equal(self.function, given))

    def open_admin(self, given: str) -> bool:
        """Say whether a call of `/admin` may pass: always, as long as there is no master key, else with it."""
        return not self.master or _equal(self.master, given)


def _equal(key: str, given: str) -> bool:
    return bool(key) and compare_digest(key.encode(), given.encode())
