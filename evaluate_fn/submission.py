"""Submission of an evaluation: it is checked, made for the loop as it is now, and started."""

from collections.abc import Sequence

from shared.configuration import configuration_store
from shared.configuration.configuration import Configuration
from shared.evaluation import evaluation_spec, evaluation_store
from shared.evaluation.evaluation import Evaluation, Policy, Purpose
from shared.evaluation.evaluation_spec import EvaluationSpec
from shared.learner.request_arguments import parse_arguments
from shared.storage.clock import now_us
from shared.training import lease
from shared.web.errors import InvalidPolicyConfiguration, TooManyInWork

MOST_IN_WORK = 20
"""How many evaluations of a loop may be in work, how many feature importances, and how many imports."""
_WORDS = {
    Purpose.EVALUATION: "evaluations",
    Purpose.IMPORTANCE: "feature importances",
    Purpose.IMPORT: "imports",
}


def submit(spec: EvaluationSpec) -> Evaluation | None:
    """Start the evaluation of a specification; None if its id is in use.

    Raises:
        InvalidPolicyConfiguration: The loop does not take the arguments of one of its policies.
        TooManyInWork: As many as may be are in work.
    """
    loop = configuration_store.read_configuration()
    _check(spec.custom, loop)
    _check_number(spec, MOST_IN_WORK - 1)
    evaluation = evaluation_spec.build_evaluation(spec, loop, lease.read_joined_up_to_us(), now_us())
    if not evaluation_store.start(evaluation):
        return None
    try:
        _check_number(spec, MOST_IN_WORK)  # others may have been submitted at the same moment
    except TooManyInWork:
        evaluation_store.remove(spec.purpose, spec.id)
        raise
    return evaluation


def _check_number(spec: EvaluationSpec, most: int) -> None:
    if evaluation_store.count_in_work(spec.purpose) > most:
        raise TooManyInWork(MOST_IN_WORK, _WORDS[spec.purpose])


def _check(policies: Sequence[Policy], loop: Configuration) -> None:
    for position, policy in enumerate(policies):
        place = f"policies[{position}].arguments"
        if parse_arguments(policy.arguments or "", place).problem_type != loop.learning.problem_type:
            wanted = "--ccb_explore_adf" if loop.learning.problem_type == "ccb" else "--cb_explore_adf"
            raise InvalidPolicyConfiguration(f"The events of this loop take {wanted}.", place)
