"""Types, as far as they follow without the compiler: of values that are written down or declared."""

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


def find_mistyped(template: Template) -> Iterator[str]:
    """Defaults, outputs and arguments of modules that are of another type than is declared."""
    for file in template.files:
        for declaration in file.all("parameter", "output"):
            if declaration.value is not None and declaration.of_type is not None:
                yield from _compare_kinds(
                    template, Value(file, declaration.value), Value(file, declaration.of_type), declaration.name
                )
    for module in template.modules():
        for argument in module.given.properties if module.callee else ():
            parameter = module.callee.get(argument.name, "parameter") if module.callee else None
            if module.callee and parameter and parameter.of_type is not None:
                given = Value(module.caller, argument.value)
                yield from _compare_kinds(template, given, Value(module.callee, parameter.of_type), argument.name)


def _compare_kinds(template: Template, given: Value, declared: Value, name: str) -> Iterator[str]:
    wanted = _read_kinds(declared)
    for outcome in outcomes(given.expression):
        kinds = _kinds(template, Value(given.file, outcome))
        if wanted and kinds and not kinds <= wanted:
            given_kinds, wanted_kinds = " or ".join(sorted(kinds)), " or ".join(sorted(wanted))
            yield f"{given.file.path.name}:{outcome.line}: {name} is {wanted_kinds}, and gets {given_kinds}"


def _read_kinds(declared: Value) -> set[str]:
    """What values of a type are: string, int, bool, array, object or null; empty if that is not known."""
    match declared.expression:
        case Primitive(name=name):
            return {name}
        case Operation(sign="?", operands=(inner,)):
            return _read_kinds(Value(declared.file, inner)) | {"null"}
        case Operation(sign="[") | Array():
            return {"array"}
        case Operation(sign="|", operands=operands):
            return {kind for operand in operands for kind in _read_kinds(Value(declared.file, operand))}
        case Name(name=name):
            declaration = declared.file.get(name, "type")
            return _read_kinds(Value(declared.file, declaration.value)) if declaration and declaration.value else set()
        case expression:
            return _literal_kinds(expression)


def _kinds(template: Template, value: Value) -> set[str]:
    """What an expression may be; empty if that is not known."""
    match value.expression:
        case Name(name=name):
            declaration = value.file.get(name, "parameter", "variable")
            if declaration is None:
                return set()
            if declaration.of_type is not None:
                return _read_kinds(Value(value.file, declaration.of_type))
            return _kinds(template, Value(value.file, declaration.value)) if declaration.value else set()
        case expression if (read := output_read(expression)) is not None:
            callee = next((each.callee for each in template.modules() if each.declaration.name == read[0]), None)
            output = callee.get(read[1], "output") if callee else None
            return _read_kinds(Value(callee, output.of_type)) if callee and output and output.of_type else set()
        case expression:
            return _literal_kinds(expression)


def _literal_kinds(expression: Expression) -> set[str]:
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
