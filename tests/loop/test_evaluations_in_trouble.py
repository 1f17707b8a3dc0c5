"""Evaluations that meet trouble: refused lines, log that goes, tasks that take too long, deletion meanwhile."""

import gzip
import time
from copy import replace
from datetime import timedelta
from pathlib import Path
from threading import Event

import pytest

from evaluate_fn import runner, stages
from shared.evaluation import evaluation_queue, evaluation_run_store, evaluation_store
from shared.evaluation.evaluation import Policy, Purpose, Source, Status
from shared.evaluation.evaluation_queue import make_message
from shared.times import DAY, HOUR
from tests.clock import now_us
from tests.conftest import StartHost
from tests.loop import evaluated_log, past
from tests.loop.conftest import NEVER
from tests.loop.stored_loop import StoredLoop
from tests.loop.workers import Worker

pytestmark = pytest.mark.usefixtures("at_home")


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


def test_arguments_that_vw_does_not_take_end_it_at_once(stored_loop: StoredLoop, start_host: StartHost) -> None:
    """Another try would fail, too."""
    bad = Policy("bad", "--cb_explore_adf --no_such_option", Source.CUSTOM)
    evaluation = evaluated_log.build_evaluation("bad", evaluated_log.write(stored_loop, hours=1), custom=(bad,))
    start_host(**NEVER)

    evaluation_store.start(evaluation)
    ended = evaluated_log.wait_for(evaluation, 20)

    assert ended.status is Status.FAILED
    assert "--no_such_option" in (ended.reason or "")
    evaluated_log.wait_until(lambda: stored_loop.names("evaluations/bad/") == ["evaluations/bad/evaluation.json"])


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
    span = evaluated_log.write(stored_loop, hours=1)
    evaluation = replace(evaluated_log.build_evaluation("slow", span), created_us=now_us() - DAY - HOUR)
    evaluation_store.create(evaluation)

    stages.take(make_message(evaluation, "logged").text(), 1, Event())

    ended = evaluation_store.read(Purpose.EVALUATION, "slow")
    assert ended is not None
    assert (ended.status, ended.reason) == (Status.TIMEOUT, "It was not done within a day.")


def test_a_task_that_takes_too_long_is_not_begun_anew(stored_loop: StoredLoop, monkeypatch: pytest.MonkeyPatch) -> None:
    """It would take as long again."""
    monkeypatch.setattr(runner, "TIMEOUT", timedelta())
    evaluation = evaluated_log.build_evaluation("long", evaluated_log.write(stored_loop, hours=1, events_an_hour=20))
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

    assert time.monotonic() - began < 20
    assert evaluated_log.is_running(evaluation)


def test_a_poison_message_that_is_none_of_ours_is_thrown_away() -> None:
    """Else it would come again and again."""
    stages.give_up("not for us")
