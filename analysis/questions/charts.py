"""Charts of sensitivity, stress and rate paths: one look with `analysis.charts`, a finding in each title."""

from __future__ import annotations

from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from analysis.chart_style import COLOURS, HEIGHT, dress, money_scale
from analysis.language import Translator
from analysis.questions.rate_paths import NAMES, RatePaths
from analysis.rate_review import RateReview
from analysis.words import word
from models.messages import Message

SIDES = {"low": Message("Driver low (5%)"), "high": Message("Driver high (95%)")}
PATH_COLOURS = [COLOURS[name] for name in ("neutral", "accent", "good", "main", "alert")]
SIDE_COLOURS = [COLOURS["band"], COLOURS["main"]]


def tornado(table: pd.DataFrame, t: Translator) -> Any:
    """Median closing balance with each driver low and high, widest first (`analysis.questions.sensitivity.tornado_table`)."""
    names = [word(d, t) for d in table["driver"]]
    scale, unit = money_scale(float(table.filter(like="closing_").abs().to_numpy().max()), t)
    base = float(table["closing_base_yuan"].iloc[0])
    rows = pd.concat(
        [
            pd.DataFrame(
                {
                    "name": names, "side": t.say(SIDES[side]), "start": base / scale,
                    "end": table[f"closing_{side}_yuan"] / scale, "rate": table[f"rate_{side}"] * 1e3,
                    "size": [t.percent(v) for v in table[f"{side}_size"]],
                }
            )
            for side in SIDES
        ]
    )  # fmt: skip
    bars = (
        alt.Chart(rows, width="container", height=40 * len(names) + 120)
        .mark_bar(height=20, opacity=0.85)
        .encode(
            y=alt.Y("name:N", title=None, sort=names, axis=alt.Axis(labelLimit=240, labelOverlap=False)),
            x=alt.X("start:Q", title=t("Balance ({unit})", unit=unit), scale=alt.Scale(zero=False)),
            x2="end:Q",
            color=alt.Color(
                "side:N", title=None, scale=alt.Scale(domain=[t.say(m) for m in SIDES.values()], range=SIDE_COLOURS)
            ),
            tooltip=[
                "name:N",
                alt.Tooltip("size:N", title=t("Deviation of the driver")),
                alt.Tooltip("end:Q", title=t("Balance ({unit})", unit=unit), format=",.1f"),
                alt.Tooltip("rate:Q", title=t("Rate needed (‰)"), format=".3f"),
            ],
        )
    )
    rule = alt.Chart(pd.DataFrame({"x": [base / scale]})).mark_rule(color=COLOURS["neutral"]).encode(x="x:Q")
    first = table.iloc[0]
    finding = Message(
        "{driver} moves the closing balance most: {low:money} to {high:money}",
        {
            "driver": names[0],
            "low": min(first["closing_low_yuan"], first["closing_high_yuan"]),
            "high": max(first["closing_low_yuan"], first["closing_high_yuan"]),
        },
    )
    return dress(bars + rule, t, finding, t("Median balance at the end of the horizon, one driver changed at a time"))


def variance_shares(table: pd.DataFrame, t: Translator, result: str = "rate") -> Any:
    """Share of each driver in the variance of a result, total order with its interval, first order as a tick."""
    own = table[table["result"] == result].sort_values("total", ascending=False)
    rows = own.assign(name=[word(d, t) for d in own["driver"]])
    y = alt.Y("name:N", title=None, sort=list(rows["name"]), axis=alt.Axis(labelLimit=240, labelOverlap=False))
    x = alt.X("total:Q", title=t("Share of the variance"), axis=alt.Axis(format="%"))
    tips = [
        "name:N",
        alt.Tooltip("first:Q", title=t("Alone"), format=".1%"),
        alt.Tooltip("total:Q", title=t("With interactions"), format=".1%"),
    ]
    base = alt.Chart(rows, width="container", height=34 * len(rows) + 110)
    chart = (
        base.mark_bar(color=COLOURS["band"]).encode(y=y, x=x, tooltip=tips)
        + base.mark_rule(color=COLOURS["neutral"], strokeWidth=2).encode(y=y, x="total_low:Q", x2="total_high:Q")
        + base.mark_tick(color=COLOURS["main"], thickness=3).encode(y=y, x="first:Q", tooltip=tips)
    )
    first = rows.iloc[0]
    of = {
        "rate": Message("{driver} explains {share:percent.0} of the uncertainty of the rate needed"),
        "closing_yuan": Message("{driver} explains {share:percent.0} of the uncertainty of the closing balance"),
    }[result]
    finding = Message(of.text, {"driver": str(first["name"]), "share": float(first["total"])})
    return dress(chart, t, finding, t("Bar: total order with its 90% interval; tick: the driver alone"))


