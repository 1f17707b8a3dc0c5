"""Changes of a call that was right: of its path, method and headers, and bombs in place of its body."""

import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from urllib.parse import quote

from benchmarks.attack import bombs, texts
from benchmarks.attack.call import HELD, LONG, Call


def change(call: Call, chance: random.Random) -> Call:
    """Change a call, one in ten."""
    return chance.choices(_CHANGES, _HOW_OFTEN)[0](call, chance)


def _as_it_is(call: Call, _: random.Random) -> Call:
    return call


def _bomb(call: Call, chance: random.Random) -> Call:
    """A large body, or one that is compressed."""
    if chance.random() < 0.7:
        return replace(call, body=bombs.json_body(chance))
    kind = chance.choice(("gzip", "deflate"))
    return replace(call, body=bombs.compress_much(kind), headers=(("Content-Encoding", kind),))


def _other_headers(call: Call, chance: random.Random) -> Call:
    header = chance.choice(_HEADERS)
    platform = len(header[1]) > LONG or not header[1].isascii()
    return replace(call, headers=(*call.headers, header), platform_may_refuse=platform)


def _other_path(call: Call, chance: random.Random) -> Call:
    """A path that is none, or that says the same in another manner."""
    path, mark, query = call.target.partition("?")
    changed = chance.choice(_PATHS)(path, texts.text(chance))
    encoded = quote(changed, safe="/%:!*{}.~-_", errors="surrogatepass")
    platform = len(encoded) > LONG or any(part in encoded.lower() for part in ("%00", "//", "/admin"))
    may = call.may or call.caller in (*HELD, "foreign")  # it may lead to another operation, or to another loop
    target = encoded + mark + query
    return replace(call, target=target, may=may, as_served=False, platform_may_refuse=platform)


def _other_method(call: Call, chance: random.Random) -> Call:
    method = chance.choice(("GET", "POST", "PUT", "PATCH", "DELETE"))
    return replace(call, method=method, may=call.may or call.caller in HELD, as_served=False)


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
