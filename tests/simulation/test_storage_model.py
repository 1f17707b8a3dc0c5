"""The model of storage answers what Azurite answers: to the same operations, through the product's own clients.

What Azurite is known to do otherwise than Azure is no part of these sequences, or is named in `storage.py`. A longer
comparison, with the expiry of a lease by real time:

SIMULATION=deep python3 dev.py test -- tests/simulation/test_storage_model.py
"""

import asyncio
import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from itertools import count
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from localhost.azurite.emulator import Azurite
from shared import settings as product
from shared.log.customer_container import CustomerContainer
from shared.settings import StorageSettings
from shared.storage.azure.account import account
from shared.storage.azure.rest import Rest
from shared.storage.interface import RowRange
from tests.simulation.answers import Answer, Operation, Side, perform
from tests.simulation.storage import Storage
from tests.simulation.world import World

DEEP: Final = os.environ.get("SIMULATION") == "deep"
_scopes = count(1)


def compared(examples: int) -> Any:
    """The settings of a comparison of so many sequences; twenty times as many in a deep run."""
    return settings(
        max_examples=examples * 20 if DEEP else examples,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
        phases=[Phase.explicit, Phase.generate, *([Phase.shrink] if DEEP else [])],
        deadline=None,
    )


class Real:
    """Azurite, reached by the product's clients."""

    def __init__(self, storage: StorageSettings, runner: asyncio.Runner) -> None:
        self._storage = storage
        self._runner = runner
        self._account = account(storage)
        self._rest = Rest(self._account, timeout=30)

    def perform(self, operations: list[Operation]) -> list[Answer]:
        scope = f"s{next(_scopes)}x"
        with product.use(replace(product.read({"AzureWebJobsStorage": "-"}), storage=self._storage)):
            return perform(Side(self._rest, self._account, self._runner.run, scope), operations)

    def close(self) -> None:
        self._runner.run(self._rest.close())


@pytest.fixture(scope="module")
def real(azurite: Azurite) -> Iterator[Real]:
    with asyncio.Runner() as runner:
        opened = Real(StorageSettings(azurite.new_account().connection_string), runner)
        yield opened
        opened.close()


@contextmanager
def simulated() -> Iterator[tuple[World, Side]]:
    """A world in which the names of deleted tables are free at once, as in Azurite."""
    world = World()
    world.storage.tables = Storage(world.clock, deletion_us=0).tables
    with world.active():
        process = world.process("process")
        with process:
            yield world, Side(process.rest, process.account, process.run, "s1x")


def simulate(operations: list[Operation]) -> list[Answer]:
    """Carry operations out on the model."""
    with simulated() as (_, side):
        return perform(side, operations)


def assert_same(real: Real, operations: list[Operation]) -> None:
    """Carry operations out on both, and compare their answers, the first that differs first."""
    model, azurite = simulate(operations), real.perform(operations)

    for number, (operation, expected, actual) in enumerate(zip(operations, azurite, model, strict=True)):
        assert (number, operation, _without_scope(expected)) == (number, operation, _without_scope(actual))


def _without_scope(answer: Answer) -> Answer:
    """An answer without the scope of its names, which differs from sequence to sequence."""
    if isinstance(answer, str):
        return re.sub(r"^s\d+x", "", answer)
    if isinstance(answer, list | tuple):
        return [_without_scope(part) for part in answer]
    return {name: _without_scope(part) for name, part in answer.items()} if isinstance(answer, dict) else answer


def operation(name: str, *values: st.SearchStrategy[Any]) -> st.SearchStrategy[Operation]:
    """An operation with any of some values."""
    return st.tuples(st.just(name), *values)


