"""Risk measures: known distributions, and errors that hold for antithetic pairs."""

import numpy as np
import pytest
from scipy.stats import norm

from models import risk
from models.fund import LinearFund
from models.simulation import SolvencyCurve


def antithetic(seed, pairs=1000):
    z = np.random.default_rng(seed).standard_normal(pairs)
    return np.concatenate([z, -z])


MEASURES = {
    "mean": (lambda x: risk.mean(x**3 + x**2), 1.0),
    "probability": (lambda x: risk.mean(x <= 1.0), norm.cdf(1.0)),
    "quantile": (lambda x: risk.quantile(x, 0.9), norm.ppf(0.9)),
    "tail": (lambda x: risk.tail_value_at_risk(x, 0.9), norm.pdf(norm.ppf(0.9)) / 0.1),
    "where": (lambda x: risk.mean_where(x, x > 1), norm.pdf(1) / norm.sf(1)),
}


@pytest.mark.parametrize("name", MEASURES)
def test_the_error_is_the_spread_over_seeds(name):
    measure, truth = MEASURES[name]
    found = [measure(antithetic(seed)) for seed in range(300)]
    values, errors = np.array([e.value for e in found]), np.array([e.standard_error for e in found])
    assert values.mean() == pytest.approx(truth, abs=4 * values.std() / np.sqrt(300) + 2e-3)
    assert errors.mean() == pytest.approx(values.std(), rel=0.15)


def test_the_error_of_the_curve_is_that_of_pairs():
    x = antithetic(1)
    curve = SolvencyCurve.from_required(x)
    for rate in (-1.0, 0.0, 0.5, 2.0):
        one = risk.mean(x <= rate)
        assert float(curve.probability(rate)) == one.value
        assert float(curve.standard_error(rate)) == pytest.approx(one.standard_error, rel=1e-9)
    # opposite luck: where one of a pair is above 0 the other is below, so half is known without error
    assert float(curve.standard_error(0.0)) == 0.0
    assert curve.rate_error(0.9) == pytest.approx(risk.quantile(x, 0.9).standard_error, rel=0.01)


def test_odd_numbers_of_paths_and_hopeless_funds():
    assert np.isfinite(risk.mean(np.array([1.0, 2.0, 4.0])).standard_error)
    fund = LinearFund(np.array([[-1.0], [1.0], [2.0]]), np.zeros((3, 1)), np.zeros((1, 1)))
    curve = SolvencyCurve.of(fund)
    assert curve.rate(0.9) == np.inf
    assert np.isnan(curve.rate_error(0.9))
    assert float(curve.probability(0.001)) == pytest.approx(2 / 3)
    assert risk.tail_value_at_risk(fund.required_rates(), 0.5).value == np.inf


def test_shortfall_and_first_step_below():
    balance = np.array([[5.0, 1.0, -3.0, 2.0], [5.0, 4.0, 3.0, 2.0], [-1.0, -8.0, 9.0, 9.0]])
    floor = np.zeros((1, 1))
    assert risk.shortfall(balance, floor).tolist() == [3.0, 0.0, 8.0]
    assert risk.first_below(balance, floor).tolist() == [2, 4, 0]
