"""The distribution of the sum of a random number of claims, by FFT with exponential tilting; every result checks its own moments.

Sources: Heckman & Meyers (1983), the FFT for aggregate losses; Gerber (1982), discretisations that keep the mean; Grübel & Hermesmeier (1999),
tilting against aliasing; Embrechts & Frei (2009), FFT beside Panjer's recursion; Klugman, Panjer & Willmot, Loss Models, ch. 9.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.fft import next_fast_len

from models.messages import InputError, Message

Floats = NDArray[np.float64]
Complexes = NDArray[np.complex128]
Generator = Callable[[Complexes], Complexes]
"""A probability generating function of the count, read at complex points inside the unit circle."""

TILT = 12.0
"""Mass beyond the padded grid comes back damped by e^−12; on the kept half, rounding noise grows by no more than e^6."""

TOLERANCE = 1e-3
"""A relative error of mean or standard deviation above this is reported."""

MISSING = 1e-6
"""More mass than this beyond the grid is reported."""

LARGEST = 2**26
"""Points of the largest grid: two gigabytes of work space."""

NODES = np.polynomial.legendre.leggauss(64)

NO_SHARE = 1e-12
"""A probability this small is rounding."""


@dataclass(frozen=True)
class Checks:
    """What a distribution says of itself.

    ``grid_mean, grid_std`` moments of the pmf; ``mean_error, std_error`` relative to theory (0 where theory is infinite); ``missing_mass`` beyond
    the grid; ``aliasing_error`` bound of the mass that came back from beyond; ``ok`` whether the grid is good enough; ``notes`` what to know.
    """

    grid_mean: float
    grid_std: float
    mean_error: float
    std_error: float
    missing_mass: float
    aliasing_error: float
    ok: bool
    notes: tuple[Message, ...]


@dataclass(frozen=True)
class Aggregate:
    """A distribution on the grid 0, step, 2·step, …: ``pmf``; ``mean`` and ``std`` from theory (may be infinite); ``checks`` of the grid."""

    step: float
    pmf: Floats
    mean: float
    std: float
    checks: Checks

    @property
    def values(self) -> Floats:
        """The grid, in the severity's unit."""
        return np.arange(len(self.pmf), dtype=np.float64) * self.step

    @cached_property
    def cumulative(self) -> Floats:
        """P(S ≤ value) at every point of the grid."""
        return np.minimum(np.cumsum(self.pmf), 1.0)

    def cdf(self, value: ArrayLike) -> Any:
        """Return P(S ≤ value), for a scalar or an array; beyond the grid, what the grid holds."""
        at = np.floor(np.asarray(value, dtype=np.float64) / self.step + 1e-9)
        if np.isnan(at).any():
            raise InputError("A distribution is read at amounts, not at missing values.")
        at = np.clip(at, -1, len(self.pmf) - 1).astype(np.int64)
        return np.where(at < 0, 0.0, self.cumulative[at])[()]

    def quantile(self, p: ArrayLike) -> Any:
        """Return the smallest grid value x with P(S ≤ x) ≥ p, for a scalar or an array.

        Raises
        ------
        InputError
            p not from 0 to 1, or beyond what the grid holds.
        """
        return (self._position(p) * self.step)[()]

    def tail_value_at_risk(self, p: ArrayLike) -> Any:
        """Return the mean of the worst 1 − p share of outcomes (an atom at the quantile counts in part), for a scalar or an array.

        What lies beyond the grid counts with the mean that theory gives it.

        Raises
        ------
        InputError
            p not from 0 to below 1, or beyond what the grid holds; a distribution without a finite mean.
        """
        if not np.isfinite(self.mean):
            raise InputError("A distribution without a finite mean has no tail value; limit the severity first.")
        p = np.asarray(p, dtype=np.float64)
        if (p >= 1).any():
            raise InputError("A tail begins at a probability from 0 to below 1.")
        at = self._position(p)
        beyond = np.cumsum((self.pmf * self.values)[::-1])[::-1]
        lost = max(self.mean - self.checks.grid_mean, 0.0) if self.checks.missing_mass > NO_SHARE else 0.0
        here = (self.cumulative[at] - p - self.pmf[at]) * at * self.step
        return ((beyond[at] + lost + here) / (1.0 - p))[()]

    def _position(self, p: ArrayLike) -> NDArray[np.int64]:
        p = np.asarray(p, dtype=np.float64)
        if not ((p >= 0) & (p <= 1)).all():
            raise InputError("A probability must lie from 0 to 1.")
        at = np.asarray(np.searchsorted(self.cumulative, p - NO_SHARE), dtype=np.int64)
        if (at == len(self.pmf)).any():
            raise InputError(
                "The grid holds {held} of the distribution; the quantile at {p} lies beyond it. Take a larger size or step.",
                held=float(self.cumulative[-1]), p=float(p.max()),
            )  # fmt: skip
        return at


