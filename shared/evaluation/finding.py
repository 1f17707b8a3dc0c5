"""The finding of an evaluation in plain words: which policy is better than `online` for certain, or that none is."""

from collections.abc import Sequence

from shared.evaluation.lead import Lead
from shared.metrics.intervals import CONFIDENCE


def describe_finding(ranked: Sequence[Lead]) -> str | None:
    """The finding from the leads of all policies; None if nothing was compared.

    Args:
        ranked: Those that are certain first, then by their estimates.
    """
    if not ranked:
        return None
    first, others = ranked[0], [each.name for each in ranked[1:] if each.is_certain]
    if not first.is_certain:
        return f"No policy is better than online for certain. Highest estimate: {first.name}, {_figures(first)}."
    text = f"Better than online for certain: {first.name}, {_figures(first)}."
    if others:
        text += f" So is each of {', '.join(others)}." if len(others) > 1 else f" So is {others[0]}."
        text += " They were compared with online, not with one another."
    return text


def doubt(name: str, lead: Lead | None) -> str | None:
    """Why a policy should not be applied without thought; None if it is better than `online` for certain.

    Args:
        lead: None without events.
    """
    if lead is None:
        return f"{name} is not better than online for certain: the evaluation had no event that tells of it."
    if lead.is_certain:
        return None
    is_worse = lead.is_answerable and lead.interval.high < 0
    return f"{name} is {'worse' if is_worse else 'not better'} than online for certain: {_figures(lead)}."


def _figures(lead: Lead) -> str:
    low, high = lead.interval
    number = "both" if lead.compared == 2 else f"all {lead.compared}"
    together = f", for {number} compared policies together" if lead.compared > 1 else ""
    text = (
        f"{lead.estimate:+.4f} per event over the same {lead.events:,.0f} events "
        f"({100 * CONFIDENCE:.0f} % interval {low:+.4f} to {high:+.4f}{together})"
    )
    return text if lead.is_answerable else f"{text}; but actions that it would have shown had no chance to be"
