"""Models of requests and answers by their names."""

from importlib import import_module
from typing import Any, NamedTuple


class Form(NamedTuple):
    """A model that is imported when it is wanted: what a cold start waits for does without pydantic.

    Attributes:
        module: Where the model is.
        name: Its name there.
    """

    module: str
    name: str

    def load(self) -> Any:
        """Import the model."""
        return getattr(import_module(self.module), self.name)
