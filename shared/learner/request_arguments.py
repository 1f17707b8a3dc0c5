"""Learning arguments that a caller sends: what the loop does not take is refused, with the place it stands in."""

from shared.learner import arguments
from shared.learner.arguments import LearningArguments
from shared.web.errors import InvalidPolicyConfiguration


def taken(text: str, place: str) -> LearningArguments:
    """The learning arguments of a text.

    Raises:
        InvalidPolicyConfiguration: The loop does not take them.
    """
    try:
        return arguments.parse(text)
    except arguments.InvalidLearningArguments as error:
        raise InvalidPolicyConfiguration(f"{error}.", place) from error
