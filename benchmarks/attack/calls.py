"""Calls made up by seeds: over all operations that the app has, by callers of all roles, in all loops.

`python -m benchmarks.attack.calls SEED NUMBER` prints one again; keys are never printed.
"""

import random
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import quote, urlencode

import orjson

from benchmarks.attack import bombs, learning_arguments, mutations, texts
from benchmarks.attack.schema_values import SchemaValues
from shared.access.role import Role
from shared.web.openapi import describe
from shared.web.registry import Registry, ServedOperation

CUSTOMER = "customer"
"""The loop of the ordinary client, to which nobody who attacks has a key that opens anything."""
ATTACKED = ("default", "north", "south")
"""Loops that are attacked from inside too; `south` is a multi-slot one."""
HELD = (Role.OWNER, Role.ADMIN, Role.READ, Role.RANK)
NO_ROLE = ("expired", "foreign", "none", "wrong")
_CALLERS = (*HELD, *NO_ROLE)
_OFTEN: Mapping[str, float] = {
    "rank": 4,
    "multislot_rank": 3,
    "change_policy": 3,
    "change_service_configuration": 2,
    "read_chances": 2,
    "import_model": 0.5,
    "import_model_file": 0.5,
    "reset_model": 0.2,
    "reset_policy": 0.2,
    "delete_logs": 0.05,
}
"""Operations that are called more often than others, or less often: after those there is less to attack."""
_MODEL = "application/octet-stream"
_LONG = 7_000


@dataclass(frozen=True, slots=True)
class Call:
    """A call to be sent.

    Attributes:
        operation: The name of what is meant to answer.
        target: Path and query, encoded.
        loop: The name of the loop that is called.
        caller: A role, or what the caller has in place of one.
        may: Whether the caller has the role that the operation asks for.
        as_served: Whether the path is that of an operation, and not one that is made up.
        platform_may_refuse: Whether the platform may refuse it, without a body.
    """

    operation: str
    method: str
    target: str
    loop: str
    caller: str
    may: bool
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes | None = None
    as_served: bool = True
    platform_may_refuse: bool = False


@dataclass(frozen=True, slots=True)
class _Described:
    """An operation by one of its methods, with what the description says of it."""

    served: ServedOperation
    method: str
    query: Sequence[Mapping[str, Any]]
    body: Mapping[str, Any] | None
    name: str = field(default="")


class Calls:
    """Makes each call from a seed and a number alone."""

    def __init__(self, registry: Registry, seed: int) -> None:
        """Take what the app serves, and the seed."""
        self._seed = seed
        bombs.models()  # made before the first call, for it takes seconds
        learning_arguments.options()
        document = orjson.loads(describe(registry.operations))
        self._values = SchemaValues(document["components"]["schemas"])
        self._versions: dict[str, list[_Described]] = {}
        for served in registry.operations:
            for method in served.methods:
                described = _describe(served, method, document)
                self._versions.setdefault(described.name, []).append(described)
        self.operations = tuple(self._versions)
        self._often = [_OFTEN.get(name.partition(" ")[0], 1) for name in self.operations]

    def make(self, number: int) -> Call:
        """Make the call of a number."""
        chance = random.Random(f"{self._seed} {number}")
        versions = self._versions[chance.choices(self.operations, self._often)[0]]
        operation = versions[-1] if chance.random() < 0.5 else chance.choice(versions)
        call = self._valid(operation, chance)
        return chance.choices(_CHANGES, _HOW_OFTEN)[0](call, chance)

    def _valid(self, operation: _Described, chance: random.Random) -> Call:
        caller = chance.choices(_CALLERS, _caller_weights(operation.served.role))[0]
        loops = ATTACKED if caller in HELD else (*ATTACKED, CUSTOMER)
        loop = chance.choice(loops)
        role = operation.served.role
        may = role is None or (caller in HELD and Role(caller).allows(role))
        prefix = "" if loop == "default" or role is None else f"/{loop}"
        target, nul = f"{prefix}/{self._path(operation, chance)}", False
        nul = "%00" in target or len(target) > _LONG
        body = self._body(operation, chance)
        return Call(operation.name, operation.method, target, loop, str(caller), may, (), body, platform_may_refuse=nul)

    def _path(self, operation: _Described, chance: random.Random) -> str:
        parts = [_part(part, chance) for part in operation.served.route.split("/")]
        query = [
            (each["name"], _text(self._values.make(each["schema"], chance, each["name"])))
            for each in operation.query
            if each.get("required") or chance.random() < 0.5
        ]
        if query and chance.random() < 0.05:
            query = query * 2 if chance.random() < 0.5 else query[1:]
        encoded = urlencode(query, quote_via=quote, errors="surrogatepass")
        return "/".join(parts) + (f"?{encoded}" if encoded else "")

    def _body(self, operation: _Described, chance: random.Random) -> bytes | None:
        if operation.body is None:
            return mutations.write(texts.features(chance)) if chance.random() < 0.1 else None
        if _MODEL in operation.body:
            return bombs.model(chance)
        value = self._values.make(operation.body["application/json"]["schema"], chance)
        kind = chance.random()
        if kind < 0.5:
            return mutations.write(value)
        if kind < 0.75:
            return mutations.write(mutations.of_tree(value, chance))
        return mutations.of_bytes(mutations.write(value), chance)


