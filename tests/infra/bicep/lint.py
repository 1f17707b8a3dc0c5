"""What a compiler would find: symbols that are not there or not used, calls that do not match."""

from collections import Counter, defaultdict
from collections.abc import Iterator

from tests.infra.bicep.expressions import Call, Expression, Name, Object, Operation, Text, free_names, outcomes, walk
from tests.infra.bicep.files import Declaration, File
from tests.infra.bicep.language import DECORATORS, FUNCTIONS, LOADERS, NAMESPACES, ONLY_IN_DEFAULTS
from tests.infra.bicep.template import Module, Template, output_read


def find_undefined(file: File) -> Iterator[str]:
    """Symbols and functions that nothing declares, and files that are not there."""
    names = {declaration.name for declaration in file.declarations if declaration.kind != "output"}
    for declaration in file.declarations:
        for expression in declaration.expressions:
            free = free_names(expression, frozenset(declaration.own))
            yield from (
                _at(file, name, f"{name.name} is not defined") for name in free if name.name not in names | NAMESPACES
            )
            for inner in walk(expression):
                if isinstance(inner, Call) and inner.of is None and inner not in declaration.decorators:
                    yield from _check_call(file, declaration, inner, names)
        for decorator in declaration.decorators:
            if decorator.function not in DECORATORS:
                yield _at(file, decorator, f"the decorator {decorator.function} is not known")


def _check_call(file: File, declaration: Declaration, call: Call, names: set[str]) -> Iterator[str]:
    if call.function not in names | FUNCTIONS:
        yield _at(file, call, f"the function {call.function} is not known")
    if call.function in ONLY_IN_DEFAULTS and declaration.kind != "parameter":
        yield _at(file, call, f"{call.function} may only stand in a parameter's default")
    if call.function in LOADERS:
        match call.arguments:
            case (Text(plain=str(name)), *_) if (file.path.parent / name).is_file():
                return
        yield _at(file, call, f"there is no such file to load: {call.arguments}")


def find_doubled(file: File) -> Iterator[str]:
    """Names that are declared twice; outputs have names of their own."""
    for kinds in ({"output"}, {declaration.kind for declaration in file.declarations} - {"output"}):
        counted = Counter(declaration.name for declaration in file.declarations if declaration.kind in kinds)
        yield from (
            f"{file.path.name}: {name} is declared {count} times" for name, count in counted.items() if count > 1
        )


def find_unused(file: File) -> Iterator[str]:
    """Parameters, variables, types, functions, imports and existing resources that nothing uses."""
    used = {name for declaration in file.declarations for name in _list_uses(declaration)}
    for declaration in file.all("parameter", "variable", "type", "function", "import", "resource"):
        if (
            declaration.name not in used
            and (declaration.kind != "resource" or declaration.existing)
            and not declaration.has("export")
        ):
            yield _at(file, declaration, f"the {declaration.kind} {declaration.name} is not used")


def _list_uses(declaration: Declaration) -> Iterator[str]:
    """The names that a declaration uses; that it uses its own does not count."""
    for expression in declaration.expressions:
        names = {name.name for name in free_names(expression, frozenset(declaration.own))}
        calls = {inner.function for inner in walk(expression) if isinstance(inner, Call) and inner.of is None}
        yield from (names | calls) - {declaration.name}


def find_circular(file: File) -> Iterator[str]:
    """Declarations that use themselves, through others or directly."""
    uses = {
        declaration.name: set(_list_uses(declaration))
        for declaration in file.declarations
        if declaration.kind != "output"
    }
    itself = {
        declaration.name
        for declaration in file.declarations
        if any(name.name == declaration.name for name in _free(declaration))
    }
    for name in uses:
        reached, ahead = set[str](), list(uses[name])
        while ahead:
            started_pop = ahead.pop()
            if started_pop not in reached:
                reached.add(started_pop)
                ahead += uses.get(started_pop, ())
        if name in reached or (name in itself and name in uses):
            yield f"{file.path.name}: {name} needs itself"


