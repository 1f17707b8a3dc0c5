"""Requests to the operations that the app has, made by what the served description says of each."""

import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from benchmarks.attack import bombs, mutations, texts
from benchmarks.attack.schema_values import SchemaValues
from benchmarks.attack.schemathesis_cases import SchemathesisCases
from shared.web.registry import ServedOperation

_MODEL = "application/octet-stream"


@dataclass(frozen=True, slots=True)
class Described:
    """An operation by one of its methods, with what the description says of it.

    Attributes:
        name: The same in all versions.
        query: The parameters of the query.
        body: Schemas by media type; None for no body.
    """

    served: ServedOperation
    method: str
    name: str
    query: Sequence[Mapping[str, Any]]
    body: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class Request:
    """A request.

    Attributes:
        path: With its query, encoded, without the slash before it.
    """

    path: str
    body: bytes | None


def describe_all(operations: Iterable[ServedOperation], document: Mapping[str, Any]) -> dict[str, list[Described]]:
    """Give all operations of a description, each in its versions, by name."""
    named: dict[str, list[Described]] = {}
    for served in operations:
        for method in served.methods:
            described = _describe(served, method, document)
            named.setdefault(described.name, []).append(described)
    return named


def _describe(served: ServedOperation, method: str, document: Mapping[str, Any]) -> Described:
    operation = document["paths"][f"/{served.route}"][method.lower()]
    query = [each for each in operation["parameters"] if each["in"] == "query"]
    name = served.handler.__name__ if len(served.methods) == 1 else f"{served.handler.__name__} {method}"
    return Described(served, method, name, query, operation.get("requestBody", {}).get("content"))


class RequestMaker:
    """Makes requests."""

    def __init__(self, document: Mapping[str, Any], seed: int, by_schemathesis: float) -> None:
        """Take the description, the seed of what schemathesis makes up, and its share of the requests."""
        self._share = by_schemathesis
        self._values = SchemaValues(document["components"]["schemas"])
        self._cases = SchemathesisCases(document, seed)

    def prepare(self, operations: Iterable[Described]) -> None:
        """Have schemathesis make up all that it will."""
        for operation in operations if self._share else ():
            self._cases.of(operation.method, f"/{operation.served.route}")

    def make(self, operation: Described, chance: random.Random) -> Request:
        """Make a request to an operation: as it is described, harmful values among it, or with a change."""
        if chance.random() < self._share:
            return self._by_schemathesis(operation, chance)
        query = [
            (each["name"], _text(self._values.make(each["schema"], chance, each["name"])))
            for each in operation.query
            if each.get("required") or chance.random() < 0.5
        ]
        if query and chance.random() < 0.05:
            query = query * 2 if chance.random() < 0.5 else query[1:]
        values = {name: texts.mostly_plain(chance) for name in _names(operation)}
        return Request(_path(operation, values, query), self._body(operation, chance))

    def _by_schemathesis(self, operation: Described, chance: random.Random) -> Request:
        example = chance.choice(self._cases.of(operation.method, f"/{operation.served.route}"))
        body = example.body
        if body is not None and not isinstance(body, bytes):
            body = _change_bytes(mutations.write(body), chance) if chance.random() < 0.3 else mutations.write(body)
        return Request(
            _path(operation, example.values, [(name, _text(value)) for name, value in example.query.items()]), body
        )

    def _body(self, operation: Described, chance: random.Random) -> bytes | None:
        if operation.body is None:
            return mutations.write(texts.features(chance)) if chance.random() < 0.1 else None
        if _MODEL in operation.body:
            return bombs.model(chance)
        value = self._values.make(operation.body["application/json"]["schema"], chance)
        kind = chance.random()
        if kind < 0.25:
            value = mutations.of_tree(value, chance)
        body = mutations.write(value)
        return _change_bytes(body, chance) if kind > 0.75 else body


def _change_bytes(body: bytes, chance: random.Random) -> bytes:
    return mutations.of_bytes(body, chance)


def _names(operation: Described) -> list[str]:
    return [part[1 : part.index("}")] for part in operation.served.route.split("/") if part.startswith("{")]


def _path(operation: Described, values: Mapping[str, str], query: Sequence[tuple[str, str]]) -> str:
    parts = operation.served.route.split("/")
    for place, part in enumerate(parts):
        if part.startswith("{"):
            name, end = part[1:].split("}")
            parts[place] = (quote(values.get(name, ""), safe="", errors="surrogatepass") or "%20") + end
    encoded = urlencode(query, quote_via=quote, errors="surrogatepass")
    return "/".join(parts) + (f"?{encoded}" if encoded else "")


def _text(value: Any) -> str:
    return value if isinstance(value, str) else str(value).lower()
