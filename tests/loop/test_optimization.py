"""The loop searches for better learning settings by itself, puts them on trial, and takes them if they are better."""

import json
import tempfile
from collections.abc import Iterator
from copy import replace
from pathlib import Path
from typing import Any

import pytest

from localhost.azurite.accounts import EmulatedAccount
from shared.configuration import configuration_store
from shared.configuration.configuration import Configuration, LearningSettings
from shared.configuration.exploration import Exploration
from shared.configuration.service_configuration import LearningMode
from shared.evaluation import evaluation_run_store, evaluation_store
from shared.evaluation.evaluation import Evaluation, Purpose, Status
from shared.evaluation.optimization_schedule import ERROR
from shared.intake import keys
from shared.intake.rows import Event
from shared.learner import features
from shared.learner.arguments import parse
from shared.learner.model import Model
from shared.log import ranked_event
from shared.log.ranked_event import TrialChances
from shared.models import published_store
from shared.models.published import ModelReference, Start
from shared.models.replacement import replace_model
from shared.ranking.decision import decide
from shared.storage.paths import this_loop
from shared.times import DAY, HOUR, MINUTE, SECOND, compact
from tests.clock import now_us
from tests.faults.proxy import Fault
from tests.hosts import HostProcess
from tests.http.api import Api
from tests.http.slots import eventually
from tests.loop import evaluated_log, past
from tests.loop.conftest import KEY, LATER_STILL, NEVER, StartTrainer
from tests.loop.stored_loop import StoredLoop
from tests.loop.strikes import Strike, open_route, write
from tests.loop.traffic import V1, rank_body
from tests.loop.trainers import Split, Trainer
from tests.loop.workers import Worker
from tests.storages import NewStorage

BLIND = "--cb_explore_adf --epsilon 0.2 --cb_type mtr"
"""Settings that cannot learn what a user has to do with an action."""
LEARNED = 7 * 147 + 1
AFTER_THE_WAIT = {**LATER_STILL, "join_grace_us": -11 * MINUTE}
"""Settings of a trainer that joins what a host has just taken, in whole cells; to be used while nothing arrives."""
_CUT = Fault(cut="before")
"""The request does not reach storage."""


@pytest.fixture(autouse=True)
def _home(stored_loop: StoredLoop) -> Iterator[None]:
    with evaluated_log.use_storage(stored_loop.storage):
        yield


def configure(stored_loop: StoredLoop, learning: str = BLIND, **service: Any) -> Configuration:
    quick = {"reward_wait_time": "PT10M", "model_export_frequency": "PT1S"}
    fields = {**quick, "is_auto_optimization_enabled": True, **service}
    configuration = past.configuration(learning, **fields)
    past.configure(stored_loop, configuration)
    return configuration


def log(stored_loop: StoredLoop, hours: int = 7) -> tuple[int, int]:
    """Log of 147 events an hour that a model can learn from, and one more event after it that is not log yet."""
    past.Past([past.event("last", past.minutes_ago(30))]).write(stored_loop)
    return evaluated_log.write(stored_loop, hours=hours)


@pytest.fixture(scope="module")
def learned(new_storage: NewStorage, tmp_path_factory: pytest.TempPathFactory) -> Iterator[StoredLoop]:
    """A loop that has learned enough events for a round, and wants none."""
    with StoredLoop(new_storage()) as stored_loop:
        configure(stored_loop, is_auto_optimization_enabled=False)
        log(stored_loop)
        with Trainer(stored_loop.storage, tmp_path_factory.mktemp("learned") / "trainer.log") as trainer:
            trainer.succeed(120)
        yield stored_loop


