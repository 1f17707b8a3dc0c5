"""Asking for an evaluation: it is checked, given what it takes from the loop as it stands, and started."""

from collections.abc import Sequence

from shared.contract.errors import InvalidPolicyConfiguration
from shared.learner.checking import taken
from shared.loop.configuration import Configuration
from shared.loop.evaluation import asking
from shared.loop.evaluation.asking import Question
from shared.loop.evaluation.record import Evaluation, Policy
from shared.storage import documents, evaluations, lease
from shared.storage.arrivals import now_us


def ask(question: Question) -> Evaluation | None:
    """Start an evaluation; None if there is one of its id.

    Raises:
        InvalidPolicyConfiguration: The loop does not take the arguments of one of its policies.
    """
    loop = documents.read_configuration()
    _check(question.custom, loop)
    asked = asking.evaluation(question, loop, lease.joined_up_to_us(), now_us())
    return asked if evaluations.start(asked) else None


def _check(policies: Sequence[Policy], loop: Configuration) -> None:
    for position, policy in enumerate(policies):
        place = f"policies[{position}].arguments"
        if taken(policy.arguments or "", place).problem_type != loop.learning.problem_type:
            wanted = "--ccb_explore_adf" if loop.learning.problem_type == "ccb" else "--cb_explore_adf"
            raise InvalidPolicyConfiguration(f"The events of this loop take {wanted}.", place)
