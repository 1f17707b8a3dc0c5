"""Types, as far as they can be told without the compiler: of values that are written down or declared."""

from collections.abc import Iterator

from tests.infra.bicep.expressions import (
    Array,
    Each,
    Expression,
    Literal,
    Name,
    Object,
    Operation,
    Primitive,
    Text,
    outcomes,
)
from tests.infra.bicep.template import Template, Value, output_read


def mistyped(template: Template) -> Iterator[str]:
    """Defaults, outputs and arguments of modules that are of another type than is declared."""
    for file in template.files:
        for one in file.all("parameter", "output"):
            if one.value is not None and one.of_type is not None:
                yield from _wrong(template, Value(file, one.value), Value(file, one.of_type), one.name)
    for module in template.modules():
        for argument in module.given.properties if module.callee else ():
            taken = module.callee.get(argument.name, "parameter") if module.callee else None
            if module.callee and taken and taken.of_type is not None:
                given = Value(module.caller, argument.value)
                yield from _wrong(template, given, Value(module.callee, taken.of_type), argument.name)


def _wrong(template: Template, given: Value, declared: Value, name: str) -> Iterator[str]:
    wanted = _declared(declared)
    for outcome in outcomes(given.expression):
        found = _kinds(template, Value(given.file, outcome))
        if wanted and found and not found <= wanted:
            said, told = " or ".join(sorted(found)), " or ".join(sorted(wanted))
            yield f"{given.file.path.name}:{outcome.line}: {name} is {told}, and gets {said}"


def _declared(declared: Value) -> set[str]:
    """What values of a type are: string, int, bool, array, object or null; empty if that is not known."""
    match declared.expression:
        case Primitive(name=name):
            return {name}
        case Operation(sign="?", operands=(inner,)):
            return _declared(Value(declared.file, inner)) | {"null"}
        case Operation(sign="[") | Array():
            return {"array"}
        case Operation(sign="|", operands=operands):
            return {kind for operand in operands for kind in _declared(Value(declared.file, operand))}
        case Name(name=name):
            found = declared.file.get(name, "type")
            return _declared(Value(declared.file, found.value)) if found and found.value else set()
        case one:
            return _written(one)


def _kinds(template: Template, value: Value) -> set[str]:
    """What an expression may be; empty if that is not known."""
    match value.expression:
        case Name(name=name):
            found = value.file.get(name, "parameter", "variable")
            if found is None:
                return set()
            if found.of_type is not None:
                return _declared(Value(value.file, found.of_type))
            return _kinds(template, Value(value.file, found.value)) if found.value else set()
        case one if (read := output_read(one)) is not None:
            callee = next((each.callee for each in template.modules() if each.declaration.name == read[0]), None)
            output = callee.get(read[1], "output") if callee else None
            return _declared(Value(callee, output.of_type)) if callee and output and output.of_type else set()
        case one:
            return _written(one)


def _written(expression: Expression) -> set[str]:
    match expression:
        case Text():
            return {"string"}
        case Literal(value=None):
            return {"null"}
        case Literal(value=bool()) | Operation(sign="!" | "==" | "!=" | "<" | ">" | "<=" | ">=" | "&&" | "||"):
            return {"bool"}
        case Literal():
            return {"int"}
        case Array() | Each():
            return {"array"}
        case Object():
            return {"object"}
        case _:
            return set()