@pytest.fixture(scope="module")
def begun(
    learned: StoredLoop, new_storage: NewStorage, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[StoredLoop]:
    """A loop whose first round was started, and is not carried out yet."""
    with StoredLoop(new_storage()) as stored_loop:
        stored_loop.copy_from(learned)
        configure(stored_loop)
        with Trainer(stored_loop.storage, tmp_path_factory.mktemp("begun") / "trainer.log") as trainer:
            trainer.succeed(120)
        yield stored_loop


@pytest.fixture(scope="module")
def searched(
    begun: StoredLoop, new_storage: NewStorage, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[StoredLoop]:
    """A loop whose first search has ended, and whose trainer does not know of that yet."""
    folder = tmp_path_factory.mktemp("searched")
    with StoredLoop(new_storage()) as stored_loop:
        stored_loop.copy_from(begun)
        with evaluated_log.use_storage(stored_loop.storage):
            evaluate(stored_loop, folder)
        yield stored_loop


@pytest.fixture(scope="module")
def on_trial(
    searched: StoredLoop, new_storage: NewStorage, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[StoredLoop]:
    """A loop whose challenger is on trial, and was shown in no event yet."""
    folder = tmp_path_factory.mktemp("on-trial")
    with StoredLoop(new_storage()) as stored_loop:
        stored_loop.copy_from(searched)
        for number in range(2):
            with Trainer(stored_loop.storage, folder / f"trainer-{number}.log") as trainer:
                trainer.succeed(120)
        yield stored_loop


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


def read_trial(stored_loop: StoredLoop) -> Any:
    return stored_loop.document("state.json")["trial"]


def play(stored_loop: StoredLoop, count: int, *, is_better: bool = True, trial_id: str | None = None) -> None:
    """Let events of a trial come: the settings in use show any action, the challenger what each user likes, or not."""
    exploration = configuration_store.read_configuration().trial_exploration
    assert exploration is not None
    trial_id, happened = trial_id or only_evaluation().id, past.Past()
    for number in range(count):
        user, event_id = past.USERS[number % 3], f"played-{trial_id}-{number}"
        liked = evaluated_log.LIKED[user]
        first, other = (number % 2, liked) if is_better else (liked, number % 2)
        chances = [[0.04 + 0.84 * (action == best) for action in range(4)] for best in (first, other)]
        mixed = exploration.mix(*chances)
        at_us = past.minutes_ago(25) + number * SECOND // 2
        document = features.document([{"user": user}], [(name, [{"letter": name}]) for name in past.ACTIONS])
        decision = decide(mixed, "m", event_id, this_loop().name)
        shown = decision.order[0]
        trial = TrialChances(trial_id, chances[0][shown], chances[1][shown])
        ranked = ranked_event.from_decision(event_id, at_us, document, decision, deferred=False, trial=trial)
        happened.events.append(Event(event_id, keys.request_hash(document), at_us, ranked_event.pack(ranked)))
        if shown == liked:
            happened.observations.append(past.reward(event_id, at_us + MINUTE))
    happened.write(stored_loop)


def rank(api: Api, event_id: str, user: str) -> dict[str, Any]:
    answer = api.post(f"{V1}/rank", rank_body(event_id, user))
    assert answer.status == 201, answer.body
    body: dict[str, Any] = answer.json
    return body


def ask(api: Api) -> list[float]:
    """The chances of the actions for a user."""
    actions = api.post("/rankloop/v1/chances", rank_body("question", "ann")).json["actions"]
    return [action["probability"] for action in actions]


def load(stored_loop: StoredLoop, reference: ModelReference, exploration: Exploration) -> Model:
    data = stored_loop.blob(reference.predictor_blob.removeprefix("loops/default/"))
    assert data is not None
    return Model.load(data, parse(reference.arguments), exploration)


def go_on(stored_loop: StoredLoop, trainer: StartTrainer, runs: int = 2, **more: Any) -> None:
    """Let the trainer run, then again: what a run decides, the next one follows.

    Then once more for a challenger that was not published yet, since a busy machine needed two runs to learn all.
    """
    for run in range(runs):
        if run:
            past.await_export_time(stored_loop)
        train(trainer, **more)
    if runs > 1 and not is_challenger_published(stored_loop):
        past.await_export_time(stored_loop)
        train(trainer, **more)


def is_challenger_published(stored_loop: StoredLoop) -> bool:
    """Whether Rank has the challenger as it is trained now; so it is where there is none."""
    trial, published = read_trial(stored_loop), stored_loop.document("published.json")["trial"]
    if trial is None or trial["end"] is not None or published is None:
        return True
    return bool(trial["challenger"]["model"]["predictor_blob"] == published["challenger"]["predictor_blob"])


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
    assert (read_rounds(stored_loop)["is_started"], read_rounds(stored_loop)["is_settled"]) == (True, False)
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


@pytest.mark.parametrize("fault", [None, _CUT])
@pytest.mark.parametrize(("place", "nth"), [("/evaluation.json", 1), ("state.json", 1), ("state.json", 2)])
def test_a_trainer_that_is_killed_as_it_starts_a_round_starts_it_once(
    stored_loop: StoredLoop,
    learned: StoredLoop,
    trainer: StartTrainer,
    account: EmulatedAccount,
    place: str,
    nth: int,
    fault: Fault | None,
) -> None:
    stored_loop.copy_from(learned)
    configure(stored_loop)

    with open_route(account) as route, trainer(route.storage) as started_trainer:
        route.plan(Strike(write(place), started_trainer.die, fault, nth))
        started_trainer.wait()
    stored_loop.break_lease()
    train(trainer)

    evaluation = only_evaluation()
    assert (read_rounds(stored_loop)["last"]["number"], read_rounds(stored_loop)["is_started"]) == (1, True)
    assert read_rounds(stored_loop)["last"]["at_us"] == evaluation.created_us


def test_no_round_is_started_while_one_is_under_way(
    stored_loop: StoredLoop, begun: StoredLoop, trainer: StartTrainer
) -> None:
    stored_loop.copy_from(begun)
    first = only_evaluation()
    state = stored_loop.document("state.json")
    state["counters"]["learned"] = 2100
    stored_loop.put("state.json", json.dumps(state).encode())

    train(trainer)
    assert read_rounds(stored_loop)["last"]["number"] == 1

    evaluation_store.change(Purpose.EVALUATION, first.id, lambda evaluation: replace(evaluation, status=Status.FAILED))
    train(trainer)

    assert (read_round(2).status, read_trial(stored_loop)) == (Status.RUNNING, None)


def test_a_round_without_an_end_holds_up_the_next_round_for_a_day(
    stored_loop: StoredLoop, begun: StoredLoop, trainer: StartTrainer
) -> None:
    """It was lost with its messages; it ends when the next one asks."""
    stored_loop.copy_from(begun)
    first = only_evaluation()
    evaluation_store.change(
        Purpose.EVALUATION,
        first.id,
        lambda evaluation: replace(evaluation, created_us=evaluation.created_us - DAY - MINUTE),
    )
    state = stored_loop.document("state.json")
    state["counters"]["learned"] = 2100
    stored_loop.put("state.json", json.dumps(state).encode())

    train(trainer)

    second, lost = evaluation_store.list_all(Purpose.EVALUATION)
    assert (lost.id, lost.status) == (first.id, Status.TIMEOUT)
    assert second.round_number == 2


def test_the_winner_of_a_search_goes_on_trial(searched: StoredLoop, on_trial: StoredLoop) -> None:
    """It has learned what the search has, and all log since; Rank hears of it together with what it is."""
    with evaluated_log.use_storage(on_trial.storage):
        evaluation, published = only_evaluation(), published_store.read_published()
        outcome = evaluation_run_store.read_outcome(evaluation)
        before = configuration_store.read_configuration()
    assert outcome is not None
    assert outcome.challenger == "Hyper2"
    [best] = [policy for policy in outcome.policies if policy.policy.name == "Hyper2"]
    trial = read_trial(on_trial)
    challenger = trial["challenger"]
    assert (trial["id"], trial["name"], trial["sums"]["events"], trial["end"]) == (evaluation.id, "Hyper2", 0, None)
    assert (evaluation.status, evaluation.reason, evaluation.optimal) == (Status.SUCCEEDED, None, "online")
    assert challenger["arguments"] == best.policy.arguments
    assert challenger["model"]["events"] == LEARNED
    assert challenger["learned_up_to_us"] == on_trial.document("state.json")["joined_up_to_us"]
    assert published.trial is not None
    assert (published.trial.id, published.trial.challenger.predictor_blob) == (
        evaluation.id,
        challenger["model"]["predictor_blob"],
    )
    assert on_trial.blob(published.trial.challenger.predictor_blob.removeprefix("loops/default/"))
    assert before.learning.arguments == BLIND
    assert searched.document("state.json")["trial"] is None


def test_rank_draws_from_both_policies_and_records_both(
    stored_loop: StoredLoop, on_trial: StoredLoop, trainer: StartTrainer
) -> None:
    """Answers, questions and log agree to the last bit on the chances, which are mixed from those of both models."""
    stored_loop.copy_from(on_trial)
    exploration, published = (
        configuration_store.read_configuration().trial_exploration,
        published_store.read_published(),
    )
    assert exploration is not None
    assert published.model is not None
    assert published.trial is not None
    with HostProcess(stored_loop.storage, env=NEVER) as host:
        api = Api.at(host.url, KEY, tries=4)
        before = ask(api)
        eventually(lambda: ask(api) != before)
        asked = ask(api)
        answers = [rank(api, f"tried-{number}", past.USERS[number % 3]) for number in range(60)]
        again = rank(api, "tried-7", past.USERS[7 % 3])
        configure(stored_loop, is_auto_optimization_enabled=False)
        eventually(lambda: ask(api) == before)
        afterwards = rank(api, "afterwards", "ann")
    go_on(stored_loop, trainer, changed=AFTER_THE_WAIT)

    logged = {event["EventId"]: event for line in stored_loop.lines() if (event := json.loads(line)).get("c")}
    in_use, challenger = (
        load(stored_loop, model, exploration.of_models) for model in (published.model, published.trial.challenger)
    )
    shown = set()
    for number, answer in enumerate(answers):
        event = logged[answer["eventId"]]
        document = json.dumps(event["c"]).encode()
        both = [model.probabilities(document, 4) for model in (in_use, challenger)]
        mixed, place = exploration.mix(*both), event["a"][0] - 1
        chances = {past.ACTIONS.index(action["id"]): action["probability"] for action in answer["ranking"]}
        assert (
            event["p"] == [chances[action - 1] for action in event["a"]] == [mixed[action - 1] for action in event["a"]]
        )
        assert event["Trial"] == {
            "id": published.trial.id,
            "inUse": both[0][place],
            "challenger": both[1][place],
        }
        assert answer["rewardActionId"] == past.ACTIONS[place]
        assert decide(mixed, "m", answer["eventId"], this_loop().name).order[0] == place
        shown.add((number % 3, place))
    assert again == answers[7]
    assert sorted(asked) == sorted(logged["tried-0"]["p"])
    assert "Trial" not in logged[afterwards["eventId"]]
    assert len(shown) > 3


def test_a_challenger_that_does_not_load_is_told_and_harms_no_rank(
    stored_loop: StoredLoop, on_trial: StoredLoop
) -> None:
    stored_loop.copy_from(on_trial)
    published = published_store.read_published()
    assert published.trial is not None
    stored_loop.put(published.trial.challenger.predictor_blob.removeprefix("loops/default/"), b"no model")
    with HostProcess(stored_loop.storage, env=NEVER) as host:
        api = Api.at(host.url, KEY, tries=4)
        before = ask(api)
        eventually(lambda: "ChallengerRejected" in warnings_of(api))
        assert ask(api) == before
        assert rank(api, "as-ever", "ann")["rewardActionId"] in past.ACTIONS


def warnings_of(api: Api) -> list[str]:
    return [warning["code"] for warning in api.get("/rankloop/v1/status").json["warnings"]]


def test_a_challenger_that_is_better_takes_the_place_of_the_settings_in_use(
    stored_loop: StoredLoop, on_trial: StoredLoop, trainer: StartTrainer
) -> None:
    """With the model that it has, which no other model had to catch up with."""
    stored_loop.copy_from(on_trial)
    challenger = read_trial(stored_loop)["challenger"]

    play(stored_loop, 400)
    go_on(stored_loop, trainer, 1)

    evaluation, configuration = only_evaluation(), configuration_store.read_configuration()
    assert (evaluation.status, evaluation.optimal) == (Status.APPLIED, "Hyper2"), evaluation.reason
    assert "more per event over 400 events" in (evaluation.reason or "")
    assert configuration.learning == LearningSettings("Hyper2", challenger["arguments"])
    assert configuration.revision == 2
    assert read_trial(stored_loop) is None
    assert 0 < read_rounds(stored_loop)["spent"] < ERROR

    go_on(stored_loop, trainer)

    state, published = stored_loop.document("state.json"), published_store.read_published()
    assert (state["running"]["arguments"], state["next"]) == (challenger["arguments"], None)
    assert state["running"]["learned_from_us"] == challenger["learned_from_us"]
    assert state["running"]["model"]["events"] == LEARNED + 400
    assert published.model is not None
    assert (published.model.arguments, published.model.learned_events, published.trial) == (
        challenger["arguments"],
        LEARNED + 400,
        None,
    )
    assert published.generation == 0


def test_a_challenger_that_is_worse_is_withdrawn(
    stored_loop: StoredLoop, on_trial: StoredLoop, trainer: StartTrainer
) -> None:
    stored_loop.copy_from(on_trial)

    play(stored_loop, 400, is_better=False)
    go_on(stored_loop, trainer)

    evaluation = only_evaluation()
    assert (evaluation.status, evaluation.optimal) == (Status.RETAINED, "online")
    assert "clearly not more" in (evaluation.reason or "")
    assert configuration_store.read_configuration().learning.arguments == BLIND
    assert (read_trial(stored_loop), published_store.read_published().trial) == (None, None)


def test_a_trial_goes_on_until_there_is_evidence(
    stored_loop: StoredLoop, on_trial: StoredLoop, trainer: StartTrainer
) -> None:
    """It is analysed at some numbers of events only, and events of other trials tell nothing of it."""
    stored_loop.copy_from(on_trial)

    play(stored_loop, 100)
    play(stored_loop, 300, trial_id="auto-0-another")
    go_on(stored_loop, trainer)

    trial = read_trial(stored_loop)
    assert (trial["sums"]["events"], trial["end"]) == (100, None)
    assert trial["sums"]["surpluses"] != 0
    assert (read_rounds(stored_loop)["spent"], only_evaluation().status) == (0, Status.SUCCEEDED)
    published = published_store.read_published()
    assert published.trial is not None
    assert published.trial.challenger.learned_events == LEARNED + 400


@pytest.mark.parametrize("shards", [1, 3])
def test_what_a_part_adds_to_a_trial_does_not_hang_on_its_shards(
    stored_loop: StoredLoop, on_trial: StoredLoop, trainer: StartTrainer, shards: int
) -> None:
    stored_loop.copy_from(on_trial)

    play(stored_loop, 240)
    go_on(stored_loop, trainer, 1, split=Split() if shards > 1 else None)

    sums = read_trial(stored_loop)["sums"]
    assert (sums["events"], sums["highest"]) == (240, 1)
    lines = [event for line in stored_loop.lines() if (event := json.loads(line)).get("Trial")]
    surpluses = [(event["Trial"]["challenger"] - event["Trial"]["inUse"]) / event["p"][0] for event in lines]
    rewards = [-event["_original_label_cost"] for event in lines]
    assert sums["surpluses"] == pytest.approx(sum(surpluses))
    squares = [(surplus * reward) ** 2 for surplus, reward in zip(surpluses, rewards, strict=True)]
    assert sums["squared_surplus_rewards"] == pytest.approx(sum(squares))


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"learning_mode": LearningMode.APPRENTICE}, "not in Online mode"),
        ({"exploration_percentage": 0.1}, "exploration was changed"),
        ({"default_reward": 0.5}, "What a reward is worth"),
        ({"is_auto_optimization_enabled": False}, "isAutoOptimizationEnabled is false"),
        ({"learning": "--cb_explore_adf --epsilon 0.2 --coin"}, "learning settings were changed"),
        ({"learning": "--ccb_explore_adf", "is_auto_optimization_enabled": False}, "isAutoOptimizationEnabled"),
    ],
)
def test_a_loop_that_becomes_another_one_ends_the_trial(
    stored_loop: StoredLoop, on_trial: StoredLoop, trainer: StartTrainer, changes: dict[str, Any], why: str
) -> None:
    """Although its evidence would have been enough: it says nothing of the loop as it is."""
    stored_loop.copy_from(on_trial)
    play(stored_loop, 400)
    configuration = configure(stored_loop, **changes)

    go_on(stored_loop, trainer, 1)

    evaluation = only_evaluation()
    assert evaluation.status is Status.RETAINED
    assert why in (evaluation.reason or "")
    assert configuration_store.read_configuration() == configuration
    assert (read_trial(stored_loop), read_rounds(stored_loop)["spent"]) == (None, 0)


