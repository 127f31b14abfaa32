"""Frequency models on real data: mine injuries (MSHA) and motor claims of Massachusetts (Baxter 1980); digits from validation.md."""

import pandas as pd
import pytest

from models.frequency import fit_frequency
from tests.published import shared_data


@pytest.fixture(scope="module")
def mines():
    rows = pd.read_csv(shared_data("msha_2013_2015.csv.gz"))
    rows = rows[rows["emp_hrs_total"] >= 2000]
    assert len(rows) == 29664
    return rows.assign(exposure=rows["emp_hrs_total"] / 2000)


def rounded(fit, digits=6):
    return {name.split("T.")[-1].rstrip("]"): round(value, digits) for name, value in fit.coefficients.items()}


def test_mine_injuries_poisson(mines):
    fit = fit_frequency(mines, "num_injuries ~ commodity + type_of_mine", "exposure")
    assert fit.deviance == pytest.approx(28102.30648, abs=5.1e-6)
    assert fit.log_likelihood == pytest.approx(-22068.23505, abs=5.1e-6)
    assert round(fit.pearson_dispersion, 3) == round(fit.dispersion, 3) == 1.705
    assert rounded(fit) == {
        "Intercept": -3.571454,
        "Metal": -0.180352,
        "Nonmetal": -0.317929,
        "Sand & gravel": -0.330948,
        "Stone": 0.040090,
        "Surface": -0.217132,
        "Underground": 0.408526,
    }


@pytest.mark.parametrize("family", ["poisson", "negative-binomial"])
def test_mine_type_that_is_also_a_commodity_is_named(mines, family):
    fit = fit_frequency(mines, "num_injuries ~ commodity + type_of_mine", "exposure", family)
    assert fit.aliased == ("type_of_mine[T.Sand & gravel]",)
    assert "commodity[T.Sand & gravel]" in str(fit.notes[0])


def test_mine_injuries_negative_binomial(mines):
    fit = fit_frequency(mines, "num_injuries ~ commodity + type_of_mine", "exposure", "negative-binomial")
    assert fit.theta == pytest.approx(1.2816772, abs=5.1e-8)
    assert fit.dispersion == pytest.approx(1 / 1.2816772, rel=1e-7)
    assert round(fit.theta_standard_error, 4) == 0.0462
    assert 2 * fit.log_likelihood == pytest.approx(-39503.94992, abs=5.1e-6)
    assert rounded(fit)["Intercept"] == -3.613310
    assert rounded(fit)["Underground"] == 0.490701


def test_massachusetts_motor_claims_with_ordered_factors():
    rows = pd.read_csv(shared_data("mass_insurance.csv"))
    for column, levels in {
        "Group": ["<1l", "1-1.5l", "1.5-2l", ">2l"],
        "Age": ["<25", "25-29", "30-35", ">35"],
    }.items():
        rows[column] = pd.Categorical(rows[column], levels, ordered=True)
    for formula in ("Claims ~ C(District) + Group + Age", "Claims ~ C(District) + C(Group, Poly) + C(Age, Poly)"):
        fit = fit_frequency(rows, formula, "Holders")
        found = {
            name.rpartition(")")[2] if "Poly" in name else name: round(c, 6) for name, c in fit.coefficients.items()
        }
        assert round(fit.deviance, 5) == 51.42003
        assert fit.degrees_of_freedom == 54
        assert found["Intercept"] == -1.810508
        assert found["C(District)[T.4]"] == 0.234205
        assert found["Age.Linear" if "Age.Linear" in found else ".Linear"] == -0.394432
