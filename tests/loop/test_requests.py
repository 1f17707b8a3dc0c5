"""Owners who change their minds while the trainer is at work: the loop becomes what was requested last."""

import gzip
import json
import random
import signal
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from localhost.azurite.accounts import EmulatedAccount
from shared.configuration.configuration import problem_type
from shared.configuration.service_configuration import LearningMode
from shared.log.log_line import kind
from shared.log.manifest import place_of
from shared.log.ranked_event import line_kind
from shared.times import MINUTE, from_iso
from tests.loop import past, requests
from tests.loop.conftest import StartTrainer
from tests.loop.mixed import build_mixed_past
from tests.loop.requests import CB, MODES, REPLACEMENTS, SETTINGS, Owner, Requester
from tests.loop.stored_loop import StoredLoop
from tests.loop.strikes import Held, Strike, open_route, write
from tests.loop.test_metrics import check, check_outcomes
from tests.loop.trainers import up_to

PART_US = 15 * MINUTE
REQUESTS = 3


@pytest.mark.parametrize("seed", [17, 31])
def test_what_was_asked_for_last_is_what_the_loop_is_whenever_it_was_asked(
    stored_loop: StoredLoop,
    undisturbed: StoredLoop,
    trainer: StartTrainer,
    account: EmulatedAccount,
    tmp_path: Path,
    seed: int,
) -> None:
    """Between any two writes of a run, which may die there; and nothing is lost, counted twice, or learned twice."""
    chance = random.Random(seed)
    start_us = past.minutes_ago(0) // PART_US * PART_US - 2 * past.OFTEN_WAIT - 8 * PART_US
    rows = build_mixed_past(seed, start_us, start_us + 8 * PART_US, 160, past.OFTEN_WAIT)
    for loop in (stored_loop, undisturbed):
        past.configure(loop, past.often())
        rows.write(loop)

    up_to_2, up_to_6, up_to_8 = (up_to(start_us + parts * PART_US) for parts in (2, 6, 8))
    kinds = [chance.choice((*SETTINGS, *MODES, *REPLACEMENTS)) for _ in range(REQUESTS)]
    owner = Owner(stored_loop, tmp_path / "owner.log", chance, kinds, [chance.randrange(1, 14) for _ in kinds])
    with trainer(changed=up_to_2) as started_trainer:
        started_trainer.succeed()
    with open_route(account) as route:
        route.plan(owner)
        while owner.kinds:
            before = len(owner.kinds)
            with trainer(route.storage, up_to_6) as started_trainer:
                owner.die = started_trainer.die
                if started_trainer.wait() == -signal.SIGKILL:
                    stored_loop.break_lease()
            if before == len(owner.kinds):
                owner.ask(owner.kinds.pop(0))
    for changed in (up_to_6, up_to_8):
        with trainer(changed=changed) as started_trainer:
            started_trainer.succeed()
        check_exported(stored_loop)
    past.await_export_time(stored_loop)
    with trainer(changed=up_to_8) as started_trainer:
        started_trainer.succeed()
    with trainer(undisturbed.storage, up_to_8) as started_trainer:
        started_trainer.succeed()

    check_settled(stored_loop, owner.requests)
    check_learned_once(stored_loop)
    check_learned_all(stored_loop, owner)
    check(stored_loop)
    check_outcomes(stored_loop)
    assert undisturbed.blobs("logs/") == stored_loop.blobs("logs/")


def check_exported(stored_loop: StoredLoop) -> None:
    """See that the export is the model in use."""
    model = stored_loop.document("published.json")["model"]
    blob = None if model is None else stored_loop.blob(model["predictor_blob"].removeprefix("loops/default/"))
    assert stored_loop.read_export() == blob
    settings = stored_loop.blob("current/learning-settings.json", "exports")
    assert (settings is None) == (model is None)
    assert settings is None or json.loads(settings)["name"] == model["id"]


def check_settled(stored_loop: StoredLoop, requested: list[tuple[str, Any]]) -> None:
    """See that the loop is what was requested last."""
    state, published, configuration = (
        stored_loop.document(f"{name}.json") for name in ("state", "published", "configuration")
    )
    running, learning = state["running"], configuration["learning"]["arguments"]
    assert (state["next"], state["intent"], state["publishing"]) == (None, None, None)
    assert state["troubles"] == {}
    assert running["generation"] == published["generation"] == sum(kind in REPLACEMENTS for kind, _ in requested)
    assert running["mode"] == configuration["service"]["learning_mode"]
    assert running["revision"] == configuration["revision"] == published["model"]["revision"]
    assert published["model"]["predictor_blob"] == running["model"]["predictor_blob"]
    check_exported(stored_loop)
    places = {kind: place for place, (kind, _) in enumerate(requested)}
    replaced = max((places[kind] for kind in REPLACEMENTS if kind in places), default=-1)
    set_last = max((places[kind] for kind in SETTINGS if kind in places), default=-1)
    kind, model = requested[replaced] if replaced > set_last else ("", None)
    if kind == "" or model is None:
        assert running["arguments"] == learning
    elif kind != "go_back_for_now":
        assert running["arguments"] == model["arguments"]
        chain = [Path(step["state"]).name for step in stored_loop.lineage(running["model"]["state_blob"])]
        assert Path(model["state_blob"]).name in chain, "made of the same bytes, wherever they are kept"


