"""The distribution of the sum of a random number of claims, by FFT with exponential tilting; every result checks its own moments.

Sources: Heckman & Meyers (1983); Grübel & Hermesmeier (1999) for tilting; Embrechts & Frei (2009); Klugman, Panjer & Willmot, Loss Models.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from models.messages import InputError, Message

Floats = NDArray[np.float64]

TILT_LOG = 8.0
"""On a grid padded to twice its length, mass beyond the padding comes back damped by e^−8; rounding noise grows by no more than e^8."""

TOLERANCE = 1e-3
"""A relative error of mean or standard deviation above this is reported."""


@dataclass(frozen=True)
class Checks:
    """What a distribution says of itself: its moments beside those it should have, and the mass that the grid does not hold."""

    mean_error: float
    std_error: float
    missing_mass: float
    notes: tuple[Message, ...]

    @property
    def ok(self) -> bool:
        """Whether nothing had to be reported."""
        return not self.notes


@dataclass(frozen=True)
class Aggregate:
    """A distribution on the grid 0, step, 2·step, …

    ``mean`` and ``std`` are exact where the severity's moments are known (a frozen distribution or a pmf); ``pmf`` is on the grid.
    """

    step: float
    pmf: Floats
    mean: float
    std: float
    checks: Checks

    @property
    def values(self) -> Floats:
        """The grid."""
        return np.arange(len(self.pmf)) * self.step

    def cdf(self, value: ArrayLike) -> Any:
        """Return P(S ≤ value)."""
        at = np.floor(np.asarray(value, dtype=np.float64) / self.step + 1e-9).astype(np.int64)
        total = np.concatenate([[0.0], np.minimum(np.cumsum(self.pmf), 1.0)])
        return total[np.clip(at + 1, 0, len(self.pmf))][()]

    def quantile(self, p: ArrayLike) -> Any:
        """Return the smallest grid value x with P(S ≤ x) ≥ p; the end of the grid where p lies beyond what it holds."""
        p = np.asarray(p, dtype=np.float64)
        if ((p < 0) | (p > 1) | np.isnan(p)).any():
            raise InputError("A probability must lie from 0 to 1.")
        at = np.searchsorted(np.cumsum(self.pmf), p - 1e-12, side="left")
        return (np.minimum(at, len(self.pmf) - 1) * self.step)[()]

    def tail_value_at_risk(self, p: ArrayLike) -> Any:
        """Return the mean of the worst 1 − p share of outcomes (an atom at the quantile counts in part)."""
        p = np.asarray(p, dtype=np.float64)
        if ((p < 0) | (p >= 1) | np.isnan(p)).any():
            raise InputError("A tail begins at a probability from 0 to below 1.")
        values = self.values
        at = np.asarray(np.round(self.quantile(p) / self.step), dtype=np.int64)
        total = np.cumsum(self.pmf)
        above = np.concatenate([np.cumsum((self.pmf * values)[::-1])[::-1], [0.0]])
        beyond = above[at + 1]
        return ((beyond + (total[at] - p) * values[at]) / (1.0 - p))[()]


def discretise(severity: Any, step: float, size: int) -> tuple[Floats, float, float]:
    """Return a severity on the grid by rounding to the nearest point, and its exact mean and second moment.

    Parameters
    ----------
    severity : frozen scipy distribution on [0, ∞), or a pmf on the grid
    """
    if hasattr(severity, "cdf"):
        if float(severity.cdf(-1e-9)) > 0:
            raise InputError("The severity must not be negative.")
        edges = (np.arange(size) + 0.5) * step
        reached = np.asarray(severity.cdf(edges), dtype=np.float64)
        mean, variance = (float(m) for m in severity.stats("mv"))
        if not np.isfinite(mean):
            raise InputError("The severity has no finite mean; limit it first.")
        return np.diff(reached, prepend=0.0), mean, variance + mean**2
    pmf = np.asarray(severity, dtype=np.float64)
    if (
        pmf.ndim != 1
        or pmf.size == 0
        or pmf.size > size
        or (pmf < 0).any()
        or not np.isclose(pmf.sum(), 1.0, atol=1e-9)
    ):
        raise InputError(
            "A severity on the grid must be probabilities that sum to 1, at most {size} of them.", size=size
        )
    values = np.arange(pmf.size) * step
    return np.pad(pmf, (0, size - pmf.size)), float(pmf @ values), float(pmf @ values**2)


def _count_generator(mean: float, variance: float) -> Callable[[NDArray[np.complex128]], NDArray[np.complex128]]:
    """Return the probability generating function of the (a, b, 0) count with these moments."""
    if np.isclose(variance, mean, rtol=1e-12, atol=0.0) or mean == 0:
        return lambda z: np.exp(mean * (z - 1.0))
    if variance > mean:
        beta = variance / mean - 1.0
        return lambda z: np.exp(-mean / beta * np.log(1.0 - beta * (z - 1.0)))
    share = 1.0 - variance / mean
    trials = mean / share
    if abs(trials - round(trials)) > 1e-6:
        raise InputError(
            "A count with variance {variance} below its mean {mean} is binomial only for a whole number of trials, not {trials}.",
            variance=variance,
            mean=mean,
            trials=trials,
        )
    return lambda z: (1.0 + share * (z - 1.0)) ** round(trials)


def compound(count_mean: float, count_variance: float, severity: Any, step: float, size: int) -> Aggregate:
    """Return the distribution of a compound sum.

    Parameters
    ----------
    count_mean, count_variance : moments of the number of claims: variance = mean Poisson, above negative binomial, below binomial
    severity : frozen scipy distribution on [0, ∞), or a pmf on the grid (probabilities of 0, step, 2·step, …)
    step : width of the grid, in the severity's unit
    size : number of grid points, best a power of two

    Returns
    -------
    Aggregate : with ``checks``, which say whether step and size were good enough

    Raises
    ------
    InputError
        A negative or infinite moment, a step or size that is not positive, a severity that is negative or has no mean.
    """
    if not (
        np.isfinite([count_mean, count_variance, step]).all()
        and count_mean >= 0
        and count_variance >= 0
        and step > 0
        and size >= 2
    ):
        raise InputError(
            "Counts need a finite mean and variance from 0; the grid a positive step and at least two points."
        )
    if count_mean > 0 and count_variance == 0 and abs(count_mean - round(count_mean)) > 1e-9:
        raise InputError("A count without variance must be a whole number, not {mean}.", mean=count_mean)
    pmf, mean, second = discretise(severity, step, int(size))
    generator: Callable[[NDArray[np.complex128]], NDArray[np.complex128]]
    if count_mean > 0 and count_variance == 0:
        number = round(count_mean)

        def generator(z: NDArray[np.complex128]) -> NDArray[np.complex128]:
            return z**number

    else:
        generator = _count_generator(float(count_mean), float(count_variance))
    variance = count_mean * (second - mean**2) + count_variance * mean**2
    return _transformed(pmf, generator, step, count_mean * mean, variance)


def compound_counts(counts: ArrayLike, severity: Any, step: float, size: int) -> Aggregate:
    """Return the compound distribution of any count distribution given as probabilities of 0, 1, 2, … claims."""
    p = np.asarray(counts, dtype=np.float64)
    if p.ndim != 1 or p.size == 0 or (p < 0).any() or not np.isclose(p.sum(), 1.0, atol=1e-9):
        raise InputError("Counts must be probabilities of 0, 1, 2, … that sum to 1.")
    pmf, mean, second = discretise(severity, step, int(size))
    numbers = np.arange(p.size)
    expected = float(p @ numbers)
    spread = float(p @ numbers**2) - expected**2
    return _transformed(
        pmf, lambda z: np.polyval(p[::-1], z), step, expected * mean, expected * (second - mean**2) + spread * mean**2
    )


def _transformed(
    pmf: Floats,
    generator: Callable[[NDArray[np.complex128]], NDArray[np.complex128]],
    step: float,
    mean: float,
    variance: float,
) -> Aggregate:
    size, padded = len(pmf), 2 * len(pmf)
    tilt = np.exp(-TILT_LOG / padded * np.arange(padded))
    result = np.fft.irfft(generator(np.fft.rfft(pmf * tilt[:size], padded)), padded)[:size] / tilt[:size]
    result = np.maximum(result, 0.0)  # rounding noise below zero is no probability
    held = float(result.sum())
    values = np.arange(size) * step
    own_mean = float(result @ values)
    own_std = float(np.sqrt(max(result @ values**2 - own_mean**2, 0.0)))
    std = float(np.sqrt(variance)) if np.isfinite(variance) else float("inf")
    mean_error = own_mean / mean - 1.0 if mean > 0 else own_mean
    std_error = own_std / std - 1.0 if 0 < std < float("inf") else 0.0
    missing = max(1.0 - held, 0.0)
    notes = []
    if missing > 1e-6:
        notes.append(
            Message(
                "{share:percent.4} of the distribution lies beyond the grid; take a larger size or step.",
                {"share": missing},
            )
        )
    if abs(mean_error) > TOLERANCE or abs(std_error) > TOLERANCE:
        notes.append(
            Message(
                "On the grid the mean is off by {mean:percent.3} and the standard deviation by {std:percent.3}; take a finer step or a larger size.",
                {"mean": mean_error, "std": std_error},
            )
        )
    return Aggregate(step, result, mean, std, Checks(mean_error, std_error, missing, tuple(notes)))
