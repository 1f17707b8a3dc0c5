"""The previews of a change of the configuration: what they answer, what they refuse, and that they change nothing."""

from typing import Any

import pytest

from tests.http.api import Api
from tests.http.described import Described
from tests.http.test_bad_input import CONFIGURATIONS, NEWER_CONFIGURATIONS, POLICIES

SERVICE, POLICY = "configurations/service", "configurations/policy"
NEWEST, OWN = "/personalizer/{}?api-version=2022-09-01-preview", "/rankloop/v1/{}:preview"


def read_all(api: Api) -> tuple[Any, Any]:
    return api.get(NEWEST.format(SERVICE)).json, api.get(NEWEST.format(POLICY)).json


def test_a_preview_tells_what_a_change_does_and_does_nothing(single_slot: Api) -> None:
    """In the described shape, before anything was ranked or learned."""
    described, before = Described.by(single_slot), read_all(single_slot)
    changes = [
        (SERVICE, {"learningMode": "apprentice", "modelExportFrequency": "00:01:00"}),
        (SERVICE, {"explorationPercentage": 0.5}),
        (SERVICE, {}),
        (POLICY, {"name": "other", "arguments": "--cb_explore_adf --epsilon 0.2"}),
        (POLICY, {"name": "slots", "arguments": "--ccb_explore_adf"}),
    ]

    answers = [single_slot.post(OWN.format(path), body) for path, body in changes]

    for (path, _), answer in zip(changes, answers, strict=True):
        assert answer.status == 200
        described.demand("POST", OWN.format(path), answer)
    assert answers[0].json["changes"] == [
        "modelExportFrequency changes from PT5M to PT1M.",
        "learningMode changes from Online to Apprentice.",
    ]
    assert answers[1].json["changes"] == ["explorationPercentage changes from 0.2 to 0.5."]
    assert answers[2].json == {
        "changes": [],
        "happens": ["The configuration is like this already: nothing happens."],
        "for": [],
        "against": [],
    }
    assert all(answer.json["happens"] for answer in answers)
    assert read_all(single_slot) == before


@pytest.mark.parametrize("loop", ["single_slot", "several_slots"])
def test_the_preview_of_a_reset_tells_the_default_that_it_gives(loop: str, request: pytest.FixtureRequest) -> None:
    """Which is another one where a Rank has several slots."""
    api: Api = request.getfixturevalue(loop)
    before, path = api.get(NEWEST.format(POLICY)).json, "/rankloop/v1/configurations/policy:previewReset"

    told = api.post(path)

    assert told.status == 200
    Described.by(api).demand("POST", path, told)
    assert api.get(NEWEST.format(POLICY)).json == before
    default = api.delete(NEWEST.format(POLICY)).json
    assert told.json["changes"] == [
        f"The name of the learning settings changes from {before['name']} to default.",
        f"The arguments of the learning settings change from {before['arguments']} to {default['arguments']}.",
    ]
    api.put(NEWEST.format(POLICY), before)


def test_a_preview_warns_of_the_fields_that_the_change_would_ignore(single_slot: Api) -> None:
    """Else a misspelt change looks like one that changes nothing."""
    bodies = [{"explorationPercentge": 0.7}, {"LearningMode": "Apprentice"}, {"modelExportFrequency": "PT5M"}]

    told = [single_slot.post(OWN.format(SERVICE), body).headers.get("warning") for body in bodies]

    assert told == [single_slot.put(NEWEST.format(SERVICE), body).headers.get("warning") for body in bodies]
    assert "did you mean explorationPercentage?" in (told[0] or "")
    assert told[2] is None


@pytest.mark.parametrize("path", [SERVICE, POLICY])
def test_a_preview_refuses_what_the_change_would_be_refused_for(single_slot: Api, path: str) -> None:
    """With the same status, code, words and place."""
    service = [body for body, *_ in (*CONFIGURATIONS, *NEWER_CONFIGURATIONS)]
    bodies = [b"", b"{", *(service if path == SERVICE else [body for body, *_ in POLICIES])]

    for body in bodies:
        put, told = single_slot.put(NEWEST.format(path), body), single_slot.post(OWN.format(path), body)
        assert (put.status, put.error) == (told.status, told.error), body


def test_a_preview_refuses_automatic_optimization_of_slots(several_slots: Api) -> None:
    answer = several_slots.post(OWN.format(SERVICE), {"isAutoOptimizationEnabled": True})

    assert (answer.status, answer.error["code"]) == (403, "ProblemTypeIncompatibleWithAutoOptimization")


def test_a_preview_is_served_in_other_spellings(single_slot: Api) -> None:
    """A colon may come percent-encoded, and letter case does not matter."""
    for path in ("/rankloop/v1/configurations/service%3Apreview", "/rankloop/v1/Configurations/Service:Preview"):
        assert single_slot.post(path, {}).status == 200
