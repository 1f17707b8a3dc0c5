"""What a schedule has led to: what clients were told, and what is in storage, now and ever."""

import gzip
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

from shared.configuration import configuration_store
from shared.configuration.configuration import Configuration, RewardSettings
from shared.configuration.service_configuration import LearningMode
from shared.intake import scan
from shared.log import manifest_store
from shared.log.manifest import LogBlob, Manifest, day_of
from shared.models import model_store, published_store
from shared.models.published import Published
from shared.status.learning_status import Waiting
from shared.status.waiting import count_waiting
from shared.storage import json_documents, paths
from shared.storage.paths import this_loop
from shared.storage.this_storage import blobs
from shared.times import DAY, SECOND
from shared.training import lease
from shared.training.training_state import State
from tests.simulation.faults import Seeded
from tests.simulation.plan import MINUTE, REPLACEMENTS, Change, Plan
from tests.simulation.world import Process, World

_FAR_US: Final = 10**17
_MOST_COUNTED: Final = 1_000

type Shown = tuple[int, float]


@dataclass(slots=True)
class Call:
    """A call that clients make, again and again until it is acknowledged.

    Attributes:
        arrivals: When each try arrived.
        is_acknowledged: Whether a try was answered with success.
        value: Of a reward; None for an activation.
    """

    arrivals: list[int] = field(default_factory=list)
    is_acknowledged: bool = False
    value: float | None = None


@dataclass(frozen=True, slots=True)
class GivenModel:
    """A model that the trainer has not made.

    Attributes:
        state: Its training state.
        predictor: What Rank loads.
        events: How many lines taught it something.
        logs: The log blobs that it has learned, in order; none if it comes from outside.
        rewards: The settings under which their lines were labelled; None if it comes from outside, as `mode`.
        mode: The learning mode of the events that it has learned.
    """

    state: bytes
    predictor: bytes
    events: int = 0
    logs: tuple[str, ...] = ()
    rewards: RewardSettings | None = None
    mode: LearningMode | None = None