def test_a_model_that_is_put_by_hand_ends_the_trial(
    stored_loop: StoredLoop, on_trial: StoredLoop, trainer: StartTrainer
) -> None:
    stored_loop.copy_from(on_trial)
    play(stored_loop, 400)
    published = published_store.change_published(lambda before: replace_model(before, None, Start(), now_us()))
    assert published.trial is None

    go_on(stored_loop, trainer, 1)

    assert (only_evaluation().status, read_trial(stored_loop)) == (Status.RETAINED, None)
    assert "replaced by hand" in (only_evaluation().reason or "")


def test_a_challenger_whose_training_state_is_lost_is_withdrawn(
    stored_loop: StoredLoop, on_trial: StoredLoop, trainer: StartTrainer
) -> None:
    stored_loop.copy_from(on_trial)
    stored_loop.remove(read_trial(stored_loop)["challenger"]["model"]["state_blob"].removeprefix("loops/default/"))

    play(stored_loop, 100)
    go_on(stored_loop, trainer)

    assert (only_evaluation().status, read_trial(stored_loop)) == (Status.RETAINED, None)
    assert "is lost" in (only_evaluation().reason or "")
    assert stored_loop.document("state.json")["troubles"] == {}
    assert stored_loop.document("state.json")["running"]["model"]["events"] == LEARNED + 100


