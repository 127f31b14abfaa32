"""The experience study as a workbook: a sheet a table, with its title in the reader's language."""

from __future__ import annotations

import io

import xlsxwriter

from analysis.experience import ExperienceStudy
from analysis.experience.tables import report_tables
from analysis.language import Translator
from reports.one_table import OPTIONS, formats_of, write_table


def experience_workbook(study: ExperienceStudy, t: Translator) -> bytes:
    """Return a workbook (.xlsx) with every table of a study."""
    note = t("Valuation date {on:date}", on=study.on)
    if study.synthetic:
        note += " · " + t("Synthetic data: this book was made by the program to try it out. It describes no real fund.")
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer, {**OPTIONS, "in_memory": True}) as book:
        formats = formats_of(book)
        for number, table in enumerate(report_tables(study, t), start=1):
            write_table(
                book.add_worksheet(f"{number:02d} {table.name}"[:31]), table.frame, table.title, note, t, formats
            )
    return buffer.getvalue()
