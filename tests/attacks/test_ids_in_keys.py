"""The ids of events, which may name people, against logs of storage: they write down the addresses of requests."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from azure.data.tables import TableServiceClient
from azure.storage.blob import BlobServiceClient

from localhost.azurite.emulator import Azurite
from shared.configuration.configuration import new_configuration
from shared.intake.keys import event_key
from shared.storage import json_documents
from tests.faults.proxy import FaultProxy
from tests.hosts import HostProcess
from tests.http.api import Api
from tests.http.conftest import NEVER

ID = "ann.example.com"
RANK = {
    "eventId": ID,
    "actions": [{"id": "tea", "features": [{"hot": True}]}, {"id": "juice", "features": [{"hot": False}]}],
}
REWARD = f"/personalizer/v1.0/events/{ID}/reward"


@dataclass(frozen=True, slots=True)
class Served:
    """A new loop, and what stands before its tables."""

    api: Api
    proxy: FaultProxy
    storage: str

    def keys(self) -> list[str]:
        """The keys of all rows of the intake."""
        with TableServiceClient.from_connection_string(self.storage) as service:
            names = [table.name for table in service.list_tables()]
            rows = [row for name in names for row in service.get_table_client(name).list_entities() if "at" in row]
        return [f"{row['PartitionKey']} {row['RowKey']}" for row in rows]


def serve(azurite: Azurite, configuration: bytes = b"") -> Iterator[Served]:
    """Serve a loop, a new one or one that has a configuration."""
    own = azurite.new_account()
    if configuration:
        with BlobServiceClient.from_connection_string(own.connection_string) as service:
            service.create_container("loops").upload_blob("default/configuration.json", configuration)
    with FaultProxy(own.table_endpoint) as proxy:
        through = own.connection_string.replace(own.table_endpoint, proxy.url)
        with HostProcess(through, env={"API_KEY_1": "key", **NEVER}) as host:
            yield Served(Api.at(host.url, "key", tries=4), proxy, own.connection_string)


@pytest.fixture
def served(azurite: Azurite) -> Iterator[Served]:
    """A new loop."""
    yield from serve(azurite)


@pytest.fixture
def earlier(azurite: Azurite) -> Iterator[Served]:
    """A loop of an earlier version."""
    document = json.loads(json_documents.to_json(new_configuration(4)))
    del document["event_key_secret"]
    yield from serve(azurite, json.dumps(document).encode())


def test_no_address_of_storage_names_an_event_that_is_ranked_traced_and_redacted(served: Served) -> None:
    """A redaction that deletes rows would leave the id where nothing can delete it."""
    ranked = [served.api.post("/personalizer/v1.0/rank", RANK).json["ranking"] for _ in range(2)]
    served.api.post(REWARD, {"value": 1})
    keys, traced = served.keys(), served.api.get(f"/rankloop/v1/events/{ID}").json
    counted = served.api.post("/rankloop/v1/logs/redact:preview", {"eventId": ID}).json["removedRows"]
    redacted = served.api.post("/rankloop/v1/logs/redact", {"eventId": ID}).json["removedRows"]
    named = [request.path for request in served.proxy.requests if ID in request.path]

    assert ranked[0] == ranked[1]
    assert len(traced["events"]) == 1
    assert len(keys) in (2, 3)  # a minute may have ended between the Ranks
    assert [key for key in keys if ID in key or not re.search(r" ~[0-9a-f]{32}\|", key)] == []
    assert (counted, redacted, served.keys()) == (len(keys), len(keys), [])
    assert {"GET", "DELETE"} <= {request.method for request in served.proxy.requests}
    assert named == []


def test_a_loop_of_an_earlier_version_goes_on_as_before(earlier: Served) -> None:
    """Its rows of one event must have one key, whichever version writes them."""
    earlier.api.post("/personalizer/v1.0/rank", RANK)
    earlier.api.post(REWARD, {"value": 1})
    keys, traced = earlier.keys(), earlier.api.get(f"/rankloop/v1/events/{ID}").json
    redacted = earlier.api.post("/rankloop/v1/logs/redact", {"eventId": ID}).json["removedRows"]

    assert [f" {ID}|" in key for key in keys] == [True, True]
    assert [observation["value"] for observation in traced["events"][0]["observations"]] == [1]
    assert (redacted, earlier.keys()) == (2, [])


def test_a_key_tells_nothing_without_the_secret_of_its_loop() -> None:
    """Who guesses an id could make the hash of it, and compare; and two loops could be compared with each other."""
    first, second = event_key(ID, "a" * 32), event_key(ID, "b" * 32)

    assert len({first, second, event_key(ID), event_key(f"{ID}/"), event_key(f"{ID}/", "a" * 32)}) == 5
    assert first == event_key(ID, "a" * 32)
