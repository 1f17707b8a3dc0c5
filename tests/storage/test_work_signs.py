"""Signs of life of work on evaluations: who is at work, who has died, and what is sent again."""

from collections.abc import Iterator
from contextlib import suppress
from threading import Event

import pytest
from azure.core.exceptions import ResourceNotFoundError
from azure.storage.queue import QueueClient

from evaluate_fn import signed_work
from localhost.azurite.accounts import EmulatedAccount
from shared.evaluation import evaluation_store, work_sign_store
from shared.evaluation.evaluation import Purpose, Status
from shared.evaluation.evaluation_queue import WorkMessage, make_message
from shared.evaluation.work_sign_store import MOST_DEATHS, SignOfLife, WorkSign
from shared.loops import loop_list_store
from shared.storage.azure.storage import AzureStorage
from shared.storage.paths import EVALUATION_QUEUE
from shared.storage.this_storage import blobs, this_storage
from shared.times import DAY, HOUR, SECOND
from tests.loop import evaluated_log
from train_timer.loop_runs import LoopRuns

WORK = WorkMessage("default", Purpose.EVALUATION, "one", 5, "logged")


@pytest.fixture(autouse=True)
def _home(account: EmulatedAccount) -> Iterator[None]:
    with evaluated_log.use_storage(account.connection_string):
        yield


@pytest.fixture
def stop() -> Event:
    """What tells a worker to stop."""
    return Event()


def die(message: str, work: WorkMessage = WORK) -> SignOfLife:
    """Begin some work, and do nothing more."""
    sign = work_sign_store.begin(work, message, Event())
    assert sign is not None
    sign._repetition.end()
    return sign


def survey(later: int) -> list[str]:
    """The messages that the trainer sends, so many seconds later."""
    with suppress(ResourceNotFoundError):
        queue_client().clear_messages()
    listed = loop_list_store.read_listing().work
    (modified,) = {int(blob.modified.timestamp()) * SECOND for blob in listed} or {0}
    work_sign_store.send_lost(listed, modified + later * SECOND)
    with suppress(ResourceNotFoundError):
        return [message.content for message in queue_client().peek_messages(32)]
    return []


def count_messages() -> int:
    """How many messages the queue has, those included that nobody gets yet."""
    return int(queue_client().get_queue_properties().approximate_message_count or 0)


def queue_client() -> QueueClient:
    """The SDK's client of the queue, which also tells of messages that nobody can receive yet."""
    storage = this_storage()
    assert isinstance(storage, AzureStorage)
    return storage._account.queues.get_queue_client(EVALUATION_QUEUE)


def test_the_message_of_a_worker_without_a_sign_for_a_minute_is_sent_again() -> None:
    """Once: it may have to wait for others in the queue, and no second one must come to it."""
    die("first")

    assert [survey(59), survey(60), survey(60), survey(3600)] == [[], [WORK.text()], [], []]
    assert [die("second").deaths, survey(59), survey(60)] == [1, [], [WORK.text()]]


