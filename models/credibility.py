"""Credibility: how far a unit's own experience counts, and what complements it.

=====================  ==========================================  =================================
model                  question                                    complement of a unit's experience
=====================  ==========================================  =================================
`buhlmann_straub`      cost or frequency ratio of a contractor     the collective
`hierarchical`         the same, contractors within prefectures    its prefecture's premium
`gamma_poisson`        claims beside those a model expected        the frequency model's expectation
=====================  ==========================================  =================================

Cost ratios are first `capped`: one catastrophe must not pass for a contractor's character.

Sources: Bühlmann & Straub (1970), Glaubwürdigkeit für Schadensätze; Jewell (1975), The use of collateral data in credibility theory;
Bühlmann & Gisler (2005), A Course in Credibility Theory, ch. 2, 4 and 6; Ohlsson (2005) for the unbiased estimators of the hierarchy;
Goovaerts & Hoogstad (1987) for the Bichsel-Straub pseudo-estimators.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import gammainc, gammaincinv, gammaln, ndtri

from models.messages import InputError, Message

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

ESTIMATORS = ("unbiased", "iterative")
NEWTON_STEPS = 100
DEVIATIONS = np.arange(1, 301) / 100.0
"""Standard deviations of units' risks between which the data choose: above 3 a portfolio is no portfolio."""
DISPERSIONS = 9
"""Equally likely dispersions that an interval is made from."""
BISECTIONS = 24
ROUNDING = 1e-25
"""A sum of squares below this share of the sum of squares about zero is rounding noise: no variance."""


@dataclass(frozen=True)
class BuhlmannStraub:
    """A fitted Bühlmann-Straub model: ``premiums = factors · means + (1 − factors) · collective``.

    ``collective`` credibility-weighted mean, the complement; ``within`` variance of a ratio of weight one; ``between`` variance of the groups'
    true ratios; (groups,) ``means`` own ratios (the collective where there are none), ``factors`` credibility, ``premiums``; ``notes`` what to know.
    """

    collective: float
    within: float
    between: float
    means: Floats
    factors: Floats
    premiums: Floats
    notes: tuple[Message, ...] = ()


@dataclass(frozen=True)
class Hierarchical:
    """A fitted two-level model: ``premiums = factors · means + (1 − factors) · complements``; the same for parents with the collective.

    ``between_groups`` variance of true ratios within a parent; ``between_parents`` variance of the parents; ``parents`` their labels, sorted;
    (parents,) ``parent_means, parent_factors, parent_premiums``; (groups,) ``means, factors, complements`` (the parent's premium), ``premiums``.
    """

    collective: float
    within: float
    between_groups: float
    between_parents: float
    parents: tuple[object, ...]
    parent_means: Floats
    parent_factors: Floats
    parent_premiums: Floats
    means: Floats
    factors: Floats
    complements: Floats
    premiums: Floats
    notes: tuple[Message, ...] = ()


@dataclass(frozen=True)
class Relativities:
    """Posterior of each unit's risk relative to its expected claims: ``mean``, credibility ``factors``, interval from ``low`` to ``high``."""

    mean: Floats
    factors: Floats
    low: Floats
    high: Floats
    notes: tuple[Message, ...] = ()


@dataclass(frozen=True)
class Capped:
    """Claims after a cap: ``claims`` limited, ``removed`` the share of all cost that the cap took, ``load`` the factor that gives it back."""

    claims: Floats
    removed: float
    load: float


@dataclass(frozen=True)
class _Level:
    """One level of a hierarchy: nodes within parents. ``unit`` is the variance of a node's mean at strength one."""

    between: float
    factors: Floats
    strength: Floats
    """(parents,) weight of each parent at the level above."""
    centre: Floats
    """(parents,) mean of its nodes, weighted by credibility, or by weight where there is none."""
    unit: float
    """Variance of a parent's mean at strength one."""


