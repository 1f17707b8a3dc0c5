"""Verdicts about trials of few events, which never suffice for the product's own.

What follows depends on how often which action was shown, not on what was earned: so trials end in all ways, often.
"""

from typing import Final

from shared.evaluation.trial_verdict import TrialDecision, TrialVerdict
from shared.metrics.estimators.trial_sums import TrialSums

_CLEARLY: Final = 1.5


def judge(sums: TrialSums, _largest: float, _error: float) -> TrialVerdict:
    """Judge a trial, as `trial_verdict.judge_trial`."""
    if abs(sums.surpluses) < _CLEARLY:
        return TrialVerdict(TrialDecision.GO_ON, "It may be chance.")
    is_better = sums.surpluses > 0
    return TrialVerdict(TrialDecision.APPLY if is_better else TrialDecision.WITHDRAW, f"It has {sums.surpluses}.")


def is_in_favour(sums: TrialSums, _largest: float) -> bool:
    """Whether a challenger stays on trial although another one is there, as `trial_verdict.is_in_favour`."""
    return sums.surpluses > 0
