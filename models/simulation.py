"""The stochastic fund: parameter, process, economic and catastrophe risk, with common random numbers.

Draws depend on the seed only, never on what is being dragged: the same path number meets the same luck under every scenario, so a curve
moves smoothly and a comparison of two scenarios has no noise of its own. A risk that is switched off leaves the draws of the others alone.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from models.fund import LinearFund
from models.messages import InputError

Floats = NDArray[np.float64]

DAMPING = np.linspace(0.5, 0.95, 10)
"""Share of last year's excess growth that is left a year later: the values weighed against the data."""

TAIL_DF = 5.0
"""Degrees of freedom of yearly innovations: a year like 2011 (+49% revenue) happens, and must not pass for volatility."""


@dataclass(frozen=True)
class GrowthPrior:
    """What is believed before the data: long-run yearly growth of each series, and yearly volatility.

    ``long_run`` (series,) log growth; ``long_run_sd``; ``excess_sd`` of the growth above the long run in the last year; ``volatility`` of yearly log
    growth, worth ``volatility_years`` years of data.
    """

    long_run: tuple[float, ...]
    long_run_sd: float = 0.02
    excess_sd: float = 0.15
    volatility: float = 0.08
    volatility_years: float = 6.0


@dataclass(frozen=True)
class GrowthModel:
    """Posterior of damped growth of several series: ``g_s = long run + excess · φ^s + ε``, for each damping φ.

    ``weights`` (φ,) posterior of `DAMPING`; ``mean`` (φ, 2, series); ``spread`` (φ, 2, 2) row covariance; ``scale`` (φ, series, series) and
    ``degrees`` of the inverse-Wishart of the innovations' covariance.
    """

    weights: Floats
    mean: Floats
    spread: Floats
    scale: Floats
    degrees: float

    @property
    def volatility(self) -> Floats:
        """Posterior mean standard deviation of yearly innovations, one a series."""
        covariance = np.tensordot(self.weights, self.scale, axes=1) / (self.degrees - self.scale.shape[-1] - 1)
        return np.asarray(np.sqrt(np.diag(covariance)))


def fit_growth(years: NDArray[np.intp], levels: Floats, prior: GrowthPrior) -> GrowthModel:
    """Fit damped growth to yearly levels with gaps.

    Parameters
    ----------
    years : (n,) rising calendar years; a gap of k years gives one observation of the mean of k years' growth
    levels : (n, series) positive yearly amounts
    prior : beliefs that carry what one or two observations cannot say

    Returns
    -------
    GrowthModel : conjugate matrix-normal inverse-Wishart posterior, the innovations' Student tails by reweighting
    """
    years, levels = np.asarray(years, dtype=np.int64), np.asarray(levels, dtype=np.float64)
    if len(years) == 0 or levels.shape[0] != len(years) or levels.shape[1] != len(prior.long_run):
        raise InputError("Growth needs at least one year of levels for each series.")
    if (np.diff(years) <= 0).any() or not (levels > 0).all():
        raise InputError("Growth needs rising years and positive levels.")
    gaps = np.diff(years).astype(np.float64)
    observed = np.diff(np.log(levels), axis=0) / gaps[:, None]
    series = levels.shape[1]
    centre = np.vstack([prior.long_run, np.zeros(series)])
    degrees0 = prior.volatility_years + series + 1
    scale0 = np.eye(series) * prior.volatility**2 * prior.volatility_years
    # rows of the prior covariance are in units of the innovations' variance
    precision0 = np.diag([(prior.volatility / prior.long_run_sd) ** 2, (prior.volatility / prior.excess_sd) ** 2])
    fits = []
    for damping in DAMPING:
        exponents = [np.arange(a + 1, b + 1) - years[-1] for a, b in pairwise(years)]
        design = np.array([[1.0, np.mean(damping ** np.clip(e, -30, 0))] for e in exponents]).reshape(-1, 2)
        fits.append(_conjugate(design, observed, gaps, centre, precision0, scale0, degrees0))
    log_evidence = np.array([f[3] for f in fits])
    weights = np.exp(log_evidence - log_evidence.max())
    return GrowthModel(
        weights / weights.sum(),
        np.array([f[0] for f in fits]),
        np.array([f[1] for f in fits]),
        np.array([f[2] for f in fits]),
        degrees0 + len(observed),
    )


