"""The quality report of a book: what does not fit together, with its rows. Nothing is corrected."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from sqlalchemy import ColumnElement, Date, FromClause, Select, Table, extract, func, select

from data import schema
from data.book import Book
from data.schema import FUND_BENEFITS
from models.messages import Message

TOLERANCE = 0.005
"""Half a fen."""

OUTLIER = 8.0
"""A payment this many robust standard deviations above its benefit's median, on the log scale, is shown."""

DOMINANT, FEW = 0.2, 20
"""A project of more than this share of what its year enrolled is shown, in a year of at least so many projects."""


@dataclass(frozen=True)
class Finding:
    """A kind of defect: its code, what it means, how grave it is (``error``, ``warning``) and the rows that have it."""

    code: str
    message: Message
    severity: str
    rows: pd.DataFrame


def quality(book: Book) -> list[Finding]:
    """Return every finding about a book, errors first; a finding without rows is left out.

    Checks: control totals between levels; duplicates; impossible dates; orphans; negative amounts; premium against rate × cost; outliers; permits
    without enrolment.
    """
    found: list[Finding] = []
    if 3 in book.levels():
        found += _ledgers(book)
    found += _totals(book)
    found += _accounts(book)
    kept = [f for f in found if len(f.rows)]
    return sorted(kept, key=lambda f: f.severity != "error")


def _ledgers(book: Book) -> Iterator[Finding]:
    """What the database itself can find: only rows with a defect leave it, so a book of any size is checked in little memory."""
    projects, cases, payments, permits = (schema.SQL_TABLES[n] for n in ("projects", "cases", "payments", "permits"))
    p, c, m, now = projects.c, cases.c, payments.c, {t: t.c.superseded_by.is_(None) for t in schema.SQL_TABLES.values()}
    joined = cases.outerjoin(projects, (p.project_id == c.project_id) & now[projects])

    def rows(columns: Sequence[ColumnElement[Any]], source: FromClause, *where: ColumnElement[bool]) -> pd.DataFrame:
        return _rows(book, select(*columns).select_from(source).where(*where).order_by(columns[0]))

    def of_cases(*where: ColumnElement[bool], shown: Sequence[ColumnElement[Any]] = ()) -> pd.DataFrame:
        seen = shown or (c.case_id, c.project_id, c.injury_date, p.start_date, p.enrolment_date)
        return rows(seen, joined, now[cases], *where)

    def whole(table: Table, *where: ColumnElement[bool]) -> pd.DataFrame:
        columns = [table.c[f.name] for f in schema.TABLES[table.name]]
        return rows(columns, table, now[table], *where)

    yield Finding(
        "orphan_case",
        Message("Cases whose project is not in the book"),
        "error",
        of_cases(c.project_id.is_not(None), p.project_id.is_(None), shown=(c.case_id, c.project_id, c.injury_date)),
    )
    yield Finding(
        "injury_before_start",
        Message("Injuries before the project started"),
        "error",
        of_cases(c.injury_date < p.start_date),
    )
    yield Finding(
        "enrolled_after_injury",
        Message("Projects enrolled after the injury"),
        "error",
        of_cases(p.enrolment_date > c.injury_date),
    )
    end = func.coalesce(p.actual_end, p.extended_to, p.planned_end)
    yield Finding(
        "injury_after_end",
        Message("Injuries after the project ended"),
        "warning",
        of_cases(c.injury_date > end),
    )
    for earlier, later in (
        ("injury_date", "report_date"),
        ("report_date", "recognition_date"),
        ("recognition_date", "assessment_date"),
    ):
        yield Finding(
            f"{later}_early", Message("Dates out of order: {later} before {earlier}", {"later": later, "earlier": earlier}),
            "error", of_cases(c[later] < c[earlier], shown=(c.case_id, c[earlier], c[later])),
        )  # fmt: skip
    yield Finding(
        "death_with_grade",
        Message("Deaths with a disability grade"),
        "warning",
        of_cases(c.outcome == "death", c.grade > 0, shown=(c.case_id, c.outcome, c.grade)),
    )
    yield Finding(
        "duplicate_case", Message("Cases that are alike in everything but their number"), "warning", _twins(book)
    )
    case_of = select(c.case_id).where(now[cases], c.case_id == m.case_id).exists()
    yield Finding(
        "orphan_payment", Message("Payments whose case is not in the book"), "error", whole(payments, ~case_of)
    )
    yield Finding(
        "negative_payment", Message("Payments below zero (recoveries?)"), "warning", whole(payments, m.amount_yuan < 0)
    )
    paid = [m[f.name] for f in schema.TABLES["payments"]]
    both = payments.join(cases, c.case_id == m.case_id)
    yield Finding(
        "payment_before_injury",
        Message("Payments before the injury"),
        "error",
        rows([*paid, c.injury_date], both, now[payments], now[cases], m.payment_date < c.injury_date),
    )
    yield Finding("outlier_payment", Message("Payments far above others of their kind"), "warning", _outliers(book))
    due = p.rate * func.coalesce(p.multiplier, 1.0) * p.total_cost_yuan
    off = rows(
        (p.project_id, p.total_cost_yuan, p.rate, p.premium_yuan, due.label("due_yuan")),
        projects,
        now[projects],
        func.abs(p.premium_yuan - due) > TOLERANCE,
    )
    off["due_yuan"] = off["due_yuan"].astype("float64").round(2)
    off = off[(off["premium_yuan"] - off["due_yuan"]).abs() > np.maximum(0.01, 1e-9 * off["due_yuan"])]
    yield Finding(
        "premium_mismatch", Message("Premium is not rate × total cost"), "warning", off.reset_index(drop=True)
    )
    yield Finding(
        "cost_not_positive",
        Message("Projects without a positive total cost"),
        "error",
        whole(projects, p.total_cost_yuan <= 0),
    )
    year = extract("year", p.enrolment_date)
    whole_year = select(year.label("year"), func.sum(p.total_cost_yuan).label("cost")).where(now[projects])
    years = whole_year.group_by(year).having(func.count() >= FEW).subquery()
    yield Finding(
        "dominant_project",
        Message("Projects that make up more than a fifth of their year's total cost (a slip of the unit?)"),
        "warning",
        rows(
            (p.project_id, p.enrolment_date, p.total_cost_yuan, years.c.cost.label("exposure_yuan")),
            projects.join(years, years.c.year == year),
            now[projects],
            p.total_cost_yuan > DOMINANT * years.c.cost,
        ),
    )
    project_of = select(p.project_id).where(now[projects], p.project_id == permits.c.project_id).exists()
    yield Finding(
        "permit_without_enrolment",
        Message("Construction permits without enrolment (no enrolment, no permit)"),
        "error",
        whole(permits, ~project_of | permits.c.enrolled.is_(False)),
    )


