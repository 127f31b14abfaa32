"""Exact analysis of floating plans against simulation, against itself, and against what is known without computing."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from models.floating import (
    Risks,
    analyse,
    available_plans,
    chain,
    concealment,
    dislocation,
    efficiency,
    load_plan,
    multiplier_distribution,
    quintile_test,
    separation,
    targets,
)
from models.floating.compound import joint
from models.messages import InputError

STEP = 10_000.0
# A heavy tail on few points, so that a million years of a giant can be drawn: from 10,000 yuan to a death.
POINTS = np.array([1, 2, 5, 12, 30, 110])
CHANCES = np.array([0.55, 0.2, 0.13, 0.07, 0.03, 0.02])
SEVERITY = np.bincount(POINTS, CHANCES, 111)
COST = float(POINTS @ CHANCES) * STEP
DRAWS = 1_000_000


def risks(cases, overdispersion=0.0, load=0.7):
    cases = np.atleast_1d(np.asarray(cases, dtype=float))
    base = cases * COST / load
    return Risks(base, base * 1000, cases, cases + overdispersion * cases**2, SEVERITY, STEP)


def drawn(one, rng, years=1, size=DRAWS):
    """Numbers of cases and losses of one unit, over ``years``."""
    mean, variance = one.cases[0] * years, one.variance[0] * years
    if variance > mean:
        counts = rng.negative_binomial(mean**2 / (variance - mean), mean / variance, size)
    else:
        counts = rng.poisson(mean, size)
    return counts, rng.multinomial(counts, CHANCES) @ POINTS * STEP


def experience(one, counts, losses, years=1):
    size = len(counts)
    return pd.DataFrame(
        {
            "unit": np.arange(size),
            "period": "2024",
            "exposure_yuan": one.exposure[0] * years,
            "premium_yuan": one.base_premium[0] * years,
            "base_premium_yuan": one.base_premium[0] * years,
            "cases": counts,
            "deaths": 0,
            "paid_yuan": losses,
            "incurred_yuan": losses,
            "credit_grade": "",
            "safety_standard": "",
        }
    )


@pytest.mark.parametrize("overdispersion", [0.0, 0.4])
@pytest.mark.parametrize("cases", [0.2, 4.0, 400.0], ids=["small", "middle", "giant"])
def test_steps_and_mean_multiplier_agree_with_a_million_draws(cases, overdispersion):
    plan, one = load_plan("huainan"), risks(cases, overdispersion)
    rng = np.random.default_rng(7)
    found = plan.multiplier(experience(one, *drawn(one, rng))).to_numpy()
    exact = targets(plan, one)[0, 0]
    for step, p in zip(plan.steps, exact, strict=True):
        error = np.sqrt(max(p * (1 - p), 1 / DRAWS) / DRAWS)
        assert abs((found == step).mean() - p) < 4 * error, step
    mean = analyse(plan, one, 0).multiplier[0]
    assert abs(found.mean() - mean) < 4 * max(found.std(), 1e-6) / np.sqrt(DRAWS)


@pytest.mark.parametrize("name", [n for n in available_plans() if load_plan(n).movement.free])
@pytest.mark.parametrize("cases", [0.5, 30.0])
def test_every_free_plan_agrees_with_simulation(name, cases):
    # Plans of paid premium: the premium of the window is charged at the base rate here, so the chain is left out.
    plan, one = load_plan(name), risks(cases, 0.2)
    plan = replace(plan, ratio=replace(plan.ratio, denominator="base_premium", average=0.7), pool_by="", window_years=1)
    size = 50_000
    counts, losses = drawn(one, np.random.default_rng(11), size=size)
    claims = None
    if name == "ncci":
        kinds = np.random.default_rng(12).multinomial(counts, CHANCES)
        losses = kinds @ POINTS * STEP
        claims = pd.DataFrame(
            {
                "unit": np.repeat(np.arange(size), counts),
                "amount_yuan": np.repeat(np.tile(POINTS * STEP, size), kinds.ravel()),
            }
        )
        cost = np.minimum(POINTS * STEP, 1_500_000.0)
        share = float(CHANCES @ np.minimum(cost, plan.rule.split)) / float(CHANCES @ cost)
        plan = replace(plan, rule=replace(plan.rule, primary_share=share))
    found = plan.multiplier(experience(one, counts, losses), claims=claims).to_numpy()
    mean = float((np.prod(multiplier_distribution(plan, one), axis=0)).sum())
    # A multiplier without steps is read at the middle of small intervals.
    assert abs(found.mean() - mean) < 4 * found.std() / np.sqrt(size) + 1e-9 + (0 if plan.steps else 2e-4)


@pytest.mark.parametrize("name", ["national_five_steps", "city_gerendangan", "wsib"])
def test_the_chain_agrees_with_units_followed_year_by_year(name):
    plan, one = load_plan(name), risks(3.0)
    plan = replace(plan, window_years=1, ratio=replace(plan.ratio, average=0.7))
    rng, size, years = np.random.default_rng(5), 40_000, 6
    expected = chain(plan, one).path(years)
    before = pd.Series(1.0, index=pd.RangeIndex(size))
    for year in range(1, years + 1):
        counts, losses = drawn(one, rng, size=size)
        seen = experience(one, counts, losses)
        seen["premium_yuan"] *= before.to_numpy()
        before = plan.multiplier(seen, before)
        for step, p in zip(plan.steps, expected[year, 0], strict=True):
            share = np.isclose(before, step).mean()
            assert abs(share - p) < 4 * np.sqrt(max(p * (1 - p), 1 / size) / size), (year, step)


def test_the_equilibrium_is_where_the_path_ends():
    found = chain(load_plan("wsib"), risks([0.5, 5.0, 50.0]))
    assert found.equilibrium() == pytest.approx(found.path(400)[-1], abs=1e-10)
    assert found.equilibrium().sum(axis=1) == pytest.approx(1.0)


def test_small_and_large_units_are_computed_alike():
    # The same unit with a limit far above its losses goes the way of the large ones.
    mean, variance = np.array([3.0, 40.0]), np.array([4.0, 90.0])
    limits = np.array([[0.0, 7.5, 20.0], [100.0, 250.0, 300.0]])
    far = np.concatenate([limits, np.full((2, 1), 9000.0)], axis=1)
    for cuts in (np.zeros((2, 0), dtype=np.int64), np.array([[1, 4], [1, 35]])):
        few, large = joint(mean, variance, SEVERITY, limits, cuts), joint(mean, variance, SEVERITY, far, cuts)
        assert few == pytest.approx(
            np.concatenate([large[..., :3], large[..., 3:].sum(axis=2, keepdims=True)], axis=2), abs=1e-10
        )
        assert few.sum(axis=(1, 2)) == pytest.approx(1.0, abs=1e-9)


def test_a_giant_on_a_coarse_grid_keeps_its_mean_and_its_steps():
    plan, one = load_plan("huainan"), risks(20_000.0, 0.01)
    size = 200_000
    counts, losses = drawn(one, np.random.default_rng(3), size=size)
    found = plan.multiplier(experience(one, counts, losses)).to_numpy()
    for step, p in zip(plan.steps, targets(plan, one)[0, 0], strict=True):
        assert abs((found == step).mean() - p) < 4 * np.sqrt(max(p * (1 - p), 1 / size) / size)


def test_after_the_correction_the_expected_premium_is_the_target():
    portfolio = risks([0.1, 0.5, 2.0, 20.0, 300.0], 0.3)
    for name in available_plans():
        found = analyse(load_plan(name), portfolio, 3)
        charged = found.multiplier * found.base_rate_multiplier @ portfolio.base_premium
        assert charged == pytest.approx(portfolio.base_premium.sum(), rel=1e-6), name
        assert found.steps["premium_share"].sum() == pytest.approx(1.0, abs=1e-9)
        assert found.off_balance.shape == (4,)
        assert found.money_moved_yuan >= -1e-6
        low, high = load_plan(name).bounds
        assert ((found.multiplier >= low - 1e-9) & (found.multiplier <= high + 1e-9)).all()


def test_luck_decides_for_the_small_and_safety_for_the_large():
    plan = load_plan("huainan")
    units = risks([0.05, 1.0, 500.0])
    factors, weights = np.array([0.5, 1.0, 1.5]), np.ones(3)
    shares = separation(plan, units, factors, weights)
    assert (np.diff(shares) > 0).all()
    assert shares[0] < 0.1 < 0.8 < shares[2] <= 1
    assert (efficiency(plan, units) > 0).all()
    none = load_plan("none")
    assert efficiency(none, units) == pytest.approx(0.0, abs=1e-12)
    assert separation(none, units, factors, weights).tolist() == [0, 0, 0]
    assert analyse(none, units).money_moved_yuan == pytest.approx(0.0, abs=1e-6)


def test_what_the_exact_analysis_cannot_do_it_says():
    assert analyse(load_plan("wsib"), risks(1.0)).notes
    assert analyse(load_plan("zibo"), risks(1.0)).notes
    with pytest.raises(InputError, match="ladder"):
        chain(load_plan("bg_bau"), risks(1.0))
    with pytest.raises(InputError, match="movement"):
        multiplier_distribution(load_plan("wsib"), risks(1.0))
    with pytest.raises(InputError, match="variance"):
        analyse(load_plan("huainan"), replace(risks(2.0), variance=np.array([1.0])))
    with pytest.raises(InputError, match="add up to one"):
        replace(risks(1.0), severity=np.array([0.5, 0.4]))


def test_units_without_cases_stand_on_the_lowest_step():
    one = risks(1.0)
    empty = replace(one, cases=np.zeros(1), variance=np.zeros(1))
    assert chain(load_plan("huainan"), empty).equilibrium()[0].tolist() == pytest.approx([1, 0, 0, 0, 0])


def series(values):
    return pd.Series(values, index=[f"u{i}" for i in range(len(values))], dtype=float)


def test_quintile_test_of_a_plan_that_knows_and_of_one_that_does_not():
    rng = np.random.default_rng(2)
    true = rng.choice([0.5, 0.8, 1.0, 1.2, 1.5], 1000)
    base, losses = series(rng.uniform(1, 2, 1000) * 1e5), series(np.zeros(1000))
    losses += true * base * 0.6
    knows = quintile_test(series(true), base, losses)
    assert knows.groups["base_premium_yuan"].to_numpy() == pytest.approx(base.sum() / 5)
    assert knows.groups["loss_ratio_before"].is_monotonic_increasing
    assert knows.spread_after == pytest.approx(0.0, abs=1e-9)
    assert knows.spread_before > 0.2
    assert knows.gini > 0.1
    assert knows.lift == pytest.approx(3.0, rel=0.05)
    assert knows.groups["loss_ratio_after"].to_numpy() == pytest.approx(losses.sum() / base.sum())
    blind = quintile_test(series(np.ones(1000)), base, losses)
    assert blind.gini == pytest.approx(0.0, abs=1e-12)
    assert blind.lift == pytest.approx(1.0)
    wrong = quintile_test(series(2 - true), base, losses)
    assert wrong.gini < -0.1
    with pytest.raises(InputError):
        quintile_test(series([1.0]), series([1.0]), series([0.0]))


def test_dislocation_names_the_largest_rise_first():
    table = dislocation(
        series([1.0, 1.0, 1.2]),
        series([0.8, 1.5, 1.2]),
        series([100.0, 200.0, 300.0]),
        pd.DataFrame({"prefecture": ["hami"] * 3}, index=["u0", "u1", "u2"]),
    )
    assert table.index.tolist() == ["u1", "u2", "u0"]
    assert table["change_yuan"].tolist() == pytest.approx([100, 0, -20])
    assert table["change"].tolist() == pytest.approx([0.5, 0, -0.2])
    assert table["prefecture"].eq("hami").all()


def test_hiding_a_case_saves_the_distance_between_two_steps():
    one = risks(1.0)
    frame = experience(one, np.array([2, 1, 0]), np.array([one.base_premium[0] * 1.3, one.base_premium[0] * 0.1, 0.0]))
    saved = concealment(
        load_plan("huainan"), frame, {"light": one.base_premium[0] * 0.2, "grave": one.base_premium[0] * 1.25}
    )
    assert saved["light"].to_numpy() == pytest.approx([0.3 * one.base_premium[0], np.nan, np.nan], nan_ok=True)
    assert saved["grave"].iloc[0] == pytest.approx(1.0 * one.base_premium[0])
    assert concealment(load_plan("none"), frame, {"light": 1.0})["light"].dropna().tolist() == [0.0, 0.0]
