"""Frequency models beside statsmodels (rows) and glum: the same ledger, the same answer.

    python -m benchmarks.frequency [--rows 1000000] [--glum PYTHON]

``--glum`` names the Python of an environment that has glum, pandas and pyarrow (``benchmarks/requirements.in``); it runs there.
Every time is from a pandas frame to coefficients and standard errors; ours and glum's the best of five, statsmodels once.
Results measured are kept in ``benchmarks/results/frequency.json``.
"""

from __future__ import annotations

import argparse
import json
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

LEVELS = {"project_type": 9, "prefecture": 14, "size_band": 10}  # 8 + 13 + 9 = 30 dummy columns
FORMULA = "cases ~ project_type + prefecture + size_band"
DUMMIES = [f"{name}_{level}" for name, levels in LEVELS.items() for level in range(1, levels)]
RESULTS = Path(__file__).parent / "results" / "frequency.json"

GLUM = """
import json, sys, time
import glum, numpy as np, pandas as pd
frame = pd.read_parquet(sys.argv[1]); columns = sys.argv[2].split(",")
def fit():
    model = glum.GeneralizedLinearRegressor(family="poisson", alpha=0, drop_first=True, gradient_tol=float(sys.argv[3]))
    offset = np.log(frame["persons"].to_numpy())
    model.fit(frame[columns], frame["cases"], offset=offset)
    errors = model.std_errors(frame[columns], frame["cases"], offset=offset, robust=False, dispersion=1.0)
    return model, errors
times = []
for _ in range(5):
    start = time.perf_counter(); model, errors = fit(); times.append(time.perf_counter() - start)
print(json.dumps({"seconds": min(times), "coefficients": [model.intercept_, *model.coef_], "version": glum.__version__}))
"""


def ledger(rows: int, seed: int = 20240101) -> pd.DataFrame:
    """Return a synthetic ledger: three categorical columns, exposure, and counts whose risk varies (alpha 0.5)."""
    rng = np.random.default_rng(seed)
    predictor = np.full(rows, -2.0)
    frame: dict[str, Any] = {}
    for name, levels in LEVELS.items():
        code = rng.integers(0, levels, rows)
        predictor += np.linspace(-0.4, 0.4, levels)[code]
        frame[name] = pd.Categorical.from_codes(code, [f"{name} {level:02d}" for level in range(levels)])
    frame["persons"] = rng.gamma(2.0, 0.5, rows)
    frame["cases"] = rng.poisson(frame["persons"] * np.exp(predictor) * rng.gamma(2.0, 0.5, rows))
    return pd.DataFrame(frame)


