"""A search for floating plans that a person can read: round edges, a few steps, within limits that the user sets; the frontier of what they trade.

Plans are chosen on the earlier test years and judged on the last ones, which the search has not seen: after trying hundreds of plans the best of them is
partly luck, and the table says how far they can be told apart.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
import yaml
from numpy.typing import NDArray

from analysis.plans.backtest import Outcomes, draws, ginis, outcomes
from models.floating import FloatingPlan, parse_plan
from models.floating.measuring import form
from models.floating.rules import Floats
from models.messages import InputError
from models.simulation import SolvencyCurve

LADDERS: tuple[tuple[float, ...], ...] = (
    (0.5, 0.8, 1.0, 1.2, 1.5),
    (0.6, 0.8, 1.0, 1.2, 1.4),
    (0.7, 0.85, 1.0, 1.15, 1.3),
    (0.8, 0.9, 1.0, 1.1, 1.2),
    (0.8, 0.9, 1.0, 1.2, 1.5),
    (0.9, 0.95, 1.0, 1.1, 1.2),
)
"""Multipliers from the lowest band to the highest; the national ladder first."""
EDGES: tuple[tuple[int, ...], ...] = (
    (20, 60, 80, 120), (25, 50, 100, 150), (50, 75, 125, 200), (60, 80, 120, 150), (70, 90, 110, 130), (80, 90, 110, 120), (50, 80, 120, 200),
    (85, 95, 105, 115),
)  # fmt: skip
"""Edges of the ratio, in per cent of the average of all contractors."""
CHOICES: Mapping[str, tuple[Any, ...]] = {
    "ladder": LADDERS,
    "edges": EDGES,
    "window": (1, 2, 3, 5),
    "credibility_yuan": (0, 100_000, 500_000, 1_000_000, 3_000_000),
    "claim_limit_yuan": (None, 200_000, 500_000, 1_000_000),
    "steps_a_move": (None, 1, 2),
    "least_exposure_yuan": (None, 10_000_000, 50_000_000),
}
SMALL_YUAN = 5e7
"""Contractors below this total cost a year count as small."""
HELD_OUT = 2
"""Last test years, which the search does not see."""
MOST_SHOWN = 12
SHARE_AT_RANDOM = 0.5


@dataclass(frozen=True)
class Limits:
    """What a plan must keep to; shares and multipliers as fractions.

    ``off_balance`` from and to, at an unchanged base rate; ``largest_swing`` the largest change of a contractor's multiplier from one year to the next;
    ``small_surcharged`` the largest share of small contractors above 1; ``below_floor`` the largest probability of falling below the floor.
    """

    lowest_off_balance: float = 0.9
    highest_off_balance: float = 1.1
    largest_swing: float = 0.6
    small_surcharged: float = 0.3
    below_floor: float = 1.0


@dataclass(frozen=True)
class Candidate:
    """One point of the search; see `CHOICES`."""

    ladder: tuple[float, ...]
    edges: tuple[int, ...]
    window: int
    credibility_yuan: int
    claim_limit_yuan: int | None
    steps_a_move: int | None
    least_exposure_yuan: int | None

    @property
    def text(self) -> str:
        """The plan as a plan file, which `models.floating.parse_plan` reads."""
        bands = []
        ends: list[int | None] = [None, *self.edges, None]
        for low, high, multiplier in zip(ends[:-1], ends[1:], self.ladder, strict=True):
            band = {"from": low, "to": high, "multiplier": multiplier}
            bands.append({k: v for k, v in band.items() if v is not None})
        ratio: dict[str, Any] = {"numerator": "incurred", "denominator": "base_premium", "relative": True}
        if self.credibility_yuan:
            ratio["credibility_yuan"] = self.credibility_yuan
        if self.claim_limit_yuan:
            ratio["claim_limit_yuan"] = self.claim_limit_yuan
        plan: dict[str, Any] = {
            "title": {"zh": "搜索所得方案", "en": "Plan found by the search"},
            "reference": "analysis/plans/search.py",
            "mark": "assumption",
            "rating_unit": "contractor",
            "bites": "next_project",
            "window": {"years": self.window},
            "ratio": ratio,
            "steps": sorted(set(self.ladder)),
            "criteria": [{"measure": "ratio", "unit": "percent", "upper_inclusive": False, "bands": bands}],
        }
        if self.steps_a_move:
            plan["movement"] = {"steps_up": self.steps_a_move, "steps_down": self.steps_a_move}
        if self.least_exposure_yuan:
            plan["minimum"] = {"exposure_yuan": self.least_exposure_yuan}
        return yaml.safe_dump(plan, allow_unicode=True, sort_keys=False)

    def plan(self, name: str) -> FloatingPlan:
        """Return the plan."""
        return parse_plan(self.text, f"{name}.yaml")


@dataclass(frozen=True)
class Panel:
    """The experience as arrays (years, units), so that hundreds of plans can be run on it: yuan and cases."""

    first_year: int
    exposure: Floats
    base: Floats
    loss: Floats
    cases: Floats
    deaths: Floats
    came: Outcomes

    @classmethod
    def of(cls, rows: pd.DataFrame, came: Outcomes) -> Panel:
        """Lay out an experience (`analysis.plans.compared.rating_rows`) by year and unit, in the order of what came."""
        years = range(int(rows["year"].min()), int(rows["year"].max()) + 1)

        def grid(column: str) -> Floats:
            table = rows.pivot_table(index="year", columns="unit", values=column, aggfunc="sum", fill_value=0.0)
            return table.reindex(index=years, columns=came.units, fill_value=0.0).to_numpy(dtype=np.float64)

        money = {name: grid(f"{name}_yuan") for name in ("exposure", "base_premium", "incurred")}
        return cls(
            years.start,
            money["exposure"],
            money["base_premium"],
            money["incurred"],
            grid("cases"),
            grid("deaths"),
            came,
        )

    @cached_property
    def small(self) -> NDArray[np.bool_]:
        """Which units are small: by their mean exposure of the years in which they had any."""
        active = np.maximum((self.exposure > 0).sum(axis=0), 1)
        return np.asarray(self.exposure.sum(axis=0) / active < SMALL_YUAN)

    def multipliers(self, plan: FloatingPlan) -> Floats:
        """Return the multipliers in force in each test year and after the last, (years + 1, units): as `analysis.plans.backtest.rolled`.

        For plans on the ratio of contractors, reviewed every year, without grades; cases are not known one by one.
        """
        window, count = plan.window_years or len(self.base), self.base.shape[1]
        now, out = np.full(count, plan.new_entrant), []
        tested = {y - self.first_year for y in self.came.years} | {len(self.base)}
        sums = {
            n: np.vstack([np.zeros(count), np.cumsum(getattr(self, n), axis=0)])
            for n in ("exposure", "base", "loss", "cases", "deaths")
        }
        seen = np.vstack([np.zeros(count), np.cumsum(self.exposure > 0, axis=0)])
        for year in range(1, len(self.base) + 1):
            first = max(year - window, 0)
            at = {name: total[year] - total[first] for name, total in sums.items()}
            limit = plan.ratio.claim_limit_yuan
            loss = at["loss"] if limit is None else np.minimum(at["loss"], at["cases"] * limit)
            measures = form(
                plan.ratio, loss=loss, premium=at["base"], base=at["base"], primary=loss, cases=at["cases"], deaths=at["deaths"],
                exposure=at["exposure"], persons=at["exposure"], last_loss=self.loss[year - 1], last_base=self.base[year - 1],
                years=float(plan.window_years or 1),
            )  # fmt: skip
            rated = seen[year] - seen[first] >= plan.minimum.years
            least = plan.minimum.exposure_yuan
            if least is not None:
                rated &= at["exposure"] / float(plan.window_years or 1) >= least
            now = plan.moved(now, np.where(rated, plan.target(measures), plan.new_entrant))
            if year in tested:
                out.append(now)
        return np.array(out)


@dataclass(frozen=True)
class Frontier:
    """Plans that no other beats in everything, best predictor first.

    ``table``: ``plan, gini_chosen_on`` (earlier years)``, gini, gini_low, gini_high`` (years not seen by the search, 90%)``, off_balance, largest_swing, small_surcharged,
    probability_below_floor, verdict`` (``best, not_distinguishable, worse``)``, ladder, edges, window, credibility_yuan, claim_limit_yuan, steps_a_move,
    least_exposure_yuan``; ``files``: plan → the text of its file; ``tried``, ``inside`` how many plans were tried and kept to the limits.
    """

    table: pd.DataFrame
    files: Mapping[str, str]
    tried: int
    inside: int


OBJECTIVES = ("gini_chosen_on", "imbalance", "largest_swing", "small_surcharged", "probability_below_floor")
"""What a plan is judged by: the first is to be large, the others small."""


def search_plans(
    rows: pd.DataFrame,
    curve: SolvencyCurve,
    rate: float,
    limits: Limits | None = None,
    tries: int = 400,
    seed: int = 0,
    earned: pd.DataFrame | None = None,
    progress: Callable[[float], None] | None = None,
) -> Frontier:
    """Return the frontier of readable plans within limits; ``progress`` is called with the share done and may raise to stop.

    Parameters
    ----------
    rows, earned : as for `analysis.plans.backtest.outcomes`
    curve, rate : the probability of staying above the floor at a rate: the plan's off-balance moves the rate that is collected

    Raises
    ------
    InputError : too few years, or no plan within the limits
    """
    limits = limits or Limits()
    came = outcomes(rows, earned=earned)
    if len(came.years) <= HELD_OUT:
        raise InputError("The search needs {years} years of experience: it chooses on some and judges on the last ones.", years=HELD_OUT + 2)  # fmt: skip
    panel, rng = Panel.of(rows, came), np.random.default_rng(seed)
    known: dict[Candidate, dict[str, float]] = {}
    for i in range(tries):
        start = i < tries * SHARE_AT_RANDOM or not known
        candidate = _random(rng) if start else _neighbour(_front(known, limits), rng)
        if candidate not in known:
            known[candidate] = _judged(panel, candidate, curve, rate)
        if progress is not None:
            progress((i + 1) / tries)
    inside = {c: v for c, v in known.items() if _keeps(v, limits)}
    if not inside:
        raise InputError("None of {count} plans keeps to these limits; widen one of them.", count=len(known))
    return _frontier(panel, _thinned(_front(known, limits), inside), inside, len(known), seed)


def _random(rng: np.random.Generator) -> Candidate:
    return Candidate(**{name: values[rng.integers(len(values))] for name, values in CHOICES.items()})


def _neighbour(front: list[Candidate], rng: np.random.Generator) -> Candidate:
    """Return a plan of the front with one choice changed."""
    name = list(CHOICES)[rng.integers(len(CHOICES))]
    values = CHOICES[name]
    return replace(front[rng.integers(len(front))], **{name: values[rng.integers(len(values))]})


def _judged(panel: Panel, candidate: Candidate, curve: SolvencyCurve, rate: float) -> dict[str, float]:
    plan = candidate.plan("candidate")
    found = panel.multipliers(plan)
    came = panel.came
    chosen_on = _part(came, slice(None, -HELD_OUT))
    after, base = found[-1], panel.base[-3:].mean(axis=0)
    off_balance = float(after @ base / base.sum())
    active = base > 0
    small = active & panel.small
    return {
        "gini_chosen_on": float(ginis(found[: -HELD_OUT - 1], chosen_on)[0]),
        "off_balance": off_balance,
        "imbalance": abs(off_balance - 1.0),
        "largest_swing": float(np.abs(found[1:] / found[:-1] - 1.0)[:, active].max()),
        "small_surcharged": float((after[small] > 1).mean()) if small.any() else 0.0,
        "probability_below_floor": 1.0 - float(curve.probability(rate * off_balance)),
    }


def _part(came: Outcomes, years: slice) -> Outcomes:
    return Outcomes(came.years[years], came.units, came.base[years], came.loss[years])


def _keeps(value: dict[str, float], limits: Limits) -> bool:
    return (
        limits.lowest_off_balance <= value["off_balance"] <= limits.highest_off_balance
        and value["largest_swing"] <= limits.largest_swing + 1e-9
        and value["small_surcharged"] <= limits.small_surcharged
        and value["probability_below_floor"] <= limits.below_floor
    )


def _front(known: Mapping[Candidate, dict[str, float]], limits: Limits) -> list[Candidate]:
    """Return the plans within the limits that no other of them beats in everything; all plans where none keeps to the limits."""
    inside = [c for c, v in known.items() if _keeps(v, limits)] or list(known)
    sign = np.array([-1.0, 1.0, 1.0, 1.0, 1.0])
    values = np.array([[known[c][name] for name in OBJECTIVES] for c in inside]) * sign
    beaten = [bool(((values <= v).all(axis=1) & (values < v - 1e-12).any(axis=1)).any()) for v in values]
    return [c for c, b in zip(inside, beaten, strict=True) if not b]


def _thinned(front: list[Candidate], known: Mapping[Candidate, dict[str, float]]) -> list[Candidate]:
    """Return at most `MOST_SHOWN` plans of the front: the best in each objective, then those farthest from what is shown."""
    values = np.array([[known[c][name] for name in OBJECTIVES] for c in front])
    spread = np.ptp(values, axis=0)
    scaled = (values - values.min(axis=0)) / np.where(spread > 0, spread, 1.0)
    best = {int(values[:, 0].argmax()), *(int(i) for i in values[:, 1:].argmin(axis=0))}
    shown = sorted(best)
    while len(shown) < min(MOST_SHOWN, len(front)):
        distance = np.abs(scaled[:, None] - scaled[shown][None]).sum(axis=2).min(axis=1)
        shown.append(int(distance.argmax()))
    return [front[i] for i in dict.fromkeys(shown)]


def _frontier(
    panel: Panel, front: list[Candidate], known: Mapping[Candidate, dict[str, float]], tried: int, seed: int
) -> Frontier:
    front = sorted(front, key=lambda c: -known[c]["gini_chosen_on"])
    unseen, weights = _part(panel.came, slice(-HELD_OUT, None)), draws(len(panel.came.units), seed)
    names = [f"search_{i + 1}" for i in range(len(front))]
    grids = [panel.multipliers(c.plan(n))[-HELD_OUT - 1 : -1] for c, n in zip(front, names, strict=True)]
    samples = np.array([ginis(g, unseen, weights) for g in grids])
    rows = []
    for i, (name, candidate) in enumerate(zip(names, front, strict=True)):
        low, high = np.quantile(samples[i], [0.05, 0.95])
        behind = float(np.quantile(samples[0] - samples[i], 0.05))
        verdict = "best" if i == 0 else "worse" if behind > 0 else "not_distinguishable"
        value = {k: v for k, v in known[candidate].items() if k != "imbalance"}
        own = {f.name: getattr(candidate, f.name) for f in fields(Candidate)}
        point = float(ginis(grids[i], unseen)[0])
        rows.append(
            {"plan": name, **value, "gini": point, "gini_low": low, "gini_high": high, "verdict": verdict, **own}
        )
    table = pd.DataFrame(rows)
    for column, mark in (("ladder", "/"), ("edges", "/")):
        scale = 100 if column == "ladder" else 1
        table[column] = [mark.join(f"{v * scale:.0f}" for v in values) for values in table[column]]
    return Frontier(table, {n: c.text for n, c in zip(names, front, strict=True)}, tried, len(known))
