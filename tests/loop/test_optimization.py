"""The loop searches for better learning settings by itself, takes them if they are better for certain, and goes on."""

import json
import signal
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from evaluate_fn import stages
from localhost.azurite.accounts import EmulatedAccount
from localhost.azurite.emulator import Azurite
from shared.configuration import configuration_store
from shared.configuration.configuration import Configuration, LearningSettings
from shared.configuration.service_configuration import LearningMode
from shared.evaluation import evaluation_run_store, evaluation_store
from shared.evaluation.evaluation import Evaluation, Purpose, Status
from shared.evaluation.evaluation_queue import make_message
from shared.evaluation.outcome import Outcome
from shared.evaluation.tasks import LineCounts
from shared.learner.arguments import parse
from shared.models import published_store
from shared.times import DAY, HOUR
from tests.clock import now_us
from tests.faults.proxy import Fault
from tests.loop import evaluated_log, past
from tests.loop.conftest import StartTrainer
from tests.loop.stored_loop import StoredLoop
from tests.loop.strikes import Route, Strike, open_route, write
from tests.loop.trainers import Trainer
from tests.loop.workers import Worker
from tests.processes import process

BLIND = "--cb_explore_adf --epsilon 0.2 --cb_type mtr"
"""Settings that cannot learn what a user has to do with an action."""
LEARNED = 7 * 147 + 1
DOCUMENTS = ("configuration.json", "published.json", "state.json")


@pytest.fixture(autouse=True)
def _home(stored_loop: StoredLoop) -> Iterator[None]:
    with evaluated_log.use_storage(stored_loop.storage):
        yield


def configure(stored_loop: StoredLoop, learning: str = BLIND, **service: Any) -> Configuration:
    fields = {"reward_wait_time": "PT10M", "is_auto_optimization_enabled": True, **service}
    configuration = past.configuration(learning, **fields)
    past.configure(stored_loop, configuration)
    return configuration


def log(stored_loop: StoredLoop, hours: int = 7) -> tuple[int, int]:
    """Log of 147 events an hour that a model can learn from, and one more event after it that is not log yet."""
    past.Past([past.event("last", past.minutes_ago(30))]).write(stored_loop)
    return evaluated_log.write(stored_loop, hours=hours)


@dataclass(frozen=True, slots=True)
class Lived:
    """A loop that found better settings.

    Attributes:
        account: Where it is kept.
        before: Its documents before the round was carried out and decided on.
        after: The same afterwards.
        evaluation: The round's, as it was decided on.
    """

    account: EmulatedAccount
    stored_loop: StoredLoop
    before: Mapping[str, bytes]
    after: Mapping[str, bytes]
    evaluation: Evaluation

    def go_back(self, documents: Mapping[str, bytes]) -> None:
        """Put the documents back as they were at a moment, and the evaluation as it was before it was decided on."""
        self.stored_loop.break_lease()
        for name, text in documents.items():
            self.stored_loop.put(name, text)
        reset_decision(self.evaluation)

    def train(self, folder: Path) -> None:
        """Let the trainer run."""
        with Trainer(self.stored_loop.storage, folder / "trainer.log") as trainer:
            trainer.succeed()


@pytest.fixture(scope="module")
def learned(azurite: Azurite, tmp_path_factory: pytest.TempPathFactory) -> Iterator[StoredLoop]:
    """A loop that has learned enough events for a round, and wants none."""
    with StoredLoop(azurite.new_account().connection_string) as stored_loop:
        configure(stored_loop, is_auto_optimization_enabled=False)
        log(stored_loop)
        with Trainer(stored_loop.storage, tmp_path_factory.mktemp("learned") / "trainer.log") as trainer:
            trainer.succeed(120)
        yield stored_loop


