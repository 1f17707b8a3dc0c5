"""What the counters say of the last day or so, so that a fault of the past is not told for ever."""

from dataclasses import replace

from shared.times import DAY
from shared.training.training_state import Counters, Snapshot, State

ENOUGH_EVENTS = 200
"""A loop with less than this in a day is looked at over a longer time."""
_PIECES = 4


def recently(state: State) -> Counters:
    """The counters of the last 24 to 30 hours of log, or of the last 200 to 250 events if that is longer."""
    return state.counters.minus(state.snapshots[0].counters) if state.snapshots else state.counters


def noted(state: State) -> State:
    """The state with a snapshot of its counters, if enough has come since the last one; those not needed go."""
    kept = state.snapshots
    if not kept or _has_come(state, kept[-1], _PIECES):
        kept = (*kept, Snapshot(state.joined_up_to_us, state.counters))
    while len(kept) > 1 and _has_come(state, kept[1], 1):
        kept = kept[1:]
    return replace(state, snapshots=kept)


def _has_come(state: State, since: Snapshot, pieces: int) -> bool:
    """Whether a day of log and enough events to judge by, or one of some pieces of that, came since a snapshot."""
    events = state.counters.events - since.counters.events
    return state.joined_up_to_us - since.at_us >= DAY // pieces and events >= ENOUGH_EVENTS // pieces
