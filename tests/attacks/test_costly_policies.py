"""No policy and no Rank keeps the event loop busy: what takes long is refused, and what takes a moment leaves it."""

import asyncio
import gc
import time
from collections.abc import Coroutine, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from threading import Event
from typing import Any

import pytest
import vowpalwabbit

from shared import settings
from shared.configuration.exploration import Exploration, ExplorationShares
from shared.learner import model_apart
from shared.learner.arguments import parse
from shared.learner.explorer import Explorer
from shared.learner.feature_counts import Question
from shared.learner.features import document, slots_document
from shared.learner.model import Model, Predictor
from shared.learner.model_apart import MAX_WAITING_SECONDS, ModelApart
from shared.learner.policy_in_use import Challenger, PolicyInUse
from shared.models import model_store, published_store
from shared.models.published import ModelReference, Published
from shared.ranking.slots import SlotChoice
from shared.web.errors import ModelBusy
from tests.hosts import HostProcess
from tests.http.api import Api
from tests.http.conftest import NEVER
from tests.http.test_model_in_use import PATIENCE_SECONDS
from tests.storages import NewStorage

V1, OWN = "/personalizer/v1.0", "/rankloop/v1"
EXPLORES = Exploration(0.2)
POLICY = f"{V1}/configurations/policy"
CB = "--cb_explore_adf --epsilon 0.2 --cb_type mtr"
COSTLY = f"{CB} --bag 10 --cubic :::"
"""What was accepted once."""
CRASH = b"7"
"""What Vowpal Wabbit's parser does not survive, and features cannot be."""
BAG = f"{CB} --bag 3 -q ::"
"""What is accepted: the largest Ranks take a tenth of a second."""


@pytest.fixture(scope="module")
def storage(new_storage: NewStorage) -> Iterator[str]:
    """An account that is this process's storage too."""
    account = new_storage()
    with settings.use(settings.read({"AzureWebJobsStorage": account})):
        yield account


@pytest.fixture(scope="module")
def api(storage: str) -> Iterator[Api]:
    """A host of its own, since its model changes."""
    with HostProcess(storage, env={"API_KEY_1": "test-key-1", **NEVER}) as started:
        yield Api.at(started.url, "test-key-1", tries=4)


def make_model(path: Path, arguments: str) -> bytes:
    learner = vowpalwabbit.Workspace(arg_list=[*arguments.split(), "--quiet"])
    learner.save(str(path))
    learner.finish()
    return path.read_bytes()


def numbers(count: int) -> list[dict[str, Any]]:
    return [{f"f{place}": 0.5 + place / 7 for place in range(count)}]


def rank_request(actions: int, features: int, context: int) -> dict[str, Any]:
    choices = [{"id": f"a{place}", "features": numbers(features)} for place in range(actions)]
    return {"contextFeatures": numbers(context), "actions": choices}


async def test_a_challenger_that_takes_too_long_fails_no_rank(tmp_path: Path) -> None:
    """What it would get is for all actions alike, and the event tells nothing of it."""
    in_use, slow = (
        Explorer(make_model(tmp_path / "model", text), ModelReference("m", "", "", "", text, 1, 1, 1, 1), EXPLORES)
        for text in (CB, COSTLY)
    )
    trial = ExplorationShares(0.25, 0.25).spend_on_trial(0.2)
    assert trial is not None
    policy = PolicyInUse(in_use, "m", trial.of_models, Challenger("auto-1", slow, trial))
    large = document(numbers(300), [(f"a{place}", numbers(300)) for place in range(20)])

    mixture = await policy.mixture(large, 20)

    assert mixture.challenger is None
    assert mixture.chances == trial.mix(mixture.in_use, [0.05] * 20)
    assert (await policy.prospect(large, 20)).chances == dict(enumerate(mixture.chances))


