"""Notices to contractors as PDF, one page each: batches of pages in one file, or one file a contractor. All text goes to Typst as data."""

from __future__ import annotations

import io
import tempfile
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from analysis.language import Translator
from analysis.plans.notices import Notice, NoticeBatch
from analysis.words import word
from data.parameters.guide import shown_reference
from models.messages import Message
from reports.pdf import compiled

TEMPLATE = Path(__file__).with_name("templates") / "notice.typ"
PAGES_A_FILE = 200
Progress = Callable[[Message], None]


def write_notices(
    batch: NoticeBatch, out: Path, t: Translator, progress: Progress | None = None, pages_a_file: int | None = None
) -> list[Path]:
    """Write the notices of a batch as PDF files of at most 200 pages (or ``pages_a_file``); return the files.

    ``notices-001.pdf`` and so on; where every contractor has a file of its own, ``notice-00001-CODE.pdf``. The same batch gives the same bytes.
    ``progress`` is told after every file; an exception that it raises stops the work.
    """
    size = pages_a_file or PAGES_A_FILE
    written = []
    for first in range(0, len(batch.notices), size):
        part = batch.notices[first : first + size]
        name = f"notices-{len(written) + 1:03d}" if size > 1 else f"notice-{first + 1:05d}-{_safe(part[0].unit)}"
        path = out / f"{name}.pdf"
        path.write_bytes(notice_pdf(batch, part, t))
        written.append(path)
        if progress:
            progress(
                Message(
                    "{done:integer} of {all:integer} notices written.",
                    {"done": first + len(part), "all": len(batch.notices)},
                )
            )
    return written


def _safe(code: str) -> str:
    return "".join(c if c.isalnum() or c in "-_" else "_" for c in code)[:60]


def as_zip(files: Sequence[Path]) -> bytes:
    """Return files as one zip; the same files give the same bytes."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:  # a PDF is compressed already
        for path in files:
            archive.writestr(zipfile.ZipInfo(path.name, (1980, 1, 1, 0, 0, 0)), path.read_bytes())
    return target.getvalue()


def notice_pdf(batch: NoticeBatch, part: Sequence[Notice], t: Translator) -> bytes:
    """Return some notices of a batch as one PDF/A-2b, a page each."""
    day = batch.on
    data = {
        "language": t.language,
        "date": [day.year, day.month, day.day],
        "notice": synthetic_mark(batch.synthetic, t),
        "common": _common(batch, t),
        "notices": [_one(batch, one, t) for one in part],
    }
    with tempfile.TemporaryDirectory() as folder:
        return compiled(TEMPLATE, data, Path(folder), day)


def synthetic_mark(synthetic: bool, t: Translator) -> str:
    """Return what stands on every page of a document made from synthetic data; empty for a real book."""
    return (
        t("Synthetic data: this book was made by the program to try it out. It describes no real fund.")
        if synthetic
        else ""
    )


def _common(batch: NoticeBatch, t: Translator) -> dict[str, Any]:
    """Return the texts that every notice of the batch has."""
    appeal = batch.appeal
    title = batch.plan.title.get(t.language, batch.plan.name)
    weak = ", ".join(word(mark, t) for mark in appeal.marks)
    return {
        "title": t("Notice of the floating rate of work injury insurance"),
        "to": t("To the general contractor with the code"),
        "intro": t(
            "Under “{plan}” ({reference}) and with data up to {date:date}, the rate of your company's next construction projects has been set as follows.",
            plan=title,
            reference=shown_reference(batch.plan.reference, t.language),
            date=batch.on,
        ),
        "experience": t("Experience by year"),
        "head": [
            t("Year"),
            t("Total cost enrolled"),
            t("Premium at the base rate"),
            t("Cases"),
            t("of which deaths"),
            t("Benefits paid") if batch.loss == "paid" else t("Benefits incurred"),
            t("Benefits ÷ premium"),
        ],
        "counted": t("● years that the plan looks at"),
        "result": t("Result"),
        "result_head": [t("Multiplier before"), t("Multiplier now"), t("Base rate"), t("Rate of the next projects")],
        "why": t("Reasons"),
        "bites": t.say(batch.bites),
        "appeal_head": t("How to contest this notice"),
        "appeal": t(
            "If your company does not agree with the rate, it may under {basis} apply to {office} for administrative reconsideration within {days} days of "
            "receiving this notice, or bring a lawsuit before the people's court within {months} months.",
            basis=appeal.legal_basis,
            office=appeal.office,
            days=appeal.days,
            months=appeal.months,
        ),
        "marks": t(
            "Time limits and office: {marks}; the office that sends this notice checks them before sending.", marks=weak
        )
        if weak
        else "",
        "sign": t("Social insurance agency (seal)"),
        "day": t("Date:"),
        "trace": t("Book {fingerprint}", fingerprint=batch.fingerprint[:16]),
    }


def _one(batch: NoticeBatch, notice: Notice, t: Translator) -> dict[str, Any]:
    years = [
        [
            ("● " if row.counted else "") + str(row.period), t.money(row.exposure_yuan), t.money(row.base_premium_yuan), t.integer(row.cases),
            t.integer(row.deaths), t.money(row.loss_yuan), t.percent(row.ratio),
        ]
        for row in notice.years.itertuples()
    ]  # fmt: skip
    return {
        "unit": notice.unit,
        "prefecture": word(notice.prefecture, t) if notice.prefecture else "",
        "years": years,
        "result": [
            t.percent(notice.previous),
            t.percent(notice.multiplier),
            t.permille(batch.base_rate, 3),
            t.permille(notice.next_rate, 3),
        ],
        "reasons": [t.say(reason) for reason in notice.reasons],
    }
