"""The risk that a contractor's rows share: the joint likelihood, intervals that know how many contractors there are, forecasts that learn."""

import numpy as np
import pandas as pd
import pytest
from scipy.special import gammaln

from models.frequency import back_test, fit_frequency, wald_tests
from models.messages import InputError


def ledger(seed, units=120, rows=2500, alpha=0.4, effect=0.3):
    rng = np.random.default_rng(seed)
    weight = rng.lognormal(0, 1.2, units)
    unit = rng.choice(units, rows, p=weight / weight.sum())
    home = rng.integers(0, 3, units)  # every unit stays in one place
    exposure = rng.gamma(1.0, 1.0, rows)
    risk = rng.gamma(1 / alpha, alpha, units) if alpha else np.ones(units)
    mean = exposure * np.exp(-1.0 + effect * (home[unit] == 1)) * risk[unit]
    frame = pd.DataFrame(
        {
            "unit": unit,
            "place": home[unit].astype(str),
            "year": rng.integers(2018, 2024, rows),
            "e": exposure,
            "n": rng.poisson(mean),
        }
    )
    return frame, risk


def test_the_likelihood_is_the_joint_one_and_its_slope_is_zero_at_the_coefficients():
    frame, _ = ledger(1)
    fit = fit_frequency(frame, "n ~ place", "e", "negative-binomial", "unit")
    x = np.column_stack([np.ones(len(frame)), frame["place"] == "1", frame["place"] == "2"]).astype(float)

    def likelihood(b, a):
        mean = frame["e"] * np.exp(x @ b)
        total, cases = (v.groupby(frame["unit"]).sum() for v in (mean, frame["n"]))
        joint = gammaln(cases + 1 / a) - gammaln(1 / a) + cases * np.log(a) - (cases + 1 / a) * np.log1p(a * total)
        return joint.sum() + (frame["n"] * np.log(mean) - gammaln(frame["n"] + 1)).sum()

    b = fit.coefficients.to_numpy()
    assert fit.log_likelihood == pytest.approx(likelihood(b, fit.alpha), rel=1e-10)
    # the adjusted α stands above the plain maximum, by less than its error
    plain = max(np.exp(np.linspace(-2, 0.5, 60)), key=lambda a: likelihood(b, a))
    assert plain < fit.alpha < plain + 1.5 * fit.dispersion_error


def test_one_row_a_unit_is_nearly_the_ordinary_negative_binomial():
    frame, _ = ledger(2)
    frame["row"] = np.arange(len(frame))
    rows = fit_frequency(frame, "n ~ place", "e", "negative-binomial")
    units = fit_frequency(frame, "n ~ place", "e", "negative-binomial", "row")
    assert units.coefficients.to_numpy() == pytest.approx(rows.coefficients.to_numpy(), abs=1e-9)
    assert units.alpha == pytest.approx(rows.alpha, rel=0.02)


def test_intervals_hold_where_rows_of_a_unit_are_not_independent():
    inside = {"rows": 0, "units": 0}
    for seed in range(40):
        frame, _ = ledger(100 + seed, rows=1200, units=45)
        for name, unit in (("rows", None), ("units", "unit")):
            fit = fit_frequency(frame, "n ~ place", "e", "negative-binomial", unit)
            one = fit.effect("place", ["1"], "0", 0.9).iloc[0]
            inside[name] += one["low"] < np.exp(0.3) < one["high"]
    assert inside["units"] >= 30  # 36 expected; fewer than 30 has a probability below 0.5%
    assert inside["rows"] < inside["units"] - 3


def test_a_forecast_that_has_learnt_of_each_unit_scores_better():
    frame, risk = ledger(5, rows=6000)
    learnt = back_test(frame, "n ~ place", "e", "year", "negative-binomial", 4, "unit")
    plain = back_test(frame, "n ~ place", "e", "year", "negative-binomial", 4)
    assert learnt.log_score < plain.log_score
    fit = fit_frequency(frame, "n ~ place", "e", "negative-binomial", "unit")
    mean, left = fit.risk_of(frame)
    assert np.corrcoef(mean, risk[frame["unit"]])[0, 1] > 0.8
    assert ((left > 0) & (left <= fit.alpha * (1 + 1e-12))).all()
    unknown = fit.risk_of(frame.head(2).assign(unit=-1))
    assert unknown[0].tolist() == [1.0, 1.0]


def test_actual_against_expected_balances_by_fitted_level():
    frame, _ = ledger(6)
    fit = fit_frequency(frame, "n ~ place", "e", "negative-binomial", "unit")
    table = fit.actual_against_expected(frame, "place")
    assert table["ratio"].to_numpy() == pytest.approx(1.0, abs=0.02)


def test_units_alike_are_poisson_and_terms_are_tested():
    frame, _ = ledger(7, alpha=0.0)
    fit = fit_frequency(frame, "n ~ place", "e", "negative-binomial", "unit")
    assert fit.alpha < 0.03
    assert wald_tests(fit).loc["place", "p_value"] < 0.001
    assert fit.zero_inflation_test().p_value > 0.001


def test_one_unit_only_and_refusals():
    frame, _ = ledger(8, units=1)
    fit = fit_frequency(frame, "n ~ 1", "e", "negative-binomial", "unit")
    assert np.isfinite([fit.alpha, *fit.coefficients, *fit.standard_errors]).all()
    with pytest.raises(InputError, match="share a risk"):
        fit_frequency(frame, "n ~ place", "e", "poisson", "unit")
    with pytest.raises(InputError, match="no column firm"):
        fit_frequency(frame, "n ~ 1", "e", "negative-binomial", "firm")


def test_units_whose_giant_the_coefficients_follow_still_differ():
    rng = np.random.default_rng(23)
    units, rows = 14, 6
    size, risk = rng.pareto(0.7, units) + 0.2, rng.gamma(2.5, 0.4, units)
    unit = np.repeat(np.arange(units), rows)
    place = rng.choice(list("abcdef"), units * rows)
    exposure = np.repeat(size, rows) * rng.uniform(0.5, 1.5, units * rows)
    frame = pd.DataFrame({"unit": unit, "place": place, "e": exposure, "n": rng.poisson(exposure * risk[unit] * 3)})
    alone = fit_frequency(frame, "n ~ place", "e")
    total = frame.assign(mean=alone.predict(frame)).groupby("unit")[["n", "mean"]].sum()
    assert ((total["n"] - total["mean"]) ** 2 - total["n"]).sum() < 0  # at the Poisson fit they seem alike
    fit = fit_frequency(frame, "n ~ place", "e", "negative-binomial", "unit")
    assert fit.alpha == pytest.approx(0.4, abs=2 * fit.dispersion_error)
    assert fit.log_likelihood > alone.log_likelihood + 50
