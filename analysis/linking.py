"""Charts that choose together: a year or a class that is chosen in one chart stands out in all of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import altair as alt
import pandas as pd

from analysis.chart_style import COLOURS
from analysis.columns import head, in_words
from analysis.language import Translator
from analysis.rate_review import RateReview

CHOSEN, POINTED = "chosen", "pointed"
"""Names of the two selections: by click, which the page learns of; by hovering, which stays in the chart."""


def along(
    chart: Any, rows: pd.DataFrame, columns: Sequence[str], chosen: str | None, t: Translator, by: str = "period"
) -> Any:
    """Return a dressed chart in whose whole height a place of its axis can be pointed at, read and chosen.

    Parameters
    ----------
    rows : a row for every place of the axis
    columns : columns of ``rows`` that are read out at a place
    chosen : the year chosen, which stands out
    by : column of the axis; what is chosen is its year, the first four characters
    """
    places = rows[by].astype(str)
    table = pd.DataFrame(
        {"place": places, "year": places.str[:4], **{f"c{i}": [*map(in_words(c, t), rows[c])] for i, c in enumerate(columns)}}
    )  # fmt: skip
    tips = [alt.Tooltip("place:N", title=head(by, t))]
    tips += [alt.Tooltip(f"c{i}:N", title=head(c, t)) for i, c in enumerate(columns)]
    choose = alt.selection_point(CHOSEN, fields=["year"], on="click", nearest=True)
    point = alt.selection_point(
        POINTED, fields=["year"], on="pointerover", clear="pointerout", nearest=True, empty=False
    )
    band = (
        alt.Chart(table)
        .mark_rule(strokeWidth=14, color=COLOURS["neutral"])
        .encode(
            x=alt.X("place:O", title=None, sort=list(places)),
            opacity=alt.when(alt.datum.year == (chosen or "")).then(alt.value(0.45)).when(point).then(alt.value(0.2)).otherwise(alt.value(0)),
            tooltip=tips,
        )
        .add_params(choose, point)
    )  # fmt: skip
    return _with(chart, band)


def among(chart: Any, field: str, chosen: str | None) -> Any:
    """Return a dressed chart of classes, of which one can be pointed at and chosen; the others step back."""
    choose = alt.selection_point(CHOSEN, fields=[field], on="click")
    point = alt.selection_point(POINTED, fields=[field], on="pointerover", clear="pointerout", empty=chosen is None)
    ahead = alt.when(point) if chosen is None else alt.when(alt.datum[field] == chosen)
    found = chart.encode(opacity=ahead.then(alt.value(1)).otherwise(alt.value(0.3)))
    return found.add_params(choose, point)


def until(curve: Any, review: RateReview, year: str | None, t: Translator) -> Any:
    """Return the solvency curve with the probability at the rate tested of having stayed above the floor until a chosen year."""
    fund = review.fund.set_index("period")["probability_below_floor"]
    if year is None or year not in fund.index or review.scenario.base_rate is None:
        return curve
    share = 1.0 - float(fund[year])
    point = pd.DataFrame({"permille": [review.scenario.base_rate * 1e3], "probability": [share], "said": [t("until {year}: {share:percent}", year=year, share=share)]})  # fmt: skip
    base = alt.Chart(point).encode(x="permille:Q", y="probability:Q", tooltip=alt.Tooltip("said:N"))
    dot = base.mark_point(filled=True, size=160, color=COLOURS["alert"], opacity=1)
    text = base.mark_text(align="right", dx=-12, dy=4, fontSize=13, fontWeight="bold", color=COLOURS["alert"])
    return _with(curve, dot, text.encode(text="said:N"))


def _with(chart: Any, *layers: Any) -> Any:
    """Return a dressed chart with layers on top; its dress stays the whole's."""
    bare, dress = chart.copy(deep=False), {}
    for name in ("title", "config", "padding"):
        dress[name] = bare[name]
        bare[name] = alt.Undefined
    return alt.layer(bare, *layers).properties(**dress)
