"""How well counts were foretold: deviance, proper scores, intervals.

Source: Wei & Held (2014), Calibration tests for count data; Czado, Gneiting & Held (2009), Predictive model assessment for count data.
"""

from __future__ import annotations

import numpy as np
from scipy.special import gammaln, hyp2f1, i0e, i1e, xlogy
from scipy.stats import nbinom, poisson

from models.frequency.cells import Cells, Floats
from models.messages import InputError

POISSON_BELOW = 1e-7  # alpha mean under which the negative binomial is Poisson


def deviance(count: Floats, mean: Floats, alpha: float) -> Floats:
    """Return the deviance of each row, 2 (log-likelihood of a perfect fit − of this one); ``alpha`` 0 = Poisson."""
    perfect = xlogy(count, count / mean)
    if alpha == 0.0:
        rows: Floats = 2.0 * (perfect - (count - mean))
    else:
        rows = 2.0 * (perfect - (count + 1.0 / alpha) * np.log1p(alpha * (count - mean) / (1.0 + alpha * mean)))
    return np.maximum(rows, 0.0)


def likelihood(cells: Cells, rate: Floats, alpha: float) -> float:
    """Return the log-likelihood of the rows of the cells; for Poisson from sums over the few rows with cases."""
    log_mean = np.log(cells.exposure[cells.hit] * rate[cells.code[cells.hit]])
    count = cells.hit_count
    if alpha == 0.0:
        return float(count @ log_mean - cells.cell_exposure @ rate) - cells.log_factorials
    below = np.arange(int(count.max()))
    above = np.cumsum(np.bincount(count.astype(np.int64))[::-1])[::-1][1:]
    swell = np.log1p(alpha * cells.exposure * rate[cells.code])
    return (
        float(above @ np.log1p(alpha * below) + count @ log_mean - (cells.count + 1.0 / alpha) @ swell)
        - cells.log_factorials
    )


def log_score(count: Floats, mean: Floats, alpha: float = 0.0) -> Floats:
    """Return minus the logarithm of the probability of each count (smaller is better); ``alpha`` 0 = Poisson."""
    if alpha == 0.0:
        return np.asarray(mean - xlogy(count, mean) + gammaln(count + 1.0), dtype=np.float64)
    shape = 1.0 / alpha
    return np.asarray(
        gammaln(shape)
        + gammaln(count + 1.0)
        - gammaln(count + shape)
        - xlogy(count, alpha * mean)
        + (count + shape) * np.log1p(alpha * mean),
        dtype=np.float64,
    )


def crps(count: Floats, mean: Floats, alpha: float = 0.0) -> Floats:
    """Return the continuous ranked probability score of each count (smaller is better), Σ_k (F(k) − 1[count ≤ k])², in closed form."""
    count, mean = np.broadcast_arrays(np.asarray(count, dtype=np.float64), np.asarray(mean, dtype=np.float64))
    score = np.asarray(
        (count - mean) * (2.0 * poisson.cdf(count, mean) - 1.0)
        + 2.0 * mean * poisson.pmf(count, mean)
        - mean * (i0e(2.0 * mean) + i1e(2.0 * mean))
    )
    mixed = alpha * mean > POISSON_BELOW
    if mixed.any():
        y, m = count[mixed], mean[mixed]
        shape, success = 1.0 / alpha, 1.0 / (1.0 + alpha * m)
        score[mixed] = (
            y * (2.0 * nbinom.cdf(y, shape, success) - 1.0)
            - m * (2.0 * nbinom.cdf(y - 1.0, shape + 1.0, success) - 1.0)
            - _half_mean_difference(m, alpha)
        )
    return score


def _half_mean_difference(mean: Floats, alpha: float) -> Floats:
    """Return half the mean difference of two independent negative binomial counts, m (1 + αm) ₂F₁(1/α + 1, ½; 2; −4αm(1 + αm))."""
    shape, argument = 1.0 / alpha + 1.0, 4.0 * alpha * mean * (1.0 + alpha * mean)
    with np.errstate(all="ignore"):
        factor = np.asarray(hyp2f1(shape, 0.5, 2.0, -argument), dtype=np.float64)
    lost = ~np.isfinite(
        factor
    )  # scipy's series fails for a small alpha: Euler's integral, by the trapezoid rule of a periodic function
    if lost.any():
        nodes = 64 + int(8.0 * np.sqrt(mean[lost].max()))
        total = np.full(int(lost.sum()), 0.5)
        for angle in np.arange(1, nodes) * (np.pi / 2.0 / nodes):
            total += np.cos(angle) ** 2 * np.exp(-shape * np.log1p(argument[lost] * np.sin(angle) ** 2))
        factor[lost] = 2.0 * total / nodes
    return mean * (1.0 + alpha * mean) * factor


def count_interval(mean: Floats, variance: Floats, level: float) -> tuple[Floats, Floats]:
    """Return the central interval of a count of given mean and variance: Poisson, or negative binomial if the variance is greater."""
    if not 0.0 < level < 1.0:
        raise InputError("The level of an interval must lie between 0 and 1, not {level}.", level=level)
    tails = np.array([0.5 - level / 2.0, 0.5 + level / 2.0])[:, None]
    bounds: Floats = np.array(poisson.ppf(tails, mean), dtype=np.float64)
    mixed = variance > mean * (1.0 + 1e-9)
    if mixed.any():
        m, v = mean[mixed], variance[mixed]
        bounds[:, mixed] = nbinom.ppf(tails, m**2 / (v - m), m / v)
    return bounds[0], bounds[1]
