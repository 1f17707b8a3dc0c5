"""A policy of an evaluation and its model become the loop's.

In the old service's API that is `POST configurations/applyFromEvaluation`, in the loop's own `POST
/rankloop/v1/evaluations/{evaluationId}/apply`.
"""

import asyncio
import logging

from azure.functions import HttpRequest, HttpResponse

from evaluate_fn.adoption import LearnedPolicy, adopt
from evaluate_fn.evaluations import EVALUATION_PATH, evaluation_id, load_evaluation, load_outcome
from shared.access.role import Role
from shared.configuration.configuration import Configuration, LearningSettings, problem_type
from shared.configuration.settings_change import Act, Cause
from shared.evaluation import finding
from shared.evaluation.evaluation import Evaluation, Source
from shared.evaluation.forms.policy_reference import ApplyRequest, PolicyReferenceContract
from shared.evaluation.lead import lead
from shared.evaluation.outcome import Outcome, PolicyOutcome
from shared.evaluation.tasks import TrainedModel
from shared.learner.request_arguments import parse_arguments
from shared.log import ranked_event
from shared.models.model_store import DamagedModel
from shared.models.published import Origin
from shared.web.errors import (
    EvaluationModelNotFound,
    EvaluationNotCompleted,
    LearningSettingsNotFound,
    ModelDoesNotFit,
    NotCertainlyBetter,
)
from shared.web.operations import Api, Functions
from shared.web.responses import no_content, warn

functions = Functions()

_log = logging.getLogger(__name__)

PATH = "configurations/applyFromEvaluation"


@functions.operation(
    ["POST"],
    PATH,
    Role.ADMIN,
    since="v1.1-preview.1",
    request=PolicyReferenceContract,
    status=204,
    refusals=[403, 404, 409],
)
async def apply_from_evaluation(req: HttpRequest, caller: str) -> HttpResponse:
    """Use a policy of an evaluation with what it learned; a header warns if it may be no better.

    Published clients cannot confirm anything, so nothing is refused here for want of certainty.
    """
    wanted = PolicyReferenceContract.read(req.get_body())
    doubt = await asyncio.to_thread(_apply, wanted.evaluation_id, wanted.policy_name, caller, confirmed=True)
    answer = no_content()
    if doubt is not None:
        warn(answer, f"Applied, but {doubt}")
    return answer


@functions.operation(
    ["POST"],
    EVALUATION_PATH + "/apply",
    Role.ADMIN,
    api=Api.OWN,
    request=ApplyRequest,
    status=204,
    refusals=[403, 404, 409],
)
async def apply_policy(req: HttpRequest, caller: str) -> HttpResponse:
    """Use a policy of an evaluation with what it learned; one that may be no better has to be confirmed."""
    wanted = ApplyRequest.read(req.get_body())
    await asyncio.to_thread(_apply, evaluation_id(req), wanted.policy_name, caller, confirmed=wanted.confirm)
    return no_content()


def _apply(of_id: str, policy_name: str, caller: str, *, confirmed: bool) -> str | None:
    """Apply a policy; gives why it may be no better than `online`, None if it is better for certain.

    Args:
        confirmed: Whether it is wanted in any case.
    """
    evaluation = load_evaluation(of_id)
    outcome = load_outcome(evaluation)
    if outcome is None:
        raise EvaluationNotCompleted(evaluation.status)
    policy = _policy(outcome, policy_name)
    if policy.model is None:
        raise EvaluationModelNotFound
    doubt = finding.doubt(policy_name, lead(outcome, policy))
    if doubt is not None and not confirmed:
        raise NotCertainlyBetter(doubt)
    parse_arguments(policy.policy.arguments or "", "policyName")
    _adopt(evaluation, policy, policy.model, caller)
    if doubt is not None:
        _log.warning("a policy of the evaluation %r was applied: %r", of_id, doubt)
    return doubt


def _adopt(evaluation: Evaluation, policy: PolicyOutcome, model: TrainedModel, caller: str) -> None:
    kind = problem_type(policy.policy.arguments or "")

    def check(configuration: Configuration) -> None:
        if configuration.learning.problem_type != kind:
            raise ModelDoesNotFit("The policy is of another problem type than the loop's learning settings.")

    log, settings = evaluation.log, LearningSettings(policy.policy.name, policy.policy.arguments or "")
    mode = ranked_event.mode_of(log.kind)
    learned = LearnedPolicy(settings, model, log.from_us, log.to_us, mode, log.to_us, Origin.APPLIED)
    cause = Cause(caller, Act.EVALUATION, f"evaluation {evaluation.id}, policy {settings.name}")
    try:
        adopt(evaluation, learned, check, cause)
    except DamagedModel as error:
        raise EvaluationModelNotFound from error


def _policy(outcome: Outcome, name: str) -> PolicyOutcome:
    """The outcome of the policy of a name, which has to be one that learned from the log."""
    for result in outcome.policies:
        if result.policy.name == name and not result.slot_id and result.policy.source in (Source.CUSTOM, Source.SEARCH):
            return result
    raise LearningSettingsNotFound(name)
