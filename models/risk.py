"""Risk measures of simulated paths, each with its Monte Carlo error.

Paths come in antithetic pairs (`models.simulation.draw`: path i and path i + half meet opposite luck), which are not independent: every error is
that of the mean of independent pairs. Quantiles by Woodruff's intervals, tail means by their influence function (Manistre & Hancock 2005).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Estimate:
    """A figure of a simulation and its standard error."""

    value: float
    standard_error: float


def paired_error(values: Floats) -> Floats:
    """Return the standard error of the mean over the first axis, antithetic partners averaged first."""
    n = len(values)
    half = (n + 1) // 2
    pairs = np.array(values[:half], dtype=np.float64)
    pairs[: n - half] = (pairs[: n - half] + values[half:]) / 2.0
    if half < 2:
        return np.full(pairs.shape[1:], np.nan)
    return np.asarray(pairs.std(axis=0, ddof=1) / np.sqrt(half))


def mean(values: Floats) -> Estimate:
    """Return the mean of paths; of an indicator, the probability."""
    own = np.asarray(values, dtype=np.float64)
    return Estimate(float(own.mean()), float(paired_error(own)))


def quantile(values: Floats, probability: float) -> Estimate:
    """Return the quantile of paths (linear between them; with infinite values the smallest path that reaches the probability)."""
    method: Literal["linear", "inverted_cdf"] = "linear" if np.isfinite(values).all() else "inverted_cdf"
    found = float(np.quantile(values, probability, method=method))
    error = float(paired_error((values <= found).astype(np.float64)))
    if not np.isfinite(error):
        return Estimate(found, float("nan"))
    ends = np.clip([probability - error, probability + error], 0.0, 1.0)
    low, high = np.quantile(values, ends, method=method)
    return Estimate(found, float(high - low) / 2.0 if np.isfinite(high) else float("nan"))


def tail_value_at_risk(values: Floats, probability: float) -> Estimate:
    """Return the mean of the worst ``1 − probability`` of the paths (large is bad)."""
    at = quantile(values, probability).value
    if not np.isfinite(values).all():
        return Estimate(float("inf"), float("nan"))
    return mean(at + np.maximum(values - at, 0.0) / (1.0 - probability))


def mean_where(values: Floats, where: NDArray[np.bool_]) -> Estimate:
    """Return the mean over the paths that meet a condition; NaN where none does."""
    share = float(where.mean())
    if share == 0:
        return Estimate(float("nan"), float("nan"))
    found = float(values[where].mean())
    return Estimate(found, float(paired_error(np.where(where, values - found, 0.0) / share)))


def shortfall(balance: Floats, floor: Floats) -> Floats:
    """Return for every path how far it falls below the floor at its worst step (0 where it never does); arrays (paths, steps)."""
    return np.asarray(np.maximum((floor - balance).max(axis=1), 0.0))


def first_below(balance: Floats, floor: Floats) -> NDArray[np.intp]:
    """Return for every path the first step (from 0) at which it is below the floor; the number of steps where it never is."""
    below = balance < floor
    return np.asarray(np.where(below.any(axis=1), below.argmax(axis=1), balance.shape[1]))
