"""JSON documents in blobs: their text, and changes of a document that lose no other change.

While an app is updated, an older and a newer version of the code change the same documents. So a member that a version
has no field for is kept, wherever it stands in a document:

* A `StoredObject` carries its unknown members. They go where the object goes: through `dataclasses.replace`, to another
  place of the document, into another document, and back into JSON.
* An object that is made, and not changed from an earlier object, has none: a new cursor takes over nothing from the
  cursor whose place it takes. So a method that adds to an object ends with `replace(self, ...)`.
* A member is kept as it was read, whatever becomes of the fields beside it. A newer version must be able to live with
  that: with a sum to which an older version has not added, for example. A member without which the fields beside it
  would be wrong belongs into an object that older versions only make anew or leave alone.
* The name of a member is never used again for something else: it may still be in storage.
* Tuples with names (`NamedTuple`) are stored as lists, in which nothing can be told apart. They never get another
  element; what is new becomes a member of the object around them.
* The value of a field is not kept but read. A word that this version does not have, such as a newer learning mode,
  makes the document unreadable for it (`UnreadableDocument`), and the document stays as it is.

Only what is read and written again needs this. Documents that are written once, such as the results of an evaluation or
the description of a model, are read without their unknown members.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import fields
from functools import cache
from typing import TYPE_CHECKING, Any, get_args, get_type_hints

from shared.errors import LoopError
from shared.storage import plain_documents
from shared.storage.storage_answers import ChangedMeanwhile
from shared.storage.this_storage import blobs
from shared.storage_errors import StorageUnavailable
from shared.stored_objects import GrowingStoredObject, StoredObject

if TYPE_CHECKING:
    from pydantic import TypeAdapter, ValidationError

_TRIES = 20
_STORED = (StoredObject, GrowingStoredObject)
_SEQUENCES = (list, tuple)
_MAPPINGS = (dict, Mapping)
"""Told in this order, which is the faster one."""
_PLAIN = frozenset({str, int, float, bool, type(None)})
"""Holds no objects; most values are of these."""


class UnreadableDocument(LoopError):
    """A stored document that this version cannot read.

    Attributes:
        reason: Where the document is damaged; quotes nothing of it.
    """

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(
            f"the stored {name} cannot be read: {reason}; put an earlier version of the blob in its place, or delete it"
        )
        self.reason = reason


def to_json(document: object) -> bytes:
    """Write a document, which is a dataclass, as JSON text, with the unknown members of its objects."""
    text = _adapter(type(document)).dump_json(document)
    if not any(_list_unknown(document)):
        return text
    members = json.loads(text)
    for stored, own_members in _objects(document, members):
        own_members.update(stored.unknown)
    return json.dumps(members, separators=(",", ":")).encode()


def read_at_start[Document](kind: type[Document], text: bytes) -> Document:
    """Read a document for which a cold start waits: as `read`, but without pydantic if it is plainly in order."""
    return plain_documents.read(kind, text) or read(kind, text)


def read[Document](kind: type[Document], text: bytes) -> Document:
    """Read a document of a kind from its JSON text; its objects have the members that are unknown.

    Raises:
        UnreadableDocument: The text is damaged, or has values that this version does not have.
    """
    from pydantic import ValidationError

    adapter: TypeAdapter[Document] = _adapter(kind)
    try:
        return adapter.validate_json(text, extra="forbid")
    except ValidationError:
        pass
    try:
        document = adapter.validate_json(text)
    except ValidationError as error:
        raise UnreadableDocument(kind.__name__.lower(), _explain(error)) from None
    for stored, members in _objects(document, json.loads(text)):
        unknown = {name: value for name, value in (members or {}).items() if name not in _fields(type(stored)).values()}
        object.__setattr__(stored, "unknown", unknown)
    return document


def are_same(document: object, other: object) -> bool:
    """Whether two documents are equal, their unknown members included."""
    return document == other and _list_unknown(document) == _list_unknown(other)


def change[Document, Changed](
    path: str,
    parse: Callable[[bytes], Document],
    text: Callable[[Changed], bytes],
    change: Callable[[Document | None], Changed],
) -> Changed:
    """Write what `change` makes of the document at a path, so that no other change is lost; gives the new document.

    Args:
        parse, text: Read the document from its JSON text, and write the document as such.
        change: Is given None where there is no document; a result that is the same document is not written. May be
            called again if another writer came between; what it raises is passed on, nothing changed.

    Raises:
        StorageUnavailable: Other writers came between each time.
    """
    for _ in range(_TRIES):
        stored = blobs().read(path)
        before = parse(stored.data) if stored else None
        after = change(before)
        if are_same(before, after):
            return after
        try:
            blobs().write_over(path, text(after), stored.etag if stored else None)
        except ChangedMeanwhile:
            continue
        return after
    raise StorageUnavailable(f"{path} kept changing while it was written")


def _explain(error: "ValidationError") -> str:
    """Where a document is wrong, and how, without its content."""
    first = error.errors(include_input=False, include_url=False, include_context=False)[0]
    place = ".".join(map(str, first["loc"]))
    return f"{place}: {first['msg']}" if place else first["msg"]


def _list_unknown(document: object) -> list[Mapping[str, Any]]:
    """The unknown members of each stored object of a document."""
    return [stored.unknown for stored, _ in _objects(document)]


def _objects(value: Any, members: Any = None) -> list[tuple[StoredObject | GrowingStoredObject, Any]]:
    """The stored objects of a document, each with its members in a JSON value; with None if it is not there."""
    objects: list[tuple[StoredObject | GrowingStoredObject, Any]] = []
    _add_objects(value, members, objects)
    return objects


def _add_objects(value: Any, members: Any, objects: list[tuple[StoredObject | GrowingStoredObject, Any]]) -> None:
    """Add the stored objects of a part of a document to a list, which is much faster than nested iterators."""
    if isinstance(value, _STORED):
        objects.append((value, members))
        for name, member in _fields_of_objects(type(value)).items():
            if part := getattr(value, name):
                _add_objects(part, members and members.get(member), objects)
    elif isinstance(value, _SEQUENCES):
        for place, element in enumerate(value):
            if type(element) not in _PLAIN:
                _add_objects(element, members and members[place], objects)
    elif isinstance(value, _MAPPINGS):
        for key, element in value.items():
            if type(element) not in _PLAIN:
                _add_objects(element, members and members[key], objects)


def _list_fields(kind: Any) -> Mapping[str, str]:
    """List the fields of a stored object, each with its name in JSON."""
    store_under = getattr(kind, "__pydantic_config__", {}).get("alias_generator", str)
    return {field.name: store_under(field.name) for field in fields(kind) if field.name != "unknown"}


def _list_fields_of_objects(kind: Any) -> Mapping[str, str]:
    """As `_list_fields`, only the fields that can hold stored objects."""
    types = get_type_hints(kind)
    return {name: member for name, member in _list_fields(kind).items() if _can_hold_objects(types[name])}


def _can_hold_objects(kind: Any) -> bool:
    return any(map(_can_hold_objects, get_args(kind))) or (isinstance(kind, type) and issubclass(kind, _STORED))


def _make_adapter(kind: Any) -> "TypeAdapter[Any]":
    from pydantic import TypeAdapter  # here, since no cold start waits for it

    return TypeAdapter(kind)


_adapter: Callable[[Any], "TypeAdapter[Any]"] = cache(_make_adapter)
_fields: Callable[[Any], Mapping[str, str]] = cache(_list_fields)
_fields_of_objects: Callable[[Any], Mapping[str, str]] = cache(_list_fields_of_objects)