NAMES = st.sampled_from(["a/x", "a/y/1", "a/y/2", "a/z-1.json", "b/x"])
"""Of two containers, none of which is there at first."""
PREFIXES = st.sampled_from(["a/", "a/y", "a/y/", "a/q", "b/"])
DATA = st.sampled_from([b"", b"one", b"two", bytes(range(256))])
METADATA = st.sampled_from([{}, {"lines": "3"}, {"events": '{"cb": 2}', "rewards": "x"}])
ETAGS = st.integers(-1, 5)
LEASES = st.none() | st.integers(0, 2)
BLOBS = st.one_of(
    operation("create", NAMES, DATA, METADATA),
    operation("write", NAMES, DATA),
    operation("write_over", NAMES, DATA, st.none() | ETAGS, LEASES, st.none() | METADATA),
    operation("upload", NAMES, DATA, LEASES),
    operation("replace", NAMES, DATA),
    operation("remove", NAMES, st.none() | ETAGS),
    operation("delete", NAMES),
    operation("read", NAMES),
    operation("read_etag", NAMES),
    operation("read_version", NAMES),
    operation("read_piece", NAMES, st.sampled_from([0, 1, 3, 300]), st.sampled_from([1, 100, 256])),
    operation("read_file", NAMES, st.none() | DATA),
    operation("renew_etag", NAMES),
    operation("remove_unchanged", NAMES, ETAGS),
    operation("write_unmodified", NAMES, DATA, st.sampled_from([0, 1, 60])),
    operation("list_blobs", PREFIXES),
    operation("list_folders", PREFIXES),
    operation("read_blob", NAMES, st.none() | ETAGS),
    operation("read_piece_of_blob", NAMES, st.sampled_from([0, 1, 3, 300]), st.sampled_from([1, 100, 256])),
    operation("create_blob", NAMES, DATA),
)
LEASED = st.sampled_from(["a/x"])
"""Leases are worth testing where they meet writes."""
OF_LEASES = st.one_of(
    operation("acquire", LEASED, st.sampled_from([15, 15, 15, 60, 10, -1])),
    operation("acquire_again", st.integers(0, 2), st.just(15)),
    operation("renew", st.integers(0, 2)),
    operation("release", st.integers(0, 2)),
    operation("upload", LEASED, DATA, LEASES),
    operation("write_over", LEASED, DATA, st.none() | ETAGS, LEASES, st.none()),
    operation("remove", LEASED, st.none() | ETAGS),
    operation("renew_etag", LEASED),
    operation("delete", LEASED),
    operation("read", LEASED),
    operation("read_lease", LEASED),
)


@compared(15)
@given(operations=st.lists(BLOBS, min_size=10, max_size=30))
@example(operations=[("remove", "a/x", 0), ("write", "a/x", b""), ("remove", "a/x", -1), ("read", "a/x")])
def test_the_model_keeps_blobs_as_azurite_does(real: Real, operations: list[Operation]) -> None:
    """Writers rely on conditions: whether a write of another is noticed must not depend on which storage it is."""
    assert_same(real, operations)


@compared(15)
@given(operations=st.lists(OF_LEASES, min_size=10, max_size=30))
def test_the_model_leases_blobs_as_azurite_does(real: Real, operations: list[Operation]) -> None:
    """The lease lets one trainer work at a time."""
    assert_same(real, [("write", "a/x", b"first"), *operations])


TABLES = st.sampled_from(["events", "rewards"])
PARTITIONS = st.sampled_from(["default|00|1", "default|00|2", "default|01|1"])
ROWS = st.sampled_from(["e1|a", "e1|b", "e2|a", "~e|a"])
TEXTS = st.sampled_from(["", "text", "café"])
EVERYTHING = RowRange("", "~")
RANGES = st.sampled_from(
    [
        EVERYTHING,
        RowRange("default|00|1", "default|00|2"),
        RowRange("default|00|2", "default|01|1", [("e1|", "e1}")]),
        RowRange("default|00|2", "default|01|1", [("e1|", "e1}"), ("~e|", "~e}")], payloads=False),
        RowRange("default|02", "default|03"),
        RowRange("default|00|1", "default|00|2", from_us=1_800_000_000_000_000),
        RowRange("default|00|1", "~", from_us=1, to_us=1_800_000_000_000_000),
        RowRange("default|00|1", "~", id_begin="te"),
    ]
)
MOST = st.sampled_from([1, 2, 1000])
OF_TABLES = st.one_of(
    operation("create_table", TABLES),
    operation("delete_table", TABLES),
    operation("list_tables"),
    operation("insert", TABLES, st.tuples(PARTITIONS, ROWS, TEXTS)),
    operation("insert", TABLES, st.tuples(PARTITIONS, ROWS, TEXTS)),
    operation("insert_batch", TABLES, PARTITIONS, st.lists(st.tuples(ROWS, TEXTS), min_size=1, max_size=4)),
    operation("insert_batch", TABLES, PARTITIONS, st.lists(st.tuples(ROWS, TEXTS), min_size=1, max_size=4)),
    operation("read_row", TABLES, PARTITIONS, ROWS),
    operation("query", TABLES, RANGES, MOST),
    operation("query", TABLES, RANGES, MOST),
    operation("delete_rows", TABLES, RANGES),
    operation("delete_row", TABLES, PARTITIONS, ROWS),
)


