"""What a fund owes on full funding, valued at every year-end to come, and how that liability rolls forward.

A liability is the value of what accidents that have happened will still cost. It moves by what is new (accidents of the year), by the unwinding of the
discount and by what is paid: ``closing = opening + new + unwinding − paid + experience``. On the expected path experience is nil, to the fen.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from models.cohort_simulation import Collection, Economy, Effects, Events, Luck, Outcome, run
from models.cohorts import LONG, QUARTERS, CohortModel, padded, toeplitz

Floats = NDArray[np.float64]


def discounts(rate: float, quarters: int) -> Floats:
    """Return the value at the start of a yuan paid in each quarter, with interest as `models.fund` credits it: a quarter's flow earns half of it."""
    interest = (1.0 + rate) ** (1.0 / QUARTERS) - 1.0
    return np.asarray((1.0 + interest / 2.0) * (1.0 + interest) ** -np.arange(1.0, quarters + 1))


@dataclass(frozen=True)
class Liabilities:
    """Values at the end of each year, shape (years + 1,), the first today's; ``pensions`` are in payment then, ``outstanding`` is the rest.

    ``new, unwinding, paid, experience`` (years,) are the movements of both together.
    """

    outstanding: Floats
    pensions: Floats
    new: Floats
    unwinding: Floats
    paid: Floats
    experience: Floats

    @property
    def total(self) -> Floats:
        """Outstanding claims and pensions together."""
        return np.asarray(self.outstanding + self.pensions)


def value_liabilities(
    model: CohortModel, luck: Luck, economy: Economy, effects: Effects, events: Events, rate: float, years: int
) -> Liabilities:
    """Value the liabilities at the end of each of ``years`` on one path.

    Parameters
    ----------
    luck, effects : of one path over at least ``years + LONG ÷ 4`` years
    rate : discount rate a year
    """
    closes = np.arange(years + 1) * QUARTERS
    # a path a year-end: on it nothing happens after that year-end
    known = run(model, luck, economy, effects, Collection(), events, until=closes)
    payments = known.outgo
    quarters = len(payments)
    values = _values(payments, closes, rate)
    running = _running(model, known, closes, quarters)
    pensions = _values(running, closes, rate)
    interest = (1.0 + rate) ** (1.0 / QUARTERS) - 1.0
    steps = closes[:-1, None] + np.arange(QUARTERS)
    prior = payments[steps, np.arange(years)[:, None]]
    every = payments[steps, np.arange(1, years + 1)[:, None]]
    # a payment in a quarter takes with it the interest that it would have earned to the year's end
    carried = (1.0 + interest / 2.0) * (1.0 + interest) ** np.arange(QUARTERS - 1, -1, -1)
    unwinding = values[:-1] * ((1.0 + interest) ** QUARTERS - 1.0) - (prior * (carried - 1.0)).sum(axis=1)
    left = _values(payments[:, :-1], closes[1:], rate)
    new = values[1:] - left + (every - prior).sum(axis=1)
    paid = every.sum(axis=1)
    experience = values[1:] - (values[:-1] + new + unwinding - paid)
    return Liabilities(values - pensions, pensions, new, unwinding, paid, experience)


def _values(payments: Floats, closes: NDArray[np.intp], rate: float) -> Floats:
    """Return for each column the value, at its close, of the payments after it."""
    weight = discounts(rate, len(payments))
    return np.array([weight[: len(payments) - c] @ payments[c:, j] for j, c in enumerate(closes)])


def _running(model: CohortModel, known: Outcome, closes: NDArray[np.intp], quarters: int) -> Floats:
    """Return what pensions draw that have begun before each close."""
    begun = np.arange(quarters)[:, None] < closes
    total = np.zeros((quarters, len(closes)))
    for stream in model.streams:
        paid = known.paid[stream.name]
        if stream.survival is None or paid.awards is None:
            continue
        running = toeplitz(3.0 * stream.survival, quarters) @ (np.where(begun, paid.awards, 0.0) / known.index)
        total += known.index * (running + padded(stream.in_payment, quarters)[:, None])
    return total


LONGEST_YEARS = LONG // QUARTERS
"""Years after the last year-end for which payments are followed."""
