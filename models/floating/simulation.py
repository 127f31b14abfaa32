"""Contractors followed year by year under a plan, for what the chain cannot know: common shocks, entry and exit, hidden cases, safer work.

The accidents are drawn once (`models.floating.accidents`) and read again for every plan and every assumption. A contractor without any accident on a
path moves as its plan moves anyone without one: that way is worked out once for each contractor, and only the others are followed, block by block.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from models.floating.accidents import Accidents, Block, on_all_cores
from models.floating.compiled import (
    Bools,
    Integers,
    Places,
    Points,
    States,
    added,
    marked_below,
    premium_apart,
    summed,
    taken,
)
from models.floating.plan import FloatingPlan, nearest
from models.floating.reviewing import Calm, Lives, Losses, Rating
from models.floating.rules import Floats
from models.floating.units import expecting
from models.messages import InputError

FLOWS = ("premium", "base_premium", "outgo", "cases", "hidden_cases", "hidden_yuan")


@dataclass(frozen=True)
class Behaviour:
    """How contractors and years differ from the chain; every field is an assumption.

    ``frequency`` a factor on the number of accidents; ``elasticity`` per cent of accidents for one per cent of multiplier (−0.1: 10% more to pay, 1%
    fewer accidents); ``hiding`` the share of small cases that are not reported where hiding them pays; ``small_yuan`` the most that such a case costs;
    ``shock_cv`` coefficient of variation of a lognormal year common to all; ``turnover`` share of contractors replaced by new ones each year.
    """

    frequency: float = 1.0
    elasticity: float = 0.0
    hiding: float = 0.0
    small_yuan: float = 20_000.0
    shock_cv: float = 0.0
    turnover: float = 0.0

    def __post_init__(self) -> None:
        limits = {"hiding": (0, 1), "turnover": (0, 1), "shock_cv": (0, 1), "elasticity": (-5, 0)}
        for name, (low, high) in limits.items():
            value = getattr(self, name)
            if not low <= value <= high:
                raise InputError(
                    "{name} is {value}; it must be a number from {low} to {high}.", name=name, value=value, low=low, high=high
                )  # fmt: skip
        if not (self.frequency >= 0 and self.small_yuan >= 0):
            raise InputError("Frequency and small cases must not be negative.")


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
    seed : of who is replaced and whose premium comes in which year; the same on every path
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
    begin = np.full(len(risks.cases), plan.new_entrant) if start is None else np.asarray(start, dtype=np.float64)
    flow = np.ones((len(risks.cases), 1)) if risks.flow is None or plan.rating_unit == "project" else risks.flow
    lives = Lives.drawn(flow, accidents.years, accidents.history, behaviour.turnover, seed)
    rating = Rating(plan, risks, lives, window)
    calm = Calm.of(rating, begin, accidents.years)
    told = _Told.without_accidents(rating, calm, accidents.paths, trace)

    def followed(block: Block) -> _Told:
        own = told.blank()
        _Followed(rating, calm, accidents, block, behaviour, own).run()
        return own

    for own in on_all_cores(followed, accidents.blocks):
        told.add(own)
    return told.simulated()


@dataclass(frozen=True)
class _Told:
    """What has been told of the blocks so far: ``flows`` by name (years, paths); ``shares`` of base premium at each step (years + 1, paths, steps)."""

    flows: dict[str, Floats]
    ladder: Floats
    shares: Floats

    @classmethod
    def without_accidents(cls, rating: Rating, calm: Calm, paths: int, trace: bool) -> _Told:
        base = rating.charged
        flows = {name: np.zeros((len(base), paths)) for name in FLOWS}
        applied = calm.multipliers[1:] if rating.plan.bites == "retrospective" else calm.multipliers[:-1]
        flows["premium"] += np.einsum("tu,tu->t", base, applied)[:, None]
        flows["base_premium"] += base.sum(axis=1)[:, None]
        ladder = rating.ladder if trace else np.zeros(0)
        shares = np.zeros((len(base) + 1, paths, len(ladder)))
        if len(ladder):
            weight = rating.risks.base_premium / rating.risks.base_premium.sum()
            for t, now in enumerate(calm.multipliers):
                shares[t] += np.bincount(nearest(ladder, now), weight, len(ladder))
        return cls(flows, ladder, shares)

    def blank(self) -> _Told:
        """Return the same with nothing told yet."""
        return _Told(
            {name: np.zeros_like(values) for name, values in self.flows.items()},
            self.ladder,
            np.zeros_like(self.shares),
        )

    def add(self, other: _Told) -> None:
        """Add what has been told elsewhere."""
        for name, values in other.flows.items():
            self.flows[name] += values
        self.shares[...] += other.shares

    def simulated(self) -> Simulated:
        by_path = {name: np.ascontiguousarray(values.T) for name, values in self.flows.items()}
        steps, errors = self.shares.mean(axis=1), self.shares.std(axis=1) / np.sqrt(self.shares.shape[1])
        return Simulated(**by_path, ladder=self.ladder, steps=steps, step_errors=errors)


class _Cases(NamedTuple):
    """Some accidents of a block: row, point of the severity's grid, marks of hiding, and which are deaths (the last two None where nobody asks)."""

    row: Places
    point: Points
    hide: Floats | None
    dead: Bools | None

    def only(self, which: Integers) -> _Cases:
        """Return some of them."""
        hide, dead = (None if marks is None else taken(marks, which) for marks in (self.hide, self.dead))
        return _Cases(taken(self.row, which), taken(self.point, which), hide, dead)


