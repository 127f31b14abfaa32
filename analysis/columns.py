"""Columns of tables for readers: what they are called, what they hold, and how a value of them is written."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd

from analysis.coverage import words as coverage_words
from analysis.experience import words as experience_words
from analysis.fund import words as fund_words
from analysis.language import Translator
from analysis.plans import words as floating_words
from analysis.rate_review import BASES
from analysis.words import word
from models.messages import Message

HEADS: dict[str, Message] = {
    **experience_words.HEADS,
    **coverage_words.HEADS,
    "period": Message("Year"),
    "revenue_yuan": Message("Income"),
    "expenditure_yuan": Message("Outgo"),
    "balance_yuan": Message("Balance"),
    "reserve_yuan": Message("of which reserve"),
    "payable_months": Message("Payable months"),
    "rolled_yuan": Message("Last balance + income − outgo"),
    "difference_yuan": Message("Difference"),
    "rate": Message("Rate"),
    "low": Message("Low (5%)"),
    "high": Message("High (95%)"),
    "probability": Message("Probability"),
    "standard_error": Message("Monte Carlo error"),
    "balance_mean": Message("Balance, mean"),
    "balance_p05": Message("Balance 5%"),
    "balance_p25": Message("Balance 25%"),
    "balance_p50": Message("Balance median"),
    "balance_p75": Message("Balance 75%"),
    "balance_p95": Message("Balance 95%"),
    "payable_months_p50": Message("Payable months, median"),
    "probability_below_floor": Message("Probability of having been below the floor"),
    "probability_below_now": Message("Probability of being below the floor in that quarter"),
    "exposure_yuan": Message("Total cost enrolled"),
    "opening_yuan": Message("Opening balance"),
    "collections_yuan": Message("Premium"),
    "prevention_yuan": Message("Prevention fund"),
    "outgo_yuan": Message("Outgo"),
    "interest_and_policy_yuan": Message("Interest and effect of policy"),
    "closing_yuan": Message("Closing balance"),
    "part": Message("Part"),
    "basis": Message("Financing basis"),
    "driver": Message("Driver"),
    "amount": Message("Change of the rate"),
    "level": Message("Level"),
    "credibility": Message("Credibility"),
    "own_rate": Message("Own rate"),
    "unit": Message("Unit"),
    "units": Message("Units"),
    "premium_yuan": Message("Premium"),
    "cases": Message("Cases"),
    "deaths": Message("Deaths"),
    "paid_yuan": Message("Paid"),
    "incurred_yuan": Message("Incurred"),
    "stood_at": Message("Stood at end of"),
    "series": Message("Series"),
    "p05": Message("5%"),
    "p25": Message("25%"),
    "p50": Message("Median"),
    "p75": Message("75%"),
    "p95": Message("95%"),
    "actual": Message("Actual"),
    "inside_90": Message("Inside 90%"),
    "inside_50": Message("Inside 50%"),
    "payroll_rate": Message("Rate of payroll"),
    "case": Message("Case"),
    "option": Message("Option"),
    "example_yuan": Message("Premium of a ¥100m project"),
    "size": Message("Size of the change"),
    "deviations": Message("In standard deviations"),
    "share": Message("Share of the distance"),
    "path": Message("Rate path"),
    "measure": Message("Measure"),
    "error_yuan": Message("Monte Carlo error of the amount"),
    "falls": Message("First falls below the floor in this year"),
    "fallen": Message("Has fallen below the floor"),
    "expected": Message("Expected"),
    "ratio": Message("Actual ÷ expected"),
    "light": Message("Light"),
    "amber": Message("First amber"),
    "red": Message("First red"),
    "event": Message("Outgo first above premium"),
    "lead_years": Message("Years of warning"),
    "outcomes": Message("Outcomes"),
    "happened": Message("Fell below the floor in the next three years"),
    "average_rate": Message("Average rate"),
    "indicated_rate": Message("Indicated rate"),
    "last_rate": Message("Rate in the last year"),
    "came_rate": Message("What the next year cost"),
    "people_expected": Message("Expected"),
    "people_low": Message("5%"),
    "people_high": Message("95%"),
    "people_actual": Message("Actual"),
    "present_value_yuan": Message("Present value of premium"),
    "needed_rate": Message("Rate needed"),
    "rate_error": Message("Monte Carlo error of the rate"),
    "closing_error_yuan": Message("Monte Carlo error of the balance"),
    "low_size": Message("Driver low (5%)"),
    "high_size": Message("Driver high (95%)"),
    "rate_low": Message("Rate needed, driver low"),
    "rate_base": Message("Rate needed, as expected"),
    "rate_high": Message("Rate needed, driver high"),
    "closing_low_yuan": Message("Closing balance, driver low"),
    "closing_base_yuan": Message("Closing balance, as expected"),
    "closing_high_yuan": Message("Closing balance, driver high"),
    "plan": Message("Plan"),
    "off_balance": Message("Premium after floating ÷ before"),
    "surcharged_share": Message("Share of units surcharged"),
    "largest_rise": Message("Largest rise"),
    "gini": Message("Gini, out of sample"),
    "gini_low": Message("Gini 5%"),
    "gini_high": Message("Gini 95%"),
    "answer": Message("Why not"),
    "base_premium_yuan": Message("Premium at the base rate"),
    "loss_yuan": Message("Losses"),
    "before": Message("Before"),
    "after": Message("After"),
    "change": Message("Change"),
    "premium_before_yuan": Message("Premium before"),
    "premium_after_yuan": Message("Premium after"),
    "change_yuan": Message("Change in premium"),
    "closing_change_yuan": Message("Change in closing balance"),
    "prefecture": Message("Prefecture"),
    "item": Message("Item"),
    "amount_yuan": Message("Amount"),
    "ultimate_yuan": Message("Ultimate without pensions"),
    "capital_yuan": Message("Capital value of pensions"),
    "indicator": Message("Indicator"),
    "state": Message("State"),
    "term": Message("Term"),
    "meaning": Message("Meaning"),
    "multiplier": Message("Multiplier"),
    "contractors": Message("Contractors"),
    "premium_share": Message("Share of premium"),
    "expected_share": Message("Expected share"),
    "quintile": Message("Quintile"),
    "loss_ratio_before": Message("Loss ratio before"),
    "loss_ratio_after": Message("Loss ratio after"),
    "asked": Message("Asked for"),
    "answer_given": Message("Answer"),
    "sections": Message("Where"),
    "benefit": Message("Benefit"),
    "standard": Message("Standard"),
    "payer": Message("Paid by"),
    "article": Message("Article of the Regulation"),
    "source": Message("File"),
    "target": Message("Ledger"),
    "finding": Message("What does not fit together"),
    "severity": Message("Weight"),
    "rows": Message("Rows"),
    "sha256": Message("SHA-256 (first 12)"),
    "assumption": Message("Parameter"),
    "was": Message("Last review"),
    "is_now": Message("This review"),
    "owner": Message("To be answered for by"),
    "entry": Message("Entry"),
    "small_project_yuan": Message("Project of 10 million yuan"),
    "middle_project_yuan": Message("Project of 50 million yuan"),
    "large_project_yuan": Message("Project of 500 million yuan"),
    "largest_project_yuan": Message("Project of 2 billion yuan"),
    "name": Message("Parameter"),
    "value": Message("Value"),
    "reading": Message("Reading"),
    "unit_of_value": Message("Unit of value"),
    "at": Message("Time"),
    "actor": Message("Who"),
    "action": Message("Action"),
    "detail": Message("Detail"),
    "import_id": Message("Number"),
    "file_name": Message("File"),
    "row_count": Message("Rows"),
    "author": Message("Author"),
    "imported_at": Message("Imported at"),
    "undone_at": Message("Undone at"),
    "mark": Message("Mark"),
    "reference": Message("Reference"),
}

RATES = {
    *BASES,
    *experience_words.RATES,
    "rate",
    "needed_rate",
    "low",
    "high",
    "amount",
    "own_rate",
    "average_rate",
    "came_rate",
    "indicated_rate",
    "last_rate",
    "rate_error",
    "rate_low",
    "rate_base",
    "rate_high",
}
SIZES = {"size", "low_size", "high_size"}
SHARES = {
    *experience_words.SHARES,
    *coverage_words.SHARES,
    "gini",
    "gini_low",
    "gini_high",
    "off_balance",
    "surcharged_share",
    "largest_rise",
    "premium_share",
    "multiplier",
    "before",
    "after",
    "change",
    "loss_ratio_before",
    "loss_ratio_after",
    "probability",
    "standard_error",
    "probability_below_floor",
    "probability_below_now",
    "credibility",
    "payroll_rate",
    "share",
    "falls",
    "fallen",
    "inside_50",
    "inside_90",
    "ratio",
    "reading",
}
MONTHS = {
    "payable_months",
    "payable_months_p50",
    "people_expected",
    "people_low",
    "people_high",
    "people_actual",
    *coverage_words.DECIMALS,
}
PAYROLL_RATES = {"payroll_rate", "benchmark_rate"}
"""Shares that are read to a hundredth of a per cent."""
NUMBERS = {"cases", "deaths", "units", "contractors", "rows", *coverage_words.NUMBERS, *experience_words.NUMBERS}
MONEY_PERCENTILES = {
    "p995",
    "balance_mean",
    "balance_p05",
    "balance_p25",
    "balance_p50",
    "balance_p75",
    "balance_p95",
    "p05",
    "p25",
    "p50",
    "p75",
    "p95",
    "actual",
    "expected",
}


def kind_of(column: str) -> str:
    """Return what a column holds: ``money, rate, share, months, figure, text`` or ``number``."""
    if column.endswith("_yuan") or column in MONEY_PERCENTILES:
        return "money"
    for kind, names in (
        ("rate", RATES),
        ("share", SHARES | floating_words.SHARES | fund_words.SHARES),
        ("months", MONTHS),
    ):
        if column in names:
            return kind
    if column in SIZES:
        return "size"
    if column in experience_words.FIGURES:
        return "figure"
    return "number" if column in NUMBERS | floating_words.NUMBERS | fund_words.NUMBERS else "text"


def head(column: str, t: Translator) -> str:
    """Return a column's head in the reader's language."""
    known = HEADS.get(column) or floating_words.HEADS.get(column) or fund_words.HEADS.get(column)
    return t.say(known) if known else word(column.removesuffix("_yuan"), t)


def in_words(column: str, t: Translator) -> Callable[[Any], str]:
    """Return the function that says a value of a column: figures with their unit, codes in words, a dash where nothing is known."""
    kinds: dict[str, Callable[[Any], str]] = {
        "money": t.money,
        "rate": lambda v: t.permille(v, 4 if column == "rate_error" else 3),
        "share": lambda v: t.percent(v, 2 if column in PAYROLL_RATES else 1),
        "months": lambda v: t.number(v, 1),
        "number": t.integer,
        "figure": lambda v: t.number(v, 3),
        "size": lambda v: t.percent(v, 1 if abs(v) >= 0.01 else 2) if abs(v) <= 5 else t.integer(v),
        "text": lambda v: t.number(v, 3) if isinstance(v, float) else word(v, t),
    }
    say = kinds[kind_of(column)]

    def shown(value: Any) -> str:
        if isinstance(value, bool):
            return t("yes") if value else t("no")
        return "—" if value is None or value is pd.NA or value != value else say(value)

    return shown


def for_readers(frame: pd.DataFrame, t: Translator) -> pd.DataFrame:
    """Return a frame as a page shows it: heads in the reader's language, figures with their unit, codes in words."""
    return pd.DataFrame({head(str(c), t): [*map(in_words(str(c), t), frame[c].tolist())] for c in frame.columns})
