"""More calls than a key may make."""

from tests.conftest import StartHost
from tests.http.api import Api
from tests.http.conftest import NEVER
from tests.http.loops import make_key, make_loop

STATUS = "/rankloop/v1/openapi.json"


def test_a_key_that_calls_too_often_is_told_when_to_come_back(start_host: StartHost) -> None:
    """And nobody else notices: neither another key of the loop, nor the same name in another loop."""
    host = start_host(**NEVER, API_KEY_1="owner-key", RATE_LIMIT="3")
    owner = Api.at(host.url, "owner-key")
    loops = [make_loop(owner, "one"), make_loop(owner, "other")]
    busy, calm, elsewhere = (
        make_key(loops[0], "app", "read"),
        make_key(loops[0], "calm", "read"),
        make_key(loops[1], "app", "read"),
    )

    answers = [busy.get(STATUS) for _ in range(60)]

    refused = [answer for answer in answers if answer.status == 429]
    assert [answer.status for answer in answers[:6]] == [200] * 6
    assert refused
    assert {answer.status for answer in answers} == {200, 429}
    assert {(answer.error["code"], answer.headers["retry-after"]) for answer in refused} == {("429", "1")}
    assert [calm.get(STATUS).status, elsewhere.get(STATUS).status] == [200, 200]
