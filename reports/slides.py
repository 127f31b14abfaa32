"""Slides for leadership: one finding a slide as its title, native charts that PowerPoint can edit, the defence of each number in the notes."""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import pandas as pd
from lxml import etree
from pptx import Presentation
from pptx.chart.data import CategoryChartData, XyChartData
from pptx.dml.color import RGBColor
from pptx.enum.chart import XL_CHART_TYPE, XL_LEGEND_POSITION
from pptx.util import Emu, Inches, Pt

from analysis.charts import BASIS_NAMES, COLOURS
from analysis.language import Translator
from analysis.rate_review import RateReview
from analysis.tables import for_readers
from reports import content
from reports.word import steady_zip

WIDTH, HEIGHT = Inches(13.333), Inches(7.5)
BODY_ROWS = 9


class _Deck:
    """A presentation being written: title, body and notes of a slide at a time."""

    def __init__(self, review: RateReview, t: Translator) -> None:
        self.review, self.t = review, t
        self.file = Presentation()
        self.file.slide_width, self.file.slide_height = WIDTH, HEIGHT
        _theme_fonts(self.file)

    def slide(self, title: str, notes: Sequence[str]) -> Any:
        """Add a slide with a finding as its title, the notice, and speaker notes."""
        slide = self.file.slides.add_slide(self.file.slide_layouts[5])
        box = slide.shapes.title
        box.left, box.top, box.width, box.height = Inches(0.6), Inches(0.35), Inches(12.1), Inches(1.1)
        box.text_frame.word_wrap = True
        box.text_frame.text = title
        for paragraph in box.text_frame.paragraphs:
            paragraph.font.size, paragraph.font.bold = Pt(28 if len(title) < 60 else 22), True
            paragraph.font.color.rgb = RGBColor.from_string(COLOURS["main"][1:])
            paragraph.alignment = 1
        said = content.notice(self.review, self.t)
        if said:
            self.text(slide, [said], Inches(0.6), Inches(7.0), Inches(12.1), Inches(0.4), 11)
        slide.notes_slide.notes_text_frame.text = "\n".join(notes)
        return slide

    def text(
        self, slide: Any, lines: Sequence[str], left: Emu, top: Emu, width: Emu, height: Emu, size: int = 20
    ) -> None:
        """Add a box of lines."""
        frame = slide.shapes.add_textbox(left, top, width, height).text_frame
        frame.word_wrap = True
        for i, line in enumerate(lines):
            paragraph = frame.paragraphs[0] if i == 0 else frame.add_paragraph()
            paragraph.text, paragraph.font.size, paragraph.space_after = line, Pt(size), Pt(size * 0.6)

    def table(self, slide: Any, frame: pd.DataFrame) -> None:
        """Add a table."""
        top = Inches(1.7)
        rows = frame.head(BODY_ROWS)
        shape = slide.shapes.add_table(
            len(rows) + 1, rows.shape[1], Inches(0.6), top, Inches(12.1), Inches(0.45) * (len(rows) + 1)
        )
        for i, values in enumerate([list(rows.columns), *rows.values.tolist()]):
            for j, value in enumerate(values):
                cell = shape.table.cell(i, j)
                cell.text = str(value)
                for paragraph in cell.text_frame.paragraphs:
                    paragraph.font.size = Pt(14 if rows.shape[1] <= 6 else 11)

    def chart(self, slide: Any, kind: Any, data: Any, x_title: str, y_title: str, legend: bool = True) -> Any:
        """Add a native chart with titled axes."""
        chart = slide.shapes.add_chart(kind, Inches(0.6), Inches(1.5), Inches(12.1), Inches(5.4), data).chart
        chart.has_legend = legend
        if legend:
            chart.legend.position, chart.legend.include_in_layout = XL_LEGEND_POSITION.BOTTOM, False
        for axis, text in ((chart.category_axis, x_title), (chart.value_axis, y_title)):
            axis.has_title = True
            axis.axis_title.text_frame.text = text
            axis.axis_title.text_frame.paragraphs[0].font.size = Pt(14)
            axis.tick_labels.font.size = Pt(14)
        chart.font.size = Pt(14)
        return chart


