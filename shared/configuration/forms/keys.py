"""The keys of a loop over HTTP: what is asked for and told of them; a key itself is told once, when it is made."""

from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import Field

from shared import durations
from shared.access.loop_keys import LoopKey
from shared.times import DAY
from shared.web.errors import InvalidRequest
from shared.web.json_bodies import read_moment
from shared.web.json_forms import Moment, SentMoment, Wire

_LONGEST_OVERLAP_US = 30 * DAY
_OVERLAP_US = DAY
"""For how long the old key is taken after a rotation, if the call does not say."""

KeyRole = Literal["rank", "read", "admin"]


class NewKey(Wire):
    """A key to be made."""

    role: KeyRole
    expires_at: SentMoment | None = None

    def expires_us(self, now_us: int) -> int | None:
        """When it ceases to be taken; None for never.

        Raises:
            InvalidRequest: The moment is none, or is over.
        """
        if self.expires_at is None:
            return None
        at_us = read_moment(self.expires_at, "expiresAt", InvalidRequest)
        if at_us <= now_us:
            raise InvalidRequest("It has to be a moment that is still to come.", "expiresAt")
        return at_us


class Rotation(Wire):
    """How a key is replaced: for how long the old one is still taken, a day if that is not said."""

    keep_old_for: Annotated[str | None, Field(max_length=40)] = None

    @property
    def overlap_us(self) -> int:
        """For how long the old key is still taken.

        Raises:
            InvalidRequest: It is no duration of up to 30 days.
        """
        if self.keep_old_for is None:
            return _OVERLAP_US
        try:
            overlap_us = durations.parse(self.keep_old_for)
        except ValueError as error:
            raise InvalidRequest(f"{error}.", "keepOldFor") from None
        if not 0 <= overlap_us <= _LONGEST_OVERLAP_US:
            raise InvalidRequest("It has to be from PT0S to P30D.", "keepOldFor")
        return overlap_us


class Key(Wire):
    """What is told of a key."""

    name: str
    role: str
    created_at: Moment
    expires_at: Moment | None

    @classmethod
    def of(cls, key: LoopKey) -> "Key":
        """What is told of a stored key."""
        return cls(name=key.name, role=key.role, created_at=key.created_us, expires_at=key.expires_us)


class KeyWithText(Key):
    """A key that was made, with the text that its holder sends; it is told now and never again."""

    key: str

    @classmethod
    def with_text(cls, key: LoopKey, text: str) -> "KeyWithText":
        """The answer about a key that was just made."""
        return cls(name=key.name, role=key.role, created_at=key.created_us, expires_at=key.expires_us, key=text)


class Keys(Wire):
    """The keys of a loop, the oldest first."""

    keys: list[Key]

    @classmethod
    def of(cls, keys: Sequence[LoopKey]) -> "Keys":
        """The answer about stored keys."""
        return cls(keys=[Key.of(key) for key in keys])
