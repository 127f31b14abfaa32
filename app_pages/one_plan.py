"""浮动费率, one plan: its rule, the long run, who moves, what payers save by hiding a case."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from analysis.language import Translator
from analysis.linking import among
from analysis.plans import charts as floating_charts
from analysis.plans.desk import PlanDesk, explained, standing
from analysis.plans.effects import (
    GROUPS,
    concealment_table,
    moved,
    moved_by,
    worked_examples,
    worst_cases,
)
from analysis.plans.readable import bands_table, explanation, rule_in_words
from analysis.plans.study import ExactStudy, exact_study
from analysis.plans.words import bands_for_readers, with_words
from analysis.rate_review import RateReview
from analysis.review import Prepared
from analysis.words import word
from app_pages.linked import chosen, let_go, show_linked
from app_pages.showing import show_chart
from app_pages.state import plain_text, show_table
from data.parameters.guide import shown_reference
from models.floating import FloatingPlan

SIZE = "size_band"
HASH = {FloatingPlan: repr}


@st.cache_resource(max_entries=32, show_spinner=False, hash_funcs=HASH)
def _study(fingerprint: str, plan: FloatingPlan, _desk: PlanDesk) -> ExactStudy:
    return exact_study(_desk.portfolio, plan)


@st.cache_resource(max_entries=32, show_spinner=False, hash_funcs=HASH)
def standing_of(fingerprint: str, plan: FloatingPlan, _desk: PlanDesk) -> pd.Series:
    return standing(_desk, plan)


@st.cache_resource(max_entries=32, show_spinner=False, hash_funcs=HASH)
def first_year_of(fingerprint: str, plan: FloatingPlan, _desk: PlanDesk) -> float:
    return plan.off_balance(_desk.rows).factor


@st.cache_resource(max_entries=32, show_spinner=False, hash_funcs=HASH)
def _concealment(fingerprint: str, plan: FloatingPlan, _desk: PlanDesk) -> pd.DataFrame:
    return concealment_table(_desk.portfolio, plan)


def rule(review: RateReview, plan: FloatingPlan, desk: PlanDesk, prepared: Prepared, t: Translator) -> None:
    """The rule in sentences and bands, its constants, and one contractor's multiplier explained."""
    st.markdown("\n".join(f"{i + 1}. {plain_text(t.say(m))}" for i, m in enumerate(rule_in_words(plan))))
    bands = bands_table(plan)
    if len(bands):
        show_table(bands_for_readers(bands, t), t, "bands", height="content")
    with st.expander(t("Every constant with its mark and reference")):
        rows = [
            {
                t("Constant"): c.name,
                t("Value"): c.value,
                t("Mark"): word(c.mark, t),
                t("Reference"): shown_reference(c.reference, t.language),
            }
            for c in plan.constants
        ]
        st.dataframe(pd.DataFrame(rows), hide_index=True)
    st.subheader(t("One contractor's multiplier explained"))
    found = explained(desk, plan).sort_values("base_premium_yuan", ascending=False, kind="stable")
    unit = st.selectbox(t("Contractor"), found.index.tolist(), key="explained_unit")
    if unit is not None:
        st.markdown("\n".join(f"- {plain_text(t.say(m))}" for m in explanation(plan, found.loc[unit])))


def long_run(review: RateReview, plan: FloatingPlan, desk: PlanDesk, prepared: Prepared, t: Translator) -> None:
    """What the plan does in the long run: its way there, who is found by risk, luck by size."""
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
    """Whose premium moves, by a dimension that the reader chooses, and the worst cases by code."""
    moves = moved(desk.portfolio, standing_of(review.book.fingerprint, plan, desk))
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


def payers(review: RateReview, plan: FloatingPlan, desk: PlanDesk, prepared: Prepared, t: Translator) -> None:
    """What hiding a case saves, and what projects pay after one."""
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