def _theme_fonts(file: Any) -> None:
    """Set the theme's fonts, which all text and charts follow: Arial and 微软雅黑."""
    master = file.slide_masters[0]
    part = next(rel.target_part for rel in master.part.rels.values() if rel.reltype.endswith("/theme"))
    root = etree.fromstring(part.blob)
    space = {"a": "http://schemas.openxmlformats.org/drawingml/2006/main"}
    for name in ("majorFont", "minorFont"):
        fonts = root.find(f".//a:{name}", space)
        fonts.find("a:latin", space).set("typeface", "Arial")
        fonts.find("a:ea", space).set("typeface", "微软雅黑")
        for one in fonts.findall("a:font", space):
            if one.get("script") == "Hans":
                one.set("typeface", "微软雅黑")
    part._blob = etree.tostring(root, xml_declaration=True, encoding="UTF-8", standalone=True)


def write_slides(review: RateReview, out: Path, t: Translator) -> Path:
    """Write ``review.pptx`` into a folder: about eight slides, the ask at the end."""
    deck = _Deck(review, t)
    day = review.valuation_date
    properties = deck.file.core_properties
    properties.title, properties.author = content.title(review, t), "Pingheng"
    properties.created = properties.modified = datetime(day.year, day.month, day.day)
    basis = t(
        "Book {fingerprint}, seed {seed}, version {version}",
        fingerprint=review.book.fingerprint[:16],
        seed=review.scenario.seed,
        version=review.version,
    )
    finding = content.summary(review, t)

    first = deck.slide(content.title(review, t), [*finding, basis])
    deck.text(
        first,
        [f"{review.book.name} · {t.date(day)}", *finding],
        Inches(0.9),
        Inches(2.0),
        Inches(11.5),
        Inches(4.5),
        22,
    )
    _rates(deck)
    _solvency(deck)
    _fund(deck)
    _months(deck)
    for name, title, defence in (
        ("stress", t("What would hurt most"), t("Every case meets the same random numbers as the base.")),
        (
            "options",
            t("The options and what each costs"),
            t("The premium shown is that of a project of 100 million yuan."),
        ),
    ):
        if name in review.tables:
            frame = review.tables[name]
            if name == "stress":
                frame = frame.sort_values("closing_yuan").drop(columns="standard_error")
            deck.table(deck.slide(title, [defence, basis]), for_readers(frame, t))
    weak = [a for a in review.assumptions if a.mark in ("assumption", "unverified")]
    last = deck.slide(t("What is asked of you"), [t("Nothing is decided by the program."), basis])
    asks = [
        t(
            "Decide on the base rate: {current:permille} is in force, {rate:permille} is indicated.",
            current=review.current_rate,
            rate=review.best.rate,
        ),
        t("Have the {count} assumed or unverified parameters replaced by the fund's own figures.", count=len(weak)),
        t("Set the floor and the probability with which the fund is to stay above it."),
    ]
    deck.text(last, asks, Inches(0.9), Inches(1.9), Inches(11.5), Inches(4.5), 24)
    buffer = io.BytesIO()
    deck.file.save(buffer)
    path = out / "review.pptx"
    path.write_bytes(steady_zip(buffer.getvalue()))
    return path


def _rates(deck: _Deck) -> None:
    review, t = deck.review, deck.t
    best = review.best
    title = t(
        "Break-even is {rate:permille}; {current:permille} is in force", rate=best.rate, current=review.current_rate
    )
    data = CategoryChartData(number_format="0.00")
    data.categories = [t.say(BASIS_NAMES[b]) for b in review.indicated]
    for name, field in ((t("Low (5%)"), "low"), (t("Indicated rate"), "rate"), (t("High (95%)"), "high")):
        data.add_series(name, [round(getattr(one, field) * 1e3, 6) for one in review.indicated.values()])
    data.add_series(t("Rate in force"), [review.current_rate * 1e3] * len(review.indicated))
    notes = [
        t("{basis}; 90% interval {low:permille} to {high:permille}", basis=BASIS_NAMES[b], low=i.low, high=i.high)
        for b, i in review.indicated.items()
    ]
    chart = deck.chart(
        deck.slide(title, notes), XL_CHART_TYPE.COLUMN_CLUSTERED, data, t("Financing basis"), t("‰ of total cost")
    )
    for series, colour in zip(chart.plots[0].series, ("band", "main", "band", "alert"), strict=True):
        series.format.fill.solid()
        series.format.fill.fore_color.rgb = RGBColor.from_string(COLOURS[colour][1:])
    chart.plots[0].has_data_labels = True
    chart.plots[0].data_labels.font.size = Pt(14)


