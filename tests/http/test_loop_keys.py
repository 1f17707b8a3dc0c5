"""Keys of a loop: made, used, rotated, revoked, and never told again."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest

from shared.access.loop_keys import MOST_KEYS
from tests.hosts import HostProcess
from tests.http.api import Api
from tests.http.conftest import NEVER
from tests.http.described import Described
from tests.http.loops import KEYS, make_key, make_loop
from tests.http.slots import eventually
from tests.loop.stored_loop import StoredLoop
from tests.storages import NewStorage

POLICY, HISTORY = "/personalizer/v1.0/configurations/policy", "/rankloop/v1/configurations/history"
STATUS = "/rankloop/v1/status"
_names = count()


@dataclass(frozen=True, slots=True)
class Deployment:
    """A deployment of two instances, opened with its owner's key."""

    hosts: tuple[HostProcess, HostProcess]
    storage: str
    owner: Api

    def loop(self) -> Api:
        """A loop of one test."""
        return make_loop(self.owner, f"loop-{next(_names)}")

    def at_the_other(self, api: Api) -> Api:
        """The same loop and key, at the other instance."""
        return replace(Api.at(self.hosts[1].url, api.key, api.tries), loop=api.loop)


@pytest.fixture(scope="module")
def deployment(new_storage: NewStorage) -> Iterator[Deployment]:
    connection, variables = new_storage(), {"API_KEY_1": "owner-key", **NEVER}
    with HostProcess(connection, env=variables) as one, HostProcess(connection, env=variables) as other:
        yield Deployment((one, other), connection, Api.at(one.url, "owner-key", tries=4))


def test_a_key_is_told_once_and_opens_every_instance_at_once(deployment: Deployment) -> None:
    loop, described = deployment.loop(), Described.by(deployment.owner)
    deployment.at_the_other(loop).get(STATUS)  # which has the settings without the key
    made = loop.put(f"{KEYS}/web-shop", {"role": "read", "expiresAt": "2090-01-01T00:00:00Z"})
    described.demand("PUT", f"{KEYS}/{{keyName}}", made)
    key = replace(loop, key=made.json["key"])

    assert [key.get(STATUS).status, deployment.at_the_other(key).get(STATUS).status] == [200, 200]
    listed = loop.get(KEYS)
    described.demand("GET", KEYS, listed)
    assert listed.json["keys"] == [{name: made.json[name] for name in ("name", "role", "createdAt", "expiresAt")}]


def test_what_is_stored_and_logged_opens_nothing(deployment: Deployment) -> None:
    """Whoever reads storage, or the log of an instance, has no key."""
    loop = deployment.loop()
    key = make_key(loop, "app", "admin")
    assert key.get(STATUS).status == 200
    assert key.key is not None
    secret = key.key.rsplit("-", 1)[1]

    with StoredLoop(deployment.storage) as stored_loop:
        stored = list(stored_loop.all_blobs().values())
    assert any(b'"digest"' in content for content in stored)
    assert not any(secret.encode() in content for content in stored)
    assert not any(secret in host.log() for host in deployment.hosts)
    stranger = replace(key, key=f"{key.key[: -len(secret)]}{'0' * len(secret)}")
    assert [stranger.get(STATUS).status for _ in range(3)] == [401, 401, 401]


def test_a_revoked_key_opens_nothing_a_few_seconds_later(deployment: Deployment) -> None:
    loop = deployment.loop()
    key, other = make_key(loop, "old", "read"), make_key(loop, "other", "read")
    assert key.get(STATUS).status == 200

    assert loop.delete(f"{KEYS}/old").status == 204

    for api in (key, deployment.at_the_other(key)):
        eventually(lambda api=api: api.get(STATUS).status == 401)
    assert other.get(STATUS).status == 200
    assert (loop.delete(f"{KEYS}/old").status, loop.post(f"{KEYS}/old/rotate").status) == (404, 404)


def test_the_old_key_goes_on_for_as_long_as_the_rotation_says(deployment: Deployment) -> None:
    """A day, if it says nothing; with PT0S it ends at once."""
    loop, described = deployment.loop(), Described.by(deployment.owner)
    first = make_key(loop, "app", "read")
    rotated = loop.post(f"{KEYS}/app/rotate")
    described.demand("POST", f"{KEYS}/{{keyName}}/rotate", rotated)
    second = replace(loop, key=rotated.json["key"])
    assert [api.get(STATUS).status for api in (first, second)] == [200, 200]
    old, new = loop.get(KEYS).json["keys"]
    left = datetime.fromisoformat(old["expiresAt"]) - datetime.now(UTC)
    assert (timedelta(hours=23) < left < timedelta(hours=25), new["expiresAt"], new["role"]) == (True, None, "read")

    third = replace(loop, key=loop.post(f"{KEYS}/app/rotate", {"keepOldFor": "PT0S"}).json["key"])

    eventually(lambda: [api.get(STATUS).status for api in (first, second, third)] == [401, 401, 200])
    assert [key["name"] for key in loop.get(KEYS).json["keys"]] == ["app"]


