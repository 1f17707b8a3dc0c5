"""Resources of a template beside the models of their types."""

import difflib
from collections.abc import Iterator, Mapping
from typing import Final

from tests.infra.bicep.expressions import (
    Array,
    Call,
    Expression,
    Index,
    Lambda,
    Literal,
    Member,
    Name,
    Object,
    Operation,
    Text,
    outcomes,
    walk,
)
from tests.infra.bicep.models import NoModel, model
from tests.infra.bicep.shapes import Anything, Enumeration, Field, ListOf, MapOf, Record, Scalar, Shape, build_record
from tests.infra.bicep.template import Resource, Template, Value

_OF_BICEP: Final = frozenset({"name", "parent", "scope", "dependsOn"})
_READABLE: Final = frozenset({"id", "name", "type", "apiVersion"})


def wrong(template: Template, resource: Resource) -> Iterator[str]:
    """What a resource says that its model does not know, cannot take, or misses."""
    try:
        shape = model(resource.type, _plain_name(resource)).write
    except NoModel:
        yield f"{resource.place}: no model is known for {resource.type}"
        return
    own = tuple(property_ for property_ in resource.body.properties if property_.name not in _OF_BICEP)
    body = Object(own, line=resource.body.line)
    for problem in _Comparison(template).compare(Value(resource.file, body), shape, ""):
        yield f"{resource.place}: {problem}"


def wrong_reads(template: Template) -> Iterator[str]:
    """Properties that are read of a resource although its model does not have them."""
    for file in template.files:
        resources = {
            expression.declaration.name: expression for expression in _all(template) if expression.file is file
        }
        for expression in (
            inner for each in file.declarations for output in each.expressions for inner in walk(output)
        ):
            if isinstance(expression, Member) and (path := _path(expression)) and path[0] in resources:
                yield from _wrong_path(resources[path[0]], path[1:], expression.line)


def _all(template: Template) -> list[Resource]:
    return [*template.resources(), *template.resources(existing=True)]


def _plain_name(resource: Resource) -> str | None:
    name = resource.body.get("name")
    return name.plain if isinstance(name, Text) else None


def _path(expression: Expression) -> list[str] | None:
    """The names of `a.b.c` from the left, without indexes and assertions; None for anything else."""
    match expression:
        case Name(name=name):
            return [name]
        case Member(of=of, name=name):
            before = _path(of)
            return [*before, name] if before else None
        case Index(of=of) | Operation(sign="!", operands=(of,)):
            return _path(of)
        case _:
            return None


def _wrong_path(resource: Resource, path: list[str], line: int) -> Iterator[str]:
    if path[0] in _READABLE:
        return
    try:
        shape: Shape = model(resource.type, _plain_name(resource)).read
    except NoModel:
        return
    for name in path:
        while isinstance(shape, ListOf):
            shape = shape.shape
        if not isinstance(shape, Record):
            return
        if name not in shape.fields:
            yield f"{resource.file.path.name}:{line}: {shape.name} has no {name}{_like(name, shape)}"
            return
        shape = shape.fields[name].shape


