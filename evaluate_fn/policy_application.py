"""`POST configurations/applyFromEvaluation`: a policy of an evaluation and its model become the loop's."""

import asyncio

from azure.functions import HttpRequest, HttpResponse

from evaluate_fn.adoption import adopt
from shared.configuration.configuration import Configuration, problem_type
from shared.evaluation import evaluation_run_store, evaluation_store
from shared.evaluation.evaluation import Purpose, Source
from shared.evaluation.forms.policy_reference import PolicyReferenceContract
from shared.evaluation.outcome import Outcome, PolicyOutcome
from shared.models.model_store import DamagedModel
from shared.web.errors import (
    EvaluationModelNotFound,
    EvaluationNotCompleted,
    EvaluationNotFound,
    LearningSettingsNotFound,
    ModelDoesNotFit,
)
from shared.web.operations import Functions
from shared.web.responses import no_content

functions = Functions()

PATH = "configurations/applyFromEvaluation"


@functions.operation(
    ["POST"],
    PATH,
    since="v1.1-preview.1",
    request=PolicyReferenceContract,
    status=204,
    refusals=[403, 404, 409],
)
async def apply_from_evaluation(req: HttpRequest, caller: str) -> HttpResponse:
    """Use a policy of an evaluation with what it learned, and go on learning at the end of the evaluated log."""
    wanted = PolicyReferenceContract.read(req.get_body())
    await asyncio.to_thread(_apply, wanted.evaluation_id, wanted.policy_name, caller)
    return no_content()


def _apply(evaluation_id: str, policy_name: str, caller: str) -> None:
    evaluation = evaluation_store.read(Purpose.EVALUATION, evaluation_id)
    if evaluation is None:
        raise EvaluationNotFound
    outcome = evaluation_run_store.read_outcome(evaluation) if evaluation.status.has_results else None
    if outcome is None:
        raise EvaluationNotCompleted(evaluation.status)
    policy = _policy(outcome, policy_name)
    if policy.model is None:
        raise EvaluationModelNotFound
    kind = problem_type(policy.policy.arguments or "")

    def check(configuration: Configuration) -> None:
        if configuration.learning.problem_type != kind:
            raise ModelDoesNotFit("The policy is of another problem type than the loop's learning settings.")

    try:
        adopt(evaluation, policy, policy.model, check, caller)
    except DamagedModel as error:
        raise EvaluationModelNotFound from error


def _policy(outcome: Outcome, name: str) -> PolicyOutcome:
    """The outcome of the policy of a name, which has to be one that learned from the log."""
    for result in outcome.policies:
        if result.policy.name == name and not result.slot_id and result.policy.source in (Source.CUSTOM, Source.SEARCH):
            return result
    raise LearningSettingsNotFound(name)
