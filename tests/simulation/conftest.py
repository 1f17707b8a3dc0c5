"""What a test of simulated processes leaves behind is tidied up with it."""

import gc
from collections.abc import Iterator

import pytest


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A process that died has closed nothing."""
    for item in items:
        if "tests/simulation/" in item.path.as_posix():
            item.add_marker(pytest.mark.filterwarnings("ignore:Unclosed file <tempfile.Spooled:ResourceWarning"))


@pytest.fixture(autouse=True)
def tidy() -> Iterator[None]:
    """Collect what dead processes held, lest its warnings come in the middle of another test."""
    yield
    gc.collect()