def _rows(book: Book, query: Select[Any]) -> pd.DataFrame:
    """Return what a query finds; days as datetime64."""
    with book.engine.connect() as connection:
        found = connection.execute(query).fetchall()
    frame = pd.DataFrame.from_records([tuple(row) for row in found], columns=[c.name for c in query.selected_columns])
    days = [c.name for c in query.selected_columns if isinstance(c.type, Date)]
    return frame.assign(**{name: pd.to_datetime(frame[name]) for name in days})


TWIN = ("project_id", "contractor_id", "injury_date", "age", "sex", "own_wage_yuan", "grade", "recognition_date")
"""Cases that agree in all of these, the wage known, are likely one case twice."""


def _twins(book: Book) -> pd.DataFrame:
    cases = schema.SQL_TABLES["cases"]
    current = cases.c.superseded_by.is_(None)
    # the database finds those that share day and wage; few of them are left to compare in full
    day, wage = cases.c.injury_date, cases.c.own_wage_yuan
    often = select(day, wage).where(current, wage.is_not(None)).group_by(day, wage).having(func.count() > 1).subquery()
    shared = cases.join(often, (often.c.injury_date == day) & (often.c.own_wage_yuan == wage))
    columns = [cases.c[name] for name in ("case_id", *TWIN)]
    found = _rows(book, select(*columns).select_from(shared).where(current).order_by(cases.c.case_id))
    return found[found.duplicated(list(TWIN), keep=False)].reset_index(drop=True).dropna(axis=1, how="all")


