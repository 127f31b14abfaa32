"""The prefectures' returns as a whole: which came and when, the region's form, what differs from the ledgers or jumps between quarters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import pandas as pd

from analysis.coverage.words import WORDS
from data.book import Book
from data.parameters import load_parameters
from data.quarterly_form import COLUMNS, Finding, QuarterlyForm, figure, findings, to_returns
from data.returns import changes, compare_with_employers, compare_with_ledgers, consolidate, return_states
from models.messages import InputError, Message
from models.parameters import Parameters


@dataclass(frozen=True)
class ReturnsReview:
    """The returns of a book.

    ``states``: ``prefecture, quarter, state, received_date, days_late``; ``differences``: what lies beyond ``tolerance`` of the project ledger
    (``prefecture, quarter, what, returned, ledger, difference``), ``employer_differences`` of the payroll ledger (by year); ``changes``: jumps beyond
    ``limit`` on the quarter before. Each is None where the book has nothing to compare with.
    """

    returns: pd.DataFrame
    quarters: tuple[str, ...]
    states: pd.DataFrame
    differences: pd.DataFrame | None
    employer_differences: pd.DataFrame | None
    changes: pd.DataFrame | None
    due_days: int
    tolerance: float
    limit: float

    def form(self, quarter: str) -> tuple[QuarterlyForm, tuple[Message, ...]]:
        """Return the region's form of a quarter, and which returns are missing or came late."""
        return consolidate(self.returns, quarter, self.due_days)


@dataclass(frozen=True)
class CheckedForm:
    """A filled form and what its checks say."""

    form: QuarterlyForm
    findings: tuple[Finding, ...]

    @property
    def refused(self) -> bool:
        """Whether the form has an error and goes back to its sender."""
        return any(f.severity == "error" for f in self.findings)


def review_returns(book: Book) -> ReturnsReview:
    """Return the state of a book's returns, judged on the day of the newest one.

    Raises
    ------
    InputError
        The book has no returns.
    """
    returns = book.table("returns")
    if returns.empty:
        raise InputError("The book has no quarterly returns. Import the prefectures' filled forms 附件2.")
    quarters = tuple(str(q) for q in pd.period_range(returns["quarter"].min(), returns["quarter"].max(), freq="Q"))
    end = pd.Period(quarters[-1], freq="Q").end_time
    parameters = load_parameters()
    due_days, limit, tolerance, basis = _settings(parameters, end.date())
    projects, employers = book.table("projects"), book.table("employers")
    differences = _disagreeing(compare_with_ledgers(returns, projects, basis, tolerance)) if len(projects) else None
    by_employer = _disagreeing(compare_with_employers(returns, employers, basis, tolerance)) if len(employers) else None
    jumps = changes(returns, limit) if len(quarters) > 1 else None
    on = max(end, returns["received_date"].max()) if returns["received_date"].notna().any() else end
    return ReturnsReview(
        returns, quarters, return_states(returns, quarters, due_days, on), differences, by_employer,
        jumps, due_days, tolerance, limit,
    )  # fmt: skip


def check_forms(book: Book, forms: Sequence[QuarterlyForm], received: pd.Timestamp) -> list[CheckedForm]:
    """Return forms with what their checks say: by themselves, on the quarter before, and beside the ledgers (questions)."""
    parameters = load_parameters()
    projects, before = book.table("projects"), book.table("returns")
    checked = []
    for form in forms:
        _, limit, tolerance, basis = _settings(parameters, pd.Period(form.quarter, freq="Q").end_time.date())
        found = list(findings(form))
        try:
            rows = to_returns(form, received)
        except InputError as problem:
            checked.append(CheckedForm(form, (*found, Finding("error", problem.message))))
            continue
        known = before[(before["prefecture"] == rows["prefecture"].item()) & (before["quarter"] != form.quarter)]
        jumps = changes(pd.concat([known, rows], ignore_index=True).astype(dict.fromkeys(COLUMNS, "float64")), limit)
        for what, change in jumps.loc[jumps["quarter"] == form.quarter, ["what", "change"]].itertuples(index=False):
            fields = {"column": COLUMNS[what], "change": change}
            found.append(
                Finding(
                    "question",
                    Message(
                        "Column {column}: changed by {change:percent} on the quarter before; please confirm.", fields
                    ),
                )
            )
        if len(projects):
            apart = _disagreeing(compare_with_ledgers(rows, projects, basis, tolerance))
            for what, returned, ledger in apart[["what", "returned", "ledger"]].itertuples(index=False):
                fields = {"what": WORDS[what], "returned": figure(what, returned), "ledger": figure(what, ledger)}
                found.append(
                    Finding(
                        "question",
                        Message("{what}: {returned} returned, {ledger} in the ledger.", fields),
                    )
                )
        checked.append(CheckedForm(form, tuple(found)))
    return checked


def blank_form() -> QuarterlyForm:
    """Return the form as it is sent out to be filled."""
    return QuarterlyForm("", "", pd.DataFrame(columns=["name", *COLUMNS]), pd.Series(dtype="float64"))


def _settings(parameters: Parameters, on: date) -> tuple[int, float, float, str]:
    values = [
        parameters.value(f"form.{name}", max(on, date(2015, 1, 1)))
        for name in ("due_days", "change_limit", "amount_tolerance", "basis")
    ]
    return int(values[0]), float(values[1]), float(values[2]), str(values[3])


def _disagreeing(compared: pd.DataFrame) -> pd.DataFrame:
    return compared[~compared["agrees"]].drop(columns="agrees").reset_index(drop=True) if len(compared) else compared
