import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from scipy.integrate import quad

from models.aggregate import compound, compound_counts, discretise, on_grid
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


SEVERITIES = [
    stats.gamma(0.3, scale=50),
    stats.gamma(4, scale=10),
    stats.expon(scale=10),
    stats.weibull_min(0.6, scale=9),
    stats.lognorm(1.0, scale=9),
]


@settings(deadline=None, max_examples=40)
@given(st.floats(0.2, 60), st.sampled_from(SEVERITIES))
def test_a_discretised_severity_keeps_its_mean_on_any_step(step, severity):
    size = int(severity.ppf(1 - 1e-13) / step) + 3
    pmf, mean, variance = discretise(severity, step, size)
    assert (pmf >= 0).all()
    assert pmf @ np.arange(size) * step == pytest.approx(mean, rel=1e-5)
    # the cell's two ends instead of its inside: the variance grows by no more than a quarter of a squared step
    assert -1e-5 * variance <= pmf @ (np.arange(size) * step - mean) ** 2 - variance <= step**2 / 4 + 1e-5 * variance


def test_a_discretisation_is_exact_below_the_end_of_the_grid():
    heavy = stats.pareto(1.5, loc=-1, scale=1)
    pmf, _, _ = discretise(heavy, 0.1, 1000)
    limited = quad(heavy.sf, 0, 100)[0]
    assert pmf @ np.arange(1000) * 0.1 + (1 - pmf.sum()) * 100 == pytest.approx(limited, rel=1e-4)


def test_single_amounts_go_to_the_grid_with_their_mean():
    pmf = on_grid([0.0, 26.5, 30.0, 999.0], [0.4, 0.3, 0.2, 0.1], 10, 8)
    assert pmf == pytest.approx([0.4, 0, 0.3 * 0.35, 0.3 * 0.65 + 0.2, 0, 0, 0, 0])
    assert on_grid([69.0, 75.0], [0.5, 0.5], 10, 8)[[6, 7]] == pytest.approx([0.05, 0.45 + 0.25])
    for amounts, shares in (([-1.0], [1.0]), ([np.nan], [1.0]), ([1.0], [-1.0]), ([1.0, 2.0], [1.0])):
        with pytest.raises(InputError):
            on_grid(amounts, shares, 1, 8)


def test_a_discrete_severity_stays_where_it_is():
    assert discretise(stats.randint(1, 5), 1, 8)[0] == pytest.approx([0, 0.25, 0.25, 0.25, 0.25, 0, 0, 0])


@settings(deadline=None, max_examples=30)
@given(st.floats(0.5, 300), st.sampled_from([1 + 1e-11, 1 + 1e-6, 1.5, 20.0]))
def test_counts_alone_are_the_known_distributions(mean, ratio):
    found = compound(mean, mean * ratio, [0, 1.0], 1, 2**13).pmf
    known = stats.nbinom(mean / (ratio - 1), 1 / ratio) if ratio > 1.001 else stats.poisson(mean)
    assert found == pytest.approx(known.pmf(np.arange(2**13)), abs=3e-7 if ratio < 1.001 else 1e-12)


def test_rounding_noise_does_not_weigh_in_an_empty_tail():
    checks = compound(2, 2, [0, 1.0], 1, 2**16).checks
    assert checks.ok
    assert abs(checks.std_error) < 1e-6


def test_what_lies_beyond_the_grid_counts_in_the_tail():
    short, long = (compound(50, 80, stats.pareto(2.5, loc=-1), 0.05, 2**k) for k in (12, 17))
    assert short.checks.missing_mass > 1e-4
    assert not short.checks.ok
    assert short.tail_value_at_risk([0.5, 0.9, 0.99]) == pytest.approx(
        long.tail_value_at_risk([0.5, 0.9, 0.99]), rel=1e-4
    )
    assert short.pmf == pytest.approx(long.pmf[: 2**12], abs=1e-8)
    with pytest.raises(InputError):
        short.quantile(0.9999)


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


@pytest.mark.parametrize(("trials", "share"), [(1, 0.5), (40, 0.5), (1000, 0.999), (10**6, 1e-4), (7, 1.0)])
def test_binomial_counts_alone(trials, share):
    mean = trials * share
    found = compound(mean, mean * (1 - share), [0, 1.0], 1, 2**11).pmf
    assert found == pytest.approx(stats.binom(trials, share).pmf(np.arange(2**11)), abs=1e-11)


def test_many_claims_are_nearly_normal():
    found = compound(1e4, 2e4, stats.gamma(2, scale=10), 2, 2**17)
    assert found.checks.ok
    p = np.array([0.05, 0.5, 0.95])
    assert found.quantile(p) == pytest.approx(stats.norm(found.mean, found.std).ppf(p), rel=3e-4)


def test_a_step_far_above_the_claims_says_so():
    checks = compound(1e4, 2e4, stats.gamma(2, scale=10), 200, 2**12).checks
    assert not checks.ok
    assert checks.mean_error == pytest.approx(0, abs=1e-9)  # the mean stays even so
    assert checks.std_error > 0.1


def test_a_grid_that_is_too_short_says_so():
    found = compound(100, 100, stats.expon(scale=10), 1, 2**9)
    assert not found.checks.ok
    assert found.checks.missing_mass > 0.5


def test_a_grid_that_is_too_coarse_says_so():
    assert not compound(1, 1, stats.expon(scale=1), 5, 2**10).checks.ok


def test_infinite_moments_are_gently_handled():
    found = compound(5, 5, stats.pareto(1.5, loc=-1, scale=1), 1, 2**14)
    assert found.std == np.inf
    assert np.isfinite(found.tail_value_at_risk(0.9))
    found = compound(5, 5, stats.pareto(0.9, loc=-1), 1, 2**14)
    assert found.mean == found.std == np.inf
    assert found.quantile(0.5) == pytest.approx(
        np.median(stats.pareto(0.9, loc=-1).rvs((20_000, 5), 1).sum(1)), rel=0.3
    )
    assert found.checks.notes
    with pytest.raises(InputError):
        found.tail_value_at_risk(0.5)


def test_counts_of_any_kind():
    assert compound_counts([1.0], [0, 1.0], 1).pmf.tolist() == [1, 0]
    assert compound_counts([0, 0, 1.0, 0], [0, 0.5, 0.5], 1).pmf == pytest.approx([0, 0, 0.25, 0.5, 0.25], abs=1e-14)
    assert compound_counts([0.5, 0.5], stats.expon(scale=10), 0.1, 2**12).checks.ok
    for counts, severity in (([0.5], [1.0]), ([], [1.0]), ([[1.0]], [1.0]), ([0.5, 0.5], stats.expon())):
        with pytest.raises(InputError):
            compound_counts(counts, severity, 1)


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
        (1, 1, stats.expon(), np.nan, 8),
        (1, 1, stats.expon(), 1, 2**40),
        (1, 1, stats.lognorm(-1), 1, 8),
        (1, 1, [0.5, np.nan], 1, 8),
        (1, 1, np.full(9, 1 / 9), 1, 8),
        (1, np.inf, [1.0], 1, 8),
        (0, 1, [1.0], 1, 8),
        (1, 1, [1.0], -1, 8),
        (1, 1, [1.0], 1, 0),
        (1, 1, [-0.5, 1.5], 1, 8),
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
    with pytest.raises(InputError):
        found.cdf([0.0, np.nan])
    assert found.cdf([-np.inf, -1, np.inf]).tolist() == [0, 0, pytest.approx(1, abs=1e-4)]
