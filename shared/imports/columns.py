"""What the columns of a table hold, as its owner says."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

from shared.errors import LoopError
from shared.log.line_pieces import MAX_REWARD

ALL_ACTIONS = "all"
"""In place of a list of actions: all that were shown anywhere in the log."""
_TEXTS = ("action", "reward", "probability", "time", "id")


class InvalidColumns(LoopError):
    """What was said of the columns makes no sense.

    Attributes:
        reason: What is wrong, a sentence without its point.
    """

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


@dataclass(frozen=True, slots=True)
class ActionTable:
    """A second table, with the features of actions: a row an action.

    Attributes:
        file: Relative to the file that says what columns hold.
        id: The column with the action's id.
    """

    file: str
    id: str


@dataclass(frozen=True, slots=True)
class Columns:
    """What the columns hold.

    Attributes:
        action: The column with the action that was shown.
        reward: The column with what that earned; an empty cell is an event without reward.
        actions: The actions that could have been shown, the same in each event; empty if they are in a column, or are
            all that were shown.
        actions_column: The column with the actions that could have been shown.
        probability: The column with the chance of the shown action; empty if nobody noted it.
        time, id: Columns; empty if there are none.
        context: The columns that are features of the context; None for all that are nothing else.
        text: Columns that are texts although all their values are numbers, such as codes of places.
        default_reward: Of an event without reward.
    """

    action: str
    reward: str
    actions: tuple[str, ...] = ()
    actions_column: str = ""
    probability: str = ""
    time: str = ""
    id: str = ""
    context: tuple[str, ...] | None = None
    text: tuple[str, ...] = ()
    default_reward: float = 0.0
    action_table: ActionTable | None = None

    @property
    def named(self) -> tuple[str, ...]:
        """The columns that a table has to have."""
        single = (self.action, self.reward, self.actions_column, self.probability, self.time, self.id)
        return tuple(dict.fromkeys([*filter(None, single), *(self.context or ()), *self.text]))

    def context_of(self, header: Sequence[str]) -> tuple[str, ...]:
        """The columns of a table that are features of the context."""
        if self.context is not None:
            return self.context
        others = {self.action, self.reward, self.actions_column, self.probability, self.time, self.id}
        return tuple(name for name in header if name not in others)


def read_columns(document: Any) -> Columns:
    """Read what a JSON document says of the columns.

    Raises:
        InvalidColumns: It makes no sense.
    """
    if not isinstance(document, dict):
        raise InvalidColumns("it must be a JSON object")
    allowed = (*_TEXTS, "actions", "context", "text", "defaultReward", "actionFeatures")
    if unknown := [name for name in document if name not in allowed]:
        raise InvalidColumns(f"{unknown[0]} is none of its fields, which are {', '.join(allowed)}")
    texts = {name: _text(document, name) for name in _TEXTS}
    for name in ("action", "reward"):
        if not texts[name]:
            raise InvalidColumns(f"{name} must name a column")
    actions, actions_column = _actions(document.get("actions", ALL_ACTIONS))
    reward = document.get("defaultReward", 0)
    if isinstance(reward, bool) or not isinstance(reward, int | float) or not abs(reward) <= MAX_REWARD:
        raise InvalidColumns(f"defaultReward must be a number from {-MAX_REWARD:g} to {MAX_REWARD:g}")
    return Columns(
        **texts,
        actions=actions,
        actions_column=actions_column,
        context=None if "context" not in document else _list(document, "context"),
        text=_list(document, "text"),
        default_reward=float(reward),
        action_table=_action_table(document.get("actionFeatures")),
    )


def file_of_actions(columns: str) -> str:
    """The name of the table with the features of actions, of columns as JSON; empty if there is none."""
    table = read_columns(json.loads(columns)).action_table if columns else None
    return table.file if table else ""


def _text(document: Mapping[str, Any], name: str) -> str:
    value = document.get(name, "")
    if not isinstance(value, str):
        raise InvalidColumns(f"{name} must be the name of a column")
    return value


def _list(document: Mapping[str, Any], name: str) -> tuple[str, ...]:
    value = document.get(name, [])
    if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
        raise InvalidColumns(f"{name} must be a list of names of columns")
    return tuple(value)


def _actions(value: Any) -> tuple[tuple[str, ...], str]:
    """A list of actions, or the column that has them, or neither."""
    if value == ALL_ACTIONS:
        return (), ""
    if isinstance(value, list) and value and all(isinstance(each, str) for each in value):
        if len(set(value)) < len(value):
            raise InvalidColumns("actions has an action twice")
        return tuple(value), ""
    if isinstance(value, dict) and value.keys() == {"column"} and isinstance(value["column"], str):
        return (), value["column"]
    raise InvalidColumns('actions must be a list of ids, {"column": NAME}, or "all"')


def _action_table(value: Any) -> ActionTable | None:
    names = {field.name for field in fields(ActionTable)}
    if value is None:
        return None
    if (
        not isinstance(value, dict)
        or value.keys() != names
        or not all(isinstance(each, str) for each in value.values())
    ):
        raise InvalidColumns('actionFeatures must be {"file": FILE, "id": NAME}')
    return ActionTable(**value)
