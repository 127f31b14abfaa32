"""Rules of floating plans: from what a unit has paid and cost to its multiplier of the base rate.

Each rule is a frozen dataclass with ``target(measures)``: the multiplier that the rule asks for, before bounds and limits on movement.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Positions = NDArray[np.int16]
Texts = NDArray[np.object_]

NEUTRAL = 1.0


@dataclass(frozen=True)
class Measures:
    """What a rule looks at; arrays of shape (units,), over the plan's window, money in yuan.

    ``premium`` is the denominator of the plan's ratio and ``loss`` its numerator, claims limited; ``primary`` the part of the loss below the
    split point; ``ratio`` what the bands are read with; ``average`` the ratio of the portfolio; ``persons`` mean insured persons a year and
    ``years`` the years of the window; ``last_loss`` and ``last_base`` loss and base premium of the last year; ``texts`` grades by column.
    """

    base: Floats
    premium: Floats
    loss: Floats
    primary: Floats
    ratio: Floats
    average: float
    cases: Floats
    deaths: Floats
    exposure: Floats
    persons: Floats
    last_loss: Floats
    last_base: Floats
    years: float = 1.0
    texts: Mapping[str, Texts] = field(default_factory=dict)

    @property
    def frequency(self) -> Floats:
        """Cases per insured person and year; infinite for cases without persons."""
        return quotient(self.cases, self.persons * self.years)


def quotient(part: Floats, whole: Floats) -> Floats:
    """Return part / whole, to 12 decimals so that an edge is met; 0/0 is 0, and anything else over 0 infinite with its sign."""
    with np.errstate(divide="ignore", invalid="ignore"):
        found = np.where(part == 0, 0.0, part / whole)
    return np.asarray(np.round(found, 12), dtype=np.float64)


def passed(edges: Iterable[float], values: Floats, including: bool) -> Positions:
    """Return how many of the edges each value lies above, ``including`` one that it meets.

    Each edge is compared with all values: a plan has few edges, and a search among them for each value takes several times as long.
    """
    found = np.zeros(np.shape(values), dtype=np.int16)
    for edge in edges:
        found += values >= edge if including else values > edge
    return found


@dataclass(frozen=True)
class Bands:
    """Consecutive bands of a measure: ``edges`` (k-1,) ascending, ``values`` (k,).

    An edge belongs to the band below it where ``upper_inclusive``, else to the band above.
    """

    edges: tuple[float, ...]
    values: tuple[float, ...]
    upper_inclusive: bool

    def locate(self, measure: Floats) -> Positions:
        """Return the position of each value's band."""
        return passed(self.edges, measure, including=not self.upper_inclusive)

    def at(self, measure: Floats) -> Floats:
        """Return the value of the band that each measure lies in."""
        return np.array(self.values)[self.locate(measure)]


@dataclass(frozen=True)
class Criterion:
    """One table of a plan: bands of ``ratio`` or ``frequency``, or multipliers by the text in a column (``grade``).

    ``when`` limits it to units with an ``accident`` or with ``no_accident`` in the window.
    """

    measure: str
    bands: Bands | None = None
    column: str = ""
    grades: Mapping[str, float] = field(default_factory=dict)
    other: float = NEUTRAL
    when: str = "always"

    @property
    def values(self) -> tuple[float, ...]:
        """Every multiplier that the criterion can give."""
        return self.bands.values if self.bands else (*self.grades.values(), self.other)

    def target(self, measures: Measures) -> Floats:
        """Return the multiplier (units,) that the criterion asks for; NaN for a unit that it does not apply to."""
        if self.bands:
            found = self.bands.at(measures.ratio if self.measure == "ratio" else measures.frequency)
        else:
            texts = measures.texts[self.column]
            found = np.array([self.grades.get(text, self.other) for text in texts], dtype=np.float64)
        if self.when == "always":
            return found
        applies = measures.cases > 0 if self.when == "accident" else measures.cases <= 0
        return np.asarray(np.where(applies, found, np.nan), dtype=np.float64)


@dataclass(frozen=True)
class Recoup:
    """A next premium of at least ``share`` of the last year's benefits, above a ratio or an injury frequency."""

    share: float
    ratio_above: float
    frequency_above: float


