"""What a floating plan does in the long run, without simulation: steps of each unit year by year, equilibrium, off-balance, efficiency.

The distribution of a unit's ratio comes from its compound distribution; with the plan's limits on movement it makes a Markov chain of steps
(Loimaranta 1972, Some asymptotic properties of bonus systems; Norberg 1976, A credibility theory for automobile bonus systems).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.floating.compound import joint
from models.floating.plan import FloatingPlan, nearest
from models.floating.rules import Floats, Positions, StepRule, SurchargeRule
from models.floating.units import (
    Risks,
    asked_for,
    count_classes,
    counted_by,
    edges_of,
    expecting,
    grouped,
    inside,
    limited,
    limits_of,
    measures_at,
    too_small,
    unit,
    window_flow,
)
from models.messages import InputError, Message

SQUARINGS = 40
QUICK = 64
SETTLED = 1e-14
FINE = 400
"""Points of a loss at which a plan without steps is read."""
GROUPS = 120
"""Contractors that a plan without steps is read for, where there are more: groups of like size and load."""
MOST_COUNTS = 300


@dataclass(frozen=True)
class Chain:
    """The steps of each unit as a Markov chain: ``transitions`` (units, steps, steps), from row to column; ``start`` (steps,)."""

    steps: Floats
    transitions: Floats
    start: Floats

    def path(self, years: int) -> Floats:
        """Return the probability of each step at the start and after each year, shape (years + 1, units, steps)."""
        moves, now = self._moves(), self._entrants()
        out = np.empty((years + 1, *now.shape))
        out[0] = now
        for t in range(years):
            out[t + 1] = now = moves(now)
        return out.transpose(0, 2, 1)

    def equilibrium(self, near: Floats | None = None) -> Floats:
        """Return the long-run probability of each step from the start, shape (units, steps); ``near`` is any year of the path."""
        moves, now = self._moves(), self._entrants() if near is None else near.T
        for _ in range(QUICK):
            after = moves(now)
            if np.abs(after - now).max() < SETTLED:
                return after.T
            now = after
        # A chain that moves slowly: the lazy chain has the same equilibrium and no period; squared forty times it has run 10^12 years.
        power = (self.transitions + np.eye(len(self.steps))) / 2
        for _ in range(SQUARINGS):
            power = power @ power
            power /= power.sum(axis=2, keepdims=True)
        return np.asarray(np.einsum("s,ust->ut", self.start, power), dtype=np.float64)

    def _entrants(self) -> Floats:
        return np.repeat(self.start[:, None], len(self.transitions), axis=1)

    def _moves(self) -> Callable[[Floats], Floats]:
        """Return what carries probabilities (steps, units) one year on: a sum over long rows, for 20,000 small products of matrices are slow."""
        chance = np.ascontiguousarray(self.transitions.transpose(1, 2, 0))
        leads = chance.any(axis=2)

        def after(now: Floats) -> Floats:
            out = np.zeros_like(now)
            for i, to in zip(*np.nonzero(leads), strict=True):
                out[to] += now[i] * chance[i, to]
            return out

        return after


@dataclass(frozen=True)
class Analysis:
    """What a plan does to a portfolio; money in yuan a year.

    ``multiplier`` (units,) expected in equilibrium; ``path`` (years + 1, units) expected year by year; ``off_balance`` (years + 1,)
    premium / premium at base rate, and ``equilibrium_off_balance``; ``base_rate_multiplier`` restores the balance in equilibrium;
    ``money_moved_yuan`` passes between units in equilibrium after that correction; ``steps`` frame ``multiplier, premium_share``; ``notes``.
    """

    multiplier: Floats
    path: Floats
    off_balance: Floats
    equilibrium_off_balance: float
    base_rate_multiplier: float
    money_moved_yuan: float
    steps: pd.DataFrame
    notes: tuple[Message, ...] = ()


def targets(plan: FloatingPlan, risks: Risks) -> Floats:
    """Return the probability of each step that the plan asks for, by the step in force: (units, 1 or steps, steps).

    The middle length is 1 where the step in force does not matter (the ratio is to the base premium).
    """
    rule = plan.rule
    if not plan.steps or not isinstance(rule, StepRule):
        raise InputError(
            "The plan {plan} has no ladder of steps: its multipliers are analysed without a chain.", plan=plan.name
        )
    if plan.deaths or plan.columns:
        raise InputError(
            "The plan {plan} looks at deaths or grades, which the exact analysis does not know: simulate it.",
            plan=plan.name,
        )
    plan = expecting(plan, risks)
    ladder = np.array(plan.steps)
    edges = edges_of(plan)
    inner = inside([e for e, _ in edges])
    years = float(plan.window_years or 1)
    in_force = ladder if plan.ratio.denominator == "premium" else np.ones(1)
    factors, shares = window_flow(plan, risks)
    # cases and their cost are the same whatever the premium of the window: one distribution is read at the limits of every premium
    windows = [risks.with_premium(np.where(factor > 0, factor, 1.0)) for factor in factors.T]
    cuts, cases = count_classes(plan, risks)
    given = [limits_of(plan, window, multiplier, edges) for window in windows for multiplier in in_force]
    chances = iter(_at_each(risks.cases * years, risks.variance * years, limited(plan, risks), given, cuts))
    idle = np.eye(len(ladder))[nearest(ladder, np.array([plan.new_entrant]))]
    out = np.zeros((len(risks.cases), len(in_force), len(ladder)))
    for window, factor, share in zip(windows, factors.T, shares.T, strict=True):
        asked = asked_for(plan, window, inner, cases)
        where = nearest(ladder, asked.ravel()).reshape(asked.shape)
        for i in range(len(in_force)):
            leads = np.where((factor > 0)[:, None], _added(next(chances), where, len(ladder)), idle)
            out[:, i] += share[:, None] * leads
    return out


def _at_each(
    mean: Floats, variance: Floats, severity: Floats, given: list[Floats], cuts: NDArray[np.int64]
) -> list[Floats]:
    """Return P(count in class, loss in interval) for each of several sets of limits, from one computation at all of them."""
    if len(given) == 1 or not given[0].shape[1]:
        return [joint(mean, variance, severity, given[0], cuts)] * len(given)
    every = np.concatenate(given, axis=1)
    order = np.argsort(every, axis=1, kind="stable")
    chance = joint(mean, variance, severity, np.take_along_axis(every, order, axis=1), cuts)
    below = np.cumsum(chance, axis=2)
    back = np.argsort(order, axis=1, kind="stable")
    at = np.take_along_axis(below[:, :, :-1], np.broadcast_to(back[:, None, :], below[:, :, :-1].shape), axis=2)
    size = given[0].shape[1]
    first, whole = np.zeros((*at.shape[:2], 1)), below[:, :, -1:]
    return [
        np.diff(np.concatenate([first, at[:, :, i * size : (i + 1) * size], whole], axis=2), axis=2)
        for i in range(len(given))
    ]


def _added(chance: Floats, where: Positions, count: int) -> Floats:
    """Return chances (units, classes, intervals) added up by the step that each leads to (units or 1, classes, intervals)."""
    leads = (where[..., None] == np.arange(count)).astype(np.float64).reshape(len(where), -1, count)
    flat = chance.reshape(len(chance), -1)
    added: Floats = flat @ leads[0] if len(where) == 1 else np.matmul(flat[:, None, :], leads)[:, 0]
    return added


def chain(plan: FloatingPlan, risks: Risks) -> Chain:
    """Return the Markov chain of the steps of each unit under a plan, from the step of a new entrant."""
    asked = targets(plan, risks)
    ladder = np.array(plan.steps)
    units, given, count = asked.shape
    start = np.zeros(count)
    start[nearest(ladder, np.array([plan.new_entrant]))] = 1.0
    transitions = np.zeros((count, count, units)).transpose(2, 0, 1)
    small = too_small(plan, risks)
    for i in range(count):
        reached = nearest(ladder, plan.moved(np.full(count, ladder[i]), ladder))
        for s, to in enumerate(reached):
            transitions[:, i, to] += asked[:, min(i, given - 1), s]
    transitions /= transitions.sum(axis=2, keepdims=True)
    transitions[small] = start
    return Chain(ladder, transitions, start)


def analyse(plan: FloatingPlan, risks: Risks, years: int = 10) -> Analysis:
    """Return what a plan does to units in equilibrium and on the way there, from a start at the multiplier of new entrants.

    A plan without a ladder gives every year the distribution that its ratio asks for; a limit on the change of such a plan is refused.
    """
    notes: tuple[Message, ...] = ()
    base = risks.base_premium
    risks = replace(risks, grades={c: texts for c, texts in risks.grades.items() if c in plan.columns})
    if len(risks.grades) < len(plan.columns) and not isinstance(plan.rule, SurchargeRule):
        notes = (Message("{plan} looks at grades: units are analysed as if they had none.", {"plan": plan.name}),)
    if plan.steps and not plan.columns:
        found = chain(plan, risks)
        path = found.path(years)
        values, final, way = found.steps, found.equilibrium(path[-1]), path @ found.steps
        if not plan.movement.free and (plan.window_years or 1) > plan.review_years:
            notes = (
                Message(
                    "The windows of successive reviews of {plan} overlap: their ratios are taken as independent, so that its moves are approximate.",
                    {"plan": plan.name},
                ),
            )
        multiplier = final @ values
    else:
        if plan.ratio.denominator == "premium":
            notes += (
                Message(
                    "The ratio of {plan} is to premium paid; it is taken to premium at the base rate.",
                    {"plan": plan.name},
                ),
            )
        of, few = grouped(risks, GROUPS)
        values, final = multiplier_distribution(expecting(plan, risks), few)
        multiplier = (final * values).sum(axis=1)[of]
        way = np.vstack([np.full(len(multiplier), plan.new_entrant), *[multiplier] * years])
        base = np.bincount(of, risks.base_premium).astype(np.float64)
        if len(base) < len(of):
            notes += (Message("Contractors are taken in {groups} groups of like size.", {"groups": len(base)}),)
    total = float(risks.base_premium.sum())
    factor = float(multiplier @ risks.base_premium) / total
    weights = final * (base / total)[:, None]
    moved = float((np.abs(values / factor - 1.0) * weights).sum()) * total / 2
    if values.ndim == 1:
        steps = pd.DataFrame({"multiplier": values, "premium_share": weights.sum(axis=0)})
    else:
        shown = pd.DataFrame({"multiplier": np.round(values, 2).ravel(), "premium_share": weights.ravel()})
        steps = shown.groupby("multiplier")["premium_share"].sum().reset_index()
    return Analysis(multiplier, way, way @ risks.base_premium / total, factor, 1 / factor, moved, steps, notes)


def multiplier_distribution(plan: FloatingPlan, risks: Risks) -> tuple[Floats, Floats]:
    """Return multipliers and their probabilities, each (units, values), of a plan whose multiplier is not limited in its movement.

    A multiplier without steps is read at the middle of small intervals of the loss, so that its mean is exact to their width.
    """
    if not plan.movement.free:
        raise InputError("The plan {plan} limits movement: its multipliers are those of its chain.", plan=plan.name)
    if plan.deaths:
        raise InputError(
            "The plan {plan} looks at deaths, which the exact analysis does not know: simulate it.", plan=plan.name
        )
    plan = expecting(plan, risks)
    factors, shares = window_flow(plan, risks)
    values, weights = [], []
    for u, small in enumerate(too_small(plan, risks)):
        one, enrols = unit(risks, u), (factors[u] > 0) & ~small
        windows = [one.with_premium(np.array([factor])) for factor in factors[u][enrols]]
        rated = [np.zeros(0)]
        if windows:
            edges = np.concatenate([limits_of(plan, window, 1.0, edges_of(plan))[0] for window in windows])
            loss, count, chance = _outcomes(plan, one, count_classes(plan, one)[0][0], edges)
            rated = [plan.target(measures_at(plan, window, loss, count)) for window in windows]
            weights.append(np.concatenate([*np.outer(shares[u][enrols], chance), [shares[u][~enrols].sum()]]))
        else:
            weights.append(np.ones(1))
        values.append(np.concatenate([*rated, [plan.new_entrant]]))
    out = np.zeros((2, len(values), max(map(len, values))))
    for u, (value, weight) in enumerate(zip(values, weights, strict=True)):
        out[0, u] = value[-1]
        out[0, u, : len(value)], out[1, u, : len(value)] = value, weight
    return out[0], out[1]


def _outcomes(plan: FloatingPlan, one: Risks, cuts: NDArray[np.int64], edges: Floats) -> tuple[Floats, Floats, Floats]:
    """Return losses (yuan, in the window, as the plan counts them), numbers of cases and probabilities of one unit, in small intervals.

    ``cuts`` where a class of the number of cases begins; ``edges`` (grid points) where an interval must end.
    """
    years = float(plan.window_years or 1)
    severity = limited(plan, one)
    mean = one.cases[0] * years * float(severity @ np.arange(len(severity)))
    square = float(severity @ np.arange(len(severity), dtype=np.float64) ** 2)
    reach = mean + 12 * np.sqrt(one.variance[0] * years * square) + 16
    limits = np.unique(np.floor(np.concatenate([np.linspace(0.0, reach, FINE), edges])))
    limits = limits[limits >= 0][None, :]
    chance = joint(one.cases * years, one.variance * years, severity, limits, cuts[None, :])
    middle = np.concatenate([[0.0], (limits[0, 1:] + limits[0, :-1] + 1) / 2, [limits[0, -1]]]) * one.step_yuan
    cases = np.concatenate([[0.0], cuts])
    return np.tile(middle, chance.shape[1]), np.repeat(cases, len(middle)), chance.ravel()


def hiding_saves(plan: FloatingPlan, risks: Risks, amounts: Floats) -> Floats:
    """Return the premium, yuan, that each unit expects to save by hiding one case that costs each of ``amounts``: (units, amounts).

    The saving is that of one premium, before limits on movement; what else happens to the unit is as expected of it.
    """
    plan = expecting(plan, risks)
    if plan.deaths:
        plan = replace(plan, deaths=None)
    out = np.zeros((len(risks.cases), len(amounts)))
    small = too_small(plan, risks)
    for u in np.flatnonzero(~small).tolist():
        one = unit(risks, u)
        found, _ = count_classes(plan, one)
        # Every number of cases up to the last that matters is a class of its own: one case more or less is what is asked.
        most = int(min(found.max(initial=0), MOST_COUNTS))
        cuts = np.arange(1, most + 1 if most else 1)
        loss, count, chance = _outcomes(plan, one, cuts, limits_of(plan, one, 1.0, edges_of(plan))[0])
        hidden = plan.target(measures_at(plan, one, loss, count))
        for k, amount in enumerate(amounts):
            more = float(counted_by(plan, one, np.array([amount]))[0])
            shown = plan.target(measures_at(plan, one, loss + more, count + 1))
            out[u, k] = float(chance @ (shown - hidden)) * one.base_premium[0]
    return out


def efficiency(plan: FloatingPlan, risks: Risks, change: float = 0.01) -> Floats:
    """Return Loimaranta's efficiency of each unit (units,): per cent of expected multiplier for one per cent of frequency, in equilibrium."""
    fixed = expecting(plan, risks)
    up, down = (analyse(fixed, risks.riskier(1 + c), 0).multiplier for c in (change, -change))
    return np.asarray(np.log(up / down) / np.log((1 + change) / (1 - change)), dtype=np.float64)


