"""What the injector decides follows from its seed, and each kind of fault has the effect that its name says."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from threading import Event as Stop
from typing import Any

import pytest

from shared.intake.scan import RowQuery, Tables, read_rows
from shared.storage.interface import Row, RowRange
from shared.storage.paths import this_loop
from shared.storage.storage_answers import ChangedMeanwhile, OutcomeUnknown
from shared.storage.this_storage import blobs, tables
from shared.storage_errors import StorageUnavailable
from shared.training import lease
from tests.simulation.faults import Died, Fault, Kind, Request, Seeded
from tests.simulation.storage import Refused
from tests.simulation.virtual_time import SECOND
from tests.simulation.world import Process, World
from train_timer.run import Trainings, _first_state

CHANCES = dict.fromkeys(Kind, 0.08)
REQUESTS = [Request("trainer", "put blob", f"loops/{number}") for number in range(300)]


class Planned:
    """Faults in a given order; then none."""

    def __init__(self, *faults: Fault) -> None:
        self.left = list(faults)
        self.requests: list[str] = []

    def decide(self, request: Request) -> Fault:
        self.requests.append(request.operation)
        return self.left.pop(0) if self.left else Fault()


@contextmanager
def process(*faults: Fault) -> Iterator[tuple[World, Planned, Process]]:
    """A process in a world with a container, whose next requests meet some faults."""
    planned = Planned()
    world = World(planned)
    with world.active(), (started := world.process("process")):
        blobs().write("loops/first", b"first")
        planned.left, planned.requests = list(faults), []
        yield world, planned, started


def test_the_same_seed_decides_the_same() -> None:
    """A schedule that shows a mistake is shown again by its seed."""
    one, again, other = Seeded(3, CHANCES), Seeded(3, CHANCES), Seeded(4, CHANCES)

    faults = [one.decide(request) for request in REQUESTS]

    assert faults == [again.decide(request) for request in REQUESTS]
    assert one.decided == again.decided
    assert faults != [other.decide(request) for request in REQUESTS]


def test_every_kind_of_fault_happens_about_as_often_as_its_chance_says() -> None:
    """What is never decided tests nothing."""
    faults = Seeded(5, CHANCES)

    for request in REQUESTS * 10:
        faults.decide(request)

    numbers = {kind: sum(decided.fault.kind is kind for decided in faults.decided) for kind in Kind}
    assert all(160 < number < 320 for number in numbers.values()), numbers


def test_what_one_process_meets_hangs_on_no_other_and_on_no_other_fault() -> None:
    """So that what is not needed can be left out when a schedule is made smaller."""
    alone, beside = Seeded(3, CHANCES), Seeded(3, CHANCES)
    faults = [alone.decide(request) for request in REQUESTS]
    kept = {decided.place for decided in alone.decided[::2]}
    some = Seeded(3, CHANCES, kept=kept)

    for request in REQUESTS:
        beside.decide(request._replace(process="another"))
        assert beside.decide(request) == faults.pop(0)
        some.decide(request)

    assert some.decided == alone.decided[::2]


def test_in_a_calm_nothing_goes_wrong() -> None:
    """So that a schedule ends in order."""
    faults = Seeded(5, CHANCES)
    faults.calm = True

    assert {faults.decide(request).kind for request in REQUESTS} == {None}
    assert faults.decided == []


APPLIED = {
    Kind.LOST_REQUEST: False,
    Kind.LOST_ANSWER: True,
    Kind.LATE: False,
    Kind.BUSY: False,
    Kind.ERROR: False,
    Kind.ERROR_AFTER: True,
}


@pytest.mark.parametrize("kind", APPLIED)
def test_a_client_that_gets_no_answer_from_any_try_says_so(kind: Kind) -> None:
    """Whether or not its request was obeyed; the SDKs' clients try four times, two minutes if each takes its time."""
    with process(*[Fault(kind)] * 4) as (_, planned, _):
        with pytest.raises(StorageUnavailable):
            blobs().write("loops/blob", b"data")

        assert planned.requests == ["put blob"] * 4
        assert (blobs().read("loops/blob") is not None) is (APPLIED[kind] or kind is Kind.LATE)


@pytest.mark.parametrize("kind", [Kind.LOST_ANSWER, Kind.ERROR_AFTER])
def test_a_client_meets_its_own_write_when_it_tries_again(kind: Kind) -> None:
    """As with Azure: a condition that held for the first try does not hold for the second."""
    with process(Fault(kind)):
        assert not blobs().create("loops/blob", b"data")

    with process() as (_, planned, _):
        etag = blobs().read_etag("loops/first")
        planned.left = [Fault(kind)]
        with pytest.raises(ChangedMeanwhile):
            blobs().write_over("loops/first", b"second", etag)


