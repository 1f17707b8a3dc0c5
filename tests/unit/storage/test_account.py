"""The storage account: addresses and credentials, from the settings."""

import base64
import hashlib
import hmac

import pytest

from shared.settings import InvalidSetting, StorageSettings
from shared.storage.azure.access_token import Identity
from shared.storage.azure.account import account
from shared.storage.azure.endpoints import Endpoints
from shared.storage.azure.shared_key import SharedKey

KEY = "c2VjcmV0"


def test_a_connection_string_implies_the_usual_addresses() -> None:
    text = f"DefaultEndpointsProtocol=https;AccountName=mine;AccountKey={KEY};EndpointSuffix=core.chinacloudapi.cn"

    reached = account(StorageSettings(text))

    assert reached.endpoints == Endpoints(
        "mine",
        "https://mine.blob.core.chinacloudapi.cn",
        "https://mine.queue.core.chinacloudapi.cn",
        "https://mine.table.core.chinacloudapi.cn",
    )
    assert isinstance(reached.credential, SharedKey)


def test_addresses_that_are_set_hold() -> None:
    text = (
        f"AccountName=mine;AccountKey={KEY};TableEndpoint=http://127.0.0.1:5/mine/;BlobEndpoint=http://127.0.0.1:6/mine"
    )

    endpoints = account(StorageSettings(text)).endpoints

    assert (endpoints.table, endpoints.blob) == ("http://127.0.0.1:5/mine", "http://127.0.0.1:6/mine")


def test_the_short_form_means_the_emulator() -> None:
    endpoints = account(StorageSettings("UseDevelopmentStorage=true")).endpoints

    assert (endpoints.account, endpoints.table) == ("devstoreaccount1", "http://127.0.0.1:10002/devstoreaccount1")


def test_an_identity_signs_in_at_the_addresses_that_are_set() -> None:
    settings = StorageSettings(
        blob_uri="https://mine.blob.x.net/", table_uri="https://mine.table.x.net", credential="managedidentity"
    )

    reached = account(settings)

    assert (reached.endpoints.account, reached.endpoints.blob) == ("mine", "https://mine.blob.x.net")
    assert isinstance(reached.credential, Identity)


def test_an_account_name_is_enough_for_an_identity() -> None:
    assert account(StorageSettings(account_name="mine")).endpoints.table == "https://mine.table.core.windows.net"


@pytest.mark.parametrize(
    "text",
    [
        "nonsense",
        "AccountName=mine",
        f"AccountKey={KEY}",
        "AccountName=mine;AccountKey=not base64!",
        f"AccountName=mine;AccountKey={KEY};TableEndpoint=mine.table.core.windows.net",
        "BlobEndpoint=https://mine.blob.core.windows.net;SharedAccessSignature=sv=2022&sig=secret",
    ],
)
def test_a_connection_string_that_cannot_be_used_is_refused_without_being_repeated(text: str) -> None:
    with pytest.raises(InvalidSetting) as refused:
        account(StorageSettings(text))

    assert refused.value.name == "AzureWebJobsStorage"
    assert KEY not in str(refused.value)
    assert "secret" not in str(refused.value)


async def test_the_table_signature_is_the_documented_one() -> None:
    """A fixed date gives the signature that the scheme's description yields by hand."""
    headers = await SharedKey("mine", KEY).table_headers("/events202611250000")

    text = f"{headers['x-ms-date']}\n/mine/events202611250000"
    expected = base64.b64encode(hmac.new(b"secret", text.encode(), hashlib.sha256).digest()).decode()
    assert headers["Authorization"] == f"SharedKeyLite mine:{expected}"
