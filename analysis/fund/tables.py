"""The ledger fund in frames: outgo by benefit and cohort, pensioners, premium earned, reserve, the balance sheet on full funding rolled forward."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.assumptions import UsedParameters
from analysis.fund.cohort_fit import CohortBook
from analysis.fund.cohort_projection import CohortFlows, CohortPaths
from analysis.fund.history import History
from analysis.fund.pensioners import AGE_BANDS, PENSIONS
from analysis.fund.projection import Projection, effects_of
from analysis.scenario import Scenario
from models.cohort_simulation import Effects, expected, run
from models.cohorts import LONG, QUARTERS, earned_ahead, padded, toeplitz
from models.fund import reserve
from models.liabilities import LONGEST_YEARS, Liabilities, discounts, value_liabilities

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class FundBook:
    """What the frames of a ledger fund need and no rate changes: the projection by cohorts, and the liabilities on its expected path."""

    book: CohortBook
    paths: CohortPaths
    flows: CohortFlows
    liabilities: Liabilities
    first_year: int

    @property
    def periods(self) -> list[str]:
        """The projected years."""
        years = len(self.paths.written) // QUARTERS
        return [str(self.first_year + y) for y in range(years)]


def fund_book(
    history: History, projection: Projection, scenario: Scenario, parameters: UsedParameters
) -> FundBook | None:
    """Return the fund of a ledger book; None where the book has no ledgers."""
    if history.cohorts is None or projection.cohorts is None or not isinstance(projection.flows, CohortFlows):
        return None
    paths, flows, years = projection.cohorts, projection.flows, scenario.horizon_years
    on = scenario.valuation_date or history.valuation_date
    longer = years + LONGEST_YEARS
    liabilities = value_liabilities(
        history.cohorts.model,
        expected(np.pad(flows.mean_written, (0, LONGEST_YEARS))),
        paths.assumed.economy,
        lengthened(effects_of(scenario, parameters, on), longer * QUARTERS),
        paths.assumed.events,
        float(scenario.discount_rate or 0.0),
        years,
    )
    return FundBook(history.cohorts, paths, flows, liabilities, projection.first_year)


def lengthened(effects: Effects, quarters: int) -> Effects:
    """Return shocks over more quarters: factors go on as they stood at the end, no more deaths are added."""
    more = quarters - len(effects.deaths)
    factors = {n: np.pad(v, (0, more), mode="edge") for n, v in vars(effects).items() if n != "deaths"}
    return Effects(**factors, deaths=np.pad(effects.deaths, (0, more)))


def yearly(flow: Floats) -> Floats:
    """Return yearly sums of a flow by quarter."""
    return np.asarray(flow.reshape(-1, QUARTERS).sum(axis=1))


def cohort_tables(
    fund: FundBook, history: History, scenario: Scenario, parameters: UsedParameters
) -> dict[str, pd.DataFrame]:
    """Return the frames that do not depend on the rate: ``outgo_by_benefit, cohorts, pensioners, pensioners_ahead, liabilities``."""
    on = scenario.valuation_date or history.valuation_date
    return {
        "outgo_by_benefit": outgo_by_benefit(fund),
        "cohorts": by_cohort(fund, effects_of(scenario, parameters, on)),
        "pensioners": pensioners(fund, float(scenario.discount_rate or 0.0)),
        "pensioners_ahead": pensioners_ahead(fund),
        "liabilities": liabilities_rolled(fund),
    }


def outgo_by_benefit(fund: FundBook) -> pd.DataFrame:
    """Return ``period``, a column of yuan each benefit stream and ``total_yuan``: means of all paths; the benefits sum to the total."""
    flows = {f"{name}_yuan": yearly(flow) for name, flow in fund.paths.streams.items()}
    return pd.DataFrame({"period": fund.periods, **flows, "total_yuan": sum(flows.values())})


def by_cohort(fund: FundBook, effects: Effects) -> pd.DataFrame:
    """Return what is paid for accidents that have happened, for works under way and for projects to come, on the expected path."""
    paths, model = fund.paths, fund.book.model
    luck = expected(fund.flows.mean_written)

    def paid(**which: Any) -> Floats:
        found = run(
            model, luck, paths.assumed.economy, effects, paths.assumed.collection, paths.assumed.events, **which
        )
        return yearly(found.outgo[:, 0])

    total, happened, under_way = yearly(paths.mean.outgo[:, 0]), paid(until=np.array([0])), paid(ahead=False)
    parts = {"happened_yuan": happened, "under_way_yuan": under_way - happened, "to_come_yuan": total - under_way}
    return pd.DataFrame({"period": fund.periods, **parts, "total_yuan": total})


def pensioners(fund: FundBook, rate: float) -> pd.DataFrame:
    """Return today's pensions by benefit and age: ``benefit, age_band, pensioners, monthly_yuan, capital_yuan``."""
    own = fund.book.pensioners
    index = (1.0 + fund.paths.assumed.economy.indexation) ** (np.arange(LONG) // QUARTERS + 1.0)
    rows = own.rows.assign(capital_yuan=own.capital(index * discounts(rate, LONG)))
    names = [f"{low}–{high - 1}" if high < 200 else f"≥{low}" for low, high in pairwise(AGE_BANDS)]
    rows["age_band"] = np.array(names)[np.clip(np.digitize(rows["age"], AGE_BANDS) - 1, 0, len(names) - 1)]
    found = rows.groupby(["benefit", "age_band"], sort=True).agg(
        pensioners=("monthly_yuan", "size"), monthly_yuan=("monthly_yuan", "sum"), capital_yuan=("capital_yuan", "sum")
    )
    order = {name: place for place, name in enumerate([*PENSIONS, *names])}
    found = found.sort_index(key=lambda level: level.map(order)).reset_index()
    return found.astype({"pensioners": "float64"})


def pensioners_ahead(fund: FundBook) -> pd.DataFrame:
    """Return how many pensions are paid at the end of each year on the expected path: ``period`` and a column each benefit."""
    mean, economy = fund.paths.mean, fund.paths.assumed.economy
    quarters = len(mean.earned)
    wages = (1.0 + economy.wages) ** (np.arange(quarters) // QUARTERS + 1.0)
    table: dict[str, object] = {"period": fund.periods}
    for stream in fund.book.model.streams:
        awards = mean.paid[stream.name].awards
        if stream.survival is None or awards is None:
            continue
        begun = awards[:, 0] / (max(stream.mean_award, 1e-9) * wages)
        whole = np.concatenate([[2.0 * stream.survival[0]], stream.survival[1:]])
        number = padded(stream.headcount, quarters) + toeplitz(whole, quarters) @ begun
        table[stream.name] = number[QUARTERS - 1 :: QUARTERS]
    return pd.DataFrame(table)


def liabilities_rolled(fund: FundBook) -> pd.DataFrame:
    """Return how outstanding claims and pensions together roll forward: closing = opening + new + unwinding − paid + experience."""
    own = fund.liabilities
    return pd.DataFrame(
        {
            "period": fund.periods,
            "liability_opening_yuan": own.total[:-1],
            "new_claims_yuan": own.new,
            "unwinding_yuan": own.unwinding,
            "paid_yuan": own.paid,
            "experience_yuan": own.experience,
            "liability_closing_yuan": own.total[1:],
        }
    )


@dataclass(frozen=True)
class Premium:
    """Premium by quarter at one rate: ``written = earned + closing − opening`` of the unearned."""

    written: Floats
    earned: Floats
    unearned: Floats
    opening: float


def premium_of(fund: FundBook, rates: Floats) -> Premium:
    """Return premium written, earned and unearned by quarter, as the paths expect it; ``rates`` (quarters,) of each quarter's projects."""
    model = fund.book.model
    written = rates * fund.paths.written
    quarters = len(written)
    earned = earned_ahead(model, written[:, None], before=False)[:, 0] + padded(model.unearned, quarters)
    opening = float(model.unearned.sum())
    return Premium(written, earned, opening + np.cumsum(written - earned), opening)


def premium_table(fund: FundBook, premium: Premium) -> pd.DataFrame:
    """Return ``period, unearned_opening_yuan, written_premium_yuan, earned_premium_yuan, unearned_closing_yuan``."""
    closing = premium.unearned[QUARTERS - 1 :: QUARTERS]
    return pd.DataFrame(
        {
            "period": fund.periods,
            "unearned_opening_yuan": np.concatenate([[premium.opening], closing[:-1]]),
            "written_premium_yuan": yearly(premium.written),
            "earned_premium_yuan": yearly(premium.earned),
            "unearned_closing_yuan": closing,
        }
    )


def sheets(fund: FundBook, premium: Premium, assets: Floats) -> pd.DataFrame:
    """Return the balance sheet on full funding at every year-end, today's first: assets = unearned premium + claims + pensions + surplus.

    Parameters
    ----------
    assets : (years + 1,) balance of the fund, the opening first
    """
    unearned = np.concatenate([[premium.opening], premium.unearned[QUARTERS - 1 :: QUARTERS]])
    outstanding, pensions_ = fund.liabilities.outstanding, fund.liabilities.pensions
    return pd.DataFrame(
        {
            "period": [str(fund.first_year - 1), *fund.periods],
            "assets_yuan": assets,
            "unearned_premium_yuan": unearned,
            "outstanding_claims_yuan": outstanding,
            "pensions_in_payment_yuan": pensions_,
            "surplus_yuan": assets - unearned - outstanding - pensions_,
        }
    )


def reserve_table(
    history: History,
    parameters: UsedParameters,
    on: date,
    collections: Floats,
    outgo: Floats,
    balance: Floats,
    periods: list[str],
) -> pd.DataFrame:
    """Return the reserve ahead (inside the balance): ``period, reserve_base_yuan, reserve_yuan, cap_yuan, balance_yuan``; it never exceeds the balance.

    Parameters
    ----------
    collections, outgo, balance : (years,) as expected; the base of a year is what the year before it brought (Order 182 Art. 5)
    """
    share, cap = float(parameters.value("reserve.share_of_collections", on)), float(parameters.value("reserve.cap", on))
    by_outgo = parameters.value("reserve.basis", on) == "expenditure"
    accounts = history.accounts
    known = accounts["reserve_yuan"].dropna()
    held = float(known.iloc[-1]) if len(known) else 0.0
    spent = accounts["expenditure_yuan"].dropna()
    flows = outgo if by_outgo else collections
    last = (float(spent.iloc[-1]) if len(spent) else None) if by_outgo else history.collected
    bases = np.concatenate([[float(flows[0]) if last is None else last], flows[:-1]])
    held_by_year = []
    for base, whole in zip(bases, balance, strict=True):
        held = min(reserve(held, float(base), share, cap), max(float(whole), 0.0))
        held_by_year.append(held)
    return pd.DataFrame(
        {
            "period": periods,
            "reserve_base_yuan": bases,
            "reserve_yuan": held_by_year,
            "cap_yuan": cap * bases,
            "balance_yuan": balance,
        }
    )


def on_level(history: History, current_rate: float) -> pd.DataFrame:
    """Return past premium at the rate in force: ``period, exposure_yuan, premium_yuan, rate, factor, on_level_yuan, outgo_yuan, outgo_ratio``."""
    rows = history.experience
    if rows is None:
        return pd.DataFrame()
    sums = rows.groupby("period")[["exposure_yuan", "premium_yuan", "paid_yuan"]].sum().reset_index()
    sums = sums[(sums["exposure_yuan"] > 0) & (sums["premium_yuan"] > 0)].astype(
        {"exposure_yuan": "float64", "premium_yuan": "float64", "paid_yuan": "float64"}
    )
    rate = sums["premium_yuan"] / sums["exposure_yuan"]
    level = sums["exposure_yuan"] * current_rate
    return sums.assign(
        rate=rate, factor=current_rate / rate, on_level_yuan=level, outgo_ratio=sums["paid_yuan"] / level
    )


def on_payroll(
    rates: Mapping[str, float], parameters: UsedParameters, on: date, tables: CohortBook | None
) -> pd.DataFrame:
    """Return each rate as a share of payroll beside the benchmarks of classes 5 and 6: ``basis, rate, labour_share, payroll_rate, class_5, class_6``."""
    share, mark = float(parameters.value("construction.labour_share", on)), "assumption"
    if tables is not None:
        projects = tables.tables.projects
        known = projects[projects["labour_share"].notna()]
        cost = float(known["total_cost_yuan"].sum())
        if cost > 0.5 * float(projects["total_cost_yuan"].sum()):
            share, mark = float((known["labour_share"] * known["total_cost_yuan"]).sum()) / cost, "own"
    classes = parameters.value("industry_class.base_rates", on)
    rows = [
        {"basis": basis, "rate": rate, "labour_share": share, "labour_mark": mark, "payroll_rate": rate / share,
         "class_5": float(classes[4]), "class_6": float(classes[5])}
        for basis, rate in rates.items()
    ]  # fmt: skip
    return pd.DataFrame(rows)


def by_quarter(projection: Projection, balances: Floats) -> pd.DataFrame:
    """Return the balance at the end of every quarter: ``quarter, balance_p05, …, balance_p95, probability_below_now`` (of that quarter alone)."""
    quantiles = np.quantile(balances, [0.05, 0.25, 0.5, 0.75, 0.95], axis=0)
    names = [f"balance_p{p}" for p in ("05", "25", "50", "75", "95")]
    return pd.DataFrame(
        {
            "quarter": [f"{projection.first_year + q // 4}Q{q % 4 + 1}" for q in range(balances.shape[1])],
            **dict(zip(names, quantiles, strict=True)),
            "probability_below_now": (balances < projection.fund.floor).mean(axis=0),
        }
    )


def rate_tables(
    fund: FundBook | None,
    history: History,
    projection: Projection,
    scenario: Scenario,
    parameters: UsedParameters,
    balances: Floats,
    factor: Floats | float = 1.0,
) -> dict[str, pd.DataFrame]:
    """Return the frames that a rate changes: the balance by quarter and the reserve; of a ledger fund also premium and the balance sheet ahead.

    ``factor`` (quarters,) is what stage cuts and raises make of the base rate, on the mean of all paths.
    """
    on = scenario.valuation_date or history.valuation_date
    assert scenario.base_rate is not None
    rates = np.where(np.isnan(projection.fixed_rate), scenario.base_rate, projection.fixed_rate) * factor
    collections = yearly(rates * projection.exposure_by_quarter.mean(axis=0))
    ends = balances[:, QUARTERS - 1 :: QUARTERS].mean(axis=0)
    periods = [str(projection.first_year + y) for y in range(len(ends))]
    tables = {
        "fund_by_quarter": by_quarter(projection, balances),
        "reserve": reserve_table(history, parameters, on, collections, projection.outgo.mean(axis=0), ends, periods),
    }
    if fund is not None:
        premium = premium_of(fund, rates)
        tables["premium"] = premium_table(fund, premium)
        tables["balance_sheet_forward"] = sheets(fund, premium, np.concatenate([[projection.opening], ends]))
    return tables


def balance_sheet(sheet: pd.DataFrame) -> pd.DataFrame:
    """Return today's balance sheet as ``item, amount_yuan``: assets = liabilities + surplus."""
    today = sheet.iloc[0].drop("period")
    return pd.DataFrame(
        {
            "item": [name.removesuffix("_yuan") for name in today.index],
            "amount_yuan": today.astype("float64").to_numpy(),
        }
    )