def separation(plan: FloatingPlan, risks: Risks, factors: Floats, weights: Floats) -> Floats:
    """Return the share (units,) of the variance of a unit's multiplier that its true risk explains; the rest is luck.

    ``factors`` (k,) of the unit's frequency and their ``weights`` (k,) say how true risks differ among units of its size.
    """
    fixed = expecting(plan, risks)
    w = weights / weights.sum()
    means, squares = [], []
    for factor in factors:
        values, chance = _equilibrium(fixed, risks.riskier(float(factor)))
        means.append((values * chance).sum(axis=1))
        squares.append((values**2 * chance).sum(axis=1))
    overall = w @ np.array(means)
    between = w @ np.array(means) ** 2 - overall**2
    total = w @ np.array(squares) - overall**2
    return np.where(total > 1e-15, np.clip(between, 0.0, None) / np.where(total > 1e-15, total, 1.0), 0.0)


def _equilibrium(plan: FloatingPlan, risks: Risks) -> tuple[Floats, Floats]:
    """Return multipliers and their long-run probabilities, each (units, values)."""
    if not plan.steps or plan.columns:
        return multiplier_distribution(plan, risks)
    found = chain(plan, risks)
    final = found.equilibrium()
    return np.broadcast_to(found.steps, final.shape), final
