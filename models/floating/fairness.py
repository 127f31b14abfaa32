"""Is a plan fair and predictive, and who moves: quintile test, lift, Gini, dislocation, and what hiding a case would save."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from models.floating.measuring import prepared, within
from models.floating.plan import FloatingPlan
from models.floating.rules import Floats
from models.messages import InputError


@dataclass(frozen=True)
class QuintileTest:
    """A plan's multipliers against losses that they have not seen.

    ``groups`` frame ``quintile, units, multiplier, base_premium_yuan, loss_yuan, loss_ratio_before, loss_ratio_after`` from the lowest
    multipliers to the highest, groups of equal base premium. A plan that predicts has a loss ratio before that rises, and after that is flat.
    ``lift`` highest / lowest group before; ``spread_before`` and ``spread_after`` weighted standard deviation of the loss ratio relative to its
    mean; ``gini`` of losses in the order of multipliers (0 = no order, negative = wrong order).
    """

    groups: pd.DataFrame
    lift: float
    spread_before: float
    spread_after: float
    gini: float


def quintile_test(multipliers: pd.Series, base_premium: pd.Series, losses: pd.Series, groups: int = 5) -> QuintileTest:
    """Return the quintile test of multipliers (by unit) on the base premiums and losses of a later period (by unit, yuan).

    Units without base premium in that period are left out. Premium is brought to balance first, so that both loss ratios have the same mean. A
    group is filled to its share of the premium: units with the same multiplier are split between groups in proportion.
    """
    frame = pd.DataFrame({"m": multipliers, "base": base_premium, "loss": losses}).fillna({"base": 0.0, "loss": 0.0})
    frame = frame[frame["base"] > 0].dropna()
    if frame.empty or frame["loss"].sum() <= 0:
        raise InputError("The quintile test needs units with base premium and losses.")
    # Equal multipliers cannot be told apart: they stand together as one block, which is divided in proportion.
    block = (
        frame.assign(units=1.0, charged=frame["m"] * frame["base"])
        .groupby("m")[["base", "loss", "charged", "units"]]
        .sum()
    )
    filled = np.concatenate([[0.0], block["base"].cumsum().to_numpy()])
    total = filled[-1]
    edges = np.linspace(0.0, total, groups + 1)
    rows = {}
    for column in ("base", "loss", "charged", "units"):
        running = np.concatenate([[0.0], block[column].cumsum().to_numpy()])
        rows[column] = np.diff(np.interp(edges, filled, running))
    restored = total / float(block["charged"].sum())
    table = pd.DataFrame(
        {
            "quintile": np.arange(1, groups + 1),
            "units": rows["units"],
            "multiplier": rows["charged"] / rows["base"],
            "base_premium_yuan": rows["base"],
            "loss_yuan": rows["loss"],
            "loss_ratio_before": rows["loss"] / rows["base"],
            "loss_ratio_after": rows["loss"] / (rows["charged"] * restored),
        }
    )
    lowest, highest = table["loss_ratio_before"].iloc[[0, -1]]
    lorenz = np.concatenate([[0.0], block["loss"].cumsum().to_numpy() / block["loss"].sum()])
    share = filled / total
    gini = 1.0 - float(np.sum(np.diff(share) * (lorenz[1:] + lorenz[:-1])))
    return QuintileTest(
        groups=table,
        lift=float(highest / lowest) if lowest > 0 else np.inf,
        spread_before=_spread(table["loss_ratio_before"], rows["base"]),
        spread_after=_spread(table["loss_ratio_after"], rows["charged"]),
        gini=gini,
    )


def _spread(ratios: pd.Series, weights: Floats) -> float:
    values = ratios.to_numpy(dtype=np.float64)
    mean = float(np.average(values, weights=weights))
    return float(np.sqrt(np.average((values - mean) ** 2, weights=weights))) / mean


def dislocation(
    before: pd.Series, after: pd.Series, base_premium: pd.Series, attributes: pd.DataFrame | None = None
) -> pd.DataFrame:
    """Return who moves: ``before, after, change, premium_before_yuan, premium_after_yuan, change_yuan`` by unit, the largest rise first.

    ``before`` and ``after`` are multipliers of the base rate by unit (already corrected for off-balance, if that is to be shown);
    ``attributes`` further columns by unit (size, project type, prefecture) to group by. Only units in all three series are shown.
    """
    units = after.index[after.index.isin(before.index) & after.index.isin(base_premium.index)]
    old, new, base = (s.reindex(units).astype(np.float64) for s in (before, after, base_premium))
    table = pd.DataFrame(
        {
            "before": old,
            "after": new,
            "change": new / old.where(old > 0) - 1.0,
            "premium_before_yuan": old * base,
            "premium_after_yuan": new * base,
            "change_yuan": (new - old) * base,
        }
    )
    if attributes is not None:
        table = table.join(attributes)
    return table.sort_values(["change", "change_yuan"], ascending=False, kind="stable")


def concealment(
    plan: FloatingPlan,
    experience: pd.DataFrame,
    amounts: Mapping[str, float],
    next_base_premium: pd.Series | None = None,
) -> pd.DataFrame:
    """Return what each unit would save in its next premium by hiding one of its cases, yuan: a row a unit, a column a kind of case.

    Parameters
    ----------
    experience : as for `FloatingPlan.multiplier`
    amounts : cost of a case by kind (a grade, say), yuan
    next_base_premium : yuan by unit of what the multiplier will be charged on; None: the base premium of the last year of the experience

    Returns
    -------
    DataFrame indexed by unit; NaN where the unit has no case of that size to hide. The saving is in premium alone: hiding a case leaves its cost
    with the employer, so that concealment pays where the saving exceeds the amount.
    """
    rows = prepared(experience)
    reference = plan.calibrated(rows)
    known = plan.multiplier(experience)
    last = within(rows, 1)
    if next_base_premium is None:
        next_base_premium = last.groupby("unit")["base_premium_yuan"].sum()
    base = next_base_premium.reindex(known.index).fillna(0.0)
    table = {}
    for kind, amount in amounts.items():
        # One case of the last year is taken out: each unit's last row that is dear enough.
        fit = last[(last["cases"] >= 1) & (last[["paid_yuan", "incurred_yuan"]].min(axis=1) >= amount)]
        at = fit.drop_duplicates("unit", keep="last").index
        hidden = rows.copy()
        hidden.loc[at, "cases"] -= 1
        hidden.loc[at, ["paid_yuan", "incurred_yuan"]] -= amount
        saved = (reference.multiplier(rows) - reference.multiplier(hidden)) * base
        table[kind] = saved.where(saved.index.isin(rows.loc[at, "unit"]))
    return pd.DataFrame(table, index=known.index)
