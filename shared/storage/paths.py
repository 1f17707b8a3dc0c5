"""The names of blobs, tables, rows and queues in the storage account; all of them follow from the loop's name."""

import re
from dataclasses import dataclass
from typing import Final, Literal

from shared.times import MINUTE, from_minute_key, minute_key

LOOP: Final = "default"

Kind = Literal["events", "rewards"]

CONFIGURATION: Final = f"loops/{LOOP}/configuration.json"
HISTORY: Final = f"loops/{LOOP}/history.json"
STATE: Final = f"loops/{LOOP}/state.json"
PUBLISHED: Final = f"loops/{LOOP}/published.json"
PROFILE: Final = f"loops/{LOOP}/profile.json"
INSTANCES: Final = f"loops/{LOOP}/instances/"
SIGNER: Final = f"loops/{LOOP}/signer.pem"
LOGS: Final = f"loops/{LOOP}/logs/"
MANIFESTS: Final = f"loops/{LOOP}/manifests/"
MARKS: Final = f"loops/{LOOP}/marks/"
JOINS: Final = f"loops/{LOOP}/joins/"
REWARDS: Final = f"loops/{LOOP}/rewards/"
MODELS: Final = f"loops/{LOOP}/models/"
REFERENCES: Final = f"loops/{LOOP}/references/"
MODEL_REWARDS: Final = f"loops/{LOOP}/model-rewards/"
REFUSED: Final = f"loops/{LOOP}/refused/"
METRICS: Final = f"loops/{LOOP}/metrics/"
LAST_DAY: Final = f"loops/{LOOP}/lastday/"
EVALUATIONS: Final = f"loops/{LOOP}/evaluations/"
IMPORTANCES: Final = f"loops/{LOOP}/importances/"
EXPORTS: Final = f"exports/{LOOP}/"
CURRENT_EXPORT: Final = f"{EXPORTS}current/"
EVALUATION_QUEUE: Final = f"{LOOP}-evaluations"
"""Queue names have lower-case letters, digits and single hyphens, at most 63 characters with `-poison`."""
EVALUATION_POISON_QUEUE: Final = f"{EVALUATION_QUEUE}-poison"
"""The queue into which the host puts messages that failed too often."""

JOIN_QUEUE: Final = f"{LOOP}-joins"

_TABLE: Final = re.compile(r"(events|rewards)(\d{12})(\d{4})", re.ASCII)


@dataclass(frozen=True, slots=True)
class IntakeTable:
    """A table of the intake, for the rows of a kind that arrive in [from_us, to_us)."""

    name: str
    kind: Kind
    from_us: int
    to_us: int


def table_name(kind: Kind, at_us: int, span_us: int) -> str:
    """Name the table for rows that arrive at a moment, such as `events2026112500001440`.

    The name holds the span's first minute and its length in minutes: tables stay readable when the span changes.
    """
    return f"{kind}{minute_key(at_us - at_us % span_us)}{span_us // MINUTE:04}"


def parse_table_name(name: str) -> IntakeTable | None:
    """Read the name of a table; None if the name is none of the intake's."""
    match = _TABLE.fullmatch(name)
    if match is None:
        return None
    from_us = from_minute_key(match[2])
    return IntakeTable(name, "events" if match[1] == "events" else "rewards", from_us, from_us + int(match[3]) * MINUTE)


def partition_key(shard: int, at_us: int) -> str:
    """Name the partition for rows of a shard that arrive in the minute of a moment."""
    return f"{LOOP}|{shard:02}|{minute_key(at_us - at_us % MINUTE)}"


def row_key(event_key: str, rest: str) -> str:
    """Name the row of an event (`rest` is the hash of its request) or of an observation (`rest` is its id)."""
    return f"{event_key}|{rest}"


def split_path(path: str) -> tuple[str, str]:
    """Split the path of a blob into its container and its name in the container."""
    first, _, name = path.partition("/")
    return first, name
