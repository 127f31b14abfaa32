"""浮动费率, plans tried: against the past, side by side, searched for, and together with the fund."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import streamlit as st

from analysis.language import Translator
from analysis.plans import charts as floating_charts
from analysis.plans.backtest import PlanBacktest, backtest_plans, rolled
from analysis.plans.compared import compare_plans
from analysis.plans.desk import PlanDesk
from analysis.plans.effects import quintiles_with_intervals
from analysis.plans.search import Limits, search_plans
from analysis.plans.simulation import fund_under_plan
from analysis.plans.words import plan_title, with_words
from analysis.rate_review import RateReview
from analysis.review import Prepared
from app_pages.showing import show_chart
from app_pages.state import show_table
from app_pages.stopping import progress_and_stop
from models.floating import Behaviour, FloatingPlan, available_plans, load_plan

PATHS = (200, 400, 1000, 2000)
TRIES = (100, 400, 1000, 3000)


@st.cache_resource(max_entries=4, show_spinner=False)
def _side_by_side(fingerprint: str, seed: int, _prepared: Prepared) -> pd.DataFrame:
    return compare_plans(_prepared.history, seed, _prepared.ledgers)


def predicts(review: RateReview, plan: FloatingPlan, desk: PlanDesk, prepared: Prepared, t: Translator) -> None:
    """Whether the plan's multipliers foretell losses, and all plans against the past."""
    if desk.came is None:
        st.info(t("A back-test of plans needs two years of experience."), icon=":material/info:")
        return
    found, _ = rolled(plan, desk.rows, desk.came.years)
    grid = found.reindex(columns=desk.came.units).to_numpy(dtype=np.float64)
    table = quintiles_with_intervals(grid, desk.came, review.scenario.seed)
    show_chart(floating_charts.quintiles(table, desk.came.years, t), t, "quintiles")
    show_table(table, t, "quintiles")
    st.subheader(t("Which plan would have predicted best?"))
    st.markdown(
        t(
            "Every plan is rolled forward over the book's years; its multipliers are held against losses that it had not seen."
        )
    )
    key = ("plan_backtest", review.book.fingerprint, review.scenario.seed)
    if st.button(t("Hold all plans against the past"), icon=":material/history:"):
        with_progress(
            key,
            lambda progress: backtest_plans(
                [load_plan(n) for n in available_plans()], desk.rows, desk.came, review.scenario.seed, progress
            ),
            t,
        )
    held = kept(key)
    if isinstance(held, PlanBacktest):
        show_chart(floating_charts.backtest(held, t), t, "backtest")
        show_table(with_words(held.table, t), t, "plan_backtest")


def all_plans(review: RateReview, plan: FloatingPlan, desk: PlanDesk, prepared: Prepared, t: Translator) -> None:
    """Every plan on this book side by side."""
    st.markdown(
        t(
            "Gini: how well last year's losses follow the multipliers of the years before; where intervals overlap, no plan is shown to be better. Here every contractor starts at 100%, as in a plan's first year; the figures above take the plan as in force over all years of the book."
        )
    )
    table = _side_by_side(review.book.fingerprint, review.scenario.seed, prepared)
    show_table(with_words(table, t), t, "plans", height="content")


