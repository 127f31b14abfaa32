"""Standing at a past year-end: what the program would have said then, beside what came."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pandas as pd

from analysis.assumptions import UsedParameters
from analysis.fund.history import History
from analysis.fund.projection import growth_prior
from analysis.scenario import Scenario
from models import simulation

LEAST_YEARS = 4
PATHS = 10_000


def backtest(history: History, scenario: Scenario, parameters: UsedParameters) -> pd.DataFrame:
    """Return for each past year-end and each later known year the 90% and 50% intervals then given, and the outcome.

    Only years up to the stand are used; exposure is premium at the rate in force for accounts. Columns: ``stood_at, period, series, p05, p25, p50,
    p75, p95, actual, inside_90, inside_50``. Empty where fewer than five years are known.
    """
    rows = []
    series = {"exposure": history.exposure, "outgo": history.outgo}
    levels = np.column_stack(list(series.values()))
    for stand in range(LEAST_YEARS - 1, len(history.years) - 1):
        past = history.years[: stand + 1]
        resolved = scenario.resolve(parameters, date(int(past[-1]), 12, 31))
        model = simulation.fit_growth(
            past, levels[: stand + 1], growth_prior(resolved, parameters, date(int(past[-1]), 12, 31))
        )
        horizon = int(history.years[-1] - past[-1])
        draws = simulation.draw(scenario.seed, PATHS, horizon, 2)
        path = np.exp(np.cumsum(simulation.simulate_growth(model, draws, horizon), axis=1))
        for later in range(stand + 1, len(history.years)):
            step = int(history.years[later] - past[-1])
            for j, name in enumerate(series):
                p05, p25, p50, p75, p95 = np.quantile(
                    levels[stand, j] * path[:, step - 1, j], [0.05, 0.25, 0.5, 0.75, 0.95]
                )
                actual = float(levels[later, j])
                rows.append(
                    {
                        "stood_at": str(past[-1]), "period": str(history.years[later]), "series": name,
                        "p05": p05, "p25": p25, "p50": p50, "p75": p75, "p95": p95, "actual": actual,
                        "inside_90": bool(p05 <= actual <= p95), "inside_50": bool(p25 <= actual <= p75),
                    }
                )  # fmt: skip
    return pd.DataFrame(rows)


def plain(scenario: Scenario) -> Scenario:
    """Return a scenario without its shocks and rate path: a backtest asks what was expected, not what was feared."""
    return replace(scenario, shocks=(), rate_path=(), valuation_date=None)