@dataclass(slots=True)
class Acknowledged:
    """What was answered with success.

    Attributes:
        ranks: The Ranks, by event id.
        observations: The rewards and activations, by event id and observation id.
        events: What was shown, by event id, and by arrival time, as a Rank may be repeated: the action, counted from 1,
            and its chance.
        answers: By event id all that a Rank was about to answer, whether or not its client got the answer.
        refused: How often a call was not answered with success.
        changes: How often which change from outside was acknowledged.
        deletions: When deletions of the log were begun, and when they were acknowledged.
        asked_to_redact: The events that someone wants to be redacted.
        redactions: When which event was redacted: when that began, and when it was acknowledged.
        redacted_users: Up to which log position which value of the feature `user` was redacted.
        given: By the SHA-256 of their training states, the models that the loop was given, or may have been.
    """

    ranks: defaultdict[str, Call] = field(default_factory=lambda: defaultdict(Call))
    observations: defaultdict[tuple[str, str], Call] = field(default_factory=lambda: defaultdict(Call))
    events: defaultdict[str, dict[int, Shown]] = field(default_factory=lambda: defaultdict(dict))
    answers: defaultdict[str, set[Shown]] = field(default_factory=lambda: defaultdict(set))
    refused: int = 0
    changes: Counter[Change] = field(default_factory=Counter)
    deletions: list[tuple[int, int]] = field(default_factory=list)
    asked_to_redact: set[str] = field(default_factory=set)
    redactions: dict[str, tuple[int, int]] = field(default_factory=dict)
    redacted_users: dict[str, int] = field(default_factory=dict)
    given: dict[str, GivenModel] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the log, with its lines."""

    blob: LogBlob
    lines: list[bytes]

    @property
    def rewards(self) -> RewardSettings:
        """The settings under which it was joined."""
        assert self.blob.rewards is not None
        return self.blob.rewards


@dataclass
class Outcome:
    """What a schedule has led to.

    Attributes:
        reader: The process that looks at it.
        runs: How often a trainer ran.
        deaths: How many trainers died.
        train: Runs the first trainer once more.
        asking: The numbers of the changes that someone still asks for, who may keep the trainer from its work.
        is_over: Whether all is done, and nobody comes any more.
    """

    plan: Plan
    faults: Seeded
    world: World
    acknowledged: Acknowledged
    reader: Process
    runs: int = 0
    deaths: int = 0
    train: Callable[[], object] = lambda: None
    asking: set[int] = field(default_factory=set)
    is_over: bool = False

    @property
    def state(self) -> State:
        """The commit record."""
        state = self.reader.call(lease.read_state)
        assert state is not None
        return state

    @property
    def state_etag(self) -> str | None:
        """The ETag of the commit record, if there is one."""
        stored = self.world.storage.blobs.find(*paths.split_path(this_loop().state))
        return stored and stored.etag

    @property
    def published(self) -> Published:
        """What is published."""
        return self.reader.call(published_store.read_published)

    @cached_property
    def last_state(self) -> State:
        """The commit record at the end."""
        return self.state

    @cached_property
    def last_published(self) -> Published:
        """What is published at the end."""
        return self.published

    @cached_property
    def configuration(self) -> Configuration:
        """The configuration at the end."""
        return self.reader.call(configuration_store.read_configuration)

    @property
    def redacted(self) -> set[str]:
        """The events that were redacted, or may have been."""
        return set(self.acknowledged.asked_to_redact)

    @property
    def is_replaced(self) -> bool:
        """Whether the model may have been replaced by hand."""
        return any(planned.change in REPLACEMENTS for planned in self.plan.changes)

    @property
    def is_corrected(self) -> bool:
        """Whether the log may have been corrected."""
        return bool(self.plan_count(Change.QUARANTINE) or self.plan_count(Change.RELABEL))

    @property
    def forgets(self) -> bool:
        """Whether log may have been deleted or redacted."""
        return bool(self.plan_count(Change.DELETE_LOGS) or self.plan_count(Change.REDACT))

    def plan_count(self, change: Change) -> int:
        """How often a change is planned."""
        return sum(planned.change is change for planned in self.plan.changes)

    def read(self, path: str) -> bytes | None:
        """Read a blob, as it is in storage."""
        stored = self.world.storage.blobs.find(*paths.split_path(path))
        return stored and stored.data

    def versions(self, path: str) -> list[bytes]:
        """All contents that a blob ever had, oldest first."""
        return self.world.storage.blobs.versions[paths.split_path(path)]

    @cached_property
    def log(self) -> list[Part]:
        """The log that is not deleted."""
        deleted_us = self.configuration.logs_deleted_before_us
        listed = self.reader.call(lambda: list(manifest_store.list_blobs(0, _FAR_US, deleted_us)))
        return [Part(blob, unpack(self.read(blob.path) or b"")) for blob in listed]

    def all_log(self) -> Iterator[str]:
        """The paths of all log that there ever was, oldest first.

        Blobs that no manifest ever named are none: those of a part that was cut, which late workers may have written.
        """
        written = sorted(f"loops/{name}" for _, name in self.world.storage.blobs.versions)
        manifests = [path for path in written if path.startswith(this_loop().manifests) and day_of(path) is not None]
        texts = (text for path in manifests for text in self.versions(path))
        named = {blob.path for text in texts for blob in json_documents.read(Manifest, text).blobs}
        return (path for path in written if path in named)

    def age(self, days: int) -> None:
        """Let days pass, and a trainer run."""
        self.world.clock.sleep(days * DAY / SECOND)
        self.train()
        self.world.clock.sleep(MINUTE)

    def stored_log(self) -> list[str]:
        """The paths of the log blobs in storage."""
        return self.reader.call(lambda: list(blobs().list_paths(this_loop().logs)))

    def copies(self) -> dict[str, bytes]:
        """The customer's copies of log blobs, by their paths in the loop's own account."""
        mirrors = self.world.mirrors.values()
        return {f"loops/{blob.name}": blob.data for each in mirrors for blob in each.blobs.page("mirror", "", None)[0]}

    def waiting(self) -> Waiting:
        """The Ranks that are not log yet, as the loop's status counts them."""
        configuration = self.configuration
        return self.reader.call(
            lambda: count_waiting(scan.list_tables(), configuration, lease.read_state(), _MOST_COUNTED)
        )

    def pieces(self) -> int:
        """How many models were made of some lines of a part."""
        listed = self.reader.call(lambda: [model.path for model in model_store.list_blobs() if model.is_description])
        return sum(b'"lines"' in (self.read(path) or b"") for path in listed)


def unpack(stored: bytes) -> list[bytes]:
    """The lines of a log blob."""
    return gzip.decompress(stored).splitlines()
