"""Multi-slot Rank: choose an action for each slot, record the choices, then answer."""

from collections.abc import Sequence
from typing import NamedTuple

from azure.functions import HttpRequest, HttpResponse

from rank_fn.explorer import fill
from rank_fn.recording import append, arrival_us, new_event_id
from shared.access.role import Role
from shared.configuration.service_configuration import LearningMode
from shared.learner import features
from shared.learner.explorer import Explorer
from shared.log.ranked_event import RankedEvent, from_multi_slot_decision
from shared.ranking.hot_path import HotPath
from shared.ranking.live_settings import CurrentSettings
from shared.ranking.multislot_bodies import MULTI_SLOT_RANK_REQUEST, MultiSlotRankBody, answer, read_rank
from shared.ranking.slots import MultiSlotDecision, Slot, baseline_decision
from shared.web.errors import InvalidMultiSlotApiAccess, InvalidRankRequest
from shared.web.form import Form
from shared.web.operations import Functions
from shared.web.responses import answer_created

functions = Functions()
SINCE = "v1.1-preview.1"


class _Question(NamedTuple):
    """What to decide; the request itself is not held."""

    event_id: str
    action_ids: Sequence[str]
    slots: Sequence[Slot]
    document: features.SlotsDocument
    deferred: bool


@functions.operation(
    ["POST"],
    "multislot/rank",
    Role.RANK,
    since=SINCE,
    request=MULTI_SLOT_RANK_REQUEST,
    answer=Form("shared.ranking.multislot_forms", "MultiSlotRankResponse"),
    status=201,
)
async def multislot_rank(req: HttpRequest, hot_path: HotPath[Explorer]) -> HttpResponse:
    """Put an action into each slot of a request; if it is a repetition, the answer is what was decided first."""
    question = _question(read_rank(req.get_body()))
    current = await _multi_slot_loop(hot_path)
    decision = await fill(hot_path, current, question.document, question.slots, question.event_id)
    mode = current.configuration.service.learning_mode
    event = _event(question, arrival_us(hot_path, current), decision, mode)
    earlier = await append(hot_path, event, current)
    shown = _actions_to_show(question, earlier.multi_slot_decision() if earlier else decision, (earlier or event).mode)
    return answer_created(answer(question.event_id, question.slots, shown))


def _question(request: MultiSlotRankBody) -> _Question:
    slots, document = request.places(), read_features(request)
    return _Question(request.event_id or new_event_id(), request.actions.ids, slots, document, request.deferred)


def read_features(request: MultiSlotRankBody) -> features.SlotsDocument:
    """The features of a request, as the model reads them.

    Raises:
        InvalidRankRequest: Features that the API does not take.
    """
    actions = [*zip(*request.actions, strict=True)]
    described = [(slot["id"], slot.get("features") or []) for slot in request.slots]
    try:
        return features.slots_document(request.context, actions, described)
    except features.InvalidFeatures as error:
        raise InvalidRankRequest(f"{error.reason}.", error.place) from error


async def _multi_slot_loop(hot_path: HotPath[Explorer]) -> CurrentSettings:
    current = await hot_path.live_settings.current()
    if current.configuration.learning.problem_type != "ccb":
        raise InvalidMultiSlotApiAccess
    return current


def _event(question: _Question, at_us: int, decision: MultiSlotDecision, mode: LearningMode) -> RankedEvent:
    """Make the event to record: the model's choices, also if not shown; in `LoggingOnly` the baselines."""
    if mode is LearningMode.LOGGING_ONLY:
        decision = baseline_decision(question.slots, decision.model_id)
    document = question.document.log_text([slot.allowed for slot in question.slots])
    slots, deferred = question.slots, question.deferred
    return from_multi_slot_decision(question.event_id, at_us, document, decision, slots, deferred=deferred, mode=mode)


def _actions_to_show(question: _Question, decision: MultiSlotDecision, mode: LearningMode) -> list[str]:
    """Give the ids of the actions to show; outside `Online` those are the baselines."""
    if mode is LearningMode.ONLINE:
        return [question.action_ids[choice.order[0]] for choice in decision.choices]
    return [question.action_ids[slot.baseline] for slot in question.slots]
