"""Cohorts by quarter: what accidents of each quarter still cost, by benefit, quarter after quarter, until the last pensioner has died.

Projects enrolled in a quarter earn their cost over the quarters that follow; earned cost gives accidents; an accident of a quarter pays by the pattern of
its benefit; a pension runs on with survival and indexation. All of it is linear, so each step is a product with a Toeplitz matrix, for all paths at once.

Arrays have time along the first axis: (quarters,) or (quarters, paths). Money is in yuan; amounts per case are at the prices of the valuation date.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

QUARTERS = 4
LAGS = 40
"""Quarters after an accident in which lump sums and medical bills are paid, and pensions begin (ten years)."""

LONG = 320
"""Quarters for which a pension is followed (eighty years)."""

SMOOTH_FROM = 12
"""From this lag on a pattern is averaged over four quarters: few cohorts are that old."""


def toeplitz(pattern: Floats, rows: int, columns: int | None = None) -> Floats:
    """Return the matrix that spreads a flow by a pattern: ``M[t, o] = pattern[t − o]``, zero before the origin and beyond the pattern's end."""
    lag = np.arange(rows)[:, None] - np.arange(columns or rows)[None, :]
    inside = (lag >= 0) & (lag < len(pattern))
    return np.where(inside, pattern[np.clip(lag, 0, len(pattern) - 1)], 0.0)


def by_lag(origin: NDArray[np.intp], lag: NDArray[np.intp], amount: Floats, origins: int, lags: int) -> Floats:
    """Return amounts summed by origin and lag, shape (origins, lags); later lags count in the last."""
    flat = origin * lags + np.minimum(lag, lags - 1)
    return np.asarray(
        np.bincount(flat, weights=amount, minlength=origins * lags).reshape(origins, lags), dtype=np.float64
    )


def pattern_of(amounts: Floats, base: Floats, weights: Floats) -> Floats:
    """Return the expected amount per unit of base at each lag (additive method: Σ w·amount ÷ Σ w·base of the origins that have reached the lag).

    Parameters
    ----------
    amounts : (origins, lags), the last origin is the last known quarter and has reached lag 0 only
    base, weights : (origins,)

    Returns
    -------
    (`LAGS`,) : from `SMOOTH_FROM` on averaged over four lags; where the book is too young for a lag the pattern falls on geometrically
    """
    origins, lags = amounts.shape
    reached = np.arange(origins)[:, None] + np.arange(lags)[None, :] < origins
    top = (amounts * weights[:, None] * reached).sum(axis=0)
    bottom = ((base * weights)[:, None] * reached).sum(axis=0)
    known = min(lags, origins, LAGS)
    result = np.zeros(LAGS)
    for start in range(known):
        first = start if start < SMOOTH_FROM else SMOOTH_FROM + (start - SMOOTH_FROM) // QUARTERS * QUARTERS
        block = slice(first, min(first + QUARTERS, known)) if start >= SMOOTH_FROM else slice(start, start + 1)
        below = bottom[block].sum()
        result[start] = top[block].sum() / below if below > 0 else 0.0
    if QUARTERS <= known < LAGS:
        late, before = (
            result[known - QUARTERS : known].sum(),
            result[max(known - 2 * QUARTERS, 0) : known - QUARTERS].sum(),
        )
        fall = min((late / before) ** (1 / QUARTERS), 0.97) if before > 0 else 0.0
        result[known:] = late / QUARTERS * fall ** np.arange(1, LAGS - known + 1)
    return result


def middles(quarters: int) -> Floats:
    """Return the middle of each quarter to come, in years from now."""
    return (np.arange(quarters) + 0.5) / QUARTERS


@dataclass(frozen=True)
class Frequency:
    """Accidents per yuan of earned cost, a trend that fades into the long run.

    ``level`` at the end of the last known quarter; ``trend`` of the logarithm a year as observed, of which ``fade`` is left a year later; ``covariance``
    (2, 2) of log level and trend; ``dispersion`` of counts (1 = Poisson); ``season`` (4,) factors by quarter of the year.
    """

    level: float
    trend: float
    covariance: Floats
    dispersion: float
    season: Floats
    fade: float = 0.8

    def felt(self, years: Floats) -> Floats:
        """Return for how many years' worth the observed trend still acts after ``years``."""
        return np.asarray((1.0 - self.fade**years) / -np.log(self.fade))

    def ahead(self, quarters: int, long_run: float) -> Floats:
        """Return the expected frequency in each quarter after the valuation; ``long_run`` is the trend that the observed one fades into."""
        years = middles(quarters)
        felt = self.felt(years)
        trend = np.exp(self.trend * felt + long_run * (years - felt))
        return np.asarray(self.level * self.season[np.arange(quarters) % QUARTERS] * trend)


@dataclass(frozen=True)
class Stream:
    """One benefit stream.

    ``base``: ``injuries`` or ``deaths``. ``price``: ``medical`` (of the payment) or ``wages`` (of the accident). ``family``: streams of one family are
    paid to the same cases at the same time, and share their luck.
    ``pattern`` (`LAGS`,): yuan a case by quarter after the accident; for a pension the monthly amount that begins. ``known``: the same, in all, of
    accidents that have happened, by quarter to come. ``survival`` (`LONG`,): share of a pension that is paid in each quarter after its start, None
    where the stream is no pension. ``in_payment`` (`LONG`,): payments of today's pensions by quarter to come, without indexation; ``headcount`` of
    them (`LONG`,), ``mean_award`` monthly, at the prices of the valuation date.
    """

    name: str
    base: str
    family: str
    price: str
    pattern: Floats
    known: Floats
    survival: Floats | None
    in_payment: Floats
    headcount: Floats
    mean_award: float

    def settled(self, cases: Floats) -> Floats:
        """Return how many cases are paid in each quarter to come, counted so that the whole pattern is one case; ``cases`` (quarters,) to come."""
        whole = float(self.pattern.sum())
        flow = np.convolve(cases, self.pattern)[: len(cases)] + padded(self.known, len(cases))
        return np.asarray(flow / whole if whole > 0 else np.zeros(len(cases)))

    @property
    def pension(self) -> bool:
        """Whether it is paid month by month."""
        return self.survival is not None