def compound(count_mean: float, count_variance: float, severity: Any, step: float, size: int) -> Aggregate:
    """Return the distribution of the sum of a Poisson, negative binomial or binomial number of claims.

    Parameters
    ----------
    count_mean, count_variance : moments of the number of claims: variance = mean Poisson, above negative binomial, below binomial
    severity : frozen scipy distribution on [0, ∞), or a pmf on the grid (probabilities of 0, step, 2·step, …; see `on_grid`)
    step : width of the grid, in the severity's unit
    size : number of grid points, best a power of two

    Returns
    -------
    Aggregate : with ``checks``, which say whether step and size were good enough

    Raises
    ------
    InputError
        A moment that is negative or not finite, a step or size that is not positive, a negative severity, a binomial without whole trials.
    """
    if not (np.isfinite([count_mean, count_variance]).all() and count_mean >= 0 and count_variance >= 0):
        raise InputError(
            "The number of claims needs a finite mean and variance from 0, not {mean} and {variance}.",
            mean=count_mean, variance=count_variance,
        )  # fmt: skip
    if count_mean == 0 < count_variance:
        raise InputError("A number of claims with mean 0 has no variance, not {variance}.", variance=count_variance)
    pmf, mean, variance = discretise(severity, step, size)
    generator = _count_generator(float(count_mean), float(count_variance))
    return _transformed(pmf, generator, step, float(count_mean), float(count_variance), mean, variance)


def compound_counts(counts: ArrayLike, severity: Any, step: float, size: int | None = None) -> Aggregate:
    """Return the distribution of the sum of any number of claims, given as probabilities of 0, 1, 2, … claims.

    Parameters
    ----------
    counts : (n,) probabilities that sum to 1
    severity, step, size : as in `compound`; without a size the grid holds the whole distribution (a severity on the grid only)

    Raises
    ------
    InputError
        Counts that are no probabilities; a severity, step or size as in `compound`.
    """
    p = np.trim_zeros(_probabilities(counts, "counts"), "b")
    if size is None:
        if hasattr(severity, "cdf"):
            raise InputError("A severity that is not on the grid needs the size of the grid.")
        size = max((p.size - 1) * (np.size(severity) - 1) + 1, np.size(severity), 2)
    pmf, mean, variance = discretise(severity, step, size)
    expected, spread = _moments(p, np.arange(p.size, dtype=np.float64))

    def generator(z: Complexes) -> Complexes:
        return np.asarray(np.polyval(p[::-1], z), dtype=np.complex128)

    return _transformed(pmf, generator, step, expected, spread, mean, variance)


