"""参数与依据: every parameter with its reference and mark; found, seen by date, changed for the scenario being tried."""

from datetime import date

import pandas as pd
import streamlit as st

from analysis.language import Translator
from analysis.own_parameters import as_text, changed, overlay_file, parameters_of
from analysis.parameter_table import history, parameter_rows
from analysis.rate_review import RateReview
from analysis.scenario import ParameterChange
from analysis.words import word
from app_pages import scenario_state as state
from app_pages.showing import plain_text
from app_pages.state import page, translator
from models.messages import InputError
from models.parameters import MARKS, Parameters


def body(review: RateReview, t: Translator) -> None:
    parameters = parameters_of(state.current())
    rows = parameter_rows(parameters, review, t)
    typed = st.text_input(t("Search"), key="parameter_search", max_chars=60, icon=":material/search:")
    wanted = typed.strip().lower()
    line = st.container(horizontal=True, vertical_alignment="bottom")
    marks = line.pills(
        t("Mark"),
        MARKS,
        selection_mode="multi",
        key="parameter_marks",
        format_func=lambda m: word(m, t),
        width="content",
    )
    used = line.toggle(t("Only those used here"), value=True, key="parameter_used", width="content")
    text = rows.astype("str").agg(" ".join, axis=1).str.lower()
    shown = rows[
        text.str.contains(wanted, regex=False) & (rows["mark"].isin(marks) | (not marks)) & (rows["used"] | (not used))
    ]
    st.caption(t("{count} parameters. Choose a row to see its history and to change it.", count=len(shown)))
    columns = {
        "label": t("Parameter"),
        "value": t("Value"),
        "unit": t("Unit of value"),
        "mark": t("Mark"),
        "reference": t("Reference"),
    }
    view = shown[list(columns)].assign(mark=[word(m, t) for m in shown["mark"]]).rename(columns=columns)
    picked = st.dataframe(
        view,
        hide_index=True,
        on_select="rerun",
        selection_mode="single-row",
        key="parameter_rows",
        height=380,
        alt=t("Parameters"),
    )
    chosen = [int(i) for i in picked["selection"]["rows"] if int(i) < len(shown)]
    names = list(parameters.entries)
    name = st.selectbox(
        t("Parameter to look at"),
        names,
        index=names.index(shown["name"].iloc[chosen[0]]) if chosen else None,
        format_func=lambda n: f"{parameters.parameter(n).description[t.language]} · {n}",
        placeholder=t("Choose"),
    )
    if name is not None:
        detail(parameters, name, review, t)
    own_values(t)


def detail(parameters: Parameters, name: str, review: RateReview, t: Translator) -> None:
    """Show one parameter: its values by date, and the form that gives it an own value."""
    one = parameters.parameter(name)
    st.subheader(plain_text(one.description[t.language]))
    if one.range is not None:
        st.caption(t("Allowed: {low} to {high}", low=t.number(one.range[0], 4), high=t.number(one.range[1], 4)))
    st.dataframe(history(one, t), hide_index=True, height="content")
    with st.form("own_value"):
        left, right = st.columns(2)
        value = left.text_input(t("Own value"), as_text(one.values[-1].value), max_chars=2000, key=f"own-{name}")
        since = right.date_input(
            t("In force from"),
            date(review.valuation_date.year, 1, 1),
            min_value=date(1990, 1, 1),
            format="YYYY-MM-DD",
            key=f"since-{name}",
        )
        reason = st.text_input(t("Why, and on whose authority"), max_chars=200, key=f"why-{name}")
        asked = st.form_submit_button(t("Use in this scenario"), type="primary", icon=":material/edit:")
    if asked:
        try:
            change = ParameterChange(name, value, since, reason)
            changed(parameters, change)
            others = [c for c in state.current().parameters if (c.name, c.since) != (name, since)]
            state.change("parameters", (*others, change))
            st.rerun()
        except InputError as error:
            st.error(plain_text(t.say(error)), icon=":material/warning:")


def own_values(t: Translator) -> None:
    """Show the own values of the scenario, each of which can be taken back, and all as an overlay file."""
    own = state.current().parameters
    if not own:
        return
    st.subheader(t("Own values in this scenario"))
    st.markdown(
        t(
            "They are part of the scenario: in its link, its file, the saved scenario and the report's list of assumptions."
        )
    )
    table = [
        {t("Parameter"): c.name, t("Value"): c.value, t("In force from"): c.since.isoformat(), t("Reason"): c.reason}
        for c in own
    ]
    st.dataframe(pd.DataFrame(table), hide_index=True, height="content")
    with st.container(horizontal=True):
        for position, change in enumerate(own):
            rest = (*own[:position], *own[position + 1 :])
            st.button(
                t("Take back {name}", name=change.name),
                key=f"back-{position}",
                on_click=state.change,
                args=("parameters", rest),
            )
        st.download_button(
            t("Download as an overlay file"),
            overlay_file(own),
            file_name="overlay.yaml",
            icon=":material/download:",
            on_click="ignore",
        )


t = translator()
page(t("Parameters and sources"), body, t)
