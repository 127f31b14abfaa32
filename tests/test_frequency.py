"""The frequency model: equal to statsmodels on rows, honest about what the data do not tell, calibrated where it gives a probability."""

import dataclasses

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
import statsmodels.formula.api as smf
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from models.frequency import back_test, crps, fit_frequency, log_score, term_tests
from models.messages import InputError


def ledger(seed=0, rows=3000, alpha=0.0):
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "project_type": rng.choice(["housing", "road", "rail", "water"], rows, p=[0.5, 0.3, 0.15, 0.05]),
            "prefecture": pd.Categorical(rng.choice(["urumqi", "kashgar", "ili"], rows)),
            "band": rng.integers(1, 5, rows),
            "year": rng.integers(2018, 2025, rows),
            "size": rng.lognormal(0, 1, rows).round(2),
            "persons": rng.gamma(2.0, 1.0, rows),
        }
    )
    mean = frame["persons"] * np.exp(-1 + 0.4 * (frame["project_type"] == "road") - 0.03 * (frame["year"] - 2018))
    risk = rng.gamma(1 / alpha, alpha, rows) if alpha else 1.0
    return frame.assign(cases=rng.poisson(mean * risk))


@pytest.mark.parametrize(
    "formula",
    [
        "cases ~ C(project_type) + prefecture + year",
        "cases ~ project_type * prefecture",
        "cases ~ C(band, Poly) + bs(size, df=5) + project_type",
        "cases ~ 0 + cr(size, df=4) + np.log(size)",
        "cases ~ 0 + project_type + center(year)",
        "cases ~ I((year - 2020) ** 2) + year + C(prefecture, Sum)",
        "cases ~ 1",
    ],
)
def test_cells_give_what_rows_give(formula):
    rows = ledger()
    ours = fit_frequency(rows, formula, "persons")
    peer = smf.glm(formula, rows, family=sm.families.Poisson(), offset=np.log(rows["persons"])).fit(tol=1e-14)
    assert ours.coefficients.to_numpy() == pytest.approx(peer.params.to_numpy(), rel=1e-8, abs=1e-8)
    assert ours.standard_errors.to_numpy() == pytest.approx(peer.bse.to_numpy(), rel=1e-6)
    assert ours.deviance == pytest.approx(peer.deviance, rel=1e-10)
    assert ours.log_likelihood == pytest.approx(peer.llf, rel=1e-10)
    assert ours.pearson_dispersion == pytest.approx(peer.pearson_chi2 / peer.df_resid, rel=1e-8)
    assert ours.predict(rows).to_numpy() == pytest.approx(peer.fittedvalues.to_numpy(), rel=1e-8)
    assert ours.aliased == ()


@pytest.mark.parametrize("whole_exposure", [False, True])
def test_negative_binomial_is_that_of_statsmodels(whole_exposure):
    rows = ledger(alpha=0.7)
    if whole_exposure:  # rows repeat, and are counted instead
        rows["persons"] = np.ceil(rows["persons"])
    ours = fit_frequency(rows, "cases ~ project_type + prefecture", "persons", "negative-binomial")
    peer = smf.negativebinomial("cases ~ project_type + prefecture", rows, offset=np.log(rows["persons"])).fit(
        start_params=[*ours.coefficients, ours.alpha], method="newton", disp=0, tol=1e-12
    )
    assert ours.coefficients.to_numpy() == pytest.approx(peer.params[:-1].to_numpy(), abs=1e-7)
    assert ours.standard_errors.to_numpy() == pytest.approx(peer.bse[:-1].to_numpy(), rel=1e-5)
    assert ours.alpha == pytest.approx(peer.params["alpha"], rel=1e-7)
    assert ours.dispersion_error == pytest.approx(peer.bse["alpha"], rel=1e-5)
    assert ours.log_likelihood == pytest.approx(peer.llf, rel=1e-11)
    assert ours.aic == pytest.approx(peer.aic, rel=1e-11)
    assert ours.theta * ours.alpha == pytest.approx(1.0)


