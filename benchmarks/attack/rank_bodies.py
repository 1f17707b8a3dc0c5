"""Bodies of Ranks: as clients of all kinds write them, with actions that come again, and as only an attacker would."""

import json
import random
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Final

from benchmarks.attack.texts import TEXTS

_ACTIONS: Final = 60
"""How many actions a client has, of which most come again and again."""
_WRITERS: Final[Sequence[Callable[[Any], str]]] = (
    partial(json.dumps, separators=(",", ":")),
    partial(json.dumps, separators=(",", ":"), ensure_ascii=False),
    json.dumps,
    partial(json.dumps, indent=2),
    partial(json.dumps, indent="\t"),
    partial(json.dumps, separators=(",", ": "), ensure_ascii=False),
    partial(json.dumps, separators=(" , ", " : ")),
)
_PIECES: Final = (
    *(b'"actions":[', b'"actions": [ ', b',{"id":', b'{"id":', b'"x":', b"]", b"}", b"}]}]", b"[", b"{", b",", b'"'),
    *(b"\\", b'\\"', b"null", b"NaN", b"1e999", b"-0", b"1.0", b"\x00", b"\xff", b"\xef\xbb\xbf", b"\\ud800"),
    *(b"\f", b" ", b"\n", b'"eventId":"a",', b'"excludedActions":["a1"],', b"[" * 1100),
    b'"contextFeatures":[{"actions":[{"id":"a1"}]}],',
)
_NAMES: Final = ("price", "tag", "größe", "_hidden", "a b", "x|y", "n" * 80, "1", "i", "c", "ä")
_NUMBERS: Final = (0, 1, -3, 0.5, 1e-40, 1e300, 12345678901234567890, True, False)
_REFUSED: Final[tuple[Any, ...]] = (None, {}, 1, "x", [], {"": 1}, {"a": [1, "x"]}, {"a": [None]})
"""In place of an object of features; some are taken all the same."""


