"""JSON schemas of requests and answers, from their models."""

from collections.abc import Sequence
from typing import Any

from pydantic import TypeAdapter

Schema = dict[str, Any]

_PLACE = "#/components/schemas/{model}"


class Schemas:
    """The schemas of models, each named once.

    Attributes:
        named: The schemas of all models and of their parts, by name.
    """

    def __init__(self, requests: Sequence[Any], answers: Sequence[Any]) -> None:
        """Take the models of requests and the models of answers."""
        adapters: dict[Any, TypeAdapter[Any]] = {model: TypeAdapter(model) for model in (*requests, *answers)}
        wanted: list[tuple[Any, Any, TypeAdapter[Any]]] = [(model, "validation", adapters[model]) for model in requests]
        wanted += [(model, "serialization", adapters[model]) for model in answers]
        schemas, definitions = TypeAdapter.json_schemas(wanted, ref_template=_PLACE)
        self._schemas: dict[tuple[Any, Any], Schema] = dict(schemas)
        self.named: Schema = definitions.get("$defs", {})

    def of_request(self, model: Any) -> Schema:
        """Give the schema of a request; a reference if the schema has a name."""
        return self._schemas[model, "validation"]

    def of_answer(self, model: Any) -> Schema:
        """Give the schema of an answer."""
        return self._schemas[model, "serialization"]

    def fields(self, model: Any) -> list[tuple[str, Schema, bool]]:
        """List the fields of a request: name, schema without null, and whether it is required."""
        schema = self.of_request(model)
        schema = self.named[schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema
        required = schema.get("required", ())
        return [(name, _without_null(kind), name in required) for name, kind in schema["properties"].items()]


def _without_null(schema: Schema) -> Schema:
    kinds: list[Schema] = [kind for kind in schema.get("anyOf", ()) if kind != {"type": "null"}]
    if len(kinds) != 1:
        return schema
    return {name: value for name, value in schema.items() if name not in ("anyOf", "default")} | kinds[0]
