"""Methods beside the chain ladder: a prior ratio, a pooled ratio, counts times severities; and the present value of any of them.

Sources: Bornhuetter & Ferguson (1972), The actuary and IBNR, PCAS 59; Stanard (1985) and Bühlmann (1983) for Cape Cod; Gluck (1997), Balancing
development and trend in loss reserve analysis, PCAS 84, for its decay; Friedland (2010), Estimating Unpaid Claims Using Basic Techniques, ch. 9-11.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from models.development.ladder import Mack, age_to_age, chain_ladder, shares_developed, tail_steps
from models.development.tails import TailFactor
from models.development.triangles import Floats, Projection, Reading
from models.messages import InputError


@dataclass(frozen=True, kw_only=True)
class CapeCod(Projection):
    """A Cape Cod projection: ``ratios`` (origins,) the pooled ultimate ratio to exposure, at each origin's own level."""

    ratios: Floats


@dataclass(frozen=True)
class FrequencySeverity:
    """``counts`` and ``severities`` projected; (origins,) ``ultimates`` their product and ``reserves`` less the latest amounts; ``total_reserve``."""

    counts: Projection
    severities: Projection
    ultimates: Floats
    reserves: Floats
    total_reserve: float


@dataclass(frozen=True)
class Discounted:
    """``payments`` (future periods,) expected; ``reserves`` (origins,) present values; ``total`` their sum; ``undiscounted`` sum of the payments."""

    payments: Floats
    reserves: Floats
    total: float
    undiscounted: float


def bornhuetter_ferguson(
    cumulative: ArrayLike, exposure: ArrayLike, prior_ratio: ArrayLike, *, tail: float | TailFactor = 1.0
) -> Projection:
    """Return latest + exposure · prior ratio · share not yet developed.

    Parameters
    ----------
    cumulative : (origins, ages) array, NaN = future or missing
    exposure : (origins,) exposure or premium
    prior_ratio : ultimate to exposure, one for all or (origins,)
    tail : as in `chain_ladder`
    """
    read = Reading(cumulative)
    exposures = _exposures(exposure, read)
    prior = _of_origins(prior_ratio, read, "prior ratio")
    return _expected(read, exposures * prior, tail)


def cape_cod(
    cumulative: ArrayLike,
    exposure: ArrayLike,
    decay: float = 1.0,
    trend: float = 0.0,
    *,
    tail: float | TailFactor = 1.0,
) -> CapeCod:
    """Return Bornhuetter-Ferguson with the ratio of the triangle itself: Σ latest / Σ exposure · developed, other origins brought to the
    origin's level by ``trend`` a period and weighted by ``decay`` to the power of their distance.

    Parameters
    ----------
    cumulative : (origins, ages) array, NaN = future or missing
    exposure : (origins,) exposure or premium
    decay : 1 pools all origins alike; 0 is the chain ladder
    trend : growth of the ratio from one origin to the next (0.03 = 3%)
    tail : as in `chain_ladder`
    """
    read = Reading(cumulative)
    exposures = _exposures(exposure, read)
    if not 0.0 <= decay <= 1.0:
        raise InputError("The decay of Cape Cod lies between 0 and 1; it is {decay}.", decay=decay)
    if not -1.0 < trend < np.inf:
        raise InputError("A trend is a growth above −100% a period; it is {trend}.", trend=trend)
    used = exposures * _shares(read, tail)[1][read.latest_ages]
    origin = np.arange(read.origins)
    later = origin[:, None] - origin
    weight = float(decay) ** np.abs(later)
    base = weight @ used
    if not (base > 0.0).all():
        place = int(np.argmin(base))
        raise InputError(
            "Origin {origin} has no developed exposure to take a ratio from; use a larger decay or Bornhuetter-Ferguson.",
            origin=place + 1,
        )
    ratios = (weight * (1.0 + trend) ** later) @ read.latest / base
    projection = _expected(read, exposures * ratios, tail)
    return CapeCod(**vars(projection), ratios=ratios)


