"""Addresses that owners set: whatever their servers do, one exchange fails, in time, and nobody else waits."""

import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from localhost.azurite.accounts import EmulatedAccount
from shared.log import customer_container
from shared.log.customer_container import ContainerFailed, CustomerContainer, ListedFile
from shared.log.exchange_slots_store import ExchangesBusy, ExchangeSlot
from shared.storage.paths import OF_ALL, OF_LOOP, in_loop
from tests.attacks.hostile_address import FILES, LISTED_BYTES, LISTINGS, WRITES, HostileServer
from tests.loop.evaluated_log import use_storage

RATE = (64 * 1024, 2.0)
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
def here(storage: EmulatedAccount, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The test's account is the storage of this process; exchanges fail sooner than they do for owners."""
    monkeypatch.setattr(customer_container, "LEAST_RATE", RATE)
    with use_storage(storage.connection_string), in_loop("default"):
        yield


def do_nothing() -> None:
    return


@pytest.mark.parametrize("kind", [*LISTINGS, *FILES, *WRITES])
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
