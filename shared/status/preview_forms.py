"""The preview of a change over HTTP."""

from typing import Annotated

from pydantic import Field

from shared.status.configuration_preview import Preview
from shared.web.json_forms import Wire


class ChangePreview(Wire):
    """What a change would do, in sentences: which fields change, what follows, and what is known for and against it."""

    changes: list[str]
    happens: list[str]
    for_: Annotated[list[str], Field(alias="for")]
    against: list[str]

    @classmethod
    def of(cls, preview: Preview) -> "ChangePreview":
        """The sentences of a preview."""
        return cls(changes=preview.changes, happens=preview.happens, for_=preview.reasons, against=preview.doubts)
