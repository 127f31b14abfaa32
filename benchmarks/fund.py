"""The fund by cohorts beside a bare NumPy loop of the same recursion: ``python -m benchmarks.fund``.

10,000 paths × 30 years by quarter, eight benefit streams with a payout pattern of ten years. The loop: for each quarter and stream the last forty quarters'
cost times the pattern, then the balance at one rate. Ours: the same streams, the balance as a linear function of the rate and the whole solvency
curve. Both read the same simulated cost of accidents; they must agree. Then 100,000 paths of a whole projection of a ledger book (luck drawn, all streams,
the curve), each in a process of its own, with its peak memory.
"""

from __future__ import annotations

import json
import platform
import statistics
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

from models.cohorts import LAGS, Kernels, Stream, stream_payments, toeplitz
from models.fund import LinearFund, roll_forward
from models.simulation import SolvencyCurve

PATHS, YEARS, STREAMS = 10_000, 30, 8
QUARTERS = YEARS * 4
RESULT = Path(__file__).with_name("results") / "fund.json"
MEMORY = """
import resource, sys, time
from analysis.assumptions import UsedParameters
from analysis.fund.history import read_history
from analysis.fund.projection import project
from analysis.scenario import Scenario
from data.book import open_book
from data.demo import DemoConfig, make_demo
from data.parameters import load_parameters
from models.simulation import SolvencyCurve
parameters, scenario = UsedParameters(load_parameters()), Scenario(paths=int(sys.argv[1]), horizon_years=30)
with open_book(":memory:", create=True) as book:
    make_demo(book, DemoConfig(projects=3_000))
    history = read_history(book, scenario, parameters)
began = time.perf_counter()
found = project(history, scenario.resolve(parameters, history.valuation_date), parameters)
rate = SolvencyCurve.of(found.fund).rate(0.9)
print(time.perf_counter() - began, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, rate)
"""


def inputs() -> tuple[list[Stream], list[np.ndarray], np.ndarray]:
    """Streams, the cost of accidents by quarter and path that drives each, and the exposure; time along the first axis."""
    rng = np.random.default_rng(1)
    none = np.zeros(LAGS)
    streams, costs = [], []
    for number in range(STREAMS):
        pattern = rng.gamma(1.0, 1.0, LAGS) * np.exp(-np.arange(LAGS) / 8)
        streams.append(
            Stream(str(number), "injuries", "lump", "wages", pattern / pattern.sum(), none, None, none, none, 0.0)
        )
        costs.append(rng.lognormal(13.0, 0.4, (QUARTERS, PATHS)))
    return streams, costs, rng.lognormal(23.0, 0.3, (QUARTERS, PATHS))


def bare(streams: list[Stream], costs: list[np.ndarray], exposure: np.ndarray, rate: float) -> np.ndarray:
    """The recursion at one rate, as plain as it can be."""
    now, balance = np.full(PATHS, 1e8), np.empty((QUARTERS, PATHS))
    for t in range(QUARTERS):
        paid = np.zeros(PATHS)
        for stream, cost in zip(streams, costs, strict=True):
            since = max(0, t - LAGS + 1)
            paid += stream.pattern[: t - since + 1][::-1] @ cost[since : t + 1]
        now = now * 1.005 + (rate * exposure[t] - paid) * 1.0025
        balance[t] = now
    return balance


def ours(streams: list[Stream], costs: list[np.ndarray], exposure: np.ndarray) -> tuple[SolvencyCurve, LinearFund]:
    """All streams, the linear fund and the whole solvency curve."""
    kernels = Kernels(np.eye(1), {s.name: toeplitz(s.pattern, QUARTERS) for s in streams}, {})
    one = np.ones((1, 1))
    outgo = np.zeros((QUARTERS, PATHS))
    for stream, cost in zip(streams, costs, strict=True):
        outgo += stream_payments(stream, kernels, cost, one, one).payments
    fund = roll_forward(1e8, exposure.T, outgo.T, interest=0.005)
    return SolvencyCurve.of(fund), fund


def seconds(work, repeats: int = 5) -> float:
    """Median of several runs."""
    found = []
    for _ in range(repeats):
        began = time.perf_counter()
        work()
        found.append(time.perf_counter() - began)
    return statistics.median(found)


def memory(paths: int) -> dict[str, float]:
    """Time and peak memory of a whole projection of a ledger book."""
    done = subprocess.run([sys.executable, "-c", MEMORY, str(paths)], capture_output=True, text=True, check=True)
    took, peak, rate = (float(x) for x in done.stdout.split()[-3:])
    return {"paths": paths, "seconds": round(took, 2), "peak_MiB": round(peak), "rate_90": rate}


def main() -> None:
    """Print and record the ratios."""
    streams, costs, exposure = inputs()
    _, fund = ours(streams, costs, exposure)
    balance = bare(streams, costs, exposure, 0.001)
    gap = float(np.abs(fund.balance(0.001).T - balance).max() / np.abs(balance).max())
    assert gap < 1e-9, gap
    loop = seconds(lambda: bare(streams, costs, exposure, 0.001))
    own = seconds(lambda: ours(streams, costs, exposure))
    result = {
        "paths": PATHS,
        "years": YEARS,
        "streams": STREAMS,
        "python": platform.python_version(),
        "numpy": np.__version__,
        "largest_relative_difference": gap,
        "bare_loop_one_rate_s": round(loop, 4),
        "ours_with_whole_curve_s": round(own, 4),
        "ratio": round(own / loop, 3),
        "whole_projection_30_years": [memory(n) for n in (1_000, 10_000, 100_000)],
    }
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