def _outliers(book: Book) -> pd.DataFrame:
    """Return the payments far above the median of their benefit; one benefit's amounts are in memory at a time."""
    payments = schema.SQL_TABLES["payments"]
    current, benefit, amount = payments.c.superseded_by.is_(None), payments.c.benefit, payments.c.amount_yuan
    columns = [payments.c[f.name] for f in schema.TABLES["payments"]]
    found = []
    for name in FUND_BENEFITS:
        own = (current, benefit == name, amount > 0)
        with book.engine.connect() as connection:
            result = connection.execution_options(stream_results=True).execute(select(amount).where(*own))
            size = np.log(np.fromiter((row[0] for row in result), dtype="float64"))
        if not len(size):
            continue
        median = np.median(size)
        spread = max(float(np.median(np.abs(size - median))) * 1.4826, 0.15)
        limit = float(np.exp(median + OUTLIER * spread))
        if np.exp(size.max()) > limit:
            found.append(_rows(book, select(*columns).where(*own, amount > limit)))
    table = pd.concat(found) if found else pd.DataFrame(columns=[c.name for c in columns])
    return table.sort_values("payment_id", ignore_index=True)


CONTROL = {"benefits": "paid_yuan", "contributions": "premium_yuan", "exposure": "exposure_yuan"}
"""Item of the accounts → column of the experience that must sum to it."""


def _totals(book: Book) -> Iterator[Finding]:
    """Level 2 (or what the ledgers give) against level 1, and the imported level 2 against what the ledgers give."""
    accounts, experience = book.table("accounts"), book.experience()
    sums = _by_year(experience)
    rows = []
    if not accounts.empty and not experience.empty:
        yearly = accounts.assign(year=accounts["period"].str[:4]).pivot_table(
            index="year", columns="item", values="amount", aggfunc="sum"
        )
        for item, column in CONTROL.items():
            if item in yearly:
                rows.append(_gaps(item, "accounts_yuan", yearly[item], "experience_yuan", sums[column]))
    table = pd.concat(rows, ignore_index=True) if rows else pd.DataFrame()
    yield Finding("control_totals", Message("Levels that do not add up to each other"), "error", table)
    imported = book.table("experience")
    if 3 in book.levels() and not imported.empty:
        own = _by_year(imported)
        gaps = [_gaps(c, "imported_yuan", own[c], "ledgers_yuan", sums[c]) for c in CONTROL.values()]
        yield Finding(
            "experience_not_ledgers",
            Message("Imported experience that differs from what the ledgers give"),
            "error",
            pd.concat(gaps, ignore_index=True),
        )


def _by_year(experience: pd.DataFrame) -> pd.DataFrame:
    return experience.assign(year=experience["period"].str[:4]).groupby("year")[list(CONTROL.values())].sum(min_count=1)


def _gaps(item: str, first: str, one: pd.Series, second: str, other: pd.Series) -> pd.DataFrame:
    """Return the years in which two sums that should be one differ."""
    both = pd.concat([one.rename(first), other.rename(second)], axis=1, join="inner").dropna()
    gap = both[second] - both[first]
    return both.assign(item=item, difference_yuan=gap)[gap.abs() > TOLERANCE].rename_axis("period").reset_index()


def _accounts(book: Book) -> Iterator[Finding]:
    accounts = book.table("accounts")
    if accounts.empty:
        return
    table = accounts.pivot_table(
        index=["fund", "period"], columns="item", values="amount", aggfunc="last"
    ).reset_index()
    if not {"balance", "revenue", "expenditure"} <= set(table.columns):
        return
    follows = table.groupby("fund")["period"].shift().notna()
    annual = ~table["period"].str.contains("Q")
    next_year = table["period"].str[:4].astype("int64").diff() == 1
    rolled = table.groupby("fund")["balance"].shift() + table["revenue"] - table["expenditure"]
    gap = table["balance"] - rolled
    wrong = follows & (~annual | next_year) & (gap.abs() > TOLERANCE)
    rows = table.assign(rolled_yuan=rolled, difference_yuan=gap)[wrong.fillna(False)]
    shown = ["fund", "period", "revenue", "expenditure", "balance", "rolled_yuan", "difference_yuan"]
    yield Finding(
        "roll_forward",
        Message("Balances that are not last balance plus income less outgo"),
        "warning",
        rows[shown].reset_index(drop=True),
    )
