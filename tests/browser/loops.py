"""Loops for the page: with hours behind them that the trainer has joined and learned."""

import random
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from copy import replace
from pathlib import Path
from typing import Any

from shared.configuration.changed_values import list_changed_values
from shared.configuration.configuration import Configuration
from shared.configuration.service_configuration import LearningMode
from shared.configuration.settings_change import Act, Cause, SettingsChange
from shared.intake import keys
from shared.intake.rows import Event
from shared.learner import features
from shared.log import ranked_event
from shared.ranking.decision import NO_MODEL, decide, equal_chances
from shared.storage.paths import this_loop
from shared.times import MINUTE, SECOND
from tests.hosts import HostProcess
from tests.http.api import Api
from tests.loop import past
from tests.loop.past import Past
from tests.loop.stored_loop import StoredLoop
from tests.loop.trainers import Trainer
from tests.storages import NewStorage

KEY = "page-key"
QUICK = {"API_KEY_1": KEY, "WRITE_DEADLINE": "PT2S", "JOIN_GRACE": "PT3S", "TRAIN_SCHEDULE": "*/1 * * * * *"}
"""Settings of a host whose trainer runs each second."""
DISHES = ("soup", "salad", "pasta", "curry")
GUESTS = {"student": "pasta", "nurse": "curry", "farmer": "soup"}
"""What each kind of guest likes best."""
WEATHER = ("sun", "rain", "snow")


def make_good(storage: str, log_file: Path) -> None:
    """Give an empty account a loop with hours behind it, which earns more than its default."""
    make(storage, log_file, good_past(), past.seldom(exploration_percentage=0.2))


def make(storage: str, log_file: Path, made: Past, configuration: Configuration) -> None:
    """Give an empty account a loop with a past that it has joined and learned."""
    with StoredLoop(storage) as stored:
        past.configure(stored, configuration)
        made.write(stored)
    with Trainer(storage, log_file) as trainer:
        trainer.succeed()


@contextmanager
def learned(new_storage: NewStorage, folder: Path, made: Past, configuration: Configuration) -> Iterator[Api]:
    """A loop with such a past, of its own account, and served."""
    storage = new_storage()
    make(storage, folder / "trainer.log", made, configuration)
    with HostProcess(storage, env=QUICK) as host:
        yield Api.at(host.url, KEY, tries=4)


def good_past(events: int = 1200, hours: float = 5, seed: int = 7, end: float = 12) -> Past:
    """Hours, up to some minutes ago, in which guests were first served at random, and then mostly what they like."""
    chance, made = random.Random(seed), Past()
    for number in range(events):
        at_us = past.minutes_ago(hours * 60 * (1 - number / events) + end)
        guest = chance.choice(list(GUESTS))
        best = DISHES.index(GUESTS[guest])
        learned = [0.7 if place == best else 0.1 for place in range(len(DISHES))]
        chances = learned if number > events / 3 else equal_chances(len(DISHES))
        event, dish = serve(f"visit-{number}", at_us, guest, chance.choice(WEATHER), chances)
        reward = float(chance.random() < (0.9 if dish == GUESTS[guest] else 0.1))
        made.events.append(event)
        made.observations.append(past.reward(event.event_id, at_us + 30 * SECOND, reward))
    return made


def steady_past(
    name: str,
    events: int,
    minutes: tuple[float, float],
    chances: list[float],
    pays: Mapping[str, float],
    mode: LearningMode = LearningMode.ONLINE,
) -> Past:
    """Events between two moments, in minutes ago, in which each dish has its chance, and its share of rewards of 1."""
    chance, made = random.Random(name), Past()
    begin, end = minutes
    for number in range(events):
        at_us = past.minutes_ago(begin + (end - begin) * number / events)
        event, dish = serve(f"{name}-{number}", at_us, chance.choice(list(GUESTS)), "sun", chances, mode)
        shown = dish if mode is LearningMode.ONLINE else DISHES[0]
        made.events.append(event)
        made.observations.append(past.reward(event.event_id, at_us + 30 * SECOND, float(chance.random() < pays[shown])))
    return made


