"""The predictive distribution of the total reserve, with intervals that hold, and the back-test that says how often they held.

Mack's standard error knows two risks: the process and the estimated factors. On real triangles of single companies its bands hold far fewer
outcomes than they promise, for three reasons, each answered here:

- the variance of an age rests on a handful of links: it is *pooled* with a log-linear line over the ages;
- a calendar year moves all origins at once (inflation, speed of settlement): payments follow a random walk in calendar time;
- the spread itself is estimated: the tails are Student's.

The logarithm of the payments is  log R − s²/2 + s·t,  R the chain-ladder reserve,  s² = log(1 + cv²) + τ² Σⱼ wⱼ²,  cv Mack's coefficient of
variation with pooled variances, wⱼ the share of the reserve paid in the j-th coming period or later (a step of the walk moves all that follows),
t Student's with ν degrees of freedom, cut at its 1-in-1000 points so that the mean exists.

Two constants are not in a triangle: τ and ν. They were estimated by maximum likelihood on NAIC workers' compensation 1988–97, paid losses of
companies put back to the end of an earlier year, and judged on the company left out of the estimate. On 819 past triangles of 4 to 9 ages:

==========================  ==============  ==============  ===============  ================  ==========================
method                      inside 50%      inside 90%      below 5%         above 95%         Kolmogorov-Smirnov
==========================  ==============  ==============  ===============  ================  ==========================
Mack with a lognormal       31.9%           61.5%           24.8%            13.7%             .206
calibrated, left out        52.4%           86.8%           8.2%             5.0%              .039
==========================  ==============  ==============  ===============  ================  ==========================

τ was 0.140 (left out: 0.135 to 0.1475); ν, chosen on all companies, 4 of 2.5 to infinity; the pooling is 6 links (2 to 15 gave the same).
Known limits: only τ is free of the company judged; ν and the form itself were chosen among some dozens of variants on the same companies. Outcomes
of one calendar year are not independent between companies, so the evidence is less than 819 triangles; payments of those years ran below the
chain ladder (by 4 to 9 per cent in the median), which leaves too many outcomes below. The data end in 1997: the longest horizon judged is four
years, whole reserves up to five ages; longer ones rest on the random walk.
``python -m benchmarks.development`` repeats all of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import stats
from scipy.special import digamma

from models.development.ladder import age_to_age, link_variances, project
from models.development.triangles import Floats, Reading
from models.messages import InputError, Message

CUT = 0.001
"""Probability cut from each end of Student's distribution."""

DRAWS = 10_000

ROUNDING = 1e-12
"""A reserve below this share of the latest amounts is rounding: zero."""

WIDEST = 2.0
"""Largest spread of the logarithm: a coefficient of variation above 7 says no more than that nothing is known."""

WIDE = 1.0
"""From this spread on the reader is told that the triangle alone says little."""


@dataclass(frozen=True)
class Calibration:
    """``calendar`` τ, standard deviation of a calendar year's step (log); ``freedom`` ν of the tails; ``pooling`` links that the line over the ages
    counts for in the variance of an age (0: Mack's own variances)."""

    calendar: float
    freedom: float
    pooling: float


CALIBRATED = Calibration(calendar=0.14, freedom=4.0, pooling=6.0)
MACK_LOGNORMAL = Calibration(calendar=0.0, freedom=np.inf, pooling=0.0)
"""Mack (1993) with a lognormal of the same mean and standard error: what is usually done, to compare with."""


@dataclass(frozen=True)
class Parts:
    """What a triangle says of the coming payments: ``expected`` sum, (periods,) ``payments``, ``process`` and ``parameter`` variance of the sum,
    ``duration`` Σⱼ wⱼ², the weight of calendar risk."""

    expected: float
    payments: Floats
    process: float
    parameter: float
    duration: float


