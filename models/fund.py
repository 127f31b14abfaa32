"""The fund: how its balance rolls forward, what it pays for how long, what reserve it holds.

A balance without feedback is linear in the base rate r: ``B_t = a_t + r·b_t``. One pass over a path gives a and b, hence the balance at every
rate and the exact rate that the path requires, ``max_t (floor_t − a_t) / b_t``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.messages import InputError

Floats = NDArray[np.float64]

QUARTERS = 4


def payable_months(balance: Floats | float, outgo: Floats | float) -> Floats:
    """Return the months that a balance pays at a year's outgo: balance ÷ (outgo ÷ 12) (人社部发〔2015〕72号); NaN where there is no outgo."""
    balance, outgo = np.broadcast_arrays(np.asarray(balance, dtype=np.float64), np.asarray(outgo, dtype=np.float64))
    result = np.full(balance.shape, np.nan)
    np.divide(balance * 12.0, outgo, out=result, where=outgo > 0)
    return result


def reserve(last_reserve: float, base: float, share: float, cap_multiple: float) -> float:
    """Return the reserve after a year: last year's plus ``share`` of ``base`` (collections or outgo), up to ``cap_multiple × base``.

    Source: Regulation Art. 13; Xinjiang Order 182 Art. 5 (10% of last year's collections); 人社部发〔2015〕72号 section 6 (by outgo). The reserve
    counts inside the balance.
    """
    return max(last_reserve, min(last_reserve + share * base, cap_multiple * base))


@dataclass(frozen=True)
class LinearFund:
    """Paths of the balance as ``a + rate · b``, at the end of every step; arrays of shape (paths, steps).

    ``floor`` is the balance below which the fund counts as failed, of a shape that broadcasts to that.
    """

    a: Floats
    b: Floats
    floor: Floats

    def balance(self, rate: float) -> Floats:
        """Return the balance of every path and step at a base rate (fraction of total cost)."""
        return np.asarray(self.a + rate * self.b)

    def required_rates(self) -> Floats:
        """Return for every path the smallest rate that keeps its balance at or above the floor at every step.

        A step at which the rate makes no difference (b = 0) and the balance is short requires an infinite rate.
        """
        # time along the first axis, as `roll_forward` wrote it: whole rows of memory
        short, b = (self.floor - self.a).T, self.b.T
        if b.min() > 0:
            return np.asarray((short / b).max(axis=0))
        needed = np.where(short > 0, np.inf, -np.inf)
        np.divide(short, b, out=needed, where=b > 0)
        return np.asarray(needed.max(axis=0))


def roll_forward(
    opening: Floats | float,
    exposure: Floats,
    outgo: Floats,
    interest: Floats | float,
    other_income: Floats | float = 0.0,
    fixed_rate: Floats | None = None,
    prevention_share: float = 0.0,
    floor_months: float = 0.0,
) -> LinearFund:
    """Roll the balance forward step by step and return it as a linear function of the base rate.

    Parameters
    ----------
    opening : balance at the start (yuan), one number or one a path
    exposure : total cost enrolled in each step (yuan), shape (paths, steps): collections are rate × exposure
    outgo : benefits paid in each step (yuan), same shape
    interest : interest a step (fraction), broadcast to the shape; a step's own flows earn half of it
    other_income : income of a step that does not depend on the rate (yuan)
    fixed_rate : shape (steps,); where it is not NaN the step collects at that rate, whatever the base rate
    prevention_share : share of each step's collections taken out for prevention
    floor_months : the floor is this many months of the outgo of the last four steps

    Returns
    -------
    LinearFund
    """
    if exposure.shape != outgo.shape:
        raise InputError(
            "Exposure and outgo must have the same shape, not {one} and {other}.",
            one=str(exposure.shape),
            other=str(outgo.shape),
        )
    paths, steps = outgo.shape
    by_step = _by_step(interest, outgo.shape)
    growth, half = [1.0 + i for i in by_step], [1.0 + i / 2.0 for i in by_step]
    other = _by_step(other_income, outgo.shape)
    free = np.ones(steps) if fixed_rate is None else np.isnan(fixed_rate).astype(np.float64)
    set_rate = np.zeros(steps) if fixed_rate is None else np.nan_to_num(fixed_rate)
    kept = 1.0 - prevention_share
    # time runs along the first axis: each step then reads and writes whole rows of memory
    enrolled, paid = np.ascontiguousarray(exposure.T), np.ascontiguousarray(outgo.T)
    a, b = np.empty((steps, paths)), np.empty((steps, paths))
    a_now, b_now = np.broadcast_to(np.asarray(opening, dtype=np.float64), (paths,)), np.zeros(paths)
    for t in range(steps):
        collected = kept * enrolled[t]
        a[t] = a_now * growth[t] + (other[t] - paid[t] + set_rate[t] * collected) * half[t]
        b[t] = b_now * growth[t] + free[t] * collected * half[t]
        a_now, b_now = a[t], b[t]
    return LinearFund(a.T, b.T, floor_of(outgo, floor_months))


