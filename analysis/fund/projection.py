"""The fund ahead: growth fitted to the past, simulated, shocked, rolled forward by the quarter as a linear function of the base rate."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from analysis.assumptions import UsedParameters
from analysis.fund import cohort_projection
from analysis.fund.cohort_fit import CohortBook
from analysis.fund.cohort_projection import CohortFlows, CohortPaths
from analysis.fund.history import History
from analysis.scenario import Scenario
from models import fund, simulation
from models.cohort_simulation import Effects
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
    """Simulated years: the balance by quarter as a linear function of the rate, and the flows behind it, shape (paths, quarters), in yuan.

    ``exposure_by_quarter``: total cost on which premium comes in; ``other_income``: what does not depend on the rate; ``interest_by_quarter``: one
    number or (paths, quarters); ``taken``: what goes from collections elsewhere than to benefits (`TAKEN`) → share.
    ``opening_outgo`` is the last known year's outgo, ``first_year`` the first simulated calendar year; ``cohorts`` the projection by benefit of a ledger
    book.
    """

    first_year: int
    exposure_by_quarter: Floats
    outgo_by_quarter: Floats
    fund: LinearFund
    flows: Flows | CohortFlows
    opening: float
    opening_outgo: float
    interest_by_quarter: Floats | float
    fixed_rate: Floats
    taken: Mapping[str, float]
    other_income: Floats | float = 0.0
    cohorts: CohortPaths | None = None

    @property
    def prevention_share(self) -> float:
        """Share of collections that goes to prevention, administration and the adjustment fund together."""
        return sum(self.taken.values())

    @cached_property
    def exposure(self) -> Floats:
        """Total cost on which premium comes in, by year, shape (paths, years)."""
        return by_year(self.exposure_by_quarter)

    @cached_property
    def outgo(self) -> Floats:
        """Benefits paid by year, shape (paths, years)."""
        return by_year(self.outgo_by_quarter)


TAKEN: Mapping[str, str] = {
    "prevention": "prevention.share_of_collections",
    "administration": "administration.share",
    "adjustment_fund": "adjustment_fund.share",
}
"""What is taken from collections for other things than benefits → its parameter."""


def by_year(quarterly: Floats) -> Floats:
    """Return yearly sums of flows by quarter, shape (paths, years)."""
    return np.asarray(quarterly.T.reshape(-1, QUARTERS, len(quarterly)).sum(axis=1).T)


def growth_prior(scenario: Scenario, parameters: UsedParameters, on: date, exposure_alone: bool = False) -> GrowthPrior:
    """Return what is believed of growth before the data: exposure follows the construction growth; outgo (unless ``exposure_alone``) follows it too,
    with medical prices instead of wages for its medical part."""
    growth = scenario.growth
    assert growth.construction is not None
    assert growth.wages is not None
    assert growth.medical is not None
    medical_share = parameters.value("projection.medical_share", on)
    outgo = growth.construction + medical_share * (growth.medical - growth.wages)
    both = (float(np.log1p(growth.construction)), float(np.log1p(outgo)))
    return GrowthPrior(
        long_run=both[:1] if exposure_alone else both,
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


def project(
    history: History, scenario: Scenario, parameters: UsedParameters, flows: Flows | CohortFlows | None = None
) -> Projection:
    """Simulate, shock and roll the fund forward by the quarter under a resolved scenario.

    A ledger book goes by its cohorts (`analysis.fund.cohort_projection`); accounts and experience by yearly totals, spread over their quarters. ``flows``
    may be those of a scenario that differs in shocks, rates, interest or floor alone.
    """
    on = scenario.valuation_date or history.valuation_date
    cohorts = None
    other: Floats | float = 0.0
    interest = cohort_projection.quarterly(float(scenario.interest_rate or 0.0))
    # the outgo of accounts holds prevention and administration already
    taken = {name: float(parameters.value(own, on)) for name, own in TAKEN.items()} if history.level > 1 else {}
    if history.cohorts is not None:
        cohorts, flows = _cohorts(history.cohorts, scenario, parameters, on, flows)
        exposure, outgo = cohorts.collected.T, cohorts.outgo.T
        other, interest = np.asarray(cohorts.income).T, np.asarray(cohorts.interest).T
    else:
        flows = flows if isinstance(flows, Flows) else simulate_flows(history, scenario, parameters)
        exposure, outgo = (by_quarter(x) for x in _shocked(flows.exposure, flows.outgo, scenario, parameters, on))
    fixed = fixed_rates(scenario, scenario.horizon_years)
    rolled = fund.roll_forward(
        history.opening,
        exposure,
        outgo,
        interest=interest,
        other_income=other,
        fixed_rate=fixed,
        prevention_share=sum(taken.values()),
        floor_months=scenario.floor_payable_months,
    )
    return Projection(
        first_year=int(history.years[-1]) + 1,
        exposure_by_quarter=exposure,
        outgo_by_quarter=outgo,
        fund=rolled,
        flows=flows,
        opening=history.opening,
        opening_outgo=float(history.outgo[-1]),
        interest_by_quarter=interest,
        fixed_rate=fixed,
        taken=taken,
        other_income=other,
        cohorts=cohorts,
    )


def _cohorts(
    book: CohortBook, scenario: Scenario, parameters: UsedParameters, on: date, flows: Flows | CohortFlows | None
) -> tuple[CohortPaths, CohortFlows]:
    assumed = cohort_projection.Assumed.of(scenario, parameters, on)
    key = (scenario.seed, scenario.paths, scenario.horizon_years, scenario.risks, scenario.growth)
    if not (isinstance(flows, CohortFlows) and flows.key == key):
        prior = growth_prior(scenario, parameters, on, exposure_alone=True)
        flows = cohort_projection.draw_flows(book, scenario, prior, assumed)
    effects = effects_of(scenario, parameters, on)
    return cohort_projection.simulate(book, flows, scenario, assumed, effects), flows


def effects_of(scenario: Scenario, parameters: UsedParameters, on: date) -> Effects:
    """Return a scenario's shocks and coverage path as factors by quarter."""
    quarters = scenario.horizon_years * QUARTERS
    none = Effects.none(quarters)
    factors = {
        name: getattr(none, name).copy() for name in ("construction", "frequency", "collections", "wages", "medical")
    }
    deaths = none.deaths.copy()
    for shock in scenario.shocks:
        first, last = (shock.from_year - 1) * QUARTERS, (shock.from_year - 1 + shock.years) * QUARTERS
        if shock.kind == "catastrophe_deaths":
            deaths[first:last:QUARTERS] += shock.size
        else:
            factors[shock.kind][first:last] *= 1.0 + shock.size
    if scenario.coverage:
        today = float(parameters.value("coverage.national_new", on))
        share = np.full(quarters, today)
        for step in sorted(scenario.coverage, key=lambda s: s.from_year):
            share[(step.from_year - 1) * QUARTERS :] = step.share
        factors["construction"] *= share / today
    return Effects(**factors, deaths=deaths)


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
