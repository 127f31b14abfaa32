"""Notices to contractors: each one's experience by year, its multiplier and next rate, why, and how to contest it.

Rates float with accidents and use of the fund (工伤保险条例 Art. 8, 人社部发〔2015〕71号); an employer may contest the rate set for it (Art. 55). Contractors
stand by their code.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date

import pandas as pd

from analysis.assumptions import UsedParameters
from analysis.plans.compared import rating_rows
from analysis.plans.readable import BITES, explanation, rule_in_words
from analysis.rate_review import Assumption
from analysis.review import Prepared
from analysis.scenario import Scenario
from data.book import Book
from models.floating import FloatingPlan, explain, load_plan
from models.messages import InputError, Message

SHOWN_YEARS = 5

OFFICES = {
    "human_resources_department": Message("the human resources and social security department that manages the agency"),
    "peoples_government": Message("the people's government to which the agency belongs"),
}
"""Who takes an application for reconsideration, by the code of the parameter ``notice.reconsideration_office``."""

LEGAL = {"regulation_article_55": Message("Article 55 of the Regulation on Work Injury Insurance")}


@dataclass(frozen=True)
class Notice:
    """One contractor's notice.

    ``years``: ``period, exposure_yuan, base_premium_yuan, cases, deaths, loss_yuan, ratio`` of the last years, and ``counted``: whether the plan looks at
    that year; ``previous``, ``multiplier``: of the base rate, before and now; ``next_rate``: fraction of total cost; ``reasons``: why.
    """

    unit: str
    prefecture: str
    years: pd.DataFrame
    previous: float
    multiplier: float
    next_rate: float
    reasons: tuple[Message, ...]


@dataclass(frozen=True)
class Appeal:
    """How to contest a rate: by which rule, within how many days before which office, within how many months before the court."""

    legal_basis: Message
    days: int
    office: Message
    months: int
    marks: tuple[str, ...]


@dataclass(frozen=True)
class NoticeBatch:
    """The notices of one floating review, and what they have in common.

    ``loss``: what the ratio counts (``paid`` or ``incurred``, the latter developed to ultimate where the book has ledgers).
    """

    plan: FloatingPlan
    rule: tuple[Message, ...]
    bites: Message
    on: date
    base_rate: float
    loss: str
    appeal: Appeal
    notices: tuple[Notice, ...]
    synthetic: bool
    fingerprint: str
    assumptions: tuple[Assumption, ...]


def notices(
    prepared: Prepared,
    scenario: Scenario,
    book: Book,
    units: Collection[str] | None = None,
    plan: FloatingPlan | None = None,
) -> NoticeBatch:
    """Return the notices of a book's contractors under a plan (None: the scenario's).

    The multiplier in force before is that of the contractor's newest project in the ledger (1 where the ledger does not say), so that limits on movement
    start from what was really charged.

    Parameters
    ----------
    units : codes of contractors; None for all

    Raises
    ------
    InputError
        The book does not know contractors, or one of ``units`` is not among them.
    """
    history = prepared.history
    rows = rating_rows(history, prepared.ledgers)
    if rows is None:
        raise InputError(
            "Notices need the experience of contractors by year: import the ledgers, or experience by contractor (施工单位, 年度, …)."
        )
    known = pd.Index(rows["unit"].unique())
    chosen = list(known) if units is None else list(dict.fromkeys(units))
    unknown = [u for u in chosen if u not in known]
    if unknown:
        raise InputError("There is no contractor {unit} in the experience of this book.", unit=unknown[0])
    parameters, on = UsedParameters(prepared.parameters.parameters), history.valuation_date
    resolved = scenario.resolve(parameters, on)
    rate = float(resolved.current_rate or parameters.value("project_rate", on))
    plan = plan or load_plan(resolved.plan)
    why = explain(plan, rows, in_force(book, on))
    by_unit = dict(tuple(_by_year(rows, plan).groupby("unit")))
    homes = rows.drop_duplicates("unit", keep="last").set_index("unit")["prefecture"]
    made = []
    for unit in chosen:
        row: pd.Series = why.loc[[unit]].iloc[0]
        home, multiplier = homes[unit], float(row["multiplier"])
        years = by_unit[unit].drop(columns="unit").tail(SHOWN_YEARS).reset_index(drop=True)
        made.append(
            Notice(
                unit,
                str(home) if pd.notna(home) else "",
                years,
                float(row["previous"]),
                multiplier,
                rate * multiplier,
                explanation(plan, row),
            )
        )
    return NoticeBatch(
        plan, rule_in_words(plan), BITES[plan.bites], on, rate, plan.ratio.numerator, appeal(parameters, on), tuple(made), prepared.identity.synthetic,
        prepared.identity.fingerprint, parameters.assumptions(scenario),
    )  # fmt: skip


def in_force(book: Book, on: date) -> pd.Series:
    """Return the multiplier of each contractor's newest project enrolled by a day; contractors without one are absent."""
    projects = book.table("projects", ["project_id", "contractor_id", "enrolment_date", "multiplier"])
    known = projects[(projects["enrolment_date"] <= pd.Timestamp(on)) & projects["multiplier"].notna()]
    newest = known.sort_values(["enrolment_date", "project_id"]).drop_duplicates("contractor_id", keep="last")
    return newest.set_index("contractor_id")["multiplier"]


def appeal(parameters: UsedParameters, on: date) -> Appeal:
    """Return how a rate set on a day may be contested, with the marks of what is not verified."""
    names = ("right_to_appeal", "reconsideration_days", "reconsideration_office", "lawsuit_months")
    basis, days, office, months = (parameters.entry(f"notice.{name}", on) for name in names)
    return Appeal(
        LEGAL.get(str(basis.value), Message(str(basis.value))), int(days.value), OFFICES.get(str(office.value), Message(str(office.value))),
        int(months.value), tuple(dict.fromkeys(e.mark for e in (basis, days, office, months) if e.mark in ("unverified", "assumption"))),
    )  # fmt: skip


def _by_year(rows: pd.DataFrame, plan: FloatingPlan) -> pd.DataFrame:
    loss = f"{plan.ratio.numerator}_yuan"
    table = rows.groupby(["unit", "year"], as_index=False)[
        ["exposure_yuan", "base_premium_yuan", "cases", "deaths", loss]
    ].sum()
    table = table.rename(columns={loss: "loss_yuan"}).assign(period=table["year"].astype("int64").astype("str"))
    table["ratio"] = table["loss_yuan"] / table["base_premium_yuan"].where(table["base_premium_yuan"] > 0)
    table["counted"] = True if plan.window_years is None else table["year"] > rows["year"].max() - plan.window_years
    return table[
        ["unit", "period", "exposure_yuan", "base_premium_yuan", "cases", "deaths", "loss_yuan", "ratio", "counted"]
    ]