def _solvency(deck: _Deck) -> None:
    review, t = deck.review, deck.t
    title = t("At {rate:permille} the fund stays above its floor for {years} years with probability {probability:percent}",
              rate=review.scenario.base_rate, years=review.scenario.horizon_years, probability=review.probability_solvent)  # fmt: skip
    data = XyChartData(number_format="0.00")
    series = data.add_series(t("Probability"))
    for row in review.solvency_curve.itertuples():
        series.add_data_point(round(row.rate * 1e3, 6), round(row.probability, 6))
    notes = [
        t(
            "To be {level:percent.0} sure of that, the rate would have to be {needed:permille}.",
            level=r.probability,
            needed=r.rate,
        )
        for r in review.required_rate.itertuples()
    ]
    chart = deck.chart(
        deck.slide(title, notes),
        XL_CHART_TYPE.XY_SCATTER_LINES_NO_MARKERS,
        data,
        t("Base rate (‰ of total cost)"),
        t("Probability"),
        legend=False,
    )
    chart.value_axis.maximum_scale, chart.value_axis.minimum_scale = 1.0, 0.0
    chart.value_axis.tick_labels.number_format, chart.value_axis.tick_labels.number_format_is_linked = "0%", False


def _fund(deck: _Deck) -> None:
    review, t = deck.review, deck.t
    last = review.fund.iloc[-1]
    title = t("In {period} the balance is most likely {median:money}, between {low:money} and {high:money}",
              period=last["period"], median=last["balance_p50"], low=last["balance_p05"], high=last["balance_p95"])  # fmt: skip
    scale, unit = (1e8, "亿元") if t.language == "zh" else (1e9, "billion yuan")
    data = CategoryChartData(number_format="#,##0.0")
    data.categories = list(review.fund["period"])
    for name, column in (
        ("95%", "balance_p95"),
        ("75%", "balance_p75"),
        (t("Median"), "balance_p50"),
        ("25%", "balance_p25"),
        ("5%", "balance_p05"),
    ):
        data.add_series(name, [round(v / scale, 6) for v in review.fund[column]])
    notes = [
        t(
            "Of {paths:integer} simulated paths; the lines are the 5%, 25%, 50%, 75% and 95% quantiles of each year.",
            paths=review.scenario.paths,
        )
    ]
    chart = deck.chart(deck.slide(title, notes), XL_CHART_TYPE.LINE, data, t("Year"), t("Balance ({unit})", unit=unit))
    for series, colour in zip(chart.plots[0].series, ("band", "band", "main", "band", "band"), strict=True):
        series.smooth = False
        series.format.line.color.rgb = RGBColor.from_string(COLOURS[colour][1:])
        series.format.line.width = Pt(3 if colour == "main" else 1.5)


def _months(deck: _Deck) -> None:
    review, t = deck.review, deck.t
    known = review.accounts.dropna(subset=["payable_months"])
    target = review.scenario.target_payable_months or 0.0
    title = t(
        "The balance pays {months:months} of benefits; the target is {target:months}",
        months=review.payable_months,
        target=target,
    )
    data = CategoryChartData(number_format="0.0")
    data.categories = [*known["period"], *review.fund["period"]]
    nothing: list[float | None] = [None]
    data.add_series(t("Accounts"), [*known["payable_months"].round(4), *nothing * len(review.fund)])
    data.add_series(t("Median path"), [*nothing * len(known), *review.fund["payable_months_p50"].round(4)])
    data.add_series(t("Target payable months"), [target] * (len(known) + len(review.fund)))
    notes = [t("Payable months: balance ÷ (yearly outgo ÷ 12).")]
    chart = deck.chart(deck.slide(title, notes), XL_CHART_TYPE.LINE_MARKERS, data, t("Year"), t("Payable months"))
    for series, colour in zip(chart.plots[0].series, ("neutral", "main", "good"), strict=True):
        series.smooth = False
        series.format.line.color.rgb = RGBColor.from_string(COLOURS[colour][1:])
