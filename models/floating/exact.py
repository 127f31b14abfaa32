"""What a floating plan does in the long run, without simulation: steps of each unit year by year, equilibrium, off-balance, efficiency.

The distribution of a unit's ratio comes from its compound distribution; with the plan's limits on movement it makes a Markov chain of steps
(Loimaranta 1972, Some asymptotic properties of bonus systems; Norberg 1976, A credibility theory for automobile bonus systems).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.floating.compound import GRID_EDGE, Integers, joint, onto_grid
from models.floating.measuring import form
from models.floating.plan import FloatingPlan, nearest
from models.floating.rules import Floats, Measures, ModificationRule, StepRule, SurchargeRule
from models.messages import InputError, Message

SQUARINGS = 40
QUICK = 64
SETTLED = 1e-14
FINE = 400
"""Points of a loss at which a plan without steps is read."""


@dataclass(frozen=True)
class Risks:
    """Units as the plan rates them (contractors, projects, areas, or one for each size class); arrays (units,), a year.

    ``base_premium`` and ``exposure`` in yuan; ``cases`` expected number and ``variance`` its variance (at least the mean: Poisson or negative
    binomial); ``severity`` (points,) probabilities that one case costs 0, 1, 2, … times ``step_yuan``.
    """

    base_premium: Floats
    exposure: Floats
    cases: Floats
    variance: Floats
    severity: Floats
    step_yuan: float

    def __post_init__(self) -> None:
        sizes = {len(a) for a in (self.base_premium, self.exposure, self.cases, self.variance)}
        if len(sizes) != 1 or 0 in sizes or self.step_yuan <= 0:
            raise InputError(
                "Base premium, exposure, cases and variance must be given for the same units, and the grid step must be positive."
            )
        if not abs(float(self.severity.sum()) - 1.0) < 1e-6 or (self.severity < -1e-12).any():
            raise InputError(
                "The severity must be probabilities that add up to one, not {total}.", total=float(self.severity.sum())
            )
        if not (self.base_premium > 0).all() or (self.cases < 0).any():
            raise InputError("Every unit needs a positive base premium and a number of cases not below zero.")

    @property
    def case_cost(self) -> float:
        """Expected cost of one case, yuan."""
        return float(self.severity @ np.arange(len(self.severity))) * self.step_yuan

    def riskier(self, factor: float) -> Risks:
        """Return the units with ``factor`` times the frequency: the Poisson part of the variance grows with it, the rest with its square."""
        variance = factor * self.cases + factor**2 * (self.variance - self.cases)
        return replace(self, cases=self.cases * factor, variance=variance)


@dataclass(frozen=True)
class Chain:
    """The steps of each unit as a Markov chain: ``transitions`` (units, steps, steps), from row to column; ``start`` (steps,)."""

    steps: Floats
    transitions: Floats
    start: Floats

    def path(self, years: int) -> Floats:
        """Return the probability of each step at the start and after each year, shape (years + 1, units, steps)."""
        out = np.empty((years + 1, *self.transitions.shape[:2]))
        out[0] = self.start
        for t in range(years):
            out[t + 1] = np.matmul(out[t][:, None, :], self.transitions)[:, 0]
        return out

    def equilibrium(self, near: Floats | None = None) -> Floats:
        """Return the long-run probability of each step from the start, shape (units, steps); ``near`` is any year of the path."""
        now = np.broadcast_to(self.start, self.transitions.shape[:2]) if near is None else near
        for _ in range(QUICK):
            after: Floats = np.matmul(now[:, None, :], self.transitions)[:, 0]
            if np.abs(after - now).max() < SETTLED:
                return after
            now = after
        # A chain that moves slowly: the lazy chain has the same equilibrium and no period; squared forty times it has run 10^12 years.
        power = (self.transitions + np.eye(len(self.steps))) / 2
        for _ in range(SQUARINGS):
            power = power @ power
            power /= power.sum(axis=2, keepdims=True)
        return np.asarray(np.einsum("s,ust->ut", self.start, power), dtype=np.float64)


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
    edges = _edges(plan)
    inner = _inside([e for e, _ in edges])
    years = float(plan.window_years or 1)
    severity = _limited(plan, risks)
    cuts, cases = _count_classes(plan, risks)
    in_force = ladder if plan.ratio.denominator == "premium" else np.ones(1)
    asked = _asked(plan, risks, inner, cases)
    where = nearest(ladder, asked.ravel()).reshape(asked.shape)
    out = np.zeros((len(risks.cases), len(in_force), len(ladder)))
    for i, multiplier in enumerate(in_force):
        limits = _limits(plan, risks, multiplier, edges)
        chance = joint(risks.cases * years, risks.variance * years, severity, limits, cuts)
        out[:, i] = _added(chance, where, len(ladder))
    return out


def _added(chance: Floats, where: NDArray[np.intp], count: int) -> Floats:
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
    transitions = np.zeros((units, count, count))
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
    if plan.columns and not isinstance(plan.rule, SurchargeRule):
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
        values, final = multiplier_distribution(plan, risks)
        multiplier = (final * values).sum(axis=1)
        way = np.vstack([np.full(len(multiplier), plan.new_entrant), *[multiplier] * years])
    total = float(risks.base_premium.sum())
    factor = float(multiplier @ risks.base_premium) / total
    weights = final * (risks.base_premium / total)[:, None]
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
    years = float(plan.window_years or 1)
    units = len(risks.cases)
    cuts, cases = _count_classes(plan, risks)
    values, weights = [], []
    for u in range(units):
        one = _unit(risks, u)
        severity = _limited(plan, one)
        mean = one.cases[0] * years * float(severity @ np.arange(len(severity)))
        square = float(severity @ np.arange(len(severity), dtype=np.float64) ** 2)
        reach = mean + 12 * np.sqrt(one.variance[0] * years * square) + 16
        limits = np.unique(
            np.floor(np.concatenate([np.linspace(0.0, reach, FINE), _limits(plan, one, 1.0, _edges(plan))[0]]))
        )
        limits = limits[limits >= 0][None, :]
        chance = joint(one.cases * years, one.variance * years, severity, limits, cuts[u : u + 1])
        middle = np.concatenate([[0.0], (limits[0, 1:] + limits[0, :-1] + 1) / 2, [limits[0, -1]]]) * risks.step_yuan
        measures = _measures(plan, one, np.tile(middle, chance.shape[1]), np.repeat(cases[u], len(middle)))
        values.append(
            plan.target(measures) if not too_small(plan, one)[0] else np.full(chance[0].size, plan.new_entrant)
        )
        weights.append(chance.ravel())
    out = np.zeros((2, units, max(map(len, values))))
    for u, (value, weight) in enumerate(zip(values, weights, strict=True)):
        out[0, u] = value[-1]
        out[0, u, : len(value)], out[1, u, : len(value)] = value, weight
    return out[0], out[1]


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


def expecting(plan: FloatingPlan, risks: Risks) -> FloatingPlan:
    """Return the plan with the portfolio's average ratio (and primary share) fixed at what is expected of the units."""
    ratio, rule = plan.ratio, plan.rule
    amounts = np.arange(len(risks.severity)) * risks.step_yuan
    limited = amounts if ratio.claim_limit_yuan is None else np.minimum(amounts, ratio.claim_limit_yuan)
    cost = float(risks.severity @ limited)
    if ratio.average is None:
        ratio = replace(ratio, average=float(risks.cases.sum()) * cost / float(risks.base_premium.sum()))
    if isinstance(rule, ModificationRule) and rule.primary_share is None:
        share = float(risks.severity @ np.minimum(limited, rule.split)) / cost if cost > 0 else 1.0
        rule = replace(rule, primary_share=share)
    return replace(plan, ratio=ratio, rule=rule)


