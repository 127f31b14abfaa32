"""A sweep on two real Dask workers of this machine, one of them killed on the way: its groups are done again, the bytes are those of local work."""

import os
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from analysis.questions.grid import grid_from_yaml
from analysis.questions.sweep import sweep
from models.messages import InputError

ROOT = Path(__file__).resolve().parent.parent
GRID = """
base: {paths: 4000}
vary:
  base_rate: [0.0008, 0.0012]
  growth.construction: [0.0, 0.01, 0.02, 0.03, 0.04, 0.05, 0.06, 0.07]
"""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def started(module, *arguments):
    return subprocess.Popen(
        [sys.executable, "-m", f"distributed.cli.{module}", *arguments, "--no-dashboard"],
        cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1", "OMP_NUM_THREADS": "1"},
    )  # fmt: skip


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    address = f"tcp://127.0.0.1:{(port := free_port())}"
    folder = str(tmp_path_factory.mktemp("dask"))
    scheduler = started("dask_scheduler", "--host", "127.0.0.1", "--port", str(port))
    workers = [
        started(
            "dask_worker", address, "--host", "127.0.0.1", "--nthreads", "1", "--no-nanny", "--name", name,
            "--local-directory", folder,
        )
        for name in ("one", "two")
    ]  # fmt: skip
    yield address, workers
    for process in (*workers, scheduler):
        process.kill()
        process.wait(30)


def wait_for(address, count):
    from distributed import Client

    with Client(address, timeout=120, set_as_default=False) as client:
        client.wait_for_workers(count, timeout=200)


def test_one_of_two_workers_is_killed_and_nothing_is_lost(cluster, tmp_path):
    address, workers = cluster
    wait_for(address, 2)
    groups = tmp_path / "cluster" / "groups"
    killed = []

    def kill_one():
        while not (groups.is_dir() and any(f.suffix == ".parquet" for f in groups.iterdir())):
            time.sleep(0.01)
        workers[0].kill()
        killed.append(len(list(groups.glob("*.parquet"))))

    killer = threading.Thread(target=kill_one, daemon=True)
    killer.start()
    told = []
    done = sweep("xpcc", grid_from_yaml(GRID), tmp_path / "cluster", cluster=address, progress=told.append)
    killer.join(60)
    assert killed
    assert killed[0] < done.calculated == 8  # it died while there was work left
    assert workers[0].wait(30) != 0
    assert workers[1].poll() is None
    local = sweep("xpcc", grid_from_yaml(GRID), tmp_path / "local", workers=2)
    assert done.path.read_bytes() == local.path.read_bytes()
    again = sweep("xpcc", grid_from_yaml(GRID), tmp_path / "cluster", cluster=address)
    assert (again.calculated, again.found) == (0, 8)


def test_an_address_without_a_scheduler_is_refused_by_name(tmp_path, monkeypatch):
    monkeypatch.setattr("analysis.questions.workers.PATIENCE", 1)
    with pytest.raises(InputError, match="No Dask scheduler"):
        sweep("xpcc", grid_from_yaml(GRID), tmp_path, cluster=f"tcp://127.0.0.1:{free_port()}")
