"""Charts of a review, as pure functions of its frames (the language they share: `analysis.chart_style`)."""

from __future__ import annotations

from typing import Any

import altair as alt
import pandas as pd

from analysis.chart_style import COLOURS, HEIGHT, dress, money_scale
from analysis.fund.words import BASIS_NAMES
from analysis.language import Translator
from analysis.plans.words import plan_title
from analysis.rate_review import RateReview
from analysis.words import word
from models.messages import Message

SHOWN_PAST = 6
"""Past years beside the years ahead: the first years of a new fund have months beyond measure."""


def solvency_curve(review: RateReview, t: Translator) -> Any:
    """Probability that the fund stays above its floor over the horizon, as a function of the base rate."""
    curve = review.solvency_curve.assign(
        permille=lambda f: f["rate"] * 1e3,
        low=lambda f: (f["probability"] - 1.645 * f["standard_error"]).clip(0, 1),
        high=lambda f: (f["probability"] + 1.645 * f["standard_error"]).clip(0, 1),
    )
    x = alt.X("permille:Q", title=t("Base rate (‰ of total cost)"), scale=alt.Scale(zero=False, nice=False))
    base = alt.Chart(curve, width="container", height=HEIGHT)
    line = base.mark_line(color=COLOURS["main"], strokeWidth=2.5).encode(
        x=x,
        y=alt.Y("probability:Q", title=t("Probability"), axis=alt.Axis(format="%"), scale=alt.Scale(domain=[0, 1])),
        tooltip=[
            alt.Tooltip("permille:Q", title=t("Base rate (‰ of total cost)"), format=".3f"),
            alt.Tooltip("probability:Q", title=t("Probability"), format=".1%"),
            alt.Tooltip("standard_error:Q", title=t("Monte Carlo error"), format=".2%"),
        ],
    )
    band = base.mark_area(color=COLOURS["band"], opacity=0.35).encode(x=x, y=alt.Y("low:Q"), y2=alt.Y2("high:Q"))
    tested, names = review.scenario.base_rate, [t("Rate tested"), t("Rate in force")]
    marks = pd.DataFrame(
        {"permille": [None if tested is None else tested * 1e3, review.current_rate * 1e3], "what": names}
    )
    if tested is None or abs(tested - review.current_rate) < 1e-9:
        marks = marks.iloc[1:]
    rules = (
        alt.Chart(marks)
        .mark_rule(strokeDash=[6, 4], strokeWidth=2)
        .encode(
            x=alt.X("permille:Q"),
            color=alt.Color(
                "what:N",
                title=None,
                scale=alt.Scale(
                    domain=list(marks["what"]), range=[COLOURS["alert"], COLOURS["neutral"]][-len(marks) :]
                ),
            ),
            tooltip=[alt.Tooltip("what:N"), alt.Tooltip("permille:Q", format=".3f")],
        )
    )
    finding = Message(
        "At {rate:permille} the fund stays above its floor for {years} years with probability {probability:percent}",
        {
            "rate": review.scenario.base_rate,
            "years": review.scenario.horizon_years,
            "probability": review.probability_solvent,
        },
    )
    return dress(band + line + rules, t, finding, t("Solvency curve; the band is the Monte Carlo error"))


def fund_fan(review: RateReview, t: Translator) -> Any:
    """Balance of the fund by period: median, 50% and 90% bands."""
    fund = review.fund
    divisor, unit = money_scale(float(fund[["balance_p05", "balance_p95"]].abs().to_numpy().max()), t)
    scaled = fund.assign(
        **{c: fund[c] / divisor for c in fund.columns if c.startswith("balance_")}, order=range(len(fund))
    )
    x = alt.X("period:O", title=None, sort=list(scaled["period"]), axis=alt.Axis(labelOverlap=True, labelAngle=0))
    y_title = t("Balance ({unit})", unit=unit)
    base = alt.Chart(scaled, width="container", height=HEIGHT)
    wide = base.mark_area(color=COLOURS["band"], opacity=0.25).encode(
        x=x, y=alt.Y("balance_p05:Q", title=y_title), y2=alt.Y2("balance_p95:Q")
    )
    narrow = base.mark_area(color=COLOURS["band"], opacity=0.45).encode(
        x=x, y=alt.Y("balance_p25:Q"), y2=alt.Y2("balance_p75:Q")
    )
    median = base.mark_line(color=COLOURS["main"], strokeWidth=2.5).encode(
        x=x,
        y=alt.Y("balance_p50:Q"),
        tooltip=[alt.Tooltip("period:O")]
        + [alt.Tooltip(f"balance_p{p}:Q", title=f"{int(p)}%", format=",.2f") for p in ("05", "25", "50", "75", "95")],
    )
    zero = alt.Chart(pd.DataFrame({"y": [0.0]})).mark_rule(color=COLOURS["alert"]).encode(y=alt.Y("y:Q"))
    last = fund.iloc[-1]
    finding = Message(
        "In {period} the balance is most likely {median:money}, between {low:money} and {high:money}",
        {
            "period": last["period"],
            "median": last["balance_p50"],
            "low": last["balance_p05"],
            "high": last["balance_p95"],
        },
    )
    return dress(wide + narrow + median + zero, t, finding, t("Median, 50% and 90% bands"))


