"""Applying: a policy of an evaluation and what it learned become the loop's, in the old service's API and the own."""

import hashlib
from collections.abc import Callable, Iterator
from copy import replace
from pathlib import Path

import pytest

from shared.configuration import configuration_store
from shared.evaluation import evaluation_run_store, evaluation_store
from shared.evaluation.evaluation import Evaluation, Policy, Purpose, Source, Status
from shared.evaluation.outcome import Outcome, PolicyOutcome
from shared.evaluation.tasks import TrainedModel
from shared.models import published_store
from shared.status import learning_status
from shared.times import HOUR
from shared.web.versions import VERSIONS
from tests.conftest import StartHost
from tests.hosts import HostProcess
from tests.http.api import Answer, Api
from tests.http.described import Described
from tests.http.evaluated import CUSTOM, START_US, evaluation, keep, outcome
from tests.loop import evaluated_log, past
from tests.loop.conftest import KEY, NEVER, StartTrainer
from tests.loop.stored_loop import StoredLoop
from tests.loop.workers import Worker
from tests.storages import NewStorage

V1 = "/personalizer/v1.1-preview.3"
PATH = "configurations/applyFromEvaluation"


@pytest.fixture(autouse=True)
def _home(stored_loop: StoredLoop) -> Iterator[None]:
    with evaluated_log.use_storage(stored_loop.storage):
        yield


RANDOM = Policy("random", "--cb_explore_adf --epsilon 1.0", Source.CUSTOM)
"""What the evaluated log shows: nothing is better or worse about it."""


def apply(api: Api, evaluation_id: str, policy: str) -> Answer:
    return api.post(f"{V1}/{PATH}", {"evaluationId": evaluation_id, "policyName": policy})


def apply_own(api: Api, evaluation_id: str, body: object) -> Answer:
    return api.post(f"/rankloop/v1/evaluations/{evaluation_id}/apply", body)


def test_a_policy_is_applied_with_what_it_learned(
    stored_loop: StoredLoop, start_host: StartHost, trainer: StartTrainer, tmp_path: Path
) -> None:
    """Its model learned all of the evaluated log and goes on behind it; a re-training that goes on ends."""
    past.configure(stored_loop, past.configuration(reward_wait_time="PT10M"))
    past.Past([past.event("last", past.minutes_ago(30))]).write(stored_loop)
    span = evaluated_log.write(stored_loop, hours=2)
    with trainer() as started_trainer:
        started_trainer.succeed()
    started_evaluation = evaluated_log.build_evaluation("mine", (span[0], span[1] - HOUR))
    assert evaluation_store.start(started_evaluation)
    with Worker(stored_loop.storage, started_evaluation, tmp_path / "worker.log") as worker:
        assert worker.wait(120) == 0
    api = Api.at(start_host(**NEVER).url, KEY)
    assert api.put(f"{V1}/configurations/service", {"defaultReward": 0.1}).status == 200
    with trainer() as started_trainer:
        started_trainer.succeed()

    assert apply(api, "mine", "square").status == 204

    body = api.get(f"{V1}/configurations/policy").json
    assert body == {"name": "square", "arguments": "--cb_explore_adf --squarecb --epsilon 0.1 -q ::"}
    assert configuration_store.read_configuration().revision == 3
    [model, *_] = api.get("/rankloop/v1/models").json["models"]
    assert (model["current"], model["origin"], model["learnedEvents"]) == (True, "applied", 147)
    assert model["arguments"] == body["arguments"]
    assert api.get(f"{V1}/model").body == stored_loop.read_export()
    assert api.get("/rankloop/v1/status").json["retraining"] == learning_status.GOES_ON

    with trainer() as started_trainer:
        started_trainer.succeed()

    assert api.get("/rankloop/v1/status").json["retraining"] is None
    state = stored_loop.document("state.json")
    assert (state["next"], state["running"]["arguments"]) == (None, body["arguments"])
    assert state["running"]["model"]["events"] == 2 * 147 + 1

    _forget_earlier_models()
    before = configuration_store.read_configuration(), published_store.read_published()
    assert apply(api, "mine", "square").status == 204
    assert before == (configuration_store.read_configuration(), published_store.read_published())
    assert evaluation_store.read(Purpose.EVALUATION, "mine").status is Status.SUCCEEDED  # type: ignore[union-attr]


def test_what_may_be_no_better_has_to_be_confirmed(
    stored_loop: StoredLoop, start_host: StartHost, tmp_path: Path
) -> None:
    """In the loop's own API; published clients of the old one cannot confirm, so there a header warns."""
    past.configure(stored_loop, past.configuration(reward_wait_time="PT10M"))
    span = evaluated_log.write(stored_loop, hours=4)
    started_evaluation = evaluated_log.build_evaluation("both", span, custom=(RANDOM, evaluated_log.CUSTOM[1]))
    assert evaluation_store.start(started_evaluation)
    with Worker(stored_loop.storage, started_evaluation, tmp_path / "worker.log") as worker:
        assert worker.wait(120) == 0
    api = Api.at(start_host(**NEVER).url, KEY)
    described, path = Described.by(api), "/rankloop/v1/evaluations/{evaluationId}/apply"
    before = configuration_store.read_configuration(), published_store.read_published()

    refused = apply_own(api, "both", {"policyName": "random"})

    assert (refused.status, refused.error["code"]) == (409, "NotCertainlyBetter")
    for words in ("random is not better than online for certain", "588 events (95 % interval -0.", '"confirm": true'):
        assert words in refused.error["message"]
    assert before == (configuration_store.read_configuration(), published_store.read_published())
    described.demand("POST", path, refused)

    confirmed = apply_own(api, "both", {"policyName": "random", "confirm": True})
    assert (confirmed.status, _policy_in_use(api)) == (204, "random")
    described.demand("POST", path, confirmed)

    certain = apply_own(api, "both", {"policyName": "square"})
    assert (certain.status, _policy_in_use(api)) == (204, "square")
    assert "warning" not in apply(api, "both", "square").headers

    warned = apply(api, "both", "random")
    assert (warned.status, _policy_in_use(api)) == (204, "random")
    assert warned.headers["warning"].startswith('299 - "Applied, but random is not better than online for certain: ')


