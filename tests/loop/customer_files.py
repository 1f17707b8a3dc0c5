"""A customer's container with the files of an old log."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from azure.storage.blob import BlobServiceClient, ContainerSasPermissions, generate_container_sas

from localhost.azurite.accounts import EmulatedAccount

CONTAINER = "old-logs"


def put_files(account: EmulatedAccount, files: Mapping[str, bytes], rights: str = "rl") -> str:
    """Put files into a container; gives its address, which opens it."""
    with BlobServiceClient.from_connection_string(account.connection_string) as client:
        container = client.get_container_client(CONTAINER)
        if not container.exists():
            container.create_container()
        for name, content in files.items():
            container.upload_blob(name, content, overwrite=True)
    until = datetime.now(UTC) + timedelta(hours=1)
    permission = ContainerSasPermissions.from_string(rights)
    signature = generate_container_sas(account.name, CONTAINER, account.key, permission=permission, expiry=until)
    return f"{account.blob_endpoint}/{CONTAINER}?{signature}"
