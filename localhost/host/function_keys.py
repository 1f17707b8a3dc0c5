"""Function keys, checked as the platform does: header `x-functions-key` or query parameter `code`.

What the page asks of the host itself is opened by the keys that the page has, those of the API.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from hmac import compare_digest

from localhost.host.functions import AuthLevel

HEADER = "x-functions-key"
PARAMETER = "code"
FUNCTION_KEY, MASTER_KEY = "LOCALHOST_FUNCTION_KEY", "LOCALHOST_MASTER_KEY"
"""The settings that hold a host's keys."""
API_KEY_HEADER, API_KEYS = "ocp-apim-subscription-key", ("API_KEY_1", "API_KEY_2")
"""How the page sends its key, and the settings that hold the keys of the API."""


@dataclass(frozen=True, slots=True)
class Keys:
    """The keys of this host; an empty one opens nothing.

    Attributes:
        function: Opens functions of level `function`.
        master: Opens everything but what is for the page.
        api: Open what is for the page.
    """

    function: str = ""
    master: str = ""
    api: tuple[str, ...] = ()

    @classmethod
    def of(cls, settings: Mapping[str, str]) -> "Keys":
        """Take them from a host's settings."""
        api = tuple(settings.get(name, "") for name in API_KEYS)
        return cls(settings.get(FUNCTION_KEY, ""), settings.get(MASTER_KEY, ""), api)

    def open(self, level: AuthLevel, given: str) -> bool:
        """Say whether a call that brought the key `given` (empty: none) may pass."""
        if level is AuthLevel.ANONYMOUS:
            return True
        return _equal(self.master, given) or (level is AuthLevel.FUNCTION and _equal(self.function, given))

    def open_admin(self, given: str) -> bool:
        """Say whether a call of `/admin` may pass: always, as long as there is no master key, else with it."""
        return not self.master or _equal(self.master, given)

    def open_for_page(self, given: str) -> bool:
        """Say whether a call that the page makes of the host itself may pass; every key is compared."""
        return sum(_equal(key, given) for key in self.api) > 0


def _equal(key: str, given: str) -> bool:
    return bool(key) and compare_digest(key.encode(), given.encode())