@dataclass(frozen=True)
class StepRule:
    """Steps chosen by one or more criteria; a unit that no criterion applies to is neutral.

    ``combine``: how the criteria that apply become one: ``worst`` the highest multiplier, ``best`` the lowest, ``surcharge_first`` the
    highest where any of them surcharges, else the lowest.
    """

    steps: tuple[float, ...]
    criteria: tuple[Criterion, ...] = ()
    combine: str = "worst"
    recoup: Recoup | None = None

    def scaled(self, share: float) -> StepRule:
        """Return the rule whose adjustments (multiplier - 1) are ``share`` of these."""

        def scale(value: float) -> float:
            return NEUTRAL + (value - NEUTRAL) * share

        criteria = tuple(
            replace(
                c,
                bands=replace(c.bands, values=tuple(map(scale, c.bands.values))) if c.bands else None,
                grades={k: scale(v) for k, v in c.grades.items()},
                other=scale(c.other),
            )
            for c in self.criteria
        )
        return replace(self, steps=tuple(map(scale, self.steps)), criteria=criteria)

    def target(self, measures: Measures) -> Floats:
        """Return the multiplier (units,) of the step of each unit."""
        asked = [c.target(measures) for c in self.criteria] or [np.full(len(measures.base), np.nan)]
        worst, best = (pick.reduce(asked) for pick in (np.fmax, np.fmin))  # of the criteria that apply
        surcharged = worst > NEUTRAL if self.combine == "surcharge_first" else self.combine == "worst"
        found = np.where(surcharged, worst, best)
        found = np.where(np.isnan(found), NEUTRAL, found)
        if self.recoup:
            high = (measures.ratio > self.recoup.ratio_above) | (measures.frequency > self.recoup.frequency_above)
            enough = self.recoup.share * quotient(measures.last_loss, measures.last_base)
            found = np.where(high & np.isfinite(enough), np.maximum(found, enough), found)
        return found


@dataclass(frozen=True)
class SurchargeRule:
    """BG BAU: a surcharge growing linearly from the average load to ``ceiling`` times it; no rebate.

    ``largest`` is the surcharge at the ceiling; ``after_clean_years`` gives a smaller one by years without surcharge (column
    ``years_without_surcharge``, where the experience has it).
    """

    ceiling: float
    largest: float
    after_clean_years: tuple[tuple[float, float], ...] = ()

    def target(self, measures: Measures) -> Floats:
        """Return the multiplier (units,), 1 up to the average load."""
        if measures.average <= 0:
            return np.full(len(measures.base), NEUTRAL)
        excess = np.minimum(measures.ratio / measures.average, self.ceiling) - 1.0
        largest = np.full(len(measures.base), self.largest)
        clean = measures.texts.get("years_without_surcharge")
        if clean is not None:
            years = np.array([float(text or 0) for text in clean])
            for least, smaller in self.after_clean_years:
                largest = np.where(years >= least, np.minimum(largest, smaller), largest)
        surcharge: Floats = np.maximum(excess, 0.0) / (self.ceiling - 1.0) * largest
        return NEUTRAL + surcharge


@dataclass(frozen=True)
class ModificationRule:
    """NCCI's experience modification: primary and excess losses, each with its credibility, and a largest debit.

    ``scale`` is g, the average cost of a case in thousands; expected losses are the portfolio's ratio x premium, their primary share
    ``primary_share`` (None: the portfolio's own). Credibility as before E-1409.
    """

    split: float
    scale: float
    least_primary_constant: float
    least_excess_constant: float
    debit_base: float
    debit_slope: float
    primary_share: float | None = None

    def constants(self, expected: Floats) -> tuple[Floats, Floats]:
        """Return the weight of excess losses W and the ballast B = Kp for expected losses E (units,)."""
        g = self.scale
        kp = np.maximum(expected * (0.1 * expected + 2570 * g) / (expected + 700 * g), self.least_primary_constant)
        ke = np.maximum(expected * (0.75 * expected + 203_825 * g) / (expected + 5100 * g), self.least_excess_constant)
        return (expected + kp) / (expected + ke), kp

    def share(self, measures: Measures) -> float:
        """Return the expected share of primary in all losses: the plan's, or else the portfolio's own."""
        if self.primary_share is not None:
            return self.primary_share
        total = float(measures.loss.sum())
        return float(measures.primary.sum()) / total if total > 0 else 1.0

    def target(self, measures: Measures) -> Floats:
        """Return the modification (units,)."""
        share = self.share(measures)
        expected = measures.average * measures.premium
        weight, ballast = self.constants(expected)
        actual = measures.primary + weight * (measures.loss - measures.primary)
        foreseen = expected * (share + weight * (1 - share))
        found = (actual + expected - foreseen + ballast) / (expected + ballast)
        return np.minimum(found, self.debit_base + self.debit_slope * expected / self.scale)


@dataclass(frozen=True)
class SizeRule:
    """Marginal bands by project cost (Hubei): each part of the cost pays the rate of its band; no experience enters.

    ``bands``: edges in yuan of cost, values relative to the base rate.
    """

    bands: Bands

    def target(self, measures: Measures) -> Floats:
        """Return the mean multiplier (units,) over the parts of the cost."""
        lower = np.array((0.0, *self.bands.edges))
        upper = np.array((*self.bands.edges, np.inf))
        parts = np.clip(np.minimum(measures.exposure[:, None], upper) - lower, 0.0, None)
        cost = measures.exposure
        return np.where(
            cost > 0, parts @ np.array(self.bands.values) / np.where(cost > 0, cost, 1.0), self.bands.values[0]
        )


Rule = StepRule | SurchargeRule | ModificationRule | SizeRule
