"""Maximum likelihood on cells: Poisson by iterated least squares, negative binomial by Newton's method in all parameters at once.

Sources: McCullagh & Nelder (1989), Generalized Linear Models; Lawless (1987), Negative binomial and mixed Poisson regression.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.linalg import LinAlgError, cho_factor, cho_solve
from scipy.special import xlogy

from models.frequency.cells import Cells, Floats, Integers, counts_above, grouping, summed
from models.messages import InputError

ITERATIONS = 100
TOLERANCE = 1e-12  # change of the log-likelihood, relative, at which one more step ends the search
SAMPLE = 5000  # rows looked at to see whether exposures repeat
LEAST_LOG_ALPHA = -18.0  # below it the rows are Poisson
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
class Basis:
    """Columns centred and scaled, so that normal equations lose no digits: ``matrix = (x - centre) / scale``; ``back`` undoes it for coefficients."""

    matrix: Floats
    back: Floats


def basis_of(x: Floats, weight: Floats) -> Basis:
    """Return the columns of ``x`` centred at their weighted means and scaled."""
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
    return Basis((x - centre) / scale, back)


def inverse(information: Floats) -> Floats:
    """Return the inverse of a positive definite matrix; of a nearly singular one (a level without a case) as far as it can be told."""
    size = np.sqrt(np.clip(np.diag(information), 1e-300, None))
    scaled = information / np.outer(size, size)
    try:
        inverted: Floats = cho_solve(cho_factor(scaled), np.eye(len(scaled)))
    except LinAlgError:
        values, vectors = np.linalg.eigh(scaled)
        inverted = (vectors / np.maximum(values, 1e-14)) @ vectors.T
    inverted /= np.outer(size, size)
    return inverted


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
    basis = basis_of(x, cells.cell_exposure)
    exposure, count = cells.cell_exposure, cells.cell_count
    start = 0.9 * count / exposure + 0.1 * count.sum() / exposure.sum()
    weight = start * exposure
    b = inverse(basis.matrix.T @ (weight[:, None] * basis.matrix)) @ (basis.matrix.T @ (weight * np.log(start)))
    rate = np.exp(basis.matrix @ b)
    best = _poisson_likelihood(cells, rate)
    last = False
    for _ in range(ITERATIONS):
        weight = rate * exposure
        covariance = inverse(basis.matrix.T @ (weight[:, None] * basis.matrix))
        if last:
            return Solution(basis.back @ b, basis.back @ covariance @ basis.back.T, rate)
        step = covariance @ (basis.matrix.T @ (count - weight))
        b, rate, likelihood = _climb(basis.matrix, b, step, best, cells)
        last = abs(likelihood - best) <= TOLERANCE * (abs(best) + 1.0)
        best = likelihood
    raise not_found()


def _climb(matrix: Floats, b: Floats, step: Floats, best: float, cells: Cells) -> tuple[Floats, Floats, float]:
    """Return the point along the step, halved until the likelihood does not fall."""
    size = min(1.0, LARGEST_STEP / max(float(np.abs(matrix @ step).max()), 1e-300))
    for _ in range(ITERATIONS):
        rate = np.exp(matrix @ (b + size * step))
        likelihood = _poisson_likelihood(cells, rate)
        if likelihood >= best - 1e-13 * (abs(best) + 1.0):
            return b + size * step, rate, likelihood
        size /= 2.0
    raise not_found()


def not_found() -> InputError:
    """Return the error of a search that does not end."""
    return InputError("The search for the best fit does not end: simplify the formula, or join levels with few cases.")


@dataclass(frozen=True)
class _Units:
    """What the negative binomial needs of the rows: distinct (cell, exposure) and how often each occurs, if that is fewer; else the rows.

    ``hit`` the units with cases and ``cases`` their number; ``above`` the number of rows with more than 0, 1, 2, … cases.
    """

    code: Integers
    exposure: Floats
    often: Floats | None
    hit: Integers
    cases: Floats
    above: Floats


def _units(cells: Cells) -> _Units:
    sample = min(cells.rows, SAMPLE)
    above = counts_above(cells.hit_count)
    if len(np.unique(cells.exposure[:sample])) > sample // 4:
        return _Units(cells.code, cells.exposure, None, cells.hit, cells.hit_count, above)
    values, unit = grouping(pd.DataFrame({"code": cells.code, "exposure": cells.exposure}), ("code", "exposure"))
    cases = summed(unit, cells.count, len(values))
    hit = np.flatnonzero(cases)
    often = np.bincount(unit).astype(np.float64)
    return _Units(values["code"].to_numpy(), values["exposure"].to_numpy(), often, hit, cases[hit], above)


@dataclass(frozen=True)
class Slopes:
    """Log-likelihood (without factorials), its ``gradient`` (p + 1,) and minus its second derivatives in the coefficients and log α."""

    likelihood: float
    gradient: Floats
    information: Floats


def _slopes(units: _Units, matrix: Floats, rate: Floats, alpha: float) -> Slopes:
    """Return value and derivatives: sums over all units as if none had a case, then what the few with cases add."""
    cells = len(rate)
    mean = units.exposure * rate[units.code]
    swollen = alpha * mean
    share = mean / (1.0 + swollen)
    log_swell = np.log1p(swollen, out=swollen)
    often = 1.0 if units.often is None else units.often
    linear = summed(units.code, share * often, cells)
    square = summed(units.code, share**2 * often, cells)
    total, squares, logs = float(linear.sum()), float(square.sum()), float((log_swell * often).sum())

    hit, code, cases = units.hit, units.code[units.hit], units.cases
    hit_share = share[hit]
    shrunk = cases * (1.0 - alpha * hit_share)
    moved = summed(code, alpha * shrunk * hit_share, cells)
    below = np.arange(len(units.above))
    grown = below / (1.0 + alpha * below)
    likelihood = units.above @ np.log1p(alpha * below) + cases @ (np.log(mean[hit]) - log_swell[hit]) - logs / alpha
    first = units.above @ grown + logs / alpha**2 - total / alpha - cases @ hit_share
    second = (
        squares / alpha + cases @ hit_share**2 + 2.0 * (total / alpha**2 - logs / alpha**3) - units.above @ grown**2
    )
    weight, mixed = linear - alpha * square + moved, moved - alpha * square
    return slopes_of(
        float(likelihood), matrix, summed(code, shrunk, cells) - linear, matrix.T @ (weight[:, None] * matrix),
        matrix.T @ mixed, alpha, float(first), float(second),
    )  # fmt: skip


def slopes_of(
    likelihood: float, matrix: Floats, by_cell: Floats, information: Floats, mixed: Floats, alpha: float, first: float, second: float
) -> Slopes:  # fmt: skip
    """Return the slopes from those by linear predictor of each cell, the coefficients' block, and the derivatives by α itself."""
    curvature = -(alpha**2 * second + alpha * first)
    whole = np.block([[information, mixed[:, None]], [mixed, np.array(curvature)]])
    return Slopes(likelihood, np.append(matrix.T @ by_cell, alpha * first), whole)


