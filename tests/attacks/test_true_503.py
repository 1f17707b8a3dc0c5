"""A call that is answered 503 has changed nothing and never will, whatever its thread still does."""

import asyncio
import json
import re
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from azure.functions import HttpRequest, HttpResponse
from azure.storage.blob import BlobServiceClient

import function_app
from export_fn import model_import
from localhost.azurite.accounts import EmulatedAccount
from shared import settings
from shared.configuration import configuration_store
from shared.evaluation import evaluation_run_store
from shared.evaluation.evaluation import Purpose, Status
from shared.evaluation.outcome import PolicyOutcome
from shared.evaluation.tasks import LineCounts, TrainedModel
from shared.imports import import_run_store
from shared.imports.import_outcome import ImportOutcome
from shared.imports.verdict import Chosen
from shared.models import model_store, published_store
from shared.models.published import ModelFiles, ModelReference, Origin
from shared.status import profile_store
from shared.status.feature_profile import Profile
from shared.training import lease
from shared.web import endpoint as frame
from shared.web.registry import ServedOperation
from tests.faults.proxy import Fault
from tests.http.evaluated import CUSTOM, evaluation, keep, outcome
from tests.http.ranked_model import ARGUMENTS
from tests.http.test_model_import import make_model, sign
from tests.loop.customer_files import put_files
from tests.loop.strikes import Held, Matches, Route, Strike, open_route, write
from train_timer.run import _first_state

KEY, MODEL = "test-key-1", "20261101T000000000000Z-1-123456789abc"
EVALUATION = {"name": "n", "startTime": "2026-10-01T12:00:00Z", "endTime": "2026-10-02T12:00:00Z"}
QUARANTINE = {"from": "2026-10-01T12:00:00Z", "to": "2026-10-01T13:00:00Z", "reason": "why"}
RELABEL = QUARANTINE | {"formula": {"fixed": 0.5}}
PREVIEWS = {
    *("preview_service_configuration", "preview_policy", "preview_reset_policy", "preview_redaction"),
    "preview_quarantine",
}
ALWAYS_REFUSED = {"upload_interactions", "upload_observations"}
UNSEEN = (".exchanges/", *(f"default/{name}" for name in ("models/", "references/", "history.json", "exchanges/")))
"""What no one looks at unless another document names it, what holds only what others hold, and empty blobs to lease."""


@dataclass(frozen=True, slots=True)
class Sent:
    """What is sent to an operation: the parameters of its path, and a body that is JSON or bytes."""

    path: dict[str, str]
    body: Any = b""


def calls(model: bytes, container: str = "") -> dict[str, Sent]:
    """A call of each operation that may change something, such that it changes the loop of these tests.

    Args:
        container: The address of a customer's container.
    """
    done, custom = {"evaluationId": "done"}, {"policyName": "mine"}
    return {
        "change_policy": Sent({}, {"name": "new", "arguments": "--cb_explore_adf --epsilon 0.3"}),
        "reset_policy": Sent({}),
        "change_service_configuration": Sent({}, {"explorationPercentage": 0.7}),
        "change_exploration_shares": Sent({}, {"default": 0.5}),
        "apply_from_evaluation": Sent({}, done | custom),
        "apply_policy": Sent(done, custom | {"confirm": True}),
        "create_evaluation": Sent({"evaluationId": "new"}, EVALUATION),
        "remove_evaluation": Sent(done),
        "delete_evaluation": Sent({"evaluationId": "at-work"}),
        "create_feature_importance": Sent({"featureImportanceId": "new"}, EVALUATION),
        "delete_feature_importance": Sent({"featureImportanceId": "done"}),
        "start_import": Sent({}, {"container": container, "id": "new"}),
        "remove_import": Sent({"importId": "done"}),
        "apply_import": Sent({"importId": "done"}, {"confirm": True}),
        "export_bundle": Sent({}),
        "redact_logs": Sent({}, {"eventId": "e"}),
        "delete_logs": Sent({}),
        "reset_model": Sent({}),
        "import_model": Sent({}, sign(model)),
        "import_model_file": Sent({}, model),
        "publish_model": Sent({"modelId": MODEL}),
        "make_key": Sent({"keyName": "new"}, {"role": "rank"}),
        "rotate_key": Sent({"keyName": "old"}),
        "revoke_key": Sent({"keyName": "old"}),
        "make_quarantine": Sent({}, QUARANTINE | {"id": "new"}),
        "lift_quarantine": Sent({"quarantineId": "old"}),
        "propose_relabel": Sent({"relabelId": "new"}, RELABEL),
        "activate_relabel": Sent({"relabelId": "old"}),
        "lift_relabel": Sent({"relabelId": "old"}),
        "make_loop": Sent({"loop": "new"}),
        "delete_loop": Sent({"loop": "old"}),
    }


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return make_model(tmp_path_factory.mktemp("model") / "model.vw", ARGUMENTS)


