"""The point of a limit state nearest to the origin: the most likely joint shock (first-order reliability method).

Source: Hasofer & Lind (1974), Rackwitz & Fiessler (1978): each step goes to the nearest point of the limit state's tangent plane.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq

Floats = NDArray[np.float64]

SCAN = 8
"""Steps in which a direction is searched for its first crossing."""


class NotReachedError(Exception):
    """No point of the limit state was found within the bound."""


def design_point(
    margin: Callable[[Floats], float], inputs: int, bound: float = 6.0, step: float = 0.1, rounds: int = 12
) -> Floats:
    """Return the point z nearest to the origin with ``margin(z) = 0``, in units of standard deviations.

    Parameters
    ----------
    margin : the limit state: positive on one side, negative on the other; smooth enough for central differences of ``step``
    bound : how far from the origin is searched

    Raises
    ------
    NotReachedError
        The margin does not change its sign within the bound along the steepest direction.
    """
    origin = np.zeros(inputs)
    start = margin(origin)
    nearest: Floats | None = None
    z = origin
    for _ in range(rounds):
        gradient = _gradient(margin, z, step)
        size = float(np.linalg.norm(gradient))
        if size == 0:
            break
        direction = gradient / size * (-1.0 if start >= 0 else 1.0)
        along = _crossing(margin, direction, start, bound)
        if along is None:
            break
        found = direction * along
        if nearest is None or np.linalg.norm(found) < np.linalg.norm(nearest) * (1 - 1e-4):
            nearest, z = found, found
        else:
            break
    if nearest is None:
        raise NotReachedError
    return nearest


def _gradient(margin: Callable[[Floats], float], z: Floats, step: float) -> Floats:
    shifts = np.eye(len(z)) * step
    return np.array([(margin(z + s) - margin(z - s)) / (2 * step) for s in shifts])


def _crossing(margin: Callable[[Floats], float], direction: Floats, start: float, bound: float) -> float | None:
    """The distance along a direction at which the margin changes its sign."""
    if start == 0:
        return 0.0
    near = 0.0
    for far in np.linspace(0.0, bound, SCAN + 1)[1:]:  # the first crossing: behind it the margin may change back
        if (margin(direction * far) >= 0) != (start >= 0):
            return float(brentq(lambda d: margin(direction * d), near, far, xtol=1e-3))
        near = float(far)
    return None