def months_past_and_ahead(review: RateReview) -> pd.DataFrame:
    """Return payable months by year: of the last years of the accounts, then of the median path."""
    known = review.accounts.loc[review.accounts["payable_months"].notna(), ["period", "payable_months"]]
    ahead = review.fund[["period", "payable_months_p50"]].set_axis(["period", "payable_months"], axis=1)
    return pd.concat([known.tail(SHOWN_PAST), ahead], ignore_index=True)


def payable_months(review: RateReview, t: Translator) -> Any:
    """Payable months: past, expected, and the target."""
    both = months_past_and_ahead(review)
    ahead = both.index >= len(both) - len(review.fund)
    both = both.assign(what=[t("Median path") if expected else t("Accounts") for expected in ahead])
    target = review.scenario.target_payable_months
    line = (
        alt.Chart(both, width="container", height=HEIGHT)
        .mark_line(point=True, strokeWidth=2.5)
        .encode(
            x=alt.X("period:O", title=None, sort=list(both["period"]), axis=alt.Axis(labelOverlap=True, labelAngle=0)),
            y=alt.Y("payable_months:Q", title=t("Payable months")),
            color=alt.Color(
                "what:N",
                title=None,
                scale=alt.Scale(domain=[t("Accounts"), t("Median path")], range=[COLOURS["neutral"], COLOURS["main"]]),
                legend=alt.Legend(symbolType="stroke"),
            ),
            tooltip=["period:O", "what:N", alt.Tooltip("payable_months:Q", format=".1f")],
        )
    )
    rule = alt.Chart(pd.DataFrame({"y": [target]})).mark_rule(color=COLOURS["good"], strokeDash=[6, 4]).encode(y="y:Q")
    finding = Message(
        "The median path ends with {months:months}; the target is {target:months}",
        {"months": float(review.fund["payable_months_p50"].iloc[-1]), "target": target},
    )
    return dress(line + rule, t, finding, t("Balance ÷ monthly outgo of the last year; dashed: target"))


def indicated_rates(review: RateReview, t: Translator) -> Any:
    """The break-even rate on each financing basis with its 90% interval, beside the rate in force."""
    rows = pd.DataFrame(
        [
            {"basis": t.say(BASIS_NAMES[b]), "rate": i.rate * 1e3, "low": i.low * 1e3, "high": i.high * 1e3}
            for b, i in review.indicated.items()
        ]
    )
    y = alt.Y("basis:N", title=None, sort=list(rows["basis"]), axis=alt.Axis(labelLimit=260))
    title = t("‰ of total cost")
    interval = (
        alt.Chart(rows, width="container", height=60 + 50 * len(rows))
        .mark_rule(strokeWidth=4, color=COLOURS["band"])
        .encode(y=y, x=alt.X("low:Q", title=title, scale=alt.Scale(zero=False)), x2="high:Q")
    )
    point = (
        alt.Chart(rows)
        .mark_point(filled=True, size=140, color=COLOURS["main"])
        .encode(
            y=y,
            x="rate:Q",
            tooltip=["basis:N"]
            + [
                alt.Tooltip(f"{c}:Q", title=n, format=".3f")
                for c, n in (("rate", title), ("low", "5%"), ("high", "95%"))
            ],
        )
    )
    current = alt.Chart(pd.DataFrame({"x": [review.current_rate * 1e3]})).mark_rule(
        color=COLOURS["alert"], strokeDash=[6, 4], strokeWidth=2
    )
    best = review.best
    finding = Message(
        "Break-even is {rate:permille} (90%: {low:permille} to {high:permille}); {current:permille} is in force",
        {"rate": best.rate, "low": best.low, "high": best.high, "current": review.current_rate},
    )
    return dress(
        interval + point + current.encode(x="x:Q"),
        t,
        finding,
        t("Indicated rate by financing basis; dashed: rate in force"),
    )