def test_a_later_search_ends_a_trial_that_is_not_ahead(
    stored_loop: StoredLoop, on_trial: StoredLoop, trainer: StartTrainer
) -> None:
    """If it names other settings. The same settings, or a trial that is ahead, go on."""
    for count, is_better, same, goes_on in ((0, True, False, False), (0, True, True, True), (200, True, False, True)):
        reset(stored_loop, on_trial)
        if count:
            play(stored_loop, count, is_better=is_better)
            go_on(stored_loop, trainer, 1)
        first = only_evaluation()
        second = search_again(stored_loop, first, same=same)

        train(trainer)

        trial, later = read_trial(stored_loop), read_evaluation(second.id)
        assert trial["id"] == (first.id if goes_on else second.id)
        assert later.status is (Status.RETAINED if goes_on else Status.SUCCEEDED), later.reason
        assert ("goes on" in (later.reason or "")) == goes_on
        ended = "another challenger" in (read_evaluation(first.id).reason or "")
        assert ended is not goes_on


def reset(stored_loop: StoredLoop, to: StoredLoop) -> None:
    """Let the loop be as another one is."""
    stored_loop.break_lease()
    for evaluation in evaluation_store.list_all(Purpose.EVALUATION):
        evaluation_store.remove(Purpose.EVALUATION, evaluation.id)
    stored_loop.copy_from(to)


