"""浮动费率: which plan, its figures, and the views of it (`app_pages.one_plan`, `app_pages.plan_trials`)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import streamlit as st

from analysis.explanation import Input
from analysis.language import Translator
from analysis.plans.desk import PlanDesk, plan_desk
from analysis.plans.words import plan_title
from analysis.rate_review import RateReview
from analysis.review import Prepared
from analysis.scenario import Scenario
from app_pages import scenario_state as state
from app_pages.contractor_notices import show_notices
from app_pages.explain import explained_metric
from app_pages.one_plan import first_year_of, long_run, payers, rule, standing_of, who_moves
from app_pages.plan_trials import all_plans, predicts, search, with_fund
from app_pages.reviews import prepared_soon
from app_pages.state import page, plain_text, translator
from data.book import Book
from models.floating import FloatingPlan, available_plans, load_plan, off_balance, parse_plan, plan_text
from models.messages import InputError, Message


@st.cache_resource(max_entries=4, show_spinner=False)
def _desk(fingerprint: str, scenario: Scenario, _book: Book, _prepared: Prepared) -> PlanDesk:
    return plan_desk(_book, _prepared, scenario)


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
    now = standing_of(review.book.fingerprint, plan, desk).reindex(units.index).fillna(plan.new_entrant)
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
    st.caption(
        t(
            "With the steps of today, had the plan been in force over all years of the book. In its first year, with every contractor starting at 100%, premium after floating would be {first:percent} of that before: the figure of the report.",
            first=first_year_of(review.book.fingerprint, plan, desk),
        )
    )
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


t = translator()
page(t("Floating rates"), body, t)
