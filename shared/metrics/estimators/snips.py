"""Self-normalised inverse propensity scoring: never outside of the rewards seen, a little biased for few events."""

from shared.metrics.estimators.sums import Sums


def estimate(sums: Sums) -> float | None:
    """The policy's reward per event, n / d; None where no event has a weight.

    Source: Swaminathan and Joachims: The self-normalized estimator for counterfactual learning, 2015.
    """
    return sums.rewards / sums.weights if sums.weights else None