@pytest.fixture(scope="module")
def begun(learned: StoredLoop, azurite: Azurite, tmp_path_factory: pytest.TempPathFactory) -> Iterator[StoredLoop]:
    """A loop whose first round was started, and is not carried out yet."""
    with StoredLoop(azurite.new_account().connection_string) as stored_loop:
        stored_loop.copy_from(learned)
        configure(stored_loop)
        with Trainer(stored_loop.storage, tmp_path_factory.mktemp("begun") / "trainer.log") as trainer:
            trainer.succeed(120)
        yield stored_loop


@pytest.fixture(scope="module")
def once(begun: StoredLoop, azurite: Azurite, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lived]:
    folder, account = tmp_path_factory.mktemp("lived"), azurite.new_account()
    with StoredLoop(account.connection_string) as stored_loop, evaluated_log.use_storage(stored_loop.storage):
        stored_loop.copy_from(begun)
        before = {name: stored_loop.blob(name) or b"" for name in DOCUMENTS}
        decided = evaluate(stored_loop, folder)
        after = {name: stored_loop.blob(name) or b"" for name in DOCUMENTS}
        yield Lived(account, stored_loop, before, after, decided)


@pytest.fixture
def lived(once: Lived) -> Iterator[Lived]:
    """A loop that found better settings, and took them; storage of this process."""
    with evaluated_log.use_storage(once.stored_loop.storage):
        once.go_back(once.after)
        evaluation_store.change(Purpose.EVALUATION, once.evaluation.id, lambda _: once.evaluation)
        yield once


def read_rounds(stored_loop: StoredLoop) -> dict[str, Any]:
    rounds: dict[str, Any] = stored_loop.document("state.json")["looks"]
    return rounds


def train(trainer: StartTrainer, **more: Any) -> None:
    with trainer(**more) as started_trainer:
        started_trainer.succeed()


def only_evaluation() -> Evaluation:
    [evaluation] = evaluation_store.list_all(Purpose.EVALUATION)
    return evaluation


def read_round(number: int) -> Evaluation:
    """The evaluation of a round; by their times alone, two that were created within a second have no order."""
    [evaluation] = [each for each in evaluation_store.list_all(Purpose.EVALUATION) if each.round_number == number]
    return evaluation


def evaluate(stored_loop: StoredLoop, tmp_path: Path, storage: str | None = None) -> Evaluation:
    """Let a worker carry out the loop's own evaluation and decide; gives the evaluation afterwards."""
    with Worker(storage or stored_loop.storage, only_evaluation(), tmp_path / "worker.log") as worker:
        assert worker.wait(120) == 0, (tmp_path / "worker.log").read_text()
    return only_evaluation()


def read_evaluation(evaluation_id: str) -> Evaluation:
    evaluation = evaluation_store.read(Purpose.EVALUATION, evaluation_id)
    assert evaluation is not None
    return evaluation


def reset_decision(evaluation: Evaluation) -> Evaluation:
    """Store the evaluation as it was before it was decided on."""
    undecided = replace(evaluation, status=Status.SUCCEEDED, reason=None)
    evaluation_store.change(Purpose.EVALUATION, evaluation.id, lambda _: undecided)
    return undecided


def decide(evaluation: Evaluation) -> None:
    """Decide about an evaluation, as a message that comes again does."""
    stages.take(make_message(evaluation).text(), 2, Event())


def kill_as_it_decides(route: Route, evaluation: Evaluation, place: str, log_file: Path) -> None:
    """Let another process decide about an evaluation, and end it as it writes somewhere."""
    decides = process(log_file, route.storage, _decide, evaluation.id)
    route.plan(Strike(write(place), decides.kill, Fault(cut="before")))
    decides.start()
    decides.join(60)
    assert decides.exitcode == -signal.SIGKILL, log_file.read_text()


def _decide(evaluation_id: str) -> None:
    decide(read_evaluation(evaluation_id))


def test_before_1000_learned_events_no_round_is_started(stored_loop: StoredLoop, trainer: StartTrainer) -> None:
    configure(stored_loop)
    log(stored_loop, hours=6)

    train(trainer)

    assert stored_loop.document("state.json")["counters"]["learned"] == 6 * 147 + 1
    assert evaluation_store.list_all(Purpose.EVALUATION) == []


