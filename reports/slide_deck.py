"""A deck being written: a slide is a finding as its title, a native chart or table, what it says beside it, and the defence of its numbers in the notes."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

from lxml import etree
from pptx import Presentation
from pptx.chart.series import LineSeries, XySeries
from pptx.dml.color import RGBColor
from pptx.enum.chart import XL_LABEL_POSITION, XL_LEGEND_POSITION
from pptx.enum.shapes import MSO_SHAPE
from pptx.enum.text import MSO_ANCHOR, PP_ALIGN
from pptx.util import Inches, Pt

from analysis.chart_style import COLOURS
from reports.blocks import Grid, printable
from reports.word import steady_zip

WIDTH, HEIGHT = 13.333, 7.5
LEFT, TOP, BODY = 0.6, 1.55, 5.2
CHART_WIDTH, SIDE = 8.2, 3.6
SPACE = {"a": "http://schemas.openxmlformats.org/drawingml/2006/main"}


def colour(name: str) -> RGBColor:
    """Return one of the charts' colours."""
    return RGBColor.from_string(COLOURS[name][1:])


class Deck:
    """A presentation of one review; ``notice`` and ``stamp`` stand at the foot of every slide."""

    def __init__(self, title: str, day: date, notice: str, stamp: str, language: str) -> None:
        self.notice, self.stamp, self.language = notice, stamp, language
        self.file = Presentation()
        self.file.slide_width, self.file.slide_height = Inches(WIDTH), Inches(HEIGHT)
        _theme_fonts(self.file)
        properties = self.file.core_properties
        properties.title, properties.author = title, "Pingheng"
        properties.created = properties.modified = datetime(day.year, day.month, day.day)

    def slide(self, title: str, notes: Sequence[str]) -> Any:
        """Add a slide with its title, foot and speaker notes."""
        slide = self.file.slides.add_slide(self.file.slide_layouts[5])
        box = slide.shapes.title
        box.left, box.top, box.width, box.height = Inches(LEFT), Inches(0.4), Inches(WIDTH - 2 * LEFT), Inches(0.85)
        frame = box.text_frame
        frame.word_wrap, frame.vertical_anchor = True, MSO_ANCHOR.MIDDLE
        frame.text = printable(title)
        paragraph = frame.paragraphs[0]
        paragraph.font.size, paragraph.font.bold, paragraph.font.color.rgb = Pt(28), True, colour("main")
        paragraph.alignment = PP_ALIGN.LEFT
        rule = slide.shapes.add_shape(
            MSO_SHAPE.RECTANGLE, Inches(LEFT), Inches(1.3), Inches(WIDTH - 2 * LEFT), Inches(0.03)
        )
        rule.fill.solid()
        rule.fill.fore_color.rgb = colour("band")
        rule.line.fill.background()
        number = len(self.file.slides)
        if self.notice:
            self.text(slide, [self.notice], LEFT, 6.82, WIDTH - 2 * LEFT, 0.3, 11, colour("alert"))
        self.text(slide, [f"{self.stamp}　·　{number}"], LEFT, 7.08, WIDTH - 2 * LEFT, 0.3, 10, colour("neutral"))
        slide.notes_slide.notes_text_frame.text = "\n".join(map(printable, (*notes, self.stamp)))
        return slide

    def text(
        self,
        slide: Any,
        lines: Sequence[str],
        left: float,
        top: float,
        width: float,
        height: float,
        size: int,
        shade: RGBColor | None = None,
    ) -> None:
        """Add a box of lines (inches, points)."""
        frame = slide.shapes.add_textbox(Inches(left), Inches(top), Inches(width), Inches(height)).text_frame
        frame.word_wrap = True
        for i, line in enumerate(lines):
            paragraph = frame.paragraphs[0] if i == 0 else frame.add_paragraph()
            paragraph.text, paragraph.font.size, paragraph.space_after = printable(line), Pt(size), Pt(size * 0.55)
            if shade is not None:
                paragraph.font.color.rgb = shade

    def beside(self, slide: Any, lines: Sequence[str]) -> None:
        """Add what the chart says, to its right."""
        self.text(slide, lines, LEFT + CHART_WIDTH + 0.3, TOP + 0.1, SIDE, BODY, 16)

    def chart(
        self, slide: Any, kind: Any, data: Any, axes: tuple[str, str], legend: bool = True, labels: str = ""
    ) -> Any:
        """Add a native chart with titled axes; ``labels`` is the number format of data labels, empty for none."""
        box = (Inches(LEFT), Inches(TOP), Inches(CHART_WIDTH), Inches(BODY))
        chart = slide.shapes.add_chart(kind, *box, data).chart
        chart.font.size = Pt(14)
        chart.has_title = False
        chart.has_legend = legend
        if legend:
            chart.legend.position, chart.legend.include_in_layout = XL_LEGEND_POSITION.BOTTOM, False
        for axis, text in zip((chart.category_axis, chart.value_axis), axes, strict=True):
            axis.has_title = bool(text)
            if text:
                axis.axis_title.text_frame.text = text
                axis.axis_title.text_frame.paragraphs[0].font.size = Pt(13)
                axis.axis_title.text_frame.paragraphs[0].font.bold = False
            axis.tick_labels.font.size = Pt(13)
        chart.value_axis.major_gridlines.format.line.color.rgb = RGBColor(0xDD, 0xDD, 0xDD)
        if labels:
            plot = chart.plots[0]
            plot.has_data_labels = True
            plot.data_labels.number_format, plot.data_labels.number_format_is_linked = labels, False
            plot.data_labels.font.size = Pt(13)
        return chart

    def table(self, slide: Any, grid: Grid) -> float:
        """Add a table over the whole width; return where it ends (inches)."""
        rows = (grid.head, *grid.rows)
        wide = WIDTH - 2 * LEFT
        height = min(0.5, BODY / (len(rows) + 1))
        table = slide.shapes.add_table(
            len(rows), len(grid.head), Inches(LEFT), Inches(TOP + 0.1), Inches(wide), Inches(height * len(rows))
        ).table
        table.rows[0].height = Inches(2 * height)
        for j, one in enumerate(grid.widths):
            table.columns[j].width = Inches(wide * (one + 2) / (sum(grid.widths) + 2 * len(grid.widths)))
        for i, values in enumerate(rows):
            for j, value in enumerate(values):
                cell = table.cell(i, j)
                cell.text, cell.vertical_anchor = value, MSO_ANCHOR.MIDDLE
                for paragraph in cell.text_frame.paragraphs:
                    paragraph.font.size = Pt(14 if len(grid.head) <= 6 else 12)
                    paragraph.alignment = PP_ALIGN.RIGHT if grid.right[j] else PP_ALIGN.LEFT
        return TOP + 0.1 + height * (len(rows) + 1)

    def save(self, path: Path) -> Path:
        """Write the deck with its language set on every piece of text; the same deck gives the same bytes."""
        for slide in self.file.slides:
            for part in (slide, slide.notes_slide):
                for run in part._element.iter(f"{{{SPACE['a']}}}r"):
                    run.get_or_add_rPr().set("lang", "zh-CN" if self.language == "zh" else "en-US")
        buffer = io.BytesIO()
        self.file.save(buffer)
        path.write_bytes(steady_zip(steady_workbooks(buffer.getvalue())))
        return path