@compared(15)
@given(operations=st.lists(OF_TABLES, min_size=10, max_size=30))
def test_the_model_keeps_tables_as_azurite_does(real: Real, operations: list[Operation]) -> None:
    """Appends rely on what a refused batch says: which row was there already, and that no other was stored."""
    assert_same(real, [("create_table", "events"), *operations])


def test_a_batch_that_storage_refuses_stores_nothing(real: Real) -> None:
    """Whichever row is to blame."""
    partition, key = "default|00|1", "e{}|a".format
    first, fresh = [(key(3), "")], [(key(number), "") for number in range(5)]
    twice = [(key(7), ""), (key(8), ""), (key(7), "")]
    batches = [("insert_batch", "events", partition, rows) for rows in (first, fresh, twice)]

    assert_same(real, [("create_table", "events"), *batches, ("query", "events", EVERYTHING, 1000)])


def test_a_batch_holds_a_hundred_rows(real: Real) -> None:
    """Of 101, Azurite breaks off its answer, and Azure refuses all (azure-data-tables knows both)."""
    rows = [(f"e{number:03}|a", "") for number in range(100)]
    batch = ("insert_batch", "events", "default|00|1", rows)
    assert_same(real, [("create_table", "events"), batch, ("query", "events", EVERYTHING, 1000)])

    refused = simulate(
        [("create_table", "events"), (*batch[:3], [*rows, ("f", "")]), ("query", "events", EVERYTHING, 1000)]
    )

    assert (refused[1][0], refused[2]) == ("OutcomeUnknown", [])


def test_a_query_goes_on_within_a_partition_after_a_thousand_rows(real: Real) -> None:
    """Every row comes once, in order of the keys, however the pages are cut."""
    batches = [
        ("insert_batch", "events", f"default|00|{part // 10}", [(f"{part * 100 + row:04}", "") for row in range(100)])
        for part in range(12)
    ]

    assert_same(real, [("create_table", "events"), *batches, ("query", "events", EVERYTHING, 1000)])


OF_QUEUES = st.one_of(
    operation("send", st.sampled_from(["one", "two", '{"task": null}']), st.sampled_from([0, 0, 600])),
    operation("send", st.sampled_from(["one", "two", '{"task": null}']), st.sampled_from([0, 0, 600])),
    operation("receive", st.integers(1, 5)),
    operation("delete_message", st.integers(0, 3)),
    operation("create_queue"),
)


@compared(10)
@given(operations=st.lists(OF_QUEUES, min_size=5, max_size=15))
def test_the_model_keeps_queues_as_azurite_does(real: Real, operations: list[Operation]) -> None:
    """Work on evaluations is sent to a queue that the first message makes."""
    assert_same(real, operations)


def test_a_message_comes_again_when_its_worker_is_gone(real: Real) -> None:
    """The worker that had it before cannot delete it then."""
    with simulated() as (world, side):
        perform(side, [("create_queue",), ("send", "work", 0)])
        first = perform(side, [("receive", 5), ("receive", 5)])
        world.clock.sleep(601)
        again = perform(side, [("receive", 5), ("delete_message", 0)])
        last = perform(side, [("delete_message", 1), ("receive", 5)])

    assert first == [[("work", 1)], []]
    assert (again[0], again[1][0]) == ([("work", 2)], "MessageLost")
    assert last == [None, []]


