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
        body: The object in its braces, without a condition or loop before them.
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
        """The file and the symbol of the resource, for people."""
        return f"{self.file.path.name}: {self.declaration.name}"

    def get(self, *path: str) -> Value | None:
        """The value at a path of property names; None if there is nothing."""
        expression = self.body.get(*path)
        return None if expression is None else Value(self.file, expression)


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
        """The resources of some types, or of all; either those that are deployed or the `existing` resources."""
        resources = [
            resource
            for file in self.files
            for resource in _resources(file)
            if resource.declaration.existing == existing
        ]
        return [resource_ for resource_ in resources if not types or resource_.type in types]

    def only(self, kind: str) -> Resource:
        """The one resource of its type."""
        (resource,) = self.resources(kind)
        return resource

    def origin(self, value: Value) -> Value:
        """Where a value is made: through variables, parameters of modules and their outputs, as far as they lead."""
        while (before := self._before(value)) is not None:
            value = before
        return value

    def render(self, value: Value | None) -> str:
        """A text as far as it is known; the rest is in braces, such as `{main.location}`."""
        if value is None:
            return ""
        origin = self.origin(value)
        match origin.expression:
            case Text(parts=parts):
                return "".join(
                    part if isinstance(part, str) else self.render(Value(origin.file, part)) for part in parts
                )
            case expression:
                return "{" + f"{origin.file.path.stem}.{_join_path(expression)}" + "}"

    def render_output(self, name: str) -> str:
        """The text of an output of the main file, as far as it is known; empty if there is no such output."""
        declared = self.main.get(name, "output")
        return self.render(Value(self.main, declared.value)) if declared and declared.value else ""

    def keys(self, value: Value | None) -> set[str]:
        """The names of the properties of an object, also of one that `union` puts together."""
        if value is None:
            return set()
        origin = self.origin(value)
        match origin.expression:
            case Object() as object_:
                return set(object_.names)
            case Call(function="union", arguments=arguments):
                return {name for argument in arguments for name in self.keys(Value(origin.file, argument))}
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
                return self._read_argument(value.file, declared)
            case Member(of=of, name=name) as member:
                if (read := output_read(member)) is not None:
                    return self._output(value.file, *read)
                inner = self._before(Value(value.file, of))
                return None if inner is None else Value(inner.file, _member(inner.expression, name))
            case _:
                return None

    def _read_argument(self, file: File, parameter: Declaration) -> Value | None:
        calls = [module for module in self.modules() if module.callee is file]
        if len(calls) != 1:
            return None
        given = calls[0].given.get(parameter.name)
        if given is not None:
            return Value(calls[0].caller, given)
        return None if parameter.value is None else Value(file, parameter.value)

    def _output(self, file: File, module: str, output: str) -> Value | None:
        callee = next(
            (
                module_.callee
                for module_ in self.modules()
                if module_.caller is file and module_.declaration.name == module
            ),
            None,
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
    (main_file,) = (file for file in files if file.path == main)
    return Template(main_file, files)


def _resources(file: File) -> Iterator[Resource]:
    for declaration in file.all("resource"):
        kind, _, version = declaration.target.partition("@")
        bodies = [outcome for outcome in outcomes(declaration.value) if isinstance(outcome, Object)]
        conditional = not isinstance(declaration.value, Object)
        yield Resource(file, declaration, kind, version, bodies[0], conditional)


def _member(of: Expression, name: str) -> Expression:
    value = of.get(name) if isinstance(of, Object) else None
    return Member(of, name, line=of.line) if value is None else value


def _join_path(expression: Expression) -> str:
    match expression:
        case Name(name=name):
            return name
        case Member(of=of, name=name):
            return f"{_join_path(of)}.{name}"
        case Call(function=function):
            return f"{function}()"
        case _:
            return "…"