def test_a_key_ends_at_its_time(deployment: Deployment) -> None:
    loop = deployment.loop()
    end = datetime.now(UTC) + timedelta(seconds=4)
    key = make_key(loop, "short", "read", expiresAt=end.isoformat())
    assert key.get(STATUS).status == 200

    time.sleep(max(0.0, (end - datetime.now(UTC)).total_seconds() + 1.5))

    refused = key.get(STATUS)
    assert (refused.status, "time of this key is over" in refused.error["message"]) == (401, True)


def test_the_status_tells_the_loop_and_who_asks(deployment: Deployment) -> None:
    """So that a page offers what its user may do, and asks for nothing that would be refused."""
    loop = deployment.loop()
    callers = [loop, make_key(loop, "team", "admin"), make_key(loop, "looks-on", "read"), deployment.owner]

    told = [api.get(STATUS).json for api in callers]

    assert [status["loop"] for status in told] == [*[loop.loop.strip("/")] * 3, "default"]
    assert [(status["caller"]["name"], status["caller"]["role"]) for status in told] == [
        ("API_KEY_1", "owner"),
        ("key team", "admin"),
        ("key looks-on", "read"),
        ("API_KEY_1", "owner"),
    ]


def test_the_history_tells_which_key_did_what(deployment: Deployment) -> None:
    """By the names of keys, and keys are among what it tells of."""
    loop = deployment.loop()
    key = make_key(loop, "build", "admin")
    key.put(POLICY, {"name": "own", "arguments": "--cb_explore_adf --epsilon 0.4"})
    make_key(key, "app", "rank")
    loop.delete(f"{KEYS}/app")

    deleted, made, changed, first, _ = loop.get(HISTORY).json["changes"]

    assert [(change["act"], change["by"]) for change in (deleted, made, changed, first)] == [
        ("keysChanged", "API_KEY_1"),
        ("keysChanged", "key build"),
        ("learningSettings", "key build"),
        ("keysChanged", "API_KEY_1"),
    ]
    assert (made["changed"], deleted["changed"]) == (
        [{"name": "key", "from": None, "to": "app (rank)"}],
        [{"name": "key", "from": "app (rank)", "to": None}],
    )


@pytest.mark.parametrize(
    ("name", "body", "place"),
    [
        ("app", {}, "role"),
        ("app", {"role": "owner"}, "role"),
        ("app", {"role": "rank", "expiresAt": "2001-01-01T00:00:00Z"}, "expiresAt"),
        ("app", {"role": "rank", "expiresAt": "soon"}, "expiresAt"),
        ("-app", {"role": "rank"}, "keyName"),
        ("a" * 65, {"role": "rank"}, "keyName"),
        ("app%20two", {"role": "rank"}, "keyName"),
    ],
)
def test_what_is_no_key_is_refused(deployment: Deployment, name: str, body: object, place: str) -> None:
    answer = deployment.owner.put(f"{KEYS}/{name}", body)

    assert (answer.status, answer.error["target"]) == (400, place)


def test_names_are_used_once_and_keys_are_not_endless(deployment: Deployment) -> None:
    """A document that every instance reads every two seconds must not grow without bound."""
    loop = deployment.loop()
    make_key(loop, "key-0", "rank")
    again = loop.put(f"{KEYS}/key-0", {"role": "admin"})
    assert (again.status, again.error["code"]) == (409, "KeyAlreadyExists")
    for number in range(1, MOST_KEYS):
        make_key(loop, f"key-{number}", "rank")

    more = loop.put(f"{KEYS}/one-more", {"role": "rank"})

    assert (more.status, more.error["code"]) == (409, "TooManyKeys")
    assert loop.post(f"{KEYS}/key-0/rotate", {"keepOldFor": "P31D"}).error["target"] == "keepOldFor"


def test_the_first_loop_has_keys_of_its_own(deployment: Deployment) -> None:
    """The two of the deployment need not be given to every client."""
    key = make_key(deployment.owner, "first", "rank")

    assert key.post("/personalizer/v1.0/events/none/reward", {"value": 1}).status == 204
    assert key.get(STATUS).status == 403
    assert replace(key, loop=deployment.loop().loop).get(STATUS).status == 401


def test_who_only_reads_is_not_told_the_secret_of_the_logs_copy(deployment: Deployment) -> None:
    """With that signature one could write into the customer's container."""
    loop, service = deployment.loop(), "/personalizer/v1.0/configurations/service"
    sas = "https://shop.blob.core.windows.net/logs?sv=2024-01-01&sr=c&sp=rwl&sig=secret&se=2090-01-01T00%3A00Z"
    assert loop.put(service, {"logMirrorEnabled": True, "logMirrorSasUri": sas}).status == 200

    reader = make_key(loop, "board", "read")

    told = [api.get(service).json["logMirrorSasUri"] for api in (reader, loop)]
    assert told == ["https://shop.blob.core.windows.net/logs?(hidden)", sas]