def test_a_worker_that_lives_keeps_its_sign_young(stop: Event, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is written anew, and is gone when the work has ended; then nothing is listed."""
    monkeypatch.setattr(work_sign_store, "_EVERY_SECONDS", 0.01)
    sign = work_sign_store.begin(WORK, "first", stop)
    assert sign is not None
    (before,) = loop_list_store.read_listing().work

    evaluated_log.wait_until(lambda: loop_list_store.read_listing().work[0].etag != before.etag, 10)
    sign.end()

    assert (loop_list_store.read_listing().work, stop.is_set()) == ([], False)


def test_whoever_takes_a_message_sees_a_dead_worker_before_the_trainer_does(stop: Event) -> None:
    """Its time may be earlier than the trainer's, and the message would be lost."""
    die("first")
    (listed,) = loop_list_store.read_listing().work
    sign, seconds = WorkSign.of(listed.metadata, listed.modified, listed.etag), (0, 49, 50, 59, 60)
    times = [sign.modified_us + number * SECOND for number in seconds]

    assert [sign.is_alive(now_us) for now_us in times] == [True, True, False, False, False]
    assert [sign.is_dead(now_us) for now_us in times] == [False, False, False, False, True]


def test_work_is_begun_by_one_worker(stop: Event) -> None:
    """Others leave it, until it dies; its own message that comes again is given back by the platform."""
    die("first")

    assert work_sign_store.begin(WORK, "second", stop) is None
    assert [die("first").deaths, survey(60)] == [1, [WORK.text()]]
    assert die("third").deaths == 2


@pytest.mark.parametrize("message", ["first", "second"])
def test_a_worker_that_has_slept_stops_when_another_one_has_begun(stop: Event, message: str) -> None:
    """With another message or with the same one, and leaves the sign of that one alone."""
    sleeper = work_sign_store.begin(WORK, "first", stop)
    assert sleeper is not None
    survey(60)
    other = die(message)

    sleeper._renew()
    sleeper.end()

    assert stop.is_set()
    assert [blob.etag for blob in loop_list_store.read_listing().work] == [other._etag]


def test_a_sign_whose_answer_was_lost_is_the_workers_own() -> None:
    """It was written, and the repetition is refused: a worker must not take itself for another one."""
    first, second = ({"message": "one", "worker": worker, "deaths": "0"} for worker in ("first", "second"))
    written = work_sign_store._write(WORK.text(), first, None)

    assert written is not None
    assert work_sign_store._write(WORK.text(), first, None) == written
    assert work_sign_store._write(WORK.text(), second, None) is None


def test_a_sign_whose_last_answer_was_lost_goes_at_the_end() -> None:
    """Else the trainer would take the worker for dead."""
    sign = die("first")
    work_sign_store._write(WORK.text(), sign._mark, sign._etag)

    sign.end()

    assert loop_list_store.read_listing().work == []


def test_work_that_kills_its_worker_again_and_again_is_given_up(stop: Event) -> None:
    """With what to do; it would go on for a day. Its last messages come at random, apart from those of other work."""
    evaluation = evaluated_log.build_evaluation("deadly", (0, HOUR))
    evaluation_store.create(evaluation)
    work = make_message(evaluation, "logged")
    for number in range(MOST_DEATHS):
        die(str(number), work)
        assert (survey(60), count_messages()) == ([work.text()] if number < 2 else [], 1)

    signed_work.take(work.text(), "last", 1, stop)

    ended = evaluation_store.read(evaluation.purpose, evaluation.id)
    assert ended is not None
    assert ended.status is Status.FAILED
    assert "more memory" in (ended.reason or "")
    assert loop_list_store.read_listing().work == []


def test_a_sign_that_makes_no_sense_holds_up_no_run_of_the_trainer(caplog: pytest.LogCaptureFixture) -> None:
    """The log says so; an error would end each run before it learns."""
    loop_list_store.announce()
    blobs().create(f"{loop_list_store.WORK}odd", b"", {"message": "first", "deaths": "many"})

    LoopRuns().survey()

    assert "only the loop default is looked at" in caplog.text


def test_a_sign_of_what_nobody_takes_is_forgotten() -> None:
    """Its message was deleted by hand."""
    die("first")
    survey(60)

    assert [survey((DAY + 2 * HOUR) // SECOND), loop_list_store.read_listing().work] == [[], []]


def test_the_list_is_read_for_some_minutes_after_the_last_work(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is announced is listed before that is over."""
    assert not loop_list_store.is_announced()
    die("first").end()

    loop_list_store.withdraw()
    assert loop_list_store.is_announced()
    monkeypatch.setattr(loop_list_store, "_SIGN_FOR", -DAY)
    loop_list_store.withdraw()
    assert not loop_list_store.is_announced()
