"""Rate paths: a base rate that changes from year to year, and the cheapest one that keeps the fund above its floor.

Without feedback the balance is linear in every year's rate. Discounted to the start with the fund's own interest, a yuan collected is worth the same
at every later step: ``B_t / G_t = base_t + Σ_{s ≤ t} rate_{year(s)} · income_s``, so that two arrays hold every rate path.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq, linprog

from models.fund import QUARTERS, LinearFund
from models.messages import InputError

Floats = NDArray[np.float64]

HIGHEST = 0.05
"""Highest base rate considered (fraction of total cost)."""

TILTS = (0.25, 0.5, 1.0, 2.0)
"""Shapes from which the cheapest path is sought: rates that fall by e^tilt over the horizon."""

CUTS_AT_ONCE = 200
ROUNDS = 60
TOLERANCE = 1e-7
"""Margin, as a share of the mean discounted income at the highest rate, that counts as kept."""


@dataclass(frozen=True)
class YearlyRates:
    """Paths of a fund as a linear function of each year's rate, discounted to the start.

    ``base`` (paths, steps): discounted balance at rate 0 less the discounted floor; ``income`` (paths, steps): discounted income of a step at rate 1;
    ``year`` (steps,): the year of each step, from 0.
    """

    base: Floats
    income: Floats
    year: NDArray[np.intp]

    @classmethod
    def of(cls, fund: LinearFund, interest: Floats | float) -> YearlyRates:
        """Return the paths of a fund whose every step is free (no rate is fixed).

        Parameters
        ----------
        interest : interest a step, as the fund was rolled forward with; a number, or an array that broadcasts to (paths, steps)
        """
        growth = np.cumprod(1.0 + np.broadcast_to(np.asarray(interest, dtype=np.float64), fund.a.shape), axis=1)
        worth = fund.b / growth
        income = np.diff(worth, axis=1, prepend=0.0)
        return cls((fund.a - fund.floor) / growth, income, np.arange(fund.a.shape[1]) // QUARTERS)

    @property
    def years(self) -> int:
        """Number of years."""
        return int(self.year[-1]) + 1

    def margins(self, rates: Floats) -> Floats:
        """Return for every path its smallest discounted margin above the floor under yearly rates (years,)."""
        return np.asarray((self.base + np.cumsum(self.income * rates[self.year], axis=1)).min(axis=1))

    def stays(self, rates: Floats) -> NDArray[np.bool_]:
        """Return whether each path stays at or above the floor (to the rounding of a discounted yuan)."""
        return np.asarray(self.margins(rates) >= -self._slack)

    def probability(self, rates: Floats) -> float:
        """Return the share of paths that stay at or above the floor."""
        return float(self.stays(rates).mean())

    def cost(self) -> Floats:
        """Return the expected discounted income of each year at rate 1: the present value of collections is its product with the rates."""
        return np.asarray(np.bincount(self.year, weights=self.income.mean(axis=0)))

    @property
    def _slack(self) -> float:
        return TOLERANCE * HIGHEST * float(self.income.sum(axis=1).mean())


def phased(current: float, target: float, cap: float | None, years: int) -> Floats:
    """Return yearly rates that move from the rate in force to a target, by at most ``cap`` (share of last year's rate) a year."""
    if cap is None:
        return np.full(years, target)
    up, down = (current * (1.0 + sign * cap) ** np.arange(1, years + 1) for sign in (1, -1))
    return np.asarray(np.clip(np.full(years, target), down, up))


def smallest_target(paths: YearlyRates, current: float, cap: float | None, level: float) -> float | None:
    """Return the smallest target of `phased` that keeps the floor with probability ``level``; None where the cap lets none do so.

    Every path's margin rises with the target, so the answer is exact: the target at which the last needed path stands on its floor.
    """

    def spare(target: float) -> float:
        margins = paths.margins(phased(current, target, cap, paths.years))
        return float(np.quantile(margins, 1.0 - level, method="higher" if level < 1 else "lower"))

    if spare(HIGHEST) < 0:
        return None
    if spare(0.0) >= 0:
        return 0.0
    return float(brentq(spare, 0.0, HIGHEST, xtol=1e-12, rtol=1e-12))


def cheapest(
    paths: YearlyRates,
    current: float,
    cap: float | None,
    level: float,
    least: float = 0.0,
    progress: Callable[[float], object] = lambda share: None,
) -> Floats | None:
    """Return the yearly rates with the lowest present value of collections found that keep the floor with probability ``level``.

    For a given set of paths to keep this is a linear programme, solved exactly by adding the constraints that are broken. Which paths to give up is
    chosen by descent from several shapes (early or late premium): the hardest ones first, then, as long as a round is cheaper, the hardest at its
    solution. The end is the best local optimum of that choice; never dearer than the best phased path.

    Parameters
    ----------
    current : the rate in force (fraction of total cost)
    cap : largest change a year, as a share of last year's rate; None: any
    least : no year's rate is lower: without it the last years of a horizon would be free of premium (lowered to what phasing itself needs)
    progress : is told the share of shapes tried before each of them; an exception that it raises stops the work

    Returns
    -------
    (years,) rates; None where no path within the cap does it
    """
    if not 0 < level <= 1:
        raise InputError("The probability to keep the floor must lie between 0 and 1.")
    target = smallest_target(paths, current, cap, level)
    if target is None:
        return None
    needed = int(np.ceil(level * len(paths.base) - 1e-9))
    plain, cost = phased(current, target, cap, paths.years), paths.cost()
    allowed = _allowed(current, cap, min(least, float(plain.min())), paths.years)
    found = []
    for done, tilt in enumerate((None, *TILTS)):
        progress(done / (1 + len(TILTS)))
        start = plain if tilt is None else _tilted(paths, tilt, current, cap, level, least)
        if start is not None:
            found.append(_descended(paths, start, needed, allowed))
    return min(found, key=lambda rates: float(cost @ rates))


def _tilted(
    paths: YearlyRates, tilt: float, current: float, cap: float | None, level: float, least: float
) -> Floats | None:
    """The smallest path of an exponential shape (``tilt`` > 0: early) within the cap that keeps the floor; None where none does."""
    shape = np.exp(-tilt * np.linspace(0.0, 1.0, paths.years))

    def at(scale: float) -> Floats:
        rates = np.clip(shape * scale, least, HIGHEST)
        if cap is None:
            return rates
        last, within = current, []
        for rate in rates:
            last = float(np.clip(rate, last * (1.0 - cap), last * (1.0 + cap)))
            within.append(last)
        return np.array(within)

    low, high = 0.0, HIGHEST * float(np.exp(abs(tilt)))
    if paths.probability(at(high)) < level:
        return None
    while high - low > 1e-4 * high:
        middle = (low + high) / 2.0
        low, high = (low, middle) if paths.probability(at(middle)) >= level else (middle, high)
    return at(high)


def _descended(paths: YearlyRates, start: Floats, needed: int, allowed: Allowed) -> Floats:
    """Give up the hardest paths, solve, and again, as long as it gets cheaper."""
    best, cost = start, paths.cost()
    for _ in range(ROUNDS):
        kept = np.argsort(-paths.margins(best), kind="stable")[:needed]
        found = _cheapest_for(paths, kept, best, allowed)
        if found is None or cost @ found > cost @ best * (1 - 1e-9):
            break
        best = found
    return best


def _cheapest_for(paths: YearlyRates, kept: NDArray[np.intp], start: Floats, allowed: Allowed) -> Floats | None:
    """The linear programme over the paths to keep, by cutting planes; ``start`` is feasible."""
    base, income = paths.base[kept], paths.income[kept]
    scale = float(paths.cost().sum())
    slack = paths._slack
    rows: list[Floats] = []
    sides: list[float] = []
    rates = start
    fresh = _worst(base, income, paths.year, start)[0].argsort()[:CUTS_AT_ONCE]
    for _ in range(ROUNDS):
        margin, step = _worst(base, income, paths.year, rates)
        for i in fresh:
            reach = income[i, : step[i] + 1]
            rows.append(np.bincount(paths.year[: step[i] + 1], weights=reach, minlength=paths.years) / scale)
            sides.append(-base[i, step[i]] / scale)
        solved = linprog(
            paths.cost() / scale,
            A_ub=np.vstack([-np.array(rows), allowed.matrix]),
            b_ub=np.concatenate([-np.array(sides), np.zeros(len(allowed.matrix))]),
            bounds=allowed.bounds, method="highs",
        )  # fmt: skip
        if solved.status != 0:
            return None
        rates = np.asarray(solved.x)
        margin, _ = _worst(base, income, paths.year, rates)
        fresh = np.flatnonzero(margin < -slack)
        if not len(fresh):
            return rates
        fresh = fresh[margin[fresh].argsort()[:CUTS_AT_ONCE]]
    return None


def _worst(base: Floats, income: Floats, year: NDArray[np.intp], rates: Floats) -> tuple[Floats, NDArray[np.intp]]:
    margin = base + np.cumsum(income * rates[year], axis=1)
    step = margin.argmin(axis=1)
    return margin[np.arange(len(margin)), step], step


@dataclass(frozen=True)
class Allowed:
    """Which yearly rates are allowed: ``matrix @ rates ≤ 0`` and bounds."""

    matrix: Floats
    bounds: list[tuple[float, float]]


def _allowed(current: float, cap: float | None, least: float, years: int) -> Allowed:
    """Yearly rates that are at least ``least`` and change by at most ``cap`` a year."""
    free = [(least, HIGHEST)] * years
    if cap is None:
        return Allowed(np.zeros((0, years)), free)
    later, earlier = np.eye(years)[1:], np.eye(years)[:-1]
    rows = np.vstack([later - (1.0 + cap) * earlier, (1.0 - cap) * earlier - later])
    first = (max(current * (1.0 - cap), min(least, current)), current * (1.0 + cap))
    return Allowed(rows, [first, *free[1:]])
