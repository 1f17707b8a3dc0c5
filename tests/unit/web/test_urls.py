"""Ids in paths, as each host decodes them."""

import re
from urllib.parse import quote, unquote_to_bytes

import pytest
from azure.functions import HttpRequest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from localhost.host import url_paths as local_host
from shared.intake.keys import canonical
from shared.web import urls
from shared.web.json_bodies import is_carried_by_paths

IDS = st.text(st.characters(codec="utf-8") | st.sampled_from("%2Ff5241CE9/#?+;. \\"), min_size=1, max_size=256)
ODD = [
    "/",
    "a/b",
    "%2F",
    "a%2fb",
    "%252F",
    "%41",
    "100%",
    "%",
    "...",
    ".a",
    "a.",
    "#?",
    "a+b c;d",
    "é日😀",
    "~%zz",
    "%FF",
    "%C3%A9",
]


def raw(event_id: str) -> str:
    return f"/personalizer/v1.0/events/{quote(event_id, safe='')}/reward"


class FunctionsHost:
    """What Azure's Functions host makes of a path, by the public source of Kestrel, of ASP.NET Core and of the host.

    Kestrel decodes the path once, before it looks at its segments: runs of `%XX` that are UTF-8 become text, `%2F` and
    what is no UTF-8 stay as they are; then `.` and `..` are resolved. The route's values are pieces of that, and are
    not decoded again. The address is encoded anew: `%XX` in the decoded path stays as it is, as if it were encoded.
    """

    _UNESCAPED = "/!$&'()*+,;=:@"
    _RUN = re.compile("(?:%(?!2[fF])[0-9a-fA-F]{2})+")

    def decode(self, sent: str) -> str:
        segments: list[str] = []
        for segment in self._RUN.sub(self._decode_run, sent).split("/"):
            if segment not in (".", ".."):
                segments.append(segment)
            elif segment == "..":
                del segments[max(1, len(segments) - 1) :]
        return "/".join(segments)

    def encode(self, path: str) -> str:
        pieces = re.split("(%[0-9a-fA-F]{2})", path)
        return "".join(piece if place % 2 else quote(piece, safe=self._UNESCAPED) for place, piece in enumerate(pieces))

    def _decode_run(self, run: re.Match[str]) -> str:
        text = unquote_to_bytes(run[0]).decode("utf-8", "surrogateescape")
        return re.sub("[\udc80-\udcff]", lambda byte: f"%{ord(byte[0]) - 0xDC00:02X}", text)


HOST = FunctionsHost()


def call(event_id: str, *, sent: str | None) -> HttpRequest:
    """A call as a function sees it behind the real host.

    Args:
        sent: The path in the front end's header; None if there is no front end.
    """
    decoded = HOST.decode(raw(event_id))
    headers = {local_host.SENT: sent} if sent is not None else {}
    route = {"eventId": decoded.split("/")[4]}
    return HttpRequest(
        "POST", f"https://x{HOST.encode(decoded)}?a=b%2F", headers=headers, params={}, route_params=route, body=b""
    )


def id_in(req: HttpRequest) -> str:
    event_id: str = urls.with_ids_as_sent(req).route_params["eventId"]
    return event_id


@given(event_id=IDS)
@example("a%2Fb")
@example("a%252Fb")
@example("%FF%2f")
@example("100%")
@example("%25")
def test_any_id_that_rank_takes_comes_through_either_host(event_id: str) -> None:
    """The local host tells the path as it was sent; the real one does not, unless its front end did."""
    assume(is_carried_by_paths(event_id))
    sent, not_sent = call(event_id, sent=f"{raw(event_id)}?a=b%2F"), call(event_id, sent=None)

    assert event_id == id_in(sent)
    assert canonical(event_id) == canonical(id_in(sent)) == canonical(id_in(not_sent))
    assert event_id == id_in(not_sent) or "%2f" in event_id.lower()


@given(path=st.lists(IDS | st.sampled_from([".", "..", "%2E%2e", "%c3%28"])).map(lambda parts: "/x/" + "/".join(parts)))
def test_the_local_host_decodes_paths_as_the_real_one(path: str) -> None:
    """Both, as far as bytes go that a path may have."""
    sent = quote(path, safe="/%")
    assume("//" not in sent and not re.search("%00", sent))

    assert local_host.decode(sent.encode()) == HOST.decode(sent)
    assert local_host.encode(HOST.decode(sent)) == HOST.encode(HOST.decode(sent))


@pytest.mark.parametrize("sent", ["", "/", "/personalizer/v1.0/model", raw("c/d"), raw("a/b/c"), "x"])
def test_a_path_that_is_not_the_calls_is_not_believed(sent: str) -> None:
    """Where no front end sets the header, anyone may."""
    assert id_in(call("a/b", sent=sent)) == "a/b"
    assert urls.path_of_call(elsewhere("/personalizer/v1.0/rank", sent)) == "personalizer/v1.0/rank"


def elsewhere(path: str, sent: str) -> HttpRequest:
    """A call that no route was found for."""
    decoded = HOST.decode(path)
    route = {"path": decoded.removeprefix("/")}
    return HttpRequest(
        "POST",
        f"https://x{HOST.encode(decoded)}",
        headers={local_host.SENT: sent},
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