def _conjugate(
    design: Floats, observed: Floats, gaps: Floats, centre: Floats, precision0: Floats, scale0: Floats, degrees0: float
) -> tuple[Floats, Floats, Floats, float]:
    """Posterior mean, row covariance, scale and log evidence; weights of observations settle by expectation-maximisation."""
    series = observed.shape[1]
    tail = np.ones(len(observed))
    for _ in range(20):
        weight = gaps * tail
        precision = precision0 + (design.T * weight) @ design
        spread = np.linalg.inv(precision)
        mean = spread @ (precision0 @ centre + (design.T * weight) @ observed)
        residual, shift = observed - design @ mean, mean - centre
        scale = scale0 + (residual.T * weight) @ residual + shift.T @ precision0 @ shift
        covariance = scale / (degrees0 + len(observed) - series - 1)
        distance = np.einsum("ij,jk,ik->i", residual, np.linalg.inv(covariance), residual) * gaps
        updated = (TAIL_DF + series) / (TAIL_DF + distance)
        if np.allclose(updated, tail, rtol=1e-10):
            break
        tail = updated
    evidence = 0.5 * series * (np.linalg.slogdet(precision0)[1] - np.linalg.slogdet(precision)[1])
    evidence -= 0.5 * (degrees0 + len(observed)) * np.linalg.slogdet(scale)[1]
    return mean, np.asarray(spread), scale, float(evidence)


@dataclass(frozen=True)
class Draws:
    """Common random numbers of a projection: standard draws by risk, made once for a seed, shape (paths, …)."""

    damping: Floats
    coefficients: Floats
    covariance_normal: Floats
    covariance_uniform: Floats
    innovations: Floats
    tail_uniform: Floats
    process: Floats
    catastrophe_uniform: Floats
    catastrophe_size: Floats


def draw(seed: int, paths: int, years: int, series: int) -> Draws:
    """Return the draws of ``paths`` paths; each risk has a stream of its own, so that one can be left out without moving another.

    Paths are drawn year by year: a longer horizon begins with the same years.
    """
    streams = [np.random.default_rng(s) for s in np.random.SeedSequence(seed).spawn(9)]
    half = (paths + 1) // 2

    def mirrored(values: Floats, negate: bool = True) -> Floats:
        """Antithetic pairs: the mean of the pair is free of odd noise."""
        return np.concatenate([values, -values if negate else 1.0 - values])[:paths]

    def by_year(rng: np.random.Generator, tail: tuple[int, ...] = ()) -> Floats:
        return np.stack([rng.standard_normal((half, *tail)) for _ in range(years)], axis=1)

    return Draws(
        damping=mirrored(streams[0].random(half), negate=False),
        coefficients=mirrored(streams[1].standard_normal((half, 2, series))),
        covariance_normal=mirrored(streams[2].standard_normal((half, series))),
        covariance_uniform=mirrored(streams[3].random((half, series)), negate=False),
        innovations=mirrored(by_year(streams[4], (series,))),
        tail_uniform=np.stack([np.tile(streams[5].random(half), 2)[:paths] for _ in range(years)], axis=1),
        process=mirrored(by_year(streams[6])),
        catastrophe_uniform=np.stack([streams[7].random(paths) for _ in range(years)], axis=1),
        catastrophe_size=np.stack([streams[8].random(paths) for _ in range(years)], axis=1),
    )


def simulate_growth(
    model: GrowthModel, draws: Draws, years: int, parameter: bool = True, economic: bool = True
) -> Floats:
    """Return log growth of each series by year, shape (paths, years, series).

    With ``parameter`` off every path has the posterior mean of damping, growth and volatility; with ``economic`` off there are no yearly
    innovations.
    """
    from scipy.stats import chi2

    paths, series = draws.coefficients.shape[0], model.mean.shape[-1]
    steps = np.arange(1, years + 1)
    if parameter:
        which = np.minimum(np.searchsorted(np.cumsum(model.weights), draws.damping), len(DAMPING) - 1)
        root = np.linalg.cholesky(np.linalg.inv(model.scale))[which]
        # Bartlett: a lower triangle A with AAᵀ ~ Wishart(degrees, I); the covariance is the inverse of root·AAᵀ·rootᵀ
        bartlett = np.zeros((paths, series, series))
        for i in range(series):
            bartlett[:, i, i] = np.sqrt(chi2.ppf(draws.covariance_uniform[:, i], model.degrees - i))
            bartlett[:, i, :i] = draws.covariance_normal[:, :i] if i else 0.0
        factor = np.transpose(np.linalg.inv(root @ bartlett), (0, 2, 1))
        row = np.linalg.cholesky(model.spread)[which]
        coefficients = model.mean[which] + row @ draws.coefficients @ np.transpose(factor, (0, 2, 1))
        damping = DAMPING[which]
    else:
        damping = np.full(paths, float(model.weights @ DAMPING))
        coefficients = np.broadcast_to(np.tensordot(model.weights, model.mean, axes=1), (paths, 2, series))
        covariance = np.tensordot(model.weights, model.scale, axes=1) / (model.degrees - series - 1)
        factor = np.broadcast_to(np.linalg.cholesky(covariance), (paths, series, series))
    fade = damping[:, None] ** steps
    growth = coefficients[:, :1, :] + fade[:, :, None] * coefficients[:, 1:, :]
    if economic:
        # Student innovations with unit variance: normal ÷ √(χ²/df), scaled
        mixing = np.sqrt((TAIL_DF - 2) / chi2.ppf(draws.tail_uniform[:, :years], TAIL_DF))
        growth = growth + np.einsum("pij,psj->psi", factor, draws.innovations[:, :years]) * mixing[:, :, None]
    return np.asarray(growth)


