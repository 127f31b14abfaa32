"""The reader's language: from the link, else from the browser; the switch stands in the sidebar."""

from __future__ import annotations

import streamlit as st

from analysis.language import Translator, language_of

LANGUAGE_LABELS = {"zh": "中文", "en": "English"}


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
