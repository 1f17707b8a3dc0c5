"""Storage accounts of the emulator: their names, keys and addresses."""

from dataclasses import dataclass

EMULATOR_NAME = "devstoreaccount1"
# The emulator's published key: the same on every machine, it protects nothing.
EMULATOR_KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
SPARE_KEY = "c3BhcmUgYWNjb3VudHMgYXJlIGZvciB0ZXN0cyBvbmx5"


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
    key: str
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


def emulator_accounts(spare: int) -> str:
    """Give what the emulator's variable `AZURITE_ACCOUNTS` must hold for its own account and so many spare accounts."""
    keys = {EMULATOR_NAME: EMULATOR_KEY} | {spare_name(number): SPARE_KEY for number in range(spare)}
    return ";".join(f"{name}:{key}" for name, key in keys.items())


def spare_name(number: int) -> str:
    """Give the name of a spare account."""
    return f"account{number:04}"
