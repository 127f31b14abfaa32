"""A plan applied year by year: who is there, what a year's accidents cost a row, what its review asks, and the way of a unit without any accident."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from itertools import count
from typing import NamedTuple

import numpy as np

from models.floating.compiled import Bools, Integers, Places, Points, States, added, by_bands, summed, taken
from models.floating.measuring import form
from models.floating.plan import FloatingPlan, nearest
from models.floating.rules import Floats, ModificationRule, StepRule, Texts
from models.floating.units import Risks, asked_for, edges_of, inside, too_small


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


class Worth(NamedTuple):
    """What a case at each point of the severity's grid costs, and what of it the plan counts, in all and below its split point: yuan (points,).

    Where the plan does not limit or split, these are one array.
    """

    yuan: Floats
    loss: Floats
    primary: Floats

    @classmethod
    def of(cls, plan: FloatingPlan, risks: Risks) -> Worth:
        """Return what cases are worth under a plan."""
        yuan: Floats = np.arange(len(risks.severity), dtype=np.float64) * risks.step_yuan
        limit = plan.ratio.claim_limit_yuan
        loss: Floats = yuan if limit is None else np.minimum(yuan, limit)
        primary: Floats = np.minimum(loss, plan.rule.split) if isinstance(plan.rule, ModificationRule) else loss
        return cls(yuan, loss, primary)


class Losses(NamedTuple):
    """Loss and primary loss as the plan counts them, number of cases and of deaths, of each row.

    Where a plan does not split, both losses are one array; ``deaths`` None: it does not look at them.
    """

    loss: Floats
    primary: Floats
    cases: Floats
    deaths: Floats | None

    @classmethod
    def summed(cls, row: Places, point: Points, worth: Worth, dead: Bools | None, rows: int) -> Losses:
        """Return the sums of accidents by row; ``dead`` (cases,) None: the plan does not look at deaths."""
        loss, cases = summed(row, point, worth.loss, rows)
        primary = loss if worth.primary is worth.loss else summed(row, point, worth.primary, rows)[0]
        return cls(loss, primary, cases, None if dead is None else added(row, dead.astype(np.float64), rows))

    def plus(self, other: Losses, times: Bools | int = 1) -> Losses:
        """Return the sum of these losses and ``times`` the others."""
        loss = self.loss + times * other.loss
        split = loss if self.primary is self.loss else self.primary + times * other.primary
        deaths = None if self.deaths is None or other.deaths is None else self.deaths + times * other.deaths
        return Losses(loss, split, self.cases + times * other.cases, deaths)

    def of(self, rows: Integers | slice) -> Losses:
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
    def worth(self) -> Worth:
        """What cases are worth."""
        return Worth.of(self.plan, self.risks)

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
        return np.asarray(taken(self.ladder, kept) if self.stepwise else kept, dtype=np.float64)

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

    @cached_property
    def table(self) -> tuple[Floats, States] | None:
        """Least ratio of each band but the first (bands - 1,), not yet rounded, and what is asked for (2, bands) without and with a case, as it is kept.

        None for a plan that looks at more than its plain ratio and whether there is a case.
        """
        plan = self.plan
        plain = isinstance(plan.rule, StepRule) and all(c.measure == "ratio" for c in plan.rule.criteria)
        if not plain or not plan.steps or plan.deaths or plan.ratio.relative:
            return None
        edges = edges_of(plan)
        asked = asked_for(plan, self.risks, inside([e for e, _ in edges]), np.array([[0.0, 1.0]]))[0]
        # ratios are rounded to 12 decimals: the first that lies in a band, less half of the last decimal
        firsts = [
            next(n for n in count(int(edge * 1e12) - 1) if (n / 1e12 >= edge if above else n / 1e12 > edge))
            for edge, above in edges
        ]
        return (np.array(firsts, dtype=np.float64) - 0.5) * 1e-12, self.kept(asked.ravel()).reshape(asked.shape)

    def asked(self, unit: Integers, year: int, losses: Losses, last: Floats, paid: Floats | None) -> States:
        """Return what the plan asks for at the end of a year, as it is kept; arguments as for `multiplier_asked`."""
        if self.table is None:
            return self.kept(self.multiplier_asked(unit, year, losses, last, paid))
        ratio = self.plan.ratio
        premium, of = (self.seen[0][year], unit) if paid is None else (paid, np.arange(len(unit)))
        complement = (ratio.credibility_yuan * (ratio.average or 0.0), ratio.credibility_yuan)
        asked = by_bands(losses.loss, losses.cases, premium * ratio.premium_factor, of, complement, *self.table)
        unrated = self.seen[2][year]
        if unrated.any():
            asked[unrated[unit]] = self.kept(np.array([self.plan.new_entrant]))[0]
        return asked

    def multiplier_asked(self, unit: Integers, year: int, losses: Losses, last: Floats, paid: Floats | None) -> Floats:
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
            cases=losses.cases,
            deaths=np.zeros(len(unit)) if losses.deaths is None else losses.deaths,
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
        clean = Losses(none, none, none, None)
        out, asked = np.empty((years + 1, len(begin))), np.ones((years, len(begin)))
        out[0] = begin
        for t in range(years):
            out[t] = np.where(rating.lives.age[t] == 1, plan.new_entrant, out[t])
            out[t + 1] = out[t]
            if rating.reviews(t):
                asked[t] = rating.multiplier_asked(unit, t, clean, none, rating.paid(t, unit, out.__getitem__))
                out[t + 1] = plan.moved(out[t], asked[t])
        return cls(out, rating.kept(out), rating.kept(asked))
