"""What goes out: Word, PDF, PowerPoint, Excel and HTML, all made from one RateReview."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from analysis.language import Translator
from analysis.rate_review import RateReview
from models.messages import InputError, Message

FORMATS = ("xlsx", "docx", "pdf", "pptx", "html")


def write_reports(
    review: RateReview,
    out: Path,
    formats: Sequence[str],
    t: Translator,
    template: Path | None = None,
    progress: Callable[[Message], None] | None = None,
) -> list[Path]:
    """Write a review in the formats asked for, into the folder ``out``; return the files."""
    from reports.pdf import write_pdf
    from reports.slides import write_slides
    from reports.web import write_web
    from reports.word import write_word
    from reports.workbook import write_workbook

    writers: dict[str, Callable[[], Path]] = {
        "xlsx": lambda: write_workbook(review, out, t),
        "docx": lambda: write_word(review, out, t, template),
        "pdf": lambda: write_pdf(review, out, t),
        "pptx": lambda: write_slides(review, out, t),
        "html": lambda: write_web(review, out, t),
    }
    unknown = [name for name in formats if name not in writers]
    if unknown:
        raise InputError("The format {format} is not known; use {known}.", format=unknown[0], known=", ".join(writers))
    written = []
    for name in formats:
        if progress:
            progress(Message("Writing {format} …", {"format": name}))
        written.append(writers[name]())
    return written
