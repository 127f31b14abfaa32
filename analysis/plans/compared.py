"""Floating plans on the book's own contractors: the chosen plan's effect, whether it predicts, who moves; all plans side by side."""

from __future__ import annotations

import numpy as np
import pandas as pd

from analysis.fund.history import History
from analysis.fund.ledgers import LedgerCosts
from analysis.rate_review import FloatingReview
from analysis.scenario import Scenario
from models.floating import FloatingPlan, QuintileTest, available_plans, dislocation, load_plan, quintile_test
from models.messages import InputError, Message

SHOWN_MOVERS = 50
BOOTSTRAPS = 200


def rating_rows(history: History, ledgers: LedgerCosts | None = None) -> pd.DataFrame | None:
    """Return the experience as plans read it; None where the book has no units (accounts only) or one unit only.

    Ledgers give incurred cost developed to ultimate: what was paid to date of the last years would say little.
    """
    rows = history.experience
    if rows is None or rows["unit"].nunique() < 2:
        return None
    # an accident of older works is the contractor's own, also in a year in which it enrolled none
    enrols = rows.groupby("unit")["exposure_yuan"].transform("sum") > 0
    tells = rows[["exposure_yuan", "cases", "paid_yuan", "incurred_yuan"]].fillna(0.0).ne(0.0).any(axis=1)
    last = rows.loc[rows["exposure_yuan"] > 0, "year"].max()
    rows = pd.DataFrame(rows[enrols & tells & (rows["year"] <= last)])
    rows["base_premium_yuan"] = rows["base_premium_yuan"].fillna(rows["premium_yuan"])
    rows["paid_yuan"] = rows["paid_yuan"].fillna(rows["incurred_yuan"])
    rows["incurred_yuan"] = rows["incurred_yuan"].fillna(rows["paid_yuan"])
    if ledgers is not None:
        developed = ledgers.rows.groupby(["unit", "year"])["incurred_yuan"].sum().rename("developed")
        rows = rows.merge(developed.reset_index(), on=["unit", "year"], how="left")
        rows["incurred_yuan"] = rows.pop("developed").fillna(0.0)
    rows["total_cost_yuan"] = rows["total_cost_yuan"].fillna(rows["exposure_yuan"])
    return rows.assign(**{c: rows[c].astype("float64").fillna(0.0) for c in ("cases", "deaths")})


def floating_review(history: History, scenario: Scenario, ledgers: LedgerCosts | None = None) -> FloatingReview | None:
    """Return what the scenario's plan does on the book's contractors; None where the book does not know contractors.

    The quintile test is out of sample: multipliers from the years before the last, losses of the last year.
    """
    rows = rating_rows(history, ledgers)
    if rows is None:
        return None
    plan = load_plan(scenario.plan)
    multipliers = plan.multiplier(rows)
    balance = plan.off_balance(rows)
    base = rows[rows["year"] == rows["year"].max()].groupby("unit")["base_premium_yuan"].sum()
    neutral = pd.Series(1.0, index=multipliers.index)
    kept = rows.drop_duplicates("unit", keep="last").set_index("unit")[["prefecture"]]
    movers = (
        dislocation(neutral, multipliers * balance.base_rate_multiplier, base, kept).rename_axis("unit").reset_index()
    )
    largest = movers.reindex(movers["change_yuan"].abs().sort_values(ascending=False).index).head(SHOWN_MOVERS)
    steps = balance.steps.rename(columns={"units": "contractors"})
    warnings = (
        [
            Message(
                "{count} constants of the plan {plan} are assumed.", {"count": len(plan.assumptions), "plan": plan.name}
            )
        ]
        if plan.assumptions
        else []
    )
    try:
        quintiles = _out_of_sample(plan, rows).groups
    except InputError as error:
        quintiles = pd.DataFrame()
        warnings.append(error.message)
    return FloatingReview(plan.name, balance.factor, steps, quintiles, largest.reset_index(drop=True), tuple(warnings))


def _out_of_sample(plan: FloatingPlan, rows: pd.DataFrame) -> QuintileTest:
    last = rows["year"].max()
    past, now = rows[rows["year"] < last], rows[(rows["year"] == last) & (rows["base_premium_yuan"] > 0)]
    if past.empty:
        raise InputError("The quintile test needs two years of experience.")
    sums = now.groupby("unit")[["base_premium_yuan", "incurred_yuan"]].sum()
    found = plan.multiplier(past).reindex(sums.index).fillna(plan.new_entrant)
    return quintile_test(found, sums["base_premium_yuan"], sums["incurred_yuan"])


def compare_plans(history: History, seed: int = 0, ledgers: LedgerCosts | None = None) -> pd.DataFrame:
    """Return every plan that the book's columns allow, side by side.

    Columns: ``plan, off_balance`` (premium after ÷ before)``, surcharged_share`` (of units)``, largest_rise, gini, gini_low, gini_high`` (90% by
    bootstrap over units; out of sample on the last year)``, answer`` (why a plan could not be run). No winner is declared inside the noise: compare the
    intervals.
    """
    rows = rating_rows(history, ledgers)
    if rows is None:
        return pd.DataFrame()
    table = []
    for name in available_plans():
        try:
            plan = load_plan(name)
            multipliers, balance = plan.multiplier(rows), plan.off_balance(rows)
            low, point, high = _gini(plan, rows, seed)
            table.append(
                {
                    "plan": name, "off_balance": balance.factor, "surcharged_share": float((multipliers > 1).mean()),
                    "largest_rise": float(multipliers.max() - 1), "gini": point, "gini_low": low, "gini_high": high, "answer": "",
                }
            )  # fmt: skip
        except InputError as error:
            table.append({"plan": name, "answer": str(error)})
    return pd.DataFrame(table).sort_values("gini", ascending=False, na_position="last", ignore_index=True)


def _gini(plan: FloatingPlan, rows: pd.DataFrame, seed: int) -> tuple[float, float, float]:
    """Return the 5%, point and 95% Gini of the last year's losses in the order of the plan's multipliers (bootstrap over units)."""
    last = rows["year"].max()
    now = rows[(rows["year"] == last) & (rows["base_premium_yuan"] > 0)]
    sums = now.groupby("unit")[["base_premium_yuan", "incurred_yuan"]].sum()
    found = plan.multiplier(rows[rows["year"] < last]).reindex(sums.index).fillna(plan.new_entrant)
    point = quintile_test(found, sums["base_premium_yuan"], sums["incurred_yuan"]).gini
    order = np.argsort(found.to_numpy(), kind="stable")
    blocks = np.flatnonzero(np.diff(found.to_numpy()[order], prepend=-np.inf) > 0)
    n = len(order)
    weights = np.random.default_rng(seed).multinomial(n, np.full(n, 1 / n), size=BOOTSTRAPS)[:, order]
    base, loss = (
        np.add.reduceat(weights * sums[c].to_numpy()[order], blocks, axis=1)
        for c in ("base_premium_yuan", "incurred_yuan")
    )
    kept = loss.sum(axis=1) > 0
    share, lorenz = (np.cumsum(x[kept], axis=1) / x[kept].sum(axis=1, keepdims=True) for x in (base, loss))
    earlier = np.concatenate([np.zeros((kept.sum(), 1)), lorenz[:, :-1]], axis=1)
    drawn = 1.0 - (np.diff(share, prepend=0.0, axis=1) * (lorenz + earlier)).sum(axis=1)
    low, high = np.quantile(drawn, [0.05, 0.95]) if len(drawn) else (point, point)
    return float(low), point, float(high)
