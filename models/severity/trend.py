"""Straight lines through logarithms: weighted least squares, and the average change a year of wages or prices."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import t as student

from models.messages import InputError

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Change:
    """Average ``change`` a year (0.05 = +5%) with its interval, from ``cases`` cases of ``years`` different years."""

    change: float
    low: float
    high: float
    cases: int
    years: int


def check_level(level: float) -> None:
    """Refuse a level of an interval that is not between 0 and 1."""
    if not 0.0 < level < 1.0:
        raise InputError("The level of an interval must lie between 0 and 1, not {level}.", level=level)


@dataclass(frozen=True)
class Line:
    """A fitted line: coefficients ``b``, their ``covariance``, the residual ``sigma`` and its degrees of ``freedom``."""

    b: Floats
    covariance: Floats
    sigma: float
    freedom: float

    @property
    def errors(self) -> Floats:
        """Standard errors of the coefficients."""
        return np.asarray(np.sqrt(np.diag(self.covariance)))


def regression(x: Floats, y: Floats, weight: Floats) -> Line:
    """Weighted least squares; weights are shares of a whole case."""
    information = x.T @ (weight[:, None] * x)
    inverse = np.linalg.pinv(information)
    b = inverse @ (x.T @ (weight * y))
    freedom = max(float(weight.sum()) - x.shape[1], 1.0)
    sigma = float(np.sqrt((weight * (y - x @ b) ** 2).sum() / freedom))
    return Line(b, np.asarray(inverse * sigma**2, dtype=np.float64), max(sigma, 1e-9), freedom)


def yearly_change(amount: ArrayLike, year: ArrayLike, *, level: float = 0.9) -> Change:
    """Return the average change a year of positive amounts, such as own wages, from a straight line through their logarithms.

    Amounts that are missing are left out; fewer than two different years, or three amounts, raise `InputError`.
    """
    check_level(level)
    amounts, years = np.asarray(amount, dtype=np.float64), np.asarray(year, dtype=np.float64)
    known = np.isfinite(amounts) & (amounts > 0) & np.isfinite(years)
    distinct = len(np.unique(years[known]))
    if known.sum() < 3 or distinct < 2:
        raise InputError("A trend needs at least three amounts in two different years.")
    x = np.column_stack([np.ones(known.sum()), years[known] - years[known].mean()])
    line = regression(x, np.log(amounts[known]), np.ones(len(x)))
    reach = float(student.ppf(0.5 + level / 2, line.freedom)) * line.errors[1]
    ends = np.expm1(line.b[1] + np.array([0.0, -reach, reach]))
    return Change(float(ends[0]), float(ends[1]), float(ends[2]), int(known.sum()), distinct)
