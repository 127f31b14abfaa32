"""Parts of a Word document that python-docx does not know: styles for Chinese text, fields, bookmarks, tables written fast."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any

from docx.document import Document
from docx.enum.style import WD_STYLE_TYPE
from docx.enum.text import WD_ALIGN_PARAGRAPH, WD_LINE_SPACING, WD_TAB_ALIGNMENT, WD_TAB_LEADER
from docx.oxml import OxmlElement, parse_xml
from docx.oxml.ns import nsdecls, qn
from docx.shared import Cm, Pt, RGBColor

from reports.blocks import LINE, NARROW, Code, Grid, Link, Math, Paragraph, Title
from reports.mathematics import parse, runs

BODY, TITLE, HEADING, SECOND, LATIN = "仿宋", "方正小标宋简体", "黑体", "楷体", "Times New Roman"
PAGE_CM = 16.0
"""Width of the text on the page."""


def styles(file: Document, zh: bool, own: bool) -> None:
    """Set the styles of the form; with an office's template (not ``own``) only those that it lacks are added."""
    known = {style.name for style in file.styles}
    if own:
        normal = file.styles["Normal"]
        fonts(normal, LATIN, BODY, 14 if zh else 11)
        form = normal.paragraph_format
        form.line_spacing_rule, form.line_spacing = WD_LINE_SPACING.EXACTLY, Pt(26 if zh else 16)
        form.space_after = Pt(0 if zh else 6)
        fonts(file.styles["Title"], LATIN, TITLE, 22, not zh)
        file.styles["Title"].font.color.rgb = RGBColor(0, 0, 0)
        head = file.styles["Title"].paragraph_format
        head.alignment, head.space_before, head.space_after = WD_ALIGN_PARAGRAPH.CENTER, Pt(90), Pt(18)
        head.line_spacing_rule, head.line_spacing = WD_LINE_SPACING.EXACTLY, Pt(34)
        for border in file.styles["Title"].element.iter(qn("w:pBdr")):
            border.getparent().remove(border)
        for level, (font, size) in enumerate(((HEADING, 16), (SECOND, 15), (BODY, 14)), start=1):
            style = file.styles[f"Heading {level}"]
            fonts(style, LATIN, font, size if zh else size - 3, bold=not zh or level > 1)
            style.font.color.rgb = RGBColor(0, 0, 0)
            style.font.italic = False
            style.paragraph_format.keep_with_next = True
            style.paragraph_format.space_before, style.paragraph_format.space_after = Pt(16 - 3 * level), Pt(4)
    for name, size in (("Pingheng Caption", 10.5), ("Pingheng Figure", 10.5)):
        if name not in known:
            style = file.styles.add_style(name, WD_STYLE_TYPE.PARAGRAPH)
            style.base_style = file.styles["Normal"]
            fonts(style, LATIN, HEADING, size)
            style.paragraph_format.alignment = WD_ALIGN_PARAGRAPH.CENTER
            # a picture or a formula in a line of exact height is clipped
            style.paragraph_format.line_spacing_rule = WD_LINE_SPACING.SINGLE
            style.paragraph_format.space_before = style.paragraph_format.space_after = Pt(6)


def fonts(style: Any, latin: str, chinese: str, size: float, bold: bool = False) -> None:
    """Give a style its Latin and Chinese fonts by name, and its language."""
    style.font.name, style.font.size, style.font.bold = latin, Pt(size), bold
    properties = style.element.get_or_add_rPr()
    found = properties.find(qn("w:rFonts"))
    found = found if found is not None else properties.get_or_add_rFonts()
    for name in ("w:asciiTheme", "w:hAnsiTheme", "w:eastAsiaTheme", "w:cstheme"):
        found.attrib.pop(qn(name), None)
    for name, value in (("w:eastAsia", chinese), ("w:ascii", latin), ("w:hAnsi", latin)):
        found.set(qn(name), value)
    language = OxmlElement("w:lang")
    language.set(qn("w:val"), "en-US")
    language.set(qn("w:eastAsia"), "zh-CN")
    properties.append(language)