def floating_steps(review: RateReview, t: Translator) -> Any:
    """Share of premium and number of contractors at each multiplier of the chosen plan."""
    floating = review.floating
    assert floating is not None
    rows = floating.steps.assign(step=[t.percent(m, 0) for m in floating.steps["multiplier"]])
    chart = (
        alt.Chart(rows, width="container", height=220)
        .mark_bar(color=COLOURS["main"])
        .encode(
            x=alt.X(
                "step:N", title=t("Multiplier of the base rate"), sort=list(rows["step"]), axis=alt.Axis(labelAngle=0)
            ),
            y=alt.Y("premium_share:Q", title=t("Share of premium"), axis=alt.Axis(format="%")),
            tooltip=[
                "step:N",
                alt.Tooltip("premium_share:Q", format=".1%"),
                alt.Tooltip("contractors:Q", title=t("Contractors")),
            ],
        )
    )
    finding = Message(
        "After floating the fund collects {factor:percent} of the premium at the base rate",
        {"factor": floating.off_balance},
    )
    return dress(chart, t, finding, t("Plan {plan} on the book's own contractors", plan=plan_title(floating.plan, t)))


def quintiles(review: RateReview, t: Translator) -> Any:
    """Loss ratio by quintile of the multiplier, before and after floating: flat after means fair."""
    floating = review.floating
    assert floating is not None
    names = {"loss_ratio_before": t("Loss ratio before"), "loss_ratio_after": t("Loss ratio after")}
    rows = floating.quintiles.melt("quintile", list(names), var_name="what", value_name="ratio")
    rows["what"] = rows["what"].map(names)
    chart = (
        alt.Chart(rows, width="container", height=300)
        .mark_line(point=True)
        .encode(
            x=alt.X(
                "quintile:O", title=t("Quintile of the multiplier, lowest to highest"), axis=alt.Axis(labelAngle=0)
            ),
            y=alt.Y("ratio:Q", title=t("Loss ratio"), axis=alt.Axis(format="%")),
            color=alt.Color(
                "what:N",
                title=None,
                scale=alt.Scale(domain=list(names.values()), range=[COLOURS["neutral"], COLOURS["main"]]),
            ),
            tooltip=["what:N", "quintile:O", alt.Tooltip("ratio:Q", format=".1%")],
        )
    )
    first, last = floating.quintiles["loss_ratio_before"].iloc[[0, -1]]
    finding = Message(
        "The highest multipliers had {lift:number.1} times the loss ratio of the lowest",
        {"lift": last / first if first > 0 else float("inf")},
    )
    return dress(chart, t, finding, t("Last year's losses by the multipliers of the years before"))


def stress(review: RateReview, t: Translator) -> Any:
    """Median closing balance of each stress scenario beside the base."""
    scale, unit = money_scale(float(review.tables["stress"]["closing_yuan"].abs().max()), t)
    table = review.tables["stress"]
    rows = table.assign(name=[word(c, t) for c in table["case"]], closing=table["closing_yuan"] / scale).sort_values(
        "closing"
    )
    base = float(rows.loc[rows["case"] == "base", "closing"].iloc[0])
    y = alt.Y("name:N", title=None, sort=list(rows["name"]), axis=alt.Axis(labelLimit=440, labelOverlap=False))
    bars = (
        alt.Chart(rows, width="container", height=30 * len(rows) + 100)
        .mark_bar()
        .encode(
            y=y,
            x=alt.X("closing:Q", title=t("Balance ({unit})", unit=unit)),
            color=alt.condition(alt.datum.case == "base", alt.value(COLOURS["neutral"]), alt.value(COLOURS["main"])),
            tooltip=[
                "name:N",
                alt.Tooltip("closing:Q", format=",.1f"),
                alt.Tooltip("probability:Q", title=t("Probability of solvency"), format=".1%"),
            ],
        )
    )
    rule = alt.Chart(pd.DataFrame({"x": [base]})).mark_rule(color=COLOURS["alert"], strokeDash=[6, 4]).encode(x="x:Q")
    worst = rows.iloc[0]
    finding = Message(
        "The worst of these: {case}, closing at {balance:money}",
        {"case": str(worst["name"]), "balance": float(worst["closing_yuan"])},
    )
    return dress(bars + rule, t, finding, t("Median balance at the end of the horizon; dashed: base"))


def development(review: RateReview, t: Translator) -> Any:
    """Paid to date, still to be paid, and capital value of pensions, by injury year: the immature years stand out."""
    table = review.tables["development"]
    scale, unit = money_scale(float((table["ultimate_yuan"] + table["capital_yuan"]).max()), t)
    names = {
        "paid": t("Paid without pensions"),
        "open": t("Expected, not yet paid"),
        "capital_yuan": t("Capital value of pensions"),
    }
    rows = table.assign(paid=table["paid_yuan"], open=(table["ultimate_yuan"] - table["paid_yuan"]).round())
    rows = rows.melt("period", list(names), var_name="what", value_name="yuan")
    rows = rows.assign(amount=rows["yuan"] / scale, what=rows["what"].map(names))
    chart = (
        alt.Chart(rows, width="container", height=HEIGHT)
        .mark_bar()
        .encode(
            x=alt.X("period:O", title=t("Injury year"), axis=alt.Axis(labelAngle=0)),
            y=alt.Y("amount:Q", title=f"{t('Amount')} ({unit})"),
            color=alt.Color(
                "what:N", title=None,
                scale=alt.Scale(domain=list(names.values()), range=[COLOURS["main"], COLOURS["band"], COLOURS["accent"]]),
            ),
            tooltip=["period:O", "what:N", alt.Tooltip("amount:Q", format=",.2f")],
        )
    )  # fmt: skip
    last = table.iloc[-1]
    share = float(last["paid_yuan"] / max(last["ultimate_yuan"] + last["capital_yuan"], 1e-9))
    finding = Message(
        "Of the cost of {year} accidents {share:percent.0} has been paid so far",
        {"year": last["period"], "share": share},
    )
    return dress(chart, t, finding, t("Cost of accidents developed to ultimate, by injury year"))


