import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.fund import (
    StageCuts,
    floor_of,
    payable_months,
    reserve,
    roll_forward,
    roll_forward_with_policy,
)
from models.messages import InputError
from models.simulation import SolvencyCurve


def paths_of(seed, paths=40, steps=24):
    rng = np.random.default_rng(seed)
    return (
        rng.gamma(3, 1e9, (paths, steps)),
        rng.gamma(2, 6e5, (paths, steps)),
        rng.normal(0.005, 0.002, (paths, steps)),
    )


def brute_force(rate, opening, exposure, outgo, interest, floor):
    """Roll each path forward at one rate, step by step, as an accountant would."""
    floor = np.broadcast_to(floor, outgo.shape)
    solvent = np.ones(len(outgo), dtype=bool)
    balances = np.empty(outgo.shape)
    for p in range(len(outgo)):
        balance = opening
        for t in range(outgo.shape[1]):
            flow = rate * exposure[p, t] - outgo[p, t]
            balance = balance + balance * interest[p, t] + flow + flow * interest[p, t] / 2
            balances[p, t] = balance
            solvent[p] &= balance >= floor[p, t]
    return balances, solvent


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 10_000), st.floats(0, 24))
def test_curve_from_one_pass_equals_brute_force_at_every_rate(seed, floor_months):
    exposure, outgo, interest = paths_of(seed)
    fund = roll_forward(5e6, exposure, outgo, interest, floor_months=floor_months)
    curve = SolvencyCurve.of(fund)
    for rate in [0.0, *np.quantile(curve.required, [0.1, 0.5, 0.9]) * 1.0001, 0.01]:
        balances, solvent = brute_force(rate, 5e6, exposure, outgo, interest, fund.floor)
        assert np.abs(fund.balance(rate) - balances).max() <= 1e-9 * np.abs(balances).max()
        assert curve.probability(rate) == pytest.approx(solvent.mean(), abs=1e-9)


def test_required_rate_is_exact_on_each_path():
    exposure, outgo, interest = paths_of(1)
    fund = roll_forward(5e6, exposure, outgo, interest)
    needed = fund.required_rates()
    for rate, sign in ((1 + 1e-9, 1), (1 - 1e-6, -1)):
        lowest = np.array([fund.balance(r * rate)[p].min() for p, r in enumerate(needed)])
        assert (sign * lowest >= 0).all()


def test_balance_rolls_forward_to_the_fen():
    exposure, outgo, interest = paths_of(2)
    rate = 0.001
    balance = roll_forward(5e6, exposure, outgo, interest, prevention_share=0.03).balance(rate)
    opening = np.concatenate([np.full((len(outgo), 1), 5e6), balance[:, :-1]], axis=1)
    flow = 0.97 * rate * exposure - outgo
    assert np.abs(balance - (opening + flow + opening * interest + flow * interest / 2)).max() < 0.005


def test_fixed_rate_path_takes_the_base_rate_out():
    exposure, outgo, interest = paths_of(3)
    fixed = np.full(24, np.nan)
    fixed[8:] = 0.002
    fund = roll_forward(5e6, exposure, outgo, interest, fixed_rate=fixed)
    assert fund.b[:, 8:] / fund.b[:, 7:-1] == pytest.approx(1 + interest[:, 8:], rel=1e-9)
    assert fund.balance(0.002) == pytest.approx(roll_forward(5e6, exposure, outgo, interest).balance(0.002), rel=1e-12)


def test_a_fund_that_no_rate_saves():
    fund = roll_forward(-1.0, np.zeros((2, 4)), np.ones((2, 4)), 0.0)
    curve = SolvencyCurve.of(fund)
    assert curve.rate(0.9) == np.inf
    assert curve.probability(1.0) == 0


def test_shapes_must_agree():
    with pytest.raises(InputError, match="same shape"):
        roll_forward(0.0, np.ones((2, 4)), np.ones((2, 5)), 0.0)


@pytest.mark.parametrize(
    ("balance", "outgo", "months"),
    [(5.88, 2.5, 28.224), (11.8, 5.8, 24.4138), (1411.0, 990.0, 17.1030), (1.0, 0.0, np.nan)],
)
def test_payable_months(balance, outgo, months):
    assert payable_months(balance, outgo) == pytest.approx(months, abs=5e-5, nan_ok=True)


def test_reserve_by_share_up_to_its_cap():
    assert reserve(0.0, 100.0, 0.1, 0.3) == 10
    assert reserve(25.0, 100.0, 0.1, 0.3) == 30
    assert reserve(40.0, 100.0, 0.1, 0.3) == 40  # a reserve above the cap is not taken away


def test_floor_is_months_of_the_last_year():
    outgo = np.array([[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]])
    assert floor_of(outgo, 3.0)[0] == pytest.approx([1.0, 1.5, 2.0, 2.5, 3.5, 4.5])


def test_a_rate_is_not_raised_where_nobody_asked_for_it():
    months = np.array([-30.0, -0.1, 0.0, 5.0])
    assert StageCuts(((18.0, 0.2),)).multiplier(months).tolist() == [1.0] * 4
    assert StageCuts((), raise_below=3.0, raise_by=0.2).multiplier(months).tolist() == [1.2, 1.2, 1.2, 1.0]
    assert StageCuts((), raise_below=0.0, raise_by=0.2).multiplier(months).tolist() == [1.0] * 4


def test_stage_cut_thresholds():
    cuts = StageCuts(((18, 0.2), (24, 0.5)), raise_below=6, raise_by=0.2)
    months = np.array([5.99, 6.0, 17.99, 18.0, 23.99, 24.0, 40.0])
    assert cuts.multiplier(months) == pytest.approx([1.2, 1, 1, 0.8, 0.8, 0.5, 0.5])


def test_policy_without_triggers_is_the_linear_fund():
    exposure, outgo, interest = paths_of(4)
    balance, multiplier = roll_forward_with_policy(0.001, StageCuts(()), 5e6, 10.0, exposure, outgo, interest)
    assert (multiplier == 1).all()
    assert balance == pytest.approx(roll_forward(5e6, exposure, outgo, interest).balance(0.001), rel=1e-9)


def test_cuts_answer_to_last_year_and_do_not_compound():
    exposure, outgo = np.full((1, 12), 1e9), np.full((1, 12), 1e6)
    _, multiplier = roll_forward_with_policy(0.001, StageCuts(((18, 0.2), (24, 0.5))), 1e7, 30.0, exposure, outgo, 0.0)
    # 1e7 at the start is 30 months: −50%; then (1e7 − 4·0.5e6) = 8e6 is 24 months: −50% again, not −75%; then 6e6 is 18 months: −20%
    assert multiplier[0].tolist() == [0.5] * 8 + [0.8] * 4
