"""From the syntax tree to expressions."""

import re
from collections.abc import Callable, Iterator
from typing import Final

from tree_sitter import Node

from tests.infra.bicep.expressions import (
    Array,
    Call,
    Choice,
    Each,
    Expression,
    Index,
    Lambda,
    Literal,
    Member,
    Name,
    Object,
    Operation,
    Primitive,
    Property,
    Text,
)

type _Access = Callable[[Expression], Expression]

_ESCAPED: Final = {"n": "\n", "r": "\r", "t": "\t"}
_BESIDE: Final = ("comment", "diagnostic_comment", "decorators")


class Unreadable(Exception):
    """Something that this reader does not know, though it may be good Bicep."""


def line(node: Node) -> int:
    """The line of the file, from 1."""
    return node.start_point[0] + 1


def text(node: Node) -> str:
    """The source text of a node."""
    return (node.text or b"").decode()


def children(node: Node) -> list[Node]:
    """The parts that mean something, comments and decorators aside."""
    return [child for child in node.named_children if child.type not in _BESIDE]


def expression(node: Node) -> Expression:
    """Read an expression or a type.

    Raises:
        Unreadable: It has something that is not known here.
    """
    reader = _READERS.get(node.type)
    if reader is None:
        raise Unreadable(f"line {line(node)}: a {node.type.replace('_', ' ')} is not known here: {text(node)[:60]}")
    return reader(node)


def string(node: Node) -> str:
    """Read a string in which nothing is interpolated."""
    plain = _string(node).plain
    if plain is None:
        raise Unreadable(f"line {line(node)}: the text must be known: {text(node)}")
    return plain


def _string(node: Node) -> Text:
    pieces: list[str | Expression] = []
    for piece in _pieces(node):
        if piece == "":
            continue
        if pieces and isinstance(piece, str) and isinstance(pieces[-1], str):
            pieces[-1] += piece
        else:
            pieces.append(piece)
    return Text(tuple(pieces), line=line(node))


def _pieces(node: Node) -> Iterator[str | Expression]:
    end = node.children[0].end_byte
    for child in node.children:
        if child.start_byte > end:  # the grammar has no node for an escaped dollar
            yield "$"
        end = max(end, child.end_byte)
        if child.type != "string_content":  # the grammar counts spaces of the text to what comes after them
            yield text(child)[: -len(text(child).lstrip())]
        if child.type == "interpolation":
            yield expression(children(child)[0])
        elif child.type == "escape_sequence":
            yield _unescape(text(child).lstrip())
        elif child.is_named:
            yield text(child)


def _unescape(sequence: str) -> str:
    if code := re.fullmatch(r"\\u\{([0-9a-fA-F]+)\}", sequence):
        return chr(int(code[1], 16))
    return _ESCAPED.get(sequence[1:], sequence[1:])


def _literal(node: Node) -> Literal:
    constants = {"true": True, "false": False, "null": None}
    word = text(node)
    return Literal(constants[word] if word in constants else int(word), line=line(node))


def _object(node: Node) -> Object:
    return Object(tuple(map(_property, children(node))), line=line(node))


def _property(node: Node) -> Property:
    parts = children(node)
    if len(parts) == 1 and parts[0].type != "resource_declaration":  # `*: string` in a type
        return Property("*", expression(parts[0]), line=line(node))
    if len(parts) != 2:
        raise Unreadable(f"line {line(node)}: only `name: value` is known here: {text(node)[:60]}")
    key, value = parts[0], expression(parts[1])
    if key.type != "string":
        return Property(text(key), value, line=line(node))
    name = _string(key)
    if name.plain is None:
        return Property(text(key), value, name, line=line(node))
    return Property(name.plain, value, line=line(node))


def _access(node: Node) -> Expression:
    return _behind(node, lambda operand: operand)


def _behind(node: Node, access: _Access) -> Expression:
    """Put an access such as `.name` behind the last operand: the grammar reads `x == y.z` as `(x == y).z`."""
    at, parts = line(node), children(node)
    match node.type:
        case "member_expression" | "resource_expression":
            return _behind(parts[0], lambda of: access(Member(of, text(parts[1]), line=at)))
        case "subscript_expression":
            return _behind(parts[0], lambda of: access(Index(of, expression(parts[1]), line=at)))
        case "call_expression":
            return _call(node, access)
        case "binary_expression" | "unary_expression":
            *before, last = parts
            return _operate(_sign(node), [*map(expression, before), _behind(last, access)], at)
        case "ternary_expression":
            return _choose([expression(parts[0]), expression(parts[1]), _behind(parts[2], access)], at)
        case "lambda_expression":
            return Lambda(_names(parts[:-1]), _behind(parts[-1], access), line=at)
        case _:
            return access(expression(node))


def _call(node: Node, access: _Access) -> Expression:
    function, arguments = children(node)
    given = tuple(map(expression, children(arguments)))
    if function.type == "member_expression":
        of, name = children(function)
        return _behind(of, lambda operand: access(Call(text(name), given, operand, line=line(node))))
    return access(Call(text(function), given, line=line(node)))


def _operate(sign: str, operands: list[Expression], at: int) -> Expression:
    """An operation; the grammar reads `x => x && y` as `(x => x) && y`."""
    match operands:
        case [Lambda(names=names, body=body), *rest]:
            return Lambda(names, _operate(sign, [body, *rest], at), line=at)
        case _:
            return Operation(sign, tuple(operands), line=at)


def _choose(parts: list[Expression], at: int) -> Expression:
    match parts:
        case [Lambda(names=names, body=body), *rest]:
            return Lambda(names, _choose([body, *rest], at), line=at)
        case _:
            return Choice(*parts, line=at)


def _choice(node: Node) -> Expression:
    return _choose([*map(expression, children(node))], line(node))


def _each(node: Node) -> Each:
    names, over, body = children(node)
    return Each(_names([names]), expression(over), expression(body), line=line(node))


def _names(nodes: list[Node]) -> tuple[str, ...]:
    """The names in these nodes, in parentheses or not."""
    return tuple(text(inner) for node in nodes for inner in (children(node) or [node]))


def _operation(node: Node) -> Expression:
    return _operate(_sign(node), [*map(expression, children(node))], line(node))


def _sign(node: Node) -> str:
    signs = [text(child) for child in node.children if not child.is_named]
    return signs[0] if signs else node.type


def _inner(node: Node) -> Expression:
    return expression(children(node)[0])


_READERS: Final[dict[str, Callable[[Node], Expression]]] = {
    "string": _string,
    "number": _literal,
    "boolean": _literal,
    "null": _literal,
    "identifier": lambda node: Name(text(node), line=line(node)),
    "primitive_type": lambda node: Primitive(text(node), line=line(node)),
    "object": _object,
    "array": lambda node: Array(tuple(map(expression, children(node))), line=line(node)),
    "member_expression": _access,
    "resource_expression": _access,
    "subscript_expression": _access,
    "call_expression": _access,
    "ternary_expression": _choice,
    "if_statement": _choice,
    "for_statement": _each,
    "lambda_expression": _access,
    "binary_expression": _operation,
    "unary_expression": _operation,
    "nullable_type": _operation,
    "union_type": _operation,
    "array_type": _operation,
    "parenthesized_expression": _inner,
    "parenthesized_type": _inner,
    "type": _inner,
}
