"""What the exact analysis asks of a plan: at which losses and numbers of cases of a unit it changes its mind, and to what."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from models.floating.compound import GRID_EDGE, Integers, onto_grid
from models.floating.measuring import form
from models.floating.plan import FloatingPlan
from models.floating.rules import Floats, Measures, ModificationRule, StepRule, SurchargeRule, Texts
from models.messages import InputError


@dataclass(frozen=True)
class Risks:
    """Units as the plan rates them (contractors, projects, areas, or one for each size class); arrays (units,), a year.

    ``base_premium`` and ``exposure`` in yuan; ``cases`` expected number and ``variance`` its variance (at least the mean: Poisson or negative
    binomial); ``severity`` (points,) probabilities that one case costs 0, 1, 2, … times ``step_yuan``; ``fatal`` (points,) the share of such cases that
    are deaths (None: not known); ``grades`` texts by column (units,), for plans that read grades; ``flow`` (units, k) base premium of k equally likely
    years relative to the mean one, for contractors whose projects come in some years and not in others (None: every year alike).
    """

    base_premium: Floats
    exposure: Floats
    cases: Floats
    variance: Floats
    severity: Floats
    step_yuan: float
    fatal: Floats | None = None
    grades: Mapping[str, Texts] = field(default_factory=dict)
    flow: Floats | None = None

    def __post_init__(self) -> None:
        sizes = {len(a) for a in (self.base_premium, self.exposure, self.cases, self.variance, *self.grades.values())}
        if len(sizes) != 1 or 0 in sizes or self.step_yuan <= 0:
            raise InputError(
                "Base premium, exposure, cases and variance must be given for the same units, and the grid step must be positive."
            )
        if not abs(float(self.severity.sum()) - 1.0) < 1e-6 or (self.severity < -1e-12).any():
            raise InputError(
                "The severity must be probabilities that add up to one, not {total}.", total=float(self.severity.sum())
            )
        if self.fatal is not None and (
            len(self.fatal) != len(self.severity) or not ((self.fatal >= 0) & (self.fatal <= 1)).all()
        ):
            raise InputError("The share of deaths must be given for every cost of a case, from 0 to 1.")
        if self.flow is not None and (
            len(self.flow) != len(self.cases)
            or (self.flow < 0).any()
            or not np.allclose(self.flow.mean(axis=1), 1.0, atol=1e-9)
        ):
            raise InputError("The flow of premium must be given for every unit, not below zero and 1 on average.")
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

    def with_premium(self, factor: Floats) -> Risks:
        """Return the units in years of ``factor`` (units,) times the premium, and as many persons at work and cases."""
        return replace(self, base_premium=self.base_premium * factor, flow=None)


BINS = 9
"""Years of premium that a flow is brought down to: a power of three, as flows of three years are."""


def pooled(flow: Floats, weights: Floats) -> Floats:
    """Return the flow (`BINS`,) of units taken together: years without premium to a whole number of parts, means of equally likely parts of the others.

    ``weights`` (units,).
    """
    values, each = flow.ravel(), np.repeat(weights / (weights.sum() * flow.shape[1]), flow.shape[1])
    idle = round(float(each[values <= 0].sum()) * BINS)
    order = np.argsort(values, kind="stable")[int((values <= 0).sum()) :]
    share, total = (np.concatenate([[0.0], np.cumsum(v[order])]) for v in (each, each * values))
    parts = np.interp(np.linspace(0.0, share[-1], BINS - idle + 1), share, total)
    return np.concatenate([np.zeros(idle), np.diff(parts) * BINS])


def only_sums(plan: FloatingPlan) -> bool:
    """Return whether a plan looks at what was paid in sum, and not at cases: their number, their kind or the amount of each."""
    rule = plan.rule
    if isinstance(rule, StepRule):
        sums = all(c.measure == "ratio" and c.when == "always" for c in rule.criteria) and not (
            rule.recoup and np.isfinite(rule.recoup.frequency_above)
        )
    else:
        sums = isinstance(rule, SurchargeRule)
    limited = plan.ratio.claim_limit_yuan is not None or plan.deaths is not None
    return sums and not limited and not (plan.discount and plan.discount.lost_after_accident)


def uneven(plan: FloatingPlan, risks: Risks) -> bool:
    """Return whether the premium in a plan's window is analysed as it flows.

    A project is rated on its own premium: for it all is even; so it is taken for a modification, whose credibility goes with the premium.
    """
    return risks.flow is not None and plan.rating_unit != "project" and not isinstance(plan.rule, ModificationRule)


def window_flow(plan: FloatingPlan, risks: Risks) -> tuple[Floats, Floats]:
    """Return the premium in a plan's window relative to the mean, and the share of the premium charged after it: each (units, k).

    Years are independent; a retrospective plan charges a year of the window itself.
    """
    if risks.flow is None or not uneven(plan, risks):
        return np.ones((len(risks.cases), 1)), np.ones((len(risks.cases), 1))
    total, years = risks.flow, plan.window_years or 1
    for _ in range(years - 1):
        total = np.sort((total[:, :, None] + risks.flow[:, None, :]).reshape(len(total), -1), axis=1)
        if total.shape[1] > BINS:
            total = total.reshape(len(total), BINS, -1).mean(axis=2)
    factor = total / years
    charged = factor if plan.bites == "retrospective" else np.ones_like(factor)
    return factor, charged / factor.shape[1]


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


def unit(risks: Risks, u: int) -> Risks:
    """Return one of the units on its own."""
    at = slice(u, u + 1)
    return replace(
        risks,
        base_premium=risks.base_premium[at],
        exposure=risks.exposure[at],
        cases=risks.cases[at],
        variance=risks.variance[at],
        grades={column: texts[at] for column, texts in risks.grades.items()},
        flow=None if risks.flow is None else risks.flow[at],
    )


def counted_by(plan: FloatingPlan, risks: Risks, amounts: Floats) -> Floats:
    """Return what cases of these amounts (yuan) count under the plan (for a modification: of the first unit)."""
    limit = plan.ratio.claim_limit_yuan
    counted: Floats = amounts if limit is None else np.minimum(amounts, limit)
    if isinstance(plan.rule, ModificationRule):
        years = float(plan.window_years or 1)
        weight = plan.rule.constants((plan.ratio.average or 0.0) * risks.base_premium[:1] * years)[0][0]
        primary = np.minimum(counted, plan.rule.split)
        counted = np.asarray(primary + weight * (counted - primary), dtype=np.float64)
    return counted


def limited(plan: FloatingPlan, risks: Risks) -> Floats:
    """Return the severity, on the grid, of what one case counts under the plan (for a modification: of the first unit)."""
    amounts = np.arange(len(risks.severity), dtype=np.float64) * risks.step_yuan
    counted = counted_by(plan, risks, amounts)
    return risks.severity if counted is amounts else onto_grid(risks.severity, counted / risks.step_yuan)


def grouped(risks: Risks, groups: int) -> tuple[NDArray[np.intp], Risks]:
    """Return the group of each unit (units,) and the mean unit of each group, of like size, like load and the same grades.

    At most ``groups`` of them for units of the same grades.
    """
    units = len(risks.cases)
    if units <= groups:
        return np.arange(units), risks
    loads = max(int(np.sqrt(groups / 5)), 1)
    sizes = groups // loads
    size = np.argsort(np.argsort(risks.base_premium, kind="stable"), kind="stable") * sizes // units
    order = np.lexsort((risks.cases / risks.base_premium, size))
    within = np.empty(units, dtype=np.intp)
    within[order] = np.arange(units) - np.searchsorted(size[order], size[order])
    count = np.bincount(size)[size]
    alike = size * loads + within * loads // count
    for texts in risks.grades.values():
        alike = alike * len(texts) + np.unique(texts, return_inverse=True)[1]
    _, first, of = np.unique(alike, return_index=True, return_inverse=True)
    each = np.bincount(of)
    base, exposure, cases, excess = (
        np.bincount(of, values) / each
        for values in (risks.base_premium, risks.exposure, risks.cases, risks.variance - risks.cases)
    )
    return of, replace(
        risks,
        base_premium=base,
        exposure=exposure,
        cases=cases,
        variance=cases + np.maximum(excess, 0.0),
        grades={column: texts[first] for column, texts in risks.grades.items()},
        flow=pooled_by(of, risks),
    )


def pooled_by(of: NDArray[np.intp], risks: Risks) -> Floats | None:
    """Return the flow of each group of units, weighted by premium, (groups, `BINS`); ``of`` (units,) says which group."""
    if risks.flow is None:
        return None
    return np.array([pooled(risks.flow[of == g], risks.base_premium[of == g]) for g in range(int(of.max()) + 1)])


def edges_of(plan: FloatingPlan) -> list[tuple[float, bool]]:
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


def limits_of(plan: FloatingPlan, risks: Risks, multiplier: float, edges: list[tuple[float, bool]]) -> Floats:
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


def count_classes(plan: FloatingPlan, risks: Risks) -> tuple[Integers, Floats]:
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


def inside(edges: list[float]) -> Floats:
    """Return a ratio inside each interval between edges."""
    if not edges:
        return np.zeros(1)
    return np.array([edges[0] - 1.0, *((a + b) / 2 for a, b in pairwise(edges)), edges[-1] + 1.0])


def asked_for(plan: FloatingPlan, risks: Risks, ratios: Floats, cases: Floats) -> Floats:
    """Return the multiplier for each class of count and interval of ratio, shape (units or 1, classes, intervals)."""
    rows = cases[:1] if cases.shape[1] == 1 else cases
    shape = (len(rows), rows.shape[1], len(ratios))
    count = np.broadcast_to(rows[:, :, None], shape).ravel()
    exposure = np.broadcast_to(risks.exposure[: len(rows), None, None] * float(plan.window_years or 1), shape).ravel()
    measures = _plain(plan, {}, count, exposure, np.zeros(count.size), np.ones(count.size))
    measures = replace(measures, ratio=np.broadcast_to(ratios, shape).ravel())
    return plan.target(measures).reshape(shape)


def measures_at(plan: FloatingPlan, one: Risks, loss: Floats, cases: Floats) -> Measures:
    """Return measures of one unit at many losses (in the window, as the plan counts them) and counts."""
    years = float(plan.window_years or 1)
    base = np.full(len(loss), one.base_premium[0] * years)
    grades = {column: str(texts[0]) for column, texts in one.grades.items()}
    return _plain(plan, grades, cases, np.full(len(loss), one.exposure[0] * years), loss, base)


def _plain(
    plan: FloatingPlan, grades: Mapping[str, str], cases: Floats, exposure: Floats, loss: Floats, base: Floats
) -> Measures:
    years = float(plan.window_years or 1)
    persons = exposure / years / (plan.yuan_per_person or np.inf)
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
        texts={column: np.full(len(loss), grades.get(column, ""), dtype=object) for column in plan.columns},
    )