def too_small(plan: FloatingPlan, risks: Risks) -> NDArray[np.bool_]:
    """Return which units (units,) are below the plan's minimum size."""
    sizes = [(risks.exposure, plan.minimum.exposure_yuan), (risks.base_premium, plan.minimum.base_premium_yuan)]
    large = [size >= limit for size, limit in sizes if limit is not None]
    return ~np.any(large, axis=0) if large else np.zeros(len(risks.cases), dtype=bool)


def _equilibrium(plan: FloatingPlan, risks: Risks) -> tuple[Floats, Floats]:
    """Return multipliers and their long-run probabilities, each (units, values)."""
    if not plan.steps or plan.columns:
        return multiplier_distribution(plan, risks)
    found = chain(plan, risks)
    final = found.equilibrium()
    return np.broadcast_to(found.steps, final.shape), final


def _unit(risks: Risks, u: int) -> Risks:
    at = slice(u, u + 1)
    return replace(
        risks,
        base_premium=risks.base_premium[at],
        exposure=risks.exposure[at],
        cases=risks.cases[at],
        variance=risks.variance[at],
    )


def _limited(plan: FloatingPlan, risks: Risks) -> Floats:
    """Return the severity, on the grid, of what one case counts under the plan (for a modification: of the first unit)."""
    amounts = np.arange(len(risks.severity), dtype=np.float64) * risks.step_yuan
    limit = plan.ratio.claim_limit_yuan
    counted: Floats = amounts if limit is None else np.minimum(amounts, limit)
    if isinstance(plan.rule, ModificationRule):
        years = float(plan.window_years or 1)
        weight = plan.rule.constants((plan.ratio.average or 0.0) * risks.base_premium[:1] * years)[0][0]
        primary = np.minimum(counted, plan.rule.split)
        counted = np.asarray(primary + weight * (counted - primary), dtype=np.float64)
    return risks.severity if counted is amounts else onto_grid(risks.severity, counted / risks.step_yuan)


