"""Development: do the bands hold on real companies, and how fast is Mack beside chainladder.

    python -m benchmarks.development [--chainladder PYTHON]

Bands: NAIC workers' compensation, 132 companies, paid losses (``clrd_wkcomp.csv``). The file ends with calendar year 1997, so the lower right of the
full triangles is not in it. Each company is therefore put back to the end of an earlier year: a triangle of 4 to 9 accident years and ages, and the
outcome is what was paid in the following years on the same ages, up to 1997. For 4 × 4 and 5 × 5 that is the whole reserve; for larger ones
the years that the file still knows. Companies whose triangle cannot be projected or whose reserve is not positive are left out for both methods.

The calendar-year risk τ is estimated by maximum likelihood on all other companies (leave one company out), and the distribution judged on the one
left out. ν is the lightest tail whose likelihood lies within two units of the best. ``--chainladder`` names the Python of an environment
with chainladder (``benchmarks/requirements.in``). Results measured are kept in ``benchmarks/results/development.json``.
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from models.development import CALIBRATED, MACK_LOGNORMAL, Calibration, mack
from models.development.distribution import coming, reserve_distribution
from models.development.triangles import Reading
from models.messages import InputError

DATA = Path(__file__).resolve().parents[1].parent / "shared" / "data" / "clrd_wkcomp.csv"
RESULTS = Path(__file__).parent / "results" / "development.json"
HORIZONS = {4: 3, 5: 4, 6: 4, 7: 3, 8: 2, 9: 1}
"""Ages of the triangle, and the following years that the file knows."""

TAUS = np.arange(0.02, 0.4, 0.0025)
FREEDOMS = (2.5, 3.0, 4.0, 5.0, 6.0, 8.0, np.inf)

CHAINLADDER = """
import json, statistics, sys, time, warnings
warnings.filterwarnings("ignore")
import chainladder as cl, pandas as pd
triangle = cl.Triangle(pd.read_csv(sys.argv[1]), origin="origin", development="development", columns="values", cumulative=True)
def fit():
    return cl.MackChainladder().fit(cl.Development(sigma_interpolation="mack").fit_transform(triangle))
times = []
for _ in range(5):
    start = time.perf_counter(); model = fit(); error = float(model.total_mack_std_err_.iloc[0, 0]); times.append(time.perf_counter() - start)
print(json.dumps({"seconds": statistics.median(times), "error": error, "version": cl.__version__}))
"""


def cases() -> pd.DataFrame:
    """Return a row a company and past triangle: what was known, and what was paid after."""
    rows = pd.read_csv(DATA)
    wide = rows.pivot_table(index=["GRCODE", "AccidentYear"], columns="DevelopmentLag", values="CumPaidLoss")
    found: list[dict[str, Any]] = []
    for company, block in wide.groupby(level=0):
        paid = block.to_numpy(dtype=np.float64)
        for ages, horizon in HORIZONS.items():
            row, column = np.indices((ages, ages))
            for first in range(10 - ages + 1):
                if first + ages - 1 + horizon > 9:
                    continue
                square = paid[first : first + ages, :ages]
                known = np.where(row + column < ages, square, np.nan)
                latest = np.arange(ages)[::-1]
                after = square[np.arange(ages), np.minimum(latest + horizon, ages - 1)]
                found.append(
                    {
                        "company": company,
                        "ages": ages,
                        "year": 1988 + first + ages - 1,
                        "horizon": horizon,
                        "known": known,
                        "outcome": float((after - square[np.arange(ages), latest]).sum()),
                    }
                )
    return pd.DataFrame(found)


def projected(table: pd.DataFrame, pooling: float) -> pd.DataFrame:
    """Return the cases that both methods can project, with the parts of the calibrated spread and Mack's percentile."""
    kept = []
    for case in table.itertuples():
        try:
            parts, _ = coming(Reading(case.known), case.horizon, pooling)
            theirs = reserve_distribution(case.known, horizon=case.horizon, calibration=MACK_LOGNORMAL, draws=1)
        except InputError:
            continue
        if parts.expected > 0.0 and parts.process > 0.0:
            cv2 = (parts.process + parts.parameter) / parts.expected**2
            kept.append((case.Index, parts.expected, np.log1p(cv2), parts.duration, theirs.cdf(case.outcome)))
    columns = ["index", "expected", "known_variance", "duration", "mack"]
    return table.join(pd.DataFrame(kept, columns=columns).set_index("index"), how="inner")


def log_densities(table: pd.DataFrame, freedom: float) -> np.ndarray:
    """Return (cases, TAUS) log densities of the positive outcomes' logarithm."""
    spread = np.sqrt(table["known_variance"].to_numpy()[:, None] + TAUS**2 * table["duration"].to_numpy()[:, None])
    logs = np.log((table["outcome"] / table["expected"]).to_numpy())[:, None]
    student = stats.norm() if np.isinf(freedom) else stats.t(freedom)
    return student.logpdf((logs + spread**2 / 2.0) / spread) - np.log(spread)


