"""Which HTTP function answers a request, by the rules of the real host.

A route's segments are literals or parameters: `{id}`, `{id:int}`, `{id?}`, `{*rest}`. From left to right a literal wins
over a parameter with a type, that one over a parameter without, and that one over `*`. Letter case does not matter in
literals, nor does a slash at the end of a path. Empty segments are for `*` alone, and not as its first one, so a path
that begins with two slashes is nobody's. A path that exists for another method only is as unknown as any other.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from uuid import UUID

from localhost.failures import StartFailure
from localhost.host import url_paths
from localhost.host.functions import HttpFunction

Values = dict[str, str]
_PARAMETER = re.compile(r"\{(\*{0,2})([A-Za-z_]\w*)(?::(\w+))?(\?)?\}")
_EVERY_METHOD = ""


def _accepts(read: Callable[[str], object]) -> Callable[[str], bool]:
    def check(text: str) -> bool:
        try:
            read(text)
        except ValueError:
            return False
        return True

    return check


def _whole_number(bits: int) -> Callable[[str], bool]:
    bind = 1 << (bits - 1)
    return lambda text: bool(re.fullmatch(r"[+-]?\d{1,20}", text, re.ASCII)) and -bind <= int(text) < bind


_TYPES: dict[str, Callable[[str], bool]] = {
    "int": _whole_number(32),
    "long": _whole_number(64),
    "float": _accepts(float),
    "double": _accepts(float),
    "decimal": _accepts(float),
    "bool": lambda text: text.lower() in {"true", "false"},
    "guid": _accepts(UUID),
    "alpha": lambda text: bool(re.fullmatch("[A-Za-z]*", text)),
}


@dataclass(slots=True)
class _Node:
    literals: dict[str, "_Node"] = field(default_factory=dict)
    parameters: list[tuple[str, str, "_Node"]] = field(default_factory=list)
    rest: dict[str, tuple[str, HttpFunction]] = field(default_factory=dict)
    functions: dict[str, HttpFunction] = field(default_factory=dict)

    def parameter(self, name: str, kind: str) -> "_Node":
        """Give the node behind a parameter, made if it is new; typed parameters stay in front."""
        for parameter_name, parameter_kind, node in self.parameters:
            if (parameter_name, parameter_kind) == (name, kind):
                return node
        self.parameters.append((name, kind, _Node()))
        self.parameters.sort(key=lambda parameter: parameter[1] == "")
        return self.parameter(name, kind)


class Router:
    """Finds the function for a method and a path."""

    def __init__(self, functions: Iterable[HttpFunction], prefix: str) -> None:
        """Take the functions of an app and the prefix before their routes; `StartFailure` if two want the same."""
        self._root = _Node()
        for function in functions:
            route = f"{prefix}/{function.route.strip('/')}".strip("/")
            self._add(function, route.split("/") if route else [])

    def find(self, method: str, raw_path: bytes) -> tuple[HttpFunction, Values] | None:
        """Give the function and its route parameters, decoded as the real host does; None if there is none.

        Args:
            method: In upper case.
            raw_path: As it came over the wire, without the query.
        """
        segments = url_paths.decode(raw_path).removeprefix("/").split("/")
        return _walk(self._root, segments, 0, method, {})

    def _add(self, function: HttpFunction, segments: list[str]) -> None:
        node = self._root
        for position, segment in enumerate(segments):
            last = position == len(segments) - 1
            if "{" not in segment:
                node = node.literals.setdefault(segment.lower(), _Node())
                continue
            stars, name, kind, optional = _parameter(function, segment)
            if (stars or optional) and not last:
                raise _unusable(function, f"{segment} may only stand at the end")
            if stars:
                return _register(node.rest, function, (name, function))
            if optional:
                _register(node.functions, function, function)
            node = node.parameter(name, kind)
        return _register(node.functions, function, function)


def _parameter(function: HttpFunction, segment: str) -> tuple[bool, str, str, bool]:
    match = _PARAMETER.fullmatch(segment)
    if not match:
        raise _unusable(function, f"{segment} is no parameter that the local host knows")
    stars, name, kind, optional = match.groups()
    if kind and kind not in _TYPES:
        raise _unusable(function, f"the local host knows no parameter type {kind}")
    return bool(stars), name, kind or "", bool(optional)


def _register[T](table: dict[str, T], function: HttpFunction, entry: T) -> None:
    for method in function.methods or {_EVERY_METHOD}:
        if method in table:
            raise _unusable(function, f"another function has this route for {method or 'every method'} already")
        table[method] = entry


def _unusable(function: HttpFunction, why: str) -> StartFailure:
    return StartFailure(f"The route {function.route} of function {function.name} cannot be served: {why}.")


def _walk(node: _Node, segments: list[str], at: int, method: str, values: Values) -> tuple[HttpFunction, Values] | None:
    if at == len(segments) or (at == len(segments) - 1 and not segments[at]):
        function = node.functions.get(method) or node.functions.get(_EVERY_METHOD)
        return (function, values) if function else _rest(node, [], method, values)
    segment = segments[at]
    literal = node.literals.get(segment.lower())
    match = _walk(literal, segments, at + 1, method, values) if literal else None
    for name, kind, child in node.parameters if match is None and segment else ():
        if kind == "" or _TYPES[kind](segment):
            match = _walk(child, segments, at + 1, method, {**values, name: segment})
            if match:
                break
    return match or _rest(node, segments[at:], method, values)


def _rest(node: _Node, segments: list[str], method: str, values: Values) -> tuple[HttpFunction, Values] | None:
    entry = node.rest.get(method) or node.rest.get(_EVERY_METHOD)
    if entry is None or segments[:1] == [""]:
        return None
    name, function = entry
    return function, {**values, name: "/".join(segments)} if segments else values
