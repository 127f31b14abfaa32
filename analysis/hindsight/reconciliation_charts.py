"""Charts of the reconciliation and of actual against expected, a finding in each title."""

from __future__ import annotations

from typing import Any

import altair as alt
import pandas as pd

from analysis.chart_style import COLOURS, dress
from analysis.fund.words import BASIS_NAMES
from analysis.language import Translator
from analysis.words import word
from models.messages import Message

LIGHT_COLOURS = {"green": COLOURS["good"], "amber": COLOURS["accent"], "red": COLOURS["alert"]}


def waterfall(steps: pd.DataFrame, basis: str, t: Translator) -> Any:
    """The last review's rate → this one, driver by driver (``driver, amount, rate``, the first row the last review)."""
    moved = [(str(d), float(a), float(r)) for d, a, r in steps.iloc[1:].itertuples(index=False)]
    before, after = float(steps["rate"].iloc[0]), float(steps["rate"].iloc[-1])
    rows = pd.DataFrame(
        [
            _bar(t("Last review"), 0.0, before, "total", t),
            *(_bar(word(d, t), rate - amount, rate, "up" if amount > 0 else "down", t) for d, amount, rate in moved),
            _bar(t("This review"), 0.0, after, "total", t),
        ]
    )  # fmt: skip
    colours = {"total": COLOURS["neutral"], "up": COLOURS["alert"], "down": COLOURS["good"]}
    order = list(rows["name"])
    chart = (
        alt.Chart(rows, width="container", height=360)
        .mark_bar()
        .encode(
            x=alt.X("name:N", title=None, sort=order, axis=alt.Axis(labelAngle=-30, labelLimit=160, labelOverlap=False)),
            y=alt.Y("start:Q", title=t("‰ of total cost")),
            y2="end:Q",
            color=alt.Color("kind:N", legend=None, scale=alt.Scale(domain=list(colours), range=list(colours.values()))),
            tooltip=["name:N", alt.Tooltip("change:N", title=t("Change of the rate")), alt.Tooltip("end:Q", title=t("‰ of total cost"), format=".3f")],
        )
    )  # fmt: skip
    base = alt.Chart(rows).encode(x=alt.X("name:N", sort=order), text="said:N")
    labels = base.mark_text(dy=-8, fontSize=12).encode(y="top:Q")
    largest = max(moved, key=lambda one: abs(one[1]))[0] if moved else None
    finding = (
        Message("{basis}: {before:permille} then and now", {"basis": BASIS_NAMES[basis], "before": before})
        if largest is None
        else Message(
            "{basis}: {before:permille} became {after:permille}, most of it by: {driver}",
            {"basis": BASIS_NAMES[basis], "before": before, "after": after, "driver": word(largest, t)},
        )
    )
    return dress(
        chart + labels,
        t,
        finding,
        t("Change of the indicated rate since the last review; one thing changed at a time, in this order"),
    )


def _bar(name: str, start: float, end: float, kind: str, t: Translator) -> dict[str, object]:
    change = end if kind == "total" else end - start
    said = t.permille(change, 3)
    return {
        "name": name, "start": start * 1e3, "end": end * 1e3, "top": max(start, end) * 1e3, "kind": kind, "change": said,
        "said": said if kind == "total" or change <= 0 else f"+{said}",
    }  # fmt: skip


def actual_expected(table: pd.DataFrame, closed: int, t: Translator) -> Any:
    """Actual ÷ expected of every item of the closed year with the 90% interval of what was expected."""
    rows = table.assign(
        name=[word(item, t) for item in table["item"]],
        low=table["p05"] / table["expected"],
        high=table["p95"] / table["expected"],
    )
    y = alt.Y("name:N", title=None, sort=list(rows["name"]), axis=alt.Axis(labelLimit=220, labelOverlap=False))
    base = alt.Chart(rows, width="container", height=26 * len(rows) + 110)
    title = t("Actual ÷ expected")
    interval = base.mark_rule(strokeWidth=6, color=COLOURS["band"], opacity=0.6).encode(
        y=y, x=alt.X("low:Q", title=title, axis=alt.Axis(format="%")), x2="high:Q"
    )
    points = base.mark_point(filled=True, size=110).encode(
        y=y, x="ratio:Q",
        color=alt.Color("light:N", legend=None, scale=alt.Scale(domain=list(LIGHT_COLOURS), range=list(LIGHT_COLOURS.values()))),
        tooltip=["name:N", alt.Tooltip("ratio:Q", title=title, format=".1%"), alt.Tooltip("low:Q", title="5%", format=".1%"), alt.Tooltip("high:Q", title="95%", format=".1%")],
    )  # fmt: skip
    one = alt.Chart(pd.DataFrame({"x": [1.0]})).mark_rule(color=COLOURS["neutral"], strokeDash=[6, 4]).encode(x="x:Q")
    outside = int((table["light"] != "green").sum())
    finding = (
        Message("{year}: everything came inside its 90% interval", {"year": str(closed)})
        if outside == 0
        else Message(
            "{year}: {outside} of {all} items came outside their 90% interval",
            {"year": str(closed), "outside": outside, "all": len(table)},
        )
    )
    return dress(interval + points + one, t, finding, t("Bar: 90% interval expected a year earlier; dot: what came"))