@pytest.mark.parametrize("kind", [Kind.LOST_REQUEST, Kind.BUSY, Kind.ERROR])
def test_a_client_that_tries_again_has_its_answer(kind: Kind) -> None:
    """What the first try left undone, the second does."""
    with process(Fault(kind)) as (_, planned, _):
        assert blobs().create("loops/blob", b"data")

        assert planned.requests == ["put blob"] * 2


@pytest.mark.parametrize("kind", APPLIED)
def test_the_hot_path_tries_once_and_says_whether_the_outcome_is_known(kind: Kind) -> None:
    """The group commit repeats what it can."""
    with process(Fault(), Fault(kind)) as (world, _, started):
        started.run(started.rest.create_table("events"))
        with pytest.raises(StorageUnavailable) as raised:
            started.run(started.rest.insert("events", [Row("p", "r", "id", 1)]))

        assert isinstance(raised.value, OutcomeUnknown) is (kind is not Kind.LOST_REQUEST)
        assert _is_stored(world) is APPLIED[kind]


def test_a_late_request_is_obeyed_when_its_client_has_given_up() -> None:
    """Even the request of a process that is dead by then."""
    with process(Fault(), Fault(Kind.LATE, after_us=5_000_000)) as (world, _, started):
        started.run(started.rest.create_table("events"))
        with pytest.raises(OutcomeUnknown):
            started.run(started.rest.insert("events", [Row("p", "r", "id", 1)]))
        started.kill()
        world.clock.sleep(4.9)
        before = _is_stored(world)
        world.clock.sleep(0.2)

        assert (before, _is_stored(world)) == (False, True)


def _is_stored(world: World) -> bool:
    try:
        world.storage.tables.get("events", "p", "r")
    except Refused:
        return False
    return True


@pytest.mark.parametrize(("kind", "there"), [(Kind.DEATH, False), (Kind.DEATH_AFTER, True)])
def test_a_process_that_dies_sends_nothing_any_more(kind: Kind, there: bool) -> None:
    """No handler and no `finally` of its code has an effect."""
    with process(Fault(kind)) as (_, planned, _):
        with pytest.raises(Died):
            _write_and_tidy()
        requests = list(planned.requests)
        with pytest.raises(Died):
            blobs().read("loops/first")

        assert requests == planned.requests == ["put blob"]

    assert not isinstance(Died(), Exception)
    with process(Fault(kind)) as (world, _, started):
        with pytest.raises(Died):
            started.call(blobs().write, "loops/blob", b"data")
        with (another := world.process("another")):
            assert (blobs().read("loops/blob") is not None) is there
        assert (started.is_dead, another.is_dead) == (True, False)


def _write_and_tidy() -> None:
    try:
        blobs().write("loops/blob", b"data")
    except Exception:
        blobs().remove("loops/first")
    finally:
        blobs().remove("loops/first")


def test_a_death_ends_all_that_the_process_has_begun() -> None:
    """Its other tasks too."""
    with process(Fault(before_us=10_000), Fault(Kind.DEATH)) as (world, _, started):
        slow = started.start(started.rest.read_blob("loops/first"))
        with pytest.raises(Died):
            started.run(_after_a_moment(started))
        world.clock.sleep(60)

        assert not slow.done()


async def _after_a_moment(started: Process) -> Any:
    await asyncio.sleep(0.001)
    return await started.rest.read_blob("loops/first")


def test_partial_pages_hold_all_rows_together() -> None:
    """However few each of them holds, none included."""
    partial = [Fault(Kind.PARTIAL, page=size) for size in (0, 1, 2, 0, 3)]
    with process() as (world, planned, started):
        table = this_loop().parse_table_name(
            this_loop().table_name("events", world.clock.now_us, world.settings.intake_span_us)
        )
        assert table is not None
        started.run(started.rest.create_table(table.name))
        for number in range(8):
            partition = this_loop().partition_key(0, world.clock.now_us)
            row = Row(partition, f"e{number}|a", f"e{number}", world.clock.now_us)
            started.run(started.rest.insert(table.name, [row]))
        for number in range(8):
            blobs().write(f"loops/list/{number}", b"")

        planned.left = [*partial]
        rows = read_rows(Tables((table,)), RowQuery("events", range(1), table.from_us, table.to_us))
        planned.left = [*partial]
        listed = [blob.path for blob in blobs().list_blobs("loops/list/")]
        planned.left = [*partial]
        queried = tables().read(table.name, RowRange("", "~"))

    assert [row.event_id for row in rows] == [f"e{number}" for number in range(8)]
    assert listed == [f"loops/list/{number}" for number in range(8)]
    assert [row.key for row in queried] == [f"e{number}|a" for number in range(8)]