def _edges(plan: FloatingPlan) -> list[tuple[float, bool]]:
    """Return the edges of the ratio at which the plan may ask for something else, each with whether it belongs to the band above."""
    if not isinstance(plan.rule, StepRule):
        return []
    found = {
        (e, not c.bands.upper_inclusive)
        for c in plan.rule.criteria
        if c.measure == "ratio" and c.bands
        for e in c.bands.edges
    }
    if plan.rule.recoup:
        found.add((plan.rule.recoup.ratio_above, False))
    return sorted(found)


def _limits(plan: FloatingPlan, risks: Risks, multiplier: float, edges: list[tuple[float, bool]]) -> Floats:
    """Return the last grid point of the loss below each edge of the ratio, shape (units, edges)."""
    ratio, years = plan.ratio, float(plan.window_years or 1)
    premium = (risks.base_premium * multiplier * ratio.premium_factor * years)[:, None]
    average = ratio.average or 0.0
    at = np.array([e for e, _ in edges]) * (average if ratio.relative else 1.0)
    loss = at * (premium + ratio.credibility_yuan) - ratio.credibility_yuan * average
    points = loss / risks.step_yuan
    below = np.array([exclusive for _, exclusive in edges], dtype=bool)
    # An edge that belongs to the upper band takes its own grid point away from the lower one.
    whole = np.abs(points - np.round(points)) < GRID_EDGE * np.maximum(1.0, np.abs(points))
    return np.maximum(np.where(below & whole, np.round(points) - 1, points), -1.0)


def _count_classes(plan: FloatingPlan, risks: Risks) -> tuple[Integers, Floats]:
    """Return where the number of cases changes what the plan asks for (units, classes - 1), and a count of each class (units, classes)."""
    rule, years = plan.rule, float(plan.window_years or 1)
    cuts: list[Floats] = []
    criteria = rule.criteria if isinstance(rule, StepRule) else ()
    if any(c.when != "always" for c in criteria) or (plan.discount and plan.discount.lost_after_accident):
        cuts.append(np.ones(len(risks.cases)))
    if plan.yuan_per_person:
        persons = risks.exposure / plan.yuan_per_person * years
        for c in criteria:
            if c.measure == "frequency" and c.bands:
                for edge in c.bands.edges:
                    at = edge * persons
                    cuts.append(np.floor(at + GRID_EDGE) + 1 if c.bands.upper_inclusive else np.ceil(at - GRID_EDGE))
        if isinstance(rule, StepRule) and rule.recoup and np.isfinite(rule.recoup.frequency_above):
            cuts.append(np.floor(rule.recoup.frequency_above * persons + GRID_EDGE) + 1)
    if not cuts:
        return np.zeros((len(risks.cases), 0), dtype=np.int64), np.zeros((len(risks.cases), 1))
    found = np.sort(np.array(cuts).T, axis=1).astype(np.int64)
    return found, np.concatenate([np.zeros((len(found), 1)), found], axis=1).astype(np.float64)


def _inside(edges: list[float]) -> Floats:
    """Return a ratio inside each interval between edges."""
    if not edges:
        return np.zeros(1)
    return np.array([edges[0] - 1.0, *((a + b) / 2 for a, b in pairwise(edges)), edges[-1] + 1.0])


def _asked(plan: FloatingPlan, risks: Risks, ratios: Floats, cases: Floats) -> Floats:
    """Return the multiplier for each class of count and interval of ratio, shape (units or 1, classes, intervals)."""
    rows = cases[:1] if cases.shape[1] == 1 else cases
    shape = (len(rows), rows.shape[1], len(ratios))
    count = np.broadcast_to(rows[:, :, None], shape).ravel()
    exposure = np.broadcast_to(risks.exposure[: len(rows), None, None] * float(plan.window_years or 1), shape).ravel()
    measures = _plain(plan, count, exposure, np.zeros(count.size), np.ones(count.size))
    measures = replace(measures, ratio=np.broadcast_to(ratios, shape).ravel())
    return plan.target(measures).reshape(shape)


def _measures(plan: FloatingPlan, one: Risks, loss: Floats, cases: Floats) -> Measures:
    """Return measures of one unit at many losses (in the window, as the plan counts them) and counts."""
    years = float(plan.window_years or 1)
    base = np.full(len(loss), one.base_premium[0] * years)
    return _plain(plan, cases, np.full(len(loss), one.exposure[0] * years), loss, base)


def _plain(plan: FloatingPlan, cases: Floats, exposure: Floats, loss: Floats, base: Floats) -> Measures:
    years = float(plan.window_years or 1)
    persons = exposure / years / (plan.yuan_per_person or np.inf)
    empty = np.full(len(loss), "", dtype=object)
    return form(
        plan.ratio,
        loss=loss,
        premium=base * plan.ratio.premium_factor,
        base=base,
        primary=loss,
        cases=cases,
        deaths=np.zeros(len(loss)),
        exposure=exposure,
        persons=persons,
        last_loss=loss / years,
        last_base=base / years,
        years=years,
        texts=dict.fromkeys(plan.columns, empty),
    )
