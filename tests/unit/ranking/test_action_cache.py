"""Ranks of actions that come again: read as if they had never come before."""

import json
from collections.abc import Callable
from typing import Any

import orjson
import pytest

from rank_fn.question import RankQuestion, read_question, read_whole
from shared.errors import LoopError
from shared.ranking.action_cache import LONGEST, MOST, ActionCache

SECRET = "0123456789abcdef"
type Write = Callable[[Any], bytes]


def compact(content: Any) -> bytes:
    return orjson.dumps(content)


def as_python_does(content: Any) -> bytes:
    return json.dumps(content).encode()


def indented(content: Any) -> bytes:
    return json.dumps(content, indent=2).encode()


def actions(names: str, price: int = 1, **more: Any) -> list[dict[str, Any]]:
    return [{"id": name, "features": [{"price": price, "tag": f"of {name}"}, {"x": [1, 2]}], **more} for name in names]


def request(names: str = "abcdefgh", **fields: Any) -> dict[str, Any]:
    return {"contextFeatures": [{"user": "u"}], "actions": actions(names), "eventId": "e", **fields}


def warm(write: Write = compact, names: str = "abcdefgh", **more: Any) -> ActionCache:
    """A cache that has all of these actions."""
    cache = ActionCache(SECRET)
    for _ in range(len(names)):
        read_question(write(request(actions=actions(names, **more))), cache)
    assert is_cached(write(request(actions=actions(names, **more))), cache)
    return cache


def is_cached(body: bytes, cache: ActionCache) -> bool:
    return read_question(body, cache).pieces is not None


@pytest.mark.parametrize("write", [compact, as_python_does, indented])
def test_actions_that_come_again_are_not_read_again(write: Write) -> None:
    """However the client writes JSON; and what comes of it is the same."""
    cache = warm(write)
    body = write(request(contextFeatures=[{"user": "another"}], deferActivation=True, excludedActions=["b", "z"]))

    question = read_question(body, cache)

    assert question.pieces is not None
    assert not question.pieces.passing
    assert question._replace(pieces=None) == read_whole(body)


def test_an_action_that_came_once_is_not_remembered() -> None:
    """Where all actions are new each time, none is worth the memory."""
    cache = ActionCache(SECRET)
    read_question(compact(request()), cache)

    assert not is_cached(compact(request()), cache)


def test_some_actions_may_be_new() -> None:
    """They are read alone, and it is said which they are."""
    cache = warm()
    body = compact(request(actions=actions("abc") + actions("XY") + actions("defgh")))

    question = read_question(body, cache)

    assert question.pieces is not None
    assert [b'"id":"X"' in text or b'"id":"Y"' in text for text in question.pieces.actions] == [
        *([False] * 3),
        *([True] * 2),
        *([False] * 5),
    ]
    assert question.pieces.passing == {*question.pieces.actions[3:5]}
    assert question._replace(pieces=None) == read_whole(body)


def test_pieces_are_the_document() -> None:
    """The log holds the document, the model reads the pieces."""
    question = read_question(compact(request()), warm())

    assert question.pieces is not None
    assert orjson.loads(question.document)["_multi"] == [*map(orjson.loads, question.pieces.actions)]
    assert question.document.startswith(question.pieces.context)


def listed(names: str) -> bytes:
    return compact(actions(names))[1:-1]


KNOWN = listed("ab")
OTHER = b'{"id":"z","features":[{"q":1}]}'
UNLIKE = b'{"features":[{"q":1}],"id":"%b"}'
TRICKS = {
    "twice, the second without any": b'{"actions":[%b],"actions":[],"eventId":"e"}' % KNOWN,
    "twice, the second is none": b'{"actions":[%b],"actions":null,"eventId":"e"}' % KNOWN,
    "twice, the second counts": b'{"actions":[%b],"actions":[{"id":"z","features":[{"q":1}]}],"eventId":"e"}' % KNOWN,
    "in the context": b'{"contextFeatures":[{"x":1,"actions":[%b]}],"actions":[{"id":"z","features":[{"q":1}]}]}'
    % KNOWN,
    "in the context alone": b'{"contextFeatures":[{"x":1,"actions":[%b]}],"eventId":"e"}' % KNOWN,
    "in another field": b'{"more":{"actions":[%b]},"actions":[%b],"eventId":"e"}' % (KNOWN, OTHER),
    "in a name": b'{"\\"actions":[%b],"eventId":"e"}' % KNOWN,
    "in a text": b'{"x":"\\"actions\\":[%b]","eventId":"e"}' % KNOWN.replace(b'"', b'\\"'),
    "in a list": b'[{"actions":[%b]}]' % KNOWN,
    "behind the end": b'{"eventId":"e"},"actions":[%b]}' % KNOWN,
    "in another action's unread field": (
        b'{"actions":[{"id":"c","kind":[1,%b],"features":[{"q":1}]},%b,%b],"eventId":"e"}'
        % (listed("abd"), listed("efgh"), b",".join(UNLIKE % name for name in (b"x", b"y", b"z")))
    ),
    "with another that is written otherwise": b'{"actions":[%b,%b],"eventId":"e"}'
    % (listed("abcdefgh"), UNLIKE % b"z"),
    "in another action's features": b'{"actions":[{"id":"c","features":[{"q":1},%b]},%b],"eventId":"e"}'
    % (KNOWN, listed("ef")),
    "with the same id twice": b'{"actions":[%b,%b],"eventId":"e"}' % (KNOWN, KNOWN),
    "with a comma too many": b'{"actions":[%b,],"eventId":"e"}' % KNOWN,
    "with a bracket too few": b'{"actions":[%b,"eventId":"e"}' % KNOWN,
    "with a form feed": b'{"actions":[%b,\x0c%b],"eventId":"e"}' % (compact(actions("a")[0]), compact(actions("b")[0])),
    "with the token": b'{"actions":["%b"],"eventId":"e"}' % SECRET[::-1].encode(),
    "with an unfit context": b'{"contextFeatures":[{"":1}],"actions":[%b],"eventId":"e"}' % KNOWN,
    "all excluded": b'{"actions":[%b],"excludedActions":["a","b"],"eventId":"e"}' % KNOWN,
    "with an unfit id": b'{"actions":[%b],"eventId":""}' % KNOWN,
    "with an unfit new action": b'{"actions":[%b,{"id":"z","features":[{"q":[null]}]}],"eventId":"e"}' % KNOWN,
    "with an unfit new action that is excluded": b'{"actions":[%b,{"id":"z","features":[{"q":[null]}]}],'
    b'"excludedActions":["z"],"eventId":"e"}' % KNOWN,
    "more than there may be": compact(
        request(actions=actions("abcdefgh") + actions("".join(map(chr, range(200, 243)))))
    ),
}


