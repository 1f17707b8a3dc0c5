"""Imports: files of old logs become settings and a model of a loop, over HTTP."""

import gzip
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from benchmarks.machine import resident_bytes
from localhost.azurite.accounts import EmulatedAccount
from shared.configuration.configuration import INITIAL_ARGUMENTS
from tests.attacks.test_exploding_files import write_giant_list
from tests.hosts import HostProcess
from tests.http.api import Answer, Api
from tests.http.slots import use_slots
from tests.loop.conftest import KEY, NEVER
from tests.loop.customer_files import put_files
from tests.loop.evaluate_command import GREEDY
from tests.loop.learn_command import learn
from tests.loop.stored_loop import StoredLoop
from tests.loop.tables_of_events import WITHOUT_CHANCES, rows, write_columns, write_csv
from tests.storages import NewStorage
from tests.unit.learner.lines import event_lines, slots_lines

PATH = "/rankloop/v1/imports"
POLICY = "/personalizer/v1.0/configurations/policy"
SHARES = "/rankloop/v1/configurations/explorationShares"
EVENTS = 90
"""So few that no settings are searched, which takes most of the time."""


@pytest.fixture(scope="module")
def storage_of_all(new_storage: NewStorage) -> str:
    """The storage of all loops of this file."""
    return new_storage()


