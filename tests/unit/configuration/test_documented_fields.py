"""The table of the service configuration's fields in `docs/api.md`."""

import json
import re
from enum import StrEnum
from typing import Any

import pytest

from shared.configuration.forms.configuration_answer import answer
from shared.configuration.forms.configuration_request import ServiceConfigurationRequest
from shared.configuration.forms.declared_fields import DeclaredField, fields_of
from shared.configuration.service_configuration import ServiceConfiguration
from shared.web.versions import VERSIONS
from tests.unit.pages import page

_FIELDS = fields_of(VERSIONS[-1])
_NEW = ServiceConfiguration()
_NEW_LOOP: dict[str, Any] = json.loads(answer(_NEW, VERSIONS[-1]))


@pytest.mark.parametrize("field", _FIELDS, ids=lambda field: field.alias)
def test_a_field_is_on_its_page_as_it_is_declared(field: DeclaredField) -> None:
    """Paste the row that the failure shows."""
    api = field.api
    values = api.values if api.is_settable else "only answered"
    learns_anew = ("yes" if api.learns_anew else "no") if api.is_settable else ""
    cells = [
        f"`{field.alias}`",
        api.since,
        api.new_loop or _as_text(_NEW_LOOP.get(field.alias)),
        values,
        api.meaning,
        learns_anew,
    ]
    row = " ".join(f"| {cell}".rstrip() for cell in cells) + " |"

    assert row in page("docs/api.md").text.splitlines()


@pytest.mark.parametrize("field", [field for field in _FIELDS if field.api.is_settable], ids=lambda field: field.alias)
def test_a_field_is_described_as_it_is_declared(field: DeclaredField) -> None:
    """For whoever makes a form of the description: in plain words, and with every word that can be sent."""
    described = ServiceConfigurationRequest.model_json_schema()["properties"][field.alias]
    details = described["x-rankloop"]
    words = [each["word"] for each in details["words"]]

    assert described["description"]
    assert "](" not in described["description"]
    assert re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", field.api.values) == details["range"]
    assert details["newLoop"] == (field.api.new_loop or _NEW_LOOP.get(field.alias, getattr(_NEW, field.name)))
    assert words == ([*field.kind] if isinstance(field.kind, type) and issubclass(field.kind, StrEnum) else [])
    assert all(each["meaning"] for each in details["words"])


def _as_text(value: Any) -> str:
    """A value as people read it: code, but for numbers and what a new loop does not answer."""
    if isinstance(value, str):
        return f"`{value}`"
    return f"`{json.dumps(value)}`" if isinstance(value, bool) else "not there" if value is None else f"{value:g}"
