"""Models that are replaced by hand while the loop is in use: what Rank uses, and where training goes on from."""

import hashlib
import json
import time
from collections.abc import Callable, Iterator
from copy import replace
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from shared.models import published_store
from shared.models.published_store import MOST_PREVIOUS
from shared.times import compact
from tests.clock import now_us
from tests.conftest import StartHost
from tests.hosts import HostProcess
from tests.http.api import Api
from tests.loop import evaluated_log
from tests.loop.conftest import KEY, NEVER, StartTrainer
from tests.loop.in_use import READY, Loop, teach_loop
from tests.loop.stored_loop import StoredLoop
from tests.loop.traffic import USERS, V1, rank_body
from tests.loop.trainers import Trainer
from tests.storages import NewStorage

OWN = "/rankloop/v1"
PATIENCE_SECONDS = 8


@pytest.fixture(scope="module")
def learned(new_storage: NewStorage, tmp_path_factory: pytest.TempPathFactory) -> Iterator[StoredLoop]:
    """The storage of a loop with at least two models, one after 12 events or fewer, and one after 24."""
    with teach_loop(new_storage, tmp_path_factory.mktemp("learned"), 12, 12) as stored_loop:
        yield stored_loop


@pytest.fixture
def loop(learned: StoredLoop, stored_loop: StoredLoop, start_host: StartHost, trainer: StartTrainer) -> Loop:
    """Another loop with the same past."""
    stored_loop.copy_from(learned)
    return Loop(start_host(**NEVER).url, stored_loop, trainer, used=24)


def list_models(loop: Loop) -> list[dict[str, Any]]:
    listed: list[dict[str, Any]] = loop.api.get(f"{OWN}/models").json["models"]
    return listed


def read_published(loop: Loop) -> dict[str, Any]:
    document: dict[str, Any] = loop.stored_loop.document("published.json")
    return document


def go_back(loop: Loop, model_id: str, train_from: str | None = None) -> None:
    body = b"" if train_from is None else {"trainFrom": train_from}
    assert loop.api.post(f"{OWN}/models/{model_id}/publish", body).status == 204


def wait_until_ranked_by(loop: Loop, model_id: str) -> None:
    until = time.monotonic() + PATIENCE_SECONDS
    while loop.status()["instance"]["modelId"] != model_id:
        assert time.monotonic() < until
        loop.rank()
        time.sleep(0.2)


def test_the_models_of_a_loop_are_listed(loop: Loop) -> None:
    """Newest first, with what an owner needs to choose one."""
    newest, *_, first = list_models(loop)

    assert (newest["current"], first["current"]) == (True, False)
    assert newest["learnedEvents"] == 24
    assert 0 < first["learnedEvents"] <= 12
    assert (newest["firstEventId"], newest["lastEventId"]) == ("used-0", "used-23")
    assert first["learnedUpTo"] < newest["learnedUpTo"]
    assert first["publishedAt"] <= newest["publishedAt"]
    assert newest["kept"] == {"model": True, "trainingState": True}
    assert newest["sha256"] == loop.status()["model"]["sha256"]
    assert {model["origin"] for model in (newest, first)} == {"trained"}


def test_rank_goes_back_to_an_earlier_model_within_seconds(loop: Loop) -> None:
    """So do its export under fixed names, and the download."""
    first = list_models(loop)[-1]
    began = time.monotonic()

    go_back(loop, first["id"], "model")
    wait_until_ranked_by(loop, first["id"])

    assert time.monotonic() - began < PATIENCE_SECONDS
    exported = loop.stored_loop.read_export()
    assert exported == loop.api.get(f"{V1}/model").body
    assert hashlib.sha256(exported or b"").hexdigest() == first["sha256"]


def test_an_earlier_model_learns_again_what_came_after_it(loop: Loop) -> None:
    """The same events make the same model of it again, byte by byte."""
    newest, *_, first = list_models(loop)

    go_back(loop, first["id"], "model")
    loop.learn()

    again = list_models(loop)[0]
    assert (again["learnedEvents"], again["sha256"]) == (24, newest["sha256"])


def test_an_earlier_model_can_go_on_with_what_comes_from_now_on(loop: Loop) -> None:
    """What was learned after it is forgotten."""
    first = list_models(loop)[-1]

    go_back(loop, first["id"])
    loop.learn()
    assert read_published(loop)["model"]["id"] == first["id"]

    loop.use(6)
    loop.learn()
    assert list_models(loop)[0]["learnedEvents"] == first["learnedEvents"] + 6


def test_the_newest_model_can_go_on_while_rank_uses_an_earlier_one(loop: Loop) -> None:
    """It takes the place of the earlier one once it has learned more, and not before."""
    newest, *_, first = list_models(loop)

    go_back(loop, first["id"], "newest")
    loop.learn()
    assert read_published(loop)["model"]["id"] == first["id"]

    loop.use(6)
    loop.learn()
    assert list_models(loop)[0]["learnedEvents"] == newest["learnedEvents"] + 6


