"""Hachemeister (1975), Bühlmann-Straub by both estimators; digits from two independent sources (validation.md)."""

import csv

import numpy as np
import pytest

from models.credibility import buhlmann_straub, hierarchical
from tests.published import shared_data


@pytest.fixture(scope="module")
def hachemeister():
    rows = list(csv.DictReader(shared_data("hachemeister.csv").open()))
    quarters = range(1, 13)
    return tuple(np.array([[float(r[f"{name}.{q}"]) for q in quarters] for r in rows]) for name in ("ratio", "weight"))


def test_unbiased(hachemeister):
    fit = buhlmann_straub(*hachemeister)
    assert fit.collective == pytest.approx(1683.7134370473, abs=5e-10)
    assert fit.between == pytest.approx(89638.726232755, abs=5e-8)
    assert fit.within == pytest.approx(139120025.925285, abs=5e-5)
    assert fit.factors == pytest.approx([0.984740402, 0.927635218, 0.898475355, 0.727909209, 0.958791149], abs=5.1e-10)
    assert fit.premiums == pytest.approx(
        [2055.16535006, 1523.70627801, 1793.44360368, 1442.96654902, 1603.28540446], abs=5.1e-9
    )


def test_iterative(hachemeister):
    """The peer stops when a step changes the variance by less than √ε; its digits lie that far from the fixed point, which is ours."""
    fit = buhlmann_straub(*hachemeister, estimator="iterative")
    collective, between = 1688.8949697042, 64366.507159227
    premiums = [2053.06255348, 1528.63464793, 1789.94176815, 1467.97725575, 1604.85862321]
    assert fit.collective == pytest.approx(collective, rel=1e-11)
    assert fit.between == pytest.approx(between, rel=1e-9)
    assert fit.premiums == pytest.approx(premiums, rel=2e-11)
    # stopped where the peer stops, our own estimates give its digits
    start = buhlmann_straub(*hachemeister)
    weight, found, before = hachemeister[1].sum(axis=1), start.between, 0.0
    while abs(found - before) > np.sqrt(np.finfo(float).eps) * before:
        before = found
        factors = weight * before / (weight * before + start.within)
        found = factors @ (start.means - factors @ start.means / factors.sum()) ** 2 / 4
    factors = weight * found / (weight * found + start.within)
    centre = factors @ start.means / factors.sum()
    assert found == pytest.approx(between, abs=5.1e-10)
    assert centre == pytest.approx(collective, abs=5.1e-11)
    assert centre + factors * (start.means - centre) == pytest.approx(premiums, abs=5.1e-9)


def test_equal_weights(hachemeister):
    """Bühlmann's model of 1967, as printed by the documentation of R's actuar."""
    fit = buhlmann_straub(hachemeister[0], np.ones((5, 12)))
    assert (round(fit.collective, 3), round(fit.between, 2), round(fit.within, 2)) == (1671.017, 72310.02, 46040.47)


def test_hierarchy_of_cohorts(hachemeister):
    """States 1 and 3 in one cohort, 2, 4 and 5 in the other, as printed by the documentation of R's actuar (iterative estimators)."""
    fit = hierarchical(*hachemeister, [1, 2, 1, 2, 2], estimator="iterative")
    assert round(fit.collective) == 1746
    assert (round(fit.between_parents), round(fit.between_groups), round(fit.within)) == (88981, 10952, 139120026)
    assert fit.parent_means.round().tolist() == [1967, 1528]
    assert fit.parent_factors.round(4).tolist() == [0.9196, 0.9284]
    assert fit.parent_premiums.round().tolist() == [1949, 1543]
    assert fit.means.round().tolist() == [2061, 1511, 1806, 1353, 1600]
    assert fit.factors.round(4).tolist() == [0.8874, 0.6103, 0.5195, 0.2463, 0.7398]
    assert fit.premiums.round().tolist() == [2048, 1524, 1875, 1497, 1585]


def test_integer_weights_do_not_overflow(hachemeister):
    ratios, weights = hachemeister
    large = buhlmann_straub(ratios.astype("int64"), (weights * 10**6).astype("int64"))
    assert large.factors == pytest.approx(buhlmann_straub(ratios, weights).factors, rel=1e-9)
