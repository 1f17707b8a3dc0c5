"""Loops beside one another in one deployment: each learns for itself, and those that rest cost nothing."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from contextvars import copy_context
from copy import replace
from itertools import count as count_from
from threading import Event

import pytest

from configure_fn import loops
from localhost.azurite.accounts import EmulatedAccount
from shared import settings
from shared.configuration.configuration_store import create_configuration, initial_configuration, read_configuration
from shared.evaluation import work_sign_store
from shared.evaluation.evaluation import Purpose
from shared.evaluation.evaluation_queue import WorkMessage
from shared.intake import scan
from shared.loops import loop_list_store
from shared.storage import background_reads, clock, loop_threads
from shared.storage.paths import DEFAULT, EVALUATION_QUEUE, TRAINING_QUEUE, in_loop, loop_named, this_loop
from shared.storage.this_storage import blobs, queues, tables, this_storage
from shared.times import DAY, HOUR, MINUTE, SECOND
from tests.conftest import StartHost
from tests.faults.proxy import Fault, FaultProxy, Request, none
from tests.http.api import Api
from tests.http.loops import make_key, make_loop
from tests.loop import past
from tests.loop.conftest import KEY, QUICK
from tests.loop.stored_loop import StoredLoop
from tests.loop.traffic import LIKED, USERS, V1, rank_body
from train_timer import loop_deletion, loop_runs
from train_timer.loop_runs import LoopRuns
from train_timer.run import Trainings

SERVICE = {"rewardWaitTime": "PT5S", "modelExportFrequency": "PT5S"}


@pytest.fixture
def thousand(storage: str) -> None:
    """A thousand loops, all at rest, of which three were used and marked."""
    names = [f"loop-{number}" for number in range(1000)]
    with settings.use(settings.read({"AzureWebJobsStorage": storage})):
        loop_threads.at_once(loop_list_store.add, names[3:], 8)
        for name in names[:3]:
            use(name)


@pytest.fixture
def requests(account: EmulatedAccount) -> Iterator[list[FaultProxy]]:
    """Proxies between this process and each of the services, as if the account were the app's."""
    with ExitStack() as stack:
        targets = account.blob_endpoint, account.queue_endpoint, account.table_endpoint
        proxies = [stack.enter_context(FaultProxy(target)) for target in targets]
        addresses = zip(("Blob", "Queue", "Table"), proxies, strict=True)
        parts = [f"{service}Endpoint={proxy.url}" for service, proxy in addresses]
        connection = ";".join([f"AccountName={account.name}", f"AccountKey={account.key}", *parts])
        stack.enter_context(settings.use(settings.read({"AzureWebJobsStorage": connection})))
        yield proxies


def count(proxies: list[FaultProxy]) -> int:
    return sum(len(proxy.requests) for proxy in proxies)


def use(name: str) -> None:
    """Make a loop with settings and a mark, as one has that was called."""
    with in_loop(name):
        create_configuration(initial_configuration())
        loop_list_store.add(name)
        loop_list_store.mark()


def take_messages() -> list[str]:
    """Take the messages that wait for an instance."""
    messages = queues().receive(TRAINING_QUEUE, 32, 30)
    for message in messages:
        queues().remove(TRAINING_QUEUE, message)
    return [message.text for message in messages]


def test_each_loop_learns_from_its_own_events(start_host: StartHost) -> None:
    """By the functions that the host runs; a loop without calls has nothing, and the answers are those of its model."""
    host = start_host(**QUICK)
    owner = Api.at(host.url, KEY, tries=4)
    news = make_loop(owner, "news")
    assert news.put(f"{V1}/configurations/service", SERVICE).status == 200
    app = make_key(news, "app", "rank")
    for number in range(30):
        user = USERS[number % len(USERS)]
        chosen = app.post(f"{V1}/rank", rank_body(f"event-{number}", user)).json["rewardActionId"]
        assert app.post(f"{V1}/events/event-{number}/reward", {"value": float(chosen == LIKED[user])}).status == 204
    until = time.monotonic() + 60
    while not (status := news.get("/rankloop/v1/status").json)["model"] and time.monotonic() < until:
        time.sleep(0.5)

    assert status["model"], status
    assert news.get("/rankloop/v1/models").json["models"]
    assert owner.get("/rankloop/v1/models").json["models"] == []
    assert owner.get("/rankloop/v1/events").json["entries"] == []


