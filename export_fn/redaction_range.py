"""What a redaction looks through: the rows of the intake and the log blobs of a range, and what waits; blocking."""

from collections.abc import Iterator
from dataclasses import dataclass

from shared.configuration import configuration_store
from shared.configuration.configuration import Configuration
from shared.intake import row_deletion, scan
from shared.intake.row_deletion import RowsOfEvent
from shared.intake.scan import FAR_US, RowQuery, Tables
from shared.log import log_listing_store, manifest_store
from shared.log.manifest import LONGEST_PART_US, LogBlob
from shared.log.redaction import EventTarget, Target
from shared.settings import settings
from shared.storage.clock import now_us
from shared.storage.paths import IntakeTable
from shared.times import MINUTE
from shared.training import time_slices
from shared.training.training_state import State

_MOST_COUNTED = 20_000


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows of a table and a range of time, which lies within an hour."""

    table: IntakeTable
    from_us: int
    to_us: int


@dataclass(frozen=True, slots=True)
class StoredEvents:
    """Where the loop's events are, in the intake and in the log.

    Attributes:
        state: The commit record.
    """

    state: State
    configuration: Configuration
    tables: Tables
    now_us: int

    @classmethod
    def read(cls, state: State) -> "StoredEvents":
        """Read what there is now."""
        return cls(state, configuration_store.read_configuration(), scan.list_tables(), now_us())

    def list_blobs(self, from_us: int, to_us: int) -> list[LogBlob]:
        """The log blobs of a range: by the manifests, if they are sure to name all that there are."""
        if self.state.manifests_from_us == 0:
            return list(manifest_store.list_blobs(from_us, to_us, 0))
        stored = log_listing_store.list_range(max(0, from_us - LONGEST_PART_US), to_us).blobs
        return [blob for blob in stored if blob.to_us > from_us and not blob.damaged]

    def list_rows(self, target: Target, from_us: int, to_us: int) -> Iterator[Rows]:
        """The rows of the hours that overlap a range; none for a feature, whose rows cannot be changed."""
        if isinstance(target, EventTarget):
            yield from (Rows(*stretch) for stretch in row_deletion.list_hours(self.tables, from_us, to_us))

    def rows_of(self, event_id: str, rows: Rows) -> RowsOfEvent:
        """Where an event's rows among some rows can be."""
        shards = self.configuration.shard_numbers(rows.from_us, rows.to_us)
        return RowsOfEvent(event_id, shards, self.configuration.event_key_secret)

    def is_mirrored(self, blob: LogBlob) -> bool:
        """Whether the customer's container got a copy of a log blob, and is reached."""
        from_us, to_us = self.state.mirrored_from_us or 0, self.state.mirrored_up_to_us or 0
        return self.configuration.service.log_mirror_enabled and from_us <= blob.from_us and blob.to_us <= to_us

    def has_mirror_still(self) -> bool:
        """Whether the log is still copied to where it was when this was read."""
        before, now = self.configuration.service, configuration_store.read_configuration().service
        return now.log_mirror_enabled and now.log_mirror_sas_uri == before.log_mirror_sas_uri

    def count_waiting(self, target: Target) -> tuple[int, int | None]:
        """The events that may hold a feature and are not log yet, and when all of them are; none for an event."""
        if isinstance(target, EventTarget):
            return 0, None
        start_us = max(self.state.joined_up_to_us, self.configuration.logs_deleted_before_us)
        shards = range(max(self.configuration.shard_numbers(start_us, FAR_US)))
        since = RowQuery("events", shards, start_us, keys_only=True)
        waiting = scan.count_rows(self.tables, since, _MOST_COUNTED).number
        return waiting, self._join_time_us() if waiting else None

    def _join_time_us(self) -> int:
        """When rows that arrived by now are log: at the end of their cell, the wait, the grace and the next run."""
        rewards = self.configuration.rewards
        length_us = time_slices.cell_us(self.configuration.export_frequency_us, rewards.wait_us)
        end_us = time_slices.cell(0, self.now_us, length_us)[1]
        return end_us + rewards.wait_us + settings().join_grace_us + MINUTE
