"""Queue functions of the local host, signed in to storage as an identity: over HTTPS, and with tokens only."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from azure.core.credentials import AccessToken
from azure.storage.queue import QueueClient

from localhost.failures import StartFailure
from localhost.host.functions import QueueFunction
from localhost.host.host_process import HostProcess
from localhost.host.stored_queue import queue_settings
from shared.settings import StorageSettings
from tests.http.local_host.conftest import NEVER
from tests.http.local_host.test_background import post, waiting
from tests.http.local_host.toy_app import make_app
from tests.http.local_host.watching import eventually, lines
from tests.identity.endpoint import CLIENT_ID, IdentityEndpoint, identity_endpoint
from tests.identity.storage import SecuredAzurite, run_secured_azurite
from tests.identity.tokens import token

FUNCTION = QueueFunction("letters", "id", "letter", "letters", "Post")
URI = "https://account.queue.core.windows.net"


class Sender:
    """The sender of the messages, who has tokens too."""

    def get_token(self, *_: str, **__: Any) -> AccessToken:
        """One for an hour."""
        expires = int(time.time()) + 3600
        return AccessToken(token(expires), expires)


@pytest.fixture(scope="module")
def secured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SecuredAzurite]:
    with run_secured_azurite(tmp_path_factory.mktemp("secured")) as started:
        yield started


@pytest.fixture
def identities() -> Iterator[IdentityEndpoint]:
    with identity_endpoint() as started:
        yield started


@pytest.fixture
def letters(secured: SecuredAzurite) -> Iterator[QueueClient]:
    """The queue that the app listens to."""
    verify = {"connection_verify": str(secured.certificate)}
    with QueueClient(secured.queue, "letters", credential=Sender(), **verify) as queue:
        queue.create_queue()
        yield queue
        queue.delete_queue()


def host(secured: SecuredAzurite, identities: IdentityEndpoint, place: Path, client_id: str = CLIENT_ID) -> HostProcess:
    """A host for an app with a queue function, which knows no key of the account."""
    signing_in = {
        "AzureWebJobsStorage__credential": "managedidentity",
        "AzureWebJobsStorage__clientId": client_id,
        "AzureWebJobsStorage__queueServiceUri": secured.queue,
    }
    env = {**signing_in, **secured.trust, **identities.variables, "NOTES": str(place), "OFTEN": NEVER}
    return HostProcess(env=env, root=make_app(place / "app"), ready_path="/admin/host/status")


def test_a_message_is_worked_on_and_one_that_fails_is_put_aside(
    secured: SecuredAzurite, identities: IdentityEndpoint, letters: QueueClient, tmp_path: Path
) -> None:
    """Reading, deleting, and making the queue for what failed: all with the identity's tokens."""
    with host(secured, identities, tmp_path) as started:
        post(letters, "hello")
        post(letters, "unreadable")

        assert eventually(lambda: "went to letters-poison after 2 tries" in started.log())
        assert eventually(lambda: waiting(letters) == 0)
    assert lines(tmp_path / "letters").count("hello 1") == 1
    assert identities.refused == []
    assert identities.granted >= 1


def test_an_identity_that_the_app_does_not_have_is_logged(
    secured: SecuredAzurite, identities: IdentityEndpoint, tmp_path: Path
) -> None:
    """And the host goes on trying."""
    with host(secured, identities, tmp_path, "99999999-2222-3333-4444-555555555555") as started:
        refusal = "queue letters cannot be read: storage cannot be reached (CredentialUnavailableError)"
        assert eventually(lambda: started.log().count(refusal) >= 2)

    assert set(identities.refused) == {"no identity with this client_id"}


def by_identity(credential: str = "", client_id: str = "") -> StorageSettings:
    """The queues at an address."""
    addresses = {"blob_uri": URI, "queue_uri": URI, "table_uri": URI}
    return StorageSettings(account_name="queues", credential=credential, client_id=client_id, **addresses)


@pytest.mark.parametrize(
    ("settings", "account"),
    [
        ({"Post": "a"}, StorageSettings("a")),
        ({"AzureWebJobsPost": "a"}, StorageSettings("a")),
        ({"Post": "/a/folder"}, StorageSettings(folder="/a/folder")),
        ({"Post__queueServiceUri": "u", "Post": "a"}, StorageSettings("a")),
        ({"Post__queueServiceUri": URI}, by_identity()),
        ({"AzureWebJobsPost__queueServiceUri": URI}, by_identity()),
        ({"Post__accountName": "account"}, by_identity()),
        (
            {"Post__accountName": "account", "Post__credential": "managedIdentity", "Post__clientId": "c"},
            by_identity("managedidentity", "c"),
        ),
    ],
)
def test_the_settings_tell_the_account_as_on_the_platform(settings: dict[str, str], account: StorageSettings) -> None:
    assert account == queue_settings(FUNCTION, settings)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({}, "Post__queueServiceUri or Post__accountName"),
        ({"Post__blobServiceUri": "https://account.blob.core.windows.net"}, "the setting Post is missing"),
        ({"Post__accountName": "account", "Post__credential": "password"}, "Set it to managedidentity"),
    ],
)
def test_settings_that_name_no_account_are_refused(settings: dict[str, str], message: str) -> None:
    with pytest.raises(StartFailure) as failure:
        queue_settings(FUNCTION, settings)

    assert message in str(failure.value)
