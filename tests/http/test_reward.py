"""Reward and activate over HTTP."""

import pytest

from tests.http.api import Api

EVENTS = "/personalizer/v1.0/events"


@pytest.mark.parametrize("value", [1, 0, -1, 0.25, 1000, -1000])
def test_a_reward_is_taken_with_204_and_no_body(api: Api, value: float) -> None:
    """Also outside -1 to 1, where sums may go anyway, and for an id that is unknown: its Rank may come later."""
    answer = api.post(f"{EVENTS}/nobody-ranked-this/reward", {"value": value})

    assert answer.status == 204
    assert answer.body == b""


@pytest.mark.parametrize("body", [b"", b"{}", b"not json", b'{"value": 1}'])
def test_activate_takes_any_body_or_none(api: Api, body: bytes) -> None:
    """It has none by contract, and clients send several."""
    answer = api.post(f"{EVENTS}/nobody-ranked-this/activate", body)

    assert answer.status == 204
    assert answer.body == b""


@pytest.mark.parametrize("segment", ["a%2Fb", "%C3%BC%20%E6%97%A5%23%3F%25", "'quoted'", "~%1F", "a.b_c-d", "x" * 256])
@pytest.mark.parametrize("call", ["reward", "activate"])
def test_any_encoded_event_id_is_taken(api: Api, segment: str, call: str) -> None:
    """Ids are opaque."""
    assert api.post(f"{EVENTS}/{segment}/{call}", {"value": 1}).status == 204


def test_an_event_id_that_is_no_utf_8_is_refused(api: Api) -> None:
    """It could never be the id of a Rank."""
    answer = api.post(f"{EVENTS}/%FF%FE/reward", {"value": 1})

    assert answer.status in (204, 400)
