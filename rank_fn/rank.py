"""Rank: choose an action, record the choice, then answer."""

from azure.functions import HttpRequest, HttpResponse

from rank_fn.explorer import choose
from rank_fn.question import read_question
from rank_fn.recording import append, arrival_us
from shared.access.role import Role
from shared.configuration.service_configuration import LearningMode
from shared.learner.explorer import Explorer
from shared.log.ranked_event import RankedEvent, from_decision
from shared.ranking.decision import Decision
from shared.ranking.hot_path import HotPath
from shared.ranking.live_settings import CurrentSettings
from shared.ranking.rank_bodies import RANK_REQUEST
from shared.web.errors import MultiSlotOnly
from shared.web.form import Form
from shared.web.operations import Functions, PerVersion
from shared.web.responses import answer_created
from shared.web.versions import Version

functions = Functions()


def _response(version: Version) -> Form:
    name = "ExplainedRankResponse" if version.has_inference_explanation else "RankResponse"
    return Form("shared.ranking.rank_forms", name)


@functions.operation(["POST"], "rank", Role.RANK, request=RANK_REQUEST, answer=PerVersion(_response), status=201)
async def rank(req: HttpRequest, hot_path: HotPath[Explorer], version: Version) -> HttpResponse:
    """Rank the actions of a request; if it is a repetition, the answer is what was decided first."""
    question = read_question(req.get_body(), hot_path.action_cache)
    current = await _single_slot_loop(hot_path)
    mode = current.configuration.service.learning_mode
    count = len(question.candidates.eligible)
    decision, trial = await choose(hot_path, current, question.document, count, question.event_id, question.pieces)
    logged, deferred = decision.as_recorded(mode), question.deferred
    at_us = arrival_us(hot_path, current)
    event = from_decision(
        question.event_id, at_us, question.document, logged, deferred=deferred, mode=mode, trial=trial
    )
    earlier = await append(hot_path, event, current)
    shown = _decision_to_show(decision, mode, earlier)
    answer = question.candidates.answer(question.event_id, shown)
    if current.configuration.service.is_inference_explainability_enabled and version.has_inference_explanation:
        from rank_fn.inference_explanation import with_explanation

        answer = await with_explanation(answer, hot_path, current, question.candidates, question.document, shown)
    return answer_created(answer)


async def _single_slot_loop(hot_path: HotPath[Explorer]) -> CurrentSettings:
    current = await hot_path.live_settings.current()
    if current.configuration.learning.problem_type != "cb":
        raise MultiSlotOnly
    return current


def _decision_to_show(decision: Decision, mode: LearningMode, earlier: RankedEvent | None) -> Decision:
    """Give the decision to answer; for a repetition the one that was recorded first, in the mode of that time."""
    if earlier is None:
        return decision.as_shown(mode)
    if earlier.mode is LearningMode.LOGGING_ONLY:  # its record does not hold the model's probabilities
        return decision.as_shown(earlier.mode)
    return earlier.decision().as_shown(earlier.mode)
