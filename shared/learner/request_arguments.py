"""Learning arguments in a request: arguments that the loop does not take are refused, with their place."""

from shared.learner import arguments
from shared.learner.arguments import LearningArguments
from shared.learner.policy_cost import demand_affordable
from shared.web.errors import InvalidPolicyConfiguration


def parse_arguments(text: str, place: str) -> LearningArguments:
    """Parse the learning arguments in a text.

    Args:
        place: Where the text is in the request.

    Raises:
        InvalidPolicyConfiguration: The loop does not take the arguments, or they would make Rank too slow.
    """
    try:
        parsed = arguments.parse(text)
        demand_affordable(parsed)
    except arguments.InvalidLearningArguments as error:
        raise InvalidPolicyConfiguration(f"{error}.", place) from error
    return parsed
