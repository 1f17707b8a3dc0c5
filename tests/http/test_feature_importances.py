"""Feature importances over HTTP, in 2022-09-01-preview."""

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from urllib.parse import quote, urlsplit

import pytest

from shared.evaluation import evaluation_run_store, evaluation_store
from shared.evaluation.evaluation import Evaluation, Purpose, Status
from shared.evaluation.forms.feature_importance_answers import NO_EVENTS, NO_SCORE
from shared.evaluation.outcome import FeatureScore
from shared.times import DAY, MINUTE
from tests.clock import now_us
from tests.hosts import HostProcess
from tests.http.api import Answer, Api
from tests.http.conftest import NEVER
from tests.http.evaluated import START, evaluation
from tests.storages import NewStorage

LIST = "/personalizer/featureImportances"
VERSION = "?api-version=2022-09-01-preview"
BODY = {"name": "myFeatureImportance", "startTime": "2019-01-12T00:00:00Z", "endTime": "2019-01-19T00:00:00Z"}
TIMES = {"startTime": START, "endTime": "2026-10-01T12:15:00Z", "creationTime": "2026-10-01T12:16:00Z"}
SCORES = (
    FeatureScore("userInfo", "device", 1.0, is_clear=True),
    FeatureScore("j", "category", 0.55, is_clear=True),
    FeatureScore("s", "position", 0.0),
)


@pytest.fixture(scope="module")
def importances(new_storage: NewStorage, here: Callable[[str], None]) -> Iterator[Api]:
    """A loop of the module's own, whose storage is this process's too."""
    account = new_storage()
    settings = {"API_KEY_1": "test-key-1", **NEVER}
    with HostProcess(account, env=settings) as started:
        here(account)
        yield Api.at(started.url, "test-key-1")


def path(of_id: str) -> str:
    return f"{LIST}/{quote(of_id, safe='')}{VERSION}"


def keep(of_id: str, *scores: FeatureScore, **changes: object) -> Evaluation:
    """Put an importance that has ended into storage, as workers would have left it."""
    importance = evaluation(of_id, **{"purpose": Purpose.IMPORTANCE, "custom": (), "optimal": None, **changes})  # type: ignore[arg-type]
    assert evaluation_store.create(importance)
    if importance.status.has_results:
        evaluation_run_store.keep_scores(importance, scores)
    return importance


def wait_for_end(api: Api, of_id: str) -> Answer:
    """Read an importance until it does not run any more, and return that answer."""
    until = time.monotonic() + 60
    while (answer := api.get(path(of_id))).json["status"] == "Running":
        assert time.monotonic() < until
        time.sleep(0.1)
    return answer


def test_one_is_put_carried_out_and_deleted(importances: Api) -> None:
    """On a range without a log it ends well and finds nothing; the loop need not have been used."""
    put = importances.put(path("first"), BODY)
    body = wait_for_end(importances, "first").json
    gone = importances.delete(path("first"))

    assert (put.status, put.body) == (200, b"")
    assert {name: body[name] for name in ("id", "status", "featureScores", "description", *BODY)} == {
        "id": "first",
        "status": "Succeeded",
        "featureScores": [],
        "description": NO_EVENTS,
        **BODY,
    }
    assert (gone.status, gone.body) == (204, b"")
    assert importances.get(path("first")).status == 404


def test_scores_come_with_the_most_important_first(importances: Api) -> None:
    """In the shape that was documented; the description says which of them are more than chance."""
    keep("scored", *SCORES)

    assert importances.get(path("scored")).json == {
        "id": "scored",
        "name": "the scored",
        **TIMES,
        "status": "Succeeded",
        "description": "Worth more than chance may give: userInfo.device, j.category. Other scores may be chance.",
        "featureScores": [
            {"namespace": "userInfo", "featureName": "device", "score": 1},
            {"namespace": "j", "featureName": "category", "score": 0.55},
            {"namespace": "s", "featureName": "position", "score": 0},
        ],
    }


def test_scores_that_are_all_chance_are_said_to_be(importances: Api) -> None:
    """A reader of nothing but zeros must not believe that nothing matters."""
    keep("chance", *(replace(score, score=0.0, is_clear=False) for score in SCORES))

    assert importances.get(path("chance")).json["description"] == NO_SCORE


def test_of_more_than_a_hundred_features_the_description_says_so(importances: Api) -> None:
    """And it names no more than ten."""
    keep("many", *(FeatureScore("j", f"f{number:03}", 1.0, is_clear=True) for number in range(100)))

    description = importances.get(path("many")).json["description"]

    assert description.startswith("Worth more than chance may give: j.f000, j.f001,")
    assert description.endswith("j.f009 and 90 more. Only the 100 features that the most events have were looked at.")


