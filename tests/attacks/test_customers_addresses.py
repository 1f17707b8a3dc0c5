"""Addresses that owners set: whatever their servers do, one exchange fails, in time, and nobody else waits."""

import re
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import pytest

from localhost.azurite.accounts import EmulatedAccount
from shared.log import customer_container
from shared.log.customer_container import ContainerFailed, CustomerContainer, ListedFile
from shared.log.exchange_slots_store import ExchangesBusy, ExchangeSlot
from shared.storage.paths import OF_ALL, OF_LOOP, in_loop
from tests.attacks.hostile_address import FILES, LISTED_BYTES, LISTINGS, WRITES, HostileServer
from tests.hosts import HostProcess
from tests.http.api import Api
from tests.loop.conftest import KEY, QUICK
from tests.loop.customer_files import put_files
from tests.loop.evaluated_log import use_storage
from tests.storages import NewStorage
from tests.unit.learner.lines import event_lines

RATE = (64 * 1024, 2.0)
SERVICE, IMPORTS = "/personalizer/configurations/service?api-version=2022-09-01-preview", "/rankloop/v1/imports"
LISTED = [ListedFile("log/1", LISTED_BYTES, "0x1")]
REASONS = {
    "drippinghead": "moves less than 64 KiB a second",
    "drippingbody": "moves less than 64 KiB a second",
    "endlessheaders": r"does not answer as storage does \(HTTPException\)",
    "endlessheader": r"does not answer as storage does \(LineTooLong\)",
    "endlessbody": "lists its files in more than 16 MiB",
    "endlessname": "lists its files in more than 16 MiB",
    "endlesspages": "lists its files in too many pages",
    "bomb": "does not answer with a listing of blobs",
    "entities": "does not answer with a listing of blobs",
    "redirect": "answered 302",
    "garbage": r"does not answer as storage does \(BadStatusLine\)",
    "nolisting": "does not answer with a listing of blobs",
    "silent": "moves less than 64 KiB a second",
    "slowfile": "moves less than 64 KiB a second",
    "shortfile": "sent less of it than its listing says",
    "slowwrite": "moves less than 64 KiB a second",
    "endlesswrite": r"does not answer as storage does \(LineTooLong\)",
}


@pytest.fixture(scope="module")
def server() -> Iterator[HostileServer]:
    with HostileServer() as started:
        yield started


