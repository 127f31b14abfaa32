"""The ledgers of one fund as they were known on a day: later payments, ends of projects and reports are not seen."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.assumptions import UsedParameters
from data.book import Book
from models.exposure import WorkCalendar, effective_end, work_calendar
from models.messages import InputError

PROJECT_COLUMNS = [
    "project_id", "contractor_id", "fund", "prefecture", "project_type", "total_cost_yuan", "final_cost_yuan", "labour_share", "rate",
    "multiplier", "premium_yuan", "enrolment_date", "start_date", "planned_end", "actual_end", "extended_to", "status",
]  # fmt: skip
CASE_COLUMNS = [
    "case_id", "project_id", "contractor_id", "employer_id", "injury_date", "report_date", "event_id", "outcome", "age", "sex",
    "own_wage_yuan", "dependants",
]  # fmt: skip
PAYMENT_COLUMNS = ["case_id", "payment_date", "benefit", "amount_yuan"]
USUAL_LENGTH = 540
"""Days of construction taken where a book knows no dates at all."""
RIPE_DAYS = 365
"""Days since its planned end after which a project tells how late works end."""
LEAST_RIPE = 30
"""Projects that must tell it before it is taken for a rule."""


@dataclass(frozen=True)
class LedgerTables:
    """Projects, cases, payments and employers of one fund as known at the end of ``close``; cancelled projects are left out.

    ``projects`` has ``start`` and ``end`` (the day after the last day of work) filled in.
    """

    close: date
    projects: pd.DataFrame
    cases: pd.DataFrame
    payments: pd.DataFrame
    employers: pd.DataFrame

    @property
    def first_year(self) -> int:
        """Year of the first enrolment."""
        return int(self.projects["enrolment_date"].dt.year.min())

    @property
    def quarters(self) -> int:
        """Quarters from the first year's start to the close."""
        return (self.close.year - self.first_year + 1) * 4

    def quarter(self, days: pd.Series) -> NDArray[np.intp]:
        """Return the number of each day's quarter, 0 being the first; what lies before joins it."""
        number = (days.dt.year - self.first_year) * 4 + (days.dt.month - 1) // 3
        return np.asarray(np.maximum(number.to_numpy(dtype=np.intp), 0), dtype=np.intp)

    def edges(self, ahead: int = 0) -> NDArray[np.datetime64]:
        """Return the first days of all quarters up to the close and ``ahead`` beyond it, and the day after the last."""
        start = np.datetime64(f"{self.first_year}-01", "M")
        return (start + 3 * np.arange(self.quarters + ahead + 1)).astype("datetime64[D]")


def read_tables(book: Book, fund: str | None, close: date) -> LedgerTables | None:
    """Return the ledgers of a fund as known at the end of ``close`` (the fund with most projects where None is named); None without ledgers."""
    if 3 not in book.levels():
        return None
    after = pd.Timestamp(close) + pd.Timedelta(1, "D")
    every = book.table("projects", PROJECT_COLUMNS)
    funds = every["fund"].dropna().value_counts()
    cases = book.table("cases", CASE_COLUMNS)
    projects = every
    if len(funds) > 1:
        chosen = fund or str(funds.index[0])
        if chosen not in funds.index:
            raise InputError("The book has no fund {fund}; it has {known}.", fund=chosen, known=", ".join(funds.index))
        projects = every[every["fund"].fillna(chosen) == chosen]
        others = every.loc[~every["project_id"].isin(projects["project_id"]), "project_id"]
        cases = cases[~cases["project_id"].isin(others)]
    projects = projects[projects["enrolment_date"] < after]
    cases = cases[cases["injury_date"] < after]
    payments = book.table("payments", PAYMENT_COLUMNS)
    payments = payments[payments["payment_date"] < after]
    live = projects[projects["status"].fillna("") != "cancelled"]
    if live.empty:
        return None
    return LedgerTables(close, _dated(live, after), cases, payments, book.table("employers"))


def _dated(projects: pd.DataFrame, after: pd.Timestamp) -> pd.DataFrame:
    """Fill in start and end from what was known before ``after``; projects without dates take as long as the others do in the middle."""
    known = projects.assign(actual_end=projects["actual_end"].where(projects["actual_end"] < after))
    # an extension is asked for in the last days of the planned period
    known["extended_to"] = known["extended_to"].where(known["planned_end"] < after)
    start = known["start_date"].fillna(known["enrolment_date"])
    # a status that nobody brought up to date must not keep works going for years: what is overdue has ended as planned
    end = effective_end(known)
    end = end + _still_to_come(known, start, end, after)
    length = (end - start).dt.days
    usual = float(length[length > 0].median()) if (length > 0).any() else float(USUAL_LENGTH)
    # the period of a project that the ledgers do not say, or say wrongly
    end = end.where(end > start, start + pd.Timedelta(usual, "D"))
    return known.assign(start=start.dt.normalize(), end=end.dt.normalize())


def _still_to_come(known: pd.DataFrame, start: pd.Series, end: pd.Series, after: pd.Timestamp) -> pd.Series:
    """Return by how much works that have not reached their planned end are expected to end later than planned: as much as earlier ones did, by cost.

    Taken as planned they would have earned too much by now, and too little ahead.
    """
    planned = known["planned_end"] + pd.Timedelta(1, "D")
    length = (planned - start).dt.days.clip(lower=0).fillna(0.0)
    ripe = (planned < after - pd.Timedelta(RIPE_DAYS, "D")) & (length > 0) & end.notna()
    weight = known["total_cost_yuan"].where(ripe, 0.0)
    base = float((weight * length).sum())
    late = float((weight * (end - planned).dt.days.fillna(0.0)).sum())
    share = max(late / base, 0.0) if base > 0 and int(ripe.sum()) >= LEAST_RIPE else 0.0
    under_way = (planned > after) & known["actual_end"].isna() & (known["status"] != "suspended")
    return pd.to_timedelta((length * share).where(under_way, 0.0).round(), "D")


def calendar_of(parameters: UsedParameters, on: date) -> WorkCalendar:
    """Return the calendar of construction: the winter stop of the parameters."""
    months = tuple(parameters.value("construction.winter_months", on))
    return work_calendar(months, float(parameters.value("construction.winter_share", on)))