class _Comparison:
    def __init__(self, template: Template) -> None:
        self._template = template

    def compare(self, value: Value, shape: Shape, where: str) -> Iterator[str]:
        for outcome in outcomes(value.expression):
            origin = self._template.origin(Value(value.file, outcome))
            if origin.expression is not outcome:
                yield from self.compare(origin, shape, where)
            else:
                yield from self._compare_kind(origin, shape, where)

    def _compare_kind(self, value: Value, shape: Shape, where: str) -> Iterator[str]:
        match value.expression, shape:
            case Object() as given, Record():
                yield from self._object(Value(value.file, given), given, shape, where)
            case Object() as given, MapOf(shape=inner):
                for property_ in given.properties:
                    yield from self.compare(Value(value.file, property_.value), inner, f"{where}.{property_.name}")
            case Array(items=items), ListOf(shape=inner):
                for item in items:
                    yield from self.compare(Value(value.file, item), inner, f"{where}[]")
            case (Call() as call, _):
                yield from self._call(value, call, shape, where)
            case (Name(name=name), Enumeration()):
                yield from self._parameter(value, name, shape, where)
            case given, _ if not _fits(given, shape):
                yield f"line {given.line}: {where.lstrip('.')} must be {_name_kind(shape)}"

    def _object(self, value: Value, given: Object, shape: Record, where: str) -> Iterator[str]:
        for property_ in given.properties:
            field = shape.fields.get(property_.name)
            place = f"{where}.{property_.name}".lstrip(".")
            if field is None:
                yield f"line {property_.line}: {place} is not known{_like(property_.name, shape)}"
            elif not field.writable:
                yield f"line {property_.line}: {place} can only be read"
            else:
                yield from self.compare(Value(value.file, property_.value), field.shape, place)
        for name in _missing(given, shape.fields):
            yield f"line {given.line}: {where.lstrip('.') or shape.name} needs {name}"

    def _call(self, value: Value, call: Call, shape: Shape, where: str) -> Iterator[str]:
        """The functions that only put lists or objects together."""
        inner = shape.shape if isinstance(shape, ListOf) else Anything()
        match call:
            case Call(function="union" | "concat" | "shallowMerge" | "flatten", arguments=arguments):
                partial = _partial(shape)
                for argument in arguments:
                    yield from self.compare(Value(value.file, argument), partial, where)
            case Call(function="map", arguments=(_, Lambda(body=body))):
                yield from self.compare(Value(value.file, body), inner, f"{where}[]")
            case Call(function="filter", arguments=(over, _)):
                yield from self.compare(Value(value.file, over), shape, where)

    def _parameter(self, value: Value, name: str, shape: Enumeration, where: str) -> Iterator[str]:
        """A parameter that only takes some values: all of them must be good."""
        declared = value.file.get(name, "parameter")
        allowed = (
            [decorator.arguments[0] for decorator in declared.decorators if decorator.function == "allowed"]
            if declared
            else []
        )
        for item in (item for array in allowed if isinstance(array, Array) for item in array.items):
            if not _fits(item, shape):
                yield f"line {item.line}: {where.lstrip('.')} must be {_name_kind(shape)}; {name} may be something else"


def _missing(given: Object, fields: Mapping[str, Field]) -> Iterator[str]:
    yield from (name for name, field in fields.items() if field.required and name not in given.names)


def _partial(shape: Shape) -> Shape:
    """The same shape for something that is only a part of the whole, so that nothing is missing."""
    if not isinstance(shape, Record):
        return shape
    fields = {name: Field(field.shape, field.writable) for name, field in shape.fields.items()}
    return build_record(shape.name, fields)


def _fits(given: Expression, shape: Shape) -> bool:
    """Whether a value is of the right kind; one that only the deployment knows is."""
    match given, shape:
        case (_, Anything()) | (Literal(value=None), _):
            return True
        case Text(plain=None), _:
            return not isinstance(shape, Record | ListOf | MapOf) and shape not in (Scalar("number"), Scalar("truth"))
        case Text(plain=text), Enumeration(values=values):
            return text in values
        case Text(), _:
            return shape == Scalar("text")
        case Literal(value=bool()), _:
            return shape == Scalar("truth")
        case Literal(value=number), Enumeration(values=values):
            return number in values
        case Literal(), _:
            return shape == Scalar("number")
        case ((Object() | Array()), _):
            return False
        case _:
            return True


def _name_kind(shape: Shape) -> str:
    match shape:
        case Enumeration(values=values):
            return "one of " + ", ".join(map(repr, values))
        case Scalar(kind=kind):
            return kind
        case ListOf():
            return "a list"
        case _:
            return "an object"


def _like(name: str, shape: Record) -> str:
    close = difflib.get_close_matches(name, shape.fields, 1)
    return f"; did you mean {close[0]}?" if close else ""
