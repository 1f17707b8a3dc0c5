"""PyPI `azure-ai-personalizer` 1.0.0b1: offline evaluations, as the client's own tests use them and over a real log."""

import datetime
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from azure.core.exceptions import HttpResponseError, ResourceNotFoundError

from tests.clients.azure_ai import KINDS, Clients, clients, eventually, feed_loop
from tests.http.api import Api
from tests.storages import NewStorage

WITHOUT_DATA = {
    "name": "sdkTestEvaluation",
    "startTime": "2022-09-20",
    "endTime": "2022-09-30",
    "enableOfflineExperimentation": True,
    "policies": [{"name": "custom 1", "arguments": "--cb_explore_adf --epsilon 0.2 --dsjson --cb_type ips -l 0.5"}],
}
OVER = ("Succeeded", "Failed", "Timeout", "Canceled")
EVENTS = 40


def wait_for_end(client: Clients, of_id: str, **query: Any) -> Any:
    """Read an evaluation until it does not run any more, and return it as the client gives it."""
    eventually(lambda: client.owner.get_evaluation(of_id, **query)["status"] in OVER)
    return client.owner.get_evaluation(of_id, **query)


@pytest.mark.parametrize("kind", KINDS)
def test_one_is_created_polled_read_listed_and_deleted(api: Api, kind: str) -> None:
    """On a loop that has not been used: the range is empty, and the evaluation succeeds."""
    of_id = str(uuid.uuid4())
    query = {"start_time": datetime.datetime(2022, 9, 20), "end_time": datetime.datetime(2022, 9, 30)}  # noqa: DTZ001
    with clients(kind, api.url, "test-key-1") as client:
        assert client.owner.create_evaluation(of_id, WITHOUT_DATA) is None
        evaluation = wait_for_end(client, of_id, **query)
        listed = [evaluation["id"] for evaluation in client.owner.list_evaluations()]
        assert client.owner.delete_evaluation(of_id) is None

        assert (evaluation["id"], evaluation["name"], evaluation["status"]) == (of_id, "sdkTestEvaluation", "Succeeded")
        assert (evaluation["evaluationType"], evaluation["content"]["value"]) == ("Manual", [])
        assert of_id in listed
        with pytest.raises(ResourceNotFoundError) as refusal:
            client.owner.get_evaluation(of_id, **query)
        assert "EvaluationNotFound" in str(refusal.value)


@pytest.mark.parametrize("kind", KINDS)
def test_pages_are_gone_through_by_the_client(api: Api, kind: str) -> None:
    """It follows the address of the next page, with the filter of the first call."""
    ids = [str(uuid.uuid4()) for _ in range(5)]
    manual, automatic = ("metadata=evaluationType eq 'Manual'", "metadata=evaluationType eq 'Auto'")
    with clients(kind, api.url, "test-key-1") as client:
        for of_id in ids:
            client.owner.create_evaluation(of_id, WITHOUT_DATA)

        some = client.owner.list_evaluations(top=4, skip=1, filter_expression=manual, params={"maxpagesize": "2"})
        none = client.owner.list_evaluations(filter_expression=automatic)

        assert [evaluation["id"] for evaluation in some] == ids[3::-1]
        assert list(none) == []
        for of_id in ids:
            client.owner.delete_evaluation(of_id)


@pytest.mark.parametrize("kind", KINDS)
def test_refusals_are_the_clients_own_exceptions(api: Api, kind: str) -> None:
    """With the codes that are documented for them."""
    twice = {**WITHOUT_DATA, "policies": WITHOUT_DATA["policies"] * 2}  # type: ignore[operator]
    reversed_range = {**WITHOUT_DATA, "startTime": WITHOUT_DATA["endTime"], "endTime": WITHOUT_DATA["startTime"]}
    cases = ((twice, "DuplicateCustomPolicyNames"), (reversed_range, "InvalidDateTimesInEvaluationContract"))
    with clients(kind, api.url, "test-key-1") as client:
        for body, code in cases:
            with pytest.raises(HttpResponseError) as refusal:
                client.owner.create_evaluation(str(uuid.uuid4()), body)

            assert refusal.value.status_code == 400
            assert code in str(refusal.value)


