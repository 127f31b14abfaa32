"""The rate review: one call from a book and a scenario to everything that page, notebook and reports show."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from analysis.assumptions import UsedParameters
from analysis.fund.history import History, read_history
from analysis.fund.indicated import indications, unit_credibility
from analysis.fund.ledgers import LedgerCosts, read_ledgers
from analysis.fund.projection import Projection, project
from analysis.fund.tables import FundBook, balance_sheet, cohort_tables, fund_book, on_level, on_payroll, rate_tables
from analysis.hindsight.actual_expected import actual_expected
from analysis.hindsight.backtest import backtest, plain
from analysis.hindsight.early_warning import by_prefecture, first_alarm, outlook, past_indicators
from analysis.hindsight.reconciliation import reconcile
from analysis.hindsight.risk_measures import exhaustion_table, risk_table
from analysis.limits import collected_otherwise, unanswered
from analysis.own_parameters import parameters_of
from analysis.plans.compared import floating_review
from analysis.questions.asked import sensitivities, what_if
from analysis.rate_review import (
    Assumption,
    BookIdentity,
    ChangeDriver,
    Credibility,
    FloatingReview,
    Indicated,
    RateReview,
    load_json,
    write_json,
)
from analysis.scenario import Scenario
from analysis.sources import assumption_changes, findings, sources
from data.book import Book
from models import fund
from models.feedback import required_rates
from models.fund import QUARTERS, StageCuts, payable_months
from models.messages import InputError, Message
from models.simulation import SolvencyCurve

__all__ = ["Prepared", "conclude", "load_json", "prepare", "review", "what_if", "with_evidence", "write_json"]

VERSION = "1.0"
SUMMED = ("exposure_yuan", "premium_yuan", "cases", "deaths", "paid_yuan", "incurred_yuan")
LEVELS_OF_SOLVENCY = (0.5, 0.75, 0.9, 0.95, 0.99)
CURVE_POINTS = 81


@dataclass(frozen=True)
class Prepared:
    """Everything of a review that does not depend on the base rate or the target."""

    identity: BookIdentity
    scenario: Scenario
    parameters: UsedParameters
    history: History
    projection: Projection
    curve: SolvencyCurve
    indicated: Mapping[str, Indicated]
    ledgers: LedgerCosts | None
    credibility: Credibility | None
    floating: FloatingReview | None
    tables: Mapping[str, pd.DataFrame]
    fund_book: FundBook | None
    settled: UsedParameters
    """What was used until here. `conclude` begins from it, so that a review names the same parameters whatever else was asked before."""


STAGES = (
    Message("Reading the past"),
    Message("Simulating the fund"),
    Message("Developing the ledgers"),
    Message("Rating"),
)
"""What `prepare` does, in order."""
FURTHER = (Message("Options, stress and single drivers"), Message("The closed year and the checks of the data"))
"""What `review` does after that."""


def prepare(book: Book, scenario: Scenario, progress: Callable[[Message], None] = lambda stage: None) -> Prepared:
    """Read the book, fit, simulate: what a change of the rate alone need not repeat.

    ``progress`` is told each of `STAGES` before it begins; an exception that it raises stops the work.
    """
    progress(STAGES[0])
    parameters = UsedParameters(parameters_of(scenario))
    history = read_history(book, scenario, parameters)
    resolved = scenario.resolve(parameters, history.valuation_date)
    progress(STAGES[1])
    projection = project(history, resolved, parameters)
    progress(STAGES[2])
    read = history.cohorts.tables if history.cohorts is not None else None
    ledgers = read_ledgers(book, resolved, parameters, history.valuation_date, read)
    cohorts = fund_book(history, projection, resolved, parameters)
    progress(STAGES[3])
    indicated = indications(history, projection, resolved, parameters, ledgers)
    rates = {basis: one.rate for basis, one in indicated.items()}
    return Prepared(
        BookIdentity(book.name, book.fingerprint(), book.levels(), book.synthetic, history.marks),
        scenario,
        parameters,
        history,
        projection,
        SolvencyCurve.of(projection.fund),
        indicated,
        ledgers,
        unit_credibility(history, ledgers),
        floating_review(history, resolved, ledgers),
        {
            **_tables(history, resolved, parameters, ledgers),
            **({} if cohorts is None else cohort_tables(cohorts, history, resolved, parameters)),
            **(
                {}
                if history.notional
                else {"payroll": on_payroll(rates, parameters, history.valuation_date, history.cohorts)}
            ),
            "sources": sources(book),
        },
        cohorts,
        parameters.copy(),
    )


def _tables(
    history: History, resolved: Scenario, parameters: UsedParameters, ledgers: LedgerCosts | None
) -> dict[str, pd.DataFrame]:
    """Further tables: the intervals of past year-ends beside what came, the experience by year."""
    tables = {"backtest": backtest(history, plain(resolved), parameters)}
    if ledgers is not None:
        tables["development"] = ledgers.by_year.rename(columns={"exposure_yuan": "earned_yuan"})
    if history.experience is not None:
        by_year = history.experience.groupby("period")
        # what no row of a year says is unknown, not none
        yearly = by_year[list(SUMMED)].sum(min_count=1).astype("float64")
        yearly.insert(0, "units", by_year["unit"].nunique())
        tables["experience"] = yearly.reset_index()
        assert resolved.current_rate is not None
        tables["on_level"] = on_level(history, resolved.current_rate)
    tables["early_warning_by_prefecture"] = by_prefecture(history, resolved, parameters)
    return {name: table for name, table in tables.items() if len(table)}


def review(
    book: Book,
    scenario: Scenario,
    previous: Mapping[str, Any] | None = None,
    progress: Callable[[Message], None] = lambda stage: None,
) -> RateReview:
    """Return the rate review of a book under a scenario.

    Parameters
    ----------
    previous : ``review.json`` of the last review (`load_json`); the change of the indicated rate is then explained driver by driver
    progress : is told each of `STAGES` and `FURTHER` before it begins

    Raises
    ------
    InputError
        The book cannot answer at all; what it cannot answer in part is in ``warnings``.
    """
    prepared = prepare(book, scenario, progress)
    result = conclude(prepared, scenario)
    resolved = result.scenario
    progress(FURTHER[0])
    compared = _reconciled(book, resolved, previous)
    asked = {**what_if(prepared, resolved), **sensitivities(prepared, resolved)}
    used = all_assumptions(result, prepared, scenario)
    more = {
        "assumption_changes": assumption_changes(previous, used),
        "reconciliation": compared.pop("table", pd.DataFrame()),
    }
    tables = {**result.tables, **asked, **{n: f for n, f in more.items() if len(f)}}
    warnings = (*result.warnings, *compared.pop("notes", ()))
    whole = replace(result, tables=tables, warnings=warnings, assumptions=used, **compared)
    progress(FURTHER[1])
    return with_evidence(whole, book, scenario)


def all_assumptions(result: RateReview, prepared: Prepared, scenario: Scenario) -> tuple[Assumption, ...]:
    """Return what a review used and what was asked of its preparation besides: options and stresses use parameters of their own."""
    known = {a.name: a for a in (*prepared.parameters.assumptions(scenario), *result.assumptions)}
    return tuple(known[name] for name in sorted(known))


def with_evidence(result: RateReview, book: Book, scenario: Scenario) -> RateReview:
    """Return a review with what only a report needs, from the book itself: the closed year beside what was expected of it, and what does not fit
    together in the data."""
    more = {"actual_expected": _closed_year(book, scenario), "quality": findings(book)}
    return replace(result, tables={**result.tables, **{n: f for n, f in more.items() if len(f)}})


def _closed_year(book: Book, scenario: Scenario) -> pd.DataFrame:
    """Actual against expected; empty where the book knows one year only."""
    try:
        return actual_expected(book, scenario)
    except InputError:
        return pd.DataFrame()


def conclude(prepared: Prepared, scenario: Scenario) -> RateReview:
    """Return the review at the scenario's base rate and target; re-reads the simulated paths, draws nothing."""
    prepared = replace(prepared, parameters=prepared.settled.copy())
    history, projection = prepared.history, prepared.projection
    resolved = scenario.resolve(prepared.parameters, history.valuation_date)
    assert resolved.base_rate is not None
    assert resolved.current_rate is not None
    rate = resolved.base_rate
    factor: np.ndarray[Any, Any] | float = 1.0
    if resolved.risks.policy:
        balances, curve, factor = _with_policy(prepared, resolved)
    else:
        balances, curve = projection.fund.balance(rate), prepared.curve
    fund_ahead = _fund_frame(projection, balances)
    ahead = rate_tables(prepared.fund_book, history, projection, resolved, prepared.parameters, balances, factor)
    sheet = ahead.get("balance_sheet_forward")
    return RateReview(
        version=version(),
        book=prepared.identity,
        scenario=resolved,
        current_rate=resolved.current_rate,
        indicated=prepared.indicated,
        accounts=history.accounts,
        solvency_curve=_curve_frame(curve, rate, resolved.current_rate),
        required_rate=_required_frame(curve, resolved.solvency_level),
        probability_solvent=float((balances >= projection.fund.floor).all(axis=1).mean()),
        fund=fund_ahead,
        flows=_flows_frame(projection, rate, balances),
        assumptions=prepared.parameters.assumptions(scenario),
        warnings=(
            *history.warnings,
            *unanswered(history, prepared.indicated),
            *collected_otherwise(history, resolved),
            *prepared.parameters.warnings.values(),
        ),
        floating=_floating(prepared, resolved),
        credibility=prepared.credibility,
        balance_sheet=None if sheet is None else balance_sheet(sheet),
        tables={
            **prepared.tables,
            **ahead,
            **_early_warning(prepared, resolved, fund_ahead),
            "risk": risk_table(balances, projection.fund.floor),
            "exhaustion": exhaustion_table(balances, projection.fund.floor, projection.first_year),
        },
    )