@pytest.fixture
def here(storage: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The test's account is the storage of this process; exchanges fail sooner than they do for owners."""
    monkeypatch.setattr(customer_container, "LEAST_RATE", RATE)
    with use_storage(storage), in_loop("default"):
        yield


def do_nothing() -> None:
    return


@pytest.mark.parametrize("kind", sorted({*LISTINGS, *FILES, *WRITES} - {"latefile"}))
def test_whatever_a_server_does_ends_the_exchange_and_is_told(
    here: None, server: HostileServer, kind: str, tmp_path: Path
) -> None:
    """With the address, but not its signature; and the process of the exchange stays small."""
    with CustomerContainer(server.address(f"own-{kind}"), "container", do_nothing) as container:
        try:
            if kind in WRITES:
                container.copy("loops/default/logs/a", lambda: b"log")
            elif kind in FILES:
                assert container.read_files(LISTED, 0, tmp_path / "step", 10**9, 8) == LISTED_BYTES
            else:
                assert len(container.list_files("log/", 10_001)) == 10_001
        except ContainerFailed as failure:
            reason = str(failure)
        else:
            reason = ""

    assert "secret" not in reason
    if kind in ("million", "endlessfile"):  # no more is read of these than was asked for
        assert reason == ""
    else:
        assert re.fullmatch(rf"(log/1 cannot be read: )?http://127.0.0.1:\d+/own-{kind}/logs {REASONS[kind]}", reason)


def test_the_least_rate_is_that_of_each_file(here: None, server: HostileServer, tmp_path: Path) -> None:
    """Many small files from far away are not slow, although they have few bytes a second."""
    files = [ListedFile("log/1", 9, "0x1")] * 4
    with CustomerContainer(server.address("own-latefile"), "container", do_nothing) as container:
        assert container.read_files(files, 0, tmp_path / "step", 10**9, 60) == 36


def test_an_exchange_that_nobody_wants_any_more_ends(here: None, server: HostileServer) -> None:
    """Such as that of an import that was deleted; what the check raises is raised."""
    wanted = threading.Event()
    wanted.set()

    def check() -> None:
        if not wanted.is_set():
            raise EOFError

    threading.Timer(0.5, wanted.clear).start()
    with CustomerContainer(server.address("deleted-silent"), "container", check) as container:
        with pytest.raises(EOFError):
            container.list_files("", 1)
        wait_until(lambda: not server.open_now("deleted-silent"))


def test_a_loop_has_two_exchanges_at_once_and_all_loops_eight(here: None, server: HostileServer) -> None:
    """A third one waits for its turn, as long as it has patience."""
    with ExitStack() as held:
        for number in range(OF_ALL // OF_LOOP):
            held.enter_context(in_loop(f"loop-{number}"))
            slots = [held.enter_context(ExchangeSlot(0, do_nothing)) for _ in range(OF_LOOP)]
            with pytest.raises(ExchangesBusy):
                ExchangeSlot(0, do_nothing).__enter__()
        held.enter_context(in_loop("another"))
        with pytest.raises(ExchangesBusy):
            ExchangeSlot(0, do_nothing).__enter__()
        threading.Timer(0.3, lambda: slots[0].__exit__()).start()
        with ExchangeSlot(20, do_nothing):
            pass


def wait_until(claim: Callable[[], bool], seconds: float = 60) -> None:
    """Wait until something is so, which takes some seconds at most on an idle machine."""
    until = time.monotonic() + seconds
    while not claim():
        assert time.monotonic() < until
        time.sleep(0.05)


# A whole host, attacked by the owner of one loop


@pytest.fixture(scope="module")
def host(new_storage: NewStorage, tmp_path_factory: pytest.TempPathFactory) -> Iterator[HostProcess]:
    """A host whose trainer runs all the time."""
    log = tmp_path_factory.mktemp("host") / "host.log"
    often = {**QUICK, "TRAIN_SCHEDULE": "*/2 * * * * *"}
    with HostProcess(new_storage(), env=often, log_file=log) as started:
        with PeakMemory(started.pid) as memory:
            yield started
        assert memory.peak_bytes < 600 * 2**20


class PeakMemory:
    """The most memory that a process and all that it started take together; what they share is counted once."""

    def __init__(self, pid: int) -> None:
        self.peak_bytes = 0
        self._pid = pid
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> "PeakMemory":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._is_over.wait(0.3):
            self.peak_bytes = max(self.peak_bytes, sum(map(_memory_bytes, _family(self._pid))))


def _family(pid: int) -> Iterator[int]:
    yield pid
    with suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            for child in (task / "children").read_text().split():
                yield from _family(int(child))


def _memory_bytes(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
    except OSError:  # it has ended
        return 0
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("Pss:"))


def loop_of(host: HostProcess, name: str, **settings: object) -> Api:
    """Make a loop; gives its API."""
    owner = Api.at(host.url, KEY, tries=4)
    assert owner.put(f"/rankloop/v1/loops/{name}", {}).status in (200, 201)
    made = Api.at(f"{host.url}/{name}", KEY, tries=4)
    assert made.put(SERVICE, {"rewardWaitTime": "PT5S", "modelExportFrequency": "PT5S", **settings}).status == 200
    return made


def rank(api: Api, event_id: str) -> int:
    return api.post(
        "/personalizer/v1.0/rank", {"eventId": event_id, "actions": [{"id": "a", "features": [{"x": 1}]}]}
    ).status


def learned(api: Api) -> int:
    return int(status(api)["events"]["learned"])


def test_imports_that_drip_hold_up_nobody_else(
    host: HostProcess, server: HostileServer, theirs: EmulatedAccount
) -> None:
    """Six at once, of one loop: another loop is served, and its own import ends, while those go on.

    The loop has two exchanges at once, and the other imports say that they wait. An import that is deleted ends its
    exchange within seconds.
    """
    evil, good = loop_of(host, "evil-imports"), loop_of(host, "good-imports")
    evil_ids = [start_import(evil, server.address("imports-slowfile")) for _ in range(6)]
    wait_until(lambda: server.open_now("imports-slowfile") > 0)
    listed = b"\n".join(event_lines(90))

    good_id = start_import(good, put_files(theirs, {"log/1.json": listed}))
    others = [good.get("/rankloop/v1/status").status, Api.at(host.url, KEY).get("/rankloop/v1/loops").status]
    wait_until(lambda: good.get(f"{IMPORTS}/{good_id}").json["status"] != "Running", 150)
    told = [evil.get(f"{IMPORTS}/{of_id}").json for of_id in evil_ids]
    deleted = [evil.delete(f"{IMPORTS}/{of_id}").status for of_id in evil_ids]

    assert others == [200, 200]
    assert good.get(f"{IMPORTS}/{good_id}").json["status"] == "Succeeded"
    assert server.most_open["imports-slowfile"] <= OF_LOOP
    assert deleted == [204] * 6
    wait_until(lambda: not server.open_now("imports-slowfile"), 10)
    assert any(
        "waits for its turn" in (each["because"] or "") or "KiB a second" in (each["because"] or "") for each in told
    )


def test_mirrors_that_drip_hold_up_no_join(host: HostProcess, server: HostileServer) -> None:
    """Not that of another loop, and not their own; and the status of the loop says since when the copy is behind."""
    mirror = {"logMirrorEnabled": True, "logMirrorSasUri": server.address("mirrors-slowwrite")}
    evil, good = [loop_of(host, f"evil-mirror-{number}") for number in range(3)], loop_of(host, "good-mirror")
    for api in evil:
        assert api.put(SERVICE, mirror).status == 200
    wait_until(lambda: all(rank(api, "first") == 201 for api in evil))
    wait_until(lambda: server.open_now("mirrors-slowwrite") > 0)

    before = [learned(api) for api in evil]
    assert {rank(api, "next") for api in (*evil, good)} == {201}
    wait_until(lambda: learned(good) > 0)
    wait_until(lambda: all(learned(api) > was for api, was in zip(evil, before, strict=True)))
    wait_until(lambda: "LogsNotMirrored" in {warning["code"] for warning in status(evil[0])["warnings"]}, 120)
    ended = [api.put(SERVICE, {"logMirrorEnabled": False, "logMirrorSasUri": ""}).status for api in evil]

    assert ended == [200] * 3
    wait_until(lambda: not server.open_now("mirrors-slowwrite"), 10)


def test_a_redaction_in_a_mirror_that_drips_holds_up_no_reader_of_logs(
    host: HostProcess, server: HostileServer
) -> None:
    """Neither of its own loop nor of another; it says which copies it could not replace."""
    evil, good = loop_of(host, "evil-redaction"), loop_of(host, "good-redaction")
    assert evil.put(SERVICE, {"logMirrorEnabled": True, "logMirrorSasUri": server.address("redaction")}).status == 200
    assert {rank(api, "one") for api in (evil, good)} == {201}
    wait_until(lambda: evil.post("/rankloop/v1/logs/redact:preview", {"eventId": "one"}).json["mirrored"] == 1)
    assert evil.put(SERVICE, {"logMirrorSasUri": server.address("redaction-slowwrite")}).status == 200

    with ThreadPoolExecutor(4) as pool:
        redactions = [pool.submit(evil.post, "/rankloop/v1/logs/redact", {"eventId": "one"}) for _ in range(4)]
        wait_until(lambda: server.open_now("redaction-slowwrite") > 0 or all(each.done() for each in redactions))
        read = [Api.at(api.url, KEY).get("/rankloop/v1/logs").status for api in (good, evil) for _ in range(3)]
        answers = [each.result() for each in redactions]

    assert read == [200] * 6
    assert any(answer.status == 200 and answer.json["notMirrored"] for answer in answers)


def status(api: Api) -> dict[str, Any]:
    answer: dict[str, Any] = api.get("/rankloop/v1/status").json
    return answer


@pytest.mark.parametrize("kind", ["bomb", "million", "entities", "redirect"])
def test_a_listing_that_is_too_much_is_refused(host: HostProcess, server: HostileServer, kind: str) -> None:
    """What it unpacks to never comes into being; of very many names, the first will do for the beginning."""
    api = loop_of(host, f"listing-{kind}")

    started = api.post(IMPORTS, {"container": server.address(f"listing-{kind}")})

    assert started.status == (201 if kind == "million" else 400), started.body
    if kind == "million":
        wait_until(lambda: api.get(f"{IMPORTS}/{started.json['id']}").json["status"] != "Running")
        assert "more than 10000 files" in api.get(f"{IMPORTS}/{started.json['id']}").json["because"]
    else:
        assert f"cannot be listed: http://127.0.0.1:{server.port}/listing-{kind}/logs " in started.error["message"]
        assert started.error["target"] == "container"


def start_import(api: Api, container: str) -> str:
    started = api.post(IMPORTS, {"container": container})
    assert started.status == 201, started.body
    return str(started.json["id"])
