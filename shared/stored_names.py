"""Names of fields in stored JSON where Python has another name for them."""

from typing import Any


def stored_as(**names: str) -> dict[str, Any]:
    """Make the `__pydantic_config__` of a dataclass that is stored as JSON: each given field has that name there.

    So a field can be renamed, and documents of earlier versions are still read.
    """
    return {"alias_generator": lambda name: names.get(name, name), "serialize_by_alias": True}
