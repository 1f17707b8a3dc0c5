"""Function keys, checked as the platform does: header `x-functions-key` or query parameter `code`.

What the host itself offers under `/admin` is opened by its master key, and by the keys that its users have, those of
the API.
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
"""How a key of the API is sent, and the settings that hold them."""
_REFERENCE = "@microsoft.keyvault"
"""How the text begins that stands for a secret; a host on one machine resolves none, and anyone can guess it."""


@dataclass(frozen=True, slots=True)
class Keys:
    """The keys of this host; an empty one opens nothing.

    Attributes:
        function: Opens functions of level `function`.
        master: Opens everything.
        api: Open what the host itself offers.
    """

    function: str = ""
    master: str = ""
    api: tuple[str, ...] = ()

    @classmethod
    def of(cls, settings: Mapping[str, str]) -> "Keys":
        """Take them from a host's settings."""
        texts = [settings.get(name, "").strip() for name in API_KEYS]
        api = tuple(text for text in texts if not text.lower().startswith(_REFERENCE))
        return cls(settings.get(FUNCTION_KEY, ""), settings.get(MASTER_KEY, ""), api)

    def open(self, level: AuthLevel, given: str) -> bool:
        """Say whether a call that brought the key `given` (empty: none) may pass."""
        if level is AuthLevel.ANONYMOUS:
            return True
        return _equal(self.master, given) or (level is AuthLevel.FUNCTION and _equal(self.function, given))

    def open_admin(self, headers: Mapping[str, str], query: Mapping[str, str]) -> bool:
        """Say whether a call of what the host itself offers may pass; every key is compared."""
        given = headers.get(HEADER) or query.get(PARAMETER, "")
        opened = [_equal(key, headers.get(API_KEY_HEADER, "")) for key in self.api]
        return any([_equal(self.master, given), *opened])


def _equal(key: str, given: str) -> bool:
    return bool(key) and compare_digest(key.encode(), given.encode())