@dataclass(frozen=True)
class ReserveDistribution:
    """Predictive distribution of the payments to come.

    ``expected`` chain-ladder reserve; ``spread`` s of the logarithm (of the amount itself where ``logarithmic`` is false); ``payments`` (periods,)
    expected by coming period; ``shares`` of the squared spread: process, parameter, calendar; ``samples`` (draws,); ``notes`` what to know.
    """

    expected: float
    spread: float
    logarithmic: bool
    freedom: float
    payments: Floats
    shares: dict[str, float]
    samples: Floats
    notes: tuple[Message, ...] = ()

    def quantile(self, p: ArrayLike) -> Any:
        """Return the amount not exceeded with probability ``p``, for a scalar or an array."""
        probability = np.asarray(p, dtype=np.float64)
        if not ((probability >= 0.0) & (probability <= 1.0)).all():
            raise InputError("A probability lies between 0 and 1; it is {p}.", p=str(p))
        return self._at(probability)[()]

    def cdf(self, value: ArrayLike) -> Any:
        """Return the probability of an amount no greater than ``value``, for a scalar or an array."""
        amount = np.asarray(value, dtype=np.float64)
        if np.isnan(amount).any():
            raise InputError("A distribution is read at amounts, not at missing values.")
        if self.spread == 0.0:
            return np.where(amount >= self.expected, 1.0, 0.0)[()]
        if self.logarithmic:
            positive = amount > 0.0
            logs = np.log(np.where(positive, amount, 1.0) / self.expected) + self.spread**2 / 2
            score = np.where(positive, logs / self.spread, -np.inf)
        else:
            score = (amount - self.expected) / self.spread
        return np.clip((_student(self.freedom).cdf(score) - CUT) / (1.0 - 2.0 * CUT), 0.0, 1.0)[()]

    def interval(self, share: float) -> tuple[float, float]:
        """Return the central interval that holds ``share`` of the probability."""
        low, high = self.quantile([(1.0 - share) / 2.0, (1.0 + share) / 2.0])
        return float(low), float(high)

    @property
    def mean(self) -> float:
        """The mean: above the chain-ladder reserve by what the tails add."""
        return float(self._grid.mean())

    @property
    def std(self) -> float:
        """The standard deviation."""
        return float(self._grid.std())

    @cached_property
    def _grid(self) -> Floats:
        return self._at((np.arange(DRAWS) + 0.5) / DRAWS)

    def _at(self, p: Floats) -> Floats:
        return _amounts(p, self.expected, self.spread, self.logarithmic, self.freedom)


@dataclass(frozen=True)
class Backtest:
    """How often the bands held.

    ``table`` a row a past diagonal: ``known_until`` (calendar index of the diagonal, 0 = the first), ``periods`` to today, ``expected``, ``actual``
    payments since, ``low_90, low_50, high_50, high_90``, ``percentile`` of the actual in its distribution, ``mack_percentile`` the same by
    Mack with a lognormal; ``within_50, within_90`` and ``mack_within_50, mack_within_90`` shares of the diagonals; ``notes`` what to know.
    The diagonals of one triangle overlap: the shares of a single triangle are weak evidence.
    """

    table: pd.DataFrame
    within_50: float
    within_90: float
    mack_within_50: float
    mack_within_90: float
    notes: tuple[Message, ...] = ()


