"""What a loop keeps on one machine, against other users of the machine."""

import os
import stat
from collections.abc import Callable, Iterable, Iterator
from http import HTTPStatus
from pathlib import Path

import pytest
from azure.core.exceptions import HttpResponseError
from azure.data.tables import TableServiceClient
from azure.storage.blob import BlobServiceClient
from azure.storage.queue import QueueServiceClient

from localhost.azurite.accounts import EmulatedAccount
from localhost.azurite.emulator import Azurite
from localhost.host.host_process import open_log
from tests.dev.test_up import RANK, Starter

pytestmark = pytest.mark.skipif(os.name != "posix", reason="other systems have no such modes")
PUBLISHED_KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="


def mode(path: Path) -> str:
    return f"{stat.S_IMODE(path.stat().st_mode):o}"


def open_to_others(folder: Path) -> dict[str, str]:
    """What group and others have a right on, the folder included."""
    paths = [folder, *folder.rglob("*")]
    return {path.name: mode(path) for path in paths if stat.S_IMODE(path.stat().st_mode) & 0o077}


@pytest.fixture
def up(tmp_path: Path) -> Iterator[Starter]:
    """Started by a user whose new files are for everyone."""
    starter = Starter(tmp_path / "data", umask=0)
    yield starter
    for serving in starter.started:
        if serving.process.poll() is None:
            serving.end()


def test_a_new_loop_is_for_its_user_alone(up: Starter) -> None:
    """While it serves, and what it leaves."""
    serving = up()
    serving.api.post("/personalizer/v1.0/rank", RANK)
    during = open_to_others(up.data)
    code, after = serving.end(), open_to_others(up.data)

    assert code == 0
    assert (during, after) == ({}, {})
    assert {"storage", "key"} <= {path.name for path in up.data.iterdir()}


def test_a_loop_of_an_earlier_version_is_closed_to_others(up: Starter) -> None:
    """Its folders were open, and so were its files."""
    (up.data / "storage").mkdir(parents=True, mode=0o755)
    (up.data / "key").write_text("0123456789abcdef", encoding="ascii")
    for path, rights in ((up.data, 0o755), (up.data / "storage", 0o755), (up.data / "key", 0o644)):
        path.chmod(rights)
    serving = up()

    assert f"Other users of this machine could look into {up.data}. It is for you alone now." in serving.output
    assert (serving.api.key, open_to_others(up.data)) == ("0123456789abcdef", {})


def test_a_folder_with_other_things_in_it_is_refused_and_left_as_it_is(up: Starter) -> None:
    """Such as one with a site in it, which others are to read."""
    up.data.mkdir()
    up.data.chmod(0o755)
    (up.data / "index.html").write_text("for everyone", encoding="ascii")
    serving = up()

    assert serving.process.wait(30) == 1
    assert f"Other users of this machine can look into {up.data}, which holds index.html." in serving.output
    assert (mode(up.data), [path.name for path in up.data.iterdir()]) == ("755", ["index.html"])


@pytest.mark.filterwarnings("ignore:Testing an element's truth value:DeprecationWarning")  # of the tables' client
def test_storage_does_not_take_the_published_key_of_the_emulator() -> None:
    """Every user of the machine reaches its ports."""
    with Azurite() as azurite:
        answers = [looks(account, account.key) for account in (azurite.account, azurite.new_account())]
        stolen = [looks(account, PUBLISHED_KEY) for account in (azurite.account, azurite.new_account())]

    assert (answers, stolen) == ([["there"] * 3] * 2, [[HTTPStatus.FORBIDDEN] * 3] * 2)


def looks(account: EmulatedAccount, key: str) -> list[int | str | None]:
    """What becomes of looks into tables, blobs and queues."""
    connection_string = account.connection_string.replace(account.key, key)
    tables = TableServiceClient.from_connection_string(connection_string)
    blobs = BlobServiceClient.from_connection_string(connection_string)
    queues = QueueServiceClient.from_connection_string(connection_string)
    return [look(tables.list_tables), look(blobs.list_containers), look(queues.list_queues)]


def look(listing: Callable[[], Iterable[object]]) -> int | str | None:
    try:
        return "there" if list(listing()) == [] else "something is there"
    except HttpResponseError as error:
        return error.status_code


def test_no_two_emulators_have_the_same_key() -> None:
    assert Azurite().account.key != Azurite().account.key


def test_the_log_of_a_host_is_for_its_user_alone(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        open_log(tmp_path / "host.log").close()
    finally:
        os.umask(before)

    assert mode(tmp_path / "host.log") == "600"
