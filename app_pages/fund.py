"""基金: the balance ahead, what is paid for whom, premium earned, pensioners, the balance sheet."""

import streamlit as st

from analysis import charts
from analysis.fund import charts as fund_charts
from analysis.language import Translator
from analysis.linking import until
from analysis.rate_review import RateReview
from analysis.tables import TITLES
from app_pages.explain import how
from app_pages.linked import chosen, show_linked
from app_pages.showing import show_chart
from app_pages.state import page, show_table, translator
from app_pages.years import show_year, year_by_year


def table(review: RateReview, name: str, t: Translator) -> None:
    """Show a table of the review behind a click, where there is one."""
    if name in review.tables:
        with st.expander(t.say(TITLES[name])):
            show_table(review.tables[name], t, name)


def ahead(review: RateReview, t: Translator) -> None:
    show_linked(year_by_year(review, t, fund_charts.balance_by_quarter), "year", t, "balance")
    show_year(review, t)
    how("fund_fan", review, t)
    left, right = st.columns(2)
    show_linked(year_by_year(review, t, charts.payable_months), "year", t, "months", left)
    how("payable_months", review, t, place=left)
    show_chart(until(charts.solvency_curve(review, t), review, chosen("year"), t), t, "solvency", right)
    how("probability_solvent", review, t, place=right)
    st.subheader(t("Risk early warning"))
    how("early_warning", review, t)
    show_table(review.tables["early_warning"].rename(columns={"value": "reading"}), t, "early_warning")
    with st.expander(t("Expected flows")):
        show_table(review.flows, t, "flows")
    for name in ("reserve", "fund_by_quarter", "risk", "exhaustion", "backtest"):
        table(review, name, t)


def outgo(review: RateReview, t: Translator) -> None:
    show_linked(year_by_year(review, t, fund_charts.outgo_by_benefit), "year", t, "benefits")
    show_linked(year_by_year(review, t, fund_charts.outgo_by_cohort), "year", t, "cohorts")
    how("outgo", review, t)
    for name in ("outgo_by_benefit", "cohorts"):
        table(review, name, t)


def owed(review: RateReview, t: Translator) -> None:
    show_linked(year_by_year(review, t, fund_charts.balance_sheet), "year", t, "sheet")
    how("surplus", review, t)
    left, right = st.columns(2)
    show_chart(fund_charts.pensioners(review, t), t, "pensioners", left)
    show_linked(year_by_year(review, t, fund_charts.premium), "year", t, "premium", right)
    how("earned", review, t, place=right)
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
