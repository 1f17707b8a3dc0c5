"""Actions that clients send again and again, by their texts: each is parsed, checked and cleaned once."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from shared.errors import LoopError
from shared.ranking import action_texts
from shared.ranking.action_texts import ActionTexts
from shared.web.json_bodies import MAX_VALUES, from_json

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


class Matches(NamedTuple):
    """A request's actions, and what the cache has of them.

    Attributes:
        entries: For each action its entry; None for an action that is not in the cache.
    """

    texts: ActionTexts
    entries: Sequence[CachedAction | None]

    @property
    def is_complete(self) -> bool:
        """Whether all actions are in the cache."""
        return None not in self.entries

    @property
    def is_worth_it(self) -> bool:
        """Whether so many actions are in the cache that it is quicker to read the others alone."""
        return self.entries.count(None) * 2 <= len(self.entries)


type Read = Callable[[Any], CachedAction]
"""Makes an entry of an action as JSON gives it; raises `LoopError` if it is none that a Rank takes."""


class ActionCache:
    """The actions of one loop.

    An action comes in when its text comes again soon. Where there are too many, the oldest goes; where clients begin
    their actions in several ways, the oldest of the commonest way. Where all actions are new each time, hardly a
    request is looked through.
    """

    def __init__(self, secret: str) -> None:
        """Take a text that nobody can guess, of letters and digits."""
        self._secret = secret
        self._token = f'"{secret}"'.encode()
        self._entries: dict[bytes, dict[bytes, CachedAction]] = {}
        self._notes: dict[int, None] = {}
        self._in_vain = 0

    def find(self, body: bytes) -> Matches | None:
        """Look the actions of a body up; None if the body is not looked through."""
        self._in_vain += 1
        if self._in_vain > _TRIES and self._in_vain % _PERIOD >= _TRIES_OF_PERIOD:
            return None
        texts = action_texts.cut(body) if len(body) <= MAX_VALUES else None
        if texts is None:
            return None
        by_text = self._entries.get(texts.head, _NOTHING)
        entries = [*map(by_text.get, texts.texts)]
        if entries[-1] is None and by_text:
            texts = texts.end_last(by_text.__contains__)
            entries[-1] = by_text.get(texts.texts[-1])
        matches = Matches(texts, entries)
        if matches.is_worth_it:
            self._in_vain = 0
        return matches

    def read_others(self, matches: Matches) -> dict[str, Any] | None:
        """Parse a body without the actions that are in the cache.

        Returns:
            The body, whose `actions` are the others; None if the body is to be read as a whole.
        """
        try:
            body = from_json(matches.texts.with_tokens(self._token, matches.entries))
        except LoopError:
            return None
        others = action_texts.take_others(body, self._secret, matches.entries)
        return None if others is None else {**body, "actions": others}

    def note(self, matches: Matches, read: Read) -> None:
        """Note the actions of a request that was fine; those that were noted before come into the cache.

        Args:
            read: Makes the entries; nothing but an action's text decides on what it makes.
        """
        texts, new = matches.texts, 0
        *others, last = zip(texts.texts, matches.entries, strict=True)
        missing = [text for text, entry in others if entry is None and len(text) <= LONGEST]
        if not missing and last[1] is None:  # it takes longest to find out where the last one ends
            missing = texts.end_last(lambda text: _parse(texts.head + text)).texts[-1:]
        for text in missing:
            if hash(text) not in self._notes:
                self._add_note(hash(text))
            elif new < _MOST_NEW:
                new += self._add(texts.head, text, read)
        if new and self.count < MOST:
            self._in_vain = 0

    @property
    def count(self) -> int:
        """How many actions there are."""
        return sum(map(len, self._entries.values()))

    def _add_note(self, note: int) -> None:
        if len(self._notes) >= _MOST_NOTES:
            self._notes.clear()
        self._notes[note] = None

    def _add(self, head: bytes, text: bytes, read: Read) -> bool:
        """Bring an action in, and give whether it is in now."""
        action = _parse(head + text) if len(text) <= LONGEST else None
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
        if self.count > MOST:
            most = max(self._entries.values(), key=len)
            del most[next(iter(most))]
        return True


def _parse(text: bytes) -> Any:
    """Parse the text of an action; None if it is none, or nested too deep."""
    if text.count(b"{") + text.count(b"[") > _MOST_BRACKETS:
        return None
    try:
        return from_json(text)
    except LoopError:
        return None
