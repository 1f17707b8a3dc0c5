"""The files of a log as one log: which are passed over, and which end it."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from shared.imports.files.log_file import LogFile
from shared.imports.files.reading import Reading
from shared.imports.files.source import gather
from shared.imports.files.table_description import TableDescription
from shared.imports.files.table_file import TableFile
from shared.imports.files.unusable_log import UnusableLog
from tests.unit.learner.lines import event_lines

DANGLING = b'{"RewardValue":1.0,"EnqueuedTimeUtc":"2026-01-01T00:00:00Z","EventId":"gone"}'


def refuse(_tables: Sequence[TableFile]) -> TableDescription:
    raise AssertionError("there is no table")


def test_files_without_events_are_passed_over_where_others_have_some(tmp_path: Path) -> None:
    """An hour of an export may hold nothing but rewards; where no file has an event, the first one is named."""
    (tmp_path / "rewards.json").write_bytes(DANGLING)
    (tmp_path / "events.json").write_bytes(b"\n".join(event_lines(3)))
    rewards, events = LogFile(tmp_path / "rewards.json", "rewards.json"), LogFile(tmp_path / "events.json")
    reading = Reading(lambda _: None, lambda: None)

    source = gather([rewards, events], refuse, tmp_path, reading, has_columns=False)

    assert len(list(source.log)) == 4
    with pytest.raises(UnusableLog, match=r"rewards\.json has no event"):
        gather([rewards], refuse, tmp_path, reading, has_columns=False)
