"""JSON bodies as pydantic models: camelCase names, unknown fields ignored, refusals that name the wrong place."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Self

import orjson
from pydantic import BaseModel, ConfigDict, Field, PlainSerializer, ValidationError, WithJsonSchema
from pydantic.alias_generators import to_camel

from shared.times import parse_moment, to_iso
from shared.web.errors import InvalidRequest, NotJson, TooManyValues

MAX_ID = 256
"""The most characters of an id."""
MAX_MOMENT = 64
"""The most characters of a moment."""
MAX_VALUES = 100_000
"""The most values of a body: texts, numbers, true, false and null, objects and lists."""

_DATE_TIME = WithJsonSchema({"type": "string", "format": "date-time"})

Moment = Annotated[int, PlainSerializer(to_iso), _DATE_TIME]
"""A moment in an answer: microseconds in Python, a text such as `2026-11-25T12:50:02.250000Z` in JSON."""
MomentText = Annotated[str, _DATE_TIME]
"""A moment in an answer, as a text: for answers that write moments in another form than `Moment`."""
SentMoment = Annotated[str, Field(max_length=MAX_MOMENT, json_schema_extra={"format": "date-time"})]
"""A moment in a request, as a text."""

_TAG = "union:"
_OBJECTS = ("model_type", "model_attributes_type", "dict_type")
_COMMAS = bytes.maketrans(b"[{", b",,")
_NEITHER_COMMA_NOR_QUOTE = bytes(set(range(256)) - set(b'",[{'))


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


def from_json(body: bytes) -> Any:
    """Parse a body.

    Raises:
        NotJson: The body is empty, no JSON, or holds a value that JSON lacks (NaN, half a surrogate pair).
        TooManyValues: The body has more than 100,000 values.
    """
    if not body:
        raise NotJson("The body is empty.")
    if len(body) > MAX_VALUES and _has_many_values(body):
        raise TooManyValues(MAX_VALUES)
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise NotJson(f"The body is not JSON: {error.msg}.", f"line {error.lineno} column {error.colno}") from None


def at_most(most: int, least: int = 0) -> Any:
    """The bounds of a list in a request; what is wrong with it is told of the first wrong element only."""
    return Field(min_length=least, max_length=most, fail_fast=True)


def _has_many_values(body: bytes) -> bool:
    """Whether a body has too many values, seen from its text: parsed they take up to fifty times as much memory.

    A comma, a bracket or a brace begins each value but the first, if it is in no text: behind an even number of quotes.
    """
    if body.count(b",") + body.count(b"[") + body.count(b"{") < MAX_VALUES:
        return False
    if b"\\" in body:
        body = body.replace(b"\\\\", b"").replace(b'\\"', b"")
    marks = body.translate(_COMMAS, _NEITHER_COMMA_NOR_QUOTE).replace(b'""', b"")  # a comma between any two quotes now
    outside = marks.split(b'"', 2 * MAX_VALUES + 2)[::2]  # if there is more behind that, these hold enough commas
    return sum(map(len, outside)) >= MAX_VALUES


def read_moment(text: str, field: str, refusal: type[InvalidRequest]) -> int:
    """Read a moment of a query, in any form of ISO 8601.

    Raises:
        InvalidRequest: `refusal`; the text is no moment.
    """
    if len(text) > MAX_MOMENT:
        raise refusal(f"A moment has at most {MAX_MOMENT} characters.", field)
    try:
        return parse_moment(text)
    except ValueError as error:
        raise refusal(str(error), field) from None


def read_id(sent: str, field: str, refusal: type[InvalidRequest]) -> str:
    """Check the id in a call's decoded path, and give it back.

    Raises:
        InvalidRequest: `refusal`; the id has more than 256 characters or is no text.
    """
    if not 0 < len(sent) <= MAX_ID:
        raise refusal(f"An id has 1 to {MAX_ID} characters.", field)
    try:
        sent.encode()
    except UnicodeEncodeError:
        raise refusal("An id is UTF-8, percent-encoded.", field) from None
    return sent


def read_new_id(sent: str, field: str, refusal: type[InvalidRequest]) -> str:
    """Check the id in a call's decoded path that makes a thing of that id, and give it back.

    Raises:
        InvalidRequest: `refusal`; the id is none, or `.` or `..`, which most clients leave out of a path in spite of
            percent-encoding: such a thing could be made and never be read.
    """
    if sent in (".", ".."):
        raise refusal(f"An id is not {sent}, which is a step of a path.", field)
    return read_id(sent, field, refusal)


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
