"""Requests with lists, texts, numbers of values and depths beyond all measure cost next to nothing.

A Rank with two million wrong elements in `excludedActions` was refused after 1.6 GB and three seconds, in which no
other call was answered: each wrong element became a dictionary.
"""

import tracemalloc
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import orjson
import pytest

from function_app import registry
from shared.learner.features import document
from shared.web.endpoint import MAX_BODY_BYTES
from shared.web.errors import InvalidRequest
from shared.web.json_bodies import MAX_VALUES
from shared.web.json_forms import Wire
from tests.attacks.request_places import DESCRIPTION, Request, body_with, places, requests
from tests.conftest import PATIENT
from tests.hosts import HostProcess
from tests.http.api import Answer, Api
from tests.storages import NewStorage

MANY = (MAX_VALUES - 10_000, 2_000_000)
"""Elements that are looked at one after the other, and more than there may be values."""
MOST_BYTES = 64 * 1024 * 1024
"""What a refusal may take beside the body: the parser asks for twelve times the body, and uses little of it."""
LONGEST_ANSWER = 1500
FEATURES = ("contextFeatures[0]", "features[0]")
"""Elements of these lists have any shape; what cleans features bounds them."""
WITH_BODY = [request for request in requests() if request.body]
_FULL = MAX_BODY_BYTES - 2
BOMBS = {
    "members": b"{" + b",".join(b'"%x":1' % number for number in range(400_000)) + b"}",
    "one member many times": b"{" + b'"value":1,' * (_FULL // 10) + b'"value":1}',
    "objects": b"[" + b'{"":1},' * (_FULL // 7) + b"1]",
    "nested lists": b"[" + (b"[" * 1000 + b"]" * 1000 + b",") * (_FULL // 2001) + b"1]",
    "depth": b"[" * _FULL,
    "digits": b'{"value":' + b"9" * (_FULL - 9) + b"}",
    "a list without an end": b"[" + b'"",' * (_FULL // 3),
}


@pytest.fixture(scope="module")
def api(new_storage: NewStorage) -> Iterator[Api]:
    settings = {"API_KEY_1": "test-key-1", **PATIENT, "TRAIN_SCHEDULE": "0 0 0 1 1 *"}
    with HostProcess(new_storage(), env=settings) as host:
        yield Api.at(host.url, "test-key-1", tries=4)


def name_of(value: object) -> str | None:
    return f"{value.method} {value.path}" if isinstance(value, Request) else None


def models() -> list[type[Wire]]:
    """The models of all bodies."""
    wanted = (served.request for served in registry.operations)
    return list(dict.fromkeys(model for model in wanted if isinstance(model, type)))


def lists_of(request: Request) -> list[str]:
    return [place for place, _ in places(request.body or {}, "array")]


def demand_short_refusal(answer: Answer, place: str | None = None) -> None:
    """Raise unless the service said what is wrong, and where, in few words."""
    assert answer.status == 400
    assert len(answer.body) < LONGEST_ANSWER
    if place is not None:
        assert answer.error["target"].startswith(place)


def demand_short_refusal_of_the_row(answer: Answer, place: str) -> None:
    """The same of a batch, which refuses each row for itself."""
    (row,) = answer.json["rows"]

    assert (answer.status, row["status"]) == (200, 400)
    assert len(answer.body) < LONGEST_ANSWER
    assert row["error"]["target"].startswith(place)


def test_every_list_of_every_request_has_a_bound() -> None:
    """The description tells it, and what reads the request keeps it."""
    unbounded = [
        (name_of(request), place)
        for request in requests()
        for schema in (request.body or {}, *request.query.values())
        for place, found in places(schema, "array")
        if "maxItems" not in found
    ]

    assert unbounded == []
    assert sum(len(lists_of(request)) for request in WITH_BODY) > 15


def test_every_text_of_every_request_has_a_bound() -> None:
    """Or is one of a few words."""
    unbounded = [
        (name_of(request), place)
        for request in requests()
        for schema in (request.body or {}, *request.query.values())
        for place, found in places(schema, "string")
        if not {"maxLength", "enum", "const"} & found.keys()
    ]

    assert unbounded == []


def test_nothing_else_of_a_request_has_any_shape() -> None:
    """Features aside, what may be anything would be bounded by nobody."""
    open_ = {
        place
        for request in WITH_BODY
        for kind in ("any", "object")
        for place, found in places(request.body or {}, kind)
        if not {"properties", "enum", "const"} & found.keys()
    }

    assert {place for place in open_ if not place.endswith(FEATURES)} == set()


@pytest.mark.parametrize("count", MANY)
@pytest.mark.parametrize("request_", WITH_BODY, ids=name_of)
def test_a_list_of_wrong_elements_is_refused_by_its_first_one(api: Api, request_: Request, count: int) -> None:
    """In every list of every request."""
    for place in lists_of(request_):
        body = orjson.dumps(body_with(request_.body or {}, place, [1] * count))

        answer = api.call(request_.method, request_.path_with("x"), body)

        demand_short_refusal(answer, place if count < MAX_VALUES else None)


@pytest.mark.parametrize("request_", WITH_BODY, ids=name_of)
def test_a_text_of_megabytes_is_refused_and_not_repeated(api: Api, request_: Request) -> None:
    """Wherever a text is expected."""
    for place, _ in places(request_.body or {}, "string"):
        body = orjson.dumps(body_with(request_.body or {}, place, "secret" * (_FULL // 8)))

        answer = api.call(request_.method, request_.path_with("x"), body)

        if place.startswith("rows["):
            demand_short_refusal_of_the_row(answer, place)
        else:
            demand_short_refusal(answer, place)
        assert b"secretsecret" not in answer.body


@pytest.mark.parametrize("bomb", BOMBS)
def test_a_bomb_is_refused_by_every_operation(api: Api, bomb: str) -> None:
    """What would take much memory once it is parsed is not parsed."""
    for request in WITH_BODY:
        answer = api.call(request.method, request.path_with("x"), BOMBS[bomb])

        demand_short_refusal(answer)


def test_a_long_id_or_parameter_is_not_repeated(api: Api) -> None:
    """Nor does it fail the service."""
    for request in requests():
        text = quote("secret" * 1000)
        paths = [request.path_with(text)] if "{" in request.path else []
        first = request.path_with("x")
        paths += [
            f"{first}{'&' if '?' in first else '?'}{name}={text}" for name in request.query if name != "api-version"
        ]
        for path in paths:
            answer = api.call(request.method, path, b"{}" if request.body else b"")

            assert 400 <= answer.status < 500
            assert len(answer.body) < LONGEST_ANSWER
            assert b"secretsecret" not in answer.body


@pytest.mark.parametrize("model", models(), ids=lambda model: model.__name__)
def test_what_is_refused_takes_little_memory(model: type[Wire]) -> None:
    """Beside the body, whatever is in it."""
    schema = DESCRIPTION["components"]["schemas"][model.__name__]
    hostile = [
        orjson.dumps(body_with(schema, place, [wrong] * count))
        for place, _ in places(schema, "array")
        for wrong, count in ((1, MANY[0]), (1, MANY[1]), ({}, MANY[0] // 2), ({"x": 1}, MANY[0] // 3))
    ]

    for body in (*hostile, *BOMBS.values()):
        assert refused_with_bytes(model, body) < MOST_BYTES


def refused_with_bytes(model: type[Wire], body: bytes) -> int:
    """The most memory that reading a body took."""
    tracemalloc.start()
    try:
        with pytest.raises(InvalidRequest):
            model.read(body)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_commas_in_texts_are_no_values() -> None:
    """A feature may be a text that is full of them."""
    text = 'a, "b", [c], {d} \\' * 100_000

    body = orjson.dumps({"actions": [{"id": "a", "features": [{"text": text}]}]})

    assert Wire.read(body) == Wire()
    assert body.count(b",") > MAX_VALUES


@pytest.mark.parametrize("values", [[{"x" * 4_000_000: 1}], [{"x" * 300 + str(number): 1 for number in range(400)}]])
def test_no_name_of_a_feature_makes_the_log_long(values: list[Any]) -> None:
    """130 Ranks with a name of 4.1 MB each were 2.5 MB of stored log, and half a gigabyte once it was read."""
    logged = document(values, [("a", [{"x": 1}])])

    names = {name for group in orjson.loads(logged)["FromUrl"] for name in group}
    assert max(map(len, names)) == 256
    assert len(names) == len(values[0])
