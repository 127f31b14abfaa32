"""Severity: grade mix, medical cost, trends, cost by grade, large events: known truth recovered, identities, refusals."""

import numpy as np
import pandas as pd
import pytest

from models.messages import InputError
from models.severity import cost_by_grade, fit_medical, grade_mix, large_events, yearly_change

PRIOR = [0.004, 0.005, 0.006, 0.01, 0.018, 0.022, 0.06, 0.075, 0.2, 0.6]


def medical(family, n=4000, seed=1):
    rng = np.random.default_rng(seed)
    year, group = rng.integers(2015, 2025, n), rng.choice(["0", "10", "9"], n, p=[0.6, 0.3, 0.1])
    mean = 10_000 * 1.05 ** (year - 2015) * np.select([group == "10", group == "9"], [2.0, 3.0], 1.0)
    if family == "lognormal":
        noise = np.exp(rng.normal(-0.5, 1.0, n))
    elif family == "gamma":
        noise = rng.gamma(2.0, 0.5, n)
    else:
        noise = np.where(rng.random(n) < 0.05, 6.0 * rng.random(n) ** (-1 / 1.8), np.exp(rng.normal(-0.5, 0.8, n)))
    return mean * noise, year, group


@pytest.mark.parametrize("family", ["lognormal", "gamma"])
def test_medical_cost_finds_family_mean_relativities_and_inflation(family):
    fit = fit_medical(*medical(family), level=0.99)
    assert fit.family == family
    assert fit.base_group == "0"
    assert fit.mean_interval[0] < 10_000 < fit.mean_interval[1]
    assert fit.inflation.low < 0.05 < fit.inflation.high
    groups = fit.groups.set_index("group")
    assert (groups["low"] <= [1.0, 2.0, 3.0]).all()
    assert (groups["high"] >= [1.0, 2.0, 3.0]).all()
    assert fit.mean_of(["9"], [2016])[0] == pytest.approx(
        fit.mean * groups.loc["9", "relativity"] * (1 + fit.inflation.change)
    )


def test_a_heavy_tail_is_found_where_it_foretells_better():
    fit = fit_medical(*medical("pareto", 8000))
    assert fit.family == "lognormal_pareto"
    assert 1.4 < fit.tail_index < 2.4
    assert any("Pareto" in str(note) for note in fit.notes)


def test_the_interval_of_the_medical_mean_holds():
    held = [fit_medical(*medical("lognormal", 300, seed)).mean_interval for seed in range(60)]
    inside = sum(low < 10_000 < high for low, high in held)
    assert 47 <= inside <= 60  # 54 expected; 47 has a probability below 0.5%


def test_grade_mix_is_between_prior_and_data_and_sums_to_one():
    rng = np.random.default_rng(2)
    grade = rng.choice(np.arange(1, 11), 400, p=PRIOR)
    mix = grade_mix([*grade, 0, 0], PRIOR, ["a"] * 200 + ["b"] * 202)
    assert mix.overall["share"].sum() == pytest.approx(1.0)
    assert mix.overall["cases"].sum() == 400
    assert ((mix.overall["low"] < mix.overall["share"]) & (mix.overall["share"] < mix.overall["high"])).all()
    assert mix.cells.groupby("cell")["share"].sum().to_numpy() == pytest.approx(1.0)
    assert mix.p_value > 0.001
    none = grade_mix([0, 0], PRIOR)
    assert none.overall["share"].to_numpy() == pytest.approx(np.array(PRIOR) / np.sum(PRIOR))


def test_cells_that_differ_are_told_apart():
    mix = grade_mix([10] * 100 + [9] * 100, PRIOR, ["a"] * 100 + ["b"] * 100)
    assert mix.p_value < 1e-6
    shares = mix.cells.set_index(["cell", "grade"])["share"]
    assert shares["a", 10] > 0.8 > 0.2 > shares["b", 10]


def test_cost_by_grade_adds_law_and_medicine():
    fit = fit_medical(*medical("lognormal"))
    table = cost_by_grade(["0", "0", "10", "10", "9"], [0.0, 0.0, 70_000.0, 74_000.0, 110_000.0], fit, 2020).set_index(
        "group"
    )
    assert (table["mean_yuan"] == table["statutory_yuan"] + table["medical_yuan"]).all()
    assert table.loc["10", "statutory_yuan"] == 72_000
    assert table.loc["0", "medical_yuan"] == pytest.approx(fit.mean_of(["0"], [2020])[0])
    assert ((table["low"] <= table["mean_yuan"]) & (table["mean_yuan"] <= table["high"])).all()
    assert np.isfinite(table.to_numpy(dtype=float)).all()


def test_a_trend_by_hand():
    change = yearly_change([100.0, 110.0, 121.0, np.nan], [2020, 2021, 2022, 2023])
    assert change.change == pytest.approx(0.1)
    assert (change.cases, change.years) == (3, 3)


def test_large_events_are_a_process_of_their_own():
    found = large_events([3, 3, 4, 9, 1, 2], 100.0)
    assert (found.events, found.largest) == (4, 9)
    assert found.frequency == 0.04
    assert found.low < 0.04 < found.high
    assert found.victims.sum() == pytest.approx(1.0)
    assert 3 < found.mean_victims < 9
    none = large_events([], 100.0)
    assert (none.events, none.frequency, none.low) == (0, 0.0, 0.0)
    assert none.high == pytest.approx(-np.log(0.05) / 100.0)


@pytest.mark.parametrize(
    ("work", "words"),
    [
        (lambda: fit_medical([1.0] * 5, [2020] * 5), "at least 10"),
        (lambda: fit_medical([1.0] * 20, [2020] * 20, developed=[0.0] * 20), "developed shares"),
        (lambda: fit_medical([np.nan] * 20, [2020] * 20), "amount and a year"),
        (lambda: grade_mix([11], PRIOR), "0 .not graded. to 10"),
        (lambda: grade_mix([1], [0.5, 0.5]), "ten positive shares"),
        (lambda: yearly_change([1.0, 2.0], [2020, 2020]), "two different years"),
        (lambda: cost_by_grade([], [], None, 2020), "no cases"),
        (lambda: large_events([3], 0.0), "exposure above 0"),
        (lambda: large_events([3], 1.0, level=1.0), "between 0 and 1"),
    ],
)
def test_what_cannot_be_used_is_refused_by_name(work, words):
    with pytest.raises(InputError, match=words):
        work()


def test_one_amount_many_times_is_finite():
    fit = fit_medical([5_000.0] * 30, [2020] * 30)
    assert fit.mean == pytest.approx(5_000.0, rel=1e-6)
    assert np.isfinite([*fit.mean_interval, fit.cv, *fit.cv_interval]).all()
    assert isinstance(fit.groups, pd.DataFrame)