def _policy_in_use(api: Api) -> str:
    return str(api.get(f"{V1}/configurations/policy").json["name"])


def _forget_earlier_models() -> None:
    """As when so many models were published since that they are not known any more."""
    published_store.change_published(lambda published: replace(published, previous=()))


@pytest.fixture(scope="module")
def loop(new_storage: NewStorage) -> Iterator[tuple[Api, str]]:
    """A loop, and the connection string of its storage."""
    account = new_storage()
    with HostProcess(account, env=NEVER) as started:
        yield Api.at(started.url, KEY), account


@pytest.fixture
def keep_in_storage(loop: tuple[Api, str]) -> Iterator[Callable[[Evaluation, Outcome | None], None]]:
    with evaluated_log.use_storage(loop[1]):
        yield keep


def test_what_cannot_be_applied_is_refused(
    loop: tuple[Api, str], keep_in_storage: Callable[[Evaluation, Outcome | None], None], tmp_path: Path
) -> None:
    """And changes nothing."""
    api, slots = loop[0], Policy("slots", "--ccb_explore_adf", Source.CUSTOM)
    done_outcome = outcome()
    digest = hashlib.sha256(b"a model").hexdigest()
    two = replace(done_outcome.policies[3], policy=slots, model=TrainedModel(digest, digest, 200))
    unkept = PolicyOutcome(replace(CUSTOM, name="unkept"), "", done_outcome.policies[3].bins, START_US, None)
    keep_in_storage(evaluation("done"), replace(done_outcome, policies=(*done_outcome.policies, unkept)))
    keep_in_storage(of_slots := evaluation("slots"), replace(done_outcome, policies=(*done_outcome.policies, two)))
    (tmp_path / "model").write_bytes(b"a model")
    evaluation_run_store.keep_model(of_slots, tmp_path / "model")
    keep_in_storage(evaluation("running", status=Status.RUNNING, ended_us=None), None)
    keep_in_storage(evaluation("failed", status=Status.FAILED), done_outcome)
    before = configuration_store.read_configuration(), published_store.read_published()

    answers = {
        (evaluation_id, policy): (answer.status, answer.error["code"])
        for evaluation_id, policy in (
            ("nobody", "mine"),
            ("running", "mine"),
            ("failed", "mine"),
            ("done", "online"),
            ("done", "baselineRand"),
            ("done", "unheard of"),
            ("done", "unkept"),
            ("done", "mine"),
            ("slots", "slots"),
        )
        for answer in [apply(api, evaluation_id, policy)]
    }
    own = [apply_own(api, evaluation_id, {"policyName": policy, "confirm": True}) for evaluation_id, policy in answers]

    assert answers == {
        ("nobody", "mine"): (404, "EvaluationNotFound"),
        ("running", "mine"): (400, "BadRequest"),
        ("failed", "mine"): (400, "BadRequest"),
        ("done", "online"): (404, "LearningSettingsNotFound"),
        ("done", "baselineRand"): (404, "LearningSettingsNotFound"),
        ("done", "unheard of"): (404, "LearningSettingsNotFound"),
        ("done", "unkept"): (404, "EvaluationModelNotFound"),
        ("done", "mine"): (404, "EvaluationModelNotFound"),
        ("slots", "slots"): (409, "ModelRankingError"),
    }
    assert [(answer.status, answer.error["code"]) for answer in own] == list(answers.values())
    for body in (b"", {}, {"policyName": ""}, {"policyName": "mine", "confirm": "yes"}):
        assert apply_own(api, "done", body).status == 400
    for body in (b"", {}, {"evaluationId": "done"}, {"evaluationId": "", "policyName": "mine"}):
        assert api.post(f"{V1}/{PATH}", body).status == 400
    assert before == (configuration_store.read_configuration(), published_store.read_published())


def test_the_old_version_does_not_have_it(loop: tuple[Api, str]) -> None:
    body = {"evaluationId": "nobody", "policyName": "mine"}
    codes = [loop[0].post(_address(version.name), body).error["code"] for version in VERSIONS]

    assert codes == ["ResourceNotFound", *["EvaluationNotFound"] * (len(VERSIONS) - 1)]


def _address(version: str) -> str:
    newest = version == "2022-09-01-preview"
    return f"/personalizer/{PATH}?api-version={version}" if newest else f"/personalizer/{version}/{PATH}"
