"""Empty spreadsheets for a fund to fill in, one a level of detail: heads that the import understands, and what each column takes."""

from __future__ import annotations

import io
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import xlsxwriter
import yaml

from data import schema
from models.messages import InputError
from models.parameters import quickly

HEADERS = Path(__file__).resolve().parent / "headers.yaml"
ACCOUNT_COLUMNS = (
    "revenue",
    "contributions",
    "interest",
    "expenditure",
    "benefits",
    "prevention",
    "balance",
    "reserve",
    "exposure",
)
"""Items of accounts that a fund statement has; the template asks for these."""

TABLES: Mapping[int, tuple[str, ...]] = {**schema.LEVELS, 3: ("contractors", "projects", "cases", "payments")}
ROWS = 2_000
"""Rows of the template that offer a list of choices."""

_WORDS: Mapping[str, Mapping[str, str]] = {
    "zh": {
        "columns": "填表说明", "table": "表", "column": "列", "required": "必填", "takes": "填写内容", "yes": "是", "no": "", "unit": "（元）",
        "money": "金额，元", "number": "数字", "count": "整数", "share": "比例（0.2 或 20%）", "date": "日期（2024-03-15）", "month": "月份（2024-03）",
        "quarter": "季度（2024Q1）", "period": "年度（2024）", "flag": "是/否", "json": "列表", "text": "文字", "one_of": "取其一：",
    },
    "en": {
        "columns": "Columns", "table": "Table", "column": "Column", "required": "Required", "takes": "Takes", "yes": "yes", "no": "", "unit": "",
        "money": "amount in yuan", "number": "number", "count": "whole number", "share": "share (0.2 or 20%)", "date": "date (2024-03-15)",
        "month": "month (2024-03)", "quarter": "quarter (2024Q1)", "period": "year (2024)", "flag": "yes/no", "json": "list", "text": "text",
        "one_of": "one of: ",
    },
}  # fmt: skip


@cache
def _names() -> Mapping[str, Mapping[str, list[Any]]]:
    content: Mapping[str, Mapping[str, list[Any]]] = quickly(yaml.load, HEADERS.read_text(encoding="utf-8"))
    return content


def head(table: str, column: str, language: str) -> str:
    """Return a column's head: the first Chinese name that the import knows it by, or the book's own name in English."""
    known = _names().get(table, {}).get(column, [])
    return str(next(iter(known), column)) if language == "zh" else column


def template(level: int, language: str) -> bytes:
    """Return the spreadsheet (.xlsx) for a level of detail, 1 to 3, with heads in Chinese or English.

    Filled in, it can be imported as it is: amounts say their unit, choices are lists to pick from.
    """
    if level not in TABLES:
        raise InputError("There is no level {level}; levels are 1 to 3.", level=level)
    words, buffer = _WORDS[language], io.BytesIO()
    with xlsxwriter.Workbook(buffer, {"in_memory": True, "strings_to_formulas": False}) as book:
        bold = book.add_format({"bold": True, "bottom": 1, "text_wrap": True, "valign": "top", "font_name": "微软雅黑"})
        rows: list[tuple[str, str, str, str]] = []
        for table in TABLES[level]:
            sheet = book.add_worksheet(table)
            for position, (name, required, takes, choices) in enumerate(_columns(table, language)):
                sheet.write_string(0, position, name, bold)
                sheet.set_column(position, position, max(12, 2 * len(name)))
                if choices:
                    sheet.data_validation(1, position, ROWS, position, {"validate": "list", "source": list(choices)})
                rows.append((table, name, words["yes"] if required else words["no"], takes))
            sheet.freeze_panes(1, 1)
        guide = book.add_worksheet(words["columns"])
        for row, line in enumerate([tuple(words[w] for w in ("table", "column", "required", "takes")), *rows]):
            for position, text in enumerate(line):
                guide.write_string(row, position, text, bold if row == 0 else None)
        guide.set_column(0, 3, 28)
    return buffer.getvalue()


def _columns(table: str, language: str) -> list[tuple[str, bool, str, tuple[str, ...]]]:
    """Return for each column of a template: head, whether it is required, what it takes, its choices."""
    words = _WORDS[language]
    if table == "accounts":
        items = [
            (head("accounts.items", item, language) + words["unit"], item in ("revenue", "expenditure", "balance"))
            for item in ACCOUNT_COLUMNS
        ]
        return [
            (head("accounts", "period", language), True, words["period"], ()),
            *((name, must, words["money"], ()) for name, must in items),
        ]
    found = []
    for field in schema.TABLES[table]:
        unit = words["unit"] if field.kind == "money" else ""
        takes = words["one_of"] + " / ".join(field.choices) if field.choices else words.get(field.kind, words["text"])
        found.append((head(table, field.name, language) + unit, field.required or field.key, takes, field.choices))
    return found