FAMILIES = ("medical", "lump", "life", "fatal")


@dataclass(frozen=True)
class CohortModel:
    """A ledger book, read as cohorts: what was written and earned, what accidents cost, who is paid now.

    ``written`` (past quarters,) total cost enrolled; ``earned`` (past quarters,); ``season`` (4,) shares of a year's enrolment; ``earning`` (4, lags) share
    of cost earned by quarter after enrolment, for each season; ``under_way`` (`LAGS`,) cost of enrolled projects still to be earned; ``unearned``
    (`LAGS`,) their premium by quarter in which it is earned. ``cases``, ``deaths``: frequencies (large events left out of deaths).
    ``case_cv`` stream → coefficient of variation of a case's cost, zeros included; ``level_cv`` stream → relative error of its level.
    ``longevity``: relative spread of today's pensions by quarter.
    ``payroll_cases`` (injuries) and ``payroll_deaths`` a quarter and ``payroll_premium`` a year of employers that enrol by payroll. ``settlement``: mean final ÷ agreed cost.
    """

    first_year: int
    written: Floats
    earned: Floats
    season: Floats
    earning: Floats
    under_way: Floats
    unearned: Floats
    cases: Frequency
    deaths: Frequency
    streams: tuple[Stream, ...]
    case_cv: Mapping[str, float]
    level_cv: Mapping[str, float]
    longevity: Floats
    payroll_cases: float = 0.0
    payroll_deaths: float = 0.0
    payroll_premium: float = 0.0
    settlement: float = 1.0


@dataclass(frozen=True)
class Kernels:
    """The Toeplitz matrices of a model over so many quarters, made once: ``earning``; stream → ``patterns``; pension → ``survivals``."""

    earning: Floats
    patterns: Mapping[str, Floats]
    survivals: Mapping[str, Floats]

    @classmethod
    def of(cls, model: CohortModel, quarters: int) -> Kernels:
        """Make them for a projection of ``quarters``."""
        earning = np.zeros((quarters, quarters))
        for season in range(QUARTERS):
            earning[:, season::QUARTERS] = toeplitz(model.earning[season], quarters)[:, season::QUARTERS]
        return cls(
            earning,
            {s.name: toeplitz(s.pattern, quarters) for s in model.streams},
            {s.name: toeplitz(3.0 * s.survival, quarters) for s in model.streams if s.survival is not None},
        )


def earned_ahead(model: CohortModel, written: Floats, before: bool = True, earning: Floats | None = None) -> Floats:
    """Return cost earned by quarter from projects written in future quarters, and (``before``) from those under way.

    Parameters
    ----------
    written : (quarters, paths) total cost enrolled; the first quarter is the first of a year
    earning : of `Kernels`, where it has been made
    """
    steps = len(written)
    earned = (Kernels.of(model, steps).earning if earning is None else earning) @ written
    if before:
        earned += padded(model.under_way, steps)[:, None]
    return np.asarray(earned)


def padded(flow: Floats, steps: int) -> Floats:
    """Return a flow cut to ``steps``, or followed by zeros."""
    return np.pad(flow[:steps], (0, max(0, steps - len(flow))))


@dataclass(frozen=True)
class Paid:
    """What a stream pays: ``payments`` (quarters, paths) yuan, and of a pension the monthly amounts that begin, ``awards``."""

    payments: Floats
    awards: Floats | None


def stream_payments(
    stream: Stream,
    kernels: Kernels,
    cases: Floats,
    prices: Floats,
    index: Floats,
    noise: Floats | float = 1.0,
    longevity: Floats | float = 1.0,
    struck: Floats | None = None,
) -> Paid:
    """Return what a stream pays by quarter.

    Parameters
    ----------
    cases : (quarters, paths) accidents of future quarters, of the stream's base
    prices : (quarters, paths) price index of the stream, 1 at the valuation date
    index : (quarters, paths) indexation of pensions, 1 at the valuation date
    noise : factor on what begins or is paid in each quarter, of accidents known and to come
    longevity : factor on what today's pensioners still draw
    struck : (quarters, paths) deaths in large events, whose number is drawn already
    """
    steps = len(cases)
    matrix = kernels.patterns[stream.name]

    def spread(accidents: Floats) -> Floats:
        return np.asarray(prices * (matrix @ accidents) if stream.price == "medical" else matrix @ (prices * accidents))

    past = padded(stream.known, steps)[:, None]
    awards = noise * ((prices * past if stream.price == "medical" else past) + spread(cases))
    if struck is not None:
        awards = awards + spread(struck)
    if stream.survival is None:
        return Paid(np.asarray(awards), None)
    running = kernels.survivals[stream.name] @ (awards / index)
    running += padded(stream.in_payment, steps)[:, None] * longevity
    return Paid(np.asarray(index * running), np.asarray(awards))
