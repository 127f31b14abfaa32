"""方案比较: options for the rate, stress scenarios, reverse stress."""

import streamlit as st

from analysis import charts
from analysis.language import Translator
from analysis.rate_review import RateReview
from analysis.tables import for_readers
from app_pages.state import page, translator


def body(review: RateReview, t: Translator) -> None:
    st.subheader(t("Options for the rate"))
    st.dataframe(for_readers(review.tables["options"], t), hide_index=True)
    st.altair_chart(charts.stress(review, t), key="stress")
    with st.expander(t("Stress scenarios and single changes")):
        st.dataframe(for_readers(review.tables["stress"], t), hide_index=True)
    st.subheader(t("Reverse stress: the smallest lasting shock that makes failure likely"))
    st.dataframe(for_readers(review.tables["reverse_stress"], t), hide_index=True)
    st.markdown(t("A dash: no shock of that kind up to the bound searched does it."))


t = translator()
page(t("Options and stress"), body, t, whole=True)
