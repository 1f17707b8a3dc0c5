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
from shared.times import DAY
from shared.web.versions import VERSIONS, Version

LATEST = VERSIONS[-1]
SAS = "https://mine.blob.core.windows.net/logs?sp=w&sig=x"
VALUES: dict[str, st.SearchStrategy[Any]] = {field.alias: st.booleans() for field in STORED if field.kind is bool} | {
    "rewardWaitTime": st.sampled_from(["PT5S", "PT600S", "P2DT0H", "P30D"]),
    "defaultReward": st.floats(-1, 1),
    "rewardAggregation": st.sampled_from(["earliest", "average", "median", "sum", "min", "max"]),
    "explorationPercentage": st.floats(0, 1),
    "modelExportFrequency": st.sampled_from(["PT15S", "PT3M", "PT4H"]),
    "logMirrorSasUri": st.just(SAS),
    "logRetentionDays": st.sampled_from([-1, 31, 90, 2**31 - 1]),
    "learningMode": st.sampled_from(["Online", "Apprentice", "LoggingOnly"]),
    "autoOptimizationFrequency": st.sampled_from(["P1D", "P28D", "P7DT0S"]),
    "autoOptimizationStartDate": st.sampled_from(["2019-01-19", "2019-01-19T00:00:00Z", "20190119T000000+0200"]),
    "modelRetrainDays": st.integers(0, 31),
}
READ_ONLY = {"lastConfigurationEditDate": NEVER, "latestApprenticeModeMetrics": None}
WITH_MIRROR = ServiceConfiguration(log_mirror_sas_uri=SAS)


def bodies() -> st.SearchStrategy[dict[str, Any]]:
    """Any subset of the fields, each with a good value or null."""
    return st.fixed_dictionaries({}, optional={name: values | st.none() for name, values in VALUES.items()})


def names(version: Version) -> tuple[str, ...]:
    return tuple(field.alias for field in fields_of(version))


def put(stored: ServiceConfiguration, body: dict[str, Any], version: Version = LATEST) -> ServiceConfiguration:
    return ServiceConfigurationRequest.of(json.dumps(body).encode(), version).merge_into(stored, 30 * DAY)


def answer_of(service: ServiceConfiguration, version: Version = LATEST) -> dict[str, Any]:
    fields: dict[str, Any] = json.loads(answer(service, version))
    return fields


@given(before=bodies(), body=bodies(), version=st.sampled_from(VERSIONS))
def test_what_is_sent_is_told_exactly_and_the_rest_stays(
    before: dict[str, Any], body: dict[str, Any], version: Version
) -> None:
    """Whichever version sends it: what that one does not know is not touched."""
    stored = put(WITH_MIRROR, before)

    after = put(stored, body, version)

    sent = {name: body[name] for name in names(version) if body.get(name) is not None}
    assert answer_of(after) == answer_of(stored) | sent


@given(body=bodies())
def test_every_version_tells_its_fields_and_no_others(body: dict[str, Any]) -> None:
    """In the values of the newest version."""
    after = put(WITH_MIRROR, body)

    for version in VERSIONS:
        assert answer_of(after, version) == {name: answer_of(after)[name] for name in names(version)}
        assert tuple(answer_of(after, version)) == names(version)


def test_the_newest_version_has_every_field() -> None:
    """Fields that can be put, and fields that only answers have."""
    assert {*VALUES, *READ_ONLY} == set(names(LATEST))


@pytest.mark.parametrize("name", READ_ONLY)
def test_what_is_only_told_is_ignored_when_it_is_sent(name: str) -> None:
    """Clients send back what they got."""
    assert put(WITH_MIRROR, {name: "2026-11-25T00:00:00Z"}) == WITH_MIRROR


def test_dates_that_never_came_are_told_as_the_old_service_did() -> None:
    """And a real one with its zone."""
    edited = replace(WITH_MIRROR, last_edit_us=1_764_075_002_250_000)

    assert (
        NEVER
        == answer_of(WITH_MIRROR)["lastConfigurationEditDate"]
        == answer_of(WITH_MIRROR)["autoOptimizationStartDate"]
    )
    assert answer_of(edited)["lastConfigurationEditDate"] == "2025-11-25T12:50:02.250000Z"


def test_the_metrics_of_an_apprentice_are_told_when_there_are_any() -> None:
    """By the versions that have them."""
    metrics = {"numberOfEvents": 3}

    assert json.loads(answer(WITH_MIRROR, LATEST, metrics))["latestApprenticeModeMetrics"] == metrics
    assert "latestApprenticeModeMetrics" not in json.loads(answer(WITH_MIRROR, VERSIONS[0], metrics))


def test_a_mirror_that_was_stored_without_an_address_does_not_block_other_changes() -> None:
    """Earlier versions accepted such a configuration."""
    stored = ServiceConfiguration(log_mirror_enabled=True)

    assert put(stored, {"logRetentionDays": 30}).log_retention_days == 30


def test_the_secret_of_the_mirror_does_not_show() -> None:
    """In no log and no trace."""
    assert "sig=x" not in repr(WITH_MIRROR)
