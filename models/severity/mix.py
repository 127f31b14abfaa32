"""The mix of grades by cell, shrunk to the mix of all, which is shrunk to a prior.

Source: Minka (2000), Estimating a Dirichlet distribution.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import minimize_scalar
from scipy.special import gammaln
from scipy.stats import beta, chi2

from models.messages import InputError
from models.severity.trend import check_level

Floats = NDArray[np.float64]

GRADES = tuple(range(1, 11))
PRIOR_WEIGHT = 20.0
"""Cases that the prior grade mix counts for."""


@dataclass(frozen=True)
class GradeMix:
    """The mix of grades 1–10 by cell, shrunk to that of all cells, which is shrunk to the prior.

    ``overall``: ``grade, cases, share, low, high, prior``; ``cells``: the same by ``cell``; ``concentration``: cases that the mix of all counts for in
    a cell (infinite where cells do not differ); ``p_value`` of cells that do not differ (chi-squared), 1 for one cell.
    """

    overall: pd.DataFrame
    cells: pd.DataFrame
    concentration: float
    p_value: float


def grade_mix(
    grade: ArrayLike,
    prior: ArrayLike,
    cell: ArrayLike | None = None,
    *,
    prior_weight: float = PRIOR_WEIGHT,
    level: float = 0.9,
) -> GradeMix:
    """Return the grade mix with intervals, by cell where cells are given.

    Parameters
    ----------
    grade : (cases,) 1–10; 0 = not graded, left out. No graded case at all gives the prior
    prior : (10,) shares of the prior (`grade_mix.prior`), rescaled to 1
    cell : (cases,) labels, such as project types
    prior_weight : cases that the prior counts for
    level : of the intervals (beta, marginal of the Dirichlet posterior)

    Raises
    ------
    InputError : a grade is not a whole number from 0 to 10; the prior is not ten positive shares
    """
    check_level(level)
    grades = np.asarray(grade, dtype=np.float64)
    if not (np.isfinite(grades) & (grades % 1 == 0) & (grades >= 0) & (grades <= 10)).all():
        raise InputError("Grades must be whole numbers from 0 (not graded) to 10.")
    shares = np.asarray(prior, dtype=np.float64)
    if shares.shape != (10,) or not (np.isfinite(shares) & (shares > 0)).all() or not prior_weight > 0:
        raise InputError("The prior of the grade mix must be ten positive shares with a positive weight.")
    shares = shares / shares.sum()
    known = grades > 0
    which = grades[known].astype(np.int64) - 1
    counts = np.bincount(which, minlength=10).astype(np.float64)
    posterior = counts + prior_weight * shares
    overall = _mix(counts, posterior, level).assign(prior=shares)
    names = ["all"] * len(grades) if cell is None else cell
    labels, code = np.unique(np.asarray(names, dtype=object)[known].astype(str), return_inverse=True)
    by_cell = np.zeros((len(labels), 10))
    np.add.at(by_cell, (code, which), 1.0)
    pooled = posterior / posterior.sum()
    concentration, p_value = _concentration(by_cell, pooled)
    tables = []
    for label, own in zip(labels, by_cell, strict=True):
        strength = concentration if np.isfinite(concentration) else posterior.sum()
        after = own + strength * pooled if np.isfinite(concentration) else posterior
        tables.append(_mix(own, after, level).assign(prior=pooled, cell=label))
    columns = ["cell", *overall.columns]
    cells = pd.concat(tables, ignore_index=True)[columns] if tables else pd.DataFrame(columns=columns)
    return GradeMix(overall, cells, concentration, p_value)


def _mix(counts: Floats, posterior: Floats, level: float) -> pd.DataFrame:
    rest = posterior.sum() - posterior
    low, high = (beta.ppf(p, posterior, rest) for p in (0.5 - level / 2, 0.5 + level / 2))
    share = posterior / posterior.sum()
    return pd.DataFrame({"grade": GRADES, "cases": counts.astype(np.int64), "share": share, "low": low, "high": high})


def _concentration(by_cell: Floats, mean: Floats) -> tuple[float, float]:
    """Return the maximum-likelihood concentration of a Dirichlet-multinomial with this mean, and the p-value of equal cells."""
    if len(by_cell) < 2:
        return np.inf, 1.0
    sizes = by_cell.sum(axis=1)
    expected = sizes[:, None] * by_cell.sum(axis=0) / sizes.sum()
    there = expected > 0
    statistic = float(((by_cell - expected)[there] ** 2 / expected[there]).sum())
    freedom = (len(by_cell) - 1) * max(int((by_cell.sum(axis=0) > 0).sum()) - 1, 1)

    def minus_likelihood(logarithm: float) -> float:
        a = np.exp(logarithm)
        each = gammaln(a) - gammaln(a + sizes) + (gammaln(by_cell + a * mean) - gammaln(a * mean)).sum(axis=1)
        return -float(each.sum())

    found = minimize_scalar(minus_likelihood, bounds=(0.0, 14.0), method="bounded")
    best = float(np.exp(found.x))
    return (np.inf if found.x > 13.0 else best), float(chi2.sf(statistic, freedom))
