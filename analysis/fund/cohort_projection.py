"""The fund ahead of a ledger book, by quarter and from its cohorts: luck drawn once, shocks applied, everything paid by benefit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date

import numpy as np
from numpy.typing import NDArray

from analysis.assumptions import UsedParameters
from analysis.fund.cohort_fit import CohortBook
from analysis.scenario import Growth, Risks, Scenario
from models import simulation
from models.cohort_simulation import (
    Collection,
    Economy,
    Effects,
    Events,
    Luck,
    Outcome,
    Risky,
    draw_luck,
    expected,
    run,
)
from models.cohorts import LAGS, LONG, QUARTERS, CohortModel, Kernels
from models.liabilities import LONGEST_YEARS
from models.messages import InputError
from models.simulation import GrowthModel, GrowthPrior

Floats = NDArray[np.float64]

KEPT_NUMBERS = 4_000_000
"""Paths × quarters up to which the luck of all paths is kept for the next scenario; beyond it is drawn again (memory stays bounded)."""


@dataclass(frozen=True)
class Assumed:
    """What a projection of cohorts assumes besides the book."""

    economy: Economy
    collection: Collection
    events: Events
    recoveries: float
    payroll_growth: float

    @classmethod
    def of(cls, scenario: Scenario, parameters: UsedParameters, on: date) -> Assumed:
        """Read it from a resolved scenario and the parameters."""

        def value(name: str) -> float:
            return float(parameters.value(name, on))

        growth = scenario.growth
        assert growth.construction is not None
        assert growth.wages is not None
        assert growth.medical is not None
        deaths = parameters.value("catastrophe.deaths", on)
        return cls(
            Economy(
                growth.wages,
                growth.medical,
                float(scenario.indexation or 0.0),
                float(scenario.interest_rate or 0.0),
                # prices of construction are taken to rise like wages at most; the rest of its growth is real
                min(growth.construction, growth.wages),
                value("economy.wages_sd"),
                value("economy.medical_sd"),
                value("economy.interest_sd"),
                value("economy.interest_persistence"),
                parameters.value("economy.correlation", on),
                value("indexation.wage_share"),
            ),
            Collection(value("collection.deferred_share"), int(value("collection.deferred_quarters")), value("settlement.charged_share")),
            Events(value("catastrophe.frequency_per_yi") / 1e8, float(deaths["least"]), float(deaths["mean"])),
            value("recoveries.share_of_medical"),
            growth.wages,
        )  # fmt: skip


@dataclass(frozen=True)
class CohortFlows:
    """The luck of all paths before any shock; ``key`` says what it was drawn for. ``luck`` is empty where it is too large to keep."""

    key: tuple[int, int, int, Risks, Growth]
    growth: GrowthModel
    mean_cases: Mapping[str, Floats]
    mean_written: Floats
    kernels: Kernels
    luck: tuple[Luck, ...]


@dataclass(frozen=True)
class CohortPaths:
    """A ledger fund's simulated years.

    ``collected, outgo, income`` (quarters, paths): cost on which premium comes in, benefits, income that does not depend on the rate; ``interest``
    (quarters, paths) or one number; ``streams`` stream → mean payments by quarter; ``awards`` (paths,) monthly pensions that begin in the first year at
    their capital value, ``lumps`` (paths,) everything else paid then; ``mean`` the path on which everything comes as expected.
    """

    collected: Floats
    outgo: Floats
    income: Floats | float
    interest: Floats | float
    written: Floats
    earned: Floats
    streams: Mapping[str, Floats]
    awards: Floats
    lumps: Floats
    mean: Outcome
    assumed: Assumed


def draw_flows(book: CohortBook, scenario: Scenario, prior: GrowthPrior, assumed: Assumed) -> CohortFlows:
    """Fit growth to the yearly enrolment and draw the luck of all paths."""
    model, years = book.model, scenario.horizon_years
    written = model.written.reshape(-1, QUARTERS).sum(axis=1)
    known = written > 0
    growth = simulation.fit_growth((model.first_year + np.arange(len(written)))[known], written[known][:, None], prior)
    mean = mean_levels(growth, years)
    mean_written = float(written[known][-1]) * mean
    if not np.isfinite(mean_written).all():
        raise InputError("The projection grows beyond any number; choose a shorter horizon or a smaller growth.")
    central = run(
        model, expected(mean_written), assumed.economy, Effects.none(years * QUARTERS), Collection(), Events()
    )
    cases = {base: n[:, 0] for base, n in central.cases.items()}
    key = (scenario.seed, scenario.paths, years, scenario.risks, scenario.growth)
    flows = CohortFlows(key, growth, cases, mean_written, Kernels.of(model, years * QUARTERS), ())
    if scenario.paths * years * QUARTERS <= KEPT_NUMBERS:
        flows = replace(flows, luck=tuple(lucks(flows, book, assumed)))
    return flows


def mean_levels(growth: GrowthModel, years: int) -> Floats:
    """Return the level of the first series by year on the expected path (1 in the last known year)."""
    draws = simulation.only_first_series(simulation.draw(0, 2, years, 1))
    steps = simulation.simulate_growth(growth, draws, years, parameter=False, economic=False)[0, :, 0]
    return np.asarray(np.exp(np.cumsum(steps)))


def lucks(flows: CohortFlows, book: CohortBook, assumed: Assumed) -> Iterator[Luck]:
    """Yield the luck of all paths: as kept, or drawn again."""
    if flows.luck:
        yield from flows.luck
        return
    seed, paths, years, risks, _ = flows.key
    last = book.model.written.reshape(-1, QUARTERS).sum(axis=1)
    risky = Risky(risks.process, risks.parameter, risks.economic, risks.catastrophe)
    yield from draw_luck(
        book.model,
        flows.growth,
        assumed.economy,
        flows.mean_cases,
        float(last[last > 0][-1]),
        years,
        paths,
        seed,
        risky,
    )


def simulate(
    book: CohortBook, flows: CohortFlows, scenario: Scenario, assumed: Assumed, effects: Effects
) -> CohortPaths:
    """Return what all paths bring under the effects of shocks."""
    model, quarters = book.model, scenario.horizon_years * QUARTERS
    values = award_values(model, assumed, float(scenario.discount_rate or 0.0))
    paths = scenario.paths
    collected, outgo = np.empty((quarters, paths)), np.empty((quarters, paths))
    income = np.zeros((quarters, paths)) if assumed.recoveries or model.payroll_premium else 0.0
    interest: Floats | float = quarterly(assumed.economy.interest)
    if scenario.risks.economic:
        interest = np.empty((quarters, paths))
    written, earned = np.zeros(quarters), np.zeros(quarters)
    streams = {s.name: np.zeros(quarters) for s in model.streams}
    awards, lumps = np.zeros(paths), np.zeros(paths)

    def bring(luck: Luck) -> Outcome:
        return run(model, luck, assumed.economy, effects, assumed.collection, assumed.events, kernels=flows.kernels)

    mean = bring(expected(flows.mean_written))
    first, half = 0, (paths + 1) // 2
    for luck in lucks(flows, book, assumed):
        # antithetic partners stand half the paths apart, as everywhere
        pairs = (luck.paths + 1) // 2
        here = np.concatenate([first + np.arange(pairs), half + first + np.arange(luck.paths - pairs)])
        first += pairs
        found = bring(luck)
        collected[:, here], outgo[:, here] = found.collected, found.outgo
        written += found.written.sum(axis=1)
        earned += found.earned.sum(axis=1)
        for name, one in found.paid.items():
            streams[name] += one.payments.sum(axis=1)
            if one.awards is None:
                lumps[here] += one.payments[:QUARTERS].sum(axis=0)
            else:
                awards[here] += values[name] * one.awards[:QUARTERS].sum(axis=0)
        if isinstance(income, np.ndarray):
            income[:, here] = _income(found, model, luck, assumed)
        if isinstance(interest, np.ndarray):
            interest[:, here] = quarterly(np.repeat(assumed.economy.interest + found.interest, QUARTERS, axis=0))
    return CohortPaths(
        collected, outgo, income, interest, written / paths, earned / paths,
        {name: total / paths for name, total in streams.items()}, awards, lumps, mean, assumed,
    )  # fmt: skip


def quarterly(yearly: Floats | float) -> Floats | float:
    """Return the interest of a quarter behind that of a year."""
    found = np.maximum(1.0 + np.asarray(yearly), 1e-6) ** (1.0 / QUARTERS) - 1.0
    return float(found) if found.ndim == 0 else np.asarray(found)


def _income(found: Outcome, model: CohortModel, luck: Luck, assumed: Assumed) -> Floats:
    """Income besides project premium: recoveries, and the premium of employers that enrol by payroll (it grows with wages)."""
    income = np.zeros(found.outgo.shape)
    if assumed.recoveries and "medical" in found.paid:
        income += assumed.recoveries * found.paid["medical"].payments
    if model.payroll_premium:
        growth = (1.0 + assumed.payroll_growth) ** np.arange(1, len(luck.wages) + 1)[:, None] * luck.wages
        income += np.repeat(model.payroll_premium / QUARTERS * growth, QUARTERS, axis=0)
    return income


def award_values(model: CohortModel, assumed: Assumed, rate: float) -> dict[str, float]:
    """Return pension stream → capital value, when it begins, of a monthly yuan."""
    growth = (1.0 + assumed.economy.indexation) ** (np.arange(LONG) / QUARTERS)
    value = (1.0 + rate) ** (-np.arange(LONG) / QUARTERS)
    return {s.name: float(3.0 * s.survival @ (growth * value)) for s in model.streams if s.survival is not None}


def cohort_of(model: CohortModel, flows: CohortFlows, assumed: Assumed, events: Events | None = None) -> Outcome:
    """Return the first year's projects on the expected path, alone, followed to the end: nothing enrolled later, nothing that happened before."""
    # ten years of building and payment, then the longest pension
    years = LONGEST_YEARS + 2 * LAGS // QUARTERS
    written = np.zeros(years)
    written[0] = flows.mean_written[0]
    return run(
        alone_of(model),
        expected(written),
        assumed.economy,
        Effects.none(years * QUARTERS),
        assumed.collection,
        events or assumed.events,
    )


def alone_of(model: CohortModel) -> CohortModel:
    """Return a model without anything that has happened: no works under way, no known accidents, no pensioners, no employers."""
    empty = [
        replace(s, known=np.zeros_like(s.known), in_payment=np.zeros(LONG), headcount=np.zeros(LONG))
        for s in model.streams
    ]
    return replace(
        model,
        written=np.zeros_like(model.written),
        under_way=np.zeros_like(model.under_way),
        unearned=np.zeros_like(model.unearned),
        streams=tuple(empty),
        payroll_cases=0.0,
        payroll_deaths=0.0,
    )