def changed(before: Configuration, minutes: float, **service: Any) -> Configuration:
    """A configuration after a caller has changed its service configuration, so many minutes ago."""
    at_us = past.minutes_ago(minutes)
    after = before.with_service(replace(before.service, **service), at_us)
    change = SettingsChange.of(Cause("API_KEY_1", Act.SERVICE), at_us, list_changed_values(before, after))
    return replace(after, changes=(*before.changes, change))


def serve(
    event_id: str,
    at_us: int,
    guest: str,
    weather: str,
    chances: list[float],
    mode: LearningMode = LearningMode.ONLINE,
) -> tuple[Event, str]:
    """A Rank of dishes for a guest, and the dish that was drawn by the chances."""
    actions = [(dish, [{"hot": dish != "salad", "price": 5 + number}]) for number, dish in enumerate(DISHES)]
    document = features.document([{"guest": {"kind": guest}}, {"weather": weather}], actions)
    decision = decide(chances, NO_MODEL, event_id, this_loop().name)
    ranked = ranked_event.from_decision(event_id, at_us, document, decision, deferred=False, mode=mode)
    event = Event(event_id, keys.request_hash(document, b""), at_us, ranked_event.pack(ranked))
    return event, DISHES[decision.order[0]]


def wait_until(api: Api, true: Callable[[dict[str, Any]], bool], seconds: float = 60) -> dict[str, Any]:
    """The status once something is true of it."""
    until = time.monotonic() + seconds
    while not true(status := api.get("/rankloop/v1/status").json):
        assert time.monotonic() < until, status
        time.sleep(0.2)
    return dict(status)


def wait_for_model(api: Api, model_id: str, seconds: float = 30) -> None:
    """Wait until Ranks are answered by a model, which takes up to five seconds after it was published."""
    until = time.monotonic() + seconds
    question = {"contextFeatures": [], "actions": [{"id": "soup", "features": [{"hot": True}]}]}
    while (answer := api.post("/rankloop/v1/chances", question).json)["model"] != model_id:
        assert time.monotonic() < until, answer
        time.sleep(0.2)


def losing_past(events: int = 450, hours: float = 4, seed: int = 11) -> Past:
    """Hours as an apprentice and then Online, in which much got lost.

    Of each ten events, one is never activated, one is rewarded too late, and one under an id that nobody knows. Two are
    answered otherwise when their Rank is repeated.
    """
    chance, made = random.Random(seed), Past()
    for number in range(events):
        at_us = past.minutes_ago(hours * 60 * (1 - number / events) + 30)
        guest = chance.choice(list(GUESTS))
        mode = LearningMode.APPRENTICE if number < events / 3 else LearningMode.ONLINE
        event, drawn = serve(f"visit-{number}", at_us, guest, "sun", equal_chances(len(DISHES)))
        made.events.append(ranked_as(event, mode, deferred=number % 10 == 3))
        dish = DISHES[0] if mode is LearningMode.APPRENTICE else drawn
        reward = float(chance.random() < (0.9 if dish == GUESTS[guest] else 0.1))
        lost = {5: (event.event_id, 12 * MINUTE), 7: (f"unknown-{number}", MINUTE)}
        event_id, after_us = lost.get(number % 10, (event.event_id, 30 * SECOND))
        made.observations.append(past.reward(event_id, at_us + after_us, reward))
        if number in (301, 401):
            again, _ = serve(event.event_id, at_us + 70 * SECOND, guest, "sun", [0.7, 0.1, 0.1, 0.1])
            made.events.append(again)
    return made


def ranked_as(event: Event, mode: LearningMode, *, deferred: bool) -> Event:
    """The same Rank in another learning mode."""
    ranked = ranked_event.unpack(event.payload, event.event_id, event.at_us)
    return replace(event, payload=ranked_event.pack(replace(ranked, mode=mode, deferred=deferred)))
