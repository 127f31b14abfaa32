"""Simulated accidents of many contractors on many paths: only what happened is drawn, so that the work grows with the number of cases.

Accidents of a contractor come as a Poisson process of clusters. One case to a cluster is Poisson; a logarithmic number is negative binomial
(Quenouille 1949). More accidents are drawn than expected (``headroom``) and each keeps a mark; a change of frequency thins them, so that the same
accidents are met again at every setting (common random numbers). Contractors are drawn and followed in blocks whose arrays stay in the processor's cache.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar

import numpy as np

from models.floating.compiled import Integers, Places, Points, by_alias, scattered
from models.floating.rules import Floats
from models.floating.units import Risks
from models.messages import InputError

Found = TypeVar("Found")

BLOCK = 100_000
"""Rows drawn and followed at a time."""
CASES_A_ROW = 40
"""Accidents that weigh as much as a row: those of one year are read at a time."""
MOST_POINTS = 65_536
"""Points of the severity's grid that a place of two bytes can tell apart."""
AMPLE = 8.0
"""Standard deviations of the accidents of a block in a year for which there is room."""


@dataclass(frozen=True)
class Block:
    """Accidents of contractors of like size on all paths, year by year: few enough to stay in the processor's cache.

    A row is a contractor on a path that has any accident at all: ``unit``, ``path`` (rows,), ordered by both. Of each accident (years, room), of which the
    first ``count`` (years,) are filled: its ``row``, the ``point`` of the severity's grid that it costs, and uniform marks by which it is kept, hidden or a
    death. ``seeds`` of the marks, which are drawn when they are asked for.
    """

    unit: Integers
    path: Integers
    row: Places
    point: Points
    count: Integers
    seeds: tuple[np.random.SeedSequence, ...]

    @cached_property
    def keep(self) -> Floats:
        """Marks (years, room) from 0 to 1: an accident happens where its mark × headroom is below the relative frequency."""
        return np.random.default_rng(self.seeds[0]).random(self.row.shape)

    @cached_property
    def hide(self) -> Floats:
        """Marks (years, room) from 0 to 1: a small case may be hidden where its mark is below the share that hides."""
        return np.random.default_rng(self.seeds[1]).random(self.row.shape)

    @cached_property
    def die(self) -> Floats:
        """Marks (years, room) from 0 to 1: a case is a death where its mark is below the share of deaths among cases of its cost."""
        return np.random.default_rng(self.seeds[2]).random(self.row.shape)

    def of_year(self, year: int) -> tuple[int, slice]:
        """Return where the accidents of a year stand; year 0 is the first of the history."""
        return year, slice(0, int(self.count[year]))


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
    if len(risks.severity) > MOST_POINTS:
        raise InputError(
            "The cost of a case has {points} points; a simulation reads up to {most}.",
            points=len(risks.severity),
            most=MOST_POINTS,
        )
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
    parts = np.split(order, _cuts(process.weights[order]))
    shocks, *seeds = np.random.SeedSequence(seed).spawn(1 + len(parts))
    blocks = on_all_cores(process.drawn, map(np.sort, parts), seeds)
    return Accidents(risks, paths, years, history, headroom, tuple(blocks), shocks)


def on_all_cores(work: Callable[..., Found], *given: Iterable[Any]) -> Iterator[Found]:
    """Yield what work returns for each of the things given, in their order, working on as many as the machine has cores.

    The loops over accidents let go of Python's lock.
    """
    with ThreadPoolExecutor(os.cpu_count()) as cores:
        yield from cores.map(work, *given)


def _cuts(weights: Floats) -> Integers:
    """Return where to cut the units so that each part weighs about `BLOCK`, and has at least one unit."""
    whole = np.cumsum(weights)
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

    @cached_property
    def clusters(self) -> Floats:
        """Expected clusters of accidents a period (units,)."""
        return self.mean * np.divide(np.log1p(self.over), self.over, out=np.ones_like(self.over), where=self.over > 0)

    @property
    def weights(self) -> Floats:
        """Expected rows, and accidents by what they weigh (units,)."""
        return self.paths * (-np.expm1(-self.clusters * self.periods) + self.mean * self.periods / CASES_A_ROW)

    def drawn(self, units: Integers, seed: np.random.SeedSequence) -> Block:
        """Draw the accidents of some units."""
        places, amounts, *marks = seed.spawn(5)
        mean, over = self.mean[units], self.over[units]
        a_year = mean * self.paths * (self.periods / self.span)
        room, needed = 0, int(a_year.sum() + AMPLE * np.sqrt(a_year @ (1.0 + over))) + 10
        while needed > room:
            room, rng = needed, np.random.default_rng(places)
            unit, path, row, count = scattered(
                self.clusters[units], over / (1.0 + over), self.paths, self.periods, self.span, room, rng
            )
            needed = int(count.max())
        point, rng = np.empty(row.shape, dtype=np.uint16), np.random.default_rng(amounts)
        for year, cases in enumerate(count):
            point[year, :cases] = self.amounts.drawn(int(cases), rng)
        return Block(units[unit], path, row, point, count, tuple(marks))


@dataclass(frozen=True)
class _Amounts:
    """The points of the severity's grid by the alias method: each (points,) stands with its ``chance``, else the ``other`` does."""

    chance: Floats
    other: Points

    @classmethod
    def of(cls, risks: Risks) -> _Amounts:
        severity = np.clip(risks.severity, 0.0, None)
        points = len(severity)
        chance = severity / severity.sum() * points
        other = np.arange(points, dtype=np.uint16)
        small, large = (list(np.flatnonzero(side)) for side in (chance < 1.0, chance >= 1.0))
        while small and large:
            low, high = small.pop(), large[-1]
            other[low] = high
            chance[high] -= 1.0 - chance[low]
            if chance[high] < 1.0:
                small.append(large.pop())
        chance[[*small, *large]] = 1.0
        return cls(chance, other)

    def drawn(self, cases: int, rng: np.random.Generator) -> Points:
        """Draw the point of each case."""
        return by_alias(rng.random(cases), self.chance, self.other)