def test_unknown_models_and_wishes_are_refused(loop: Loop) -> None:
    """And change nothing."""
    before, first = read_published(loop), list_models(loop)[-1]

    unknown = loop.api.post(f"{OWN}/models/nobody/publish")
    wrong = loop.api.post(f"{OWN}/models/{first['id']}/publish", {"trainFrom": "somewhere"})

    assert (unknown.status, unknown.error["code"]) == (404, "ResourceNotFound")
    assert (wrong.status, wrong.error["code"]) == (400, "BadRequest")
    assert before == read_published(loop)


def test_each_model_tells_what_was_earned_with_it(loop: Loop) -> None:
    """Over the events that it ranked, once they are log; other modes are told apart."""
    loop.use(3)
    apprentice = {"learningMode": "Apprentice"}
    assert loop.api.put("/personalizer/v1.1-preview.3/configurations/service", apprentice).status == 200
    loop.wait_until_obeyed()
    loop.use(3)
    loop.learn()

    told = {model["id"]: model["earned"] for model in list_models(loop)}

    expected: dict[str, list[float]] = {model_id: [] for model_id in told}
    undecided = dict.fromkeys(told, 0)
    for line in map(json.loads, loop.stored_loop.lines()):
        if (model_id := line["VWState"]["m"]) in told:
            undecided[model_id] += line.get("Mode") == "Apprentice"
            expected[model_id] += [-line["_original_label_cost"]] * ("Mode" not in line)
    assert sum(undecided.values()) == 3
    assert sum(map(len, expected.values())) >= 3
    for model_id, earned in told.items():
        rewards = expected[model_id]
        assert (earned["events"], earned["undecidedEvents"]) == (len(rewards), undecided[model_id])
        assert earned["averageReward"] == (pytest.approx(sum(rewards) / len(rewards)) if rewards else None)
        assert (earned["because"] is None) == (earned["interval"] is not None) == bool(rewards)
        assert earned["aboveFirstAction"]["events"] == len(rewards)


def test_the_oldest_of_very_many_models_is_gone_back_to(loop: Loop) -> None:
    """The list has pages, and `published.json` names only the models of the last hours."""
    first = read_published(loop)["previous"][-1]["id"]
    with evaluated_log.use_storage(loop.stored_loop.storage):
        for number in range(MOST_PREVIOUS + 1):
            published, etag = published_store.read_published_version()
            assert published.model is not None
            later = replace(published.model, id=f"{compact(now_us())}-1-{number:012}", made_at_us=now_us())
            published_store.publish(published.with_model(later), etag)
    assert first not in json.dumps(read_published(loop))

    listed, link = list[str](), f"{OWN}/models?maxpagesize=30"
    while link:
        page = loop.api.get("{0.path}?{0.query}".format(urlsplit(link))).json
        listed += [model["id"] for model in page["models"]]
        link = page.get("nextLink")
    go_back(loop, first, "model")
    wait_until_ranked_by(loop, first)

    assert len(listed) == len(set(listed)) >= MOST_PREVIOUS + 3
    assert (listed[-1], list_models(loop)[0]["id"]) == (first, first)


def test_a_model_that_is_not_kept_any_more_is_not_gone_back_to(loop: Loop) -> None:
    """Rank would be left without one; the list says what is kept."""
    blob = read_published(loop)["previous"][-1]["state_blob"]
    loop.stored_loop.remove(blob.removeprefix("loops/default/"))
    first = list_models(loop)[-1]

    assert first["kept"] == {"model": True, "trainingState": False}
    assert loop.api.post(f"{OWN}/models/{first['id']}/publish").status == 404
    assert loop.api.post(f"{OWN}/models/{first['id']}/publish", {"trainFrom": "newest"}).status == 204


def test_a_model_of_another_problem_type_is_not_gone_back_to(loop: Loop) -> None:
    """Rank could not use it."""
    first = list_models(loop)[-1]
    several = {"name": "several", "arguments": "--ccb_explore_adf --epsilon 0.2 --cb_type mtr -q ::"}
    assert loop.api.put(f"{V1}/configurations/policy", several).status == 200

    refused = loop.api.post(f"{OWN}/models/{first['id']}/publish")

    assert (refused.status, refused.error["code"]) == (409, "ModelRankingError")


REPLACEMENTS: list[Callable[[Loop, dict[str, Any], bytes], None]] = [
    lambda loop, first, _: go_back(loop, first["id"]),
    lambda loop, first, _: go_back(loop, first["id"], "newest"),
    lambda loop, _, data: put_model(loop, data),
]


def put_model(loop: Loop, data: bytes) -> None:
    assert loop.api.put(f"{OWN}/model", data).status == 204


