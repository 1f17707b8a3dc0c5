"""Doubly robust: a reward model's forecast, corrected by what it missed; unbiased however bad the model is."""

from shared.metrics.estimators.sums import Sums


def estimate(sums: Sums) -> float | None:
    """The policy's reward per event; None without events, and where not all have a forecast.

    Source: Dudík, Langford, Li: Doubly robust policy evaluation and learning, 2011.
    """
    return sums.doubly_robust / sums.events if is_modelled(sums) else None


def is_modelled(sums: Sums) -> bool:
    """Whether there are events, and a reward model foretold the rewards of all of them."""
    return 0 < sums.lines == sums.modelled
