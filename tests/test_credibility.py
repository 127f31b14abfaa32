import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from models.credibility import ESTIMATORS, buhlmann_straub, capped, gamma_poisson, hierarchical, risk_interval
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


def test_hierarchy_with_one_parent_is_buhlmann_straub():
    rng = np.random.default_rng(5)
    ratios, weights = rng.gamma(3, 1, (9, 4)) * rng.gamma(4, 1, (9, 1)), rng.uniform(1, 9, (9, 4))
    for estimator in ESTIMATORS:
        flat, tree = buhlmann_straub(ratios, weights, estimator), hierarchical(ratios, weights, ["x"] * 9, estimator)
        assert tree.premiums == pytest.approx(flat.premiums, rel=1e-12)
        assert tree.between_parents == 0
        assert tree.notes


def test_hierarchy_with_groups_and_parents_without_data():
    ratios = [[1.0, 1.2], [2.0, 2.4], [np.nan, np.nan], [5.0, 5.5], [np.nan, 1.0]]
    fit = hierarchical(ratios, np.ones((5, 2)), ["a", "a", "a", "b", "c"])
    assert np.isfinite(fit.premiums).all()
    assert fit.premiums[2] == fit.complements[2] == fit.parent_premiums[0]
    nowhere = hierarchical(ratios, [[1, 1], [1, 1], [1, 1], [1, 1], [0, 0]], ["a", "a", "a", "b", "c"])
    assert nowhere.parent_premiums[2] == nowhere.collective
    assert nowhere.premiums[4] == nowhere.collective
    with pytest.raises(InputError):
        hierarchical(ratios, np.ones((5, 2)), ["a", "b"])


@settings(deadline=None, max_examples=50)
@given(st.integers(0, 10_000), st.integers(2, 30), st.sampled_from([1e-3, 0.1, 1.0, 100.0]))
def test_iterative_estimate_is_the_fixed_point_it_claims_to_be(seed, groups, spread):
    rng = np.random.default_rng(seed)
    weights = rng.lognormal(0, 2, (groups, 3))
    fit = buhlmann_straub(
        10 + spread * rng.standard_normal((groups, 1)) + rng.standard_normal((groups, 3)), weights, "iterative"
    )
    if fit.between:
        assert ((fit.factors * (fit.means - fit.collective) ** 2).sum() / (groups - 1)) == pytest.approx(
            fit.between, rel=1e-9
        )


@settings(deadline=None, max_examples=100)
@given(
    arrays(float, (4, 3), elements=st.sampled_from([np.nan, 0.0, 0.1, 1.0, -2.0, 1e9])),
    arrays(float, (4, 3), elements=st.sampled_from([np.nan, 0.0, 1e-9, 1.0, 3.0, 1e12])),
    st.sampled_from(ESTIMATORS),
)
def test_nothing_travels_that_is_not_a_number(ratios, weights, estimator):
    try:
        flat, tree = buhlmann_straub(ratios, weights, estimator), hierarchical(ratios, weights, [0, 0, 1, 1], estimator)
    except InputError:
        assert not (~np.isnan(ratios) & (weights > 0)).any()
        return
    for fit in (flat, tree):
        assert np.isfinite([fit.collective, fit.within, *fit.means, *fit.factors, *fit.premiums]).all()
        assert ((fit.factors >= 0) & (fit.factors <= 1)).all()


def test_gamma_poisson_by_hand():
    fit = gamma_poisson([0, 3], [1.0, 1.0], 0.5)  # shape 2 + n, rate 2 + 1
    assert fit.mean == pytest.approx([2 / 3, 5 / 3])
    assert fit.factors == pytest.approx([1 / 3, 1 / 3])
    assert (fit.low < fit.mean).all()
    assert (fit.mean < fit.high).all()


def test_gamma_poisson_degenerate_units():
    alike = gamma_poisson([0, 9], [1.0, 3.0], 0.0)
    assert alike.mean.tolist() == [1, 1]
    assert alike.notes
    odd = gamma_poisson(
        [2, 0, 0], [0.0, 0.0, 5.0], 0.5
    )  # claims without exposure; nothing at all; exposure without claims
    assert odd.mean == pytest.approx([2.0, 1.0, 2 / 7])
    assert len(odd.notes) == 1
    for dispersion in (1e-310, 1e-300, 1e-100, 1e-9, 1e300):
        fit = gamma_poisson([0, 3, 40], [0.0, 1.0, 7.0], dispersion)
        assert np.isfinite([fit.mean, fit.factors, fit.low, fit.high]).all()


