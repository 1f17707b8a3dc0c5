"""What the smoke check waits for after a deployment: the package that was deployed, and a run of its trainer.

By real hosts with ids of packages. A mixture of instances stands behind a front end, as Azure has one.
"""

import io
import json
import os
import re
import shutil
import subprocess
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from azure.storage.blob import BlobClient, BlobLeaseClient

from deployment import package_id, smoke
from deployment.rollout import SUCCESSIVE
from localhost.azurite.accounts import EmulatedAccount
from localhost.azurite.emulator import Azurite
from localhost.host.function_keys import MASTER_KEY
from tests.conftest import StartHost
from tests.hosts import HostProcess
from tests.http.api import Api
from tests.infra.hook_machine import Machine
from tests.infra.packaged import NEW, OLD, lay_out, never, serve_in_front, wait_for_trainer
from tests.infra.scripted_server import serve_answers
from tests.infra.smoking import KEY, run

QUICK = {"WRITE_DEADLINE": "PT2S", "JOIN_GRACE": "PT3S", "TRAIN_SCHEDULE": "* * * * * *", "API_KEY_1": KEY}
NEVER = {"TRAIN_SCHEDULE": never(), "API_KEY_1": KEY}
VARIABLES = {"RANKLOOP_KEY": KEY}
SHORT = 1.0
LONGER = 3.0
"""Time for a second attempt on a busy machine too."""
PATIENT = 12.0
WORKS = "The loop works"
RANKED = (201, '{"eventId": "<event>", "rewardActionId": "one"}')


@pytest.fixture(scope="module")
def new_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The app with the id that is new."""
    return lay_out(tmp_path_factory.mktemp("new") / "dist", NEW)


@pytest.fixture(scope="module")
def new(azurite: Azurite, new_folder: Path) -> Iterator[HostProcess]:
    """A host of the new package, whose trainer has run."""
    with HostProcess(azurite.new_account().connection_string, env=QUICK, root=new_folder) as host:
        wait_for_trainer(host.url, KEY, NEW)
        yield host


@pytest.fixture(scope="module")
def old(azurite: Azurite, tmp_path_factory: pytest.TempPathFactory) -> Iterator[HostProcess]:
    """A host of the old one."""
    folder = lay_out(tmp_path_factory.mktemp("old") / "dist", OLD)
    with HostProcess(azurite.new_account().connection_string, env=NEVER, root=folder) as host:
        yield host


def test_the_package_and_the_run_of_its_trainer_are_reported(new: HostProcess, new_folder: Path) -> None:
    """All that was seen, in its order."""
    code, output = run("--endpoint", new.url, "--package", str(new_folder), RANKLOOP_KEY=KEY)

    assert code == 0, output
    lines = output.splitlines()
    assert lines[1:3] == ["  it is ready", f"  package {NEW} answers, {SUCCESSIVE} times in a row"]
    assert lines[4] == "  it has taken a Reward"
    assert lines[5].startswith("  the trainer has run under this package, first at 20")
    assert lines[6].startswith(WORKS)


@pytest.mark.parametrize(
    ("method", "path", "key", "status"),
    [
        ("GET", "/", None, 302),
        ("GET", "/status", None, 200),
        ("GET", "/rankloop", None, 200),
        ("GET", "/nothing", None, 404),
        ("GET", "/rankloop/v1/status", None, 401),
        ("GET", "/rankloop/v1/status", KEY, 200),
        ("POST", "/personalizer/v1.0/rank", KEY, 400),
        ("POST", "/personalizer/v1.0/events/unknown/activate", KEY, 204),
    ],
)
def test_every_answer_has_the_id_in_a_header(
    new: HostProcess, method: str, path: str, key: str | None, status: int
) -> None:
    """Also a refusal, and what has no body or is for a browser."""
    answer = Api.at(new.url, key).call(method, path, b"", {"Accept": "text/html"})

    assert (answer.status, answer.headers.get("rankloop-package")) == (status, NEW)


def test_without_a_named_package_it_says_so_and_goes_on(new: HostProcess, capsys: pytest.CaptureFixture[str]) -> None:
    """Then the trainer of whatever answers must have run."""
    code = smoke.check(new.url, VARIABLES, PATIENT)
    output = capsys.readouterr().out

    assert code == 0
    assert f"\n  package {NEW} answers; whether that is what was deployed is not known without --package\n" in output
    assert "\n  the trainer has run under this package, first at 20" in output


def test_another_package_is_waited_for_and_then_refused(
    old: HostProcess, new_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Nothing is sent to it meanwhile."""
    code = smoke.check(old.url, VARIABLES, LONGER, new_folder)
    output = capsys.readouterr()

    assert code == 1
    assert re.search(rf"\n  waiting: Not {NEW} answers, but {OLD} \(\d+ s of at most 3\)\n", output.out)
    assert f"\nNot {NEW} answers, but {OLD} (after " in output.err
    assert "\n  Next step: An update may take minutes" in output.err
    assert "Rank" not in output.out
    assert WORKS not in output.out


