"""Loops that are broken somewhere, each as it comes about in use, and what the first screen must say of them."""

import random
from collections.abc import Callable, Mapping
from copy import replace
from dataclasses import dataclass

from shared.configuration.configuration import Configuration
from shared.configuration.service_configuration import LearningMode
from shared.intake import keys
from shared.intake.rows import Event
from shared.learner import features
from shared.log import ranked_event
from shared.ranking.decision import NO_MODEL, decide, equal_chances
from shared.storage.paths import this_loop
from shared.times import DAY, MINUTE, SECOND
from tests.browser import loops
from tests.browser.loops import DISHES
from tests.loop import past
from tests.loop.past import Past

EQUAL = equal_chances(len(DISHES))
MOSTLY_FIRST = [0.55, 0.15, 0.15, 0.15]
NEVER_FIRST = [0.0, 0.4, 0.3, 0.3]
ALIKE: Mapping[str, float] = dict.fromkeys(DISHES, 0.4)
FIRST_PAYS: Mapping[str, float] = {**dict.fromkeys(DISHES, 0.1), "soup": 0.9}
FAVOURITES = {"student": "soup", "nurse": "salad", "farmer": "pasta", "clerk": "curry"}
"""Guests who want different things, so that no dish is better than another for all of them together."""


_LOSSES = (("lost", 1010, (74, 61)), ("still", 150, (44, 31)))


@dataclass(frozen=True, slots=True)
class BrokenLoop:
    """A loop that is broken.

    Attributes:
        name: What is wrong, in a few words.
        before: What its configuration was made of.
        make: Makes its past.
        event: The id of an event that its owner asks for.
        codes: The warnings that must be there.
        light: The stage that must be in trouble; None if all do their work.
        headline: How the verdict in large type begins.
        trains: Whether its trainer ran.
    """

    name: str
    make: Callable[[], Past]
    event: str
    headline: str
    codes: frozenset[str] = frozenset()
    light: str | None = None
    configuration: Callable[[], Configuration] = past.seldom
    trains: bool = True


def _together(*pasts: Past) -> Past:
    return Past(
        [event for made in pasts for event in made.events], [row for made in pasts for row in made.observations]
    )


def _rewards_stopped() -> Past:
    silent = loops.steady_past("silent", 45, (44, 31), EQUAL, ALIKE)
    return _together(loops.steady_past("heard", 60, (74, 46), EQUAL, ALIKE), Past(silent.events))


def _rewards_late() -> Past:
    made = loops.steady_past("slow", 60, (74, 31), EQUAL, ALIKE)
    made.observations = [replace(row, at_us=row.at_us + 11 * MINUTE) for row in made.observations]
    return made


def _not_joined() -> Past:
    """Events of the day before: for so long the trainer may rest by the schedule of the host."""
    minutes = 26 * 60
    return replace(loops.steady_past("stuck", 30, (minutes + 30, minutes), EQUAL, ALIKE), deadline_us=2 * DAY)


def _strange() -> Past:
    """Features that are new each time or the same, actions that are alike, and rows that storage has damaged."""
    made = Past()
    actions = [(dish, [{"kind": "dish"}]) for dish in DISHES]
    for number in range(110):
        at_us = past.minutes_ago(74 - number * 0.35)
        moment = f"2026-11-{number % 28 + 1:02}T{number % 24:02}:{number % 60:02}:{number % 59:02}Z"
        document = features.document([{"visit": f"v-{number}", "at": moment}], actions)
        made.events.append(_row(f"odd-{number}", at_us, document, EQUAL))
        made.observations.append(past.reward(f"odd-{number}", at_us + 30 * SECOND, float(number % 2)))
    made.events += [replace(made.events[3], event_id=f"torn-{number}", payload=b"torn") for number in range(3)]
    return made


def _collapsed() -> Past:
    """Three models after each other that take the same dish for the best for everyone, which it is not."""
    chance, made = random.Random(5), Past()
    for number in range(630):
        at_us = past.minutes_ago(74 - number * 0.068)
        guest = chance.choice(list(FAVOURITES))
        actions = [(dish, [{"price": 5 + place}]) for place, dish in enumerate(DISHES)]
        document = features.document([{"guest": guest}, {"hour": f"h{chance.randrange(12)}"}], actions)
        event = _row(f"same-{number}", at_us, document, MOSTLY_FIRST, f"model-{number // 210}")
        shown = DISHES[decide(MOSTLY_FIRST, NO_MODEL, event.event_id, this_loop().name).order[0]]
        pays = float(shown == FAVOURITES[guest])
        made.events.append(event)
        made.observations.append(past.reward(event.event_id, at_us + 30 * SECOND, float(chance.random() < pays)))
    return made


def _worse() -> Past:
    """Enough events to learn from, and then some more; the loop goes on as before."""
    return _together(*(loops.steady_past(name, events, span, EQUAL, FIRST_PAYS) for name, events, span in _LOSSES))


def _row(event_id: str, at_us: int, document: str, chances: list[float], model_id: str = NO_MODEL) -> Event:
    decision = decide(chances, model_id, event_id, this_loop().name)
    ranked = ranked_event.from_decision(event_id, at_us, document, decision, deferred=False, mode=LearningMode.ONLINE)
    return Event(event_id, keys.request_hash(document, b""), at_us, ranked_event.pack(ranked))


BROKEN = (
    BrokenLoop(
        "rewards that stopped",
        _rewards_stopped,
        "silent-7",
        "Not certain yet whether it earns more",
        frozenset({"RewardsStopped"}),
        "rewards",
    ),
    BrokenLoop(
        "rewards that come too late",
        _rewards_late,
        "slow-7",
        "Not certain yet whether it earns more",
        frozenset({"RewardsLate"}),
        "rewards",
    ),
    BrokenLoop(
        "a trainer that does not run", _not_joined, "stuck-7", "No event is joined yet", light="joined", trains=False
    ),
    BrokenLoop(
        "features that teach nothing, and damaged rows",
        _strange,
        "odd-7",
        "Not certain yet whether it earns more",
        frozenset({"EventsRefused", "FeaturesAlwaysNew", "ActionsAlike"}),
        "learned",
    ),
    BrokenLoop(
        "worse than the default",
        _worse,
        "lost-7",
        "Earns 0.",
        frozenset({"WorseThanFirstAction"}),
    ),
    BrokenLoop(
        "exploration 0",
        lambda: loops.steady_past("blind", 100, (74, 31), NEVER_FIRST, ALIKE),
        "blind-7",
        "Unknown: your default had no chance to be shown",
        frozenset({"NoExploration"}),
        configuration=lambda: past.seldom(exploration_percentage=0.0),
    ),
    BrokenLoop(
        "a collapsed model",
        _collapsed,
        "same-7",
        "Not certain yet whether it earns more",
        frozenset({"ModelCollapsed"}),
    ),
    BrokenLoop(
        "an apprentice that imitates badly",
        lambda: loops.steady_past("pupil", 120, (74, 31), EQUAL, ALIKE, LearningMode.APPRENTICE),
        "pupil-7",
        "Apprentice: would choose your default in",
        configuration=lambda: past.seldom(learning_mode=LearningMode.APPRENTICE),
    ),
)
