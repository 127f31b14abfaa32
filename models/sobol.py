"""Variance shares (Sobol indices): how much of a result's uncertainty each uncertain input brings, alone and with its interactions.

First order by Saltelli et al. (2010), total order by Jansen (1999), on a scrambled Sobol' sequence; intervals by resampling its rows.
Source: Saltelli, Annoni, Azzini, Campolongo, Ratto, Tarantola, "Variance based sensitivity analysis of model output", Computer Physics
Communications 181 (2010), Table 2, (b) and (f).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import qmc

from models.messages import InputError

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class VarianceShares:
    """Shares of the variance, one entry an input, each with an interval: ``first`` alone, ``total`` with every interaction."""

    first: Floats
    first_low: Floats
    first_high: Floats
    total: Floats
    total_low: Floats
    total_high: Floats
    variance: float


def design(inputs: int, power: int, seed: int) -> Floats:
    """Return the points at which the model must be evaluated: shape (2^power × (inputs + 2), inputs), in the unit cube.

    The blocks are A, B, and A with one column of B at a time; every point is uniform, map it by the inverse distribution function.
    """
    both = qmc.Sobol(2 * inputs, scramble=True, rng=np.random.default_rng(seed)).random_base2(power)
    a, b = both[:, :inputs], both[:, inputs:]
    mixed = np.repeat(a[None], inputs, axis=0)
    mixed[np.arange(inputs), :, np.arange(inputs)] = b.T
    return np.concatenate([a, b, mixed.reshape(-1, inputs)])


def variance_shares(
    values: Floats, inputs: int, seed: int = 0, resamples: int = 400, level: float = 0.9
) -> VarianceShares:
    """Return the variance shares from the model's values at the points of `design`, in their order.

    Raises
    ------
    InputError
        The number of values does not fit the number of inputs, or a value is not finite, or nothing varies.
    """
    blocks = np.asarray(values, dtype=np.float64)
    if inputs < 1 or len(blocks) % (inputs + 2) or not np.isfinite(blocks).all():
        raise InputError("Variance shares need one finite value for every point of their design.")
    blocks = blocks.reshape(inputs + 2, -1)
    blocks = blocks - blocks[:2].mean()  # the products below lose digits to a large mean
    if not np.ptp(blocks) > 0:
        raise InputError("Nothing varies: the result is the same at every point.")
    n = blocks.shape[1]
    first, total, variance = _estimates(blocks[:, None, :])
    rows = np.random.default_rng(seed).integers(0, n, (resamples, n))
    again = [_estimates(blocks[:, own])[:2] for own in np.array_split(rows, max(resamples // 20, 1))]
    tails = [(1 - level) / 2, (1 + level) / 2]
    (first_low, first_high), (total_low, total_high) = (
        np.quantile(np.concatenate([one[i] for one in again], axis=1), tails, axis=1) for i in range(2)
    )
    return VarianceShares(
        first[:, 0], first_low, first_high, total[:, 0], total_low, total_high, float(variance[0])
    )  # fmt: skip


def _estimates(blocks: Floats) -> tuple[Floats, Floats, Floats]:
    """First order, total order (inputs, samples) and variance (samples,) of blocks (inputs + 2, samples, rows)."""
    a, b, mixed = blocks[0], blocks[1], blocks[2:]
    variance = np.concatenate([a, b], axis=-1).var(axis=-1)
    first = (b * (mixed - a)).mean(axis=-1) / variance
    total = ((a - mixed) ** 2).mean(axis=-1) / (2.0 * variance)
    return first, total, variance