def discretise(severity: Any, step: float, size: int) -> tuple[Floats, float, float]:
    """Return a severity on the grid, and its exact mean and variance.

    A continuous severity is rounded down, to the nearest and up, with weights 1 : 4 : 1. By Simpson's rule that is the local matching of the
    mean: every cell's mass goes to its two ends so that its mean stays, which simple rounding does not do on a coarse grid. No probability is
    negative, and the mean limited to the grid's end is exact.

    Parameters
    ----------
    severity : frozen scipy distribution on [0, ∞), or a pmf on the grid
    step, size : the grid

    Returns
    -------
    (size,) pmf, which sums to less than 1 where the severity reaches beyond the grid; mean; variance (infinite where it is)
    """
    if not (np.isfinite(step) and step > 0 and 2 <= size <= LARGEST):
        raise InputError(
            "The grid needs a positive step and from 2 to {largest} points, not {step} and {size}.",
            largest=LARGEST, step=step, size=size,
        )  # fmt: skip
    size = int(size)
    if not hasattr(severity, "cdf"):
        pmf = _probabilities(severity, "severity")
        if pmf.size > size:
            raise InputError("The severity has {points} points, the grid {size}: take a larger size.", points=pmf.size, size=size)  # fmt: skip
        values = np.arange(pmf.size) * step
        mean, spread = _moments(pmf, values)
        return np.pad(pmf, (0, size - pmf.size)), mean, spread
    if not severity.support()[0] >= 0:
        raise InputError("The severity must be a distribution from 0 upwards, with valid parameters.")
    moments = (float(m) for m in severity.stats("mv"))
    mean, variance = (m if np.isfinite(m) else np.inf for m in moments)
    if hasattr(severity, "pmf"):
        amounts = np.arange(severity.support()[0], min(severity.ppf(1 - 1e-15), size * step) + 1)
        return on_grid(amounts, severity.pmf(amounts), step, size), mean, variance
    reached = np.asarray(severity.cdf(np.arange(2 * size + 1) * (step / 2)), dtype=np.float64)
    if np.isnan(reached).any():
        raise InputError("The severity must be a distribution from 0 upwards, with valid parameters.")
    pmf = np.diff((reached[:-1:2] + 4.0 * reached[1::2] + reached[2::2]) / 6.0, prepend=0.0)
    if np.isfinite(mean):
        # what Simpson's rule misses lies where the density is steepest, near 0: mass moves from the first point to the second
        limited = mean - _excess(severity, size * step)
        on_points = _moments(pmf, np.arange(size) * step)[0] + (1.0 - float(pmf.sum())) * size * step
        moved = np.clip((limited - on_points) / step, -pmf[1], pmf[0])
        pmf[:2] += (-moved, moved)
    return pmf, mean, variance


def _excess(severity: Any, limit: float) -> float:
    """Return E(X − limit)⁺, by Gauss-Legendre quadrature of the survival function up to infinity."""
    node, weight = NODES
    rest = (1.0 - node) / 2.0  # x = limit · rest^−8, so that a tail as heavy as x^−1.2 is smooth in rest
    beyond = np.asarray(severity.sf(limit * rest**-8), dtype=np.float64)
    return float(weight / 2.0 @ (beyond * 8.0 * limit * rest**-9))


def on_grid(amounts: ArrayLike, probabilities: ArrayLike, step: float, size: int) -> Floats:
    """Return single amounts as a pmf on the grid; one between two points goes to both so that the mean stays.

    Parameters
    ----------
    amounts : (n,) not negative, such as the statutory lump sums of the grades
    probabilities : (n,) of each amount
    step, size : the grid; amounts beyond it are left out, so that the pmf sums to less than 1
    """
    at = np.asarray(amounts, dtype=np.float64) / step
    p = np.asarray(probabilities, dtype=np.float64)
    if at.shape != p.shape or at.ndim != 1 or not ((at >= 0).all() and np.isfinite(at).all() and (p >= 0).all()):
        raise InputError("Amounts must be finite and not negative, each with a probability.")
    below = np.floor(at)
    share = at - below
    inside = below < size
    index = below[inside].astype(np.int64)
    lower, upper = ((p * s)[inside] for s in (1.0 - share, share))
    return np.asarray(
        np.bincount(index, lower, size) + np.bincount(index + 1, upper, size + 1)[:size], dtype=np.float64
    )


def _moments(pmf: Floats, values: NDArray[np.floating[Any]]) -> tuple[float, float]:
    """Return mean and variance; by sums, because BLAS splits a long dot product over the cores, which changes its last digits."""
    mean = float((pmf * values).sum())
    return mean, float((pmf * (values - mean) ** 2).sum())


