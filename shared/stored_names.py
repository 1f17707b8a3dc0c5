"""Names of fields in JSON where Python has another name for them."""

from typing import Any


def store_under(**names: str) -> dict[str, Any]:
    """Make the `__pydantic_config__` of a dataclass that is stored as JSON: each given field has that name there.

    So a field can be renamed, and documents of earlier versions are still read.
    """
    return {"alias_generator": lambda name: names.get(name, name), "serialize_by_alias": True}


def in_camel_case() -> dict[str, Any]:
    """Make the `__pydantic_config__` of a dataclass that is part of an answer: its fields are in camelCase there."""
    return {"alias_generator": _camel, "serialize_by_alias": True}


def _camel(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(map(str.capitalize, others))
