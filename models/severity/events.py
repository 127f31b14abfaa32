"""Accidents with several victims as a process of their own: how often, and how many."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import minimize_scalar
from scipy.stats import chi2

from models.messages import InputError, Message
from models.severity.trend import check_level

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class LargeEvents:
    """Accidents with several victims as a process of their own.

    ``events``, ``frequency`` per unit of exposure with its exact Poisson interval ``low, high``; ``family`` of the victims (``geometric``, ``zeta``)
    and its ``parameter``; ``victims`` Series of probabilities by number of victims, ``least`` to ``cap``, sum 1; ``largest`` seen (0 = none).
    """

    events: int
    frequency: float
    low: float
    high: float
    family: str
    parameter: float
    victims: pd.Series[float]
    largest: int
    notes: tuple[Message, ...]

    @property
    def mean_victims(self) -> float:
        """Expected victims of one event."""
        return float((self.victims * self.victims.index).sum())


def large_events(
    victims: ArrayLike, exposure: float, *, least: int = 3, cap: int = 30, level: float = 0.9
) -> LargeEvents:
    """Fit frequency and size of accidents with at least ``least`` victims.

    Parameters
    ----------
    victims : (events,) victims of each event; smaller events are ordinary cases and are left out here
    exposure : total, in any unit, above 0
    least, cap : fewest and most victims of a large event; 3 deaths make a 较大事故, 30 a 特别重大事故 (State Council Order 493, Art. 3)
    level : of the interval of the frequency

    Returns
    -------
    LargeEvents : sizes from a shifted geometric or a zeta (power) distribution between the bounds, the likelier of the two; half an event of the
        least size is added, so that few events do not decide for certain
    """
    check_level(level)
    if not exposure > 0 or not np.isfinite(exposure):
        raise InputError("Large events need an exposure above 0.")
    if not 2 <= least < cap:
        raise InputError("Large events have from 2 victims on, and a cap above it.")
    sizes = np.asarray(victims, dtype=np.float64)
    sizes = np.minimum(sizes[sizes >= least], cap)
    n = len(sizes)
    support = np.arange(least, cap + 1, dtype=np.float64)
    seen = np.append(sizes, least)
    weight = np.append(np.ones(n), 0.5)

    def fitted(score: Floats, bounds: tuple[float, float]) -> tuple[float, Floats, float]:
        def log_pmf(theta: float) -> Floats:
            raw = -theta * score
            raw = raw - raw.max()
            return np.asarray(raw - np.log(np.exp(raw).sum()))

        at = seen.astype(np.int64) - least
        found = minimize_scalar(lambda theta: -float(weight @ log_pmf(theta)[at]), bounds=bounds, method="bounded")
        return float(found.x), np.exp(log_pmf(found.x)), -float(found.fun)

    geometric, zeta = fitted(support - least, (1e-3, 10.0)), fitted(np.log(support), (0.5, 20.0))
    family, (parameter, pmf, _) = ("geometric", geometric) if geometric[2] >= zeta[2] else ("zeta", zeta)
    low = float(chi2.ppf(0.5 - level / 2, 2 * n)) / 2 if n else 0.0
    high = float(chi2.ppf(0.5 + level / 2, 2 * n + 2)) / 2
    notes = []
    if n < 5:
        notes.append(
            Message(
                "Only {count} accidents with {least} or more victims are known: their size is mostly assumed.",
                {"count": n, "least": least},
            )
        )
    if (np.asarray(victims, dtype=np.float64) > cap).any():
        notes.append(Message("Accidents with more than {cap} victims were counted as {cap}.", {"cap": cap}))
    return LargeEvents(
        n, n / exposure, low / exposure, high / exposure, family, parameter, pd.Series(pmf, index=support.astype(int), name="probability"),
        int(np.asarray(victims, dtype=np.float64).max(initial=0.0)), tuple(notes),
    )  # fmt: skip
