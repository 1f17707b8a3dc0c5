"""Bicep files: what each declares."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

import tree_sitter_bicep
from tree_sitter import Language, Node, Parser

from tests.infra.bicep.expressions import Call, Expression
from tests.infra.bicep.syntax import Unreadable, children, expression, line, string, text

type Kind = Literal["parameter", "variable", "type", "function", "resource", "module", "output", "import"]

_LANGUAGE: Final = Language(tree_sitter_bicep.language())
_KINDS: Final[dict[str, Kind]] = {
    "parameter_declaration": "parameter",
    "variable_declaration": "variable",
    "type_declaration": "type",
    "user_defined_function": "function",
    "resource_declaration": "resource",
    "module_declaration": "module",
    "output_declaration": "output",
    "import_functionality": "import",
}


@dataclass(frozen=True, slots=True)
class Declaration:
    """Something that has a name.

    Attributes:
        of_type: The type of a parameter or an output.
        value: What it is; a parameter's default; the body of a resource or a module.
        target: The type and API version of a resource, the file of a module or an import.
        existing: Whether a resource is only referred to, not deployed.
        own: The names that only a function's value knows: its parameters.
    """

    kind: Kind
    name: str
    line: int
    decorators: tuple[Call, ...] = ()
    of_type: Expression | None = None
    value: Expression | None = None
    target: str = ""
    existing: bool = False
    own: tuple[str, ...] = ()

    def has(self, decorator: str) -> bool:
        """Whether the declaration has a decorator such as `secure`."""
        return any(call.function == decorator for call in self.decorators)

    @property
    def expressions(self) -> list[Expression]:
        """The expressions of its type, its value and its decorators."""
        return [expression for expression in (self.of_type, self.value, *self.decorators) if expression is not None]


@dataclass(frozen=True, slots=True)
class File:
    """One Bicep file.

    Attributes:
        scope: What it is deployed into.
        errors: Where it is no Bicep, or none that is known here; then the declarations are not complete.
    """

    path: Path
    scope: str
    declarations: tuple[Declaration, ...]
    errors: tuple[str, ...]

    def all(self, *kinds: Kind) -> list[Declaration]:
        """The declarations of some kinds, in their order."""
        return [declaration for declaration in self.declarations if declaration.kind in kinds]

    def get(self, name: str, *kinds: Kind) -> Declaration | None:
        """The declaration of a name; of any kind but an output, if no kind is given."""
        wanted = kinds or tuple(kind for kind in _KINDS.values() if kind != "output")
        return next((declaration for declaration in self.all(*wanted) if declaration.name == name), None)


def parse(path: Path) -> File:
    """Read a file; one with errors is read as far as it goes."""
    root = Parser(_LANGUAGE).parse(path.read_bytes()).root_node
    errors = [f"line {line(node)}: no Bicep: {text(node)[:60]!r}" for node in _broken(root)]
    declarations: list[Declaration] = []
    scope = "resourceGroup"
    decorators: tuple[Call, ...] = ()
    for node in root.named_children:
        try:
            if node.type == "target_scope_assignment":
                scope = string(children(node)[0])
            elif node.type == "decorators":
                decorators = _decorators(node)
            elif node.type in _KINDS:
                declarations += _read_declarations(node, decorators)
                decorators = ()
            elif node.type not in ("comment", "diagnostic_comment", "ERROR"):
                raise Unreadable(f"line {line(node)}: a {node.type.replace('_', ' ')} is not known here")
        except Unreadable as error:
            errors.append(str(error))
    return File(path, scope, tuple(declarations), tuple(errors))


def _broken(node: Node) -> Iterator[Node]:
    if node.is_error or node.is_missing:
        yield node
    elif node.has_error:
        for child in node.children:
            yield from _broken(child)


def _decorators(node: Node) -> tuple[Call, ...]:
    expressions = [expression(children(child)[0]) for child in children(node)]
    return tuple(expression_ for expression_ in expressions if isinstance(expression_, Call))


def _read_declarations(node: Node, decorators: tuple[Call, ...]) -> Iterator[Declaration]:
    kind, parts = _KINDS[node.type], children(node)
    if kind == "import":
        *names, source = parts
        for name in names:
            yield Declaration(kind, text(name), line(node), decorators, target=string(source))
    elif kind == "function":
        yield _function(node, decorators)
    elif kind in ("resource", "module"):
        existing = any(child.type == "existing" for child in node.children)
        name, target, body = parts
        value = expression(body)
        yield Declaration(kind, text(name), line(node), decorators, None, value, string(target), existing)
    else:
        has_type = kind in ("parameter", "output")
        of_type = expression(parts[1]) if has_type else None
        rest = parts[2:] if has_type else parts[-1:]
        default = expression(rest[0]) if rest else None
        yield Declaration(kind, text(parts[0]), line(node), decorators, of_type, default)


def _function(node: Node, decorators: tuple[Call, ...]) -> Declaration:
    parts = children(node)
    own = [text(children(child)[0]) for part in parts if part.type == "parameters" for child in children(part)]
    value = expression(parts[-1])
    return Declaration("function", text(parts[0]), line(node), decorators, None, value, own=tuple(own))
