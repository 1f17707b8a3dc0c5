"""Whatever a client gets wrong is a 400 with the API's code and the place, and changes nothing."""

import json
from typing import Any

import pytest

from tests.http.api import Api

V1 = "/personalizer/v1.0"
ACTION = {"id": "a", "features": [{"x": 1}]}


def rank(**fields: Any) -> bytes:
    return json.dumps({"actions": [ACTION], **fields}).encode()


def action(**fields: Any) -> bytes:
    return rank(actions=[{"id": "b", "features": [{"x": 1}]}, ACTION | fields])


NOT_JSON = [
    (b"", None),
    (b"{", "line 1 column 2"),
    (b'{"actions":\n [NaN]}', "line 2 column 3"),
    (b'{"value": 1e400}', "line 1 column 11"),
    (b'{"eventId": "\\ud800"}', "line 1 column"),
    (b'{"eventId": "\xff"}', "line 1 column"),
    (b"[" * 100_000, "line 1 column"),
]

RANKS = [
    (b"[]", None),
    (b'"text"', None),
    (b"{}", "actions"),
    (rank(actions=None), "actions"),
    (rank(actions=[]), "actions"),
    (rank(actions={"id": "a"}), "actions"),
    (rank(actions=[{**ACTION, "id": str(n)} for n in range(51)]), "actions"),
    (rank(actions=[None]), "actions[0]"),
    (action(id=""), "actions[1].id"),
    (action(id=None), "actions[1].id"),
    (action(id=7), "actions[1].id"),
    (action(id="x" * 257), "actions[1].id"),
    (action(id="b"), "actions[1].id"),
    (rank(actions=[{"id": "a"}]), "actions[0].features"),
    (rank(actions=[{"features": [{}]}]), "actions[0].id"),
    (action(features=None), "actions[1].features"),
    (action(features={"x": 1}), "actions[1].features"),
    (action(features=[]), "actions[1].features"),
    (action(features=[None]), "actions[1].features"),
    (action(features=["x"]), "actions[1].features[0]"),
    (action(features=[{"": 1}]), "actions[1].features[0]"),
    (action(features=[{"x": ["text"]}]), "actions[1].features[0]"),
    (action(features=[{str(n): 1 for n in range(401)}]), "actions[1].features"),
    (action(features=[{str(n): [0.5] * 65 for n in range(13)}]), "actions[1].features"),
    (action(features=[{"text": [0.5] * 16_385}]), "actions[1].features[0].text"),
    (action(features=[{"text": [0.5] * 1536 + ["0.5"]}]), "actions[1].features[0].text[1536]"),
    (rank(contextFeatures="x"), "contextFeatures"),
    (rank(contextFeatures=[None]), "contextFeatures[0]"),
    (rank(contextFeatures=[7]), "contextFeatures[0]"),
    (rank(excludedActions="a"), "excludedActions"),
    (rank(excludedActions=[1]), "excludedActions[0]"),
    (rank(excludedActions=["a"]), "excludedActions"),
    (rank(eventId=""), "eventId"),
    (rank(eventId=1), "eventId"),
    (rank(eventId="x" * 257), "eventId"),
    *((rank(eventId=event_id), "eventId") for event_id in (".", "..", "a\0", "a\nb", "\x7f", "\x9f")),
    (rank(deferActivation="yes"), "deferActivation"),
]

REWARDS = [
    (b"[]", None),
    (b"{}", "value"),
    (b'{"value": null}', "value"),
    (b'{"value": "1"}', "value"),
    (b'{"value": true}', "value"),
    (b'{"value": [1]}', "value"),
    (b'{"value": 1000.5}', "value"),
    (b'{"value": -1001}', "value"),
]

