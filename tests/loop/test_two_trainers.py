"""Two trainers at once: one is stopped at any instruction, the other goes on, and the first is woken."""

import json
import random
import time
from collections.abc import Callable
from contextlib import ExitStack
from copy import replace
from datetime import timedelta

import pytest

from localhost.azurite.accounts import EmulatedAccount
from shared.configuration.configuration import LearningSettings
from shared.models.published import Published
from shared.storage import json_documents
from shared.times import HOUR, MINUTE
from tests.clock import now_us
from tests.loop import oracle, past
from tests.loop.conftest import StartTrainer
from tests.loop.oracle import Rule
from tests.loop.stored_loop import StoredLoop
from tests.loop.strikes import Held, Strike, open_route, write

pytestmark = pytest.mark.collects_rewards

LEASE_SECONDS = 15
OTHER = "--cb_explore_adf --epsilon 0.2 --cb_type ips -q ::"
RULE = Rule(timedelta(hours=4), timedelta(days=10))


def nothing(_: StoredLoop) -> None:
    """Nothing changes meanwhile."""


def settings(stored_loop: StoredLoop) -> None:
    """Another exploration is set."""
    configuration = past.often()
    changed = replace(configuration, revision=2, service=replace(configuration.service, exploration_percentage=0.5))
    stored_loop.put("configuration.json", json_documents.to_json(changed))


def reset(stored_loop: StoredLoop) -> None:
    """The model is deleted."""
    published = json_documents.read(Published, stored_loop.blob("published.json") or b"{}")
    stored_loop.put(
        "published.json", json_documents.to_json(replace(published, generation=published.generation + 1, model=None))
    )


def deletion(stored_loop: StoredLoop) -> None:
    """The log is deleted."""
    stored_loop.put(
        "configuration.json", json_documents.to_json(replace(past.often(), logs_deleted_before_us=now_us()))
    )


@pytest.mark.parametrize(
    ("place", "nth", "meanwhile"),
    [
        ("/state.json", 1, deletion),
        ("/logs/", 1, settings),
        ("/manifests/", 1, deletion),
        ("/models/", 2, nothing),
        ("/published.json", 1, reset),
        ("/current/model.vw", 1, nothing),
        ("/current/learning-settings.json", 1, settings),
        ("/state.json", 5, deletion),
    ],
)
def test_what_a_sleeper_wakes_up_to_write_changes_nothing(
    stored_loop: StoredLoop,
    trainer: StartTrainer,
    account: EmulatedAccount,
    place: str,
    nth: int,
    meanwhile: Callable[[StoredLoop], None],
) -> None:
    """It is stopped after it has sent a write, which lands when the other trainer has gone on and ended.

    Simulated trainers sleep at all places.
    """
    past.configure(stored_loop, past.often())
    now = past.long_ago()
    past.lively(5, now - HOUR, now - 50 * MINUTE, 6, past.OFTEN_WAIT).write(stored_loop)
    with trainer(single_part=True) as first:
        first.succeed()
    past.lively(6, now - 12 * MINUTE, now, 8, past.OFTEN_WAIT).write(stored_loop)
    past.await_export_time(stored_loop)

    with open_route(account) as route, trainer(route.storage) as sleeper:
        route.plan(strike := Strike(write(place), sleeper.pause, held := Held(), nth))
        strike.wait()
        meanwhile(stored_loop)
        stored_loop.break_lease()
        with trainer() as other:
            other.succeed()
        before, models, marks = in_force(stored_loop), stored_loop.blobs("models/"), stored_loop.marks()
        held.free.set()
        sleeper.wake()
        sleeper.succeed()

    after = in_force(stored_loop)
    late = {name for name in after.keys() - before.keys() if name.startswith("default/manifests/")}
    assert not late or meanwhile is deletion
    assert before == {name: etag for name, etag in after.items() if name not in late}
    assert models.items() <= stored_loop.blobs("models/").items()
    assert stored_loop.marks() == marks or meanwhile is deletion
    check(stored_loop, meanwhile)


def in_force(stored_loop: StoredLoop) -> dict[str, str]:
    """The ETag of every blob but those that do no harm when they are stored again.

    A model gets another ETag by the same bytes. The marks of a part may be there already, in a run of several parts.
    """
    passed = ("default/models/", "default/marks/")
    return {name: etag for name, etag in stored_loop.in_force().items() if not name.startswith(passed)}


def check(stored_loop: StoredLoop, meanwhile: Callable[[StoredLoop], None]) -> None:
    """What is in force is whole and of one piece."""
    state, published = stored_loop.document("state.json"), stored_loop.document("published.json")
    assert (state["intent"], state["publishing"], state["next"]) == (None, None, None)
    assert published["generation"] == state["running"]["generation"] == int(meanwhile is reset)
    assert state["running"]["revision"] == 1 + int(meanwhile is settings)
    exported = stored_loop.read_export()
    if published["model"] is None:
        assert exported is None
    else:
        assert exported == stored_loop.blob(published["model"]["predictor_blob"].removeprefix("loops/default/"))
    if meanwhile is deletion:
        assert stored_loop.lines() == []
    else:
        oracle.check(stored_loop, RULE)


