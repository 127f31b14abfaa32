"""The required rate where the policy answers to the balance: stage cuts and raises make the balance of a path no longer linear in the base rate.

Iterated from the linear answer on the same luck: every path's own rate is bracketed around what it would need without feedback, then halved until it
is known to a millionth of a per mille. A path may fail again above its required rate, where one more cut bites; such paths are few, and what
remains of them in the curve is measured against brute force in the tests.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

HIGHEST = 0.05
"""Highest base rate tried (fraction of total cost); a path that it does not save requires an infinite rate."""

PRECISION = 1e-9


def required_rates(rolled: Callable[[Floats], Floats], floor: Floats, linear: Floats) -> Floats:
    """Return for every path the rate at which it begins to stay at or above the floor.

    Parameters
    ----------
    rolled : rates (paths,) → balances (paths, steps), rolled forward with feedback
    floor : broadcasts to (paths, steps)
    linear : required rates without feedback, where the search begins
    """

    def stays(rates: Floats) -> NDArray[np.bool_]:
        return np.asarray((rolled(rates) >= floor).all(axis=1))

    low = np.zeros(len(linear))
    high = np.clip(np.nan_to_num(linear, posinf=HIGHEST, neginf=0.0), 1e-6, HIGHEST)
    while True:
        safe = stays(high)
        if (safe | (high >= HIGHEST)).all():
            break
        low = np.where(safe, low, high)
        high = np.where(safe, high, np.minimum(1.25 * high, HIGHEST))
    while float((high - low)[safe].max(initial=0.0)) > PRECISION:
        middle = (low + high) / 2.0
        above = stays(middle)
        low, high = np.where(above, low, middle), np.where(above, middle, high)
    return np.where(safe, high, np.inf)
