"""Charts of the fund: balance by quarter, outgo by benefit and cohort, premium earned, pensioners, the balance sheet ahead."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import altair as alt
import pandas as pd

from analysis.chart_style import COLOURS, HEIGHT, dress, money_scale
from analysis.fund.cohort_fit import STREAMS
from analysis.fund.pensioners import PENSIONS
from analysis.language import Translator
from analysis.rate_review import RateReview
from analysis.words import word
from models.messages import Message

PALETTE = (*COLOURS.values(), "#F0E442")


def balance_by_quarter(review: RateReview, t: Translator) -> Any:
    """Balance at the end of every quarter: median, 50% and 90% bands; the year's rhythm of enrolment and payment shows."""
    fund = review.tables["fund_by_quarter"]
    names = [str(c) for c in fund.columns if str(c).startswith("balance_")]
    scale, unit = money_scale(float(fund[names].abs().to_numpy().max()), t)
    rows = fund.assign(**{c: fund[c] / scale for c in names})
    years = [q for q in rows["quarter"] if q.endswith("Q4")]
    x = alt.X(
        "quarter:O", title=None, sort=list(rows["quarter"]),
        axis=alt.Axis(values=years, labelExpr="substring(datum.value, 0, 4)", labelAngle=0, labelOverlap=True),
    )  # fmt: skip
    title = t("Balance ({unit})", unit=unit)
    base = alt.Chart(rows, width="container", height=HEIGHT)
    wide = base.mark_area(color=COLOURS["band"], opacity=0.25).encode(
        x=x, y=alt.Y("balance_p05:Q", title=title), y2="balance_p95:Q"
    )
    narrow = base.mark_area(color=COLOURS["band"], opacity=0.45).encode(x=x, y="balance_p25:Q", y2="balance_p75:Q")
    percentiles = [alt.Tooltip(f"{n}:Q", title=f"{int(n[-2:])}%", format=",.2f") for n in names]
    median = base.mark_line(color=COLOURS["main"], strokeWidth=2.5).encode(
        x=x, y="balance_p50:Q", tooltip=[alt.Tooltip("quarter:O", title=t("Quarter")), *percentiles]
    )
    zero = alt.Chart(pd.DataFrame({"y": [0.0]})).mark_rule(color=COLOURS["alert"]).encode(y="y:Q")
    below = fund.loc[fund["balance_p50"] < 0, "quarter"]
    finding = (
        Message("At {rate:permille} the median balance is used up in {quarter}", {"rate": review.scenario.base_rate, "quarter": str(below.iloc[0])})
        if len(below)
        else Message(
            "At {rate:permille} the median balance stays positive until {period}: {balance:money}",
            {"rate": review.scenario.base_rate, "period": str(review.fund["period"].iloc[-1]), "balance": float(fund["balance_p50"].iloc[-1])},
        )
    )  # fmt: skip
    return dress(wide + narrow + median + zero, t, finding, t("Balance by quarter: median, 50% and 90% bands"))


def _stacked(
    frame: pd.DataFrame, columns: Mapping[str, str], t: Translator, axis: str, colours: Sequence[str] = PALETTE
) -> alt.Chart:
    """Bars of money stacked in the order of ``columns`` (column → its name for readers)."""
    scale, unit = money_scale(float(frame[list(columns)].sum(axis=1).abs().max()), t)
    long = frame.melt("period", list(columns), var_name="what", value_name="yuan")
    long = long.assign(
        amount=long["yuan"] / scale,
        order=long["what"].map({c: i for i, c in enumerate(columns)}),
        what=long["what"].map(columns),
    )
    return (
        alt.Chart(long, width="container", height=HEIGHT)
        .mark_bar()
        .encode(
            x=alt.X("period:O", title=None, axis=alt.Axis(labelAngle=0, labelOverlap=True)),
            y=alt.Y("amount:Q", title=f"{axis} ({unit})"),
            color=alt.Color(
                "what:N", title=None, sort=list(columns.values()),
                scale=alt.Scale(domain=list(columns.values()), range=list(colours[: len(columns)])),
                legend=alt.Legend(columns=4, labelLimit=220),
            ),
            order="order:Q",
            tooltip=[alt.Tooltip("period:O", title=t("Year")), alt.Tooltip("what:N", title=t("Item")), alt.Tooltip("amount:Q", title=axis, format=",.2f")],
        )
    )  # fmt: skip