CONFIGURATIONS = [
    ({"rewardWaitTime": "soon"}, "InvalidServiceConfiguration", "rewardWaitTime"),
    ({"rewardWaitTime": 600}, "InvalidServiceConfiguration", "rewardWaitTime"),
    ({"rewardWaitTime": "P1M"}, "InvalidServiceConfiguration", "rewardWaitTime"),
    ({"rewardWaitTime": "PT4S"}, "InvalidRewardWaitTime", "rewardWaitTime"),
    ({"rewardWaitTime": "-PT10M"}, "InvalidRewardWaitTime", "rewardWaitTime"),
    ({"rewardWaitTime": "P30DT1S"}, "InvalidRewardWaitTime", "rewardWaitTime"),
    ({"defaultReward": 1.5}, "InvalidServiceConfiguration", "defaultReward"),
    ({"defaultReward": "0"}, "InvalidServiceConfiguration", "defaultReward"),
    ({"rewardAggregation": "product"}, "InvalidServiceConfiguration", "rewardAggregation"),
    ({"rewardAggregation": "x" * 300}, "InvalidServiceConfiguration", "rewardAggregation"),
    ({"explorationPercentage": -0.1}, "InvalidServiceConfiguration", "explorationPercentage"),
    ({"explorationPercentage": 20}, "InvalidServiceConfiguration", "explorationPercentage"),
    ({"explorationPercentage": True}, "InvalidServiceConfiguration", "explorationPercentage"),
    ({"modelExportFrequency": "PT0S"}, "InvalidServiceConfiguration", "modelExportFrequency"),
    ({"modelExportFrequency": "P9999D"}, "InvalidServiceConfiguration", "modelExportFrequency"),
    ({"modelExportFrequency": ""}, "InvalidServiceConfiguration", "modelExportFrequency"),
    ({"logMirrorEnabled": "yes"}, "InvalidServiceConfiguration", "logMirrorEnabled"),
    ({"logRetentionDays": -2}, "InvalidServiceConfiguration", "logRetentionDays"),
    ({"logRetentionDays": 2**31}, "InvalidServiceConfiguration", "logRetentionDays"),
    ({"logRetentionDays": 7.5}, "InvalidServiceConfiguration", "logRetentionDays"),
    ({"logRetentionDays": 1}, "InvalidLogRetentionDays", "logRetentionDays"),
    ({"logRetentionDays": 2, "rewardWaitTime": "P1DT1S"}, "InvalidLogRetentionDays", "logRetentionDays"),
]
MIRROR = "https://mine.blob.core.windows.net/logs"
NEWER_CONFIGURATIONS = [
    ({"learningMode": "Offline"}, "InvalidServiceConfiguration", "learningMode"),
    ({"learningMode": 1}, "InvalidServiceConfiguration", "learningMode"),
    ({"isAutoOptimizationEnabled": "yes"}, "InvalidServiceConfiguration", "isAutoOptimizationEnabled"),
    ({"autoOptimizationFrequency": "PT1H"}, "InvalidServiceConfiguration", "autoOptimizationFrequency"),
    ({"autoOptimizationFrequency": "P1DT1H"}, "InvalidServiceConfiguration", "autoOptimizationFrequency"),
    ({"autoOptimizationFrequency": "P0D"}, "InvalidServiceConfiguration", "autoOptimizationFrequency"),
    ({"autoOptimizationFrequency": "P3651D"}, "InvalidServiceConfiguration", "autoOptimizationFrequency"),
    ({"autoOptimizationFrequency": "daily"}, "InvalidServiceConfiguration", "autoOptimizationFrequency"),
    ({"autoOptimizationStartDate": "soon"}, "InvalidServiceConfiguration", "autoOptimizationStartDate"),
    ({"autoOptimizationStartDate": "9999-12-31T23:59:59-14:00"}, "InvalidServiceConfiguration", "autoOpt"),
    ({"autoOptimizationStartDate": "2019-01-19T00:00:00." + "0" * 99}, "InvalidServiceConfiguration", "autoOpt"),
    ({"isInferenceExplainabilityEnabled": 1}, "InvalidServiceConfiguration", "isInferenceExplainabilityEnabled"),
    ({"modelRetrainDays": "2"}, "InvalidServiceConfiguration", "modelRetrainDays"),
    ({"modelRetrainDays": -1}, "InvalidModelRetrainDays", "modelRetrainDays"),
    ({"modelRetrainDays": 8, "logRetentionDays": 7}, "InvalidModelRetrainDays", "modelRetrainDays"),
    ({"modelRetrainDays": 2**31, "logRetentionDays": -1}, "InvalidModelRetrainDays", "modelRetrainDays"),
    ({"logMirrorEnabled": True, "logMirrorSasUri": ""}, "InvalidSasUri", "logMirrorSasUri"),
    ({"logMirrorEnabled": True, "logMirrorSasUri": "logs"}, "InvalidSasUri", "logMirrorSasUri"),
    ({"logMirrorEnabled": True, "logMirrorSasUri": f"{MIRROR}?sp=r&sig=x"}, "InvalidSasUri", "logMirrorSasUri"),
    ({"learningMode": "Apprentice", "rewardWaitTime": "PT77S"}, "InvalidLearningModeServiceConfiguration", None),
    ({"learningMode": "Apprentice", "defaultReward": 0.8125}, "InvalidLearningModeServiceConfiguration", None),
    ({"learningMode": "LoggingOnly", "rewardAggregation": "median"}, "InvalidLearningModeServiceConfiguration", None),
]