def _moment_alpha(cells: Cells, rate: Floats) -> float:
    """Return alpha by moments given the means; its sign is that of the likelihood's slope where alpha is 0 (Dean & Lawless 1989)."""
    mean = cells.exposure * rate[cells.code]
    return float((((cells.count - mean) ** 2 - cells.count).sum()) / (mean**2).sum())


def negative_binomial(x: Floats, cells: Cells) -> Solution:
    """Fit a negative binomial model, variance = mean + alpha mean², by maximum likelihood in the coefficients and alpha together.

    Parameters
    ----------
    x : (cells, p) of full rank
    cells : whole counts, and exposures; the likelihood is that of the rows

    Returns
    -------
    Solution : with the inverse of the observed information; ``alpha`` 0 and the Poisson estimates where the rows vary less than Poisson does
    """
    start = poisson(x, cells)
    alpha = _moment_alpha(cells, start.rate)
    if alpha <= 0.0:
        return start
    units = _units(cells)
    return ascend(x, cells, start, alpha, lambda matrix, rate, at: _slopes(units, matrix, rate, at), LEAST_LOG_ALPHA)


def ascend(
    x: Floats,
    cells: Cells,
    start: Solution,
    alpha: float,
    slopes: Callable[[Floats, Floats, float], Slopes],
    least_log_alpha: float,
) -> Solution:
    """Return the top of a likelihood in the coefficients and log α, by Newton's method from a Poisson fit and a first α.

    Parameters
    ----------
    slopes : of (columns of the basis, rate of each cell, α)
    least_log_alpha : where the search gives up and the Poisson fit stands
    """
    basis = basis_of(x, cells.cell_exposure)
    matrix, p = basis.matrix, x.shape[1]

    def look(b: Floats) -> Slopes:
        return slopes(matrix, np.exp(matrix @ b[:p]), float(np.exp(b[p])))

    b = np.append(np.linalg.solve(basis.back, start.coefficients), np.log(alpha))
    at, last = look(b), False
    for _ in range(ITERATIONS):
        information = at.information
        if np.linalg.eigvalsh(information)[0] <= 0.0:  # far from the top: each part climbs by itself
            information = information.copy()
            information[p, :p] = information[:p, p] = 0.0
            information[p, p] = max(abs(information[p, p]), abs(at.gradient[p]))
        covariance = inverse(information)
        if last:
            back = basis.back @ covariance[:p, :p] @ basis.back.T
            rate = np.exp(matrix @ b[:p])
            return Solution(basis.back @ b[:p], back, rate, float(np.exp(b[p])), float(np.sqrt(covariance[p, p])))
        step = covariance @ at.gradient
        reach = float(np.abs(matrix @ step[:p]).max(initial=1e-300))
        size = min(1.0, LARGEST_STEP / reach, 2.0 / max(abs(float(step[p])), 1e-300))
        for _ in range(ITERATIONS):
            tried = b + size * step
            if tried[p] < least_log_alpha:
                return start
            then = look(tried)
            if then.likelihood >= at.likelihood - 1e-12 * (abs(at.likelihood) + 1.0):
                break
            size /= 2.0
        else:
            raise not_found()
        last = abs(then.likelihood - at.likelihood) <= TOLERANCE * (abs(at.likelihood) + 1.0)
        b, at = tried, then
    raise not_found()
