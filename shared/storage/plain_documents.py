"""Stored documents that are plainly in order, read without pydantic, whose import a first Rank would wait for.

What is read here is what pydantic reads. Everything else is left to pydantic: a document that is damaged or has unknown
members, a value that would have to become one of another type, and a type that no reader is for.
"""

from collections.abc import Callable, Mapping
from dataclasses import MISSING, fields, is_dataclass
from enum import Enum
from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Any, TypeAliasType, Union, get_args, get_origin

import orjson

type _Reader = Callable[[Any], Any]

_SCALARS = frozenset((str, int, float, bool, NoneType))


class _NotPlain(Exception):
    """A value that is left to pydantic."""


def read[Document](kind: type[Document], text: bytes) -> Document | None:
    """Read a document of a kind, which is a dataclass, from its JSON text; None if it is left to pydantic."""
    try:
        document: Document = _object_reader(kind)(orjson.loads(text))
    except (_NotPlain, ValueError):
        return None
    return document


def _reader(kind: Any) -> _Reader:
    """Make what reads a value of a type from parsed JSON."""
    origin, inner = get_origin(kind), get_args(kind)
    if isinstance(kind, TypeAliasType):
        return _reader(kind.__value__)
    if origin is Annotated:
        return _reader(inner[0])
    if kind in _SCALARS or origin in (Union, UnionType):
        return _union_reader(inner or (kind,))
    if origin is tuple and inner[1:] == (...,):
        return _tuple_reader(_reader(inner[0]))
    if isinstance(kind, type) and issubclass(kind, Enum):
        return _enum_reader(kind)
    if is_dataclass(kind) and not hasattr(kind, "__pydantic_config__"):
        return _object_reader(kind)
    return _leave


def _leave(_: Any) -> Any:
    raise _NotPlain


def _union_reader(kinds: tuple[Any, ...]) -> _Reader:
    """Make the reader of a value of one of some types, of which at most one is no scalar."""
    scalars = {kind for kind in kinds if kind in _SCALARS}
    others = [_reader(kind) for kind in kinds if kind not in _SCALARS]
    read_other = others[0] if len(others) == 1 else _leave

    def read_value(value: Any) -> Any:
        if type(value) in scalars:
            return value
        return float(value) if type(value) is int and float in scalars else read_other(value)

    return read_value


def _tuple_reader(read_element: _Reader) -> _Reader:
    return lambda value: tuple(map(read_element, value)) if type(value) is list else _leave(value)


def _enum_reader(kind: type[Enum]) -> _Reader:
    members = {member.value: member for member in kind}
    return lambda value: members[value] if type(value) is str and value in members else _leave(value)


def _make_object_reader(kind: Any) -> _Reader:
    own = [field for field in fields(kind) if field.name != "unknown"]
    readers: Mapping[str, _Reader] = {field.name: _reader(field.type) for field in own}
    required = {field.name for field in own if field.default is MISSING and field.default_factory is MISSING}

    def read_object(members: Any) -> Any:
        if type(members) is not dict or not required <= members.keys() <= readers.keys():
            raise _NotPlain
        return kind(**{name: readers[name](value) for name, value in members.items()})

    return read_object


_object_reader: Callable[[Any], _Reader] = cache(_make_object_reader)
