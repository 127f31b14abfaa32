"""The indicated rate of a review on each financing basis that its book supports, and the credibility of its units."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pandas as pd

from analysis.assumptions import UsedParameters
from analysis.fund.cohort_projection import CohortFlows
from analysis.fund.cohort_rates import NetRate, cohort_rates
from analysis.fund.history import History
from analysis.fund.ledgers import SIZE_NAMES, LedgerCosts
from analysis.fund.projection import Projection
from analysis.rate_review import Credibility, Indicated
from analysis.scenario import Scenario
from models import indication
from models.credibility import buhlmann_straub
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
    taken = {name: share for name, share in projection.taken.items() if share}
    reserve = reserve_load(projection, scenario)
    rows = history.experience

    def made(basis: str, net: NetRate, cells: pd.DataFrame | None, cost: str) -> Indicated:
        """Load a rate with the reserve and what is taken from premium, and split it: parts are shares of what remains for benefits."""
        loaded = [r + reserve for r in (net.rate.rate, net.rate.low, net.rate.high)]
        rate, low, high = (float(indication.gross(r, sum(taken.values()))) for r in loaded)
        split = {name: net.rate.rate * amount / sum(net.parts.values()) for name, amount in net.parts.items()}
        for name, share in taken.items():
            split[name] = split.get(name, 0.0) + rate * share
        if reserve:
            split["reserve"] = reserve
        by = {} if cells is None else _by_dimension(cells, cost, on, scenario, rate)
        return Indicated(basis, rate, low, high, indication.parts_of(rate, split), by, _of_payroll(rate, labour))

    if projection.cohorts is not None and history.cohorts is not None and isinstance(projection.flows, CohortFlows):
        net = cohort_rates(history.cohorts, projection.flows, projection.cohorts, float(scenario.discount_rate or 0.0))
        cells = {} if ledgers is None else {
            "pay_as_you_go": (ledgers.cash_rows, "paid_yuan"),
            "terminal_funding": (ledgers.terminal_rows, "incurred_yuan"),
            "full_funding": (ledgers.rows, "incurred_yuan"),
        }  # fmt: skip
        return {basis: made(basis, one, *cells.get(basis, (None, ""))) for basis, one in net.items()}
    cash = indication.pay_as_you_go(projection.outgo[:, 0], projection.exposure[:, 0])
    result = {"pay_as_you_go": made("pay_as_you_go", NetRate(cash, history.outgo_parts), rows, "paid_yuan")}
    # of ledgers too young for cohorts it is what has been paid so far: no ultimate cost
    if history.level == 2 and rows is not None and rows["incurred_yuan"].notna().any():
        recent = trended(rows, "incurred_yuan", on, scenario)
        full = indication.experience_rate(recent["cost"], recent["exposure_yuan"], recent["unit"])
        one = made("full_funding", NetRate(full, {"benefits": 1.0}), rows, "incurred_yuan")
        result["full_funding"] = replace(one, complete=incomplete_year(history) is None)
    return result


def reserve_load(projection: Projection, scenario: Scenario) -> float:
    """Return the net rate that builds the target balance in the years that the scenario gives (0 where it gives none or the balance is there)."""
    if scenario.reserve_years is None:
        return 0.0
    target = float(scenario.target_payable_months or 0.0) / 12.0 * float(projection.outgo[:, 0].mean())
    missing = max(target - projection.opening, 0.0)
    return missing / scenario.reserve_years / float(projection.exposure[:, 0].mean())


def _of_payroll(rate: float, labour_share: float) -> float | None:
    """A rate of total cost as a rate of payroll; None where the exposure is not total cost."""
    return None if np.isnan(labour_share) else rate / labour_share


SHORT = 0.7
"""A last year whose incurred cost is below this share of that of earlier years is hardly complete: years of a fund differ by less."""


def incomplete_year(history: History) -> tuple[str, float] | None:
    """Return the last year of the experience and its incurred cost, for the total cost enrolled, as a share of the median of earlier years, where that
    is so low that the year can hardly be complete; None otherwise."""
    if history.level != 2 or history.experience is None:
        return None
    years = history.experience.groupby("period")[["incurred_yuan", "exposure_yuan"]].sum(min_count=1)
    rates = (years["incurred_yuan"] / years["exposure_yuan"].where(years["exposure_yuan"] > 0)).dropna()
    if len(rates) < 3:
        return None
    share = float(rates.iloc[-1] / rates.iloc[:-1].median())
    return (str(rates.index[-1]), share) if share < SHORT else None


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


def _by_dimension(rows: pd.DataFrame, cost: str, on: date, scenario: Scenario, level: float) -> dict[str, pd.DataFrame]:
    """Return dimension → credible rates of its levels; by exposure they come to ``level``, the indicated rate of the whole."""
    if rows[cost].notna().sum() == 0:
        return {}
    recent = trended(rows, cost, on, scenario)
    overall = float(recent["cost"].sum() / recent["exposure_yuan"].sum())
    if not overall > 0:
        return {}
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
        for position, (name, own) in enumerate(known.groupby(dimension)):
            rate = indication.experience_rate(own["cost"], own["exposure_yuan"], own["unit"])
            levels.append(
                {
                    "level": str(name),
                    "exposure_yuan": float(own["exposure_yuan"].sum()),
                    "own_rate": rate.rate,
                    "low": rate.low,
                    "high": rate.high,
                    "credibility": float(fitted.factors[position]),
                    "rate": float(fitted.premiums[position]),
                }
            )
        table = pd.DataFrame(levels)
        if dimension == "size_band":
            order = {name: i for i, name in enumerate(SIZE_NAMES)}
            table = table.sort_values("level", key=lambda names: names.map(order), ignore_index=True)
        # own rates come to the whole's own rate; the credible ones are brought to it, then both to the indicated rate
        balance = overall * table["exposure_yuan"].sum() / float((table["rate"] * table["exposure_yuan"]).sum() or 1.0)
        scaled = table.assign(rate=table["rate"] * balance)
        rates = ["rate", "low", "high", "own_rate"]
        tables[dimension] = scaled.assign(**{c: scaled[c] * level / overall for c in rates})
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
