"""Contractors simulated accident by accident, beside dense NumPy at the same task: ``python -m benchmarks.floating_simulation``.

The task: 20,000 contractors on many paths over ten years, rated every year; premium and outgo by path and year. Dense: negative binomial counts for every
contractor, path and year, costs for every case, one chain of steps for each contractor and path. Ours draws and follows only what happened: the rarer
accidents are, the faster; the rows say how rare, and one holds the contractors of the demonstration book. Seconds on the wall: ours uses every core, as it
does for its users; NumPy uses one. ``one_core_ratio`` gives both a single core. Equal in distribution: means of premium factor and outgo in standard errors, and
the Kolmogorov-Smirnov distance of the last year's premium factor. The second table: one million draws of a small, a middle and a giant contractor against
the exact chain. Results stand in results/floating_simulation.json, which the script writes.
"""

from __future__ import annotations

import json
import os
import platform
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

os.environ["OPENBLAS_NUM_THREADS"] = "1"  # the dense peer's one product of matrices is too small to share

import numba
import numpy as np
import pandas as pd
import scipy
from scipy.stats import ks_2samp

from analysis.plans.desk import plan_desk
from analysis.review import prepare
from analysis.scenario import Scenario
from benchmarks.floating import YEARS, portfolio
from data.book import open_book
from data.demo import DemoConfig, make_demo
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


def demonstration() -> Risks:
    """Return the contractors of the demonstration book with their accidents, premium even."""
    with open_book(":memory:") as book:
        make_demo(book, DemoConfig())
        prepared = prepare(book, Scenario())
        scenario = prepared.scenario.resolve(prepared.parameters, prepared.history.valuation_date)
        return replace(plan_desk(book, prepared, scenario).portfolio.risks["incurred"], grades={}, flow=None)


def fastest(*works: Callable[[], Any]) -> list[tuple[float, Any]]:
    """Return the least seconds of repeated runs of each of several works, run in turn, and its last result: other work can only add to them."""
    seconds, results = [np.inf] * len(works), [None] * len(works)
    for _ in range(REPEATS):
        for i, work in enumerate(works):
            start = time.perf_counter()
            results[i] = work()
            seconds[i] = min(seconds[i], time.perf_counter() - start)
    return list(zip(seconds, results, strict=True))


def in_errors(one: np.ndarray, other: np.ndarray) -> float:
    """Return the largest distance of the means by year of two samples (paths, years), in standard errors."""
    error = np.hypot(one.std(axis=0), other.std(axis=0)) / len(one) ** 0.5
    return float(np.abs((one.mean(axis=0) - other.mean(axis=0)) / error).max())


def compared() -> list[dict[str, Any]]:
    """Return speed and distance for portfolios with ever more accidents, and for that of the demonstration book on more paths."""
    cores = os.sched_getaffinity(0)
    rows = []
    given = [(f"{mean:g}", scaled(mean), PATHS) for mean in (0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0)]
    book = demonstration()
    given.append(("demonstration book", book, PATHS * len(scaled(1.0).cases) // len(book.cases)))
    for portfolio_name, risks, paths in given:
        for name in ("huainan", "national_five_steps"):
            plan = load_plan(name)
            works = partial(ours, plan, risks, paths, 5), partial(dense, plan, risks, paths, 6)
            (mine, (premium, outgo)), (theirs, (other, paid)) = fastest(*works)
            os.sched_setaffinity(0, {min(cores)})
            (alone, _), (peer_alone, _) = fastest(*works)
            os.sched_setaffinity(0, cores)
            apart = [in_errors(a[:, 1:], b[:, 1:]) for a, b in ((premium, other), (outgo, paid))]
            rows.append(
                {
                    "plan": name, "portfolio": portfolio_name, "cases_a_contractor_year": round(float(risks.cases.mean()), 2), "paths": paths,
                    "ours_seconds": round(mine, 3), "dense_seconds": round(theirs, 3), "dense_over_ours": round(theirs / mine, 1),
                    "one_core_ratio": round(peer_alone / alone, 1), "premium_in_standard_errors": round(apart[0], 2),
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
    versions: dict[str, Any] = {
        "cores": len(os.sched_getaffinity(0)),
        "python": platform.python_version(),
        "numpy": np.__version__,
        "scipy": scipy.__version__,
        "numba": numba.__version__,
    }
    print(f"20,000 contractors x {PATHS} paths x {YEARS} years")
    print(pd.DataFrame(speed).to_string(index=False))
    print(pd.DataFrame(exact).to_string(index=False))
    RESULT.write_text(
        json.dumps({"speed": speed, "exact": exact, "versions": versions}, indent=2) + "\n", encoding="utf-8"
    )


if __name__ == "__main__":
    main()
