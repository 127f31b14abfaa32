"""How results are shown on every page: where the data comes from, tables that download, text that is never read as markup."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, Literal

import pandas as pd
import streamlit as st

from analysis.chart_style import broad, finding_of
from analysis.columns import for_readers, head, in_words, kind_of
from analysis.language import Translator
from analysis.parameter_table import assumption_rows
from analysis.rate_review import Assumption, RateReview
from analysis.words import word
from data.templates import template
from reports.content import notice
from reports.one_table import table_workbook

STYLED_CELLS = 20_000
"""Above this size a table is shown as text: a style for every cell costs more than it helps."""


def show_table(
    frame: pd.DataFrame,
    t: Translator,
    name: str,
    *,
    title: str = "",
    note: str = "",
    height: int | Literal["auto", "content"] = "auto",
) -> None:
    """Show a frame of a review with heads in the reader's language and a button that downloads it as a spreadsheet.

    Figures are shown with their unit and sorted as figures.

    Parameters
    ----------
    frame : with the review's column names (``analysis.columns.HEADS``): yuan and fractions
    name : of the file, and of the widget: once a page
    title, note : stand above the table in the file, the title also on the page
    """
    if title:
        st.markdown(f"**{plain_text(title)}**")
    st.dataframe(
        _styled(frame, t) if frame.size <= STYLED_CELLS else for_readers(frame, t),
        hide_index=True,
        height=height,
        key=f"table-{name}",
        placeholder="—",
        alt=title or None,
    )
    st.download_button(
        t("Table as .xlsx"),
        lambda: table_workbook(frame, title or name, note, t),
        file_name=f"{name}.xlsx",
        key=f"xlsx-{name}",
        icon=":material/download:",
        type="tertiary",
        on_click="ignore",
    )


def show_chart(chart: Any, t: Translator, key: str, column: Any = None) -> None:
    """Show a chart in a column, or over the whole width of the page; what its title finds is also what a screen reader says."""
    (column or st).altair_chart(chart if column is not None else broad(chart, t), key=key, alt=finding_of(chart, t))


def _styled(frame: pd.DataFrame, t: Translator) -> Any:
    """Return the frame under its readers' heads: figures stay figures beneath their text, so that a column sorts by value."""
    columns, says = {}, {}
    for column in frame.columns:
        name, say = str(column), in_words(str(column), t)
        dtype = frame[column].dtype
        whole = pd.api.types.is_integer_dtype(dtype) and kind_of(name) != "text"
        figures = whole or pd.api.types.is_float_dtype(dtype)
        columns[head(name, t)] = (
            frame[column].astype("float64") if figures else [say(v) for v in frame[column].tolist()]
        )
        if figures:
            says[head(name, t)] = say
    return pd.DataFrame(columns, index=frame.index).reset_index(drop=True).style.format(says)


def notice_line(review: RateReview, t: Translator) -> str:
    """Return one line on what the data is worth, for screens and files that leave the page."""
    return " · ".join(filter(None, (notice(review, t), t.date(review.valuation_date))))


def show_provenance(found: RateReview, t: Translator, line: Any) -> None:
    """Say in the line of a page's title what the data is: synthetic, unverified, assumed."""
    if found.book.synthetic:
        said = t("Synthetic data: this book was made by the program to try it out. It describes no real fund.")
        line.badge(t("Synthetic data: no real fund"), icon=":material/science:", color="orange", help=said)
    weak = [a for a in found.assumptions if a.mark in ("unverified", "assumption")]
    if not (weak or found.book.marks or found.warnings):
        return
    summary = t(
        "Notes on the data: {notes}; parameters assumed or unverified: {weak}",
        notes=len(found.warnings),
        weak=len(weak),
    )
    opened = line.popover(summary, icon=":material/info:", type="tertiary", key="provenance", on_change="rerun")
    if not opened.open:
        return
    with opened:
        if found.book.marks:
            marks = ", ".join(word(mark, t) for mark in found.book.marks)
            st.markdown(t("Some figures of the book are not from official texts: {marks}.", marks=marks))
        for message in found.warnings:
            st.markdown("- " + plain_text(t.say(message)))
        show_parameters(weak, t)


def show_parameters(
    assumptions: Sequence[Assumption], t: Translator, height: Literal["auto", "content"] = "auto"
) -> None:
    """Show parameters as a table, the weakest first."""
    rows = assumption_rows(assumptions, t)
    st.dataframe(rows.rename(columns={name: head(name, t) for name in rows}), hide_index=True, height=height)


def moment(time: Any) -> str:
    """Return a time that the book keeps in universal time as the reader's clock has it; a dash where there is none."""
    if pd.isna(time):
        return "—"
    return f"{pd.Timestamp(time).tz_convert(st.context.timezone or 'UTC'):%Y-%m-%d %H:%M}"


def plain_text(text: str) -> str:
    """Return text so that Markdown shows it as it is: names from files and links are never read as markup."""
    return re.sub(r"([\\`*_{}\[\]<>()#+!|$:~-])", r"\\\1", text)


def template_buttons(t: Translator) -> None:
    """Offer the empty spreadsheets of the three levels for download."""
    names = {
        1: t("Level 1: accounts"),
        2: t("Level 2: experience by contractor and year"),
        3: t("Level 3: ledgers of projects, cases, payments"),
    }
    with st.container(horizontal=True):
        for level, name in names.items():
            st.download_button(
                name,
                lambda level=level: template(level, t.language),
                file_name=f"template-{level}.xlsx",
                key=f"template-{level}",
                icon=":material/table:",
                on_click="ignore",
            )