def search_again(stored_loop: StoredLoop, first: Evaluation, *, same: bool) -> Evaluation:
    """A second round that has ended, and has found what the first one found, or what earns as much."""
    outcome = evaluation_run_store.read_outcome(first)
    assert outcome is not None
    state = stored_loop.document("state.json")
    number, at_us = 2, now_us()
    round_ = {**state["looks"]["last"], "number": number, "at_us": at_us}
    second = replace(first, id=f"auto-2-{compact(at_us)}", round_number=2, created_us=at_us, status=Status.SUCCEEDED)
    if not same:
        policies = tuple(
            replace(result, policy=replace(result.policy, arguments=f"{result.policy.arguments} -l 0.3"))
            for result in outcome.policies
        )
        outcome = replace(outcome, policies=policies)
    assert evaluation_store.create(replace(second, status=Status.SUCCEEDED, reason=None, optimal="online"))
    for policy in outcome.policies:
        if policy.model and policy.policy.name == "Hyper2":
            for sha256 in (policy.model.state_sha256, policy.model.predictor_sha256):
                keep_model(second, evaluation_run_store.read_model(first, sha256))
    evaluation_run_store.keep_outcome(second, outcome)
    state["looks"] = {**state["looks"], "last": round_, "is_settled": False}
    stored_loop.break_lease()
    stored_loop.put("state.json", json.dumps(state).encode())
    return second