@pytest.mark.parametrize(
    "arguments",
    [
        COSTLY,
        f"{CB} --cubic :::",
        f"{CB} --cubic=::: -b 10",
        f"{CB} --interactions ::: --ignore x",
        f"{CB} --keep q --interactions=:::",
        f"{CB} --interactions a:: --interactions b::",
        f"{CB} --cover 10 --cubic abc --cubic abd",
        f"{CB} --rnd 10 -q :: --coin -b 22",
        f"{CB} -b 22 -qab --cubic aab --cubic abb",
        f"{CB} --bit_precision=022 --cubic abb",
        "--ccb_explore_adf --epsilon 0.2 --cubic :::",
        "--ccb_explore_adf --bag 10 --cubic aab",
    ],
)
def test_a_policy_that_makes_ordinary_ranks_slow_is_refused(api: Api, arguments: str) -> None:
    """Where it is set, tried or previewed, in every spelling that Vowpal Wabbit takes; and nothing changes."""
    before = api.get(POLICY).json
    policy = {"name": "slow", "arguments": arguments}
    evaluation = {"id": "slow", "startTime": "2026-01-01T00:00:00Z", "endTime": "2026-01-02T00:00:00Z", "name": "slow"}

    refusals = [
        api.put(POLICY, policy),
        api.post(f"{OWN}/configurations/policy:preview", policy),
        api.post(f"{V1}/evaluations", {**evaluation, "policies": [policy]}),
    ]

    assert [(refusal.status, refusal.error["code"]) for refusal in refusals] == [
        (400, "InvalidPolicyConfiguration")
    ] * 3
    assert "0.25 s are allowed" in refusals[0].error["message"]
    assert before == api.get(POLICY).json


@pytest.mark.parametrize("arguments", [COSTLY, f"{CB} --cubic :::"])
def test_a_model_that_makes_ordinary_ranks_slow_is_not_imported(api: Api, tmp_path: Path, arguments: str) -> None:
    """Since its own arguments are those that Rank uses."""
    answer = api.put(f"{OWN}/model", make_model(tmp_path / "model.vw", arguments))

    assert (answer.status, answer.error["code"]) == (400, "InvalidModelImportFormat")
    assert "0.25 s are allowed" in answer.error["message"]


def test_a_costly_rank_is_refused_before_the_model_is_asked(api: Api, tmp_path: Path) -> None:
    """A model of before is used, for small Ranks are quick; a large one was worked at for 10 seconds."""
    publish(tmp_path, COSTLY)
    small, large = rank_request(3, 4, 4), rank_request(4, 300, 300)
    await_model(api, small)

    answers = [api.post(f"{V1}/rank", small), api.post(f"{V1}/rank", large), api.post(f"{OWN}/chances", large)]

    assert [answer.status for answer in answers] == [201, 400, 400]
    assert {"InvalidRankRequest"} == {answer.error["code"] for answer in answers[1:]}
    assert "send fewer actions, slots or features" in answers[1].error["message"]


def publish(folder: Path, arguments: str) -> None:
    """Publish a model as an earlier version would have."""
    make_model(folder / "model.vw", arguments)
    path, digest = model_store.store(folder / "model.vw", position_us=1_000_000, revision=1)
    reference = ModelReference("m", path, digest, path, arguments, 1, 1_000_000, 200, 1_764_000_000_000_000)
    published_store.change_published(lambda _: replace(Published(), model=reference, created_at_us=1, changed_at_us=1))


def await_model(api: Api, request: dict[str, Any]) -> None:
    """Wait until the host uses the published model."""
    until = time.monotonic() + PATIENCE_SECONDS
    while api.post(f"{OWN}/chances", request).json["model"] != "m":
        assert time.monotonic() < until, "the model is not used"
        time.sleep(0.1)


def load(folder: Path, arguments: str) -> Model:
    return Model.load(make_model(folder / "model.vw", arguments), parse(arguments), EXPLORES)


def explorer(folder: Path, arguments: str) -> Explorer:
    reference = ModelReference("m", "", "", "", arguments, 1, 1, 1, 1)
    return Explorer(make_model(folder / "model.vw", arguments), reference, EXPLORES)


def event(actions: int, features: int, context: int) -> bytes:
    return document(numbers(context), [(f"a{place}", numbers(features)) for place in range(actions)])


def ask(asked: Explorer, text: bytes, count: int) -> Coroutine[Any, Any, list[float]]:
    return asked.ask(Question(text, count), EXPLORES, lambda model: model.probabilities(text, count))


def test_other_calls_are_answered_while_the_model_is_at_work(tmp_path: Path) -> None:
    """What takes over 20 ms goes to another process: in this one, Vowpal Wabbit would stop every thread."""
    heavy, light, asked, answered = event(50, 300, 300), event(3, 2, 2), explorer(tmp_path, BAG), []

    async def note(name: str, text: bytes, count: int) -> list[float]:
        chances = await ask(asked, text, count)
        answered.append(name)
        return chances

    async def run() -> list[list[float]]:
        return await asyncio.gather(note("heavy", heavy, 50), *(note("light", light, 3) for _ in range(3)))

    chances, *_ = asyncio.run(run())

    assert answered == ["light", "light", "light", "heavy"]
    assert chances == load(tmp_path, BAG).probabilities(heavy, 50)


