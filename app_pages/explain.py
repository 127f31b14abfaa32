"""How a number was computed: every headline figure opens its formula, its inputs with their marks, and the section of the methods."""

from __future__ import annotations

from typing import Any, Literal

import pandas as pd
import streamlit as st

from analysis.explanation import Explanation, Input
from analysis.explanations import EXPLANATIONS
from analysis.language import Translator
from analysis.rate_review import RateReview
from app_pages.showing import plain_text, show_parameters


def explained_metric(
    label: str,
    value: str,
    code: str,
    review: RateReview,
    t: Translator,
    *,
    place: Any = None,
    key: str = "",
    delta: str | None = None,
    delta_color: Literal["normal", "inverse", "off"] = "normal",
    delta_description: str | None = None,
    help: str | None = None,
    inputs: tuple[Input, ...] | None = None,
) -> None:
    """Show a figure as a card with "how was this computed" beneath it.

    Parameters
    ----------
    code : of `analysis.explanations.EXPLANATIONS`
    place : a column or container; None: where the page stands
    key : only where the same code stands twice on a page
    inputs : of this figure, where they are not those of the review
    """
    card = (place or st).container(border=True, height="stretch", gap="xxsmall")
    card.metric(label, value, delta, delta_color, delta_description=delta_description, help=help)
    how(code, review, t, place=card, key=key, inputs=inputs)


def how(
    code: str,
    review: RateReview,
    t: Translator,
    *,
    place: Any = None,
    key: str = "",
    inputs: tuple[Input, ...] | None = None,
) -> None:
    """Show the button that opens how a figure was computed."""
    opened = (place or st).popover(
        t("How computed?"),
        icon=":material/function:",
        type="tertiary",
        key=f"how-{code}{key}",
        on_change="rerun",
    )
    if opened.open:
        with opened:
            one = EXPLANATIONS[code]
            explanation(one, one.inputs(review) if inputs is None else inputs, review, t)


def explanation(one: Explanation, inputs: tuple[Input, ...], review: RateReview, t: Translator) -> None:
    """Show one explanation: what it is, the formula, this review's inputs, the parameters with their marks, the source."""
    st.markdown(f"**{plain_text(t.say(one.name))}**")
    st.markdown(plain_text(t.say(one.meaning)))
    st.latex(one.formula)
    if inputs:
        rows = [{t("Input"): t.say(name), t("Value"): said(value, kind, t)} for name, value, kind in inputs]
        st.dataframe(pd.DataFrame(rows), hide_index=True, height="content")
    used = [a for a in review.assumptions if a.name.startswith(one.parameters)] if one.parameters else []
    if used:
        show_parameters(used, t, "content")
    st.caption(t("Methods: {section}. Source: {source}", section=one.section, source=one.source))


def said(value: float | str | None, kind: str, t: Translator) -> str:
    """Return an input's value in the reader's language; ``kind`` is a format of the translator or ``text``."""
    return str(value) if kind == "text" else str(getattr(t, kind)(value))
