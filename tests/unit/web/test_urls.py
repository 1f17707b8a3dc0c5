"""Ids in paths, as each host decodes them."""

from urllib.parse import quote

import pytest
from azure.functions import HttpRequest
from hypothesis import example, given
from hypothesis import strategies as st

from localhost.host import url_paths as hosts
from shared.web import urls

IDS = st.text(st.characters(codec="utf-8") | st.sampled_from("%2Ff52/#?+;. \\"), min_size=1, max_size=256)
ODD = [
    "/",
    "a/b",
    "%2F",
    "a%2fb",
    "%252F",
    "%41",
    "100%",
    "%",
    "..",
    "...",
    ".a",
    "a.",
    "#?",
    "a+b c;d",
    "é日😀",
    "~%zz",
]


def raw(event_id: str) -> str:
    return f"/personalizer/v1.0/events/{quote(event_id, safe='')}/reward"


def call(event_id: str, *, sent: str | None) -> HttpRequest:
    """A call as a function sees it behind the real host.

    Args:
        sent: The path in the front end's header; None if there is no front end.
    """
    decoded = hosts.decode(raw(event_id).encode())
    headers = {hosts.SENT: sent} if sent is not None else {}
    route = {"eventId": decoded.split("/")[4]}
    return HttpRequest(
        "POST", f"https://x{hosts.encode(decoded)}?a=b%2F", headers=headers, params={}, route_params=route, body=b""
    )


def id_in(req: HttpRequest) -> str:
    event_id: str = urls.with_ids_as_sent(req).route_params["eventId"]
    return event_id


@given(event_id=IDS.filter(lambda text: text not in (".", "..")))
@example("a%2Fb")
@example("%252F%")
def test_an_id_is_what_was_sent(event_id: str) -> None:
    """Where the front end's header holds the path that was sent."""
    assert event_id == id_in(call(event_id, sent=f"{raw(event_id)}?a=b%2F"))


@given(event_id=IDS.filter(lambda text: text not in (".", "..") and "%2f" not in text.lower()))
@example("%41/")
def test_without_a_front_end_only_an_encoded_slash_is_taken_for_one(event_id: str) -> None:
    """As with the platform's tools on one machine."""
    assert event_id == id_in(call(event_id, sent=None))


def test_what_an_id_has_behind_an_encoded_percent_sign_is_its_own() -> None:
    """Even if the id is like a slash, and although the host gives both the same path."""
    assert [id_in(call(text, sent=raw(text))) for text in ("a/b", "a%2Fb")] == ["a/b", "a%2Fb"]
    assert [id_in(call(text, sent=None)) for text in ("a/b", "a%2Fb")] == ["a/b", "a/b"]


@pytest.mark.parametrize("sent", ["", "/", "/personalizer/v1.0/model", raw("c/d"), raw("a/b/c"), "x"])
def test_a_path_that_is_not_the_calls_is_not_believed(sent: str) -> None:
    """Where no front end sets the header, anyone may."""
    assert id_in(call("a/b", sent=sent)) == "a/b"
    assert urls.path_of_call(elsewhere("/personalizer/v1.0/rank", sent)) == "personalizer/v1.0/rank"


def elsewhere(path: str, sent: str) -> HttpRequest:
    """A call that no route was found for."""
    decoded = hosts.decode(path.encode())
    route = {"path": decoded.removeprefix("/")}
    return HttpRequest(
        "POST",
        f"https://x{hosts.encode(decoded)}",
        headers={hosts.SENT: sent},
        params={},
        route_params=route,
        body=b"",
    )


@pytest.mark.parametrize("event_id", ODD)
def test_a_slash_too_many_changes_no_id(event_id: str) -> None:
    """Nor does an id of dots that the host has resolved."""
    path = f"/{raw(event_id)}"

    path_of_call = urls.path_of_call(elsewhere(path, path))
    routed_call = urls.with_route(elsewhere(path, path), {"eventId": path_of_call.split("/")[3]})

    assert path_of_call.endswith("/reward")
    assert event_id == id_in(routed_call)


def test_an_ordinary_call_is_left_as_it_is() -> None:
    """Most ids need no decoding, and Rank has none."""
    ordinary = call("visit-1", sent=raw("visit-1"))

    assert urls.with_ids_as_sent(ordinary) is ordinary