def outgo_by_benefit(review: RateReview, t: Translator) -> Any:
    """Expected outgo by benefit and year."""
    table = review.tables["outgo_by_benefit"]
    columns = {f"{name}_yuan": word(name, t) for name in STREAMS if f"{name}_yuan" in table}
    pensions = table[[f"{n}_yuan" for n in PENSIONS if f"{n}_yuan" in table]].sum(axis=1) / table["total_yuan"]
    finding = Message(
        "Monthly pensions go from {first:percent.0} of outgo in {start} to {last:percent.0} in {end}",
        {
            "first": float(pensions.iloc[0]), "start": str(table["period"].iloc[0]),
            "last": float(pensions.iloc[-1]), "end": str(table["period"].iloc[-1]),
        },
    )  # fmt: skip
    return dress(_stacked(table, columns, t, t("Outgo")), t, finding, t("Expected outgo by benefit"))


def outgo_by_cohort(review: RateReview, t: Translator) -> Any:
    """Expected outgo for accidents that have happened, for works under way, for projects to come."""
    table = review.tables["cohorts"]
    columns = {
        "happened_yuan": t("Accidents that have happened"),
        "under_way_yuan": t("Works under way"),
        "to_come_yuan": t("Projects to come"),
    }
    first = table.iloc[0]
    finding = Message(
        "{share:percent.0} of what is paid in {period} is for accidents and works that are there already",
        {"share": 1.0 - float(first["to_come_yuan"]) / float(first["total_yuan"]), "period": str(first["period"])},
    )
    colours = (COLOURS["main"], COLOURS["band"], COLOURS["accent"])
    return dress(
        _stacked(table, columns, t, t("Outgo"), colours),
        t,
        finding,
        t("Expected outgo by cohort, on the expected path"),
    )


def premium(review: RateReview, t: Translator) -> Any:
    """Premium written and earned by year, and what is not yet earned at its end."""
    table = review.tables["premium"]
    scale, unit = money_scale(
        float(table[["written_premium_yuan", "earned_premium_yuan", "unearned_closing_yuan"]].to_numpy().max()), t
    )
    names = {
        "written_premium_yuan": t("Premium written"),
        "earned_premium_yuan": t("Premium earned"),
        "unearned_closing_yuan": t("Unearned at the end of the year"),
    }
    long = table.melt("period", list(names), var_name="what", value_name="yuan")
    long = long.assign(amount=long["yuan"] / scale, what=long["what"].map(names))
    chart = (
        alt.Chart(long, width="container", height=HEIGHT)
        .mark_line(point=True, strokeWidth=2.5)
        .encode(
            x=alt.X("period:O", title=None, axis=alt.Axis(labelAngle=0, labelOverlap=True)),
            y=alt.Y("amount:Q", title=f"{t('Premium')} ({unit})"),
            color=alt.Color(
                "what:N", title=None,
                scale=alt.Scale(domain=list(names.values()), range=[COLOURS["main"], COLOURS["good"], COLOURS["accent"]]),
                legend=alt.Legend(symbolType="stroke", columns=2),
            ),
            strokeDash=alt.StrokeDash("what:N", title=None, scale=alt.Scale(domain=list(names.values()), range=[[1, 0], [6, 3], [2, 2]])),
            tooltip=[alt.Tooltip("period:O", title=t("Year")), alt.Tooltip("what:N", title=t("Item")), alt.Tooltip("amount:Q", title=t("Premium"), format=",.2f")],
        )
    )  # fmt: skip
    first = table.iloc[0]
    finding = Message(
        "{opening:money} of the premium received belongs to works that are still to be built",
        {"opening": float(first["unearned_opening_yuan"])},
    )
    return dress(chart, t, finding, t("Written = earned + change of unearned"))


