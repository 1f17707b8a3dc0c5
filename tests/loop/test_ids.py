"""Ids of every kind through the whole loop: the reward of each is learned with its own event."""

import json
from urllib.parse import quote

from tests.conftest import StartHost
from tests.http.api import Api
from tests.loop.conftest import KEY, LATER_STILL, NEVER, StartTrainer
from tests.loop.stored_loop import StoredLoop
from tests.loop.traffic import V1, rank_body

IDS = [
    *(
        "/",
        "a/b",
        "a%2Fb",
        "a%2fb",
        "a%252Fb",
        "100%",
        "%41",
        "A",
        "..",
        ".",
        ".a.",
        "/a/",
        "#?&=",
        "a+b c;d",
        "a b c;d",
    ),
    *("é", "e\u0301", "日😀", "\\", "'\"<>|", "~", "x" * 256, "x" * 255 + "/", "ü" * 256),
]


def test_the_reward_of_any_id_is_learned_with_its_event(
    start_host: StartHost, stored_loop: StoredLoop, trainer: StartTrainer
) -> None:
    """Similar ids, and an id that encodes another, are different."""
    api = Api.at(start_host(**NEVER).url, KEY)
    api.put(f"{V1}/configurations/service", {"rewardWaitTime": "PT5S", "modelExportFrequency": "PT5S"})
    worth = {event_id: (number + 1) / 32 for number, event_id in enumerate(IDS)}
    for event_id, value in worth.items():
        assert api.post(f"{V1}/rank", rank_body(event_id, "ann")).status == 201
        quoted_id = quote(event_id, safe="").replace(".", "%2E")
        assert api.post(f"{V1}/events/{quoted_id}/reward", {"value": value}).status == 204

    with trainer(changed=LATER_STILL) as started_trainer:
        started_trainer.succeed()

    lines = [json.loads(line) for line in stored_loop.lines()]
    assert worth == {line["EventId"]: -line["_label_cost"] for line in lines}
    assert len(lines) == len(IDS)
