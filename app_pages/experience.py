"""出险与成本: the experience of the book, developed to ultimate."""

import streamlit as st

from analysis import charts
from analysis.language import Translator
from analysis.rate_review import RateReview
from analysis.tables import for_readers
from app_pages.state import page, translator


def body(review: RateReview, t: Translator) -> None:
    if "experience" not in review.tables:
        st.info(
            t("The book holds accounts only: exposure, frequency and severity are not known."),
            icon=":material/upload_file:",
        )
        return
    st.subheader(t("Experience by year"))
    st.dataframe(for_readers(review.tables["experience"], t), hide_index=True)
    if "development" not in review.tables:
        st.info(
            t("The ledgers (projects, cases, payments) would tell how immature years develop."),
            icon=":material/upload_file:",
        )
        return
    st.altair_chart(charts.development(review, t), key="development")
    with st.expander(t("Cost of accidents developed to ultimate, by injury year")):
        st.dataframe(for_readers(review.tables["development"], t), hide_index=True)
    for dimension, frame in review.best.by.items():
        st.altair_chart(charts.cells(review, dimension, frame, t), key=f"cells-{dimension}")


t = translator()
page(t("Accidents and cost"), body, t)
