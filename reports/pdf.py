"""The report as PDF/A, set by Typst with the fonts that the project ships."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import typst

from analysis.language import Translator
from analysis.rate_review import RateReview
from reports.blocks import NARROW, Code, Figure, Formula, Grid, Link, Math, Paragraph, Piece, Text, Title
from reports.content import Document
from reports.figures import FONTS
from reports.mathematics import parse
from reports.mathematics import typst as in_typst

TEMPLATE = Path(__file__).with_name("templates") / "report.typ"


def write_pdf(review: RateReview, document: Document, out: Path, t: Translator) -> Path:
    """Write ``review.pdf`` into a folder."""
    path = out / "review.pdf"
    path.write_bytes(document_pdf(document, review.valuation_date, t("Contents")))
    return path


def document_pdf(document: Document, day: date, contents: str = "") -> bytes:
    """Return a document as PDF/A-2b, with a table of contents under the head ``contents`` where there is one. All text goes to Typst as data, never as markup."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        for figure in document.figures:
            (root / f"{figure.anchor}.svg").write_text(document.picture(figure), encoding="utf-8")
        data = {
            "language": document.language,
            "title": document.title,
            "subtitle": document.subtitle,
            "date": [day.year, day.month, day.day],
            "notice": document.notice,
            "contents": contents,
            "pieces": [_piece(piece) for piece in document.pieces],
        }
        return compiled(TEMPLATE, data, root, day)


def compiled(template: Path, data: Mapping[str, Any], root: Path, day: date) -> bytes:
    """Return a template filled with data (``data.json`` in the folder ``root``) as PDF/A-2b; the same data gives the same bytes."""
    (root / "data.json").write_text(json.dumps(data, ensure_ascii=False), encoding="utf-8")
    (root / template.name).write_text(template.read_text(encoding="utf-8"), encoding="utf-8")
    pdf = typst.compile(
        str(root / template.name), root=str(root), font_paths=[str(FONTS)], ignore_system_fonts=True, pdf_standards=["a-2b"],
        timestamp=int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()),
    )  # fmt: skip
    return bytes(pdf)


def _piece(piece: Piece) -> dict[str, Any]:
    if isinstance(piece, Title):
        return {"kind": "title", "level": piece.level, "text": piece.text, "anchor": piece.anchor}
    if isinstance(piece, Paragraph):
        return {"kind": piece.kind, "parts": _parts(piece.text), "leads": piece.leads}
    if isinstance(piece, Formula):
        return {"kind": "formula", "math": in_typst(parse(piece.latex))}
    same = {"label": piece.label, "caption": piece.caption, "anchor": piece.anchor}
    if isinstance(piece, Figure):
        return {"kind": "figure", **same}
    assert isinstance(piece, Grid)
    return {
        "kind": "grid",
        **same,
        "head": piece.head,
        "rows": piece.rows,
        "right": piece.right,
        "widths": piece.widths,
        "narrow": NARROW,
    }


def _parts(text: Text) -> list[dict[str, str]]:
    found = []
    for part in text:
        if isinstance(part, str):
            found.append({"kind": "text", "text": part})
        elif isinstance(part, Link):
            found.append({"kind": "link", "text": part.text, "anchor": part.anchor})
        elif isinstance(part, Math):
            found.append({"kind": "math", "text": in_typst(parse(part.latex))})
        else:
            assert isinstance(part, Code)
            found.append({"kind": "code", "text": part.text})
    return found
