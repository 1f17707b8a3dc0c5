"""The expressions of Bicep as plain data: what is written behind an equals sign or a colon."""

from collections.abc import Iterator
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """The line of an expression; two expressions of the same content are equal whatever their lines."""

    line: int = field(default=0, compare=False)


@dataclass(frozen=True, slots=True)
class Text(_Place):
    """A string: its pieces of text, with the interpolated expressions between them."""

    parts: tuple["str | Expression", ...] = ()

    @property
    def plain(self) -> str | None:
        """The whole text; None if something is interpolated."""
        pieces = [part for part in self.parts if isinstance(part, str)]
        return "".join(pieces) if len(pieces) == len(self.parts) else None


@dataclass(frozen=True, slots=True)
class Literal(_Place):
    """A number, true, false or null."""

    value: int | bool | None


@dataclass(frozen=True, slots=True)
class Name(_Place):
    """A symbol that is used."""

    name: str


@dataclass(frozen=True, slots=True)
class Primitive(_Place):
    """A type that the language has, such as `string`."""

    name: str


@dataclass(frozen=True, slots=True)
class Property(_Place):
    """One line of an object.

    Attributes:
        key: The name, if something is interpolated in it; `name` is then the text of the file.
    """

    name: str
    value: "Expression"
    key: "Text | None" = None


@dataclass(frozen=True, slots=True)
class Object(_Place):
    """An object, or a type that is one."""

    properties: tuple[Property, ...] = ()

    def get(self, *path: str) -> "Expression | None":
        """The expression at a path of property names; None if there is nothing."""
        expression: Expression | None = self
        for name in path:
            if not isinstance(expression, Object):
                return None
            expression = next((property_.value for property_ in expression.properties if property_.name == name), None)
        return expression

    @property
    def names(self) -> list[str]:
        """The names of its properties, in their order."""
        return [property_.name for property_ in self.properties]


@dataclass(frozen=True, slots=True)
class Array(_Place):
    """A list."""

    items: tuple["Expression", ...] = ()


@dataclass(frozen=True, slots=True)
class Member(_Place):
    """`of.name`, and `of::name`."""

    of: "Expression"
    name: str


@dataclass(frozen=True, slots=True)
class Index(_Place):
    """`of[index]`."""

    of: "Expression"
    index: "Expression"


@dataclass(frozen=True, slots=True)
class Call(_Place):
    """A function that is called, of a namespace or of a resource if `of` is there."""

    function: str
    arguments: tuple["Expression", ...] = ()
    of: "Expression | None" = None


@dataclass(frozen=True, slots=True)
class Choice(_Place):
    """`condition ? yes : no`, and `if (condition) yes`, which has no `no`."""

    condition: "Expression"
    yes: "Expression"
    no: "Expression | None" = None


@dataclass(frozen=True, slots=True)
class Each(_Place):
    """A loop, `[for name in over: body]`, with the names that its body knows."""

    names: tuple[str, ...]
    over: "Expression"
    body: "Expression"


@dataclass(frozen=True, slots=True)
class Lambda(_Place):
    """A function without a name, `name => body`."""

    names: tuple[str, ...]
    body: "Expression"


@dataclass(frozen=True, slots=True)
class Operation(_Place):
    """Operands and the sign between, before or behind them; of types too: `string?`, `'a' | 'b'`, `int[]`."""

    sign: str
    operands: tuple["Expression", ...]


type Expression = (
    Text | Literal | Name | Primitive | Object | Array | Member | Index | Call | Choice | Each | Lambda | Operation
)


def parts(expression: Expression) -> tuple[Expression, ...]:
    """The expressions of which another consists directly."""
    match expression:
        case Text(parts=pieces):
            return tuple(piece for piece in pieces if not isinstance(piece, str))
        case Object(properties=properties):
            return tuple(part for each in properties for part in (each.key, each.value) if part is not None)
        case Array(items=inner) | Operation(operands=inner):
            return inner
        case Member(of=of):
            return (of,)
        case Index(of=of, index=index):
            return (of, index)
        case Call(arguments=arguments, of=of):
            return arguments if of is None else (of, *arguments)
        case Choice(condition=condition, yes=yes, no=no):
            return (condition, yes) if no is None else (condition, yes, no)
        case Each(over=over, body=body):
            return (over, body)
        case Lambda(body=body):
            return (body,)
        case _:
            return ()


def walk(expression: Expression) -> Iterator[Expression]:
    """An expression and all those inside it."""
    yield expression
    for part in parts(expression):
        yield from walk(part)


def free_names(expression: Expression, bound: frozenset[str] = frozenset()) -> Iterator[Name]:
    """The symbols that an expression takes from outside; those of its own loops and lambdas are none."""
    match expression:
        case Name(name=name):
            if name not in bound:
                yield expression
        case Each(names=names, over=over, body=body):
            yield from free_names(over, bound)
            yield from free_names(body, bound | set(names))
        case Lambda(names=names, body=body):
            yield from free_names(body, bound | set(names))
        case _:
            for part in parts(expression):
                yield from free_names(part, bound)


def outcomes(expression: Expression | None) -> Iterator[Expression]:
    """The values that an expression may have, as far as choices and loops go."""
    match expression:
        case None:
            return
        case Choice(yes=yes, no=no):
            yield from outcomes(yes)
            yield from outcomes(no)
        case Each(body=body):
            yield from outcomes(body)
        case _:
            yield expression
