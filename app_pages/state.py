"""What every page shares: the reader's language, the book, the scenario being tried, and the review of both."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import streamlit as st

from analysis.language import Translator
from analysis.rate_review import RateReview
from analysis.review import Prepared, conclude, prepare, review
from analysis.scenario import Growth, Scenario
from app_pages.books import ROOT, book_choices, book_name, choose_book
from app_pages.languages import LANGUAGE_LABELS, choose_language, translator
from app_pages.showing import plain_text, show_provenance, show_table
from data.book import Book
from models.messages import InputError, Message

__all__ = [
    "LANGUAGE_LABELS",
    "ROOT",
    "book_choices",
    "book_name",
    "choose_book",
    "choose_language",
    "page",
    "plain_text",
    "show_table",
    "translator",
]

PAGES: Mapping[str, tuple[Message, str]] = {
    "overview": (Message("Overview"), ":material/balance:"),
    "data": (Message("Data"), ":material/database:"),
    "experience": (Message("Accidents and cost"), ":material/healing:"),
    "break_even": (Message("Break-even"), ":material/target:"),
    "floating": (Message("Floating rates"), ":material/swap_vert:"),
    "fund": (Message("Fund"), ":material/account_balance:"),
    "compare": (Message("Options and stress"), ":material/compare_arrows:"),
    "scenarios": (Message("Saved scenarios"), ":material/bookmarks:"),
    "parameters": (Message("Parameters and sources"), ":material/menu_book:"),
    "report": (Message("Report"), ":material/description:"),
}
"""Page file → its title and icon, in the order of the work."""


def page_names() -> list[str]:
    """Return the names of the page files in the order of the work."""
    return list(PAGES)


def page_list(t: Translator) -> list[Any]:
    """Return the pages for `st.navigation`."""
    return [
        st.Page(ROOT / "app_pages" / f"{name}.py", title=t.say(title), icon=icon, default=name == "overview")
        for name, (title, icon) in PAGES.items()
    ]


def scenario_inputs(t: Translator) -> Scenario:
    """Return the scenario as set in the sidebar; every input is in the link."""
    bar = st.sidebar
    bar.subheader(t("Scenario"))
    rate = bar.slider(
        t("Base rate (‰ of total cost)"),
        0.20,
        5.00,
        1.00,
        0.01,
        key="rate",
        bind="query-params",
        help=t("One payment before the project starts, as a share of its total cost; 2015 plan: about 1‰."),
    )
    years = bar.slider(t("Horizon (years)"), 1, 50, 10, key="years", bind="query-params")
    growth = bar.slider(
        t("Growth of construction (% a year)"),
        -10.0,
        20.0,
        5.0,
        0.5,
        key="growth",
        bind="query-params",
        help=t("Expected yearly growth of the total cost of newly enrolled projects."),
    )
    target = bar.slider(
        t("Target payable months"),
        0,
        36,
        9,
        key="target",
        bind="query-params",
        help=t(
            "About 12 months where pooled by prefecture, about 9 where pooled by province (人社部发〔2015〕72号; unverified)."
        ),
    )
    return Scenario(
        base_rate=rate / 1e3,
        horizon_years=years,
        growth=Growth(construction=growth / 1e2),
        target_payable_months=float(target),
    )


@st.cache_resource(max_entries=8, show_spinner=False)
def _prepared(fingerprint: str, scenario: Scenario, _book: Book) -> Prepared:
    return prepare(_book, scenario)


@st.cache_resource(max_entries=8, show_spinner=False)
def _whole(fingerprint: str, scenario: Scenario, _book: Book) -> RateReview:
    return review(_book, scenario)


def prepared_for(book: Book, scenario: Scenario) -> Prepared:
    """Return what a scenario needs besides its rate and target, from the cache where it is there."""
    return _prepared(
        book.fingerprint(), replace(scenario, base_rate=None, target_payable_months=None, name="base", note=""), book
    )


def current_review(t: Translator, whole: bool = False) -> RateReview | None:
    """Return the review of the chosen book under the chosen scenario; None (with an explanation shown) where it cannot be made.

    What does not depend on the rate is prepared once and kept; a change of the rate alone re-reads the same simulated paths. ``whole`` adds
    options, stress and the comparison of plans, which take seconds.
    """
    try:
        book = choose_book(t)
        scenario = scenario_inputs(t)
        with st.spinner(t("Simulating the fund …")):
            st.session_state["book_in_use"], st.session_state["scenario_in_use"] = book, scenario
            if whole:
                return _whole(book.fingerprint(), scenario, book)
            return conclude(prepared_for(book, scenario), scenario)
    except InputError as error:
        st.error(plain_text(t.say(error)), icon=":material/warning:")
        return None


def page(title: str, body: Callable[[RateReview, Translator], None], t: Translator, whole: bool = False) -> None:
    """Show one page of the current review: its title, what its data is worth, then its body."""
    st.title(title)
    found = current_review(t, whole)
    if found is None:
        return
    show_provenance(found, t)
    body(found, t)
