"""Quantiles, against those of scipy."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import special, stats

from shared.metrics import quantiles

_SHAPES = st.floats(-2, 6).map(lambda exponent: 10.0**exponent)
_PROBABILITIES = st.one_of(st.sampled_from([0.005, 0.025, 0.5, 0.975, 0.995]), st.floats(1e-6, 1 - 1e-6))


@given(_PROBABILITIES, _SHAPES, _SHAPES)
def test_a_beta_quantile_is_that_of_scipy(probability: float, a: float, b: float) -> None:
    """For shapes from a hundredth to a million; the smaller one of it and its complement is precise."""
    expected = float(stats.beta.ppf(probability, a, b))

    result = quantiles.beta_quantile(probability, a, b)

    assert result == pytest.approx(expected, rel=1e-6, abs=1e-280)
    assert 1 - result == pytest.approx(float(stats.beta.isf(probability, b, a)), rel=1e-6, abs=1e-15)


@given(_PROBABILITIES, _SHAPES)
def test_a_gamma_quantile_is_that_of_scipy(probability: float, shape: float) -> None:
    """Below a thousand it is searched for, above it is a series."""
    expected = float(stats.gamma.ppf(probability, shape))

    assert quantiles.gamma_quantile(probability, shape) == pytest.approx(expected, rel=1e-8, abs=1e-280)


@given(st.floats(0.001, 0.999), st.floats(1e4, 1e9))
def test_how_far_a_gamma_quantile_is_from_the_mean_stays_precise(probability: float, shape: float) -> None:
    """Where both numbers are large, their difference would have few digits."""
    expected = float(special.gammaincinv(shape, probability)) - shape

    assert quantiles.gamma_excess(probability, shape) == pytest.approx(expected, rel=1e-6, abs=1e-6 * shape**0.5)


@given(st.floats(0, 1, allow_subnormal=False), _SHAPES, _SHAPES)
def test_the_beta_distribution_is_that_of_scipy(x: float, a: float, b: float) -> None:
    """On its whole range, but for the numbers below 1e-307, where scipy itself keeps three digits."""
    assert quantiles.incomplete_beta(x, a, b) == pytest.approx(float(special.betainc(a, b, x)), rel=1e-7, abs=1e-12)


@given(st.floats(0, 1e4), st.floats(-2, 3).map(lambda exponent: 10.0**exponent))
def test_the_gamma_distribution_is_that_of_scipy(x: float, shape: float) -> None:
    """On its whole range."""
    assert quantiles.incomplete_gamma(x, shape) == pytest.approx(float(special.gammainc(shape, x)), rel=1e-9, abs=1e-12)


def test_the_ends_have_quantiles_too() -> None:
    """What no number is below, and what all are below."""
    assert (quantiles.beta_quantile(0, 2, 3), quantiles.beta_quantile(1, 2, 3)) == (0.0, 1.0)
    assert (quantiles.gamma_quantile(0, 2), quantiles.gamma_quantile(1, 2)) == (0.0, float("inf"))
