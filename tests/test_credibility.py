import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.credibility import buhlmann_straub, capped, gamma_poisson, hierarchical
from models.messages import InputError


def test_groups_that_do_not_differ_get_no_credibility_and_a_note():
    fit = buhlmann_straub([[1.0, 3.0], [3.0, 1.0]], [[1, 1], [1, 1]])
    assert fit.between == 0
    assert fit.factors.tolist() == [0, 0]
    assert fit.premiums == pytest.approx([2, 2])
    assert fit.notes


def test_absent_cells_and_groups_without_data():
    nan = np.nan
    fit = buhlmann_straub([[1.0, 1.1, nan], [2.0, nan, 2.2], [nan, nan, nan]], [[5, 5, 0], [4, nan, 4], [0, 0, 0]])
    assert np.isfinite(fit.premiums).all()
    assert fit.factors[2] == 0
    assert fit.premiums[2] == pytest.approx(fit.collective)


@pytest.mark.parametrize("estimator", ["unbiased", "iterative"])
def test_degenerate_tables_give_finite_answers(estimator):
    for ratios, weights in [
        ([[1.0, 2.0]], [[1, 1]]),
        ([[1.0], [2.0]], [[1], [1]]),
        ([[0.0, 0.0], [0.0, 0.0]], [[1, 1], [1, 1]]),
        ([[1.0, 1.0], [2.0, 2.0]], [[1, 1], [3, 3]]),
    ]:
        fit = buhlmann_straub(ratios, weights, estimator)
        assert np.isfinite(fit.premiums).all()
        assert np.isfinite([fit.collective, fit.within, fit.between]).all()


def test_one_group_of_ninety_per_cent_stays_finite():
    fit = buhlmann_straub([[1.0, 1.2], [2.0, 1.9], [0.5, 0.4]], [[900, 900], [50, 50], [50, 50]])
    assert fit.factors[0] > fit.factors[1]


@pytest.mark.parametrize(
    ("ratios", "weights"),
    [([1.0, 2.0], [1, 1]), ([[1.0]], [[-1]]), ([[np.inf]], [[1]]), ([[np.nan]], [[1]]), ([[1.0]], [[1, 2]])],
)
def test_impossible_tables_are_refused(ratios, weights):
    with pytest.raises(InputError):
        buhlmann_straub(ratios, weights)


@settings(deadline=None, max_examples=50)
@given(st.integers(0, 10_000), st.integers(2, 8), st.integers(2, 6))
def test_premiums_are_balanced_and_follow_scale_and_order(seed, groups, periods):
    rng = np.random.default_rng(seed)
    ratios, weights = (
        rng.gamma(2, 1, (groups, periods)) * rng.gamma(3, 1, (groups, 1)),
        rng.uniform(1, 50, (groups, periods)),
    )
    fit = buhlmann_straub(ratios, weights)
    own = (ratios * weights).sum(1) / weights.sum(1)
    if fit.between > 0:  # the credibility premiums collect what the groups cost
        assert weights.sum(1) @ fit.premiums == pytest.approx(weights.sum(1) @ own, rel=1e-9)
    assert (np.minimum(own, fit.collective) - 1e-9 <= fit.premiums).all()
    assert (fit.premiums <= np.maximum(own, fit.collective) + 1e-9).all()
    scaled = buhlmann_straub(7 * ratios, weights)
    assert scaled.premiums == pytest.approx(7 * fit.premiums, rel=1e-9)
    order = rng.permutation(groups)
    assert buhlmann_straub(ratios[order], weights[order]).premiums == pytest.approx(fit.premiums[order], rel=1e-9)


def test_true_variances_are_recovered():
    rng = np.random.default_rng(1)
    weights = rng.uniform(1, 20, (4000, 5))
    truth = 10 + 2 * rng.standard_normal((4000, 1))
    fit = buhlmann_straub(truth + 3 * rng.standard_normal((4000, 5)) / np.sqrt(weights), weights)
    assert fit.within == pytest.approx(9, rel=0.05)
    assert fit.between == pytest.approx(4, rel=0.1)
    assert fit.collective == pytest.approx(10, abs=0.15)


def test_hierarchical_recovers_its_variances():
    rng = np.random.default_rng(2)
    parents = np.repeat(np.arange(200), 30)
    weights = rng.uniform(1, 10, (6000, 4))
    top = 10 + 1.5 * rng.standard_normal(200)
    group = top[parents] + 1.0 * rng.standard_normal(6000)
    fit = hierarchical(group[:, None] + 2 * rng.standard_normal((6000, 4)) / np.sqrt(weights), weights, parents)
    assert fit.within == pytest.approx(4, rel=0.05)
    assert fit.between_groups == pytest.approx(1, rel=0.1)
    assert fit.between_parents == pytest.approx(2.25, rel=0.3)
    assert np.mean((fit.premiums - group) ** 2) < np.mean((fit.parent_premiums[parents] - group) ** 2)


def test_gamma_poisson_by_hand():
    fit = gamma_poisson([0, 3], [1.0, 1.0], 0.5)  # shape 2 + n, rate 2 + 1
    assert fit.mean == pytest.approx([2 / 3, 5 / 3])
    assert fit.factors == pytest.approx([1 / 3, 1 / 3])
    assert (fit.low < fit.mean).all()
    assert (fit.mean < fit.high).all()


def test_cap_and_its_load_keep_the_total():
    limited, load = capped([1.0, 5.0, 100.0], 10.0)
    assert limited.tolist() == [1, 5, 10]
    assert limited.sum() * load == pytest.approx(106)
