"""A book as it was: the state that an earlier result was made from, rebuilt from the imports that stood then."""

from __future__ import annotations

from typing import Any

from sqlalchemy import insert, select

from data import schema
from data.book import Book, open_book


def as_it_was(book: Book, fingerprint: str) -> Book | None:
    """Return a copy, in memory, of the book at the import at which its fingerprint was this one; None where there was no such state.

    Later imports are left out and what they superseded stands again. A state that held an import undone since cannot be rebuilt.
    """
    ids = book.imports().query("undone_at.isna()")["import_id"].tolist()
    # an earlier program may have taken it under an earlier version of the schema
    states = ((int(i), version) for version in range(schema.VERSION, 0, -1) for i in ids)
    last = next((i for i, version in states if book.fingerprint(i, version) == fingerprint), None)
    if last is None:
        return None
    copy = open_book(":memory:")
    copy.name = book.name
    copy.note(**{name: content for name, content in book.facts().items() if name != "schema_version"})
    with book.engine.connect() as old, copy.transaction() as new:
        for table in (schema.imports, *schema.SQL_TABLES.values()):
            rows = [dict(row._mapping) for row in old.execute(select(table).where(table.c.import_id <= last))]
            if rows:
                new.execute(insert(table), [_then(row, last) for row in rows])
    return copy


def _then(row: dict[str, Any], last: int) -> dict[str, Any]:
    if (row.get("superseded_by") or 0) > last:
        row["superseded_by"] = None
    return row