def check_learned_once(stored_loop: StoredLoop) -> None:
    """See that the model in use has learned each event that it may learn, in order, and no other."""
    running = stored_loop.document("state.json")["running"]
    steps = list(stored_loop.lineage(running["model"]["state_blob"]))[::-1]
    logs = [path for step in steps for path in step["lineage"]["logs"]]
    assert logs == sorted(set(logs))
    learned = sum(step["trained"]["learned"] for step in steps)
    assert running["model"]["events"] == learned
    stretches = [from_iso(step["learnedUpTo"]) for step in steps]
    assert stretches == sorted(stretches)


def check_learned_all(stored_loop: StoredLoop, owner: Owner) -> None:
    """See that after a model was put by hand, all was learned that was not log yet at that moment."""
    kinds = [kind for kind, _ in owner.requests]
    last = max((place for place, kind in enumerate(kinds) if kind in REPLACEMENTS), default=-1)
    if last < 0 or {*kinds[last:]} & {*SETTINGS} or "mode" in kinds or kinds[last] in ("go_back", "go_back_for_now"):
        return
    running, put = stored_loop.document("state.json")["running"], owner.requests[last][1]
    begun = put["learned_events"] if put else 0
    later = [data for name, data in stored_loop.blobs("logs/").items() if place_of(name)[0] >= owner.joined_us]
    lines = [line for data in later for line in gzip.decompress(data).splitlines()]
    wanted = line_kind(problem_type(running["arguments"]), LearningMode(running["mode"]))
    expected = sum(kind(line) == wanted and b'"_skipLearn":true' not in line[:200] for line in lines)
    assert running["model"]["events"] == begun + expected


def read_published(loop: StoredLoop) -> dict[str, Any]:
    document: dict[str, Any] = loop.document("published.json")
    return document


@pytest.mark.parametrize(("early", "late"), [("reset", "go_back"), ("go_back", "import_model")])
def test_of_two_who_replace_the_model_at_once_the_later_one_wins_whole(
    stored_loop: StoredLoop, trainer: StartTrainer, account: EmulatedAccount, tmp_path: Path, early: str, late: str
) -> None:
    """Its write was sent before the other's write landed; so storage refused it, and it was made again."""
    past.configure(stored_loop, past.often())
    start_us = past.long_ago()
    past.Past([past.event(f"e{number}", start_us + number * PART_US) for number in range(2)]).write(stored_loop)
    for single_part in (True, True, False):
        past.await_export_time(stored_loop)
        with trainer(single_part=single_part) as started_trainer:
            started_trainer.succeed()
    newest, first = (read_published(stored_loop)[name] for name in ("model", "previous"))
    data = stored_loop.blob(first[0]["predictor_blob"].removeprefix("loops/default/")) or b""
    of_kind: dict[str, Callable[[], object]] = {
        "import_model": partial(requests.import_model, data),
        "go_back": partial(requests.go_back, newest["id"], "end"),
        "reset": requests.reset,
    }

    with open_route(account) as route:
        route.plan(strike := Strike(write("/published.json"), lambda: None, held := Held()))
        with Requester(route.storage, tmp_path / "late.log", of_kind[late]) as slow:
            strike.wait()
            with Requester(stored_loop.storage, tmp_path / "early.log", of_kind[early]) as quick:
                quick.succeed()
            between = read_published(stored_loop)
            held.free.set()
            slow.succeed()

    after = read_published(stored_loop)
    assert (between["generation"], after["generation"]) == (1, 2)
    assert after["model"]["sha256"] == (first[0] if late == "import_model" else newest)["sha256"]
    assert (after["start"]["model"]["id"], after["start"]["newest"]) == (after["model"]["id"], False)
    ids = [model["id"] for model in (after["model"], *after["previous"])]
    assert len(ids) == len(set(ids))
    assert {model["id"] for model in (between["model"], *between["previous"]) if model} <= set(ids)
    check_exported(stored_loop)


def test_of_two_who_change_settings_at_once_the_later_one_wins_whole(
    stored_loop: StoredLoop, account: EmulatedAccount, tmp_path: Path
) -> None:
    """Of what both set, what the later one says; what it does not say is the earlier one's."""
    past.configure(stored_loop, before := past.configuration())
    changes = [
        partial(requests.put_service, reward_wait_time="PT20M", default_reward=0.5, exploration_percentage=0.1),
        partial(requests.put_service, reward_wait_time="PT30M", default_reward=0.25),
    ]
    with open_route(account) as route:
        route.plan(strike := Strike(write("/configuration.json"), lambda: None, held := Held()))
        with Requester(route.storage, tmp_path / "late.log", changes[1]) as slow:
            strike.wait()
            with Requester(
                stored_loop.storage, tmp_path / "early.log", changes[0], partial(requests.put_policy, CB)
            ) as quick:
                quick.succeed()
            held.free.set()
            slow.succeed()

    after = stored_loop.document("configuration.json")
    service = after["service"]
    assert (service["reward_wait_time"], service["default_reward"]) == ("PT30M", 0.25)
    assert (service["exploration_percentage"], after["learning"]["arguments"]) == (0.1, CB)
    assert after["revision"] == before.revision + 3
