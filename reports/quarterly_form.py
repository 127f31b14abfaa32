"""Writes the quarterly form 附件2 back as it came: landscape, one page, grouped heads, signature line, ready to print."""

from __future__ import annotations

import io
from datetime import datetime
from pathlib import Path
from typing import Any

import xlsxwriter

from data.quarterly_form import AMOUNTS, COLUMNS, TITLE, WAN, QuarterlyForm
from reports.word import steady_zip

GROUPS = (("参保单位数", 2, 4), ("参保人数", 5, 7), ("实缴金额", 8, 9))
SECOND_HEADS = (
    ("按用人单位方式参保户数", 2, 2),
    ("按建设项目参保方式项目数", 3, 4),
    ("按用人单位方式参保人数", 5, 5),
    ("按建设项目参保方式人数", 6, 7),
    ("按用人单位方式", 8, 8),
    ("按建设项目参保方式", 9, 9),
)
SIGNATURES = (("单位责任人签字：", 0, 3), ("科室负责人签字：", 4, 6), ("填表人：", 7, 9))
FIXED_TIME = datetime(1980, 1, 1)
SYNTHETIC = "模拟数据，不反映任何真实基金"


def write_form(form: QuarterlyForm, path: Path, synthetic: bool = False) -> Path:
    """Write a form as .xlsx; see `form_bytes`."""
    path.write_bytes(form_bytes(form, synthetic))
    return path


def form_bytes(form: QuarterlyForm, synthetic: bool = False) -> bytes:
    """Return a form as .xlsx, the same form the same bytes; `data.quarterly_form.read_form` gives the same numbers back.

    A form without rows is the blank form, with the original's placeholder 甲. ``synthetic`` puts the mark into the page's head.
    """
    target = io.BytesIO()
    with xlsxwriter.Workbook(
        target, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    ) as book:
        book.set_properties({"title": TITLE, "created": FIXED_TIME})
        sheet = book.add_worksheet("附件2")
        _page(sheet, synthetic)
        formats = _formats(book)
        _heads(sheet, formats, form)
        blank = not len(form.rows)
        lines = [{"name": "甲"}] if blank else form.rows.to_dict("records")
        for number, line in enumerate(lines, start=1):
            _line(sheet, formats, 5 + number, str(line["name"]) or "甲", line, number)
        last = 6 + len(lines)
        _line(sheet, formats, last, "总数", {} if blank else form.total.to_dict())
        for text, start, end in SIGNATURES:
            sheet.merge_range(last + 2, start, last + 2, end, text, formats["plain"])
        sheet.set_row(last + 2, 30)
        sheet.print_area(0, 0, last + 2, 9)
    return steady_zip(target.getvalue())


def _page(sheet: Any, synthetic: bool) -> None:
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 1)
    sheet.center_horizontally()
    sheet.set_margins(left=0.5, right=0.5, top=0.8, bottom=0.6)
    sheet.set_column(0, 0, 27)
    sheet.set_column(1, 1, 6)
    sheet.set_column(2, 9, 15.5)
    if synthetic:
        sheet.set_header(f"&C&10{SYNTHETIC}")


def _formats(book: Any) -> dict[str, Any]:
    font = {"font_name": "仿宋", "font_size": 12}
    cell = {**font, "border": 1, "align": "center", "valign": "vcenter", "text_wrap": True}
    return {
        "head": book.add_format(cell),
        "label": book.add_format({**cell, "align": "left", "indent": 1}),
        "count": book.add_format({**cell, "num_format": "#,##0"}),
        "amount": book.add_format({**cell, "num_format": "#,##0.00"}),
        "plain": book.add_format({**font, "valign": "vcenter"}),
        "right": book.add_format({**font, "align": "right", "valign": "vcenter"}),
        "title": book.add_format({"font_name": "黑体", "font_size": 20, "align": "center", "valign": "vcenter"}),
    }


def _heads(sheet: Any, formats: dict[str, Any], form: QuarterlyForm) -> None:
    head = formats["head"]
    sheet.merge_range(0, 0, 0, 9, TITLE, formats["title"])
    quarter = f"　　{form.quarter[:4]}年第{form.quarter[-1]}季度" if form.quarter else ""
    sheet.merge_range(1, 0, 1, 5, f"填报单位：{form.reporter or '＿＿＿＿＿＿'}{quarter}", formats["plain"])
    sheet.merge_range(1, 6, 1, 9, "单位：户、人、万元", formats["right"])
    for column in (0, 1):
        sheet.merge_range(2, column, 4, column, "", head)
    for text, first, last in GROUPS:
        sheet.merge_range(2, first, 2, last, text, head)
    for text, first, last in SECOND_HEADS:
        if first == last:
            sheet.merge_range(3, first, 4, last, text, head)
        else:
            sheet.merge_range(3, first, 3, last, text, head)
            sheet.write_string(4, first, "新建项目数", head)
            sheet.write_string(4, last, "在建项目数", head)
    for row, height in ((0, 40), (1, 24), (2, 24), (3, 36), (4, 24), (5, 22)):
        sheet.set_row(row, height)
    sheet.write_blank(5, 0, None, head)
    sheet.write_string(5, 1, "序号", head)
    for offset, printed in enumerate(COLUMNS.values()):
        sheet.write_number(5, 2 + offset, printed, head)


def _line(
    sheet: Any, formats: dict[str, Any], row: int, name: str, line: dict[str, Any], number: int | None = None
) -> None:
    """Write one body row: the stub, the running number, the eight figures (blank where the line has none)."""
    sheet.set_row(row, 24)
    sheet.write_string(row, 0, name, formats["head" if number is None or name == "甲" else "label"])
    if number is None:
        sheet.write_blank(row, 1, None, formats["head"])
    else:
        sheet.write_number(row, 1, number, formats["head"])
    for offset, column in enumerate(COLUMNS):
        form_of = formats["amount" if column in AMOUNTS else "count"]
        if column in line:
            value = float(line[column])
            sheet.write_number(row, 2 + offset, value / WAN if column in AMOUNTS else value, form_of)
        else:
            sheet.write_blank(row, 2 + offset, None, form_of)
