"""Slow work on a button: how far it is, and a button that stops it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import streamlit as st

from analysis.language import Translator


@contextmanager
def progress_and_stop(key: str, t: Translator) -> Iterator[Callable[[float], None]]:
    """Show how far the work inside is, and the button that stops it; both go when it ends."""
    place = st.empty()
    bar, beside = place.container().columns([5, 1], vertical_alignment="center")
    said = t("Calculating …")
    shown = bar.progress(0.0, said)
    try:
        with stop_button(key, beside, t):
            yield lambda share: shown.progress(min(share, 1.0), said) and None
    finally:
        place.empty()


@contextmanager
def stop_button(key: str, place: Any, t: Translator) -> Iterator[None]:
    """Show a button that ends this run of the page at the next sign of progress of the work inside."""
    slot = place.empty()
    st.session_state[f"under_way-{key}"] = True
    slot.button(t("Stop"), key=f"stop-{key}", icon=":material/stop:", on_click=_stopped, args=(key, t))
    try:
        yield
        st.session_state[f"under_way-{key}"] = False
    finally:
        slot.empty()


def _stopped(key: str, t: Translator) -> None:
    if st.session_state.get(f"under_way-{key}"):
        st.toast(t("Stopped; nothing was changed."), icon=":material/stop_circle:")
