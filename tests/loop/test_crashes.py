"""Power cuts: whatever is killed whenever, what was acknowledged is logged once and learned once."""

import hashlib
import itertools
import random
import signal
import time
from copy import replace
from datetime import timedelta

import pytest

from localhost.azurite.accounts import EmulatedAccount
from shared.times import HOUR, MINUTE
from tests.conftest import StartHost
from tests.faults.proxy import Fault
from tests.loop import oracle, past
from tests.loop.conftest import KEY, LATER, StartTrainer
from tests.loop.mixed import build_mixed_past
from tests.loop.oracle import Rule
from tests.loop.stored_loop import StoredLoop
from tests.loop.strikes import Strike, open_route, write
from tests.loop.test_metrics import check as check_sums
from tests.loop.test_metrics import check_outcomes
from tests.loop.traffic import Traffic, check
from tests.loop.trainers import PAST, up_to

pytestmark = pytest.mark.collects_rewards

PLACES = (
    *[("/rewards/", nth) for nth in (1, 2)],
    *[("/models/", nth) for nth in (1, 2, 3)],
    *[
        ("/logs/", 1),
        ("/manifests/", 1),
        ("/manifests/", 2),
        ("/published.json", 1),
        ("/current/model.vw", 1),
        ("/current/learning-settings.json", 1),
    ],
    *[("state.json", nth) for nth in (1, 2, 3, 4, 5)],
    ("/Tables(", 1),
)
"""Where a trainer writes while it collects, joins, learns, publishes and drops a table."""

PART_US = 15 * MINUTE
PARTS_EACH = 2
"""How many parts of time become ready to be joined for each of these writes."""


def test_a_trainer_killed_at_every_kind_of_write_makes_what_an_undisturbed_one_makes(
    stored_loop: StoredLoop, undisturbed: StoredLoop, trainer: StartTrainer, account: EmulatedAccount
) -> None:
    """Killed after it has sent a write, which storage then gets or does not. The log holds events of every kind."""
    span = {"intake_span_us": HOUR}
    end_us = past.long_ago() // HOUR * HOUR
    start_us = end_us - len(PLACES) * PARTS_EACH * PART_US
    rows = build_mixed_past(4, start_us, end_us, 300, past.OFTEN_WAIT)
    for loop in (stored_loop, undisturbed):
        past.configure(loop, past.often())
        rows.write(loop, HOUR)

    faults = itertools.cycle((None, Fault(cut="before")))
    with open_route(account) as route:
        for number, ((place, nth), fault) in enumerate(zip(PLACES, faults, strict=False), 1):
            if place == "/published.json":
                past.await_export_time(stored_loop)
            ready = up_to(start_us + number * PARTS_EACH * PART_US) | span
            for _ in range(3):
                with trainer(route.storage, ready) as started_trainer:
                    route.plan(Strike(write(place), started_trainer.die, fault, nth))
                    code = started_trainer.wait()
                stored_loop.break_lease()
                if code == -signal.SIGKILL:
                    break  # else a write of the trainer before has landed so late that this trainer gave way
            assert code == -signal.SIGKILL, (place, nth, started_trainer.read_log())
    for loop in (stored_loop, undisturbed, stored_loop, undisturbed):
        past.await_export_time(loop)
        with trainer(loop.storage, {**PAST, **span}) as started_trainer:
            started_trainer.succeed()

    assert undisturbed.read_training_output() == stored_loop.read_training_output()
    stored_loop.check_manifests()
    assert stored_loop.read_export() == undisturbed.read_export() is not None
    check_sums(stored_loop)
    check_outcomes(stored_loop)
    counted = stored_loop.document("state.json")["counters"]
    assert min(counted[name] for name in ("learned", "not_activated", "passed_over", "late", "dangling")) > 0


def test_a_part_begun_under_a_shorter_wait_is_finished_as_it_was_begun(
    stored_loop: StoredLoop, trainer: StartTrainer, account: EmulatedAccount
) -> None:
    """Under the longer wait its events could not be joined yet, and the position would pass them unlogged."""
    past.configure(stored_loop, past.configuration(reward_wait_time="PT10M"))
    at_us = past.minutes_ago(60)
    events, rewards = (
        [past.event(f"e{number}", at_us + number) for number in range(9)],
        [past.reward("e1", at_us + MINUTE)],
    )
    past.Past(events, rewards).write(stored_loop)
    with open_route(account) as route, trainer(route.storage) as started_trainer:
        route.plan(Strike(write("/logs/"), started_trainer.die, Fault(cut="before")))
        assert started_trainer.wait() == -signal.SIGKILL
    past.configure(stored_loop, replace(past.configuration(reward_wait_time="PT2H"), revision=2))
    stored_loop.break_lease()

    with trainer() as started_trainer:
        started_trainer.succeed()

    oracle.check(stored_loop, Rule(timedelta(minutes=10), timedelta(days=10)))
    assert len(stored_loop.lines()) == 9


def test_a_model_that_is_damaged_before_it_is_published_holds_up_nothing(
    stored_loop: StoredLoop, trainer: StartTrainer, account: EmulatedAccount
) -> None:
    """It never gets out; the events go on into the log, and the next model is published in its place."""
    past.configure(stored_loop, past.configuration(reward_wait_time="PT10M", model_export_frequency="PT5M"))
    past.Past([past.event(f"e{number}", past.minutes_ago(60 - number * 6)) for number in range(4)]).write(stored_loop)
    with open_route(account) as route, trainer(route.storage) as started_trainer:
        route.plan(Strike(write("/published.json"), started_trainer.die, Fault(cut="before")))
        assert started_trainer.wait() == -signal.SIGKILL
    damaged = stored_loop.document("state.json")["publishing"]["predictor_blob"].removeprefix("loops/default/")
    stored_loop.put(damaged, b"damaged")
    stored_loop.break_lease()

    with trainer() as started_trainer:
        started_trainer.succeed()

    oracle.check(stored_loop, Rule(timedelta(minutes=10), timedelta(days=10)))
    assert len(stored_loop.lines()) == 4
    model = stored_loop.document("published.json")["model"]
    assert hashlib.sha256(stored_loop.read_export() or b"").hexdigest() == model["sha256"]
    assert model["learned_events"] > 1


@pytest.mark.at_noon
def test_what_a_host_acknowledged_survives_that_it_is_killed_again_and_again(
    stored_loop: StoredLoop, trainer: StartTrainer, start_loop: StartHost
) -> None:
    """Killed at random moments of intake and training, under traffic, and started again at once."""
    chance, host = random.Random(11), start_loop()
    with Traffic(lambda: host.url, KEY, clients=6, seed=11) as traffic:
        for number in range(6):
            time.sleep(chance.uniform(1, 4))
            host.kill()
            if number % 3:
                stored_loop.break_lease()
            host.start()
        time.sleep(6)
    learned_by_host = stored_loop.document("state.json")["counters"]["learned"]
    host.kill()
    stored_loop.break_lease()
    with trainer(changed=LATER) as last:
        last.succeed()

    check_all(stored_loop, traffic)
    assert learned_by_host > 50
    assert traffic.acknowledged.failed["cut"] > 10
    disturbed = stored_loop.read_training_output()
    stored_loop.forget()
    with trainer(changed=LATER) as afresh:
        afresh.succeed()
    assert disturbed == stored_loop.read_training_output()


def check_all(stored_loop: StoredLoop, traffic: Traffic) -> None:
    """The log is what the rows make it, and holds all that was acknowledged."""
    oracle.check(stored_loop, Rule(timedelta(seconds=5), timedelta(seconds=2)))
    check(stored_loop, traffic.acknowledged)
