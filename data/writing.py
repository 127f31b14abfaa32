"""Writing rows into a table of the book, piece by piece inside one transaction, so that memory does not grow with the file."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pandas as pd
from sqlalchemy import Column, Connection, MetaData, Table, delete, insert, select, tuple_, update

from data import schema
from models.messages import InputError


@dataclass(frozen=True)
class Source:
    """Where imported rows came from."""

    file_name: str
    sha256: str
    sheet: str = ""
    author: str = ""
    mapping: str = ""


@dataclass(frozen=True)
class Written:
    """What one import of one table did: rows added, changed (an older row superseded) and already there unchanged."""

    import_id: int | None
    target: str
    added: int
    changed: int
    unchanged: int


class TableWriter:
    """Writes one import of one table: `add` typed rows as often as needed, then `close`.

    A row whose key is new is added; one whose key is there with other content supersedes it; one that is there unchanged adds nothing. The index of the
    rows is kept as the source row; no key may come twice.
    """

    def __init__(self, connection: Connection, target: str, source: Source) -> None:
        self.connection, self.target = connection, target
        self.table, self.keys = schema.SQL_TABLES[target], schema.key_of(target)
        self.names = [f.name for f in schema.TABLES[target]]
        self.counts = {"added": 0, "changed": 0, "unchanged": 0}
        current = select(self.table.c.import_id).where(self.table.c.superseded_by.is_(None)).limit(1)
        self.was_empty = connection.execute(current).first() is None
        self.incoming = Table(
            f"incoming_{target}",
            MetaData(),
            *(Column(k, self.table.c[k].type) for k in self.keys),
            prefixes=["TEMPORARY"],
        )
        if not self.was_empty:
            self.incoming.create(connection)
        values = {
            "file_name": source.file_name, "sha256": source.sha256, "sheet": source.sheet, "target": target,
            "author": source.author, "mapping": source.mapping, "row_count": 0, "imported_at": now(),
        }  # fmt: skip
        self.import_id = int(connection.execute(insert(schema.imports).values(**values)).inserted_primary_key[0])

    def add(self, rows: pd.DataFrame) -> None:
        """Write typed rows (columns of the table; missing = absent)."""
        rows = rows.reindex(columns=self.names)
        _refuse_twice(self.target, rows, self.keys)
        state = np.full(len(rows), "added", dtype=object) if self.was_empty else self._states(rows)
        changed = rows.loc[state == "changed", self.keys]
        for start in range(0, len(changed), 500):
            values = [tuple(r) for r in changed.iloc[start : start + 500].itertuples(index=False)]
            columns = [self.table.c[k] for k in self.keys]
            matches = columns[0].in_([v[0] for v in values]) if len(columns) == 1 else tuple_(*columns).in_(values)
            self.connection.execute(
                update(self.table)
                .where(self.table.c.superseded_by.is_(None), matches)
                .values(superseded_by=self.import_id)
            )
        fresh = rows[state != "unchanged"]
        insert_rows(self.connection, self.table.name, fresh, {"import_id": self.import_id, "source_row": fresh.index})
        for name in self.counts:
            self.counts[name] += int((state == name).sum())

    def close(self) -> Written:
        """Note how many rows were written; an import that brought nothing new leaves no trace."""
        if not self.was_empty:
            self.incoming.drop(self.connection)
        fresh = self.counts["added"] + self.counts["changed"]
        own = schema.imports.c.import_id == self.import_id
        if fresh:
            self.connection.execute(update(schema.imports).where(own).values(row_count=fresh))
        else:
            self.connection.execute(delete(schema.imports).where(own))
        return Written(self.import_id if fresh else None, self.target, **self.counts)

    def _states(self, rows: pd.DataFrame) -> np.ndarray:
        """Return ``added``, ``changed`` or ``unchanged`` for every row."""
        self.connection.execute(delete(self.incoming))
        insert_rows(self.connection, self.incoming.name, rows[self.keys], {})
        table, incoming = self.table, self.incoming
        same_key = [table.c[k] == incoming.c[k] for k in self.keys]
        query = select(*(table.c[n] for n in self.names)).select_from(incoming)
        query = query.join(table, table.c.superseded_by.is_(None) & _all(same_key))
        found = self.connection.execute(query).fetchall()
        known = typed(pd.DataFrame.from_records(found, columns=self.names), self.target)
        old = rows[self.keys].merge(known, on=self.keys, how="left", indicator=True).set_axis(rows.index)
        here = (old["_merge"] == "both").to_numpy()
        same = np.ones(len(rows), dtype=bool)
        for name in self.names:
            if name not in self.keys:
                equal = (rows[name] == old[name]).fillna(False).astype(bool) | (rows[name].isna() & old[name].isna())
                same &= equal.to_numpy()
        return np.where(here, np.where(same, "unchanged", "changed"), "added")


def _all(conditions: Sequence[Any]) -> Any:
    joined = conditions[0]
    for condition in conditions[1:]:
        joined = joined & condition
    return joined


def _refuse_twice(target: str, rows: pd.DataFrame, keys: list[str]) -> None:
    twice = rows.duplicated(keys, keep=False)
    if twice.any():
        first = rows.loc[twice, keys].iloc[0]
        raise InputError(
            "{table}: the key {key} stands in more than one row (rows {rows}).",
            table=target,
            key=", ".join(str(v) for v in first),
            rows=", ".join(str(i) for i in rows.index[(rows[keys] == first).all(axis=1)][:5]),
        )


def insert_rows(connection: Connection, table: str, rows: pd.DataFrame, more: dict[str, Any]) -> None:
    """Insert rows by the fastest way that each database has: the driver's own executemany on SQLite, COPY on PostgreSQL."""
    if connection.dialect.name == "postgresql":
        frame = rows.assign(**more)
        text = frame.to_csv(index=False, header=False, na_rep="\\N", date_format="%Y-%m-%d")
        statement = f"COPY {table} ({', '.join(frame.columns)}) FROM STDIN WITH (FORMAT csv, NULL '\\N')"
        connection.connection.cursor().execute(statement, stream=io.BytesIO(text.encode()))  # type: ignore[call-arg]
        return
    columns: list[list[Any]] = [_python_values(rows[name]) for name in rows.columns]
    for value in more.values():
        columns.append(value.tolist() if isinstance(value, pd.Index) else [value] * len(rows))
    names = [*rows.columns, *more]
    statement = f"INSERT INTO {table} ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})"
    # the driver reads the generator: nothing is copied into a list of parameters
    connection.connection.cursor().executemany(statement, zip(*columns, strict=True))


def _python_values(column: pd.Series) -> list[Any]:
    """Return plain Python values: NumPy's are not bound by the driver, and missing must become NULL."""
    if pd.api.types.is_datetime64_any_dtype(column):
        values = np.datetime_as_string(column.to_numpy(dtype="datetime64[D]")).astype(object)
    else:
        values = column.astype(object).to_numpy(copy=True)
    missing = column.isna().to_numpy()
    if missing.any():
        values[missing] = None
    return list(values.tolist())


def typed(rows: pd.DataFrame, table: str) -> pd.DataFrame:
    """Return rows with the dtype that each column's kind has in the program."""
    dtypes = {"money": "float64", "number": "float64", "share": "float64", "count": "Int64", "flag": "boolean"}
    for field in schema.TABLES[table]:
        if field.name not in rows:
            continue
        if field.kind == "date":
            rows[field.name] = pd.to_datetime(rows[field.name])
        else:
            rows[field.name] = rows[field.name].astype(dtypes.get(field.kind, "str"))  # type: ignore[call-overload]
    return rows


def now() -> str:
    """Return the time in UTC, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds")
