"""Names of features as they are logged: no longer than 256 characters, and no two alike that were not sent alike."""

from functools import lru_cache
from hashlib import blake2b

MAX_NAME = 256
"""Longer names are cut."""
HASH_DIGITS = 16
BEGINNING = MAX_NAME - HASH_DIGITS - 1
"""The characters that are left of a name that is cut; behind them come a `~` and a hash of the whole name."""
_MARK = "~"


def cut(name: str) -> str:
    """Cut a name that is too long; what is cut stays as it is when it is cut again."""
    if len(name) <= MAX_NAME:
        return name
    digits = blake2b(name.encode("utf-8", "surrogatepass"), digest_size=HASH_DIGITS // 2).hexdigest()
    return f"{name[:BEGINNING]}~{digits}"


@lru_cache(256)
def list_logged_forms(name: str) -> frozenset[str]:
    """List what a name may have become in the log: cut, behind a mark if the learner could not take it, or both.

    Earlier versions did not cut names.
    """
    marked = (name, _MARK + name, _MARK * 2 + name)
    return frozenset((*marked, *map(cut, marked)))


def common_part(name: str) -> str | None:
    """What all that a long name may have become in the log begins with, but for marks; None if it is never cut."""
    return name[: BEGINNING - 2] if len(name) > MAX_NAME - 2 else None
