"""Importing: 100,000 cases from .xlsx in under 5 s; 1,000,000 payments from .csv within 3 times pandas.read_csv plus a bare bulk insert.

``python -m benchmarks.importing``; results in results/importing.json. Every part runs in a process of its own, so that its peak memory is its own; three
million payments must need no more memory than one million.
"""

from __future__ import annotations

import json
import resource
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import numpy as np
import pandas as pd

from data.book import open_book
from data.importing import import_files

RESULT = Path(__file__).with_name("results") / "importing.json"


def cases(rows: int) -> pd.DataFrame:
    rng = np.random.default_rng(1)
    day = pd.to_datetime("2018-01-01") + pd.to_timedelta(rng.integers(0, 2000, rows), unit="D")
    return pd.DataFrame(
        {
            "案件编号": [f"K{i:07d}" for i in range(rows)], "项目编号": [f"P{i % 9999:05d}" for i in range(rows)],
            "受伤日期": day.strftime("%Y年%-m月%-d日"), "结果": "受伤", "伤残等级": rng.integers(0, 11, rows), "护理等级": "无",
            "年龄": rng.integers(18, 65, rows), "性别": rng.choice(["男", "女"], rows), "本人工资（元）": rng.integers(3000, 9000, rows),
        }
    )  # fmt: skip


def payments(rows: int) -> pd.DataFrame:
    rng = np.random.default_rng(2)
    day = pd.to_datetime("2018-01-01") + pd.to_timedelta(rng.integers(0, 2000, rows), unit="D")
    return pd.DataFrame(
        {
            "支付编号": [f"Z{i:08d}" for i in range(rows)], "案件编号": [f"K{i % 99999:07d}" for i in range(rows)],
            "支付日期": day.strftime("%Y-%m-%d"), "待遇项目": rng.choice(["医疗费", "伤残津贴", "一次性伤残补助金"], rows), "支付金额（元）": rng.integers(1, 99999, rows) / 100,
        }
    )  # fmt: skip


def bare(folder: Path) -> None:
    frame = pd.read_csv(folder / "payments.csv", encoding="utf-8-sig")
    connection = sqlite3.connect(folder / "bare.sqlite")
    connection.execute("CREATE TABLE p (a TEXT PRIMARY KEY, b TEXT, c TEXT, d TEXT, e REAL)")
    connection.executemany("INSERT INTO p VALUES (?, ?, ?, ?, ?)", frame.itertuples(index=False, name=None))
    connection.commit()
    connection.close()


def workbook(folder: Path) -> None:
    with open_book(folder / "a.sqlite", create=True) as book:
        assert import_files(book, [folder / "cases.xlsx"]).accepted == 100_000


def text(folder: Path) -> None:
    with open_book(folder / "b.sqlite", create=True) as book:
        assert import_files(book, [folder / "payments.csv"]).accepted == 1_000_000


def longer_text(folder: Path) -> None:
    with open_book(folder / "c.sqlite", create=True) as book:
        assert import_files(book, [folder / "longer.csv"]).accepted == 3_000_000


def again_changed(folder: Path) -> None:
    """The same million payments once more, one amount in a hundred corrected."""
    with open_book(folder / "b.sqlite") as book:
        written = import_files(book, [folder / "changed.csv"]).sheets[0].written
        assert written is not None
        assert (written.added, written.changed) == (0, 10_000)


PARTS = {part.__name__: part for part in (bare, workbook, text, longer_text, again_changed)}


def measured(part: str, folder: Path) -> dict[str, float]:
    """Run a part in a process of its own: wall-clock seconds, CPU seconds (its children's included) and peak memory (its own, its children's)."""
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.importing", part, str(folder)], check=True, capture_output=True, text=True
    )
    return json.loads(done.stdout)


def peak_memory(process: int | str) -> int:
    """Return a process's own high-water mark in kB as the kernel keeps it: ru_maxrss would begin at that of the process which started it."""
    try:
        status = Path(f"/proc/{process}/status").read_text(encoding="ascii")
        return int(status.split("VmHWM:")[1].split()[0])
    except (OSError, IndexError):  # it has ended
        return 0


def watch_children(peaks: list[int], ended: threading.Event) -> None:
    """Add up the high-water marks of the children that are alive, fifty times a second."""
    children = Path("/proc/self/task") / str(threading.main_thread().native_id) / "children"
    while not ended.wait(0.02):
        peaks.append(sum(map(peak_memory, children.read_text(encoding="ascii").split())))


def run(part: str, folder: Path) -> None:
    peaks, ended = [0], threading.Event()
    watcher = threading.Thread(target=watch_children, args=(peaks, ended))
    watcher.start()
    before = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    began = time.perf_counter()
    PARTS[part](folder)
    seconds = time.perf_counter() - began
    after = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    cpu = sum(a.ru_utime + a.ru_stime - b.ru_utime - b.ru_stime for a, b in zip(after, before, strict=True))
    ended.set()
    watcher.join()
    result = {
        "seconds": round(seconds, 2),
        "cpu_seconds": round(cpu, 2),
        "peak_memory_mb": round(peak_memory("self") / 1024),
    }
    if max(peaks):
        result["child_peak_memory_mb"] = round(max(peaks) / 1024)
    print(json.dumps(result))


def main() -> None:
    if len(sys.argv) == 3:
        run(sys.argv[1], Path(sys.argv[2]))
        return
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        cases(100_000).to_excel(folder / "cases.xlsx", index=False, engine="xlsxwriter")
        frame = payments(1_000_000)
        frame.to_csv(folder / "payments.csv", index=False, encoding="utf-8-sig")
        frame.loc[::100, "支付金额（元）"] += 1.0
        frame.to_csv(folder / "changed.csv", index=False, encoding="utf-8-sig")
        payments(3_000_000).to_csv(folder / "longer.csv", index=False, encoding="utf-8-sig")
        del frame
        result = {part: measured(part, folder) for part in PARTS}
    result["ratio_to_bare"] = {
        unit: round(result["text"][unit] / result["bare"][unit], 2) for unit in ("seconds", "cpu_seconds")
    }
    RESULT.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
