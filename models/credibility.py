"""Credibility: how far a contractor's own experience counts, and what complements it.

Sources: Bühlmann & Straub (1970), Glaubwürdigkeit für Schadensätze; Bühlmann & Gisler (2005), A Course in Credibility Theory, ch. 4 and 6;
Bichsel & Straub for the iterative estimator; Jewell (1975) for the hierarchical model.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import gamma

from models.messages import InputError, Message

Floats = NDArray[np.float64]

ESTIMATORS = ("unbiased", "iterative")
ITERATIONS = 1000


@dataclass(frozen=True)
class BuhlmannStraub:
    """A fitted Bühlmann-Straub model.

    ``collective`` credibility-weighted mean; ``within`` variance of a ratio of weight one; ``between`` variance of the groups' true ratios;
    ``factors`` (groups,) credibility; ``premiums`` (groups,) credibility premiums, whose complement is the collective; ``notes`` what to know.
    """

    collective: float
    within: float
    between: float
    factors: Floats
    premiums: Floats
    notes: tuple[Message, ...] = ()


def _checked(ratios: ArrayLike, weights: ArrayLike) -> tuple[Floats, Floats]:
    """Return ratios and weights as float64 (groups, periods); an absent cell has ratio 0 and weight 0."""
    x, w = np.asarray(ratios, dtype=np.float64), np.asarray(weights, dtype=np.float64)
    if x.ndim != 2 or x.shape != w.shape or x.size == 0:
        raise InputError(
            "Ratios and weights must be tables of the same shape (groups, periods), not {one} and {other}.",
            one=str(x.shape),
            other=str(w.shape),
        )
    if np.isinf(x).any() or np.isinf(w).any() or (w < 0).any():
        raise InputError("Ratios must be finite and weights finite and not negative.")
    there = ~np.isnan(x) & ~np.isnan(w) & (w > 0)
    if not there.any():
        raise InputError("No cell has both a ratio and a positive weight.")
    return np.where(there, x, 0.0), np.where(there, w, 0.0)


def buhlmann_straub(ratios: ArrayLike, weights: ArrayLike, estimator: str = "unbiased") -> BuhlmannStraub:
    """Fit the Bühlmann-Straub model.

    Parameters
    ----------
    ratios : (groups, periods) claims per unit of weight; NaN = absent
    weights : (groups, periods) exposure; NaN or 0 = absent
    estimator : ``"unbiased"`` (Bühlmann-Straub) or ``"iterative"`` (Bichsel-Straub pseudo-estimator) of the variance between groups

    Returns
    -------
    BuhlmannStraub : a group without data has factor 0 and the collective premium. A negative between-variance is set to 0, all factors to 0, the
        collective to the exposure-weighted mean, and a note says so.
    """
    if estimator not in ESTIMATORS:
        raise InputError("The estimator {estimator} is not known; use unbiased or iterative.", estimator=estimator)
    x, w = _checked(ratios, weights)
    weight = w.sum(axis=1)
    total = float(weight.sum())
    mean = np.divide((w * x).sum(axis=1), weight, out=np.zeros(len(x)), where=weight > 0)
    counted = weight > 0
    groups = int(counted.sum())
    overall = float(weight @ mean) / total
    notes: list[Message] = []
    freedom = np.maximum((w > 0).sum(axis=1) - 1, 0)
    if freedom.sum() > 0:
        within = float((w * (x - mean[:, None]) ** 2).sum() / freedom.sum())
    else:
        within = 0.0
        notes.append(
            Message(
                "No group has two periods: the variance within groups cannot be estimated; no credibility is given."
            )
        )
    between = 0.0
    if groups > 1 and freedom.sum() > 0:
        spread = total - float((weight**2).sum()) / total
        between = (float(weight @ (mean - overall) ** 2) - (groups - 1) * within) / spread if spread > 0 else 0.0
        if estimator == "iterative":
            between = _iterative(mean, weight, within, max(between, 0.0) or within / total * groups, groups)
    elif groups == 1:
        notes.append(Message("There is one group only: it is its own collective."))
    if between <= 0.0:
        if groups > 1 and freedom.sum() > 0:
            notes.append(
                Message(
                    "The groups differ less than chance would have it: the variance between them is set to 0, credibility to 0."
                )
            )
        zero = np.zeros(len(x))
        return BuhlmannStraub(overall, within, 0.0, zero, np.full(len(x), overall), tuple(notes))
    factors = weight * between / (weight * between + within) if within > 0 else counted.astype(np.float64)
    collective = float(factors @ mean) / float(factors.sum())
    return BuhlmannStraub(
        collective, within, between, factors, factors * mean + (1.0 - factors) * collective, tuple(notes)
    )


def _iterative(mean: Floats, weight: Floats, within: float, start: float, groups: int) -> float:
    """Bichsel-Straub: between = Σ z (mean − collective)² / (groups − 1), z from between itself, to a fixed point."""
    between = start
    for _ in range(ITERATIONS):
        if between <= 0 or within <= 0:
            z = (weight > 0).astype(np.float64) if within <= 0 else np.zeros_like(weight)
        else:
            z = weight * between / (weight * between + within)
        if z.sum() == 0:
            return 0.0
        centre = float(z @ mean) / float(z.sum())
        updated = float(z @ (mean - centre) ** 2) / (groups - 1)
        if abs(updated - between) <= 1e-13 * max(updated, between):
            return updated
        if updated < 1e-12 * start:
            return 0.0
        between = updated
    return between


@dataclass(frozen=True)
class Hierarchical:
    """Jewell's two-level model: ``parent_premiums`` and ``parent_factors`` by parent (order of ``parents``), ``premiums`` and ``factors`` by group.

    The complement of a group is its parent's premium, that of a parent the collective.
    """

    collective: float
    within: float
    between_groups: float
    between_parents: float
    parents: tuple[object, ...]
    parent_factors: Floats
    parent_premiums: Floats
    factors: Floats
    premiums: Floats


def hierarchical(ratios: ArrayLike, weights: ArrayLike, parents: ArrayLike) -> Hierarchical:
    """Fit Jewell's hierarchical model: prefecture > contractor.

    Parameters
    ----------
    ratios, weights : (groups, periods), as in `buhlmann_straub`
    parents : (groups,) the parent of each group

    Returns
    -------
    Hierarchical : variances are unbiased estimates (Bühlmann & Gisler ch. 6), negative ones set to 0
    """
    x, w = _checked(ratios, weights)
    labels, parent = np.unique(np.asarray(parents), return_inverse=True)
    if len(parent) != len(x):
        raise InputError(
            "Every group needs one parent: {groups} groups, {parents} parents.", groups=len(x), parents=len(parent)
        )
    weight = w.sum(axis=1)
    mean = np.divide((w * x).sum(axis=1), weight, out=np.zeros(len(x)), where=weight > 0)
    freedom = np.maximum((w > 0).sum(axis=1) - 1, 0).sum()
    within = float((w * (x - mean[:, None]) ** 2).sum() / freedom) if freedom else 0.0
    size = len(labels)

    def add(values: Floats) -> Floats:
        return np.bincount(parent, weights=values, minlength=size).astype(np.float64)

    # between groups of the same parent
    top = add(weight)
    centre = np.divide(add(weight * mean), top, out=np.zeros(size), where=top > 0)
    inside = float((weight * (mean - centre[parent]) ** 2).sum()) - within * float((weight > 0).sum() - (top > 0).sum())
    spread = float(top.sum() - np.divide(add(weight**2), top, out=np.zeros(size), where=top > 0).sum())
    between = max(inside / spread, 0.0) if spread > 0 else 0.0
    if between > 0:
        factors = weight * between / (weight * between + within) if within > 0 else (weight > 0).astype(np.float64)
    else:
        factors = np.zeros(len(x))
    # parents' means are weighted by credibility where there is some, else by exposure
    inner = factors if between > 0 else weight
    strength = add(inner)
    parent_mean = np.divide(add(inner * mean), strength, out=np.zeros(size), where=strength > 0)
    known = strength > 0
    overall = float(strength @ parent_mean) / float(strength.sum())
    unit = between if between > 0 else within
    outer_spread = float(strength.sum() - (strength**2).sum() / strength.sum())
    above = (
        (float(strength @ (parent_mean - overall) ** 2) - (known.sum() - 1) * unit) / outer_spread
        if outer_spread > 0
        else 0.0
    )
    above = max(above, 0.0)
    if above > 0:
        parent_factors = strength * above / (strength * above + unit) if unit > 0 else known.astype(np.float64)
        collective = float(parent_factors @ parent_mean) / float(parent_factors.sum())
    else:
        parent_factors, collective = np.zeros(size), overall
    parent_premiums = parent_factors * parent_mean + (1 - parent_factors) * collective
    premiums = factors * mean + (1 - factors) * parent_premiums[parent]
    return Hierarchical(
        collective, within, between, above, tuple(labels.tolist()), parent_factors, parent_premiums, factors, premiums
    )


@dataclass(frozen=True)
class Relativities:
    """Posterior relativity of each unit to its expected claims: mean, credibility factor and 90% interval."""

    mean: Floats
    factors: Floats
    low: Floats
    high: Floats


def gamma_poisson(counts: ArrayLike, expected: ArrayLike, dispersion: float) -> Relativities:
    """Return each unit's claim relativity given its counts, Poisson with a gamma-distributed risk of mean 1 and variance ``dispersion``.

    Parameters
    ----------
    counts : (units,) claims observed
    expected : (units,) claims expected by the frequency model
    dispersion : α of the negative binomial frequency model (variance = μ + α μ²); 0 = all alike

    Returns
    -------
    Relativities : factor = expected ÷ (expected + 1/α); mean = factor × counts ÷ expected + (1 − factor)
    """
    n, mu = np.asarray(counts, dtype=np.float64), np.asarray(expected, dtype=np.float64)
    if (
        n.shape != mu.shape
        or (n < 0).any()
        or (mu < 0).any()
        or not (np.isfinite(n).all() and np.isfinite(mu).all())
        or not dispersion >= 0
    ):
        raise InputError("Counts, expected counts and dispersion must be finite, not negative, and of one shape.")
    if dispersion == 0:
        one = np.ones(n.shape)
        return Relativities(one, np.zeros(n.shape), one, one)
    shape, rate = 1.0 / dispersion + n, 1.0 / dispersion + mu
    low, high = (np.asarray(gamma.ppf(p, shape, scale=1.0 / rate), dtype=np.float64) for p in (0.05, 0.95))
    return Relativities(shape / rate, mu / rate, low, high)


def capped(claims: ArrayLike, cap: float) -> tuple[Floats, float]:
    """Return claims limited to ``cap`` a case and the load that gives back what the cap took: Σ claims ÷ Σ limited (1 where nothing was)."""
    x = np.asarray(claims, dtype=np.float64)
    if not cap > 0 or (x < 0).any() or not np.isfinite(x).all():
        raise InputError("The cap must be positive and claims finite and not negative.")
    limited = np.minimum(x, cap)
    return limited, float(x.sum() / limited.sum()) if limited.sum() > 0 else 1.0