def test_negative_binomial_of_poisson_counts_is_poisson():
    rows = ledger().assign(cases=lambda r: (r["persons"] > 2).astype(int))  # less variable than Poisson
    ours, poisson = (
        fit_frequency(rows, "cases ~ project_type", "persons", f) for f in ("negative-binomial", "poisson")
    )
    assert (ours.alpha, ours.theta) == (0.0, np.inf)
    assert ours.log_likelihood == pytest.approx(poisson.log_likelihood)
    assert "alpha is 0" in str(ours.notes[-1])
    assert ours.overdispersion_test().p_value == 1.0


def test_how_a_column_is_stored_does_not_matter():
    rows = ledger()
    rows["code"] = rows["project_type"].map({"housing": 1, "road": 2, "rail": 300000, "water": 4})
    forms = {
        "text": rows["code"].astype(str),
        "object": rows["code"].astype(str).astype(object),
        "category": rows["code"].astype(str).astype(pd.CategoricalDtype(["1", "2", "300000", "4", "never"])),
        "number": rows["code"].astype(float),
    }
    fits = [fit_frequency(rows.assign(x=x), "cases ~ C(x) + band", "persons") for x in forms.values()]
    for fit in fits[1:]:
        assert fit.deviance == pytest.approx(fits[0].deviance, rel=1e-12)
        assert sorted(fit.coefficients) == pytest.approx(sorted(fits[0].coefficients), abs=1e-9)


def test_order_of_rows_does_not_matter_and_the_input_is_left_alone():
    rows = ledger()
    before = rows.copy()
    shuffled = rows.sample(frac=1.0, random_state=1)
    one, other = (fit_frequency(r, "cases ~ project_type + prefecture + year", "persons") for r in (rows, shuffled))
    pd.testing.assert_series_equal(one.coefficients, other.coefficients, rtol=1e-9)
    pd.testing.assert_series_equal(one.predict(shuffled), other.predict(shuffled), rtol=1e-9)
    pd.testing.assert_frame_equal(rows, before)
    with pytest.raises(dataclasses.FrozenInstanceError):
        one.deviance = 0.0


def test_thirty_independent_yes_or_no_columns():
    rng = np.random.default_rng(3)
    flags = pd.DataFrame(rng.integers(0, 2, (2000, 30)).astype(bool), columns=[f"d{i}" for i in range(30)])
    rows = flags.astype(float).assign(e=1.0, y=rng.poisson(0.5, 2000))
    formula = "y ~ " + " + ".join(flags)
    ours = fit_frequency(rows, formula, "e")
    peer = smf.glm(formula, rows, family=sm.families.Poisson()).fit(tol=1e-14)
    assert ours.coefficients.to_numpy() == pytest.approx(peer.params.to_numpy(), abs=1e-8)


# What the data do not tell


def test_aliased_levels_are_named_and_combinations_unseen_are_refused():
    rows = ledger().assign(office=lambda r: "o" + r["project_type"])
    fit = fit_frequency(rows, "cases ~ project_type + office + prefecture", "persons")
    assert fit.aliased == ("office[T.orail]", "office[T.oroad]", "office[T.owater]")
    assert not set(fit.aliased) & set(fit.coefficients.index)
    table = fit.relativities().set_index(["variable", "level"])
    assert table.loc[("project_type", "road"), "aliased"]
    assert not table.loc[("prefecture", "ili"), "aliased"]
    same = fit_frequency(rows, "cases ~ project_type + prefecture", "persons")
    assert fit.predict(rows).to_numpy() == pytest.approx(same.predict(rows).to_numpy(), rel=1e-10)
    stranger = rows.head(1).assign(project_type="road", office="orail")
    assert not fit.knows(stranger).any()
    with pytest.raises(InputError, match="apart"):
        fit.predict(stranger)


def test_one_level_only():
    rows = ledger().assign(project_type="road", year=2024)
    fit = fit_frequency(rows, "cases ~ project_type + year", "persons")
    assert len(fit.coefficients) == 1
    assert len(fit.relativities()) == 1
    assert fit.predict(rows).sum() == pytest.approx(rows["cases"].sum())
    with pytest.raises(InputError, match="one value only"):
        fit.trend("year")


