"""The report as PDF/A, set by Typst with the fonts that the project ships."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path

import typst

from analysis.language import Translator
from analysis.rate_review import RateReview
from analysis.tables import for_readers
from reports import content
from reports.figures import FONTS, svg
from reports.word import numeral, utc

TEMPLATE = Path(__file__).with_name("templates") / "report.typ"


def write_pdf(review: RateReview, out: Path, t: Translator) -> Path:
    """Write ``review.pdf`` (PDF/A-2b) into a folder. All text goes to Typst as data, never as markup."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        sections = []
        for number, section in enumerate(content.report(review, t), start=1):
            blocks = []
            for block in section.blocks:
                if isinstance(block, content.Chart):
                    file = f"{number}-{block.name}.svg"
                    (root / file).write_text(svg(block.chart), encoding="utf-8")
                    blocks.append({"kind": "chart", "file": file, "caption": block.caption})
                elif isinstance(block, content.TableBlock):
                    shown = for_readers(block.frame, t)
                    rows = [[str(v) for v in row] for row in shown.values.tolist()]
                    blocks.append(
                        {"kind": "table", "caption": block.caption, "head": list(shown.columns), "rows": rows}
                    )
                else:
                    blocks.append({"kind": "text", "text": block})
            prefix = f"{numeral(number)}、" if t.language == "zh" else f"{number}  "
            sections.append({"title": prefix + section.title, "blocks": blocks})
        day = review.valuation_date
        data = {
            "language": t.language,
            "title": content.title(review, t),
            "subtitle": f"{review.book.name} · {t.date(day)}",
            "date": [day.year, day.month, day.day],
            "notice": content.notice(review, t),
            "contents": t("Contents"),
            "figure": t("Figure"),
            "table": t("Table"),
            "sections": sections,
        }
        (root / "data.json").write_text(json.dumps(data, ensure_ascii=False), encoding="utf-8")
        (root / "report.typ").write_text(TEMPLATE.read_text(encoding="utf-8"), encoding="utf-8")
        pdf = typst.compile(
            str(root / "report.typ"), root=str(root), font_paths=[str(FONTS)], ignore_system_fonts=True, pdf_standards=["a-2b"],
            timestamp=int(utc(review).timestamp()),
        )  # fmt: skip
    path = out / "review.pdf"
    path.write_bytes(pdf)
    return path