POLICIES = [
    ({}, "InvalidPolicyContract", "name"),
    ({"name": "n"}, "InvalidPolicyContract", "arguments"),
    ({"name": None, "arguments": "--cb_explore_adf"}, "InvalidPolicyContract", "name"),
    ({"name": "", "arguments": "--cb_explore_adf"}, "InvalidPolicyContract", "name"),
    ({"name": "n" * 257, "arguments": "--cb_explore_adf"}, "InvalidPolicyContract", "name"),
    ({"name": "n", "arguments": 7}, "InvalidPolicyContract", "arguments"),
    ({"name": "n", "arguments": "--cb_explore_adf " + " " * 1024}, "InvalidPolicyContract", "arguments"),
    ({"name": "n", "arguments": "--epsilon 0.2"}, "InvalidPolicyConfiguration", "arguments"),
    ({"name": "n", "arguments": "--cb_explore_adf -f /tmp/x"}, "InvalidPolicyConfiguration", "arguments"),
    ({"name": "n", "arguments": "--cb_explore_adf --epsilon 2"}, "InvalidPolicyConfiguration", "arguments"),
    ({"name": "n", "arguments": "--ccb_explore_adf --cb_explore_adf"}, "InvalidPolicyConfiguration", "arguments"),
    ({"name": "n", "arguments": "--cats 4 --bandwidth 1"}, "InvalidPolicyConfiguration", "arguments"),
]


def check(answer: Any, code: str, place: str | None) -> None:
    assert answer.status == 400, answer.body
    assert answer.error["code"] == code
    assert answer.error["message"]
    assert answer.error.get("target", "").startswith(place or "")
    assert bool(place) == ("target" in answer.error)


@pytest.mark.parametrize(
    "path", ["/rank", "/events/e/reward", "/configurations/service", "/configurations/policy"], ids=lambda path: path
)
@pytest.mark.parametrize(("body", "place"), NOT_JSON, ids=lambda value: repr(value)[:30])
def test_what_is_no_json_is_told_with_its_position(api: Api, path: str, body: bytes, place: str | None) -> None:
    """Every operation that takes a body says where reading it failed."""
    answer = api.call("PUT" if "configurations" in path else "POST", V1 + path, body)

    check(answer, "BadRequest", place)


@pytest.mark.parametrize(("body", "place"), RANKS, ids=lambda value: repr(value)[:60])
def test_a_wrong_rank_is_told_with_its_place(api: Api, body: bytes, place: str | None) -> None:
    """Types, ranges, ids and features, each with the place that a client can find in its request."""
    check(api.post(f"{V1}/rank", body), "InvalidRankRequest", place)


