"""Charts of early warning and of standing at past year-ends, a finding in each title."""

from __future__ import annotations

from typing import Any

import altair as alt
import pandas as pd

from analysis.chart_style import COLOURS, HEIGHT, dress, money_scale
from analysis.language import Translator
from analysis.words import word
from models.messages import Message

STATE_COLOURS = {"calm": COLOURS["good"], "amber": COLOURS["accent"], "red": COLOURS["alert"]}


def by_prefecture(table: pd.DataFrame, t: Translator) -> Any:
    """The last year's indicators by prefecture as coloured cells, each with its value and its state in words."""
    last = table[table["period"] == table["period"].max()]
    rows = last.assign(
        place=[word(p, t) for p in last["prefecture"]], what=[word(i, t) for i in last["indicator"]],
        said=[word(s, t) for s in last["state"]], shown=[t.percent(v, 0) for v in last["value"]],
    )  # fmt: skip
    worst = rows[rows["indicator"] == "outgo_ratio"].sort_values("value", ascending=False)
    order = list(worst["place"])
    base = alt.Chart(rows, width="container", height=26 * rows["place"].nunique() + 110).encode(
        y=alt.Y("place:N", title=None, sort=order, axis=alt.Axis(labelLimit=200, labelOverlap=False)),
        x=alt.X(
            "what:N",
            title=None,
            sort=[word(i, t) for i in dict.fromkeys(last["indicator"])],
            axis=alt.Axis(labelAngle=0, orient="top", labelLimit=280),
        ),
    )
    cells = base.mark_rect(stroke="white", strokeWidth=2).encode(
        color=alt.Color(
            "state:N", legend=None, scale=alt.Scale(domain=list(STATE_COLOURS), range=list(STATE_COLOURS.values()))
        ),
        tooltip=["place:N", "what:N", "shown:N", alt.Tooltip("said:N", title=t("State"))],
    )
    text = (
        base.transform_calculate(label="datum.shown + '  ' + datum.said")
        .mark_text(color="black")
        .encode(text="label:N")
    )
    red = int((worst["state"] == "red").sum())
    finding = (
        Message("{year}: no prefecture stands at red", {"year": str(rows["period"].iloc[0])})
        if red == 0
        else Message(
            "{year}: in {red} prefectures the outgo exceeds the premium, most in {place}",
            {"year": str(rows["period"].iloc[0]), "red": red, "place": order[0]},
        )
    )
    return dress(
        cells + text,
        t,
        finding,
        t("Outgo ÷ premium of the year, and growth of outgo less growth of premium over three years"),
    )


def next_year(flows: pd.DataFrame, t: Translator, series: str = "outgo") -> Any:
    """What each past year-end would have said of the next known year, beside what came."""
    own = flows[flows["series"] == series].sort_values(["stood_at", "period"]).drop_duplicates("stood_at")
    scale, unit = money_scale(float(own["p95"].max()), t)
    rows = own.assign(**{c: own[c] / scale for c in ("p05", "p25", "p50", "p75", "p95", "actual")})
    x = alt.X("period:O", title=None, axis=alt.Axis(labelAngle=0))
    y = alt.Y("p05:Q", title=f"{word(series, t)} ({unit})", scale=alt.Scale(zero=False))
    base = alt.Chart(rows, width="container", height=HEIGHT)
    chart = (
        base.mark_rule(color=COLOURS["band"], strokeWidth=3).encode(x=x, y=y, y2="p95:Q")
        + base.mark_rule(color=COLOURS["band"], strokeWidth=10).encode(x=x, y="p25:Q", y2="p75:Q")
        + base.mark_point(filled=True, size=90, color=COLOURS["alert"]).encode(
            x=x, y="actual:Q", tooltip=["stood_at:N", "period:O", alt.Tooltip("actual:Q", format=",.2f"), alt.Tooltip("p50:Q", format=",.2f")]
        )
    )  # fmt: skip
    inside = int(own["inside_90"].sum())
    finding = Message(
        "{series}: {inside} of {all} times what came lay inside the 90% interval given a year-end earlier",
        {"series": word(series, t), "inside": inside, "all": len(own)},
    )
    return dress(chart, t, finding, t("Bars: 90% and 50% intervals given at the year-end before; dots: what came"))
