"""What a change of the learning mode would do, and what is known for and against it, in sentences."""

from collections.abc import Mapping, Sequence

from shared.configuration.configuration import Configuration
from shared.configuration.service_configuration import LearningMode
from shared.metrics import comparison
from shared.metrics.bins import Bin, total
from shared.metrics.comparison import PolicyEstimate
from shared.metrics.lift_record import Conclusion
from shared.metrics.verdict import judge
from shared.models.published import Published
from shared.status.mode_warnings import describe_imitation, imitates_poorly, imitates_well, imitation_now
from shared.times import to_iso_second
from shared.training.cursor import Cursor
from shared.training.training_state import State
from shared.words import pluralize

_SHOWS: Mapping[LearningMode, str] = {
    LearningMode.ONLINE: "Within seconds, Rank shows what it draws by the model's chances, and the loop learns from "
    "the rewards of the events that are ranked from then on.",
    LearningMode.APPRENTICE: "Within seconds, Rank shows the first action of each request, and the loop learns to "
    "choose it, whatever the rewards are.",
    LearningMode.LOGGING_ONLY: "Within seconds, Rank shows the first action of each request, and the loop learns from "
    "the rewards of the events that are ranked from then on.",
}


def describe(now: State, then: State, after: Configuration, published: Published) -> list[str]:
    """What a change of the mode does: what Rank shows, which model answers, and which events are learned."""
    mode = after.service.learning_mode
    sentences = [_SHOWS[mode]]
    if LearningMode.APPRENTICE not in (now.running.mode, mode):
        return [*sentences, "The model in use goes on."]
    if mode is LearningMode.APPRENTICE:
        return [*sentences, _describe_keeping(then)]
    if then.mode_switch and then.mode_switch.is_return:
        return [*sentences, *_describe_return(then.running, published)]
    if then.mode_switch and then.mode_switch.loss:
        lost = f"The model from before the loop was an apprentice cannot be used again, since {then.mode_switch.loss}."
        return [*sentences, f"{lost} The loop goes on with what it has learned since."]
    passed = "Events that were ranked as an apprentice and are not learned yet are passed over."
    return [*sentences, _describe_apprentice(now), passed]


def weigh(
    now: State, then: State, after: Configuration, before: Sequence[Bin], now_us: int
) -> tuple[list[str], list[str]]:
    """What is known for a change of the mode, and what against it.

    Args:
        before: The metrics of the last day before the loop became an apprentice.
    """
    modes = now.running.mode, after.service.learning_mode
    if modes[0] is LearningMode.ONLINE:
        verdict = judge(now.metrics, LearningMode.ONLINE, now_us)
        return ([verdict.because], []) if verdict.conclusion is Conclusion.WORSE else ([], [verdict.because])
    if modes != (LearningMode.APPRENTICE, LearningMode.ONLINE):
        return [], []
    if then.mode_switch and then.mode_switch.is_return:
        return _compare(before)
    return _weigh_apprentice(now)


def _describe_keeping(then: State) -> str:
    earlier = then.before_apprentice
    if earlier is not None:
        return (
            f"The model in use, {_describe_model(earlier)}, is kept with its training state: when learningMode is "
            "Online or LoggingOnly again, the loop goes on from it. A copy goes on as the apprentice's."
        )
    if then.running.model is None:
        return "There is no model yet, so none is kept."
    return "The model in use has never learned Online: it goes on as the apprentice's, and none is kept."


def _describe_return(running: Cursor, published: Published) -> list[str]:
    sentences = [
        "With the next run of the trainer, Rank uses the model again that the loop had before it became an apprentice, "
        f"{_describe_model(running)}. It goes on learning from there, also what was ranked Online and had not been "
        "learned when the mode changed. Until then, Rank answers with the apprentice's model."
    ]
    blob = running.model.predictor_blob if running.model else None
    if published.model is not None and published.model.predictor_blob != blob:
        sentences.append(
            f"The apprentice's model stays in the list of models as {published.model.id}, and can be published again."
        )
    return sentences


def _describe_apprentice(now: State) -> str:
    if now.running.model is None:
        return "The loop has no model yet: until the first is there, all actions have the same chance."
    return (
        "The loop has never learned Online, so it goes on with what the apprentice has learned: "
        f"{_describe_model(now.running)}."
    )


def _describe_model(cursor: Cursor) -> str:
    events = pluralize(cursor.events, "event", "events")
    return f"with {events} learned up to {to_iso_second(cursor.learned_up_to_us)}"


def _weigh_apprentice(now: State) -> tuple[list[str], list[str]]:
    likeness = imitation_now(now.metrics.apprentice)
    if now.running.model is None:
        return [], ["No model has learned anything yet, so Rank would draw at random."]
    if not likeness.number_of_events:
        return [], ["No event of an apprentice is log yet, so it is not known how well it imitates."]
    sentence = describe_imitation(likeness)
    if imitates_poorly(now.metrics.apprentice):
        return [], [f"{sentence} It may earn less than the first action at first."]
    if imitates_well(now.metrics.apprentice):
        return [sentence], []
    return [], [f"{sentence} That does not tell yet whether it imitates well."]


def _compare(bins: Sequence[Bin]) -> tuple[list[str], list[str]]:
    """What the loop earned Online beside the first action, for going Online again or against it."""
    when = "In its last day before it became an apprentice"
    online = [a_bin for a_bin in bins if a_bin.events and not a_bin.random.silent]
    sums = total(online, online[0].from_us if online else 0)
    policies = comparison.compare(sums, comparison.span(online))
    loop, first = policies.online, policies.first
    if loop.average_reward is None or first.average_reward is None or loop.interval is None or first.interval is None:
        return [], [f"{when}, nothing tells what the loop earned Online beside the first action."]
    events = pluralize(sums.events, "event", "events")
    text = (
        f"{when}, the loop earned {_write(loop)} an event Online, over {events}; always the first action would have "
        f"earned {_write(first)} there."
    )
    if loop.interval[0] <= first.interval[1] and first.interval[0] <= loop.interval[1]:
        text += " The intervals overlap, so the difference may be chance."
    return ([text], []) if loop.average_reward > first.average_reward else ([], [text])


def _write(estimate: PolicyEstimate) -> str:
    low, high = estimate.interval or (0.0, 0.0)
    return f"{estimate.average_reward or 0:.3f} ({low:.3f} to {high:.3f})"
