"""PyPI `azure-ai-personalizer` 1.0.0b1: feature importances."""

import datetime
import uuid

import pytest
from azure.core.exceptions import HttpResponseError, ResourceNotFoundError

from tests.clients.azure_ai import KINDS, clients, eventually
from tests.http.api import Api


def body() -> dict[str, object]:
    """As the client's own tests make it: with moments of Python."""
    now = datetime.datetime.now(datetime.UTC)
    return {
        "name": "sdkTestFeatureImportance",
        "startTime": (now - datetime.timedelta(days=1)).isoformat(),
        "endTime": now.isoformat(),
    }


@pytest.mark.parametrize("kind", KINDS)
def test_one_is_created_polled_read_listed_and_deleted(api: Api, kind: str) -> None:
    """From the first call to the last, on a loop that has not been used."""
    of_id = str(uuid.uuid4())
    with clients(kind, api.url, "test-key-1") as client:
        assert client.owner.create_feature_importance(of_id, body()) is None
        eventually(lambda: client.owner.get_feature_importance(of_id)["status"] == "Succeeded")
        importance = client.owner.get_feature_importance(of_id)
        listed = [importance["id"] for importance in client.owner.list_feature_importances()]
        assert client.owner.delete_feature_importance(of_id) is None

        assert (importance["id"], importance["name"], importance["featureScores"]) == (
            of_id,
            "sdkTestFeatureImportance",
            [],
        )
        assert of_id in listed
        with pytest.raises(ResourceNotFoundError) as refusal:
            client.owner.get_feature_importance(of_id)
        assert "FeatureImportanceNotFound" in str(refusal.value)


@pytest.mark.parametrize("kind", KINDS)
def test_pages_are_gone_through_by_the_client(api: Api, kind: str) -> None:
    """It follows the address of the next page, and reads no more than `top` of them."""
    ids = [str(uuid.uuid4()) for _ in range(5)]
    with clients(kind, api.url, "test-key-1") as client:
        for of_id in ids:
            client.owner.create_feature_importance(of_id, body())

        paged = client.owner.list_feature_importances(top=4, skip=1, params={"maxpagesize": "2"})

        assert [importance["id"] for importance in paged] == ids[3::-1]
        for of_id in ids:
            client.owner.delete_feature_importance(of_id)


@pytest.mark.parametrize("kind", KINDS)
def test_an_id_that_is_there_is_refused(api: Api, kind: str) -> None:
    """With the code that is documented for it."""
    of_id = str(uuid.uuid4())
    with clients(kind, api.url, "test-key-1") as client:
        client.owner.create_feature_importance(of_id, body())
        with pytest.raises(HttpResponseError) as refusal:
            client.owner.create_feature_importance(of_id, body())

        assert (refusal.value.status_code, refusal.value.error.code) == (400, "FeatureImportanceAlreadyExists")
