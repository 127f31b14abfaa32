"""Writes the quarterly form 附件2 back as it came: landscape, one page, grouped heads, signature line, ready to print."""

from __future__ import annotations

from pathlib import Path

import xlsxwriter

from data.quarterly_form import AMOUNTS, COLUMNS, TITLE, WAN, QuarterlyForm

GROUPS = (("参保单位数", 2, 4), ("参保人数", 5, 7), ("实缴金额", 8, 9))
SECOND_HEADS = (
    ("按用人单位方式参保户数", 2, 2),
    ("按建设项目参保方式项目数", 3, 4),
    ("按用人单位方式参保人数", 5, 5),
    ("按建设项目参保方式人数", 6, 7),
    ("按用人单位方式", 8, 8),
    ("按建设项目参保方式", 9, 9),
)
SIGNATURES = "单位责任人签字：{gap}科室负责人签字：{gap}填表人：".format(gap="　" * 12)


def write_form(form: QuarterlyForm, path: Path) -> Path:
    """Write a form as .xlsx; `data.quarterly_form.read_form` gives the same numbers back."""
    with xlsxwriter.Workbook(str(path), {"strings_to_formulas": False, "strings_to_urls": False}) as book:
        book.set_properties({"title": TITLE, "created": None})
        sheet = book.add_worksheet("附件2")
        font = {"font_name": "仿宋", "font_size": 12}
        cell = {**font, "border": 1, "align": "center", "valign": "vcenter", "text_wrap": True}
        head, label = book.add_format(cell), book.add_format({**cell, "align": "left"})
        count = book.add_format({**cell, "num_format": "#,##0"})
        amount = book.add_format({**cell, "num_format": "#,##0.00####"})
        plain = book.add_format({**font, "valign": "vcenter"})
        right = book.add_format({**font, "align": "right"})
        sheet.set_landscape()
        sheet.set_paper(9)
        sheet.fit_to_pages(1, 1)
        sheet.center_horizontally()
        sheet.set_column(0, 0, 22)
        sheet.set_column(1, 1, 6)
        sheet.set_column(2, 9, 14)
        sheet.merge_range(0, 0, 0, 9, TITLE, book.add_format({"font_name": "黑体", "font_size": 20, "align": "center"}))
        sheet.set_row(0, 36)
        sheet.merge_range(
            1, 0, 1, 4, f"填报单位：{form.reporter}　　{form.quarter[:4]}年第{form.quarter[-1]}季度", plain
        )
        sheet.merge_range(1, 5, 1, 9, "单位：户、人、万元", right)
        sheet.merge_range(2, 0, 4, 0, "", head)
        sheet.merge_range(2, 1, 4, 1, "", head)
        for text, first, last in GROUPS:
            sheet.merge_range(2, first, 2, last, text, head)
        for text, first, last in SECOND_HEADS:
            if first == last:
                sheet.merge_range(3, first, 4, last, text, head)
            else:
                sheet.merge_range(3, first, 3, last, text, head)
                sheet.write_string(4, first, "新建项目数", head)
                sheet.write_string(4, last, "在建项目数", head)
        sheet.set_row(3, 34)
        sheet.write_string(5, 0, "甲", head)
        sheet.write_string(5, 1, "序号", head)
        for offset, printed in enumerate(COLUMNS.values()):
            sheet.write_number(5, 2 + offset, printed, head)
        lines = [*form.rows.to_dict("records"), {"name": "总数", **form.total.to_dict()}]
        for index, line in enumerate(lines):
            row = 6 + index
            sheet.set_row(row, 24)
            sheet.write_string(row, 0, str(line["name"]), label)
            if line["name"] != "总数":
                sheet.write_number(row, 1, index + 1, head)
            else:
                sheet.write_blank(row, 1, None, head)
            for offset, name in enumerate(COLUMNS):
                value = float(line[name])
                sheet.write_number(
                    row, 2 + offset, value / WAN if name in AMOUNTS else value, amount if name in AMOUNTS else count
                )
        sheet.merge_range(7 + len(lines), 0, 7 + len(lines), 9, SIGNATURES, plain)
    return path
