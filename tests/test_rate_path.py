"""Rate paths: linear in every year's rate, exact targets, the cheapest path beside brute force."""

import numpy as np
import pytest

from models.fund import roll_forward
from models.rate_path import YearlyRates, cheapest, phased, smallest_target


def fund_of(seed, paths=400, years=3):
    rng = np.random.default_rng(seed)
    exposure, outgo = rng.gamma(8, 1e8, (paths, 4 * years)), rng.gamma(8, 0.9e5, (paths, 4 * years))
    return exposure, outgo * np.linspace(0.9, 1.3, 4 * years)


def linear(exposure, outgo, interest=0.005, months=1.0):
    return roll_forward(3e5, exposure, outgo, interest, floor_months=months)


@pytest.mark.parametrize("interest", [0.0, 0.005])
def test_margins_are_those_of_the_fund_rolled_forward(interest):
    exposure, outgo = fund_of(1)
    fund = linear(exposure, outgo, interest)
    paths = YearlyRates.of(fund, interest)
    rates = np.array([0.001, 0.0015, 0.0012])
    fixed = np.repeat(rates, 4)
    rolled = roll_forward(3e5, exposure, outgo, interest, fixed_rate=fixed, floor_months=1.0)
    stays = (rolled.balance(0.0) >= fund.floor).all(axis=1)
    assert ((paths.margins(rates) >= 0) == stays).all()
    assert 0.05 < stays.mean() < 0.95


def test_a_level_target_is_the_rate_of_the_solvency_curve():
    fund = linear(*fund_of(2))
    target = smallest_target(YearlyRates.of(fund, 0.005), 0.001, None, 0.9)
    assert target == pytest.approx(np.sort(fund.required_rates())[359], rel=1e-9)


def test_phasing_moves_by_at_most_the_cap():
    assert phased(0.001, 0.002, 0.2, 5) == pytest.approx([0.0012, 0.00144, 0.001728, 0.002, 0.002])
    assert phased(0.001, 0.0007, 0.2, 3) == pytest.approx([0.0008, 0.0007, 0.0007])
    assert phased(0.001, 0.002, None, 2) == pytest.approx([0.002, 0.002])


def exhaustive(paths, current, cap, level):
    """The cheapest rates of a grid of three years, each tried by rolling all paths."""
    grid = np.linspace(0.0, 0.0026, 40)
    rates = np.stack(np.meshgrid(grid, grid, grid, indexing="ij"), axis=-1).reshape(-1, 3)
    if cap is not None:
        before = np.column_stack([np.full(len(rates), current), rates[:, :2]])
        rates = rates[(abs(rates - before) <= cap * before + 1e-12).all(axis=1)]
    rates = rates[np.argsort(rates @ paths.cost())]
    return next(one for one in rates if paths.probability(one) >= level)


@pytest.mark.parametrize(("seed", "cap"), [(3, None), (5, None), (4, 0.3), (6, 0.5)])
def test_the_cheapest_path_beside_every_path_of_a_grid(seed, cap):
    paths, shares = YearlyRates.of(linear(*fund_of(seed, 200)), 0.005), []
    found, cost = cheapest(paths, 0.0016, cap, 0.9, progress=shares.append), paths.cost()
    assert shares == pytest.approx([0, 0.2, 0.4, 0.6, 0.8])
    grid = exhaustive(paths, 0.0016, cap, 0.9)
    assert paths.probability(found) >= 0.9
    assert found @ cost <= grid @ cost * 1.01
    if cap is not None:
        assert (abs(found / np.concatenate([[0.0016], found[:-1]]) - 1) <= cap + 1e-6).all()


def test_cheapest_is_no_dearer_than_phasing_and_says_when_nothing_helps():
    paths = YearlyRates.of(linear(*fund_of(6, 1000)), 0.005)
    target = smallest_target(paths, 0.0016, 0.25, 0.9)
    plain = phased(0.0016, target, 0.25, 3)
    assert cheapest(paths, 0.0016, 0.25, 0.9) @ paths.cost() <= plain @ paths.cost() * (1 + 1e-9)
    assert smallest_target(paths, 0.0002, 0.01, 0.9) is None
    assert cheapest(paths, 0.0002, 0.01, 0.9) is None