@dataclass
class _Followed:
    """The rows of one block, followed through the years of one simulation."""

    rating: Rating
    calm: Calm
    drawn: Accidents
    block: Block
    behaviour: Behaviour
    told: _Told
    standing: dict[int, States] = field(default_factory=dict)
    losses: dict[int, Losses] = field(default_factory=dict)

    def run(self) -> None:
        """Follow the rows and tell what becomes of them."""
        rating, unit = self.rating, self.block.unit
        now = self.calm.standing[0][unit]
        for t in range(-self.drawn.history, self.drawn.years):
            if t >= 0:
                if not rating.lives.lasting:
                    now = np.where(rating.lives.age[t][unit] == 1, self.calm.standing[t][unit], now)
                self.standing[t] = now
                self._tell_steps(t, now)
            self.losses[t] = self._year(t)
            if t < 0:
                continue
            after = self._reviewed(t) if rating.reviews(t) else now
            if rating.plan.bites == "retrospective":
                self._charge(t, t + 1, after)
            else:
                self._charge(t, t, now)
            for kept in (self.losses, self.standing):
                kept.pop(t - rating.window + 1, None)
            now = after
        self._tell_steps(self.drawn.years, now)

    def _year(self, t: int) -> Losses:
        """Thin the accidents of a year, let small ones be hidden, tell outgo and cases, and return the losses by row."""
        drawn, block, behaviour, flows = self.drawn, self.block, self.behaviour, self.told.flows
        here, yuan = block.of_year(t + drawn.history), self.rating.worth.yuan
        cases = _Cases(
            block.row[here], block.point[here], block.hide[here] if behaviour.hiding else None, self._dead(here)
        )
        frequency = self._frequency(t)
        most, least = np.max(frequency, initial=0.0), np.min(frequency, initial=1.0)
        if most > drawn.headroom * (1 + 1e-9):
            raise InputError(
                "The accidents were drawn for up to {headroom} times the frequency; the scenario asks for {asked}.",
                headroom=drawn.headroom,
                asked=round(float(most), 3),
            )
        if drawn.headroom > 1 or least < 1:
            below = np.broadcast_to(frequency / drawn.headroom, len(block.unit)).copy()
            cases = cases.only(marked_below(block.keep[here], cases.row, below))
        losses = self._summed(cases)
        if t < 0:
            return losses
        if cases.hide is not None and self.rating.reviews(t):
            could = np.flatnonzero((yuan <= behaviour.small_yuan)[cases.point] & (cases.hide < behaviour.hiding))
            gone = np.zeros(len(cases.row), dtype=np.bool_)
            gone[could] = self._pays(t, losses, cases.only(could))
            hidden, number = summed(cases.row[gone], cases.point[gone], yuan, len(block.unit))
            flows["hidden_cases"][t] += added(block.path, number, drawn.paths)
            flows["hidden_yuan"][t] += added(block.path, hidden, drawn.paths)
            cases = cases.only(np.flatnonzero(~gone))
            losses = self._summed(cases)
        whole = self.rating.worth.loss is yuan
        cost = losses.loss if whole else summed(cases.row, cases.point, yuan, len(block.unit))[0]
        flows["outgo"][t] += added(block.path, cost, drawn.paths)
        flows["cases"][t] += added(block.path, losses.cases, drawn.paths)
        return losses

    def _dead(self, here: tuple[int, slice]) -> Bools | None:
        """Return which accidents are deaths, where the plan looks at them."""
        if self.rating.plan.deaths is None:
            return None
        fatal = self.rating.risks.fatal
        if fatal is None:
            raise InputError(
                "The plan {plan} looks at deaths, and it is not known which cases are deaths.",
                plan=self.rating.plan.name,
            )
        return np.asarray(self.block.die[here] < fatal[self.block.point[here]], dtype=np.bool_)

    def _summed(self, cases: _Cases) -> Losses:
        """Return what some cases cost each row."""
        return Losses.summed(cases.row, cases.point, self.rating.worth, cases.dead, len(self.block.unit))

    def _force(self, t: int, rows: Integers | slice) -> Floats:
        """Return the multipliers in force of rows in a year; before the first year, those of the first."""
        unit = self.block.unit[rows]
        force: Floats = self.calm.multipliers[max(t, 0)][unit]
        if t >= 0:
            standing = self.standing[t][rows]
            apart = standing != self.calm.standing[t][unit]
            force[apart] = self.rating.multiplier(standing[apart])
        return force

    def _frequency(self, t: int) -> Floats:
        """Return the frequency of accidents of each row relative to what is expected, (rows,) or for all (1,)."""
        drawn, behaviour, block = self.drawn, self.behaviour, self.block
        frequency = np.array([behaviour.frequency])
        if t >= 0 and behaviour.shock_cv:
            spread = np.sqrt(np.log1p(behaviour.shock_cv**2))
            frequency = frequency * np.exp(spread * drawn.shock[:, t + drawn.history] - spread**2 / 2)[block.path]
        if t >= 0 and behaviour.elasticity:
            frequency = frequency * self._force(t, slice(None)) ** behaviour.elasticity
        return frequency

    def _window(self, t: int, found: Losses) -> Losses:
        """Return the losses in the window that ends with a year whose own are ``found``."""
        for back in range(1, self.rating.window):
            there = 1 if self.rating.lives.lasting else back < self.rating.lives.age[t][self.block.unit]
            found = found.plus(self.losses[t - back], there)
        return found

    def _asked(self, t: int, rows: Integers | slice, window: Losses, year: Losses) -> States:
        """Return what rows are asked for at the end of a year, as it is kept, with these losses in the window and in the year."""
        unit = self.block.unit[rows]
        paid = self.rating.paid(t, unit, lambda year: self._force(year, rows))
        return self.rating.asked(unit, t, window.of(rows), year.loss[rows], paid)

    def _reviewed(self, t: int) -> States:
        """Return what the rows stand at after the review of a year."""
        year = self.losses[t]
        window = self._window(t, year)
        if self.rating.clean_alike and self.rating.table is None:
            rows, asked = np.flatnonzero(window.cases > 0), self.calm.asked[t][self.block.unit]
            asked[rows] = self._asked(t, rows, window, year)
        else:
            asked = self._asked(t, slice(None), window, year)
        return self.rating.moved(self.standing[t], asked)

    def _pays(self, t: int, year: Losses, cases: _Cases) -> Bools:
        """Return for which of a year's small cases hiding pays: the contractor saves more premium by hiding them all than they cost.

        ``year`` losses with them. The saving is that of one year's premium.
        """
        small = self._summed(cases)
        rows = np.flatnonzero(small.cases > 0)
        silent = year.plus(small, -1)
        before = self.standing[t][rows]
        honest, quiet = (
            self.rating.multiplier(self.rating.moved(before, self._asked(t, rows, self._window(t, losses), losses)))
            for losses in (year, silent)
        )
        saved = np.zeros(len(self.block.unit))
        saved[rows] = (honest - quiet) * self.rating.risks.base_premium[self.block.unit[rows]]
        cost, _ = summed(cases.row, cases.point, self.rating.worth.yuan, len(saved))
        return np.asarray((saved > cost)[cases.row], dtype=np.bool_)

    def _charge(self, t: int, at: int, standing: States) -> None:
        """Tell the premium of a year, charged at the multipliers of year ``at``, of rows that stand apart from the calm way."""
        rating, calm, block = self.rating, self.calm, self.block
        self.told.flows["premium"][t] += premium_apart(
            block.path, block.unit, standing, calm.standing[at], rating.multiplier(standing), calm.multipliers[at], rating.charged[t], self.drawn.paths
        )  # fmt: skip

    def _tell_steps(self, t: int, standing: States) -> None:
        """Tell how the shares of base premium at each step differ from the calm way, for rows apart from it."""
        ladder, base = self.told.ladder, self.rating.risks.base_premium
        if not len(ladder):
            return
        apart = np.flatnonzero(standing != self.calm.standing[t][self.block.unit])
        unit, first = self.block.unit[apart], self.block.path[apart] * len(ladder)
        for sign, multipliers in (
            (1.0, self.rating.multiplier(standing[apart])),
            (-1.0, self.calm.multipliers[t][unit]),
        ):
            at, weight = first + nearest(ladder, multipliers), base[unit] * (sign / base.sum())
            self.told.shares[t] += np.bincount(at, weight, self.told.shares[t].size).reshape(-1, len(ladder))
