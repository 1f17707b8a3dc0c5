"""The results as text: what the log holds, what it cannot teach, what was chosen and why, how learning went."""

from collections.abc import Iterator, Sequence

from localhost.columns import align
from localhost.evaluate.table import describe_counts, write_interval, write_number
from shared.imports.import_outcome import ImportOutcome
from shared.imports.stretches import Stretch
from shared.imports.verdict import JudgedPolicy

_POLICY_HEADINGS = ("policy", "events", "effective", "reward", "95 % interval", "above what was done")
_STRETCH_HEADINGS = ("events", "what was done", "95 % interval", "the model", "95 % interval", "effective")
_NO_NUMBER = "-"


def table(outcome: ImportOutcome) -> str:
    """Write all of it."""
    return "\n".join(_lines(outcome))


def _lines(outcome: ImportOutcome) -> Iterator[str]:
    yield describe_counts(outcome.lines)
    yield from outcome.remarks
    if outcome.gaps:
        yield from ("", "What this log cannot teach:")
        yield from (f"  * {gap}" for gap in outcome.gaps)
    yield from ("", *align([_POLICY_HEADINGS, *map(_policy, outcome.judged)]), "")
    yield from _doubts(outcome)
    yield f"Chosen: {outcome.chosen.name}. {outcome.chosen.because}"
    yield f"  {outcome.chosen.arguments}"
    yield from ("", "How the chosen settings learn, over the whole log:")
    yield from ("", *align([_STRETCH_HEADINGS, *map(_stretch, outcome.stretches)]), "")
    if any(stretch.reward is None for stretch in outcome.stretches):
        yield "Actions that the model would have shown had no chance to be, so it is unknown what it would have earned."
    yield "Each event is judged by the model that had learned the events before it."
    if outcome.candidates:
        yield "The first half of the log has helped to choose the settings, so its figures flatter them a little."
    yield f"The model has learned {outcome.model.events:,} events."


def _policy(judged: JudgedPolicy) -> Sequence[str]:
    return (
        judged.policy.name,
        f"{judged.events:,.0f}",
        _NO_NUMBER if judged.effective_events is None else f"{judged.effective_events:,.0f}",
        write_number(judged.reward),
        write_interval(judged.interval),
        write_interval(judged.above_interval, "+"),
    )


def _doubts(outcome: ImportOutcome) -> Iterator[str]:
    if outcome.no_search:
        yield outcome.no_search
    if outcome.candidates:
        yield (
            f"{outcome.candidates} settings were tried on the first half of the log; the figures of this "
            "table are of the other half."
        )
    yield from (f"{judged.policy.name}: {judged.because}" for judged in outcome.judged if judged.because)


def _stretch(stretch: Stretch) -> Sequence[str]:
    return (
        f"{stretch.first:,} - {stretch.last:,}",
        write_number(stretch.done),
        write_interval(stretch.done_interval),
        write_number(stretch.reward),
        write_interval(stretch.interval),
        _NO_NUMBER if stretch.effective_events is None else f"{stretch.effective_events:,.0f}",
    )
