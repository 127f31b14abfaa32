"""The ledgers of a book as the experience study reads them: once, up to the valuation date, with their gaps said."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import TypeVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.assumptions import UsedParameters
from analysis.closed_years import breaks_off, days_of, year_closed_by
from data.book import Book
from models.messages import InputError, Message

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

LEAST_YEARS = 2


@dataclass(frozen=True)
class Ledgers:
    """Projects, cases, payments, roster and contractors of a fund up to ``on``, the last day of the last complete year; ``years`` from the first enrolment on.

    ``cases`` have ``year`` (of injury, 0 = before the first year) and ``project`` (row of ``projects``, −1 = none); ``payments`` have the case's row.
    """

    projects: pd.DataFrame
    cases: pd.DataFrame
    payments: pd.DataFrame
    roster: pd.DataFrame
    contractors: pd.DataFrame
    on: date
    years: Integers
    parameters: UsedParameters
    notes: tuple[Message, ...]

    @property
    def close(self) -> np.datetime64:
        """The day after the valuation date."""
        return np.datetime64(self.on, "D") + np.timedelta64(1, "D")

    @property
    def quarters(self) -> pd.PeriodIndex:
        """The quarters of ``years``."""
        return pd.period_range(f"{self.years[0]}Q1", f"{self.years[-1]}Q4", freq="Q")

    @property
    def least_victims(self) -> int:
        """The number of victims from which an event is large."""
        return int(self.parameters.value("catastrophe.deaths", self.on)["least"])

    @property
    def large(self) -> NDArray[np.bool_]:
        """(cases,) whether a case belongs to a large event."""
        return large_event(self.cases, self.least_victims)


Part = TypeVar("Part")


def attempt(work: Callable[[], Part], notes: list[Message]) -> Part | None:
    """Return what the work gives, or None with its reason among the notes."""
    try:
        return work()
    except InputError as error:
        notes.append(error.message)
        return None


def read_frames(book: Book, parameters: UsedParameters, on: date | None = None) -> Ledgers:
    """Return the ledgers of a book; see `ledgers_of`."""
    return ledgers_of({name: book.table(name) for name in TABLES}, parameters, on)


TABLES = ("projects", "cases", "payments", "roster", "contractors")


def ledgers_of(tables: Mapping[str, pd.DataFrame], parameters: UsedParameters, on: date | None = None) -> Ledgers:
    """Return ledgers from the book's tables, cut at the valuation date.

    Parameters
    ----------
    tables : those of `TABLES`, with the book's columns
    on : the valuation date, by default the end of the last year that the data reach the end of; within a year the end of the year before counts

    Raises
    ------
    InputError
        No dated project; fewer than two complete years.
    """
    projects, cases, payments, roster, contractors = (tables[name] for name in TABLES)
    projects = projects[projects["enrolment_date"].notna()]
    if projects.empty:
        raise InputError("The ledgers hold no project with a date of enrolment: there is no exposure to study.")
    last = max(t[c].max() for t, c in ((projects, "enrolment_date"), (cases, "injury_date"), (payments, "payment_date")) if len(t))  # fmt: skip
    notes: list[Message] = []
    on = _last_close(tables) if on is None else date(year_closed_by(on), 12, 31)
    if last.date() > on:
        notes.append(Message("The data go on after {on:date}; what came later is left out.", {"on": on}))
    first = int(projects["enrolment_date"].dt.year.min())
    years = np.arange(first, on.year + 1, dtype=np.int64)
    if len(years) < LEAST_YEARS:
        raise InputError(
            "The ledgers tell of {count} complete year up to {on:date}; a study needs two or more.",
            count=len(years),
            on=on,
        )
    close = pd.Timestamp(on) + pd.Timedelta(1, "D")
    projects = projects[projects["enrolment_date"] < close].reset_index(drop=True)
    cases = cases[cases["injury_date"] < close].reset_index(drop=True)
    payroll = cases["employer_id"].notna()
    if payroll.any():
        notes.append(Message("{count} accidents of employers that enrol by payroll stand apart: they are no project's.", {"count": int(payroll.sum())}))  # fmt: skip
        cases = cases[~payroll].reset_index(drop=True)
    place = pd.Index(projects["project_id"]).get_indexer(cases["project_id"])
    year = cases["injury_date"].dt.year.to_numpy(dtype=np.int64)
    cases = cases.assign(project=place, year=np.where(year < first, 0, year), on_ledger=reported_by(cases, close))
    orphans, early = int((place < 0).sum()), int((year < first).sum())
    if orphans:
        notes.append(Message("{count} cases name a project that the ledgers do not hold: they count in no cell.", {"count": orphans}))  # fmt: skip
    if early:
        notes.append(Message("{count} cases are dated before the first enrolment and were left out.", {"count": early}))
    row = pd.Index(cases["case_id"]).get_indexer(payments["case_id"])
    known = (row >= 0) & (payments["payment_date"] < close).to_numpy()
    payments = payments[known].assign(case=row[known]).reset_index(drop=True)
    return Ledgers(projects, cases, payments, roster, contractors, on, years, parameters, tuple(notes))


def _last_close(tables: Mapping[str, pd.DataFrame]) -> date:
    """Return the end of the last year that projects, and accidents or payments, reach the end of."""
    days = days_of(tables)
    claims = [rows.index.max().year for name, rows in days.items() if name != "projects" and len(rows)]
    year = int(min([days["projects"].index.max().year, *([max(claims)] if claims else [])]))
    return date(year if breaks_off(days, year) is None else year - 1, 12, 31)


def reported_by(cases: pd.DataFrame, close: pd.Timestamp) -> NDArray[np.bool_]:
    """Return (cases,) whether a case was reported before a day; a ledger that gives few dates of report counts every case it holds."""
    first = cases["report_date"].fillna(cases["recognition_date"])
    if first.notna().mean() < 0.5:
        return np.ones(len(cases), dtype=np.bool_)
    return np.asarray(first < close, dtype=np.bool_)


def large_event(cases: pd.DataFrame, least: int) -> NDArray[np.bool_]:
    """Return (cases,) whether a case belongs to an event with at least ``least`` victims."""
    known = cases["event_id"].notna()
    size = cases.loc[known, "event_id"].map(cases["event_id"].value_counts())
    large = np.zeros(len(cases), dtype=np.bool_)
    large[known.to_numpy()] = size.to_numpy() >= least
    return large
