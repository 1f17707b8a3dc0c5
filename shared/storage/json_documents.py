"""JSON documents in blobs: their text, and changes of a document that lose no other change."""

from collections.abc import Callable
from typing import Any

from pydantic import TypeAdapter, ValidationError

from shared.errors import LoopError
from shared.storage import blobs
from shared.storage.blobs import ChangedMeanwhile
from shared.storage_errors import StorageUnavailable

_ADAPTERS: dict[type, TypeAdapter[Any]] = {}
_TRIES = 20


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
    """Write a document, which is a dataclass, as JSON text."""
    return _adapter(type(document)).dump_json(document)


def read[Document](kind: type[Document], text: bytes) -> Document:
    """Read a document of a kind from its JSON text.

    Raises:
        UnreadableDocument: The text is damaged, or of another version.
    """
    try:
        document: Document = _adapter(kind).validate_json(text)
    except ValidationError as error:
        raise UnreadableDocument(kind.__name__.lower(), _explain(error)) from None
    return document


def change[Document, Changed](
    path: str,
    parse: Callable[[bytes], Document],
    text: Callable[[Changed], bytes],
    change: Callable[[Document | None], Changed],
) -> Changed:
    """Write what `change` makes of the document at a path, so that no other change is lost; gives the new document.

    Args:
        parse, text: Read the document from its JSON text, and write the document as such.
        change: Is given None where there is no document; a result equal to the document is not written. May be called
            again if another writer came between; what it raises is passed on, nothing changed.

    Raises:
        StorageUnavailable: Other writers came between each time.
    """
    for _ in range(_TRIES):
        stored = blobs.read(path)
        before = parse(stored.data) if stored else None
        after = change(before)
        unchanged = after == before
        if unchanged:
            return after
        try:
            blobs.write_over(path, text(after), stored.etag if stored else None)
        except ChangedMeanwhile:
            continue
        return after
    raise StorageUnavailable(f"{path} kept changing while it was written")


def _explain(error: ValidationError) -> str:
    """Where a document is wrong, and how, without its content."""
    first = error.errors(include_input=False, include_url=False, include_context=False)[0]
    place = ".".join(map(str, first["loc"]))
    return f"{place}: {first['msg']}" if place else first["msg"]


def _adapter(kind: type) -> TypeAdapter[Any]:
    if kind not in _ADAPTERS:
        _ADAPTERS[kind] = TypeAdapter(kind)
    return _ADAPTERS[kind]
