"""What came of a quarantine or a relabel: whether models and metrics follow it, and how many decisions it changed."""

from shared.configuration.corrections import Quarantine, Relabel
from shared.log.quarantine_forms import DecisionsAnswer, Effect
from shared.metrics.intervals import proportion
from shared.training.changed_decisions import ChangedDecisions
from shared.training.training_state import State


def find_effect(quarantine: Quarantine | Relabel, state: State | None) -> Effect:
    """What came of a quarantine, or of a relabel, so far; a proposal has nothing to wait for.

    Args:
        state: None before the first run of the trainer, which has learned and counted nothing.
    """
    if state is None:
        return Effect(learned=True, counted=True, decisions=None)
    since = quarantine.lifted_revision or quarantine.revision
    compared = [
        each
        for each in state.changed_decisions
        if each.revision >= since and quarantine.correction.key in each.corrections
    ]
    decisions = answer_decisions(compared[-1]) if compared else None
    return Effect(_is_learned(quarantine, state), _is_counted(quarantine, state), decisions)


def answer_decisions(compared: ChangedDecisions) -> DecisionsAnswer:
    """The answer about a comparison of decisions."""
    events, changed = compared.events, compared.changed
    low, high = proportion(changed, events) if events else (0.0, 1.0)
    return DecisionsAnswer(
        at=compared.at_us,
        events=events,
        changed=changed,
        share=changed / events if events else None,
        interval=(low, high) if events else None,
    )


def _is_learned(quarantine: Quarantine | Relabel, state: State) -> bool:
    running, correction = state.running, quarantine.correction
    if (correction in running.corrections) == quarantine.is_active:
        return True
    return not correction.touches(running.learned_from_us, running.learned_up_to_us)


def _is_counted(quarantine: Quarantine | Relabel, state: State) -> bool:
    correction, recount = quarantine.correction, state.recount
    if (correction in state.counted_under) != quarantine.is_active:
        return not correction.touches(0, state.joined_up_to_us)
    return recount is None or recount.is_done or not correction.touches(recount.from_us, recount.to_us)
