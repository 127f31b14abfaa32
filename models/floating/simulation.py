"""Contractors followed year by year under a plan, for what the chain cannot know: common shocks, entry and exit, hidden cases, safer work.

The accidents are drawn once (`models.floating.accidents`) and read again for every plan and every assumption. A contractor without an accident on a
path moves as its plan moves anyone without one: that way is worked out once for each contractor, and only those apart from it are followed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from models.floating.accidents import Accidents, Integers, Places
from models.floating.measuring import form
from models.floating.plan import FloatingPlan, nearest
from models.floating.rules import Floats, ModificationRule
from models.floating.units import Risks, expecting, too_small
from models.messages import InputError

Bools = NDArray[np.bool_]

FLOWS = ("premium", "base_premium", "outgo", "cases", "hidden_cases", "hidden_yuan")


@dataclass(frozen=True)
class Behaviour:
    """How contractors and years differ from the chain; every field is an assumption.

    ``frequency`` a factor on the number of accidents; ``elasticity`` per cent of accidents for one per cent of multiplier (−0.1: 10% more to pay, 1%
    fewer accidents); ``hiding`` the share of small cases that are not reported where hiding them pays; ``small_yuan`` the most that such a case costs;
    ``shock_cv`` coefficient of variation of a lognormal year common to all; ``turnover`` share of contractors replaced by new ones each year;
    ``projects`` new projects of a contractor a year (infinite: premium flows every year alike; else it is charged in the years with a new project).
    """

    frequency: float = 1.0
    elasticity: float = 0.0
    hiding: float = 0.0
    small_yuan: float = 20_000.0
    shock_cv: float = 0.0
    turnover: float = 0.0
    projects: float = np.inf

    def __post_init__(self) -> None:
        limits = {"hiding": (0, 1), "turnover": (0, 1), "shock_cv": (0, 1), "elasticity": (-5, 0)}
        for name, (low, high) in limits.items():
            value = getattr(self, name)
            if not low <= value <= high:
                raise InputError(
                    "{name} is {value}; it must be a number from {low} to {high}.", name=name, value=value, low=low, high=high
                )  # fmt: skip
        if not (self.frequency >= 0 and self.projects > 0 and self.small_yuan >= 0):
            raise InputError("Frequency and small cases must not be negative, and projects a year must be above 0.")


@dataclass(frozen=True)
class Simulated:
    """What came of a plan, by path and year: arrays (paths, years) in yuan and cases.

    ``premium`` charged and ``base_premium`` what the base rate would have charged; ``outgo`` the cost of reported cases of the year; ``cases`` reported;
    ``hidden_cases`` and ``hidden_yuan`` not reported; ``ladder`` (steps,) and ``steps`` (years + 1, steps) mean share of base premium at each step in
    force at the start of each year and after the last, ``step_errors`` their standard errors (empty without a trace, or for a plan without a ladder).
    """

    premium: Floats
    base_premium: Floats
    outgo: Floats
    cases: Floats
    hidden_cases: Floats
    hidden_yuan: Floats
    ladder: Floats
    steps: Floats
    step_errors: Floats

    @property
    def factor(self) -> Floats:
        """Premium after floating ÷ premium at the base rate, (paths, years)."""
        return np.divide(self.premium, self.base_premium, out=np.ones_like(self.premium), where=self.base_premium > 0)


def simulate(
    plan: FloatingPlan,
    accidents: Accidents,
    behaviour: Behaviour | None = None,
    start: Floats | None = None,
    seed: int = 0,
    trace: bool = False,
) -> Simulated:
    """Return what a plan does to contractors whose accidents are drawn.

    Parameters
    ----------
    start : (units,) multipliers in force in the first year; None: those of new entrants
    seed : of who is replaced and who has a new project in which year; the same on every path
    trace : whether to note the shares of the steps

    Raises
    ------
    InputError
        The accidents were drawn with too little headroom for the frequencies that the behaviour asks for, or with too short a history.
    """
    behaviour = behaviour or Behaviour()
    risks, plan = accidents.risks, expecting(plan, accidents.risks)
    window = plan.window_years or 1
    if accidents.history < window - 1:
        raise InputError(
            "The plan {plan} looks back over {years} years; the accidents begin too late.", plan=plan.name, years=window
        )
    lives = _Lives.drawn(len(risks.cases), accidents.years, behaviour, seed)
    begin = np.full(len(risks.cases), plan.new_entrant) if start is None else np.asarray(start, dtype=np.float64)
    rating = _Rating(plan, risks, lives, window)
    return _Followed(rating, accidents, behaviour, rating.calm(begin, accidents.years)).run(trace)


@dataclass(frozen=True)
class _Lives:
    """Who is new and who has a new project in each year; the same on every path.

    ``age`` (years, units) years of experience at the end of each year (large for those here from the start); ``charged`` (years, units) premium charged
    relative to an even flow; ``lasting``: nobody is replaced.
    """

    age: Integers
    charged: Floats
    lasting: bool

    @classmethod
    def drawn(cls, units: int, years: int, behaviour: Behaviour, seed: int) -> _Lives:
        one, other = (np.random.default_rng(s) for s in np.random.SeedSequence(seed).spawn(2))
        fresh = one.random((years, units)) < behaviour.turnover
        age, now = np.empty((years, units), dtype=np.int64), np.full(units, 10**6)
        for t in range(years):
            now = np.where(fresh[t], 1, now + 1)
            age[t] = now
        charged = np.ones((years, units))
        if np.isfinite(behaviour.projects):
            chance = -np.expm1(-behaviour.projects)
            charged = (other.random((years, units)) < chance) / chance
        return cls(age, charged, behaviour.turnover == 0)


@dataclass(frozen=True)
class _Losses:
    """What a year's accidents cost some rows, in rising order of ``row``: loss and primary loss as the plan counts them, number of cases."""

    row: Places
    loss: Floats
    primary: Floats
    cases: Floats

    @classmethod
    def summed(cls, row: Places, loss: Floats, primary: Floats) -> _Losses:
        """Return the sums by row; ``row`` must rise."""
        if not len(row):
            return cls(row, loss, primary, loss)
        starts = np.flatnonzero(np.concatenate([[True], row[1:] != row[:-1]]))
        count = np.diff(starts, append=len(row)).astype(np.float64)
        added = np.add.reduceat(loss, starts)
        return cls(row[starts], added, added if primary is loss else np.add.reduceat(primary, starts), count)