def test_a_round_is_started_after_1000_learned_events(stored_loop: StoredLoop, trainer: StartTrainer) -> None:
    """Over all log there is, since that is little; and once, however often the trainer runs."""
    configure(stored_loop)
    span = log(stored_loop)

    train(trainer)
    train(trainer)

    evaluation = only_evaluation()
    assert (evaluation.is_automatic, evaluation.round_number, evaluation.optimise, evaluation.custom) == (
        True,
        1,
        True,
        (),
    )
    assert (evaluation.online.arguments, evaluation.exploration) == (BLIND, 0.2)
    assert evaluation.log.from_us == span[0]
    assert evaluation.log.to_us >= span[1]
    assert evaluation.error == read_rounds(stored_loop)["spent"] > 0
    assert read_rounds(stored_loop)["is_started"]
    assert read_rounds(stored_loop)["last"]["learned"] == LEARNED


@pytest.mark.parametrize(
    "service",
    [
        {"is_auto_optimization_enabled": False},
        {"auto_optimization_start_date": "2999-01-01T00:00:00Z"},
    ],
)
def test_no_round_is_started_that_is_not_wanted_or_not_yet(
    stored_loop: StoredLoop, trainer: StartTrainer, service: dict[str, Any]
) -> None:
    configure(stored_loop, **service)
    log(stored_loop)

    train(trainer)

    assert stored_loop.document("state.json")["counters"]["learned"] == LEARNED
    assert read_rounds(stored_loop)["last"] is None
    assert evaluation_store.list_all(Purpose.EVALUATION) == []


@pytest.mark.parametrize("fault", [None, Fault(cut="before")])
@pytest.mark.parametrize(("place", "nth"), [("/evaluation.json", 1), ("state.json", 1), ("state.json", 2)])
def test_a_trainer_that_is_killed_as_it_starts_a_round_starts_it_once(
    stored_loop: StoredLoop,
    learned: StoredLoop,
    trainer: StartTrainer,
    storage: EmulatedAccount,
    place: str,
    nth: int,
    fault: Fault | None,
) -> None:
    """And its error is spent once."""
    stored_loop.copy_from(learned)
    configure(stored_loop)

    with open_route(storage) as route, trainer(route.storage) as started_trainer:
        route.plan(Strike(write(place), started_trainer.die, fault, nth))
        started_trainer.wait()
    stored_loop.break_lease()
    train(trainer)

    evaluation = only_evaluation()
    assert (read_rounds(stored_loop)["last"]["number"], read_rounds(stored_loop)["is_started"]) == (1, True)
    assert read_rounds(stored_loop)["spent"] == evaluation.error
    assert read_rounds(stored_loop)["last"]["at_us"] == evaluation.created_us


@pytest.mark.parametrize("no_search", [None, "Better settings were not searched."])
def test_a_round_that_found_nothing_to_search_in_has_spent_nothing(
    stored_loop: StoredLoop, begun: StoredLoop, trainer: StartTrainer, no_search: str | None
) -> None:
    stored_loop.copy_from(begun)
    first = only_evaluation()
    evaluation_run_store.keep_outcome(first, Outcome((), LineCounts(), HOUR, (), "online", no_search=no_search))
    evaluation_store.change(
        Purpose.EVALUATION, first.id, lambda evaluation: replace(evaluation, status=Status.RETAINED)
    )
    state = stored_loop.document("state.json")
    state["counters"]["learned"] = 2100
    stored_loop.put("state.json", json.dumps(state).encode())

    train(trainer)

    second = read_round(2)
    spent = 0 if no_search else first.error
    assert read_rounds(stored_loop)["spent"] == pytest.approx(spent + second.error)


