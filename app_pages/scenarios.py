"""已存方案: scenarios saved in the book, side by side; loaded into the sidebar, locked, exported and imported as YAML."""

from dataclasses import replace

import pandas as pd
import streamlit as st

from analysis.language import Translator
from analysis.rate_review import RateReview
from analysis.review import conclude
from analysis.scenario import Scenario, from_yaml, to_yaml
from analysis.tables import for_readers
from app_pages.access import actor, may, refuse
from app_pages.scenario_state import change_to
from app_pages.state import page, plain_text, prepared_for, translator
from data.book import Book
from models.messages import InputError


def compared(book: Book, saved: dict[str, Scenario]) -> pd.DataFrame:
    rows = []
    for name, scenario in saved.items():
        result = conclude(prepared_for(book, scenario), scenario)
        rows.append(
            {
                "option": name,
                "rate": result.scenario.base_rate,
                "own_rate": result.best.rate,
                "probability": result.probability_solvent,
                "closing_yuan": float(result.fund["balance_p50"].iloc[-1]),
                "payable_months_p50": float(result.fund["payable_months_p50"].iloc[-1]),
            }
        )
    return pd.DataFrame(rows)


def saver(book: Book, scenario: Scenario, t: Translator) -> None:
    if refuse("save", t):
        return
    with st.form("save", clear_on_submit=True):
        name = st.text_input(t("Name of the scenario"), max_chars=60)
        note = st.text_input(t("Note"), max_chars=300)
        author = actor() or st.text_input(t("Author"), max_chars=60)
        if st.form_submit_button(t("Save what the sidebar shows"), type="primary") and name.strip():
            book.save_scenario(name.strip(), to_yaml(replace(scenario, name=name.strip(), note=note)), author, note)
            book.log("scenario", name.strip(), author)
            st.toast(t("Saved."))
    given = st.file_uploader(t("Import a scenario (.yaml)"), type=["yaml", "yml"], key="scenario_file")
    if given is not None and st.button(t("Import"), key="import_scenario"):
        imported = from_yaml(given.getvalue().decode("utf-8-sig", errors="replace"))
        book.save_scenario(imported.name, to_yaml(imported), "", imported.note)
        st.toast(t("Saved."))


def body(review: RateReview, t: Translator) -> None:
    book, scenario = st.session_state["book_in_use"], st.session_state["scenario_in_use"]
    try:
        saver(book, scenario, t)
        kept = book.scenarios()
        if kept.empty:
            st.info(
                t("No scenario is saved in this book yet. Move the sliders, name the scenario, save it."),
                icon=":material/bookmark_add:",
            )
            return
        saved = {str(row.name): from_yaml(str(row.content)) for row in kept.itertuples(index=False)}
        st.subheader(t("Side by side"))
        st.dataframe(for_readers(compared(book, saved), t), hide_index=True)
        for row in kept.itertuples(index=False):
            name = str(row.name)
            label = name + (" 🔒" if row.locked_at else "")
            with st.expander(plain_text(label)):
                st.markdown(plain_text(f"{row.saved_at} · {row.author or ''} · {row.note or ''}"))
                left, middle, right = st.columns(3)
                left.button(t("Load into the sidebar"), key=f"load-{name}", on_click=change_to, args=(saved[name],))
                middle.download_button(
                    t("Download {name}", name="YAML"),
                    str(row.content),
                    file_name=f"{row.scenario_id}.yaml",
                    key=f"yaml-{name}",
                )
                if (
                    not row.locked_at
                    and may("lock")
                    and right.button(
                        t("Lock"), key=f"lock-{name}", help=t("A report was made from it: it must not change.")
                    )
                ):
                    book.lock_scenario(name)
                    st.rerun()
    except InputError as error:
        st.error(plain_text(t.say(error)), icon=":material/warning:")


t = translator()
page(t("Saved scenarios"), body, t)
