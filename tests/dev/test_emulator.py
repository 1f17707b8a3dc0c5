"""The storage emulator: where its data are is said by who starts it."""

import pytest
from azure.storage.blob import BlobServiceClient

from localhost.azurite.emulator import Azurite


def test_a_database_that_the_environment_names_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """Azurite would keep what it knows of blobs there; data in a folder would be only a part of all."""
    monkeypatch.setenv("AZURITE_DB", "mysql://nobody:nothing@127.0.0.1:1/blobs")

    with Azurite() as azurite:
        storage = BlobServiceClient.from_connection_string(azurite.account.connection_string)
        with storage, storage.create_container("kept") as container:
            container.upload_blob("name", b"text")
            assert container.download_blob("name").readall() == b"text"