def search(review: RateReview, plan: FloatingPlan, desk: PlanDesk, prepared: Prepared, t: Translator) -> None:
    """Readable plans on the frontier, within limits that the reader sets."""
    st.markdown(
        t(
            "Plans with round edges, within limits that you set. They are chosen on the earlier years and judged on the last two, which the search does not see."
        )
    )
    with st.form("search"):
        columns = st.columns(4)
        low, high = columns[0].slider(t("Premium after ÷ before (%)"), 50, 150, (90, 110), 1)
        swing = columns[1].slider(t("Largest swing of a multiplier (%)"), 5, 200, 60, 5)
        small = columns[2].slider(t("Small contractors surcharged, at most (%)"), 0, 100, 30, 5)
        below = columns[3].slider(t("Probability of falling below the floor, at most (%)"), 0, 100, 100, 5)
        tries = st.select_slider(t("Plans to try"), TRIES, 400, format_func=t.integer)
        asked = st.form_submit_button(t("Search"), icon=":material/search:", type="primary")
    limits = Limits(low / 100, high / 100, swing / 100, small / 100, below / 100)
    rate = review.scenario.base_rate or review.current_rate
    key = ("plan_search", review.book.fingerprint, review.scenario)
    if asked:
        with_progress(
            key,
            lambda progress: search_plans(
                desk.rows, prepared.curve, rate, limits, tries, review.scenario.seed, desk.earned, progress
            ),
            t,
        )
    found = kept(key)
    if found is None:
        return
    st.markdown(
        t("{tried:integer} plans tried, {inside:integer} keep to the limits.", tried=found.tried, inside=found.inside)
    )
    show_chart(floating_charts.frontier(found, t), t, "frontier")
    show_table(with_words(found.table, t), t, "frontier", height="content")
    columns = st.columns([2, 3], vertical_alignment="bottom")
    name = columns[0].selectbox(
        t("Plan of the frontier"), list(found.files), format_func=lambda n: plan_title(n, t), key="frontier_plan"
    )
    columns[1].download_button(
        t("Download {name}", name=f"{name}.yaml"), found.files[name], f"{name}.yaml", key="frontier_file", icon=":material/download:",
        help=t("Bring it back by \"Own plan file\" to see everything else about it."),
    )  # fmt: skip


def with_fund(review: RateReview, plan: FloatingPlan, desk: PlanDesk, prepared: Prepared, t: Translator) -> None:
    """Contractors and fund simulated together under assumptions of how contractors answer."""
    st.markdown(
        t(
            "Contractors and fund are simulated together, accident by accident. How contractors answer to a plan is not known: these are assumptions."
        )
    )
    with st.form("with_fund"):
        columns = st.columns(3)
        elasticity = columns[0].slider(t("Accidents fall by … % where the multiplier rises by 10%"), 0.0, 5.0, 0.0, 0.5)
        hiding = columns[1].slider(t("Small cases not reported where hiding pays (%)"), 0, 100, 0, 5)
        small = columns[2].slider(t("A case is small up to (10,000 yuan)"), 1, 20, 2)
        shock = columns[0].slider(t("Common shock: standard deviation of a year (%)"), 0, 30, 10, 5)
        turnover = columns[1].slider(t("Contractors replaced by new ones a year (%)"), 0, 30, 5, 1)
        paths = st.select_slider(t("Simulated paths"), PATHS, 400, format_func=t.integer)
        asked = st.form_submit_button(t("Simulate"), icon=":material/play_arrow:", type="primary")
    key = ("fund_under_plan", review.book.fingerprint, review.scenario, plan.name)
    if asked:
        behaviour = Behaviour(
            elasticity=-elasticity / 10,
            hiding=hiding / 100,
            small_yuan=small * 1e4,
            shock_cv=shock / 100,
            turnover=turnover / 100,
        )
        with_progress(
            key,
            lambda progress: fund_under_plan(
                prepared, review.scenario, desk.portfolio, plan, behaviour, paths, progress
            ),
            t,
        )
    found = kept(key)
    if found is None:
        return
    show_chart(floating_charts.fund_under_plan(found, t), t, "fund_under_plan")
    show_table(found.summary, t, "fund_under_plan")
    show_table(found.answers, t, "answers", title=t("How contractors answer, a year"))


def with_progress(key: tuple[object, ...], work: Callable[[Callable[[float], None]], object], t: Translator) -> None:
    """Run slow work with its progress and a way to stop it shown, and keep its result."""
    with progress_and_stop(str(key[0]), t) as progress:
        st.session_state[key[0]] = (key, work(progress))


def kept(key: tuple[object, ...]):
    """Return the result of `with_progress` for a key; None where there is none, or one of another scenario."""
    known, found = st.session_state.get(key[0], (None, None))
    return found if known == key else None
