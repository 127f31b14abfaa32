import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from models.aggregate import compound, compound_counts
from models.messages import InputError


def convolved(counts, severity):
    total, power = np.zeros(len(counts) * len(severity)), np.array([1.0])
    for p in counts:
        total[: len(power)] += p * power
        power = np.convolve(power, severity)
    return total


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 10_000))
def test_equals_direct_convolution(seed):
    rng = np.random.default_rng(seed)
    counts, severity = rng.dirichlet(np.ones(5)), rng.dirichlet(np.ones(6))
    found = compound_counts(counts, severity, 2.0, 64)
    direct = convolved(counts, severity)
    assert found.pmf[: len(direct)] == pytest.approx(direct, abs=1e-10)
    assert found.mean == pytest.approx(2 * direct @ np.arange(len(direct)))
    assert found.checks.ok


@settings(deadline=None, max_examples=30)
@given(st.floats(0.1, 50), st.floats(1.0, 5.0), st.floats(0.2, 3))
def test_moments_quantiles_and_tails_agree_with_each_other(mean, ratio, shape):
    found = compound(mean, mean * ratio, stats.gamma(shape, scale=10), 1, 2**14)
    assert found.std**2 == pytest.approx(mean * shape * 100 + mean * ratio * (shape * 10) ** 2, rel=1e-9)
    p = np.array([0.01, 0.5, 0.9, 0.99])
    at = found.quantile(p)
    assert (np.diff(at) >= 0).all()
    assert (found.cdf(at) >= p - 1e-9).all()
    assert (found.cdf(at - 1) < p + 1e-9).all()
    assert (found.tail_value_at_risk(p) >= at - 1e-9).all()
    assert found.tail_value_at_risk(0.0) == pytest.approx(found.pmf @ found.values, rel=1e-6)


def test_binomial_and_certain_counts():
    assert compound(3, 3 * 0.7, [0, 1.0], 1, 32).pmf[:11] == pytest.approx(
        stats.binom(10, 0.3).pmf(np.arange(11)), abs=1e-10
    )
    assert compound(2, 0, [0, 0.5, 0.5], 1, 8).pmf[2:5] == pytest.approx([0.25, 0.5, 0.25], abs=1e-10)
    assert compound(0, 0, stats.expon(), 1, 8).pmf[0] == pytest.approx(1)


def test_a_grid_that_is_too_short_says_so():
    found = compound(100, 100, stats.expon(scale=10), 1, 2**9)
    assert not found.checks.ok
    assert found.checks.missing_mass > 0.5


def test_a_grid_that_is_too_coarse_says_so():
    assert not compound(1, 1, stats.expon(scale=1), 5, 2**10).checks.ok


def test_an_infinite_variance_is_gently_handled():
    found = compound(5, 5, stats.pareto(1.5, loc=-1, scale=1), 1, 2**14)
    assert found.std == np.inf
    assert found.quantile(0.9) > 0


@pytest.mark.parametrize(
    ("arguments"),
    [
        (-1, 1, stats.expon(), 1, 8),
        (1, 1, stats.norm(), 1, 8),
        (1, 1, [0.5, 0.4], 1, 8),
        (1, 1, stats.expon(), 0, 8),
        (1, 1, stats.expon(), 1, 1),
        (1, 1, stats.cauchy(loc=1e12), 1, 8),
        (np.nan, 1, [1.0], 1, 8),
        (2.5, 1.2, [1.0], 1, 8),
        (1, 1, stats.pareto(0.9), 1, 8),
    ],
)
def test_nonsense_is_refused(arguments):
    with pytest.raises(InputError):
        compound(*arguments)


def test_probabilities_outside_their_range_are_refused():
    found = compound(1, 1, [0, 1.0], 1, 8)
    for p in (-0.1, 1.1, np.nan):
        with pytest.raises(InputError):
            found.quantile(p)
    with pytest.raises(InputError):
        found.tail_value_at_risk(1.0)
