"""基金: the balance ahead, what is paid for whom, premium earned, pensioners, the balance sheet."""

import streamlit as st

from analysis import charts
from analysis.fund import charts as fund_charts
from analysis.language import Translator
from analysis.rate_review import RateReview
from analysis.tables import TITLES
from app_pages.explain import how
from app_pages.state import page, show_table, translator


def table(review: RateReview, name: str, t: Translator) -> None:
    """Show a table of the review behind a click, where there is one."""
    if name in review.tables:
        with st.expander(t.say(TITLES[name])):
            show_table(review.tables[name], t, name)


def ahead(review: RateReview, t: Translator) -> None:
    st.altair_chart(fund_charts.balance_by_quarter(review, t), key="balance")
    how("fund_fan", review, t)
    left, right = st.columns(2)
    left.altair_chart(charts.payable_months(review, t), key="months")
    how("payable_months", review, t, place=left)
    right.altair_chart(charts.solvency_curve(review, t), key="solvency")
    how("probability_solvent", review, t, place=right)
    st.subheader(t("Risk early warning"))
    show_table(review.tables["early_warning"], t, "early_warning")
    with st.expander(t("Expected flows")):
        show_table(review.flows, t, "flows")
    for name in ("reserve", "fund_by_quarter", "backtest"):
        table(review, name, t)


def outgo(review: RateReview, t: Translator) -> None:
    st.altair_chart(fund_charts.outgo_by_benefit(review, t), key="benefits")
    st.altair_chart(fund_charts.outgo_by_cohort(review, t), key="cohorts")
    for name in ("outgo_by_benefit", "cohorts"):
        table(review, name, t)


def owed(review: RateReview, t: Translator) -> None:
    st.altair_chart(fund_charts.balance_sheet(review, t), key="sheet")
    how("surplus", review, t)
    left, right = st.columns(2)
    left.altair_chart(fund_charts.pensioners(review, t), key="pensioners")
    right.altair_chart(fund_charts.premium(review, t), key="premium")
    for name in ("balance_sheet_forward", "liabilities", "pensioners", "pensioners_ahead", "premium"):
        table(review, name, t)


def past(review: RateReview, t: Translator) -> None:
    show_table(review.accounts, t, "accounts")
    table(review, "on_level", t)


def body(review: RateReview, t: Translator) -> None:
    parts = {t("The fund ahead"): ahead}
    if "outgo_by_benefit" in review.tables:
        parts[t("What is paid")] = outgo
        parts[t("What is owed")] = owed
    parts[t("Accounts")] = past
    for tab, show in zip(st.tabs(list(parts)), parts.values(), strict=True):
        with tab:
            show(review, t)
    if "outgo_by_benefit" not in review.tables:
        st.info(
            t("Outgo by benefit, pensioners and the balance sheet need the ledgers: projects, cases and payments."),
            icon=":material/info:",
        )


t = translator()
page(t("Fund"), body, t)
