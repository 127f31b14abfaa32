"""收支平衡: the indicated rate on each financing basis and its parts."""

import streamlit as st

from analysis import charts
from analysis.language import Translator
from analysis.rate_review import RateReview
from app_pages.state import page, translator


def body(review: RateReview, t: Translator) -> None:
    st.altair_chart(charts.indicated_rates(review, t), key="indicated")
    for basis, indicated in review.indicated.items():
        with st.expander(t.say(charts.BASIS_NAMES[basis]), expanded=basis == review.best.basis):
            st.dataframe(
                indicated.parts.assign(rate=indicated.parts["rate"] * 1e3).rename(columns={"part": t("Part"), "rate": t("‰ of total cost")}),
                hide_index=True,
            )


t = translator()
page(t("Break-even"), body, t)