@pytest.fixture
def route(account: EmulatedAccount, model: bytes, tmp_path: Path) -> Iterator[Route]:
    """This process's route to a loop that has a model, evaluations, a commit record and a profile."""
    with ExitStack() as stack:
        opened = stack.enter_context(open_route(account))
        stack.enter_context(settings.use(settings.read({"AzureWebJobsStorage": opened.storage, "API_KEY_1": KEY})))
        configuration_store.read_configuration()
        if (trainer := lease.take(_first_state)) is not None:
            trainer.release()
        profile_store.write(Profile(), None)
        sha256 = publish(model)
        (tmp_path / "model.vw").write_bytes(model)
        learned = PolicyOutcome(CUSTOM, "", {}, model=TrainedModel(sha256, sha256, 0))
        keep(evaluation("done"), outcome(*outcome().policies[:3], learned))
        evaluation_run_store.keep_model(evaluation("done"), tmp_path / "model.vw")
        keep(evaluation("at-work", status=Status.RUNNING, ended_us=None, optimal=None))
        keep(evaluation("done", purpose=Purpose.IMPORTANCE))
        keep(imported := evaluation("done", purpose=Purpose.IMPORT))
        import_run_store.keep_outcome(imported, import_outcome(TrainedModel(sha256, sha256, 0)))
        evaluation_run_store.keep_model(imported, tmp_path / "model.vw")
        assert call("make_key", Sent({"keyName": "old"}, {"role": "rank"})).status_code == 201
        assert call("make_quarantine", Sent({}, QUARANTINE | {"id": "old"})).status_code == 201
        assert call("propose_relabel", Sent({"relabelId": "old"}, RELABEL)).status_code == 200
        assert call("make_loop", Sent({"loop": "old"})).status_code == 201
        yield opened


def publish(model: bytes) -> str:
    """Put a model in use; gives its SHA-256."""
    files = ModelFiles.at(path := model_store.put(model, 0, 1), path, events=0)
    reference = ModelReference.of(
        files,
        MODEL,
        arguments=ARGUMENTS,
        revision=1,
        learned_from_us=0,
        learned_up_to_us=0,
        made_at_us=0,
        origin=Origin.TRAINED,
    )
    published_store.change_published(lambda published: published.with_model(reference))
    return files.predictor_sha256


def import_outcome(model: TrainedModel) -> ImportOutcome:
    """What an import has come to."""
    chosen = Chosen(CUSTOM.name, CUSTOM.arguments or "", "It is the only one.")
    return ImportOutcome(LineCounts(), (), (), None, (), 0.95, 0, None, chosen, (), model)


@pytest.fixture
def stored(storage: str) -> Iterator[BlobServiceClient]:
    """The storage, not through the proxies."""
    with BlobServiceClient.from_connection_string(storage) as client:
        yield client


