"""The metrics against sums over the log, whatever parts it was joined in and whatever died meanwhile."""

import json
import random
import signal
from collections import defaultdict
from datetime import datetime
from typing import Any

import pytest

from localhost.azurite.accounts import EmulatedAccount
from shared.configuration.service_configuration import LearningMode
from shared.metrics import model_rewards_store
from shared.metrics.bins import BIN_US, Bin, Day, EventOutcomes
from shared.metrics.model_rewards import ModelSums
from shared.storage import json_documents
from shared.times import DAY, HOUR, MINUTE, from_datetime
from shared.training.training_state import State
from tests.faults.proxy import Fault, Request
from tests.loop import evaluated_log, past
from tests.loop.conftest import StartTrainer
from tests.loop.mixed import rank_by_model
from tests.loop.stored_loop import StoredLoop
from tests.loop.strikes import Matches, Strike, open_route, write

MODELS = 9
"""So many models take turns in a past that is busy."""


def busy(seed: int, from_us: int, to_us: int, events: int, modes: tuple[LearningMode, ...]) -> past.Past:
    """Everything that happens to a loop whose mode changes from time to time, and its model more often."""
    rows, chance = past.lively(seed, from_us, to_us, events, 10 * MINUTE), random.Random(seed)
    length_us = (to_us - from_us) // len(modes) + 1

    def mode(at_us: int) -> LearningMode:
        return modes[min(max(0, at_us - from_us) // length_us, len(modes) - 1)]

    def model_id(at_us: int) -> str:
        return f"model-{max(0, at_us - from_us + chance.choice((0, MINUTE))) * MODELS // (to_us - from_us)}"

    rows.events = [
        rank_by_model(event, chance.randrange(4), mode(event.at_us), model_id(event.at_us)) for event in rows.events
    ]
    return rows


def bins(stored_loop: StoredLoop) -> dict[int, Bin]:
    """All bins that are kept, of days that are put away and of those that are not."""
    state = json_documents.read(State, stored_loop.blob("state.json") or b"")
    days = [json_documents.read(Day, data).bins for _, data in sorted(stored_loop.blobs("metrics/").items())]
    all_bins = [stored_bin for day in days for stored_bin in day] + list(state.metrics.bins)
    assert len({stored_bin.from_us for stored_bin in all_bins}) == len(all_bins)
    return {stored_bin.from_us: stored_bin for stored_bin in all_bins}


def sum_log(stored_loop: StoredLoop) -> dict[int, dict[str, Any]]:
    """The same sums, worked out from the lines of the log one by one."""
    sums: dict[int, dict[str, Any]] = defaultdict(lambda: defaultdict(float))
    for line in map(json.loads, stored_loop.lines()):
        at_us = from_datetime(datetime.fromisoformat(line.get("Timestamp") or line["EnqueuedTimeUtc"]))
        into = sums[at_us - at_us % BIN_US]
        if "Fate" in line:
            into[line["Fate"]] += 1
            continue
        into["joined"] += 1
        if line.get("_skipLearn"):
            continue
        outcome, mode = line["_outcomes"][0] if "_outcomes" in line else line, line.get("Mode", "Online")
        actions, probabilities = (outcome["_a"], outcome["_p"]) if outcome is not line else (line["a"], line["p"])
        baseline = line["_ba"][0] if outcome is not line else 1
        reward, probability, count = -outcome["_original_label_cost"], probabilities[0], len(actions)
        into["events"] += 1
        into["rewards"] += reward
        into["squares"] += reward**2
        first = ((actions[0] == baseline) / probability) if mode == "Online" else 1.0
        weights = {"first": first} | ({"random": 1 / (probability * count)} if mode == "Online" else {})
        for policy, weight in weights.items():
            into[f"{policy} non_zero"] += weight > 0
            into[f"{policy} weights"] += weight
            into[f"{policy} rewards"] += weight * reward
            into[f"{policy} squared_rewards"] += (weight * reward) ** 2
        into["random silent"] += mode != "Online"
    return sums


def check(stored_loop: StoredLoop) -> None:
    """See that each bin holds what the lines of the log add up to."""
    bins_by_time, expected_sums = bins(stored_loop), sum_log(stored_loop)
    assert bins_by_time.keys() == expected_sums.keys()
    for at_us, sums in expected_sums.items():
        stored_bin = bins_by_time[at_us]
        assert (stored_bin.joined, stored_bin.events) == (sums["joined"], sums["events"])
        assert (stored_bin.rewards, stored_bin.squares) == pytest.approx((sums["rewards"], sums["squares"]))
        assert (stored_bin.outcomes.late, stored_bin.outcomes.dangling) == (sums["late"], sums["dangling"])
        for policy in ("first", "random"):
            for name in ("silent", "non_zero", "weights", "rewards", "squared_rewards"):
                assert getattr(getattr(stored_bin, policy), name) == pytest.approx(sums[f"{policy} {name}"]), name


def check_models(stored_loop: StoredLoop) -> None:
    """See that each event counts once for the model that it was ranked with."""
    expected: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    for line in map(json.loads, stored_loop.lines()):
        if "Fate" not in line and not line.get("_skipLearn"):
            into, reward = expected[line["VWState"]["m"]], -line["_original_label_cost"]
            if line.get("Mode", "Online") != "Online":
                into["undecided"] += 1
                continue
            into["events"] += 1
            into["rewards"] += reward
            into["squares"] += reward**2
            into["weighted"] += (line["a"][0] == 1) / line["p"][0] * reward
    state = json_documents.read(State, stored_loop.blob("state.json") or b"")
    with evaluated_log.use_storage(stored_loop.storage):
        told = model_rewards_store.read([*expected], state.metrics.models)
        put_away = {record.model_id for record in model_rewards_store.list_all()}

    assert len(put_away) == max(0, len(expected) - len(state.metrics.models))
    assert {id_: sums for id_, sums in told.items() if sums == ModelSums()} == {}
    for id_, sums in expected.items():
        assert (told[id_].events, told[id_].undecided) == (sums["events"], sums["undecided"])
        assert (told[id_].rewards, told[id_].squares) == pytest.approx((sums["rewards"], sums["squares"]))
        assert told[id_].lift.weighted == pytest.approx(sums["weighted"])


def check_rewarded(stored_loop: StoredLoop) -> None:
    """See that the record of the rate of rewards has each event that was shown once, from the first reward on."""
    rate = json_documents.read(State, stored_loop.blob("state.json") or b"").reward_rate
    total = rate.total.plus(rate.silence) if rate.silence else rate.total
    shown = [line for line in map(json.loads, stored_loop.lines()) if "_label_cost" in line or "_outcomes" in line]
    shown = [line for line in shown if not line.get("_skipLearn")]
    rewarded = [any("v" in observation for observation in line.get("o", ())) for line in shown]
    assert total.rewarded == sum(rewarded)
    assert len(shown) - total.events in range(rewarded.index(True) + 1)


def check_outcomes(stored_loop: StoredLoop) -> None:
    """See that bins and counters agree, and that every event has one outcome."""
    counted = stored_loop.document("state.json")["counters"]
    stored = list(bins(stored_loop).values())
    for name in EventOutcomes._fields:
        assert counted[name] == sum(getattr(stored_bin.outcomes, name) for stored_bin in stored), name
    assert counted["answered_otherwise"] == sum(stored_bin.answered_otherwise for stored_bin in stored)
    for stored_bin in stored:
        outcomes = stored_bin.outcomes
        settled = sum(outcomes) - outcomes.late - outcomes.dangling + stored_bin.answered_otherwise
        assert stored_bin.joined == settled


def test_the_sums_are_those_of_the_log(stored_loop: StoredLoop, trainer: StartTrainer) -> None:
    """Over two days and three modes, joined by one run after the other; the first day is put away."""
    modes = (LearningMode.ONLINE, LearningMode.APPRENTICE, LearningMode.LOGGING_ONLY, LearningMode.ONLINE)
    midnight_us = past.midnight()
    past.configure(stored_loop, past.seldom())
    rows = busy(5, midnight_us - 50 * MINUTE, midnight_us + 50 * MINUTE, 500, modes)
    rows.write(stored_loop, DAY)

    for _ in range(3):
        with trainer(single_part=True) as started_trainer:
            started_trainer.succeed()
    with trainer() as started_trainer:
        started_trainer.succeed()

    assert len(stored_loop.blobs("metrics/")) == 2
    assert stored_loop.document("state.json")["metrics"]["pending"] == []
    check(stored_loop)
    check_rewarded(stored_loop)
    check_outcomes(stored_loop)
    check_models(stored_loop)
    assert sum(stored_bin.outcomes.passed_over for stored_bin in bins(stored_loop).values()) > 50


def test_of_an_apprentice_the_last_events_are_those_of_the_log(stored_loop: StoredLoop, trainer: StartTrainer) -> None:
    """Its matches, its rewards, and what a perfect one would match."""
    configuration = past.seldom(learning_mode=LearningMode.APPRENTICE)
    past.configure(stored_loop, configuration)
    start_us = past.minutes_ago(240)
    busy(6, start_us, start_us + HOUR, 1500, (LearningMode.APPRENTICE,)).write(stored_loop)

    with trainer() as started_trainer:
        started_trainer.succeed()

    lines = [line for line in map(json.loads, stored_loop.lines()) if "Fate" not in line and not line.get("_skipLearn")]
    apprentice = json_documents.read(State, stored_loop.blob("state.json") or b"").metrics.apprentice
    for sums, events in ((apprentice.total, lines), (apprentice.last, lines[-1000:])):
        matched = [line for line in events if line["a"][0] == 1]
        assert (sums.events, sums.matched) == (len(events), len(matched))
        assert sums.rewards == pytest.approx(-sum(line["_original_label_cost"] for line in events))
        assert sums.matched_rewards == pytest.approx(-sum(line["_original_label_cost"] for line in matched))
        assert sums.ceilings == pytest.approx(0.85 * len(events))
    assert apprentice.last.events == 1000
    check(stored_loop)
    check_outcomes(stored_loop)


def test_a_trainer_killed_while_it_puts_a_day_away_counts_nothing_twice(
    stored_loop: StoredLoop, undisturbed: StoredLoop, trainer: StartTrainer, account: EmulatedAccount
) -> None:
    """Before the day is written, after it, and while the commit record forgets it."""
    midnight_us = past.midnight()
    rows = busy(7, midnight_us - HOUR, midnight_us + HOUR, 120, (LearningMode.ONLINE,))
    for loop in (stored_loop, undisturbed):
        past.configure(loop, past.seldom())
        rows.write(loop, DAY)
    with open_route(account) as route:
        for place, fault in (("/metrics/", Fault(cut="before")), ("/metrics/", None), ("state.json", None)):
            with trainer(route.storage) as started_trainer:
                route.plan(strike := Strike(_after_metrics(place), started_trainer.die, fault))
                strike.wait()
                assert started_trainer.wait() == -signal.SIGKILL
            stored_loop.break_lease()
    for loop in (stored_loop, undisturbed):
        with trainer(loop.storage) as started_trainer:
            started_trainer.succeed()

    assert undisturbed.read_training_output() == stored_loop.read_training_output()
    assert stored_loop.blobs("metrics/")
    check(stored_loop)
    check_outcomes(stored_loop)


def _after_metrics(place: str) -> Matches:
    """The requests that write at a place, once a day was written or is being written."""
    written = write(place)
    began = False

    def matches(request: Request) -> bool:
        nonlocal began
        began |= "/metrics/" in request.path and request.method == "PUT"
        return began and written(request)

    return matches
