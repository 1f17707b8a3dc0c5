"""What becomes of a configuration that is put: all of what is sent, nothing of what is not."""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.configuration.forms.configuration_answer import answer
from shared.configuration.forms.configuration_request import ServiceConfigurationRequest
from shared.configuration.forms.declared_fields import STORED, fields_of
from shared.configuration.service_configuration import NEVER, ServiceConfiguration
from shared.float32 import shortest_float32
from shared.times import DAY
from shared.web.versions import VERSIONS, Version

LATEST = VERSIONS[-1]
MIRROR = "logMirrorEnabled"
SAS = "https://mine.blob.core.windows.net/logs?sp=w&sig=x"
VALUES: dict[str, st.SearchStrategy[Any]] = {field.alias: st.booleans() for field in STORED if field.kind is bool} | {
    "rewardWaitTime": st.sampled_from(["PT5S", "PT600S", "P2DT0H", "P30D"]),
    "defaultReward": st.floats(-1, 1, width=32).map(shortest_float32),
    "rewardAggregation": st.sampled_from(["earliest", "average", "median", "sum", "min", "max"]),
    "explorationPercentage": st.floats(0, 1, width=32).map(shortest_float32),
    "modelExportFrequency": st.sampled_from(["PT15S", "PT3M", "PT4H"]),
    "logMirrorSasUri": st.just(SAS),
    "logRetentionDays": st.sampled_from([-1, 0, 31, 90, 2**31 - 1]),
    "learningMode": st.sampled_from(["Online", "Apprentice", "LoggingOnly"]),
    "autoOptimizationFrequency": st.sampled_from(["P1D", "P28D", "P7DT0S"]),
    "autoOptimizationStartDate": st.sampled_from(["2019-01-19", "2019-01-19T00:00:00Z", "20190119T000000+0200"]),
    "modelRetrainDays": st.integers(0, 31),
}
READ_ONLY = {"lastConfigurationEditDate": NEVER, "latestApprenticeModeMetrics": {"numberOfEvents": 3}}
_PYTHON_NAMES = {field.alias: field.name for field in STORED}
MIRRORED = ServiceConfiguration(log_mirror_enabled=True, log_mirror_sas_uri=SAS)


def bodies() -> st.SearchStrategy[dict[str, Any]]:
    """Any subset of the fields, each with a good value or null."""
    return st.fixed_dictionaries({}, optional={name: values | st.none() for name, values in VALUES.items()})


def names(version: Version) -> tuple[str, ...]:
    return tuple(field.alias for field in fields_of(version))


def put(stored: ServiceConfiguration, body: dict[str, Any], version: Version = LATEST) -> ServiceConfiguration:
    return ServiceConfigurationRequest.of(json.dumps(body).encode(), version).merge_into(stored, 30 * DAY)


def answer_of(service: ServiceConfiguration, version: Version = LATEST) -> dict[str, Any]:
    fields: dict[str, Any] = json.loads(answer(service, version, READ_ONLY["latestApprenticeModeMetrics"]))
    return fields


@given(before=bodies(), body=bodies(), version=st.sampled_from(VERSIONS))
def test_what_is_sent_is_told_exactly_and_the_rest_stays(
    before: dict[str, Any], body: dict[str, Any], version: Version
) -> None:
    """Whichever version sends it: what that one does not know is not touched."""
    stored = put(MIRRORED, before)

    after = put(stored, body, version)

    sent = {name: body[name] for name in names(version) if body.get(name) is not None}
    told = answer_of(stored) | sent
    assert answer_of(after) == {name: value for name, value in told.items() if name != MIRROR or value}


@given(body=bodies())
def test_every_version_tells_its_fields_and_no_others(body: dict[str, Any]) -> None:
    """In the values of the newest version."""
    after = put(MIRRORED, body | {MIRROR: True})

    for version in VERSIONS:
        assert answer_of(after, version) == {name: answer_of(after)[name] for name in names(version)}
        assert tuple(answer_of(after, version)) == names(version)


def test_the_newest_version_has_every_field() -> None:
    """Fields that can be put, and fields that only answers have."""
    assert {*VALUES, *READ_ONLY} == set(names(LATEST))


@pytest.mark.parametrize("name", READ_ONLY)
def test_what_is_only_told_is_ignored_when_it_is_sent(name: str) -> None:
    """Clients send back what they got."""
    assert put(MIRRORED, {name: "2026-11-25T00:00:00Z"}) == MIRRORED


def test_dates_that_never_came_are_told_as_the_old_service_did() -> None:
    """And a real one with its zone."""
    edited = replace(MIRRORED, last_edit_us=1_764_075_002_250_000)

    assert NEVER == answer_of(MIRRORED)["lastConfigurationEditDate"] == answer_of(MIRRORED)["autoOptimizationStartDate"]
    assert answer_of(edited)["lastConfigurationEditDate"] == "2025-11-25T12:50:02.250000Z"


@pytest.mark.parametrize("version", VERSIONS, ids=lambda version: version.name)
def test_what_is_not_set_is_left_out(version: Version) -> None:
    """Clients make an address of whatever is told of the mirror, and an object of whatever metrics."""
    unset = {"logMirrorEnabled", "logMirrorSasUri", "latestApprenticeModeMetrics"}

    told = json.loads(answer(ServiceConfiguration(), version))

    assert tuple(told) == tuple(name for name in names(version) if name not in unset)


@pytest.mark.parametrize(("sent", "told"), [(0.349999994, 0.35), (0.3499999940395355, 0.35), (1 / 3, 0.33333334)])
@pytest.mark.parametrize("name", ["explorationPercentage", "defaultReward"])
def test_a_number_is_a_32_bit_float(name: str, sent: float, told: float) -> None:
    """Clients that keep such floats write back what they read, and mean no change."""
    read = put(MIRRORED, {name: told})
    of_earlier_version = replace(MIRRORED, **{_PYTHON_NAMES[name]: sent})

    assert (answer_of(read)[name], put(read, {name: sent})) == (told, read)
    assert answer_of(of_earlier_version)[name] == told
    assert put(of_earlier_version, {name: told}) == of_earlier_version


@pytest.mark.parametrize(
    ("service", "days"),
    [
        ({"log_retention_days": 0}, 2),
        ({"log_retention_days": 0, "reward_wait_time": "P3DT1H"}, 5),
        ({"log_retention_days": 0, "model_retrain_days": 9}, 9),
        ({"log_retention_days": 3, "model_retrain_days": 0}, 3),
        ({"log_retention_days": -1}, -1),
    ],
    ids=str,
)
def test_with_0_days_the_log_is_kept_as_long_as_learning_needs(service: dict[str, Any], days: int) -> None:
    """For the rewards to come in, and for a model that learns anew."""
    assert replace(MIRRORED, **service).retention_days == days


def test_a_mirror_that_was_stored_without_an_address_does_not_block_other_changes() -> None:
    """Earlier versions accepted such a configuration."""
    stored = ServiceConfiguration(log_mirror_enabled=True)

    assert put(stored, {"logRetentionDays": 30}).log_retention_days == 30


def test_the_secret_of_the_mirror_does_not_show() -> None:
    """In no log and no trace."""
    assert "sig=x" not in repr(MIRRORED)