def page(file: Document, notice: str) -> None:
    """Set A4 with the margins of an official document, the notice as header, the page number as footer."""
    section = file.sections[0]
    section.page_width, section.page_height = Cm(21), Cm(29.7)
    section.top_margin, section.bottom_margin = Cm(3), Cm(2.5)
    section.left_margin, section.right_margin = Cm(2.6), Cm(2.4)
    header = section.header.paragraphs[0]
    header.alignment = WD_ALIGN_PARAGRAPH.CENTER
    run = header.add_run(notice)
    run.font.size, run.font.color.rgb = Pt(9), RGBColor(0x8F, 0x3F, 0x00)
    footer = section.footer.paragraphs[0]
    footer.alignment = WD_ALIGN_PARAGRAPH.CENTER
    footer.add_run("— ")
    field(footer, "PAGE", "1")
    footer.add_run(" —")


def field(paragraph: Any, code: str, shown: str) -> None:
    """Insert a field that Word fills in; ``shown`` stands there until it does."""
    for xml in (
        '<w:fldChar w:fldCharType="begin"/>',
        f'<w:instrText xml:space="preserve"> {code} </w:instrText>',
        '<w:fldChar w:fldCharType="separate"/>',
        f'<w:t xml:space="preserve">{escape(shown)}</w:t>',
        '<w:fldChar w:fldCharType="end"/>',
    ):
        paragraph._p.append(parse_xml(f"<w:r {nsdecls('w')}>{xml}</w:r>"))


def bookmark(anchor: str) -> str:
    """Return an anchor as a bookmark's name: letters, digits, underscores, at most 40."""
    return "_" + anchor.replace("-", "_")[:39]


class Bookmarks:
    """Numbers the bookmarks of a document."""

    def __init__(self) -> None:
        self.count = 0

    def around(self, paragraph: Any, anchor: str, text: str, after: str = "") -> None:
        """Add ``text`` under a bookmark, then ``after`` outside it; no bookmark without an anchor."""
        if anchor:
            self.count += 1
            start, end = OxmlElement("w:bookmarkStart"), OxmlElement("w:bookmarkEnd")
            for element in (start, end):
                element.set(qn("w:id"), str(self.count))
            start.set(qn("w:name"), bookmark(anchor))
            paragraph._p.append(start)
            paragraph.add_run(text)
            paragraph._p.append(end)
        else:
            paragraph.add_run(text)
        if after:
            paragraph.add_run(after)


def contents(file: Document, titles: Sequence[Title]) -> None:
    """Insert a table of contents: the titles, each with its page number as a field.

    A TOC field would leave the page numbers blank in programs that do not renew it when they open a file.
    """
    for title in titles:
        line = file.add_paragraph()
        line.paragraph_format.tab_stops.add_tab_stop(Cm(PAGE_CM), WD_TAB_ALIGNMENT.RIGHT, WD_TAB_LEADER.DOTS)
        line.add_run(f"{title.text}\t")
        field(line, f"PAGEREF {bookmark(title.anchor)} \\h", "")
    update = OxmlElement("w:updateFields")
    update.set(qn("w:val"), "true")
    file.settings.element.append(update)


def paragraph(file: Document, piece: Paragraph) -> None:
    """Add a paragraph with its references as fields and its formulas as formulas."""
    added = file.add_paragraph()
    form = added.paragraph_format
    form.keep_with_next = piece.leads or None
    if piece.kind == "text":
        form.first_line_indent = Pt(28)
    elif piece.kind == "point":
        form.left_indent, form.first_line_indent = Pt(44), Pt(-16)
    elif piece.kind == "line":
        form.left_indent, form.space_before = Cm(6), Pt(14)
    for part in piece.text:
        if isinstance(part, Link):
            field(added, f"REF {bookmark(part.anchor)} \\h", part.text) if part.anchor.startswith(
                ("table", "figure")
            ) else added.add_run(part.text)
        elif isinstance(part, Math):
            for text, place, italic in runs(parse(part.latex)):
                run = added.add_run(text)
                run.font.italic, run.font.subscript, run.font.superscript = (
                    italic or None,
                    place == "sub" or None,
                    place == "super" or None,
                )
        elif isinstance(part, Code):
            run = added.add_run(part.text.replace(".", ".\u200b"))  # a long name may break after a dot
            run.font.name, run.font.size = "Consolas", Pt(10.5)
        else:
            added.add_run(part)


