"""Documents that a first Rank reads are read without pydantic to the same values, or left to pydantic."""

import json
from dataclasses import asdict
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.configuration.configuration import new_configuration
from shared.models.published import Published
from shared.storage import json_documents, plain_documents
from tests.earlier import documents
from tests.earlier.documents import KINDS
from tests.unit.changed_json import changed_json

AT_START = ("configuration", "published")


def text(document: Any) -> bytes:
    return json.dumps(document).encode()


def exact(document: Any) -> str:
    """A document as a text that tells 1, 1.0 and true apart."""
    return repr(asdict(document))


@pytest.mark.parametrize("name", AT_START)
def test_a_document_of_an_earlier_version_needs_no_pydantic(name: str) -> None:
    """A file of these holds a value for every field."""
    earlier = text(documents.read(name))
    document = plain_documents.read(KINDS[name], earlier)

    assert document is not None
    assert exact(document) == exact(json_documents.read(KINDS[name], earlier))


@pytest.mark.parametrize("document", [new_configuration(4, "secret"), Published()])
def test_a_document_of_a_new_loop_needs_no_pydantic(document: Any) -> None:
    written = json_documents.to_json(document)

    assert exact(document) == exact(plain_documents.read(type(document), written))


@pytest.mark.parametrize("name", AT_START)
@given(drawn=st.data())
@settings(max_examples=400)
def test_what_is_read_plainly_is_what_pydantic_reads(name: str, drawn: st.DataObject) -> None:
    """Never more, never anything else: unknown members, words and types are left to pydantic."""
    earlier = documents.read(name)
    changed = text(drawn.draw(changed_json(earlier, (*earlier, "unknown", "newer"))))
    document = plain_documents.read(KINDS[name], changed)

    if document is not None:
        assert exact(document) == exact(json_documents.read(KINDS[name], changed))


@pytest.mark.parametrize("damaged", [b"", b"[]", b'{"generation": "1"', b'{"generation": NaN}', b'{"generation": 1.5}'])
def test_what_is_damaged_is_unreadable_at_the_start_as_later(damaged: bytes) -> None:
    reasons = []
    for read in (json_documents.read_at_start, json_documents.read):
        with pytest.raises(json_documents.UnreadableDocument) as refusal:
            read(Published, damaged)
        reasons.append(refusal.value.reason)

    assert reasons[0] == reasons[1]


def test_unknown_members_are_not_lost_at_the_start() -> None:
    """A process may change a document that it has read there."""
    document = json_documents.read_at_start(Published, b'{"generation": 1, "newer": [2]}')

    assert document.unknown == {"newer": [2]}