def buhlmann_straub(ratios: ArrayLike, weights: ArrayLike, estimator: str = "unbiased") -> BuhlmannStraub:
    """Fit the Bühlmann-Straub model.

    Parameters
    ----------
    ratios : (groups, periods) claims per unit of weight, negative where recoveries exceed payments; NaN = absent
    weights : (groups, periods) exposure; NaN or 0 = absent
    estimator : ``"unbiased"`` (Bühlmann-Straub) or ``"iterative"`` (Bichsel-Straub pseudo-estimator, converged) of the variance between groups

    Returns
    -------
    BuhlmannStraub : a group without data has factor 0 and the collective premium. Where the variance between groups is negative or cannot be
        estimated (one group, one period) it is 0, all factors are 0, the collective is the exposure-weighted mean, and a note says so.

    Raises
    ------
    InputError
        Tables of different shape, infinite values, negative weights, no cell with data, an unknown estimator.
    """
    x, w = _checked(ratios, weights, estimator)
    weight, mean, within, notes = _own_experience(x, w)
    level = _level(mean, weight, within, np.zeros(len(x), dtype=np.int64), 1, estimator)
    collective = float(level.centre[0])
    if np.count_nonzero(weight) == 1:
        notes.append(Message("There is one group only: it is its own collective."))
    elif level.between == 0.0 and np.isfinite(within):
        notes.append(
            Message(
                "The groups differ less than chance would have it: the variance between them is set to 0, credibility to 0."
            )
        )
    mean = np.where(weight > 0, mean, collective)
    premiums = collective + level.factors * (mean - collective)
    within = within if np.isfinite(within) else 0.0
    return BuhlmannStraub(collective, within, level.between, mean, level.factors, premiums, tuple(notes))


def hierarchical(
    ratios: ArrayLike, weights: ArrayLike, parents: ArrayLike, estimator: str = "unbiased"
) -> Hierarchical:
    """Fit Jewell's hierarchical model: prefecture > contractor.

    Parameters
    ----------
    ratios, weights : (groups, periods), as in `buhlmann_straub`
    parents : (groups,) label of the parent of each group
    estimator : ``"unbiased"`` (Ohlsson) or ``"iterative"`` (pseudo-estimators), at both levels

    Returns
    -------
    Hierarchical : a variance that is negative or cannot be estimated is 0 and a note says so

    Raises
    ------
    InputError
        As `buhlmann_straub`; a group without exactly one parent.
    """
    x, w = _checked(ratios, weights, estimator)
    given = np.asarray(parents)
    if given.shape != (len(x),):
        raise InputError("Every group needs one parent: {groups} groups, {parents} parents.", groups=len(x), parents=given.size)  # fmt: skip
    labels, position = np.unique(given, return_inverse=True)
    parent = position.astype(np.int64)
    weight, mean, within, notes = _own_experience(x, w)
    lower = _level(mean, weight, within, parent, len(labels), estimator)
    upper = _level(lower.centre, lower.strength, lower.unit, np.zeros(len(labels), dtype=np.int64), 1, estimator)
    if lower.between == 0.0 and np.isfinite(within):
        notes.append(
            Message("Groups of one parent differ no more than by chance: each gets the premium of its parent.")
        )
    if np.count_nonzero(lower.strength) == 1:
        notes.append(Message("There is one parent only: it is its own collective."))
    elif upper.between == 0.0 and np.isfinite(within):
        notes.append(Message("Parents differ no more than by chance: their complement, the collective, counts alone."))
    collective = float(upper.centre[0])
    parent_mean = np.where(lower.strength > 0, lower.centre, collective)
    parent_premiums = collective + upper.factors * (parent_mean - collective)
    complements = parent_premiums[parent]
    mean = np.where(weight > 0, mean, complements)
    within = within if np.isfinite(within) else 0.0
    return Hierarchical(
        collective, within, lower.between, upper.between, tuple(labels.tolist()), parent_mean, upper.factors, parent_premiums,
        mean, lower.factors, complements, complements + lower.factors * (mean - complements), tuple(notes),
    )  # fmt: skip