@pytest.mark.parametrize(
    ("counts", "expected", "dispersion", "level"),
    [([-1], [1], 1, 0.9), ([1], [np.nan], 1, 0.9), ([1], [1, 2], 1, 0.9), ([1], [1], -1, 0.9), ([1], [1], np.inf, 0.9),
     ([1], [1], np.nan, 0.9), ([1], [1], 1, 1.0)],
)  # fmt: skip
def test_impossible_counts_are_refused(counts, expected, dispersion, level):
    with pytest.raises(InputError):
        gamma_poisson(counts, expected, dispersion, level)


def test_gamma_poisson_intervals_hold():
    rng = np.random.default_rng(3)
    risk, expected = rng.gamma(1 / 0.6, 0.6, 20_000), rng.uniform(0.1, 10, 20_000)
    fit = gamma_poisson(rng.poisson(risk * expected), expected, 0.6)
    assert np.mean((fit.low <= risk) & (risk <= fit.high)) == pytest.approx(0.9, abs=0.01)
    assert np.mean((fit.mean - risk) ** 2) < 0.6 * np.mean((1 - risk) ** 2)
    assert fit.mean.mean() == pytest.approx(risk.mean(), rel=0.01)


def test_cap_and_its_load_keep_the_total():
    found = capped([1.0, 5.0, 100.0], 10.0)
    assert found.claims.tolist() == [1, 5, 10]
    assert found.claims.sum() * found.load == pytest.approx(106)
    assert found.removed == pytest.approx(90 / 106)
    assert capped([1.0, 5.0], np.inf).load == 1
    assert capped([], 5.0).load == 1


def test_victims_of_one_event_share_one_cap():
    found = capped([30.0, 10.0, 15.0, -3.0], 20.0, ["fire", "fire", "fall", "recovery"])
    assert found.claims == pytest.approx([30 * 20 / 40, 10 * 20 / 40, 15, -3])
    assert found.claims.sum() * found.load == pytest.approx(52)


@pytest.mark.parametrize(
    ("claims", "cap", "events"),
    [([1.0], 0, None), ([1.0], np.nan, None), ([np.nan], 1, None), ([[1.0]], 1, None), ([1.0], 1, ["a", "b"]), ([9.0, -5.0], 1, None)],
)  # fmt: skip
def test_impossible_caps_are_refused(claims, cap, events):
    with pytest.raises(InputError):
        capped(claims, cap, events)


def test_a_cap_keeps_a_catastrophe_from_passing_for_character():
    rng = np.random.default_rng(4)
    cost = rng.gamma(2, 1, (300, 40)) * rng.gamma(10, 0.1, (300, 1))  # forty claims a contractor, in four years
    cost[7, 3] = 5000.0
    weights = np.full((300, 4), 10.0)
    limited = capped(cost.ravel(), 50.0)
    plain = buhlmann_straub(cost.reshape(300, 4, 10).mean(2), weights)
    fit = buhlmann_straub(limited.claims.reshape(300, 4, 10).mean(2), weights)
    assert plain.factors.max() < 0.05  # one event buries what everybody's experience says
    assert fit.factors.min() > 0.8
    assert fit.premiums[7] < 2 * fit.premiums.mean()
    assert (weights.sum(1) * fit.premiums).sum() * limited.load == pytest.approx(cost.sum(), rel=1e-9)


def test_the_interval_of_a_risk_knows_that_the_dispersion_is_estimated():
    """The estimate of α errs by more than half: with the estimate taken as known too few risks lie inside, with its error as many as promised."""
    rng = np.random.default_rng(4)
    held, naive = [], []
    for _ in range(400):
        expected = rng.gamma(0.5, 4.0, 40) + 0.01
        risk = rng.gamma(4.0, 0.25, 40)
        counts = rng.poisson(risk * expected)
        alpha = 0.25 * np.exp(0.6 * rng.standard_normal())
        low, high = risk_interval(counts, expected, alpha, 0.6 * alpha)
        held.append(((low <= risk) & (risk <= high)).mean())
        fixed = gamma_poisson(counts, expected, alpha)
        naive.append(((fixed.low <= risk) & (risk <= fixed.high)).mean())
    assert np.mean(naive) < 0.88
    assert np.mean(held) == pytest.approx(0.9, abs=0.015)
    fixed = gamma_poisson([0, 3, 9], [1.0, 2.0, 4.0], 0.3)
    for ours, known in zip(risk_interval([0, 3, 9], [1.0, 2.0, 4.0], 0.3, 1e-9), (fixed.low, fixed.high), strict=True):
        assert ours == pytest.approx(known, rel=1e-5)


def test_units_that_seem_alike_still_have_an_interval():
    low, high = risk_interval([5, 5, 5], [5.0, 5.0, 5.0], 0.0, 0.0)
    assert (low < 0.95).all()
    assert (high > 1.05).all()
