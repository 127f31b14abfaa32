"""Charts of a page that choose together: a click in one is kept for the session and shown in all of them."""

from __future__ import annotations

from functools import partial
from typing import Any

import streamlit as st

from analysis.chart_style import broad, finding_of
from analysis.language import Translator
from analysis.linking import CHOSEN


def chosen(subject: str) -> str | None:
    """Return what is chosen of a subject (``year``, ``size_band`` …)."""
    found: str | None = st.session_state.get(f"chosen-{subject}")
    return found


def show_linked(chart: Any, subject: str, t: Translator, key: str, column: Any = None) -> None:
    """Show a chart made by `analysis.linking`, in a column or over the whole page; clicking what is chosen, or a double click, lets it go."""
    # a new element for every choice: what a chart itself still holds as clicked would keep it from hearing the next click
    key = f"{key}-{chosen(subject)}"
    (column or st).altair_chart(
        chart if column is not None else broad(chart, t),
        key=key,
        alt=finding_of(chart, t),
        on_select=partial(_choose, subject, key),
        selection_mode=CHOSEN,
    )


def let_go(subject: str, t: Translator) -> None:
    """Show the button that lets go of what is chosen."""
    st.button(
        t("Show all again"),
        key=f"let-go-{subject}",
        icon=":material/close:",
        type="tertiary",
        on_click=_keep,
        args=(subject, None),
    )


def _choose(subject: str, key: str) -> None:
    picked = st.session_state[key]["selection"].get(CHOSEN, [])
    value = str(next(iter(picked[0].values()))) if picked else None
    _keep(subject, None if value == chosen(subject) else value)


def _keep(subject: str, value: str | None) -> None:
    st.session_state[f"chosen-{subject}"] = value