def test_a_second_trainer_ends_quietly(
    stored_loop: StoredLoop, trainer: StartTrainer, account: EmulatedAccount
) -> None:
    """It neither waits nor writes while the first one is at work."""
    past.configure(stored_loop, past.often())
    past.Past([past.event("e", past.minutes_ago(500))]).write(stored_loop)
    with open_route(account) as route, trainer(route.storage) as first:
        route.plan(strike := Strike(write("/logs/"), lambda: None, held := Held()))
        strike.wait()
        before = stored_loop.in_force()

        with trainer() as second:
            second.succeed()

        assert before == stored_loop.in_force()
        assert "another trainer is at work" in second.read_log()
        held.free.set()
        first.succeed()
    assert len(stored_loop.lines()) == 1


def test_a_first_export_that_lands_after_a_reset_does_not_stay(
    stored_loop: StoredLoop, trainer: StartTrainer, account: EmulatedAccount
) -> None:
    """There was nothing under its name that another trainer could have changed, so that it would be refused."""
    past.configure(stored_loop, past.often())
    past.Past([past.event("e", past.minutes_ago(500))]).write(stored_loop)
    with open_route(account) as route, trainer(route.storage) as sleeper:
        route.plan(strike := Strike(write("/current/model.vw"), sleeper.pause, held := Held()))
        strike.wait()
        reset(stored_loop)
        stored_loop.break_lease()
        with trainer() as other:
            other.succeed()
        held.free.set()
        sleeper.wake()
        sleeper.succeed()

    with trainer() as later:
        later.succeed()

    assert stored_loop.read_export() is None


def test_a_sleeper_that_cleans_up_takes_nothing_away_that_is_needed(
    stored_loop: StoredLoop, trainer: StartTrainer, account: EmulatedAccount
) -> None:
    """It slept past its lease, in the middle of deleting old models, and does not know of those made since."""
    past.configure(stored_loop, configuration := past.often())
    midnight = past.midnight()
    around = [past.event(f"e{number}", midnight + number * 10 * MINUTE) for number in range(-3, 3)]
    past.Past([*around, past.event("last", midnight - 12 * HOUR)]).write(stored_loop)
    with trainer() as first:
        first.succeed()
    stored_loop.put("state.json", json.dumps({**stored_loop.document("state.json"), "kept_at_us": 0}).encode())

    with open_route(account) as route, trainer(route.storage) as sleeper:
        listing = "prefix=default%2Fmodels"
        route.plan(strike := Strike(lambda request: listing in request.path, sleeper.pause, held := Held()))
        strike.wait()
        time.sleep(LEASE_SECONDS + 0.5)
        past.configure(stored_loop, replace(configuration, revision=2, learning=LearningSettings("other", OTHER)))
        while (
            stored_loop.document("state.json")["next"] is None
            or not stored_loop.document("state.json")["next"]["model"]
        ):
            with trainer(single_part=True) as other:
                other.succeed()
        coming = stored_loop.document("state.json")["next"]["model"]["state_blob"].removeprefix("loops/default/")
        held.free.set()
        sleeper.wake()
        sleeper.succeed()

    assert stored_loop.blob(coming) is not None


@pytest.mark.usefixtures("account")  # a process that sleeps in a transaction on a folder holds up all others
def test_trainers_that_overtake_each_other_again_and_again_make_what_one_makes(
    stored_loop: StoredLoop, undisturbed: StoredLoop, trainer: StartTrainer
) -> None:
    """Each is stopped somewhere, and goes on beside another one that has taken over."""
    chance, now = random.Random(8), past.long_ago()
    rows = past.lively(8, now - HOUR, now, 100, past.OFTEN_WAIT)
    for loop in (stored_loop, undisturbed):
        past.configure(loop, past.often())
        rows.write(loop)

    with ExitStack() as stack:
        started, asleep = [], []
        for _ in range(8):
            started.append(context := stack.enter_context(trainer()))
            time.sleep(chance.uniform(0.1, 0.8))
            context.pause()
            asleep.append(context)
            stored_loop.break_lease()
            if len(asleep) > 2:
                asleep.pop(chance.randrange(len(asleep))).wake()
        for context in asleep:
            context.wake()
        for context in started:
            context.succeed()
    for loop in (stored_loop, undisturbed, stored_loop, undisturbed):
        past.await_export_time(loop)
        with trainer(loop.storage) as last:
            last.succeed()

    assert undisturbed.read_training_output() == stored_loop.read_training_output()
    assert stored_loop.read_export() == undisturbed.read_export() is not None
