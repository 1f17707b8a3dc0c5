"""The arithmetic of a page: named inputs, and results that follow from them."""

import ast
import operator
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from tests.unit.pages import Page

_OPERATIONS: Final[Mapping[type[ast.operator], Callable[[float, float], float]]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}
_NUMBER = re.compile(r"(?P<dollars>\$)?(?P<digits>\d[\d,]*(?:\.(?P<places>\d+))?)(?: [\w-]+)?")


@dataclass(frozen=True, slots=True)
class Result:
    """A row that says what something makes.

    Attributes:
        formula: Of inputs and of results above it.
        stated: The number on the page.
        places: How many decimal places the stated number has.
    """

    name: str
    formula: str
    stated: float
    places: int


def inputs(page: Page) -> dict[str, float]:
    """The named inputs: rows of a name, a number, and what it is."""
    rows = [row for row in page.rows() if len(row) == 3 and re.fullmatch(r"[a-z_]+", row[0])]
    return {row[0]: _number(row[1])[0] for row in rows if _NUMBER.fullmatch(row[1])}


def results(page: Page) -> Iterator[Result]:
    """The results: rows of what it is, a name, a formula, and a number."""
    for row in page.rows():
        if len(row) == 4 and re.fullmatch(r"[a-z_]+", row[1]) and _NUMBER.fullmatch(row[3]):
            yield Result(row[1], row[2], *_number(row[3]))


def value(formula: str, values: Mapping[str, float]) -> float:
    """What a formula makes.

    Raises:
        KeyError: It names something that is not known.
    """
    words = formula.replace("×", "*").replace("÷", "/").replace("−", "-").replace(",", "")
    return _value(ast.parse(words, mode="eval").body, values)


def _value(node: ast.expr, values: Mapping[str, float]) -> float:
    match node:
        case ast.BinOp(left, kind, right):
            return _OPERATIONS[type(kind)](_value(left, values), _value(right, values))
        case ast.Name(name):
            return values[name]
        case ast.Constant(int() | float() as number):
            return float(number)
    raise ValueError(f"no arithmetic: {ast.unparse(node)}")


def _number(text: str) -> tuple[float, int]:
    match = _NUMBER.fullmatch(text)
    if match is None:
        raise ValueError(f"no number: {text}")
    return float(match["digits"].replace(",", "")), len(match["places"] or "")
