"""How many decisions change with a quarantine: what the new model would choose, beside the model in use."""

from dataclasses import dataclass

from shared.stored_objects import StoredObject

MOST_EVENTS = 1000
"""So many events are asked about, the newest that are not in quarantine."""
MOST_COMPARISONS = 20
"""So many comparisons are kept, the last ones."""


@dataclass(frozen=True, slots=True)
class ChangedDecisions(StoredObject):
    """A comparison of the likeliest actions of two models, made before the second took the place of the first.

    Attributes:
        revision: The configuration's, for which the new model was trained.
        corrections: The keys of the quarantines and relabels that were made or lifted between the two.
        events: About how many events both were asked; 0 if there was no model in use, or no event to ask about.
        changed: In how many of them another action is the likeliest, in any slot.
    """

    revision: int
    corrections: tuple[str, ...]
    at_us: int
    events: int
    changed: int
