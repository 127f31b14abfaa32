"""Joint probabilities of a unit's number of cases and its loss, from counts and a severity on a grid.

Counts are Poisson or negative binomial by mean and variance. Units with few cases use the n-fold distributions of the severity, which they
share and which are convolved once: the work grows with the number of cases. Large units use the Fourier transform of their own total.
"""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy import fft, stats

from models.floating.rules import Floats
from models.messages import InputError

Integers = NDArray[np.int64]

TAIL = 1e-12
FEW_CASES = 300
FEW_POINTS = 2**13
LARGE_GRID = 2**15
BLOCK = 2048
GRID_EDGE = 1e-9


def count_probabilities(mean: Floats, variance: Floats, most: int) -> Floats:
    """Return P(N = n) for n = 0..most-1, shape (most, units), by Panjer's recursion; it ends early where every tail is below 1e-12."""
    a = 1.0 - np.divide(mean, variance, out=np.ones_like(mean), where=variance > 0)
    zero = zero_probability(mean, variance)
    b = mean * (1.0 - a) - a
    found = [zero]
    total = zero.copy()
    for n in range(1, most):
        if n > 1 and (total > 1 - TAIL).all():
            break
        found.append(found[-1] * (a + b / n))
        total += found[-1]
    return np.array(found)


def zero_probability(mean: Floats, variance: Floats) -> Floats:
    """Return P(N = 0)."""
    return np.asarray(generating(mean, variance, np.zeros(1))[:, 0].real, dtype=np.float64)


def generating(mean: Floats, variance: Floats, z: NDArray[np.number]) -> NDArray[np.complex128]:
    """Return the generating function of the counts at ``z`` (points,), shape (units, points)."""
    over = np.divide(variance - mean, mean, out=np.zeros_like(mean), where=mean > 0)
    spread, away = over[:, None], np.asarray(z, dtype=np.complex128) - 1.0
    found = np.empty((len(mean), len(away)), dtype=np.complex128)
    gamma = over > 1e-9
    found[gamma] = np.exp(-mean[gamma, None] / spread[gamma] * np.log(1.0 - spread[gamma] * away))
    found[~gamma] = np.exp(mean[~gamma, None] * away)
    return found


def onto_grid(severity: Floats, positions: Floats) -> Floats:
    """Return the distribution of ``positions`` (in grid steps, one for each point of ``severity``) on the grid, means kept."""
    low = np.floor(positions + GRID_EDGE).astype(np.int64)
    upper = np.clip(positions - low, 0.0, 1.0)
    size = int(low.max()) + 2
    found = np.bincount(low, severity * (1 - upper), size) + np.bincount(low + 1, severity * upper, size)
    return np.asarray(np.trim_zeros(found, "b"), dtype=np.float64)


def joint(mean: Floats, variance: Floats, severity: Floats, limits: Floats, cuts: Integers) -> Floats:
    """Return P(N in class c, loss in interval j), shape (units, classes, intervals).

    Parameters
    ----------
    mean, variance : (units,) of the number of cases; variance at least the mean
    severity : (points,) probabilities of one case costing 0, 1, 2, … grid steps
    limits : (units, intervals - 1) ascending, in grid steps: an interval ends with the last whole number not above its limit; -1: empty
    cuts : (units, classes - 1) ascending: class c holds counts from cuts[c - 1] to cuts[c] - 1
    """
    if (variance < mean * (1 - 1e-9)).any():
        raise InputError(
            "The variance of the number of cases must be at least its mean (Poisson or negative binomial)."
        )
    spread = np.divide(variance, mean, out=np.ones_like(mean), where=mean > 0)
    few = (mean + 8 * np.sqrt(variance) + 28 * spread <= FEW_CASES) & (limits.max(axis=1, initial=0) < FEW_POINTS)
    out = np.zeros((len(mean), cuts.shape[1] + 1, limits.shape[1] + 1))
    if few.any():
        out[few] = _few(mean[few], variance[few], severity, limits[few], cuts[few])
    for u in np.flatnonzero(~few):
        out[u] = _large(mean[u : u + 1], variance[u : u + 1], severity, limits[u], cuts[u])
    return out


