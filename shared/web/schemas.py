"""JSON schemas of what travels over HTTP, from the models that read and tell it."""

from collections.abc import Sequence
from typing import Any

from pydantic import TypeAdapter

Schema = dict[str, Any]

_PLACE = "#/components/schemas/{model}"


class Schemas:
    """The schemas of some models, each named once.

    Attributes:
        named: All models, and what they are made of, by name.
    """

    def __init__(self, read: Sequence[Any], told: Sequence[Any]) -> None:
        """Take the models of requests, and those of answers."""
        adapters: dict[Any, TypeAdapter[Any]] = {model: TypeAdapter(model) for model in (*read, *told)}
        wanted: list[tuple[Any, Any, TypeAdapter[Any]]] = [(model, "validation", adapters[model]) for model in read]
        wanted += [(model, "serialization", adapters[model]) for model in told]
        schemas, definitions = TypeAdapter.json_schemas(wanted, ref_template=_PLACE)
        self._schemas: dict[tuple[Any, Any], Schema] = dict(schemas)
        self.named: Schema = definitions.get("$defs", {})

    def read(self, model: Any) -> Schema:
        """The schema of a request: where to find it, if it has a name."""
        return self._schemas[model, "validation"]

    def told(self, model: Any) -> Schema:
        """The schema of an answer."""
        return self._schemas[model, "serialization"]

    def fields(self, model: Any) -> list[tuple[str, Schema, bool]]:
        """The fields of a request with their schemas, null left out, and whether each is required."""
        schema = self.read(model)
        schema = self.named[schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema
        required = schema.get("required", ())
        return [(name, _without_null(one), name in required) for name, one in schema["properties"].items()]


def _without_null(schema: Schema) -> Schema:
    kinds: list[Schema] = [one for one in schema.get("anyOf", ()) if one != {"type": "null"}]
    if len(kinds) != 1:
        return schema
    return {name: value for name, value in schema.items() if name not in ("anyOf", "default")} | kinds[0]
