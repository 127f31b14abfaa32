"""The books at hand and the one chosen: the book given at start, those in ``books/``, the demonstration book, the public reference books."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import streamlit as st

from analysis.book_words import shown_book
from analysis.language import Translator
from app_pages.languages import translator
from app_pages.scenario_state import write_book
from data.book import Book, open_book
from data.demo import make_demo

ROOT = Path(__file__).resolve().parent.parent
DEMO = ROOT / "books" / "demo.sqlite"
REFERENCE_BOOKS = ("national", "xinjiang", "xpcc")


@st.cache_resource(max_entries=4, show_spinner=False)
def _book(name: str) -> Book:
    return open_book(demo_book()) if name == "demo" else open_book(name)


def demo_book() -> Path:
    """Return the demonstration book's file; it is made on first use, and stands under its name only when it is complete."""
    if not DEMO.exists():
        DEMO.parent.mkdir(exist_ok=True)
        with tempfile.TemporaryDirectory(dir=DEMO.parent) as folder:
            made = Path(folder) / DEMO.name
            with open_book(made, create=True) as book:
                make_demo(book)
            for file in (made.with_suffix(".truth.json"), made):
                file.replace(DEMO.parent / file.name)
    return DEMO


def book_choices() -> list[str]:
    """Return the books at hand: the one given at start, those in ``books/``, and the public reference books."""
    given = os.environ.get("PINGHENG_BOOK")
    own = sorted(str(path) for path in (ROOT / "books").glob("*.sqlite") if path.stem != "demo")
    return list(dict.fromkeys([*([given] if given else []), *own, "demo", *REFERENCE_BOOKS]))


def book_name(choice: str, t: Translator) -> str:
    """Return a reader's name for a book: the file's own name where it is a file."""
    return shown_book(Path(choice).stem, t)


def choose_book(t: Translator) -> Book:
    """Return the book chosen in the sidebar."""
    chosen = st.sidebar.selectbox(
        t("Book"),
        book_choices(),
        index=book_choices().index(_asked()),
        format_func=lambda choice: book_name(choice, t),
        key="book_choice",
        persist_state="session",
    )
    return _opened(chosen)


def book_in_use() -> Book:
    """Return the book chosen before, or named in the link, without asking."""
    kept = st.session_state.get("book_choice")
    return _opened(kept if kept in book_choices() else _asked())


def _asked() -> str:
    """Return the choice that the link names, else the first."""
    choices, asked = book_choices(), st.query_params.get("book")
    return next((choice for choice in choices if Path(choice).stem == asked), choices[0])


def _opened(choice: str) -> Book:
    write_book(Path(choice).stem)
    if choice != "demo" or DEMO.exists():
        return _book(choice)
    t = translator()
    with st.spinner(t("First use: the demonstration book, a synthetic fund, is being made …")):
        return _book(choice)
