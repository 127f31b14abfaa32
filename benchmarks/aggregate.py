"""A compound distribution is faster than GEMAct's and aggregate's at the same accuracy: ``python -m benchmarks.aggregate``.

200 claims expected (Poisson; negative binomial with variance/mean 1.5), lognormal severity of mean 50 and cv 2, step 1, 2^16 points. Every
program has its frequency and severity ready, and ends with a pmf, its moments and the 99.5% quantile; runs take turns; the least of many
counts, because a busy machine says nothing about the work. The peers come with ``pip install aggregate gemact`` and need no other package than the models' NumPy and SciPy, so
run it with the interpreter that has them. results/aggregate.json keeps what was measured; an absent peer is left out.
"""

from __future__ import annotations

import json
import logging
import platform
import time
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np
import scipy
from scipy import stats

from models.aggregate import compound

RESULT = Path(__file__).with_name("results") / "aggregate.json"
COUNT, MEAN, CV, STEP, LOG2 = 200.0, 50.0, 2.0, 1.0, 16
SIGMA = float(np.sqrt(np.log(1 + CV**2)))
SCALE = MEAN * float(np.exp(-(SIGMA**2) / 2))
ROUNDS = 15

Answer = tuple[float, float]
"""Mean of the pmf, 99.5% quantile."""


def ours(ratio: float) -> Callable[[], Answer]:
    severity = stats.lognorm(SIGMA, scale=SCALE)

    def work() -> Answer:
        found = compound(COUNT, COUNT * ratio, severity, STEP, 2**LOG2)
        return found.checks.grid_mean, float(found.quantile(0.995))

    return work


def aggregate_(ratio: float) -> Callable[[], Answer]:
    from aggregate import Aggregate  # absent unless installed

    frequency = (
        {"freq_name": "poisson"} if ratio == 1 else {"freq_name": "gamma", "freq_a": np.sqrt((ratio - 1) / COUNT)}
    )
    found = Aggregate("peer", exp_en=COUNT, sev_name="lognorm", sev_mean=MEAN, sev_cv=CV, **frequency)

    def work() -> Answer:
        found.update(log2=LOG2, bs=STEP)
        return float(found.est_m), float(found.q(0.995))

    return work


def gemact_(ratio: float) -> Callable[[], Answer]:
    from gemact import Frequency, LossModel, Severity  # absent unless installed

    logging.disable(logging.INFO)
    frequency = {"dist": "poisson", "par": {"mu": COUNT}}
    if ratio != 1:
        frequency = {"dist": "nbinom", "par": {"n": COUNT / (ratio - 1), "p": 1 / ratio}}
    count, severity = Frequency(**frequency), Severity(dist="lognormal", par={"scale": SCALE, "shape": SIGMA})

    def work() -> Answer:
        found = LossModel(
            frequency=count, severity=severity,
            aggr_loss_dist_method="fft", n_aggr_dist_nodes=2**LOG2, sev_discr_method="massdispersal", sev_discr_step=STEP,
            n_sev_discr_nodes=2**LOG2 - 1,
            tilt=False,  # with its default tilt the negative binomial fails: probabilities below zero
        )  # fmt: skip
        return float(found.mean()), float(found.ppf(0.995))

    return work


def compare(ratio: float) -> dict[str, dict[str, float]]:
    """Return program → seconds, mean and quantile, all in one run."""
    programs: dict[str, Callable[[], Answer]] = {"ours": ours(ratio)}
    for name, peer in (("aggregate", aggregate_), ("gemact", gemact_)):
        try:
            version(name)
        except PackageNotFoundError:
            continue
        programs[name] = peer(ratio)
    answers = {name: work() for name, work in programs.items()}  # the first run warms up and is not timed
    times: dict[str, list[float]] = {name: [] for name in programs}
    for _ in range(ROUNDS):
        for name, work in programs.items():
            began = time.perf_counter()
            work()
            times[name].append(time.perf_counter() - began)
    own = min(times["ours"])
    return {
        name: {
            "milliseconds": round(1e3 * min(took), 2),
            "times_ours": round(min(took) / own, 2),
            "mean": round(answers[name][0], 4),
            "quantile_995": answers[name][1],
        }
        for name, took in times.items()
    }


def main() -> None:
    """Print and record the table."""
    cases = {"poisson": compare(1.0), "negative_binomial": compare(1.5)}
    peers = [name for name in cases["poisson"] if name != "ours"]
    versions = {"python": platform.python_version(), "numpy": np.__version__, "scipy": scipy.__version__}
    result = {"versions": versions | {name: version(name) for name in peers}, "cases": cases}
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
