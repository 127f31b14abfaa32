"""Severity of a ledger book: deaths, grades, medical cost, wages, large events, and what a case costs by grade at today's level."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd
from scipy.stats import beta

from analysis.experience.awards import by_benefit
from analysis.experience.exposure import Earned, lag_triangle
from analysis.experience.frames import Floats, Ledgers, attempt, large_event
from analysis.scenario import Scenario
from models.benefits import statutory_benefits
from models.development import developed_shares
from models.messages import InputError, Message
from models.severity import (
    Change,
    GradeMix,
    GradeOdds,
    LargeEvents,
    MedicalFit,
    cost_by_grade,
    fit_medical,
    grade_mix,
    grade_odds,
    large_events,
    statutory_cost,
    yearly_change,
)

LEVEL = 0.9
MEDICAL = ("medical", "rehabilitation", "inpatient_food", "travel", "assistive_device", "assessment_fee")
AGE_EDGES = (0, 30, 40, 50, 60, 200)
AGE_NAMES = ("<30", "30–39", "40–49", "50–59", "≥60")
PAY_LAGS = 16
"""Quarters over which medical cost develops."""
ASSESSMENT_LAGS = 12
MATURE = 0.98
"""A case counts in the medical fit when so much of its quarter's cost is paid: dividing a single case by its share would not be right on average."""


@dataclass(frozen=True)
class Severity:
    """What accidents of a ledger book cost.

    ``outcomes``: ``outcome, cases, share, low, high`` of deaths and graded cases among injuries (graded: developed to ultimate); ``mix`` of grades by
    project type, ``by_age`` the same by age; ``odds`` of graver grades by both together, or None; ``medical`` fit or None; ``wages`` their yearly change or None; ``costs`` by grade at the level of the
    valuation year (`cost_by_grade`; death and grade 0 included)``, mean_case`` the mean of a case in yuan; ``events`` large ones; ``awards``:
    ``benefit, cases, monthly_yuan, capital_yuan, total_yuan``: pensions that have started; ``notes`` what to know. ``case_cost`` (cases,) yuan at
    today's level of the mature cases, the stuff of the aggregate distribution.
    """

    outcomes: pd.DataFrame
    mix: GradeMix
    by_age: GradeMix
    odds: GradeOdds | None
    medical: MedicalFit | None
    wages: Change | None
    costs: pd.DataFrame
    mean_case: float
    events: LargeEvents
    awards: pd.DataFrame
    case_cost: Floats
    notes: tuple[Message, ...]


def study_severity(
    ledgers: Ledgers, earned: Earned, pensions: pd.DataFrame, scenario: Scenario, least_victims: int
) -> Severity:
    """Return the severity of a ledger book (``pensions`` as `pensions_started` gives them).

    Raises
    ------
    InputError
        There is no reported case.
    """
    on, parameters = ledgers.on, ledgers.parameters
    counted = (ledgers.cases["year"] > 0) & ledgers.cases["on_ledger"]
    cases = ledgers.cases[counted]
    if cases.empty:
        raise InputError("The ledgers hold no reported case: there is no severity to study.")
    notes: list[Message] = []
    large = large_event(cases, least_victims)
    sizes = cases.loc[large, "event_id"].value_counts().to_numpy()
    events = large_events(sizes, float(earned.cost.sum()) / 1e8, least=least_victims, level=LEVEL)
    ordinary = cases[~large]
    grade = graded(ordinary, on)
    prior = parameters.value("grade_mix.prior", on)
    band = np.array(AGE_NAMES, dtype=object)[np.clip(np.digitize(ordinary["age"].fillna(43.0), AGE_EDGES[1:-1]), 0, 4)]
    types = ledgers.projects["project_type"].fillna("unknown").to_numpy(dtype=object)
    kind = np.where(ordinary["project"] >= 0, types[ordinary["project"].to_numpy()], "unknown")
    mix, by_age = (grade_mix(grade, prior, cell, level=LEVEL) for cell in (kind, band))
    odds = attempt(lambda: grade_odds(grade, {"project_type": kind, "age_band": band}, level=LEVEL), notes)
    group = groups(ordinary, grade)
    medical = _medical(ledgers, ordinary, group, notes)
    wages = _wages(ordinary, notes)
    statutory = on_level(ledgers, ordinary, grade, wages, scenario)
    settled = settled_cases(ordinary, grade, on, ledgers)
    if not settled.any():
        settled = np.ones(len(ordinary), dtype=np.bool_)
    costs = cost_by_grade(group[settled], statutory[settled], medical, on.year, level=LEVEL)
    outcomes = _outcomes(ledgers, ordinary, grade)
    own = costs.set_index("group")["medical_yuan"]
    case_cost = statutory[settled] + own.reindex(group[settled]).to_numpy(dtype=np.float64)
    return Severity(
        outcomes, mix, by_age, odds, medical, wages, costs, float(case_cost.mean()), events,
        by_benefit(pensions), case_cost, (*notes, *events.notes),
    )  # fmt: skip


def graded(cases: pd.DataFrame, on: date) -> np.ndarray:
    """Return (cases,) grades 1–10 of cases whose assessment is done; 0 for the others. A ledger without dates of assessment gives its grades as they are."""
    grade = cases["grade"].fillna(0).to_numpy(dtype=np.int64)
    if not cases["assessment_date"].notna().any():
        return grade
    return np.where((cases["assessment_date"] <= pd.Timestamp(on)).to_numpy(), grade, 0)


def groups(cases: pd.DataFrame, grade: np.ndarray) -> np.ndarray:
    """Return (cases,) the label of each case: ``death`` or its grade."""
    return np.where((cases["outcome"] == "death").to_numpy(), "death", grade.astype(str)).astype(object)


