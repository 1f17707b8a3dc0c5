"""The texts of a request's actions: cut out of its body where an action can begin, and replaced by tokens there.

JSON reads one value like any other. So if a body is parsed with a token in place of a text that is an object, and the
token then is an element of `actions`, the object would be that element. Nobody can guess the token, so it is nowhere
else. Whatever is not certain is left to those who parse the whole body.
"""

import re
from collections.abc import Callable, Sequence
from itertools import islice
from typing import Any, Final, NamedTuple

_FIELD: Final = b'"actions"'
_BEGIN: Final = re.compile(rb'"actions"[ \t\r\n]*:[ \t\r\n]*\[([ \t\r\n]*)(\{[ \t\r\n]*"\w{1,20}"[ \t\r\n]*:)')
_END: Final = re.compile(rb"\}(?=[ \t\r\n]*\])")
_MOST_ENDS: Final = 8
"""How many places are tried at which the last action may end; at most of them, a list of features ends."""


class ActionTexts(NamedTuple):
    """The actions of a body, each as the text behind what all of them begin with.

    Attributes:
        before: The body up to the first action.
        head: What each action begins with, up to its first colon.
        texts: What follows the head; the last text has the rest of the body behind it, unless that is `after`.
        after: The rest of the body; empty while it is not known where the last action ends.
    """

    before: bytes
    head: bytes
    texts: list[bytes]
    after: bytes = b""

    def end_last(self, is_action: Callable[[bytes], object]) -> "ActionTexts":
        """The same with `after`, if the last text begins with one that is an action; else unchanged."""
        last = self.texts[-1]
        for end in islice(_END.finditer(last), _MOST_ENDS):
            if is_action(text := last[: end.end()]):
                return ActionTexts(self.before, self.head, [*self.texts[:-1], text], last[end.end() :])
        return self

    def with_tokens(self, token: bytes, replaced: Sequence[object]) -> bytes:
        """The body with a token in place of each action that is to be replaced, or of all of them if all are.

        Args:
            replaced: For each action, whether it is; None if not.
        """
        if None not in replaced:
            return b"%b%b%b" % (self.before, token, self.after)
        pairs = zip(self.texts, replaced, strict=True)
        actions = [self.head + text if action is None else token for text, action in pairs]
        return b"%b%b%b" % (self.before, b",".join(actions), self.after)


def cut(body: bytes) -> ActionTexts | None:
    """Cut a body at each place where an action can begin; None if the body is written as few are.

    A list of objects inside an action may be cut too: its pieces are no actions.
    """
    at = body.find(_FIELD)
    begin = _BEGIN.match(body, at) if at >= 0 else None
    if begin is None:
        return None
    gap, head = begin.groups()
    first = begin.end()
    if not gap and body.startswith(b" ", first):
        gap = b" "  # as Python's json writes a list
    return ActionTexts(body[: begin.start(2)], head, body[first:].split(b",%b%b" % (gap, head)))


def take_others(parsed: Any, secret: str, replaced: Sequence[object]) -> list[Any] | None:
    """The actions of a parsed body that are no tokens; None if the tokens are not where the replaced actions were.

    Args:
        secret: The token's text.
        replaced: As of `with_tokens`.
    """
    sent = parsed.get("actions") if type(parsed) is dict else None
    if type(sent) is not list:
        return None
    if None not in replaced:
        return [] if sent == [secret] else None
    if len(sent) != len(replaced):
        return None
    if any((action == secret) is (place is None) for action, place in zip(sent, replaced, strict=True)):
        return None
    return [action for action in sent if action != secret]
