"""Which settings the app reads; for the tests of their page and of what sets them."""

from typing import Any

from shared.settings import read


class _RecordingEnvironment(dict[str, str]):
    """An environment that records the names that are read."""

    def __init__(self, **given: str) -> None:
        super().__init__(given)
        self.names: set[str] = set()

    def get(self, name: str, default: Any = None) -> Any:
        self.names.add(name)
        return super().get(name, default)


def settings_read() -> set[str]:
    """Every setting that the app reads from its environment."""
    by_key, by_identity = (
        _RecordingEnvironment(AzureWebJobsStorage="x"),
        _RecordingEnvironment(AzureWebJobsStorage__accountName="x"),
    )
    read(by_key)
    read(by_identity)
    return by_key.names | by_identity.names