def settled_cases(cases: pd.DataFrame, grade: np.ndarray, on: date, ledgers: Ledgers) -> np.ndarray:
    """Return (cases,) whether the outcome of a case is known: a death, a grade, or an injury so old that it would have been assessed."""
    values = lag_triangle(ledgers, "assessment_date", ASSESSMENT_LAGS, "Q")
    age = (ledgers.quarters[-1].ordinal - pd.PeriodIndex(cases["injury_date"], freq="Q").asi8).astype(np.int64)
    if values is None:
        return np.ones(len(cases), dtype=np.bool_)
    try:
        developed = developed_shares(values)
    except InputError:
        return np.ones(len(cases), dtype=np.bool_)
    # the same age for all outcomes: else young cases would count only where they are grave
    return np.asarray(developed[np.minimum(age, len(developed) - 1)] >= MATURE)


def _medical(ledgers: Ledgers, cases: pd.DataFrame, group: np.ndarray, notes: list[Message]) -> MedicalFit | None:
    payments = ledgers.payments[ledgers.payments["benefit"].isin(MEDICAL)]
    paid = payments.groupby("case")["amount_yuan"].sum().reindex(cases.index, fill_value=0.0).to_numpy()
    share = paid_shares(ledgers, payments, cases)
    ripe = share >= MATURE
    if ripe.sum() < 30:
        ripe = share >= 0.5  # a young book has no better: amounts are then divided by their shares
        share = np.clip(share, 1e-6, 1.0)
    else:
        share = np.ones(len(cases))
    try:
        known = paid * (paid > 0)
        return fit_medical(known[ripe], cases["year"].to_numpy()[ripe], group[ripe], share[ripe], level=LEVEL)
    except InputError as error:
        notes.append(error.message)
        return None


def paid_shares(ledgers: Ledgers, payments: pd.DataFrame, cases: pd.DataFrame) -> Floats:
    """Return (cases,) the share of the ultimate medical cost of a case's quarter of injury that is paid by now."""
    n = len(ledgers.quarters)
    lags = min(PAY_LAGS, n - 1)
    injury = ledgers.cases["injury_date"].to_numpy()[payments["case"].to_numpy()]
    origin = ledgers.quarters.get_indexer(pd.PeriodIndex(injury, freq="Q"))
    when = ledgers.quarters.get_indexer(pd.PeriodIndex(payments["payment_date"], freq="Q"))
    there = (origin >= 0) & (when >= 0)
    table = np.zeros((n, lags + 1))
    lag = np.clip(when - origin, 0, lags)
    np.add.at(table, (origin[there], lag[there]), payments["amount_yuan"].to_numpy(dtype=np.float64)[there])
    table = np.maximum(np.cumsum(table, axis=1), 0.0)
    table[np.add.outer(np.arange(n), np.arange(lags + 1)) > n - 1] = np.nan
    age = (ledgers.quarters[-1].ordinal - pd.PeriodIndex(cases["injury_date"], freq="Q").asi8).astype(np.int64)
    try:
        developed = np.maximum.accumulate(np.clip(developed_shares(table), 1e-6, 1.0))
    except InputError:
        return np.where(age >= 4, 1.0, 0.6)
    return np.asarray(developed[np.minimum(age, lags)], dtype=np.float64)


def _wages(cases: pd.DataFrame, notes: list[Message]) -> Change | None:
    try:
        return yearly_change(cases["own_wage_yuan"].to_numpy(dtype=np.float64), cases["year"].to_numpy(), level=LEVEL)
    except InputError as error:
        notes.append(error.message)
        return None


def on_level(
    ledgers: Ledgers, cases: pd.DataFrame, grade: np.ndarray, wages: Change | None, scenario: Scenario
) -> Floats:
    """Return (cases,) what the law would give each case if it had happened in the valuation year: its own wage carried forward, pensions capitalised."""
    growth = 1.0 + (wages.change if wages is not None else float(scenario.growth.wages or 0.0))
    years = ledgers.on.year - cases["year"]
    today = cases.assign(
        injury_date=pd.Timestamp(ledgers.on),
        grade=grade,
        own_wage_yuan=cases["own_wage_yuan"] * growth**years,
        care=cases["care"].fillna("none"),
        outcome=cases["outcome"].fillna("injury"),
        sex=cases["sex"].fillna("male"),
    ).reset_index(drop=True)
    today["case_id"] = np.arange(len(today)).astype(str)
    benefits = statutory_benefits(today, ledgers.parameters.parameters)
    rate, indexation = float(scenario.discount_rate or 0.0), float(scenario.indexation or 0.0)
    value = statutory_cost(benefits, today, ledgers.parameters, ledgers.on, rate, indexation)
    return np.asarray(value.reindex(today["case_id"]), dtype=np.float64)


def _outcomes(ledgers: Ledgers, cases: pd.DataFrame, grade: np.ndarray) -> pd.DataFrame:
    """Return the shares of deaths and of graded cases: graded among the injuries of mature quarters, so that late assessments do not hide."""
    death = (cases["outcome"] == "death").to_numpy()
    old = settled_cases(cases, grade, ledgers.on, ledgers)
    rows = []
    for name, hit, among in (
        ("death", death, np.ones(len(cases), dtype=np.bool_)),
        ("graded", (grade > 0) & ~death, old & ~death),
    ):
        n, k = int(among.sum()), int((hit & among).sum())
        low = float(beta.ppf(0.5 - LEVEL / 2, k + 0.5, n - k + 0.5)) if n else 0.0
        high = float(beta.ppf(0.5 + LEVEL / 2, k + 0.5, n - k + 0.5)) if n else 1.0
        rows.append(
            {"outcome": name, "cases": k, "among": n, "share": k / n if n else np.nan, "low": low, "high": high}
        )
    return pd.DataFrame(rows)