def only_first_series(draws: Draws) -> Draws:
    """Return the draws of a projection of the first series alone: the others' innovations are left for what moves with it."""
    return replace(
        draws,
        coefficients=draws.coefficients[:, :, :1],
        covariance_normal=draws.covariance_normal[:, :1],
        covariance_uniform=draws.covariance_uniform[:, :1],
        innovations=draws.innovations[:, :, :1],
    )


def catastrophes(
    draws: Draws, years: int, frequency: float | Floats, mean_deaths: float, least_deaths: float
) -> Floats:
    """Return deaths in large events by path and year (0 where none), shape (paths, years); see `events`."""
    return events(
        draws.catastrophe_uniform[:, :years], draws.catastrophe_size[:, :years], frequency, mean_deaths, least_deaths
    )


def events(uniform: Floats, size: Floats, frequency: float | Floats, mean_deaths: float, least_deaths: float) -> Floats:
    """Return deaths in large events (0 where none), of the shape of the draws.

    At most one large event a year with probability ``1 − e^(−frequency)``; its deaths are ``least_deaths`` plus a geometric number with mean
    ``mean_deaths − least_deaths``. Thinning: a lower frequency keeps a subset of the same events.
    """
    chance = -np.expm1(-np.asarray(frequency, dtype=np.float64))
    more = max(mean_deaths - least_deaths, 0.0)
    extra = np.zeros(size.shape)
    if more > 0:
        extra = np.floor(np.log1p(-size) / np.log(more / (1.0 + more)))
    return np.where(uniform < chance, least_deaths + extra, 0.0)


@dataclass(frozen=True)
class SolvencyCurve:
    """The distribution of the rate that keeps the fund above its floor: every path's required rate, sorted.

    ``lower`` and ``upper``: of every antithetic pair the smaller and the larger required rate, each sorted; from them the Monte Carlo error.
    """

    required: Floats
    lower: Floats
    upper: Floats

    @classmethod
    def of(cls, fund: LinearFund) -> SolvencyCurve:
        """Return the curve of paths that are linear in the rate: one pass, exact."""
        return cls.from_required(fund.required_rates())

    @classmethod
    def from_required(cls, required: Floats) -> SolvencyCurve:
        """Return the curve of required rates in the order of the paths (path i and path i + half are an antithetic pair)."""
        one, two = required[: (len(required) + 1) // 2], required[len(required) // 2 :]
        return cls(np.sort(required), np.sort(np.minimum(one, two)), np.sort(np.maximum(one, two)))

    def probability(self, rate: Floats | float) -> Floats:
        """Return the probability of staying at or above the floor at a base rate."""
        return np.asarray(np.searchsorted(self.required, np.asarray(rate), side="right") / len(self.required))

    def standard_error(self, rate: Floats | float) -> Floats:
        """Return the Monte Carlo standard error of `probability`: that of a mean of independent pairs."""
        pairs = len(self.lower)
        any_stays, both_stay = (
            np.searchsorted(s, np.asarray(rate), side="right") / pairs for s in (self.lower, self.upper)
        )
        mean = (any_stays + both_stay) / 2.0
        square = both_stay + (any_stays - both_stay) / 4.0
        return np.asarray(np.sqrt(np.maximum(square - mean**2, 0.0) / max(pairs - 1, 1)))

    def rate(self, probability: float) -> float:
        """Return the smallest rate that keeps the floor with a probability; infinite where no rate does."""
        at = min(int(np.ceil(probability * len(self.required) - 1e-9)), len(self.required)) - 1
        return float(self.required[max(at, 0)])

    def rate_error(self, probability: float) -> float:
        """Return the Monte Carlo standard error of `rate` (Woodruff); NaN where it is not finite."""
        error = float(self.standard_error(self.rate(probability)))
        low, high = self.rate(max(probability - error, 0.0)), self.rate(min(probability + error, 1.0))
        return (high - low) / 2.0 if np.isfinite(high) else float("nan")