def dummies(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the same ledger with thirty columns of 0 and 1."""
    codes = {name: frame[name].cat.codes.to_numpy() for name in LEVELS}
    columns = {f"{n}_{k}": (codes[n] == k).astype(float) for n, levels in LEVELS.items() for k in range(1, levels)}
    return pd.DataFrame(columns).assign(persons=frame["persons"], cases=frame["cases"])


def timed(call: Callable[[], Any], repeat: int = 1) -> tuple[float, Any]:
    """Return the least seconds and the last result."""
    seconds = []
    for _ in range(repeat):
        start = time.perf_counter()
        result = call()
        seconds.append(time.perf_counter() - start)
    return min(seconds), result


def main() -> None:
    """Measure, print, and keep the results."""
    import statsmodels.api as sm
    import statsmodels.formula.api as smf

    from models.frequency import fit_frequency

    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--rows", type=int, default=1_000_000)
    options.add_argument("--negative-binomial-rows", type=int, default=100_000)
    options.add_argument("--glum", help="Python of an environment with glum")
    asked = options.parse_args()
    lines: list[dict[str, Any]] = []

    def record(
        work: str, ours: float, peer: str, theirs: float, difference: float, errors: float | None = None
    ) -> None:
        lines.append(
            {
                "work": work,
                "ours_seconds": round(ours, 4),
                "peer": peer,
                "peer_seconds": round(theirs, 4),
                "ratio": round(theirs / ours, 1),
                "coefficients_differ": float(f"{difference:.1e}"),
                "standard_errors_differ": None if errors is None else float(f"{errors:.1e}"),
            }
        )

    frame = ledger(asked.rows)
    text = frame.astype(dict.fromkeys(LEVELS, "str"))
    wide = dummies(frame)
    wide_formula = "cases ~ " + " + ".join(DUMMIES)
    fitted = {
        "categories": timed(lambda: fit_frequency(frame, FORMULA, "persons"), 5),
        "text": timed(lambda: fit_frequency(text, FORMULA, "persons"), 5),
        "30 columns of 0/1": timed(lambda: fit_frequency(wide, wide_formula, "persons"), 5),
    }
    shape = f"Poisson, {asked.rows} rows x 30 dummy columns"
    for name, work in (("categories", FORMULA), ("30 columns of 0/1", wide_formula)):
        data = frame if name == "categories" else wide

        def peer_fit(data: pd.DataFrame = data, work: str = work) -> Any:
            offset = np.log(data["persons"])
            return smf.glm(work, data, family=sm.families.Poisson(), offset=offset).fit(tol=1e-12)

        seconds, peer = timed(peer_fit)
        for ours_name in ("categories", "text") if name == "categories" else (name,):
            time_taken, ours = fitted[ours_name]
            record(
                f"{shape} ({ours_name})",
                time_taken,
                f"statsmodels {version('statsmodels')}",
                seconds,
                float(np.abs(ours.coefficients.to_numpy() - peer.params.to_numpy()).max()),
                float(np.abs(ours.standard_errors.to_numpy() / peer.bse.to_numpy() - 1.0).max()),
            )
        del peer
    if asked.glum:
        with tempfile.TemporaryDirectory() as folder:
            for name, data, columns in (("categories", frame, list(LEVELS)), ("30 columns of 0/1", wide, DUMMIES)):
                file = Path(folder) / "ledger.parquet"
                data.to_parquet(file)
                for tolerance in ("1e-4", "1e-9"):
                    command = [asked.glum, "-c", GLUM, str(file), ",".join(columns), tolerance]
                    answer = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
                    time_taken, ours = fitted[name]
                    difference = np.abs(ours.coefficients.to_numpy() - np.array(answer["coefficients"])).max()
                    peer_name = f"glum {answer['version']}, gradient_tol {tolerance}"
                    record(f"{shape} ({name})", time_taken, peer_name, answer["seconds"], float(difference))
    some = ledger(asked.negative_binomial_rows)
    ours_seconds, ours = timed(lambda: fit_frequency(some, FORMULA, "persons", "negative-binomial"), 5)
    seconds, peer = timed(
        lambda: smf.negativebinomial(FORMULA, some, offset=np.log(some["persons"])).fit(
            method="newton", maxiter=100, disp=0
        )
    )
    found = np.append(ours.coefficients.to_numpy(), ours.alpha)
    errors = np.append(ours.standard_errors.to_numpy(), ours.dispersion_error)
    record(
        f"Negative binomial with alpha, {asked.negative_binomial_rows} rows x 30 dummy columns",
        ours_seconds,
        f"statsmodels {version('statsmodels')} discrete",
        seconds,
        float(np.abs(found - peer.params.to_numpy()).max()),
        float(np.abs(errors / peer.bse.to_numpy() - 1.0).max()),
    )
    ours_seconds, _ = timed(lambda: fit_frequency(frame, FORMULA, "persons", "negative-binomial"), 3)
    print(pd.DataFrame(lines).to_string(index=False))
    print(f"Negative binomial, {asked.rows} rows: {ours_seconds:.2f} s")
    versions = {name: version(name) for name in ("numpy", "pandas", "scipy", "statsmodels", "patsy")}
    machine = f"{platform.machine()}, Python {sys.version.split()[0]}"
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps({"machine": machine, "versions": versions, "lines": lines}, indent=1) + "\n")


if __name__ == "__main__":
    main()
