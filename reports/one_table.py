"""A table as a spreadsheet: numbers as numbers with their unit in the head, text as text and never as a formula."""

from __future__ import annotations

import io
import math
from typing import Any

import pandas as pd
import xlsxwriter

from analysis import columns as readers
from analysis.language import Translator
from analysis.words import word
from reports.blocks import width

OPTIONS = {"strings_to_formulas": False, "strings_to_urls": False, "nan_inf_to_errors": False}
NUMBER_FORMATS = {
    "money": "#,##0",
    "rate": '0.000"‰"',
    "share": "0.0%",
    "months": "0.0",
    "number": "#,##0",
    "figure": "0.000",
    "size": "0.000",
    "text": "@",
}


def formats_of(book: xlsxwriter.Workbook) -> dict[str, Any]:
    """Return the cell formats of a workbook by kind of column, with ``head`` and ``title``."""
    font = {"font_name": "微软雅黑"}
    formats = {kind: book.add_format({"num_format": text, **font}) for kind, text in NUMBER_FORMATS.items()}
    formats["head"] = book.add_format({"bold": True, "text_wrap": True, "valign": "top", "bottom": 1, **font})
    formats["head_of_figures"] = book.add_format(
        {"bold": True, "text_wrap": True, "valign": "top", "bottom": 1, "align": "right", **font}
    )
    formats["title"] = book.add_format({"bold": True, "font_size": 14, **font})
    return formats


def set_for_print(sheet: Any, heads: int) -> None:
    """Let a sheet print as wide as a page lies, its heads (row ``heads``, from 0) on every page and pages numbered."""
    sheet.set_landscape()
    sheet.set_paper(9)  # A4
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(0, heads)
    sheet.set_footer("&C&P / &N")


def write_table(sheet: Any, frame: pd.DataFrame, title: str, note: str, t: Translator, formats: dict[str, Any]) -> None:
    """Write a frame with the review's column names into a sheet: title, note, heads, rows. Money in 万元 (Chinese) or yuan, rates in ‰."""
    scale, unit = (1e4, "万元") if t.language == "zh" else (1.0, "yuan")
    factors = {"money": 1 / scale, "rate": 1e3}
    suffix = {"money": f"（{unit}）" if t.language == "zh" else f" ({unit})"}
    sheet.write_string(0, 0, title, formats["title"])
    sheet.write_string(1, 0, note, formats["text"])
    for column, name in enumerate(frame.columns):
        kind = readers.kind_of(str(name))
        if kind == "text" and pd.api.types.is_float_dtype(frame[name]):
            kind = "figure"
        head = formats["head" if kind == "text" else "head_of_figures"]
        sheet.write_string(2, column, readers.head(str(name), t) + suffix.get(kind, ""), head)
        said = max((width(word(v, t)) for v in frame[name]), default=0) if kind == "text" else 0
        sheet.set_column(column, column, min(max(said + 2, 18), 60))
        for row, value in enumerate(frame[name], start=3):
            if isinstance(value, bool):
                sheet.write_string(row, column, t("yes") if value else t("no"), formats["text"])
            elif value is None or value is pd.NA or (isinstance(value, float) and not math.isfinite(value)):
                sheet.write_blank(row, column, None, formats[kind])
            elif kind == "text":
                sheet.write_string(row, column, word(value, t), formats["text"])
            else:
                sheet.write_number(row, column, float(value) * factors.get(kind, 1.0), formats[kind])
    longest = max(
        (width(readers.head(str(name), t) + suffix.get(readers.kind_of(str(name)), "")) for name in frame.columns),
        default=0,
    )
    sheet.set_row(2, 16 * -(-longest // 16))  # a head of two lines is not covered by the first row
    sheet.freeze_panes(3, 1)
    set_for_print(sheet, 2)


def table_workbook(frame: pd.DataFrame, title: str, note: str, t: Translator) -> bytes:
    """Return a workbook (.xlsx) with one table."""
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {**OPTIONS, "in_memory": True}) as book:
        write_table(book.add_worksheet(), frame, title, note, t, formats_of(book))
    return buffer.getvalue()
