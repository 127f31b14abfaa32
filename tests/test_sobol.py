"""Variance shares: Ishigami's published indices, agreement with SALib, refusals."""

import numpy as np
import pytest

from models.messages import InputError
from models.sobol import design, variance_shares


def ishigami(unit, a=7.0, b=0.1):
    x = np.pi * (2 * unit - 1)
    return np.sin(x[:, 0]) + a * np.sin(x[:, 1]) ** 2 + b * x[:, 2] ** 4 * np.sin(x[:, 0])


def test_ishigami_function():
    # Saltelli et al., Sensitivity Analysis in Practice (2004); Ishigami & Homma (1990)
    shares = variance_shares(ishigami(design(3, 15, 1)), 3)
    assert shares.variance == pytest.approx(13.8446, rel=0.01)
    assert shares.first == pytest.approx([0.3139, 0.4424, 0.0], abs=0.01)
    assert shares.total == pytest.approx([0.5576, 0.4424, 0.2437], abs=0.01)
    assert (shares.first_low <= shares.first).all()
    assert (shares.total <= shares.total_high).all()


def test_intervals_hold_the_truth_about_as_often_as_they_say():
    inside = []
    for seed in range(40):
        shares = variance_shares(ishigami(design(3, 8, seed)), 3, seed)
        inside += list((shares.total_low <= [0.5576, 0.4424, 0.2437]) & (shares.total_high >= [0.5576, 0.4424, 0.2437]))
    assert np.mean(inside) > 0.85


def test_salib_gives_the_same_estimates_on_the_same_values():
    from SALib.analyze import sobol

    inputs, power = 3, 9
    points = design(inputs, power, 5)
    values = ishigami(points) + 100.0
    blocks = values.reshape(inputs + 2, -1)
    # SALib wants each row's A, then A with one column of B, then B
    order = np.concatenate([blocks[:1], blocks[2:], blocks[1:2]]).T.ravel()
    problem = {"num_vars": inputs, "names": list("abc"), "bounds": [[0, 1]] * inputs}
    peer = sobol.analyze(problem, order, calc_second_order=False, num_resamples=10, seed=1)
    shares = variance_shares(values, inputs)
    assert shares.first == pytest.approx(peer["S1"], abs=2e-3)
    assert shares.total == pytest.approx(peer["ST"], abs=2e-3)


def test_an_additive_model_shares_its_variance_out():
    points = design(4, 10, 2)
    shares = variance_shares(points @ [1.0, 2.0, 3.0, 0.0], 4)
    assert shares.first == pytest.approx(np.array([1, 4, 9, 0]) / 14, abs=5e-3)
    assert shares.total == pytest.approx(shares.first, abs=5e-3)


@pytest.mark.parametrize("values", [np.ones(40), np.full(40, np.nan), np.arange(41.0)])
def test_useless_values_are_refused(values):
    with pytest.raises(InputError):
        variance_shares(values, 3)
