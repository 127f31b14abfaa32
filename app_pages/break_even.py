"""收支平衡: the indicated rate on each financing basis and its parts; what moved since the last review; what was expected of the closed year."""

import json

import streamlit as st

from analysis import charts
from analysis.fund.words import BASIS_NAMES
from analysis.hindsight import reconciliation_charts
from analysis.hindsight.actual_expected import actual_expected, in_units
from analysis.hindsight.reconciliation import reconcile
from analysis.language import Translator
from analysis.questions import charts as stress_charts
from analysis.rate_review import RateReview
from analysis.tables import cells_table, indicated_table
from analysis.words import word
from app_pages.explain import how
from app_pages.showing import plain_text, show_chart, show_table
from app_pages.state import page, translator
from app_pages.stopping import progress_and_stop
from models.messages import InputError


def body(review: RateReview, t: Translator) -> None:
    show_chart(charts.indicated_rates(review, t), t, "indicated")
    show_table(indicated_table(review, t), t, "indicated")
    for basis, indicated in review.indicated.items():
        with st.expander(t.say(BASIS_NAMES[basis]), expanded=basis == review.best.basis):
            how(basis, review, t)
            show_table(indicated.parts, t, f"parts_{basis}")
            if indicated.payroll_rate is not None:
                st.markdown(t("As a share of payroll: {rate:percent.2}", rate=indicated.payroll_rate))
                how("payroll_rate", review, t, key=basis)
            for dimension, frame in indicated.by.items():
                show_table(cells_table(review, basis, frame), t, f"{basis}_{dimension}", title=word(dimension, t))
    st.subheader(t("Rate needed to stay above the floor"))
    show_chart(stress_charts.required_distribution(review, t), t, "required")
    how("required_rate", review, t)
    show_table(review.required_rate, t, "required_rate")
    since_last(review, t)
    closed_year(review, t)
    if review.credibility is not None:
        st.subheader(t("Units and their credibility"))
        how("credibility", review, t)
        show_table(review.credibility.units.nlargest(200, "exposure_yuan"), t, "units")


def since_last(review: RateReview, t: Translator) -> None:
    """Reconciliation with an uploaded review.json: it calculates the last review again, so that it runs on a button."""
    st.subheader(t("What moved since the last review"))
    file = st.file_uploader(t("review.json of the last review"), type="json", key="last_review")
    if file is None:
        st.markdown(
            t("Choose the file review.json that the last review left; the change is then explained driver by driver.")
        )
        return
    key = (file.file_id, review.book.fingerprint, review.scenario)
    if st.button(t("Explain the change"), icon=":material/waterfall_chart:"):
        try:
            previous = json.loads(file.getvalue())
            if not isinstance(previous, dict):
                raise ValueError
            with progress_and_stop("reconcile", t) as progress:
                found = reconcile(st.session_state["book_in_use"], review.scenario, previous, progress)
                st.session_state["reconciliation"] = (key, found)
        except InputError as error:
            st.error(plain_text(t.say(error)), icon=":material/warning:")
        except ValueError:
            st.error(t("This file is not a review.json of this program."), icon=":material/warning:")
    known, found = st.session_state.get("reconciliation", (None, None))
    if known == key:
        how("reconciliation", review, t)
        for basis in found.table["basis"].unique():
            show_chart(reconciliation_charts.waterfall(found.of(basis), basis, t), t, f"waterfall_{basis}")
            show_table(found.of(basis), t, f"reconciliation_{basis}")
        for note in found.notes:
            st.markdown("- " + plain_text(t.say(note)))


def closed_year(review: RateReview, t: Translator) -> None:
    st.subheader(t("Actual against expected in the closed year"))
    key = ("expected", review.book.fingerprint, review.scenario)
    if st.button(t("Compare the closed year with what was expected"), icon=":material/rule:"):
        try:
            with progress_and_stop("expected", t) as progress:
                asked = st.session_state["scenario_in_use"]
                table = actual_expected(st.session_state["book_in_use"], asked, progress)
                st.session_state["actual_expected"] = (key, table)
        except InputError as error:
            st.info(plain_text(t.say(error)))
    known, table = st.session_state.get("actual_expected", (None, None))
    if known == key:
        show_chart(reconciliation_charts.actual_expected(table, table.attrs["closed"], t), t, "expected")
        how("actual_expected", review, t)
        amounts, persons = in_units(table)
        show_table(amounts, t, "actual_expected", height="content")
        if len(persons):
            show_table(persons, t, "actual_expected_persons", title=t("Cases and deaths"))
        st.markdown(
            t(
                "Expected by the review that stands at the end of {year} on what was known then. Green: inside the 90% interval; amber: inside 99%; red: outside.",
                year=str(table.attrs["stood_at"]),
            )
        )


t = translator()
page(t("Break-even"), body, t)
