"""The reader's language: from the link, else from the browser; the switch stands in the sidebar."""

from __future__ import annotations

from typing import Any

import streamlit as st

from analysis.language import Translator, language_of

LANGUAGE_LABELS = {"zh": "中文", "en": "English"}


def choose_language(place: Any) -> None:
    """Show the switch of the language in a place: once on every page, so that the link keeps it."""
    default = LANGUAGE_LABELS[language_of(st.context.locale)]
    labels = list(LANGUAGE_LABELS.values())
    place.segmented_control(
        "语言 Language",
        labels,
        default=default,
        key="lang",
        bind="query-params",
        required=True,
        label_visibility="collapsed",
    )


def translator() -> Translator:
    """Return the reader's translator: as chosen, else from the link, else from the browser."""
    label = st.session_state.get("lang") or st.query_params.get("lang")
    if label not in LANGUAGE_LABELS.values():
        label = LANGUAGE_LABELS[language_of(st.context.locale)]
    return Translator(next(code for code, own in LANGUAGE_LABELS.items() if own == label))