def test_a_round_of_an_apprentice_only_reports(
    stored_loop: StoredLoop, learned: StoredLoop, trainer: StartTrainer
) -> None:
    """It can take nothing, so it leaves what may be spent to the rounds that can."""
    stored_loop.copy_from(learned)
    configure(stored_loop, learning_mode=LearningMode.APPRENTICE)

    train(trainer)

    assert only_evaluation().error == read_rounds(stored_loop)["spent"] == 0


def test_no_round_is_started_while_one_is_under_way(
    stored_loop: StoredLoop, begun: StoredLoop, trainer: StartTrainer
) -> None:
    """One that came to no end has spent nothing."""
    stored_loop.copy_from(begun)
    first = only_evaluation()
    state = stored_loop.document("state.json")
    state["counters"]["learned"] = 2100
    stored_loop.put("state.json", json.dumps(state).encode())

    train(trainer)
    assert read_rounds(stored_loop)["last"]["number"] == 1

    evaluation_store.change(Purpose.EVALUATION, first.id, lambda evaluation: replace(evaluation, status=Status.FAILED))
    train(trainer)

    assert read_round(2).error == read_rounds(stored_loop)["spent"] > first.error


def test_a_round_without_an_end_holds_up_the_next_round_for_a_day(
    stored_loop: StoredLoop, begun: StoredLoop, trainer: StartTrainer
) -> None:
    """It was lost with its messages; it ends when the next one asks, and has spent nothing."""
    stored_loop.copy_from(begun)
    first = only_evaluation()
    evaluation_store.change(
        Purpose.EVALUATION, first.id, lambda evaluation: replace(evaluation, created_us=evaluation.created_us - DAY)
    )
    state = stored_loop.document("state.json")
    state["counters"]["learned"] = 2100
    stored_loop.put("state.json", json.dumps(state).encode())

    train(trainer)

    second, lost = evaluation_store.list_all(Purpose.EVALUATION)
    assert (lost.id, lost.status) == (first.id, Status.TIMEOUT)
    assert second.round_number == 2
    assert second.error == read_rounds(stored_loop)["spent"] > first.error


def test_better_settings_are_taken_with_what_they_learned(lived: Lived, tmp_path: Path) -> None:
    """Learning goes on behind the evaluated log, and a running re-training ends."""
    stored_loop, evaluation = lived.stored_loop, lived.evaluation
    assert (evaluation.status, evaluation.optimal) == (Status.APPLIED, "Hyper2"), evaluation.reason
    configuration, published = configuration_store.read_configuration(), published_store.read_published()
    outcome = evaluation_run_store.read_outcome(evaluation)
    assert outcome is not None
    [best] = [policy for policy in outcome.policies if policy.policy.name == "Hyper2"]
    assert configuration.learning == LearningSettings("Hyper2", best.policy.arguments or "")
    assert configuration.revision == 2
    assert published.model is not None
    assert (published.model.origin, published.model.revision) == ("applied", 2)
    assert published.model.learned_events == best.model.events if best.model else None
    assert published.model.learned_up_to_us == evaluation.log.to_us

    lived.train(tmp_path)

    state = stored_loop.document("state.json")
    assert state["next"] is None
    assert state["running"]["arguments"] == best.policy.arguments
    assert state["running"]["model"]["events"] == LEARNED
    assert stored_loop.read_export() == stored_loop.blob(published.model.predictor_blob.removeprefix("loops/default/"))


def test_a_worker_that_is_killed_as_it_decides_is_continued(lived: Lived, tmp_path: Path) -> None:
    """Between the two documents the trainer may even learn anew with the new settings; then that ends."""
    evaluation = lived.evaluation
    for place in ("/configuration.json", "/published.json", "/evaluation.json"):
        lived.go_back(lived.before)
        with open_route(lived.account) as route:
            kill_as_it_decides(route, evaluation, place, tmp_path / "decides.log")
        lived.train(tmp_path)

        decide(read_evaluation(evaluation.id))
        decide(read_evaluation(evaluation.id))
        lived.train(tmp_path)

        assert read_evaluation(evaluation.id).status is Status.APPLIED
        assert configuration_store.read_configuration().revision == 2
        published = published_store.read_published()
        assert published.model is not None
        assert (published.generation, published.model.origin) == (1, "applied")
        assert published.model.learned_events == LEARNED
        assert lived.stored_loop.document("state.json")["next"] is None


