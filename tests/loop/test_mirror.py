"""The log is copied to a container of the customer's, and a container that fails holds nothing up."""

import gzip
import json
import signal
import socket
import time
from collections.abc import Callable, Iterator
from copy import replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path

import pytest
from azure.storage.blob import BlobServiceClient, ContainerClient, ContainerSasPermissions, generate_container_sas

from localhost.azurite.accounts import EmulatedAccount
from localhost.azurite.emulator import Azurite
from shared.log.redaction import EventTarget
from shared.times import MINUTE, from_datetime
from tests.faults.proxy import Fault
from tests.loop import past
from tests.loop.conftest import StartTrainer
from tests.loop.redactors import preview, redact
from tests.loop.stored_loop import StoredLoop
from tests.loop.strikes import Held, HoldingProxy, Strike, write

Sas = Callable[..., str]
CONTAINER = "mirror"


@pytest.fixture
def theirs(azurite: Azurite) -> EmulatedAccount:
    """The customer's account, of each test its own."""
    account = azurite.new_account()
    with BlobServiceClient.from_connection_string(account.connection_string) as client:
        client.create_container(CONTAINER)
    return account


@pytest.fixture
def sas(theirs: EmulatedAccount) -> Sas:
    """Makes addresses that open the customer's container."""

    def build_address(rights: str = "cw", hours: float = 1, container: str = CONTAINER) -> str:
        until = datetime.now(UTC) + timedelta(hours=hours)
        permission = ContainerSasPermissions.from_string(rights)
        signature = generate_container_sas(theirs.name, container, theirs.key, permission=permission, expiry=until)
        return f"{theirs.blob_endpoint}/{container}?{signature}"

    return build_address


@pytest.fixture
def mirrored(theirs: EmulatedAccount) -> Iterator[ContainerClient]:
    """The customer's container, opened with the customer's key."""
    with ContainerClient.from_connection_string(theirs.connection_string, CONTAINER) as client:
        yield client


def copies(client: ContainerClient) -> dict[str, bytes]:
    """What is in a container, by names in the loop's folder."""
    names = [blob.name for blob in client.list_blobs()]
    return {name.removeprefix("default/"): client.download_blob(name).readall() for name in names}


def run(trainer: StartTrainer, stored_loop: StoredLoop, sas_uri: str | None, minutes: float = 0) -> str:
    """Let the loop have two parts of log more, under a mirror or under none; gives the trainer's log."""
    enable(stored_loop, sas_uri, minutes)
    with trainer() as started_trainer:
        started_trainer.succeed()
    return started_trainer.read_log()


def enable(stored_loop: StoredLoop, sas_uri: str | None, minutes: float) -> None:
    """Make two more parts of log ready to be joined, with a mirror or without."""
    configuration = past.configuration(reward_wait_time="PT10M", model_export_frequency="PT1M")
    service = replace(configuration.service, log_mirror_enabled=sas_uri is not None, log_mirror_sas_uri=sas_uri or "")
    past.configure(stored_loop, replace(configuration, service=service))
    if minutes:
        at_us = past.minutes_ago(minutes)
        past.Past([past.event(f"{minutes}-{part}", at_us + part * 2 * MINUTE) for part in (0, 1)]).write(stored_loop)


def wait_for_the_next_second(client: ContainerClient) -> None:
    """Wait until a container, which tells the time in seconds, tells another one."""
    first_us = read_time_us(client)
    while read_time_us(client) == first_us:
        time.sleep(0.05)


def read_time_us(client: ContainerClient) -> int:
    """The time by a container's clock."""
    dates: list[str] = []
    client.exists(raw_response_hook=lambda response: dates.append(response.http_response.headers["Date"]))
    return from_datetime(parsedate_to_datetime(dates[-1]))


