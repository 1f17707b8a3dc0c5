"""Ids in paths, at each host's way of decoding them."""

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


def arrived(event_id: str, *, tells: str | None) -> HttpRequest:
    """A call as a function sees it behind the real host.

    Args:
        tells: What the front end says that was sent; None if there is no front end.
    """
    decoded = hosts.decoded(raw(event_id).encode())
    headers = {hosts.SENT: tells} if tells is not None else {}
    route = {"eventId": decoded.split("/")[4]}
    return HttpRequest(
        "POST", f"https://x{hosts.encode(decoded)}?a=b%2F", headers=headers, params={}, route_params=route, body=b""
    )


def seen(req: HttpRequest) -> str:
    event_id: str = urls.with_ids_as_sent(req).route_params["eventId"]
    return event_id


@given(event_id=IDS.filter(lambda one: one not in (".", "..")))
@example("a%2Fb")
@example("%252F%")
def test_an_id_is_what_was_sent(event_id: str) -> None:
    """Wherever the front end tells the path as it was sent."""
    assert event_id == seen(arrived(event_id, tells=f"{raw(event_id)}?a=b%2F"))


@given(event_id=IDS.filter(lambda one: one not in (".", "..") and "%2f" not in one.lower()))
@example("%41/")
def test_without_a_front_end_only_an_encoded_slash_is_taken_for_one(event_id: str) -> None:
    """As with the platform's tools on one machine."""
    assert event_id == seen(arrived(event_id, tells=None))


def test_what_an_id_has_behind_an_encoded_percent_sign_is_its_own() -> None:
    """Even if it looks like a slash, and although the host tells both alike."""
    assert [seen(arrived(one, tells=raw(one))) for one in ("a/b", "a%2Fb")] == ["a/b", "a%2Fb"]
    assert [seen(arrived(one, tells=None)) for one in ("a/b", "a%2Fb")] == ["a/b", "a/b"]


@pytest.mark.parametrize("told", ["", "/", "/personalizer/v1.0/model", raw("c/d"), raw("a/b/c"), "x"])
def test_a_path_that_is_not_the_calls_is_not_believed(told: str) -> None:
    """Where no front end sets the header, anyone may."""
    assert seen(arrived("a/b", tells=told)) == "a/b"
    assert urls.called(elsewhere("/personalizer/v1.0/rank", told)) == "personalizer/v1.0/rank"


def elsewhere(path: str, sent: str) -> HttpRequest:
    """A call that no route was found for."""
    decoded = hosts.decoded(path.encode())
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

    called = urls.called(elsewhere(path, path))
    meant = urls.routed(elsewhere(path, path), {"eventId": called.split("/")[3]})

    assert called.endswith("/reward")
    assert event_id == seen(meant)


def test_an_ordinary_call_is_left_as_it_is() -> None:
    """Most ids need no decoding, and Rank has none."""
    call = arrived("visit-1", tells=raw("visit-1"))

    assert urls.with_ids_as_sent(call) is call
