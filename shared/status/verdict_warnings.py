"""The warnings that follow from what the loop earns."""

from collections.abc import Sequence

from shared.configuration.configuration import Configuration
from shared.configuration.service_configuration import LearningMode
from shared.metrics.lift_record import SETTLED_EVENTS, Conclusion, Over, Window
from shared.metrics.verdict import Advantage, measure
from shared.status.learning_status import StatusInputs
from shared.status.warnings import LITTLE, LoopWarning, Remedy, explore_little
from shared.times import to_iso_second
from shared.words import pluralize, round_figure

_UNTIL_APPLIED = "It costs computing time only: nothing changes until you apply what it finds."
_CHECK_REWARDS = (
    "It costs nothing: rewards must be higher for what is better, and each must carry the eventId of its Rank."
)
_SPANS = {Over.DAY: "the last day or so", Over.WEEK: "the last week or so"}


def verdict_warnings(inputs: StatusInputs) -> list[LoopWarning]:
    """The warnings of an Online loop that earns less than it would without learning."""
    if inputs.state is None or inputs.configuration.service.learning_mode is not LearningMode.ONLINE:
        return []
    record = inputs.state.metrics.lift
    windows = [*record.latest(inputs.now_us), *record.windows(inputs.now_us)]
    settled = [window for window in [*windows, record.settled_window] if window and window.is_settled]
    remedies = _list_remedies(inputs.configuration)
    warnings = [_worse_than_first(settled, remedies), _worse_than_random(windows)]
    return [warning for warning in warnings if warning is not None]


def find_remedies(inputs: StatusInputs) -> list[Remedy]:
    """What to do while the verdict is that the loop earns less than always the first action; the first to try first."""
    state, verdict = inputs.state, inputs.verdict
    if state is None or verdict.conclusion is not Conclusion.WORSE:
        return []
    first, *others = _list_remedies(inputs.configuration)
    missing = SETTLED_EVENTS - state.metrics.lift.sums.events
    if missing <= 0:
        return [first, *others]
    less = next((abs(window.first.lift or 0) for window in verdict.windows if window.over == verdict.over), 0)
    learn = Remedy(
        f"Let it learn from {pluralize(missing, 'more event', 'more events')}",
        f"In its first {SETTLED_EVENTS:,} events a loop tries what may be worse, as it has to. Until then it may go on "
        f"earning {round_figure(less)} less per event.",
    )
    return [first, learn, *others]


def _list_remedies(configuration: Configuration) -> list[Remedy]:
    """What helps a loop that has had time to learn."""
    evaluate = Remedy("Evaluate other settings", _UNTIL_APPLIED, place="evaluations?create=yes")
    retreat = Remedy(
        "Back to Apprentice mode",
        "Each Rank then shows your default and earns what that earns, no more. The loop learns to imitate it.",
        "learningMode",
        LearningMode.APPRENTICE.value,
    )
    if configuration.service.exploration_percentage <= LITTLE or not configuration.learning.has_epsilon:
        return [_see_rewards(), evaluate, retreat]
    less = explore_little("More Ranks follow the model. It learns less quickly what else may be better.")
    return [_see_rewards(), evaluate, less, retreat]


def _see_rewards() -> Remedy:
    return Remedy("See the rewards", _CHECK_REWARDS, place="events?kind=reward")


def _worse_than_first(windows: list[Window], remedies: Sequence[Remedy]) -> LoopWarning | None:
    """The warning of a loop that has had time to learn: before, it tries actions that may be worse than its default."""
    for window in windows:
        if window.against_first is Conclusion.WORSE:
            return LoopWarning(
                "WorseThanFirstAction",
                f"{_describe_shortfall(window, measure(window).first)} than always the first action would have; "
                f"{SETTLED_EVENTS:,} events came before, from which it could learn.",
                "Check that rewards are higher for what is better, and that features tell what the choice depends on. "
                "If the first action is hard to beat, lower explorationPercentage, or go back to Apprentice mode.",
                tuple(remedies),
            )
    return None


def _worse_than_random(windows: list[Window]) -> LoopWarning | None:
    for window in windows:
        if window.against_random is Conclusion.WORSE:
            return LoopWarning(
                "WorseThanRandom",
                f"{_describe_shortfall(window, measure(window).random)} than random actions would have.",
                "Check that rewards are higher for what is better, and that each reward carries the eventId of its own "
                "Rank. If the model is from outside or from other times, reset it.",
                (
                    _see_rewards(),
                    Remedy(
                        "Reset the model",
                        "All that it has learned is gone, and all actions have the same chance until the next model.",
                        place="setup/data",
                    ),
                ),
            )
    return None


def _describe_shortfall(window: Window, advantage: Advantage) -> str:
    low, high = advantage.interval or (0.0, 0.0)
    events = pluralize(advantage.events, "event", "events")
    span = _SPANS.get(window.over, f"those since {to_iso_second(window.from_us)}")
    return (
        f"Over {events}, {span}, the loop earned {round_figure(abs(advantage.lift or 0))} less per event "
        f"(95 % interval {round_figure(-high)} to {round_figure(-low)})"
    )
