"""Hachemeister (1975), Bühlmann-Straub by both estimators; digits from two independent sources (validation.md)."""

import csv

import numpy as np
import pytest

from models.credibility import buhlmann_straub
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
    fit = buhlmann_straub(*hachemeister, estimator="iterative")
    assert fit.collective == pytest.approx(1688.8949697042, abs=5e-7)
    assert fit.between == pytest.approx(64366.507159227, abs=5e-4)
    assert fit.premiums == pytest.approx(
        [2053.06255348, 1528.63464793, 1789.94176815, 1467.97725575, 1604.85862321], abs=5e-7
    )


def test_integer_weights_do_not_overflow(hachemeister):
    ratios, weights = hachemeister
    large = buhlmann_straub(ratios.astype("int64"), (weights * 10**6).astype("int64"))
    assert large.factors == pytest.approx(buhlmann_straub(ratios, weights).factors, rel=1e-9)