def test_a_worker_that_comes_when_all_is_done_decides_once(lived: Lived, monkeypatch: pytest.MonkeyPatch) -> None:
    """It had read of a running evaluation; what was found stays, and what was taken is not taken again."""
    lived.go_back(lived.before)
    running = replace(lived.evaluation, status=Status.RUNNING, reason=None, optimal=None, ended_us=None)
    monkeypatch.setattr(stages, "_evaluation_of", lambda _: running)

    for _ in range(2):
        stages.take(make_message(running, "logged").text(), 1, Event())

        assert read_evaluation(running.id).status is Status.APPLIED
        assert (configuration_store.read_configuration().revision, published_store.read_published().generation) == (
            2,
            1,
        )
        outcome = evaluation_run_store.read_outcome(running)
        best = next(policy.model for policy in outcome.policies if policy.policy.name == "Hyper2") if outcome else None
        assert best is not None
        assert evaluation_run_store.read_model(running, best.predictor_sha256)


def test_a_loop_that_is_another_one_meanwhile_is_not_changed(lived: Lived) -> None:
    """The evaluation says nothing of it; an apprentice is never changed, nor are settings taken that say the same."""
    evaluation = lived.evaluation
    best, published = (
        parse(configuration_store.read_configuration().learning.arguments),
        published_store.read_published(),
    )
    same = " ".join(replace(best, options=best.options[::-1]).with_epsilon(0.7))
    assert same.split() != best.words()

    for changes, online, why in (
        ({"learning_mode": LearningMode.APPRENTICE}, BLIND, "apprentice mode"),
        ({"exploration_percentage": 0.1}, BLIND, "exploration"),
        ({"default_reward": 0.5}, BLIND, "What a reward is worth"),
        ({"is_auto_optimization_enabled": False}, BLIND, "isAutoOptimizationEnabled"),
        ({"learning": "--cb_explore_adf --epsilon 0.2 --coin"}, BLIND, "learning settings were changed"),
        ({"learning": "--ccb_explore_adf"}, BLIND, "multi-slot"),
        ({}, same, "are those in use"),
    ):
        configuration = configure(lived.stored_loop, **changes)
        reset_decision(replace(evaluation, online=replace(evaluation.online, arguments=online)))

        decide(read_evaluation(evaluation.id))

        decided = read_evaluation(evaluation.id)
        assert decided.status is Status.RETAINED
        assert why in (decided.reason or "")
        assert (configuration, published) == (
            configuration_store.read_configuration(),
            published_store.read_published(),
        )


def test_the_last_24_of_the_loops_own_evaluations_are_kept(stored_loop: StoredLoop, trainer: StartTrainer) -> None:
    """Those that a client requested stay, too."""
    configure(stored_loop)
    span = log(stored_loop)
    for number in range(25):
        old_evaluation = evaluated_log.build_evaluation(f"old-{number}", span, round_number=1, custom=(), optimise=True)
        evaluation_store.create(
            replace(old_evaluation, created_us=now_us() - (30 - number) * DAY, status=Status.RETAINED)
        )
    evaluation_store.create(
        replace(evaluated_log.build_evaluation("mine", span), created_us=now_us() - 60 * DAY - HOUR)
    )

    train(trainer)

    remaining_ids = [old_evaluation.id for old_evaluation in evaluation_store.list_all(Purpose.EVALUATION)]
    assert len(remaining_ids) == 25
    assert remaining_ids[0].startswith("auto-1-")
    assert remaining_ids[1:] == [*(f"old-{number}" for number in range(24, 1, -1)), "mine"]
