"""The book in words: what its tables are called, and messages that name one of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from analysis.columns import head
from analysis.language import Translator
from analysis.words import word
from data.names import WIDE
from models.messages import InputError, Message

TABLES: Mapping[str, Message] = {
    "contractors": Message("List of contractors"),
    "projects": Message("Ledger of projects"),
    "cases": Message("Ledger of cases"),
    "payments": Message("Ledger of payments"),
    WIDE: Message("Accounts, a column an item"),
}

BOOK_NAMES: Mapping[str, Message] = {
    "national": Message("National accounts 2003–2015, 2021"),
    "xinjiang": Message("Xinjiang accounts 2008, 2011"),
    "xpcc": Message("XPCC accounts 2018"),
    "demo": Message("Demonstration book (synthetic)"),
}


def shown_book(name: str, t: Translator) -> str:
    """Return a reader's name for a book: its own, unless the program made or brought it."""
    return t.say(BOOK_NAMES[name]) if name in BOOK_NAMES else name


COLUMNS: Mapping[str, Message] = {
    "fund": Message("Fund"),
    "period": Message("Year or quarter"),
    "amount": Message("Amount"),
    "unit": Message("Contractor or class"),
    "exposure_yuan": Message("Total cost enrolled"),
    "incurred_yuan": Message("Incurred"),
    "total_cost_yuan": Message("Total cost"),
    "size_band": Message("Size class"),
    "contractor_id": Message("Contractor number"),
    "entry_date": Message("First enrolled on"),
    "exit_date": Message("Deregistered on"),
    "project_id": Message("Project number"),
    "final_cost_yuan": Message("Cost as settled"),
    "enrolment_date": Message("Enrolled on"),
    "premium_date": Message("Premium paid on"),
    "permit_id": Message("Permit number"),
    "permit_date": Message("Permit issued on"),
    "start_date": Message("Started on"),
    "planned_end": Message("Planned completion"),
    "actual_end": Message("Completed on"),
    "extended_to": Message("Extended to"),
    "was_in_progress": Message("In progress when enrolled"),
    "planned_persons_fixed": Message("Fixed staff planned"),
    "planned_persons_migrant": Message("Migrant workers planned"),
    "case_id": Message("Case number"),
    "employer_id": Message("Employer number"),
    "injury_date": Message("Injured on"),
    "report_date": Message("Recognition applied for on"),
    "recognition_date": Message("Recognised on"),
    "assessment_date": Message("Assessed on"),
    "closed_date": Message("Closed on"),
    "event_id": Message("Accident number"),
    "outcome": Message("Outcome of the injury"),
    "grade": Message("Disability grade"),
    "care": Message("Care need"),
    "age": Message("Age"),
    "sex": Message("Sex"),
    "own_wage_yuan": Message("Own monthly wage"),
    "dependants": Message("Dependants"),
    "employment_ended": Message("Employment ended"),
    "cause": Message("Cause of the injury"),
    "payment_id": Message("Payment number"),
    "payment_date": Message("Paid on"),
    "amount_yuan": Message("Amount"),
    "new_projects": Message("Number of new projects"),
    "inprogress_projects": Message("Number of projects in progress"),
    "revenue": Message("Revenue"),
    "contributions": Message("Contributions"),
    "interest": Message("Interest earned"),
    "transfer_in": Message("Transfers in"),
    "expenditure": Message("Expenditure"),
    "balance": Message("Accumulated balance"),
    "reserve": Message("Reserve"),
    "insured_persons": Message("Insured persons"),
    "beneficiaries": Message("Beneficiaries"),
    "exposure": Message("Total cost enrolled"),
}
"""Columns of the book where the heads of a review's tables say something else, or nothing."""


def table_name(name: str, t: Translator) -> str:
    """Return what a table of the book is called in the reader's language."""
    return t.say(TABLES[name]) if name in TABLES else word(name, t)


def spoken(message: Message | InputError, t: Translator) -> str:
    """Return a message in the reader's language, the tables and columns of the book that it names in words."""
    if isinstance(message, InputError):
        message = message.message
    named: dict[str, object] = dict(message.fields)
    if "table" in named:
        named["table"] = table_name(str(named["table"]), t)
    if "lacking" in named:
        named["missing"] = listed([column_name(c, t) for c in message.fields["lacking"]], t)
    for field in ("meaning", "later", "earlier"):
        if field in named:
            named[field] = column_name(str(named[field]), t)
    return t(message.text, **named)


def listed(names: Sequence[str], t: Translator) -> str:
    """Return names side by side as the language writes them."""
    return t(", ").join(names)


def column_name(column: str, t: Translator) -> str:
    """Return what a column of the book is called in the reader's language."""
    return t.say(COLUMNS[column]) if column in COLUMNS else head(column, t)