def keep_model(evaluation: Evaluation, data: bytes) -> None:
    with tempfile.NamedTemporaryFile() as file:
        file.write(data)
        file.flush()
        evaluation_run_store.keep_model(evaluation, Path(file.name))


@pytest.mark.parametrize(
    ("place", "nth", "fault"),
    [("/models/", 1, None), ("state.json", 1, None), ("state.json", 1, _CUT), ("published.json", 1, _CUT)],
)
def test_a_trainer_that_is_killed_as_a_trial_begins_begins_it_once(
    stored_loop: StoredLoop,
    searched: StoredLoop,
    trainer: StartTrainer,
    account: EmulatedAccount,
    place: str,
    nth: int,
    fault: Fault | None,
) -> None:
    stored_loop.copy_from(searched)

    with open_route(account) as route, trainer(route.storage, runs=2) as started_trainer:
        route.plan(Strike(write(place), started_trainer.die, fault, nth))
        started_trainer.wait()
    stored_loop.break_lease()
    go_on(stored_loop, trainer)

    trial, published = read_trial(stored_loop), published_store.read_published()
    assert (trial["id"], trial["challenger"]["model"]["events"]) == (only_evaluation().id, LEARNED)
    assert published.trial is not None
    assert published.trial.id == trial["id"]


@pytest.mark.parametrize(
    ("place", "nth", "fault"),
    [
        ("configuration.json", 1, None),
        ("configuration.json", 1, _CUT),
        ("/evaluation.json", 1, None),
        ("/evaluation.json", 1, _CUT),
        *(("state.json", nth, _CUT) for nth in range(4, 8)),
    ],
)
def test_a_trainer_that_is_killed_as_it_takes_a_challenger_takes_it_once(
    stored_loop: StoredLoop,
    on_trial: StoredLoop,
    trainer: StartTrainer,
    account: EmulatedAccount,
    place: str,
    nth: int,
    fault: Fault | None,
) -> None:
    """And the analysis has spent its share of the error once."""
    stored_loop.copy_from(on_trial)
    challenger = read_trial(stored_loop)["challenger"]
    play(stored_loop, 400)

    with open_route(account) as route, trainer(route.storage) as started_trainer:
        route.plan(Strike(write(place), started_trainer.die, fault, nth))
        started_trainer.wait()
    stored_loop.break_lease()
    go_on(stored_loop, trainer)

    evaluation, configuration = only_evaluation(), configuration_store.read_configuration()
    state, published = stored_loop.document("state.json"), published_store.read_published()
    assert evaluation.status is Status.APPLIED
    assert (configuration.revision, configuration.learning.arguments) == (2, challenger["arguments"])
    assert len(configuration.changes) == 1
    assert (state["trial"], state["next"], state["running"]["model"]["events"]) == (None, None, LEARNED + 400)
    assert state["running"]["learned_from_us"] == challenger["learned_from_us"]
    assert state["looks"]["analyses"] == 1
    assert published.model is not None
    assert (published.model.arguments, published.trial) == (challenger["arguments"], None)


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
