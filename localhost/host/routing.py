"""Which HTTP function answers a request, by the rules of the real host.

Functions stand in the order of their names, in any letter case. The first one whose route and methods fit takes the
call, even if the route of another is more exact. A route's segments are literals or parameters: `{id}`, `{id:int}`,
`{id?}`, `{*rest}`. Letter case does not matter in literals, nor does a slash at the end of a path. Empty segments are
for `*` alone, and not as its first one, so a path that begins with two slashes is nobody's. A path that exists for
another method only is as unknown as any other.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple
from uuid import UUID

from localhost.failures import StartFailure
from localhost.host import url_paths
from localhost.host.functions import HttpFunction

Values = dict[str, str]
_PARAMETER = re.compile(r"\{(\*{0,2})([A-Za-z_]\w*)(?::(\w+))?(\?)?\}")


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


class _Route(NamedTuple):
    function: HttpFunction
    pattern: re.Pattern[str]
    checks: Mapping[str, Callable[[str], bool]]
    """What the values of parameters with a type have to fulfil."""

    def values(self, path: str) -> Values | None:
        """Give the parameters that are in a path; None if the path does not fit."""
        if (match := self.pattern.fullmatch(path)) is None:
            return None
        values = {name: value for name, value in match.groupdict().items() if value is not None}
        fits = all(check(values[name]) for name, check in self.checks.items() if name in values)
        return values if fits else None


class Router:
    """Finds the function for a method and a path."""

    def __init__(self, functions: Iterable[HttpFunction], prefix: str) -> None:
        """Take the functions of an app and the prefix before their routes; `StartFailure` if one cannot be served."""
        self._routes = [_read(each, prefix) for each in sorted(functions, key=lambda each: each.name.upper())]

    def find(self, method: str, raw_path: bytes) -> tuple[HttpFunction, Values] | None:
        """Give the function and its route parameters, decoded as the real host does; None if there is none.

        Args:
            method: In upper case.
            raw_path: As it came over the wire, without the query.
        """
        path = url_paths.decode(raw_path).removeprefix("/")
        for route in self._routes:
            methods = route.function.methods
            if (methods is None or method in methods) and (values := route.values(path)) is not None:
                return route.function, values
        return None


def _read(function: HttpFunction, prefix: str) -> _Route:
    """Read the route of a function."""
    segments = f"{prefix}/{function.route.strip('/')}".strip("/").split("/")
    pattern, end = "", "/?"
    checks: dict[str, Callable[[str], bool]] = {}
    for position, segment in enumerate(segments):
        slash = "/" if position else ""
        if "{" not in segment:
            pattern += f"{slash}(?i:{re.escape(segment)})"
            continue
        stars, name, kind, optional = _parameter(function, segment)
        if (stars or optional) and position < len(segments) - 1:
            raise _unusable(function, f"{segment} may only stand at the end")
        if stars:
            pattern, end = f"{pattern}(?:{slash}(?P<{name}>[^/].*)?)?", ""
        else:
            pattern += f"(?:{slash}(?P<{name}>[^/]+)){optional}"
            checks |= {name: _TYPES[kind]} if kind else {}
    return _Route(function, re.compile(pattern + end, re.DOTALL), checks)


def _parameter(function: HttpFunction, segment: str) -> tuple[str, str, str, str]:
    match = _PARAMETER.fullmatch(segment)
    if not match:
        raise _unusable(function, f"{segment} is no parameter that the local host knows")
    stars, name, kind, optional = match.groups("")
    if kind and kind not in _TYPES:
        raise _unusable(function, f"the local host knows no parameter type {kind}")
    return stars, name, kind, optional


def _unusable(function: HttpFunction, why: str) -> StartFailure:
    return StartFailure(f"The route {function.route} of function {function.name} cannot be served: {why}.")
