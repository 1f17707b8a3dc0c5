"""A feature importance from the question to the answer, carried out by hosts."""

from collections.abc import Iterator

import pytest

from shared.evaluation import evaluation_store
from shared.evaluation.evaluation import Purpose
from tests.conftest import StartHost
from tests.http.api import Api
from tests.loop import evaluated_log, past
from tests.loop.conftest import KEY, NEVER
from tests.loop.stored_loop import StoredLoop

VISIT = [{"visit": {"town": "Ulm", "isFirst": True, "cart": {"size": 2}}}]
"""A text, a boolean and a number, in objects."""


@pytest.fixture(autouse=True)
def _home(stored_loop: StoredLoop) -> Iterator[None]:
    past.configure(stored_loop, past.configuration(reward_wait_time="PT10M"))
    with evaluated_log.use_storage(stored_loop.storage):
        yield


def test_it_finds_what_the_log_was_made_of(stored_loop: StoredLoop, start_host: StartHost) -> None:
    """Who the user is decides; a letter and an id that say the same of an action can do without each other.

    Features have the names that the old service gave them in this version: no value is a part of them.
    """
    span = evaluated_log.write(stored_loop, more=VISIT)
    importance = evaluated_log.build_evaluation("worth", span, purpose=Purpose.IMPORTANCE, custom=())
    hosts = [start_host(**NEVER), start_host(**NEVER)]

    assert evaluation_store.start(importance)
    ended = evaluated_log.wait_for(importance)

    body = Api.at(hosts[0].url, KEY).get("/personalizer/featureImportances/worth?api-version=2022-09-01-preview").json
    names = [(score["namespace"], score["featureName"]) for score in body["featureScores"]]
    scores = [score["score"] for score in body["featureScores"]]
    assert (ended.reason, body["status"]) == (None, "Succeeded")
    assert (names[0], scores[0]) == (("FromUrl", "user"), 1.0)
    assert sorted(names[1:]) == [
        ("cart", "size"),
        ("i", "id"),
        ("j", "letter"),
        ("visit", "isFirst"),
        ("visit", "town"),
    ]
    assert max(scores[1:]) < 0.5
    assert body["description"].startswith("Worth more than chance may give: FromUrl.user.")
    assert not stored_loop.blobs("importances/worth/tasks/")