@pytest.mark.parametrize("family", ["poisson", "negative-binomial"])
@pytest.mark.parametrize("silent", ["housing", "water"])  # the base of the coding, and another level
def test_a_level_without_cases_is_said_and_bounded(silent, family):
    rows = ledger(alpha=0.5)
    rows.loc[rows["project_type"] == silent, "cases"] = 0
    fit = fit_frequency(rows, "cases ~ project_type + prefecture", "persons", family)
    assert any(silent in str(note) for note in fit.notes)
    rest = rows[rows["project_type"] != silent]
    without = fit_frequency(rest, "cases ~ project_type + prefecture", "persons", family)
    assert fit.predict(rest).to_numpy() == pytest.approx(without.predict(rest).to_numpy(), rel=1e-6)
    assert np.isfinite(fit.coefficients).all()
    assert np.isfinite(fit.standard_errors).all()
    line = fit.relativities().set_index("level").loc[silent]
    assert (line["relativity"], line["low"]) == (0.0, 0.0)
    assert 0.0 < line["high"] < 1.0
    assert not line["base"]


def test_upper_bound_without_cases_is_the_exact_one():
    rows = pd.DataFrame({"g": ["a", "b"], "cases": [1_000_000, 0], "e": [1e6, 10.0]})
    line = fit_frequency(rows, "cases ~ g", "e").relativities(0.9).set_index("level").loc["b"]
    assert line["high"] == pytest.approx(stats.chi2.ppf(0.95, 2) / 2 / 10.0, rel=1e-6)


def test_rows_without_exposure_are_left_out_and_said():
    rows = ledger()
    idle = rows.head(5).assign(persons=0.0, cases=0)
    fit = fit_frequency(pd.concat([rows, idle]), "cases ~ project_type", "persons")
    assert fit.coefficients.to_numpy() == pytest.approx(
        fit_frequency(rows, "cases ~ project_type", "persons").coefficients.to_numpy()
    )
    assert str(fit.notes[0]) == "5 rows without exposure were left out."
    assert (fit.predict(idle) == 0.0).all()
    assert fit.actual_against_expected(pd.concat([rows, idle]), "year")["actual"].sum() == rows["cases"].sum()


def test_as_many_coefficients_as_rows():
    rows = pd.DataFrame({"g": list("abc"), "cases": [1, 2, 3], "e": [1.0, 1.0, 2.0]})
    fit = fit_frequency(rows, "cases ~ g", "e")
    assert fit.degrees_of_freedom == 0
    assert fit.dispersion == 1.0
    assert "as many coefficients as rows" in str(fit.notes[-1])


@pytest.mark.parametrize(
    ("change", "formula", "says"),
    [
        ({"cases": 0}, "cases ~ project_type", "no case in any row"),
        ({"persons": 0.0, "cases": 0}, "cases ~ project_type", "0 in every row"),
        ({"persons": 0.0}, "cases ~ project_type", "cases but no exposure"),
        ({"persons": np.nan}, "cases ~ project_type", "missing, infinite or negative in 3000 rows"),
        ({"cases": -1}, "cases ~ project_type", "Column cases is missing, infinite or negative"),
        ({"cases": "many"}, "cases ~ project_type", "must hold numbers"),
        ({"project_type": None}, "cases ~ project_type", "project_type is empty in 3000 rows"),
        ({"size": np.inf}, "cases ~ size", "infinite or undefined"),
        ({}, "cases ~ season", "asks for column season"),
        ({}, "injuries ~ year", "asks for column injuries"),
        ({}, "cases ~ year +", "cannot be read"),
        ({}, "cases ~ 0", "nothing after"),
        ({}, "cases + year ~ 1", "one column of counts"),
        ({}, "log(cases) ~ year", "one column of counts"),
        ({}, "year", "one column of counts"),
        ({}, "cases ~ persons", "cannot also be a rating variable"),
        ({}, "cases ~ cases", "both the count"),
        ({}, "cases ~ __import__('os').getpid()", "may use"),
        ({}, "cases ~ year.__class__", "may use"),
        ({}, "cases ~ np.C(year)", "may use"),
        ({}, "cases ~ Q(year)", "cannot be read"),
        ({}, "cases ~ [x for x in ()]", "may use"),
        ({}, "cases ~ log(-1 * size)", "infinite or undefined"),
        ({}, "cases ~ bs(size, df=1)", "cannot be read"),
        ({"year": 0}, "cases ~ 0 + year", "No term"),
    ],
)
@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")
def test_what_cannot_be_used_is_said(change, formula, says):
    with pytest.raises(InputError, match=says):
        fit_frequency(ledger().assign(**change), formula, "persons")


