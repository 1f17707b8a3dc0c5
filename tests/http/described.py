"""Whether answers are as the served description says: the status is named there, and the body has that shape."""

import json
from dataclasses import dataclass
from typing import Any

import jsonschema_rs

from tests.http.api import Answer, Api


@dataclass(frozen=True, slots=True)
class Described:
    """A served description."""

    document: dict[str, Any]

    @classmethod
    def by(cls, api: Api) -> "Described":
        """The description that a running host serves."""
        return cls(api.get("/rankloop/v1/openapi.json").json)

    def demand(self, method: str, route: str, answer: Answer) -> None:
        """Raise unless an answer is described; an object with a field that is not named is none of the described.

        Args:
            route: With parameters in braces, as the description has it.
        """
        response = self.document["paths"][route][method.lower()]["responses"][str(answer.status)]
        if "content" not in response:
            assert answer.body == b""
            assert "content-type" not in answer.headers
            return
        kind = answer.headers["content-type"].partition(";")[0]
        assert kind in response["content"]
        for name in response.get("headers", {}):
            assert name.lower() in answer.headers
        if "schema" in response["content"][kind]:
            self.validate(response["content"][kind]["schema"], answer.json)

    def validate(self, schema: dict[str, Any], body: Any) -> None:
        """Raise unless a text has the shape of a schema, formats and names included."""
        whole = {**_close(schema), "components": _close(self.document["components"])}
        jsonschema_rs.Draft202012Validator(whole, validate_formats=True).validate(body)


def _close(schema: Any) -> Any:
    """The same schema, for objects without further fields."""
    if isinstance(schema, list):
        return [_close(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    closed = {name: _close(value) for name, value in schema.items()}
    if isinstance(schema.get("properties"), dict) and schema.get("type") == "object":
        closed.setdefault("additionalProperties", False)
    return closed


def schemas(document: dict[str, Any]) -> list[str]:
    """Every place that a description refers to."""
    text = json.dumps(document)
    return [piece.partition('"')[0] for piece in text.split('"$ref": "')[1:]]
