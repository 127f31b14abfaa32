"""Compound distributions: lognormal severities (two programs agree), and the dental example of Klugman, Panjer & Willmot."""

import numpy as np
import pytest
from scipy import stats

from models.aggregate import compound, compound_counts

SIGMA = np.sqrt(np.log(1 + 2**2))
LOGNORMAL = stats.lognorm(SIGMA, scale=50 * np.exp(-(SIGMA**2) / 2))


def test_poisson():
    found = compound(200, 200, LOGNORMAL, 1, 2**16)
    assert found.mean == pytest.approx(10000, abs=1e-6)
    assert round(found.std, 3) == 1581.139
    assert found.quantile(0.995) == 15189
    assert found.checks.ok
    assert found.checks.grid_mean == pytest.approx(10000, rel=1e-6)


def test_negative_binomial():
    found = compound(200, 300, LOGNORMAL, 1, 2**16)
    assert round(found.std, 3) == 1658.312
    assert found.quantile(0.995) == 15363
    assert found.checks.ok


def test_dental_example():
    severity = [0, 0.150, 0.200, 0.250, 0.125, 0.075, 0.050, 0.050, 0.050, 0.025, 0.025]
    found = compound_counts([0.05, 0.10, 0.15, 0.20, 0.25, 0.15, 0.06, 0.03, 0.01], severity, 25)
    assert round(found.mean, 1) == 314.5
    assert round(found.std, 4) == 191.6155
    assert found.pmf[:4] == pytest.approx([0.05, 0.015, 0.023375, 0.034675], abs=1e-12)
