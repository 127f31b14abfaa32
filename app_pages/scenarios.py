"""已存方案: scenarios saved in the book, side by side; loaded into the sidebar, shared, locked, exported and imported as YAML."""

from dataclasses import replace
from urllib.parse import urlencode

import pandas as pd
import streamlit as st

from analysis import charts
from analysis.language import Translator
from analysis.rate_review import RateReview
from analysis.scenario import Scenario, from_yaml, to_yaml
from analysis.scenario_link import refuse_files, to_link
from app_pages.access import actor, may, refuse
from app_pages.reviews import conclude, prepared_for
from app_pages.scenario_state import change_to
from app_pages.showing import moment, plain_text, show_chart, show_table
from app_pages.sidebar import share_link
from app_pages.state import page, translator
from data.book import Book
from models.messages import InputError

SEEN = "scenarios_seen"
"""Name → number of the newest scenario that this session has shown: what may be put over, knowingly."""


def compared(book: Book, saved: dict[str, Scenario]) -> pd.DataFrame:
    """Return a row a scenario; one that this book cannot answer has no figures."""
    rows = []
    for name, scenario in saved.items():
        try:
            result = conclude(prepared_for(book, scenario), scenario)
        except InputError:
            rows.append({"option": name})
            continue
        rows.append(
            {
                "option": name,
                "rate": result.scenario.base_rate,
                "own_rate": result.best.rate,
                "probability": result.probability_solvent,
                "closing_yuan": float(result.fund["balance_p50"].iloc[-1]),
                "payable_months_p50": float(result.fund["payable_months_p50"].iloc[-1]),
                "probability_below_floor": float(result.fund["probability_below_floor"].iloc[-1]),
            }
        )
    return pd.DataFrame(rows)


def keep(book: Book, scenario: Scenario, author: str, t: Translator) -> None:
    """Save a scenario under its name; a conflict is said and nothing is covered."""
    seen = st.session_state.get(SEEN, {})
    book.save_scenario(scenario.name, to_yaml(scenario), author, scenario.note, seen.get((book.name, scenario.name), 0))
    book.log("scenario", scenario.name, author)
    if scenario.name not in st.session_state.get("compared", [scenario.name]):
        st.session_state["compared"] = [*st.session_state["compared"], scenario.name]
    st.toast(t("Saved."))


def saver(book: Book, scenario: Scenario, t: Translator) -> None:
    if refuse("save", t):
        return
    with st.form("save", clear_on_submit=False):
        name = st.text_input(t("Name of the scenario"), max_chars=60)
        note = st.text_input(t("Note"), max_chars=300)
        author = actor() or st.text_input(t("Author"), max_chars=60)
        asked = st.form_submit_button(t("Save what the sidebar shows"), type="primary")
    if asked and not name.strip():
        st.warning(t("Give the scenario a name."), icon=":material/edit:")
    try:
        if asked and name.strip():
            keep(book, replace(scenario, name=name.strip()[:60], note=note[:300]), author[:60], t)
        with st.expander(t("Import a scenario (.yaml)"), icon=":material/upload:"):
            given = st.file_uploader(
                t("Scenario file, written by this page or by hand"), type=["yaml", "yml"], key="scenario_file"
            )
            if given is not None and st.button(t("Import"), key="import_scenario"):
                keep(
                    book,
                    refuse_files(from_yaml(given.getvalue().decode("utf-8-sig", errors="replace"))),
                    author[:60],
                    t,
                )
    except InputError as error:
        fields = dict(error.message.fields)
        if "time" in fields:
            fields["time"] = moment(fields["time"])
        st.error(plain_text(t(error.message.text, **fields)), icon=":material/warning:")


def one_saved(book: Book, row: pd.Series, scenario: Scenario, t: Translator) -> None:
    """Show one saved scenario and what can be done with it."""
    name, number = str(row["name"]), int(row["scenario_id"])
    with st.expander(plain_text(name), icon=":material/lock:" if row["locked_at"] else ":material/bookmark:"):
        said = [moment(row["saved_at"]), str(row["author"] or ""), str(row["note"] or "")]
        if row["locked_at"]:
            said.append(t("locked at {time}", time=moment(row["locked_at"])))
        st.markdown(plain_text(" · ".join(filter(None, said))))
        with st.container(horizontal=True):
            st.button(
                t("Load into the sidebar"),
                key=f"load-{name}",
                on_click=change_to,
                args=(scenario,),
                icon=":material/input:",
            )
            st.download_button(
                t("Download {name}", name="YAML"),
                str(row["content"]),
                file_name=f"{number}.yaml",
                key=f"yaml-{name}",
                icon=":material/download:",
            )
            if not row["locked_at"] and may("lock"):
                help_text = t("Once locked it can no longer change under its name.")
                if st.button(t("Lock"), key=f"lock-{name}", help=help_text, icon=":material/lock:"):
                    book.lock_scenario(name)
                    book.log("lock", name, actor())
                    st.rerun()
        st.code(
            f"{share_link(t).partition('?')[0]}?{urlencode({'book': st.query_params.get('book', ''), **to_link(scenario)})}",
            language=None,
            wrap_lines=True,
        )


def body(review: RateReview, t: Translator) -> None:
    book, scenario = st.session_state["book_in_use"], st.session_state["scenario_in_use"]
    saver(book, scenario, t)
    try:
        kept = book.scenarios()
        saved = {str(row["name"]): from_yaml(str(row["content"])) for _, row in kept.iterrows()}
    except InputError as error:
        st.error(plain_text(t.say(error)), icon=":material/warning:")
        return
    st.session_state[SEEN] = {(book.name, str(row["name"])): int(row["scenario_id"]) for _, row in kept.iterrows()}
    if kept.empty:
        st.info(
            t("No scenario is saved in this book yet. Move the sliders, name the scenario, save it."),
            icon=":material/bookmark_add:",
        )
        return
    st.subheader(t("Side by side"))
    chosen = st.multiselect(
        t("Scenarios to compare"), list(saved), default=list(saved)[-5:], key="compared", placeholder=t("Choose")
    )
    if chosen:
        table = compared(book, {name: saved[name] for name in chosen})
        if "rate" in table:
            show_chart(charts.scenarios(table, review, t), t, "scenario_chart")
        show_table(table.rename(columns={"own_rate": "indicated_rate"}), t, "scenarios")
    for _, row in kept.iloc[::-1].iterrows():
        one_saved(book, row, saved[str(row["name"])], t)


t = translator()
page(t("Saved scenarios"), body, t)
