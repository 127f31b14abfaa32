"""方案比较: options for the rate, named stress scenarios, what moves the answer, what would break the fund."""

from collections.abc import Mapping

import pandas as pd
import streamlit as st

from analysis import charts
from analysis.hindsight import warning_charts
from analysis.hindsight.standing_back import standing_back
from analysis.language import Translator
from analysis.questions import charts as stress_charts
from analysis.questions.asked import rate_path_options, variance_shares
from analysis.questions.rate_paths import NAMES
from analysis.rate_review import RateReview
from analysis.review import Prepared
from app_pages.explain import how
from app_pages.reviews import what_moves_it
from app_pages.showing import plain_text, show_chart, show_table
from app_pages.state import page, prepared_for, translator
from app_pages.stopping import progress_and_stop
from models.messages import InputError


def body(review: RateReview, t: Translator) -> None:
    st.subheader(t("Options for the rate"))
    how("options", review, t)
    show_table(review.tables["options"], t, "options")
    st.subheader(t("What could happen"))
    show_chart(charts.stress(review, t), t, "stress")
    how("stress", review, t)
    with st.expander(t("Stress scenarios")):
        show_table(review.tables["stress"], t, "stress")
    with st.spinner(t("Calculating …")):
        tables = what_moves_it(st.session_state["book_in_use"], prepared(), review.scenario)
    st.subheader(t("What moves the answer"))
    show_chart(stress_charts.tornado(tables["tornado"], t), t, "tornado")
    how("tornado", review, t)
    with st.expander(t("Single drivers low and high")):
        show_table(tables["tornado"], t, "tornado")
    shares(review, t)
    reverse(review, tables, t)
    phasing(review, t)
    warning(review, t)


def prepared() -> Prepared:
    return prepared_for(st.session_state["book_in_use"], st.session_state["scenario_in_use"])


def shares(review: RateReview, t: Translator) -> None:
    """Variance shares: slow, so on a button; the result stays until the scenario changes."""
    st.markdown(t("All drivers at once, with their interactions: which of them makes the rate uncertain?"))
    key = ("shares", review.book.fingerprint, review.scenario)
    if st.button(t("Calculate the shares of the uncertainty"), icon=":material/donut_large:"):
        with progress_and_stop("shares", t) as progress:
            st.session_state["variance_shares"] = (key, variance_shares(prepared(), review.scenario, progress))
    known, table = st.session_state.get("variance_shares", (None, None))
    if known == key:
        left, right = st.columns(2)
        show_chart(stress_charts.variance_shares(table, t), t, "shares_rate", left)
        show_chart(stress_charts.variance_shares(table, t, "closing_yuan"), t, "shares_closing", right)
        how("variance_shares", review, t)
        with st.expander(t("The figures")):
            show_table(table, t, "variance_shares")


def reverse(review: RateReview, tables: Mapping[str, pd.DataFrame], t: Translator) -> None:
    saves = review.probability_solvent < 0.5
    title = t("What would save the fund") if saves else t("Reverse stress: what would break the fund")
    st.subheader(title)
    if saves:
        st.markdown(
            t(
                "At this rate the fund is more likely than not to fall below its floor: asked is the smallest change that saves it."
            )
        )
    if "joint_reverse_stress" in tables:
        show_chart(stress_charts.joint_shock(tables["joint_reverse_stress"], t, saves), t, "joint")
        show_table(tables["joint_reverse_stress"], t, "joint_reverse_stress")
    how("reverse_stress", review, t)
    show_table(tables["reverse_stress"], t, "reverse_stress", title=t("Each driver alone"))
    st.markdown(
        t("Each driver alone, lasting to the end. A dash: no change of that kind up to the bound searched does it.")
    )


def phasing(review: RateReview, t: Translator) -> None:
    """Rate paths: slow, so on a button; the result stays until the scenario changes."""
    st.subheader(t("Step by step: rate paths"))
    cap = st.slider(t("Largest change of the rate a year (%)"), 5, 100, 20, 5, key="cap", bind="query-params") / 100
    key = ("paths", review.book.fingerprint, review.scenario, cap)
    if st.button(t("Calculate the rate paths"), icon=":material/stairs:"):
        with progress_and_stop("paths", t) as progress:
            st.session_state["rate_paths"] = (key, rate_path_options(prepared(), review.scenario, cap, progress))
    known, found = st.session_state.get("rate_paths", (None, None))
    if known == key:
        show_chart(stress_charts.rate_paths(found, t), t, "paths")
        how("rate_paths", review, t)
        show_table(found.table.rename(columns={"rate": "last_rate"}), t, "rate_paths")
        for name in found.unreachable:
            st.markdown("- " + t("{path}: no rates within this change a year are safe enough.", path=NAMES[name]))
        st.markdown(
            t(
                "Cheapest: the lowest present value of premium; never below the rate in force. On the same paths of the fund, without stage cuts."
            )
        )


def warning(review: RateReview, t: Translator) -> None:
    """Early warning, and what it would have said at past year-ends (a button: every past review is made again)."""
    st.subheader(t("Risk early warning"))
    how("early_warning", review, t)
    show_table(review.tables["early_warning"].rename(columns={"value": "reading"}), t, "early_warning")
    if "early_warning_by_prefecture" in review.tables:
        by_place = review.tables["early_warning_by_prefecture"]
        show_chart(warning_charts.by_prefecture(by_place, t), t, "prefectures")
        with st.expander(t("Risk early warning by prefecture")):
            show_table(by_place.rename(columns={"value": "reading"}), t, "early_warning_by_prefecture")
    if "first_alarms" in review.tables:
        show_table(review.tables["first_alarms"], t, "first_alarms", title=t("When the indicators first rang"))
        st.caption(
            t(
                "Years of warning: from the first amber to the year in which outgo first exceeded premium; below zero, the indicator rang only after it."
            )
        )
    key = ("back", review.book.fingerprint, review.scenario)
    if st.button(t("Stand at every past year-end"), icon=":material/history:"):
        try:
            with progress_and_stop("back", t) as progress:
                asked = st.session_state["scenario_in_use"]
                back = standing_back(st.session_state["book_in_use"], asked, progress)
                st.session_state["standing_back"] = (key, back)
        except InputError as error:
            st.info(plain_text(t.say(error)))
    known, back = st.session_state.get("standing_back", (None, None))
    if known == key:
        left, right = st.columns(2)
        show_chart(warning_charts.next_year(back.flows, t), t, "back_outgo", left)
        show_chart(warning_charts.next_year(back.flows, t, "exposure"), t, "back_exposure", right)
        show_table(back.coverage, t, "coverage_of_intervals", title=t("How often the outcome came inside"))
        rates = back.rates.rename(columns={"actual": "came_rate"})
        show_table(rates, t, "rates_then", title=t("The indicated rate then, and what the next year cost"))
        show_table(back.alarms, t, "alarms_then", title=t("The alarm as it stood then"))


t = translator()
page(t("Options and stress"), body, t, whole=True)
