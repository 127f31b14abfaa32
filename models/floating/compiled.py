"""The loops over single accidents, compiled by Numba: each runs tens of millions of times in a simulation.

Compiled at the first call on a machine (some seconds) and kept in ``__pycache__``, or where that cannot be written in the user's own cache.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numpy as np
from numba import njit
from numpy.typing import NDArray

from models.floating.rules import Floats

Integers = NDArray[np.int64]
Places = NDArray[np.int32]
Points = NDArray[np.uint16]
Bools = NDArray[np.bool_]
States = NDArray[Any]
"""What rows stand at, as `models.floating.reviewing.Rating` keeps it: positions or multipliers."""

OFTEN = 1.5
"""Clusters a period from which on the numbers of all periods are drawn, and not only what happened."""
MOST, GUIDES = 512, 64
"""Length of the table of the number of cases, and how many places of it are known by heart."""

Loop = TypeVar("Loop", bound=Callable[..., Any])


def compiled(loop: Loop) -> Loop:
    """Return a loop compiled; it lets go of Python's lock."""
    options = {"nogil": True, "error_model": "numpy"}
    try:
        return cast(Loop, njit(cache=True, **options)(loop))
    except RuntimeError:  # no folder to keep it in: it is compiled anew in every process
        return cast(Loop, njit(**options)(loop))


@compiled
def scattered(
    clusters: Floats, share: Floats, paths: int, periods: int, years: int, room: int, rng: np.random.Generator
) -> tuple[Integers, Integers, Places, Integers]:
    """Scatter accidents of units over paths and years: a Poisson process of clusters on a line, each of a logarithmic number of cases.

    Each unit has a piece of the line for every path and period, one long; the gaps between clusters are exponential. Where in its piece a cluster lies is
    uniform and says how many cases it has. Where a piece holds several clusters, each piece's number of cases is drawn instead.

    Parameters
    ----------
    clusters, share : (units,) expected clusters a period, and the parameter of the logarithmic number of cases (0: one)
    periods : 1, and each case falls into any year, or as many as years
    room : cases a year for which there is place

    Returns
    -------
    unit and path of each row (rows,), a row being a unit on a path that has any case; row of each case (years, room); number of cases of each year
    (years,), which exceeds ``room`` where there was not enough place
    """
    most = min(years * room, paths * len(clusters))
    unit, path = np.empty(most, np.int64), np.empty(most, np.int64)
    row = np.empty((years, room), np.int32)
    count = np.zeros(years, np.int64)
    rows = -1
    up_to, from_which = np.empty(MOST), np.empty(GUIDES, np.int64)
    for u in range(len(clusters)):
        if clusters[u] <= 0:
            continue
        gap, q = 1.0 / clusters[u], share[u]
        alone = -q / np.log1p(-q) if q > 1e-12 else 1.0
        often = clusters[u] > OFTEN and _tabulated(clusters[u], q, alone, up_to, from_which)
        first, beyond = 0, -1.0
        place = -1.0 if often else 0.0
        while True:
            place += 1.0 if often else rng.standard_exponential() * gap
            if place >= paths * periods:
                break
            cases = _looked_up(rng.random(), up_to, from_which) if often else _logarithmic(place - int(place), q, alone)
            if cases and place >= beyond:
                p = int(place) // periods
                first, beyond = p * periods, float((p + 1) * periods)
                rows += 1
                if rows < most:
                    unit[rows], path[rows] = u, p
            for _ in range(cases):
                year = int(place) - first if periods == years else int(rng.random() * years)
                at = count[year]
                if at < room:
                    row[year, at] = rows
                count[year] = at + 1
    return unit[: rows + 1].copy(), path[: rows + 1].copy(), row, count


@compiled
def _logarithmic(uniform: float, q: float, alone: float) -> int:
    """Return the logarithmic number at a level from 0 to 1, going up the distribution from 1, whose chance is ``alone``."""
    cases, chance = 1, alone
    while uniform > chance and chance > 1e-17:
        uniform -= chance
        chance *= q * cases / (cases + 1.0)
        cases += 1
    return cases


