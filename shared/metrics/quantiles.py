"""Quantiles of the beta and the gamma distribution, with the standard library only."""

from collections.abc import Callable
from math import exp, inf, lgamma, log, log1p, sqrt
from statistics import NormalDist

_TINY = 1e-300
_PRECISE = 1e-15
_MOST_STEPS = 100_000
_FAR = 700.0
"""In logarithms: a number beyond is indistinguishable from 0."""

_LARGE_SHAPE = 1000.0
_MANY_DEGREES = 1e8
"""From there on, Student's t is normal in all digits that a float has."""


def normal_quantile(probability: float) -> float:
    """What a standard normal number stays below with a probability, which is in (0, 1)."""
    return NormalDist().inv_cdf(probability)


def incomplete_beta(x: float, a: float, b: float) -> float:
    """The probability that a number of the distribution Beta(a, b) is below `x`.

    Args:
        x: In [0, 1].
        a: Positive, like `b`.
    Source: the continued fraction of DLMF 8.17.22, evaluated by the modified method of Lentz.
    """
    if x <= 0 or x >= 1:
        return float(x >= 1)
    if x > (a + 1) / (a + b + 2):
        return 1 - _beta_part(1 - x, b, a)
    return _beta_part(x, a, b)


def beta_quantile(probability: float, a: float, b: float) -> float:
    """What a number of the distribution Beta(a, b) stays below with a probability, which is in [0, 1]."""
    if probability <= 0 or probability >= 1:
        return float(probability >= 1)
    if probability > incomplete_beta(a / (a + b), a, b):  # the small one of x and 1 - x keeps its digits
        return 1 - _small_beta_quantile(1 - probability, b, a)
    return _small_beta_quantile(probability, a, b)


def f_quantile(probability: float, degrees: float) -> float:
    """What a number of the F distribution with (1, `degrees`) degrees of freedom stays below with a probability.

    It is the square of Student's t.

    Args:
        probability: From 0 to 1 − 1e-9.
    """
    if degrees > _MANY_DEGREES:
        return normal_quantile((1 + probability) / 2) ** 2
    part, rest = beta_quantile(probability, 0.5, degrees / 2), beta_quantile(1 - probability, degrees / 2, 0.5)
    return degrees * part / rest


def incomplete_gamma(x: float, shape: float) -> float:
    """The probability that a number of the gamma distribution with a shape and scale 1 is below `x`.

    Source: the series of DLMF 8.11.4 and the continued fraction of DLMF 8.9.2.
    """
    if x <= 0:
        return 0.0
    front = exp(shape * log(x) - x - lgamma(shape))
    if x < shape + 1:
        return min(1.0, front * _gamma_series(x, shape))
    return 1 - front * _gamma_fraction(x, shape)


def gamma_quantile(probability: float, shape: float) -> float:
    """What a number of the gamma distribution with a shape and scale 1 stays below with a probability in [0, 1]."""
    if probability <= 0 or probability >= 1:
        return inf if probability >= 1 else 0.0
    if shape >= _LARGE_SHAPE:
        return shape + gamma_excess(probability, shape)

    def slope(log_x: float) -> float:
        return exp(shape * log_x - exp(log_x) - lgamma(shape))

    third = 1 / (9 * shape)  # Wilson and Hilferty: the cube root is nearly normal
    start = 1 - third + normal_quantile(probability) * sqrt(third)
    begin = log(shape * start**3) if start > 0 else (log(probability) + lgamma(shape + 1)) / shape
    return exp(_solve(lambda log_x: incomplete_gamma(exp(log_x), shape), slope, probability, begin))


def gamma_excess(probability: float, shape: float) -> float:
    """By how much the quantile lies above the shape, which is the distribution's mean; precise for large shapes too.

    Source: the expansion of Cornish and Fisher, of which the first part left out is of the order shape**-2.
    """
    if shape < _LARGE_SHAPE:
        return gamma_quantile(probability, shape) - shape
    z, root = normal_quantile(probability), sqrt(shape)
    return (
        z * root
        + (z**2 - 1) / 3
        + (z**3 - 7 * z) / (36 * root)
        - (3 * z**4 + 7 * z**2 - 16) / (810 * shape)
        + (9 * z**5 + 256 * z**3 - 433 * z) / (38880 * shape * root)
    )


def _small_beta_quantile(probability: float, a: float, b: float) -> float:
    """As `beta_quantile`, for probabilities below that of the mean; searched by log odds."""

    def below(odds: float) -> float:
        return incomplete_beta(_logistic(odds), a, b)

    def slope(odds: float) -> float:
        x = _logistic(odds)
        return exp(a * log(x) + b * log1p(-x) - _log_beta(a, b)) if 0 < x < 1 else 0.0

    begin = log(a) - log(b) + normal_quantile(probability) * sqrt(1 / a + 1 / b)
    return _logistic(_solve(below, slope, probability, begin))


def _logistic(odds: float) -> float:
    return 1 / (1 + exp(-odds)) if odds > -_FAR else exp(odds)


def _log_beta(a: float, b: float) -> float:
    return lgamma(a) + lgamma(b) - lgamma(a + b)


def _beta_part(x: float, a: float, b: float) -> float:
    front = exp(a * log(x) + b * log1p(-x) - _log_beta(a, b)) / a
    c, d = 1.0, 1 / _avoid_zero(1 - (a + b) * x / (a + 1))
    value = d
    for m in range(1, _MOST_STEPS):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        for step in (even, odd):
            d, c = 1 / _avoid_zero(1 + step * d), _avoid_zero(1 + step / c)
            value *= d * c
        if abs(d * c - 1) < _PRECISE:
            break
    return min(1.0, front * value)


def _gamma_series(x: float, shape: float) -> float:
    term = total = 1 / shape
    for n in range(1, _MOST_STEPS):
        term *= x / (shape + n)
        total += term
        if term < total * _PRECISE:
            break
    return total


def _gamma_fraction(x: float, shape: float) -> float:
    b = x + 1 - shape
    c, d = 1 / _TINY, 1 / _avoid_zero(b)
    value = d
    for n in range(1, _MOST_STEPS):
        step = -n * (n - shape)
        b += 2
        d, c = 1 / _avoid_zero(step * d + b), _avoid_zero(b + step / c)
        value *= d * c
        if abs(d * c - 1) < _PRECISE:
            break
    return value


def _avoid_zero(value: float) -> float:
    return value if abs(value) > _TINY else _TINY


def _solve(below: Callable[[float], float], slope: Callable[[float], float], probability: float, begin: float) -> float:
    """Where a growing function reaches a probability: by Newton's steps, and by halving where they lead astray."""
    low, high, at = -_FAR, _FAR, min(max(begin, -_FAR), _FAR)
    for _ in range(200):
        error = below(at) - probability
        low, high = (low, at) if error > 0 else (at, high)
        rise = slope(at)
        following = at - error / rise if rise > 0 else low
        if not low < following < high:
            following = (low + high) / 2
        if abs(following - at) <= 4e-16 * max(1.0, abs(at)):
            return following
        at = following
    return at