@pytest.mark.usefixtures("thousand")
def test_loops_that_rest_cost_a_run_one_request_together(
    requests: list[FaultProxy], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A thousand loops, of which three were used: the list is one request, and nobody looks at any of them."""
    monkeypatch.setattr(loop_runs, "RESTED_AFTER", -DAY)
    runs, stop = LoopRuns(), Event()
    runs.run_all(stop)
    for text in take_messages():
        for _ in range(2):
            runs.take(text, stop)
    with in_loop(DEFAULT):
        trainings = runs._trainings.here()
        trainings.run(stop)
        before = count(requests)
        trainings.run(stop)
    alone = count(requests) - before

    runs.run_all(stop)

    assert count(requests) - before - alone == alone + 1  # the list
    assert [entry.visit_us > clock.now_us() + HOUR for entry in loop_list_store.list_loops()] == 1000 * [True]


def test_a_deployment_without_other_loops_reads_no_list(requests: list[FaultProxy]) -> None:
    """A list costs twelve times as much as a read, each minute; the first loop is seen by the next run."""
    runs, stop = LoopRuns(), Event()
    for _ in range(2):
        runs.run_all(stop)
    before = count(requests)
    with in_loop(DEFAULT):
        runs._trainings.here().run(stop)
    alone = count(requests) - before
    runs.run_all(stop)
    (look,) = [request for request in requests[0].requests[-alone - 1 :] if request.path.endswith("/loops/_sign")]
    assert (count(requests) - before, look.method) == (2 * alone + 1, "HEAD")

    use("news")
    runs.run_all(stop)

    assert len(take_messages()) == 1


def test_what_stands_still_in_a_loop_at_rest_goes_on(
    requests: list[FaultProxy], monkeypatch: pytest.MonkeyPatch
) -> None:
    """An evaluation whose worker has died: its loop need not be looked at, and there may be no loop but `default`."""
    monkeypatch.setattr(work_sign_store, "_DEAD_AFTER", 0)
    runs = LoopRuns()
    works = [WorkMessage(name, Purpose.EVALUATION, "one", 5, "logged") for name in (DEFAULT, "news")]
    for work in works:
        sign = work_sign_store.begin(work, "message", Event())
        assert sign is not None
        sign._repetition.end()
        runs.survey()
        loop_list_store.add("news")

    messages = queues().receive(EVALUATION_QUEUE, 9, 600)
    assert sorted(message.text for message in messages) == sorted(work.text() for work in works)
    runs.survey()
    assert queues().receive(EVALUATION_QUEUE, 9, 600) == [], requests
    assert blobs().read(loop_named("news").state) is None


def test_a_long_run_surveys_all_loops_in_between(requests: list[FaultProxy], monkeypatch: pytest.MonkeyPatch) -> None:
    """Else what stands still would wait until `default` has caught up."""
    monkeypatch.setattr(loop_runs, "_SURVEY_SECONDS", 0.01)

    LoopRuns().run_all(Event())

    assert len([request for request in requests[0].requests if request.path.endswith("/loops/_sign")]) > 1


def test_a_marked_loop_is_looked_at_until_nothing_can_come_any_more(requests: list[FaultProxy]) -> None:
    """Rows may come for as long as an instance takes its mark for good; a loop that is marked again rests no more."""
    use("news")
    runs, stop = LoopRuns(), Event()
    runs.run_all(stop)
    (text,) = take_messages()
    for _ in range(2):
        runs.take(text, stop)
    runs.run_all(stop)
    (again,) = take_messages()
    entry = loop_list_store.list_loops()[0]

    assert loop_list_store.rest(entry, clock.now_us() + DAY)
    assert not loop_list_store.rest(entry, clock.now_us() + DAY), again
    with in_loop("news"):
        loop_list_store.mark()
    runs.run_all(stop)
    assert len(take_messages()) == 1


@pytest.mark.parametrize("rewards_only", [False, True], ids=["a Rank", "a late reward"])
def test_a_loop_whose_last_part_is_not_over_does_not_rest(
    requests: list[FaultProxy], stored_loop: StoredLoop, rewards_only: bool
) -> None:
    """Else what came last would be log, and counted, only with the next call, or a day later."""
    part_us = past.minutes_ago(60) // (15 * MINUTE) * 15 * MINUTE
    past.configure(stored_loop, past.configuration(reward_wait_time="PT5S", model_export_frequency="PT15M"))
    rank, reward = past.event("last", part_us + MINUTE), past.reward("late", part_us + MINUTE)
    past.Past([] if rewards_only else [rank], [reward] if rewards_only else []).write(stored_loop)

    def run_at(watermark_us: int) -> int | None:
        """What the last of some runs says is done, if rows are complete up to a moment."""
        grace_us = clock.now_us() - watermark_us - 5 * SECOND
        with settings.use(replace(settings.settings(), write_deadline_us=DAY, join_grace_us=grace_us)):
            return [Trainings().run(Event()) for _ in range(3)][-1]

    within, after = run_at(part_us + 5 * MINUTE), run_at(part_us + 20 * MINUTE)

    assert within is not None
    assert within <= rank.at_us
    assert after is not None
    assert after > rank.at_us, requests


def test_nothing_is_left_of_a_deleted_loop(requests: list[FaultProxy], monkeypatch: pytest.MonkeyPatch) -> None:
    """Once no instance can write into it; a run that dies on the way is gone on with."""
    use("news")
    use("news-2")
    runs, stop = LoopRuns(), Event()
    runs.run_all(stop)
    for text in take_messages():
        runs.take(text, stop)
    create_table(loop_named("news").table_name("events", clock.now_us(), DAY))
    loop_list_store.begin_deletion("news")
    runs.run_all(stop)
    for text in take_messages():
        runs.take(text, stop)
    assert [*blobs().list_paths("loops/news/")]
    monkeypatch.setattr(loop_deletion, "_INSTANCES_KNOW_AFTER_US", 0)
    runs.run_all(stop)
    for text in take_messages():
        runs.take(text, stop)

    runs.run_all(stop)
    assert [entry.name for entry in loop_list_store.list_loops()] == ["news-2"]
    assert [*blobs().list_paths("loops/news/")] == []
    assert [*blobs().list_paths("loops/news-2/")]
    assert tables().list_names("A", "~") == []


def test_a_late_message_takes_nothing_from_the_next_loop_of_a_name(
    requests: list[FaultProxy], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The deletion that it is about has ended."""
    monkeypatch.setattr(loop_deletion, "_INSTANCES_KNOW_AFTER_US", 0)
    use("news")
    loop_list_store.begin_deletion("news")
    runs, stop = LoopRuns(), Event()
    runs.run_all(stop)
    (late,) = take_messages()
    runs.take(late, stop)
    use("news")

    runs.take(late, stop)

    assert blobs().read(loop_named("news").configuration) is not None, requests


class Sleeper:
    """A deletion of a loop that sleeps with one of its requests on the way."""

    def __init__(self, proxies: list[FaultProxy], at: int) -> None:
        self._left = at
        self._at_rest, self._wakes = Event(), Event()
        for proxy in proxies:
            proxy.plan = self._plan
        self._thread = ThreadPoolExecutor(1)
        self._work = self._thread.submit(copy_context().run, loop_deletion.go_on, this_loop().name)
        self._work.add_done_callback(lambda _: self._at_rest.set())
        assert self._at_rest.wait(30)
        self.has_ended = self._work.done()
        for proxy in proxies:
            proxy.plan = none

    def wake(self) -> None:
        """Let it go on, and wait for its end."""
        self._wakes.set()
        self._work.result(30)
        self._thread.shutdown()

    def _plan(self, _: Request) -> Fault | None:
        self._left -= 1
        if self._left >= 0:
            return None
        self._at_rest.set()
        return Fault(until=self._wakes)


def test_a_deletion_that_slept_takes_nothing_from_the_next_loop_of_a_name(
    requests: list[FaultProxy], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another worker has ended the deletion meanwhile; wherever this one slept, with a request on the way or before."""
    monkeypatch.setattr(loop_deletion, "_INSTANCES_KNOW_AFTER_US", 0)
    for at in count_from(0):
        with in_loop(f"news-{at}") as loop:
            use(loop.name)
            make_table()
            loop_list_store.begin_deletion(loop.name)
            sleeper = Sleeper(requests, at)
            if sleeper.has_ended:
                break
            loop_deletion.go_on(loop.name)
            assert loops._make(loop.name, None, "API_KEY_1")
            table = make_table()

            sleeper.wake()

            assert blobs().read(loop.configuration) is not None, at
            assert loop.name in loop_list_store.names(), at
            assert table in [each.name for each in scan.list_tables().tables], at
    assert at > 6


def make_table() -> str:
    """Make the table of this loop's first row."""
    secret = read_configuration().event_key_secret
    name = this_loop().table_name("events", clock.now_us(), DAY, secret)
    create_table(name)
    return name


def create_table(name: str) -> None:
    """Create a table."""
    background_reads.begin(this_storage().reader.create_table(name)).result()


@pytest.mark.usefixtures("requests")
def test_of_two_that_make_a_loop_at_once_neither_takes_away_what_the_other_has_made() -> None:
    """The second one has found no such loop in the list, for the first one had not come to its end."""
    with in_loop("news"):
        create_configuration(initial_configuration())
        first = blobs().read(loop_named("news").configuration)

    assert loops._make("news", None, "API_KEY_1")

    now = blobs().read(loop_named("news").configuration)
    assert (now and now.etag) == (first and first.etag)