def test_log_is_copied_from_the_moment_on_at_which_mirroring_was_enabled(
    stored_loop: StoredLoop, trainer: StartTrainer, sas: Sas, mirrored: ContainerClient
) -> None:
    """Under the same names, byte for byte; what was logged before is not copied, nor what is logged after its end."""
    run(trainer, stored_loop, None, minutes=300)
    before = stored_loop.blobs("logs/")

    run(trainer, stored_loop, sas(), minutes=200)
    meanwhile = stored_loop.blobs("logs/")
    run(trainer, stored_loop, None, minutes=100)

    assert (len(before), len(meanwhile), len(stored_loop.blobs("logs/"))) == (2, 4, 6)
    assert copies(mirrored) == {name: data for name, data in meanwhile.items() if name not in before}
    assert stored_loop.document("state.json")["mirrored_up_to_us"] is None


@pytest.mark.parametrize(
    ("wrong", "problem"),
    [
        ({"rights": "rl"}, "answered 403"),
        ({"hours": -1}, "answered 403"),
        ({"container": "gone"}, "answered 404"),
    ],
)
def test_a_container_that_refuses_is_reported_and_catches_up_later(
    stored_loop: StoredLoop,
    trainer: StartTrainer,
    sas: Sas,
    mirrored: ContainerClient,
    wrong: dict[str, object],
    problem: str,
) -> None:
    """The loop learns on, and nothing that is kept or logged holds the SAS."""
    refused = sas(**wrong)
    run(trainer, stored_loop, None, minutes=300)

    log = run(trainer, stored_loop, refused, minutes=200)
    state, text = stored_loop.document("state.json"), stored_loop.blob("state.json")
    run(trainer, stored_loop, sas())

    assert problem in state["troubles"]["mirror"]["reason"]
    assert state["counters"]["learned"] == 4
    secret = refused.partition("sig=")[2][:20]
    assert secret.encode() not in (text or b"")
    assert secret not in log
    assert f"mirror: {refused.partition('?')[0]} answered" in log
    assert len(copies(mirrored)) == 2
    assert stored_loop.document("state.json")["troubles"] == {}


def test_an_address_that_never_answers_holds_nothing_up(stored_loop: StoredLoop, trainer: StartTrainer) -> None:
    """It is given some seconds, behind all that the loop needs."""
    run(trainer, stored_loop, None, minutes=300)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        began = time.monotonic()
        address = f"http://127.0.0.1:{port}/account/{CONTAINER}?sv=2024-01-01&sig=secret"
        run(trainer, stored_loop, address, minutes=200)
        state = stored_loop.document("state.json")
        seconds = time.monotonic() - began
        while not state["troubles"]:  # on a busy machine the run does not wait until the copy has failed
            run(trainer, stored_loop, address)
            state = stored_loop.document("state.json")

    assert seconds < 25
    assert state["counters"]["learned"] == 4
    assert "cannot be reached" in state["troubles"]["mirror"]["reason"]
    assert state["last_run"]["learned_events"] == 2


def test_what_may_have_been_copied_is_copied_again(
    stored_loop: StoredLoop, trainer: StartTrainer, sas: Sas, mirrored: ContainerClient
) -> None:
    """After a crash between a copy and the commit; nothing is doubled."""
    run(trainer, stored_loop, None, minutes=300)
    since_us = stored_loop.document("state.json")["joined_up_to_us"]
    run(trainer, stored_loop, sas(), minutes=200)
    first = copies(mirrored)
    state = stored_loop.document("state.json")
    stored_loop.put("state.json", json.dumps({**state, "mirrored_up_to_us": since_us}).encode())

    run(trainer, stored_loop, sas())

    assert first == copies(mirrored)
    assert stored_loop.document("state.json")["mirrored_up_to_us"] == state["mirrored_up_to_us"]


