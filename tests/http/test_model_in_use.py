"""Which model Rank asks: the published one, with the configured exploration, and never a damaged one."""

import hashlib
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from shared.models import published_store
from shared.models.published import Published
from tests.hosts import HostProcess
from tests.http.api import Api
from tests.http.conftest import NEVER
from tests.http.ranked_model import ARGUMENTS, REQUEST, best_chance, make_model, publish
from tests.storages import NewStorage

V1 = "/personalizer/v1.0"
PATIENCE_SECONDS = 8


SETTINGS = {"API_KEY_1": "test-key-1", **NEVER}


@pytest.fixture(scope="module")
def own_storage(new_storage: NewStorage, here: Callable[[str], None]) -> str:
    """An account that is this process's storage too."""
    account = new_storage()
    here(account)
    return account


@pytest.fixture(scope="module")
def own_api(own_storage: str) -> Iterator[Api]:
    """A host of its own, since its model changes."""
    with HostProcess(own_storage, env=SETTINGS) as started:
        yield Api.at(started.url, "test-key-1", tries=4)


@pytest.fixture
def other_api(own_storage: str) -> Iterator[Api]:
    """Another instance of the same app."""
    with HostProcess(own_storage, env=SETTINGS) as started:
        yield Api.at(started.url, "test-key-1", tries=4)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_model(tmp_path_factory.mktemp("model") / "model.vw")


def first_probability(api: Api) -> float:
    """The highest probability that Rank gives."""
    ranking = api.post(f"{V1}/rank", REQUEST).json["ranking"]
    return max(float(action["probability"]) for action in ranking)


def await_probability(api: Api, expected: float, seconds: float = PATIENCE_SECONDS) -> None:
    until = time.monotonic() + seconds
    while (probability := first_probability(api)) != pytest.approx(expected, abs=1e-5):
        assert time.monotonic() < until, f"{probability} instead of {expected}"
        time.sleep(0.1)


def test_the_life_of_a_model(own_api: Api, trained: Path) -> None:
    """Uniform before it, then as learned; a new exploration holds at once; a reset forgets it, and its properties."""
    assert first_probability(own_api) == pytest.approx(0.25)

    publish(trained)
    await_probability(own_api, best_chance(0.2))
    assert own_api.get(f"{V1}/model").body == trained.read_bytes()
    assert own_api.get(f"{V1}/model/properties").json == {
        "creationTime": "2025-11-24T16:00:00+00:00",
        "lastModifiedTime": "2025-11-24T16:01:00+00:00",
    }

    own_api.put(f"{V1}/configurations/service", {"explorationPercentage": 0.8})
    await_probability(own_api, best_chance(0.8))

    reset_at = datetime.now(UTC).replace(microsecond=0)
    assert own_api.delete(f"{V1}/model").status == 204
    assert published_store.read_published().generation == 1
    await_probability(own_api, 0.25)
    assert own_api.get(f"{V1}/model").body == b""
    times = own_api.get(f"{V1}/model/properties").json
    assert times["creationTime"] == "2025-11-24T16:00:00+00:00"
    assert times["lastModifiedTime"] >= reset_at.isoformat()


def test_a_new_exploration_reaches_every_instance_within_5_seconds(own_api: Api, other_api: Api, trained: Path) -> None:
    """Also those that did not take the call."""
    own_api.put(f"{V1}/configurations/service", {"explorationPercentage": 0.2})
    publish(trained)
    await_probability(other_api, best_chance(0.2))

    for exploration in (0.6, 0.4):
        own_api.put(f"{V1}/configurations/service", {"explorationPercentage": exploration})
        await_probability(other_api, best_chance(exploration), seconds=5)

    own_api.delete(f"{V1}/model")
    await_probability(own_api, 0.25)


def test_a_model_whose_bytes_are_not_those_that_were_published_is_not_used(own_api: Api, trained: Path) -> None:
    """A cut model loads without complaint and ranks nonsense, so its digest decides."""
    publish(trained, sha256=hashlib.sha256(b"something else").hexdigest())
    time.sleep(3)

    assert first_probability(own_api) == pytest.approx(0.25)


def test_the_published_model_is_in_the_status(own_api: Api, trained: Path) -> None:
    """With what it learned."""
    published_store.change_published(lambda _: Published())
    reference = publish(trained)

    body = own_api.get("/rankloop/v1/status").json

    assert body["model"]["id"] == reference.id
    assert body["model"]["arguments"] == ARGUMENTS
    assert body["model"]["learnedEvents"] == 200
