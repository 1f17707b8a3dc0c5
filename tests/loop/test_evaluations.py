"""Evaluations from the question to the answer: carried out by hosts, whatever happens to them."""

import gzip
import itertools
import random
import signal
import time
from collections.abc import Iterable
from pathlib import Path
from threading import Event

import pytest

from evaluate_fn import stages
from localhost.azurite.accounts import EmulatedAccount
from shared.evaluation import evaluation_queue, evaluation_run_store, evaluation_store
from shared.evaluation.evaluation import Purpose, Status
from shared.evaluation.evaluation_queue import WorkMessage, make_message
from shared.evaluation.replay import log_files
from shared.evaluation.work_sign_store import MOST_DEATHS
from shared.storage.paths import EVALUATION_QUEUE
from shared.storage.this_storage import queues
from shared.storage_errors import StorageUnavailable
from shared.times import compact
from tests.conftest import StartHost
from tests.faults.proxy import Fault
from tests.loop import evaluated_log
from tests.loop.conftest import NEVER
from tests.loop.stored_loop import StoredLoop
from tests.loop.strikes import Strike, open_route, write
from tests.loop.workers import Worker

PLACES = ("/stages/", "/lines", "/models/", "/tasks/", "/outcome.json", "/evaluation.json")
"""Where a worker writes, in this order."""
pytestmark = pytest.mark.usefixtures("at_home")


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
    for _ in range(MOST_DEATHS - 1):
        time.sleep(chance.uniform(0.1, 0.8))
        host.kill()
        deaths += evaluated_log.is_running(evaluation)
        evaluated_log.send_again(evaluation)
        host.start()
    ended = evaluated_log.wait_for(evaluation)

    assert ended.status is Status.SUCCEEDED
    assert deaths > 1
    assert evaluation_run_store.read_outcome(evaluation) == evaluated_log.evaluate_in_process(
        stored_loop, evaluation, tmp_path
    )


def test_a_worker_that_dies_at_any_write_leaves_what_the_next_worker_finishes(
    stored_loop: StoredLoop, account: EmulatedAccount, tmp_path: Path
) -> None:
    """Before storage gets what it wrote, and after; in the end nothing is there but what was found."""
    evaluation = evaluated_log.build_evaluation("written", evaluated_log.write(stored_loop, hours=1))
    evaluation_store.create(evaluation)

    with open_route(account) as route:
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

    assert evaluated_log.wait_for(evaluation).status is Status.SUCCEEDED


def test_a_stage_is_sent_once(stored_loop: StoredLoop) -> None:
    """Its tasks take time and money; two workers that see the last task end must not send the next tasks twice."""
    evaluation = evaluated_log.build_evaluation("once", evaluated_log.write(stored_loop, hours=1))
    evaluation_store.create(evaluation)

    for _ in range(2):
        stages.take(make_message(evaluation).text(), 1, Event())

    assert _list_sent_tasks() == ["custom-0", "custom-1", "logged"]


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

    assert _list_sent_tasks() == ["custom-0", "custom-1", "logged"]


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
    assert _list_sent_tasks() == []
    stages.take(make_message(evaluation, "first").text(), 2, Event())

    assert _list_sent_tasks() == ["custom-0", "custom-1", "logged"]


def _fail(_: Iterable[WorkMessage]) -> None:
    raise StorageUnavailable("nobody answers")


def _list_sent_tasks() -> list[str]:
    """The tasks of the messages that are seen in the queue, which may not be there yet."""
    messages = queues().receive(EVALUATION_QUEUE, 32, 30)
    return sorted(str(evaluation_queue.read(message.text).task) for message in messages)


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