def test_a_failed_one_says_why(importances: Api) -> None:
    """And has no scores."""
    keep("failed", status=Status.FAILED, reason="The log was deleted.")

    body = importances.get(path("failed")).json

    assert (body["status"], body["description"], body["featureScores"]) == ("Failed", "The log was deleted.", [])


def test_a_running_one_is_canceled_by_delete_and_removed_by_the_next(importances: Api) -> None:
    """As evaluations are."""
    keep("running", status=Status.RUNNING, ended_us=None)

    first, body = importances.delete(path("running")), importances.get(path("running")).json
    second, gone = importances.delete(path("running")), importances.get(path("running"))

    assert (first.status, body["status"], body["featureScores"]) == (204, "Canceled", [])
    assert (second.status, gone.status) == (204, 404)


def test_an_id_can_be_used_once(importances: Api) -> None:
    """And evaluations have ids of their own."""
    keep("twice", *SCORES)

    refusal = importances.put(path("twice"), BODY)
    evaluated = importances.get("/personalizer/evaluations/twice" + VERSION)

    assert (refusal.status, refusal.error["code"]) == (400, "FeatureImportanceAlreadyExists")
    assert refusal.headers["x-ms-error-code"] == "FeatureImportanceAlreadyExists"
    assert (evaluated.status, evaluated.error["code"]) == (404, "EvaluationNotFound")


@pytest.mark.parametrize("method", ["get", "delete"])
def test_an_unknown_id_is_not_found(importances: Api, method: str) -> None:
    """With the documented code."""
    refusal = getattr(importances, method)(path("nobody"))

    assert (refusal.status, refusal.error["code"]) == (404, "FeatureImportanceNotFound")


@pytest.mark.parametrize(
    ("change", "target"),
    [
        ({"name": None}, "name"),
        ({"name": ""}, "name"),
        ({"name": "n" * 257}, "name"),
        ({"startTime": "yesterday"}, "startTime"),
        ({"endTime": 3}, "endTime"),
        ({"startTime": "2027-01-01T00:00:00Z"}, "endTime"),
    ],
)
def test_what_cannot_be_one_is_refused(importances: Api, change: dict[str, object], target: str) -> None:
    """And nothing is kept of it."""
    refusal = importances.put(path("refused"), BODY | change)

    assert (refusal.status, refusal.error["code"], refusal.error["target"]) == (400, "InvalidContract", target)
    assert importances.get(path("refused")).status == 404


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null"])
def test_a_body_that_is_none_is_refused(importances: Api, body: bytes) -> None:
    """Whatever it is."""
    assert importances.call("PUT", path("refused"), body).status == 400


@pytest.mark.parametrize("of_id", ["n" * 256, "a b/c?", "é", "...", "~", "%2F"])
def test_ids_may_have_any_characters(importances: Api, of_id: str) -> None:
    """Up to 256 of them."""
    assert importances.put(path(of_id), BODY).status == 200
    assert importances.get(path(of_id)).json["id"] == of_id
    assert importances.put(path(of_id + "n" * 256), BODY).error["code"] == "InvalidContract"


@pytest.mark.parametrize("of_id", ["%2E", "%2E%2E"])
def test_an_id_that_is_a_step_of_a_path_leads_nowhere(importances: Api, of_id: str) -> None:
    """Hosts leave such steps out, percent-encoded or not."""
    at = f"{LIST}/{of_id}{VERSION}"

    assert importances.put(at, BODY).error["code"] == "ResourceNotFound"
    assert importances.delete(at).status == 404


def test_the_list_has_the_newest_first_in_pages(importances: Api) -> None:
    """Without scores; the address of the next page works as it is."""
    newest = now_us() + DAY
    for number in range(5):
        keep(f"n{number}", *SCORES, created_us=newest + number * MINUTE)

    first = importances.get(f"{LIST}{VERSION}&skip=1&top=3&maxpagesize=2").json
    second = importances.get("{0.path}?{0.query}".format(urlsplit(first["nextLink"]))).json

    assert [entry["id"] for entry in first["value"]] == ["n3", "n2"]
    assert [entry["id"] for entry in second["value"]] == ["n1"]
    assert "nextLink" not in second
    assert importances.get(f"{LIST}{VERSION}&skip=1000").json == {"value": []}
    assert first["value"][0].keys() == {"id", "name", "startTime", "endTime", "creationTime", "status"}


def test_older_versions_do_not_have_them(importances: Api) -> None:
    """They have come with 2022-09-01-preview."""
    assert importances.get("/personalizer/v1.1-preview.3/featureImportances").status == 404
    assert importances.get(LIST).error["code"] == "BadRequest"
