"""The report in Word, in the form of a Chinese official document: 方正小标宋 and 仿宋 by name, 一、（一） headings, page numbers, signature."""

from __future__ import annotations

import io
import zipfile
from datetime import date, datetime
from pathlib import Path

import docx
from docx.document import Document as WordDocument
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.shared import Cm, Pt

from analysis.language import Translator
from analysis.rate_review import RateReview
from models.messages import InputError
from reports import word_parts as parts
from reports.blocks import Figure, Formula, Grid, Paragraph, Title
from reports.content import Document
from reports.figures import FORMULA_PPI, formula_pictures, png

CENTER = WD_ALIGN_PARAGRAPH.CENTER


def write_word(review: RateReview, document: Document, out: Path, t: Translator, template: Path | None = None) -> Path:
    """Write ``review.docx`` into a folder; an office's own template gives styles, page, header and footer."""
    path = out / "review.docx"
    path.write_bytes(document_word(document, review.valuation_date, t("Contents"), template))
    return path


def document_word(document: Document, day: date, contents: str = "", template: Path | None = None) -> bytes:
    """Return a document as .docx, with a table of contents under the head ``contents`` where there is one.

    Raises
    ------
    InputError
        The template is not a Word document.
    """
    try:
        file = docx.Document(str(template)) if template else docx.Document()
    except Exception as error:
        raise InputError("The template {path} is not a Word document (.docx).", path=str(template)) from error
    zh = document.language == "zh"
    parts.styles(file, zh, own=template is None)
    file.core_properties.created = file.core_properties.modified = datetime(day.year, day.month, day.day)
    file.core_properties.author, file.core_properties.title = "Pingheng", document.title
    if template is None:
        parts.page(file, document.notice)
    _front(file, document, contents)
    _body(file, document)
    buffer = io.BytesIO()
    file.save(buffer)
    return steady_zip(buffer.getvalue())


def _front(file: WordDocument, document: Document, contents: str) -> None:
    """Title, notice and table of contents."""
    title = file.add_paragraph(document.title, style="Title")
    if not contents:  # no cover: the text follows on the same page
        title.paragraph_format.space_before = Pt(24)
    file.add_paragraph(document.subtitle).alignment = CENTER
    if not contents:
        return
    if document.notice:
        file.add_paragraph(document.notice).alignment = CENTER
    head = file.add_paragraph(contents, style="Pingheng Caption")
    head.paragraph_format.space_before, head.runs[0].font.size = Pt(24), Pt(14)
    parts.contents(file, [p for p in document.pieces if isinstance(p, Title) and p.level == 1])
    file.add_page_break()


def _body(file: WordDocument, document: Document) -> None:
    bookmarks = parts.Bookmarks()
    pictures = dict(
        zip(
            formulas := [p.latex for p in document.pieces if isinstance(p, Formula)],
            formula_pictures(formulas),
            strict=True,
        )
    )
    for piece in document.pieces:
        if isinstance(piece, Title):
            heading = file.add_heading(level=piece.level)
            bookmarks.around(heading, piece.anchor, piece.text)
        elif isinstance(piece, Paragraph):
            parts.paragraph(file, piece)
        elif isinstance(piece, Formula):
            shown = file.add_paragraph(style="Pingheng Figure").add_run().add_picture(io.BytesIO(pictures[piece.latex]))
            parts.fitted(shown, FORMULA_PPI, piece.latex)
        elif isinstance(piece, Figure):
            picture = file.add_paragraph(style="Pingheng Figure")
            picture.paragraph_format.keep_with_next = True
            shown = picture.add_run().add_picture(io.BytesIO(png(document.picture(piece))), width=Cm(15))
            shown._inline.docPr.set("descr", piece.caption)
            bookmarks.around(
                file.add_paragraph(style="Pingheng Caption"), piece.anchor, piece.label, f"　{piece.caption}"
            )
        else:
            assert isinstance(piece, Grid)
            caption = file.add_paragraph(style="Pingheng Caption")
            caption.paragraph_format.keep_with_next = True
            bookmarks.around(caption, piece.anchor, piece.label, f"　{piece.caption}")
            parts.table(file, piece)


def steady_zip(data: bytes) -> bytes:
    """Return an Office file whose parts carry one fixed time: the same review gives the same bytes."""
    source, target = zipfile.ZipFile(io.BytesIO(data)), io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in sorted(source.namelist(), key=lambda n: (n != "[Content_Types].xml", n)):
            info = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, source.read(name))
    return target.getvalue()
