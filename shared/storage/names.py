"""The names of everything in the storage account; all of them follow from the loop's name."""

from functools import lru_cache
from typing import Final, Literal

from shared.loop.times import MINUTE, minute_key

LOOP: Final = "default"

Kind = Literal["events", "rewards"]

CONFIGURATION: Final = f"loops/{LOOP}/configuration.json"
STATE: Final = f"loops/{LOOP}/state.json"
PUBLISHED: Final = f"loops/{LOOP}/published.json"
LOGS: Final = f"loops/{LOOP}/logs/"
MODELS: Final = f"loops/{LOOP}/models/"
REFUSED: Final = f"loops/{LOOP}/refused/"
EXPORTS: Final = f"exports/{LOOP}/"
CURRENT_EXPORT: Final = f"{EXPORTS}current/"


def span_start(at_us: int, span_us: int) -> int:
    """The first moment of the span of time that holds a moment."""
    return at_us - at_us % span_us


def table(kind: Kind, at_us: int, span_us: int) -> str:
    """The table for rows that arrive at a moment, such as `events202611250000`."""
    return kind + _minute(span_start(at_us, span_us))


def partition_key(shard: int, at_us: int) -> str:
    """The partition for rows of a shard that arrive in the minute of a moment."""
    return f"{LOOP}|{shard:02}|{_minute(at_us - at_us % MINUTE)}"


def row_key(event_key: str, rest: str) -> str:
    """The row of an event (`rest` is its request's hash) or of an observation (`rest` is its id)."""
    return f"{event_key}|{rest}"


def container(path: str) -> tuple[str, str]:
    """Split a blob's path into its container and its name in there."""
    first, _, name = path.partition("/")
    return first, name


_minute = lru_cache(maxsize=8)(minute_key)
"""Every row needs two of these, and thousands of rows the same two."""