@pytest.mark.parametrize(("body", "place"), REWARDS, ids=lambda value: repr(value)[:60])
def test_a_wrong_reward_is_told_with_its_place(api: Api, body: bytes, place: str | None) -> None:
    """A reward is a number from -1000 to 1000."""
    check(api.post(f"{V1}/events/e/reward", body), "InvalidRewardRequest", place)


@pytest.mark.parametrize(("change", "code", "place"), CONFIGURATIONS, ids=lambda value: repr(value)[:60])
def test_a_wrong_configuration_is_told_and_changes_nothing(api: Api, change: object, code: str, place: str) -> None:
    """Even the right fields beside a wrong one stay as they were."""
    before = api.get(f"{V1}/configurations/service").json

    answer = api.put(f"{V1}/configurations/service", {"defaultReward": -0.25, **change})  # type: ignore[dict-item]

    check(answer, code, place)
    assert before == api.get(f"{V1}/configurations/service").json


@pytest.mark.parametrize(("change", "code", "place"), NEWER_CONFIGURATIONS, ids=lambda value: repr(value)[:60])
def test_a_wrong_newer_configuration_is_told_and_changes_nothing(
    api: Api, change: object, code: str, place: str | None
) -> None:
    """The fields that v1.0 did not have."""
    path = "/personalizer/configurations/service?api-version=2022-09-01-preview"
    api.put(path, {"learningMode": "Online"})
    before = api.get(path).json

    answer = api.put(path, {"explorationPercentage": 0.375, **change})  # type: ignore[dict-item]

    check(answer, code, place)
    assert before == api.get(path).json


@pytest.mark.parametrize(("policy", "code", "place"), POLICIES, ids=lambda value: repr(value)[:60])
def test_wrong_learning_settings_are_told_and_change_nothing(api: Api, policy: object, code: str, place: str) -> None:
    """What Vowpal Wabbit must not get is refused before it gets it."""
    before = api.get(f"{V1}/configurations/policy").json

    answer = api.put(f"{V1}/configurations/policy", policy)

    check(answer, code, place)
    assert before == api.get(f"{V1}/configurations/policy").json


def test_a_refused_option_is_named(api: Api) -> None:
    """The message says which of the arguments it was."""
    answer = api.put(f"{V1}/configurations/policy", {"name": "n", "arguments": "--cb_explore_adf --cache_file x"})

    assert "--cache_file" in answer.error["message"]


@pytest.mark.parametrize(
    ("call", "code"), [("reward", "InvalidRewardRequest"), ("activate", "InvalidEventIdToActivate")]
)
def test_an_event_id_in_a_path_has_at_most_256_characters(api: Api, call: str, code: str) -> None:
    """Decoded characters count, not the letters that encode them."""
    longest, too_long = (api.post(f"{V1}/events/{'%C3%BC' * n}/{call}", {"value": 1}) for n in (256, 257))

    assert longest.status == 204
    check(too_long, code, "eventId")


@pytest.mark.parametrize("path", ["/rank", "/events/e/reward", "/events/e/activate"])
def test_a_body_over_4_mib_is_refused(api: Api, path: str) -> None:
    """Whatever it holds; it is not even parsed."""
    answer = api.post(V1 + path, b'{"value": 1}' + b" " * (4 * 1024 * 1024))

    check(answer, "PayloadSizeExceeded", None)


def test_a_message_never_repeats_a_features_value(api: Api) -> None:
    """What describes people stays out of answers."""
    body = action(features=[{"name": ["Erika Mustermann"]}])

    assert b"Erika" not in api.post(f"{V1}/rank", body).body


@pytest.mark.parametrize(("method", "path"), [("GET", "events/%ff"), ("POST", "models/%ff/publish")])
def test_an_id_that_is_no_text_is_refused_by_the_loops_own_api(api: Api, method: str, path: str) -> None:
    """It could not even be told back."""
    answer = api.call(method, f"/rankloop/v1/{path}", b"")

    assert (answer.status, answer.error["code"]) == (400, "BadRequest")
    assert "UTF-8" in answer.error["message"]