def reserve_distribution(
    cumulative: ArrayLike,
    seed: int = 0,
    *,
    horizon: int | None = None,
    calibration: Calibration = CALIBRATED,
    draws: int = DRAWS,
    origin: int | None = None,
) -> ReserveDistribution:
    """Return the calibrated predictive distribution of the total reserve.

    Process, parameter and calendar-year risk; the mean stays near the chain-ladder reserve. A reserve that is not positive (recoveries exceed what
    is still to be paid) has no logarithm and is given a symmetric distribution; where nothing is left to develop, all is zero.

    Parameters
    ----------
    cumulative : (origins, ages) array, NaN = future or missing
    seed : of the order and place of the stratified ``samples``; mean, std and quantiles do not depend on it
    horizon : only the payments of that many coming periods; by default all
    calibration : the constants that no single triangle can tell
    draws : number of samples
    origin : only the payments of one origin (a row of the array, from 0); by default of all

    Raises
    ------
    InputError
        As in `mack`: no factor where one is needed, or no age with two links.
    """
    if draws < 1:
        raise InputError("At least one sample is needed; {draws} were asked for.", draws=draws)
    read = Reading(cumulative)
    parts, notes = coming(read, horizon, calibration.pooling, origin)
    expected, logarithmic = parts.expected, parts.expected > 0.0
    calendar = calibration.calendar**2 * parts.duration
    if logarithmic:
        known = float(np.log1p((parts.process + parts.parameter) / expected**2))
    else:
        known = parts.process + parts.parameter
        calendar *= expected**2
        if known > 0.0:
            notes += (
                Message(
                    "The expected reserve is {reserve:money}: its distribution is taken as symmetric.",
                    {"reserve": expected},
                ),
            )
    spread = float(np.sqrt(known + calendar))
    if logarithmic:
        if spread > WIDE:
            notes += (
                Message(
                    "The triangle alone says little of the reserve (spread {spread:number.1} of its logarithm): "
                    "use Bornhuetter-Ferguson or Cape Cod beside it.",
                    {"spread": spread},
                ),
            )
        if spread > WIDEST:
            known, calendar, spread = known * (WIDEST / spread) ** 2, calendar * (WIDEST / spread) ** 2, WIDEST
    total = parts.process + parts.parameter
    explained = known / spread**2 / total if spread * total > 0.0 else 0.0
    shares = {
        "process": explained * parts.process,
        "parameter": explained * parts.parameter,
        "calendar": calendar / spread**2 if spread > 0.0 else 0.0,
    }
    rng = np.random.default_rng(seed)
    place = (rng.permutation(draws) + rng.random(draws)) / draws
    samples = _amounts(place, expected, spread, logarithmic, calibration.freedom)
    return ReserveDistribution(
        expected, spread, logarithmic, calibration.freedom, parts.payments, shares, samples, notes
    )


def backtest(cumulative: ArrayLike, *, calibration: Calibration = CALIBRATED) -> Backtest:
    """Return how often the bands of past diagonals held the payments made since.

    Every diagonal that already gave three origins and three ages is taken as the last known; the payments from then to today, on the ages seen then,
    are placed in the distribution that `reserve_distribution` would have given, and in Mack's lognormal.

    Parameters
    ----------
    cumulative : (origins, ages) array, NaN = future or missing; origins and ages in the same unit of time
    calibration : as in `reserve_distribution`
    """
    read = Reading(cumulative)
    calendar = np.add.outer(np.arange(read.origins), np.arange(read.ages))
    today = int(calendar[read.known].max())
    rows: list[dict[str, float]] = []
    skipped = 0
    for diagonal in range(2, today):
        past = np.where(calendar <= diagonal, read.values, np.nan)[: diagonal + 1, : diagonal + 1]
        ages = past.shape[1]
        try:
            then = Reading(past)
            periods = today - diagonal
            end = np.minimum(then.latest_ages + periods, ages - 1)
            actual = float((read.values[np.arange(then.origins), end] - then.latest).sum())
            ours = reserve_distribution(past, horizon=periods, calibration=calibration, draws=1)
            theirs = reserve_distribution(past, horizon=periods, calibration=MACK_LOGNORMAL, draws=1)
        except InputError:
            skipped += 1
            continue
        if np.isnan(actual):
            skipped += 1
            continue
        low_90, low_50, high_50, high_90 = ours.quantile([0.05, 0.25, 0.75, 0.95])
        rows.append(
            {
                "known_until": diagonal,
                "periods": periods,
                "expected": ours.expected,
                "actual": actual,
                "low_90": low_90,
                "low_50": low_50,
                "high_50": high_50,
                "high_90": high_90,
                "percentile": float(ours.cdf(actual)),
                "mack_percentile": float(theirs.cdf(actual)),
            }
        )
    if not rows:
        raise InputError("No past diagonal gives a triangle of three origins and three ages that can be projected.")
    notes = (
        (Message("{count} past diagonals could not be projected or compared and were left out.", {"count": skipped}),)
        if skipped
        else ()
    )
    table = pd.DataFrame(rows)

    def held(column: str, share: float) -> float:
        return float(((table[column] - 0.5).abs() <= share / 2.0).mean())

    return Backtest(
        table,
        held("percentile", 0.5),
        held("percentile", 0.9),
        held("mack_percentile", 0.5),
        held("mack_percentile", 0.9),
        notes,
    )


