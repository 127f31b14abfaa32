"""The fund ahead: growth fitted to the past, simulated, shocked, rolled forward by the quarter as a linear function of the base rate."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from analysis.assumptions import UsedParameters
from analysis.history import History
from analysis.scenario import Scenario
from models import fund, simulation
from models.fund import QUARTERS, LinearFund
from models.messages import InputError
from models.simulation import GrowthModel, GrowthPrior

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Flows:
    """Simulated exposure and outgo (paths, years) before any shock, and the growth model behind them."""

    exposure: Floats
    outgo: Floats
    growth: GrowthModel


@dataclass(frozen=True)
class Projection:
    """Simulated years: ``exposure`` and ``outgo`` (paths, years) in yuan, the balance by quarter as a linear function of the rate.

    ``opening_outgo`` is the last known year's outgo, ``first_year`` the first simulated calendar year.
    """

    first_year: int
    exposure: Floats
    outgo: Floats
    fund: LinearFund
    flows: Flows
    opening: float
    opening_outgo: float
    interest_by_quarter: float
    fixed_rate: Floats
    prevention_share: float


def growth_prior(scenario: Scenario, parameters: UsedParameters, on: date) -> GrowthPrior:
    """Return what is believed of growth before the data: exposure follows the construction growth; outgo follows it too, with medical prices
    instead of wages for its medical part."""
    growth = scenario.growth
    assert growth.construction is not None
    assert growth.wages is not None
    assert growth.medical is not None
    medical_share = parameters.value("projection.medical_share", on)
    outgo = growth.construction + medical_share * (growth.medical - growth.wages)
    return GrowthPrior(
        long_run=(float(np.log1p(growth.construction)), float(np.log1p(outgo))),
        long_run_sd=parameters.value("projection.long_run_sd", on),
        excess_sd=parameters.value("projection.excess_sd", on),
        volatility=parameters.value("projection.volatility", on),
    )


def simulate_flows(history: History, scenario: Scenario, parameters: UsedParameters) -> Flows:
    """Simulate the years after a history under a resolved scenario, without its shocks.

    The simulated long-run growth is the scenario's; how fast today's growth fades into it, and how much years differ, is learnt from the
    history as far as it goes.
    """
    on = scenario.valuation_date or history.valuation_date
    years, risks = scenario.horizon_years, scenario.risks
    past = np.column_stack([history.exposure, history.outgo])
    model = simulation.fit_growth(history.years, past, growth_prior(scenario, parameters, on))
    draws = simulation.draw(scenario.seed, scenario.paths, years, 2)
    growth = simulation.simulate_growth(model, draws, years, parameter=risks.parameter, economic=risks.economic)
    levels = np.exp(np.cumsum(growth, axis=1))
    if not np.isfinite(levels).all():
        raise InputError("The projection grows beyond any number; choose a shorter horizon or a smaller growth.")
    exposure, outgo = history.exposure[-1] * levels[:, :, 0], history.outgo[-1] * levels[:, :, 1]
    if risks.process and history.people > 0:
        # the yearly cost of n people of whom each costs (mean, cv) varies by √((1 + cv²)/n); n grows with the real volume, left at today's
        cv = float(np.sqrt((1 + parameters.value("severity.cv", on) ** 2) / history.people))
        spread = np.sqrt(np.log1p(cv**2))
        outgo = outgo * np.exp(spread * draws.process[:, :years] - spread**2 / 2)
    if risks.catastrophe and not history.notional:
        outgo = outgo + _catastrophes(exposure, draws, on, parameters, years)
    return Flows(exposure, outgo, model)


def project(history: History, scenario: Scenario, parameters: UsedParameters, flows: Flows | None = None) -> Projection:
    """Simulate, shock and roll the fund forward by the quarter under a resolved scenario.

    ``flows`` may be those of a scenario that differs in shocks, rates, interest or floor alone. Premium comes with new projects at once; a change of
    construction reaches the outgo by the payout pattern.
    """
    on = scenario.valuation_date or history.valuation_date
    flows = flows or simulate_flows(history, scenario, parameters)
    exposure, outgo = _shocked(flows.exposure, flows.outgo, scenario, parameters, on)
    interest = (1.0 + float(scenario.interest_rate or 0.0)) ** (1.0 / QUARTERS) - 1.0
    fixed = fixed_rates(scenario, scenario.horizon_years)
    prevention = 0.0
    if history.level > 1:  # the outgo of accounts holds prevention and administration already
        shares = ("prevention.share_of_collections", "administration.share")
        prevention = sum(float(parameters.value(name, on)) for name in shares)
    rolled = fund.roll_forward(
        history.opening,
        by_quarter(exposure),
        by_quarter(outgo),
        interest=interest,
        fixed_rate=fixed,
        prevention_share=prevention,
        floor_months=scenario.floor_payable_months,
    )
    return Projection(
        first_year=int(history.years[-1]) + 1,
        exposure=exposure,
        outgo=outgo,
        fund=rolled,
        flows=flows,
        opening=history.opening,
        opening_outgo=float(history.outgo[-1]),
        interest_by_quarter=interest,
        fixed_rate=fixed,
        prevention_share=prevention,
    )


def by_quarter(yearly: Floats) -> Floats:
    """Return yearly flows spread evenly over their quarters (stored with time first, as the roll-forward reads them)."""
    return np.repeat(yearly.T / QUARTERS, QUARTERS, axis=0).T


def fixed_rates(scenario: Scenario, years: int) -> Floats:
    """Return by quarter the rate that the scenario's rate path fixes; NaN while the base rate holds."""
    fixed = np.full(years * QUARTERS, np.nan)
    for step in sorted(scenario.rate_path, key=lambda s: s.from_year):
        fixed[(step.from_year - 1) * QUARTERS :] = step.rate
    return fixed


