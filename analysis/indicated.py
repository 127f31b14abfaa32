"""The indicated rate of a review on each financing basis that its book supports, and the credibility of its units."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import numpy as np
import pandas as pd

from analysis.assumptions import UsedParameters
from analysis.history import History
from analysis.ledgers import LedgerCosts
from analysis.projection import Projection
from analysis.rate_review import Credibility, Indicated
from analysis.scenario import Scenario
from models import indication
from models.credibility import buhlmann_straub
from models.indication import Rate
from models.messages import InputError

DIMENSIONS = ("prefecture", "project_type", "size_band", "unit_kind")
RECENT_YEARS = 5


def indications(
    history: History,
    projection: Projection,
    scenario: Scenario,
    parameters: UsedParameters,
    ledgers: LedgerCosts | None = None,
) -> dict[str, Indicated]:
    """Return basis → indicated rate: pay-as-you-go always; full funding where the experience has incurred cost or the book has ledgers; terminal
    funding where it has ledgers."""
    on = scenario.valuation_date or history.valuation_date
    labour = float("nan") if history.notional else float(parameters.value("construction.labour_share", on))
    prevention = projection.prevention_share
    rows = history.experience

    def made(basis: str, net: Rate, parts: Mapping[str, float], by: Mapping[str, pd.DataFrame]) -> Indicated:
        """Load a rate with prevention and split it: parts are shares of what remains for benefits."""
        rate, low, high = (float(indication.gross(r, prevention)) for r in (net.rate, net.low, net.high))
        split = {name: net.rate * amount / sum(parts.values()) for name, amount in parts.items()}
        if prevention:
            split["prevention"] = split.get("prevention", 0.0) + rate * prevention
        return Indicated(basis, rate, low, high, indication.parts_of(rate, split), by, _of_payroll(rate, labour))

    cash = indication.pay_as_you_go(projection.outgo[:, 0], projection.exposure[:, 0])
    by_cash = _by_dimension(rows, "paid_yuan", on, scenario) if rows is not None and ledgers is None else {}
    result = {"pay_as_you_go": made("pay_as_you_go", cash, history.outgo_parts, by_cash)}
    if ledgers is not None:
        result["terminal_funding"] = made("terminal_funding", _terminal(ledgers, cash), ledgers.parts, {})
        developed, extra = ledgers.rows, ledgers.development_cv
    elif rows is not None and rows["incurred_yuan"].notna().any():
        developed, extra = rows, 0.0
    else:
        return result
    recent = trended(developed, "incurred_yuan", on, scenario)
    full = indication.experience_rate(recent["cost"], recent["exposure_yuan"], recent["unit"], extra)
    parts = ledgers.parts if ledgers is not None else {"benefits": 1.0}
    result["full_funding"] = made("full_funding", full, parts, _by_dimension(developed, "incurred_yuan", on, scenario))
    return result


def _terminal(ledgers: LedgerCosts, cash: Rate) -> Rate:
    """Return the terminal-funding rate of the last years; its interval is as wide, in proportion, as that of the cash rate."""
    table = ledgers.terminal
    exposure = float(table["exposure_yuan"].sum())
    if exposure <= 0:
        raise InputError("The last years have no enrolled total cost: terminal funding cannot be indicated.")
    rate = float(table["cost_yuan"].sum()) / exposure
    return Rate(rate, rate * cash.low / cash.rate, rate * cash.high / cash.rate)


def _of_payroll(rate: float, labour_share: float) -> float | None:
    """A rate of total cost as a rate of payroll; None where the exposure is not total cost."""
    return None if np.isnan(labour_share) else rate / labour_share


def trended(rows: pd.DataFrame, cost: str, on: date, scenario: Scenario) -> pd.DataFrame:
    """Return the last years' rows with ``cost`` carried to the year after ``on``: cost follows wages and medical prices, total cost its own growth.

    Both sides move with prices; where wages and construction grow alike nothing changes.
    """
    last = int(rows["year"].max())
    recent = rows[
        (rows["year"] > last - RECENT_YEARS) & rows[cost].notna() & ((rows["exposure_yuan"] > 0) | (rows[cost] != 0))
    ].copy()
    if recent.empty:
        raise InputError("The experience of the last years has no row with both exposure and {column}.", column=cost)
    wages, construction = float(scenario.growth.wages or 0.0), float(scenario.growth.construction or 0.0)
    years = on.year + 1 - recent["year"]
    # a price rise of construction lowers cost per yuan of total cost; its real growth does not: prices are taken to rise like wages at most
    drift = (1 + wages) / (1 + min(construction, wages))
    return recent.assign(cost=recent[cost] * drift**years)


def _by_dimension(rows: pd.DataFrame, cost: str, on: date, scenario: Scenario) -> dict[str, pd.DataFrame]:
    if rows[cost].notna().sum() == 0:
        return {}
    recent = trended(rows, cost, on, scenario)
    overall = float(recent["cost"].sum() / recent["exposure_yuan"].sum())
    tables = {}
    for dimension in (d for d in DIMENSIONS if d in recent):
        known = recent[recent[dimension].notna()]
        if known[dimension].nunique() < 2:
            continue
        cells = known.groupby([dimension, "year"])[["cost", "exposure_yuan"]].sum().unstack()
        exposure = cells["exposure_yuan"].to_numpy()
        ratios = np.divide(cells["cost"].to_numpy(), exposure, out=np.full(exposure.shape, np.nan), where=exposure > 0)
        fitted = buhlmann_straub(ratios, exposure)
        levels = []
        for position, (level, own) in enumerate(known.groupby(dimension)):
            rate = indication.experience_rate(own["cost"], own["exposure_yuan"], own["unit"])
            levels.append(
                {
                    "level": str(level),
                    "exposure_yuan": float(own["exposure_yuan"].sum()),
                    "rate": float(fitted.premiums[position]),
                    "low": rate.low,
                    "high": rate.high,
                    "credibility": float(fitted.factors[position]),
                    "own_rate": rate.rate,
                }
            )
        table = pd.DataFrame(levels)
        # the credible rates must collect what the whole needs
        balance = overall * table["exposure_yuan"].sum() / float((table["rate"] * table["exposure_yuan"]).sum() or 1.0)
        tables[dimension] = table.assign(rate=table["rate"] * balance)
    return tables


def unit_credibility(history: History, ledgers: LedgerCosts | None = None) -> Credibility | None:
    """Return Bühlmann-Straub on the units (developed cost ÷ exposure by year); None where there are fewer than two units or years."""
    rows = history.experience if ledgers is None else ledgers.rows.assign(paid_yuan=np.nan)
    if rows is None or rows["unit"].nunique() < 2 or rows["year"].nunique() < 2:
        return None
    cost = rows["incurred_yuan"].fillna(rows["paid_yuan"])
    cells = rows.assign(cost=cost).groupby(["unit", "year"])[["cost", "exposure_yuan"]].sum().unstack()
    exposure = cells["exposure_yuan"].to_numpy(dtype=np.float64)
    ratios = np.divide(cells["cost"].to_numpy(), exposure, out=np.full(exposure.shape, np.nan), where=exposure > 0)
    fitted = buhlmann_straub(ratios, exposure)
    units = pd.DataFrame(
        {
            "unit": cells.index.astype("str"),
            "exposure_yuan": np.nansum(exposure, axis=1),
            "own_rate": np.nansum(cells["cost"].to_numpy(), axis=1) / np.maximum(np.nansum(exposure, axis=1), 1e-9),
            "credibility": fitted.factors,
            "rate": fitted.premiums,
        }
    )
    return Credibility(float(fitted.collective), float(fitted.within), float(fitted.between), units)
