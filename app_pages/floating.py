"""浮动费率: one plan from its rule to its effect on contractors and fund; all plans side by side; a search for better ones."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd
import streamlit as st

from analysis.explanation import Input
from analysis.language import Translator
from analysis.linking import among
from analysis.plans import charts as floating_charts
from analysis.plans.backtest import PlanBacktest, backtest_plans, rolled
from analysis.plans.compared import compare_plans
from analysis.plans.desk import PlanDesk, explained, plan_desk, standing
from analysis.plans.effects import (
    GROUPS,
    concealment_table,
    moved,
    moved_by,
    quintiles_with_intervals,
    worked_examples,
    worst_cases,
)
from analysis.plans.readable import bands_table, explanation, rule_in_words
from analysis.plans.search import Limits, search_plans
from analysis.plans.simulation import fund_under_plan
from analysis.plans.study import ExactStudy, exact_study
from analysis.plans.words import bands_for_readers, plan_title, with_words
from analysis.rate_review import RateReview
from analysis.review import Prepared
from analysis.scenario import Scenario
from analysis.words import word
from app_pages import scenario_state as state
from app_pages.contractor_notices import show_notices
from app_pages.explain import explained_metric
from app_pages.linked import chosen, let_go, show_linked
from app_pages.reviews import prepared_soon
from app_pages.showing import show_chart
from app_pages.state import page, plain_text, show_table, translator
from data.book import Book
from models.floating import Behaviour, FloatingPlan, available_plans, load_plan, off_balance, parse_plan, plan_text
from models.messages import InputError, Message

PATHS = (200, 400, 1000, 2000)
TRIES = (100, 400, 1000, 3000)
SIZE = "size_band"
HASH = {FloatingPlan: repr}


@st.cache_resource(max_entries=4, show_spinner=False)
def _desk(fingerprint: str, scenario: Scenario, _book: Book, _prepared: Prepared) -> PlanDesk:
    return plan_desk(_book, _prepared, scenario)


@st.cache_resource(max_entries=32, show_spinner=False, hash_funcs=HASH)
def _study(fingerprint: str, plan: FloatingPlan, _desk: PlanDesk) -> ExactStudy:
    return exact_study(_desk.portfolio, plan)


@st.cache_resource(max_entries=32, show_spinner=False, hash_funcs=HASH)
def _standing(fingerprint: str, plan: FloatingPlan, _desk: PlanDesk) -> pd.Series:
    return standing(_desk, plan)


@st.cache_resource(max_entries=32, show_spinner=False, hash_funcs=HASH)
def _concealment(fingerprint: str, plan: FloatingPlan, _desk: PlanDesk) -> pd.DataFrame:
    return concealment_table(_desk.portfolio, plan)


@st.cache_resource(max_entries=4, show_spinner=False)
def _side_by_side(fingerprint: str, seed: int, _prepared: Prepared) -> pd.DataFrame:
    return compare_plans(_prepared.history, seed, _prepared.ledgers)


def body(review: RateReview, t: Translator) -> None:
    if review.floating is None:
        st.info(
            t(
                "Floating plans rate contractors. Import experience by contractor and year (施工单位, 年度, 总造价, 保费, 工伤人数, 待遇支出) or the ledgers."
            ),
            icon=":material/upload_file:",
        )
        return
    plan = plan_to_show(review, t)
    if plan is None:
        return
    book, scenario = st.session_state["book_in_use"], st.session_state["scenario_in_use"]
    prepared, _ = prepared_soon(book, scenario, frozenset(st.session_state.get("stopped", ())))
    bare = replace(review.scenario, base_rate=None, target_payable_months=None, plan=Scenario.plan)
    try:
        desk = _desk(review.book.fingerprint, bare, book, prepared)
        figures(review, plan, desk, t)
    except InputError as error:
        st.error(plain_text(t.say(error)), icon=":material/warning:")
        return
    views: dict[str, Callable[[RateReview, FloatingPlan, PlanDesk, Prepared, Translator], None]] = {
        t("The rule"): rule,
        t("In the long run"): long_run,
        t("Who moves"): who_moves,
        t("Does it predict?"): predicts,
        t("Payers and hiding"): payers,
        t("All plans"): all_plans,
        t("Search for plans"): search,
        t("With the fund"): with_fund,
        t("Notices"): show_notices,
    }
    for tab, show in zip(st.tabs(list(views), on_change="rerun", key="floating_view"), views.values(), strict=True):
        if tab.open:
            with tab, st.spinner(t("Calculating …")):
                try:
                    show(review, plan, desk, prepared, t)
                except InputError as error:
                    st.warning(plain_text(t.say(error)), icon=":material/info:")


def plan_to_show(review: RateReview, t: Translator) -> FloatingPlan | None:
    """Return the plan to look at: that of the scenario, or a plan file that the reader brings."""
    names = available_plans()
    left, right = st.columns([3, 2], vertical_alignment="bottom")
    name = left.selectbox(
        t("Floating plan"),
        names,
        names.index(review.scenario.plan),
        lambda n: plan_title(n, t),
        key="floating_plan_shown",
    )
    if name != review.scenario.plan:
        state.change("plan", name)
        st.rerun()
    with right.popover(t("Own plan file"), icon=":material/upload_file:"):
        file = st.file_uploader(t("A plan as a .yaml file"), type=["yaml", "yml"], key="plan_file")
        st.download_button(
            t("The chosen plan as a file to start from"),
            plan_text(name),
            f"{name}.yaml",
            key="plan_text",
            icon=":material/download:",
        )
    if file is None:
        return load_plan(name)
    try:
        found = parse_plan(file.getvalue().decode("utf-8-sig"), file.name)
    except (InputError, UnicodeDecodeError) as error:
        problem = (
            error
            if isinstance(error, InputError)
            else InputError("The plan file {file} cannot be read as UTF-8 text.", file=file.name)
        )
        st.error(plain_text(t.say(problem)), icon=":material/warning:")
        return None
    st.info(
        plain_text(t("Shown is your own plan: {plan}", plan=found.title[t.language])), icon=":material/upload_file:"
    )
    return found


def figures(review: RateReview, plan: FloatingPlan, desk: PlanDesk, t: Translator) -> None:
    """The plan in four figures."""
    units = desk.portfolio.units.set_index("unit")
    now = _standing(review.book.fingerprint, plan, desk).reindex(units.index).fillna(plan.new_entrant)
    balance = off_balance(now.to_numpy(dtype=np.float64), units["base_premium_yuan"].to_numpy(dtype=np.float64))
    rate = review.scenario.base_rate or review.current_rate
    inputs: tuple[Input, ...] = (
        (Message("Premium at the base rate"), float(units["base_premium_yuan"].sum()), "money"),
        (Message("Premium after floating ÷ before"), balance.factor, "percent"),
        (Message("Base rate"), rate, "permille"),
    )
    figures = (
        (t("After ÷ before floating"), t.percent(balance.factor), "off_balance"),
        (t("Base rate in balance"), t.permille(rate * balance.base_rate_multiplier, 3), "off_balance"),
        (t("Contractors above 100%"), t.percent(float((now > 1 + 1e-9).mean())), "surcharged"),
        (t("Money moved, a year"), t.money(balance.money_moved_yuan), "money_moved"),
    )
    for i, (column, (label, value, code)) in enumerate(zip(st.columns(4), figures, strict=True)):
        explained_metric(label, value, code, review, t, place=column, key=str(i), inputs=inputs)
    if plan.assumptions:
        st.caption(
            plain_text(
                t(
                    "{count} constants of the plan {plan} are assumed.",
                    count=len(plan.assumptions),
                    plan=plan.title[t.language],
                )
            )
        )


def rule(review: RateReview, plan: FloatingPlan, desk: PlanDesk, prepared: Prepared, t: Translator) -> None:
    st.markdown("\n".join(f"{i + 1}. {plain_text(t.say(m))}" for i, m in enumerate(rule_in_words(plan))))
    bands = bands_table(plan)
    if len(bands):
        show_table(bands_for_readers(bands, t), t, "bands", height="content")
    with st.expander(t("Every constant with its mark and reference")):
        rows = [
            {t("Constant"): c.name, t("Value"): c.value, t("Mark"): word(c.mark, t), t("Reference"): c.reference}
            for c in plan.constants
        ]
        st.dataframe(pd.DataFrame(rows), hide_index=True)
    st.subheader(t("One contractor's multiplier explained"))
    found = explained(desk, plan).sort_values("base_premium_yuan", ascending=False, kind="stable")
    unit = st.selectbox(t("Contractor"), found.index.tolist(), key="explained_unit")
    if unit is not None:
        st.markdown("\n".join(f"- {plain_text(t.say(m))}" for m in explanation(plan, found.loc[unit])))


def long_run(review: RateReview, plan: FloatingPlan, desk: PlanDesk, prepared: Prepared, t: Translator) -> None:
    study = _study(review.book.fingerprint, plan, desk)
    for message in study.notes:
        st.caption(plain_text(t.say(message)))
    left, right = st.columns(2)
    size = chosen(SIZE)
    show_chart(floating_charts.path(study, t), t, "path", left)
    show_linked(among(floating_charts.by_risk(study, t), SIZE, size), SIZE, t, "by_risk", right)
    show_linked(among(floating_charts.luck(study, t), SIZE, size), SIZE, t, "luck")
    if size is None:
        st.caption(t("Click a size in a chart: it stands out in both."))
    else:
        let_go(SIZE, t)
    show_table(
        study.by_size, t, "floating_by_size", title=t("What the plan does to contractors of each size, in the long run")
    )
    st.caption(
        plain_text(
            t(
                "Loimaranta efficiency: per cent of expected multiplier for one per cent of accident frequency; 100% would follow the risk in full. After the "
                "corrected base rate {money:money} a year passes from some contractors to others.",
                money=study.analysis.money_moved_yuan,
            )
        )
    )


def who_moves(review: RateReview, plan: FloatingPlan, desk: PlanDesk, prepared: Prepared, t: Translator) -> None:
    moves = moved(desk.portfolio, _standing(review.book.fingerprint, plan, desk))
    known = [g for g in GROUPS if moves[g].notna().any()]
    group = st.segmented_control(
        t("By"), known, default=known[0], format_func=lambda g: word(g, t), key="moved_group", required=True
    )
    group = group or known[0]
    table = moved_by(moves, group)
    level = chosen(f"moved-{group}")
    chart = among(floating_charts.moved_by(table, group, t), "level", level)
    show_linked(chart, f"moved-{group}", t, f"moved-{group}")
    show_table(table, t, "moved_by")
    if level is None:
        st.caption(t("Click a bar: the contractors beneath are then those of that class."))
        shown, title = moves, t("Whose premium moves most")
    else:
        let_go(f"moved-{group}", t)
        shown, title = moves[moves[group] == level], t("Whose premium moves most: {level}", level=word(level, t))
    show_table(worst_cases(shown), t, "worst_cases", title=title)


def predicts(review: RateReview, plan: FloatingPlan, desk: PlanDesk, prepared: Prepared, t: Translator) -> None:
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


def payers(review: RateReview, plan: FloatingPlan, desk: PlanDesk, prepared: Prepared, t: Translator) -> None:
    table = _concealment(review.book.fingerprint, plan, desk)
    show_chart(floating_charts.hiding(table, t), t, "hiding")
    st.caption(
        plain_text(
            t(
                "Before limits on movement. A hidden case leaves the injured without the fund: the saving is a reason to check reports, not a forecast."
            )
        )
    )
    with st.expander(t("The figures")):
        show_table(with_words(table, t).rename(columns={"kind": "case"}), t, "concealment")
    rate = review.scenario.base_rate or review.current_rate
    examples = worked_examples(desk.portfolio, plan, rate)
    show_table(
        with_words(examples, t).rename(columns={"kind": "case", "ratio": "benefit_ratio"}), t, "examples",
        title=t("Premium of the next project of 100 million yuan, after a year with one case, at a base rate of {rate:permille}", rate=rate),
    )  # fmt: skip


def all_plans(review: RateReview, plan: FloatingPlan, desk: PlanDesk, prepared: Prepared, t: Translator) -> None:
    st.markdown(
        t(
            "Gini: how well last year's losses follow the multipliers of the years before; where intervals overlap, no plan is shown to be better. Here every contractor starts at 100%, as in a plan's first year; the figures above take the plan as in force over all years of the book."
        )
    )
    table = _side_by_side(review.book.fingerprint, review.scenario.seed, prepared)
    show_table(with_words(table, t), t, "plans", height="content")


def search(review: RateReview, plan: FloatingPlan, desk: PlanDesk, prepared: Prepared, t: Translator) -> None:
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
        projects = columns[2].slider(t("New projects of a contractor a year"), 0.5, 10.0, 2.0, 0.5)
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
            projects=projects,
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
    """Run slow work with its progress shown and keep its result; "stop" in the corner of the page ends it."""
    bar = st.progress(0.0, t("Calculating …"))
    try:
        st.session_state[key[0]] = (key, work(lambda share: bar.progress(min(share, 1.0), t("Calculating …")) and None))
    finally:
        bar.empty()


def kept(key: tuple[object, ...]):
    """Return the result of `with_progress` for a key; None where there is none, or one of another scenario."""
    known, found = st.session_state.get(key[0], (None, None))
    return found if known == key else None


t = translator()
page(t("Floating rates"), body, t)
