"""参数与依据: every parameter that the review depends on, with its reference and mark."""

import streamlit as st

from analysis.language import Translator
from analysis.rate_review import RateReview
from app_pages.showing import assumption_rows
from app_pages.state import page, translator


def body(review: RateReview, t: Translator) -> None:
    st.markdown(t("These values were used. All of them, with their history: python start.py guide."))
    st.dataframe(assumption_rows(review.assumptions, t), hide_index=True, height="content")


t = translator()
page(t("Parameters and sources"), body, t)
