"""Reverse stress: the smallest shock that exhausts the fund, in each driver alone and in all of them together.

The fund counts as exhausted where it is more likely than not to fall below its floor: the median over paths of the worst margin above the floor
is negative. Where it is so already, the question turns round: the smallest favourable change that saves it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from scipy.optimize import brentq
from scipy.stats import norm

from analysis.questions.sensitivity import SHOCK_OF, Project, deviated
from analysis.scenario import Scenario
from models.reverse import NotReachedError, design_point

ADVERSE: Mapping[str, int] = {
    "construction": -1, "wages": 1, "medical_prices": 1, "frequency": 1, "collections": -1, "catastrophe_deaths": 1,
}  # fmt: skip
"""Driver → the direction that usually hurts."""

BOUNDS: Mapping[str, float] = {"construction": 0.95, "collections": 0.95, "catastrophe_deaths": 900.0}
"""Largest shock searched; 300% for the others."""

JOINT = ("construction", "wages", "medical_prices", "frequency", "collections")
PATHS = 2_000
"""Paths of the search for the joint shock (the table of single drivers uses all)."""


@dataclass(frozen=True)
class JointShock:
    """The most likely joint deviation that exhausts (or saves) the fund.

    ``table``: ``driver, size, deviations`` (in standard deviations)``, share`` of the squared distance; ``distance`` in standard deviations, and
    ``probability`` that independent normal drivers deviate at least so far in that direction.
    """

    table: pd.DataFrame
    distance: float
    probability: float


def worst_margin(scenario: Scenario, project: Project) -> float:
    """Return the median over paths of the smallest margin above the floor (yuan) at the rate tested."""
    assert scenario.base_rate is not None
    fund = project(scenario)
    return float(np.median((fund.balance(scenario.base_rate) - fund.floor).min(axis=1)))


def smallest_alone(driver: str, scenario: Scenario, project: Project) -> float | None:
    """Return the smallest lasting deviation of one driver that exhausts the fund, or saves one that is exhausted; None where none up to the bound
    does. Either sign is tried, the usual one first."""
    base = worst_margin(scenario, project)
    bound = BOUNDS.get(driver, 3.0)
    usual = ADVERSE[driver] if base >= 0 else -ADVERSE[driver]

    def margin(size: float) -> float:
        return worst_margin(deviated(scenario, {driver: size}), project)

    for sign in (usual, -usual):
        end = sign * (bound if sign > 0 else min(bound, 0.95))
        if driver == "catastrophe_deaths" and sign < 0:
            continue
        if (margin(end) >= 0) != (base >= 0):
            return float(brentq(margin, 0.0, end, xtol=1e-4 * bound, rtol=1e-4))
    return None


def reverse_stress_table(scenario: Scenario, project: Project, sd: Mapping[str, float]) -> pd.DataFrame:
    """Return for each driver the smallest lasting deviation that exhausts the fund (or saves it): ``driver, size, deviations`` (size over the
    driver's standard deviation); missing where none does."""
    rows = []
    for driver in SHOCK_OF:
        size = smallest_alone(driver, scenario, project)
        rows.append({"driver": driver, "size": size, "deviations": None if size is None else size / sd[driver]})
    return pd.DataFrame(rows).astype({"size": "float64", "deviations": "float64"})


def joint_reverse_stress(scenario: Scenario, project: Project, sd: Mapping[str, float]) -> JointShock | None:
    """Return the smallest joint deviation, in standard deviations, that exhausts the fund (or saves it); None where none is found."""
    few = replace(scenario, paths=min(scenario.paths, PATHS))
    scale = np.array([sd[driver] for driver in JOINT])

    def margin(z: np.ndarray) -> float:
        return worst_margin(deviated(few, dict(zip(JOINT, z * scale, strict=True))), project)

    try:
        point = design_point(margin, len(JOINT))
    except NotReachedError:
        return None
    distance = float(np.linalg.norm(point))
    squares = point**2 / max(distance**2, 1e-300)
    table = pd.DataFrame({"driver": JOINT, "size": point * scale, "deviations": point, "share": squares})
    return JointShock(table, distance, float(norm.sf(distance)))
