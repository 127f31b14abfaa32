"""What variance reduction pays: plain, antithetic and quasi-random growth draws at equal numbers of paths: ``python -m benchmarks.variance_reduction``.

Each method estimates the same figures from the same number of paths under many seeds; its efficiency is (variance of plain draws × seconds of plain
draws) ÷ (its variance × its seconds). Quasi-random: a scrambled Sobol' sequence for every normal draw, year by year. Results in
results/variance_reduction.json.
"""

from __future__ import annotations

import json
import platform
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import scipy
from scipy.stats import norm, qmc

from models.fund import QUARTERS, roll_forward
from models.simulation import Draws, GrowthPrior, SolvencyCurve, draw, fit_growth, simulate_growth

PATHS, YEARS, SEEDS = 2048, 10, 60
RESULT = Path(__file__).with_name("results") / "variance_reduction.json"
MODEL = fit_growth(np.arange(2008, 2016), np.exp(np.outer(np.arange(8) * 0.1, [1, 1])), GrowthPrior((0.05, 0.05)))


def antithetic(seed: int) -> Draws:
    return draw(seed, PATHS, YEARS, 2)


def plain(seed: int) -> Draws:
    """The first halves of twice as many paths: no partner is among them."""
    double = draw(seed, 2 * PATHS, YEARS, 2)
    return Draws(**{name: values[:PATHS] for name, values in vars(double).items()})


def quasi(seed: int) -> Draws:
    """Every uniform and normal draw from one scrambled Sobol' sequence, the first years on its first dimensions."""
    base = plain(seed)
    sequence = qmc.Sobol(9 + 3 * YEARS, scramble=True, rng=np.random.default_rng(seed)).random(PATHS)
    normal = norm.ppf(np.clip(sequence, 1e-12, 1 - 1e-12))
    return replace(
        base,
        damping=sequence[:, 0],
        coefficients=normal[:, 1:5].reshape(PATHS, 2, 2),
        covariance_normal=normal[:, 5:7],
        covariance_uniform=sequence[:, 7:9],
        tail_uniform=sequence[:, 9 : 9 + YEARS],
        innovations=normal[:, 9 + YEARS :].reshape(PATHS, YEARS, 2),
    )


def figures(draws: Draws) -> tuple[float, float, float]:
    """Probability at 1‰, rate for 90%, mean closing balance."""
    levels = np.exp(np.cumsum(simulate_growth(MODEL, draws, YEARS), axis=1))
    exposure, outgo = (np.repeat(f * levels[:, :, i] / QUARTERS, QUARTERS, axis=1) for i, f in ((0, 1e9), (1, 9e5)))
    fund = roll_forward(1e6, exposure, outgo, 0.005)
    curve = SolvencyCurve.of(fund)
    return float(curve.probability(0.001)), curve.rate(0.9), float(fund.balance(0.001)[:, -1].mean())


def main() -> None:
    """Print and record variances and efficiencies."""
    names = ("probability", "rate_for_90", "mean_closing")
    found, seconds = {}, {}
    for method in (plain, antithetic, quasi):
        began = time.process_time()
        found[method.__name__] = np.array([figures(method(seed)) for seed in range(SEEDS)])
        seconds[method.__name__] = (time.process_time() - began) / SEEDS
    base = found["plain"].var(axis=0, ddof=1)
    result = {
        "paths": PATHS, "years": YEARS, "seeds": SEEDS,
        "python": platform.python_version(), "numpy": np.__version__, "scipy": scipy.__version__,
        "seconds": {name: round(s, 4) for name, s in seconds.items()},
        "variance_ratio": {
            name: dict(zip(names, np.round(base / own.var(axis=0, ddof=1), 2).tolist(), strict=True)) for name, own in found.items()
        },
        "bias_in_standard_errors": {
            name: dict(zip(names, np.round((own.mean(axis=0) - found["plain"].mean(axis=0)) / np.sqrt(own.var(axis=0) / SEEDS + base / SEEDS), 2).tolist(), strict=True))
            for name, own in found.items()
        },
    }  # fmt: skip
    RESULT.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
