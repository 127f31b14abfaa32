"""The coverage bulletin (扩面通报): progress of the campaign, by prefecture, what is behind, what is asked for; as Word and PDF, in the form of a Chinese
official circular, and in English.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pandas as pd

from analysis.coverage import charts as coverage_charts
from analysis.coverage.campaign import REGION, Coverage, coverage
from analysis.coverage.enrolment import Enrolment, enrolment
from analysis.coverage.returns import ReturnsReview, review_returns
from analysis.language import Translator
from analysis.parameter_table import assumption_rows
from analysis.words import word
from data.book import Book
from models.messages import InputError
from reports.blocks import Block, Chart, Lines, Paragraph, Points, Section, TableBlock, numbered, see
from reports.content import Document
from reports.pdf import document_pdf
from reports.word import document_word

BULLETIN_FORMATS = ("docx", "pdf")
NAMED = 5
"""Prefectures named in a sentence."""


@dataclass(frozen=True)
class Bulletin:
    """What a bulletin is made from; ``returns`` is None where the book has none."""

    coverage: Coverage
    enrolment: Enrolment
    returns: ReturnsReview | None


def bulletin(book: Book, on: date | None = None) -> Bulletin:
    """Return what the bulletin of a day says; `InputError` where the book knows no projects and permits."""
    found = coverage(book, on)
    try:
        returns: ReturnsReview | None = review_returns(book)
    except InputError:
        returns = None
    return Bulletin(found, enrolment(book, found.on), returns)


def write_bulletin(found: Bulletin, out: Path, formats: Sequence[str], t: Translator) -> list[Path]:
    """Write ``bulletin-2016Q3.docx`` and ``.pdf`` into a folder; the same bulletin gives the same bytes."""
    unknown = [name for name in formats if name not in BULLETIN_FORMATS]
    if unknown:
        raise InputError(
            "The format {format} is not known; use {known}.", format=unknown[0], known=", ".join(BULLETIN_FORMATS)
        )
    text = document(found, t)
    written = []
    for name in formats:
        path = out / f"bulletin-{pd.Period(found.coverage.on, freq='Q')}-{t.language}.{name}"
        path.write_bytes(
            document_pdf(text, found.coverage.on) if name == "pdf" else document_word(text, found.coverage.on)
        )
        written.append(path)
    return written


def document(found: Bulletin, t: Translator) -> Document:
    """Return the bulletin, numbered, in the reader's language."""
    own = found.coverage
    title = t(
        "Bulletin on the enrolment of construction in work injury insurance, {quarter}", quarter=_quarter(own.on, t)
    )
    mark = (
        t("Synthetic data: this book was made by the program to try it out. It describes no real fund.")
        if own.synthetic
        else ""
    )
    subtitle = t("As of {date:date}", date=own.on)
    to = Paragraph((t("To the human resources and social security bureaus of the prefectures:"),), "address")
    return Document(t.language, title, subtitle, mark, (to, *numbered(sections(found, t), t)))


def sections(found: Bulletin, t: Translator) -> tuple[Section, ...]:
    """Return the bulletin's sections: progress, prefectures, what is behind, what is asked for, tables."""
    made = (_progress(found, t), _prefectures(found, t), _problems(found, t), _work(found, t), _tables(found, t))
    return tuple(section for section in made if section.blocks)


