"""Imports of models hold up no other call: one at a time is carried out, and others are refused at once."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from localhost.azurite.emulator import Azurite
from tests.hosts import HostProcess
from tests.http.api import Answer, Api
from tests.http.conftest import NEVER
from tests.http.ranked_model import ARGUMENTS
from tests.http.test_model_import import KEY, NEW, OWN, make_model, sign
from tests.loop.strikes import Held, Route, Strike, open_route, write

OTHERS = ("/rankloop/v1/status", "/personalizer/v1.0/configurations/service", "/personalizer/v1.0/model/properties")
MORE_THAN_A_POOL = 40
"""More than the event loop's own pool has threads, on any machine."""


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A small file that makes a large model."""
    return make_model(tmp_path_factory.mktemp("models") / "large.vw", f"{ARGUMENTS} -b 22")


@pytest.fixture(scope="module")
def route(azurite: Azurite) -> Iterator[Route]:
    with open_route(azurite.new_account()) as opened:
        yield opened


@pytest.fixture(scope="module")
def busy(route: Route) -> Iterator[Api]:
    """A host whose storage can be held back."""
    with HostProcess(route.storage, env={"API_KEY_1": KEY, **NEVER}) as started:
        yield Api.at(started.url, KEY)


def test_an_import_that_is_carried_out_holds_up_no_other_call(busy: Api, route: Route, model: bytes) -> None:
    """Forty more come meanwhile, signed and plain: each is told when to come again, and has changed nothing."""
    route.plan(strike := Strike(write("/models/"), lambda: None, held := Held()))
    with ThreadPoolExecutor(MORE_THAN_A_POOL) as pool:
        first = pool.submit(busy.put, OWN, model)
        strike.wait()
        refused = list(pool.map(lambda number: put(busy, number, model), range(MORE_THAN_A_POOL - 1)))
        others = [busy.get(path).status for path in OTHERS]
        changed = busy.put(OTHERS[1], {"explorationPercentage": 0.3}).status
        held.free.set()

    assert {(answer.status, answer.error["code"], answer.headers["retry-after"]) for answer in refused} == {
        (429, "429", "5")
    }
    assert (others, changed) == ([200, 200, 200], 200)
    assert first.result().status == 204
    history = busy.get("/rankloop/v1/configurations/history").json["changes"]
    assert [change["act"] for change in history] == ["modelImported", "serviceConfiguration"]
    assert history[0]["request"] == first.result().headers["apim-request-id"]


def test_the_next_import_is_carried_out(busy: Api, model: bytes) -> None:
    """One that was refused is taken once the one before is over; so is one after a file that is none."""
    assert busy.put(OWN, b"no model").status == 400
    assert busy.put(OWN, model).status == 204


def put(api: Api, number: int, model: bytes) -> Answer:
    return api.put(OWN, model) if number % 2 else api.put(NEW, sign(model))
