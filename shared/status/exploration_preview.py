"""What is known for and against an exploration: one that is set, or that a change would set, in sentences."""

from collections.abc import Iterator

from shared.configuration.configuration import Configuration
from shared.configuration.learning_arguments import mean_the_same
from shared.configuration.service_configuration import LearningMode
from shared.learner.arguments import parse
from shared.words import round_figure

LEAST, MOST = 0.02, 0.05
"""Between them loops earned most in sixteen worlds, once they had learned (`bench worlds`)."""
_MEASURED = frozenset(("--synthcover", "--clip_p", "--epsilon"))
"""What settings must have for the figure to be about them: a new loop's do."""
_GAIN = "In sixteen worlds such settings earned 10% more an event with 2% than with 20%, once they had learned"


def caution(configuration: Configuration) -> str | None:
    """What an exploration costs that keeps the loop from learning what is better, or from using it; else None."""
    if configuration.has_no_exploration:
        return (
            "The exploration is 0: what the model holds for bad is never shown, so it cannot find out where it is "
            "wrong. It goes on losing what a better action would earn, and neither an evaluation nor the verdict can "
            "tell how much."
        )
    if not configuration.hardly_exploits:
        return None
    share = _share(configuration)
    used = "no Rank follows the model" if share >= 1 else f"only {round_figure(100 * (1 - share))} % follow the model"
    return (
        f"The exploration is {round_figure(100 * share)} %: {used}, however much it has learned. "
        f"{'All' if share >= 1 else 'The others'} show actions at random, and earn what random actions earn."
    )


def reasons(before: Configuration, after: Configuration) -> Iterator[str]:
    """Why the exploration is lowered rightly."""
    if _is_about(before, after) and LEAST <= _share(after) <= MOST < _share(before):
        yield f"{_GAIN}, and {MOST:.0%} still answers for other settings."


def doubts(before: Configuration, after: Configuration) -> Iterator[str]:
    """Why another exploration would be better."""
    text, modes = caution(after), (before.service.learning_mode, after.service.learning_mode)
    goes_online = modes[0] is not LearningMode.ONLINE and modes[1] is LearningMode.ONLINE
    if text is not None and (text != caution(before) or goes_online):
        yield text
    if not _is_about(before, after) or not _share(after):
        return
    if _share(after) > MOST:
        yield f"{_GAIN}. An exploration of {LEAST:.0%} to {MOST:.0%} is enough for a loop that has learned."
    elif _share(after) < LEAST:
        yield f"With an exploration below {LEAST:.0%} it takes long until the log can answer for anything else."


def _is_about(before: Configuration, after: Configuration) -> bool:
    """Whether the change sets an exploration for settings such as those of a new loop: of others nothing is known."""
    is_measured = {name for name, _ in parse(after.learning.arguments).options} >= _MEASURED
    is_same = mean_the_same(before.learning.arguments, after.learning.arguments)
    changes = _share(before) != _share(after) or not is_same
    return is_measured and changes and after.service.learning_mode is LearningMode.ONLINE


def _share(configuration: Configuration) -> float:
    return configuration.service.exploration_percentage
