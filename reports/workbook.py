"""The review's tables as a workbook: one sheet a table, numbers as numbers, text as text."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import xlsxwriter

from analysis.book_words import shown_book
from analysis.hindsight.actual_expected import in_units
from analysis.language import Translator
from analysis.rate_review import RateReview
from analysis.tables import tables
from analysis.verdict import verdict
from reports.content import notice
from reports.live_model import write_model
from reports.one_table import OPTIONS, formats_of, set_for_print, write_table


def write_workbook(review: RateReview, out: Path, t: Translator) -> Path:
    """Write ``review.xlsx`` into a folder: the verdict, then every table of the review.

    Money in 万元 (Chinese) or yuan (English), rates in ‰ of total cost.
    """
    path = out / "review.xlsx"
    with xlsxwriter.Workbook(str(path), OPTIONS) as book:
        day = review.valuation_date
        book.set_properties({"title": t("Rate review"), "created": datetime(day.year, day.month, day.day)})
        formats = formats_of(book)
        _summary(book.add_worksheet(t("Summary")), review, t, formats)
        used: set[str] = set()
        write_model(book, review, t, _sheet_name(t("Live model"), used), formats)
        for table in tables(review, t):
            # amounts and persons do not stand in one column of figures
            frames = in_units(table.frame) if table.name == "actual_expected" else (table.frame,)
            for frame in frames:
                sheet = book.add_worksheet(_sheet_name(table.title, used))
                write_table(sheet, frame, table.title, notice(review, t), t, formats)
    return path


def _summary(sheet: Any, review: RateReview, t: Translator, formats: dict[str, Any]) -> None:
    sheet.set_column(0, 0, 110, formats["text"])
    lines = [
        (t("Rate review"), "title"),
        (f"{shown_book(review.book.name, t)} · {t.date(review.valuation_date)}", "text"),
        (notice(review, t), "head"),
        *((t.say(sentence), "text") for sentence in verdict(review)),
        ("", "text"),
        (t("What to know"), "head"),
        *((t.say(warning), "text") for warning in review.warnings),
        ("", "text"),
        (
            t(
                "Book {fingerprint}, seed {seed}, version {version}",
                fingerprint=review.book.fingerprint[:16],
                seed=review.scenario.seed,
                version=review.version,
            ),
            "text",
        ),
    ]
    set_for_print(sheet, 0)
    for row, (text, kind) in enumerate(line for line in lines if line[0] or line[1] == "text"):
        sheet.write_string(row, 0, text, formats[kind])


def _sheet_name(title: str, used: set[str]) -> str:
    """A sheet's name: no character that Excel refuses, at most 31, each once."""
    clean = "".join(" " if c in r"[]:*?/\'" else c for c in title)[:28]
    name, turn = clean, 2
    while name in used:
        name, turn = f"{clean} {turn}", turn + 1
    used.add(name)
    return name
