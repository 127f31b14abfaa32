"""Public series of work injury insurance as ready books at level 1, each figure with its mark and reference.

Amounts in yuan, persons as counts. Sources: National Bureau of Statistics yearbooks, bulletins of the Ministry of Human Resources and Social
Security, China News; each row names its own. Rows marked ``unverified`` carry the confidence in their reference.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pandas as pd

FOLDER = Path(__file__).resolve().parent

BOOKS = ("national", "xinjiang", "xpcc")
"""Reference books that can be opened by name."""


@cache
def _rows(file: str) -> pd.DataFrame:
    rows = pd.read_csv(FOLDER / f"{file}.csv", dtype={"fund": "str", "period": "str", "item": "str"})
    return rows.astype({"amount": "float64"})


def accounts(name: str) -> pd.DataFrame:
    """Return a reference book's accounts: ``fund, period, item, amount, mark, reference``."""
    rows = _rows("provinces" if name == "xinjiang" else name)
    return rows[rows["fund"] == "xinjiang"].reset_index(drop=True) if name == "xinjiang" else rows.copy()


def provinces() -> pd.DataFrame:
    """Return the accounts of 31 provinces and the nation, 2008 and 2011 (National Bureau of Statistics)."""
    return _rows("provinces").copy()
