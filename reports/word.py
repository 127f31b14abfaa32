"""The report in Word, in the form of a Chinese official document: 方正小标宋 and 仿宋 by name, 一、（一） headings, page numbers, signature."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import docx
from docx.document import Document
from docx.enum.table import WD_TABLE_ALIGNMENT
from docx.enum.text import WD_ALIGN_PARAGRAPH, WD_LINE_SPACING
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Cm, Pt

from analysis.language import Translator
from analysis.rate_review import RateReview
from analysis.tables import for_readers
from models.messages import InputError
from reports import content
from reports.figures import png

NUMERALS = "一二三四五六七八九十"
BODY, TITLE, HEADING, LATIN = "仿宋", "方正小标宋简体", "黑体", "Times New Roman"


def numeral(number: int) -> str:
    """Return a section's number as official documents write it: 一, 十一."""
    return NUMERALS[number - 1] if number <= 10 else f"十{NUMERALS[number - 11]}"


def write_word(review: RateReview, out: Path, t: Translator, template: Path | None = None) -> Path:
    """Write ``review.docx`` into a folder; an office's own template gives styles, header and footer.

    Raises
    ------
    InputError
        The template is not a Word document.
    """
    try:
        document = docx.Document(str(template)) if template else docx.Document()
    except Exception as error:
        raise InputError("The template {path} is not a Word document (.docx).", path=str(template)) from error
    _styles(document, t)
    day = review.valuation_date
    document.core_properties.created = document.core_properties.modified = datetime(day.year, day.month, day.day)
    document.core_properties.author, document.core_properties.title = "Pingheng", content.title(review, t)
    if template is None:
        _page(document, review, t)
    heading = document.add_paragraph(style="Title")
    heading.add_run(content.title(review, t))
    _paragraph(document, f"{review.book.name} · {t.date(day)}", WD_ALIGN_PARAGRAPH.CENTER)
    said = content.notice(review, t)
    if said:
        _paragraph(document, said, WD_ALIGN_PARAGRAPH.CENTER)
    sections = content.report(review, t)
    titles = [(f"{numeral(i)}、" if t.language == "zh" else f"{i} ") + s.title for i, s in enumerate(sections, start=1)]
    _contents(document, titles, t)
    tables = figures = 0
    for heading_text, section in zip(titles, sections, strict=True):
        document.add_heading(heading_text, level=1)
        for block in section.blocks:
            if isinstance(block, content.Chart):
                figures += 1
                picture = document.add_paragraph()
                picture.alignment = WD_ALIGN_PARAGRAPH.CENTER
                picture.paragraph_format.keep_with_next = True
                picture.add_run().add_picture(io.BytesIO(png(block.chart)), width=Cm(15))
                _caption(document, t("Figure {number}: {caption}", number=figures, caption=block.caption))
            elif isinstance(block, content.TableBlock):
                tables += 1
                _caption(document, t("Table {number}: {caption}", number=tables, caption=block.caption), keep=True)
                _table(document, for_readers(block.frame, t))
            else:
                _paragraph(document, block)
    path = out / "review.docx"
    buffer = io.BytesIO()
    document.save(buffer)
    path.write_bytes(steady_zip(buffer.getvalue()))
    return path


def steady_zip(data: bytes) -> bytes:
    """Return an Office file whose parts carry one fixed time: the same review gives the same bytes."""
    source, target = zipfile.ZipFile(io.BytesIO(data)), io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(source.namelist(), key=lambda n: (n != "[Content_Types].xml", n)):
            info = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, source.read(name))
    return target.getvalue()


def _fonts(style: Any, latin: str, chinese: str, size: float, bold: bool = False) -> None:
    style.font.name, style.font.size, style.font.bold = latin, Pt(size), bold
    properties = style.element.get_or_add_rPr()
    fonts = properties.find(qn("w:rFonts"))
    fonts = fonts if fonts is not None else properties.get_or_add_rFonts()
    for name in ("w:asciiTheme", "w:hAnsiTheme", "w:eastAsiaTheme", "w:cstheme"):
        fonts.attrib.pop(qn(name), None)
    fonts.set(qn("w:eastAsia"), chinese)
    fonts.set(qn("w:ascii"), latin)
    fonts.set(qn("w:hAnsi"), latin)
    language = OxmlElement("w:lang")
    language.set(qn("w:val"), "en-US")
    language.set(qn("w:eastAsia"), "zh-CN")
    properties.append(language)


