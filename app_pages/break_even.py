"""收支平衡: the indicated rate on each financing basis and its parts."""

import streamlit as st

from analysis import charts
from analysis.language import Translator
from analysis.rate_review import RateReview
from analysis.tables import for_readers
from analysis.words import word
from app_pages.state import page, translator


def body(review: RateReview, t: Translator) -> None:
    st.altair_chart(charts.indicated_rates(review, t), key="indicated")
    for basis, indicated in review.indicated.items():
        with st.expander(t.say(charts.BASIS_NAMES[basis]), expanded=basis == review.best.basis):
            st.dataframe(for_readers(indicated.parts, t), hide_index=True)
            if indicated.payroll_rate is not None:
                st.markdown(t("As a share of payroll: {rate:percent.2}", rate=indicated.payroll_rate))
            for dimension, frame in indicated.by.items():
                st.markdown(f"**{word(dimension, t)}**")
                st.dataframe(for_readers(frame, t), hide_index=True)
    st.subheader(t("Rate needed to stay above the floor"))
    st.dataframe(for_readers(review.required_rate, t), hide_index=True)
    if review.credibility is not None:
        st.subheader(t("Units and their credibility"))
        st.dataframe(for_readers(review.credibility.units.nlargest(200, "exposure_yuan"), t), hide_index=True)


t = translator()
page(t("Break-even"), body, t)