def _probabilities(values: ArrayLike, what: str) -> Floats:
    p = np.asarray(values, dtype=np.float64)
    if p.ndim != 1 or p.size == 0 or not (p >= 0).all() or abs(p.sum() - 1.0) > 1e-9:
        raise InputError("The {what} must be probabilities of 0, 1, 2, … that sum to 1.", what=what)
    return p


def _count_generator(mean: float, variance: float) -> Generator:
    """Return the probability generating function of the (a, b, 0) count with these moments."""
    if mean == 0 or abs(variance - mean) <= 1e-12 * mean:
        return lambda z: np.exp(mean * (z - 1.0))
    share = 1.0 - variance / mean
    if share < 0:
        return lambda z: _power(share * (z - 1.0), mean / share)
    trials = round(mean / share)
    if abs(mean / share - trials) > 1e-6 * trials:
        raise InputError(
            "A count with variance {variance} below its mean {mean} is binomial only for a whole number of trials; the nearest has the variance {nearest}.",
            variance=variance, mean=mean, nearest=mean * (1.0 - mean / max(trials, np.ceil(mean))),
        )  # fmt: skip
    return lambda z: _power(share * (z - 1.0), trials)


def _power(x: Complexes, exponent: float) -> Complexes:
    """Return (1 + x)^exponent, precise where x is small and the exponent large."""
    with np.errstate(divide="ignore"):  # (1 + x) = 0 has the logarithm −∞ and the power 0
        size = np.exp(exponent * 0.5 * np.log1p(np.maximum(x.real * (2.0 + x.real) + x.imag**2, -1.0)))
    angle = exponent * np.arctan2(x.imag, 1.0 + x.real)
    power = np.empty(x.shape, dtype=np.complex128)
    power.real, power.imag = size * np.cos(angle), size * np.sin(angle)
    return power


def _transformed(
    severity: Floats,
    generator: Generator,
    step: float,
    count_mean: float,
    count_variance: float,
    mean: float,
    variance: float,
) -> Aggregate:
    """Return the compound of a severity on the grid, given the moments of count and severity."""
    size = len(severity)
    padded = next_fast_len(2 * size, real=True)
    tilt = np.exp(-TILT / padded * np.arange(size))
    tilted = np.fft.irfft(generator(np.fft.rfft(severity * tilt, padded)), padded)[:size]
    # the largest probability below zero is rounding noise: what is not well above it is noise too, and would weigh in the far tail
    pmf = np.where(tilted > 2.0 * max(-float(tilted.min()), 0.0), tilted / tilt, 0.0)
    total, spread = 0.0, 0.0
    if count_mean > 0:
        total = count_mean * mean
        spread = count_mean * variance + count_variance * mean**2 if np.isfinite(variance) else np.inf
    std = float(np.sqrt(spread))
    return Aggregate(step, pmf, total, std, _checked(pmf, step, total, std))


def _checked(pmf: Floats, step: float, mean: float, std: float) -> Checks:
    """Compare a pmf on the grid with the moments it should have."""
    values = np.arange(len(pmf)) * step
    held = float(pmf.sum())
    grid_mean, spread = _moments(pmf, values)
    grid_std = float(np.sqrt(spread))
    mean_error, std_error = (
        found / true - 1.0 if 0 < true < np.inf else 0.0 for found, true in ((grid_mean, mean), (grid_std, std))
    )
    missing = max(1.0 - held, 0.0)
    notes = []
    if missing > MISSING:
        notes.append(Message("{share:percent.4} of the distribution lies beyond the grid; take a larger size or step.", {"share": missing}))  # fmt: skip
    if max(abs(mean_error), abs(std_error)) > TOLERANCE:
        notes.append(
            Message(
                "On the grid the mean is off by {mean:percent.3} and the standard deviation by {std:percent.3}; take a finer step or a larger size.",
                {"mean": mean_error, "std": std_error},
            )
        )
    ok = not notes
    if mean == np.inf:
        notes.append(Message("The severity has no finite mean: quantiles can be read, the mean and the tail cannot."))
    elif std == np.inf:
        notes.append(Message("The severity has no finite variance: the standard deviation is infinite."))
    return Checks(grid_mean, grid_std, mean_error, std_error, missing, missing * float(np.exp(-TILT)), ok, tuple(notes))
