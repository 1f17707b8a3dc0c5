"""Storage accounts of the emulator: their names, keys and addresses."""

import base64
import secrets
from dataclasses import dataclass, field

EMULATOR_NAME = "devstoreaccount1"
"""The account that every emulator has; its data stand in the folder under this name."""


@dataclass(frozen=True, slots=True)
class Ports:
    """Where the three services of one emulator listen on this machine; 0 means a free port."""

    blob: int = 0
    queue: int = 0
    table: int = 0


@dataclass(frozen=True, slots=True)
class EmulatedAccount:
    """One account of a running emulator.

    Attributes:
        name: Also the first segment of every path.
        key: In base64.
        ports: Where the emulator listens.
    """

    name: str
    key: str = field(repr=False)
    ports: Ports

    @property
    def blob_endpoint(self) -> str:
        """The address of the blob service, without a slash at its end."""
        return f"http://127.0.0.1:{self.ports.blob}/{self.name}"

    @property
    def queue_endpoint(self) -> str:
        """The address of the queue service, without a slash at its end."""
        return f"http://127.0.0.1:{self.ports.queue}/{self.name}"

    @property
    def table_endpoint(self) -> str:
        """The address of the table service, without a slash at its end."""
        return f"http://127.0.0.1:{self.ports.table}/{self.name}"

    @property
    def connection_string(self) -> str:
        """What goes into the setting `AzureWebJobsStorage`."""
        return (
            f"DefaultEndpointsProtocol=http;AccountName={self.name};AccountKey={self.key};"
            f"BlobEndpoint={self.blob_endpoint};QueueEndpoint={self.queue_endpoint};TableEndpoint={self.table_endpoint};"
        )


def new_key() -> str:
    """Make the key of an emulator's accounts, in place of the published one that every emulator takes by itself."""
    return base64.b64encode(secrets.token_bytes(64)).decode()


def emulator_accounts(key: str, spare: int) -> str:
    """Give what the emulator's variable `AZURITE_ACCOUNTS` must hold for its own account and so many spare accounts."""
    names = [EMULATOR_NAME, *(spare_name(number) for number in range(spare))]
    return ";".join(f"{name}:{key}" for name in names)


def spare_name(number: int) -> str:
    """Give the name of a spare account."""
    return f"account{number:04}"