def test_slots_get_from_another_process_what_the_model_would_choose(tmp_path: Path) -> None:
    """The same actions, drawn with the same chances."""
    arguments = "--ccb_explore_adf --epsilon 0.2 -q ::"
    features = slots_document(
        numbers(200), [(f"a{place}", numbers(200)) for place in range(20)], [(f"s{place}", []) for place in range(5)]
    )
    text = features.model_text([*"12345"], [range(20)] * 5)

    async def run() -> Sequence[SlotChoice | None]:
        asked = explorer(tmp_path, arguments)
        return await asked.ask(features.question(times=1), EXPLORES, lambda model: model.choices(text, note(model)))

    models: list[Predictor] = []

    def note(model: Predictor) -> int:
        models.append(model)
        return 5

    choices = asyncio.run(run())

    assert [type(model) for model in models] == [ModelApart]
    assert choices == load(tmp_path, arguments).choices(text, 5)


def test_only_some_costly_ranks_wait(tmp_path: Path) -> None:
    """Or they would take all memory and each other's time; those that cannot wait are told to come again."""
    asked, question, gate = explorer(tmp_path, f"{CB} --bag 10 -q ::"), Question(event(50, 390, 390), 50), Event()
    most = int(MAX_WAITING_SECONDS / asked._cost.estimate(question))

    async def run() -> list[bool | BaseException]:
        asking = [
            asyncio.ensure_future(asked.ask(question, EXPLORES, lambda _: gate.wait(10))) for _ in range(most + 3)
        ]
        await asyncio.wait(asking[-3:])
        gate.set()
        return await asyncio.gather(*asking, return_exceptions=True)

    answers = asyncio.run(run())

    assert [type(answer) for answer in answers] == [bool] * most + [ModelBusy] * 3


def test_a_process_that_crashes_takes_nothing_along(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """The Rank that it worked at gets equal chances, which are recorded as they are; the next Rank a new process."""
    heavy, asked = event(50, 250, 250), explorer(tmp_path, BAG)

    async def run() -> list[list[float]]:
        crash = asked.ask(Question(heavy, 50), EXPLORES, lambda model: model.probabilities(CRASH, 50))
        return [await ask(asked, heavy, 50), await crash, await ask(asked, heavy, 50)]

    first, second, third = asyncio.run(run())

    assert first == third == load(tmp_path, BAG).probabilities(heavy, 50)
    assert second == [1 / 50] * 50
    assert "gave no answer: predicting ended with signal SIGSEGV" in caplog.text


def test_a_model_that_is_not_used_any_more_leaves_no_process(tmp_path: Path) -> None:
    """A loop publishes models by the hundred."""
    asked = explorer(tmp_path, BAG)
    asyncio.run(ask(asked, event(50, 250, 250), 50))
    worker = asked._use_apart()._process._process
    assert worker is not None

    del asked
    gc.collect()

    assert worker.wait(10) is not None  # a thread may hold the work that it did last for a moment longer


def test_models_of_many_loops_share_a_few_processes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each loop had one, for as long as its model was kept; one that is at work keeps it now."""
    monkeypatch.setattr(model_apart, "MOST_PROCESSES", 2)
    heavy, gate = event(50, 250, 250), Event()
    first, second, third = (explorer(tmp_path, BAG) for _ in range(3))

    async def run() -> list[list[float]]:
        answers = [await ask(asked, heavy, 50) for asked in (first, second)]
        at_work = asyncio.ensure_future(first.ask(Question(heavy, 50), EXPLORES, lambda _: gate.wait(10)))
        await asyncio.sleep(0)
        answers.append(await ask(third, heavy, 50))
        gate.set()
        await at_work
        await asyncio.get_running_loop().run_in_executor(second._use_apart()._thread, list)  # what it had to do is done
        running.extend(asked._use_apart()._process.is_running for asked in (first, second, third))
        return [*answers, await ask(second, heavy, 50)]

    running: list[bool] = []
    answers = asyncio.run(run())

    assert running == [True, False, True]
    assert answers == [load(tmp_path, BAG).probabilities(heavy, 50)] * 4


def test_more_models_at_work_than_processes_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And told to come again."""
    monkeypatch.setattr(model_apart, "MOST_PROCESSES", 1)
    heavy, gate = Question(event(50, 250, 250), 50), Event()
    busy, other = (explorer(tmp_path, BAG) for _ in range(2))

    async def run() -> None:
        at_work = asyncio.ensure_future(busy.ask(heavy, EXPLORES, lambda _: gate.wait(10)))
        await asyncio.sleep(0)
        try:
            with pytest.raises(ModelBusy):
                await other.ask(heavy, EXPLORES, lambda _: None)
        finally:
            gate.set()
            await at_work

    asyncio.run(run())
