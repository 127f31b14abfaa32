"""The year in focus: chosen by a click in any chart that goes by year, shown in all of them and read out beneath."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pandas as pd
import streamlit as st

from analysis import charts
from analysis.fund import charts as fund_charts
from analysis.language import Translator
from analysis.linking import along
from analysis.rate_review import RateReview
from app_pages.linked import chosen, let_go
from app_pages.showing import plain_text

Chart = Callable[[RateReview, Translator], Any]
BALANCES = [f"balance_p{p}" for p in ("05", "25", "50", "75", "95")]
TABLES: Mapping[Chart, str] = {
    fund_charts.balance_by_quarter: "fund_by_quarter",
    fund_charts.outgo_by_benefit: "outgo_by_benefit",
    fund_charts.outgo_by_cohort: "cohorts",
    fund_charts.balance_sheet: "balance_sheet_forward",
    fund_charts.premium: "premium",
}
"""Chart → the table of the review that is read out at a year."""


def year_by_year(review: RateReview, t: Translator, chart: Chart) -> Any:
    """Return a chart in which a year can be read out and chosen."""
    rows = _rows(review, chart)
    by = "quarter" if "quarter" in rows else "period"
    return along(chart(review, t), rows, [c for c in rows if c != by], chosen("year"), t, by)


def _rows(review: RateReview, chart: Chart) -> pd.DataFrame:
    if chart is charts.fund_fan:
        return review.fund[["period", *BALANCES]]
    if chart is charts.payable_months:
        return charts.months_past_and_ahead(review)
    rows = review.tables[TABLES[chart]]
    return rows.drop(columns=["standard_error", "probability_below_floor", "probability_below_now"], errors="ignore")


def show_year(review: RateReview, t: Translator) -> None:
    """Read out the year in focus, with a way to let it go; say how a year is chosen where none is."""
    year = chosen("year")
    if year is None:
        st.caption(t("Click a year in a chart: it stands out in all charts and is read out here."))
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f":material/event: {plain_text(_said(review, year, t))}", width="content")
        let_go("year", t)


def _said(review: RateReview, year: str, t: Translator) -> str:
    ahead = review.fund[review.fund["period"] == year]
    if len(ahead):
        row, flow = ahead.iloc[0], review.flows[review.flows["period"] == year].iloc[0]
        return t(
            "{year}: premium {premium:money}, outgo {outgo:money}; at its end a balance of {median:money} (90%: {low:money} to {high:money}), {months:months} payable, fallen below the floor until then with probability {below:percent}.",
            year=year, premium=float(flow["collections_yuan"]), outgo=float(flow["outgo_yuan"]), median=float(row["balance_p50"]),
            low=float(row["balance_p05"]), high=float(row["balance_p95"]), months=float(row["payable_months_p50"]), below=float(row["probability_below_floor"]),
        )  # fmt: skip
    past = review.accounts[review.accounts["period"] == year]
    if past.empty:
        return t("{year} is not in this review.", year=year)
    row = past.iloc[0]
    return t(
        "{year}, accounts: income {income:money}, outgo {outgo:money}, balance {balance:money}.",
        year=year, income=float(row["revenue_yuan"]), outgo=float(row["expenditure_yuan"]), balance=float(row["balance_yuan"]),
    )  # fmt: skip
