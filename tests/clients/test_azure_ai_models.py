"""PyPI `azure-ai-personalizer` 1.0.0b1: models go out and come in, as files that are signed."""

import io
from collections.abc import Iterator

import pytest
from azure.ai.personalizer.aio import PersonalizerAdministrationClient
from azure.core.credentials import AzureKeyCredential
from azure.core.exceptions import HttpResponseError

from tests.clients.azure_ai import KINDS, clients, eventually, feed_loop, whole
from tests.http.api import Api
from tests.storages import NewStorage

EVENTS = 20


@pytest.mark.parametrize("kind", KINDS)
def test_a_loop_without_a_model_gives_an_empty_one_that_can_be_taken_back(api: Api, kind: str) -> None:
    """Plain before and after are the same bytes: none."""
    with clients(kind, api.url, "test-key-1") as client:
        before = whole(client.owner.export_model(signed=False))
        signed = whole(client.owner.export_model(signed=True))

        assert client.owner.import_model(io.BytesIO(signed)) is None
        assert (before, whole(client.owner.export_model(signed=False))) == (b"", b"")


@pytest.fixture(scope="module")
def learned(new_storage: NewStorage) -> Iterator[Api]:
    """A loop that has learned all of its events: no run makes another model of what is left."""
    with feed_loop(new_storage(), EVENTS) as (_, api):
        eventually(lambda: _has_learned_all(api))
        yield api


def _has_learned_all(api: Api) -> bool:
    model = api.get("/rankloop/v1/status").json["model"]
    return model is not None and model["learnedEvents"] == EVENTS


@pytest.mark.parametrize("kind", KINDS)
def test_a_model_goes_out_signed_and_comes_back_after_a_reset(learned: Api, kind: str) -> None:
    """The plain bytes are the same as before; `creationTime` and `lastModifiedTime` say that something happened."""
    with clients(kind, learned.url, "test-key-1") as client:
        plain, signed = (whole(client.owner.export_model(signed=is_signed)) for is_signed in (False, True))
        client.owner.reset_model()
        without = whole(client.owner.export_model())
        client.owner.import_model(io.BytesIO(signed))

        assert plain
        assert without == b""
        assert whole(client.owner.export_model()) == plain
        assert client.owner.get_model_properties().keys() == {"creationTime", "lastModifiedTime"}
        assert client.owner.get_log_properties()["dateRange"].keys() == {"from", "to"}


@pytest.mark.parametrize("kind", KINDS)
def test_a_signed_model_is_handed_on_in_one_piece(learned: Api, kind: str) -> None:
    """As docs/migrate.md has it."""
    with clients(kind, learned.url, "test-key-1") as client:
        before = whole(client.owner.export_model(signed=False))
        client.owner.import_model(whole(client.owner.export_model(signed=True)))

        assert whole(client.owner.export_model(signed=False)) == before != b""


def test_a_model_that_is_handed_on_in_chunks_is_refused(learned: Api) -> None:
    """They have no length, and reach no app in Azure."""
    with clients("sync", learned.url, "test-key-1") as client:
        before = whole(client.owner.export_model(signed=False))
        with pytest.raises(HttpResponseError) as refusal:
            client.owner.import_model(client.owner.export_model(signed=True))

        assert (refusal.value.status_code, refusal.value.error.code) == (411, "MissingContentLengthHeader")
        assert whole(client.owner.export_model(signed=False)) == before


async def test_so_are_asynchronous_chunks(learned: Api) -> None:
    """They would be sent while they still come in."""
    credential = AzureKeyCredential("test-key-1")
    async with PersonalizerAdministrationClient(learned.url, credential) as owner:
        with pytest.raises(HttpResponseError) as refusal:
            await owner.import_model(await owner.export_model(signed=True))

    assert (refusal.value.status_code, refusal.value.error.code) == (411, "MissingContentLengthHeader")


@pytest.mark.parametrize("kind", KINDS)
def test_a_model_without_a_valid_signature_is_refused(learned: Api, kind: str) -> None:
    """Neither a plain one nor what is no archive comes in, and the model stays."""
    with clients(kind, learned.url, "test-key-1") as client:
        before = whole(client.owner.export_model())
        with pytest.raises(HttpResponseError) as refusal:
            client.owner.import_model(io.BytesIO(before))

        assert (refusal.value.status_code, refusal.value.error.code) == (400, "InvalidModelImportFormat")
        assert whole(client.owner.export_model()) == before
