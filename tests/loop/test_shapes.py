"""The shape of every answer of the old API: in every version, from loops that are new, used, apprentices or of slots.

A shape is the status, the media type, and the names of all fields; `?` marks a field that only some elements of a list
have. All shapes stand in `shapes.txt`, so that no field comes or goes unseen.
"""

import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from shared.web.versions import VERSIONS, Version
from tests import clock
from tests.hosts import HostProcess
from tests.http.api import Answer, Api
from tests.http.exchanges import EXCHANGES, Exchange
from tests.loop.conftest import KEY, QUICK
from tests.storages import STORAGES, open_storage

SHAPES = Path(__file__).with_name("shapes.txt")
LOOPS = ("new", "used", "apprentice", "slots")
LATEST = "?api-version=2022-09-01-preview"
SERVICE, POLICY, EVALUATION, IMPORTANCE = (
    f"/personalizer/{path}{LATEST}"
    for path in (
        *("configurations/service", "configurations/policy"),
        *("evaluations/kitchen-1", "featureImportances/kitchen-1"),
    )
)
CENTURY = {"startTime": "2021-01-01T00:00:00Z", "endTime": "2121-01-01T00:00:00Z"}
EVENTS = 30
PATIENCE_SECONDS = 90
_OF_EVERY_ANSWER = (
    *("apim-request-id", "cache-control", "content-length", "content-type", "date", "expires", "pragma"),
    *("strict-transport-security", "x-content-type-options"),
)

Shapes = dict[tuple[str, str, str], str]
"""The shape of each answer, by operation, loop and version."""


