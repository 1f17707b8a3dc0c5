"""Makes events of the rows of a table, and log lines of the events."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from shared.configuration.configuration import RewardSettings
from shared.configuration.reward_aggregation import Aggregation
from shared.evaluation.replay.evaluated_events import LEAST_PROBABILITY
from shared.imports.cells import (
    InvalidRow,
    demand_few,
    feature_value,
    is_empty,
    nest,
    quote,
    read_id,
    read_ids,
    read_number,
    read_time,
)
from shared.imports.columns import Columns
from shared.intake.rows import Observation
from shared.learner.features import InvalidFeatures, document
from shared.log.line_pieces import MAX_REWARD
from shared.log.log_line import event_line
from shared.log.ranked_event import RankedEvent
from shared.times import HOUR

_MODEL = "N/A"


@dataclass(frozen=True, slots=True)
class RowChoice:
    """What a row says of the choice.

    Attributes:
        action: The one that was shown.
        actions: Those that could have been; empty where the same could be in all rows.
        probability: Of the action that was shown; None if nobody noted it.
        reward: None if there was none.
        at_us: None if the table has no times.
    """

    action: str
    actions: tuple[str, ...]
    probability: float | None
    reward: float | None
    at_us: int | None


def read_choice(cells: Mapping[str, Any], columns: Columns) -> RowChoice:
    """Read the choice of a row.

    Raises:
        InvalidRow: It is none.
    """
    action, actions = read_id(cells[columns.action], columns.action), columns.actions
    if columns.actions_column:
        actions = read_ids(cells[columns.actions_column], columns.actions_column)
        demand_few(actions, columns.actions_column)
    if actions and action not in actions:
        raise InvalidRow(
            columns.action,
            f"the action {quote(action)} is none of those that could have been shown",
            "Add it to the actions, or take the row out.",
        )
    return RowChoice(
        action,
        actions if columns.actions_column else (),
        _probability(cells, columns),
        _reward(cells, columns),
        read_time(cells[columns.time], columns.time) if columns.time else None,
    )


def _probability(cells: Mapping[str, Any], columns: Columns) -> float | None:
    if not columns.probability:
        return None
    number = read_number(cells[columns.probability])
    if number is None or not LEAST_PROBABILITY <= number <= 1:
        raise InvalidRow(
            columns.probability,
            f"{quote(cells[columns.probability])} is no probability from {LEAST_PROBABILITY:g} to 1",
            "Correct the cell, or leave probability out of the columns: then chances are estimated from the log.",
        )
    return number


def _reward(cells: Mapping[str, Any], columns: Columns) -> float | None:
    cell = cells[columns.reward]
    if is_empty(cell):
        return None
    number = read_number(cell)
    if number is None:
        next_step = "Write a number, such as 0 or 1; leave the cell empty if there was no reward."
        raise InvalidRow(columns.reward, f"{quote(cell)} is no number", next_step)
    if abs(number) > MAX_REWARD:
        raise InvalidRow(
            columns.reward,
            f"{number:g} is no reward that a loop takes, from {-MAX_REWARD:g} to {MAX_REWARD:g}",
            "Divide all rewards by the same number, and send the loop's rewards so, too.",
        )
    return number


@dataclass(frozen=True, slots=True)
class RowFeatures:
    """Makes features of rows.

    Attributes:
        context: The columns that are features of the context.
        numbers: Those of them that hold numbers.
        of_actions: By action's id, its features.
    """

    context: Sequence[str]
    numbers: frozenset[str]
    of_actions: Mapping[str, list[dict[str, Any]]]

    def document(self, cells: Mapping[str, Any], actions: Sequence[str]) -> bytes:
        """The features of an event, as a request with them would be logged.

        Raises:
            InvalidRow: A Rank with them would be refused.
        """
        values = {name: feature_value(cells[name], is_number=name in self.numbers) for name in self.context}
        groups = nest({name: value for name, value in values.items() if value is not None})
        try:
            return document(groups, [(action, self.of_actions.get(action) or [{}]) for action in actions])
        except InvalidFeatures as problem:
            raise InvalidRow("context", f"{problem.place} {problem.reason}") from problem


def write_line(
    event_id: str,
    at_us: int,
    features: bytes,
    position: int,
    chances: Sequence[float],
    reward: float | None,
    default: float,
) -> bytes:
    """Write an event as the line of a log.

    Args:
        position: Of the action that was shown.
        chances: Of all actions, in their order.
        default: The reward of an event without one.
    """
    order = [position, *(other for other in range(len(chances)) if other != position)]
    event = RankedEvent(
        event_id,
        at_us,
        features,
        json.dumps([other + 1 for other in order], separators=(",", ":")).encode(),
        json.dumps([chances[other] for other in order], separators=(",", ":")).encode(),
        _MODEL,
        deferred=False,
    )
    rewards = RewardSettings(HOUR, default, Aggregation.EARLIEST)
    observations = [] if reward is None else [Observation(event_id, "row", at_us, reward)]
    return event_line(event, observations, rewards).text


def spread(probability: float, position: int, actions: int) -> list[float]:
    """The chances of all actions where only that of the shown one was noted: the others share the rest alike."""
    if actions == 1:
        return [1.0]
    chances = [(1 - probability) / (actions - 1)] * actions
    chances[position] = probability
    return chances
