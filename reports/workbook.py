"""The review's tables as a workbook: one sheet a table, numbers as numbers, text as text."""

from __future__ import annotations

import math
from datetime import datetime
from pathlib import Path
from typing import Any

import pandas as pd
import xlsxwriter

from analysis import tables as readers
from analysis.language import Translator
from analysis.rate_review import RateReview
from analysis.verdict import verdict
from analysis.words import word
from reports.content import notice
from reports.live_model import write_model

OPTIONS = {"strings_to_formulas": False, "strings_to_urls": False, "nan_inf_to_errors": False}
NUMBER_FORMATS = {
    "money": "#,##0",
    "rate": '0.000"‰"',
    "share": "0.0%",
    "months": "0.0",
    "number": "#,##0",
    "size": "0.000",
    "text": "@",
}


def write_workbook(review: RateReview, out: Path, t: Translator) -> Path:
    """Write ``review.xlsx`` into a folder: the verdict, then every table of the review.

    Money in 万元 (Chinese) or yuan (English), rates in ‰ of total cost.
    """
    path = out / "review.xlsx"
    with xlsxwriter.Workbook(str(path), OPTIONS) as book:
        day = review.valuation_date
        book.set_properties({"title": t("Rate review"), "created": datetime(day.year, day.month, day.day)})
        formats = {
            kind: book.add_format({"num_format": text, "font_name": "微软雅黑"})
            for kind, text in NUMBER_FORMATS.items()
        }
        formats["head"] = book.add_format(
            {"bold": True, "text_wrap": True, "valign": "top", "bottom": 1, "font_name": "微软雅黑"}
        )
        formats["title"] = book.add_format({"bold": True, "font_size": 14, "font_name": "微软雅黑"})
        _summary(book.add_worksheet(t("Summary")), review, t, formats)
        used: set[str] = set()
        write_model(book, review, t, _sheet_name(t("Live model"), used), formats)
        for table in readers.tables(review, t):
            sheet = book.add_worksheet(_sheet_name(table.title, used))
            _write(sheet, table, review, t, formats)
    return path


def _summary(sheet: Any, review: RateReview, t: Translator, formats: dict[str, Any]) -> None:
    sheet.set_column(0, 0, 110, formats["text"])
    lines = [
        (t("Rate review"), "title"),
        (f"{review.book.name} · {t.date(review.valuation_date)}", "text"),
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
    for row, (text, kind) in enumerate(line for line in lines if line[0] or line[1] == "text"):
        sheet.write_string(row, 0, text, formats[kind])


def _write(sheet: Any, table: readers.Table, review: RateReview, t: Translator, formats: dict[str, Any]) -> None:
    scale, unit = (1e4, "万元") if t.language == "zh" else (1.0, "yuan")
    factors = {"money": 1 / scale, "rate": 1e3}
    suffix = {"money": f"（{unit}）" if t.language == "zh" else f" ({unit})"}
    sheet.write_string(0, 0, table.title, formats["title"])
    sheet.write_string(1, 0, notice(review, t), formats["text"])
    for column, name in enumerate(table.frame.columns):
        kind = readers.kind_of(str(name))
        sheet.write_string(2, column, readers.head(str(name), t) + suffix.get(kind, ""), formats["head"])
        sheet.set_column(column, column, 40 if name in ("name", "reference") else 18)
        for row, value in enumerate(table.frame[name], start=3):
            if isinstance(value, bool):
                sheet.write_string(row, column, t("yes") if value else t("no"), formats["text"])
            elif value is None or value is pd.NA or (isinstance(value, float) and not math.isfinite(value)):
                sheet.write_blank(row, column, None, formats[kind])
            elif kind == "text":
                sheet.write_string(row, column, word(value, t), formats["text"])
            else:
                sheet.write_number(row, column, float(value) * factors.get(kind, 1.0), formats[kind])
    sheet.freeze_panes(3, 1)


def _sheet_name(title: str, used: set[str]) -> str:
    """A sheet's name: no character that Excel refuses, at most 31, each once."""
    clean = "".join(" " if c in r"[]:*?/\'" else c for c in title)[:28]
    name, turn = clean, 2
    while name in used:
        name, turn = f"{clean} {turn}", turn + 1
    used.add(name)
    return name
