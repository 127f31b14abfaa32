"""演示: one finding a screen, in large type, without the sidebar; forward and back by button or arrow key."""

from collections.abc import Callable
from typing import Any

import streamlit as st

from analysis import charts
from analysis.answers import answers
from analysis.language import Translator
from analysis.rate_review import RateReview
from app_pages.languages import choose_language
from app_pages.showing import notice_line
from app_pages.state import current_review, plain_text, translator

SCALE = 1.6


def screens(review: RateReview, t: Translator) -> list[tuple[str, str, Callable[[], Any] | None]]:
    """Return the screens: headline, line beneath, chart."""
    enough, sure, since, do = answers(review)
    found: list[tuple[str, str, Callable[[], Any] | None]] = [
        (t.say(enough.answer), t.say(do.answer), None),
        (t("Break-even"), t.say(enough.answer), lambda: charts.indicated_rates(review, t)),
        (t.say(sure.question), t.say(sure.answer), lambda: charts.solvency_curve(review, t)),
        (t.say(since.question), t.say(since.answer), lambda: charts.fund_fan(review, t)),
        (t("Payable months"), "", lambda: charts.payable_months(review, t)),
    ]
    if review.floating is not None and len(review.floating.steps):
        found.append((t("Floating rates"), "", lambda: charts.floating_steps(review, t)))
    found.append((t.say(do.question), t.say(do.answer), None))
    return found


def enlarged(chart: Any, titled: bool) -> Any:
    """Return a chart for the far end of a room: larger type, taller; untitled where the screen says its finding."""
    return (
        chart.properties(height=520, **({} if titled else {"title": ""}))
        .configure_title(fontSize=16 * SCALE, subtitleFontSize=12 * SCALE, fontWeight="bold", subtitlePadding=6)
        .configure_axis(labelFontSize=12 * SCALE, titleFontSize=12 * SCALE, gridOpacity=0.35, titleFontWeight="normal")
        .configure_legend(labelFontSize=12 * SCALE, titleFontSize=12 * SCALE, orient="bottom")
    )


def figures(review: RateReview, t: Translator) -> None:
    """Show the four figures that a leader remembers."""
    known = {
        t("Rate in force"): t.permille(review.current_rate),
        t("Indicated rate"): t.permille(review.best.rate),
        t("Probability of solvency"): t.percent(review.probability_solvent),
        t("Payable months now"): t.months(review.payable_months),
    }
    for column, (name, value) in zip(st.columns(len(known)), known.items(), strict=True):
        column.metric(name, value, border=True)


def turn(by: int, last: int) -> None:
    st.session_state["screen"] = min(max(st.session_state.get("screen", 0) + by, 0), last)


def show(review: RateReview, t: Translator) -> None:
    found = screens(review, t)
    last = len(found) - 1
    at = min(st.session_state.get("screen", 0), last)
    headline, line, chart = found[at]
    st.title(plain_text(line if chart is not None and line else headline))
    if chart is not None:
        st.altair_chart(enlarged(chart(), titled=not line), key=f"screen-{at}", alt=headline)
    else:
        st.header(plain_text(line))
        figures(review, t)
    st.caption(notice_line(review, t))
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            t("Previous screen"),
            icon=":material/arrow_back:",
            on_click=turn,
            args=(-1, last),
            disabled=at == 0,
            shortcut="Left",
        )
        st.button(
            t("Next screen"),
            icon=":material/arrow_forward:",
            on_click=turn,
            args=(1, last),
            disabled=at == last,
            shortcut="Right",
            type="primary",
        )
        st.markdown(t("{screen} of {screens}", screen=at + 1, screens=last + 1))
        st.page_link("app_pages/overview.py", label=t("End the presentation"), icon=":material/close:")


t = translator()
review = current_review(t, inputs=False)
if review is not None:
    show(review, t)
choose_language(st)
