"""Learning arguments in a request: arguments that the loop does not take are refused, with their place."""

from shared.learner import arguments
from shared.learner.arguments import LearningArguments
from shared.web.errors import InvalidPolicyConfiguration


def parse_arguments(text: str, place: str) -> LearningArguments:
    """Parse the learning arguments in a text.

    Args:
        place: Where the text is in the request.

    Raises:
        InvalidPolicyConfiguration: The loop does not take the arguments.
    """
    try:
        return arguments.parse(text)
    except arguments.InvalidLearningArguments as error:
        raise InvalidPolicyConfiguration(f"{error}.", place) from error