def test_a_lease_ends_by_the_clock_of_the_simulation() -> None:
    """Then another may take it, and the first can neither renew it nor write under it."""
    with simulated() as (world, side):
        perform(side, [("write", "a/x", b""), ("acquire", "a/x", 15)])
        world.clock.sleep(14.9)
        held = perform(side, [("acquire", "a/x", 15), ("upload", "a/x", b"", None), ("renew", 0)])
        world.clock.sleep(15.1)
        expired = perform(side, [("upload", "a/x", b"", 0), ("renew", 0)])
        world.clock.sleep(15.1)
        taken = perform(
            side, [("acquire", "a/x", 15), ("upload", "a/x", b"", 0), ("renew", 0), ("upload", "a/x", b"", 1)]
        )

    assert [answer and answer[2] for answer in held] == ["LeaseAlreadyPresent", "LeaseIdMissing", None]
    assert [answer and answer[2] for answer in expired] == ["LeaseLost", None]
    codes = [None, "LeaseIdMismatchWithBlobOperation", "LeaseIdMismatchWithLeaseOperation"]
    assert codes == [answer and answer[2] for answer in taken[:3]]
    assert taken[3][0] == "etag"


@pytest.mark.skipif(not DEEP, reason="takes a minute of real time")
def test_a_lease_ends_in_azurite_as_in_the_model(real: Real) -> None:
    """The same steps, by real time."""
    steps: list[Operation] = [("upload", "a/x", b"", 0), ("renew", 0), ("upload", "a/x", b"", 0), ("wait", 16)]
    steps += [
        ("upload", "a/x", b"", None),
        ("renew", 0),
        ("acquire", "a/x", 15),
        ("renew", 0),
        ("upload", "a/x", b"", 1),
    ]
    operations: list[Operation] = [("write", "a/x", b""), ("acquire", "a/x", 15), ("wait", 16), *steps]
    with pytest.MonkeyPatch.context() as patched, simulated() as (world, side):
        patched.setattr(Side, "wait", lambda _, seconds: world.clock.sleep(seconds), raising=False)
        model = perform(side, operations)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Side, "wait", lambda _, seconds: time.sleep(seconds), raising=False)
        azurite = real.perform(operations)

    assert list(map(_without_scope, azurite)) == list(map(_without_scope, model))


def test_the_name_of_a_deleted_table_stays_taken_for_a_while() -> None:
    """In Azure, unlike Azurite: it answers every operation on the table with 409 meanwhile ("Delete Table")."""
    world = World()
    with world.active(), (process := world.process("process")):
        side = Side(process.rest, process.account, process.run, "s1x")
        perform(side, [("create_table", "events"), ("delete_table", "events")])
        soon = perform(side, [("list_tables",), ("create_table", "events"), ("insert", "events", ("p", "r", ""))])
        world.clock.sleep(41)
        later = perform(side, [("create_table", "events"), ("insert", "events", ("p", "r", ""))])

    assert (soon[0], soon[1][0]) == ([], "StorageUnavailable")
    assert (soon[2][0], soon[2][3]) == ("RowRefused", (0, "TableBeingDeleted"))
    assert later == [None, 1]


def test_work_is_sent_to_a_queue_that_the_first_message_makes(real: Real) -> None:
    """By the product's own function, whose queue has the same name in every sequence."""
    operations: list[Operation] = [("send_work", "one"), ("send_work", "two"), ("receive_work", 5), ("receive_work", 5)]

    assert_same(real, operations)


def test_log_is_copied_to_the_container_of_a_customer() -> None:
    """It is in an account of its own, which the simulation makes when it is first named."""
    world, address = World(), "https://customer.blob.core.windows.net/mirror?sas"
    with world.active(), world.process("process"), CustomerContainer(address, "logMirrorSasUri", list) as container:
        container.copy("loops/default/logs/part", lambda: b"first")
        copied = world.mirrors[address].blobs
        container.copy("loops/default/logs/part", lambda: b"again")
        assert copied.get("mirror", "default/logs/part").data == b"again"

        assert container.replace("loops/default/logs/part", b"second")
        assert not container.replace("loops/default/logs/other", b"")
    assert [blob.data for blob in copied.page("mirror", "", None)[0]] == [b"second"]