@dataclass(frozen=True)
class _Standing:
    """Rows that stand apart from the calm way, in rising order, and the multiplier in force of each."""

    row: Places
    force: Floats


@dataclass(frozen=True)
class _Rating:
    """A plan's rule applied to units at the end of a year."""

    plan: FloatingPlan
    risks: Risks
    lives: _Lives
    window: int
    small: Bools = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "small", too_small(self.plan, self.risks))

    @property
    def forgets(self) -> bool:
        """Whether a row without a case in its window stands again where it would have stood without any."""
        ratio = self.plan.ratio
        return self.plan.movement.free and (ratio.denominator == "base_premium" or ratio.credibility_yuan == 0)

    def reviews(self, year: int) -> bool:
        """Whether the plan reviews multipliers at the end of a year."""
        return (year + 1) % self.plan.review_years == 0

    def next(
        self, unit: Places, year: int, losses: tuple[Floats, ...], last: Floats, paid: Floats, force: Floats
    ) -> Floats:
        """Return the multipliers after the review at the end of a year.

        ``losses`` loss, primary loss and cases in the window, ``last`` loss of the year, ``paid`` premium in the window, ``force`` multipliers in force.
        """
        plan, base = self.plan, self.risks.base_premium[unit]
        age = self.lives.age[year][unit]
        seen = np.minimum(age, self.window)
        premium = base * seen if plan.ratio.denominator == "base_premium" else paid
        exposure = self.risks.exposure[unit] * seen
        measures = form(
            plan.ratio,
            loss=losses[0],
            premium=premium * plan.ratio.premium_factor,
            base=base * seen,
            primary=losses[1],
            cases=losses[2],
            deaths=np.zeros(len(unit)),
            exposure=exposure,
            persons=exposure / float(self.window) / (plan.yuan_per_person or np.inf),
            last_loss=last,
            last_base=base,
            years=float(self.window),
            texts=dict.fromkeys(plan.columns, np.full(len(unit), "", dtype=object)) if plan.columns else {},
        )
        asked = np.where(self.small[unit] | (age < plan.minimum.years), plan.new_entrant, plan.target(measures))
        return plan.moved(force, asked)

    def calm(self, begin: Floats, years: int) -> Floats:
        """Return the multipliers in force in each year and after the last, (years + 1, units), of units without any accident."""
        unit, none = np.arange(len(begin), dtype=np.int32), np.zeros(len(begin))
        out = np.empty((years + 1, len(begin)))
        out[0] = begin
        for t in range(years):
            out[t] = np.where(self.lives.age[t] == 1, self.plan.new_entrant, out[t])
            out[t + 1] = out[t]
            if self.reviews(t):
                paid = self.risks.base_premium * self.in_window(t, unit, lambda s: out[max(s, 0)])
                out[t + 1] = self.next(unit, t, (none, none, none), none, paid, out[t])
        return out

    def in_window(self, year: int, unit: Places, of: Callable[[int], Floats]) -> Floats:
        """Return the sum of a quantity over the years of the window in which the contractor was there."""
        age = self.lives.age[year][unit]
        return np.asarray(sum(of(year - back) * (back < age) for back in range(self.window)))