def test_code_without_an_id_is_called_older(
    start_host: StartHost, new_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """As a loop is that was deployed before there were ids."""
    code = smoke.check(start_host(**NEVER).url, VARIABLES, SHORT, new_folder)
    output = capsys.readouterr()

    assert code == 1
    assert f"\nNot {NEW} answers, but older code, which tells no package (after " in output.err


def test_a_mixture_of_instances_never_satisfies(
    old: HostProcess, new: HostProcess, new_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Whoever goes on then has calls answered by the old code. The first call is that of /ready."""
    mixture = [old.url, *[new.url] * (SUCCESSIVE - 1)]
    with serve_in_front(mixture, mixture, 0) as url:
        code = smoke.check(url, VARIABLES, SHORT, new_folder)
    output = capsys.readouterr()

    assert code == 1
    assert f"\n{NEW} answers, but {OLD} does too (after " in output.err
    assert WORKS not in output.out


def test_an_update_is_waited_for_to_its_end(
    old: HostProcess, new: HostProcess, new_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of the instances one after the other becomes new."""
    with serve_in_front([new.url, old.url, new.url, new.url, old.url], [new.url], 5) as url:
        code = smoke.check(url, VARIABLES, PATIENT, new_folder)
    output = capsys.readouterr().out

    assert code == 0
    waiting, steady, ranked = (output.index(text) for text in (f"but {OLD}", f"package {NEW} answers", "a Rank"))
    assert waiting < steady < ranked


def test_the_run_is_noted_once_and_an_idle_trainer_writes_nothing_more(
    account: EmulatedAccount, start_host: StartHost, new_folder: Path
) -> None:
    """Each write has its price, and an idle loop would make one every few minutes."""
    host = start_host(root=new_folder, **NEVER)
    etags = []
    for _ in range(3):
        host.run("train_timer")
        etags.append(commit_record(account).get_blob_properties().etag)

    run = Api.at(host.url, KEY).get("/rankloop/v1/status").json["trainer"]["firstRun"]
    assert run["package"] == NEW
    assert etags == [etags[0]] * 3


def commit_record(account: EmulatedAccount) -> BlobClient:
    """The trainer's."""
    return BlobClient.from_connection_string(account.connection_string, "loops", "default/state.json")


@pytest.fixture
def stuck(account: EmulatedAccount, start_host: StartHost, new_folder: Path) -> HostProcess:
    """A host of the new package whose trainer cannot run, though it did under the code before; the loop is leased."""
    before = start_host(**QUICK)
    wait_for_trainer(before.url, KEY, None)
    before.stop()
    BlobLeaseClient(commit_record(account)).acquire(-1)
    return start_host(root=new_folder, **QUICK)


def test_a_trainer_that_has_not_run_since_is_reported(
    stuck: HostProcess, new_folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Its run under the code before does not count."""
    code = smoke.check(stuck.url, VARIABLES, LONGER, new_folder)
    output = capsys.readouterr()

    assert code == 1
    assert (
        f"\n  waiting: Ranks and Rewards are answered, but the trainer has not run under package {NEW} yet"
        in output.out
    )
    assert "\nRanks and Rewards are answered, but the trainer has not run" in output.err
    assert "azd env set RANKLOOP_ALWAYS_READY_INSTANCES 1" in output.err
    assert WORKS not in output.out


@pytest.mark.skipif(shutil.which("curl") is None, reason="the command needs curl")
def test_the_command_that_it_prints_has_the_trainer_run(
    start_host: StartHost,
    new_folder: Path,
    machine: Machine,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Here by an az that only pretends; the timer would not fire for months."""
    host = start_host(root=new_folder, **NEVER, **{MASTER_KEY: "the-master-key"})
    smoke.check(host.url, VARIABLES, LONGER, new_folder)
    output = capsys.readouterr().err
    machine.program("az", "#!/bin/sh\necho the-master-key\n")
    command = output[output.index("    az functionapp keys list --resource-group $GROUP --name $APP ") :]
    path = f"{machine.folder / 'programs'}{os.pathsep}{os.environ['PATH']}"
    subprocess.run(["/bin/sh", "-c", command], env={"PATH": path}, check=True, timeout=60)

    wait_for_trainer(host.url, KEY, NEW)


def test_the_command_names_the_app_that_azd_knows(stuck: HostProcess, capsys: pytest.CaptureFixture[str]) -> None:
    """But not where the endpoint is another loop's."""
    of_azd = {"AZURE_RESOURCE_GROUP": "rg-shop", "RANKLOOP_FUNCTION_APP": "func-shop", "RANKLOOP_ENDPOINT": stuck.url}
    smoke.check("", {**VARIABLES, **of_azd}, SHORT)
    own = capsys.readouterr().err
    smoke.check(stuck.url, {**VARIABLES, **of_azd}, SHORT)

    assert "--resource-group rg-shop --name func-shop --query masterKey" in own
    assert "--resource-group $GROUP --name $APP --query masterKey" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("trainer", "problem"),
    [
        (
            {"schedule": "0 0 3 * * *", "nextRunInSeconds": 86_400.0, "firstRun": None},
            "the trainer has not run yet, and by its schedule it runs in 24.0 hours.\n  Next step: Run the check again",
        ),
        (
            {"schedule": "0 0 3 * * *", "nextRunInSeconds": None, "firstRun": {"package": "x", "startedAt": ""}},
            "the trainer has not run yet (after ",
        ),
        (None, "does not tell whether the trainer runs: older code answers.\n  Next step: Deploy this version"),
    ],
)
def test_what_the_status_says_of_the_trainer_decides(
    trainer: object, problem: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A time that is far ahead is not waited for; a loop of an earlier version tells nothing of it."""
    status = json.dumps({"because": "…", "learning": False, **({"trainer": trainer} if trainer else {})})
    with serve_answers(rank=RANKED, reward=(204, ""), status=(200, status)) as url:
        code = smoke.check(url, VARIABLES, SHORT)
    output = capsys.readouterr()

    assert code == 1
    assert problem in output.err
    assert WORKS not in output.out


@pytest.mark.parametrize(
    "name", ["nothing", "empty", "text.zip", "damaged.zip", "lzma.zip", "encrypted.zip", "unusual.zip"]
)
def test_what_is_no_package_cannot_be_waited_for(tmp_path: Path, name: str) -> None:
    """Another folder, a file that is no ZIP file, one that cannot be unpacked, or nothing at all.

    Packed by LZMA it is refused, damaged or not: not every Python can unpack that.
    """
    (tmp_path / "empty").mkdir()
    (tmp_path / "text.zip").write_text("no ZIP file", encoding="utf-8")
    (tmp_path / "lzma.zip").write_bytes(_packed(zipfile.ZIP_LZMA))
    damaged = _packed(zipfile.ZIP_DEFLATED)
    damaged[30 + len(package_id.FILE)] = 0xFF  # the first byte of what is packed, behind the head and the name
    (tmp_path / "damaged.zip").write_bytes(damaged)
    for other, at, value in (("encrypted.zip", 6, 1), ("unusual.zip", 8, 99)):  # a flag, and how it is packed
        content = _packed(zipfile.ZIP_DEFLATED)
        content[at] = content[content.index(b"PK\1\2") + at + 2] = value  # in the file's head, and in the directory
        (tmp_path / other).write_bytes(content)
    code, output = run("--endpoint", "https://loop", "--package", str(tmp_path / name), RANKLOOP_KEY=KEY)

    assert code == 2, output
    assert re.search(rf"{name} is no deployment folder and no ZIP file of one\.\n  Next step: Give the folder", output)


def _packed(method: int) -> bytearray:
    """A ZIP file with an id, packed by a method."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", method) as archive:
        archive.writestr(package_id.FILE, "0.1.0-20260101T000000Z-abcdef12\n")
    return bytearray(packed.getvalue())
