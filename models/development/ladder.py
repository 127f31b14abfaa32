"""Chain ladder and Mack's standard errors.

Sources: Mack (1993), Distribution-free calculation of the standard error of chain ladder reserve estimates, ASTIN Bulletin 23;
Mack (1999), The standard error of chain ladder reserve estimates: recursive calculation and inclusion of a tail factor, ASTIN Bulletin 29.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from models.development.tails import TailFactor
from models.development.triangles import Floats, Integers, Projection, Reading
from models.messages import InputError, Message


@dataclass(frozen=True)
class Mack:
    """Chain ladder with Mack's standard errors.

    (origins,) ``ultimates, reserves, standard_errors`` and their parts ``process_errors, parameter_errors``; ``total_reserve``,
    ``total_standard_error`` (origins share the factors: not the root of the sum of squares); (ages − 1,) ``factors`` and ``sigmas``;
    ``completed`` (origins, ages and those of the tail), ``latest_ages`` (origins,) as in `Projection`; ``notes`` what to know.
    """

    ultimates: Floats
    reserves: Floats
    standard_errors: Floats
    process_errors: Floats
    parameter_errors: Floats
    total_reserve: float
    total_standard_error: float
    factors: Floats
    sigmas: Floats
    completed: Floats
    latest_ages: Integers
    notes: tuple[Message, ...] = ()


def chain_ladder(cumulative: ArrayLike, *, tail: float | TailFactor = 1.0) -> Projection:
    """Return the chain-ladder projection, by volume-weighted factors.

    Parameters
    ----------
    cumulative : (origins, ages) array, NaN = future or missing
    tail : development beyond the last age, one factor or the result of `tail_factor`

    Raises
    ------
    InputError
        Where an origin stands at an age from which nothing was ever seen to develop (every other origin was zero there).
    """
    read = Reading(cumulative)
    factors = age_to_age(read)
    return project(read, factors, tail)


def mack(cumulative: ArrayLike, *, tail: float | TailFactor = 1.0, tail_standard_error: float | None = None) -> Mack:
    """Return the chain-ladder reserves with Mack's standard errors.

    Where an age has a single successor its variance is Mack's extrapolation min(σ⁴ₖ₋₁/σ²ₖ₋₂, σ²ₖ₋₂, σ²ₖ₋₁). A zero counts in the
    factors (late first payments belong to the volume) but has no link ratio, so not in the variances. Missing cells inside the triangle
    only take their links away.

    Parameters
    ----------
    cumulative : (origins, ages) array, NaN = future or missing
    tail : development beyond the last age, one factor or the result of `tail_factor`
    tail_standard_error : parameter error of the tail; by default the tail's own, 0 for a plain number. The tail has no process error.

    Raises
    ------
    InputError
        As in `chain_ladder`; and where no age has two link ratios, so that no variance can be estimated.
    """
    read = Reading(cumulative)
    factors = age_to_age(read)
    variances, notes = link_variances(read, factors)
    projection = project(read, factors, tail)
    steps = tail_steps(tail)
    error = tail_standard_error
    if error is None:
        error = tail.standard_error if isinstance(tail, TailFactor) else 0.0
    volume = read.starts.sum(axis=0)
    # what one unit at each age becomes in the end, and the variance of each factor; the tail is one step more
    factors_used = np.where(np.isnan(factors), 1.0, factors)
    onward = np.append(np.cumprod(factors_used[:0:-1])[::-1], 1.0) * np.prod(steps)
    factor_variance = np.divide(variances, volume, out=np.zeros_like(variances), where=volume > 0.0)
    from_age = np.where(read.ahead, projection.completed[:, : read.ages - 1], 0.0)
    at_end = projection.completed[:, read.ages - 1]
    process = from_age @ (variances * onward**2)
    parameter = from_age**2 @ (factor_variance * onward**2) + (at_end * error) ** 2
    shared = from_age.sum(axis=0) ** 2 @ (factor_variance * onward**2) + (at_end.sum() * error) ** 2
    return Mack(
        projection.ultimates,
        projection.reserves,
        np.sqrt(process + parameter),
        np.sqrt(process),
        np.sqrt(parameter),
        projection.total_reserve,
        float(np.sqrt(process.sum() + shared)),
        factors,
        np.sqrt(variances),
        projection.completed,
        projection.latest_ages,
        projection.notes + notes,
    )


def developed_shares(cumulative: ArrayLike) -> Floats:
    """Return the (ages,) share of the ultimate known at each age, by volume-weighted factors; 0 before anything was ever seen to develop.

    Unlike `chain_ladder` it needs no factor from an age where every origin is zero: it completes no origin.

    Raises
    ------
    InputError
        No origin is known at two neighbouring ages.
    """
    return shares_developed(age_to_age(Reading(cumulative)), np.empty(0))


def age_to_age(read: Reading) -> Floats:
    """Return the (ages − 1,) volume-weighted factors; NaN where all origins were zero and some developed from there."""
    before, after = read.starts.sum(axis=0), read.ends.sum(axis=0)
    unseen = np.flatnonzero(~read.pairs.any(axis=0))
    if len(unseen):
        raise InputError(
            "No origin is known at both age {age} and age {following}: there is no factor between them.",
            age=int(unseen[0]) + 1,
            following=int(unseen[0]) + 2,
        )
    factors: Floats = np.divide(after, before, out=np.where(after > 0.0, np.nan, 1.0), where=before > 0.0)
    return factors


def link_variances(read: Reading, factors: Floats) -> tuple[Floats, tuple[Message, ...]]:
    """Return Mack's (ages − 1,) σ², those of ages with fewer than two links extrapolated from the two ages before."""
    links = read.pairs & (read.starts > 0.0)
    count = links.sum(axis=0)
    start = np.where(links, read.starts, 1.0)
    # an age without a factor has no links
    misses = np.where(links, read.ends - np.nan_to_num(factors) * start, 0.0)
    squares = (misses**2 / start).sum(axis=0)
    if not (count >= 2).any():
        if not read.starts.any() and not read.ends.any():
            return np.zeros(len(factors)), (Message("Every value of the triangle is zero: the reserve is zero."),)
        raise InputError(
            "No age has two origins with a known successor: the error needs a triangle of three origins or more."
        )
    variances = squares / np.maximum(count - 1, 1)
    notes: list[Message] = []
    zeros = int((read.pairs & (read.starts == 0.0) & (read.ends > 0.0)).sum())
    if zeros:
        notes.append(
            Message(
                "{count} links start from zero: they count in the factors, not in their variances.", {"count": zeros}
            )
        )
    first = int(np.argmax(count >= 2))
    variances[:first] = variances[first]
    for k in range(first + 1, len(variances)):
        if count[k] < 2:
            two, one = variances[max(k - 2, first)], variances[k - 1]
            variances[k] = min(one**2 / two, two, one) if two > 0.0 else 0.0
    return variances, tuple(notes)


