"""方案比较: options for the rate, named stress scenarios, what moves the answer, what would break the fund."""

from collections.abc import Mapping

import pandas as pd
import streamlit as st

from analysis import charts, stress_charts
from analysis.language import Translator
from analysis.questions import rate_path_options, variance_shares
from analysis.rate_paths import NAMES
from analysis.rate_review import RateReview
from analysis.review import Prepared
from analysis.tables import for_readers
from app_pages.reviews import what_moves_it
from app_pages.state import page, prepared_for, translator


def body(review: RateReview, t: Translator) -> None:
    st.subheader(t("Options for the rate"))
    st.dataframe(for_readers(review.tables["options"], t), hide_index=True)
    st.subheader(t("What could happen"))
    st.altair_chart(charts.stress(review, t), key="stress")
    with st.expander(t("Stress scenarios")):
        st.dataframe(for_readers(review.tables["stress"], t), hide_index=True)
    with st.spinner(t("Calculating …")):
        tables = what_moves_it(st.session_state["book_in_use"], prepared(), review.scenario)
    st.subheader(t("What moves the answer"))
    st.altair_chart(stress_charts.tornado(tables["tornado"], t), key="tornado")
    with st.expander(t("Single drivers low and high")):
        st.dataframe(for_readers(tables["tornado"], t), hide_index=True)
    shares(review, t)
    reverse(tables, review.probability_solvent < 0.5, t)
    phasing(review, t)


def prepared() -> Prepared:
    return prepared_for(st.session_state["book_in_use"], st.session_state["scenario_in_use"])


def shares(review: RateReview, t: Translator) -> None:
    """Variance shares: slow, so on a button; the result stays until the scenario changes."""
    st.markdown(t("All drivers at once, with their interactions: which of them makes the rate uncertain?"))
    key = ("shares", review.book.fingerprint, review.scenario)
    if st.button(t("Calculate the shares of the uncertainty"), icon=":material/donut_large:"):
        bar = st.progress(0.0, t("Calculating …"))
        st.session_state["variance_shares"] = (key, variance_shares(prepared(), review.scenario, bar.progress))
        bar.empty()
    known, table = st.session_state.get("variance_shares", (None, None))
    if known == key:
        left, right = st.columns(2)
        left.altair_chart(stress_charts.variance_shares(table, t), key="shares_rate")
        right.altair_chart(stress_charts.variance_shares(table, t, "closing_yuan"), key="shares_closing")


def reverse(tables: Mapping[str, pd.DataFrame], saves: bool, t: Translator) -> None:
    title = t("What would save the fund") if saves else t("Reverse stress: what would break the fund")
    st.subheader(title)
    if saves:
        st.markdown(
            t(
                "At this rate the fund is more likely than not to fall below its floor: asked is the smallest change that saves it."
            )
        )
    if "joint_reverse_stress" in tables:
        st.altair_chart(stress_charts.joint_shock(tables["joint_reverse_stress"], t, saves), key="joint")
    st.dataframe(for_readers(tables["reverse_stress"], t), hide_index=True)
    st.markdown(
        t("Each driver alone, lasting to the end. A dash: no change of that kind up to the bound searched does it.")
    )


def phasing(review: RateReview, t: Translator) -> None:
    """Rate paths: slow, so on a button; the result stays until the scenario changes."""
    st.subheader(t("Step by step: rate paths"))
    cap = st.slider(t("Largest change of the rate a year (%)"), 5, 100, 20, 5, key="cap", bind="query-params") / 100
    key = ("paths", review.book.fingerprint, review.scenario, cap)
    if st.button(t("Calculate the rate paths"), icon=":material/stairs:"):
        with st.spinner(t("Calculating …")):
            st.session_state["rate_paths"] = (key, rate_path_options(prepared(), review.scenario, cap))
    known, found = st.session_state.get("rate_paths", (None, None))
    if known == key:
        st.altair_chart(stress_charts.rate_paths(found, t), key="paths")
        st.dataframe(for_readers(found.table, t), hide_index=True)
        for name in found.unreachable:
            st.markdown("- " + t("{path}: no rates within this change a year are safe enough.", path=NAMES[name]))
        st.markdown(
            t(
                "Cheapest: the lowest present value of premium; never below the rate in force. On the same paths of the fund, without stage cuts."
            )
        )


t = translator()
page(t("Options and stress"), body, t, whole=True)