@dataclass
class _Followed:
    """The rows apart from the calm way, followed through the years of one simulation."""

    rating: _Rating
    drawn: Accidents
    behaviour: Behaviour
    calm: Floats

    def run(self, trace: bool) -> Simulated:
        drawn, plan, lives = self.drawn, self.rating.plan, self.rating.lives
        self.place = np.zeros(len(drawn.unit), dtype=np.int32)
        self.mark = np.zeros(len(drawn.unit), dtype=np.bool_)
        base, ladder = drawn.risks.base_premium, np.array(plan.steps if trace else ())
        out = {name: np.zeros((drawn.years, drawn.paths)) for name in FLOWS}
        steps, errors = np.zeros((2, drawn.years + 1, len(ladder)))
        nobody = _Standing(np.zeros(0, dtype=np.int32), np.zeros(0))
        self.standing: dict[int, _Standing] = {}
        self.losses: dict[int, _Losses] = {}
        now = nobody
        for t in range(-drawn.history, drawn.years):
            if t >= 0:
                if not lives.lasting:
                    here = lives.age[t, drawn.unit[now.row]] > 1
                    now = _Standing(now.row[here], now.force[here])
                self._stand(steps, errors, t, now, ladder)
                self.standing[t] = now
            self._year(t, out)
            if t < 0:
                continue
            after = self._reviewed(t) if self.rating.reviews(t) else now
            applied, at = (after, t + 1) if plan.bites == "retrospective" else (now, t)
            weight = base * lives.charged[t]
            unit = drawn.unit[applied.row]
            apart = weight[unit] * (applied.force - self.calm[at][unit])
            out["premium"][t] = weight @ self.calm[at] + np.bincount(drawn.path[applied.row], apart, drawn.paths)
            out["base_premium"][t] = weight.sum()
            now = after
        self._stand(steps, errors, drawn.years, now, ladder)
        by_path = {name: np.ascontiguousarray(values.T) for name, values in out.items()}
        return Simulated(**by_path, ladder=ladder, steps=steps, step_errors=errors)

    def _year(self, t: int, out: dict[str, Floats]) -> None:
        """Thin the accidents of a year, let small ones be hidden, and note losses by row."""
        drawn, behaviour = self.drawn, self.behaviour
        here = drawn.of_year(t + drawn.history)
        row, amount = drawn.row[here], drawn.amount[here]
        hide = drawn.hide[here] if behaviour.hiding else amount
        chance = self._chance(t, row)
        if np.max(chance, initial=0.0) > drawn.headroom * (1 + 1e-9):
            raise InputError(
                "The accidents were drawn for up to {headroom} times the frequency; the scenario asks for {asked}.",
                headroom=drawn.headroom,
                asked=round(float(np.max(chance)), 3),
            )
        if drawn.headroom > 1 or np.min(chance, initial=1.0) < 1:
            happened = drawn.keep[here] * drawn.headroom < chance
            row, amount, hide = row[happened], amount[happened], hide[happened]
        loss, primary = _counted(self.rating.plan, amount)
        self.losses[t] = _Losses.summed(row, loss, primary)
        self.losses.pop(t - self.rating.window, None)
        if t < 0:
            return
        if behaviour.hiding and self.rating.reviews(t):
            could = (amount <= behaviour.small_yuan) & (hide < behaviour.hiding)
            gone = np.flatnonzero(could)[self._pays(t, row[could], amount[could], loss[could], primary[could])]
            out["hidden_cases"][t] = np.bincount(drawn.path[row[gone]], minlength=drawn.paths)
            out["hidden_yuan"][t] = np.bincount(drawn.path[row[gone]], amount[gone], drawn.paths)
            kept = np.ones(len(row), dtype=bool)
            kept[gone] = False
            row, amount = row[kept], amount[kept]
            self.losses[t] = _Losses.summed(row, loss[kept], primary[kept])
        path = drawn.path[row]
        out["outgo"][t] = np.bincount(path, amount, drawn.paths)
        out["cases"][t] = np.bincount(path, minlength=drawn.paths)

    def _find(self, row: Places, rows: Places) -> tuple[Integers, Bools]:
        """Return where ``rows`` stand in ``row``, which holds none twice, and whether they are in it at all."""
        self.place[row] = np.arange(len(row), dtype=np.int32)
        at = np.minimum(self.place[rows], len(row) - 1)
        return at, row[at] == rows

    def _force(self, t: int, rows: Places) -> Floats:
        """Return the multipliers in force of rows in a year; before the first year, those of the first."""
        now = self.standing[max(t, 0)]
        calm: Floats = self.calm[max(t, 0)][self.drawn.unit[rows]]
        if not len(now.row):
            return calm
        at, apart = self._find(now.row, rows)
        calm[apart] = now.force[at[apart]]
        return calm

    def _chance(self, t: int, row: Places) -> Floats | float:
        """Return the frequency of each accident's row relative to what is expected."""
        drawn, behaviour = self.drawn, self.behaviour
        chance: Floats | float = behaviour.frequency
        if t >= 0 and behaviour.shock_cv:
            spread = np.sqrt(np.log1p(behaviour.shock_cv**2))
            shock = np.exp(spread * drawn.shock[:, t + drawn.history] - spread**2 / 2)
            chance = chance * shock[drawn.path[row]]
        if t >= 0 and behaviour.elasticity:
            chance = chance * self._force(t, row) ** behaviour.elasticity
        return chance

    def _window(self, t: int, rows: Places) -> tuple[tuple[Floats, ...], Floats, Floats]:
        """Return loss, primary loss and cases of rows in the window, their loss of the year, and their premium in the window."""
        held = self.losses[t]
        if held.row is rows and self.rating.window == 1 and self.rating.plan.ratio.denominator == "base_premium":
            return (held.loss, held.primary, held.cases), held.loss, held.loss
        unit, sums, last = self.drawn.unit[rows], np.zeros((3, len(rows))), np.zeros(len(rows))
        age = self.rating.lives.age[t][unit]
        for back in range(self.rating.window):
            held = self.losses[t - back]
            if not len(held.row):
                continue
            at, inside = self._find(rows, held.row)
            inside &= back < age[at]
            at = at[inside]
            for total, values in zip(sums, (held.loss, held.primary, held.cases), strict=True):
                total[at] += values[inside]
            if back == 0:
                last = sums[0].copy()
        if self.rating.plan.ratio.denominator == "base_premium":
            return (*sums,), last, last
        paid = self.rating.in_window(t, unit, lambda year: self._force(year, rows))
        return (*sums,), last, self.drawn.risks.base_premium[unit] * paid

    def _next(self, t: int, rows: Places) -> Floats:
        losses, last, paid = self._window(t, rows)
        unit = self.drawn.unit[rows]
        return self.rating.next(unit, t, losses, last, paid, self._force(t, rows))

    def _reviewed(self, t: int) -> _Standing:
        """Return who stands apart after the review of a year."""
        years = range(t - self.rating.window + 1, t + 1)
        found = [self.losses[s].row for s in years]
        if not self.rating.forgets:
            found += [self.standing[s].row for s in years if s in self.standing]
        rows = found[0]
        if len(found) > 1:
            for one in found:
                self.mark[one] = True
            rows = np.flatnonzero(self.mark).astype(np.int32)
            self.mark[rows] = False
        after = self._next(t, rows)
        apart = after != self.calm[t + 1][self.drawn.unit[rows]]
        return _Standing(rows[apart], after[apart])

    def _pays(self, t: int, row: Places, amount: Floats, loss: Floats, primary: Floats) -> Bools:
        """Return for which of a year's small cases hiding pays: the contractor saves more premium by hiding them all than they cost.

        The saving is that of one year's premium.
        """
        if not len(row):
            return np.zeros(0, dtype=np.bool_)
        small = _Losses.summed(row, loss, primary)
        honest, seen = self._next(t, small.row), self.losses[t]
        at, _ = self._find(seen.row, small.row)
        silent = [values.copy() for values in (seen.loss, seen.primary, seen.cases)]
        for values, part in zip(silent, (small.loss, small.primary, small.cases), strict=True):
            values[at] -= part
        self.losses[t] = _Losses(seen.row, *silent)
        saved = (honest - self._next(t, small.row)) * self.drawn.risks.base_premium[self.drawn.unit[small.row]]
        self.losses[t] = seen
        back, _ = self._find(small.row, row)
        return np.asarray((saved > np.bincount(back, amount, len(small.row)))[back], dtype=np.bool_)

    def _stand(self, steps: Floats, errors: Floats, t: int, now: _Standing, ladder: Floats) -> None:
        """Write the mean share of base premium at each step, and its standard error over paths, into row ``t``."""
        if not len(ladder):
            return
        drawn, count = self.drawn, len(ladder)
        weight = drawn.risks.base_premium / drawn.risks.base_premium.sum()
        unit, first = drawn.unit[now.row], drawn.path[now.row] * count
        calm = nearest(ladder, self.calm[t])
        share = np.bincount(first + nearest(ladder, now.force), weight[unit], drawn.paths * count)
        share -= np.bincount(first + calm[unit], weight[unit], drawn.paths * count)
        by_path = share.reshape(-1, count) + np.bincount(calm, weight, count)
        steps[t], errors[t] = by_path.mean(axis=0), by_path.std(axis=0) / np.sqrt(drawn.paths)


def _counted(plan: FloatingPlan, amount: Floats) -> tuple[Floats, Floats]:
    """Return what each case counts under the plan, and its part below the split point."""
    limit = plan.ratio.claim_limit_yuan
    loss = amount if limit is None else np.minimum(amount, limit)
    return loss, np.minimum(loss, plan.rule.split) if isinstance(plan.rule, ModificationRule) else loss
