"""JSON bodies as pydantic models: camelCase names, unknown fields ignored, refusals that name the wrong place."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Self

import orjson
from pydantic import BaseModel, ConfigDict, Field, PlainSerializer, ValidationError, WithJsonSchema
from pydantic.alias_generators import to_camel

from shared.times import to_iso
from shared.web.errors import InvalidRequest
from shared.web.json_bodies import MAX_MOMENT, from_json

_DATE_TIME = WithJsonSchema({"type": "string", "format": "date-time"})

Moment = Annotated[int, PlainSerializer(to_iso), _DATE_TIME]
"""A moment in an answer: microseconds in Python, a text such as `2026-11-25T12:50:02.250000Z` in JSON."""
MomentText = Annotated[str, _DATE_TIME]
"""A moment in an answer, as a text: for answers that write moments in another form than `Moment`."""
SentMoment = Annotated[str, Field(max_length=MAX_MOMENT, json_schema_extra={"format": "date-time"})]
"""A moment in a request, as a text."""

_TAG = "union:"
_OBJECTS = ("model_type", "model_attributes_type", "dict_type")


class Wire(BaseModel):
    """Base of the models of requests and answers.

    Attributes:
        refusal: The error for a body of another shape.
        too_long: The error for a list that is too long, by the JSON name of its field; else `refusal`.
    """

    model_config = ConfigDict(
        alias_generator=to_camel, validate_by_name=True, strict=True, frozen=True, defer_build=True
    )
    refusal: ClassVar[type[InvalidRequest]] = InvalidRequest
    too_long: ClassVar[Mapping[str, type[InvalidRequest]]] = {}

    @classmethod
    def read(cls, body: bytes) -> Self:
        """Read a body.

        Raises:
            NotJson: The body is no JSON.
            InvalidRequest: `refusal`; the JSON has another shape.
        """
        return cls.from_parsed(from_json(body))

    @classmethod
    def from_parsed(cls, parsed: Any) -> Self:
        """Read a body that is parsed already.

        Raises:
            InvalidRequest: `refusal`; the body has another shape.
        """
        try:
            return cls.model_validate(parsed)
        except ValidationError as error:
            raise cls._refusal(*_first_problem(error)) from None

    def to_json(self) -> bytes:
        """The body of an answer, fields in the order of the class; optional fields that were not set are left out."""
        return orjson.dumps(self.model_dump(by_alias=True, exclude_unset=True))

    @classmethod
    def _refusal(cls, kind: str, problem: str, place: str | None) -> InvalidRequest:
        refusal = cls.too_long.get(place or "", cls.refusal) if kind == "too_long" else cls.refusal
        return refusal(problem, place)


def at_most(most: int, least: int = 0) -> Any:
    """The bounds of a list in a request; what is wrong with it is told of the first wrong element only."""
    return Field(min_length=least, max_length=most, fail_fast=True)


def union_tag(name: str) -> str:
    """Make the tag of a member of a union, which is no step to a place."""
    return f"{_TAG}{name}"


def place(steps: tuple[str | int, ...]) -> str | None:
    """Write the place of a value in a body: `actions[3].id`."""
    inside = (step for step in steps if isinstance(step, int) or not step.startswith(_TAG))
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in inside)
    return text.removeprefix(".") or None


def _first_problem(error: ValidationError) -> tuple[str, str, str | None]:
    """Give the first problem: its kind, its sentence, and its place."""
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    problem = "Input should be an object" if first["type"] in _OBJECTS else first["msg"]
    return first["type"], problem + ".", place(first["loc"])