def test_other_refusals():
    rows = ledger()
    with pytest.raises(InputError, match="no column hours"):
        fit_frequency(rows, "cases ~ year", "hours")
    with pytest.raises(InputError, match="family tweedie"):
        fit_frequency(rows, "cases ~ year", "persons", "tweedie")
    with pytest.raises(InputError, match="no rows"):
        fit_frequency(rows.head(0), "cases ~ year", "persons")
    with pytest.raises(InputError, match="whole numbers"):
        fit_frequency(rows.assign(cases=rows["cases"] / 2), "cases ~ year", "persons", "negative-binomial")
    fit = fit_frequency(rows, "cases ~ project_type + bs(size, df=4)", "persons")
    with pytest.raises(InputError, match="project_type has tunnel"):
        fit.predict(rows.assign(project_type="tunnel"))
    with pytest.raises(InputError, match="cannot be applied"):
        fit.predict(rows.assign(size=1e9))
    with pytest.raises(InputError, match="asks for column size"):
        fit.predict(rows.drop(columns="size"))
    with pytest.raises(InputError, match="not in the formula"):
        fit.effect("year", [2020], 2019)
    with pytest.raises(InputError, match="between 0 and 1"):
        fit.relativities(level=95)
    assert len(fit.predict(rows.head(0))) == 0


# What is read from a fit


def test_relativities_are_to_the_most_exposed_level():
    rows = ledger()
    fit = fit_frequency(rows, "cases ~ C(project_type) + prefecture + year", "persons")
    table = fit.relativities(0.9)
    assert list(table[table["base"]]["level"])[:1] == ["housing"]
    assert (table[table["base"]]["relativity"] == 1.0).all()
    road = table.set_index("level").loc["road"]
    coefficient, error = (s["C(project_type)[T.road]"] for s in (fit.coefficients, fit.standard_errors))
    assert road["relativity"] == pytest.approx(np.exp(coefficient))
    spread = np.sqrt(max(fit.pearson_dispersion, 1.0))
    assert road["high"] == pytest.approx(np.exp(coefficient + stats.norm.ppf(0.95) * error * spread))
    assert table["cases"].sum() == 2 * rows["cases"].sum()


def test_contrasts_do_not_change_relativities():
    rows = ledger()
    rows["ordered"] = pd.Categorical(rows["band"], ordered=True)
    forms = ("ordered", "C(ordered, Treatment)", "C(band)", "C(band, Sum)", "C(band, Poly)")
    tables = [fit_frequency(rows, f"cases ~ {form} + year", "persons").relativities() for form in forms]
    for table in tables[1:]:
        assert table["relativity"].to_numpy() == pytest.approx(tables[0]["relativity"].to_numpy(), rel=1e-9)
        assert table["high"].to_numpy() == pytest.approx(tables[0]["high"].to_numpy(), rel=1e-9)
    assert "ordered.Linear" in fit_frequency(rows, "cases ~ ordered", "persons").coefficients.index


def test_trend_is_the_same_by_line_and_near_it_by_level():
    rows = ledger(rows=20000)
    line = fit_frequency(rows, "cases ~ project_type + year", "persons")
    assert line.trend().change == pytest.approx(np.expm1(line.coefficients["year"]))
    assert line.trend().low < np.expm1(-0.03) < line.trend().high
    levels = fit_frequency(rows, "cases ~ project_type + C(year)", "persons").trend()
    assert levels.low < line.trend().change < levels.high


def test_actual_against_expected_balances_on_what_was_fitted():
    rows = ledger()
    fit = fit_frequency(rows, "cases ~ project_type + prefecture", "persons")
    for by in ("project_type", "prefecture", ["project_type"]):
        assert fit.actual_against_expected(rows, by)["ratio"].to_numpy() == pytest.approx(1.0, abs=1e-9)
    two = fit.actual_against_expected(rows, ["year", "prefecture"])
    assert two["actual"].sum() == rows["cases"].sum()
    assert (two["low"] <= two["high"]).all()
    inside = ((two["low"] <= two["actual"]) & (two["actual"] <= two["high"])).mean()
    assert inside > 0.7