@pytest.fixture(scope="module")
def host(storage_of_all: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[HostProcess]:
    """A host for all tests of this file."""
    log = tmp_path_factory.mktemp("host") / "host.log"
    with HostProcess(storage_of_all, env=NEVER, log_file=log) as started:
        yield started


@pytest.fixture
def api(host: HostProcess, request: pytest.FixtureRequest) -> Api:
    """A loop of the test's own, which explores as the command `learn` supposes."""
    name = request.node.originalname.replace("_", "-")[:40].strip("-")
    owner = Api.at(host.url, KEY, tries=4)
    assert owner.put(f"/rankloop/v1/loops/{name}", {}).status in (200, 201)
    made = Api.at(f"{host.url}/{name}", KEY, tries=4)
    assert made.put(SHARES, {"default": 0.0}).status == 200
    return made


def begin(api: Api, sas: str, **fields: Any) -> str:
    """Start an import; gives its id."""
    started = api.post(PATH, {"container": sas, **fields})
    assert started.status == 201, started.body
    assert started.headers["location"].endswith(f"/imports/{started.json['id']}")
    return str(started.json["id"])


def wait_for(api: Api, of_id: str, seconds: float = 150) -> dict[str, Any]:
    """The import, once it has ended."""
    until = time.monotonic() + seconds
    while True:
        told: dict[str, Any] = api.get(f"{PATH}/{of_id}").json
        if told["status"] != "Running":
            return told
        assert time.monotonic() < until, told
        time.sleep(0.2)


def problem(answer: Answer) -> tuple[int, str, str | None]:
    return answer.status, answer.error["code"], answer.error.get("target")


# From files to a loop


def test_an_export_becomes_a_learning_loop(
    api: Api, theirs: EmulatedAccount, storage_of_all: str, tmp_path: Path, host: HostProcess
) -> None:
    """It finds what the command finds in the same files, changes nothing before it is applied, and keeps no lines."""
    lines = event_lines(EVENTS)
    files = {"export/2.json.gz": gzip.compress(b"\n".join(lines[40:])), "export/1.json": b"\n".join(lines[:40])}
    sas = put_files(theirs, {**files, "export/empty.json": b"", "other/no-log.txt": b"nothing"})
    before = api.get(POLICY).json
    for name, content in files.items():
        (tmp_path / Path(name).name).write_bytes(content)

    of_id = begin(api, sas, prefix="export/", id="old")
    told = wait_for(api, of_id)

    assert (told["status"], told["because"], told["progress"]) == ("Succeeded", None, None)
    logs = [argument for name in ("1.json", "2.json.gz") for argument in ("--log", tmp_path / name)]
    expected = learn(*logs, "--output", tmp_path / "learned")
    assert told["learned"] == expected
    assert api.get(POLICY).json == before
    assert api.get("/rankloop/v1/models").json["models"] == []
    with StoredLoop(storage_of_all) as stored:
        folder = f"{api.loop.strip('/')}/imports/"
        kept = {name: blob for name, blob in stored.all_blobs().items() if name.startswith(folder)}
    assert sorted(name.rsplit("/", 1)[-1] for name in kept if not name.endswith(".vw")) == [
        "evaluation.json",
        "learned.json",
    ]
    assert not any(secret in blob for blob in kept.values() for secret in (b"sig=", b'"user"'))

    assert api.post(f"{PATH}/{of_id}/apply", {}).status == 204
    assert api.post(f"{PATH}/{of_id}/apply", {}).status == 204  # once more changes nothing

    [model] = api.get("/rankloop/v1/models").json["models"]
    assert (model["origin"], model["learnedEvents"]) == ("imported", EVENTS)
    chosen = told["learned"]["chosen"]
    assert api.get(POLICY).json == {"name": chosen["name"], "arguments": chosen["arguments"]}
    other = begin(api, put_files(theirs, {"short/1.json": b"\n".join(lines[:60])}), prefix="short/")
    assert wait_for(api, other)["status"] == "Succeeded"
    assert problem(api.post(f"{PATH}/{other}/apply", {})) == (409, "ModelInUse", None)
    assert api.post(f"{PATH}/{other}/apply", {"confirm": True}).status == 204
    assert "sig=" not in host.log_file.read_text()


def test_a_table_without_chances_is_learned_like_by_the_command(
    api: Api, theirs: EmulatedAccount, tmp_path: Path
) -> None:
    """With a second table for the features of actions, which is no table of events although its name begins alike."""
    events, columns = rows(EVENTS), WITHOUT_CHANCES | {"actionFeatures": {"file": "table/actions.csv", "id": "id"}}
    write_csv(tmp_path / "events.csv", events)
    actions = [{"id": "tea", "hot": 1}, {"id": "juice", "hot": 0}, {"id": "water", "hot": 0}]
    (tmp_path / "table").mkdir()
    write_csv(tmp_path / "table" / "actions.csv", actions)
    files = {
        f"table/{name.name}": name.read_bytes() for name in (tmp_path / "events.csv", tmp_path / "table/actions.csv")
    }

    told = wait_for(api, begin(api, put_files(theirs, files), prefix="table/", columns=columns))

    described = write_columns(tmp_path / "columns.json", columns)
    expected = learn("--log", tmp_path / "events.csv", "--columns", described, "--output", tmp_path / "learned")
    assert "They were estimated" in " ".join(told["learned"]["remarks"])
    assert told["learned"] == expected


# What is refused


WITH_CHANCES = {"action": "shown", "reward": "clicked", "probability": "p"}


@pytest.mark.parametrize(
    ("prefix", "files", "columns", "because"),
    [
        ("missing/", {"1.csv": b"shown,clicked\ntea,much\n"}, WITH_CHANCES, "1.csv has no column p"),
        (
            "number/",
            {"1.csv": b"shown,clicked,p\ntea,much,.5\n"},
            WITH_CHANCES,
            "1.csv, line 2: column clicked",
        ),
        ("silent/", {"1.csv": b"shown,clicked\ntea,1\n"}, None, "nothing says what they hold"),
        ("slots/", {"1.json": b"\n".join(slots_lines(3))}, None, "1.json has events with several slots"),
        ("cut/", {"1.json.gz": gzip.compress(b"\n".join(event_lines(9)))[:-30]}, None, "1.json.gz is cut or damaged"),
        ("nothing/", {"1.json": b'{"not": "an event"}'}, None, "1.json has no event that can be evaluated, in 1 line"),
    ],
)
def test_a_file_that_cannot_be_learned_ends_the_import_with_its_name(
    api: Api, theirs: EmulatedAccount, prefix: str, files: dict[str, bytes], columns: Any, because: str
) -> None:
    """And says what to do about it; nothing can be applied."""
    sas = put_files(theirs, {prefix + name: content for name, content in files.items()})

    told = wait_for(api, begin(api, sas, prefix=prefix, **({"columns": columns} if columns else {})))

    assert (told["status"], told["learned"]) == ("Failed", None)
    assert because in told["because"]
    assert problem(api.post(f"{PATH}/{told['id']}/apply", {})) == (409, "ImportNotCompleted", None)


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere nothing bounds the memory of a process")
def test_a_file_that_fits_into_no_memory_ends_its_import_alone(
    api: Api, theirs: EmulatedAccount, host: HostProcess, tmp_path: Path
) -> None:
    """After two processes of it ended; meanwhile the host stays small, and another import comes to its end."""
    write_giant_list(tmp_path)
    events = b"\n".join(event_lines(EVENTS))
    files = {"large/events.parquet": (tmp_path / "events.parquet").read_bytes(), "small/1.json": events}
    sas, peaks, is_over = put_files(theirs, files), [0], threading.Event()

    def watch() -> None:
        while not is_over.wait(0.05):
            peaks.append(sum(map(resident_bytes, list_family(host.pid))))

    watching = threading.Thread(target=watch)
    watching.start()
    try:
        large = begin(api, sas, prefix="large/", columns={"action": "shown", "reward": "clicked"})
        small = wait_for(api, begin(api, sas, prefix="small/"))
        told = wait_for(api, large)
    finally:
        is_over.set()
        watching.join()

    assert (told["status"], small["status"]) == ("Failed", "Succeeded")
    assert "at large/events.parquet: it needed more memory than the 320 MiB that it may take" in told["because"]
    assert "tried twice" in told["because"]
    assert max(peaks) < 600 * 1024 * 1024


def list_family(pid: int) -> list[int]:
    """A process and all that any thread of it has started."""
    started = list[str]()
    for thread in Path(f"/proc/{pid}/task").glob("*"):
        with suppress(OSError):  # it has ended
            started += (thread / "children").read_text().split()
    return [pid, *(each for child in started for each in list_family(int(child)))]


def test_a_request_that_makes_no_sense_begins_nothing(api: Api, theirs: EmulatedAccount) -> None:
    """Each refusal says which field it is about."""
    sas = put_files(theirs, {"good/1.json": b"\n".join(event_lines(3))})
    writing = put_files(theirs, {}, rights="w")
    wrong = sas.replace("sig=", "sig=AAAA")
    refusals = {
        "nothing": problem(api.post(PATH, {})),
        "no address": problem(api.post(PATH, {"container": "logs"})),
        "cannot read": problem(api.post(PATH, {"container": writing})),
        "wrong signature": problem(api.post(PATH, {"container": wrong})),
        "no file": problem(api.post(PATH, {"container": sas, "prefix": "none/"})),
        "columns": problem(api.post(PATH, {"container": sas, "columns": {"action": "shown"}})),
        "misspelled": problem(api.post(PATH, {"container": sas, "columns": WITH_CHANCES | {"probabilty": "p"}})),
        "twice": problem(api.post(PATH, {"container": sas, "columns": WITH_CHANCES | {"actions": ["tea", "tea"]}})),
        "no actions": problem(
            api.post(
                PATH, {"container": sas, "columns": WITH_CHANCES | {"actionFeatures": {"file": "good/1", "id": "id"}}}
            )
        ),
        "policy": problem(api.post(PATH, {"container": sas, "policies": [{"name": "new-loop", "arguments": GREEDY}]})),
        "slots": problem(
            api.post(PATH, {"container": sas, "policies": [{"name": "mine", "arguments": "--ccb_explore_adf"}]})
        ),
        "id": problem(api.post(PATH, {"container": sas, "id": ".."})),
        "unknown": problem(api.get(f"{PATH}/none")),
    }

    assert refusals == {
        "nothing": (400, "InvalidImport", "container"),
        "no address": (400, "InvalidImport", "container"),
        "cannot read": (400, "InvalidImport", "container"),
        "wrong signature": (400, "InvalidImport", "container"),
        "no file": (400, "InvalidImport", "prefix"),
        "columns": (400, "InvalidImport", "columns.reward"),
        "misspelled": (400, "InvalidImport", "columns.probabilty"),
        "twice": (400, "InvalidImport", "columns"),
        "no actions": (400, "InvalidImport", "columns.actionFeatures.file"),
        "policy": (400, "DuplicateCustomPolicyNames", "policies[0].name"),
        "slots": (400, "InvalidPolicyConfiguration", "policies[0].arguments"),
        "id": (400, "InvalidImport", "id"),
        "unknown": (404, "ImportNotFound", None),
    }
    assert api.get(PATH).json == {"value": [], "nextLink": None}
    use_slots(api)
    assert problem(api.post(PATH, {"container": sas})) == (400, "InvalidImport", None)


def test_an_import_can_be_removed_at_any_time(api: Api, theirs: EmulatedAccount) -> None:
    """While it runs and after; its id is free again, and another one of it is told as such."""
    sas = put_files(theirs, {"removed/1.json": b"\n".join(event_lines(EVENTS))})
    of_id = begin(api, sas, prefix="removed/", id="again")
    assert problem(api.post(PATH, {"container": sas, "id": "again"})) == (400, "ImportAlreadyExists", "id")
    [listed] = api.get(PATH).json["value"]
    assert (listed["id"], listed["container"], listed["prefix"]) == (of_id, sas.partition("?")[0], "removed/")

    assert api.delete(f"{PATH}/again").status == 204
    assert wait_for(api, begin(api, sas, prefix="removed/", id="again"))["status"] == "Succeeded"
    assert api.delete(f"{PATH}/again").status == 204

    assert api.get(PATH).json["value"] == []
    assert api.get(POLICY).json["arguments"] == INITIAL_ARGUMENTS
