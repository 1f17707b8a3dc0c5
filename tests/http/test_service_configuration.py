"""The service configuration over HTTP."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.http.api import Api

SERVICE = "/personalizer/v1.0/configurations/service"
FIELDS = [
    "rewardWaitTime",
    "defaultReward",
    "rewardAggregation",
    "explorationPercentage",
    "modelExportFrequency",
    "logMirrorEnabled",
    "logMirrorSasUri",
    "logRetentionDays",
]


def test_it_has_the_fields_of_v1_0_and_no_others(api: Api) -> None:
    """Strict clients of v1.0 know no later field."""
    answer = api.get(SERVICE)

    assert answer.status == 200
    assert list(answer.json) == FIELDS


@pytest.mark.parametrize(
    "change",
    [
        {"rewardWaitTime": "PT5S"},
        {"rewardWaitTime": "PT600S"},
        {"rewardWaitTime": "P1DT0H"},
        {"modelExportFrequency": "PT3M"},
        {"defaultReward": -0.3},
        {"explorationPercentage": 0.3},
        {"explorationPercentage": 0},
        {"rewardAggregation": "average"},
        {"logRetentionDays": -1},
        {"logRetentionDays": 2},
        {"logMirrorEnabled": True, "logMirrorSasUri": "https://example.com/logs?sig=x"},
    ],
    ids=str,
)
def test_what_is_put_is_told_back_as_sent(api: Api, change: dict[str, Any]) -> None:
    """Durations in the form given, numbers exactly, by PUT and by GET."""
    told = api.put(SERVICE, {"rewardWaitTime": "PT10M", **change})

    assert told.status == 200
    assert change == {name: told.json[name] for name in change}
    assert told.json == api.get(SERVICE).json


def test_what_is_not_sent_keeps_its_value(api: Api) -> None:
    """Also what is sent as null, as some serializers do."""
    api.put(SERVICE, {"explorationPercentage": 0.45, "modelExportFrequency": "PT7M"})
    before = api.get(SERVICE).json

    told = api.put(SERVICE, {"defaultReward": 0.125, "explorationPercentage": None, "noSuchField": 1}).json

    assert told == before | {"defaultReward": 0.125}


@pytest.mark.parametrize(("sent", "told"), [("00:00:15", "PT15S"), ("1.00:00:00", "P1D"), ("00:10:00", "PT10M")])
def test_a_dot_net_time_span_is_told_as_iso_8601(api: Api, sent: str, told: str) -> None:
    """The oldest clients send those."""
    assert api.put(SERVICE, {"rewardWaitTime": sent}).json["rewardWaitTime"] == told


@pytest.mark.parametrize("word", ["Earliest", "SUM", "median", "Min", "max"])
def test_an_aggregation_may_be_written_in_any_case(api: Api, word: str) -> None:
    """It is told in lower case."""
    assert api.put(SERVICE, {"rewardAggregation": word}).json["rewardAggregation"] == word.lower()


def test_retention_is_checked_against_the_wait_that_is_stored(api: Api) -> None:
    """A longer wait alone can make the stored retention too short."""
    api.put(SERVICE, {"rewardWaitTime": "PT10M", "logRetentionDays": 2})

    answer = api.put(SERVICE, {"rewardWaitTime": "P2D"})

    assert answer.status == 400
    assert answer.error["code"] == "InvalidLogRetentionDays"
    assert api.get(SERVICE).json["rewardWaitTime"] == "PT10M"


def test_patch_is_put(api: Api) -> None:
    """An early revision of the API used it."""
    assert api.call("PATCH", SERVICE, {"defaultReward": 0.5}).json["defaultReward"] == 0.5


def test_changes_at_the_same_time_are_all_kept(api: Api) -> None:
    """Each was answered with 200, so none may undo another one."""
    changes = [
        {"rewardWaitTime": "PT11M"},
        {"defaultReward": 0.75},
        {"explorationPercentage": 0.15},
        {"modelExportFrequency": "PT13M"},
        {"logRetentionDays": 17},
    ]
    with ThreadPoolExecutor(len(changes)) as clients:
        answers = list(clients.map(lambda change: api.put(SERVICE, change), changes))

    told = api.get(SERVICE).json
    assert {answer.status for answer in answers} == {200}
    assert all(told[name] == value for change in changes for name, value in change.items())