@pytest.fixture(scope="module", params=STORAGES)
def shapes(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Shapes:
    """What loops answer that have been there for a while, and one that has not. No window of time ends meanwhile."""
    log_file = tmp_path_factory.mktemp("shapes") / "host.log"
    with clock.move_to(clock.NOON), open_storage(request.param, tmp_path_factory) as storage:
        start = partial(HostProcess, storage, env=QUICK, log_file=log_file)
        with start() as host:
            for name in LOOPS:
                make_loop(Api.at(host.url, KEY, tries=4), name)
        with start() as host:  # to which no settings are news
            return live({name: Api.at(f"{host.url}/{name}", KEY, tries=4) for name in LOOPS})


def test_every_answer_has_the_shape_that_it_had(shapes: Shapes, tmp_path: Path) -> None:
    """A change that is meant is copied from the file that the failure names."""
    written = "".join(write(shapes))
    (now := tmp_path / SHAPES.name).write_text(written, encoding="utf-8")

    assert written.splitlines() == SHAPES.read_text(encoding="utf-8").splitlines(), f"cp {now} {SHAPES}"


def live(loops: Mapping[str, Api]) -> Shapes:
    """What loops answer once they have learned and found out what all but the new one can."""
    for name in LOOPS[1:]:
        feed(loops[name], name)
    for name in LOOPS[1:]:
        ask_about_events(loops[name], name)
    for name in LOOPS[1:]:
        await_results(loops[name])
    reading, writing, deleting = ask(loops, ["GET"], 8), ask(loops, ["POST", "PUT"], 1), ask(loops, ["DELETE"], 30)
    return reading | writing | deleting


def make_loop(api: Api, name: str) -> None:
    """A loop beside `default`; one that is to be used gets short times, and its mode."""
    assert api.put(f"/rankloop/v1/loops/{name}", {}).status == 201
    if name != "new":
        mode = "Apprentice" if name == "apprentice" else "Online"
        quick = {"rewardWaitTime": "PT5S", "modelExportFrequency": "PT1S", "isInferenceExplainabilityEnabled": True}
        settings = (SERVICE, quick), (SERVICE, {"learningMode": mode}), (POLICY, learning(name))
        assert [api.put(f"/{name}{path}", body).status for path, body in settings] == [200] * len(settings)


def feed(loop: Api, name: str) -> None:
    """Events, half of which are rewarded."""
    place = "multislot/" if name == "slots" else ""
    rank, reward = (find(f"{place}{path}") for path in ("rank", "events/{eventId}/reward"))
    for number in range(EVENTS):
        event = {"eventId": f"event-{number}"}
        assert call(loop, replace(rank, body=rank.body | event), VERSIONS[-1]).status == 201
        if number % 2:
            assert call(loop, replace(reward, values=event), VERSIONS[-1]).status == 204


def learning(name: str) -> dict[str, str]:
    """The learning settings of a loop."""
    return {"name": "custom", "arguments": f"--{'ccb' if name == 'slots' else 'cb'}_explore_adf -q ::"}


def ask_about_events(loop: Api, name: str) -> None:
    """Wait for a model of all events, and have an evaluation and a feature importance of them made."""
    eventually(lambda: model_events(loop) == EVENTS)
    for path in EVALUATION, IMPORTANCE:
        assert loop.put(path, {"name": "of all", **CENTURY, "policies": [learning(name)]}).status == 200


def await_results(loop: Api) -> None:
    eventually(lambda: {loop.get(path).json["status"] for path in (EVALUATION, IMPORTANCE)} == {"Succeeded"})


def model_events(loop: Api) -> int:
    """How many events the model in use has learned."""
    return int((loop.get("/rankloop/v1/status").json["model"] or {"learnedEvents": 0})["learnedEvents"])


def eventually(claim: Callable[[], bool]) -> None:
    until = time.monotonic() + PATIENCE_SECONDS
    while not claim():
        assert time.monotonic() < until
        time.sleep(0.1)


def find(path: str) -> Exchange:
    """The exchange that begins with this path."""
    return next(exchange for exchange in EXCHANGES if exchange.path == path)


def call(loop: Api, exchange: Exchange, version: Version) -> Answer:
    return loop.call(exchange.method, exchange.url(version), exchange.body)


def ask(loops: Mapping[str, Api], methods: Sequence[str], clients: int) -> Shapes:
    """Each operation with one of these methods, in each version of each loop, by so many clients at once."""
    calls = [
        (name, exchange, version)
        for name, loop in loops.items()
        for exchange in list_exchanges(loop)
        if exchange.method in methods
        for version in exchange.versions()
    ]
    with ThreadPoolExecutor(clients) as pool:
        answers = list(pool.map(lambda each: call(loops[each[0]], *each[1:]), calls))
    return {
        (f"{exchange.method} {exchange.path}", name, version.name): describe(answer)
        for (name, exchange, version), answer in zip(calls, answers, strict=True)
    }


def list_exchanges(loop: Api) -> Iterator[Exchange]:
    """All there are, about the evaluation that there is; each deletion answers the same whatever is deleted before.

    Those of slots come first: the learning settings are for none, and reach Rank at some moment after they were put.
    """
    for exchange in sorted(EXCHANGES, key=lambda exchange: not exchange.slots):
        ids = {} if exchange.method == "DELETE" else {"evaluationId": "kitchen-1"}
        yield replace(exchange, values={name: ids.get(name, id_) for name, id_ in exchange.values.items()})
    signed = loop.get(f"/personalizer/model{LATEST}&signed=true")
    yield Exchange("PUT", "model", 204, signed.body, since="v1.1-preview.3")


def describe(answer: Answer) -> str:
    """The shape of an answer: status, media type, headers that not every answer has, and fields."""
    media_type = answer.headers.get("content-type", "no media type").partition(";")[0]
    headers = sorted(f"+{name}" for name in answer.headers if name not in _OF_EVERY_ANSWER)
    fields = list_fields(answer.json) if media_type == "application/json" else []
    code = [answer.error["code"]] if answer.status >= 400 else []
    return " ".join([str(answer.status), *code, media_type, *headers, *fields])


def list_fields(value: Any, place: str = "") -> list[str]:
    """The places of all fields, in the order in which they come; elements of a list count as one."""
    if isinstance(value, dict):
        return [
            at for name, inner in value.items() for at in (f"{place}{name}", *list_fields(inner, f"{place}{name}."))
        ]
    if not isinstance(value, list):
        return []
    elements = [list_fields(element, f"{place.removesuffix('.')}[].") for element in value]
    everything = dict.fromkeys(at for fields in elements for at in fields)
    return [at if all(at in fields for fields in elements) else f"{at}?" for at in everything]


def write(shapes: Shapes) -> Iterator[str]:
    """The shapes as text: under each operation, which loops answer so, in which versions."""
    for operation in dict.fromkeys(operation for operation, _, _ in shapes):
        yield f"{operation}\n"
        versions = defaultdict[tuple[str, str], list[str]](list)
        for (of, loop, version), shape in shapes.items():
            if of == operation:
                versions[loop, shape].append(version)
        loops = defaultdict[tuple[str, str], list[str]](list)
        for (loop, shape), asked in versions.items():
            loops[" ".join(asked), shape].append(loop)
        for (names, shape), answering in loops.items():
            yield f"    {' '.join(answering)} | {names} | {shape}\n"
