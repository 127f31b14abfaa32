"""What could be done and what could go wrong: options for the rate side by side, named stress scenarios, a tornado of single changes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
import pandas as pd

from analysis.scenario import Growth, Scenario, Shock
from models.fund import QUARTERS, LinearFund, payable_months
from models.messages import Message
from models.simulation import SolvencyCurve

EXAMPLE_COST = 1e8
"""Total cost of the project in worked examples for a payer (yuan)."""

STRESSES: Mapping[str, tuple[Shock, ...]] = {
    "slump": (Shock("construction", -0.3, 1, 3),),
    "wages_higher": (Shock("wages", 0.1, 1, 50),),
    "medical_prices": (Shock("medical", 0.15, 1, 50),),
    "frequency_higher": (Shock("frequency", 0.2, 1, 50),),
    "collapse": (Shock("catastrophe_deaths", 20, 1, 1),),
    "coverage": (Shock("collections", -0.15, 1, 50),),
    "half_rate": (Shock("collections", -0.5, 1, 3),),
    "relief": (Shock("collections", -0.5, 1, 1), Shock("construction", -0.1, 1, 1)),
}

NAMES: Mapping[str, Message] = {
    "base": Message("Base"),
    "slump": Message("Construction slump: −30% for three years"),
    "wages_higher": Message("Wages 10% higher"),
    "medical_prices": Message("Medical prices 15% higher"),
    "frequency_higher": Message("Accidents 20% more frequent"),
    "collapse": Message("A collapse with 20 deaths"),
    "coverage": Message("15% of projects not enrolled"),
    "half_rate": Message("A 50% cut kept for three years"),
    "relief": Message("A year of relief as in 2020: −50% premium, −10% construction"),
    "keep": Message("Keep the rate in force"),
    "indicated": Message("Adopt the indicated rate"),
    "solvency": Message("The rate for the wanted probability"),
    "half_way": Message("Half way to the indicated rate"),
    "construction_up": Message("Growth of construction +2 points"),
    "construction_down": Message("Growth of construction −2 points"),
    "medical_up": Message("Growth of medical prices +2 points"),
    "interest_down": Message("Interest −1 point"),
}


def tornado_changes(scenario: Scenario) -> dict[str, Scenario]:
    """Return single changes of a resolved scenario, by name."""

    def grown(**more: float) -> Scenario:
        own = {n: getattr(scenario.growth, n) + d for n, d in more.items()}
        return replace(scenario, growth=Growth(**{**vars(scenario.growth), **own}))

    return {
        "construction_up": grown(construction=0.02),
        "construction_down": grown(construction=-0.02),
        "medical_up": grown(medical=0.02),
        "interest_down": replace(scenario, interest_rate=(scenario.interest_rate or 0.0) - 0.01),
    }


def stress_table(scenario: Scenario, project: Callable[[Scenario], LinearFund]) -> pd.DataFrame:
    """Return each named stress and each single change beside the base, at the scenario's rate.

    ``project`` simulates a scenario (same seed, so that differences are free of noise). Columns: ``case, probability, standard_error, rate`` (needed
    for the wanted probability)``, closing_yuan`` (median at the end).
    """
    changes = {name: replace(scenario, shocks=(*scenario.shocks, *shocks)) for name, shocks in STRESSES.items()}
    rows = []
    for name, one in {"base": scenario, **changes, **tornado_changes(scenario)}.items():
        fund = project(one)
        curve = SolvencyCurve.of(fund)
        assert scenario.base_rate is not None
        rows.append(
            {
                "case": name,
                "probability": float(curve.probability(scenario.base_rate)),
                "standard_error": float(curve.standard_error(scenario.base_rate)),
                "rate": curve.rate(scenario.solvency_level),
                "closing_yuan": float(np.median(fund.balance(scenario.base_rate)[:, -1])),
            }
        )
    return pd.DataFrame(rows)


def options_table(
    scenario: Scenario, indicated: float, fund: LinearFund, curve: SolvencyCurve, outgo: np.ndarray
) -> pd.DataFrame:
    """Return the options for the rate: ``option, rate, probability, closing_yuan, payable_months, example_yuan`` (premium of a project of 1 亿)."""
    assert scenario.current_rate is not None
    current = scenario.current_rate
    needed = curve.rate(scenario.solvency_level)
    rates = {"keep": current, "half_way": (current + indicated) / 2, "indicated": indicated}
    if np.isfinite(needed):
        rates["solvency"] = needed
    rows = []
    for name, rate in rates.items():
        balance = fund.balance(rate)
        rows.append(
            {
                "option": name,
                "rate": rate,
                "probability": float(curve.probability(rate)),
                "closing_yuan": float(np.median(balance[:, -1])),
                "payable_months": float(
                    np.median(payable_months(balance[:, QUARTERS - 1 :: QUARTERS][:, -1], outgo[:, -1]))
                ),
                "example_yuan": EXAMPLE_COST * rate,
            }
        )
    return pd.DataFrame(rows)


def smallest_exhausting(
    kind: str, scenario: Scenario, project: Callable[[Scenario], LinearFund], level: float = 0.5
) -> float | None:
    """Return the smallest lasting shock of one kind that takes the probability of solvency below ``level`` (reverse stress); None where none up
    to its bound does. ``size`` as in `Shock`."""
    direction, bound = {"construction": (-1, 0.95), "collections": (-1, 0.95), "catastrophe_deaths": (1, 900.0)}.get(
        kind, (1, 3.0)
    )
    assert scenario.base_rate is not None

    def probability(size: float) -> float:
        years = 1 if kind == "catastrophe_deaths" else 50
        fund = project(replace(scenario, shocks=(*scenario.shocks, Shock(kind, direction * size, 1, years))))
        return float(SolvencyCurve.of(fund).probability(scenario.base_rate or 0.0))

    if probability(bound) >= level:
        return None
    low, high = 0.0, bound
    for _ in range(9):
        middle = (low + high) / 2
        low, high = (middle, high) if probability(middle) >= level else (low, middle)
    return direction * high


REVERSE = ("construction", "wages", "medical", "frequency", "collections", "catastrophe_deaths")


def reverse_stress_table(scenario: Scenario, project: Callable[[Scenario], LinearFund]) -> pd.DataFrame:
    """Return for each driver the smallest lasting shock that makes the fund more likely than not to fail: ``driver, size`` (missing: none does)."""
    sizes = [{"driver": kind, "size": smallest_exhausting(kind, scenario, project)} for kind in REVERSE]
    return pd.DataFrame(sizes).astype({"size": "float64"})
