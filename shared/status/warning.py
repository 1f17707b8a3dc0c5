"""A warning: what it is about, and what to do."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Warned:
    """Something that a person should look at."""

    code: str
    message: str
    what_to_do: str