@compiled
def _tabulated(clusters: float, q: float, alone: float, up_to: Floats, from_which: Integers) -> bool:
    """Fill in the distribution function of a unit's number of cases a period (`MOST`,), and at which number to begin the search for a level (`GUIDES`,).

    Negative binomial or Poisson, by Panjer's recursion. False where the distribution does not end within the table.
    """
    chance = np.exp(-clusters)
    total, guide = 0.0, 0
    for cases in range(len(up_to)):
        total += chance
        up_to[cases] = total
        while guide < total * GUIDES and guide < GUIDES:
            from_which[guide] = cases
            guide += 1
        chance *= (clusters * alone + q * cases) / (cases + 1.0)
        if chance < 1e-17 and total > 0.5:
            up_to[cases] = 1.0
            from_which[guide:] = cases
            return True
    return False


@compiled
def _looked_up(uniform: float, up_to: Floats, from_which: Integers) -> int:
    """Return the number of cases at a level from 0 to 1 of a distribution that is tabulated."""
    cases = from_which[int(uniform * GUIDES)]
    while uniform > up_to[cases]:
        cases += 1
    return int(cases)


@compiled
def by_alias(uniform: Floats, chance: Floats, other: Points) -> Points:
    """Return a point of a distribution for each number from 0 to 1 by the alias method (Walker 1977).

    Points (points,) of equal length on a line stand with their ``chance``, else the ``other`` does.
    """
    found = np.empty(len(uniform), other.dtype)
    for i in range(len(uniform)):
        place = uniform[i] * len(chance)
        at = int(place)
        instead = other[at]  # read in any case: a choice between two numbers needs no guess of the processor
        found[i] = at if place - at < chance[at] else instead
    return found


@compiled
def summed(row: Places, point: Points, worth: Floats, rows: int) -> tuple[Floats, Floats]:
    """Return for each row (rows,) what its cases are worth, a case at a point of the severity's grid being ``worth`` (points,), and how many they are."""
    total, count = np.zeros(rows), np.zeros(rows)
    for i in range(len(row)):
        total[row[i]] += worth[point[i]]
        count[row[i]] += 1.0
    return total, count


@compiled
def added(at: NDArray[Any], values: Floats, size: int) -> Floats:
    """Return the sums (size,) of values by where they belong."""
    total = np.zeros(size)
    for i in range(len(at)):
        total[at[i]] += values[i]
    return total


@compiled
def taken(values: NDArray[Any], at: NDArray[Any]) -> NDArray[Any]:
    """Return the values at places."""
    found = np.empty(len(at), values.dtype)
    for i in range(len(at)):
        found[i] = values[at[i]]
    return found


@compiled
def marked_below(mark: Floats, row: Places, most: Floats) -> Integers:
    """Return which cases have a mark below that of their row (rows,)."""
    found = np.empty(len(mark), np.int64)
    kept = 0
    for i in range(len(mark)):
        found[kept] = i
        kept += mark[i] < most[row[i]]
    return found[:kept]


@compiled
def by_bands(
    loss: Floats, cases: Floats, premium: Floats, of: Integers, complement: tuple[float, float], begins: Floats, asked: States
) -> States:  # fmt: skip
    """Return what each row is asked for by the band of its ratio and by whether it has a case: `models.floating.measuring.form` and a lookup, in one loop.

    Parameters
    ----------
    premium, of : the ratio's denominator, yuan, and where each row's stands in it
    complement : added to loss and to premium, yuan (credibility)
    begins : (bands - 1,) least ratio of each band but the first, not yet rounded
    asked : (2, bands) without and with a case
    """
    found = np.empty(len(loss), asked.dtype)
    for i in range(len(loss)):
        part, whole = loss[i] + complement[0], premium[of[i]] + complement[1]
        if part == 0.0:  # a ratio of 0, of whatever
            whole = 1.0
        band = 0
        for begin in begins:
            band += part >= begin * whole
        found[i] = asked[int(cases[i] > 0.0), band]
    return found


@compiled
def premium_apart(
    path: Integers, unit: Integers, stands: States, calm: States, multiplier: Floats, else_multiplier: Floats, base: Floats, paths: int
) -> Floats:  # fmt: skip
    """Return what premium rows bring more on each path (paths,) than the calm way of their units, where they stand apart from it.

    ``stands`` and ``multiplier`` (rows,) of the rows; ``calm``, ``else_multiplier`` and ``base`` premium (units,) of their units on the calm way.
    """
    more = np.zeros(paths)
    for i in range(len(path)):
        u = unit[i]
        apart = (multiplier[i] - else_multiplier[u]) * base[u]
        more[path[i]] += apart if stands[i] != calm[u] else 0.0
    return more
