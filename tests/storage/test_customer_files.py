"""The files of a customer's container: which are listed, and how they are copied."""

import gzip
import random
from pathlib import Path

import pytest

from localhost.azurite.accounts import EmulatedAccount
from shared.evaluation.evaluation import Evaluation, ImportSource, Purpose
from shared.evaluation.evaluation_spec import EvaluationSpec, build_evaluation
from shared.imports import customer_files_store
from shared.imports.customer_files_store import CopiedFiles, MissingFile, find_missing
from shared.imports.files.unusable_log import UnusableLog
from shared.log.customer_container import ContainerFailed, CustomerContainer
from shared.storage.paths import DEFAULT, in_loop
from tests.loop import past
from tests.loop.customer_files import put_files
from tests.loop.evaluated_log import use_storage

NOISE = random.Random(1).randbytes(60_000)


def do_nothing() -> None:
    return


def test_files_are_listed_by_prefix_without_empty_ones_up_to_a_bound(account: EmulatedAccount, tmp_path: Path) -> None:
    """In the order of their names."""
    sas = put_files(account, {"a/2": b"22", "a/1": b"1", "a/0": b"", "b/1": b"1"})
    with use_storage(account.connection_string), in_loop(DEFAULT):
        with CustomerContainer(sas, "container", do_nothing) as container:
            files = container.list_files("a/", 10)
            assert [file[:2] for file in files] == [("a/1", 1), ("a/2", 2)]
            assert len(container.list_files("", 1)) == 1
            assert container.list_files("a/0", 10) == []
            for other in ({"name": "a/3"}, {"etag": "0x1"}):
                changed = [files[0]._replace(**other)]
                with pytest.raises(
                    ContainerFailed, match=r"^a/. cannot be read: http.* has changed or deleted it since"
                ):
                    container.read_files(changed, 0, tmp_path / "step", 100, 8)
        with CustomerContainer(sas.replace("sig=", "sig=AAAA"), "container", do_nothing) as container:
            with pytest.raises(ContainerFailed, match=r"http://127.0.0.1:\d+/\w+/old-logs answered 403") as failure:
                container.list_files("", 1)
            assert "sig" not in str(failure.value)


def test_missing_files_are_told_apart(account: EmulatedAccount) -> None:
    """Before an import begins: there is none of the prefix, or none of the table of actions."""
    sas = put_files(account, {"b/1": b"1", "actions": b"", "actions.csv": b"1"})
    actions = '{"action": "a", "reward": "r", "context": ["c"], "actionFeatures": {"file": "%s", "id": "i"}}'
    with use_storage(account.connection_string), in_loop(DEFAULT):
        assert find_missing(ImportSource(sas, "b", "")) is None
        assert find_missing(ImportSource(sas, "b", actions % "actions.csv")) is None
        assert find_missing(ImportSource(sas, "nowhere/", "")) == MissingFile(is_of_actions=False)
        assert find_missing(ImportSource(sas, "b", actions % "actions")) == MissingFile(is_of_actions=True)


def _import(source: ImportSource) -> Evaluation:
    spec = EvaluationSpec(source.prefix.strip("/"), "one", 0, 1, Purpose.IMPORT, source=source)
    return build_evaluation(spec, past.configuration(), 0, 1)


def test_files_are_copied_in_steps_and_written_compressed(
    account: EmulatedAccount, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However the steps fall; those that are compressed already stay as they are."""
    plain, packed = b"line\n" * 20_000, gzip.compress(NOISE)
    sas = put_files(account, {"up/log.json": plain, "up/packed.gz": packed, "up/tiny": b"."})
    monkeypatch.setattr(customer_files_store, "_STEP_SECONDS", 0.0)
    with use_storage(account.connection_string), in_loop(DEFAULT):
        imported = _import(ImportSource(sas, "up/", ""))
        steps = 0
        while True:
            copied = CopiedFiles(imported, imported.source)
            copied.go_on(do_nothing)
            steps += 1
            if copied.is_complete:
                break
        (tmp_path / "files").mkdir()
        copied.write(tmp_path / "files", do_nothing)

    written = [(tmp_path / "files" / str(place)).read_bytes() for place in range(3)]
    assert steps > 3
    assert [file.name for file in copied.files] == ["up/log.json", "up/packed.gz", "up/tiny"]
    assert (gzip.decompress(written[0]), written[1], gzip.decompress(written[2])) == (plain, packed, b".")
    assert len(written[0]) < 2_000


def test_files_take_no_more_than_they_may(
    account: EmulatedAccount, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Compressed, as they are copied."""
    sas = put_files(account, {"up/log.json": NOISE * 4, "many/1": b"1", "many/2": b"2"})
    monkeypatch.setattr(customer_files_store, "MOST_BYTES", 100_000)
    monkeypatch.setattr(customer_files_store, "MOST_FILES", 1)
    with use_storage(account.connection_string), in_loop(DEFAULT):
        for prefix, problem in (("up/", "The files are more than"), ("many/", "more than 1 files")):
            imported = _import(ImportSource(sas, prefix, ""))
            with pytest.raises(UnusableLog, match=problem):
                CopiedFiles(imported, imported.source).go_on(do_nothing)