def gamma_poisson(counts: ArrayLike, expected: ArrayLike, dispersion: float, level: float = 0.9) -> Relativities:
    """Return each unit's claim relativity given its counts: Poisson with a gamma-distributed risk of mean 1 and variance ``dispersion``.

    Parameters
    ----------
    counts : (units,) claims observed
    expected : (units,) claims expected by the frequency model
    dispersion : α of the negative binomial frequency model (variance = μ + α μ²); 0 = all alike
    level : probability of the equal-tailed interval

    Returns
    -------
    Relativities : factor = expected ÷ (expected + 1/α); mean = factor × counts ÷ expected + (1 − factor)

    Raises
    ------
    InputError
        Counts, expectations or a dispersion that are negative or not finite; shapes that differ; a level not between 0 and 1.
    """
    n, mu = np.asarray(counts, dtype=np.float64), np.asarray(expected, dtype=np.float64)
    if n.shape != mu.shape:
        raise InputError("Counts {one} and expected counts {other} must have one shape.", one=str(n.shape), other=str(mu.shape))  # fmt: skip
    if not (np.isfinite(n).all() and np.isfinite(mu).all() and (n >= 0).all() and (mu >= 0).all()):
        raise InputError("Counts and expected counts must be finite and not negative.")
    if not 0 <= dispersion < np.inf:
        raise InputError("The dispersion must be finite and not negative, not {value}.", value=dispersion)
    if not 0 < level < 1:
        raise InputError("The level of an interval must lie between 0 and 1, not {value}.", value=level)
    notes: list[Message] = []
    impossible = int(((n > 0) & (mu == 0)).sum())
    if impossible:
        notes.append(
            Message(
                "{units} units have claims although none were expected: check their exposure.", {"units": impossible}
            )
        )
    if dispersion < 1e-300:  # 1/α would overflow
        notes.append(Message("The dispersion is 0: all units are alike, and own counts carry no credibility."))
        one = np.ones(n.shape)
        return Relativities(one, np.zeros(n.shape), one, one, tuple(notes))
    shape, rate = 1.0 / dispersion + n, 1.0 / dispersion + mu
    low, high = (gammaincinv(shape, p) / rate for p in ((1 - level) / 2, (1 + level) / 2))
    return Relativities(shape / rate, mu / rate, low, high, tuple(notes))


def risk_interval(
    counts: ArrayLike, expected: ArrayLike, dispersion: float, error: float, level: float = 0.9
) -> tuple[Floats, Floats]:
    """Return the equal-tailed interval of each unit's claim relativity, the dispersion being estimated.

    With a known dispersion, as in `gamma_poisson`, the interval is too narrow where few units tell how far risks differ, and no interval at all where
    it is estimated as 0. Here the posteriors are mixed over the dispersion: lognormal by its standard error; where the estimate is 0, by the likelihood
    of the counts and a uniform prior of √α (Gelman 2006, Prior distributions for variance parameters in hierarchical models).

    Parameters
    ----------
    counts, expected : (units,) as in `gamma_poisson`
    dispersion, error : α and its standard error
    level : probability of the interval

    Returns
    -------
    low, high : (units,)
    """
    n, mu = np.asarray(counts, dtype=np.float64), np.asarray(expected, dtype=np.float64)
    place = (np.arange(DISPERSIONS) + 0.5) / DISPERSIONS
    if dispersion > 0.0:
        inverse = np.exp(-ndtri(place) * error / dispersion)[:, None] / dispersion
    else:
        inverse = DEVIATIONS[:, None] ** -2.0
        likelihood = (gammaln(inverse + n) - gammaln(inverse) - inverse * np.log1p(mu / inverse) - n * np.log(inverse + mu)).sum(axis=1)  # fmt: skip
        passed = np.cumsum(np.exp(likelihood - likelihood.max()))
        inverse = inverse[np.searchsorted(passed, place * passed[-1])]
    shape, rate = inverse + n, inverse + mu
    ends = []
    for p in ((1 - level) / 2, (1 + level) / 2):
        known = gammaincinv(shape, p) / rate
        low, high = known.min(axis=0), known.max(axis=0)
        for _ in range(BISECTIONS):
            middle = (low + high) / 2
            above = gammainc(shape, rate * middle).mean(axis=0) > p
            low, high = np.where(above, low, middle), np.where(above, middle, high)
        ends.append((low + high) / 2)
    return ends[0], ends[1]


