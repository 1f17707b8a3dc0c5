"""The service configuration over HTTP."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from shared.configuration.forms.declared_fields import fields_of
from shared.web.versions import VERSIONS, Version
from tests.conftest import StartHost
from tests.hosts import HostProcess
from tests.http.api import Api

SERVICE = "/personalizer/v1.0/configurations/service"
FIELDS = [
    "rewardWaitTime",
    "defaultReward",
    "rewardAggregation",
    "explorationPercentage",
    "modelExportFrequency",
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
        {"logRetentionDays": 0},
        {"logMirrorEnabled": True, "logMirrorSasUri": "https://example.com/logs?sp=w&sig=x"},
    ],
    ids=str,
)
def test_what_is_put_comes_back_as_sent(api: Api, change: dict[str, Any]) -> None:
    """Durations in the form given, numbers exactly, by PUT and by GET."""
    answer = api.put(SERVICE, {"rewardWaitTime": "PT10M", **change})

    assert answer.status == 200
    assert change == {name: answer.json[name] for name in change}
    assert answer.json == api.get(SERVICE).json


def test_what_is_not_sent_keeps_its_value(api: Api) -> None:
    """Also what is sent as null, as some serializers do."""
    api.put(SERVICE, {"explorationPercentage": 0.45, "modelExportFrequency": "PT7M"})
    before = api.get(SERVICE).json

    body = api.put(SERVICE, {"defaultReward": 0.125, "explorationPercentage": None, "noSuchField": 1}).json

    assert body == before | {"defaultReward": 0.125}


@pytest.mark.parametrize(("sent", "iso"), [("00:00:15", "PT15S"), ("1.00:00:00", "P1D"), ("00:10:00", "PT10M")])
def test_a_dot_net_time_span_comes_back_as_iso_8601(api: Api, sent: str, iso: str) -> None:
    """The oldest clients send those."""
    assert api.put(SERVICE, {"rewardWaitTime": sent}).json["rewardWaitTime"] == iso


@pytest.mark.parametrize("word", ["Earliest", "SUM", "median", "Min", "max"])
def test_an_aggregation_may_be_written_in_any_case(api: Api, word: str) -> None:
    """It comes back in lower case."""
    assert api.put(SERVICE, {"rewardAggregation": word}).json["rewardAggregation"] == word.lower()


def test_retention_is_checked_against_the_wait_that_is_stored(api: Api) -> None:
    """A longer wait alone can make the stored retention too short."""
    api.put(SERVICE, {"rewardWaitTime": "PT10M", "logRetentionDays": 2})

    answer = api.put(SERVICE, {"rewardWaitTime": "P2D"})

    assert answer.status == 400
    assert answer.error["code"] == "InvalidLogRetentionDays"
    assert api.get(SERVICE).json["rewardWaitTime"] == "PT10M"


def test_0_days_are_answered_with_how_long_the_log_is_kept(settled: Api) -> None:
    """Clients that set nothing send 0; what they set otherwise is done, whichever version they are of."""
    settled.put(LATEST, {"modelRetrainDays": 7})

    answers = [settled.put(at(version), {"logRetentionDays": 0, "defaultReward": 0.5}) for version in VERSIONS]
    misspelt = settled.put(SERVICE, {"logRetentionDays": 0, "defaultRewards": 1})

    kept = "With logRetentionDays 0 the log is kept as long as learning needs it: for 7 days."
    told = [
        (answer.status, answer.headers["warning"], answer.json["logRetentionDays"], answer.json["defaultReward"])
        for answer in answers
    ]
    assert told == [(200, f'299 - "{kept}"', 0, 0.5)] * len(VERSIONS)
    assert misspelt.headers["warning"] == f'299 - "Ignored: defaultRewards (did you mean defaultReward?). {kept}"'


def test_what_a_client_with_32_bit_floats_writes_back_is_no_change(settled: Api) -> None:
    """Nothing is learned anew, so the date of the last edit stays."""
    before = settled.put(LATEST, {"explorationPercentage": 0.35, "defaultReward": -0.1}).json

    answers = [settled.put(at(version), {"explorationPercentage": 0.349999994}) for version in VERSIONS]
    after = settled.put(LATEST, before | {"defaultReward": -0.10000000149011612})

    assert [answer.json["explorationPercentage"] for answer in answers] == [0.35] * len(VERSIONS)
    assert (after.status, after.json) == (200, before)


def test_the_mirror_is_told_once_it_is_set(settled: Api) -> None:
    """Before, and after it was removed, no field of it is there: clients make a `Uri` of an empty text."""
    sas = "https://example.com/logs?sp=w&sig=x"

    changes = {"logMirrorEnabled": True, "logMirrorSasUri": sas}, {"logMirrorEnabled": False}, {"logMirrorSasUri": ""}
    answers = [settled.get(SERVICE), *(settled.put(SERVICE, change) for change in changes)]

    told = [{name: value for name, value in each.json.items() if "Mirror" in name} for each in answers]
    assert told == [{}, {"logMirrorEnabled": True, "logMirrorSasUri": sas}, {"logMirrorSasUri": sas}, {}]


def test_a_new_loop_waits_15_days_with_its_optimization(start_host: StartHost) -> None:
    """As the old service did: the date is told without a zone, and is of UTC."""
    begun = datetime.now(UTC).replace(microsecond=0)

    told = Api.at(start_host(API_KEY_1="key").url, "key").get(LATEST).json["autoOptimizationStartDate"]

    made = datetime.fromisoformat(f"{told}+00:00") - timedelta(days=15)
    assert len(told) == len("2026-12-16T11:06:56")
    assert begun <= made <= datetime.now(UTC)


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

    body = api.get(SERVICE).json
    assert {answer.status for answer in answers} == {200}
    assert all(body[name] == value for change in changes for name, value in change.items())


NEWER = {
    "learningMode": "LoggingOnly",
    "isAutoOptimizationEnabled": True,
    "autoOptimizationFrequency": "P7DT0H",
    "autoOptimizationStartDate": "2019-01-19T00:00:00+01:00",
    "modelRetrainDays": 5,
    "isInferenceExplainabilityEnabled": True,
}
FIRST = {
    "rewardWaitTime": "PT10M",
    "defaultReward": 0.0,
    "rewardAggregation": "earliest",
    "explorationPercentage": 0.2,
    "modelExportFrequency": "PT5M",
    "logRetentionDays": 90,
    "learningMode": "Online",
    "isAutoOptimizationEnabled": False,
    "autoOptimizationFrequency": "P28D",
    "autoOptimizationStartDate": "1601-01-01T00:00:00",
    "modelRetrainDays": 2,
    "isInferenceExplainabilityEnabled": False,
}
LATEST = "/personalizer/configurations/service?api-version=2022-09-01-preview"


def at(version: Version) -> str:
    query = f"?api-version={version.api_version}" if version.api_version else ""
    return f"/{version.prefix}/configurations/service{query}"


@pytest.fixture
def settled(api: Api) -> Api:
    """The loop with the configuration that it began with, and a date for its optimization."""
    assert api.put(LATEST, {"learningMode": "Online"}).status == 200
    assert api.put(LATEST, FIRST | {"logMirrorEnabled": False, "logMirrorSasUri": ""}).status == 200
    return api


@pytest.mark.parametrize("version", VERSIONS, ids=lambda version: version.name)
def test_every_version_reads_and_writes_the_fields_that_it_has(settled: Api, version: Version) -> None:
    """And keeps those that it does not have, even if it sends them."""
    before = settled.get(LATEST).json

    answer = settled.put(at(version), NEWER)

    names = [field.alias for field in fields_of(version) if field.is_always_answered]
    assert answer.status == 200
    assert list(answer.json) == names
    assert answer.json == settled.get(at(version)).json
    assert settled.get(LATEST).json == before | {name: value for name, value in NEWER.items() if name in names}


def test_a_put_of_the_first_version_keeps_what_the_last_one_set(settled: Api) -> None:
    """An old client does not switch an apprentice online."""
    settled.put(LATEST, NEWER)

    settled.put(SERVICE, {name: FIRST[name] for name in FIELDS} | {"modelExportFrequency": "PT3M"})

    body = settled.get(LATEST).json
    assert {name: body[name] for name in NEWER} == NEWER
    assert body["modelExportFrequency"] == "PT3M"


def test_the_date_of_the_last_edit_follows_what_makes_the_model_learn_anew(settled: Api) -> None:
    """Not the mode, and not what a client sends as that date."""
    before = settled.get(LATEST).json["lastConfigurationEditDate"]

    apprentice = settled.put(
        LATEST, {"learningMode": "apprentice", "lastConfigurationEditDate": "2030-01-01T00:00:00Z"}
    )
    explores = settled.put(LATEST, {"explorationPercentage": 0.3125})

    assert apprentice.json["learningMode"] == "Apprentice"
    assert apprentice.json["lastConfigurationEditDate"] == before
    assert datetime.fromisoformat(explores.json["lastConfigurationEditDate"]) > datetime.now(UTC) - timedelta(minutes=1)


def test_all_settings_in_one_put_are_fine_if_the_mode_stays(settled: Api) -> None:
    """As a published client sends them."""
    body = {
        "rewardAggregation": "average",
        "rewardWaitTime": "PT4H",
        "explorationPercentage": 0.3,
        "defaultReward": 1.0,
    }
    body |= {"logRetentionDays": -1, "modelRetrainDays": 2, "modelExportFrequency": "PT3M", "learningMode": "Online"}

    answer = settled.put(LATEST, body)

    assert (answer.status, body) == (200, {name: answer.json[name] for name in body})


def test_the_code_of_a_bad_mirror_was_another_one_before_the_last_version(settled: Api) -> None:
    """Each version answers with the code that it declares."""
    answers = [settled.put(at(version), {"logMirrorEnabled": True}) for version in VERSIONS]

    assert [answer.error["code"] for answer in answers] == ["InvalidContainer"] * 4 + ["InvalidSasUri"]


def test_of_whole_configurations_put_at_once_one_wins_whole(settled: Api) -> None:
    """What is stored in the end, and what each caller is answered, is never a mix of two."""
    sent = [
        FIRST
        | {"defaultReward": n / 32, "explorationPercentage": n / 16, "rewardWaitTime": f"PT{n + 5}M"}
        | {"modelExportFrequency": f"PT{n + 1}M", "logRetentionDays": 40 + n, "modelRetrainDays": n}
        for n in range(12)
    ]
    with ThreadPoolExecutor(len(sent)) as clients:
        answers = list(clients.map(lambda body: settled.put(LATEST, body), sent))

    document = settled.get(LATEST).json
    assert {answer.status for answer in answers} == {200}
    assert sent == [{name: answer.json[name] for name in FIRST} for answer in answers]
    assert {name: document[name] for name in FIRST} in sent


def test_a_field_that_no_version_has_is_answered_with_a_warning(settled: Api, host: HostProcess) -> None:
    """It is ignored, as the old service did; with a name as long and odd as may be, too, which no header could hold."""
    odd = {'g\n"ü' + "x" * 1000: 1, **{f"unlike{number}": 1 for number in range(7)}}

    misspelt = settled.put(SERVICE, {"explorationPercentge": 0.7, "defaultReward": 0.25})
    strange = settled.put(SERVICE, odd)
    right = settled.put(SERVICE, {"defaultReward": 0.25})

    text = "Ignored: explorationPercentge (did you mean explorationPercentage?)."
    assert (misspelt.status, misspelt.headers["warning"]) == (200, f'299 - "{text}"')
    assert misspelt.json == right.json
    assert f"by v1.0 has unknown fields. {text}" in host.log()
    assert (strange.status, "and 3 more" in strange.headers["warning"]) == (200, True)
    assert len(strange.headers["warning"]) < 500
    assert "warning" not in right.headers


def test_a_field_of_a_later_version_is_answered_with_its_version(settled: Api) -> None:
    """A client of the first version would else believe that the loop is an apprentice now."""
    answer = settled.put(SERVICE, {"learningMode": "Apprentice"})

    assert answer.headers["warning"] == '299 - "Ignored: learningMode (v1.0 does not have it, v1.1-preview.1 does)."'


@pytest.mark.parametrize("version", VERSIONS, ids=lambda version: version.name)
def test_what_a_loop_tells_of_itself_can_be_put_back_without_a_warning(settled: Api, version: Version) -> None:
    """Clients read the configuration, change a field, and send all of it."""
    answer = settled.put(at(version), settled.get(at(version)).json)

    assert (answer.status, answer.headers.get("warning")) == (200, None)


def test_a_percentage_is_refused_with_the_fraction_that_it_is(settled: Api) -> None:
    """The field's name says percentage."""
    answers = [settled.put(SERVICE, {"explorationPercentage": sent}) for sent in (20, 2.5, 1000, -1)]

    hint = "explorationPercentage: Input should be less than or equal to 1. It is a fraction, in spite of its name: "
    assert [answer.status for answer in answers] == [400] * 4
    assert answers[0].error["message"] == f"{hint}for 20 % send 0.2."
    assert answers[1].error["message"] == f"{hint}for 2.5 % send 0.025."
    assert ["fraction" in answer.error["message"] for answer in answers[2:]] == [False, False]
