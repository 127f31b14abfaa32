"""What could be done and what could go wrong: options for the rate side by side, named stress scenarios."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
import pandas as pd

from analysis.questions.stresses import load_stresses
from analysis.scenario import Scenario
from models import risk
from models.fund import LinearFund, payable_months
from models.messages import Message
from models.simulation import SolvencyCurve

EXAMPLE_COST = 1e8
"""Total cost of the project in worked examples for a payer (yuan)."""

NAMES: Mapping[str, Message] = {
    "base": Message("Base"),
    "keep": Message("Keep the rate in force"),
    "indicated": Message("Adopt the indicated rate"),
    "solvency": Message("The rate for the wanted probability"),
    "half_way": Message("Half way to the indicated rate"),
}


def stress_table(scenario: Scenario, project: Callable[[Scenario], LinearFund]) -> pd.DataFrame:
    """Return each named stress beside the base, at the scenario's rate, on the same paths.

    Columns: ``case, probability, standard_error, needed_rate, rate_error`` (needed for the wanted probability)``, closing_yuan`` (median at the end)``,
    closing_error_yuan, closing_change_yuan`` (of the median, from the base).
    """
    assert scenario.base_rate is not None
    rows = []
    cases = {code: (*scenario.shocks, *stress.shocks) for code, stress in load_stresses().items()}
    for name, shocks in {"base": scenario.shocks, **cases}.items():
        fund = project(replace(scenario, shocks=shocks))
        rows.append({"case": name, **_outcome(scenario, fund, SolvencyCurve.of(fund), scenario.base_rate)})
    table = pd.DataFrame(rows)
    return table.assign(closing_change_yuan=table["closing_yuan"] - table["closing_yuan"].iloc[0])


def _outcome(scenario: Scenario, fund: LinearFund, curve: SolvencyCurve, rate: float) -> dict[str, float]:
    closing = risk.quantile(fund.balance(rate)[:, -1], 0.5)
    return {
        "probability": float(curve.probability(rate)),
        "standard_error": float(curve.standard_error(rate)),
        "needed_rate": curve.rate(scenario.solvency_level),
        "rate_error": curve.rate_error(scenario.solvency_level),
        "closing_yuan": closing.value,
        "closing_error_yuan": closing.standard_error,
    }


def options_table(
    scenario: Scenario, indicated: float, fund: LinearFund, curve: SolvencyCurve, outgo: np.ndarray
) -> pd.DataFrame:
    """Return the options for the rate on the same paths.

    Columns: ``option, rate, change`` (against the rate in force)``, probability, standard_error, closing_yuan, payable_months`` (medians at the end)``,
    example_yuan`` (premium of a project of 100 million yuan).
    """
    assert scenario.current_rate is not None
    current = scenario.current_rate
    needed = curve.rate(scenario.solvency_level)
    rates = {"keep": current, "half_way": (current + indicated) / 2, "indicated": indicated}
    if np.isfinite(needed):
        rates["solvency"] = needed
    rows = []
    for name, rate in rates.items():
        closing = fund.balance(rate)[:, -1]
        rows.append(
            {
                "option": name,
                "rate": rate,
                "change": rate / current - 1.0,
                "probability": float(curve.probability(rate)),
                "standard_error": float(curve.standard_error(rate)),
                "closing_yuan": float(np.median(closing)),
                "payable_months": float(np.median(payable_months(closing, outgo[:, -1]))),
                "example_yuan": EXAMPLE_COST * rate,
            }
        )
    return pd.DataFrame(rows)


PAYERS = {"small_project_yuan": 1e7, "middle_project_yuan": 5e7, "large_project_yuan": 5e8, "largest_project_yuan": 2e9}
"""Column of the worked examples → total cost of the project (yuan)."""


def payers_table(options: pd.DataFrame) -> pd.DataFrame:
    """Return what projects of four sizes pay under each option: ``option, rate``, the columns of `PAYERS` (premium, yuan) and ``change`` against the
    first option."""
    rates = options["rate"]
    examples = {column: cost * rates for column, cost in PAYERS.items()}
    return options[["option", "rate"]].assign(**examples, change=rates / rates.iloc[0] - 1.0)
