"""All files of a deployment together: which file calls which, and where a value comes from."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.infra.bicep.expressions import Call, Expression, Index, Member, Name, Object, Operation, Text, outcomes
from tests.infra.bicep.files import Declaration, File, parse


@dataclass(frozen=True, slots=True)
class Module:
    """One file that is called by another.

    Attributes:
        caller: The file with the call.
        callee: None if there is no such file.
        given: The arguments.
    """

    caller: File
    declaration: Declaration
    callee: File | None
    given: Object


@dataclass(frozen=True, slots=True)
class Value:
    """An expression, and the file whose symbols it uses."""

    file: File
    expression: Expression


@dataclass(frozen=True, slots=True)
class Resource:
    """One resource of a file.

    Attributes:
        type: Such as `Microsoft.Storage/storageAccounts`.
        body: What stands in its braces, whatever condition or loop stands before them.
        conditional: Whether there may be none of it.
    """

    file: File
    declaration: Declaration
    type: str
    version: str
    body: Object
    conditional: bool

    @property
    def place(self) -> str:
        """Where it stands, for people."""
        return f"{self.file.path.name}: {self.declaration.name}"

    def get(self, *path: str) -> Value | None:
        """What stands behind a path of names; None if there is nothing."""
        found = self.body.get(*path)
        return None if found is None else Value(self.file, found)


@dataclass(frozen=True, slots=True)
class Template:
    """A main file and the files that lie beside it."""

    main: File
    files: tuple[File, ...]

    def modules(self) -> Iterator[Module]:
        """All calls of one file by another."""
        beside = {file.path.resolve(): file for file in self.files}
        for file in self.files:
            for declaration in file.all("module"):
                given = next(
                    (outcome.get("params") for outcome in outcomes(declaration.value) if isinstance(outcome, Object)),
                    None,
                )
                callee = beside.get((file.path.parent / declaration.target).resolve())
                yield Module(file, declaration, callee, given if isinstance(given, Object) else Object())

    def resources(self, *types: str, existing: bool = False) -> list[Resource]:
        """The resources of some types, or all; those that are only looked up are others."""
        found = [
            resource
            for file in self.files
            for resource in _resources(file)
            if resource.declaration.existing == existing
        ]
        return [one for one in found if not types or one.type in types]

    def only(self, kind: str) -> Resource:
        """The one resource of its type."""
        (found,) = self.resources(kind)
        return found

    def origin(self, value: Value) -> Value:
        """Where a value is made: through variables, parameters of modules and their outputs, as far as they lead."""
        while (before := self._before(value)) is not None:
            value = before
        return value

    def said(self, value: Value | None) -> str:
        """A text as far as it is known; what is not stands in braces, such as `{main.location}`."""
        if value is None:
            return ""
        found = self.origin(value)
        match found.expression:
            case Text(parts=parts):
                return "".join(part if isinstance(part, str) else self.said(Value(found.file, part)) for part in parts)
            case one:
                return "{" + f"{found.file.path.stem}.{_dotted(one)}" + "}"

    def said_output(self, name: str) -> str:
        """The text of an output of the main file, as far as it is known; empty if there is no such output."""
        declared = self.main.get(name, "output")
        return self.said(Value(self.main, declared.value)) if declared and declared.value else ""

    def keys(self, value: Value | None) -> set[str]:
        """The names of the properties of an object, also of one that `union` puts together."""
        if value is None:
            return set()
        found = self.origin(value)
        match found.expression:
            case Object() as one:
                return set(one.names)
            case Call(function="union", arguments=arguments):
                return {name for argument in arguments for name in self.keys(Value(found.file, argument))}
            case _:
                return set()

    def _before(self, value: Value) -> Value | None:
        """One step back; None where there is none."""
        match value.expression:
            case Name(name=name):
                declared = value.file.get(name, "variable", "parameter")
                if declared is None:
                    return None
                if declared.kind == "variable" and declared.value is not None:
                    return Value(value.file, declared.value)
                return self._given(value.file, declared)
            case Member(of=of, name=name) as member:
                if (read := output_read(member)) is not None:
                    return self._output(value.file, *read)
                inner = self._before(Value(value.file, of))
                return None if inner is None else Value(inner.file, _member(inner.expression, name))
            case _:
                return None

    def _given(self, file: File, parameter: Declaration) -> Value | None:
        calls = [module for module in self.modules() if module.callee is file]
        if len(calls) != 1:
            return None
        given = calls[0].given.get(parameter.name)
        if given is not None:
            return Value(calls[0].caller, given)
        return None if parameter.value is None else Value(file, parameter.value)

    def _output(self, file: File, module: str, output: str) -> Value | None:
        callee = next(
            (one.callee for one in self.modules() if one.caller is file and one.declaration.name == module), None
        )
        declared = callee.get(output, "output") if callee else None
        if callee is None or declared is None or declared.value is None:
            return None
        return Value(callee, declared.value)


def output_read(expression: Expression) -> tuple[str, str] | None:
    """The module and the output, if an expression is `module.outputs.output`."""
    match expression:
        case Member(of=Member(of=of, name="outputs"), name=output):
            while isinstance(of, Index | Operation):
                of = of.of if isinstance(of, Index) else of.operands[0]
            return (of.name, output) if isinstance(of, Name) else None
        case _:
            return None


def read(main: Path) -> Template:
    """Read a main file and all others in its folder."""
    files = tuple(parse(path) for path in sorted(main.parent.rglob("*.bicep")))
    (found,) = (file for file in files if file.path == main)
    return Template(found, files)


def _resources(file: File) -> Iterator[Resource]:
    for declaration in file.all("resource"):
        kind, _, version = declaration.target.partition("@")
        bodies = [outcome for outcome in outcomes(declaration.value) if isinstance(outcome, Object)]
        conditional = not isinstance(declaration.value, Object)
        yield Resource(file, declaration, kind, version, bodies[0], conditional)


def _member(of: Expression, name: str) -> Expression:
    found = of.get(name) if isinstance(of, Object) else None
    return Member(of, name, line=of.line) if found is None else found


def _dotted(expression: Expression) -> str:
    match expression:
        case Name(name=name):
            return name
        case Member(of=of, name=name):
            return f"{_dotted(of)}.{name}"
        case Call(function=function):
            return f"{function}()"
        case _:
            return "…"
