"""报告: make and download everything that leaves the house; an official report locks the scenario that it was made from."""

import tempfile
from dataclasses import replace
from pathlib import Path

import streamlit as st

from analysis.language import LANGUAGES, Translator
from analysis.rate_review import RateReview, to_json
from analysis.review import all_assumptions, with_evidence
from analysis.scenario import Scenario, from_yaml
from app_pages.access import actor, may
from app_pages.reviews import conclude, options_and_stress, prepared_for, what_moves_it
from app_pages.state import LANGUAGE_LABELS, page, plain_text, translator
from app_pages.stopping import stop_button
from data.book import Book
from models.messages import InputError
from reports import FORMATS, write_reports

KINDS = {"docx": "Word", "pdf": "PDF", "pptx": "PowerPoint", "xlsx": "Excel", "html": "HTML"}


def saved_name(book: Book, scenario: Scenario) -> str | None:
    """Return the name under which the scenario is saved in the book, as it stands."""
    bare = replace(scenario, name="base", note="")
    for _, row in book.scenarios().iterrows():
        if replace(from_yaml(str(row["content"])), name="base", note="") == bare:
            return str(row["name"])
    return None


def publishing(book: Book, scenario: Scenario, t: Translator) -> str | None:
    """Ask whether the report is the official one; return the name of the scenario that it locks."""
    if not may("publish"):
        st.caption(t("This will be a draft: only a manager makes the official report."))
        return None
    name = saved_name(book, scenario)
    official = st.checkbox(
        t("Official report: lock the scenario"),
        disabled=name is None,
        key="official",
        help=t("The scenario of an official report can no longer change under its name."),
    )
    if name is None:
        st.caption(t("To make the official report, save the scenario first."))
        st.page_link("app_pages/scenarios.py", label=t("Saved scenarios"), icon=":material/bookmarks:")
    return name if official else None


def whole(book: Book, scenario: Scenario) -> RateReview:
    """Return the review as a report has it: also single drivers, reverse stress, the closed year, findings about the data, and the parameters of all these."""
    prepared = prepared_for(book, scenario)
    found = conclude(prepared, scenario)
    asked = {**options_and_stress(book, prepared, found.scenario), **what_moves_it(book, prepared, found.scenario)}
    used = all_assumptions(found, prepared, scenario)
    return with_evidence(replace(found, tables={**found.tables, **asked}, assumptions=used), book, scenario)


def make(formats: list[str], language: str, official: str | None, t: Translator) -> None:
    """Write the files, keep them for download, lock and log."""
    book: Book = st.session_state["book_in_use"]
    with (
        stop_button("report", st, t),
        st.status(t("Writing …"), expanded=True) as status,
        tempfile.TemporaryDirectory() as folder,
    ):
        st.write(t("Checking the book …"))
        review = whole(book, st.session_state["scenario_in_use"])
        written = write_reports(
            review, Path(folder), formats, Translator(language), progress=lambda m: st.write(plain_text(t.say(m)))
        )
        st.session_state["made"] = {path.name: path.read_bytes() for path in written}
        if official is not None:
            book.lock_scenario(official)
            book.log("lock", official, actor())
        book.log("official report" if official else "draft report", ", ".join(st.session_state["made"]), actor())
        status.update(label=t("Done"), state="complete", expanded=False)
    if official is not None:
        st.success(
            plain_text(t("The report is made and the scenario {name} is locked.", name=official)),
            icon=":material/lock:",
        )


def body(review: RateReview, t: Translator) -> None:
    st.write(t("One review, five formats; the figures are the same in each."))
    formats = st.multiselect(
        t("Formats"),
        FORMATS,
        default=["docx", "pdf"],
        format_func=KINDS.__getitem__,
        placeholder=t("Choose"),
        key="formats",
    )
    labels = list(LANGUAGE_LABELS.values())
    chosen = st.segmented_control(
        t("Language of the report"), labels, default=LANGUAGE_LABELS[t.language], key="report_language", required=True
    )
    language = next(code for code in LANGUAGES if LANGUAGE_LABELS[code] == chosen)
    official = publishing(st.session_state["book_in_use"], st.session_state["scenario_in_use"], t)
    if st.button(t("Make the report"), type="primary", icon=":material/description:", disabled=not formats):
        try:
            make([f for f in formats if f in FORMATS], language, official, t)
        except InputError as error:
            st.error(plain_text(t.say(error)), icon=":material/warning:")
    for name, content in st.session_state.get("made", {}).items():
        st.download_button(
            t("Download {name}", name=name),
            content,
            file_name=name,
            key=f"download-{name}",
            icon=":material/download:",
            on_click="ignore",
        )
    st.download_button(
        t("Download {name}", name="review.json"),
        lambda: to_json(review),
        file_name="review.json",
        key="download-json",
        icon=":material/download:",
        on_click="ignore",
    )
    st.subheader(t("Other papers"))
    st.page_link("app_pages/floating.py", label=t("Notices to contractors"), icon=":material/mail:")
    st.page_link("app_pages/coverage.py", label=t("Coverage bulletin and quarterly form"), icon=":material/campaign:")


t = translator()
page(t("Report"), body, t, whole=True)
