"""演示: one finding a screen, in large type, without the sidebar; forward and back by button or arrow key."""

from collections.abc import Callable
from typing import Any

import streamlit as st

from analysis import charts
from analysis.answers import answers
from analysis.chart_style import finding_of
from analysis.language import Translator
from analysis.rate_review import RateReview
from app_pages.languages import choose_language
from app_pages.showing import notice_line
from app_pages.state import current_review, plain_text, translator

SCALE = 1.8
LOOK = """<style>
html {font-size: clamp(16px, 1.3vw, 40px) !important}
[data-testid=stMetricValue] {font-size: 2.4rem} [data-testid=stMetricLabel] p {font-size: 1.2rem}
[data-testid=stMainBlockContainer] {padding: 1.5rem 3rem 0}
div:has(> .st-key-chart) {flex: none; height: calc(100vh - 13rem)}
</style>"""
"""A page for the far end of a room: everything grows with the screen, and a chart has what the headline and the buttons leave of its height."""


def screens(review: RateReview, t: Translator) -> list[tuple[str, str, Callable[[], Any] | None]]:
    """Return the screens: headline, line beneath, what draws the chart (None: the figures)."""
    enough, sure, since, do = answers(review)
    months = charts.payable_months(review, t)
    found: list[tuple[str, str, Callable[[], Any] | None]] = [
        (t.say(enough.answer), t.say(sure.answer), None),
        (t.say(enough.answer), "", lambda: charts.indicated_rates(review, t)),
        (t.say(sure.answer), "", lambda: charts.solvency_curve(review, t)),
        (t.say(since.answer), "", lambda: charts.fund_fan(review, t)),
        (finding_of(months, t), "", lambda: months),
    ]
    if review.floating is not None and len(review.floating.steps):
        steps = charts.floating_steps(review, t)
        found.append((finding_of(steps, t), "", lambda: steps))
    found.append((t.say(do.question), t.say(do.answer), None))
    return found


def enlarged(chart: Any) -> Any:
    """Return a chart in larger type, without its title: the screen's headline says the finding."""
    return (
        chart.properties(title="")
        .configure_axis(labelFontSize=12 * SCALE, titleFontSize=12 * SCALE, gridOpacity=0.35, titleFontWeight="normal", labelFlush=False, tickCount=6)
        .configure_legend(labelFontSize=12 * SCALE, titleFontSize=12 * SCALE, orient="bottom", symbolType="stroke")
    )  # fmt: skip


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
    st.html(LOOK)
    st.title(plain_text(headline), anchor=False)
    if chart is not None:
        with st.container(key="chart", height="stretch"):
            st.altair_chart(enlarged(chart()), key=f"screen-{at}", alt=headline, height="stretch")
    else:
        st.header(plain_text(line), anchor=False)
        figures(review, t)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
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
        st.markdown(t("{screen} of {screens}", screen=at + 1, screens=last + 1), width="content")
        st.page_link("app_pages/overview.py", label=t("End the presentation"), icon=":material/close:")
        choose_language(st)
        st.caption(notice_line(review, t), width="content")


t = translator()
review = current_review(t, inputs=False)
if review is not None:
    show(review, t)
else:
    choose_language(st)
