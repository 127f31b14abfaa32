"""What every page shares: the reader's language, the book, the scenario being tried, and the review of both."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import date
from typing import Any

import streamlit as st

from analysis.language import Translator
from analysis.rate_review import RateReview
from analysis.review import all_assumptions
from analysis.scenario import Scenario
from app_pages.books import ROOT, book_choices, book_in_use, book_name, choose_book
from app_pages.languages import LANGUAGE_LABELS, translator
from app_pages.reviews import QUICK_PATHS, Job, conclude, options_and_stress, prepared_for, prepared_soon
from app_pages.scenario_state import current, start, write_link
from app_pages.showing import plain_text, show_provenance, show_table, template_buttons
from app_pages.sidebar import scenario_inputs
from data.parameters import load_parameters
from models.messages import InputError, Message

__all__ = [
    "LANGUAGE_LABELS",
    "ROOT",
    "book_choices",
    "book_name",
    "choose_book",
    "page",
    "plain_text",
    "prepared_for",
    "show_table",
    "template_buttons",
    "translator",
]

PAGES: Mapping[str, tuple[Message, str]] = {
    "overview": (Message("Overview"), ":material/balance:"),
    "data": (Message("Data"), ":material/database:"),
    "coverage": (Message("Coverage and returns"), ":material/fact_check:"),
    "experience": (Message("Accidents and cost"), ":material/healing:"),
    "break_even": (Message("Break-even"), ":material/target:"),
    "floating": (Message("Floating rates"), ":material/swap_vert:"),
    "fund": (Message("Fund"), ":material/account_balance:"),
    "compare": (Message("Options and stress"), ":material/compare_arrows:"),
    "scenarios": (Message("Saved scenarios"), ":material/bookmarks:"),
    "parameters": (Message("Parameters and sources"), ":material/menu_book:"),
    "report": (Message("Report"), ":material/description:"),
    "records": (Message("Record of work"), ":material/history:"),
    "help": (Message("Help"), ":material/help:"),
    "present": (Message("Presentation"), ":material/slideshow:"),
}
"""Page file → its title and icon, in the order of the work."""


def page_names() -> list[str]:
    """Return the names of the page files in the order of the work."""
    return list(PAGES)


def page_list(t: Translator) -> list[Any]:
    """Return the pages for `st.navigation`."""
    return [
        st.Page(
            ROOT / "app_pages" / f"{name}.py",
            title=t.say(title),
            icon=icon,
            default=name == "overview",
            visibility="hidden" if name == "present" else "visible",
        )
        for name, (title, icon) in PAGES.items()
    ]


def current_review(t: Translator, whole: bool = False, inputs: bool = True) -> RateReview | None:
    """Return the review of the chosen book under the scenario being tried; None (with an explanation shown) where it cannot be made.

    What does not depend on the rate is prepared once and kept; a change of the rate alone re-reads the same simulated paths. ``whole`` adds
    options, stress and the comparison of plans, which take seconds. Without ``inputs`` the sidebar stays empty.
    """
    start()
    scenario, job = current(), None
    resolved = scenario.resolve(load_parameters(), scenario.valuation_date or date.max)
    try:
        book = choose_book(t) if inputs else book_in_use()
        with st.spinner(t("Simulating the fund …")):
            prepared, job = prepared_soon(book, scenario, frozenset(st.session_state.get("stopped", ())))
            result = conclude(prepared, replace(scenario, paths=prepared.scenario.paths))
            if whole:
                more = options_and_stress(book, prepared, result.scenario)
                used = all_assumptions(result, prepared, scenario)
                result = replace(result, tables={**result.tables, **more}, assumptions=used)
        resolved = result.scenario
        st.session_state["book_in_use"], st.session_state["scenario_in_use"] = book, scenario
        if job is None and resolved.paths != scenario.paths:
            show_stopped(scenario, t)
        return result
    except InputError as error:
        st.error(plain_text(t.say(error)), icon=":material/warning:")
        if not book_in_use().levels():
            st.markdown(t("Nothing to review yet. Fill in one of these and import it on the data page:"))
            template_buttons(t)
            st.page_link("app_pages/data.py", label=t("Import"), icon=":material/upload_file:")
        return None
    finally:
        if inputs:
            scenario_inputs(resolved, t)
        write_link()
        if job is not None:
            show_progress(job, t)


@st.fragment(run_every=0.7)
def show_progress(job: Job, t: Translator) -> None:
    """Show how far the full computation is, with a way to stop it; the page runs again when it is done."""
    if job.future.done():
        st.rerun()
    stage = t.say(job.stages[-1]) if job.stages else t("Waiting for its turn")
    bar, button = st.columns([5, 1], vertical_alignment="center")
    paths = t(
        "A quick answer from {quick:integer} paths stands below; the full {paths:integer} are under way",
        quick=QUICK_PATHS,
        paths=job.scenario.paths,
    )
    bar.progress(job.share, f"{paths} · {stage}")
    if button.button(t("Stop"), key="stop_job", icon=":material/stop:"):
        job.stop.set()
        st.session_state["stopped"] = {*st.session_state.get("stopped", ()), job.scenario}
        st.rerun()


def show_stopped(scenario: Scenario, t: Translator) -> None:
    """Say that the full computation was stopped, so that the figures are the quick ones, with a way to have it after all."""
    said, button = st.columns([5, 1], vertical_alignment="center")
    said.info(
        t(
            "Stopped: the figures below are from {quick:integer} paths, not from {paths:integer}.",
            quick=QUICK_PATHS,
            paths=scenario.paths,
        ),
        icon=":material/info:",
    )
    button.button(
        t("Calculate in full"), icon=":material/play_arrow:", on_click=lambda: st.session_state.pop("stopped", None)
    )


def page(title: str, body: Callable[[RateReview, Translator], None], t: Translator, whole: bool = False) -> None:
    """Show one page of the current review: its title, what its data is worth, then its body."""
    line = st.container(horizontal=True, vertical_alignment="center", gap="small")
    line.title(title, width="content")
    found = current_review(t, whole)
    if found is None:
        return
    show_provenance(found, t, line)
    body(found, t)
