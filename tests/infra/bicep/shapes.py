"""What the management libraries' models say of a resource: its properties, which can be written, what they take.

The models are those of each library's own API version. A property that only a newer version has passes here, although
the version in the template may lack it.
"""

import datetime
import enum
import re
import sys
import types
import typing
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final


@dataclass(frozen=True, slots=True)
class Scalar:
    """A single value: `text`, `number` or `truth`."""

    kind: str


@dataclass(frozen=True, slots=True)
class Anything:
    """A value of which nothing is known."""


@dataclass(frozen=True, slots=True)
class Enumeration:
    """A value out of a list."""

    values: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class ListOf:
    """A list."""

    shape: "Shape"


@dataclass(frozen=True, slots=True)
class MapOf:
    """An object with names of the user's own."""

    shape: "Shape"


@dataclass(frozen=True, slots=True)
class Record:
    """An object; its fields are made when they are first read, since models may refer to themselves."""

    name: str
    make: Callable[[], "Mapping[str, Field]"] = field(compare=False)

    @property
    def fields(self) -> "Mapping[str, Field]":
        """The properties by name."""
        return self.make()


type Shape = Scalar | Anything | Enumeration | ListOf | MapOf | Record


@dataclass(frozen=True, slots=True)
class Field:
    """One property."""

    shape: Shape
    writable: bool = True
    required: bool = False


TEXT: Final = Scalar("text")
_SCALARS: Final[Mapping[Any, Shape]] = {
    str: TEXT,
    bytes: TEXT,
    datetime.datetime: TEXT,
    datetime.timedelta: TEXT,
    datetime.time: TEXT,
    bool: Scalar("truth"),
    int: Scalar("number"),
    float: Scalar("number"),
}
_NAMED: Final[Mapping[str, Shape]] = {
    **dict.fromkeys(("str", "iso-8601", "duration", "rfc-1123", "bytearray"), TEXT),
    **dict.fromkeys(("int", "float", "long"), Scalar("number")),
    "bool": Scalar("truth"),
}


@cache
def record(model: type) -> Record:
    """The shape of a model of either generation of the libraries."""
    make = _new_fields if hasattr(model, "_is_model") or hasattr(model, "_attr_to_rest_field") else _old_fields
    return Record(model.__name__, cache(lambda: make(model)))


def declare_record(name: str, **fields: Shape) -> Record:
    """A record of these shapes, all of them writable and optional; for types that no library knows."""
    return build_record(name, {key: Field(shape) for key, shape in fields.items()})


def build_record(name: str, fields: Mapping[str, Field]) -> Record:
    """A record with these fields."""
    return Record(name, lambda: fields)


def _new_fields(model: Any) -> dict[str, Field]:
    model()  # the first instance finds out what the fields are
    hints = _hints(model, model)
    fields = {}
    for attribute, rest_field in model._attr_to_rest_field.items():
        hint = hints.get(attribute, Any)
        writable = not rest_field._visibility or set(rest_field._visibility) != {"read"}
        optional = type(None) in typing.get_args(hint) or hint is Any
        fields[rest_field._rest_name] = Field(_shape(hint), writable, writable and not optional)
    return fields


def _old_fields(model: Any) -> dict[str, Field]:
    """The older generation writes a path for each attribute, such as `properties.principalId`."""
    hints, rules = _hints(model, model.__init__), model._validation
    fields = {}
    for attribute, build_record in model._attribute_map.items():
        path = tuple(part.replace("\\.", ".") for part in re.split(r"(?<!\\)\.", build_record["key"]))
        shape = (
            _shape(hints[attribute])
            if attribute in hints
            else _resolve_name(build_record["type"], sys.modules[model.__module__])
        )
        rule = rules.get(attribute, {})
        fields[path] = Field(shape, not rule.get("readonly", False), rule.get("required", False))
    return _nest_fields(model.__name__, fields)


def _nest_fields(name: str, by_path: Mapping[tuple[str, ...], Field]) -> dict[str, Field]:
    fields = {path[0]: field for path, field in by_path.items() if len(path) == 1}
    for outer in {path[0] for path in by_path if len(path) > 1}:
        inner = {path[1:]: field for path, field in by_path.items() if path[0] == outer and len(path) > 1}
        nested = _nest_fields(f"{name}.{outer}", inner)
        needed = any(field.required for field in nested.values())
        fields[outer] = Field(build_record(f"{name}.{outer}", nested), required=needed)
    return fields


def _hints(model: type, of: Any) -> dict[str, Any]:
    module = sys.modules[model.__module__]
    package = sys.modules[module.__name__.rpartition(".")[0]]
    names = {"_models": package, "JSON": typing.Any}
    return typing.get_type_hints(of, vars(module), names)


def _shape(hint: Any) -> Shape:
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, types.UnionType):
        inner = [argument for argument in arguments if argument is not type(None)]
        enumerations = [kind for kind in inner if isinstance(kind, type) and issubclass(kind, enum.Enum)]
        return _shape((enumerations or inner)[0])
    if origin in (list, typing.Literal):
        return (
            ListOf(_shape(arguments[0]))
            if origin is list
            else Enumeration(tuple(_value(argument) for argument in arguments))
        )
    if origin is dict:
        return MapOf(_shape(arguments[1]))
    if isinstance(hint, type) and issubclass(hint, enum.Enum):
        return Enumeration(tuple(kind.value for kind in hint))
    if isinstance(hint, type) and (hasattr(hint, "_attribute_map") or hasattr(hint, "_is_model")):
        return record(hint)
    return _SCALARS.get(hint, Anything())


def _value(member: Any) -> Any:
    return member.value if isinstance(member, enum.Enum) else member


def _resolve_name(name: str, module: types.ModuleType) -> Shape:
    if name[0] in "[{":
        inner = _resolve_name(name[1:-1], module)
        return ListOf(inner) if name[0] == "[" else MapOf(inner)
    model = getattr(module, name, None)
    return record(model) if model is not None else _NAMED.get(name, Anything())
