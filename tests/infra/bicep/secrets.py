"""Where secrets go: into the vault, and nowhere else."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from tests.infra.bicep.expressions import Call, Expression, Object, free_names, parts, walk
from tests.infra.bicep.files import Declaration, File
from tests.infra.bicep.template import Module, Template

_VAULT_SECRET = "Microsoft.KeyVault/vaults/secrets"
_SECRET_WORDS = ("getSecret", "list")
"""Functions that give secrets: `getSecret`, `listKeys` and their like."""


def find_misplaced(template: Template) -> Iterator[str]:
    """Secrets that go anywhere but into a secure parameter of a module, or into a secret of a vault."""
    modules = {(module.caller.path, module.declaration.name): module for module in template.modules()}
    for file in template.files:
        for declaration in file.declarations:
            if declaration.kind == "parameter":
                continue
            for expression, where in _list_values(declaration):
                if _is_secret(file, expression) and not _may_hold(file, declaration, where, modules):
                    yield f"{file.path.name}:{expression.line}: {declaration.name}{where and '.' + where} gets a secret"


def _is_secret(file: File, expression: Expression) -> bool:
    """Whether an expression holds a secure parameter, or calls for a secret."""
    secure = {parameter.name for parameter in file.all("parameter") if parameter.has("secure")}
    names = any(name.name in secure for name in free_names(expression))
    return names or any(isinstance(part, Call) and part.function.startswith(_SECRET_WORDS) for part in walk(expression))


def _list_values(declaration: Declaration) -> Iterator[tuple[Expression, str]]:
    """The values of a declaration, each with the path of its property."""
    for expression in declaration.expressions:
        yield from _leaves(expression, "")


def _leaves(expression: Expression, where: str) -> Iterator[tuple[Expression, str]]:
    if isinstance(expression, Object):
        for each in expression.properties:
            yield from _leaves(each.value, f"{where}.{each.name}".lstrip("."))
        return
    inner = [part for part in parts(expression) if any(isinstance(deep, Object) for deep in walk(part))]
    if not inner:
        yield expression, where
    for part in parts(expression) if inner else ():
        yield from _leaves(part, where)


def _may_hold(file: File, declaration: Declaration, where: str, modules: Mapping[tuple[Path, str], Module]) -> bool:
    if declaration.kind == "resource":
        return declaration.target.startswith(f"{_VAULT_SECRET}@") and where == "properties.value"
    if declaration.kind != "module" or not where.startswith("params."):
        return False
    callee = modules[file.path, declaration.name].callee
    parameter = callee.get(where.removeprefix("params."), "parameter") if callee else None
    return parameter is not None and parameter.has("secure")
