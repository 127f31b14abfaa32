"""The quality report of a book: what does not fit together, with its rows. Nothing is corrected."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from data.book import Book
from models.messages import Message

TOLERANCE = 0.005
"""Half a fen."""

OUTLIER = 8.0
"""A payment this many robust standard deviations above its benefit's median, on the log scale, is shown."""


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
    projects, cases, payments = (book.table(name) for name in ("projects", "cases", "payments"))
    known = projects[["project_id", "start_date", "enrolment_date", "actual_end", "extended_to", "planned_end"]]
    joined = cases.merge(known, on="project_id", how="left", indicator=True)
    columns = ["case_id", "project_id", "injury_date", "start_date", "enrolment_date"]

    def finding(
        code: str, message: Message, where: pd.Series, severity: str = "error", shown: list[str] = columns
    ) -> Finding:
        return Finding(
            code, message, severity, joined.loc[where.fillna(False).astype(bool), shown].reset_index(drop=True)
        )

    orphan = joined["project_id"].notna() & (joined["_merge"] == "left_only")
    yield finding("orphan_case", Message("Cases whose project is not in the book"), orphan, shown=columns[:3])
    yield finding(
        "injury_before_start",
        Message("Injuries before the project started"),
        joined["injury_date"] < joined["start_date"],
    )
    yield finding(
        "enrolled_after_injury",
        Message("Projects enrolled after the injury"),
        joined["enrolment_date"] > joined["injury_date"],
    )
    end = joined["actual_end"].fillna(joined["extended_to"]).fillna(joined["planned_end"])
    yield finding(
        "injury_after_end", Message("Injuries after the project ended"), joined["injury_date"] > end, "warning"
    )
    for earlier, later in (
        ("injury_date", "report_date"),
        ("report_date", "recognition_date"),
        ("recognition_date", "assessment_date"),
    ):
        yield finding(
            f"{later}_early", Message("Dates out of order: {later} before {earlier}", {"later": later, "earlier": earlier}),
            joined[later] < joined[earlier], shown=["case_id", earlier, later],
        )  # fmt: skip
    yield finding(
        "death_with_grade",
        Message("Deaths with a disability grade"),
        (joined["outcome"] == "death") & (joined["grade"] > 0),
        "warning",
        ["case_id", "outcome", "grade"],
    )
    same = [
        c
        for c in (
            "project_id",
            "contractor_id",
            "injury_date",
            "age",
            "sex",
            "own_wage_yuan",
            "grade",
            "recognition_date",
        )
        if cases[c].notna().any()
    ]
    twins = cases.duplicated(same, keep=False) & cases["own_wage_yuan"].notna()
    yield Finding(
        "duplicate_case",
        Message("Cases that are alike in everything but their number"),
        "warning",
        cases.loc[twins, ["case_id", *same]].reset_index(drop=True),
    )
    lost = ~payments["case_id"].isin(cases["case_id"])
    yield Finding(
        "orphan_payment",
        Message("Payments whose case is not in the book"),
        "error",
        payments[lost].reset_index(drop=True),
    )
    yield Finding(
        "negative_payment",
        Message("Payments below zero (recoveries?)"),
        "warning",
        payments[payments["amount_yuan"] < 0].reset_index(drop=True),
    )
    early = payments.merge(cases[["case_id", "injury_date"]], on="case_id")
    yield Finding(
        "payment_before_injury",
        Message("Payments before the injury"),
        "error",
        early[early["payment_date"] < early["injury_date"]].reset_index(drop=True),
    )
    yield Finding("outlier_payment", Message("Payments far above others of their kind"), "warning", _outliers(payments))
    due = (projects["rate"] * projects["multiplier"].fillna(1.0) * projects["total_cost_yuan"]).round(2)
    off = (projects["premium_yuan"] - due).abs() > np.maximum(0.01, 1e-9 * due)
    rows = projects.loc[off.fillna(False), ["project_id", "total_cost_yuan", "rate", "premium_yuan"]].assign(
        due_yuan=due
    )
    yield Finding(
        "premium_mismatch", Message("Premium is not rate × total cost"), "warning", rows.reset_index(drop=True)
    )
    free = projects[(projects["total_cost_yuan"] <= 0)]
    yield Finding(
        "cost_not_positive", Message("Projects without a positive total cost"), "error", free.reset_index(drop=True)
    )
    permits = book.table("permits")
    without = permits[~permits["project_id"].isin(projects["project_id"]) | (permits["enrolled"] == False)]  # noqa: E712
    yield Finding(
        "permit_without_enrolment",
        Message("Construction permits without enrolment (no enrolment, no permit)"),
        "error",
        without.reset_index(drop=True),
    )


def _outliers(payments: pd.DataFrame) -> pd.DataFrame:
    positive = payments[payments["amount_yuan"] > 0]
    size = np.log(positive["amount_yuan"])
    median = size.groupby(positive["benefit"]).transform("median")
    spread = (size - median).abs().groupby(positive["benefit"]).transform("median") * 1.4826
    return positive[(size - median) > OUTLIER * spread.clip(lower=0.15)].reset_index(drop=True)


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
