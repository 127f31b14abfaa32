"""基金: balance, payable months, solvency."""

import streamlit as st

from analysis import charts
from analysis.language import Translator
from analysis.rate_review import RateReview
from analysis.tables import for_readers
from app_pages.state import page, translator


def body(review: RateReview, t: Translator) -> None:
    st.altair_chart(charts.fund_fan(review, t), key="fan")
    left, right = st.columns(2)
    left.altair_chart(charts.payable_months(review, t), key="months")
    right.altair_chart(charts.solvency_curve(review, t), key="solvency")
    st.subheader(t("Risk early warning"))
    st.dataframe(for_readers(review.tables["early_warning"], t), hide_index=True)
    st.subheader(t("Accounts"))
    st.dataframe(for_readers(review.accounts, t), hide_index=True)
    st.subheader(t("Expected flows"))
    st.dataframe(for_readers(review.flows, t), hide_index=True)
    if "backtest" in review.tables:
        with st.expander(t("What would have been said at past year-ends, and what came")):
            st.dataframe(for_readers(review.tables["backtest"], t), hide_index=True)


t = translator()
page(t("Fund"), body, t)
