"""Evaluations from the question to the answer: carried out by hosts, whatever happens to them."""

import gzip
import itertools
import random
import signal
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from azure.core.exceptions import ResourceNotFoundError

from evaluate_fn import runner, stages
from evaluate_fn.deletion import delete
from localhost.azurite.accounts import StorageAccount
from shared.evaluation import evaluation_queue, evaluation_run_store, evaluation_store
from shared.evaluation.evaluation import Evaluation, Policy, Purpose, Source, Status
from shared.evaluation.evaluation_queue import WorkMessage, make_message
from shared.evaluation.replay import log_files
from shared.evaluation.tasks import TaskResult
from shared.storage import sdk
from shared.storage.clock import now_us
from shared.storage.paths import EVALUATION_QUEUE
from shared.storage_errors import StorageUnavailable
from shared.times import DAY, HOUR, compact
from tests.conftest import StartHost
from tests.faults.proxy import Fault
from tests.loop import evaluated_log, past
from tests.loop.conftest import NEVER
from tests.loop.stored_loop import StoredLoop
from tests.loop.strikes import Strike, open_route, write
from tests.loop.workers import Worker

PLACES = ("/stages/", "/lines", "/models/", "/tasks/", "/outcome.json", "/evaluation.json")
"""Where a worker writes, in this order."""


@pytest.fixture(autouse=True)
def _home(stored_loop: StoredLoop) -> Iterator[None]:
    past.configure(stored_loop, past.configuration(reward_wait_time="PT10M"))
    with evaluated_log.use_storage(stored_loop.storage):
        yield


def test_an_evaluation_finds_what_one_process_finds(
    stored_loop: StoredLoop, start_host: StartHost, tmp_path: Path
) -> None:
    """Spread over messages and instances or not: better settings are searched, too, and what they learned is kept."""
    span = evaluated_log.write(stored_loop)
    evaluation = evaluated_log.build_evaluation("whole", span, optimise=True)
    start_host(**NEVER)
    start_host(**NEVER)

    assert evaluation_store.start(evaluation)
    ended = evaluated_log.wait_for(evaluation)

    outcome = evaluation_run_store.read_outcome(ended)
    assert outcome is not None
    assert (ended.status, ended.reason) == (Status.SUCCEEDED, None)
    assert outcome == evaluated_log.evaluate_in_process(stored_loop, evaluation, tmp_path)
    assert ended.optimal == outcome.optimal
    assert outcome.lines.passed_over == 12
    assert outcome.lines.used == 600 - 12
    best = next(policy for policy in outcome.policies if policy.policy.name == outcome.optimal)
    assert best.model is not None
    assert evaluation_run_store.read_model(ended, best.model.predictor_sha256)
    assert not stored_loop.blobs("evaluations/whole/tasks/")


