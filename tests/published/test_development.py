"""Chain ladder and Mack (1993) on published triangles; NAIC workers' compensation; Friedland's self-insurer (validation.md)."""

import numpy as np
import pandas as pd
import pytest

from models.development import bornhuetter_ferguson, cape_cod, chain_ladder, frequency_severity, mack, triangle
from tests.published import shared_data


def by_year(name: str) -> np.ndarray:
    rows = pd.read_csv(shared_data(name))
    rows["age"] = rows["development"] - rows["origin"] + 1
    return triangle(rows, "origin", "age", "values", cumulative=True).cumulative


@pytest.fixture(scope="module")
def friedland():
    rows = pd.read_csv(shared_data("friedland_wc_self_insurer.csv"))
    rows["age"] = rows["Calendar Year"] - rows["Accident Year"] + 1
    tables = {
        name: triangle(rows, "Accident Year", "age", name, cumulative=True).cumulative for name in rows.columns[2:8]
    }
    return tables, rows.dropna(subset="Payroll")["Payroll"].to_numpy()


def test_taylor_ashe():
    fit = mack(by_year("genins.csv"))
    assert (round(fit.total_reserve), round(fit.total_standard_error)) == (18680856, 2447095)
    assert fit.reserves.round().tolist() == [
        0,
        94634,
        469511,
        709638,
        984889,
        1419459,
        2177641,
        3920301,
        4278972,
        4625811,
    ]
    assert fit.standard_errors.round().tolist() == [
        0, 75535, 121699, 133549, 261406, 411010, 558317, 875328, 971258, 1363155
    ]  # fmt: skip


def test_raa():
    fit = mack(by_year("raa.csv"))
    assert (round(fit.total_reserve), round(fit.total_standard_error)) == (52135, 26909)
    assert fit.standard_errors.round().tolist() == [0, 206, 623, 747, 1469, 2002, 2209, 5358, 6333, 24566]


def test_workers_compensation_of_all_companies():
    rows = pd.read_csv(shared_data("clrd_wkcomp.csv"))
    total = rows.groupby(["AccidentYear", "DevelopmentLag"], as_index=False)["CumPaidLoss"].sum()
    fit = mack(triangle(total, "AccidentYear", "DevelopmentLag", "CumPaidLoss", cumulative=True).cumulative)
    assert fit.total_reserve == pytest.approx(2777812.689, abs=5e-4)
    # printed as 182,647.700; exactly 182,647.699363, which chainladder 0.10.1 also finds
    assert fit.total_standard_error == pytest.approx(182647.70, abs=5e-3)
    assert fit.total_standard_error == pytest.approx(182647.699363, abs=5e-7)


def test_self_insurer_methods_agree(friedland):
    """Friedland gives several methods on this insurer; reported and paid claims, and counts times severities, tell the same story."""
    tables, payroll = friedland
    reported = chain_ladder(tables["Reported Claims"])
    found = frequency_severity(tables["Reported Claim Counts"], tables["Reported Claims"])
    assert found.ultimates == pytest.approx(reported.ultimates, rel=0.03)
    paid = frequency_severity(tables["Closed Claim Counts"], tables["Paid Claims"])
    assert paid.ultimates == pytest.approx(chain_ladder(tables["Paid Claims"]).ultimates, rel=0.03)
    # the severities printed with the data are those of reported counts
    printed = tables["Reported Severities"]
    ours = tables["Reported Claims"] / tables["Reported Claim Counts"]
    assert np.nanmax(np.abs(printed - ours)) <= 1.2  # printed to a unit, from claims before rounding
    ratio = cape_cod(tables["Reported Claims"], payroll)
    prior = bornhuetter_ferguson(tables["Reported Claims"], payroll, ratio.ratios)
    assert prior.ultimates == pytest.approx(ratio.ultimates)
    assert ratio.ultimates.sum() == pytest.approx(reported.ultimates.sum(), rel=0.1)