def project(read: Reading, factors: Floats, tail: float | TailFactor = 1.0) -> Projection:
    """Return the triangle completed by the given factors."""
    steps = tail_steps(tail)
    needed = read.ahead & np.isnan(factors)
    if needed.any():
        origin, age = (int(k) for k in np.argwhere(needed)[0])
        raise InputError(
            "Origin {origin} must pass age {age}, where every origin with a successor is zero: chain ladder has no factor there. "
            "Use Bornhuetter-Ferguson or start the triangle later.",
            origin=origin + 1,
            age=age + 1,
        )
    growth = np.ones((read.origins, read.ages + len(steps)))
    growth[:, 1 : read.ages] = np.where(read.ahead, factors, 1.0)
    growth[:, read.ages :] = steps
    completed = read.latest[:, None] * np.cumprod(growth, axis=1)
    completed[:, : read.ages][read.known] = read.values[read.known]
    past = np.arange(read.ages) < read.latest_ages[:, None]
    completed[:, : read.ages][past & ~read.known] = np.nan
    ultimates = completed[:, -1].copy()
    notes: tuple[Message, ...] = tail.notes if isinstance(tail, TailFactor) else ()
    return Projection(
        ultimates,
        ultimates - read.latest,
        completed,
        read.latest_ages,
        factors,
        shares_developed(factors, steps),
        notes,
    )


def shares_developed(factors: Floats, steps: Floats) -> Floats:
    """Return the (ages,) share of the ultimate known at each age: 0 before anything was ever seen to develop."""
    reciprocal = np.divide(1.0, factors, out=np.zeros_like(factors), where=factors > 0.0)
    shares: Floats = np.append(np.cumprod(reciprocal[::-1])[::-1], 1.0) / np.prod(steps)
    return shares


def tail_steps(tail: float | TailFactor) -> Floats:
    """Return the factors beyond the last age, none where the tail is one."""
    if isinstance(tail, TailFactor):
        return tail.factors
    if not 0.0 < tail < np.inf:
        raise InputError("A tail factor is a positive number, not {tail}.", tail=tail)
    return np.array([tail]) if tail != 1.0 else np.empty(0)