def coming(
    read: Reading, horizon: int | None = None, pooling: float = 0.0, origin: int | None = None
) -> tuple[Parts, tuple[Message, ...]]:
    """Return the expected payments of the coming periods (of one origin) and Mack's variances of their sum, with pooled link variances."""
    if horizon is not None and horizon < 1:
        raise InputError("The horizon is at least one period, not {horizon}.", horizon=horizon)
    factors = age_to_age(read)
    variances, notes = link_variances(read, factors)
    if pooling > 0.0:
        variances = pooled_variances(read, factors, variances, pooling)
    completed = project(read, factors).completed
    latest = read.latest_ages
    end = latest + (read.ages if horizon is None else horizon)
    step = np.arange(read.ages - 1)
    used = read.ahead & (step < end[:, None])
    if origin is not None:
        used &= (np.arange(read.origins) == origin)[:, None]
    before = np.where(used, completed[:, :-1], 0.0)
    paid = np.where(used, completed[:, 1:] - np.where(used, completed[:, :-1], 0.0), 0.0)
    period = np.where(used, step - latest[:, None], 0)
    payments = np.asarray(np.bincount(period.ravel(), paid.ravel()), dtype=np.float64)
    expected = float(paid.sum())
    if abs(expected) <= ROUNDING * float(read.latest.sum()):
        expected = 0.0
    # what one unit after each step becomes by the end of the horizon
    growth = np.where(used, np.where(np.isnan(factors), 1.0, factors), 1.0)
    onward = np.cumprod(np.hstack([growth[:, 1:], np.ones((read.origins, 1))])[:, ::-1], axis=1)[:, ::-1]
    volume = read.starts.sum(axis=0)
    reached = before * onward
    of_factors = np.divide(variances, volume, out=np.zeros_like(variances), where=volume > 0.0)
    later = np.cumsum(payments[::-1])[::-1]
    return Parts(
        expected,
        payments,
        float((reached * onward * variances).sum()),
        float(reached.sum(axis=0) ** 2 @ of_factors),
        float((later**2).sum() / expected**2) if expected != 0.0 else 0.0,
    ), notes


def pooled_variances(read: Reading, factors: Floats, variances: Floats, pooling: float) -> Floats:
    """Return Mack's σ² drawn towards a line: log σ² falls linearly with age, and the line counts for ``pooling`` links.

    The mean of log χ²ₙ/n is taken out, as few links make the logarithm of a variance too small. The line does not rise.
    """
    freedom = np.maximum((read.pairs & (read.starts > 0.0)).sum(axis=0) - 1.0, 0.0)
    usable = (freedom > 0.0) & (variances > 0.0)
    if not usable.any():
        return variances
    age = np.arange(len(factors), dtype=np.float64)
    weight, x = freedom[usable] / freedom[usable].sum(), age[usable]
    half = freedom[usable] / 2.0
    y = np.log(variances[usable]) - digamma(half) + np.log(half)
    centre, level = weight @ x, weight @ y
    scatter = weight @ (x - centre) ** 2
    slope = min(float(weight @ ((x - centre) * (y - level)) / scatter), 0.0) if scatter > 0.0 else 0.0
    line = np.exp(level + slope * (age - centre))
    pooled: Floats = (freedom * variances + pooling * line) / (freedom + pooling)
    return pooled


def _student(freedom: float) -> Any:
    return stats.norm() if np.isinf(freedom) else stats.t(freedom)


def _amounts(p: Floats, expected: float, spread: float, logarithmic: bool, freedom: float) -> Floats:
    """Return the amounts at probabilities of the cut distribution."""
    score = _student(freedom).ppf(CUT + (1.0 - 2.0 * CUT) * p)
    amounts: Floats = expected * np.exp(spread * score - spread**2 / 2.0) if logarithmic else expected + spread * score
    return amounts
