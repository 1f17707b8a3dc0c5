"""The conclusion of an evaluation in plain words: which policy is better than `online` for certain, or that none is."""

from collections.abc import Sequence

from shared.evaluation.advantage import Advantage
from shared.metrics.intervals import CONFIDENCE


def conclude(ranked: Sequence[Advantage]) -> str | None:
    """The conclusion from the advantages of all policies; None if nothing was compared.

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


def doubt(name: str, advantage: Advantage | None) -> str | None:
    """Why a policy should not be applied without thought; None if it is better than `online` for certain.

    Args:
        advantage: None without events.
    """
    if advantage is None:
        return f"{name} is not better than online for certain: the evaluation had no event that tells of it."
    if advantage.is_certain:
        return None
    if not advantage.is_answerable:
        return (
            f"{name} is not better than online for certain: actions that it would have shown had no chance to be, and "
            f"the log cannot tell. It gives {_figures(advantage)}."
        )
    verdict = "worse than online for certain" if advantage.interval.high < 0 else "not better than online for certain"
    return f"{name} is {verdict}: {_figures(advantage)}."


def _figures(advantage: Advantage) -> str:
    low, high = advantage.interval
    together = f", for all {advantage.compared} compared policies together" if advantage.compared > 1 else ""
    return (
        f"{advantage.estimate:+.4f} per event over the same {advantage.events:,.0f} events "
        f"({100 * CONFIDENCE:.0f} % interval {low:+.4f} to {high:+.4f}{together})"
    )