@pytest.mark.parametrize("body", TRICKS.values(), ids=TRICKS.keys())
def test_a_crafted_body_is_what_the_whole_of_it_says(body: bytes) -> None:
    """Texts that are known stand where they are no actions, or the rest of the body is not what it seems."""
    cache = warm()

    outcome, expected = outcome_of(lambda: read_question(body, cache)), outcome_of(lambda: read_whole(body))

    assert outcome == expected


def outcome_of(read: Callable[[], RankQuestion]) -> Any:
    """The question, or the refusal; a made event id is another each time."""
    try:
        question = read()
    except LoopError as refusal:
        return type(refusal), str(refusal), getattr(refusal, "place", None)
    return question._replace(pieces=None, event_id=question.event_id if len(question.event_id) == 1 else "made")


@pytest.mark.parametrize("write", [compact, as_python_does, indented])
def test_a_body_that_is_cut_off_anywhere_is_refused_as_it_would_be(write: Write) -> None:
    """A connection that breaks must not make the service fail."""
    cache, body = warm(write), write(request())
    for length in range(len(body)):
        is_cached(body, cache)  # so that the next body is looked through
        broken = body[:length]

        assert outcome_of(lambda: read_question(broken, cache)) == outcome_of(lambda: read_whole(broken)), length  # noqa: B023


def test_a_client_that_begins_to_write_otherwise_is_read_as_quickly() -> None:
    """What was written before makes room, however full the cache is of it."""
    cache = ActionCache(SECRET)
    for price in range(MOST // 4 + 200):
        for _ in range(2):
            read_question(compact(request(actions=actions("abcd", price))), cache)

    otherwise = compact(request(actions=[dict(reversed(action.items())) for action in actions("abcd")]))

    assert any(is_cached(otherwise, cache) for _ in range(300))
    assert cache.count == MOST


def test_long_and_deep_actions_are_not_remembered() -> None:
    """Memory is bounded, and no body passes that the parser refuses for its depth."""
    long, deep = actions("a", name="x" * LONGEST), actions("a", kind=orjson.loads(b"[" * 250 + b"]" * 250))
    for sent in (long, deep):
        cache, body = ActionCache(SECRET), compact(request(actions=sent))
        for _ in range(4):
            read_question(body, cache)

        assert not is_cached(body, cache)


def test_the_cache_is_bounded() -> None:
    """Actions that came long ago make room for those of today."""
    cache = ActionCache(SECRET)
    for price in range(MOST // 4 + 200):
        for _ in range(2):
            read_question(compact(request(actions=actions("abcd", price))), cache)

    assert cache.count == MOST
    today = compact(request(actions=actions("abcd", price + 1)))
    assert any(is_cached(today, cache) for _ in range(300))
    assert cache.count == MOST
    assert not is_cached(compact(request(actions=actions("abcd", 1))), cache)


def test_where_all_actions_are_new_hardly_a_request_is_looked_through() -> None:
    """To look for what never comes again would cost each Rank."""
    cache, searched = ActionCache(SECRET), 0
    for price in range(1000):
        body = compact(request(actions=actions("abcdefgh", price)))
        searched += cache.find(body) is not None
        read_question(body, cache)

    assert searched < 100


def test_actions_that_begin_to_come_again_are_noticed() -> None:
    """A client that sent new actions for long may change."""
    cache = ActionCache(SECRET)
    for price in range(1000):
        read_question(compact(request(actions=actions("abcdefgh", price))), cache)

    body = compact(request())
    calls = next(number for number in range(1000) if is_cached(body, cache))

    assert calls < 200


def test_two_ways_to_write_do_not_mix() -> None:
    """The same text behind another beginning is another action."""
    cache = warm()
    body = b'{"actions":[{"x":%b],"eventId":"e"}' % KNOWN.removeprefix(b'{"id":').replace(b',{"id":', b',{"x":')

    with pytest.raises(LoopError):
        read_question(body, cache)
