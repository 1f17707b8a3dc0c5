"""The estimators of a policy's reward per event. A new one is a function here and its entry in `POINT_ESTIMATORS`."""

from collections.abc import Callable
from dataclasses import dataclass

from shared.metrics.estimators import cressie_read
from shared.metrics.estimators.sums import Sums


@dataclass(frozen=True, slots=True)
class PointEstimator:
    """An estimator of a policy's reward per event.

    Attributes:
        name: Its name in answers, which write it in camelCase.
        heading: Of its column in the table of an evaluation; empty if the table has none.
        estimate: From the sums over a log; None where they do not suffice.
    """

    name: str
    heading: str
    estimate: Callable[[Sums], float | None]


def ips(sums: Sums) -> float | None:
    """Inverse propensity scoring, n / N: unbiased, noisy where weights are large; None without events.

    Source: the old service's `averageReward`.
    """
    return sums.rewards / sums.events if sums.events else None


def snips(sums: Sums) -> float | None:
    """Self-normalised inverse propensity scoring, n / d; None where no event has a weight.

    It is never outside the range of the logged rewards, and a little biased for few events.

    Source: Swaminathan and Joachims: The self-normalized estimator for counterfactual learning, 2015.
    """
    return sums.rewards / sums.weights if sums.weights else None


def doubly_robust(sums: Sums) -> float | None:
    """A reward model's forecast, corrected by its errors: unbiased however bad the model is.

    None without events, and where not all have a forecast.

    Source: Dudík, Langford, Li: Doubly robust policy evaluation and learning, 2011.
    """
    return sums.doubly_robust / sums.events if sums.is_modelled else None


POINT_ESTIMATORS = (
    PointEstimator("ips", "", ips),
    PointEstimator("snips", "SNIPS", snips),
    PointEstimator("cressie_read", "reward", cressie_read.estimate),
    PointEstimator("doubly_robust", "doubly robust", doubly_robust),
)
