"""What is ranked: requests with 10 features in the context and in each action, all different, the same in every run."""

import random
from collections.abc import Iterator
from typing import Any

from shared.learner import features
from shared.ranking.decision import Decision, decide, equal_chances

VARIANTS = 256
CALL = "CALL-NUM"
"""Stands for the number of a call, which has eight digits."""
PATH = "/personalizer/v1.0/rank"
REWARD_PATH = "/personalizer/v1.0/events/EVENT-ID/reward"
SLOTS_PATH = "/personalizer/v1.1-preview.3/multislot/rank"


def body(actions: int, variant: int, new: int | None = None) -> dict[str, Any]:
    """The body of a Rank without its event id.

    Args:
        new: How many of the actions have the text `CALL` in them, so that they can be others in each call, while the
            rest are the same in all variants. None lets each variant have its own actions.
    """
    chance = random.Random(f"{actions} {variant}")
    return {
        "contextFeatures": [
            {
                "time": {
                    "part": chance.choice(("morning", "noon", "evening")),
                    "day": _word(chance, "day", 7),
                    "hour": 9,
                }
            },
            {"device": {"kind": _word(chance, "device", 4), "os": _word(chance, "os", 5), "width": chance.random()}},
            {"user": {"segment": _word(chance, "s", 9), "age": chance.randint(18, 80), "city": _word(chance, "c", 50)}},
            {"weather": _word(chance, "w", 6)},
        ],
        "actions": [
            {"id": f"action-{number}", "features": features_}
            for number, features_ in enumerate(_actions(chance, actions, new))
        ],
    }


def slots_body(actions: int, slots: int, variant: int) -> dict[str, Any]:
    """The body of a multi-slot Rank without its event id; each slot has 10 features, too."""
    chance = random.Random(f"{actions} {slots} {variant}")
    described = [
        {"id": f"slot-{place}", "features": _action(chance, place), "baselineAction": f"action-{place}"}
        for place in range(slots)
    ]
    return {**body(actions, variant), "slots": described}


def _actions(chance: random.Random, actions: int, new: int | None) -> Iterator[list[dict[str, Any]]]:
    """The features of the actions; those that are new in each call are spread evenly."""
    for number in range(actions):
        if new is None:
            yield _action(chance, number)
            continue
        described, counted = _action(random.Random(f"action {number}"), number)
        is_new = number * new % actions < new
        yield [{**described, "brand": f"brand{CALL}"} if is_new else described, counted]


def _action(chance: random.Random, number: int) -> list[dict[str, Any]]:
    described = {
        "category": _word(chance, "category", 12),
        "price": round(chance.random() * 100, 2),
        "stock": chance.randint(0, 50),
        "brand": _word(chance, "brand", 20),
        "isNew": chance.random() < 0.5,
    }
    counted = {
        "clicks": round(chance.random(), 6),
        "views": chance.randint(1, 1000),
        "age": number,
        "tag": _word(chance, "tag", 30),
        "score": round(chance.random(), 6),
    }
    return [described, {"stats": counted}]


def _word(chance: random.Random, name: str, values: int) -> str:
    return f"{name}{chance.randrange(values)}"


def document(actions: int, variant: int, new: int | None = None) -> bytes:
    """The same features as Vowpal Wabbit gets them."""
    request = body(actions, variant, new)
    return features.document(
        request["contextFeatures"], [(action["id"], action["features"]) for action in request["actions"]]
    )


def slots_document(actions: int, slots: int, variant: int, event_id: str) -> bytes:
    """The same of a multi-slot Rank, with the seeds of an event."""
    request = slots_body(actions, slots, variant)
    described, places = (
        [(element["id"], element["features"]) for element in request[field]] for field in ("actions", "slots")
    )
    made = features.slots_document(request["contextFeatures"], described, places)
    return made.model_text([event_id + name for name, _ in places], [range(actions)] * slots)


def decision(actions: int, event_id: str) -> Decision:
    """What a loop without a model decides."""
    return decide(equal_chances(actions), "N/A", event_id, "default")


def reward(actions: int, variant: int) -> float:
    """Some of the decisions earn a reward, the same decisions for each caller."""
    return float(random.Random(f"reward {actions} {variant}").random() < 0.3)
