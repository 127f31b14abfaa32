"""The cost of one year at the level of today: the compound distribution of ordinary cases and large events, each checked by its own moments."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.experience.frames import Floats
from models.aggregate import Aggregate, compound, compound_counts, on_grid
from models.messages import InputError, Message
from models.severity import LargeEvents

POINTS = 2**14
QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95, 0.995)


@dataclass(frozen=True)
class YearlyCost:
    """``ordinary`` cases and ``large`` events as distributions (yuan); ``table``: ``part, mean_yuan, std_yuan, p05, p25, p50, p75, p95, p995, grid_error, ok``."""

    ordinary: Aggregate
    large: Aggregate
    table: pd.DataFrame
    notes: tuple[Message, ...]


def yearly_cost(
    mean: float, risk_variance: float, case_cost: Floats, events: LargeEvents, exposure: float, death_cost: float
) -> YearlyCost:
    """Return the distribution of one year's ultimate cost.

    Parameters
    ----------
    mean, risk_variance : cases expected in the year; the variance that contractors' risks add to that of chance
    case_cost : (cases,) yuan a case, at today's level
    events, exposure, death_cost : large events by unit of exposure, the year's exposure in that unit, yuan of one death

    Raises
    ------
    InputError
        No case is expected, or none has a cost.
    """
    if not mean > 0 or not case_cost.sum() > 0:
        raise InputError("No case or no cost is expected: there is no distribution of a year's cost.")
    variance = mean + risk_variance
    top = mean * float(case_cost.mean()) + 12.0 * float(np.sqrt(mean * (case_cost**2).mean() + (variance - mean) * case_cost.mean() ** 2))  # fmt: skip
    step = _round_up(max(top, float(case_cost.max()) * 1.5) / POINTS)
    severity = on_grid(np.maximum(case_cost, 0.0), np.full(len(case_cost), 1.0 / len(case_cost)), step, POINTS)
    ordinary = compound(mean, variance, severity / severity.sum(), step, POINTS)
    rate = max(events.frequency * exposure, 0.0)
    victims = np.zeros(int(events.victims.index.max()) + 1)
    victims[events.victims.index.to_numpy(dtype=np.int64)] = events.victims.to_numpy(dtype=np.float64)
    # a death has its mean cost: the number of victims, not their families, makes a large event dear
    one = np.zeros(2)
    one[1] = 1.0
    event = compound_counts(victims, one, max(death_cost, 1.0))
    large = compound(rate, rate, event.pmf / event.pmf.sum(), max(death_cost, 1.0), 512)
    rows = [_row("ordinary", ordinary), _row("large_events", large)]
    notes = (*ordinary.checks.notes, *large.checks.notes)
    return YearlyCost(ordinary, large, pd.DataFrame(rows), notes)


def _row(part: str, found: Aggregate) -> dict[str, object]:
    points = {f"p{str(q)[2:].ljust(2, '0')}": float(found.quantile(q)) for q in QUANTILES}
    checks = found.checks
    return {
        "part": part, "mean_yuan": found.mean, "std_yuan": found.std, **points,
        "grid_error": max(abs(checks.mean_error), abs(checks.std_error)), "ok": checks.ok,
    }  # fmt: skip


def _round_up(step: float) -> float:
    """Return the next step of one or two digits: 1, 2, 5, 10 …"""
    size = 10.0 ** np.floor(np.log10(max(step, 1e-6)))
    return float(next(m for m in (1.0, 2.0, 5.0, 10.0) if m * size >= step) * size)
