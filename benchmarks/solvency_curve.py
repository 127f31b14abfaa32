"""The solvency curve costs at most 1.5 times one projection: ``python -m benchmarks.solvency_curve``.

One projection = simulate 10,000 paths and roll the balance forward by the quarter at one rate, as a bare NumPy loop. Ours = simulate the same paths,
roll forward as a linear function of the rate and read every path's required rate. Recorded on 2 cores, Python 3.11.7, NumPy 2.4.6: see the last
lines that the script prints; results/solvency_curve.json keeps them.
"""

from __future__ import annotations

import json
import platform
import statistics
import time
from pathlib import Path

import numpy as np

from models.fund import QUARTERS, roll_forward
from models.simulation import GrowthPrior, SolvencyCurve, draw, fit_growth, simulate_growth

PATHS, YEARS = 10_000, 30
RESULT = Path(__file__).with_name("results") / "solvency_curve.json"


def flows() -> tuple[np.ndarray, np.ndarray]:
    """Simulate exposure and outgo by the quarter."""
    model = fit_growth(np.arange(2008, 2016), np.exp(np.outer(np.arange(8) * 0.1, [1, 1])), GrowthPrior((0.05, 0.05)))
    levels = np.exp(np.cumsum(simulate_growth(model, draw(1, PATHS, YEARS, 2), YEARS), axis=1))
    return np.repeat(1e9 * levels[:, :, 0], QUARTERS, axis=1), np.repeat(1e6 * levels[:, :, 1], QUARTERS, axis=1)


def bare(exposure: np.ndarray, outgo: np.ndarray, rate: float) -> np.ndarray:
    """One projection at one rate, as plain as it can be."""
    balance = np.empty(outgo.shape)
    now = np.full(len(outgo), 1e7)
    for t in range(outgo.shape[1]):
        now = now * 1.005 + (rate * exposure[:, t] - outgo[:, t]) * 1.0025
        balance[:, t] = now
    return balance


def seconds(work, repeats: int = 7) -> float:
    """Median of several runs."""
    found = []
    for _ in range(repeats):
        began = time.perf_counter()
        work()
        found.append(time.perf_counter() - began)
    return statistics.median(found)


def main() -> None:
    """Print and record the ratio."""
    projection = seconds(lambda: bare(*flows(), 0.001))
    curve = seconds(lambda: SolvencyCurve.of(roll_forward(1e7, *flows(), interest=0.005)))
    exposure, outgo = flows()
    loop = seconds(lambda: bare(exposure, outgo, 0.001))
    rolled = seconds(lambda: SolvencyCurve.of(roll_forward(1e7, exposure, outgo, interest=0.005)))
    result = {
        "paths": PATHS,
        "years": YEARS,
        "python": platform.python_version(),
        "numpy": np.__version__,
        "one_projection_s": round(projection, 4),
        "whole_curve_s": round(curve, 4),
        "ratio": round(curve / projection, 3),
        "bare_loop_s": round(loop, 4),
        "roll_forward_and_curve_s": round(rolled, 4),
        "ratio_of_the_loops_alone": round(rolled / loop, 3),
    }
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
