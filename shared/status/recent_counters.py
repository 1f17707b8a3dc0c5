"""The counters of about the last day, so that a warning goes away after its fault is gone."""

from dataclasses import replace

from shared.times import DAY
from shared.training.cursor import Counters
from shared.training.training_state import Snapshot, State

ENOUGH_EVENTS = 200
"""A loop with fewer events in a day is judged by a longer time."""
_PIECES = 4


def recent_counters(state: State) -> Counters:
    """The counters of the last 24 to 30 hours of log, or of the last 200 to 250 events if that is longer."""
    return state.counters.minus(state.snapshots[0].counters) if state.snapshots else state.counters


def with_snapshot(state: State) -> State:
    """The state with a snapshot of its counters if enough came since the last one, and without outdated snapshots."""
    snapshots = state.snapshots
    if not snapshots or _has_passed(state, snapshots[-1], _PIECES):
        snapshots = (*snapshots, Snapshot(state.joined_up_to_us, state.counters))
    while len(snapshots) > 1 and _has_passed(state, snapshots[1], 1):
        snapshots = snapshots[1:]
    return state if snapshots is state.snapshots else replace(state, snapshots=snapshots)


def _has_passed(state: State, since: Snapshot, pieces: int) -> bool:
    """Whether a day of log and enough events, each divided by a number of pieces, came since a snapshot."""
    events = state.counters.events - since.counters.events
    return state.joined_up_to_us - since.at_us >= DAY // pieces and events >= ENOUGH_EVENTS // pieces
