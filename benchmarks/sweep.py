"""A sweep on two workers beside one: at least 80% efficient: ``python -m benchmarks.sweep``.

Efficiency = seconds on one worker ÷ (2 × seconds on two), start of the processes included, the same grid and the same bytes; the machine must
have two idle cores: ``load_before`` is the load average when the run began. Results in results/sweep.json.
"""

from __future__ import annotations

import json
import os
import platform
import tempfile
import time
from pathlib import Path

import numpy as np

from analysis.questions.grid import grid_from_yaml
from analysis.questions.sweep import sweep

GRID = """
base: {paths: 200000, horizon_years: 20}
vary:
  base_rate: [0.0008, 0.001, 0.0012]
  growth.construction: [0.0, 0.01, 0.02, 0.03, 0.04, 0.05, 0.06, 0.07, 0.08, 0.09, 0.1, 0.11]
"""
RESULT = Path(__file__).with_name("results") / "sweep.json"


def main() -> None:
    """Print and record both times."""
    grid, seconds, written = grid_from_yaml(GRID), {}, {}
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else None
    with tempfile.TemporaryDirectory() as folder:
        for workers in (1, 2):
            began = time.perf_counter()
            done = sweep("xpcc", grid, Path(folder) / str(workers), workers=workers)
            seconds[workers] = time.perf_counter() - began
            written[workers] = done.path.read_bytes()
    result = {
        "scenarios": len(grid.scenarios), "groups": 12, "paths": 200_000, "cores": os.cpu_count(), "load_before": load,
        "python": platform.python_version(), "numpy": np.__version__,
        "one_worker_s": round(seconds[1], 2), "two_workers_s": round(seconds[2], 2),
        "efficiency": round(seconds[1] / (2 * seconds[2]), 3), "same_bytes": written[1] == written[2],
    }  # fmt: skip
    RESULT.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