def capped(claims: ArrayLike, cap: float, events: ArrayLike | None = None) -> Capped:
    """Limit each claim, or each event, before its cost goes into a credibility ratio; the load gives back to all what the cap took from few.

    Parameters
    ----------
    claims : (claims,) cost; negative where recoveries exceed payments
    cap : limit of one claim, in the same unit; infinity = no cap
    events : (claims,) label of the event: its victims share one cap, in proportion to their cost. Absent = every claim is its own event.

    Returns
    -------
    Capped : Σ limited claims × load = Σ claims. The load is an expected excess: apply it to every unit's premium alike.

    Raises
    ------
    InputError
        A cap that is not positive, cost that is not finite, labels of another number than claims, or a cap so low that nothing remains to load.
    """
    x = np.asarray(claims, dtype=np.float64)
    if not cap > 0 or x.ndim != 1 or not np.isfinite(x).all():
        raise InputError("The cap must be positive, and claims a list of finite amounts.")
    if events is None:
        limited = np.minimum(x, cap)
    else:
        labels = np.asarray(events)
        if labels.shape != x.shape:
            raise InputError("Every claim needs one event: {claims} claims, {events} events.", claims=x.size, events=labels.size)  # fmt: skip
        event = np.unique(labels, return_inverse=True)[1]
        cost = np.bincount(event, weights=x)
        limited = x * np.divide(cap, cost, out=np.ones(len(cost)), where=cost > cap)[event]
    total, kept = float(x.sum()), float(limited.sum())
    if kept == total:
        return Capped(limited, 0.0, 1.0)
    if kept <= 0:
        raise InputError("Below the cap of {cap} recoveries exceed payments: nothing remains to carry the excess. Take a higher cap.", cap=cap)  # fmt: skip
    return Capped(limited, 1.0 - kept / total, total / kept)


def _checked(ratios: ArrayLike, weights: ArrayLike, estimator: str) -> tuple[Floats, Floats]:
    """Return ratios and weights as float64 (groups, periods); an absent cell has ratio 0 and weight 0."""
    if estimator not in ESTIMATORS:
        raise InputError("The estimator {estimator} is not known; use unbiased or iterative.", estimator=estimator)
    x, w = np.asarray(ratios, dtype=np.float64), np.asarray(weights, dtype=np.float64)
    if x.ndim != 2 or x.shape != w.shape or x.size == 0:
        raise InputError(
            "Ratios and weights must be tables of the same shape (groups, periods), not {one} and {other}.",
            one=str(x.shape),
            other=str(w.shape),
        )
    if np.isfinite(x).all() and np.isfinite(w).all() and w.min() > 0:
        return x, w  # the usual table is complete
    wrong = np.isinf(x) | np.isinf(w) | (w < 0)
    if wrong.any():
        group, period = np.argwhere(wrong)[0]
        raise InputError(
            "Group {group}, period {period}: the ratio {ratio} must be finite, and the weight {weight} finite and not negative.",
            group=int(group) + 1, period=int(period) + 1, ratio=float(x[group, period]), weight=float(w[group, period]),
        )  # fmt: skip
    there = ~np.isnan(x) & (w > 0)  # NaN > 0 is false
    if not there.any():
        raise InputError("No cell has both a ratio and a positive weight.")
    return np.where(there, x, 0.0), np.where(there, w, 0.0)


