"""A pass over a log of multi-slot events."""

from pathlib import Path

import orjson

from shared.evaluation.tasks import Task
from tests.unit.evaluation.replay.evaluated import assert_same, carry_out, plain_sums, predict_slots, slot_lines

SLOTS = "--ccb_explore_adf --epsilon 0.1 -q ::"


def test_slots_weigh_with_all_slots_before_them(tmp_path: Path) -> None:
    """The event's sums are those of the first slot; the last sums are right only if all predictions between are."""
    log = slot_lines(200)
    result = carry_out(Task("k", 0, None, with_reward_model=True), log, tmp_path, "ccb")

    for policy, chance in (("online", None), ("baseline1", "first"), ("baselineRand", "random")):
        by_slot: dict[str, list[dict[str, float]]] = {}
        for text in log:
            fields = orjson.loads(text)
            pi = p = least = 1.0
            for place, outcome in enumerate(fields["_outcomes"]):
                first = fields["_ba"][place] if "_ba" in fields else min(outcome["_a"])
                own = outcome["_p"][0] if chance is None else float(outcome["_a"][0] == first)
                pi *= 1 / len(outcome["_a"]) if chance == "random" else own
                p *= outcome["_p"][0]
                least *= min(outcome["_p"])
                term = {"q": 1.0, "pi": pi, "p": p, "r": -outcome["_label_cost"], "least": least}
                by_slot.setdefault(outcome["_id"], []).append(term)
        for slot, expected in by_slot.items():
            assert_same(plain_sums(expected), result.sums(policy, slot), 1e-9)
        assert result.bins[policy][""] == result.bins[policy]["s0"]
        assert set(result.bins[policy]) == {"", *by_slot}


def test_a_multi_slot_policy_predicts_each_slot_after_what_was_shown_before_it(tmp_path: Path) -> None:
    """As VW's Python interface has it when it learns."""
    log = slot_lines(300)
    result = carry_out(Task("k", 0, SLOTS, keeps_model=True), log, tmp_path, "ccb")

    by_slot: dict[str, list[dict[str, float]]] = {}
    for text, slots in zip(log, predict_slots(SLOTS, log), strict=True):
        pi = p = least = 1.0
        for outcome, drawn in zip(orjson.loads(text)["_outcomes"], slots, strict=True):
            pi *= drawn[outcome["_a"][0]]
            p *= outcome["_p"][0]
            least *= min(outcome["_p"])
            term = {"q": 1.0, "pi": pi, "p": p, "r": -outcome["_label_cost"], "least": least}
            by_slot.setdefault(outcome["_id"], []).append(term)
    for slot, expected in by_slot.items():
        assert_same(plain_sums(expected), result.sums("", slot), 2e-5)
    assert result.model is not None
    assert result.model.events == 300
