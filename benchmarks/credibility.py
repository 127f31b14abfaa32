"""Bühlmann-Straub of 20,000 contractors × 5 years takes at most 3 ms: ``python -m benchmarks.credibility``.

Beside it, in the same run and with the same answer: the formulas written with pandas' group-by, as in a notebook, and for the iterative
estimator plain repetition until the last digits rest. Contractors are small, as in life: their credibility is two per cent on average. The least
of many runs counts, because a busy machine says nothing about the work. results/credibility.json keeps what was measured.
"""

from __future__ import annotations

import json
import platform
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd

from models.credibility import buhlmann_straub, hierarchical

RESULT = Path(__file__).with_name("results") / "credibility.json"
GROUPS, PERIODS, ROUNDS = 20_000, 5, 40


def by_pandas(rows: pd.DataFrame) -> tuple[float, float, float, pd.Series, pd.Series]:
    """Return collective, within, between, weights and means of the unbiased model from a long table."""
    weighted = rows.assign(total=rows["ratio"] * rows["weight"])
    groups = weighted.groupby("group").agg(weight=("weight", "sum"), total=("total", "sum"), periods=("weight", "size"))
    mean = groups["total"] / groups["weight"]
    away = rows["ratio"] - rows["group"].map(mean)
    within = (rows["weight"] * away**2).sum() / (groups["periods"] - 1).sum()
    whole = groups["weight"].sum()
    overall = (groups["weight"] * mean).sum() / whole
    found = (groups["weight"] * (mean - overall) ** 2).sum() - (len(groups) - 1) * within
    between = found / (whole - (groups["weight"] ** 2).sum() / whole)
    factors = groups["weight"] * between / (groups["weight"] * between + within)
    return (factors * mean).sum() / factors.sum(), within, between, groups["weight"], mean


def repeated(within: float, between: float, weight: np.ndarray, mean: np.ndarray) -> float:
    """Return the Bichsel-Straub variance by plain repetition."""
    before = 0.0
    while abs(between - before) > 1e-14 * between:
        before = between
        factors = weight * between / (weight * between + within)
        centre = (factors * mean).sum() / factors.sum()
        between = float((factors * (mean - centre) ** 2).sum() / (len(mean) - 1))
    return between


def milliseconds(work: Callable[[], object], rounds: int = ROUNDS) -> float:
    """Least of several runs."""
    found = []
    for _ in range(rounds):
        began = time.perf_counter()
        work()
        found.append(time.perf_counter() - began)
    return round(1e3 * min(found), 3)


def main() -> None:
    """Print and record the table."""
    rng = np.random.default_rng(1)
    weights = rng.uniform(1, 50, (GROUPS, PERIODS))
    ratios = rng.gamma(4, 0.25, (GROUPS, 1)) + rng.normal(0, 30, (GROUPS, PERIODS)) / np.sqrt(weights)
    prefectures = rng.integers(0, 14, GROUPS)
    rows = pd.DataFrame(
        {"group": np.repeat(np.arange(GROUPS), PERIODS), "ratio": ratios.ravel(), "weight": weights.ravel()}
    )
    ours, iterative = buhlmann_straub(ratios, weights), buhlmann_straub(ratios, weights, "iterative")
    collective, within, between, weight, mean = by_pandas(rows)
    plain = (within, between, weight.to_numpy(), mean.to_numpy())
    result = {
        "groups": GROUPS,
        "periods": PERIODS,
        "versions": {"python": platform.python_version(), "numpy": np.__version__, "pandas": pd.__version__},
        "unbiased_ms": milliseconds(lambda: buhlmann_straub(ratios, weights)),
        "pandas_ms": milliseconds(lambda: by_pandas(rows), 10),
        "relative_difference": float(np.abs(np.array([ours.collective, ours.within, ours.between]) / [collective, within, between] - 1).max()),
        "iterative_ms": milliseconds(lambda: buhlmann_straub(ratios, weights, "iterative")),
        "plain_repetition_ms": milliseconds(lambda: repeated(*plain), 5),
        "iterative_relative_difference": abs(repeated(*plain) / iterative.between - 1),
        "hierarchical_ms": milliseconds(lambda: hierarchical(ratios, weights, prefectures)),
    }  # fmt: skip
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
