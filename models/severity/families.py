"""Families of medical cost: lognormal, gamma, lognormal with a Pareto tail, each with the error of its mean.

Sources: Klugman, Panjer & Willmot (2019), Loss Models, ch. 5 and 15; Hill (1975), Annals of Statistics 3, for the tail index; Olsson (2005),
J. of Statistics Education 13, for the interval of a lognormal mean.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import digamma, gammaln, polygamma
from scipy.stats import chi2, norm

from models.severity.trend import regression

Floats = NDArray[np.float64]

TAIL = 0.05
"""Share of cases in the Pareto tail."""
LEAST_TAIL = 20
"""Fewest cases from which a tail is fitted."""
TAIL_CAP = 100.0
"""Multiple of the start of the tail at which its moments are limited."""


@dataclass(frozen=True)
class Spread:
    """One family fitted: ``b`` of the logarithm of the mean, its ``covariance``, the density of new amounts and the cv with its interval."""

    b: Floats
    covariance: Floats
    freedom: float
    cv: float
    cv_interval: tuple[float, float]
    density: Any
    tail: tuple[float, float] | None = None


def _lognormal(x: Floats, y: Floats, w: Floats, level: float) -> Spread:
    line = regression(x, np.log(y), w)
    b = line.b.copy()
    b[0] += line.sigma**2 / 2
    covariance = line.covariance.copy()
    covariance[0, 0] += line.sigma**4 / (2 * line.freedom)  # Cox's interval of the mean (Olsson 2005)
    quantiles = np.asarray(chi2.ppf([0.5 + level / 2, 0.5 - level / 2], line.freedom), dtype=np.float64)
    squares = line.sigma**2 * line.freedom / quantiles
    low, cv, high = np.sqrt(np.expm1(np.minimum([squares[0], line.sigma**2, squares[1]], 50.0)))

    def density(new_x: Floats, new_y: Floats) -> Floats:
        return np.asarray(norm.logpdf(np.log(new_y), new_x @ line.b, line.sigma) - np.log(new_y))

    return Spread(b, covariance, line.freedom, float(cv), (float(low), float(high)), density)


def _gamma(x: Floats, y: Floats, w: Floats, level: float) -> Spread:
    b = np.zeros(x.shape[1])
    b[0] = np.log((w * y).sum() / w.sum())
    inverse = np.linalg.pinv(x.T @ (w[:, None] * x))
    for _ in range(200):  # for the gamma with logarithmic link the weights of scoring are the cases' own
        step = inverse @ (x.T @ (w * (y * np.exp(-x @ b) - 1.0)))
        b = b + step * min(1.0, 2.0 / max(float(np.abs(x @ step).max()), 1e-12))
        if np.abs(step).max() < 1e-9:
            break
    ratio = y * np.exp(-x @ b)
    gap = max(float((w * (ratio - 1.0 - np.log(ratio))).sum() / w.sum()), 1e-9)
    shape = (3.0 - gap + np.sqrt((gap - 3.0) ** 2 + 24.0 * gap)) / (12.0 * gap)
    for _ in range(50):
        move = (np.log(shape) - digamma(shape) - gap) / (1.0 / shape - polygamma(1, shape))
        shape = max(shape - float(move), shape / 2.0)
        if abs(move) < 1e-12 * shape:
            break
    error = 1.0 / np.sqrt(w.sum() * (polygamma(1, shape) - 1.0 / shape))
    reach = norm.ppf(0.5 + level / 2) * error / shape / 2.0
    cv = 1.0 / np.sqrt(shape)
    freedom = max(float(w.sum()) - x.shape[1], 1.0)
    spread = max(float((w * (ratio - 1.0) ** 2).sum()) / freedom, 1e-18)  # Pearson: holds where the family does not

    def density(new_x: Floats, new_y: Floats) -> Floats:
        mean = new_x @ b
        return np.asarray(
            shape * (np.log(shape) - mean)
            + (shape - 1.0) * np.log(new_y)
            - shape * new_y * np.exp(-mean)
            - gammaln(shape)
        )

    return Spread(
        b, inverse * spread, freedom, float(cv), (float(cv * np.exp(-reach)), float(cv * np.exp(reach))), density
    )


def _spliced(x: Floats, y: Floats, w: Floats, level: float) -> Spread | None:
    """Lognormal body and Pareto tail, of amounts relative to their median; None where the tail is too thin to fit, or has no mean."""
    line = regression(x, np.log(y), w)
    ratio = y * np.exp(-x @ line.b)
    order = np.argsort(ratio)
    start = float(ratio[order][np.searchsorted(np.cumsum(w[order]), (1.0 - TAIL) * w.sum())])
    above = ratio > start
    if above.sum() < LEAST_TAIL:
        return None
    share = float(w[above].sum() / w.sum())
    index = float(w[above].sum() / (w[above] * np.log(ratio[above] / start)).sum())
    if index <= 1.05:
        return None
    s = line.sigma
    top = float(norm.cdf(np.log(start) / s))

    def moment(k: int) -> float:
        """Moments limited at TAIL_CAP times the start of the tail, so that they always exist."""
        body = float(np.exp(k * k * s * s / 2) * norm.cdf(np.log(start) / s - k * s) / top)
        cap = TAIL_CAP
        tail = k * np.log(cap) if index == k else k * (cap ** (k - index) - 1.0) / (k - index)
        return (1.0 - share) * body + share * start**k * (1.0 + float(tail))

    mean, cv = moment(1), np.sqrt(max(moment(2) / moment(1) ** 2 - 1.0, 1e-18))
    b = line.b.copy()
    b[0] += np.log(mean)
    covariance = line.covariance.copy()
    covariance[0, 0] += cv**2 / w.sum()
    # error of the squared cv by the tail's index, which dominates it
    sides: Floats = index * np.exp(np.array([1.0, -1.0]) * norm.ppf(0.5 + level / 2) / np.sqrt(above.sum()))
    wide: Floats = np.asarray(cv * np.sqrt(np.clip(index / sides, 0.2, 5.0)))

    def density(new_x: Floats, new_y: Floats) -> Floats:
        relative = np.log(new_y) - new_x @ line.b
        body = np.log1p(-share) + norm.logpdf(relative, 0.0, s) - np.log(top)
        tail = np.log(share) + np.log(index) + index * np.log(start) - index * relative
        return np.asarray(np.where(relative <= np.log(start), body, tail) - np.log(new_y))

    return Spread(b, covariance, line.freedom, float(cv), (float(wide[0]), float(wide[1])), density, (index, start))


FIT = {"lognormal": _lognormal, "gamma": _gamma, "lognormal_pareto": _spliced}
