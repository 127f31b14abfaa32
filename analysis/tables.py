"""The review's frames as tables for readers, in the order of a report."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from analysis.book_words import spoken
from analysis.fund import words as fund_words
from analysis.fund.words import BASIS_NAMES
from analysis.language import Translator
from analysis.parameter_table import assumption_rows
from analysis.plans import words as floating_words
from analysis.rate_review import RateReview
from analysis.words import word
from models.messages import Message


@dataclass(frozen=True)
class Table:
    """A table of a report: its title, and a frame with the review's column names."""

    name: str
    title: str
    frame: pd.DataFrame


def indicated_table(review: RateReview, t: Translator) -> pd.DataFrame:
    """Return the indicated rate on each financing basis with its interval, and as a rate of payroll."""
    return pd.DataFrame(
        [
            {
                "basis": t.say(BASIS_NAMES[b]),
                "rate": i.rate,
                "low": i.low,
                "high": i.high,
                "payroll_rate": i.payroll_rate,
            }
            for b, i in review.indicated.items()
        ]
    )


def cells_table(review: RateReview, basis: str, frame: pd.DataFrame) -> pd.DataFrame:
    """Return the rates of cells under the name of what they are of: on full funding of ledgers the cost that was earned, else the cost enrolled."""
    earned = basis == "full_funding" and "development" in review.tables
    return frame.rename(columns={"exposure_yuan": "earned_yuan"}) if earned else frame


def tables(review: RateReview, t: Translator) -> list[Table]:
    """Return every table of a review in the order of a report."""
    found = [
        Table("indicated", t("Indicated rate by financing basis"), indicated_table(review, t)),
        *(
            Table(f"parts_{basis}", t("Parts of the rate: {basis}", basis=BASIS_NAMES[basis]), one.parts)
            for basis, one in review.indicated.items()
        ),
        *(
            Table(
                f"{basis}_{dimension}",
                t("{basis} by {dimension}", basis=BASIS_NAMES[basis], dimension=word(dimension, t).lower()),
                cells_table(review, basis, frame),
            )
            for basis, one in review.indicated.items()
            for dimension, frame in one.by.items()
        ),
        Table(
            "change",
            t("Change of the indicated rate since the last review"),
            pd.DataFrame([vars(c) for c in review.change_decomposition]),
        ),
        Table("accounts", t("Accounts"), review.accounts),
        Table("required_rate", t("Rate needed to stay above the floor"), review.required_rate),
        Table("solvency_curve", t("Solvency curve"), review.solvency_curve),
        Table("fund", t("The fund ahead"), review.fund),
        Table("flows", t("Expected flows"), review.flows),
        Table(
            "balance_sheet",
            t("Balance sheet on full funding"),
            review.balance_sheet if review.balance_sheet is not None else pd.DataFrame(),
        ),
        *(
            Table(name, t.say(TITLES.get(name, Message(name))), _in_words(name, frame, t))
            for name, frame in review.tables.items()
        ),
        Table("assumptions", t("Parameters and assumptions"), assumption_rows(review.assumptions, t)),
    ]
    return [table for table in found if len(table.frame)]


def _in_words(name: str, frame: pd.DataFrame, t: Translator) -> pd.DataFrame:
    """Return a table with what its cells name in words: plans by their titles, findings said with the columns that they are about."""
    if name == "plans":
        return floating_words.with_words(frame, t)
    if name in ("early_warning", "early_warning_by_prefecture"):
        return frame.rename(columns={"value": "reading"})
    if name == "quality":
        return frame.assign(finding=[spoken(finding, t) for finding in frame["finding"]])
    return frame


TITLES: dict[str, Message] = {
    "quality": Message("What does not fit together in the data"),
    "development": Message("Cost of accidents developed to ultimate, by injury year"),
    "early_warning": Message("Risk early warning"),
    "options": Message("Options for the rate"),
    "payers": Message("What projects of different size pay under each option"),
    "sources": Message("What was read"),
    "assumption_changes": Message("Assumptions changed since the last review"),
    "plans": Message("Floating plans side by side"),
    "stress": Message("Stress scenarios"),
    "tornado": Message("Single drivers low and high"),
    "reverse_stress": Message("Reverse stress: the smallest lasting change at which the finding turns"),
    "reconciliation": Message("From the last review's rate to this one, driver by driver"),
    "actual_expected": Message("Actual against expected in the closed year"),
    "risk": Message("Risk measures of the balance"),
    "exhaustion": Message("When the fund falls below its floor"),
    "early_warning_by_prefecture": Message("Risk early warning by prefecture"),
    "first_alarms": Message("When the indicators first rang"),
    "joint_reverse_stress": Message("Joint reverse stress: the smallest change in all drivers together"),
    "backtest": Message("What would have been said at past year-ends, and what came"),
    "experience": Message("Experience by year"),
    **fund_words.TITLES,
}
