"""What every question about floating plans starts from, made once for a book: its experience, its contractors as risks, what came of them."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from analysis.plans.backtest import Outcomes, outcomes, rolled
from analysis.plans.compared import rating_rows
from analysis.plans.study import Portfolio, portfolio
from analysis.review import Prepared
from analysis.scenario import Scenario
from data.book import Book
from models.floating import FloatingPlan, explain
from models.messages import InputError


@dataclass(frozen=True)
class PlanDesk:
    """``rows`` the experience as plans read it; ``earned`` exposure by ``unit, year`` as it was earned (None without ledgers); ``portfolio``; ``came``: what
    the last years brought (None where there are fewer than two)."""

    rows: pd.DataFrame
    earned: pd.DataFrame | None
    portfolio: Portfolio
    came: Outcomes | None


def plan_desk(book: Book, prepared: Prepared, scenario: Scenario) -> PlanDesk:
    """Return the desk of a book under a resolved scenario.

    Raises
    ------
    InputError : the book does not know contractors
    """
    rows = rating_rows(prepared.history, prepared.ledgers)
    if rows is None:
        raise InputError("Floating plans rate contractors: the book has no experience by contractor.")
    earned = None
    if prepared.ledgers is not None:
        earned = prepared.ledgers.rows.groupby(["unit", "year"])["exposure_yuan"].sum().reset_index()
    found = portfolio(book, prepared.history, prepared.ledgers, scenario, prepared.parameters)
    try:
        came = outcomes(rows, earned=earned)
    except InputError:
        came = None
    return PlanDesk(rows, earned, found, came)


def standing(desk: PlanDesk, plan: FloatingPlan) -> pd.Series:
    """Return the multiplier of each contractor today, had the plan been in force over all years of the book."""
    return rolled(plan, desk.rows, ())[1]


def explained(desk: PlanDesk, plan: FloatingPlan) -> pd.DataFrame:
    """Return `models.floating.explain` of every contractor today, from its step of the year before."""
    last = int(desk.rows["year"].max())
    past = desk.rows[desk.rows["year"] < last]
    before = rolled(plan, past, ())[1] if len(past) else None
    return explain(plan, desk.rows, before)
