"""What every page shares: the reader's language, the book, the scenario being tried, and the review of both."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import streamlit as st

from analysis.language import Translator, language_of
from analysis.rate_review import Assumption, RateReview
from analysis.review import Prepared, conclude, prepare, review
from analysis.scenario import Growth, Scenario
from analysis.words import word
from data.book import Book, open_book
from data.demo import make_demo
from models.messages import InputError, Message

ROOT = Path(__file__).resolve().parent.parent
LANGUAGE_LABELS = {"zh": "中文", "en": "English"}
REFERENCE_BOOKS = ("national", "xinjiang", "xpcc")


def choose_language() -> Translator:
    """Return the reader's translator: from the link, else from the browser; the switch stands in the sidebar."""
    default = LANGUAGE_LABELS[language_of(st.context.locale)]
    labels = list(LANGUAGE_LABELS.values())
    chosen = st.sidebar.segmented_control(
        "语言 Language",
        labels,
        default=default,
        key="lang",
        bind="query-params",
        required=True,
        label_visibility="collapsed",
    )
    return Translator(next(code for code, label in LANGUAGE_LABELS.items() if label == (chosen or default)))


def translator() -> Translator:
    """Return the translator chosen by `choose_language` in this run."""
    label = st.session_state.get("lang") or LANGUAGE_LABELS[language_of(st.context.locale)]
    return Translator(next(code for code, own in LANGUAGE_LABELS.items() if own == label))


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


@st.cache_resource(max_entries=4, show_spinner=False)
def _book(name: str) -> Book:
    return open_book(demo_book()) if name == "demo" else open_book(name)


def demo_book() -> Path:
    """Return the demonstration book's file; it is made on first use, and stands under its name only when it is complete."""
    path = ROOT / "books" / "demo.sqlite"
    if not path.exists():
        path.parent.mkdir(exist_ok=True)
        with tempfile.TemporaryDirectory(dir=path.parent) as folder:
            made = Path(folder) / path.name
            with open_book(made, create=True) as book:
                make_demo(book)
            for file in (made.with_suffix(".truth.json"), made):
                file.replace(path.parent / file.name)
    return path


def book_choices() -> list[str]:
    """Return the books at hand: the one given at start, those in ``books/``, and the public reference books."""
    given = os.environ.get("PINGHENG_BOOK")
    own = sorted(str(path) for path in (ROOT / "books").glob("*.sqlite") if path.stem != "demo")
    return list(dict.fromkeys([*([given] if given else []), *own, "demo", *REFERENCE_BOOKS]))


BOOK_NAMES: Mapping[str, Message] = {
    "national": Message("National accounts 2003–2015, 2021"),
    "xinjiang": Message("Xinjiang accounts 2008, 2011"),
    "xpcc": Message("XPCC accounts 2018"),
    "demo": Message("Demonstration book (synthetic)"),
}


def book_name(choice: str, t: Translator) -> str:
    """Return a reader's name for a book: the file's own name where it is a file."""
    stem = Path(choice).stem
    return t.say(BOOK_NAMES[stem]) if stem in BOOK_NAMES else stem


def choose_book(t: Translator) -> Book:
    """Return the book chosen in the sidebar."""
    choices = book_choices()
    asked = st.query_params.get("book")
    start = next((i for i, choice in enumerate(choices) if Path(choice).stem == asked), 0)
    chosen = st.sidebar.selectbox(
        t("Book"),
        choices,
        index=start,
        format_func=lambda choice: book_name(choice, t),
        key="book_choice",
        persist_state="session",
    )
    st.query_params["book"] = Path(chosen).stem
    return _book(chosen)


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
            if whole:
                return _whole(book.fingerprint(), scenario, book)
            st.session_state["book_in_use"], st.session_state["scenario_in_use"] = book, scenario
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


def show_provenance(found: RateReview, t: Translator) -> None:
    """Say what the data is: synthetic, unverified, assumed. It stands above every result."""
    if found.book.synthetic:
        st.warning(
            t("Synthetic data: this book was made by the program to try it out. It describes no real fund."),
            icon=":material/science:",
        )
    weak = [a for a in found.assumptions if a.mark in ("unverified", "assumption")]
    if not (weak or found.book.marks or found.warnings):
        return
    summary = t(
        "{notes} notes on the data; {weak} parameters are assumed or unverified",
        notes=len(found.warnings),
        weak=len(weak),
    )
    with st.expander(summary, icon=":material/info:"):
        if found.book.marks:
            marks = ", ".join(word(mark, t) for mark in found.book.marks)
            st.markdown(t("Some figures of the book are not from official texts: {marks}.", marks=marks))
        for message in found.warnings:
            st.markdown("- " + plain_text(t.say(message)))
        st.dataframe(assumption_rows(weak, t), hide_index=True)


def assumption_rows(assumptions: Sequence[Assumption], t: Translator) -> pd.DataFrame:
    """Return parameters as a table for readers."""
    return pd.DataFrame(
        [
            {
                t("Parameter"): a.label.get(t.language, a.name),
                t("Value"): str(a.value),
                t("Unit of value"): a.unit,
                t("Mark"): word(a.mark, t),
                t("Reference"): a.reference,
            }
            for a in assumptions
        ]
    )


def plain_text(text: str) -> str:
    """Return text so that Markdown shows it as it is: names from files and links are never read as markup."""
    return re.sub(r"([\\`*_{}\[\]<>()#+!|$:~-])", r"\\\1", text)