@pytest.fixture
def short_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let calls have little time."""
    monkeypatch.setattr(frame, "_SECONDS", 0.2)
    monkeypatch.setattr(frame, "_LAST_SECONDS", 0.2)


def changing_operations() -> dict[str, ServedOperation]:
    """All operations that may change a document, each in its newest version, by the names of their handlers."""
    changing = (served for served in function_app.registry.operations if served.changes_documents)
    return {re.sub("_v1_.*|_2022_09.*", "", served.name): served for served in changing}


def do_nothing() -> None:
    return


def call(
    name: str, sent: Sent, first: Callable[[], object] = do_nothing, then: Callable[[], object] = do_nothing
) -> HttpResponse:
    """Call an operation as the worker does, do something before it and after its answer, and wait for its threads."""
    served = changing_operations()[name]
    version = served.version.api_version if served.version else None
    request = HttpRequest(
        served.methods[0],
        "http://localhost/x",
        headers={"Ocp-Apim-Subscription-Key": KEY},
        params={"api-version": version} if version else {},
        route_params=sent.path,
        body=sent.body if isinstance(sent.body, bytes) else json.dumps(sent.body).encode(),
    )

    async def answer() -> HttpResponse:
        first()
        answered = await served.handler(request)
        then()
        return answered

    answered = asyncio.run(answer())
    while model_import._imports.is_busy:
        time.sleep(0.01)
    return answered


def code(answer: HttpResponse) -> str:
    return str(json.loads(answer.get_body())["error"]["code"])


def seen(stored: BlobServiceClient) -> dict[str, bytes]:
    """All that another call could see."""
    containers = [stored.get_container_client(each.name) for each in stored.list_containers()]
    return {
        f"{each.container_name}/{name}": each.download_blob(name).readall()
        for each in containers
        for name in each.list_blob_names()
        if not name.startswith(UNSEEN)
    }


def hold(route: Route, matches: Matches) -> tuple[Strike, Held]:
    """Hold back the first request that matches, until it is freed."""
    strike = Strike(matches, do_nothing, held := Held())
    route.plan(strike)
    return strike, held


def test_every_operation_that_may_change_something_is_called_here() -> None:
    """A new one cannot be forgotten."""
    assert changing_operations().keys() == calls(b"").keys() | PREVIEWS | ALWAYS_REFUSED


@pytest.mark.parametrize("name", calls(b""))
def test_a_call_that_was_answered_503_changes_nothing_later(
    route: Route, account: EmulatedAccount, stored: BlobServiceClient, short_time: None, model: bytes, name: str
) -> None:
    """Storage is slow with its first answer; the call's thread goes on when that comes, after the call's own answer."""
    sent = calls(model, put_files(account, {"log.json": b"{}"}))[name]
    before = seen(stored)
    strike, held = hold(route, lambda _: True)

    answer = call(name, sent, then=held.free.set)

    if answer.status_code == 503:
        assert seen(stored) == before
    else:
        assert strike.struck.is_set()
        assert name in ("remove_evaluation", "remove_import")
        assert (answer.status_code, code(answer)) == (504, "OperationOutcomeUnknown")


def test_a_change_that_may_have_happened_is_no_503(route: Route, short_time: None) -> None:
    """Storage has it and does not answer: nobody knows. What tells later is the id of the call in the history."""
    _, held = hold(route, write("/published.json"))

    answer = call("reset_model", Sent({}), then=held.free.set)

    published = published_store.read_published()
    assert (answer.status_code, code(answer)) == (504, "OperationOutcomeUnknown")
    assert "Retry-After" not in answer.headers
    assert published.model is None
    assert [change.request for change in published.changes] == [answer.headers["apim-request-id"]]


def test_a_change_that_is_made_late_is_answered_as_made(
    route: Route, short_time: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A call whose write is on its way gets a little more time."""
    monkeypatch.setattr(frame, "_LAST_SECONDS", 30)
    _, held = hold(route, write("/published.json"))

    answer = call("reset_model", Sent({}), first=lambda: asyncio.get_running_loop().call_later(0.4, held.free.set))

    assert answer.status_code == 204
    assert published_store.read_published().model is None


def test_a_change_whose_answer_was_lost_is_made_once(route: Route) -> None:
    """The client of storage sends it again, and finds another document than the call has read: its own."""
    before = published_store.read_published()
    route.plan(strike := Strike(write("/published.json"), do_nothing, Fault(cut="after")))

    answer = call("reset_model", Sent({}))

    after = published_store.read_published()
    assert strike.struck.is_set()
    assert answer.status_code == 204
    assert after.generation == before.generation + 1
    assert [change.request for change in after.changes] == [answer.headers["apim-request-id"]]


def test_a_storage_that_refuses_is_a_503(route: Route, stored: BlobServiceClient) -> None:
    """A server that says that it is too busy to begin has not begun."""
    before = seen(stored)
    route.plan(lambda request: Fault(status=503) if write("/published.json")(request) else None)

    answer = call("reset_model", Sent({}))

    assert (answer.status_code, code(answer)) == (503, "OperationNotAllowed")
    assert seen(stored) == before


def test_a_key_whose_answer_was_lost_is_made_once(route: Route) -> None:
    """Or nobody would ever be told the key that is there."""
    route.plan(strike := Strike(write("/configuration.json"), do_nothing, Fault(cut="after")))

    answer = call("make_key", Sent({"keyName": "new"}, {"role": "rank"}))

    assert strike.struck.is_set()
    assert answer.status_code == 201
    assert [key.name for key in configuration_store.read_configuration().keys] == ["old", "new"]
