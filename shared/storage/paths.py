"""The names of everything in the storage account; all of them follow from the loop's name."""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Literal

from shared.times import MINUTE, from_minute_key, minute_key

LOOP: Final = "default"

Kind = Literal["events", "rewards"]

CONFIGURATION: Final = f"loops/{LOOP}/configuration.json"
STATE: Final = f"loops/{LOOP}/state.json"
PUBLISHED: Final = f"loops/{LOOP}/published.json"
PROFILE: Final = f"loops/{LOOP}/profile.json"
INSTANCES: Final = f"loops/{LOOP}/instances/"
SIGNER: Final = f"loops/{LOOP}/signer.pem"
LOGS: Final = f"loops/{LOOP}/logs/"
MODELS: Final = f"loops/{LOOP}/models/"
REFUSED: Final = f"loops/{LOOP}/refused/"
METRICS: Final = f"loops/{LOOP}/metrics/"
EVALUATIONS: Final = f"loops/{LOOP}/evaluations/"
IMPORTANCES: Final = f"loops/{LOOP}/importances/"
EXPORTS: Final = f"exports/{LOOP}/"
CURRENT_EXPORT: Final = f"{EXPORTS}current/"
EVALUATION_QUEUE: Final = f"{LOOP}-evaluations"
"""As queues are named: lower-case letters, digits and single hyphens, at most 63 with what the next one has behind."""
EVALUATION_POISON_QUEUE: Final = f"{EVALUATION_QUEUE}-poison"
"""Where the host puts what failed too often."""

_TABLE: Final = re.compile(r"(events|rewards)(\d{12})(\d{4})", re.ASCII)


@dataclass(frozen=True, slots=True)
class IntakeTable:
    """One of the intake's tables: it takes the rows of a kind that arrive in [from_us, to_us)."""

    name: str
    kind: Kind
    from_us: int
    to_us: int


def table(kind: Kind, at_us: int, span_us: int) -> str:
    """The table for rows that arrive at a moment, such as `events2026112500001440`.

    The name tells the span's first minute and its length in minutes, so that tables of another span than the one that
    is set now stay readable.
    """
    return f"{kind}{_minute(at_us - at_us % span_us)}{span_us // MINUTE:04}"


def intake_table(name: str) -> IntakeTable | None:
    """The table of a name; None if it is none of the intake's."""
    found = _TABLE.fullmatch(name)
    if found is None:
        return None
    from_us = from_minute_key(found[2])
    return IntakeTable(name, "events" if found[1] == "events" else "rewards", from_us, from_us + int(found[3]) * MINUTE)


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
