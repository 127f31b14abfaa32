import numpy as np
import pytest

from models.messages import InputError
from models.simulation import GrowthPrior, catastrophes, draw, fit_growth, simulate_growth

PRIOR = GrowthPrior((0.05, 0.05))


def test_same_seed_same_bytes_and_a_longer_horizon_begins_alike():
    one, two = draw(7, 100, 5, 2), draw(7, 100, 5, 2)
    longer = draw(7, 100, 9, 2)
    for name in vars(one):
        assert np.array_equal(getattr(one, name), getattr(two, name))
    assert np.array_equal(one.innovations, longer.innovations[:, :5])
    assert np.array_equal(one.process, longer.process[:, :5])


def test_switching_a_risk_off_leaves_the_others_alone():
    model = fit_growth(
        np.array([2010, 2011, 2012, 2013]), np.array([[1.0, 1.0], [1.2, 1.1], [1.3, 1.3], [1.5, 1.6]]), PRIOR
    )
    draws = draw(3, 400, 6, 2)
    both, quiet = simulate_growth(model, draws, 6), simulate_growth(model, draws, 6, economic=False)
    fixed = simulate_growth(model, draws, 6, parameter=False, economic=False)
    assert np.ptp(fixed, axis=0).max() == 0
    assert 0 < quiet.std(axis=0).mean() < both.std(axis=0).mean()
    # the parameter part is the same path by path: the innovations that were added have mean zero and no memory of it
    assert abs(np.corrcoef((both - quiet)[:, 0, 0], quiet[:, 0, 0])[0, 1]) < 0.15


def test_without_data_the_belief_is_the_answer():
    model = fit_growth(np.array([2018]), np.array([[2.7, 2.5]]), PRIOR)
    growth = simulate_growth(model, draw(1, 20_000, 3, 2), 3)
    assert growth.mean(axis=(0, 1)) == pytest.approx([0.05, 0.05], abs=0.003)
    assert growth[:, 0].std(axis=0) == pytest.approx([0.13, 0.13], abs=0.05)


def test_known_growth_is_recovered():
    rng = np.random.default_rng(5)
    inside = []
    for _ in range(60):
        excess = 0.2 * 0.7 ** np.arange(-10, 7)
        steps = 0.05 + excess + 0.05 * rng.standard_normal(17)
        levels = np.exp(np.cumsum(np.column_stack([steps, 0.05 + excess + 0.05 * rng.standard_normal(17)]), axis=0))
        model = fit_growth(np.arange(2000, 2012), levels[:12], PRIOR)
        ahead = levels[11] * np.exp(simulate_growth(model, draw(1, 2000, 5, 2), 5).sum(axis=1))
        low, high = np.quantile(ahead, [0.05, 0.95], axis=0)
        inside += list((low <= levels[16]) & (levels[16] <= high))
    assert np.mean(inside) > 0.8


def test_gaps_are_years_of_growth():
    yearly = fit_growth(np.arange(2000, 2011), 1.1 ** np.arange(11.0)[:, None] * [1, 1], PRIOR)
    gapped = fit_growth(np.array([2000, 2005, 2010]), 1.1 ** np.array([0.0, 5, 10])[:, None] * [1, 1], PRIOR)
    for model in (yearly, gapped):
        ahead = simulate_growth(model, draw(1, 4000, 1, 2), 1).mean()
        assert 0.05 < ahead < 0.1


@pytest.mark.parametrize(
    ("years", "levels"), [([], np.ones((0, 2))), ([2000, 2000], np.ones((2, 2))), ([2000, 2001], [[1, 1], [1, 0]])]
)
def test_impossible_histories_are_refused(years, levels):
    with pytest.raises(InputError):
        fit_growth(np.array(years, dtype=int), np.array(levels, dtype=float), PRIOR)


def test_large_events_are_thinned_not_redrawn():
    draws = draw(1, 50_000, 2, 2)
    rare, common = catastrophes(draws, 2, 0.01, 3.5, 3), catastrophes(draws, 2, 0.1, 3.5, 3)
    assert ((rare == 0) | (rare == common)).all()
    assert (common > 0).mean() == pytest.approx(1 - np.exp(-0.1), abs=0.003)
    assert common[common > 0].mean() == pytest.approx(3.5, abs=0.05)
    assert common[common > 0].min() == 3
