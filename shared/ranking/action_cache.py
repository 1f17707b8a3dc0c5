"""Actions that clients send again and again, by their texts: each is parsed, checked and cleaned once."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from shared.errors import LoopError
from shared.ranking import action_texts
from shared.ranking.action_texts import ActionTexts
from shared.web.json_forms import MAX_VALUES, from_json

MOST: Final = 1000
"""The most actions of one loop."""
LONGEST: Final = 2048
"""The most bytes of an action's text."""
_MOST_BRACKETS: Final = 200
"""In the text of an action: no body is refused for how deep an action is nested that has no more of them."""
_MOST_HEADS: Final = 4
_MOST_NOTES: Final = 4 * MOST
_MOST_NEW: Final = 4
"""The most actions that one request brings in."""
_TRIES, _PERIOD, _TRIES_OF_PERIOD = 32, 32, 2
"""After so many requests in a row with nothing to gain, only some of each period are looked through."""
_NOTHING: Final[Mapping[bytes, "CachedAction"]] = {}


class CachedAction(NamedTuple):
    """An action.

    Attributes:
        id: As the client sent it.
        text: Its part of a document.
    """

    id: str
    text: bytes


class CachedActions(NamedTuple):
    """A request of whose actions some are in the cache.

    Attributes:
        body: The parsed body, whose `actions` are the others.
        actions: For each action of the request, its entry; None for one of the others.
    """

    body: dict[str, Any]
    actions: Sequence[CachedAction | None]


type Read = Callable[[Any], CachedAction]
"""Makes an entry of an action as JSON gives it; raises `LoopError` if it is none that a Rank takes."""


class ActionCache:
    """The actions of one loop.

    An action comes in when its text comes again soon, and makes room for others in the order of arrival. Where all
    actions are new each time, hardly a request is looked through.
    """

    def __init__(self, secret: str) -> None:
        """Take a text that nobody can guess, of letters and digits."""
        self._secret = secret
        self._token = f'"{secret}"'.encode()
        self._entries: dict[bytes, dict[bytes, CachedAction]] = {}
        self._notes: dict[int, None] = {}
        self._in_vain = 0

    def cut(self, body: bytes) -> ActionTexts | None:
        """Cut a body into its actions; None if that is not worth it, or cannot be done."""
        if self._in_vain >= _TRIES:
            self._in_vain += 1
            if self._in_vain % _PERIOD >= _TRIES_OF_PERIOD:
                return None
        return action_texts.cut(body) if len(body) <= MAX_VALUES else None

    def find(self, texts: ActionTexts) -> CachedActions | None:
        """Read a body of whose actions half are in the cache; None for any other, which is to be read as a whole."""
        entries = self._entries.get(texts.head, _NOTHING)
        actions = [*map(entries.get, texts.texts)]
        if actions[-1] is None:
            texts = texts.end_last(entries.__contains__)
            actions[-1] = entries.get(texts.texts[-1])
        if actions.count(None) * 2 > len(actions):
            self._in_vain += self._in_vain < _TRIES
            return None
        self._in_vain = 0
        try:
            body = from_json(texts.with_tokens(self._token, actions))
        except LoopError:
            return None
        others = action_texts.take_others(body, self._secret, actions)
        return None if others is None else CachedActions({**body, "actions": others}, actions)

    def note(self, texts: ActionTexts, read: Read) -> None:
        """Note the actions of a request that was fine; those that were noted before come into the cache.

        Args:
            read: Makes the entries; nothing but an action's text decides on what it makes.
        """
        entries, new = self._entries.get(texts.head, _NOTHING), 0
        for text in texts.end_last(lambda last: _parse(texts.head + last)).texts:
            if text in entries or len(text) > LONGEST:
                continue
            if hash(text) not in self._notes:
                self._add_note(hash(text))
            elif new < _MOST_NEW:
                new += self._add(texts.head, text, read)
        if new and self._count < MOST:
            self._in_vain = 0

    @property
    def _count(self) -> int:
        return sum(map(len, self._entries.values()))

    def _add_note(self, note: int) -> None:
        if len(self._notes) >= _MOST_NOTES:
            self._notes.clear()
        self._notes[note] = None

    def _add(self, head: bytes, text: bytes, read: Read) -> bool:
        """Bring an action in, and give whether it is in now."""
        action = _parse(head + text)
        if action is None:
            return False
        try:
            entry = read(action)
        except LoopError:
            return False
        if head not in self._entries and len(self._entries) >= _MOST_HEADS:
            del self._entries[next(iter(self._entries))]
        entries = self._entries.setdefault(head, {})
        entries[text] = entry
        if self._count > MOST:
            del entries[next(iter(entries))]
        return True


def _parse(text: bytes) -> Any:
    """Parse the text of an action; None if it is none, or nested too deep."""
    if text.count(b"{") + text.count(b"[") > _MOST_BRACKETS:
        return None
    try:
        return from_json(text)
    except LoopError:
        return None
