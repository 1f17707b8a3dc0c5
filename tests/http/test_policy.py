"""Learning settings over HTTP."""

from pathlib import Path

import pytest

from tests.http.api import Api
from tests.http.ranked_model import ARGUMENTS, best_chance
from tests.http.test_model_import import make_model
from tests.http.test_model_in_use import await_probability

POLICY = "/personalizer/v1.0/configurations/policy"


@pytest.fixture
def api(single_slot: Api) -> Api:
    """A loop of the module's own, with one slot: one that others rank with would follow some seconds later."""
    single_slot.put(POLICY, {"name": "n", "arguments": "--cb_explore_adf --epsilon 0.2 --cb_type mtr -q ::"})
    return single_slot


@pytest.mark.parametrize(
    "arguments",
    [
        "--cb_explore_adf --epsilon 0.2 --cb_type ips -l 0.5 --l1 1E-07 --power_t 0.5",
        "--cb_explore_adf   --epsilon 0.20000000298023224 --cb_type mtr -q ::",
        "--cb_explore_adf --epsilon 0.2 --dsjson --cb_type ips -l 0.5",
    ],
)
def test_learning_settings_come_back_to_the_letter(api: Api, arguments: str) -> None:
    """Name and arguments, with options that the loop sets itself and even with double spaces."""
    policy = {"name": "mine é", "arguments": arguments}

    answer = api.put(POLICY, policy)

    assert answer.status == 200
    assert policy == answer.json == api.get(POLICY).json


def test_a_reset_gives_the_old_services_default_exactly(api: Api) -> None:
    """Whatever exploration is configured, and with a body: published test suites compare it."""
    api.put("/personalizer/v1.0/configurations/service", {"explorationPercentage": 0.35})

    answer = api.delete(POLICY)

    assert answer.status == 200
    assert answer.json["arguments"] == "--cb_explore_adf --epsilon 0.2 --power_t 0 -l 0.001 --cb_type mtr -q ::"
    assert answer.json["name"]
    assert answer.json == api.get(POLICY).json


def test_a_policy_that_is_written_back_is_told_as_sent_and_is_no_change(api: Api) -> None:
    """Clients that keep 32 bits write what they read in other digits; nothing is learned anew, and no edit is dated."""
    arguments = "--cb_explore_adf --epsilon {} --cb_type mtr -q Fi"
    api.put(POLICY, {"name": "mine", "arguments": arguments.format("0.45")})
    before = api.get(SERVICE).json["lastConfigurationEditDate"]

    for digits in ("0.449999988", "0.44999998807907104"):
        sent = {"name": "mine", "arguments": arguments.format(digits)}
        preview = api.post("/rankloop/v1/configurations/policy:preview", sent)

        assert preview.json["happens"] == ["No model learns anew: the model in use stays, and goes on learning."]
        assert sent == api.put(POLICY, sent).json == api.get(POLICY).json
        assert before == api.get(SERVICE).json["lastConfigurationEditDate"]


def test_many_and_long_interactions_are_taken_and_used_by_a_rank(api: Api, tmp_path: Path) -> None:
    """Settings of real loops: two dozen pairs of namespaces, and one interaction of four; the model is put by hand."""
    pairs = " ".join(f"--quadratic {one}{other}" for one in "FKPW" for other in "ijCDEH")
    policy = {"name": "many", "arguments": f"{ARGUMENTS} {pairs} --interactions FFFi"}
    api.put(SERVICE, {"explorationPercentage": 0.2})

    assert policy == api.put(POLICY, policy).json
    assert api.put("/rankloop/v1/model", make_model(tmp_path / "m.vw", policy["arguments"], events=200)).status == 204

    await_probability(api, best_chance(0.2))


def test_too_much_work_is_refused_with_the_features_that_it_makes(api: Api) -> None:
    """And with how many are allowed, since no number of letters says whether they are too many."""
    refusal = api.put(POLICY, {"name": "long", "arguments": "--cb_explore_adf --interactions FFFFi"})

    assert (refusal.status, refusal.error["code"]) == (400, "InvalidPolicyConfiguration")
    assert "arguments make about 2,200,000,000 features," in refusal.error["message"]
    assert "a Rank of 50 actions" in refusal.error["message"]


SLOTS = "--ccb_explore_adf --epsilon 0.2 --power_t 0 -l 0.001 --cb_type mtr -q ::"
SERVICE = "/personalizer/v1.1-preview.1/configurations/service"


def test_a_reset_keeps_a_multi_slot_loop_one(api: Api) -> None:
    """It gives the default of the same problem type."""
    api.put(POLICY, {"name": "n", "arguments": "--ccb_explore_adf --epsilon 0.2"})

    assert [api.delete(POLICY).json["arguments"], api.get(POLICY).json["arguments"]] == [SLOTS, SLOTS]


def test_automatic_optimization_and_several_slots_exclude_each_other(api: Api) -> None:
    """In whichever order they come; what is refused changes nothing."""
    api.put(SERVICE, {"isAutoOptimizationEnabled": True})
    second = api.put(POLICY, {"name": "n", "arguments": SLOTS})
    arguments = api.get(POLICY).json["arguments"]
    api.put(SERVICE, {"isAutoOptimizationEnabled": False})
    api.put(POLICY, {"name": "n", "arguments": SLOTS})
    other = api.put(SERVICE, {"isAutoOptimizationEnabled": True})

    assert "--ccb_explore_adf" not in arguments
    assert {(403, "ProblemTypeIncompatibleWithAutoOptimization")} == {
        (answer.status, answer.error["code"]) for answer in (second, other)
    }
    assert api.get(SERVICE).json["isAutoOptimizationEnabled"] is False