def death_cost(on: date, parameters: UsedParameters) -> float:
    """Return the fund's cost of one death (yuan): funeral, death lump sum and the survivors' pensions discounted (Art. 39)."""
    pool = float(parameters.value("pool_average_wage", on))
    pensions = (
        float(parameters.value("death.dependants", on))
        * pool
        * 12.0
        * float(parameters.value("survivor.duration_years", on))
    )
    return (
        float(parameters.value("benefit.funeral_months", on)) * pool
        + float(parameters.value("death_lump", on))
        + pensions
    )


def _catastrophes(
    exposure: Floats, draws: simulation.Draws, on: date, parameters: UsedParameters, years: int
) -> Floats:
    """Large events beyond the expected: the history's mean cost holds them already, so only the departure is added."""
    deaths = parameters.value("catastrophe.deaths", on)
    frequency = exposure / 1e8 * float(parameters.value("catastrophe.frequency_per_yi", on))
    drawn = simulation.catastrophes(draws, years, frequency, float(deaths["mean"]), float(deaths["least"]))
    cost = death_cost(on, parameters)
    return np.asarray((drawn + np.expm1(-frequency) * float(deaths["mean"])) * cost)


def _shocked(
    exposure: Floats, outgo: Floats, scenario: Scenario, parameters: UsedParameters, on: date
) -> tuple[Floats, Floats]:
    years = exposure.shape[1]
    payout = np.asarray(parameters.value("projection.payout", on), dtype=np.float64)
    payout = payout / payout.sum()
    for shock in scenario.shocks:
        factor = np.ones(years)
        factor[shock.from_year - 1 : shock.from_year - 1 + shock.years] += shock.size
        if shock.kind == "catastrophe_deaths":
            added = np.zeros(years)
            added[shock.from_year - 1 : shock.from_year - 1 + shock.years] = shock.size * death_cost(on, parameters)
            outgo = outgo + added
        elif shock.kind == "collections":
            exposure = exposure * factor
        elif shock.kind in ("construction", "frequency"):
            # the projects of earlier years still pay out: the outgo follows by the payout pattern
            before = np.concatenate([np.ones(len(payout) - 1), factor])
            outgo = outgo * np.convolve(before, payout, mode="valid")
            exposure = exposure * factor if shock.kind == "construction" else exposure
        else:
            medical = float(parameters.value("projection.medical_share", on))
            share = medical if shock.kind == "medical" else 1.0 - medical
            outgo = outgo * (1.0 + share * (factor - 1.0))
    return exposure, outgo
