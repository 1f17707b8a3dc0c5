"""The warnings that follow from what the loop earns."""

from shared.configuration.service_configuration import LearningMode
from shared.metrics.lift_record import SETTLED_EVENTS, Conclusion, Over, Window
from shared.metrics.verdict import Advantage, measure
from shared.status.learning_status import StatusInputs
from shared.status.warnings import LoopWarning
from shared.times import to_iso_second
from shared.words import pluralize, round_figure

_SPANS = {Over.DAY: "the last day or so", Over.WEEK: "the last week or so"}


def verdict_warnings(inputs: StatusInputs) -> list[LoopWarning]:
    """The warnings of an Online loop that earns less than it would without learning."""
    if inputs.state is None or inputs.configuration.service.learning_mode is not LearningMode.ONLINE:
        return []
    record = inputs.state.metrics.lift
    windows = [*record.latest(inputs.now_us), *record.windows(inputs.now_us)]
    settled = [window for window in [*windows, record.settled_window] if window and window.is_settled]
    warnings = [_worse_than_first(settled), _worse_than_random(windows)]
    return [warning for warning in warnings if warning is not None]


def _worse_than_first(windows: list[Window]) -> LoopWarning | None:
    """The warning of a loop that has had time to learn: before, it tries actions that may be worse than its default."""
    for window in windows:
        if window.against_first is Conclusion.WORSE:
            return LoopWarning(
                "WorseThanFirstAction",
                f"{_describe_shortfall(window, measure(window).first)} than always the first action would have; "
                f"{SETTLED_EVENTS:,} events came before, from which it could learn.",
                "Check that rewards are higher for what is better, and that features tell what the choice depends on. "
                "If the first action is hard to beat, lower explorationPercentage, or go back to Apprentice mode.",
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
