"""The warning of a change of the learning mode after which the loop goes on with less than it knew."""

from shared.configuration.configuration import Configuration
from shared.configuration.service_configuration import LearningMode
from shared.metrics import comparison
from shared.metrics.apprentice import Apprentice
from shared.metrics.comparison import Likeness
from shared.models.published import Published
from shared.status.warnings import LoopWarning, Remedy
from shared.training.configuration_changes import foresee
from shared.training.training_state import State

ENOUGH = 1000
"""How many events a loop learns after the change until the warning ends."""
NEWEST = 200
"""How many events of an apprentice tell how well it imitates now: older ones are of models that had learned less."""
_FEW = 100
_POOR = 0.8


def mode_warnings(state: State | None, configuration: Configuration, published: Published) -> list[LoopWarning]:
    """The warning `ModeSwitchForgets`, from the moment at which the configuration has the new mode.

    Args:
        state: None before the first training run.
    """
    if state is None or configuration.service.learning_mode is not LearningMode.ONLINE:
        return []
    switch = foresee(state, configuration, published).mode_switch
    if switch is None or switch.is_return or state.counters.learned - switch.learned >= ENOUGH:
        return []
    if switch.loss:
        return [_of_lost_model(switch.loss)]
    if switch.before is LearningMode.APPRENTICE and imitates_poorly(state.metrics.apprentice):
        return [_of_poor_apprentice(imitation_now(state.metrics.apprentice))]
    return []


def imitation_now(apprentice: Apprentice) -> Likeness:
    """How well an apprentice imitates, by its newest events."""
    return comparison.likeness(apprentice.newest(NEWEST))


def imitates_poorly(apprentice: Apprentice) -> bool:
    """Whether the match rate is far below its ceiling for sure: all of its interval is below four fifths of it."""
    likeness = imitation_now(apprentice)
    _, high = likeness.match_rate_interval or (0.0, 1.0)
    return likeness.number_of_events >= _FEW and high < _POOR * (likeness.match_rate_ceiling or 0)


def imitates_well(apprentice: Apprentice) -> bool:
    """Whether the match rate is near its ceiling for sure: all of its interval is above four fifths of it."""
    likeness = imitation_now(apprentice)
    low, _ = likeness.match_rate_interval or (0.0, 1.0)
    return likeness.number_of_events > 0 and low >= _POOR * (likeness.match_rate_ceiling or 0)


def describe_imitation(likeness: Likeness) -> str:
    """A sentence about an apprentice that has had events."""
    low, high = likeness.match_rate_interval or (0.0, 1.0)
    return (
        f"In its last {likeness.number_of_events:,} events, the apprentice would have shown the first action in "
        f"{likeness.match_rate or 0:.3f} of them ({low:.3f} to {high:.3f} with 95 % certainty); "
        f"{likeness.match_rate_ceiling or 0:.3f} is the most that the exploration leaves."
    )


def _of_poor_apprentice(likeness: Likeness) -> LoopWarning:
    return LoopWarning(
        "ModeSwitchForgets",
        f"{describe_imitation(likeness)} The loop is Online with what that has learned, so it may earn less than the "
        f"first action until it has learned {ENOUGH} events.",
        "Set learningMode back to Apprentice until the match rate has come near its ceiling, or let the loop learn on.",
        (
            Remedy(
                "Back to Apprentice mode",
                "Each Rank then shows your default and earns what that earns, no more, until you go Online again.",
                "learningMode",
                LearningMode.APPRENTICE.value,
            ),
        ),
    )


def _of_lost_model(loss: str) -> LoopWarning:
    return LoopWarning(
        "ModeSwitchForgets",
        "The model that the loop had before it became an apprentice was not put in use again, since "
        f"{loss}. The loop is Online with what it has learned since.",
        "Publish an earlier model by POST /rankloop/v1/models/{modelId}/publish, or let the loop learn on: the warning "
        f"ends after {ENOUGH} learned events.",
        (
            Remedy(
                "Choose an earlier model", "What the loop has learned since that model is not in use.", place="models"
            ),
        ),
    )
