"""概览: the verdict in one screen."""

import streamlit as st

from analysis import charts
from analysis.language import Translator
from analysis.rate_review import RateReview
from analysis.verdict import verdict
from app_pages.state import page, translator


def body(review: RateReview, t: Translator) -> None:
    first, *others = verdict(review)
    (st.error if review.best.low > review.current_rate else st.info)(t.say(first), icon=":material/balance:")
    for sentence in others:
        st.markdown("- " + t.say(sentence))
    best = review.best
    opening = float(review.flows["opening_yuan"].iloc[0])
    left, middle, right, last = st.columns(4)
    left.metric(
        t("Indicated rate"),
        t.permille(best.rate),
        t("{change:percent} against the rate in force", change=best.rate / review.current_rate - 1),
        delta_color="inverse",
        border=True,
        height="stretch",
        help=t(
            "{basis}; 90% interval {low:permille} to {high:permille}",
            basis=charts.BASIS_NAMES[best.basis],
            low=best.low,
            high=best.high,
        ),
    )
    middle.metric(t("Probability of solvency"), t.percent(review.probability_solvent), border=True, height="stretch")
    right.metric(t("Payable months now"), t.months(review.payable_months), border=True, height="stretch")
    last.metric(t("Balance"), t.money(opening), border=True, height="stretch")
    left, right = st.columns(2)
    left.altair_chart(charts.solvency_curve(review, t), key="solvency")
    right.altair_chart(charts.fund_fan(review, t), key="fan")


t = translator()
page(t("Overview"), body, t)
