"""A grid of scenarios: the same bytes whatever the number of workers, taken up again where it stopped, refused by name."""

import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

ROOT = Path(__file__).resolve().parent.parent
GRID = "base: {paths: 300}\nvary:\n  base_rate: [0.0008, 0.0012]\n  growth.construction: [0.0, 0.05]\n"


def sweep(folder, workers, grid=GRID):
    folder.mkdir(exist_ok=True)
    (folder / "网格.yaml").write_text(grid, encoding="utf-8")
    command = [
        sys.executable,
        "cli.py",
        "sweep",
        "--book",
        "xpcc",
        "--grid",
        str(folder / "网格.yaml"),
        "--out",
        str(folder / "out"),
    ]
    return subprocess.run(
        [*command, "--workers", str(workers), "--language", "en"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=240,
        env={**os.environ, "PYTHONUTF8": "1"},
    )


def test_one_worker_and_two_give_the_same_bytes_and_a_stopped_sweep_goes_on(tmp_path):
    for workers in (1, 2):
        done = sweep(tmp_path / str(workers), workers)
        assert done.returncode == 0, done.stderr
    one, two = ((tmp_path / str(w) / "out" / "sweep.parquet") for w in (1, 2))
    assert one.read_bytes() == two.read_bytes()
    table = pd.read_parquet(one)
    assert len(table) == 4
    assert table["probability_solvent"].between(0, 1).all()
    groups = sorted((tmp_path / "1" / "out" / "groups").iterdir())
    groups[0].unlink()
    kept = groups[1].stat().st_mtime_ns
    assert sweep(tmp_path / "1", 1).returncode == 0
    assert groups[1].stat().st_mtime_ns == kept
    assert one.read_bytes() == two.read_bytes()


@pytest.mark.parametrize(
    ("grid", "says"),
    [
        ("vary: {base_rat: [0.001]}", "base_rat"),
        ("vary: {base_rate: []}", "base_rate"),
        ("base: {}", "vary"),
        ("vary: {base_rate: [9]}", "base_rate"),
    ],
)
def test_a_bad_grid_is_refused_by_name(tmp_path, grid, says):
    done = sweep(tmp_path / "g", 1, grid)
    assert done.returncode == 2
    assert says in done.stderr
    assert "Traceback" not in done.stderr