def steady_workbooks(data: bytes) -> bytes:
    """Return a deck whose embedded workbooks carry no time of their own."""
    source, target = zipfile.ZipFile(io.BytesIO(data)), io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in source.namelist():
            content = source.read(name)
            if name.endswith(".xlsx"):
                content = steady_zip(content)
                inner, out = zipfile.ZipFile(io.BytesIO(content)), io.BytesIO()
                with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as book:
                    for part in inner.infolist():
                        text = inner.read(part)
                        if part.filename == "docProps/core.xml":
                            text = re.sub(rb">\d{4}-\d\d-\d\dT[\d:]+Z<", b">2000-01-01T00:00:00Z<", text)
                        book.writestr(part, text)
                content = out.getvalue()
            archive.writestr(name, content)
    return target.getvalue()


def painted(chart: Any, names: Sequence[str]) -> None:
    """Give each series one of the charts' colours; lines become plain lines."""
    for series, name in zip(chart.plots[0].series, names, strict=True):
        if isinstance(series, LineSeries | XySeries):
            series.smooth = False
            series.format.line.color.rgb, series.format.line.width = colour(name), Pt(3 if name == "main" else 1.75)
        else:
            series.format.fill.solid()
            series.format.fill.fore_color.rgb = colour(name)


def highlighted(chart: Any, points: dict[int, str]) -> None:
    """Give single bars of the first series another colour."""
    for i, name in points.items():
        fill = chart.plots[0].series[0].points[i].format.fill
        fill.solid()
        fill.fore_color.rgb = colour(name)


def in_percent(chart: Any) -> None:
    """Write the value axis in percent."""
    chart.value_axis.tick_labels.number_format, chart.value_axis.tick_labels.number_format_is_linked = "0%", False


def labels_outside(chart: Any) -> None:
    """Put data labels beyond the ends of the bars."""
    chart.plots[0].data_labels.position = XL_LABEL_POSITION.OUTSIDE_END


def _theme_fonts(file: Any) -> None:
    """Set the theme's fonts, which all text and charts follow: Arial and 微软雅黑."""
    master = file.slide_masters[0]
    part = next(rel.target_part for rel in master.part.rels.values() if rel.reltype.endswith("/theme"))
    root = etree.fromstring(part.blob)
    for name in ("majorFont", "minorFont"):
        fonts = root.find(f".//a:{name}", SPACE)
        fonts.find("a:latin", SPACE).set("typeface", "Arial")
        fonts.find("a:ea", SPACE).set("typeface", "微软雅黑")
        for one in fonts.findall("a:font", SPACE):
            if one.get("script") == "Hans":
                one.set("typeface", "微软雅黑")
    part._blob = etree.tostring(root, xml_declaration=True, encoding="UTF-8", standalone=True)
