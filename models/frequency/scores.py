"""How well counts were foretold: deviance, proper scores, intervals.

Source: Wei & Held (2014), Calibration tests for count data; Czado, Gneiting & Held (2009), Predictive model assessment for count data.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import gammaln, hyp2f1, i0e, i1e, xlogy
from scipy.stats import nbinom, poisson

from models.frequency.cells import Cells, Floats, counts_above
from models.messages import InputError

POISSON_BELOW = 1e-7  # alpha mean under which the negative binomial is Poisson


def deviance(count: Floats, mean: Floats, alpha: float | Floats) -> Floats:
    """Return the deviance of each row, 2 (log-likelihood of a perfect fit − of this one); ``alpha`` 0 = Poisson."""
    perfect = xlogy(count, count / mean)
    if np.all(alpha == 0.0):
        rows: Floats = 2.0 * (perfect - (count - mean))
    else:
        rows = 2.0 * (perfect - (count + 1.0 / alpha) * np.log1p(alpha * (count - mean) / (1.0 + alpha * mean)))
    return np.maximum(rows, 0.0)


@dataclass(frozen=True)
class Measures:
    """Of the rows of a fit: ``deviance``, ``log_likelihood``, and ``pearson``, the sum of squared Pearson residuals."""

    deviance: float
    log_likelihood: float
    pearson: float


def measures(cells: Cells, rate: Floats, alpha: float) -> Measures:
    """Return the measures of the rows: sums over all as if none had a case, then what the few rows with cases add; ``alpha`` 0 = Poisson.

    Where units share a risk: the joint likelihood of the rows, and deviance and Pearson's statistic of the units' totals.
    """
    hit, count = cells.hit, cells.hit_count
    if alpha > 0.0 and cells.unit is not None:
        totals, cases = cells.by_unit(cells.exposure * rate[cells.code]), cells.unit_count
        swell, above = 1.0 + alpha * totals, counts_above(cases)
        likelihood = float(above @ np.log1p(alpha * np.arange(len(above))) - (cases + 1.0 / alpha) @ np.log(swell))
        likelihood += float(count @ np.log(cells.exposure[hit] * rate[cells.code[hit]])) - cells.log_factorials
        spread = float(deviance(cases, totals, alpha).sum())
        pearson = float(((cases - totals) ** 2 / (totals * swell)).sum())
    elif alpha == 0.0:
        total = float(cells.cell_exposure @ rate)
        mean = cells.exposure[hit] * rate[cells.code[hit]]
        spread = 2.0 * (float(count @ np.log(count / mean) - count.sum()) + total)
        pearson = float((count**2 / mean).sum() - 2.0 * count.sum()) + total
        likelihood = float(count @ np.log(mean)) - total - cells.log_factorials
    else:
        all_means = cells.exposure * rate[cells.code]
        share = all_means / (1.0 + alpha * all_means)
        log_swell = np.log1p(alpha * all_means)
        none = float(log_swell.sum()) / alpha
        mean, hit_log, above = all_means[hit], log_swell[hit], counts_above(count)
        spread = float(deviance(count, mean, alpha).sum()) + 2.0 * (none - float(hit_log.sum()) / alpha)
        pearson = float(share.sum() + ((count - mean) ** 2 / (mean * (1.0 + alpha * mean)) - share[hit]).sum())
        likelihood = float(above @ np.log1p(alpha * np.arange(len(above))) + count @ (np.log(mean) - hit_log))
        likelihood -= none + cells.log_factorials
    return Measures(max(spread, 0.0), likelihood, max(pearson, 0.0))


def log_score(count: Floats, mean: Floats, alpha: float | Floats = 0.0) -> Floats:
    """Return minus the logarithm of the probability of each count (smaller is better); ``alpha`` 0 = Poisson, one for all or one a row (above 0)."""
    if np.all(alpha == 0.0):
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


def crps(count: Floats, mean: Floats, alpha: float | Floats = 0.0) -> Floats:
    """Return the continuous ranked probability score of each count (smaller is better), Σ_k (F(k) − 1[count ≤ k])², in closed form."""
    count, mean, alpha = np.broadcast_arrays(*(np.asarray(v, dtype=np.float64) for v in (count, mean, alpha)))
    score = np.asarray(
        (count - mean) * (2.0 * poisson.cdf(count, mean) - 1.0)
        + 2.0 * mean * poisson.pmf(count, mean)
        - mean * (i0e(2.0 * mean) + i1e(2.0 * mean))
    )
    mixed = alpha * mean > POISSON_BELOW
    if mixed.any():
        y, m, alpha = count[mixed], mean[mixed], alpha[mixed]
        shape, success = 1.0 / alpha, 1.0 / (1.0 + alpha * m)
        score[mixed] = (
            y * (2.0 * nbinom.cdf(y, shape, success) - 1.0)
            - m * (2.0 * nbinom.cdf(y - 1.0, shape + 1.0, success) - 1.0)
            - _half_mean_difference(m, alpha)
        )
    return score


def _half_mean_difference(mean: Floats, alpha: Floats) -> Floats:
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
            total += np.cos(angle) ** 2 * np.exp(-shape[lost] * np.log1p(argument[lost] * np.sin(angle) ** 2))
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
