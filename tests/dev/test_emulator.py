"""The storage emulator: where its data are, and that it does not get slower with each blob and row that it has."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from azure.data.tables import TableServiceClient
from azure.storage.blob import BlobServiceClient

from localhost.azurite.emulator import GUARD, Azurite
from localhost.azurite.node import node
from localhost.azurite.processes import start_of
from localhost.environment import ROOT


def test_a_database_that_the_environment_names_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """Azurite would keep what it knows of blobs there; data in a folder would be only a part of all."""
    monkeypatch.setenv("AZURITE_DB", "mysql://nobody:nothing@127.0.0.1:1/blobs")

    with Azurite() as azurite:
        storage = BlobServiceClient.from_connection_string(azurite.account.connection_string)
        with storage, storage.create_container("kept") as container:
            container.upload_blob("name", b"text")
            assert container.download_blob("name").readall() == b"text"


def test_unused_extents_are_collected_together() -> None:
    """One by one, the index is built anew for each; with 10,000 of them the emulator answers nothing for 40 seconds."""
    came = run_in_emulator("collected_extents.cjs")

    assert came["left"] == [f"extent {number}" for number in range(3, 1000, 2)]
    assert came["built"] <= 2


def test_a_blob_is_searched_by_its_name() -> None:
    """By its account, each blob of the account is looked at, and the emulator gets slower with each that it has."""
    came = run_in_emulator("searched_names.cjs")

    assert came["found"] == 500
    assert came["others"] is None
    assert came["looks"] <= 10


def test_the_template_of_an_operation_is_parsed_once() -> None:
    """Azurite compares each request with those of all operations, and would parse each of them each time."""
    came = run_in_emulator("parsed_templates.cjs")

    assert came["parsed"] == 2
    assert came["matches"] == [[[True, True], [False, False]], [[False, False], [True, True]]]
    assert len({UUID(text) for text in came["ids"]}) == 2


def test_a_query_of_a_table_looks_at_its_partitions_only() -> None:
    """The table holds minutes of Ranks; the emulator would look at each of its rows for each page of a query."""
    came = run_in_emulator("queried_partitions.cjs")

    keys = [f"b|{number}" for first in (0, 1) for number in sorted(range(first, 1000, 90), key=str)]
    assert came["first"]["keys"] + came["second"]["keys"] == keys
    assert came["other"]["keys"] == came["first"]["keys"]
    assert (came["first"]["looks"] < 500, came["second"]["looks"] < 500, came["other"]["looks"] > 1000) == (True,) * 3
    sparse = [f"b|{number}" for number in (*range(990, 999), 99, 999)]
    assert (came["sparse"]["keys"], came["sparse"]["next"]) == (sparse, [None, None])
    assert came["inserted"] < 50
    assert came["order"] == ["query", "another request", "query", "query"]


def test_rows_of_tables_are_saved_as_they_come() -> None:
    """All rows of all tables at once hold up every answer for a quarter of a second once there are 70,000."""
    came = run_in_emulator("saved_tables.cjs")

    assert came["ofBefore"] == ["of before"]
    assert (came["isAppended"], came["appended"]) == (True, ["first", "second", "third"])
    assert came["isDropped"]
    assert came["afterDeletion"] == ["first", "third"]
    assert came["again"] == [["first", "third"], ["of before"]]
    assert came["twice"] == "EntityAlreadyExists"
    assert came["cutOff"] == ["first", "fourth", "third"]
    assert came["afterCutOff"] == ["first", "third", "fourth", "fifth"]


def run_in_emulator(script: str) -> dict[str, Any]:
    """What a script prints that runs where Azurite would."""
    command = [node(), "--require", str(GUARD), str(Path(__file__).with_name(script))]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        printed: dict[str, Any] = json.loads(process.stdout.read())
    return printed


LEAVE_BEHIND = """
import os, sys, time
from pathlib import Path
from azure.data.tables import TableServiceClient
from localhost.azurite.emulator import Azurite

azurite = Azurite(Path(sys.argv[1]))
azurite.start()
TableServiceClient.from_connection_string(azurite.account.connection_string).create_table("kept")
print(azurite.pid, flush=True)
if os.fork() == 0:
    azurite._lock.let_go()  # a fork holds its starter's lock as well
    time.sleep(60)  # keeps the pipe open whose end would show Azurite that its starter is gone
os._exit(0)
"""


def test_an_azurite_left_behind_is_ended_and_keeps_its_data(tmp_path: Path) -> None:
    """As if its starter had died without its noticing."""
    command = [sys.executable, "-c", LEAVE_BEHIND, str(tmp_path)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, start_new_session=True) as starter:
        assert starter.stdout
        left_behind = int(starter.stdout.readline())
        starter.wait()
        try:
            with (
                Azurite(tmp_path) as azurite,
                TableServiceClient.from_connection_string(azurite.account.connection_string) as service,
            ):
                assert azurite.pid != left_behind
                assert start_of(left_behind) is None
                assert [table.name for table in service.list_tables()] == ["kept"]
        finally:
            os.killpg(starter.pid, signal.SIGKILL)
