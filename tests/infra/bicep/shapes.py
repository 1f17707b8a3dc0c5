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
class OneOf:
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
    """An object; its fields are made when they are asked for, since models may refer to themselves."""

    name: str
    make: Callable[[], "Mapping[str, Field]"] = field(compare=False)

    @property
    def fields(self) -> "Mapping[str, Field]":
        """The properties by name."""
        return self.make()


type Shape = Scalar | Anything | OneOf | ListOf | MapOf | Record


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


def written(name: str, **fields: Shape) -> Record:
    """A shape that is told here, for what no library knows."""
    return told(name, {key: Field(shape) for key, shape in fields.items()})


def told(name: str, fields: Mapping[str, Field]) -> Record:
    """A shape with these fields."""
    return Record(name, lambda: fields)


def _new_fields(model: Any) -> dict[str, Field]:
    model()  # the first instance finds out what the fields are
    hints = _hints(model, model)
    found = {}
    for attribute, one in model._attr_to_rest_field.items():
        hint = hints.get(attribute, Any)
        writable = not one._visibility or set(one._visibility) != {"read"}
        optional = type(None) in typing.get_args(hint) or hint is Any
        found[one._rest_name] = Field(_shape(hint), writable, writable and not optional)
    return found


def _old_fields(model: Any) -> dict[str, Field]:
    """The older generation writes a path for each attribute, such as `properties.principalId`."""
    hints, rules = _hints(model, model.__init__), model._validation
    found = {}
    for attribute, told in model._attribute_map.items():
        path = tuple(part.replace("\\.", ".") for part in re.split(r"(?<!\\)\.", told["key"]))
        shape = _shape(hints[attribute]) if attribute in hints else _named(told["type"], sys.modules[model.__module__])
        rule = rules.get(attribute, {})
        found[path] = Field(shape, not rule.get("readonly", False), rule.get("required", False))
    return _nested(model.__name__, found)


def _nested(name: str, found: Mapping[tuple[str, ...], Field]) -> dict[str, Field]:
    fields = {path[0]: one for path, one in found.items() if len(path) == 1}
    for outer in {path[0] for path in found if len(path) > 1}:
        inner = {path[1:]: one for path, one in found.items() if path[0] == outer and len(path) > 1}
        nested = _nested(f"{name}.{outer}", inner)
        needed = any(one.required for one in nested.values())
        fields[outer] = Field(told(f"{name}.{outer}", nested), required=needed)
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
        known = [one for one in inner if isinstance(one, type) and issubclass(one, enum.Enum)]
        return _shape((known or inner)[0])
    if origin in (list, typing.Literal):
        return (
            ListOf(_shape(arguments[0])) if origin is list else OneOf(tuple(_value(argument) for argument in arguments))
        )
    if origin is dict:
        return MapOf(_shape(arguments[1]))
    if isinstance(hint, type) and issubclass(hint, enum.Enum):
        return OneOf(tuple(one.value for one in hint))
    if isinstance(hint, type) and (hasattr(hint, "_attribute_map") or hasattr(hint, "_is_model")):
        return record(hint)
    return _SCALARS.get(hint, Anything())


def _value(one: Any) -> Any:
    return one.value if isinstance(one, enum.Enum) else one


def _named(name: str, module: types.ModuleType) -> Shape:
    if name[0] in "[{":
        inner = _named(name[1:-1], module)
        return ListOf(inner) if name[0] == "[" else MapOf(inner)
    model = getattr(module, name, None)
    return record(model) if model is not None else _NAMED.get(name, Anything())