def _describe(served: ServedOperation, method: str, document: Mapping[str, Any]) -> _Described:
    described = document["paths"][f"/{served.route}"][method.lower()]
    query = [each for each in described["parameters"] if each["in"] == "query"]
    body = described.get("requestBody", {}).get("content")
    name = served.handler.__name__ if len(served.methods) == 1 else f"{served.handler.__name__} {method}"
    return _Described(served, method, query, body, name)


def _caller_weights(role: Role | None) -> Sequence[float]:
    """Most calls may be made, so that what they ask for is done."""
    may = [role is None or held.allows(role) for held in HELD]
    allowed = sum(may)
    held = [0.7 / allowed if each else 0.05 for each in may]
    return (*held, *(0.05 for _ in NO_ROLE))


def _part(part: str, chance: random.Random) -> str:
    """A part of a path; a name of what is made there is one of few."""
    if not part.startswith("{"):
        return part
    return quote(texts.mostly_plain(chance), safe="", errors="surrogatepass") or "%20"


def _text(value: Any) -> str:
    return value if isinstance(value, str) else str(value).lower()


def _as_it_is(call: Call, _: random.Random) -> Call:
    return call


def _bomb(call: Call, chance: random.Random) -> Call:
    """A large body, or one that is compressed."""
    if chance.random() < 0.7:
        return replace(call, body=bombs.json_body(chance))
    kind = chance.choice(("gzip", "deflate"))
    return replace(call, body=bombs.compressed(kind), headers=(("Content-Encoding", kind),))


def _other_headers(call: Call, chance: random.Random) -> Call:
    header = chance.choice(_HEADERS)
    return replace(call, headers=(*call.headers, header), platform_may_refuse=len(header[1]) > _LONG)


def _other_path(call: Call, chance: random.Random) -> Call:
    """A path that is none, or that says the same in another manner."""
    path, mark, query = call.target.partition("?")
    changed = chance.choice(_PATHS)(path, texts.text(chance))
    encoded = quote(changed, safe="/%:!*{}.~-_", errors="surrogatepass")
    platform = "%00" in encoded or len(encoded) > _LONG or "/admin" in encoded.lower()
    return replace(call, target=encoded + mark + query, as_served=False, platform_may_refuse=platform)


def _other_method(call: Call, chance: random.Random) -> Call:
    return replace(call, method=chance.choice(("GET", "POST", "PUT", "PATCH", "DELETE")), as_served=False)


_CHANGES: Sequence[Callable[[Call, random.Random], Call]] = (
    _as_it_is,
    _bomb,
    _other_headers,
    _other_path,
    _other_method,
)
_HOW_OFTEN = (0.9, 0.005, 0.035, 0.05, 0.01)
_HEADERS = (
    *(
        ("Content-Type", kind)
        for kind in ("text/plain", "application/xml", "multipart/form-data", "application/json; charset=utf-7")
    ),
    *(("Content-Encoding", kind) for kind in ("gzip", "br", "identity", "gzip, gzip, gzip")),
    *(
        ("Authorization", text)
        for text in ("Bearer", "Bearer a.b.c", "Bearer eyJhbGciOiJub25lIn0.e30.", "Basic YTpi", "Bearer " + "a" * 8_000)
    ),
    *(("x-ms-client-request-id", text) for text in ("a" * 5_000, "\t|\t", "é", "")),
    ("x-ms-return-client-request-id", "true"),
    ("Accept-Encoding", "gzip"),
    ("Accept", "text/html"),
    ("If-None-Match", "*"),
    ("Range", "bytes=0-0,1-1,2-2"),
    ("traceparent", "00-" + "0" * 32 + "-" + "0" * 16 + "-01"),
    ("x-waws-unencoded-url", "/rankloop/v1/status"),
    ("X-HTTP-Method-Override", "DELETE"),
    ("X-Original-URL", "/ready"),
    ("X-Forwarded-For", "127.0.0.1"),
    ("Cookie", "a=" + "b" * 7_500),
    ("x-long", "a" * 20_000),
)
_PATHS: Sequence[Callable[[str, str], str]] = (
    lambda path, _: f"/{path}",
    lambda path, _: f"{path}/",
    lambda path, _: path.upper(),
    lambda path, _: path.replace("/", "//"),
    lambda path, _: f"/personalizer/v1.0{path}",
    lambda path, _: f"/personalizer{path}",
    lambda path, _: f"/north{path}",
    lambda path, _: f"/NORTH/south{path}",
    lambda path, _: f"/ready/..{path}",
    lambda path, _: f"/rankloop/%2e%2e{path}",
    lambda path, _: "/" + path[1:].replace("/", "%2F", 2),
    lambda path, _: path.replace("a", "%61"),
    lambda path, text: f"{path}/{text}",
    lambda _, text: f"/{text}",
    lambda _, text: f"/rankloop/{text}",
    lambda path, text: f"/{text}{path}",
    lambda path, text: path[: len(path) // 2] + text + path[len(path) // 2 :],
    lambda path, _: path + "a" * 9_000,
    lambda path, _: path[:-1],
)


def main(arguments: Sequence[str]) -> None:
    """Print a call again."""
    from function_app import registry

    call = Calls(registry, int(arguments[0])).make(int(arguments[1]))
    print(f"{call.method} {call.target}\ncaller: {call.caller}, loop: {call.loop}")
    print(*(f"{name}: {value}" for name, value in call.headers), "", sep="\n", flush=True)
    sys.stdout.buffer.write(call.body or b"")


if __name__ == "__main__":
    main(sys.argv[1:])