def joint_shock(table: pd.DataFrame, t: Translator, saves: bool) -> Any:
    """The joint reverse stress: how far each driver deviates, in standard deviations."""
    rows = table.assign(
        name=[word(d, t) for d in table["driver"]], size_text=[t.percent(v) for v in table["size"]]
    ).sort_values("share", ascending=False)
    chart = (
        alt.Chart(rows, width="container", height=34 * len(rows) + 110)
        .mark_bar(color=COLOURS["good"] if saves else COLOURS["alert"])
        .encode(
            y=alt.Y("name:N", title=None, sort=list(rows["name"]), axis=alt.Axis(labelLimit=240)),
            x=alt.X("deviations:Q", title=t("In standard deviations")),
            tooltip=["name:N", alt.Tooltip("size_text:N", title=t("Size of the shock"))],
        )
    )
    distance = float(np.sqrt((table["deviations"] ** 2).sum()))
    finding = (
        Message(
            "The fund is saved by a joint change of {distance:number.2} standard deviations", {"distance": distance}
        )
        if saves
        else Message(
            "A joint shock of {distance:number.2} standard deviations exhausts the fund", {"distance": distance}
        )
    )
    return dress(chart, t, finding, t("The smallest joint deviation of all drivers; each may hold to the end"))


def rate_paths(found: RatePaths, t: Translator) -> Any:
    """Base rate by year under several rate paths."""
    names = {path: t.say(NAMES[path]) for path in found.rates}
    rows = pd.concat([f.assign(name=names[path], permille=f["rate"] * 1e3) for path, f in found.rates.items()])
    chart = (
        alt.Chart(rows, width="container", height=HEIGHT)
        .mark_line(interpolate="step-after", strokeWidth=2.5, point=True)
        .encode(
            x=alt.X("period:O", title=None, axis=alt.Axis(labelAngle=0, labelOverlap=True)),
            y=alt.Y("permille:Q", title=t("Base rate (‰ of total cost)"), scale=alt.Scale(zero=False)),
            color=alt.Color(
                "name:N", title=None, legend=alt.Legend(columns=2, labelLimit=260),
                scale=alt.Scale(domain=list(names.values()), range=PATH_COLOURS[: len(names)]),
            ),
            tooltip=["period:O", "name:N", alt.Tooltip("permille:Q", format=".3f")],
        )
    )  # fmt: skip
    if "cheapest" in found.rates:
        average = found.table.set_index("path")["average_rate"].to_dict()
        finding = Message(
            "The cheapest safe path costs {rate:permille} on average, and reaches {top:permille}",
            {"rate": average["cheapest"], "top": float(found.rates["cheapest"]["rate"].max())},
        )
    else:
        finding = Message("No rate path within this change a year is safe enough")
    return dress(chart, t, finding, t("Base rate by year of enrolment"))


def required_distribution(review: RateReview, t: Translator) -> Any:
    """The distribution of the rate that keeps the fund above its floor, with the rate tested and the wanted probability."""
    curve = review.solvency_curve
    rows = pd.DataFrame(
        {
            "start": curve["rate"].iloc[:-1].to_numpy() * 1e3,
            "end": curve["rate"].iloc[1:].to_numpy() * 1e3,
            "share": np.diff(curve["probability"]),
        }
    )
    # the curve's points are not evenly spaced: a bar's height is probability by per mille
    rows["density"] = rows["share"] / (rows["end"] - rows["start"]).clip(lower=1e-9)
    rows = rows[rows["share"] > 0]
    level = review.scenario.solvency_level
    wanted = review.required_rate.set_index("probability")["rate"]
    needed = float(wanted.loc[level])
    marks = pd.DataFrame(
        {
            "x": [review.current_rate * 1e3, needed * 1e3],
            "what": [t("Rate in force"), t("Needed to be {level:percent.0} sure", level=level)],
        }
    )
    marks = marks[np.isfinite(marks["x"])]
    bars = (
        alt.Chart(rows, width="container", height=HEIGHT)
        .mark_bar(color=COLOURS["band"])
        .encode(
            x=alt.X("start:Q", title=t("Rate needed (‰)"), scale=alt.Scale(zero=False)),
            x2="end:Q",
            y=alt.Y("density:Q", title=t("Density"), axis=alt.Axis(labels=False, ticks=False)),
            y2=alt.datum(0),
            tooltip=[
                alt.Tooltip("start:Q", title=t("Rate needed (‰)"), format=".3f"),
                alt.Tooltip("share:Q", title=t("Probability"), format=".1%"),
            ],
        )
    )
    rules = (
        alt.Chart(marks)
        .mark_rule(strokeWidth=2, strokeDash=[6, 4])
        .encode(
            x="x:Q",
            color=alt.Color(
                "what:N", title=None,
                scale=alt.Scale(domain=list(marks["what"]), range=[COLOURS["neutral"], COLOURS["alert"]]),
            ),
        )
    )  # fmt: skip
    finding = Message(
        "To be {level:percent.0} sure of {years} years the rate must be {needed:permille}",
        {"level": level, "years": review.scenario.horizon_years, "needed": needed},
    )
    return dress(bars + rules, t, finding, t("Distribution over the simulated paths of the rate that each one needs"))
