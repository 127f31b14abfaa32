"""Rate paths phased over years: what each costs and how safe it is, on the same paths of the fund; and the cheapest that is safe enough."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.fund.projection import Projection
from analysis.scenario import Scenario
from models import rate_path, risk
from models.messages import InputError, Message
from models.rate_path import YearlyRates

Floats = NDArray[np.float64]

CAP = 0.2
"""Change of the rate allowed from one year to the next, where nothing else is chosen (share of last year's rate)."""

NAMES = {
    "keep": Message("Keep the rate in force"),
    "at_once": Message("At once to the level needed"),
    "indicated_phased": Message("Step by step to the indicated rate"),
    "phased": Message("Step by step to the level needed"),
    "cheapest": Message("Cheapest path that is safe enough"),
}


@dataclass(frozen=True)
class RatePaths:
    """Rate paths side by side.

    ``table``: ``path, rate`` (of the last year)``, average_rate`` (weighted with total cost enrolled)``, present_value_yuan`` (of collections)``,
    probability, standard_error, closing_yuan`` (median)``; ``rates``: path → ``period, rate``; ``unreachable``: paths that the cap does not allow.
    """

    table: pd.DataFrame
    rates: dict[str, pd.DataFrame]
    unreachable: tuple[str, ...]


def rate_paths(
    projection: Projection,
    scenario: Scenario,
    indicated: float,
    cap: float | None = CAP,
    level: float | None = None,
    progress: Callable[[float], object] = lambda share: None,
) -> RatePaths:
    """Return the rate paths of a resolved scenario whose own rate path is empty.

    Parameters
    ----------
    indicated : the indicated rate, one of the targets (fraction of total cost)
    cap : largest change of the rate a year, as a share of last year's; None: any
    level : probability with which the fund must stay above its floor; the scenario's where None
    progress : hears how far the search for the cheapest path is, which takes nearly all the time; an exception that it raises stops the work

    Raises
    ------
    InputError
        The projection's rates are fixed already, or the cap is not a positive share.
    """
    if not np.isnan(projection.fixed_rate).all():
        raise InputError("The scenario fixes a rate path already; take rate_path out of it to search for one.")
    if cap is not None and not 0 < cap <= 10:
        raise InputError("The largest change of the rate a year must be a positive share, not {cap}.", cap=cap)
    assert scenario.current_rate is not None
    current, wanted = scenario.current_rate, scenario.solvency_level if level is None else level
    yearly = YearlyRates.of(projection.fund, projection.interest_by_quarter)
    needed = rate_path.smallest_target(yearly, current, None, wanted)
    target = rate_path.smallest_target(yearly, current, cap, wanted)
    candidates: dict[str, Callable[[], Floats | None]] = {
        "keep": lambda: np.full(yearly.years, current),
        "at_once": lambda: None if needed is None else np.full(yearly.years, needed),
        "indicated_phased": lambda: rate_path.phased(current, indicated, cap, yearly.years),
        "phased": lambda: None if target is None else rate_path.phased(current, target, cap, yearly.years),
        "cheapest": lambda: rate_path.cheapest(yearly, current, cap, wanted, current, progress),
    }
    found = {name: make() for name, make in candidates.items()}
    reached = {name: rates for name, rates in found.items() if rates is not None}
    periods = [str(projection.first_year + i) for i in range(yearly.years)]
    return RatePaths(
        pd.DataFrame([{"path": name, **_outcome(projection, yearly, rates)} for name, rates in reached.items()]),
        {name: pd.DataFrame({"period": periods, "rate": rates}) for name, rates in reached.items()},
        tuple(name for name, rates in found.items() if rates is None),
    )


def _outcome(projection: Projection, yearly: YearlyRates, rates: Floats) -> dict[str, float]:
    stays = risk.mean(yearly.stays(rates).astype(np.float64))
    exposure = projection.exposure.mean(axis=0)
    growth = np.prod(1.0 + np.broadcast_to(projection.interest_by_quarter, projection.fund.a.shape), axis=1)
    closing = projection.fund.a[:, -1] + growth * (yearly.income * rates[yearly.year]).sum(axis=1)
    return {
        "rate": float(rates[-1]),
        "average_rate": float(rates @ exposure / exposure.sum()),
        "present_value_yuan": float(yearly.cost() @ rates),
        "probability": stays.value,
        "standard_error": stays.standard_error,
        "closing_yuan": float(np.median(closing)),
    }
