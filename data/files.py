"""Opening files that people send: text tables, Parquet, workbooks, the rows of a query. What is not what its name says is refused gently.

Every source is read in blocks of rows, so that memory does not grow with the file.
"""

from __future__ import annotations

import codecs
import csv
import hashlib
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from data.workbooks import workbook_sheets
from models.messages import InputError

WORKBOOKS = (".xlsx", ".xlsm", ".xls", ".xlsb")
TEXTS = (".csv", ".txt", ".tsv")
LARGEST_FILE = 2_000_000_000
ENCODINGS = ("utf-8-sig", "gb18030")
BLOCK = 50_000
"""Rows read at a time."""


@dataclass(frozen=True)
class Sheet:
    """One table as it stands in a file: blocks of raw cells, their index the row numbers that the reader's program shows. Read once."""

    file: str
    name: str
    blocks: Iterator[pd.DataFrame]


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def read_sheets(path: Path) -> Iterator[Sheet]:
    """Yield the tables of a file that are not empty, one after the other; `InputError` names the file and what would be right."""
    if not path.exists():
        raise InputError("There is no file {path}.", path=str(path))
    if path.is_dir():
        raise InputError("{path} is a folder; name the files in it.", path=str(path))
    size = path.stat().st_size
    if size == 0:
        raise InputError("{file} is empty (0 bytes). Export it again.", file=path.name)
    if size > LARGEST_FILE:
        raise InputError("{file} is larger than 2 GB. Split it by year.", file=path.name)
    suffix = path.suffix.lower()
    if suffix in WORKBOOKS:
        sheets = ((name, _frames(rows)) for name, rows in workbook_sheets(path, BLOCK))
    elif suffix in TEXTS:
        sheets = iter([("", _text(path))])
    elif suffix == ".parquet":
        sheets = iter([("", _parquet(path))])
    else:
        raise InputError(
            "{file}: files of the kind {kind} are not read. Use .xlsx, .xls, .xlsb, .csv or .parquet.",
            file=path.name,
            kind=suffix or "?",
        )
    found = False
    for name, blocks in sheets:
        filled = (block for block in blocks if len(block))
        first = next(filled, None)
        if first is not None:
            found = True
            yield Sheet(path.name, name, _again(first, filled))
    if not found:
        raise InputError("{file} holds no rows.", file=path.name)


def _again(first: pd.DataFrame, rest: Iterator[pd.DataFrame]) -> Iterator[pd.DataFrame]:
    yield first
    yield from rest


def _frames(blocks: Iterator[list[list[Any]]]) -> Iterator[pd.DataFrame]:
    """Turn blocks of rows into frames that number the rows from 1 on and leave out empty ones."""
    done = 0
    for rows in blocks:
        yield _frame(rows, done + 1)
        done += len(rows)


def _frame(rows: list[list[Any]], first: int) -> pd.DataFrame:
    cells = pd.DataFrame(rows, index=range(first, first + len(rows)), dtype=object)
    cells = cells.where(cells.notna() & (cells != ""), None)
    return cells[cells.notna().any(axis=1)]


def _encoding(path: Path) -> str:
    """Return the encoding that the whole file can be read in."""
    for encoding in ENCODINGS:
        decoder = codecs.getincrementaldecoder(encoding)()
        with path.open("rb") as file, suppress(UnicodeDecodeError):
            while data := file.read(1 << 20):
                if b"\x00" in data:
                    break
                decoder.decode(data)
            else:
                decoder.decode(b"", final=True)
                return encoding
    raise InputError("{file} is not text in UTF-8 or GB18030. In Excel choose “CSV UTF-8” when saving.", file=path.name)


def _text(path: Path) -> Iterator[pd.DataFrame]:
    encoding = _encoding(path)
    with path.open(encoding=encoding, newline="") as file:
        head = file.read(20_000)
    separator = max((",", "\t", ";", "，"), key=head.count)
    try:
        width = max((len(row) for row in csv.reader(head.splitlines(keepends=True), delimiter=separator)), default=0)
    except csv.Error:
        width = 0
    done = 0
    if width:
        with suppress(pd.errors.ParserError, pd.errors.EmptyDataError):
            with pd.read_csv(
                path, sep=separator, header=None, names=range(width), dtype="str", keep_default_na=False, skip_blank_lines=False,
                engine="c", on_bad_lines="error", index_col=False, encoding=encoding, chunksize=BLOCK,
            ) as blocks:  # fmt: skip
                for cells in blocks:
                    cells.index = pd.RangeIndex(done + 1, done + len(cells) + 1)
                    done += len(cells)
                    cells = cells.where(cells != "")
                    yield cells[cells.notna().any(axis=1)]
            return
    yield from _uneven_text(path, encoding, separator, done)


def _uneven_text(path: Path, encoding: str, separator: str, done: int) -> Iterator[pd.DataFrame]:
    """Read lines of uneven length, from line ``done`` on: slower, but nothing is too odd for it."""
    with path.open(encoding=encoding, newline="") as file:
        lines = csv.reader(file, delimiter=separator)
        try:
            for _ in islice(lines, done):
                pass
            while rows := list(islice(lines, BLOCK)):
                yield _frame(rows, done + 1)
                done += len(rows)
        except csv.Error:
            raise InputError(
                "{file}, after row {row}: a quotation mark is opened and not closed. Export the file again.",
                file=path.name,
                row=done,
            ) from None


def with_header(names: list[Any], blocks: Iterator[pd.DataFrame]) -> Iterator[pd.DataFrame]:
    """Yield blocks of named columns as cells: row 1 holds the names."""
    done = 1
    yield pd.DataFrame([names], index=[1], columns=range(len(names)), dtype=object)
    for block in blocks:
        cells = block.set_axis(range(len(names)), axis=1)
        cells = cells.astype(object).where(cells.notna(), None)
        yield cells.set_axis(range(done + 1, done + len(cells) + 1), axis=0)
        done += len(cells)


def _parquet(path: Path) -> Iterator[pd.DataFrame]:
    try:
        with pq.ParquetFile(path) as file:
            columns = [c.name for c in file.schema_arrow if not pa.types.is_nested(c.type)]
            blocks = (batch.to_pandas() for batch in file.iter_batches(BLOCK, columns=columns))
            yield from with_header(columns, blocks)
    except (pa.ArrowException, OSError, ValueError, KeyError) as error:
        raise InputError("{file} is not a Parquet file.", file=path.name) from error


def query_sheet(url: str, query: str) -> Sheet:
    """Return the rows of a SQL query at a database URL; nothing that the query might write is kept."""
    return Sheet("query", "", _query(url, query))


def _query(url: str, query: str) -> Iterator[pd.DataFrame]:
    from sqlalchemy import create_engine, text
    from sqlalchemy.exc import SQLAlchemyError

    try:
        engine = create_engine(url)
        try:
            with engine.connect() as connection:
                found = connection.execution_options(stream_results=True, max_row_buffer=BLOCK).execute(text(query))
                if not found.returns_rows:
                    raise InputError("The query returns no rows: it must be a SELECT.")
                names = list(found.keys())
                parts = (
                    pd.DataFrame(list(map(tuple, p)), columns=names, dtype=object) for p in found.partitions(BLOCK)
                )
                yield from with_header(names, parts)
                connection.rollback()
        finally:
            engine.dispose()
    except (SQLAlchemyError, ImportError) as error:
        raise InputError("The query did not run at that database. Check the URL, the table and its columns.") from error
