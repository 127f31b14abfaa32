"""The break-even rate: what share of total cost the premium must be, on each financing basis.

Pay-as-you-go: the premium of a year pays the outgo of that year. Terminal funding: pensions enter with their capital value in the year in which they
start. Full funding: the premium of a year's projects pays everything that these projects will ever cost, discounted. Source: Regulation Art. 8
(以支定收、收支平衡); ISSA-ILO Guidelines on Actuarial Work; facts and formulas in docs/methods.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import norm

from models.messages import InputError

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Rate:
    """A rate (fraction of total cost) with its 90% interval."""

    rate: float
    low: float
    high: float


def gross(rate: Floats | float, prevention_share: float = 0.0, administration_share: float = 0.0) -> Floats:
    """Return the premium rate that leaves ``rate`` for benefits after the shares of collections that go elsewhere: R ÷ (1 − V − Q)."""
    kept = 1.0 - prevention_share - administration_share
    if kept <= 0:
        raise InputError("Prevention and administration take the whole premium; together they must be below 100%.")
    return np.asarray(np.asarray(rate) / kept)


def pay_as_you_go(
    outgo: Floats, exposure: Floats, prevention_share: float = 0.0, administration_share: float = 0.0
) -> Rate:
    """Return the rate at which a year's collections equal that year's outgo.

    Parameters
    ----------
    outgo, exposure : of every path in the year that the rate is set for (yuan)

    Returns
    -------
    Rate : ratio of the means (so that expected income equals expected outgo); the interval is that of the paths' own ratios
    """
    if not (exposure > 0).all():
        raise InputError("The pay-as-you-go rate needs a positive exposure.")
    ratios = gross(outgo / exposure, prevention_share, administration_share)
    mean = float(gross(outgo.mean() / exposure.mean(), prevention_share, administration_share))
    low, high = np.quantile(ratios, [0.05, 0.95])
    return Rate(mean, min(float(low), mean), max(float(high), mean))


def experience_rate(cost: pd.Series, exposure: pd.Series, unit: pd.Series, extra_cv: float = 0.0) -> Rate:
    """Return Σ cost ÷ Σ exposure with a 90% interval that lets a unit's years be alike (clustered ratio estimator, log scale).

    ``extra_cv`` is the coefficient of variation of what the sample cannot show (trend, development). With one unit the interval is from its
    periods; with one row it is not known and the rate comes with the widest interval, zero to ten times.
    """
    total = float(exposure.sum())
    if total <= 0:
        raise InputError("The indicated rate needs a positive exposure.")
    rate = float(cost.sum()) / total
    groups = unit if unit.nunique() > 1 else pd.Series(np.arange(len(unit)), index=unit.index)
    residual = (cost - rate * exposure).groupby(groups.to_numpy()).sum()
    n = len(residual)
    if n < 2 or rate <= 0:
        return Rate(rate, 0.0, max(rate * 10, 3.0 / total * float(cost.max() if len(cost) else 0.0)))
    variance = float((residual**2).sum()) * n / (n - 1) / total**2
    cv = np.sqrt(variance / rate**2 + extra_cv**2)
    spread = float(norm.ppf(0.95)) * np.sqrt(np.log1p(cv**2))
    return Rate(rate, rate * float(np.exp(-spread)), rate * float(np.exp(spread)))


def parts_of(rate: float, weights: Mapping[str, float]) -> pd.DataFrame:
    """Return ``part, rate``: a rate split by weights; the parts sum to the rate."""
    total = sum(weights.values())
    if total <= 0:
        return pd.DataFrame({"part": ["benefits"], "rate": [rate]})
    return pd.DataFrame({"part": list(weights), "rate": [rate * w / total for w in weights.values()]})


def decompose_change(
    factors_before: Mapping[str, float], factors_after: Mapping[str, float], order: tuple[str, ...]
) -> list[tuple[str, float]]:
    """Return (driver, change of the rate) where the rate is the product of the factors, changed one by one in ``order``; sums exactly.

    A factor that divides (an exposure) is passed as its reciprocal.
    """
    rate = float(np.prod([factors_before[name] for name in order]))
    now = dict(factors_before)
    changes = []
    for name in order:
        now[name] = factors_after[name]
        moved = float(np.prod([now[n] for n in order]))
        changes.append((name, moved - rate))
        rate = moved
    return changes