def _free(declaration: Declaration) -> Iterator[Name]:
    for expression in declaration.expressions:
        yield from free_names(expression, frozenset(declaration.own))


def find_undescribed(file: File) -> Iterator[str]:
    """Parameters without a description."""
    yield from (
        _at(file, parameter, f"{parameter.name} has no description")
        for parameter in file.all("parameter")
        if not parameter.has("description")
    )


def find_wrong_calls(template: Template) -> Iterator[str]:
    """Modules that are not there, wrong arguments, outputs that do not exist, files that no other file uses."""
    modules = list(template.modules())
    for module in modules:
        if module.callee is None:
            yield _at(module.caller, module.declaration, f"there is no {module.declaration.target}")
        else:
            yield from _wrong_arguments(module, module.callee)
            yield from _wrong_scope(module, module.callee)
    for file in template.files:
        yield from _wrong_reads(file, [module for module in modules if module.caller is file])
        imported = {import_.target for other in template.files for import_ in other.all("import")}
        called = any(module.callee is file for module in modules) or file.path.name in imported
        if file is not template.main and not called:
            yield f"{file.path.name}: nothing uses this file"


def _wrong_arguments(module: Module, callee: File) -> Iterator[str]:
    parameters = {parameter.name: parameter for parameter in callee.all("parameter")}
    for name in module.given.names:
        if name not in parameters:
            yield _at(module.caller, module.declaration, f"{callee.path.name} takes no {name}")
    for name, parameter in parameters.items():
        if _is_required(parameter) and name not in module.given.names:
            yield _at(module.caller, module.declaration, f"{callee.path.name} needs {name}")


def _wrong_scope(module: Module, callee: File) -> Iterator[str]:
    """A module of another scope than its caller's has to say in which it is deployed."""
    bodies = [outcome for outcome in outcomes(module.declaration.value) if isinstance(outcome, Object)]
    if callee.scope != module.caller.scope and not any(body.get("scope") for body in bodies):
        yield _at(module.caller, module.declaration, f"{callee.path.name} is for a {callee.scope}: say which by scope")


def _is_required(parameter: Declaration) -> bool:
    nullable = isinstance(parameter.of_type, Operation) and parameter.of_type.sign == "?"
    return parameter.value is None and not nullable


def _wrong_reads(file: File, modules: list[Module]) -> Iterator[str]:
    outputs = {module.declaration.name: module.callee for module in modules}
    for expression in _all(file):
        read = output_read(expression)
        if read is None or read[0] not in outputs:
            continue
        callee = outputs[read[0]]
        if callee is not None and callee.get(read[1], "output") is None:
            yield _at(file, expression, f"{callee.path.name} has no output {read[1]}")


def find_unread_outputs(template: Template) -> Iterator[str]:
    """Outputs of modules that no file reads; those of the main file are for people."""
    callees = {(module.caller.path, module.declaration.name): module.callee for module in template.modules()}
    read_outputs: set[tuple[object, str]] = set()
    for file in template.files:
        for expression in _all(file):
            if (output_path := output_read(expression)) is not None and (
                callee := callees.get((file.path, output_path[0]))
            ):
                read_outputs.add((callee.path, output_path[1]))
    for file in template.files:
        for output in file.all("output"):
            if file is not template.main and (file.path, output.name) not in read_outputs:
                yield _at(file, output, f"the output {output.name} is not read")


def find_mixed_versions(template: Template) -> Iterator[str]:
    """Resource types that are used in more than one API version."""
    versions_by_type: dict[str, set[str]] = defaultdict(set)
    for resource in [*template.resources(), *template.resources(existing=True)]:
        versions_by_type[resource.type.lower()].add(resource.version)
    yield from (f"{kind} in {sorted(versions)}" for kind, versions in versions_by_type.items() if len(versions) > 1)


def _all(file: File) -> Iterator[Expression]:
    for declaration in file.declarations:
        for expression in declaration.expressions:
            yield from walk(expression)


def _at(file: File, what: Declaration | Expression | Name, problem: str) -> str:
    return f"{file.path.name}:{what.line}: {problem}"
