"""What the columns of tables hold, over HTTP; the same as in the file of `dev.py learn --columns`."""

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Discriminator, Field, StringConstraints, Tag

from shared.ranking.rank_bodies import MOST_ACTIONS
from shared.web.json_bodies import MAX_ID
from shared.web.json_forms import Wire, at_most, union_tag

MOST_COLUMNS = 1000
_Column = Annotated[str, StringConstraints(min_length=1, max_length=MAX_ID)]
_Columns = Annotated[list[_Column], at_most(MOST_COLUMNS)]
_LIST, _OBJECT, _WORD = (union_tag(name) for name in ("list", "object", "word"))


class _Strict(Wire):
    """Refuses fields that it does not have: one that is misspelled would be as if it was not there."""

    model_config = ConfigDict(extra="forbid")


class ActionsColumn(_Strict):
    """The column with the actions that each event could show."""

    column: _Column


def _choose(sent: Any) -> str:
    return _LIST if isinstance(sent, list) else _WORD if isinstance(sent, str) else _OBJECT


_Actions = Annotated[
    Annotated[list[_Column], at_most(MOST_ACTIONS, 1), Tag(_LIST)]
    | Annotated[ActionsColumn, Tag(_OBJECT)]
    | Annotated[Literal["all"], Tag(_WORD)],
    Discriminator(_choose),
]
"""The ids that could have been shown, the column with them, or `all` that were ever shown."""


class ActionFeatures(_Strict):
    """A second table in the same container, with the features of actions: a row an action."""

    file: Annotated[str, StringConstraints(min_length=1, max_length=1024)]
    id: _Column


class ColumnsContract(_Strict):
    """What the columns hold; `shared.imports.columns` says what each field means."""

    action: _Column
    reward: _Column
    probability: _Column | None = None
    time: _Column | None = None
    id: _Column | None = None
    actions: _Actions | None = None
    context: _Columns | None = None
    text: _Columns | None = None
    default_reward: Annotated[float, Field(allow_inf_nan=False)] | None = None
    action_features: ActionFeatures | None = None
