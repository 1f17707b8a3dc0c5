"""The addresses of a storage account's services, from the settings."""

from typing import NamedTuple
from urllib.parse import urlsplit

from shared.setting_readers import is_address
from shared.settings import InvalidSetting, StorageSettings

_STORAGE = "AzureWebJobsStorage"
_EMULATOR = (
    "DefaultEndpointsProtocol=http;AccountName=devstoreaccount1;AccountKey=Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2"
    "UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==;BlobEndpoint=http://127.0.0.1:10000/devstoreaccount1;QueueEndpoint=http://127.0."
    "0.1:10001/devstoreaccount1;TableEndpoint=http://127.0.0.1:10002/devstoreaccount1"
)


class Endpoints(NamedTuple):
    """An account's name and the addresses of its services, without a slash at the end."""

    account: str
    blob: str
    queue: str
    table: str


def split_connection(text: str) -> dict[str, str]:
    """Split a connection string into its parts, names in lower case; the emulator's short form counts as its long one.

    Raises:
        InvalidSetting: The text is no connection string; the error does not repeat the text, which holds a key.
    """
    parts = dict(_part(pair) for pair in text.split(";") if pair.strip())
    if parts.get("usedevelopmentstorage", "").lower() == "true":
        return split_connection(_EMULATOR)
    if "accountname" not in parts or "accountkey" not in parts:
        raise InvalidSetting(_STORAGE, "the connection string needs AccountName and AccountKey")
    return parts


def from_connection(parts: dict[str, str]) -> Endpoints:
    """Make the endpoints that a connection string names or implies."""
    name = parts["accountname"]
    scheme = parts.get("defaultendpointsprotocol", "https")
    suffix = parts.get("endpointsuffix", "core.windows.net")

    def of(service: str) -> str:
        return _address(parts.get(f"{service}endpoint", f"{scheme}://{name}.{service}.{suffix}"), _STORAGE)

    return Endpoints(name, of("blob"), of("queue"), of("table"))


def from_identity(settings: StorageSettings) -> Endpoints:
    """Make the endpoints for sign-in with an identity; addresses that are not set follow from the account's name."""
    name = settings.account_name or _account_in(settings.blob_uri)

    def of(service: str, uri: str) -> str:
        if uri:
            return _address(uri, f"{_STORAGE}__{service}ServiceUri")
        return _address(f"https://{name}.{service}.core.windows.net", f"{_STORAGE}__accountName")

    return Endpoints(
        name, of("blob", settings.blob_uri), of("queue", settings.queue_uri), of("table", settings.table_uri)
    )


def _part(pair: str) -> tuple[str, str]:
    name, equals, value = pair.partition("=")
    if not equals:
        raise InvalidSetting(_STORAGE, "the connection string must be Name=Value pairs, separated by ;")
    return name.strip().lower(), value.strip()


def _address(uri: str, setting: str) -> str:
    if not is_address(uri):
        raise InvalidSetting(setting, "a service address must be like https://myaccount.table.core.windows.net")
    return uri.rstrip("/")


def _account_in(uri: str) -> str:
    """Give the account of an address: the first path segment (the emulator's form), else the host's first label."""
    split = urlsplit(uri)
    return split.path.strip("/") or (split.hostname or "").partition(".")[0]