def _few(mean: Floats, variance: Floats, severity: Floats, limits: Floats, cuts: Integers) -> Floats:
    points = np.floor(limits + GRID_EDGE).astype(np.int64)
    size = int(points.max(initial=0)) + 1
    classes, intervals = cuts.shape[1] + 1, limits.shape[1] + 1
    out = np.empty((len(mean), classes, intervals))
    order = np.argsort(-mean, kind="stable")  # the first block asks for most of the n-fold distributions
    below = np.empty((size, 0))
    for start in range(0, len(order), BLOCK):
        u = order[start : start + BLOCK]
        counts = count_probabilities(mean[u], variance[u], FEW_CASES)
        if len(counts) > below.shape[1]:
            below = _folds(severity, size, len(counts))
        masked = [counts]
        if classes > 1:
            n = np.arange(len(counts))[:, None]
            which = (n[None] >= cuts[u].T[:, None, :]).sum(axis=0)
            masked = [np.where(which == c, counts, 0.0) for c in range(classes)]
        for c, weights in enumerate(masked):
            by_unit = np.ascontiguousarray(weights.T)
            cumulative = np.empty((len(u), intervals + 1))
            cumulative[:, 0] = 0.0
            cumulative[:, -1] = weights.sum(axis=0)
            for j in range(intervals - 1):
                at = points[u, j]
                chance = np.einsum("un,un->u", by_unit, below[np.maximum(at, 0), : len(counts)])
                cumulative[:, j + 1] = np.where(at >= 0, chance, 0.0)
            out[u, c] = np.diff(cumulative, axis=1)
    return out


def _folds(severity: Floats, size: int, count: int) -> Floats:
    """Return P(loss <= point | n cases) for n = 0..count-1 at the points below ``size``, shape (size, count)."""
    length = fft.next_fast_len(2 * size, real=True)
    transform = fft.rfft(severity[:size], length)
    last, found = np.zeros(size), np.ones((count, size))
    last[0] = 1.0
    for n in range(1, count):
        # What lies beyond the last point can never come back below it: cutting there is exact.
        last = fft.irfft(fft.rfft(last, length) * transform, length)[:size]
        np.cumsum(last, out=found[n])
    return np.ascontiguousarray(found.T)


def _large(mean: Floats, variance: Floats, severity: Floats, limits: Floats, cuts: Integers) -> Floats:
    fine = np.arange(len(severity), dtype=np.float64)
    first, second = severity @ fine, severity @ fine**2
    deviation = np.sqrt(mean[0] * (second - first**2) + variance[0] * first**2)
    reach = max(mean[0] * first + 15 * deviation, limits.max(initial=0) + 1, 16.0)
    coarse = max(1.0, reach / LARGE_GRID)
    cases = severity if coarse == 1.0 else onto_grid(severity, fine / coarse)
    length = fft.next_fast_len(int(np.ceil(reach / coarse)) + 2, real=True)
    wrapped = np.bincount(np.arange(len(cases)) % length, cases, length)
    transform = fft.rfft(wrapped)
    whole = [] if len(cuts) else [generating(mean, variance, transform)[0]]
    densities = whole or _by_class(mean, variance, transform, cuts)
    out = np.empty((len(densities), len(limits) + 1))
    for c, density in enumerate(densities):
        cumulative = np.concatenate([[0.0], np.cumsum(fft.irfft(density, length))])
        if coarse == 1.0:
            at = cumulative[np.clip(np.floor(limits + GRID_EDGE).astype(np.int64) + 1, 0, length)]
        else:  # each coarse point stands for the interval around it
            at = np.where(limits < 0, 0.0, np.interp(limits / coarse + 0.5, np.arange(length + 1), cumulative))
        out[c] = np.diff(np.concatenate([[0.0], at, cumulative[-1:]]))
    return out


def _by_class(
    mean: Floats, variance: Floats, transform: NDArray[np.complex128], cuts: Integers
) -> list[NDArray[np.complex128]]:
    m, v = float(mean[0]), float(variance[0])
    n = np.arange(int(m + 12 * np.sqrt(v) + 40 * v / m) + 2)
    # Panjer's recursion would start from P(N = 0), which is no number any more for many cases.
    counts = stats.nbinom.pmf(n, m * m / (v - m), m / v) if v > m * (1 + 1e-9) else stats.poisson.pmf(n, m)
    edges = [0, *np.clip(cuts, 0, len(counts)).tolist(), len(counts)]
    found = []
    for low, high in pairwise(edges):
        total = np.zeros_like(transform)
        for p in counts[low:high][::-1]:
            total = total * transform + p
        found.append(total * transform**low if high > low else total)
    return found
