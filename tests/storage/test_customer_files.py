"""The files of a customer's container: which are listed, and how much of the disk they may take."""

import gzip
import random
from pathlib import Path

import pytest

from localhost.azurite.accounts import EmulatedAccount
from shared.imports import customer_files_store
from shared.imports.customer_files_store import Download, has_file, has_files, list_files
from shared.imports.files.unusable_log import UnusableLog
from shared.log.customer_container import ContainerFailed
from tests.loop.customer_files import put_files
from tests.loop.evaluated_log import use_storage

NOISE = random.Random(1).randbytes(60_000)


def do_nothing() -> None:
    return


def test_files_are_listed_by_prefix_without_empty_ones_up_to_a_bound(storage: EmulatedAccount, tmp_path: Path) -> None:
    """In the order of their names."""
    sas = put_files(storage, {"a/2": b"22", "a/1": b"1", "a/0": b"", "b/1": b"1"})
    with use_storage(storage.connection_string):
        assert list_files(sas, "a/") == ["a/1", "a/2"]
        assert (has_files(sas, "b"), has_files(sas, "a/0")) == (True, False)
        assert [has_file(sas, name) for name in ("a/1", "a/", "a/0", "a/3")] == [True, False, False, False]
        with pytest.raises(ContainerFailed, match=r"^a/3 cannot be read: .* 404"):
            Download(sas, tmp_path, do_nothing).fetch("a/3")
        with pytest.raises(UnusableLog, match="more than 1 files"):
            list_files(sas, "a/", most=1)
        with pytest.raises(ContainerFailed, match="403"):
            list_files(sas.replace("sig=", "sig=AAAA"), "")


def test_files_are_compressed_on_disk_and_take_no_more_than_they_may(
    storage: EmulatedAccount, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those that are compressed already stay as they are."""
    plain, packed = b"line\n" * 20_000, gzip.compress(NOISE)
    sas = put_files(storage, {"up/log.json": plain, "packed.gz": packed})
    monkeypatch.setattr(customer_files_store, "MOST_BYTES", 100_000)
    with use_storage(storage.connection_string):
        download = Download(sas, tmp_path, do_nothing)
        first, second = download.fetch("up/log.json"), download.fetch("packed.gz")
        with pytest.raises(UnusableLog, match="The files are more than"):
            download.fetch("packed.gz")

    assert {first.parent, second.parent} == {tmp_path}
    assert (gzip.decompress(first.read_bytes()), second.read_bytes()) == (plain, packed)
    assert first.stat().st_size < 2_000
