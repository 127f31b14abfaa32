"""Maximum likelihood on cells: Poisson by iterated least squares, negative binomial by Newton's method in all parameters at once.

Sources: McCullagh & Nelder (1989), Generalized Linear Models; Lawless (1987), Negative binomial and mixed Poisson regression.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.linalg import LinAlgError, cho_factor, cho_solve
from scipy.special import xlogy

from models.frequency.cells import Cells, Floats
from models.messages import InputError

ITERATIONS = 100
TOLERANCE = 1e-12  # change of the log-likelihood, relative, at which one more step ends the search
LARGEST_STEP = 30.0  # of a linear predictor in one step


@dataclass(frozen=True)
class Solution:
    """``coefficients`` (p,), their ``covariance`` (p, p), ``rate`` (cells,) of cases per unit of exposure, ``alpha`` and the s.e. of its logarithm."""

    coefficients: Floats
    covariance: Floats
    rate: Floats
    alpha: float = 0.0
    log_alpha_error: float = 0.0


@dataclass(frozen=True)
class _Basis:
    """Columns centred and scaled, so that normal equations lose no digits: ``matrix = (x - centre) / scale``; ``back`` undoes it for coefficients."""

    matrix: Floats
    back: Floats


def _basis(x: Floats, weight: Floats) -> _Basis:
    constant = np.flatnonzero((x == x[:1]).all(axis=0))
    columns = x.shape[1]
    centre = np.zeros(columns)
    if len(constant):
        centre = weight @ x / weight.sum()
        centre[constant[0]] = 0.0
    scale = np.sqrt(weight @ (x - centre) ** 2 / weight.sum())
    scale[scale == 0.0] = 1.0
    back = np.diag(1.0 / scale)
    if len(constant):
        back[constant[0]] -= centre / scale / x[0, constant[0]]
    return _Basis((x - centre) / scale, back)


def _inverse(information: Floats) -> Floats:
    """Return the inverse of a positive definite matrix; of a nearly singular one (a level without a case) as far as it can be told."""
    size = np.sqrt(np.clip(np.diag(information), 1e-300, None))
    scaled = information / np.outer(size, size)
    try:
        inverse: Floats = cho_solve(cho_factor(scaled), np.eye(len(scaled)))
    except LinAlgError:
        values, vectors = np.linalg.eigh(scaled)
        inverse = (vectors / np.maximum(values, 1e-14)) @ vectors.T
    return inverse / np.outer(size, size)


def _poisson_likelihood(cells: Cells, rate: Floats) -> float:
    """Return the part of the log-likelihood that depends on the rate of each cell."""
    return float(xlogy(cells.cell_count, rate).sum() - cells.cell_exposure @ rate)


def poisson(x: Floats, cells: Cells) -> Solution:
    """Fit a Poisson model with logarithmic link and the logarithm of exposure as offset.

    Parameters
    ----------
    x : (cells, p) of full rank
    cells : their counts and exposures

    Returns
    -------
    Solution : estimates equal to those on rows, with the inverse of the expected (= observed) information
    """
    basis = _basis(x, cells.cell_exposure)
    exposure, count = cells.cell_exposure, cells.cell_count
    start = 0.9 * count / exposure + 0.1 * count.sum() / exposure.sum()
    weight = start * exposure
    predictor = np.log(start)
    b = _inverse(basis.matrix.T @ (weight[:, None] * basis.matrix)) @ (
        basis.matrix.T @ (weight * (predictor + (count - weight) / weight))
    )
    predictor = np.clip(basis.matrix @ b, np.log(start).min() - LARGEST_STEP, np.log(start).max() + LARGEST_STEP)
    rate = np.exp(predictor)
    best = _poisson_likelihood(cells, rate)
    last = False
    for _ in range(ITERATIONS):
        weight = rate * exposure
        covariance = _inverse(basis.matrix.T @ (weight[:, None] * basis.matrix))
        if last:
            return Solution(basis.back @ b, basis.back @ covariance @ basis.back.T, rate)
        step = covariance @ (basis.matrix.T @ (count - weight))
        b, rate, likelihood = _climb(basis.matrix, b, step, best, cells)
        last = abs(likelihood - best) <= TOLERANCE * (abs(best) + 1.0)
        best = likelihood
    raise _not_found()


def _climb(matrix: Floats, b: Floats, step: Floats, best: float, cells: Cells) -> tuple[Floats, Floats, float]:
    """Return the point along the step, halved until the likelihood does not fall."""
    size = min(1.0, LARGEST_STEP / max(float(np.abs(matrix @ step).max()), 1e-300))
    for _ in range(ITERATIONS):
        rate = np.exp(matrix @ (b + size * step))
        likelihood = _poisson_likelihood(cells, rate)
        if likelihood >= best - 1e-13 * (abs(best) + 1.0):
            return b + size * step, rate, likelihood
        size /= 2.0
    raise _not_found()


def _not_found() -> InputError:
    return InputError("The search for the best fit does not end: simplify the formula, or join levels with few cases.")
