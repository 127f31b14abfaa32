"""Importing: 100,000 cases from .xlsx in under 5 s; 1,000,000 payments from .csv within 3 times pandas.read_csv plus a bare bulk insert.

``python -m benchmarks.importing``; results in results/importing.json with peak memory.
"""

from __future__ import annotations

import json
import resource
import sqlite3
import tempfile
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


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        cases(100_000).to_excel(root / "cases.xlsx", index=False, engine="xlsxwriter")
        payments(1_000_000).to_csv(root / "payments.csv", index=False, encoding="utf-8-sig")
        began = time.perf_counter()
        with open_book(root / "a.sqlite", create=True) as book:
            assert import_files(book, [root / "cases.xlsx"]).accepted == 100_000
        workbook = time.perf_counter() - began
        began = time.perf_counter()
        frame = pd.read_csv(root / "payments.csv", encoding="utf-8-sig")
        connection = sqlite3.connect(root / "bare.sqlite")
        connection.execute("CREATE TABLE p (a TEXT PRIMARY KEY, b TEXT, c TEXT, d TEXT, e REAL)")
        connection.executemany("INSERT INTO p VALUES (?, ?, ?, ?, ?)", frame.itertuples(index=False, name=None))
        connection.commit()
        connection.close()
        bare = time.perf_counter() - began
        del frame
        began = time.perf_counter()
        with open_book(root / "b.sqlite", create=True) as book:
            assert import_files(book, [root / "payments.csv"]).accepted == 1_000_000
        text = time.perf_counter() - began
    result = {
        "cases_xlsx_100000_s": round(workbook, 2), "payments_csv_1000000_s": round(text, 2), "bare_read_and_insert_s": round(bare, 2),
        "ratio": round(text / bare, 2), "peak_memory_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
    }  # fmt: skip
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
