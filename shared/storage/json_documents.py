"""The JSON form of what the loop keeps in blobs; one reader and one writer for each document."""

from typing import Any

from pydantic import TypeAdapter

from shared.configuration.configuration import Configuration
from shared.errors import LoopError
from shared.metrics.bins import Day
from shared.models.published import Published
from shared.status.feature_profile import Profile
from shared.training.training_state import State

_ADAPTERS: dict[type, TypeAdapter[Any]] = {}


class UnreadableDocument(LoopError):
    """A stored document that this version cannot read."""

    def __init__(self, kind: str, reason: str) -> None:
        super().__init__(f"the stored {kind} cannot be read: {reason}")


def to_json(document: Configuration | Published | State | Day | Profile) -> bytes:
    """The document as JSON text."""
    return _adapter(type(document)).dump_json(document)


def read_configuration(text: bytes) -> Configuration:
    """Read `configuration.json`.

    Raises:
        UnreadableDocument: The text is damaged, or of another version.
    """
    configuration: Configuration = _read(Configuration, text)
    return configuration


def read_published(text: bytes) -> Published:
    """Read `published.json`.

    Raises:
        UnreadableDocument: The text is damaged, or of another version.
    """
    published: Published = _read(Published, text)
    return published


def read_state(text: bytes) -> State:
    """Read `state.json`.

    Raises:
        UnreadableDocument: The text is damaged, or of another version.
    """
    state: State = _read(State, text)
    return state


def read_day(text: bytes) -> Day:
    """Read the metrics of one day.

    Raises:
        UnreadableDocument: The text is damaged, or of another version.
    """
    day: Day = _read(Day, text)
    return day


def read_profile(text: bytes) -> Profile:
    """Read `profile.json`.

    Raises:
        UnreadableDocument: The text is damaged, or of another version.
    """
    profile: Profile = _read(Profile, text)
    return profile


def _read(kind: type, text: bytes) -> Any:
    try:
        return _adapter(kind).validate_json(text)
    except ValueError as error:
        raise UnreadableDocument(kind.__name__.lower(), str(error)) from error


def _adapter(kind: type) -> TypeAdapter[Any]:
    if kind not in _ADAPTERS:
        _ADAPTERS[kind] = TypeAdapter(kind)
    return _ADAPTERS[kind]
