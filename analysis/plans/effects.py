"""What a plan means for payers: who moves, worked examples, what hiding a case would save, and whether loss ratios are flat after it."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.plans.backtest import Outcomes, draws
from analysis.plans.study import Portfolio
from models.floating import FloatingPlan, dislocation, hiding_saves, off_balance, quintile_test
from models.floating.units import expecting

Floats = NDArray[np.float64]

GROUPS = ("size_band", "project_type", "prefecture")
SIZES_YUAN = (2e7, 1e8, 5e8, 2e9)
"""Total cost a year of the contractors of the worked examples."""
EXAMPLES = ("none", "ungraded", "9", "5", "death")
QUINTILES = 5


def moved(found: Portfolio, multipliers: pd.Series, corrected: bool = True) -> pd.DataFrame:
    """Return who moves under a plan against no floating, the largest rise first: `models.floating.dislocation` with the contractor's attributes.

    ``corrected``: after the base rate that restores the balance, so that what some gain others pay.
    """
    units = found.units.set_index("unit")
    base = units["base_premium_yuan"]
    after = multipliers.reindex(units.index).fillna(1.0)
    balance = off_balance(after.to_numpy(dtype=np.float64), base.to_numpy(dtype=np.float64))
    after = after * (balance.base_rate_multiplier if corrected else 1.0)
    table = dislocation(pd.Series(1.0, index=units.index), after, base, units[list(GROUPS)])
    return table.rename_axis("unit").reset_index()


def moved_by(moves: pd.DataFrame, group: str) -> pd.DataFrame:
    """Return who moves by size, type or prefecture: ``level, contractors, premium_before_yuan, change_yuan, change, rising_share, largest_rise``."""
    frame = moves.assign(
        level=moves[group].astype("object").where(moves[group].notna(), "—"), up=moves["change"] > 1e-9
    )
    sums = frame.groupby("level", sort=False).agg(
        contractors=("unit", "size"),
        premium_before_yuan=("premium_before_yuan", "sum"),
        change_yuan=("change_yuan", "sum"),
        rising_share=("up", "mean"),
        largest_rise=("change", "max"),
    )
    sums.insert(3, "change", sums["change_yuan"] / sums["premium_before_yuan"])
    return sums.sort_values("change", ascending=False).reset_index()


def worst_cases(moves: pd.DataFrame, count: int = 20) -> pd.DataFrame:
    """Return the contractors whose premium moves most, in yuan, up or down."""
    order = moves["change_yuan"].abs().sort_values(ascending=False, kind="stable").index
    return moves.loc[order].head(count).reset_index(drop=True)


def concealment_table(found: Portfolio, plan: FloatingPlan) -> pd.DataFrame:
    """Return what hiding one case would save a contractor: ``size_band, kind, case_yuan, saving_yuan, saving_share, pays``.

    ``saving_yuan``: premium saved over the years in which the case would count, for the mean contractor of each size; hiding pays where it exceeds the cost
    of the case, which then falls on the contractor.
    """
    names, typical = found.typical(plan)
    kinds = list(found.kinds)
    amounts = np.array([found.kinds[k] for k in kinds])
    fixed = expecting(plan, found.for_plan(plan))
    saves = hiding_saves(fixed, typical, amounts) * float(plan.window_years or 1)
    return pd.DataFrame(
        {
            "size_band": np.repeat(names, len(kinds)),
            "kind": kinds * len(names),
            "case_yuan": np.tile(amounts, len(names)),
            "saving_yuan": saves.ravel(),
            "saving_share": (saves / amounts).ravel(),
            "pays": (saves > amounts).ravel(),
        }
    )


def worked_examples(found: Portfolio, plan: FloatingPlan, rate: float, project_yuan: float = 1e8) -> pd.DataFrame:
    """Return what contractors of several sizes pay for their next project after a year with one case of some kind, other years without any.

    ``exposure_yuan`` a year, ``kind`` of the case, ``loss_yuan``, ``ratio`` of the window, ``multiplier, premium_yuan`` of a project of ``project_yuan`` at base
    rate ``rate`` (not corrected for the off-balance), ``change_yuan`` against a multiplier of 1.
    """
    years = plan.window_years or 1
    kinds = [k for k in EXAMPLES if k == "none" or k in found.kinds]
    rows = []
    for size in SIZES_YUAN:
        for kind in kinds:
            cost = 0.0 if kind == "none" else found.kinds[kind]
            for back in range(years):
                hit = back == 0 and kind != "none"
                paid = cost if hit else 0.0
                rows.append(
                    (
                        f"{size:.0f}|{kind}",
                        2000 + years - back,
                        size,
                        size * rate,
                        int(hit),
                        int(hit and kind == "death"),
                        paid,
                    )
                )
    frame = pd.DataFrame(
        rows, columns=["unit", "period", "exposure_yuan", "premium_yuan", "cases", "deaths", "paid_yuan"]
    )
    frame = frame.assign(base_premium_yuan=frame["premium_yuan"], incurred_yuan=frame["paid_yuan"])
    frame = frame.assign(**dict.fromkeys(plan.columns))
    fixed = expecting(plan, found.for_plan(plan))
    multiplier = fixed.multiplier(frame)
    sums = frame.groupby("unit", sort=False)[["paid_yuan", "base_premium_yuan"]].sum()
    parts = [key.split("|") for key in multiplier.index]
    return pd.DataFrame(
        {
            "exposure_yuan": [float(size) for size, _ in parts],
            "kind": [kind for _, kind in parts],
            "loss_yuan": sums["paid_yuan"].to_numpy(),
            "ratio": (sums["paid_yuan"] / sums["base_premium_yuan"]).to_numpy(),
            "multiplier": multiplier.to_numpy(),
            "premium_yuan": multiplier.to_numpy() * rate * project_yuan,
            "change_yuan": (multiplier.to_numpy() - 1.0) * rate * project_yuan,
        }
    )


def quintiles_with_intervals(multipliers: Floats, came: Outcomes, seed: int = 0) -> pd.DataFrame:
    """Return the quintile test over the test years: ``quintile, multiplier, base_premium_yuan, loss_yuan, loss_ratio_before, loss_ratio_after`` with ``_low`` and
    ``_high`` (90%, contractors drawn again with all their years).

    ``multipliers`` (years, units) in force.
    """
    unit = np.tile(np.arange(len(came.units)), len(came.years))
    flat = [a.ravel() for a in (multipliers, came.base, came.loss)]
    whole = quintile_test(pd.Series(flat[0]), pd.Series(flat[1]), pd.Series(flat[2])).groups
    samples = []
    for weight in draws(len(came.units), seed, 100):
        w = weight[unit]
        samples.append(_ratios(flat[0], flat[1] * w, flat[2] * w))
    low, high = np.quantile(np.array(samples), [0.05, 0.95], axis=0)
    table = whole.drop(columns="units")
    for column, i in (("loss_ratio_before", 0), ("loss_ratio_after", 1)):
        table[f"{column}_low"], table[f"{column}_high"] = low[i], high[i]
    return table


def _ratios(multipliers: Floats, base: Floats, loss: Floats) -> Floats:
    """Return loss ratios before and after of five groups of equal premium, (2, 5)."""
    order = np.argsort(multipliers, kind="stable")
    starts = np.flatnonzero(np.diff(np.round(multipliers[order], 9), prepend=-np.inf) > 0)
    sums = [np.add.reduceat(v[order], starts) for v in (base, loss, multipliers * base)]
    filled = np.concatenate([[0.0], np.cumsum(sums[0])])
    edges = np.linspace(0.0, filled[-1], QUINTILES + 1)
    b, lo, charged = (np.diff(np.interp(edges, filled, np.concatenate([[0.0], np.cumsum(v)]))) for v in sums)
    return np.array([lo / b, lo / (charged * filled[-1] / charged.sum())])
