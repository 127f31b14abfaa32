"""What moves the answer: one driver at a time (tornado), and the share of each in the whole uncertainty (Sobol).

A driver is something that may come out otherwise than expected; its standard deviation is the parameter ``driver.sd``. A driver's deviation holds
from the first year projected to the end, but for the deaths of one large event, which happen in the first year.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
import pandas as pd
from scipy.stats import norm

from analysis.scenario import Risks, Scenario, Shock
from models import sobol
from models.fund import LinearFund
from models.messages import InputError
from models.simulation import SolvencyCurve

Project = Callable[[Scenario], LinearFund]
Progress = Callable[[float], object]

SHOCK_OF: Mapping[str, str] = {
    "construction": "construction",
    "wages": "wages",
    "medical_prices": "medical",
    "frequency": "frequency",
    "collections": "collections",
    "catastrophe_deaths": "catastrophe_deaths",
}
"""Driver → the kind of shock that changes it."""

DRIVERS = ("construction", "growth", "wages", "medical_prices", "frequency", "collections", "interest")
"""Drivers with a symmetric distribution: those of the tornado and of the variance shares."""

TAIL = 0.05
"""The tornado's low and high: what a driver falls short of, or exceeds, with this probability."""

GROWTH_STEPS = 10
"""Steps of a standard deviation in which growth is varied for the variance shares: growth alone needs a new simulation."""

LEAST_PATHS = 100


def deviated(scenario: Scenario, deviations: Mapping[str, float]) -> Scenario:
    """Return a resolved scenario whose drivers deviate by so much (units of ``driver.sd``)."""
    shocks = list(scenario.shocks)
    for driver, size in deviations.items():
        if size == 0:
            continue
        if driver == "interest":
            scenario = replace(scenario, interest_rate=float(scenario.interest_rate or 0.0) + size)
        elif driver == "growth":
            own = float(scenario.growth.construction or 0.0) + size
            scenario = replace(scenario, growth=replace(scenario.growth, construction=own))
        else:
            years = 1 if driver == "catastrophe_deaths" else 50
            shocks.append(Shock(SHOCK_OF[driver], max(size, -0.99), 1, years))
    return replace(scenario, shocks=tuple(shocks))


def tornado_table(scenario: Scenario, project: Project, sd: Mapping[str, float]) -> pd.DataFrame:
    """Return each driver's effect alone, widest first, on the same paths: a comparison has no noise of its own.

    Columns: ``driver, low_size, high_size`` (5% and 95% of the driver)``, rate_low, rate_base, rate_high`` (needed for the wanted probability)``,
    closing_low_yuan, closing_base_yuan, closing_high_yuan`` (median at the end of the horizon, at the rate tested).
    """
    assert scenario.base_rate is not None
    rate = scenario.base_rate

    def results(one: Scenario) -> tuple[float, float]:
        fund = project(one)
        return SolvencyCurve.of(fund).rate(scenario.solvency_level), float(np.median(fund.balance(rate)[:, -1]))

    base = results(scenario)
    rows = []
    for driver in DRIVERS:
        high = float(norm.ppf(1 - TAIL)) * sd[driver]
        low_result, high_result = (results(deviated(scenario, {driver: size})) for size in (-high, high))
        rows.append(
            {
                "driver": driver, "low_size": -high, "high_size": high,
                "rate_low": low_result[0], "rate_base": base[0], "rate_high": high_result[0],
                "closing_low_yuan": low_result[1], "closing_base_yuan": base[1], "closing_high_yuan": high_result[1],
            }
        )  # fmt: skip
    table = pd.DataFrame(rows)
    width = (table["closing_high_yuan"] - table["closing_low_yuan"]).abs()
    return table.loc[width.sort_values(ascending=False, kind="stable").index].reset_index(drop=True)


RESULTS = ("rate", "closing_yuan")


def variance_share_table(
    scenario: Scenario,
    project: Project,
    sd: Mapping[str, float],
    power: int = 8,
    progress: Progress = lambda share: None,
) -> pd.DataFrame:
    """Return the share of each driver in the variance of what is needed and of what is left, on the expected path (risks off).

    The drivers are normal and independent; growth is varied in steps of a tenth of its standard deviation. ``progress`` is told the share done, and may
    raise to stop. Columns: ``result`` (``rate`` needed, ``closing_yuan`` balance at the end)``, driver, first, first_low, first_high, total,
    total_low, total_high`` (90% intervals).
    """
    assert scenario.base_rate is not None
    quiet = replace(scenario, paths=LEAST_PATHS, risks=Risks(False, False, False, False))
    sizes = norm.ppf(sobol.design(len(DRIVERS), power, scenario.seed)) * np.array([sd[d] for d in DRIVERS])
    step = sd["growth"] / GROWTH_STEPS
    at = DRIVERS.index("growth")
    sizes[:, at] = np.round(sizes[:, at] / step) * step
    values = np.empty((len(sizes), len(RESULTS)))
    # by growth: points of one growth share one simulation
    for done, i in enumerate(np.argsort(sizes[:, at], kind="stable")):
        fund = project(deviated(quiet, dict(zip(DRIVERS, sizes[i], strict=True))))
        path = LinearFund(fund.a[:1], fund.b[:1], fund.floor[:1])
        values[i] = path.required_rates()[0], path.balance(scenario.base_rate)[0, -1]
        if done % 100 == 0:
            progress(done / len(sizes))
    if not np.isfinite(values).all():
        raise InputError(
            "Under some deviations no rate saves the fund: its variance has no shares. Check the horizon and the floor."
        )
    progress(1.0)
    frames = []
    for j, result in enumerate(RESULTS):
        shares = sobol.variance_shares(values[:, j], len(DRIVERS), scenario.seed)
        columns = {name: column for name, column in vars(shares).items() if name != "variance"}
        frames.append(pd.DataFrame({"result": result, "driver": DRIVERS, **columns}))
    return pd.concat(frames, ignore_index=True)
