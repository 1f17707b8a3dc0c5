"""Workers on evaluations that die without a word: their messages stay hidden for ten minutes, the rest goes on."""

import re
import time
from pathlib import Path

import pytest

from localhost.azurite.accounts import EmulatedAccount
from shared.evaluation import evaluation_queue, evaluation_run_store, evaluation_store, plan
from shared.evaluation.evaluation import Evaluation, Purpose, Status
from shared.loops import loop_list_store
from shared.storage.this_storage import blobs
from tests.loop import evaluated_log
from tests.loop.stored_loop import StoredLoop
from tests.loop.test_evaluations_twice import build, evaluate_undisturbed, read_findings
from tests.loop.workers import Worker, die_of_message, take_messages

pytestmark = pytest.mark.usefixtures("at_home")


class Deaths:
    """Workers on an evaluation: the first dies as it begins to plan, the others each in the middle of a kind of task.

    Attributes:
        left: The kinds of tasks in which no worker has died yet.
    """

    def __init__(self, storage: str, evaluation: Evaluation, folder: Path, kinds: set[str]) -> None:
        self.left = set(kinds)
        self._evaluation = evaluation
        self._arguments = (storage, evaluation, folder / "worker.log")

    def go_on(self) -> None:
        """Let workers die, and others come a minute later, until the evaluation has ended."""
        with Worker(*self._arguments, die_of_message) as planner:
            assert planner.wait() < 0
        while evaluated_log.is_running(self._evaluation):
            evaluated_log.survey_later()
            with Worker(*self._arguments, take_messages) as worker:
                while evaluated_log.is_running(self._evaluation) and not self._strike(worker):
                    time.sleep(0.01)

    def _strike(self, worker: Worker) -> bool:
        """Let a worker die that is in the middle of a new kind of task."""
        if not (new := list_begun() & self.left):
            return False
        time.sleep(0.1)
        if has_died := worker.die_if(lambda: new <= list_begun()):
            self.left -= new
        return has_died


def list_begun() -> set[str]:
    """The kinds of tasks that somebody works on."""
    signs = [listed.path for listed in loop_list_store.read_listing().work if "message" in listed.metadata]
    texts = [stored.data.decode() for path in signs if (stored := blobs().read(path))]
    return {kind_of(evaluation_queue.read(text).task) for text in texts}


def kind_of(task: str | None) -> str:
    """What a task is about, without the number, or the settings, of one of several."""
    return re.sub(r"-[0-9a-f]{16}|-\d+", "", task or "planning")


@pytest.mark.parametrize(
    ("purpose", "kinds"),
    [
        (Purpose.EVALUATION, {"logged", "custom"}),
        (Purpose.IMPORTANCE, {"features", "all", "without"}),
        (Purpose.IMPORT, {"gathered", "logged", "learned"}),
    ],
)
def test_what_dies_in_the_middle_of_any_kind_of_task_is_done_a_minute_later_and_counts_once(
    stored_loop: StoredLoop, theirs: EmulatedAccount, tmp_path: Path, purpose: Purpose, kinds: set[str]
) -> None:
    """With what one undisturbed worker finds."""
    evaluation = build(stored_loop, theirs, "dies", purpose, hours=1)
    deaths = Deaths(stored_loop.storage, evaluation, tmp_path, kinds)
    evaluation_store.start(evaluation)

    deaths.go_on()

    ended = evaluated_log.wait_for(evaluation)
    assert (ended.status, ended.restarts, deaths.left) == (Status.SUCCEEDED, 1 + len(kinds), set())
    assert read_findings(evaluation) == evaluate_undisturbed(stored_loop, evaluation, tmp_path)


def test_a_search_whose_workers_die_finds_what_one_process_finds(
    stored_loop: StoredLoop, theirs: EmulatedAccount, tmp_path: Path
) -> None:
    """In each of its stages; most of its many tasks are done already."""
    evaluation = build(stored_loop, theirs, "search", Purpose.EVALUATION, hours=1, custom=(), optimise=True)
    results = evaluated_log.results_in_process(stored_loop, evaluation, tmp_path)
    for key in [key for key in results if key.startswith("search")][1:]:
        evaluation_run_store.keep_result(evaluation, results[key])
    deaths = Deaths(stored_loop.storage, evaluation, tmp_path, {"logged", "search", "logged-judging"})
    evaluation_store.start(evaluation)

    deaths.go_on()

    assert deaths.left == set()
    assert evaluation_run_store.read_outcome(evaluation) == plan.outcome(evaluation, results)
