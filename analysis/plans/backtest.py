"""Which plan would have predicted best: each plan rolled forward over the book's years, its multipliers held against losses that it had not seen.

Contractors are drawn again with all their years (bootstrap): all plans meet the same draws, so that the difference of two plans has its own interval.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.floating import FloatingPlan
from models.messages import InputError

Floats = NDArray[np.float64]

TEST_YEARS = 5
BOOTSTRAPS = 400
LEVEL = 0.9


@dataclass(frozen=True)
class Outcomes:
    """What came in each test year: ``years`` (years,), ``units`` (units,), base premium and losses (years, units), yuan."""

    years: tuple[int, ...]
    units: pd.Index
    base: Floats
    loss: Floats


@dataclass(frozen=True)
class PlanBacktest:
    """All plans against the same unseen losses.

    ``table``: ``plan, gini, gini_low, gini_high`` (90%)``, behind, behind_low, behind_high`` (the best plan's Gini less this one's, with intervals that hold for
    all plans together with 90%)``, verdict`` (``best, not_distinguishable, worse, not_run``)``, answer`` (why a plan could not be run), best first; ``years`` tested; ``winner``: the plan that is better than
    every other beyond the noise, None where there is none.
    """

    table: pd.DataFrame
    years: tuple[int, ...]
    winner: str | None


def outcomes(rows: pd.DataFrame, years: int = TEST_YEARS, earned: pd.DataFrame | None = None) -> Outcomes:
    """Return what came in the last ``years`` years, of those that have a year before them.

    ``earned``: ``unit, year, exposure_yuan`` as it was earned; losses are then held against it (in proportion of the year's base premium) rather than
    against what was enrolled in that year.

    Raises
    ------
    InputError : fewer than two years of experience, or no losses
    """
    known = np.sort(rows["year"].unique())
    if len(known) < 2:
        raise InputError("A back-test of plans needs two years of experience.")
    tested = known[1:][-years:]
    units = pd.Index(rows["unit"].unique(), name="unit")

    def grid(frame: pd.DataFrame, column: str) -> Floats:
        table = frame.pivot_table(index="year", columns="unit", values=column, aggfunc="sum", fill_value=0.0)
        return table.reindex(index=tested, columns=units, fill_value=0.0).to_numpy(dtype=np.float64)

    base, loss = grid(rows, "base_premium_yuan"), grid(rows, "incurred_yuan")
    if earned is not None:
        share = grid(earned, "exposure_yuan")
        base = share / share.sum(axis=1, keepdims=True) * base.sum(axis=1, keepdims=True)
    if not loss.sum() > 0:
        raise InputError("A back-test of plans needs losses in the years tested.")
    return Outcomes(tuple(int(y) for y in tested), units, base, loss)


def rolled(plan: FloatingPlan, rows: pd.DataFrame, years: Sequence[int]) -> tuple[pd.DataFrame, pd.Series]:
    """Return the multipliers in force in each of ``years`` (years × units), from the years before, and those after the last year of ``rows``.

    The plan reviews every ``review_years``; limits on movement hold from one review to the next.
    """
    known = np.sort(rows["year"].unique())
    now: pd.Series | None = None
    table = {}
    for year in [*known, int(known[-1]) + 1]:
        past = rows[rows["year"] < year]
        due = (int(year) - int(known[0])) % plan.review_years == 0 or year == known[-1] + 1
        # A plan that moves freely asks only for the years that are read.
        read = not plan.movement.free or year in years or year == known[-1] + 1 or plan.review_years > 1
        if len(past) and due and read:
            now = plan.multiplier(past, now)
        if year in years:
            table[year] = now if now is not None else pd.Series(dtype=np.float64)
    units = pd.Index(rows["unit"].unique(), name="unit")
    found = pd.DataFrame({y: s.reindex(units) for y, s in table.items()}).T.fillna(plan.new_entrant)
    assert now is not None
    return found, now.reindex(units).fillna(plan.new_entrant)


def ginis(multipliers: Floats, came: Outcomes, weights: Floats | None = None) -> Floats:
    """Return the Gini of the test years' losses in the order of a plan's multipliers, one for each row of ``weights``: (draws,).

    Each year is ordered by itself; years are averaged by their losses. ``multipliers`` (years, units); ``weights`` (draws, units) how often each unit is
    drawn, None: once. Units with one multiplier cannot be told apart and stand together.
    """
    drawn = np.ones((1, multipliers.shape[1])) if weights is None else weights
    total, found = np.zeros(len(drawn)), np.zeros(len(drawn))
    for m, base, loss in zip(multipliers, came.base, came.loss, strict=True):
        order = np.argsort(m, kind="stable")
        starts = np.flatnonzero(np.diff(np.round(m[order], 9), prepend=-np.inf) > 0)
        share, lorenz = (np.add.reduceat(drawn[:, order] * values[order], starts, axis=1) for values in (base, loss))
        losses, premiums = lorenz.sum(axis=1), share.sum(axis=1)
        kept = (losses > 0) & (premiums > 0)
        share, lorenz = (v[kept] / s[kept, None] for v, s in ((share, premiums), (lorenz, losses)))
        upto = np.cumsum(lorenz, axis=1)
        found[kept] += losses[kept] * (1.0 - (share * (2 * upto - lorenz)).sum(axis=1))
        total += losses
    return np.divide(found, total, out=np.zeros_like(found), where=total > 0)


def draws(units: int, seed: int, count: int = BOOTSTRAPS) -> Floats:
    """Return how often each unit is drawn in each bootstrap sample, (count, units)."""
    return np.random.default_rng(seed).multinomial(units, np.full(units, 1 / units), size=count).astype(np.float64)


def backtest_plans(
    plans: Sequence[FloatingPlan],
    rows: pd.DataFrame,
    came: Outcomes,
    seed: int = 0,
    progress: Callable[[float], None] | None = None,
) -> PlanBacktest:
    """Return how well each plan would have predicted the test years, with uncertainty; no winner is declared inside the noise."""
    weights = draws(len(came.units), seed)
    points, samples, refused = {}, {}, []
    for i, plan in enumerate(plans):
        try:
            found, _ = rolled(plan, rows, came.years)
            grid = found.reindex(index=list(came.years), columns=came.units).to_numpy(dtype=np.float64)
            points[plan.name], samples[plan.name] = float(ginis(grid, came)[0]), ginis(grid, came, weights)
        except InputError as error:
            refused.append({"plan": plan.name, "verdict": "not_run", "answer": error.message})
        if progress is not None:
            progress((i + 1) / len(plans))
    if not points:
        raise InputError("No plan could be run on this book.")
    return _judged(points, samples, refused, came.years)


def _judged(
    points: dict[str, float], samples: dict[str, Floats], refused: list[dict[str, object]], years: tuple[int, ...]
) -> PlanBacktest:
    best = max(points, key=points.__getitem__)
    names = list(points)
    apart = np.array([samples[best] - samples[name] for name in names])
    behind = np.array([points[best] - points[name] for name in names])
    error = apart.std(axis=1)
    differs = error > 1e-12
    # the largest of all distances, in standard errors: the best was picked after looking at every plan
    scaled = np.abs(apart - apart.mean(axis=1, keepdims=True))[differs] / error[differs, None]
    reach = float(np.quantile(scaled.max(axis=0), LEVEL)) if differs.any() else 0.0
    tail = (1 - LEVEL) / 2
    table = []
    for name, gap, side, differing in zip(names, behind, reach * error, differs, strict=True):
        low, high = np.quantile(samples[name], [tail, 1 - tail])
        verdict = "best" if name == best else "worse" if differing and gap > side else "not_distinguishable"
        table.append(
            {
                "plan": name, "gini": points[name], "gini_low": low, "gini_high": high, "behind": gap,
                "behind_low": gap - side, "behind_high": gap + side, "verdict": verdict, "answer": "",
            }
        )  # fmt: skip
    frame = pd.DataFrame(table).sort_values("gini", ascending=False, kind="stable", ignore_index=True)
    # a winner must also beat no order at all
    alone = not frame["verdict"].eq("not_distinguishable").any() and float(frame["gini_low"].iloc[0]) > 0
    whole = pd.concat([frame, pd.DataFrame(refused)], ignore_index=True) if refused else frame
    return PlanBacktest(whole, years, best if alone else None)
