"""The bound of values in a body, told from its text."""

import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from shared.web.errors import TooManyValues
from shared.web.json_bodies import MAX_VALUES, from_json

TEXTS = st.text('"\\,[{]}:\n a', max_size=12)
VALUES = st.recursive(
    TEXTS | st.integers(-9, 9) | st.none(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=8,
)


@given(VALUES)
@example('"')
@example('\\"')
@example("\\")
@example({'",': '",'})
def test_separators_in_texts_do_not_count(value: Any) -> None:
    copies = (MAX_VALUES - 2) // (_separators(value) + 1)
    values = [value] * copies
    values += [1] * (MAX_VALUES - 1 - _separators(values))

    assert from_json(json.dumps(values).encode()) == values, "one less than too many"
    with pytest.raises(TooManyValues):
        from_json(json.dumps([*values, 1]).encode())


@pytest.mark.parametrize("text", [",", "[", '"', "\\", '",', '\\"', '\\",'])
def test_a_text_may_be_long(text: str) -> None:
    values = {text * (2 * MAX_VALUES): text * (2 * MAX_VALUES)}

    assert from_json(json.dumps(values).encode()) == values


def _separators(value: Any) -> int:
    """How many commas, brackets and braces stand outside of the texts."""
    if isinstance(value, dict):
        value = list(value.values())
    return max(1, len(value)) + sum(map(_separators, value)) if isinstance(value, list) else 0