def percentiles(table: pd.DataFrame, taus: np.ndarray, freedom: float, pooling: float) -> np.ndarray:
    """Return the place of each outcome in the distribution that was given for it."""
    return np.array(
        [
            reserve_distribution(
                case.known, horizon=case.horizon, draws=1, calibration=Calibration(tau, freedom, pooling)
            ).cdf(case.outcome)
            for case, tau in zip(table.itertuples(), taus, strict=True)
        ]
    )


def summary(name: str, p: np.ndarray) -> dict[str, Any]:
    """Return and print the shares inside the central bands and the distance from uniformity."""
    counts = np.histogram(p, bins=10, range=(0.0, 1.0))[0] / len(p)
    line = {
        "method": name,
        "triangles": len(p),
        "inside_50": round(float((np.abs(p - 0.5) <= 0.25).mean()), 3),
        "inside_90": round(float((np.abs(p - 0.5) <= 0.45).mean()), 3),
        "below_05": round(float((p < 0.05).mean()), 3),
        "above_95": round(float((p > 0.95).mean()), 3),
        "kolmogorov_smirnov": round(float(stats.kstest(p, "uniform").statistic), 3),
        "tenths": [round(float(c), 3) for c in counts],
    }
    print(
        f"{name:44s} n {len(p):4d}  50%: {line['inside_50']:.3f}  90%: {line['inside_90']:.3f}"
        f"  below 5%: {line['below_05']:.3f}  above 95%: {line['above_95']:.3f}  KS {line['kolmogorov_smirnov']:.3f}"
    )
    return line


def calibration() -> dict[str, Any]:
    """Estimate τ and ν leaving companies out, and print how often the bands held."""
    table = projected(cases(), CALIBRATED.pooling)
    positive = table[table["outcome"] > 0.0]
    profile = {freedom: log_densities(positive, freedom) for freedom in FREEDOMS}
    best = {freedom: round(float(density.sum(axis=0).max()), 1) for freedom, density in profile.items()}
    freedom = max(f for f, value in best.items() if value >= max(best.values()) - 2.0)
    density = profile[freedom]
    tau = float(TAUS[density.sum(axis=0).argmax()])
    by_company = pd.DataFrame(density).groupby(positive["company"].to_numpy()).sum()
    left_out = pd.Series(TAUS[(density.sum(axis=0) - by_company.to_numpy()).argmax(axis=1)], index=by_company.index)
    print(
        f"log-likelihood by freedom: {best}; chosen {freedom}; tau {tau:.4f}, left out {left_out.min():.4f} to {left_out.max():.4f}"
    )
    taus = table["company"].map(left_out).fillna(tau).to_numpy()
    ours = percentiles(table, taus, freedom, CALIBRATED.pooling)
    theirs = table["mack"].to_numpy(dtype=np.float64)
    ages = table["ages"].to_numpy()
    clean = table["known"].map(lambda known: np.nanmin(known) > 0.0).to_numpy()
    groups = {
        "all": ages > 0,
        "no zeros": clean,
        **{f"{m} x {m}, next {h} years": ages == m for m, h in HORIZONS.items()},
    }
    lines = []
    for name, chosen in groups.items():
        lines.append(summary(f"Mack-lognormal, {name}", theirs[chosen]))
        lines.append(summary(f"calibrated, company left out, {name}", ours[chosen]))
    return {
        "log_likelihood_by_freedom": {str(k): v for k, v in best.items()},
        "freedom": freedom,
        "tau": round(tau, 4),
        "tau_left_out": [round(float(left_out.min()), 4), round(float(left_out.max()), 4)],
        "companies": int(table["company"].nunique()),
        "bands": lines,
    }


def speed(python: str | None) -> dict[str, Any]:
    """Time Mack on 40 × 40, and chainladder on the same triangle."""
    size = 40
    rng = np.random.default_rng(1)
    square = np.cumsum(rng.gamma(4.0, np.exp(-0.1 * np.arange(size)), (size, size)), axis=1) * 1e4
    row, column = np.indices(square.shape)
    known = np.where(row + column < size, square, np.nan)
    times = []
    for _ in range(200):
        start = time.perf_counter()
        fit = mack(known)
        times.append(time.perf_counter() - start)
    line: dict[str, Any] = {"work": "Mack, 40 x 40", "ours_seconds": round(statistics.median(times), 6)}
    if python:
        seen = row + column < size
        frame = pd.DataFrame(
            {"origin": 1980 + row[seen], "development": 1980 + (row + column)[seen], "values": square[seen]}
        )
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "triangle.csv"
            frame.to_csv(path, index=False)
            command = [python, "-c", CHAINLADDER, str(path)]
            peer = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
        line |= {
            "peer": f"chainladder {peer['version']}",
            "peer_seconds": round(peer["seconds"], 4),
            "ratio": round(peer["seconds"] / line["ours_seconds"]),
            "standard_errors_differ": abs(peer["error"] / fit.total_standard_error - 1.0),
        }
    print(line)
    return line


def main() -> None:
    """Print and record the bands and the speed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--chainladder", help="Python of an environment with chainladder")
    arguments = parser.parse_args()
    result = {
        "machine": f"{platform.machine()}, Python {platform.python_version()}, numpy {np.__version__}",
        "calibration": calibration(),
        "speed": speed(arguments.chainladder),
    }
    RESULTS.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