def _early_warning(prepared: Prepared, resolved: Scenario, fund_ahead: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """Indicators of the last two known years and of the outlook; when they first rang, where the past is known."""
    past = past_indicators(prepared.history, resolved, prepared.parameters)
    last = past[past["period"].isin(sorted(past["period"].unique())[-2:])]
    ahead = outlook(fund_ahead, resolved, prepared.parameters, prepared.history)
    tables = {"early_warning": pd.concat([last, ahead], ignore_index=True)}
    return {**tables, "first_alarms": first_alarm(past)} if len(past) else tables


def _floating(prepared: Prepared, resolved: Scenario) -> FloatingReview | None:
    """The prepared floating review, or that of another plan: a plan changes nothing else of what was prepared."""
    if resolved.plan == prepared.scenario.plan:
        return prepared.floating
    return floating_review(prepared.history, resolved, prepared.ledgers)


@cache
def version() -> str:
    """Return the program's version with the commit it runs from, where that is known."""
    try:
        found = subprocess.run(
            ["git", "rev-parse", "--short", "HEAD"],
            cwd=Path(__file__).parent,
            capture_output=True,
            text=True,
            timeout=5,
            check=True,
        )
        return f"{VERSION}+{found.stdout.strip()}"
    except (OSError, subprocess.SubprocessError):
        return VERSION


def _curve_frame(curve: SolvencyCurve, tested: float, current: float) -> pd.DataFrame:
    finite = curve.required[np.isfinite(curve.required)]
    top = max(float(np.quantile(finite, 0.995)) if len(finite) else 0.0, 2 * tested, 2 * current)
    rates = np.union1d(np.linspace(0.0, top, CURVE_POINTS), [tested, current])
    return pd.DataFrame(
        {"rate": rates, "probability": curve.probability(rates), "standard_error": curve.standard_error(rates)}
    )


def _required_frame(curve: SolvencyCurve, level: float) -> pd.DataFrame:
    levels = sorted({*LEVELS_OF_SOLVENCY, level})
    return pd.DataFrame(
        {
            "probability": levels,
            "rate": [curve.rate(p) for p in levels],
            "rate_error": [curve.rate_error(p) for p in levels],
        }
    )


def _with_policy(
    prepared: Prepared, scenario: Scenario
) -> tuple[np.ndarray[Any, Any], SolvencyCurve, np.ndarray[Any, Any]]:
    """Balances and the solvency curve under stage cuts and raises, iterated from the linear answer on the same paths; the rate in force by quarter ÷ base rate."""
    on, projection = prepared.history.valuation_date, prepared.projection
    steps = prepared.parameters.value("stage_cut.thresholds", on)
    cuts = StageCuts(
        tuple((float(s["payable_months"]), float(s["cut"])) for s in steps),
        float(prepared.parameters.value("policy.raise_below_months", on)),
        float(prepared.parameters.value("policy.raise_by", on)),
    )
    exposure, outgo = projection.exposure_by_quarter, projection.outgo_by_quarter
    months = float(payable_months(projection.opening, projection.opening_outgo))

    def rolled(rate: np.ndarray[Any, Any] | float) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
        return fund.roll_forward_with_policy(
            rate, cuts, projection.opening, months, exposure, outgo, projection.interest_by_quarter,
            other_income=projection.other_income, fixed_rate=projection.fixed_rate, prevention_share=projection.prevention_share,
        )  # fmt: skip

    assert scenario.base_rate is not None
    linear = projection.fund.required_rates()
    curve = SolvencyCurve.from_required(required_rates(lambda rates: rolled(rates)[0], projection.fund.floor, linear))
    balances, multiplier = rolled(scenario.base_rate)
    return balances, curve, (multiplier * exposure).sum(axis=0) / np.maximum(exposure.sum(axis=0), 1e-300)


def _fund_frame(projection: Projection, balances: np.ndarray[Any, Any]) -> pd.DataFrame:
    ends = balances[:, QUARTERS - 1 :: QUARTERS]
    below = np.logical_or.accumulate(balances < projection.fund.floor, axis=1)[:, QUARTERS - 1 :: QUARTERS]
    p05, p25, p50, p75, p95 = np.quantile(ends, [0.05, 0.25, 0.5, 0.75, 0.95], axis=0)
    months = np.median(payable_months(ends, projection.outgo), axis=0)
    return pd.DataFrame(
        {
            "period": [str(projection.first_year + i) for i in range(ends.shape[1])],
            "balance_p05": p05,
            "balance_p25": p25,
            "balance_p50": p50,
            "balance_p75": p75,
            "balance_p95": p95,
            "payable_months_p50": months,
            "probability_below_floor": below.mean(axis=0),
            "standard_error": np.sqrt(below.mean(axis=0) * (1 - below.mean(axis=0)) / len(below)),
        }
    )


def _flows_frame(projection: Projection, rate: float, balances: np.ndarray[Any, Any]) -> pd.DataFrame:
    """Mean flows by year; closing = opening + collections − prevention − transfers + other income − outgo + interest, exactly."""
    set_rate = np.where(np.isnan(projection.fixed_rate), rate, projection.fixed_rate)[::QUARTERS]
    exposure, outgo = projection.exposure.mean(axis=0), projection.outgo.mean(axis=0)
    closing = balances[:, QUARTERS - 1 :: QUARTERS].mean(axis=0)
    opening = np.concatenate([[projection.opening], closing[:-1]])
    collections = exposure * set_rate
    transfers = collections * projection.taken.get("adjustment_fund", 0.0)
    prevention = collections * projection.prevention_share - transfers
    other = np.broadcast_to(np.asarray(projection.other_income), projection.outgo_by_quarter.shape).mean(axis=0)
    other = other.reshape(-1, QUARTERS).sum(axis=1)
    return pd.DataFrame(
        {
            "period": [str(projection.first_year + i) for i in range(len(closing))],
            "exposure_yuan": exposure,
            "opening_yuan": opening,
            "collections_yuan": collections,
            "prevention_yuan": prevention,
            "transfer_yuan": transfers,
            "other_income_yuan": other,
            "outgo_yuan": outgo,
            "interest_and_policy_yuan": closing - opening - collections + prevention + transfers - other + outgo,
            "closing_yuan": closing,
        }
    )


def _reconciled(book: Book, resolved: Scenario, previous: Mapping[str, Any] | None) -> dict[str, Any]:
    """What the comparison with the last review adds: every basis in a table; pay-as-you-go, which every book has, as the drivers of the review."""
    if previous is None:
        return {}
    found = reconcile(book, resolved, previous)
    cash = found.of("pay_as_you_go")
    moved = cash.iloc[1:]
    drivers = tuple(map(ChangeDriver, moved["driver"].tolist(), moved["amount"].tolist()))
    return {
        "previous_rate": float(cash["rate"].iloc[0]),
        "change_decomposition": drivers,
        "table": found.table,
        "notes": found.notes,
    }
