"""Requests as the description has them, and bodies in which one place is wrong, for every list and text."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import orjson

from function_app import registry
from shared.web.openapi import describe

Schema = dict[str, Any]
DESCRIPTION: dict[str, Any] = orjson.loads(describe(registry.operations))


@dataclass(frozen=True, slots=True)
class Request:
    """An operation of the newest version that has it, with what it takes.

    Attributes:
        body: The schema of its JSON body; None if it takes none.
        query: The schemas of its parameters in the query, by name.
    """

    method: str
    path: str
    body: Schema | None
    query: dict[str, Schema]

    def path_with(self, id_: str) -> str:
        """Its path with an id for each parameter in it, and the version in the query if that is where it belongs."""
        version = self.query.get("api-version")
        return re.sub(r"\{\w+\}", id_, self.path) + (f"?api-version={version['enum'][0]}" if version else "")


def requests() -> list[Request]:
    """All operations; of those that several versions share with one body, the last."""
    found: dict[Any, Request] = {}
    for path, methods in DESCRIPTION["paths"].items():
        for method, operation in methods.items():
            query = {each["name"]: each["schema"] for each in operation["parameters"] if each["in"] == "query"}
            body = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema")
            of_all_versions = re.sub(r"^/personalizer(/v[^/]+)?/", "", path)
            found[method, of_all_versions, str(body)] = Request(method.upper(), path, body, query)
    return list(found.values())


def places(schema: Schema, kind: str, where: str = "") -> Iterator[tuple[str, Schema]]:
    """All places of a schema that take a kind of value, such as `array`, or `any`, with their schemas."""
    for branch in _branches(schema):
        if branch.get("type", "any") == kind:
            yield where, branch
        for name, part in branch.get("properties", {}).items():
            yield from places(part, kind, f"{where}.{name}".removeprefix("."))
        if "items" in branch:
            yield from places(branch["items"], kind, f"{where}[0]")


def body_with(schema: Schema, place: str, value: Any) -> Any:
    """The shortest body that has a value at a place."""
    step, rest = re.fullmatch(r"(\[0\]|\.?\w+|)(.*)", place).groups()  # type: ignore[union-attr]
    if not step:
        return value
    if step == "[0]":
        branch = next(branch for branch in _branches(schema) if "items" in branch)
        return [body_with(branch["items"], rest, value)]
    name = step.removeprefix(".")
    branch = next(branch for branch in _branches(schema) if name in branch.get("properties", {}))
    return _shortest(branch) | {name: body_with(branch["properties"][name], rest, value)}


def _branches(schema: Schema) -> Iterator[Schema]:
    if "$ref" in schema:
        yield from _branches(DESCRIPTION["components"]["schemas"][schema["$ref"].rpartition("/")[2]])
    elif branches := schema.get("anyOf", schema.get("oneOf")):
        for branch in branches:
            yield from _branches(branch)
    else:
        yield schema


def _shortest(schema: Schema) -> Any:
    branch = next(_branches(schema))
    match branch.get("type"):
        case "object":
            return {name: _shortest(branch["properties"][name]) for name in branch.get("required", ())}
        case "array":
            return [_shortest(branch["items"])] * branch.get("minItems", 0)
        case "string":
            if branch.get("format") == "date-time":
                return "2026-01-02T00:00:00Z"
            return branch["enum"][0] if "enum" in branch else "x"
        case "integer" | "number":
            return 0
    return {"x": 1}
