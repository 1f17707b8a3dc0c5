"""The one form of an event's id."""

from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.intake.keys import canonical, spellings

IDS = st.text(st.sampled_from("%2Ff5/a"), max_size=12)


@given(IDS)
def test_a_slash_and_what_encodes_it_are_the_same(event_id: str) -> None:
    """Nothing else is: what encodes a percent sign is a text."""
    assert canonical(event_id) == canonical(event_id.replace("/", "%2F")) == canonical(event_id.replace("/", "%2f"))
    assert canonical(canonical(event_id)) == canonical(event_id)
    assert canonical(quote(event_id, safe="%")) == canonical(event_id)


@pytest.mark.parametrize("event_id", ["a", "a%252Fb", "100%", "%2", "%41"])
def test_an_id_without_a_slash_is_its_own_form(event_id: str) -> None:
    assert spellings(event_id) == (canonical(event_id),) == (event_id,)


@given(IDS)
def test_each_spelling_has_the_same_form(event_id: str) -> None:
    """The canonical one is the first, and the one that was asked for is among them."""
    assert {*map(canonical, spellings(event_id))} == {canonical(event_id)}
    assert spellings(event_id)[0] == canonical(event_id)
    assert event_id in spellings(event_id)
