"""What goes out: Word, PDF, PowerPoint, Excel and HTML, all made from one RateReview."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from analysis.language import Translator
from analysis.rate_review import RateReview
from models.messages import InputError, Message

FORMATS = ("xlsx",)


def write_reports(
    review: RateReview,
    out: Path,
    formats: Sequence[str],
    t: Translator,
    template: Path | None = None,
    progress: Callable[[Message], None] | None = None,
) -> list[Path]:
    """Write a review in the formats asked for, into the folder ``out``; return the files."""
    from reports.workbook import write_workbook

    writers = {"xlsx": write_workbook}
    written = []
    for name in formats:
        if name not in writers:
            raise InputError("The format {format} is not known; use {known}.", format=name, known=", ".join(writers))
        if progress:
            progress(Message("Writing {format} …", {"format": name}))
        written.append(writers[name](review, out, t))
    return written
