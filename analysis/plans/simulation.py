"""The fund under a floating plan: contractors simulated accident by accident, their premium and their luck put on the fund's own paths.

The plan moves the premium of a year by its simulated off-balance; the luck of the simulated accidents moves the outgo, spread over the years in which
benefits are paid. With and without the plan the same accidents happen, so that the difference has little noise of its own.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.fund.projection import Projection, project
from analysis.plans.study import Portfolio
from analysis.review import Prepared
from analysis.scenario import Scenario
from models.floating import Behaviour, FloatingPlan, Simulated, draw_accidents, load_plan, simulate
from models.fund import QUARTERS
from models.messages import InputError

Floats = NDArray[np.float64]

BLOCK = 1_000_000
"""Accidents drawn at a time: memory stays bounded."""
HEADROOMS = (1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0)
FAR = 5.5
"""Standard deviations of the common shock that the draws leave room for."""
CASES = ("no_floating", "plan", "plan_corrected")


@dataclass(frozen=True)
class FundUnderPlan:
    """The fund without floating, under a plan, and under it with the base rate that restores the premium.

    ``summary``: ``case, rate, probability_below_floor, standard_error, balance_p05, balance_p50, balance_p95`` (at the end); ``yearly``: ``case, period,
    off_balance, factor_p05, factor_p95, probability_below_floor``; ``answers``: ``measure, value`` of how contractors answer (cases, hidden cases and yuan a year);
    ``paths`` simulated.
    """

    summary: pd.DataFrame
    yearly: pd.DataFrame
    answers: pd.DataFrame
    paths: int


def fund_under_plan(
    prepared: Prepared,
    scenario: Scenario,
    found: Portfolio,
    plan: FloatingPlan,
    behaviour: Behaviour | None = None,
    paths: int = 400,
    progress: Callable[[float], None] | None = None,
) -> FundUnderPlan:
    """Simulate contractors and fund together; ``progress`` is called with the share done and may raise to stop.

    Parameters
    ----------
    scenario : resolved; its base rate, horizon, floor and seed are used

    Raises
    ------
    InputError : the plan rates areas, which are not contractors
    """
    if plan.pool_by:
        raise InputError(
            "The plan {plan} rates areas or groups; only plans that rate contractors are simulated.", plan=plan.name
        )
    behaviour = behaviour or Behaviour()
    risks = found.of(plan)
    years = scenario.horizon_years
    history = (plan.window_years or 1) - 1
    headroom = _headroom(plan, behaviour)
    each = max(int(BLOCK / (max(float(risks.cases.sum()), 1.0) * (years + history) * headroom)), 1)
    blocks = [min(each, paths - at) for at in range(0, paths, each)]
    parts: dict[str, list[Simulated]] = {"no_floating": [], "plan": []}
    for i, size in enumerate(blocks):
        drawn = draw_accidents(
            risks, size, years, scenario.seed * 100_003 + i, history=history, headroom=headroom, persistent=True
        )
        parts["plan"].append(simulate(plan, drawn, behaviour, seed=scenario.seed))
        parts["no_floating"].append(simulate(load_plan("none"), drawn, behaviour, seed=scenario.seed))
        if progress is not None:
            progress((i + 1) / len(blocks))
    base = _without_luck(prepared, scenario)
    expected = float(risks.cases.sum()) * risks.case_cost
    kept = {name: _Kept.of(blocks_done, expected) for name, blocks_done in parts.items()}
    assert scenario.base_rate is not None
    restored = scenario.base_rate / float(
        kept["plan"].factor[:, 1:].mean() if years > 1 else kept["plan"].factor.mean()
    )
    runs = {
        "no_floating": (scenario.base_rate, kept["no_floating"]),
        "plan": (scenario.base_rate, kept["plan"]),
        "plan_corrected": (restored, kept["plan"]),
    }
    payout = np.ones(1)  # what is drawn is paid in its year, else over several
    if not found.by_payments(plan):
        years_of = prepared.parameters.value("projection.payout", prepared.history.valuation_date)
        payout = np.asarray(years_of, dtype=np.float64)
    summary, yearly = [], []
    for case, (rate, run) in runs.items():
        balance, below = _joint(base, rate, run, payout / payout.sum())
        one, many = _reported(case, rate, balance, below, run, base.first_year)
        summary.append(one)
        yearly.append(many)
    return FundUnderPlan(
        pd.DataFrame(summary), pd.concat(yearly, ignore_index=True), _answers(kept, found.by_payments(plan)), paths
    )


def _headroom(plan: FloatingPlan, behaviour: Behaviour) -> float:
    """Return how many accidents to draw for one that is expected, on a coarse scale so that small changes of an assumption meet the same ones."""
    spread = np.sqrt(np.log1p(behaviour.shock_cv**2))
    lowest = max(plan.bounds[0], 0.2)
    needed = behaviour.frequency * float(np.exp(FAR * spread)) * lowest**behaviour.elasticity
    return next((h for h in HEADROOMS if h >= needed), needed)


@dataclass(frozen=True)
class _Kept:
    """What the fund needs of simulated blocks: premium factor, luck of the accidents, cases and hidden cases, by path and year."""

    factor: Floats
    luck: Floats
    cases: Floats
    hidden_cases: Floats
    hidden_yuan: Floats

    @classmethod
    def of(cls, blocks: list[Simulated], expected: float) -> _Kept:
        def joined(name: str) -> Floats:
            return np.concatenate([getattr(b, name) for b in blocks])

        luck = joined("outgo") / expected if expected > 0 else np.ones_like(joined("outgo"))
        return cls(joined("factor"), luck, joined("cases"), joined("hidden_cases"), joined("hidden_yuan"))


def _without_luck(prepared: Prepared, scenario: Scenario) -> Projection:
    """Return the fund's paths without the luck of single accidents, which the simulation brings itself."""
    calm = replace(scenario, risks=replace(scenario.risks, process=False))
    return project(prepared.history, calm, prepared.parameters)


