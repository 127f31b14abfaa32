"""Questions put to a prepared review: options, stress, sensitivity, reverse stress; what is slow is asked for by name."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pandas as pd

from analysis.fund.projection import project
from analysis.plans.compared import compare_plans
from analysis.questions.options import options_table, payers_table, stress_table
from analysis.questions.rate_paths import CAP, RatePaths, rate_paths
from analysis.questions.reverse_stress import joint_reverse_stress, reverse_stress_table
from analysis.questions.sensitivity import Progress, Project, tornado_table, variance_share_table
from analysis.rate_review import Indicated, furthest
from analysis.scenario import Scenario
from models.fund import LinearFund

if TYPE_CHECKING:
    from analysis.review import Prepared

STRESS_PATHS, SEARCH_PATHS = 1_000, 300
"""Most paths of a ledger book's stress table and tornado, and of its searches for a shock; all cases of a table meet the same paths."""


def projector(prepared: Prepared, resolved: Scenario) -> Project:
    """Return the function that projects a changed scenario on the same luck.

    What differs in growth, risks or number of paths needs a new simulation; the last one is kept.
    """
    own = _simulation(resolved)
    kept = {own: prepared.projection.flows}

    def project_fund(scenario: Scenario) -> LinearFund:
        key = _simulation(scenario)
        found = project(prepared.history, scenario, prepared.parameters, kept.get(key))
        for other in [k for k in kept if k not in (own, key)]:
            del kept[other]
        kept[key] = found.flows
        return found.fund

    return project_fund


def _simulation(scenario: Scenario) -> tuple[object, ...]:
    """What the simulated flows depend on."""
    return scenario.growth, scenario.risks, scenario.paths, scenario.horizon_years, scenario.seed


def thinned(prepared: Prepared, resolved: Scenario, most: int) -> Scenario:
    """Return the scenario with at most ``most`` paths where its book goes by cohorts: there each question simulates every benefit anew."""
    return resolved if prepared.projection.cohorts is None else replace(resolved, paths=min(resolved.paths, most))


def what_if(prepared: Prepared, resolved: Scenario) -> dict[str, pd.DataFrame]:
    """Return the options for the rate, what they mean for payers, the stress scenarios, and the floating plans side by side."""
    projection = prepared.projection
    plans = compare_plans(prepared.history, resolved.seed, prepared.ledgers)
    options = options_table(resolved, best_of(prepared).rate, projection.fund, prepared.curve, projection.outgo)
    return {
        "options": options,
        "payers": payers_table(options),
        "stress": stress_table(thinned(prepared, resolved, STRESS_PATHS), projector(prepared, resolved)),
        **({"plans": plans} if len(plans) else {}),
    }


def sensitivities(prepared: Prepared, resolved: Scenario) -> dict[str, pd.DataFrame]:
    """Return the tornado and the reverse stress, alone and jointly: on a ledger book some seconds of work."""
    project_fund = projector(prepared, resolved)
    sd = prepared.parameters.value("driver.sd", prepared.history.valuation_date)
    search = thinned(prepared, resolved, SEARCH_PATHS)
    joint = joint_reverse_stress(search, project_fund, sd)
    return {
        "tornado": tornado_table(thinned(prepared, resolved, STRESS_PATHS), project_fund, sd),
        "reverse_stress": reverse_stress_table(search, project_fund, sd),
        **({"joint_reverse_stress": joint.table} if joint is not None else {}),
    }


def variance_shares(
    prepared: Prepared, scenario: Scenario, progress: Progress = lambda share: None, power: int = 8
) -> pd.DataFrame:
    """Return `analysis.questions.sensitivity.variance_share_table` of a prepared review: some seconds of work."""
    on = prepared.history.valuation_date
    resolved = scenario.resolve(prepared.parameters, on)
    sd = prepared.parameters.value("driver.sd", on)
    return variance_share_table(resolved, projector(prepared, resolved), sd, power, progress)


def rate_path_options(
    prepared: Prepared,
    scenario: Scenario,
    cap: float | None = CAP,
    progress: Progress = lambda share: None,
) -> RatePaths:
    """Return `analysis.questions.rate_paths.rate_paths` of a prepared review, phased to the indication that looks furthest ahead: some seconds of work."""
    resolved = scenario.resolve(prepared.parameters, prepared.history.valuation_date)
    return rate_paths(prepared.projection, resolved, best_of(prepared).rate, cap, progress=progress)


def best_of(prepared: Prepared) -> Indicated:
    """Return the indication that looks furthest ahead of those that the book supports."""
    return furthest(prepared.indicated)
