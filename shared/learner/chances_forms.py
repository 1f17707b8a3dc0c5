"""The question what a model would show, over HTTP."""

from collections.abc import Mapping
from typing import Annotated, ClassVar

from shared.ranking.multislot_forms import SlotRequest
from shared.ranking.rank_bodies import MOST_ACTIONS
from shared.ranking.rank_forms import Id, RankRequest
from shared.web.errors import InvalidRequest
from shared.web.json_forms import at_most


class ChancesRequest(RankRequest):
    """What would be ranked; an event id makes no difference.

    Attributes:
        slots: As in a multi-slot Rank; for a multi-slot loop only.
        model_id: A model of the list; None for the one in use.
    """

    too_long: ClassVar[Mapping[str, type[InvalidRequest]]] = {}  # a question is no Rank that was refused

    slots: Annotated[list[SlotRequest], at_most(MOST_ACTIONS)] | None = None
    model_id: Id | None = None
