"""What goes out: Word, PDF, PowerPoint, Excel and HTML, all made from one RateReview."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from analysis.language import Translator
from analysis.rate_review import RateReview
from models.messages import InputError, Message

FORMATS = ("xlsx", "docx", "pdf", "pptx", "html")
WITH_PICTURES = ("docx", "pdf", "html")


def write_reports(
    review: RateReview,
    out: Path,
    formats: Sequence[str],
    t: Translator,
    template: Path | None = None,
    progress: Callable[[Message], None] | None = None,
) -> list[Path]:
    """Write a review in the formats asked for, into the folder ``out``; return the files. Charts are drawn once for all formats."""
    from reports.content import document
    from reports.pdf import write_pdf
    from reports.slides import write_slides
    from reports.web import write_web
    from reports.word import write_word
    from reports.workbook import write_workbook

    unknown = [name for name in formats if name not in FORMATS]
    if unknown:
        raise InputError("The format {format} is not known; use {known}.", format=unknown[0], known=", ".join(FORMATS))
    say = progress or (lambda _: None)
    text = None
    if set(formats) & set(WITH_PICTURES):
        say(Message("Writing the text and drawing the charts …"))
        text = document(review, t)
        for figure in text.figures:
            text.picture(figure)
    written = []
    for name in formats:
        say(Message("Writing {format} …", {"format": name}))
        if name == "xlsx":
            written.append(write_workbook(review, out, t))
        elif name == "pptx":
            written.append(write_slides(review, out, t))
        else:
            assert text is not None
            written.append(
                write_word(review, text, out, t, template) if name == "docx"
                else write_pdf(review, text, out, t) if name == "pdf"
                else write_web(text, out)
            )  # fmt: skip
    return written
