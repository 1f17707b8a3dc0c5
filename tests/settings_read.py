"""Which settings the app reads; for the tests of what is said of them and of what sets them."""

from typing import Any

from shared.settings import read


class _Asked(dict[str, str]):
    """An environment that remembers what it was asked for."""

    def __init__(self, **given: str) -> None:
        super().__init__(given)
        self.names: set[str] = set()

    def get(self, name: str, default: Any = None) -> Any:
        self.names.add(name)
        return super().get(name, default)


def settings_read() -> set[str]:
    """Every setting that the app asks the environment for."""
    by_key, by_identity = _Asked(AzureWebJobsStorage="x"), _Asked(AzureWebJobsStorage__accountName="x")
    read(by_key)
    read(by_identity)
    return by_key.names | by_identity.names
