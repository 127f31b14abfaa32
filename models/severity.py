"""Severity: the mix of grades, what a case costs by grade, medical cost with its tail and inflation, and accidents with several victims.

Statutory benefits are formulas (`models.benefits`) and are not fitted. Medical cost is: by grade and injury year, with the spread of the amounts
lognormal, gamma, or lognormal with a Pareto tail, whichever foretells cases it has not seen best.

Sources: Klugman, Panjer & Willmot (2019), Loss Models, ch. 5 and 15; Minka (2000), Estimating a Dirichlet distribution; Hill (1975), Annals of
Statistics 3, for the tail index; Gneiting & Raftery (2007), JASA 102, for the logarithmic score; Olsson (2005), J. of Statistics Education 13, for
the interval of a lognormal mean.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Protocol

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import brentq, minimize_scalar
from scipy.special import digamma, gammaln, polygamma, zeta
from scipy.stats import beta, chi2, norm
from scipy.stats import t as student

from models.annuity import monthly_annuity_due, survivor_value
from models.benefits import read_dependants
from models.messages import InputError, Message

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

GRADES = tuple(range(1, 11))
FAMILIES = ("lognormal", "gamma", "lognormal_pareto")
PRIOR_WEIGHT = 20.0
"""Cases that the prior grade mix counts for."""
TAIL = 0.05
"""Share of cases in the Pareto tail."""
LEAST_TAIL = 20
"""Fewest cases from which a tail is fitted."""
IMMATURE = 0.5
"""A case of which less than this share is expected to be paid says too little and is left out."""


class Dated(Protocol):
    """Parameters looked up by name and date."""

    def value(self, name: str, on: date) -> Any:
        """Return the value in force on a date."""


@dataclass(frozen=True)
class Change:
    """Average ``change`` a year (0.05 = +5%) with its interval, from ``cases`` cases of ``years`` different years."""

    change: float
    low: float
    high: float
    cases: int
    years: int


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


def _level(level: float) -> None:
    if not 0.0 < level < 1.0:
        raise InputError("The level of an interval must lie between 0 and 1, not {level}.", level=level)


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
    _level(level)
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


def yearly_change(amount: ArrayLike, year: ArrayLike, *, level: float = 0.9) -> Change:
    """Return the average change a year of positive amounts, such as own wages, from a straight line through their logarithms.

    Amounts that are missing are left out; fewer than two different years, or three amounts, raise `InputError`.
    """
    _level(level)
    amounts, years = np.asarray(amount, dtype=np.float64), np.asarray(year, dtype=np.float64)
    known = np.isfinite(amounts) & (amounts > 0) & np.isfinite(years)
    distinct = len(np.unique(years[known]))
    if known.sum() < 3 or distinct < 2:
        raise InputError("A trend needs at least three amounts in two different years.")
    x = np.column_stack([np.ones(known.sum()), years[known] - years[known].mean()])
    line = _regression(x, np.log(amounts[known]), np.ones(len(x)))
    reach = float(student.ppf(0.5 + level / 2, line.freedom)) * line.errors[1]
    ends = np.expm1(line.b[1] + np.array([0.0, -reach, reach]))
    return Change(float(ends[0]), float(ends[1]), float(ends[2]), int(known.sum()), distinct)


@dataclass(frozen=True)
class _Line:
    b: Floats
    covariance: Floats
    sigma: float
    freedom: float

    @property
    def errors(self) -> Floats:
        return np.asarray(np.sqrt(np.diag(self.covariance)))


def _regression(x: Floats, y: Floats, weight: Floats) -> _Line:
    """Weighted least squares; weights are shares of a whole case."""
    information = x.T @ (weight[:, None] * x)
    inverse = np.linalg.pinv(information)
    b = inverse @ (x.T @ (weight * y))
    freedom = max(float(weight.sum()) - x.shape[1], 1.0)
    sigma = float(np.sqrt((weight * (y - x @ b) ** 2).sum() / freedom))
    return _Line(b, inverse * sigma**2, max(sigma, 1e-9), freedom)


@dataclass(frozen=True)
class MedicalFit:
    """Medical cost of a case: ``mean of the base group and base year × growth × relativity of the group × a variable of mean 1``.

    Attributes
    ----------
    family : chosen; ``scores`` frame by family: ``log_score`` (mean minus log density of cases not used, smaller is better), ``standard_error`` of its
        difference to the best, ``chosen``
    mean, mean_interval : yuan of the base group in the base year; cv, cv_interval : of the variable
    inflation : of one injury year; None for cases of one year
    groups : ``group, cases, relativity, low, high, mean_yuan`` (base year)
    base_year, base_group : the first year; the group with most cases
    tail_index, tail_start : of the Pareto tail (α, and its start as a multiple of the median); None for other families
    cap : the multiple of the mean at which a tail without a finite variance was cut, else infinite
    notes : what was left out
    """

    family: str
    scores: pd.DataFrame
    mean: float
    mean_interval: tuple[float, float]
    cv: float
    cv_interval: tuple[float, float]
    inflation: Change | None
    groups: pd.DataFrame
    base_year: int
    base_group: str
    tail_index: float | None
    tail_start: float | None
    notes: tuple[Message, ...]

    def mean_of(self, group: ArrayLike, year: ArrayLike) -> Floats:
        """Return the expected medical cost (yuan) of cases by group and injury year; an unknown group raises `InputError`."""
        wanted = pd.Index(self.groups["group"]).get_indexer(pd.Index(np.atleast_1d(np.asarray(group, dtype=object)).astype(str)))
        if (wanted < 0).any():
            raise InputError("There was no medical cost in one of the groups asked for; known are {known}.", known=", ".join(self.groups["group"]))
        growth = 0.0 if self.inflation is None else self.inflation.change
        later = np.atleast_1d(np.asarray(year, dtype=np.float64)) - self.base_year
        return np.asarray(self.groups["mean_yuan"].to_numpy()[wanted] * (1.0 + growth) ** later)
