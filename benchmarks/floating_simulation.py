"""Contractors simulated accident by accident, beside dense NumPy at the same task: ``python -m benchmarks.floating_simulation``.

The task: 20,000 contractors on many paths over ten years, rated every year; premium and outgo by path and year. Dense: negative binomial counts for every
contractor, path and year, costs for every case, one chain of steps for each contractor and path. Ours draws and follows only what happened: it is fast where
accidents are rare, and the rows say how rare. Equal in distribution: means of premium factor and outgo in standard errors, and the Kolmogorov-Smirnov
distance of the last year's premium factor. The second table: one million draws of a small, a middle and a giant contractor against the exact chain. Results
stand in results/floating_simulation.json, which the script writes.
"""

from __future__ import annotations

import json
import platform
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import scipy
from scipy.stats import ks_2samp

from benchmarks.floating import YEARS, portfolio
from models.floating import FloatingPlan, Risks, chain, draw_accidents, load_plan, simulate

PATHS, REPEATS = 60, 3
DRAWS, CHUNK = 1_000_000, 20_000
RESULT = Path(__file__).with_name("results") / "floating_simulation.json"


def scaled(mean_cases: float) -> Risks:
    """Return the portfolio of the exact benchmark with a mean number of cases a contractor and year."""
    whole = portfolio()
    factor = mean_cases / whole.cases.mean()
    cases = whole.cases * factor
    return Risks(
        whole.base_premium * factor, whole.exposure * factor, cases, cases + 0.3 * cases**2, whole.severity, whole.step_yuan
    )  # fmt: skip


def dense(plan: FloatingPlan, risks: Risks, paths: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return premium and outgo (paths, years), drawn densely."""
    rng, units = np.random.default_rng(seed), len(risks.cases)
    bands = plan.rule.criteria[0].bands  # type: ignore[union-attr]
    assert bands is not None
    edges, ladder = np.array(bands.edges), np.array(plan.steps)
    cumulative = np.cumsum(risks.severity)
    r, p = risks.cases**2 / (risks.variance - risks.cases), risks.cases / risks.variance
    now = np.full((paths, units), int(np.argmin(abs(ladder - 1.0))))
    premium, outgo = np.empty((2, paths, YEARS))
    for t in range(YEARS):
        premium[:, t] = ladder[now] @ risks.base_premium
        counts = rng.negative_binomial(r, p, (paths, units))
        amounts = np.searchsorted(cumulative, rng.random(counts.sum()), side="right") * risks.step_yuan
        loss = np.bincount(np.repeat(np.arange(counts.size), counts.ravel()), amounts, counts.size).reshape(
            paths, units
        )
        outgo[:, t] = loss.sum(axis=1)
        target = np.searchsorted(edges, np.round(loss / risks.base_premium, 12), side="right")
        now = np.clip(target, now - (plan.movement.steps_down or 9), now + (plan.movement.steps_up or 9))
    return premium, outgo


def ours(plan: FloatingPlan, risks: Risks, paths: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return premium and outgo (paths, years), accident by accident."""
    found = simulate(plan, draw_accidents(risks, paths, YEARS, seed))
    return found.premium, found.outgo


def fastest(work: Any, *given: Any) -> tuple[float, tuple[np.ndarray, np.ndarray]]:
    """Return the least processor seconds of repeated runs, and the last result: other work on the machine can only add to it."""
    seconds = []
    for _ in range(REPEATS):
        start = time.process_time()
        result = work(*given)
        seconds.append(time.process_time() - start)
    return min(seconds), result


def compared() -> list[dict[str, Any]]:
    """Return speed and distance for portfolios with ever more accidents."""
    rows = []
    for mean in (0.01, 0.03, 0.1, 0.3, 1.0, 3.0):
        risks = scaled(mean)
        for name in ("huainan", "national_five_steps"):
            plan = load_plan(name)
            mine, (premium, outgo) = fastest(ours, plan, risks, PATHS, 5)
            theirs, (other, paid) = fastest(dense, plan, risks, PATHS, 6)
            apart = [
                float(np.abs((a - b) / np.hypot(sa, sb)).max())
                for a, b, sa, sb in (
                    (
                        x.mean(axis=0)[1:],
                        y.mean(axis=0)[1:],
                        x.std(axis=0)[1:] / PATHS**0.5,
                        y.std(axis=0)[1:] / PATHS**0.5,
                    )
                    for x, y in ((premium, other), (outgo, paid))
                )
            ]
            rows.append(
                {
                    "plan": name, "cases_a_contractor_year": mean, "ours_seconds": round(mine, 3), "dense_seconds": round(theirs, 3),
                    "dense_over_ours": round(theirs / mine, 1), "premium_in_standard_errors": round(apart[0], 2),
                    "outgo_in_standard_errors": round(apart[1], 2), "same_distribution_p": round(float(ks_2samp(premium[:, -1], other[:, -1]).pvalue), 3),
                }
            )  # fmt: skip
    return rows


def against_the_chain() -> list[dict[str, Any]]:
    """Return the largest distance of a million draws from the exact chain, in standard errors."""
    rows = []
    whole = portfolio()
    cost = float(whole.severity @ np.arange(len(whole.severity))) * whole.step_yuan
    plan = load_plan("national_five_steps")
    for size, cases in (("small", 0.2), ("middle", 4.0), ("giant", 400.0)):
        for counts, over in (("poisson", 0.0), ("negative_binomial", 0.3)):
            mean = np.array([cases])
            base = mean * cost / 0.7
            one = Risks(base, base * 1000, mean, mean + over * mean**2, whole.severity, whole.step_yuan)
            exact = chain(plan, one)
            path = exact.path(2)[:, 0]
            steps, factor = np.zeros_like(path), []
            each = DRAWS if cases < 10 else CHUNK
            for i in range(DRAWS // each):
                found = simulate(plan, draw_accidents(one, each, 2, 100 + i), trace=True)
                steps += found.steps * (each / DRAWS)
                factor.append(found.factor)
            share_error = np.sqrt(np.maximum(path * (1 - path), 1 / DRAWS) / DRAWS)
            every = np.concatenate(factor)
            mean_error = (every.mean(axis=0)[1] - (path @ exact.steps)[1]) / (every.std(axis=0)[1] / DRAWS**0.5)
            rows.append(
                {
                    "contractor": size, "counts": counts, "draws": DRAWS,
                    "steps_in_standard_errors": round(float(np.abs((steps - path) / share_error).max()), 2),
                    "off_balance_in_standard_errors": round(float(abs(mean_error)), 2),
                }
            )  # fmt: skip
    return rows


def main() -> None:
    """Measure, print and record."""
    speed, exact = compared(), against_the_chain()
    versions = {"python": platform.python_version(), "numpy": np.__version__, "scipy": scipy.__version__}
    print(f"20,000 contractors x {PATHS} paths x {YEARS} years")
    print(pd.DataFrame(speed).to_string(index=False))
    print(pd.DataFrame(exact).to_string(index=False))
    RESULT.write_text(
        json.dumps({"speed": speed, "exact": exact, "versions": versions}, indent=2) + "\n", encoding="utf-8"
    )


if __name__ == "__main__":
    main()
