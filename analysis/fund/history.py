"""What a book says of the past: yearly exposure, outgo, balance, payable months; from accounts or from experience."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.assumptions import UsedParameters
from analysis.closed_years import breaks_off, rows_by_day, year_closed_by
from analysis.fund.cohort_fit import CohortBook, fit_cohorts
from analysis.fund.ledger_tables import LedgerTables, read_tables
from analysis.scenario import Scenario
from data.book import Book
from data.derive import project_funds
from models.fund import QUARTERS, payable_months
from models.messages import InputError, Message

Floats = NDArray[np.float64]

FLOW_PARTS = ("benefits", "prevention", "other_outgo", "transfer_out")
TOLERANCE = 0.02
"""Roll-forward differences above this share of the balance are reported (published figures are rounded to 亿元)."""


@dataclass(frozen=True)
class History:
    """A fund's past by year.

    ``exposure`` is enrolled total cost (yuan); where ``notional`` it is collections ÷ the rate in force, which stands for it. ``accounts`` has the
    columns of `RateReview.accounts`. ``people``: cases or beneficiaries of the last year (0 = not known). ``experience``: the rows behind a level 2
    or 3 history (of ledgers ``incurred_yuan`` is what has been paid so far), else None. ``collected``: premium of the last year, None where not known.
    """

    level: int
    years: NDArray[np.intp]
    exposure: Floats
    outgo: Floats
    notional: bool
    accounts: pd.DataFrame
    opening: float
    outgo_parts: Mapping[str, float]
    people: float
    experience: pd.DataFrame | None
    marks: tuple[str, ...]
    warnings: tuple[Message, ...]
    cohorts: CohortBook | None = None
    collected: float | None = None

    @property
    def valuation_date(self) -> date:
        """The end of the last year."""
        return date(int(self.years[-1]), 12, 31)


def read_history(book: Book, scenario: Scenario, parameters: UsedParameters) -> History:
    """Return the past that a book tells, up to the scenario's valuation date; the deepest level present decides.

    Raises
    ------
    InputError
        The book holds neither accounts nor experience, or none up to that date.
    """
    statement, marks, warnings = _statement(book, scenario)
    experience = _experience(book, scenario)
    if experience is not None and len(experience):
        experience = _closed(book, experience, scenario, warnings)
        found = _from_experience(experience, statement, scenario, marks, warnings)
        found = replace(found, level=3) if 3 in book.levels() else found
        return _with_cohorts(found, read_tables(book, scenario.fund, found.valuation_date), parameters)
    if statement is None or not {"revenue", "expenditure"} <= set(statement.columns):
        raise InputError(
            "The book {name} has no year with income and outgo. Import the fund's accounts (年度, 基金收入, 基金支出, 累计结余) or its "
            "experience (施工单位, 年度, 总造价, 保费, 工伤人数, 待遇支出).",
            name=book.name,
        )
    return _from_accounts(statement, scenario, parameters, marks, warnings)


def _with_cohorts(history: History, tables: LedgerTables | None, parameters: UsedParameters) -> History:
    """Return a history with the cohorts of its ledgers, where there are ledgers of at least three years."""
    cohorts = fit_cohorts(tables, parameters) if tables is not None else None
    if cohorts is None or tables is None:
        return history
    if tables.employers.empty:
        return replace(history, cohorts=cohorts)
    if cohorts.model.payroll_premium == 0:
        note = Message(
            "Employers that enrol by payroll are left out of the fund ahead: the ledgers hold their premium, but none of their accidents."
        )
    else:
        note = Message(
            "The pay-as-you-go and terminal-funding rates also carry the difference between what accidents of employers enrolled by payroll cost and the premium of these employers; the full-funding rate is that of projects alone."
        )
    return replace(history, cohorts=cohorts, warnings=(*history.warnings, note))


def _statement(book: Book, scenario: Scenario) -> tuple[pd.DataFrame | None, tuple[str, ...], list[Message]]:
    """Return accounts by year (index) and item, their weaker marks, and warnings."""
    rows = book.table("accounts")
    warnings: list[Message] = []
    if rows.empty:
        return None, (), warnings
    funds = rows["fund"].value_counts()
    fund = scenario.fund or str(funds.index[0])
    if fund not in funds.index:
        raise InputError("The book has no fund {fund}; it has {known}.", fund=fund, known=", ".join(funds.index))
    if len(funds) > 1 and scenario.fund is None:
        warnings.append(
            Message(
                "The book holds several funds ({known}); this is {fund}.",
                {"known": ", ".join(funds.index), "fund": fund},
            )
        )
    rows = rows[rows["fund"] == fund]
    marks = tuple(sorted(set(rows["mark"].dropna()) - {"official", "own", "synthetic"}))
    rows = rows.assign(year=rows["period"].str[:4].astype("int64"), part=rows["period"].str.contains("Q"))
    # where a year's statement stands beside those of its quarters, it is the year; a stock is that of the year's end
    whole = rows.loc[~rows["part"], ["year", "item"]].drop_duplicates().assign(whole=True)
    beside = rows.merge(whole, on=["year", "item"], how="left")["whole"].notna().to_numpy()
    rows = rows[~(rows["part"].to_numpy() & beside)]
    stock = rows["item"].isin(["balance", "reserve", "insured_persons"])
    ends = rows[stock & (~rows["part"] | rows["period"].str.endswith("Q4"))]
    last = ends.groupby(["year", "item"])["amount"].last()
    flows = rows[~stock]
    flows = flows.groupby(["year", "item"]).agg(amount=("amount", "sum"), n=("amount", "size"), part=("part", "any"))
    incomplete = flows["part"] & (flows["n"] < 4)
    if incomplete.any():
        left = sorted({str(y) for y, _ in flows.index[incomplete]})
        warnings.append(
            Message("The years {years} have fewer than four quarters and were left out.", {"years": ", ".join(left)})
        )
    table = pd.DataFrame(pd.concat([flows.loc[~incomplete, "amount"], last]).unstack())
    if scenario.valuation_date is not None:
        table = table[table.index <= year_closed_by(scenario.valuation_date)]
    if "revenue" not in table and "contributions" in table:
        income = table.reindex(columns=["contributions", "interest", "transfer_in", "other_income"])
        table["revenue"] = income.sum(axis=1, min_count=1).where(table["contributions"].notna())
    if "expenditure" not in table and "benefits" in table:
        table["expenditure"] = (
            table.reindex(columns=list(FLOW_PARTS)).sum(axis=1, min_count=1).where(table["benefits"].notna())
        )
    return table.sort_index(), marks, warnings


def accounts_frame(statement: pd.DataFrame) -> pd.DataFrame:
    """Return ``period, revenue_yuan, expenditure_yuan, balance_yuan, reserve_yuan, payable_months, rolled_yuan, difference_yuan``.

    ``rolled_yuan`` is the previous year's balance plus income less outgo, where the previous year is known.
    """
    table = statement.reindex(columns=["revenue", "expenditure", "balance", "reserve"])
    table = table.dropna(subset=["revenue", "expenditure", "balance"], how="all")
    previous = table["balance"].reindex(table.index - 1).to_numpy()
    rolled = previous + table["revenue"] - table["expenditure"]
    return pd.DataFrame(
        {
            "period": table.index.astype("str"),
            "revenue_yuan": table["revenue"].to_numpy(),
            "expenditure_yuan": table["expenditure"].to_numpy(),
            "balance_yuan": table["balance"].to_numpy(),
            "reserve_yuan": table["reserve"].to_numpy(),
            "payable_months": payable_months(table["balance"].to_numpy(), table["expenditure"].to_numpy()),
            "rolled_yuan": rolled.to_numpy(),
            "difference_yuan": (table["balance"] - rolled).to_numpy(),
        }
    )


def _from_accounts(
    statement: pd.DataFrame,
    scenario: Scenario,
    parameters: UsedParameters,
    marks: tuple[str, ...],
    warnings: list[Message],
) -> History:
    complete = statement.dropna(subset=["revenue", "expenditure"])
    complete = complete[(complete["revenue"] > 0) & (complete["expenditure"] > 0)]
    if complete.empty:
        raise InputError("No year of the accounts has both income and outgo up to the valuation date.")
    on = date(int(complete.index[-1]), 12, 31)
    rate = scenario.current_rate or parameters.value("project_rate", on)
    interest = parameters.value("interest_rate", on) if scenario.interest_rate is None else scenario.interest_rate
    balance = complete["balance"] if "balance" in complete else pd.Series(np.nan, index=complete.index)
    opening = balance - complete["revenue"] + complete["expenditure"]
    if "contributions" in complete and complete["contributions"].notna().all():
        collections = complete["contributions"]
    else:
        collections = (complete["revenue"] - interest * opening.fillna(0.0).clip(lower=0)).clip(
            lower=0.01 * complete["revenue"]
        )
        warnings.append(
            Message(
                "The accounts give income as a whole: premium is taken as income less interest of {interest:percent} on the opening balance.",
                {"interest": interest},
            )
        )
    notional = "exposure" not in complete or not complete["exposure"].notna().all()
    if notional:
        exposure = collections / rate
        warnings.append(
            Message(
                "Accounts alone know no total cost: the indicated rate is the rate in force ({rate:permille}) × outgo ÷ premium, of the whole fund "
                "and not of construction projects alone.",
                {"rate": rate},
            )
        )
    else:
        exposure = complete["exposure"]
    return History(
        level=1,
        years=complete.index.to_numpy(dtype=np.intp),
        exposure=exposure.to_numpy(dtype=np.float64),
        outgo=complete["expenditure"].to_numpy(dtype=np.float64),
        notional=notional,
        accounts=accounts_frame(statement),
        opening=_opening(statement, int(complete.index[-1]), scenario, warnings),
        outgo_parts=_outgo_parts(complete),
        people=_people(complete),
        experience=None,
        marks=marks,
        warnings=(*warnings, *_roll_forward_warnings(statement)),
        collected=float(collections.iloc[-1]),
    )


def _outgo_parts(complete: pd.DataFrame) -> dict[str, float]:
    last = complete.iloc[-1]
    known = {p: float(last[p]) for p in FLOW_PARTS if p in complete and last[p] > 0}
    rest = float(last["expenditure"]) - sum(known.values())
    if not known:
        return {"benefits": float(last["expenditure"])}
    return {**known, **({"other_outgo": known.get("other_outgo", 0.0) + rest} if rest > 0 else {})}


def _people(complete: pd.DataFrame) -> float:
    known = complete["beneficiaries"].dropna() if "beneficiaries" in complete else pd.Series(dtype=float)
    return float(known.iloc[-1]) if len(known) else 0.0


def _opening(statement: pd.DataFrame | None, year: int, scenario: Scenario, warnings: list[Message]) -> float:
    if scenario.opening_balance is not None:
        return scenario.opening_balance
    if statement is not None and "balance" in statement:
        known = float(statement["balance"].reindex([year]).to_numpy()[0])
        if not np.isnan(known):
            return known
    warnings.append(
        Message(
            "The balance at the end of {year} is not known: the projection starts at 0. Set the opening balance (opening_balance) in the scenario.",
            {"year": year},
        )
    )
    return 0.0


def _roll_forward_warnings(statement: pd.DataFrame) -> list[Message]:
    frame = accounts_frame(statement)
    wrong = frame[(frame["difference_yuan"].abs() > TOLERANCE * frame["balance_yuan"].abs())]
    return [
        Message(
            "{year}: the balance {balance:money} differs from last year's plus income less outgo by {difference:money}.",
            {"year": row.period, "balance": row.balance_yuan, "difference": row.difference_yuan},
        )
        for row in wrong.itertuples()
    ]


def _experience(book: Book, scenario: Scenario) -> pd.DataFrame | None:
    funds = project_funds(book)
    if len(funds) > 1 and scenario.fund not in (None, *funds):
        raise InputError("The book has no fund {fund}; it has {known}.", fund=scenario.fund, known=", ".join(funds))
    rows = book.experience((scenario.fund or funds[0]) if len(funds) > 1 else None)
    if rows.empty:
        return None
    rows = rows.assign(year=rows["period"].str[:4].astype("int64"))
    return rows if scenario.valuation_date is None else rows[rows["year"] <= year_closed_by(scenario.valuation_date)]


def _closed(book: Book, rows: pd.DataFrame, scenario: Scenario, warnings: list[Message]) -> pd.DataFrame:
    """Leave out a last year that is not over: its missing accidents and payments would pass for a low rate. A year that is asked for by name stays."""
    both = rows.groupby("year")[["exposure_yuan", "paid_yuan", "incurred_yuan"]].sum()
    usable = both.index[(both["exposure_yuan"] > 0) & (both[["paid_yuan", "incurred_yuan"]] > 0).any(axis=1)]
    if len(usable) < 2:
        return rows
    last = int(usable[-1])
    if 3 in book.levels():
        stop = breaks_off(rows_by_day(book), last)
    else:
        quarters = rows.loc[rows["year"] == last, "period"]
        part = quarters.str.contains("Q") & (quarters.nunique() < QUARTERS)
        stop = pd.Period(quarters.max(), freq="Q").end_time.date() if part.all() else None
    if stop is None:
        return rows
    if scenario.valuation_date is not None:
        warnings.append(
            Message(
                "The data break off on {day:date}, but {year} is taken as a whole year because the valuation date asks for it: its outgo and its accidents are too few.",
                {"day": stop, "year": last},
            )
        )
        return rows
    warnings.append(
        Message(
            "The data break off on {day:date}: {year} is not over and was left out. The review stands at the end of {before}.",
            {"day": stop, "year": last, "before": last - 1},
        )
    )
    return rows[rows["year"] < last]


def _from_experience(
    rows: pd.DataFrame,
    statement: pd.DataFrame | None,
    scenario: Scenario,
    marks: tuple[str, ...],
    warnings: list[Message],
) -> History:
    cost = "paid_yuan" if rows["paid_yuan"].notna().any() else "incurred_yuan"
    if rows[cost].notna().sum() == 0:
        raise InputError(
            "The experience has neither paid nor incurred benefits; the column 待遇支出 (paid_yuan) is needed."
        )
    if cost == "incurred_yuan":
        warnings.append(
            Message("The experience has no payments; incurred cost stands in for the outgo of the year.", {})
        )
    known = rows["paid_yuan"].fillna(rows["incurred_yuan"])
    yearly = (
        rows.assign(outgo=known)
        .groupby("year")
        .agg(
            exposure=("exposure_yuan", "sum"),
            premium=("premium_yuan", "sum"),
            outgo=("outgo", "sum"),
            cases=("cases", "sum"),
        )
    )
    usable = yearly[(yearly["exposure"] > 0) & (yearly["outgo"] > 0)]
    if usable.empty:
        raise InputError("No year of the experience has both exposure and benefits.")
    last = int(usable.index[-1])
    if statement is not None and {"revenue", "expenditure"} <= set(statement.columns) and len(statement):
        accounts = accounts_frame(statement)
        warnings += _roll_forward_warnings(statement)
        # payments are benefits; the accounts' outgo may hold prevention and transfers too
        of_accounts = statement["benefits"] if "benefits" in statement else statement["expenditure"]
        both = of_accounts.reindex(usable.index).dropna()
        gap = float((usable["outgo"].reindex(both.index).sum() / both.sum()) - 1) if len(both) else 0.0
        if abs(gap) > TOLERANCE:
            warnings.append(
                Message(
                    "Payments of the experience differ from the accounts' benefits by {gap:percent} in the same years.",
                    {"gap": gap},
                )
            )
    else:
        own = yearly.loc[:last].rename(columns={"premium": "revenue", "outgo": "expenditure"})
        accounts = accounts_frame(own.assign(balance=np.nan, reserve=np.nan))
    later = yearly.index[yearly.index > last]
    if len(later):
        warnings.append(
            Message(
                "The book has payments in {years} but no total cost of those years: the review stands at the end of {last}.",
                {"years": ", ".join(map(str, later)), "last": last},
            )
        )
    return History(
        level=2,
        years=usable.index.to_numpy(dtype=np.intp),
        exposure=usable["exposure"].to_numpy(dtype=np.float64),
        outgo=usable["outgo"].to_numpy(dtype=np.float64),
        notional=False,
        accounts=accounts,
        opening=_opening(statement, last, scenario, warnings),
        outgo_parts={"benefits": float(usable["outgo"].iloc[-1])},
        people=float(usable["cases"].iloc[-1]),
        experience=rows,
        marks=marks,
        warnings=tuple(warnings),
        collected=float(usable["premium"].iloc[-1]) or None,
    )
