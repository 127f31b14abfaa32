"""Up to which year a book is whole: a year that ledgers break off in would pass for a quiet one, and its rate for a low one."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import pandas as pd
from sqlalchemy import func, select

from data import schema
from data.book import Book

DATED = {"projects": "enrolment_date", "cases": "injury_date", "payments": "payment_date"}
"""Ledger → the date that its rows come with."""
SILENCE_DAYS = {"projects": 16, "cases": 120, "payments": 16}
"""Days without a row at a year's end that say nothing: the holiday; for accidents the time to file and to recognise (Art. 17, 20: 30 + 60 days)."""
LEAST_EXPECTED = 8.0
"""Rows that the same weeks of the years before brought, from which on silence is no chance (one in three thousand)."""
LOOK_BACK = 3
MISTYPED = 0.002
"""Share of a year's rows that may bear a date after its books were closed."""


def year_closed_by(day: date) -> int:
    """Return the last year that is over on a day: a review stands at a year's end."""
    return day.year - (day < date(day.year, 12, 31))


def rows_by_day(book: Book) -> dict[str, pd.Series]:
    """Return ledger → number of current rows by day, the days in order."""
    found = {}
    with book.engine.connect() as connection:
        for name, column in DATED.items():
            table = schema.SQL_TABLES[name]
            day = table.c[column]
            query = select(day.label("day"), func.count().label("rows")).where(
                table.c.superseded_by.is_(None), day.is_not(None)
            )
            rows = pd.read_sql(query.group_by(day), connection)
            found[name] = rows.set_index(pd.to_datetime(rows["day"]))["rows"].sort_index()
    return found


def days_of(tables: Mapping[str, pd.DataFrame]) -> dict[str, pd.Series]:
    """Return the same as `rows_by_day` of ledgers that have been read."""
    return {name: tables[name][column].value_counts().sort_index() for name, column in DATED.items()}


def breaks_off(days: Mapping[str, pd.Series], year: int) -> date | None:
    """Return the day on which the ledgers break off in a year; None where they reach its end.

    A ledger breaks off where it holds no row for the rest of the year although the same weeks of up to three years before brought `LEAST_EXPECTED` and
    more; of several ledgers the first one counts.
    """
    stops = [
        stop for name, rows in days.items() if (stop := _stop(rows, year, SILENCE_DAYS[name])) is not None
    ]  # fmt: skip
    return min(stops, default=None)


def _stop(rows: pd.Series, year: int, silence: int) -> date | None:
    years, turn = pd.DatetimeIndex(rows.index).year, pd.DatetimeIndex(rows.index).day_of_year
    own = rows[years == year].cumsum()
    last = pd.Timestamp(year - 1, 12, 31)
    if len(own):
        # one mistyped day in December must not hide that nothing came since June
        last = own.index[int((own < own.iloc[-1] * (1.0 - MISTYPED)).sum())]
    left = (pd.Timestamp(year, 12, 31) - last).days
    if left <= silence:
        return None
    before = [
        float(rows[(years == y) & (turn > 365 - left)].sum())
        for y in range(year - LOOK_BACK, year)
        if (years == y).any()
    ]
    return last.date() if sum(before) >= LEAST_EXPECTED * max(len(before), 1) else None