def cells(review: RateReview, dimension: str, frame: pd.DataFrame, t: Translator) -> Any:
    """Indicated rate by rating cell: own rate with its interval, and the credible rate between it and the whole."""
    rows = frame.assign(
        name=[word(level, t) for level in frame["level"]],
        **{c: frame[c] * 1e3 for c in ("rate", "low", "high", "own_rate")},
    )
    rows = rows.sort_values("rate", ascending=False)
    y = alt.Y("name:N", title=None, sort=list(rows["name"]), axis=alt.Axis(labelLimit=240, labelOverlap=False))
    title = t("‰ of total cost")
    own = (
        alt.Chart(rows, width="container", height=24 * len(rows) + 20)
        .mark_rule(color=COLOURS["band"], strokeWidth=4)
        .encode(y=y, x=alt.X("low:Q", title=title, axis=alt.Axis(tickCount=10)), x2="high:Q")
    )
    point = alt.Chart(rows).mark_point(color=COLOURS["neutral"], size=60).encode(y=y, x="own_rate:Q")
    credible = (
        alt.Chart(rows)
        .mark_point(filled=True, color=COLOURS["main"], size=90)
        .encode(
            y=y,
            x="rate:Q",
            tooltip=[
                "name:N",
                alt.Tooltip("rate:Q", title=title, format=".3f"),
                alt.Tooltip("credibility:Q", title=t("Credibility"), format=".0%"),
            ],
        )
    )
    rule = (
        alt.Chart(pd.DataFrame({"x": [review.current_rate * 1e3]}))
        .mark_rule(color=COLOURS["alert"], strokeDash=[6, 4])
        .encode(x="x:Q")
    )
    highest = rows.iloc[0]
    finding = Message(
        "{dimension}: the highest credible rate is {rate:permille} ({name})",
        {"dimension": word(dimension, t), "rate": float(highest["rate"]) / 1e3, "name": str(highest["name"])},
    )
    return dress(
        own + point + credible + rule,
        t,
        finding,
        t("Dot: credible rate; ring: own rate with its 90% interval; dashed: rate in force"),
    )


def scenarios(table: pd.DataFrame, review: RateReview, t: Translator) -> Any:
    """Saved scenarios side by side: rate tested against probability of solvency, size of the closing balance in the tooltip."""
    rows = table.dropna(subset=["rate"]).assign(permille=lambda f: f["rate"] * 1e3)
    scale, unit = money_scale(float(rows["closing_yuan"].abs().max()), t)
    rows = rows.assign(closing=rows["closing_yuan"] / scale)
    y = alt.Y("option:N", title=None, sort=None, axis=alt.Axis(labelLimit=240, labelOverlap=False))
    bars = (
        alt.Chart(rows, width="container", height=34 * len(rows) + 110)
        .mark_bar(color=COLOURS["main"])
        .encode(
            y=y,
            x=alt.X(
                "probability:Q",
                title=t("Probability of solvency"),
                axis=alt.Axis(format="%"),
                scale=alt.Scale(domain=[0, 1]),
            ),
            tooltip=[
                "option:N",
                alt.Tooltip("permille:Q", title=t("Base rate (‰ of total cost)"), format=".2f"),
                alt.Tooltip("probability:Q", title=t("Probability of solvency"), format=".1%"),
                alt.Tooltip("closing:Q", title=t("Balance ({unit})", unit=unit), format=",.1f"),
            ],
        )
    )
    wanted = alt.Chart(pd.DataFrame({"x": [review.scenario.solvency_level]})).mark_rule(
        color=COLOURS["alert"], strokeDash=[6, 4]
    )
    best = rows.sort_values("probability").iloc[-1]
    finding = Message(
        "Surest of these: {name}, {probability:percent} at {rate:permille}",
        {"name": str(best["option"]), "probability": float(best["probability"]), "rate": float(best["rate"])},
    )
    return dress(bars + wanted.encode(x="x:Q"), t, finding, t("Probability of solvency by scenario; dashed: wanted"))