def fitted(shown: Any, ppi: int, description: str) -> None:
    """Give a picture its size on paper, at most the width of the page, and its description."""
    scale = min(1.0, PAGE_CM * 360000 / (shown.width * 72 / ppi)) * 72 / ppi
    shown.width, shown.height = int(shown.width * scale), int(shown.height * scale)
    shown._inline.docPr.set("descr", description)


def table(file: Document, grid: Grid) -> None:
    """Add a table with three lines, its head repeated on every page; written as XML, since python-docx takes seconds for it."""
    total = sum(w + 2 for w in grid.widths)
    # half-points; a narrow table keeps its own width, a wide one fills the page
    size = 20 if total <= LINE else 17 if total <= 104 else 15
    own = [round((w + 2) * size * 5.6) for w in grid.widths]
    wide = [w > NARROW for w in grid.widths]
    left = max(PAGE_CM * 567 - sum(o for o, large in zip(own, wide, strict=True) if not large), 0)
    share = left / max(sum(o for o, large in zip(own, wide, strict=True) if large), 1)
    twips = own if total <= LINE else [round(o * share) if large else o for o, large in zip(own, wide, strict=True)]
    if (
        total > LINE and left < 1200 * sum(wide) + 1
    ):  # too little is left for the wide ones, or there are none: all share the line
        twips = [round(o * PAGE_CM * 567 / sum(own)) for o in own]
    line = '<w:{} w:val="single" w:sz="{}" w:space="0" w:color="000000"/>'
    properties = (
        f'<w:tblPr><w:tblW w:w="{sum(twips)}" w:type="dxa"/><w:jc w:val="center"/><w:tblBorders>{line.format("top", 10)}{line.format("bottom", 10)}</w:tblBorders>'
        '<w:tblLayout w:type="fixed"/><w:tblCellMar><w:left w:w="60" w:type="dxa"/><w:right w:w="60" w:type="dxa"/></w:tblCellMar></w:tblPr>'
    )
    columns = "".join(f'<w:gridCol w:w="{w}"/>' for w in twips)
    # a short table is not broken; of a longer one no row or two stand alone on a page
    last = len(grid.rows) - 1
    kept = [last <= 11 or i < 2 or i >= last - 3 for i in range(last)]
    rows = [_row(grid.head, grid, twips, size, True, True)]
    rows += [_row(row, grid, twips, size, False, keep) for row, keep in zip(grid.rows, [*kept, False], strict=True)]
    xml = f"<w:tbl {nsdecls('w')}>{properties}<w:tblGrid>{columns}</w:tblGrid>{''.join(rows)}</w:tbl>"
    file.element.body.insert(len(file.element.body) - 1, parse_xml(xml))
    after = file.add_paragraph()
    after.paragraph_format.line_spacing_rule, after.paragraph_format.line_spacing = WD_LINE_SPACING.EXACTLY, Pt(10)


def lines(text: str) -> str:
    """Return text as a run's XML, a line break at each end of line."""
    # figures with Chinese commas may break after a comma, which not every program sees by itself
    broken = text.replace("，", "，\u200b").split("\n")
    return "<w:br/>".join(f'<w:t xml:space="preserve">{escape(line)}</w:t>' for line in broken)


def _row(values: Sequence[str], grid: Grid, twips: Sequence[int], size: int, head: bool, keep: bool) -> str:
    line = '<w:tcBorders><w:bottom w:val="single" w:sz="6" w:space="0" w:color="000000"/></w:tcBorders>' if head else ""
    kept = "<w:keepNext/>" if keep else ""
    font = f'<w:rFonts w:ascii="{LATIN}" w:hAnsi="{LATIN}" w:eastAsia="宋体"/>'
    cells = "".join(
        f'<w:tc><w:tcPr><w:tcW w:w="{w}" w:type="dxa"/>{line}<w:vAlign w:val="center"/></w:tcPr><w:p><w:pPr>{kept}'
        f'<w:spacing w:before="20" w:after="20" w:line="240" w:lineRule="auto"/><w:jc w:val="{"right" if right else "left"}"/></w:pPr>'
        f'<w:r><w:rPr>{font}{"<w:b/>" if head else ""}<w:sz w:val="{size}"/></w:rPr>{lines(value)}</w:r></w:p></w:tc>'
        for value, right, w in zip(values, grid.right, twips, strict=True)
    )
    return f"<w:tr><w:trPr><w:cantSplit/>{'<w:tblHeader/>' if head else ''}</w:trPr>{cells}</w:tr>"