def floor_of(outgo: Floats, months: float) -> Floats:
    """Return the floor of every step: ``months`` of the mean monthly outgo of the last four steps (fewer at the start); one 0 for 0 months."""
    if months == 0:
        return np.zeros((1, 1))
    total = np.cumsum(outgo, axis=1)
    steps = np.arange(1, outgo.shape[1] + 1)
    last_year = total.copy()
    last_year[:, QUARTERS:] -= total[:, :-QUARTERS]
    return np.asarray(last_year / (np.minimum(steps, QUARTERS) * 12 / QUARTERS) * months)


def _by_step(value: Floats | float, shape: tuple[int, ...]) -> list[Any]:
    """Return a value for each step: numbers where it is the same for all paths, else rows of paths."""
    array = np.asarray(value, dtype=np.float64)
    if array.ndim == 0:
        return [float(array)] * shape[1]
    return list(np.broadcast_to(array, shape).T)


@dataclass(frozen=True)
class StageCuts:
    """Cuts of the base rate by payable months, tested at the end of each year on the uncut rate (cuts do not compound).

    ``thresholds`` are (payable months, cut) with rising months: 18 → 0.2 and 24 → 0.5 in 人社部发〔2018〕25号; the cut ends below the first. Below
    ``raise_below`` months (0 = never) the rate is raised by ``raise_by`` (fraction), an option of break-even management rather than a rule of law.
    """

    thresholds: tuple[tuple[float, float], ...]
    raise_below: float = 0.0
    raise_by: float = 0.0

    def multiplier(self, months: Floats) -> Floats:
        """Return the multiplier of the base rate after a year that ended with ``months`` payable months."""
        result = np.ones(months.shape)
        for threshold, cut in self.thresholds:
            result = np.where(months >= threshold, 1.0 - cut, result)
        # 0 is never, also for a fund in debt
        return np.where((self.raise_below > 0) & (months < self.raise_below), 1.0 + self.raise_by, result)


def roll_forward_with_policy(
    rate: Floats | float,
    cuts: StageCuts,
    opening: float,
    opening_months: float,
    exposure: Floats,
    outgo: Floats,
    interest: Floats | float,
    other_income: Floats | float = 0.0,
    fixed_rate: Floats | None = None,
    prevention_share: float = 0.0,
) -> tuple[Floats, Floats]:
    """Roll the balance forward at one base rate, or one a path, under stage cuts that answer to the balance.

    Returns
    -------
    (balance, multiplier) : of every path and step; the multiplier applies to the base rate in that step
    """
    paths, steps = outgo.shape
    growth = 1.0 + np.broadcast_to(np.asarray(interest, dtype=np.float64), outgo.shape)
    other = np.broadcast_to(np.asarray(other_income, dtype=np.float64), outgo.shape)
    rates = [rate if np.isnan(f) else f for f in (np.full(steps, np.nan) if fixed_rate is None else fixed_rate)]
    balance, multiplier = np.empty(outgo.shape), np.empty(outgo.shape)
    now = np.full(paths, float(opening))
    factor = cuts.multiplier(np.full(paths, opening_months))
    for t in range(steps):
        collected = (1.0 - prevention_share) * rates[t] * factor * exposure[:, t]
        now = now * growth[:, t] + (collected + other[:, t] - outgo[:, t]) * (1.0 + growth[:, t]) / 2.0
        balance[:, t], multiplier[:, t] = now, factor
        if (t + 1) % QUARTERS == 0:
            factor = cuts.multiplier(payable_months(now, outgo[:, t - QUARTERS + 1 : t + 1].sum(axis=1)))
    return balance, multiplier