@pytest.fixture(scope="module")
def logged(new_storage: NewStorage) -> Iterator[Api]:
    """A loop with a log: soup earns 1, all else nothing."""
    with feed_loop(new_storage(), EVENTS) as (_, api):
        eventually(lambda: api.get("/rankloop/v1/status").json["events"]["learned"] == EVENTS)
        yield api


def test_a_log_is_evaluated(logged: Api) -> None:
    """Every policy is there with an estimate and an interval around it, in all versions and on the loop's own page."""
    now = datetime.datetime.now(datetime.UTC)
    start, end = now - datetime.timedelta(hours=1), now + datetime.timedelta(hours=1)
    body = {
        "name": "meals",
        "startTime": start.isoformat(),
        "endTime": end.isoformat(),
        "policies": [{"name": "squarecb", "arguments": "--cb_explore_adf --squarecb -q ::"}],
    }
    with clients("sync", logged.url, "test-key-1") as client:
        client.owner.create_evaluation("meals", body)
        newest = wait_for_end(client, "meals", start_time=start, end_time=end)
    older = logged.get("/personalizer/v1.1-preview.3/evaluations/meals").json
    own = logged.get("/rankloop/v1/evaluations/meals").json

    names = ["online", "baseline1", "baselineRand", "squarecb"]
    results = newest["content"]["value"]
    assert newest["status"] == "Succeeded"
    assert [result["name"] for result in results] == [policy["name"] for policy in own["policies"]] == names
    older_results = {result["name"]: result for result in older["policyResults"]}
    assert list(older_results) == ["squarecb", "online", "baseline1", "baselineRand"]
    for result, policy in zip(results, own["policies"], strict=True):
        older_result = older_results[result["name"]]
        low, high = result["summary"]["confidenceInterval"]
        assert low <= result["summary"]["expectedReward"] <= high
        assert (
            result["summary"]["expectedReward"]
            == older_result["totalSummary"]["averageReward"]
            == policy["estimates"]["ips"]
        )
        assert older_result["totalSummary"]["ipsEstimatorDenominator"] == policy["events"] == EVENTS
    assert own["lines"]["used"] == EVENTS
    assert newest["optimalPolicy"] in names


def test_a_century_is_told_by_the_five_minutes_that_have_events(logged: Api) -> None:
    """In both forms of the API: whoever wants all of the log asks for more than there is."""
    start, end = datetime.datetime(2019, 3, 1, tzinfo=datetime.UTC), datetime.datetime(2119, 3, 1, tzinfo=datetime.UTC)
    body = {"name": "all", "startTime": start.isoformat(), "endTime": end.isoformat()}
    with clients("sync", logged.url, "test-key-1") as client:
        client.owner.create_evaluation("all", body)
        newest = wait_for_end(client, "all", start_time=start, end_time=end)
    older = logged.get("/personalizer/v1.1-preview.3/evaluations/all").json

    online = next(result for result in older["policyResults"] if result["name"] == "online")
    fine = [summary for summary in online["summary"] if summary["aggregateTimeWindow"] == "PT5M"]
    series = newest["content"]["value"][0]["timeseries"]["data"]
    assert all(summary["ipsEstimatorDenominator"] for summary in online["summary"])
    assert sum(summary["ipsEstimatorDenominator"] for summary in fine) == EVENTS
    assert newest["content"]["intervalInMinutes"] == 5
    assert [interval["timeStamp"] for interval in series] == [summary["timeStamp"] for summary in fine]


def test_what_is_not_certain_can_be_applied_as_ever(logged: Api) -> None:
    """The client cannot confirm anything, and its own tests apply what a dozen events say."""
    now = datetime.datetime.now(datetime.UTC)
    start, end = now - datetime.timedelta(hours=1), now + datetime.timedelta(hours=1)
    body = {
        "name": "chance",
        "startTime": start.isoformat(),
        "endTime": end.isoformat(),
        "policies": [{"name": "random", "arguments": "--cb_explore_adf --epsilon 1.0"}],
    }
    with clients("sync", logged.url, "test-key-1") as client:
        client.owner.create_evaluation("chance", body)
        evaluation = wait_for_end(client, "chance", start_time=start, end_time=end)

        assert client.owner.apply_from_evaluation({"evaluationId": "chance", "policyName": "random"}) is None
        assert client.owner.get_policy()["name"] == "random"
    assert evaluation["optimalPolicy"] == "online"
    assert "No policy is better than online for certain" in evaluation["description"]
