"""Rows of one unit share its risk: a contractor's projects and years are not independent of each other.

The risk of a unit is gamma-distributed with mean 1 and variance α; given it the counts of its rows are Poisson. The joint likelihood of a unit's
rows is closed: that of a negative binomial total, split among the rows in proportion to their means. Rows taken as independent would give the
same α and coefficients that are nearly the same, but standard errors that are too small wherever a few large units fill a level.

Source: Hausman, Hall & Griliches (1984), Econometric models for count data, Econometrica 52 (random effects Poisson); Lawless (1987).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.sparse import csr_array

from models.frequency.cells import Cells, Floats, counts_above
from models.frequency.solve import Slopes, Solution, ascend, basis_of, inverse, poisson, slopes_of

FIRST_ALPHA = 0.1  # where the search begins when the Poisson fit shows no difference between units
LEAST_LOG_ALPHA = -12.0  # below it units do not differ, and the formulas lose their digits


@dataclass(frozen=True)
class _Units:
    """(units, cells) ``exposure``, (units,) cases ``count`` and (cells,) ``cell_count``; ``above`` the number of units with more than 0, 1, … cases."""

    exposure: csr_array
    count: Floats
    cell_count: Floats
    above: Floats

    @classmethod
    def of(cls, cells: Cells) -> _Units:
        assert cells.unit is not None
        shape = (cells.units, len(cells.values))
        return cls(
            csr_array((cells.exposure, (cells.unit, cells.code)), shape=shape),
            cells.unit_count,
            cells.cell_count,
            counts_above(cells.unit_count),
        )

    def slopes(self, matrix: Floats, rate: Floats, alpha: float) -> Slopes:
        own = self.exposure
        expected = csr_array((own.data * rate[own.indices], own.indices, own.indptr), shape=own.shape)
        total = np.asarray(expected.sum(axis=1), dtype=np.float64)
        by_unit = np.asarray(expected @ matrix, dtype=np.float64)  # Σ mean · x of each unit
        swell = 1.0 + alpha * total
        risk = (1.0 + alpha * self.count) / swell  # the unit's expected risk, given its cases
        weight = rate * np.asarray(self.exposure.T @ risk, dtype=np.float64)
        log_swell = np.log1p(alpha * total)
        below = np.arange(len(self.above))
        likelihood = self.above @ np.log1p(alpha * below) - (self.count + 1.0 / alpha) @ log_swell
        there = self.cell_count > 0
        likelihood += float(self.cell_count[there] @ np.log(rate[there]))
        first = float(self.above @ (below / (1.0 + alpha * below))) + float(log_swell.sum()) / alpha**2
        first -= float((self.count + 1.0 / alpha) @ (total / swell))
        second = (
            -float(self.above @ (below / (1.0 + alpha * below)) ** 2) + 2.0 * float((total / swell).sum()) / alpha**2
        )
        second += -2.0 * float(log_swell.sum()) / alpha**3 + float((self.count + 1.0 / alpha) @ (total / swell) ** 2)
        information = matrix.T @ (weight[:, None] * matrix) - by_unit.T @ ((alpha * risk / swell)[:, None] * by_unit)
        mixed = alpha * ((self.count - total) / swell**2) @ by_unit
        return slopes_of(float(likelihood), matrix, self.cell_count - weight, information, mixed, alpha, first, second)


def shared_risk(x: Floats, cells: Cells) -> Solution:
    """Fit coefficients by maximum likelihood, and the variance of the units' risk by the likelihood adjusted for them.

    Parameters
    ----------
    x : (cells, p) of full rank
    cells : with ``unit``, the unit of each row; whole counts

    Returns
    -------
    Solution : with the inverse of the observed information; ``alpha`` 0 and the Poisson estimates where units vary less than chance makes them
    """
    start = poisson(x, cells)
    units = _Units.of(cells)
    total = np.asarray(units.exposure @ start.rate, dtype=np.float64)
    alpha = float(((units.count - total) ** 2 - units.count).sum() / (total**2).sum())
    # coefficients that follow a few large units hide at the Poisson fit how far units differ: the likelihood may still have its top elsewhere
    top = ascend(x, cells, start, alpha if alpha > 0.0 else FIRST_ALPHA, units.slopes, LEAST_LOG_ALPHA)
    if top.alpha == 0.0:
        return start
    alike = units.slopes(x, start.rate, float(np.exp(LEAST_LOG_ALPHA))).likelihood
    if units.slopes(x, top.rate, top.alpha).likelihood <= alike:
        return start
    return _adjusted(x, cells, units, top)


def _adjusted(x: Floats, cells: Cells, units: _Units, top: Solution) -> Solution:
    """Return the fit with the α that maximises the likelihood less half the log-determinant of the coefficients' information.

    Many coefficients on few units explain part of the units' differences away, and the plain maximum is too small. The profile is taken as quadratic
    in log α around the plain maximum, whose curvature is known; the coefficients stay.

    Source: Cox & Reid (1987), Parameter orthogonality and approximate conditional inference, JRSS B 49.
    """
    basis = basis_of(x, cells.cell_exposure)
    p, width = x.shape[1], top.log_alpha_error
    peak = float(np.log(top.alpha))

    def information(log_alpha: float) -> Floats:
        return units.slopes(basis.matrix, top.rate, float(np.exp(log_alpha))).information

    def penalised(log_alpha: float) -> float:
        return 0.5 * ((log_alpha - peak) / width) ** 2 + 0.5 * float(
            np.linalg.slogdet(information(log_alpha)[:p, :p])[1]
        )

    found = minimize_scalar(penalised, bounds=(peak - 0.5, peak + 1.5), method="bounded", options={"xatol": 1e-4})
    best = float(found.x)
    whole = information(best)
    covariance = inverse(whole[:p, :p])
    return Solution(top.coefficients, basis.back @ covariance @ basis.back.T, top.rate, float(np.exp(best)), width)
