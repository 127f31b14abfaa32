"""Simulated accidents of many contractors on many paths: only what happened is drawn, so that the work grows with the number of cases.

Accidents of a contractor come as a Poisson process of clusters. One case to a cluster is Poisson; a logarithmic number is negative binomial
(Quenouille 1949). The accidents of all contractors and paths lie on one line, cut into pieces as long as each one's expected number of clusters:
points on it are drawn in order, without sorting. More accidents are drawn than expected (``headroom``) and each keeps a mark; a change of frequency
thins them, so that the same accidents are met again at every setting (common random numbers).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from models.floating.rules import Floats
from models.floating.units import Risks
from models.messages import InputError

Integers = NDArray[np.int64]
Places = NDArray[np.int32]


@dataclass(frozen=True)
class Accidents:
    """Accidents drawn at ``headroom`` times the expected frequency, ordered by year.

    A row is a contractor on a path that has any accident at all: ``unit``, ``path`` (rows,). Accident by accident (cases,): its ``row``, its
    ``amount`` in yuan, and uniform marks by which it is kept or hidden. The accidents of year t stand at ``starts[t]`` to ``starts[t + 1]``; the first
    ``history`` years only fill the plan's window. ``seeds`` of the marks and of the common shocks, which are drawn when they are asked for.
    """

    risks: Risks
    paths: int
    years: int
    history: int
    headroom: float
    unit: Places
    path: Places
    row: Places
    amount: Floats
    starts: Integers
    seeds: tuple[np.random.SeedSequence, ...]

    @cached_property
    def keep(self) -> Floats:
        """Marks (cases,) from 0 to 1: an accident happens where its mark × headroom is below the relative frequency."""
        return np.random.default_rng(self.seeds[0]).random(len(self.row))

    @cached_property
    def hide(self) -> Floats:
        """Marks (cases,) from 0 to 1: a small case may be hidden where its mark is below the share that hides."""
        return np.random.default_rng(self.seeds[1]).random(len(self.row))

    @cached_property
    def shock(self) -> Floats:
        """Standard normal draws of the year common to all contractors, (paths, history + years)."""
        return np.random.default_rng(self.seeds[2]).standard_normal((self.paths, self.history + self.years))

    def of_year(self, year: int) -> slice:
        """Return where the accidents of a year stand; year 0 is the first of the history."""
        return slice(int(self.starts[year]), int(self.starts[year + 1]))


def draw_accidents(
    risks: Risks,
    paths: int,
    years: int,
    seed: int,
    *,
    history: int = 0,
    headroom: float = 1.0,
    persistent: bool = False,
) -> Accidents:
    """Draw the accidents of every contractor on every path.

    Parameters
    ----------
    risks : contractors, a year each; the variance of the number of cases above its mean is luck that is new each year, or with ``persistent`` a
        true risk that a contractor keeps for all years
    history : years before the first, whose accidents stand in the plan's window
    headroom : frequency of what is drawn relative to what is expected, at least 1; thinning needs room above

    Raises
    ------
    InputError : no paths or years, a headroom below 1, a variance below the mean
    """
    if paths < 1 or years < 1 or history < 0 or not headroom >= 1:
        raise InputError("A simulation needs at least one path and one year, and a headroom of at least 1.")
    if (risks.variance < risks.cases * (1 - 1e-9)).any():
        raise InputError(
            "The variance of the number of cases must be at least its mean (Poisson or negative binomial)."
        )
    seeds = np.random.SeedSequence(seed).spawn(7)
    streams = [np.random.default_rng(s) for s in seeds[:4]]
    span = history + years
    periods = 1 if persistent else span
    mean = risks.cases * headroom * (span / periods)
    over = np.divide(risks.variance - risks.cases, risks.cases, out=np.zeros_like(mean), where=risks.cases > 0)
    over = over * headroom * (span / periods)
    clusters = np.where(over > 1e-9, mean * np.log1p(over) / np.where(over > 1e-9, over, 1.0), mean)
    unit, path, year = _points(clusters, paths, periods, streams[0])
    if (over > 1e-9).any():
        size = _logarithmic(over / (1.0 + over), unit, streams[1])
        unit, path, year = np.repeat(unit, size), np.repeat(path, size), np.repeat(year, size)
    if persistent:
        year = streams[2].integers(0, span, len(unit), dtype=np.int16)
    new = np.empty(len(unit), dtype=bool)
    new[:1] = True
    new[1:] = (unit[1:] != unit[:-1]) | (path[1:] != path[:-1])
    row = np.cumsum(new, dtype=np.int32) - np.int32(1)
    order = np.argsort(year, kind="stable")
    return Accidents(
        risks,
        paths,
        years,
        history,
        headroom,
        unit[new],
        path[new],
        row[order],
        _amounts(risks, len(unit), streams[3]),
        np.concatenate([[0], np.cumsum(np.bincount(year, minlength=span))]),
        tuple(seeds[4:]),
    )


def _points(
    clusters: Floats, paths: int, periods: int, rng: np.random.Generator
) -> tuple[Places, Places, NDArray[np.int16]]:
    """Return unit, path and period of each cluster, in the order of unit and path: ordered points of a Poisson process on a line."""
    ends = np.concatenate([[0.0], np.cumsum(clusters * (paths * periods))])
    count = int(rng.poisson(ends[-1]))
    if not count:
        none = np.zeros(0, dtype=np.int32)
        return none, none, np.zeros(0, dtype=np.int16)
    # Sums of exponentials, scaled to the line, are uniform points in order.
    place = np.cumsum(rng.standard_exponential(count + 1))
    place = place[:-1] * (ends[-1] / place[-1])
    each = np.diff(np.searchsorted(place, ends[1:-1]), prepend=0, append=count)
    unit = np.repeat(np.arange(len(clusters), dtype=np.int32), each)
    place -= np.repeat(ends[:-1], each)
    place /= np.repeat(clusters, each)
    cell = np.minimum(place.astype(np.int32), np.int32(paths * periods - 1))
    path = cell // np.int32(periods)
    return unit, path, (cell - path * np.int32(periods)).astype(np.int16)


def _logarithmic(share: Floats, unit: Places, rng: np.random.Generator) -> Integers:
    """Return the number of cases of each cluster: logarithmic with the ``share`` of its unit, by going up the distribution from 1."""
    first = np.divide(share, -np.log1p(-share), out=np.ones_like(share), where=share > 1e-12)
    u, size = rng.random(len(unit)), np.ones(len(unit), dtype=np.int64)
    at = np.flatnonzero(u > first[unit])
    rest, chance, of = u[at] - first[unit[at]], first[unit[at]], share[unit[at]]
    k = 1
    while len(at):
        size[at] += 1
        chance = chance * of * (k / (k + 1.0))
        k += 1
        on = (rest > chance) & (chance > 1e-17)
        at, rest, chance, of = at[on], (rest - chance)[on], chance[on], of[on]
    return size


def _amounts(risks: Risks, count: int, rng: np.random.Generator) -> Floats:
    """Return the cost of each case, yuan, by the alias method (Walker 1977)."""
    chance = np.clip(risks.severity, 0.0, None)
    points = len(chance)
    scaled = chance / chance.sum() * points
    alias = np.arange(points)
    small, large = (list(np.flatnonzero(side)) for side in (scaled < 1.0, scaled >= 1.0))
    while small and large:
        low, high = small.pop(), large[-1]
        alias[low] = high
        scaled[high] -= 1.0 - scaled[low]
        if scaled[high] < 1.0:
            small.append(large.pop())
    for rest in (*small, *large):
        scaled[rest] = 1.0
    u = rng.random(count) * points
    at = u.astype(np.int64)
    chosen = np.where(u - at < scaled[at], at, alias[at])
    return np.asarray(chosen * risks.step_yuan, dtype=np.float64)
