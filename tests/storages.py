"""Where a loop of a test stores: in a folder, as on one machine, or in an account of Azurite, in the place of Azure."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from localhost.azurite.emulator import Azurite

NewStorage = Callable[[], str]
"""Makes an empty folder, and gives it as it stands in `AzureWebJobsStorage`."""
STORAGES = ("folder", "account")


@contextmanager
def open_storage(kind: str, folders: pytest.TempPathFactory) -> Iterator[str]:
    """Open empty storage of one of the `STORAGES`, which has the clock of this moment."""
    if kind == "folder":
        yield str(folders.mktemp("storage"))
        return
    with Azurite() as started:
        yield started.new_account().connection_string