def _own_experience(x: Floats, w: Floats) -> tuple[Floats, Floats, float, list[Message]]:
    """Return each group's weight and mean (0 without data), the variance within groups, and notes on what is missing."""
    weight = np.einsum("ij->i", w)
    mean = np.divide(np.einsum("ij,ij->i", w, x), weight, out=np.zeros(len(x)), where=weight > 0)
    away = x - mean[:, None]
    squares = float(np.einsum("ij,ij,ij->", w, away, away))
    freedom = int(np.count_nonzero(w) - np.count_nonzero(weight))
    notes: list[Message] = []
    empty = len(x) - int(np.count_nonzero(weight))
    if empty:
        notes.append(Message("{groups} groups have no data: their complement is their premium.", {"groups": empty}))
    if not freedom:
        notes.append(
            Message(
                "No group has two periods: the variance within groups cannot be estimated; no credibility is given."
            )
        )
        return weight, mean, np.inf, notes
    noise = ROUNDING * float((weight * mean**2).sum())
    return weight, mean, squares / freedom if squares > noise else 0.0, notes


def _level(mean: Floats, weight: Floats, unit: float, parent: Integers, parents: int, estimator: str) -> _Level:
    """Fit one level: nodes with a ``mean`` of variance ``unit / weight`` around a true value that varies around that of their parent.

    Sums, not dot products: BLAS splits a long one over the cores, which changes its last digits and stalls on a busy machine.
    """

    def add(values: Floats) -> Floats:
        return np.bincount(parent, weights=values, minlength=parents).astype(np.float64, copy=False)

    def centred(strength: Floats) -> tuple[Floats, Floats]:
        total = add(strength)
        return total, np.divide(add(strength * mean), total, out=np.zeros(parents), where=total > 0)

    def squares(strength: Floats) -> tuple[Floats, float]:
        away = (mean - centred(strength)[1][parent]) ** 2
        return away, float((strength * away).sum())

    known = weight > 0
    total, centre = centred(weight)
    freedom = int(known.sum() - np.count_nonzero(total))
    found = squares(weight)[1]
    between = 0.0
    if freedom and np.isfinite(unit) and found > max(freedom * unit, ROUNDING * float((weight * mean**2).sum())):
        whole = total[parent]
        spread = float((weight[known] * (whole[known] - weight[known]) / whole[known]).sum())
        between = (found - freedom * unit) / spread
        if estimator == "iterative":
            between = _pseudo_estimate(squares, weight, unit, freedom, between)
    if between == 0.0:
        return _Level(0.0, np.zeros(len(mean)), total, centre, unit)
    factors = weight * between / (weight * between + unit) if unit > 0 else known.astype(np.float64)
    return _Level(between, factors, *centred(factors), between)


def _pseudo_estimate(
    squares: Callable[[Floats], tuple[Floats, float]], weight: Floats, unit: float, freedom: int, start: float
) -> float:
    """Solve the Bichsel-Straub fixed point ``between = Σ factor · (mean − centre)² / freedom``.

    Divided by ``between`` it reads Q = freedom, where Q = Σ precision · (mean − centre)². The reciprocal of Q is concave and almost a straight
    line, so that Newton's method on it needs a few steps where plain iteration needs hundreds.
    """
    between = start
    for _ in range(NEWTON_STEPS):
        precision = np.divide(weight, weight * between + unit, out=np.zeros(len(weight)), where=weight > 0)
        away, found = squares(precision)
        moved = between + (found**2 / freedom - found) / float((precision**2 * away).sum())
        moved = moved if moved > 0 else between / 10
        if abs(moved - between) <= 1e-14 * between:
            break
        between = moved
    return between