def test_a_trainer_killed_while_it_copies_leaves_nothing_uncopied(
    stored_loop: StoredLoop, trainer: StartTrainer, theirs: EmulatedAccount, sas: Sas, mirrored: ContainerClient
) -> None:
    """Whether the container got the copy or not."""
    run(trainer, stored_loop, None, minutes=300)
    before = stored_loop.blobs("logs/")
    with HoldingProxy(theirs.blob_endpoint) as proxy:
        through = sas().replace(theirs.blob_endpoint, proxy.url)
        enable(stored_loop, through, minutes=200)
        for fault in (Fault(cut="before"), None):
            with trainer() as started_trainer:
                proxy.plan = Strike(write(f"/{CONTAINER}/"), started_trainer.die, fault)
                assert started_trainer.wait() == -signal.SIGKILL
            stored_loop.break_lease()
    assert len(copies(mirrored)) == 1

    run(trainer, stored_loop, sas())

    assert copies(mirrored) == {name: data for name, data in stored_loop.blobs("logs/").items() if name not in before}
    assert len(copies(mirrored)) == 2


def test_a_redaction_reaches_the_copies_that_are_there(
    stored_loop: StoredLoop, trainer: StartTrainer, sas: Sas, mirrored: ContainerClient, tmp_path: Path
) -> None:
    """And makes none of log that was never copied; where the container cannot be reached, it says which copies stay."""
    run(trainer, stored_loop, None, minutes=300)
    run(trainer, stored_loop, sas(), minutes=200)
    copied, before = copies(mirrored), set(stored_loop.blobs("logs/"))
    targets = [EventTarget(name) for name in ("300-0", "200-0")]
    previews = [preview(stored_loop.storage, target).redaction for target in targets]
    answers = [redact(stored_loop.storage, target) for target in targets]
    redacted = copies(mirrored)
    run(trainer, stored_loop, sas(rights="r"))

    last = redact(stored_loop.storage, EventTarget("200-1"))

    assert [(answer.blobs, answer.mirrored, answer.not_mirrored) for answer in answers] == [(1, 0, []), (1, 1, [])]
    assert previews == answers
    assert set(redacted) == set(copied) < before
    assert b'"200-0"' not in b"".join(map(gzip.decompress, redacted.values()))
    assert (last.blobs, last.mirrored, [path.removeprefix("loops/default/") for path in last.not_mirrored]) == (
        1,
        0,
        sorted(redacted)[1:],
    )


@pytest.mark.parametrize("nth", [1, 2], ids=["of a first copy", "of a copy again"])
def test_a_late_write_of_a_sleeper_puts_nothing_redacted_back(
    stored_loop: StoredLoop,
    trainer: StartTrainer,
    theirs: EmulatedAccount,
    sas: Sas,
    mirrored: ContainerClient,
    nth: int,
) -> None:
    """It is stopped after it has sent a copy, which lands when another one has made that copy and all is redacted.

    The other one may have been before it, too, and died before it had committed: then the sleeper's first write finds
    a copy, and its second one would overwrite it.
    """
    run(trainer, stored_loop, None, minutes=300)
    with HoldingProxy(theirs.blob_endpoint) as proxy:
        enable(stored_loop, sas().replace(theirs.blob_endpoint, proxy.url), minutes=200)
        if nth == 2:
            with trainer() as killed:
                proxy.plan = Strike(write(f"/{CONTAINER}/"), killed.die, nth=2)
                killed.wait()
            stored_loop.break_lease()
        with trainer() as sleeper:
            proxy.plan = strike = Strike(write(f"/{CONTAINER}/"), sleeper.pause, held := Held(), nth)
            strike.wait()
            wait_for_the_next_second(mirrored)
            stored_loop.break_lease()
            run(trainer, stored_loop, sas())
            done = redact(stored_loop.storage, EventTarget("200-0"))
            redacted = copies(mirrored)
            held.free.set()
            sleeper.wake()
            sleeper.succeed()
    run(trainer, stored_loop, sas())

    assert (done.blobs, done.mirrored) == (1, 1)
    assert b'"200-0"' not in b"".join(map(gzip.decompress, redacted.values()))
    assert redacted == copies(mirrored)