def test_a_term_without_effect_is_told_from_one_with():
    tests = term_tests(fit_frequency(ledger(rows=10000), "cases ~ project_type + prefecture + year", "persons"))
    assert list(tests["degrees_of_freedom"]) == [3, 2, 1]
    assert tests.loc["project_type", "p_value"] < 1e-6 < 1e-3 < tests.loc["prefecture", "p_value_overdispersed"]
    nested = term_tests(fit_frequency(ledger(), "cases ~ project_type * prefecture", "persons", "negative-binomial"))
    assert list(nested.index) == ["project_type:prefecture"]


@pytest.mark.parametrize("alpha", [0.0, 0.8])
def test_tests_hold_their_level_and_see_what_is_there(alpha):
    family = "negative-binomial" if alpha else "poisson"
    zero, over = [], []
    for seed in range(150):
        fit = fit_frequency(ledger(seed, 400, alpha), "cases ~ project_type", "persons", family)
        zero.append(fit.zero_inflation_test().p_value)
        over.append(fit.overdispersion_test().p_value)
    assert stats.binomtest(int(np.sum(np.array(zero) < 0.1)), 150, 0.1).pvalue > 0.001
    if alpha:
        assert np.mean(np.array(over) < 0.05) > 0.8
    else:
        assert stats.binomtest(int(np.sum(np.array(over) < 0.1)), 150, 0.1).pvalue > 0.001
    rows = ledger(1, 3000, alpha)
    rows.loc[np.random.default_rng(0).random(3000) < 0.3, "cases"] = 0
    inflated = fit_frequency(rows, "cases ~ project_type", "persons", "poisson").zero_inflation_test()
    assert inflated.p_value < 1e-4
    assert inflated.observed == (rows["cases"] == 0).sum()


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 60), st.floats(1e-4, 60.0), st.one_of(st.just(0.0), st.floats(1e-5, 3.0)))
def test_scores_are_those_of_the_definition(count, mean, alpha):
    law = stats.nbinom(1 / alpha, 1 / (1 + alpha * mean)) if alpha else stats.poisson(mean)
    k = np.arange(0, int(max(law.ppf(1 - 1e-13), count)) + 50)
    definition = ((law.cdf(k) - (count <= k)) ** 2).sum()
    y, m = np.array([count], dtype=float), np.array([mean])
    assert crps(y, m, alpha)[0] == pytest.approx(definition, rel=1e-6, abs=1e-8)
    assert log_score(y, m, alpha)[0] == pytest.approx(-law.logpmf(count), rel=1e-7, abs=1e-7)


def test_back_test_foretells_only_from_the_past_and_says_what_it_cannot():
    rows = ledger(rows=8000)
    rows.loc[(rows["year"] == 2024) & (rows["band"] == 1), "project_type"] = "tunnel"
    result = back_test(rows, "cases ~ project_type + year", "persons", "year", first=4)
    assert list(result.table.index) == [2022, 2023, 2024]
    assert len(result.notes) == 1
    assert str(result.notes[0]).startswith("2024: ")
    past = rows[rows["year"] < 2022]
    fit = fit_frequency(past, "cases ~ project_type + year", "persons")
    now = rows[rows["year"] == 2022]
    mean = fit.predict(now).to_numpy()
    assert result.table.loc[2022, "expected"] == pytest.approx(mean.sum())
    assert result.table.loc[2022, "log_score"] == pytest.approx(-stats.poisson.logpmf(now["cases"], mean).mean())
    assert result.log_score < result.constant_log_score
    weights = result.table["rows"]
    assert result.crps == pytest.approx((weights * result.table["crps"]).sum() / weights.sum())
    with pytest.raises(InputError, match="needs more than 1"):
        back_test(rows[rows["year"] == 2022], "cases ~ project_type", "persons", "year")


def test_back_test_intervals_hold():
    inside = [
        back_test(ledger(seed, 700, 0.5), "cases ~ project_type", "persons", "year", family, first=5).table["inside"]
        for seed in range(40)
        for family in ("poisson", "negative-binomial")
    ]
    assert 0.75 < np.mean(np.concatenate(inside)) <= 0.99