def frequency_severity(
    counts: ArrayLike,
    amounts: ArrayLike,
    *,
    count_tail: float | TailFactor = 1.0,
    severity_tail: float | TailFactor = 1.0,
) -> FrequencySeverity:
    """Return ultimate counts times ultimate severities, each by its own chain ladder.

    Parameters
    ----------
    counts, amounts : (origins, ages) cumulative, NaN = future or missing; a severity is known where both are and the count is not zero
    count_tail, severity_tail : as in `chain_ladder`
    """
    number, money = Reading(counts), Reading(amounts)
    if number.values.shape != money.values.shape:
        raise InputError(
            "Counts {counts} and amounts {amounts} are triangles of different shapes.",
            counts=str(number.values.shape),
            amounts=str(money.values.shape),
        )
    none = number.values == 0.0
    unmatched = none & (money.values > 0.0)
    if unmatched.any():
        origin, age = (int(k) for k in np.argwhere(unmatched)[0])
        raise InputError("Origin {origin} at age {age} has an amount without a count.", origin=origin + 1, age=age + 1)
    severity = np.divide(
        money.values, number.values, out=np.full(money.values.shape, np.nan), where=~none & number.known
    )
    for place in np.flatnonzero(np.isnan(severity).all(axis=1)):
        raise InputError(
            "Origin {origin} has no count with an amount yet: there is no severity to develop.", origin=int(place) + 1
        )
    ultimate_counts = chain_ladder(number.values, tail=count_tail)
    ultimate_severities = chain_ladder(severity, tail=severity_tail)
    ultimates = ultimate_counts.ultimates * ultimate_severities.ultimates
    reserves = ultimates - money.latest
    return FrequencySeverity(ultimate_counts, ultimate_severities, ultimates, reserves, float(reserves.sum()))


def discounted(projection: Projection | Mack, rate: ArrayLike, *, timing: float = 0.5) -> Discounted:
    """Return the present value of a projection's reserve by the payments it expects.

    Parameters
    ----------
    projection : of a triangle of payments, by any method
    rate : interest a period, one for all or the spot rates of 1, 2, … periods (the last holds beyond)
    timing : when in its period a payment falls: 0 at its start, 0.5 in the middle, 1 at its end
    """
    rates = np.atleast_1d(np.asarray(rate, dtype=np.float64))
    if rates.ndim != 1 or not len(rates) or not (np.isfinite(rates).all() and (rates > -1.0).all()):
        raise InputError("An interest rate is a number above −100% a period, or a row of them.")
    if not 0.0 <= timing <= 1.0:
        raise InputError("The timing of a payment lies between 0 and 1; it is {timing}.", timing=timing)
    completed, latest = projection.completed, projection.latest_ages[:, None]
    ages = completed.shape[1]
    period = np.arange(1, ages) - latest  # 1 = the next period
    paid = np.where(period > 0, np.diff(completed, axis=1), 0.0)
    at = np.clip(period, 1, None) - 1
    spot = rates[np.minimum(at, len(rates) - 1)]
    value = paid * (1.0 + spot) ** -(at + timing)
    reserves = value.sum(axis=1)
    payments = np.asarray(np.bincount(at.ravel(), paid.ravel(), minlength=int(period.max(initial=0))), dtype=np.float64)
    return Discounted(payments, reserves, float(reserves.sum()), float(paid.sum()))


def _expected(read: Reading, expected: Floats, tail: float | TailFactor) -> Projection:
    """Return the projection whose future increments are the expected ultimate times the shares still to develop."""
    factors, developed = _shares(read, tail)
    gain = np.diff(developed, prepend=developed[0])
    ahead = np.arange(len(developed)) > read.latest_ages[:, None]
    known = np.hstack([read.values, np.full((read.origins, len(developed) - read.ages), np.nan)])
    future = read.latest[:, None] + expected[:, None] * np.cumsum(np.where(ahead, gain, 0.0), axis=1)
    completed = np.where(ahead, future, known)
    ultimates = future[:, -1]
    notes = tail.notes if isinstance(tail, TailFactor) else ()
    return Projection(
        ultimates, ultimates - read.latest, completed, read.latest_ages, factors, developed[: read.ages], notes
    )


def _shares(read: Reading, tail: float | TailFactor) -> tuple[Floats, Floats]:
    """Return the factors, and the share developed at each age and each age of the tail."""
    factors, steps = age_to_age(read), tail_steps(tail)
    if (factors == 0.0).any():
        age = int(np.argmax(factors == 0.0)) + 2
        raise InputError(
            "At age {age} every origin has fallen back to zero: there is no share developed before it.", age=age
        )
    return factors, np.concatenate([shares_developed(factors, steps), shares_developed(steps, steps[:0])[1:]])


def _exposures(exposure: ArrayLike, read: Reading) -> Floats:
    exposures = _of_origins(exposure, read, "exposure")
    if (exposures < 0.0).any() or not exposures.any():
        raise InputError("An exposure is not negative, and not zero in every origin.")
    return exposures


def _of_origins(value: ArrayLike, read: Reading, name: str) -> Floats:
    try:
        values = np.broadcast_to(np.asarray(value, dtype=np.float64), (read.origins,))
    except ValueError:
        raise InputError("The {name} is one number or {count}, one an origin.", name=name, count=read.origins) from None
    if not np.isfinite(values).all():
        place = int(np.argmin(np.isfinite(values)))
        raise InputError("The {name} of origin {origin} is missing.", name=name, origin=place + 1)
    return values
