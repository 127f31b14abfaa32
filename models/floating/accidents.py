"""Simulated accidents of many contractors on many paths: only what happened is drawn, so that the work grows with the number of cases.

Accidents of a contractor come as a Poisson process of clusters. One case to a cluster is Poisson; a logarithmic number is negative binomial
(Quenouille 1949). The accidents of contractors and paths lie on one line, cut into pieces as long as each one's expected number of clusters: points on
it are drawn in order, without sorting. Where a piece would hold several, as of a giant, the number on each piece is drawn instead. More accidents are
drawn than expected (``headroom``) and each keeps a mark; a change of frequency thins them, so that the same accidents are met again at every setting
(common random numbers). Contractors are drawn and followed in blocks whose arrays stay in the processor's cache.
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

BLOCK = 200_000
"""Accidents drawn and followed at a time."""
OFTEN = 1.5
"""Accidents a period from which on the numbers of all paths are drawn, and not only what happened."""


@dataclass(frozen=True)
class Block:
    """Accidents of contractors of like size on all paths, ordered by year: few enough to stay in the processor's cache.

    A row is a contractor on a path that has any accident at all: ``unit``, ``path`` (rows,), ordered by both. Accident by accident (cases,): its
    ``row``, its ``amount`` in yuan, and uniform marks by which it is kept, hidden or a death. The accidents of year t stand at ``starts[t]`` to
    ``starts[t + 1]``. ``seeds`` of the marks, which are drawn when they are asked for.
    """

    unit: Integers
    path: Integers
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
    def die(self) -> Floats:
        """Marks (cases,) from 0 to 1: a case is a death where its mark is below the share of deaths among cases of its cost."""
        return np.random.default_rng(self.seeds[2]).random(len(self.row))

    def of_year(self, year: int) -> slice:
        """Return where the accidents of a year stand; year 0 is the first of the history."""
        return slice(int(self.starts[year]), int(self.starts[year + 1]))


@dataclass(frozen=True)
class Accidents:
    """Accidents drawn at ``headroom`` times the expected frequency, in ``blocks`` of contractors.

    The first ``history`` years only fill the plan's window. ``seed`` of the common shocks, which are drawn when they are asked for.
    """

    risks: Risks
    paths: int
    years: int
    history: int
    headroom: float
    blocks: tuple[Block, ...]
    seed: np.random.SeedSequence

    @cached_property
    def shock(self) -> Floats:
        """Standard normal draws of the year common to all contractors, (paths, history + years)."""
        return np.random.default_rng(self.seed).standard_normal((self.paths, self.history + self.years))


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
    span = history + years
    periods = 1 if persistent else span
    mean = risks.cases * headroom * (span / periods)
    over = np.divide(risks.variance - risks.cases, risks.cases, out=np.zeros_like(mean), where=risks.cases > 0)
    over = over * headroom * (span / periods)
    process = _Process(mean, np.where(over > 1e-9, over, 0.0), paths, periods, span, _Amounts.of(risks))
    order = np.argsort(mean, kind="stable")
    parts = np.split(order, _cuts(mean[order] * (periods * paths)))
    shocks, *seeds = np.random.SeedSequence(seed).spawn(1 + len(parts))
    blocks = (process.drawn(np.sort(part), each) for part, each in zip(parts, seeds, strict=True))
    return Accidents(risks, paths, years, history, headroom, tuple(blocks), shocks)


def _cuts(expected: Floats) -> Integers:
    """Return where to cut the units so that each part has about `BLOCK` accidents, and at least one unit."""
    whole = np.cumsum(expected)
    cuts = np.unique(np.searchsorted(whole, np.arange(BLOCK, whole[-1] - BLOCK / 2, BLOCK)))
    return cuts[cuts > 0]


@dataclass(frozen=True)
class _Process:
    """The process by which units have accidents: ``mean`` a period and ``over``, by what the variance exceeds it relative to it (units,).

    ``periods`` in which a unit's luck is new, of the ``span`` years.
    """

    mean: Floats
    over: Floats
    paths: int
    periods: int
    span: int
    amounts: _Amounts

    def drawn(self, units: Integers, seed: np.random.SeedSequence) -> Block:
        """Draw the accidents of some units."""
        seeds = seed.spawn(6)
        streams = [np.random.default_rng(s) for s in seeds[:3]]
        cell = _cells(self.mean[units], self.over[units], self.paths * self.periods, streams[0])
        place = cell // self.periods  # unit and path
        if self.periods == self.span:
            year = (cell - place * self.periods).astype(np.int16)
        else:
            year = streams[1].integers(0, self.span, len(cell), dtype=np.int16)
        new = np.ones(len(place), dtype=bool)
        np.not_equal(place[1:], place[:-1], out=new[1:])
        row, place = np.cumsum(new, dtype=np.int32) - np.int32(1), place[new]
        unit = place // self.paths
        return Block(
            units[unit],
            place - unit * self.paths,
            row[np.argsort(year, kind="stable")],
            self.amounts.drawn(len(row), streams[2]),
            np.concatenate([[0], np.cumsum(np.bincount(year, minlength=self.span))]),
            tuple(seeds[3:]),
        )


def _cells(mean: Floats, over: Floats, cells: int, rng: np.random.Generator) -> Integers:
    """Return the cell of each accident, in order; each unit has ``cells``, one a path and period, numbered through all units."""
    if mean.mean() > OFTEN:
        rate = np.repeat(mean, cells)
        if over.any():
            each = np.repeat(np.maximum(over, 1e-9), cells)
            rate = rng.standard_gamma(rate / each) * each
        return np.repeat(np.arange(len(rate)), rng.poisson(rate))
    clusters = mean * np.divide(np.log1p(over), over, out=np.ones_like(over), where=over > 0)
    unit, cell = _points(clusters, cells, rng)
    return np.repeat(cell, _logarithmic(over / (1.0 + over), unit, rng)) if over.any() else cell


def _points(clusters: Floats, cells: int, rng: np.random.Generator) -> tuple[Places, Integers]:
    """Return the unit of each cluster and its cell, in order: ordered points of a Poisson process on a line.

    Each unit has ``cells`` pieces of the line, one a path and period, as long as its expected number of ``clusters``; they are numbered through all units.
    """
    ends = np.concatenate([[0.0], np.cumsum(clusters * cells)])
    count = int(rng.poisson(ends[-1]))
    # Sums of exponentials, scaled to the line, are uniform points in order.
    place = np.cumsum(rng.standard_exponential(count + 1))
    place = place[:-1] * (ends[-1] / place[-1])
    each = np.diff(np.searchsorted(place, ends[1:-1]), prepend=0, append=count)
    unit = np.repeat(np.arange(len(clusters), dtype=np.int32), each)
    place -= np.repeat(ends[:-1], each)
    place /= np.repeat(clusters, each)
    cell = np.minimum(place.astype(np.int64), cells - 1)
    cell += np.repeat(np.arange(len(clusters)) * cells, each)
    return unit, cell


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


@dataclass(frozen=True)
class _Amounts:
    """The cost of a case by the alias method (Walker 1977): a point stands with its ``chance``, else its alias does; ``yuan`` (2, points) of both."""

    chance: Floats
    yuan: Floats

    @classmethod
    def of(cls, risks: Risks) -> _Amounts:
        severity = np.clip(risks.severity, 0.0, None)
        points = len(severity)
        scaled = severity / severity.sum() * points
        alias = np.arange(points)
        small, large = (list(np.flatnonzero(side)) for side in (scaled < 1.0, scaled >= 1.0))
        while small and large:
            low, high = small.pop(), large[-1]
            alias[low] = high
            scaled[high] -= 1.0 - scaled[low]
            if scaled[high] < 1.0:
                small.append(large.pop())
        scaled[[*small, *large]] = 1.0
        return cls(scaled, np.array([alias, np.arange(points)]) * risks.step_yuan)

    def drawn(self, count: int, rng: np.random.Generator) -> Floats:
        """Draw the cost of each case, yuan (count,)."""
        place = rng.random(count)
        place *= len(self.chance)
        at = place.astype(np.int64)
        place -= at
        stands = place < self.chance[at]
        at += len(self.chance) * stands
        return self.yuan.ravel()[at]
