"""概览: the verdict in one screen: is the rate enough, how sure, since when, what follows."""

import streamlit as st

from analysis import charts
from analysis.answers import answers
from analysis.fund.words import BASIS_NAMES
from analysis.language import Translator
from analysis.linking import until
from analysis.rate_review import RateReview
from analysis.words import word
from app_pages.explain import explained_metric
from app_pages.first_review import offer
from app_pages.linked import chosen, show_linked
from app_pages.showing import show_chart
from app_pages.state import page, plain_text, translator
from app_pages.years import show_year, year_by_year

HEIGHT = 260
"""Of the charts, so that verdict, figures and charts share a screen."""
TONES = {
    "good": (st.success, ":material/check_circle:"),
    "watch": (st.warning, ":material/visibility:"),
    "bad": (st.error, ":material/error:"),
}
LAMPS = {
    "calm": ("green", ":material/check_circle:"),
    "amber": ("orange", ":material/warning:"),
    "red": ("red", ":material/error:"),
}
NEXT = {
    "bad": ("break_even", "compare", "report"),
    "watch": ("experience", "fund", "report"),
    "good": ("fund", "floating", "report"),
}


def body(review: RateReview, t: Translator) -> None:
    first, *others = answers(review)
    show, icon = TONES[first.tone]
    show(f"### {icon} {plain_text(t.say(first.answer))}")
    for column, one in zip(st.columns(3), others, strict=True):
        with column.container(border=True, height="stretch", gap="xsmall"):
            st.markdown(f"**{t.say(one.question)}**")
            st.markdown(plain_text(t.say(one.answer)))
    cards(review, t)
    lamps(review, t)
    left, right = st.columns(2)
    curve = until(charts.solvency_curve(review, t), review, chosen("year"), t)
    show_chart(curve.properties(height=HEIGHT), t, "solvency", left)
    show_linked(year_by_year(review, t, charts.fund_fan).properties(height=HEIGHT), "year", t, "fan", right)
    show_year(review, t)
    steps(first.tone, t)
    offer(t)


def cards(review: RateReview, t: Translator) -> None:
    """Show the four figures, each with how it was computed."""
    best = review.best
    one, two, three, four = st.columns(4)
    explained_metric(
        t("{basis} rate", basis=BASIS_NAMES[best.basis]),
        t.permille(best.rate),
        best.basis,
        review,
        t,
        place=one,
        delta=t.percent(best.rate / review.current_rate - 1),
        delta_description=t("vs rate in force"),
        delta_color="inverse",
        help=t(
            "90% interval {low:permille} to {high:permille}; the basis that looks furthest ahead of those that the book supports.",
            low=best.low,
            high=best.high,
        ),
    )
    explained_metric(
        t("Probability of solvency"),
        t.percent(review.probability_solvent),
        "probability_solvent",
        review,
        t,
        place=two,
        help=t("At the rate tested, over the whole horizon."),
    )
    explained_metric(
        t("Payable months now"),
        t.months(review.payable_months),
        "payable_months",
        review,
        t,
        place=three,
        help=t("Reasonable payable months: 人社部发〔2015〕72号."),
    )
    explained_metric(
        t("Balance"),
        t.money(float(review.flows["opening_yuan"].iloc[0])) if review.opening_known else "—",
        "balance",
        review,
        t,
        place=four,
        help=t("At the end of {day:date}.", day=review.valuation_date)
        if review.opening_known
        else t("Not in the book: the fund ahead starts at 0. Enter it at the side under “More choices”."),
    )


def lamps(review: RateReview, t: Translator) -> None:
    """Show the early-warning lamps: the newest reading of every indicator."""
    table = review.tables.get("early_warning")
    if table is None or table.empty:
        return
    newest = table.drop_duplicates("indicator", keep="last")
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
        st.markdown(
            t("**Early-warning lamps**"),
            help=t("Thresholds are parameters (warning.…); 人社部发〔2015〕72号 section 6."),
            width="content",
        )
        for row in newest.itertuples(index=False):
            colour, icon = LAMPS.get(str(row.state), ("gray", ":material/help:"))
            st.badge(f"{word(row.indicator, t)}: {word(row.state, t) or '—'} · {row.period}", color=colour, icon=icon)


def steps(tone: str, t: Translator) -> None:
    """Show where to go from here."""
    words = {
        "break_even": t("Why this rate: bases and parts"),
        "compare": t("Options and what could go wrong"),
        "experience": t("What the experience says"),
        "fund": t("The fund ahead"),
        "floating": t("Floating rates: who pays more or less"),
        "report": t("Make the report"),
    }
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(t("**Next**"), width="content")
        for name in NEXT[tone]:
            st.page_link(f"app_pages/{name}.py", label=words[name], icon=":material/arrow_forward:")
        st.page_link("app_pages/present.py", label=t("Present on a projector"), icon=":material/slideshow:")


t = translator()
page(t("Overview"), body, t)