class RankBodies:
    """The bodies that one client sends, each by its number."""

    def __init__(self, seed: int) -> None:
        """Draw how the client writes, and which actions it has."""
        chance = random.Random(f"client {seed}")
        self._seed = seed
        self._write = chance.choice(_WRITERS)
        self._order = chance.choice((("id", "features"), ("features", "id"), ("id", "kind", "features")))
        self._fields = chance.sample(("contextFeatures", "actions", "eventId", "excludedActions", "deferActivation"), 5)
        self._most = chance.choice((2, 5, 10, 50, 52))
        self._new = chance.choice((0.0, 0.0, 0.05, 0.5, 1.0))
        self._harm = chance.choice((0.0, 0.1, 0.5))
        self._actions = [self._action(chance, f"a{number}") for number in range(_ACTIONS)]

    def body(self, number: int) -> bytes:
        """The body of a number."""
        chance = random.Random(f"body {self._seed} {number}")
        request = self._request(chance, number)
        damage = chance.choice((None, self._mislead, _damage)) if chance.random() < self._harm else None
        if damage == self._mislead:
            request["actions"] = chance.choice((self._hide(chance), [self._actions[0]], [], None))
        body = self._encode({name: request[name] for name in self._fields if name in request})
        return damage(chance, body) if damage else body

    def _hide(self, chance: random.Random) -> list[dict[str, Any]]:
        """Actions that are written otherwise than most, or have others inside, as features or as what is no field."""
        actions = [*self._actions[: self._most]]
        for _ in range(chance.randint(1, 3)):
            place, inner = chance.randrange(len(actions)), chance.choice(self._actions)
            action = {**actions[place], "id": actions[place]["id"]}
            if chance.random() < 0.3:
                action["features"] = [*action["features"], inner]
            elif chance.random() < 0.5:
                action["kind"] = [1, inner, *chance.sample(self._actions, 2)]
            else:
                action = dict(reversed(action.items()))
            actions[place] = action
        return actions

    def _encode(self, content: dict[str, Any]) -> bytes:
        return self._write(content).encode("utf-8", "surrogatepass")

    def _mislead(self, chance: random.Random, body: bytes) -> bytes:
        """Put actions where none belong: twice, inside something else, behind or in a text."""
        if chance.random() < 0.4:
            return body
        actions = self._encode({"actions": chance.sample(self._actions, chance.randint(1, self._most))})[1:-1]
        content = chance.choice(
            (
                actions,
                b'"x":{%b}' % actions,
                b'"contextFeatures":[{"x":1,%b}]' % actions,
                b'"contextFeatures":[{%b}]' % actions,
                b'"\\%b' % actions.lstrip(),
                b'"x":"%b"' % actions,
                b'"x":"%b"' % actions.replace(b'"', b'\\"'),
            )
        )
        if chance.random() < 0.2:
            return b"[%b]" % body if chance.random() < 0.5 else b'{"actions":%b}' % body
        at, before, after = chance.choice(((body.find(b"{") + 1, b"", b","), (body.rfind(b"}"), b",", b"")))
        return b"%b%b%b%b%b" % (body[:at], before, content, after, body[at:])

    def _request(self, chance: random.Random, number: int) -> dict[str, Any]:
        actions = chance.sample(self._actions, chance.randint(1, self._most)) if chance.random() < 0.3 else self._first
        actions = [
            self._action(chance, f"n{number}-{place}") if chance.random() < self._new else action
            for place, action in enumerate(actions)
        ]
        request: dict[str, Any] = {"contextFeatures": _features(chance), "actions": actions, "eventId": f"e{number}"}
        if chance.random() < 0.2:
            request["excludedActions"] = [f"a{chance.randrange(_ACTIONS)}" for _ in range(chance.randrange(4))]
        if chance.random() < 0.1:
            request["deferActivation"] = chance.choice((True, False, None, 1))
        if chance.random() < 0.05:
            del request[chance.choice([*request])]
        return request

    @property
    def _first(self) -> list[dict[str, Any]]:
        return self._actions[: self._most]

    def _action(self, chance: random.Random, name: str) -> dict[str, Any]:
        action = {"id": name, "features": _features(chance), "kind": chance.choice((1, None, [{"id": "a1"}], "x"))}
        return {field: action[field] for field in self._order}


def _features(chance: random.Random) -> list[Any]:
    groups: list[Any] = [
        {_name(chance, place): _value(chance, 0) for place in range(chance.randint(1, 4))}
        for _ in range(chance.randint(1, 3))
    ]
    if chance.random() < 0.002:
        groups.append(chance.choice(_REFUSED))
    return groups


def _name(chance: random.Random, place: int) -> str:
    return chance.choice(_NAMES) if chance.random() < 0.1 else f"f{place}"


def _value(chance: random.Random, depth: int) -> Any:
    kind = chance.random()
    if kind < 0.45:
        return chance.choice((*_NUMBERS, round(chance.random(), 6)))
    if kind < 0.8:
        return f"w{chance.randrange(20)}"
    if kind < 0.85:
        return chance.choice(TEXTS)
    if kind < 0.88:
        return [round(chance.random(), 3) for _ in range(chance.choice((0, 3, 65, 70)))]
    if kind < 0.9:
        return chance.choice((None, '"actions":[{"id":"a1","features":[{"f0":1}]}]', ',{"id":"a1"'))
    return {_name(chance, place): _value(chance, depth + 1) for place in range(2)} if depth < 7 else {}


def _damage(chance: random.Random, body: bytes) -> bytes:
    """Change a body at one to three places, half of the time in its actions."""
    for _ in range(chance.randint(1, 3)):
        low = max(0, body.find(b"actions")) if chance.random() < 0.5 else 0
        at = chance.randrange(low, len(body) + 1)
        after = min(len(body), at + chance.choice((0, 0, 1, 1, 7, 60)))
        other = chance.randrange(len(body) + 1)
        inserted = chance.choice((chance.choice(_PIECES), body[other : other + chance.randint(1, 400)], b""))
        body = body[:at] + inserted + body[after:]
    return body
