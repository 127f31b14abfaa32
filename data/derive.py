"""Level 2 from level 3: experience by contractor and year, summed in the database."""

from __future__ import annotations

from functools import reduce
from typing import TYPE_CHECKING

import pandas as pd
from sqlalchemy import case, extract, func, select

from data import schema
from data.writing import typed

if TYPE_CHECKING:
    from data.book import Book


def project_funds(book: Book) -> list[str]:
    """Return the funds that the ledger's projects belong to, the one with most projects first."""
    projects = schema.SQL_TABLES["projects"]
    number = func.count().label("number")
    query = (
        select(projects.c.fund, number)
        .where(projects.c.superseded_by.is_(None), projects.c.fund.is_not(None))
        .group_by(projects.c.fund)
        .order_by(number.desc(), projects.c.fund)
    )
    with book.engine.connect() as connection:
        return [str(row.fund) for row in connection.execute(query)]


def experience_from_ledgers(book: Book, fund: str | None = None) -> pd.DataFrame:
    """Return level 2 experience by contractor and year, derived from the ledgers of one fund (of all where None is named).

    Exposure and premium stand in the year of enrolment (base premium: what it would be without the multiplier of the floating rate), cases in the year of injury, payments in the year of payment; incurred is paid to date of the
    year's cases. Columns as the table ``experience``.
    """
    projects, cases, payments = (schema.SQL_TABLES[n] for n in ("projects", "cases", "payments"))
    current = [t.c.superseded_by.is_(None) for t in (projects, cases, payments)]
    # what names no fund belongs to the one that is asked for
    own = [] if fund is None else [func.coalesce(projects.c.fund, fund) == fund]

    def year(column: object) -> object:
        return extract("year", column)  # type: ignore[arg-type]

    floated = func.coalesce(func.nullif(projects.c.multiplier, 0), 1.0)
    at_base = projects.c.rate * projects.c.total_cost_yuan
    contractor = func.coalesce(cases.c.contractor_id, projects.c.contractor_id)
    joined = cases.outerjoin(projects, (projects.c.project_id == cases.c.project_id) & current[0])
    written = (
        select(
            projects.c.contractor_id.label("unit"),
            year(projects.c.enrolment_date).label("year"),
            func.sum(projects.c.total_cost_yuan).label("exposure_yuan"),
            func.sum(func.coalesce(projects.c.premium_yuan, floated * at_base)).label("premium_yuan"),
            func.sum(func.coalesce(projects.c.premium_yuan / floated, at_base)).label("base_premium_yuan"),
        )
        .where(current[0], *own, func.coalesce(projects.c.status, "") != "cancelled")
        .group_by("unit", "year")
    )
    happened = (
        select(
            contractor.label("unit"),
            year(cases.c.injury_date).label("year"),
            func.count().label("cases"),
            func.sum(case((cases.c.outcome == "death", 1), else_=0)).label("deaths"),
        )
        .select_from(joined)
        .where(current[1], *own)
        .group_by("unit", "year")
    )
    by_case = (
        select(
            payments.c.case_id,
            year(payments.c.payment_date).label("paid_in"),
            func.sum(payments.c.amount_yuan).label("amount"),
        )
        .where(current[2])
        .group_by(payments.c.case_id, "paid_in")
        .subquery()
    )
    # payments are summed by case before cases and projects are looked up: there are several of them a case
    paid = (
        select(
            contractor.label("unit"),
            year(cases.c.injury_date).label("injured_in"),
            by_case.c.paid_in,
            func.sum(by_case.c.amount).label("amount"),
        )
        .select_from(by_case.join(joined, by_case.c.case_id == cases.c.case_id))
        .where(current[1], *own)
        .group_by("unit", "injured_in", by_case.c.paid_in)
    )
    with book.engine.connect() as connection:
        frames = [pd.read_sql(query, connection) for query in (written, happened)]
        amounts = pd.read_sql(paid, connection)
    for name, counted in (("paid_yuan", "paid_in"), ("incurred_yuan", "injured_in")):
        sums = amounts.groupby(["unit", counted], dropna=False, as_index=False)["amount"].sum()
        frames.append(sums.set_axis(["unit", "year", name], axis=1))
    # merged, not aligned by index: there a unit that nobody knows would not find itself
    keyed = (frame.astype({"unit": "str", "year": "int64"}) for frame in frames)
    table = reduce(lambda left, right: left.merge(right, on=["unit", "year"], how="outer"), keyed)
    figures = table.columns.difference(["unit"])
    table[figures] = table[figures].fillna(0.0)
    names = [f.name for f in schema.TABLES["experience"]]
    table = table.assign(period=table["year"].astype("int64").astype("str"), unit_kind="contractor")
    known = book.table("contractors", ["contractor_id", "prefecture", "credit_grade", "safety_standard"])
    table = table.drop(columns="year").merge(known.rename(columns={"contractor_id": "unit"}), on="unit", how="left")
    return typed(table.reindex(columns=names), "experience").sort_values(["unit", "period"], ignore_index=True)