@pytest.mark.usefixtures("account")  # a process that sleeps in a transaction on a folder holds up all others
@pytest.mark.parametrize("by_hand", REPLACEMENTS, ids=["back", "back, and the newest goes on", "import"])
def test_a_run_in_progress_never_undoes_a_replacement(
    loop: Loop, trainer: StartTrainer, by_hand: Callable[[Loop, dict[str, Any], bytes], None]
) -> None:
    """Wherever in its run the trainer slept while it happened."""
    first, data = list_models(loop)[-1], loop.api.get(f"{V1}/model").body
    for seconds in (0.2, 0.5, 0.8):
        loop.use(6)
        time.sleep(1.1)
        with trainer(changed=READY) as running:
            time.sleep(seconds)
            running.pause()
            by_hand(loop, first, data)
            replaced = read_published(loop)
            running.wake()
            running.wait()

        after = read_published(loop)
        assert after["generation"] == replaced["generation"]
        if by_hand is not REPLACEMENTS[1]:
            assert after["model"]["id"] == replaced["model"]["id"] or is_later(after, replaced)


def is_later(after: dict[str, Any], by_hand: dict[str, Any]) -> bool:
    """Whether a model was published that goes on from the one that was put by hand."""
    return bool(after["model"]["learned_up_to_us"] > by_hand["model"]["learned_up_to_us"])


def test_an_export_that_was_not_written_is_written_by_the_next_run(loop: Loop) -> None:
    """The process that replaced the model may have died before, or an older export may have landed after."""
    exported = loop.stored_loop.read_export()
    loop.stored_loop.put("current/model.vw", b"another", "exports")

    loop.learn()

    assert exported == loop.stored_loop.read_export() == loop.api.get(f"{V1}/model").body


def test_a_loop_s_own_model_comes_back_as_if_it_had_never_been_away(loop: Loop) -> None:
    """Its training state is still there, so nothing is lost by exporting and importing it."""
    newest = read_published(loop)["model"]
    signed = loop.api.get("/personalizer/v1.1-preview.3/model?signed=true").body
    loop.api.delete(f"{V1}/model")

    assert loop.api.put("/personalizer/v1.1-preview.3/model", signed).status == 204

    model = read_published(loop)["model"]
    assert model["state_blob"] == newest["state_blob"]
    assert (model["origin"], model["learned_events"]) == ("imported", newest["learned_events"])
    loop.use(6)
    loop.learn()
    assert list_models(loop)[0]["learnedEvents"] == newest["learned_events"] + 6


def test_a_loop_that_has_never_learned_goes_on_from_what_it_is_given(
    loop: Loop, new_storage: NewStorage, tmp_path: Path
) -> None:
    """Its first run does not begin with an empty model."""
    data, account, number = loop.api.get(f"{V1}/model").body, new_storage(), count()
    with HostProcess(account, env=NEVER) as host, StoredLoop(account) as stored_loop:
        fresh = Loop(
            host.url, stored_loop, lambda **more: Trainer(account, tmp_path / f"fresh-{next(number)}.log", **more)
        )
        fresh.put(rewardWaitTime="PT5S", modelExportFrequency="PT1S")
        put_model(fresh, data)
        given = read_published(fresh)["model"]
        fresh.use(6)
        fresh.learn()

        made = read_published(fresh)["model"]
        assert made["learned_events"] == 6
        steps = stored_loop.lineage(made["state_blob"])
        assert any(step["lineage"]["state"] == given["state_blob"] for step in steps)
        assert [model["id"] for model in list_models(fresh)][-1] == given["id"]


@pytest.mark.parametrize("name", ["model.vw", "training-state.vw"])
def test_a_fresh_loop_with_an_export_ranks_the_same(loop: Loop, new_storage: NewStorage, name: str) -> None:
    """The same event ids get the same rankings, and learning goes on."""
    loop.put(explorationPercentage=0.3)
    loop.api.put(f"{V1}/configurations/policy", {"name": "mine", "arguments": "--cb_explore_adf --epsilon 0.2 -q ::"})
    loop.learn()
    answer = loop.api.post(f"{OWN}/exports")
    assert (answer.status, answer.json["container"]) == (201, "exports")
    files = {
        blob.rsplit("/", 1)[1]: loop.stored_loop.blob(blob.removeprefix("default/"), "exports")
        for blob in answer.json["blobs"]
    }
    assert files.keys() == {"model.vw", "training-state.vw", "learning-settings.json", "configuration.json"}
    assert json.loads(files["configuration.json"] or b"")["explorationPercentage"] == 0.3

    account = new_storage()
    with HostProcess(account, env=NEVER) as host:
        fresh = Api.at(host.url, KEY)
        newest = "/personalizer/configurations/service?api-version=2022-09-01-preview"
        assert fresh.put(f"{V1}/configurations/policy", files["learning-settings.json"]).status == 200
        assert fresh.put(newest, files["configuration.json"]).status == 200
        assert fresh.put(f"{OWN}/model", files[name]).status == 204
        fresh.post(f"{V1}/rank", rank_body("first", "ann"))
        time.sleep(5)

        for number in range(30):
            body = rank_body(f"same-{number}", USERS[number % 3])
            assert loop.api.post(f"{V1}/rank", body).json == fresh.post(f"{V1}/rank", body).json
