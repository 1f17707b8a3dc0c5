"""JSON as it travels: camelCase names, unknown fields ignored, and a refusal that names the place of what is wrong."""

from typing import Any, ClassVar, Self

import orjson
from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.alias_generators import to_camel

from shared.contract.errors import InvalidRequest, NotJson
from shared.loop.times import from_iso

_OBJECTS = ("model_type", "model_attributes_type", "dict_type")


class Wire(BaseModel):
    """Base of all that travels over HTTP.

    Attributes:
        refusal: What a body of another shape raises.
    """

    model_config = ConfigDict(
        alias_generator=to_camel, validate_by_name=True, strict=True, frozen=True, defer_build=True
    )
    refusal: ClassVar[type[InvalidRequest]] = InvalidRequest

    @classmethod
    def read(cls, body: bytes) -> Self:
        """Read a body.

        Raises:
            NotJson: The body is no JSON.
            InvalidRequest: `refusal`; the JSON has another shape.
        """
        told = from_json(body)
        try:
            return cls.model_validate(told)
        except ValidationError as error:
            raise cls.refusal(*_first_problem(error)) from None


def from_json(body: bytes) -> Any:
    """Parse a body.

    Raises:
        NotJson: It is empty, no JSON, or has what JSON cannot say (NaN, half a surrogate pair).
    """
    if not body:
        raise NotJson("The body is empty.")
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise NotJson(f"The body is not JSON: {error.msg}.", f"line {error.lineno} column {error.colno}") from None


def moment(text: str, field: str, refusal: type[InvalidRequest]) -> int:
    """Read a moment of a query, in any form of ISO 8601.

    Raises:
        InvalidRequest: `refusal`; the text is no moment.
    """
    try:
        return from_iso(text)
    except (ValueError, OverflowError):
        raise refusal("Not a moment such as 2026-11-25T12:00:00Z.", field) from None


def place(steps: tuple[str | int, ...]) -> str | None:
    """The way to a value as clients write it: `actions[3].id`."""
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in steps)
    return text.removeprefix(".") or None


def _first_problem(error: ValidationError) -> tuple[str, str | None]:
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    problem = "Input should be an object" if first["type"] in _OBJECTS else first["msg"]
    return problem + ".", place(first["loc"])