def _joint(base: Projection, rate: float, run: _Kept, payout: Floats) -> tuple[Floats, NDArray[np.bool_]]:
    """Return balances (paths, quarters) at a rate, with premium × factor and outgo × luck, and where they are below the floor.

    The balance is linear: what differs from the fund's own path is rolled forward by itself with the same interest.
    """
    paths, years = run.factor.shape
    of = np.arange(paths) % len(base.fund.a)
    late = np.concatenate([np.ones((paths, len(payout) - 1)), run.luck], axis=1)
    luck = np.apply_along_axis(lambda row: np.convolve(row, payout, mode="valid"), 1, late)
    factor, luck = np.repeat(run.factor, QUARTERS, axis=1), np.repeat(luck, QUARTERS, axis=1)
    outgo = base.outgo_by_quarter[of]
    interest = np.broadcast_to(np.asarray(base.interest_by_quarter, dtype=np.float64), base.fund.a.shape)[of]
    rates = np.where(np.isnan(base.fixed_rate), rate, base.fixed_rate) * (1.0 - base.prevention_share)
    premium, now = rates * base.exposure_by_quarter[of], np.zeros(paths)
    own = base.fund.a[of] + rate * base.fund.b[of]
    balance = np.empty_like(own)
    for t in range(years * QUARTERS):
        more = premium[:, t] * (factor[:, t] - 1.0) - outgo[:, t] * (luck[:, t] - 1.0)
        now = now * (1.0 + interest[:, t]) + more * (1.0 + interest[:, t] / 2.0)
        balance[:, t] = own[:, t] + now
    floor = np.broadcast_to(base.fund.floor, base.fund.a.shape)[of]
    return balance, balance < floor


def _reported(
    case: str, rate: float, balance: Floats, below: NDArray[np.bool_], run: _Kept, first_year: int
) -> tuple[dict[str, object], pd.DataFrame]:
    ever = np.logical_or.accumulate(below, axis=1)[:, QUARTERS - 1 :: QUARTERS]
    p = float(ever[:, -1].mean())
    low, middle, high = np.quantile(balance[:, -1], [0.05, 0.5, 0.95])
    one = {
        "case": case,
        "rate": rate,
        "probability_below_floor": p,
        "standard_error": float(np.sqrt(p * (1 - p) / len(ever))),
        "balance_mean": float(balance[:, -1].mean()),
        "balance_p05": low,
        "balance_p50": middle,
        "balance_p95": high,
    }
    factors = np.quantile(run.factor, [0.05, 0.95], axis=0)
    many = pd.DataFrame(
        {
            "case": case,
            "period": [str(first_year + i) for i in range(ever.shape[1])],
            "off_balance": run.factor.mean(axis=0),
            "factor_p05": factors[0],
            "factor_p95": factors[1],
            "probability_below_floor": ever.mean(axis=0),
        }
    )
    return one, many


def _answers(kept: dict[str, _Kept], in_payment: bool) -> pd.DataFrame:
    """Return what contractors' answers come to: a row without floating and one under the plan."""
    return pd.DataFrame(
        [
            {
                "case": name,
                "off_balance": float(run.factor.mean()),
                "cases_in_payment" if in_payment else "cases_a_year": float(run.cases.mean()),
                "hidden_cases_a_year": float(run.hidden_cases.mean()),
                "hidden_yuan": float(run.hidden_yuan.mean()),
            }
            for name, run in kept.items()
        ]
    )
