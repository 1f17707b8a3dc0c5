"""Fields of a change of the service configuration that change nothing: they are ignored, as the old service did."""

from collections.abc import Iterable, Sequence

from shared.configuration.forms.declared_fields import METRICS, STORED, fields_of
from shared.web.versions import Version

_SINCE = {field.alias: field.api.since for field in (*STORED, METRICS)}
_MOST_NAMES = 5
_LONGEST_NAME = 64


def describe_unknown_fields(names: Iterable[str], version: Version) -> str | None:
    """A sentence about the fields that a version does not have, with those that the caller may have meant.

    Args:
        names: Of the fields that were sent.

    Returns:
        None if the version has all of them.
    """
    aliases = [field.alias for field in fields_of(version)]
    unknown = [name for name in names if name not in aliases]
    if not unknown:
        return None
    described = [f"{_quote(name)} ({_reason(name, aliases, version)})" for name in unknown[:_MOST_NAMES]]
    more = f" and {len(unknown) - _MOST_NAMES} more" if len(unknown) > _MOST_NAMES else ""
    return f"Ignored: {', '.join(described)}{more}."


def _reason(name: str, aliases: Sequence[str], version: Version) -> str:
    from difflib import get_close_matches

    if name in _SINCE:
        return f"{version.name} does not have it, {_SINCE[name]} does"
    by_letters = {alias.lower(): alias for alias in aliases}
    nearest = get_close_matches(name[:_LONGEST_NAME].lower(), by_letters, 1)
    return f"did you mean {by_letters[nearest[0]]}?" if nearest else "no such field"


def _quote(name: str) -> str:
    """Write a name in printable ASCII, and not too long."""
    return ascii(name[:_LONGEST_NAME])[1:-1]