def pensioners(review: RateReview, t: Translator) -> Any:
    """Capital value of today's pensions by age and benefit."""
    table = review.tables["pensioners"]
    scale, unit = money_scale(float(table.groupby("age_band")["capital_yuan"].sum().max()), t)
    rows = table.assign(amount=table["capital_yuan"] / scale, what=[word(b, t) for b in table["benefit"]])
    bands = list(
        dict.fromkeys(
            sorted(
                table["age_band"], key=lambda b: (b.startswith("≥"), int("".join(filter(str.isdigit, b.split("–")[0]))))
            )
        )
    )
    chart = (
        alt.Chart(rows, width="container", height=HEIGHT)
        .mark_bar()
        .encode(
            x=alt.X("age_band:O", title=t("Age"), sort=bands, axis=alt.Axis(labelAngle=0)),
            y=alt.Y("amount:Q", title=f"{t('Capital value')} ({unit})"),
            color=alt.Color("what:N", title=None, scale=alt.Scale(range=[COLOURS["main"], COLOURS["accent"], COLOURS["good"], COLOURS["second"]])),
            tooltip=[
                alt.Tooltip("age_band:O", title=t("Age")), alt.Tooltip("what:N", title=t("Benefit")),
                alt.Tooltip("pensioners:Q", title=t("Pensions in payment"), format=","), alt.Tooltip("amount:Q", title=unit, format=",.2f"),
            ],
        )
    )  # fmt: skip
    finding = Message(
        "{number:integer} pensions are in payment: {monthly:money} a month, worth {capital:money} today",
        {
            "number": float(table["pensioners"].sum()), "monthly": float(table["monthly_yuan"].sum()),
            "capital": float(table["capital_yuan"].sum()),
        },
    )  # fmt: skip
    return dress(chart, t, finding, t("Age of the pensioner, or the age the deceased would have"))


def balance_sheet(review: RateReview, t: Translator) -> Any:
    """What is owed on full funding at each year-end, beside the balance."""
    table = review.tables["balance_sheet_forward"]
    columns = {
        f"{name}_yuan": word(name, t) for name in ("pensions_in_payment", "outstanding_claims", "unearned_premium")
    }
    bars = _stacked(table, columns, t, t("Amount"), (COLOURS["accent"], COLOURS["second"], COLOURS["band"]))
    scale, _ = money_scale(float(table[list(columns)].sum(axis=1).abs().max()), t)
    assets = table.assign(amount=table["assets_yuan"] / scale, what=t("Balance of the fund"))
    line = (
        alt.Chart(assets)
        .mark_line(color=COLOURS["main"], strokeWidth=3, point=alt.OverlayMarkDef(color=COLOURS["main"], size=60))
        .encode(x="period:O", y="amount:Q", tooltip=["period:O", "what:N", alt.Tooltip("amount:Q", format=",.2f")])
    )
    first, last = float(table["surplus_yuan"].iloc[0]), float(table["surplus_yuan"].iloc[-1])
    period = str(table["period"].iloc[-1])
    finding = (
        Message(
            "What is owed exceeds the balance by {first:money} today and by {last:money} at the end of {period}",
            {"first": -first, "last": -last, "period": period},
        )
        if max(first, last) < 0
        else Message(
            "Balance less what is owed: {first:money} today, {last:money} at the end of {period}",
            {"first": first, "last": last, "period": period},
        )
    )
    return dress(bars + line, t, finding, t("Liabilities on full funding (bars) and the balance of the fund (line)"))