def _styles(document: Document, t: Translator) -> None:
    zh = t.language == "zh"
    normal = document.styles["Normal"]
    _fonts(normal, LATIN, BODY, 14 if zh else 11)
    normal.paragraph_format.space_after = Pt(0 if zh else 6)
    _fonts(document.styles["Title"], LATIN, TITLE, 22, not zh)
    document.styles["Title"].paragraph_format.alignment = WD_ALIGN_PARAGRAPH.CENTER
    document.styles["Title"].paragraph_format.space_after = Pt(12)
    heading = document.styles["Heading 1"]
    _fonts(heading, LATIN, HEADING, 15 if zh else 14, not zh)
    heading.font.color.rgb = None
    heading.paragraph_format.keep_with_next = True
    heading.paragraph_format.space_before, heading.paragraph_format.space_after = Pt(14), Pt(6)


def _page(document: Document, review: RateReview, t: Translator) -> None:
    section = document.sections[0]
    section.page_width, section.page_height = Cm(21), Cm(29.7)
    section.top_margin, section.bottom_margin, section.left_margin, section.right_margin = (
        Cm(3),
        Cm(2.5),
        Cm(2.6),
        Cm(2.4),
    )
    header = section.header.paragraphs[0]
    header.text, header.alignment = content.notice(review, t), WD_ALIGN_PARAGRAPH.CENTER
    for run in header.runs:
        run.font.size = Pt(9)
    footer = section.footer.paragraphs[0]
    footer.alignment = WD_ALIGN_PARAGRAPH.CENTER
    footer.add_run("— ")
    _field(footer, "PAGE")
    footer.add_run(" —")


def _field(paragraph: Any, code: str, shown: Sequence[str] = ("1",)) -> None:
    """Insert a field that Word fills in (a page number, the table of contents); ``shown`` stands there until it does."""
    run = paragraph.add_run()

    def add(tag: str, text: str | None = None, kind: str | None = None) -> None:
        element = OxmlElement(tag)
        if kind:
            element.set(qn("w:fldCharType"), kind)
        if text:
            element.text = text
        run._r.append(element)

    add("w:fldChar", kind="begin")
    add("w:instrText", code)
    add("w:fldChar", kind="separate")
    for i, line in enumerate(shown):
        if i:
            add("w:br")
        add("w:t", line)
    add("w:fldChar", kind="end")


def _contents(document: Document, titles: Sequence[str], t: Translator) -> None:
    _paragraph(document, t("Contents"), WD_ALIGN_PARAGRAPH.CENTER)
    _field(document.add_paragraph(), 'TOC \\o "1-1" \\h \\z \\u', titles)
    settings = document.settings.element
    update = OxmlElement("w:updateFields")
    update.set(qn("w:val"), "true")
    settings.append(update)
    document.add_page_break()


def _paragraph(document: Document, text: str, alignment: WD_ALIGN_PARAGRAPH | None = None) -> None:
    paragraph = document.add_paragraph(text)
    paragraph.paragraph_format.line_spacing_rule = WD_LINE_SPACING.ONE_POINT_FIVE
    if alignment is not None:
        paragraph.alignment = alignment
    else:
        paragraph.paragraph_format.first_line_indent = Pt(28)


def _caption(document: Document, text: str, keep: bool = False) -> None:
    paragraph = document.add_paragraph()
    paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
    paragraph.paragraph_format.space_before = Pt(6)
    paragraph.paragraph_format.keep_with_next = keep
    paragraph.add_run(text).font.size = Pt(10.5)


def _table(document: Document, frame: Any) -> None:
    size = 9 if frame.shape[1] <= 6 else 7.5
    table = document.add_table(rows=1, cols=frame.shape[1], style="Table Grid")
    table.alignment = WD_TABLE_ALIGNMENT.CENTER
    for row, values in enumerate([list(frame.columns), *frame.values.tolist()]):
        cells = table.rows[0].cells if row == 0 else table.add_row().cells
        for cell, value in zip(cells, values, strict=True):
            paragraph = cell.paragraphs[0]
            run = paragraph.add_run(str(value))
            run.font.size, run.font.bold = Pt(size), row == 0
    repeat = OxmlElement("w:tblHeader")
    repeat.set(qn("w:val"), "true")
    table.rows[0]._tr.get_or_add_trPr().append(repeat)
    for row in table.rows:
        whole = OxmlElement("w:cantSplit")
        whole.set(qn("w:val"), "true")
        row._tr.get_or_add_trPr().append(whole)
    document.add_paragraph()


def utc(review: RateReview) -> datetime:
    """Return the valuation date as a time, for formats that must carry one."""
    day = review.valuation_date
    return datetime(day.year, day.month, day.day, tzinfo=UTC)
