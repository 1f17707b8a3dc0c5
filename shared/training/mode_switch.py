"""The record of the last change of the learning mode."""

from dataclasses import dataclass

from shared.configuration.service_configuration import LearningMode
from shared.stored_objects import StoredObject


@dataclass(frozen=True, slots=True)
class ModeSwitch(StoredObject):
    """The last change of the learning mode.

    Attributes:
        at_us: The log position at which the trainer followed it.
        before: The mode before it; after a time of `LoggingOnly`, that before this.
        learned: How many events had been learned since the loop was made.
        is_return: Whether the model that had learned Online before took the place of an apprentice's.
        loss: Why the model that had learned Online before could not be used again; empty if nothing was lost.
    """

    at_us: int
    before: LearningMode
    learned: int
    is_return: bool = False
    loss: str = ""
