"""Changes of a body that was right: in its values while it is a tree, and in its bytes."""

import json
import random
from collections.abc import Callable
from typing import Any

from benchmarks.attack import texts
from benchmarks.attack.schema_values import wrong

_BITS = (b"\x00", b"\xff", b"\xc3", b"{", b"}", b"[", b"]", b'"', b",", b":", b"\\", b"-", b"e", b"\n", b"\xef\xbb\xbf")
_WORDS = (
    b"NaN",
    b"Infinity",
    b"-Infinity",
    b"1e999",
    b"-0",
    b"01",
    b"1.",
    b"9" * 400,
    b'"\\ud800"',
    b'"\\u0000"',
    b"null",
    b"tru",
)


def write(value: Any) -> bytes:
    """Write a value as JSON; halves of pairs of UTF-16 are escaped, as a client may send them."""
    return json.dumps(value, ensure_ascii=True, separators=(",", ":")).encode()


def of_tree(value: Any, chance: random.Random) -> Any:
    """Change one place of a tree: another value, another name, one more, one fewer, or the same many times."""
    if isinstance(value, dict) and value:
        name = chance.choice(list(value))
        if chance.random() < 0.6:
            return {**value, name: of_tree(value[name], chance)}
        return _other_object(value, name, chance)
    if isinstance(value, list) and value:
        place = chance.randrange(len(value))
        if chance.random() < 0.6:
            return [*value[:place], of_tree(value[place], chance), *value[place + 1 :]]
        return chance.choice((value * 2, value * 20, value[:place], [value], [*value, wrong(chance)]))
    return chance.choice((wrong, texts.text, texts.number, lambda _: [value], lambda _: {"a": value}, _deep))(chance)


def _other_object(value: dict[str, Any], name: str, chance: random.Random) -> dict[str, Any]:
    rest = {key: kept for key, kept in value.items() if key != name}
    more = chance.choice((name.upper(), name + " ", f"_{name}", texts.text(chance), name[:-1], ""))
    return chance.choice((rest, {**rest, more: value[name]}, {**value, more: wrong(chance)}, {**value, name: None}))


def _deep(chance: random.Random) -> Any:
    value: Any = 1
    for _ in range(chance.choice((7, 50, 400))):
        value = {"a": value} if chance.random() < 0.5 else [value]
    return value


def of_bytes(body: bytes, chance: random.Random) -> bytes:
    """Change the bytes at a place, or all of them."""
    place = chance.randrange(len(body) + 1)
    return chance.choice(_CHANGES)(body, place, chance)


def _put(body: bytes, place: int, piece: bytes, instead: int = 0) -> bytes:
    return body[:place] + piece + body[place + instead :]


def _flip(body: bytes, place: int, chance: random.Random) -> bytes:
    return _put(body, place, bytes((body[place] ^ (1 << chance.randrange(8)),)), 1) if place < len(body) else b""


def _repeat_member(body: bytes, _: int, __: random.Random) -> bytes:
    """Every name of the object twice."""
    return body[:-1] + b"," + body[1:] if body[:1] == b"{" and len(body) > 2 else body * 2


_CHANGES: tuple[Callable[[bytes, int, random.Random], bytes], ...] = (
    _flip,
    _flip,
    lambda body, place, _: body[:place],
    lambda body, place, _: body[place:],
    lambda body, place, chance: _put(body, place, chance.choice(_BITS)),
    lambda body, place, chance: _put(body, place, chance.choice(_BITS), 1),
    lambda body, place, chance: _put(body, place, chance.choice(_WORDS)),
    lambda body, place, chance: body[:place] + body[place // 2 : place] * chance.choice((1, 2, 30)) + body[place:],
    _repeat_member,
    lambda body, _, __: body + body,
    lambda body, _, __: body.decode("latin-1").encode("utf-16"),
    lambda body, _, __: b"\xef\xbb\xbf" + body,
    lambda body, _, chance: chance.randbytes(len(body) % 4096),
    lambda _, __, ___: b"",
)
