"""浮动费率: the chosen plan on the book's own contractors, who moves, all plans side by side."""

import streamlit as st

from analysis import charts
from analysis.language import Translator
from analysis.rate_review import RateReview
from analysis.tables import for_readers
from app_pages.state import page, plain_text, translator


def body(review: RateReview, t: Translator) -> None:
    floating = review.floating
    if floating is None:
        st.info(
            t(
                "Floating plans rate contractors. Import experience by contractor and year (施工单位, 年度, 总造价, 保费, 工伤人数, 待遇支出) or the ledgers."
            ),
            icon=":material/upload_file:",
        )
        return
    left, right = st.columns(2)
    left.metric(t("Premium after floating ÷ before"), t.percent(floating.off_balance), border=True, height="stretch")
    right.metric(
        t("The base rate would have to be multiplied by"),
        t.number(1 / floating.off_balance, 3),
        border=True,
        height="stretch",
    )
    for message in floating.warnings:
        st.markdown(plain_text(t.say(message)))
    st.altair_chart(charts.floating_steps(review, t), key="steps")
    if len(floating.quintiles):
        st.altair_chart(charts.quintiles(review, t), key="quintiles")
    st.subheader(t("Who moves most"))
    st.dataframe(for_readers(floating.movers, t), hide_index=True)
    if "plans" in review.tables:
        st.subheader(t("Floating plans side by side"))
        st.markdown(
            t(
                "Gini: how well last year's losses follow the multipliers of the years before; where intervals overlap, no plan is shown to be better."
            )
        )
        st.dataframe(for_readers(review.tables["plans"], t), hide_index=True)


t = translator()
page(t("Floating rates"), body, t, whole=True)
