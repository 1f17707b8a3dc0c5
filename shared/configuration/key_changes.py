"""Changes of a loop's keys: one is made, rotated, revoked."""

from collections.abc import Sequence
from dataclasses import replace

from shared.access.loop_keys import MOST_KEYS, LoopKey
from shared.configuration.configuration import Configuration
from shared.errors import KeyExists, TooManyKeys, UnknownKey


def add(configuration: Configuration, key: LoopKey, now_us: int) -> Configuration:
    """The configuration with a new key; keys whose time is over are gone from it.

    Raises:
        KeyExists: There is a key of its name.
        TooManyKeys: There are 50 others.
    """
    left = _current(configuration.keys, now_us)
    if any(other.name == key.name for other in left):
        raise KeyExists
    return _with_keys(configuration, (*left, key))


def find(configuration: Configuration, name: str, now_us: int) -> LoopKey:
    """The newest key of a name.

    Raises:
        UnknownKey: There is none.
    """
    keys = [key for key in _current(configuration.keys, now_us) if key.name == name]
    if not keys:
        raise UnknownKey
    return keys[-1]


def rotate(configuration: Configuration, new: LoopKey, old_until_us: int, now_us: int) -> Configuration:
    """The configuration with a new key beside those of the same name, which are taken until a moment at most.

    Raises:
        UnknownKey: There is none of its name.
        TooManyKeys: There are 50 others.
    """
    find(configuration, new.name, now_us)
    left = [_end(key, old_until_us) if key.name == new.name else key for key in _current(configuration.keys, now_us)]
    return _with_keys(configuration, (*_current(left, now_us), new))


def revoke(configuration: Configuration, name: str, now_us: int) -> Configuration:
    """The configuration without the keys of a name.

    Raises:
        UnknownKey: There is none.
    """
    find(configuration, name, now_us)
    left = [key for key in _current(configuration.keys, now_us) if key.name != name]
    return replace(configuration, keys=tuple(left))


def _current(keys: Sequence[LoopKey], now_us: int) -> list[LoopKey]:
    return [key for key in keys if not key.is_over(now_us)]


def _end(key: LoopKey, at_us: int) -> LoopKey:
    return replace(key, expires_us=at_us if key.expires_us is None else min(key.expires_us, at_us))


def _with_keys(configuration: Configuration, keys: Sequence[LoopKey]) -> Configuration:
    if len(keys) > MOST_KEYS:
        raise TooManyKeys
    return replace(configuration, keys=tuple(keys))
