"""A plan applied year by year: who is there, what a year's accidents cost a row, what its review asks, and the way of a unit without any accident."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from models.floating.accidents import Integers, Places
from models.floating.measuring import form
from models.floating.plan import FloatingPlan, nearest
from models.floating.rules import Floats, ModificationRule, Texts
from models.floating.units import Risks, too_small

Bools = NDArray[np.bool_]
States = NDArray[Any]
"""What rows stand at, as `Rating` keeps it: positions or multipliers."""


@dataclass(frozen=True)
class Lives:
    """Who is new and what premium comes in each year; the same on every path.

    ``age`` (years, units) years of experience at the end of each year (large for those here from the start); ``flow`` (history + years, units) premium of
    a year relative to the mean one; ``lasting``: nobody is replaced.
    """

    age: Integers
    flow: Floats
    history: int
    lasting: bool

    @classmethod
    def drawn(cls, flow: Floats, years: int, history: int, turnover: float, seed: int) -> Lives:
        """Draw lives in which each unit is replaced with chance ``turnover``, and years of ``flow`` (units, k), each equally likely."""
        one, other = (np.random.default_rng(s) for s in np.random.SeedSequence(seed).spawn(2))
        fresh = one.random((years, len(flow))) < turnover
        age, now = np.empty((years, len(flow)), dtype=np.int64), np.full(len(flow), 10**6)
        for t in range(years):
            now = np.where(fresh[t], 1, now + 1)
            age[t] = now
        which = other.integers(0, flow.shape[1], (history + years, len(flow)))
        return cls(age, flow[np.arange(len(flow)), which], history, turnover == 0)

    def of(self, year: int) -> Floats:
        """Return the flow of a year (units,); years before 0 are the history."""
        return np.asarray(self.flow[self.history + year])

    def in_window(self, year: int, window: int) -> Floats:
        """Return the flow summed over the window that ends with a year (units,), as long as the unit has been there."""
        return np.asarray(sum(self.of(year - back) * (back < self.age[year]) for back in range(window)))


class Losses(NamedTuple):
    """Loss and primary loss as the plan counts them, number of cases and of deaths, of each row.

    Where a plan does not split, both losses are one array; ``deaths`` None: it does not look at them.
    """

    loss: Floats
    primary: Floats
    cases: Integers
    deaths: Integers | None

    @classmethod
    def summed(cls, row: Places, loss: Floats, primary: Floats, dead: Bools | None, rows: int) -> Losses:
        """Return the sums of accidents by row; ``dead`` (cases,) None: the plan does not look at deaths."""
        added: Floats = np.bincount(row, loss, rows).astype(np.float64, copy=False)
        split: Floats = added if primary is loss else np.bincount(row, primary, rows).astype(np.float64, copy=False)
        deaths = None if dead is None else np.bincount(row[dead], minlength=rows)
        return cls(added, split, np.bincount(row, minlength=rows), deaths)

    def plus(self, other: Losses, times: Bools | int = 1) -> Losses:
        """Return the sum of these losses and ``times`` the others."""
        loss = self.loss + times * other.loss
        split = loss if self.primary is self.loss else self.primary + times * other.primary
        deaths = None if self.deaths is None or other.deaths is None else self.deaths + times * other.deaths
        return Losses(loss, split, self.cases + times * other.cases, deaths)

    def of(self, rows: Integers) -> Losses:
        """Return the losses of some rows."""
        loss = self.loss[rows]
        split = loss if self.primary is self.loss else self.primary[rows]
        return Losses(loss, split, self.cases[rows], None if self.deaths is None else self.deaths[rows])


@dataclass(frozen=True)
class Rating:
    """A plan's rule applied to units at the end of a year.

    What a row stands at is kept as its position on the ladder where moves are limited in steps (``stepwise``), else as its multiplier.
    """

    plan: FloatingPlan
    risks: Risks
    lives: Lives
    window: int

    @cached_property
    def ladder(self) -> Floats:
        """The plan's steps."""
        return np.array(self.plan.steps)

    @cached_property
    def stepwise(self) -> bool:
        """Whether moves are limited in steps."""
        return not self.plan.movement.free and self.plan.movement.change is None

    def kept(self, multipliers: Floats) -> States:
        """Return what is kept of multipliers."""
        return nearest(self.ladder, multipliers) if self.stepwise else multipliers

    def multiplier(self, kept: States) -> Floats:
        """Return the multipliers of what is kept."""
        return np.asarray(self.ladder[kept] if self.stepwise else kept, dtype=np.float64)

    def moved(self, kept: States, asked: States) -> States:
        """Return what rows stand at after a move towards what is asked."""
        return self.plan.stepped(kept, asked) if self.stepwise else self.plan.moved(kept, asked)

    def texts(self, column: str) -> Texts:
        """Return the text of each unit in a column that the plan reads, empty where it is not known."""
        return self.risks.grades.get(column, np.full(len(self.risks.cases), "", dtype=object))

    @property
    def clean_alike(self) -> bool:
        """Whether a unit without a case in its window is asked for the same whatever it paid."""
        ratio = self.plan.ratio
        unpaid = ratio.credibility_yuan == 0 and not isinstance(self.plan.rule, ModificationRule)
        return ratio.denominator == "base_premium" or unpaid

    def reviews(self, year: int) -> bool:
        """Whether the plan reviews multipliers at the end of a year."""
        return (year + 1) % self.plan.review_years == 0

    @cached_property
    def charged(self) -> Floats:
        """Premium at the base rate that comes in each year, yuan (years, units)."""
        return np.asarray(self.risks.base_premium * self.lives.flow[self.lives.history :])

    @cached_property
    def seen(self) -> tuple[Floats, Floats, Bools]:
        """Base premium and exposure in the window, and who is not rated, by year and unit."""
        flow = np.array([self.lives.in_window(t, self.window) for t in range(len(self.lives.age))])
        unrated = too_small(self.plan, self.risks) | (self.lives.age < self.plan.minimum.years) | (flow <= 0)
        years = np.minimum(self.lives.age, self.window)
        return self.risks.base_premium * flow, self.risks.exposure * years, unrated

    def asked(self, unit: Integers, year: int, losses: Losses, last: Floats, paid: Floats | None) -> Floats:
        """Return the multipliers that the plan asks for at the end of a year.

        ``losses`` in the window, ``last`` loss of the year, ``paid`` premium in the window where the plan's ratio is formed with it.
        """
        plan = self.plan
        base, exposure, unrated = (values[year][unit] for values in self.seen)
        measures = form(
            plan.ratio,
            loss=losses.loss,
            premium=(base if paid is None else paid) * plan.ratio.premium_factor,
            base=base,
            primary=losses.primary,
            cases=losses.cases.astype(np.float64),
            deaths=np.zeros(len(unit)) if losses.deaths is None else losses.deaths.astype(np.float64),
            exposure=exposure,
            persons=exposure / (self.window * (plan.yuan_per_person or np.inf)),
            last_loss=last,
            last_base=self.charged[year][unit],
            years=float(self.window),
            texts={column: self.texts(column)[unit] for column in plan.columns},
        )
        asked = plan.target(measures)
        asked[unrated] = plan.new_entrant
        return asked

    def paid(self, year: int, unit: Integers, force: Callable[[int], Floats]) -> Floats | None:
        """Return the premium in the window at the multipliers in ``force`` in each year, where the plan's ratio is formed with it."""
        if self.plan.ratio.denominator == "base_premium":
            return None
        age = self.lives.age[year][unit]
        times = sum(
            force(max(year - back, 0)) * self.lives.of(year - back)[unit] * (back < age) for back in range(self.window)
        )
        return np.asarray(self.risks.base_premium[unit] * times)


@dataclass(frozen=True)
class Calm:
    """The way of units without any accident: ``multipliers`` in force in each year and after the last, ``standing`` as they are kept (years + 1, units),
    and what each review ``asked``, as it is kept (years, units).
    """

    multipliers: Floats
    standing: States
    asked: States

    @classmethod
    def of(cls, rating: Rating, begin: Floats, years: int) -> Calm:
        """Return the way of the units from the multipliers at which they ``begin``."""
        plan, unit, none = rating.plan, np.arange(len(begin)), np.zeros(len(begin))
        clean = Losses(none, none, np.zeros(len(begin), dtype=np.int64), None)
        out, asked = np.empty((years + 1, len(begin))), np.ones((years, len(begin)))
        out[0] = begin
        for t in range(years):
            out[t] = np.where(rating.lives.age[t] == 1, plan.new_entrant, out[t])
            out[t + 1] = out[t]
            if rating.reviews(t):
                asked[t] = rating.asked(unit, t, clean, none, rating.paid(t, unit, out.__getitem__))
                out[t + 1] = plan.moved(out[t], asked[t])
        return cls(out, rating.kept(out), rating.kept(asked))