def test_a_trainer_keeps_its_lease_while_it_waits_and_loses_it_when_it_dies() -> None:
    """Renewals come by virtual time, and end with their process."""
    with process() as (world, planned, first):
        trainer = lease.take(_first_state)
        assert trainer is not None
        world.clock.sleep(600)
        trainer.check()
        with (second := world.process("second")):
            held = lease.take(_first_state)
            planned.left = [Fault(Kind.DEATH)]
            with pytest.raises(Died):
                first.call(trainer.commit, _changed(trainer))
            world.clock.sleep(9)
            soon = lease.take(_first_state)
            world.clock.sleep(7)
            later = lease.take(_first_state)

        assert (held, soon) == (None, None)
        assert later is not None
        second.call(later.release)


def test_no_renewal_follows_a_release_in_the_middle_of_one() -> None:
    """As with the thread that renews a real one."""
    with process() as (world, planned, first):
        trainer = lease.take(_first_state)
        assert trainer is not None
        planned.left = [Fault(before_us=3 * SECOND)]
        world.clock.call_at(world.clock.now_us + 6 * SECOND, lambda: first.call(trainer.release))
        world.clock.sleep(60)

        assert planned.requests.count("renew lease") == 1


def _changed(trainer: Any) -> Any:
    return replace(trainer.state, joined_up_to_us=trainer.state.joined_up_to_us + 1)


@pytest.mark.parametrize(("seconds", "lost"), [(9, False), (16, True)])
def test_a_trainer_that_stands_still_too_long_loses_its_lease(seconds: int, lost: bool) -> None:
    """It learns of that when it goes on, before it changes anything."""
    with process() as (world, planned, first):
        trainer = lease.take(_first_state)
        assert trainer is not None
        second = world.process("second")
        taken = list[Any]()
        world.clock.call_at(
            world.clock.now_us + seconds * SECOND - SECOND // 2,
            lambda: taken.append(second.call(lease.take, _first_state)),
        )
        planned.left = [Fault(Kind.PAUSE, before_us=seconds * SECOND)]
        blobs().read("loops/first")

        assert [each is not None for each in taken] == [lost]
        if lost:
            with pytest.raises(lease.LeaseLost):
                first.call(trainer.commit, _changed(trainer))
        else:
            first.call(trainer.commit, _changed(trainer))


def test_an_instance_that_stands_still_answers_nobody_meanwhile() -> None:
    """Its event loop makes no turn."""
    with process(Fault(Kind.PAUSE, before_us=30 * SECOND)) as (world, _, started):
        first = started.start(started.rest.read_blob("loops/first"))
        world.clock.sleep(1)
        second = started.start(started.rest.read_blob("loops/first"))
        world.clock.sleep(28)
        before = first.done(), second.done()
        world.clock.sleep(2)

        assert (before, first.done(), second.done()) == ((False, False), True, True)


def test_a_table_is_dropped_once_though_its_deletion_seems_to_have_failed() -> None:
    """The client tries again, and Azure answers that the table is being deleted; the run must go on."""
    with process() as (world, planned, started):
        table = this_loop().parse_table_name(
            this_loop().table_name("events", world.clock.now_us, world.settings.intake_span_us)
        )
        assert table is not None
        started.run(started.rest.create_table(table.name))

        planned.left = [Fault(Kind.LOST_ANSWER)]
        tables().drop(table.name)

        assert planned.requests[-2:] == ["delete table"] * 2
        assert world.storage.tables.names() == []


def test_a_trainer_that_dies_anywhere_is_followed_by_the_next() -> None:
    """At its first request, at its second, and so on, up to its last."""
    for number in range(200):
        with process(*[Fault()] * number, Fault(Kind.DEATH_AFTER)) as (world, _, first):
            try:
                first.call(Trainings().run, Stop())
            except Died:
                world.clock.sleep(60)
                world.process("second").call(Trainings().run, Stop())
            else:
                break
    assert 10 < number < 199