def test_a_log_is_read_again_without_the_lines_that_the_learner_refuses(
    stored_loop: StoredLoop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also where the disk holds one blob of the log at a time: the blobs come anew for each pass."""
    monkeypatch.setattr(log_files, "MAX_BYTES", 1)
    evaluation = evaluated_log.build_evaluation("refused", evaluated_log.write(stored_loop, hours=3))
    (name, log), *_ = sorted(stored_loop.blobs("logs/").items(), reverse=True)
    harmful = gzip.decompress(log).replace(b'"c":{', b'"c":{"_text":5,', 2)
    stored_loop.put(name, gzip.compress(harmful), metadata=stored_loop.metadata(name))
    evaluation_store.create(evaluation)

    while evaluated_log.is_running(evaluation):
        for task in stages._open(evaluation, evaluation_run_store.read_results(evaluation)):
            stages.take(make_message(evaluation, task.key).text(), 1, Event())

    outcome = evaluation_run_store.read_outcome(evaluation)
    assert outcome is not None
    assert outcome.lines.refused == 2
    assert outcome == evaluated_log.evaluate_in_process(stored_loop, evaluation, tmp_path)


def test_hosts_that_are_killed_again_and_again_find_the_same(
    stored_loop: StoredLoop, start_host: StartHost, tmp_path: Path
) -> None:
    """At random moments: nothing is counted twice, and nothing is left out. What a dead one had comes back."""
    chance, span = random.Random(5), evaluated_log.write(stored_loop, events_an_hour=600)
    evaluation = evaluated_log.build_evaluation("killed", span)
    host = start_host(**NEVER)

    assert evaluation_store.start(evaluation)
    deaths = 0
    for number in range(5):
        time.sleep(chance.uniform(0.1, 0.8))
        host.kill()
        deaths += evaluated_log.is_running(evaluation)
        if number < 4:
            evaluated_log.send_again(evaluation)
        host.start()
    ended = evaluated_log.wait_for(evaluation)

    assert ended.status is Status.SUCCEEDED
    assert deaths > 1
    assert evaluation_run_store.read_outcome(evaluation) == evaluated_log.evaluate_in_process(
        stored_loop, evaluation, tmp_path
    )


def test_whoever_dies_at_any_write_leaves_what_the_next_one_finishes(
    stored_loop: StoredLoop, storage: StorageAccount, tmp_path: Path
) -> None:
    """Before storage gets what it wrote, and after; in the end nothing is there but what was found."""
    evaluation = evaluated_log.build_evaluation("written", evaluated_log.write(stored_loop, hours=1))
    evaluation_store.create(evaluation)

    with open_route(storage) as route:
        for place, fault in itertools.product(PLACES, (Fault(cut="before"), None)):
            with Worker(route.storage, evaluation, tmp_path / "worker.log") as worker:
                route.plan(strike := Strike(write(place), worker.die, fault))
                assert worker.wait() == -signal.SIGKILL, (place, worker.log_file.read_text())
                strike.wait()
    stages.take(make_message(evaluation).text(), 2, Event())

    ended = evaluated_log.wait_for(evaluation)
    assert ended.status is Status.SUCCEEDED
    outcome = evaluation_run_store.read_outcome(evaluation)
    assert outcome == evaluated_log.evaluate_in_process(stored_loop, evaluation, tmp_path)
    left = {name.split("/")[-2] for name in stored_loop.blobs("evaluations/written/")}
    assert left == {"written", compact(evaluation.created_us), "models"}


def test_what_was_begun_by_somebody_who_died_then_goes_on(stored_loop: StoredLoop, start_host: StartHost) -> None:
    """The first message is hidden, and comes when the record is there."""
    evaluation = evaluated_log.build_evaluation("half", evaluated_log.write(stored_loop, hours=1))
    evaluation_queue.send([make_message(evaluation)], 3)
    evaluation_store.create(evaluation)
    start_host(**NEVER)

    assert evaluated_log.wait_for(evaluation, 60).status is Status.SUCCEEDED


def test_a_stage_is_sent_once(stored_loop: StoredLoop) -> None:
    """Its tasks take time and money; two workers that see the last task end must not send the next tasks twice."""
    evaluation = evaluated_log.build_evaluation("once", evaluated_log.write(stored_loop, hours=1))
    evaluation_store.create(evaluation)

    for _ in range(2):
        stages.take(make_message(evaluation).text(), 1, Event())

    assert _sent_tasks() == ["custom-0", "custom-1", "logged"]


def test_two_who_end_a_stage_together_send_the_next_one_once(
    stored_loop: StoredLoop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second comes while the first is sending."""
    evaluation = evaluated_log.build_evaluation("together", evaluated_log.write(stored_loop, hours=1))
    evaluation_store.create(evaluation)
    send = evaluation_queue.send

    def send_late(messages: Iterable[WorkMessage]) -> None:
        stages.take(make_message(evaluation, "other").text(), 1, Event())
        send(messages)

    monkeypatch.setattr(evaluation_queue, "send", send_late)
    stages.take(make_message(evaluation).text(), 1, Event())

    assert _sent_tasks() == ["custom-0", "custom-1", "logged"]


def test_a_stage_whose_sender_died_is_sent_when_its_message_comes_again(
    stored_loop: StoredLoop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Others leave it to that message, which is not done with before."""
    evaluation = evaluated_log.build_evaluation("unsent", evaluated_log.write(stored_loop, hours=1))
    evaluation_store.create(evaluation)
    with monkeypatch.context() as patch:
        patch.setattr(evaluation_queue, "send", _fail)
        with pytest.raises(StorageUnavailable):
            stages.take(make_message(evaluation, "first").text(), 1, Event())

    stages.take(make_message(evaluation, "other").text(), 1, Event())
    assert _sent_tasks() == []
    stages.take(make_message(evaluation, "first").text(), 2, Event())

    assert _sent_tasks() == ["custom-0", "custom-1", "logged"]


def _fail(_: Iterable[WorkMessage]) -> None:
    raise StorageUnavailable("nobody answers")


def _sent_tasks() -> list[str]:
    """The tasks of the messages that are seen in the queue, which may not be there yet."""
    with sdk.queues().get_queue_client(EVALUATION_QUEUE) as queue, suppress(ResourceNotFoundError):
        return sorted(
            str(evaluation_queue.read(message.content).task) for message in queue.receive_messages(max_messages=32)
        )
    return []


def test_feature_importances_are_found_the_same_way(stored_loop: StoredLoop, start_host: StartHost) -> None:
    """What matters is who the user is, and which action."""
    importance = evaluated_log.build_evaluation(
        "features", evaluated_log.write(stored_loop), purpose=Purpose.IMPORTANCE, custom=()
    )
    start_host(**NEVER)

    evaluation_store.start(importance)

    assert evaluated_log.wait_for(importance).status is Status.SUCCEEDED
    features = {(score.namespace, score.feature) for score in evaluation_run_store.read_scores(importance) or ()}
    assert {feature for _, feature in features} >= {"user", "letter"}


# Messages that come twice


@pytest.mark.parametrize("purpose", Purpose)
def test_what_is_delivered_twice_is_found_once(
    stored_loop: StoredLoop, start_host: StartHost, tmp_path: Path, purpose: Purpose
) -> None:
    """The second of each while the first is at work: queues promise no less, and no more."""
    evaluation = evaluated_log.build_evaluation("twice", evaluated_log.write(stored_loop), purpose=purpose)
    host, again = start_host(**NEVER), set[str | None]()

    evaluation_store.start(evaluation)
    while evaluated_log.is_running(evaluation):
        tasks = stages._open(evaluation, evaluation_run_store.read_results(evaluation))
        for key in {None, *(task.key for task in tasks)} - again:
            host.begin("evaluate_work", make_message(evaluation, key).text())
            again.add(key)
        time.sleep(0.05)
    evaluated_log.wait_until(lambda: len(set(host.runs("evaluate_work"))) == 1)

    assert evaluated_log.wait_for(evaluation).status is Status.SUCCEEDED
    assert _read_findings(evaluation) == _evaluate_undisturbed(stored_loop, evaluation, tmp_path)
    assert not _leftovers(stored_loop, evaluation)


@pytest.mark.parametrize("purpose", Purpose)
def test_one_that_ends_while_a_second_worker_has_a_task_keeps_what_was_found(
    stored_loop: StoredLoop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, purpose: Purpose
) -> None:
    """It came too late; that is no reason to delete anything but what it brought."""
    evaluation = evaluated_log.build_evaluation("late", evaluated_log.write(stored_loop), purpose=purpose)
    evaluation_store.create(evaluation)
    carry_out = runner._TaskRun.carry_out

    def carry_out_late(run: runner._TaskRun) -> Any:
        with Worker(stored_loop.storage, evaluation, tmp_path / "worker.log") as worker:
            assert worker.wait() == 0
        return carry_out(run)

    monkeypatch.setattr(runner._TaskRun, "carry_out", carry_out_late)
    (first, *_) = stages._open(evaluation, {})
    stages.take(make_message(evaluation, first.key).text(), 1, Event())

    assert evaluated_log.wait_for(evaluation).status is Status.SUCCEEDED
    assert _read_findings(evaluation) == _evaluate_undisturbed(stored_loop, evaluation, tmp_path)
    assert not _leftovers(stored_loop, evaluation)


@pytest.mark.parametrize("purpose", Purpose)
def test_one_that_ends_before_the_last_worker_has_looked_again_keeps_what_was_found(
    stored_loop: StoredLoop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, purpose: Purpose
) -> None:
    """Another one saw its result, and had nothing to wait for."""
    evaluation = evaluated_log.build_evaluation("closing", evaluated_log.write(stored_loop), purpose=purpose)
    evaluation_store.create(evaluation)
    keep = evaluation_run_store.keep_result

    def keep_and_go_on(evaluation_with_result: Evaluation, result: TaskResult) -> bool:
        is_new = keep(evaluation_with_result, result)
        stages.take(make_message(evaluation).text(), 1, Event())
        return is_new

    monkeypatch.setattr(evaluation_run_store, "keep_result", keep_and_go_on)
    while evaluated_log.is_running(evaluation):
        task = stages._open(evaluation, evaluation_run_store.read_results(evaluation))[0]
        stages.take(make_message(evaluation, task.key).text(), 1, Event())

    assert evaluated_log.wait_for(evaluation).status is Status.SUCCEEDED
    assert _read_findings(evaluation) == _evaluate_undisturbed(stored_loop, evaluation, tmp_path)
    assert not _leftovers(stored_loop, evaluation)


def test_what_a_late_worker_of_a_canceled_one_brought_goes(
    stored_loop: StoredLoop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Canceled between the worker's last read of it and the worker's result."""
    evaluation = evaluated_log.build_evaluation("canceled", evaluated_log.write(stored_loop, hours=1))
    evaluation_store.create(evaluation)
    keep = evaluation_run_store.keep_result

    def cancel_and_keep(canceled: Evaluation, result: TaskResult) -> bool:
        assert delete(Purpose.EVALUATION, canceled.id)
        return keep(canceled, result)

    monkeypatch.setattr(evaluation_run_store, "keep_result", cancel_and_keep)
    stages.take(make_message(evaluation, "custom-0").text(), 1, Event())

    assert evaluated_log.wait_for(evaluation).status is Status.CANCELED
    assert list(stored_loop.blobs("evaluations/")) == ["evaluations/canceled/evaluation.json"]


def _read_findings(evaluation: Evaluation) -> object:
    is_evaluation = evaluation.purpose is Purpose.EVALUATION
    return (
        evaluation_run_store.read_outcome(evaluation) if is_evaluation else evaluation_run_store.read_scores(evaluation)
    )


def _evaluate_undisturbed(stored_loop: StoredLoop, evaluation: Evaluation, folder: Path) -> object:
    """What one undisturbed worker finds."""
    if evaluation.purpose is Purpose.EVALUATION:
        return evaluated_log.evaluate_in_process(stored_loop, evaluation, folder)
    alone = replace(evaluation, id="alone")
    evaluation_store.create(alone)
    with Worker(stored_loop.storage, alone, folder / "alone.log") as worker:
        assert worker.wait() == 0
    return evaluation_run_store.read_scores(alone)


def _leftovers(stored_loop: StoredLoop, evaluation: Evaluation) -> set[str]:
    """Blobs in its folder that only its tasks needed; its models have to be there."""
    root = "evaluations" if evaluation.purpose is Purpose.EVALUATION else "importances"
    names = {
        name.split(f"{compact(evaluation.created_us)}/")[-1] for name in stored_loop.blobs(f"{root}/{evaluation.id}/")
    }
    models = {name for name in names if name.startswith("models/")}
    assert len(models) == (4 if evaluation.purpose is Purpose.EVALUATION else 0)
    return names - models - {f"{root}/{evaluation.id}/evaluation.json", "outcome.json", "totals.json", "scores.json"}


# Trouble


def test_lines_that_the_learner_refuses_are_left_out(stored_loop: StoredLoop, tmp_path: Path) -> None:
    """The log is gone over once more then, without them."""
    evaluation = evaluated_log.build_evaluation("refused", evaluated_log.write(stored_loop))
    name, data = sorted(stored_loop.blobs("logs/").items())[1]
    lines = gzip.decompress(data).splitlines()
    lines[3] = lines[3].replace(b'"c":{', b'"c":{"_text":5,')
    stored_loop.put(name, gzip.compress(b"\n".join(lines) + b"\n"), metadata=stored_loop.metadata(name))
    evaluation_store.create(evaluation)

    with Worker(stored_loop.storage, evaluation, tmp_path / "worker.log") as worker:
        assert worker.wait() == 0

    outcome = evaluation_run_store.read_outcome(evaluation)
    assert outcome == evaluated_log.evaluate_in_process(stored_loop, evaluation, tmp_path)
    assert (outcome.lines.used, outcome.lines.refused) == (587, 1)


def test_lines_that_were_joined_under_other_settings_are_labelled_anew(stored_loop: StoredLoop, tmp_path: Path) -> None:
    """As the trainer does it: an evaluation is about one kind of reward."""
    evaluation = evaluated_log.build_evaluation("labelled", evaluated_log.write(stored_loop, hours=1), custom=())
    rewards = replace(evaluation.log.rewards, default=-1.0)
    evaluation = replace(evaluation, log=replace(evaluation.log, rewards=rewards))
    evaluation_store.create(evaluation)

    with Worker(stored_loop.storage, evaluation, tmp_path / "worker.log") as worker:
        assert worker.wait() == 0

    outcome = evaluation_run_store.read_outcome(evaluation)
    assert outcome is not None
    online = outcome.policies[0].total
    assert (online.lowest, online.highest) == (-1.0, 1.0)


def test_arguments_that_nobody_takes_end_it_at_once(stored_loop: StoredLoop, start_host: StartHost) -> None:
    """Another try would fail, too."""
    bad = Policy("bad", "--cb_explore_adf --no_such_option", Source.CUSTOM)
    evaluation = evaluated_log.build_evaluation("bad", evaluated_log.write(stored_loop, hours=1), custom=(bad,))
    start_host(**NEVER)

    evaluation_store.start(evaluation)
    ended = evaluated_log.wait_for(evaluation, 20)

    assert ended.status is Status.FAILED
    assert "--no_such_option" in (ended.reason or "")
    evaluated_log.wait_until(lambda: list(stored_loop.blobs("evaluations/bad/")) == ["evaluations/bad/evaluation.json"])


def test_what_fails_again_and_again_ends_it_with_the_reason(stored_loop: StoredLoop, start_host: StartHost) -> None:
    """A blob of log that is no gzip: no fault of the evaluation, but it cannot go on."""
    span = evaluated_log.write(stored_loop, hours=1)
    (name,) = stored_loop.blobs("logs/")
    stored_loop.put(name, b"no gzip", metadata=stored_loop.metadata(name))
    evaluation = evaluated_log.build_evaluation("poison", span)
    start_host(**NEVER)

    evaluation_store.start(evaluation)
    ended = evaluated_log.wait_for(evaluation, 100)

    assert ended.status is Status.FAILED
    assert "again and again" in (ended.reason or "")
    assert "gzip" in (ended.reason or "")


def test_log_that_is_deleted_meanwhile_ends_it(stored_loop: StoredLoop, start_host: StartHost) -> None:
    """Parts of the answer would be about other events than the rest."""
    evaluation = evaluated_log.build_evaluation("deleted", evaluated_log.write(stored_loop))
    configuration = past.configuration(reward_wait_time="PT10M")
    past.configure(stored_loop, replace(configuration, logs_deleted_before_us=now_us()))
    start_host(**NEVER)

    evaluation_store.start(evaluation)
    ended = evaluated_log.wait_for(evaluation, 20)

    assert ended.status is Status.FAILED
    assert "deleted or changed" in (ended.reason or "")


def test_log_that_vanishes_between_two_tasks_ends_it(stored_loop: StoredLoop, start_host: StartHost) -> None:
    """As when it gets too old while the evaluation runs."""
    evaluation = evaluated_log.build_evaluation("vanished", evaluated_log.write(stored_loop))
    evaluation_store.create(evaluation)
    stages.take(make_message(evaluation, "logged").text(), 1, Event())
    stored_loop.remove(min(stored_loop.blobs("logs/")))
    start_host(**NEVER)

    evaluation_queue.send([make_message(evaluation, "custom-0")])
    ended = evaluated_log.wait_for(evaluation, 20)

    assert ended.status is Status.FAILED
    assert "deleted or changed" in (ended.reason or "")


def test_a_finished_one_keeps_its_result_when_the_log_goes(stored_loop: StoredLoop, tmp_path: Path) -> None:
    """The log is kept for a while, evaluations until a client deletes them."""
    evaluation = evaluated_log.build_evaluation("kept", evaluated_log.write(stored_loop, hours=1))
    evaluation_store.create(evaluation)
    with Worker(stored_loop.storage, evaluation, tmp_path / "worker.log") as worker:
        assert worker.wait() == 0
    before = evaluation_run_store.read_outcome(evaluation)
    for name in stored_loop.blobs("logs/"):
        stored_loop.remove(name)

    assert before is not None
    assert evaluation_run_store.read_outcome(evaluation) == before


def test_without_log_it_succeeds_with_nothing(stored_loop: StoredLoop, start_host: StartHost) -> None:
    """An empty range is no failure."""
    now = now_us()
    evaluation = evaluated_log.build_evaluation("empty", (now - HOUR, now))
    start_host(**NEVER)

    evaluation_store.start(evaluation)

    assert evaluated_log.wait_for(evaluation, 30).status is Status.SUCCEEDED
    outcome = evaluation_run_store.read_outcome(evaluation)
    assert outcome is not None
    assert {len(policy.bins) for policy in outcome.policies} == {0}


def test_what_is_deleted_stops_within_seconds_and_leaves_nothing(
    stored_loop: StoredLoop, start_host: StartHost
) -> None:
    """Although messages of its tasks were still queued."""
    evaluation = evaluated_log.build_evaluation("gone", evaluated_log.write(stored_loop, hours=12, events_an_hour=1500))
    host = start_host(**NEVER)
    evaluation_store.start(evaluation)
    evaluated_log.wait_until(lambda: host.runs("evaluate_work")[0] >= 3)
    time.sleep(1)

    evaluation_store.remove(Purpose.EVALUATION, "gone")
    evaluated_log.wait_until(lambda: len(set(host.runs("evaluate_work"))) == 1, 15)

    assert stored_loop.blobs("evaluations/") == {}


def test_a_message_of_one_that_was_deleted_means_no_other_of_its_id(stored_loop: StoredLoop) -> None:
    """The caller chooses ids, and may use one again."""
    span = evaluated_log.write(stored_loop, hours=1)
    old, new = (evaluated_log.build_evaluation("again", span) for _ in range(2))
    evaluation_store.create(new)

    stages.take(make_message(old, "logged").text(), 1, Event())
    stages.give_up(make_message(old).text())

    assert list(stored_loop.blobs("evaluations/")) == ["evaluations/again/evaluation.json"]
    assert evaluation_store.read(Purpose.EVALUATION, "again") == new


def test_what_takes_more_than_a_day_is_given_up(stored_loop: StoredLoop) -> None:
    """Its user does not wait that long, and it costs as long as it goes on."""
    evaluation = replace(
        evaluated_log.build_evaluation("slow", evaluated_log.write(stored_loop, hours=1)), created_us=now_us() - DAY
    )
    evaluation_store.create(evaluation)

    stages.take(make_message(evaluation, "logged").text(), 1, Event())

    ended = evaluation_store.read(Purpose.EVALUATION, "slow")
    assert ended is not None
    assert (ended.status, ended.reason) == (Status.TIMEOUT, "It was not done within a day.")


def test_a_task_that_takes_too_long_is_not_begun_anew(stored_loop: StoredLoop, monkeypatch: pytest.MonkeyPatch) -> None:
    """It would take as long again."""
    monkeypatch.setattr(runner, "TIMEOUT", timedelta(seconds=0.3))
    evaluation = evaluated_log.build_evaluation("long", evaluated_log.write(stored_loop, hours=12, events_an_hour=1500))
    evaluation_store.create(evaluation)

    stages.take(make_message(evaluation, "logged").text(), 1, Event())

    ended = evaluation_store.read(Purpose.EVALUATION, "long")
    assert ended is not None
    assert ended.status is Status.TIMEOUT


def test_a_process_that_does_not_end_is_ended(stored_loop: StoredLoop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever it waits for."""
    monkeypatch.setattr(runner, "_SPARE", -runner.TIMEOUT)
    evaluation = evaluated_log.build_evaluation(
        "stuck", evaluated_log.write(stored_loop, hours=12, events_an_hour=1500)
    )
    evaluation_store.create(evaluation)

    stages.take(make_message(evaluation, "logged").text(), 1, Event())

    ended = evaluation_store.read(Purpose.EVALUATION, "stuck")
    assert ended is not None
    assert (ended.status, ended.reason) == (Status.TIMEOUT, "A task took longer than 50 minutes.")


def test_work_that_is_to_stop_stops_and_comes_again(stored_loop: StoredLoop) -> None:
    """As when the platform takes the instance away."""
    evaluation = evaluated_log.build_evaluation(
        "stopped", evaluated_log.write(stored_loop, hours=12, events_an_hour=1500)
    )
    evaluation_store.create(evaluation)
    stop, began = Event(), time.monotonic()
    stop.set()

    with pytest.raises(runner.Interrupted):
        stages.take(make_message(evaluation, "logged").text(), 1, stop)

    assert time.monotonic() - began < 5
    assert evaluated_log.is_running(evaluation)


def test_a_poison_message_that_is_none_of_ours_is_thrown_away() -> None:
    """Else it would come again and again."""
    stages.give_up("not for us")