def _quarter(on: date, t: Translator) -> str:
    return t("quarter {quarter} of {year}", quarter=(on.month + 2) // 3, year=str(on.year))


def _names(rows: pd.DataFrame, t: Translator) -> str:
    return t(", ").join(word(p, t) for p in rows["prefecture"].head(NAMED))


def _progress(found: Bulletin, t: Translator) -> Section:
    own = found.coverage
    blocks: list[Block] = []
    new, old = own.of("new"), own.of("in_progress")
    if new is not None:
        blocks.append(
            t(
                "Of {total:integer} new projects this year {enrolled:integer} are enrolled, {coverage:percent}; the target is {target:percent.0}.",
                total=new["total"], enrolled=new["enrolled"], coverage=new["coverage"], target=new["goal"],
            )
        )  # fmt: skip
    if old is not None:
        blocks.append(
            t(
                "Of {total:integer} projects in progress {enrolled:integer} are enrolled, {coverage:percent}; the target of the year is {target:percent.0}, "
                "the schedule asks for {scheduled:percent} by now.",
                total=old["total"], enrolled=old["enrolled"], coverage=old["coverage"], target=old["goal"], scheduled=old["scheduled"],
            )
        )  # fmt: skip
    persons = own.persons[own.persons["prefecture"] == REGION]
    for row in persons.itertuples():
        if row.coverage == row.coverage:
            blocks.append(
                t(
                    "{kind} · {mode}: {enrolled:integer} persons are enrolled, {coverage:percent} of the {surveyed:integer} in the survey.",
                    kind=word(row.kind, t), mode=word(row.mode, t), enrolled=row.enrolled, coverage=row.coverage, surveyed=row.surveyed,
                )
            )  # fmt: skip
    year = found.enrolment.modes[found.enrolment.modes["period"] == str(own.on.year)].set_index("mode")
    if "project" in year.index:
        blocks.append(
            t(
                "From January on {units:integer} projects enrolled, with a total cost of {cost:money} and a premium of {premium:money}.",
                units=year.loc["project", "units"], cost=year.loc["project", "base_yuan"], premium=year.loc["project", "premium_yuan"],
            )
        )  # fmt: skip
    if own.by_year["period"].nunique() > 1:
        blocks.append(
            Chart("years", t("Enrolment rate by year, with the targets of the plan"), coverage_charts.by_year(own, t))
        )
    return Section("progress", t("Progress"), tuple(blocks))


def _prefectures(found: Bulletin, t: Translator) -> Section:
    own, blocks = found.coverage, []
    for state in ("new", "in_progress"):
        rows = own.rates[(own.rates["state"] == state) & (own.rates["prefecture"] != REGION)].sort_values(
            "lag", ascending=False
        )
        if rows.empty:
            continue
        behind = rows[rows["lag"] < -0.0005].iloc[::-1]
        blocks.append(
            t(
                "{state}: the highest rates have {best}; {behind} of {all} prefectures are behind the schedule{named}. See {figure}.",
                state=word(state, t), best=_names(rows.sort_values("coverage", ascending=False, kind="stable"), t), behind=len(behind), all=len(rows),
                named=t(", most of all {names}", names=_names(behind, t)) if len(behind) else "", figure=see("figure", state),
            )
        )  # fmt: skip
        caption = t("Enrolment rate by prefecture: {state}", state=word(state, t))
        blocks.append(Chart(state, caption, coverage_charts.by_prefecture(own, state, t)))
    return Section("prefectures", t("The prefectures"), tuple(blocks))


def _problems(found: Bulletin, t: Translator) -> Section:
    own = found.coverage
    points: list[str] = []
    year = own.exceptions[own.exceptions["issued_date"].dt.year == own.on.year]
    without = year[year["reason"].isin(["not_enrolled", "unknown_project"])]
    if len(without):
        most = without["prefecture"].value_counts()
        points.append(
            t(
                "{count:integer} construction permits of this year were issued without enrolment, with a total cost of {cost:money}; most of them in {names}.",
                count=len(without), cost=float(without["total_cost_yuan"].sum()), names=t(", ").join(word(p, t) for p in most.index[:3]),
            )
        )  # fmt: skip
    late = year[year["reason"] == "enrolled_after_permit"]
    if len(late):
        points.append(
            t(
                "{count:integer} projects enrolled only after their permit, {days:integer} days on average.",
                count=len(late),
                days=float(late["days"].mean()),
            )
        )
    whole = own.points[own.points["prefecture"] == REGION]
    premium = float(whole["missing_premium_yuan"].sum())
    if premium > 0:
        points.append(
            t(
                "What is missing to the targets is worth {premium:money} of premium; {years:integer} person-years of workers are not covered.",
                premium=premium, years=float(whole["missing_person_years"].sum()),
            )
        )  # fmt: skip
    points += _returns(found, t)
    fees = found.enrolment.fees
    if len(fees):
        row = fees[(fees["prefecture"] == REGION) & (fees["period"].str[:4] <= str(own.on.year))].iloc[-1]
        if row["open_yuan"] > 0:
            points.append(
                t(
                    "Of the construction fee (Order 180) {open:money} of work-injury premium is still to be paid over, {days:integer} days of premium.",
                    open=float(row["open_yuan"]), days=float(row["open_days"]),
                )
            )  # fmt: skip
    return Section("problems", t("What is behind"), (Points(tuple(points)),) if points else ())


def _returns(found: Bulletin, t: Translator) -> list[str]:
    """Return what is to be said of the returns of the bulletin's quarter."""
    if found.returns is None:
        return []
    quarter = str(pd.Period(found.coverage.on, freq="Q"))
    own = found.returns.states[found.returns.states["quarter"] == quarter]
    said = []
    for state in ("missing", "late"):
        rows = own[own["state"] == state]
        if len(rows):
            names = t(", ").join(word(p, t) for p in rows["prefecture"])
            said.append(
                t("{names}: the return of {quarter} is missing.", names=names, quarter=_quarter(found.coverage.on, t)) if state == "missing"
                else t("{names}: the return of {quarter} came late.", names=names, quarter=_quarter(found.coverage.on, t))
            )  # fmt: skip
    differ = found.returns.differences
    here = differ[differ["quarter"] == quarter] if differ is not None else None
    if here is not None and len(here):
        said.append(
            t(
                "The returns of {names} differ from the ledgers by more than {tolerance:percent.0}; please check.",
                names=t(", ").join(word(p, t) for p in dict.fromkeys(here["prefecture"])), tolerance=found.returns.tolerance,
            )
        )  # fmt: skip
    return said


def _work(found: Bulletin, t: Translator) -> Section:
    own = found.coverage
    left = 12 - own.on.month
    points = [
        t(
            "No enrolment, no permit: the housing departments issue no construction permit without the proof of enrolment (plan of 2015, part 3(3))."
        ),
    ]
    rows = own.rates[
        (own.rates["state"] == "in_progress") & (own.rates["needed"] > 0) & (own.rates["prefecture"] != REGION)
    ]
    old = own.of("in_progress")
    if old is not None and old["needed"] > 0 and left > 0:
        points.append(
            t(
                "To reach the target of the year {needed:integer} projects in progress are still to be enrolled, {month:integer} a month; the most in {names}.",
                needed=old["needed"], month=old["needed"] / left, names=_names(rows.sort_values("needed", ascending=False), t),
            )
        )  # fmt: skip
    points.append(
        t(
            "The prefectures go through the permits without enrolment one by one and report the result with the next quarterly return."
        )
    )
    if found.returns is not None:
        points.append(
            t(
                "Quarterly returns (annex 2) are due {days} days after the end of the quarter.",
                days=found.returns.due_days,
            )
        )
    sign = Lines(
        (t("(Seal of the issuing office)") + "　　" + t.date(own.on),)
    )  # one line: a page break must not part them
    return Section("work", t("What is asked for"), (Points(tuple(points)), sign))


def _tables(found: Bulletin, t: Translator) -> Section:
    own = found.coverage
    blocks: list[Block] = []
    columns = ["prefecture", "counted_from", "enrolled", "total", "coverage", "goal", "scheduled", "lag", "needed"]
    for state in ("new", "in_progress"):
        rows = own.rates[own.rates["state"] == state]
        if len(rows):
            blocks.append(
                TableBlock(f"rates-{state}", t("Enrolment by prefecture: {state}", state=word(state, t)), rows[columns])
            )
    money = [
        "prefecture",
        "state",
        "missing_points",
        "point_premium_yuan",
        "missing_premium_yuan",
        "missing_person_years",
    ]
    missing = own.points[own.points["missing_points"] > 0]
    if len(missing):
        blocks.append(TableBlock("points", t("What a missing percentage point is worth"), missing[money]))
    weak = [a for a in own.assumptions if a.mark in ("unverified", "assumption")]
    if weak:
        values = assumption_rows(weak, t)
        blocks.append(TableBlock("assumptions", t("Parameters that are assumed or unverified"), values))
    blocks.append(t("Book {fingerprint}", fingerprint=own.fingerprint[:16]))
    return Section("tables", t("Tables"), tuple(blocks))
