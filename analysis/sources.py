"""What a review says of where its data and its assumptions come from: imports, findings about the data, assumptions that changed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from analysis.rate_review import Assumption
from data.book import Book
from data.quality import quality

HASH_SHOWN = 12


def sources(book: Book) -> pd.DataFrame:
    """Return what stands in a book, by file and table: ``source, target, rows, sha256``; the largest first."""
    imports = book.imports()
    if imports.empty:
        return pd.DataFrame()
    kept = imports[imports["undone_at"].isna()]
    grouped = (
        kept.groupby(["file_name", "target"], sort=True)
        .agg(rows=("row_count", "sum"), sha256=("sha256", "last"))
        .reset_index()
    )
    shown = grouped.rename(columns={"file_name": "source"}).assign(sha256=grouped["sha256"].str[:HASH_SHOWN])
    return shown.sort_values(["rows", "source"], ascending=[False, True], ignore_index=True)


def findings(book: Book) -> pd.DataFrame:
    """Return what does not fit together in a book, by kind: ``finding`` (a `Message`)``, severity, rows`` (how many); errors first."""
    return pd.DataFrame([{"finding": f.message, "severity": f.severity, "rows": len(f.rows)} for f in quality(book)])


def assumption_changes(previous: Mapping[str, Any] | None, now: Sequence[Assumption]) -> pd.DataFrame:
    """Return the assumptions whose value differs from that in the last ``review.json``: ``assumption, was, is_now``; empty where none does."""
    before = {a["name"]: a["value"] for a in (previous or {}).get("assumptions", [])}
    rows = [
        {"assumption": a.name, "was": str(before[a.name]), "is_now": str(a.value)}
        for a in now
        if a.name in before and before[a.name] != a.value
    ]
    return pd.DataFrame(rows)
