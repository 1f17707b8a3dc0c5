"""The names of blobs, tables, rows and queues in the storage account; those of a loop follow from the loop's name."""

import hashlib
import re
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import lru_cache
from typing import Final, Literal, NamedTuple

from shared.times import MINUTE, from_minute_key, minute_key

DEFAULT: Final = "default"
"""The name of the loop that every deployment has."""

Kind = Literal["events", "rewards"]

EVALUATION_QUEUE: Final = "default-evaluations"
"""Queue names have lower-case letters, digits and single hyphens, at most 63 characters with `-poison`."""
EVALUATION_POISON_QUEUE: Final = f"{EVALUATION_QUEUE}-poison"
"""The queue into which the host puts messages that failed too often."""
JOIN_QUEUE: Final = "default-joins"
TRAINING_QUEUE: Final = "default-trainings"
"""The queues are those of all loops: a message names its loop."""
EXCHANGES: Final = "loops/.exchanges/"
"""Where the blobs lie on which leases are taken for exchanges of any loop with a customer's container."""
OF_LOOP: Final = 2
"""How many exchanges of a loop with customers' addresses go on at once."""
OF_ALL: Final = 8
"""How many of all loops do."""

_NAME: Final = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*", re.ASCII)
_LONGEST_NAME: Final = 40
_FIRST_WORDS: Final = ("personalizer", "rankloop", "admin", "ready", "status")
"""What the paths of the loop `default` begin with."""
_TABLE: Final = re.compile(r"(?:g[0-9a-f]{8})?(events|rewards)(\d{12})(\d{4})", re.ASCII)
_PREFIX_DIGITS: Final = 20
_GENERATION_DIGITS: Final = 8
_MOST_NAMED: Final = 4_096


class IntakeTable(NamedTuple):
    """A table of the intake, for the rows of a kind that arrive in [from_us, to_us)."""

    name: str
    kind: Kind
    from_us: int
    to_us: int


class Loop:
    """A loop, and the names of what it keeps in the storage account.

    Attributes:
        name: As `check_name` takes it.
        table_prefix: What the names of its tables begin with; names of tables have letters and digits only, so that it
            is made of a hash. The loop `default` has none.
    """

    def __init__(self, name: str) -> None:
        """Take the name, which was checked."""
        self.name = name
        self.root = f"loops/{name}/"
        self.configuration = f"{self.root}configuration.json"
        self.history = f"{self.root}history.json"
        self.state = f"{self.root}state.json"
        self.published = f"{self.root}published.json"
        self.profile = f"{self.root}profile.json"
        self.signer = f"{self.root}signer.pem"
        self.instances = f"{self.root}instances/"
        self.logs = f"{self.root}logs/"
        self.manifests = f"{self.root}manifests/"
        self.marks = f"{self.root}marks/"
        self.joins = f"{self.root}joins/"
        self.rewards = f"{self.root}rewards/"
        self.models = f"{self.root}models/"
        self.references = f"{self.root}references/"
        self.model_rewards = f"{self.root}model-rewards/"
        self.refused = f"{self.root}refused/"
        self.metrics = f"{self.root}metrics/"
        self.last_day = f"{self.root}lastday/"
        self.evaluations = f"{self.root}evaluations/"
        self.importances = f"{self.root}importances/"
        self.imports = f"{self.root}imports/"
        self.exchanges = f"{self.root}exchanges/"
        self.exports = f"exports/{name}/"
        self.current_export = f"{self.exports}current/"
        self.table_prefix = "" if name == DEFAULT else f"t{hashlib.sha256(name.encode()).hexdigest()[:_PREFIX_DIGITS]}"

    def __repr__(self) -> str:
        return f"Loop({self.name})"

    def table_name(self, kind: Kind, at_us: int, span_us: int, secret: str = "") -> str:
        """Name the table for rows that arrive at a moment, such as `events2026112500001440`.

        The name holds the span's first minute and its length in minutes: tables stay readable when the span changes.

        Args:
            secret: The loop's, for keys of events. A loop that can be deleted has a hash of it in the names, so that
                whoever is late with the deletion of a loop drops no table of the next one of that name.
        """
        generation = _generation(secret) if self.table_prefix and secret else ""
        return f"{self.table_prefix}{generation}{kind}{minute_key(at_us - at_us % span_us)}{span_us // MINUTE:04}"

    @property
    def table_names(self) -> tuple[str, str]:
        """The names between which those of its tables are: no earlier than the first, and before the second.

        Prefixes begin with a letter behind those of `events` and `rewards`.
        """
        return (self.table_prefix, f"{self.table_prefix}s") if self.table_prefix else ("events", "s")

    def parse_table_name(self, name: str) -> IntakeTable | None:
        """Read the name of a table; None if the name is none of this loop's intake."""
        match = _TABLE.fullmatch(name.removeprefix(self.table_prefix)) if name.startswith(self.table_prefix) else None
        if match is None:
            return None
        from_us = from_minute_key(match[2])
        kind: Kind = "events" if match[1] == "events" else "rewards"
        return IntakeTable(name, kind, from_us, from_us + int(match[3]) * MINUTE)

    def partition_key(self, shard: int, at_us: int) -> str:
        """Name the partition for rows of a shard that arrive in the minute of a moment."""
        return f"{self.name}|{shard:02}|{minute_key(at_us - at_us % MINUTE)}"


@lru_cache(_MOST_NAMED)
def _generation(secret: str) -> str:
    """Tell a loop from the ones of its name before; not the secret."""
    return f"g{hashlib.sha256(f'tables of {secret}'.encode()).hexdigest()[:_GENERATION_DIGITS]}"


loop_named = lru_cache(_MOST_NAMED)(Loop)
"""Give the loop of a name that was checked."""

_this: ContextVar[Loop] = ContextVar("loop")


def this_loop() -> Loop:
    """The loop that the call, message or run is about which this task or thread works for.

    Raises:
        LookupError: It works for no loop.
    """
    return _this.get()


def begin_in_loop(name: str) -> None:
    """Work for a loop of a name that was checked from now on: at the beginning of a task that works for no other."""
    _this.set(loop_named(name))


@contextmanager
def in_loop(name: str) -> Iterator[Loop]:
    """Work for a loop of a name that was checked; tasks and threads that are begun meanwhile do so too."""
    loop = loop_named(name)
    before = _this.set(loop)
    try:
        yield loop
    finally:
        _this.reset(before)


def check_name(name: str) -> str:
    """Give the name of a loop, if it is one: lower-case letters, digits, and single hyphens between them.

    Raises:
        ValueError: It is none; tells what a name must be.
    """
    if len(name) > _LONGEST_NAME or not _NAME.fullmatch(name):
        raise ValueError(
            f"a loop's name has 1 to {_LONGEST_NAME} lower-case letters, digits, and single hyphens between them"
        )
    if name in _FIRST_WORDS:
        raise ValueError(f"paths of the API begin with {name}, so that no loop can have this name")
    return name


def row_key(event_key: str, rest: str) -> str:
    """Name the row of an event (`rest` is the hash of its request) or of an observation (`rest` is its id)."""
    return f"{event_key}|{rest}"


def split_path(path: str) -> tuple[str, str]:
    """Split the path of a blob into its container and its name in the container."""
    first, _, name = path.partition("/")
    return first, name
