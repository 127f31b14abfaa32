"""One visual language for the charts of the page and of every report.

The title says the finding, the subtitle the measure and its unit; uncertainty is drawn; colours are from the Okabe-Ito set, which the
colour-blind can tell apart. Text is set in the font that the project ships.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator
from typing import Any, Literal

import altair as alt
import vl_convert as vlc

from analysis.language import Translator
from analysis.tips import name_tips
from models.messages import Message

FONT = "Noto Sans SC"
COLOURS = {
    "main": "#0072B2",
    "band": "#56B4E9",
    "alert": "#D55E00",
    "good": "#009E73",
    "neutral": "#7A7A7A",
    "accent": "#E69F00",
    "second": "#CC79A7",
}
WIDTH, HEIGHT = 640, 320
alt.utils.schemapi.disable_debug_mode()
"""Altair else validates every part of a chart as it is made, for the author; the whole is still validated when it is drawn. Charts that are redrawn
while a slider moves name their channels (``alt.Y("y:Q")``): a bare string makes Altair look through its whole schema."""


def dress(chart: alt.TopLevelMixin, t: Translator, title: Message | str, subtitle: str = "") -> Any:
    """Give a chart its title (the finding), its subtitle (measure and unit), named tooltips, font and number locale."""
    tag: Literal["zh-CN", "en-US"] = "zh-CN" if t.language == "zh" else "en-US"
    name_tips(chart, t)
    return chart.properties(
        title=alt.TitleParams(
            wrapped(t.say(title) if isinstance(title, Message) else title, t),
            subtitle=subtitle or alt.Undefined,
            anchor="start",
            offset=12,
        ),
        padding={"left": 5, "top": 5, "right": 5, "bottom": 5},
        # one object, not five calls of configure_…(): each of those copies the whole chart, and a chart is redrawn while a slider moves
        config=alt.Config(
            font=FONT,
            locale=alt.Locale(number=vlc.get_format_locale(tag), time=vlc.get_time_format_locale(tag)),
            background="transparent",
            title=alt.TitleConfig(
                fontSize=15, subtitleFontSize=12, subtitleColor=COLOURS["neutral"], fontWeight="bold", subtitlePadding=4
            ),
            axis=alt.AxisConfig(
                labelFontSize=12,
                titleFontSize=12,
                gridOpacity=0.35,
                titleFontWeight="normal",
                labelFlush=False,
                labelPadding=5,
                titlePadding=8,
            ),
            legend=alt.LegendConfig(
                labelFontSize=12,
                titleFontSize=12,
                orient="bottom",
                offset=10,
                padding=0,
                symbolStrokeWidth=2,
                labelLimit=320,
            ),
            view=alt.ViewConfig(strokeWidth=0),
            text=alt.MarkConfig(color=COLOURS["neutral"]),
            rule=alt.MarkConfig(color=COLOURS["neutral"]),
        ),
    )


def wrapped(title: str, t: Translator, halves: int = 1) -> list[str]:
    """Return a title in lines that fit half a page of a small notebook (or two halves): Vega does not break lines itself."""
    if t.language == "zh":
        cut = 26 * halves
        return [*wrapped_at(title, cut)]
    return textwrap.wrap(title, 46 * halves)


def finding_of(chart: Any, t: Translator) -> str:
    """Return the finding that a dressed chart has as its title, in one line."""
    return ("" if t.language == "zh" else " ").join(chart.title.text)


def broad(chart: Any, t: Translator) -> Any:
    """Return a dressed chart for the whole width of a page: its title in longer lines."""
    wide = chart.copy(deep=False)
    wide.title = chart.title.copy(deep=False)
    wide.title.text = wrapped(finding_of(chart, t), t, halves=2)
    return wide


def wrapped_at(title: str, cut: int) -> Iterator[str]:
    """Yield Chinese text in lines as wide as at most ``cut`` characters; numbers and closing punctuation stay together."""
    pieces = re.findall(
        r"[-−]?[0-9][0-9.,]*[‰%]?(?:亿元|万元|元|个月|年)?[，。；、）]?|[^0-9−-][，。；、）]?|[-−]", title
    )
    line = ""
    for piece in pieces:
        if line and _width(line + piece) > cut:
            yield line
            line = ""
        line += piece
    if line:
        yield line


def _width(text: str) -> float:
    """Return the width of bold text in Chinese characters."""
    return sum(0.6 if c.isascii() else 1.0 for c in text)


def money_scale(largest: float, t: Translator) -> tuple[float, str]:
    """Return the divisor and the name of the money unit that suits an axis."""
    if t.language == "zh":
        return (1e8, "亿元") if largest >= 1e8 else (1e4, "万元")
    return (1e9, "billion yuan") if largest >= 1e9 else (1e6, "million yuan")


def unsqueezed(chart: Any) -> Any:
    """Return a chart whose plot keeps its height on a page: title, axes and legend stand beside it instead of taking room from it."""
    return chart.properties(autosize=alt.AutoSizeParams(type="fit-x", contains="padding"))
