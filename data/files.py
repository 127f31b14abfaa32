"""Opening files that people send: workbooks, text tables, Parquet. Everything that is not what its name says is refused gently.

Formulas and macros are never run: only stored values are read (calamine). Archives that would swell beyond bounds are refused before
they are opened.
"""

from __future__ import annotations

import csv
import hashlib
import io
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq
from python_calamine import CalamineError, CalamineWorkbook

from models.messages import InputError

WORKBOOKS = (".xlsx", ".xlsm", ".xls", ".xlsb")
LARGEST_FILE = 2_000_000_000
LARGEST_UNPACKED = 1_500_000_000
LARGEST_RATIO = 200
ENCODINGS = ("utf-8-sig", "gb18030")


@dataclass(frozen=True)
class Sheet:
    """One table as it stands in a file: ``cells`` has raw values, its index the row numbers that the reader's program shows."""

    file: str
    name: str
    cells: pd.DataFrame


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def read_sheets(path: Path) -> Iterator[Sheet]:
    """Yield the tables of a file that are not empty; `InputError` names the file and what would be right."""
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
        sheets = _workbook(path)
    elif suffix in (".csv", ".txt", ".tsv"):
        sheets = iter([_text(path)])
    elif suffix == ".parquet":
        sheets = iter([_parquet(path)])
    else:
        raise InputError(
            "{file}: files of the kind {kind} are not read. Use .xlsx, .xls, .xlsb, .csv or .parquet.",
            file=path.name,
            kind=suffix or "?",
        )
    found = False
    for sheet in sheets:
        if len(sheet.cells):
            found = True
            yield sheet
    if not found:
        raise InputError("{file} holds no rows.", file=path.name)


def _not_what_it_says(path: Path) -> InputError:
    head = path.open("rb").read(8)
    kinds = {
        b"\x89PNG": "PNG",
        b"\xff\xd8\xff": "JPEG",
        b"GIF8": "GIF",
        b"%PDF": "PDF",
        b"BM": "BMP",
        b"<htm": "HTML",
        b"<!DO": "HTML",
        b"<tab": "HTML",
    }
    kind = next((name for magic, name in kinds.items() if head.startswith(magic)), "?")
    return InputError(
        "{file} is not a workbook (its content looks like: {kind}). Open it in Excel and save it as .xlsx.",
        file=path.name,
        kind=kind,
    )


def _workbook(path: Path) -> Iterator[Sheet]:
    if path.suffix.lower() != ".xls" or zipfile.is_zipfile(path):
        try:
            with zipfile.ZipFile(path) as archive:
                parts = archive.infolist()
        except zipfile.BadZipFile:
            raise _not_what_it_says(path) from None
        unpacked = sum(p.file_size for p in parts)
        packed = max(sum(p.compress_size for p in parts), 1)
        if unpacked > LARGEST_UNPACKED or (unpacked > 50_000_000 and unpacked / packed > LARGEST_RATIO):
            raise InputError(
                "{file} would unpack to {size:integer} MB; it is refused. Export it again as .csv.",
                file=path.name,
                size=unpacked / 1e6,
            )
    try:
        workbook = CalamineWorkbook.from_path(str(path))
        names = workbook.sheet_names
        for name in names:
            rows = workbook.get_sheet_by_name(name).to_python(skip_empty_area=False)
            yield Sheet(path.name, name, _frame(rows, 1))
    except (CalamineError, OSError, ValueError, IndexError, KeyError):
        raise _not_what_it_says(path) from None
    except BaseException as error:  # calamine reports some broken files as a Rust panic
        if type(error).__name__ == "PanicException":
            raise _not_what_it_says(path) from None
        raise


def _frame(rows: list[list[Any]], first: int) -> pd.DataFrame:
    cells = pd.DataFrame(rows, index=range(first, first + len(rows)), dtype=object)
    cells = cells.where(cells.notna() & (cells != ""), None)
    return cells[cells.notna().any(axis=1)]


def _text(path: Path) -> Sheet:
    for encoding in ENCODINGS:
        try:
            text = path.read_text(encoding=encoding)
        except UnicodeDecodeError:
            continue
        if "\x00" in text:
            break
        return Sheet(path.name, "", _text_cells(text))
    raise InputError("{file} is not text in UTF-8 or GB18030. In Excel choose “CSV UTF-8” when saving.", file=path.name)


def _text_cells(text: str) -> pd.DataFrame:
    head = text[:20_000]
    separator = max((",", "\t", ";", "，"), key=head.count)
    width = max((len(row) for row in csv.reader(io.StringIO(head), delimiter=separator)), default=0)
    if not width:
        return pd.DataFrame()
    try:
        cells = pd.read_csv(
            io.StringIO(text),
            sep=separator,
            header=None,
            names=range(width),
            dtype="str",
            keep_default_na=False,
            skip_blank_lines=False,
            engine="c",
            on_bad_lines="error",
            index_col=False,
        )
    except (pd.errors.ParserError, pd.errors.EmptyDataError):
        rows = list(csv.reader(io.StringIO(text), delimiter=separator))
        return _frame(rows, 1)
    cells.index = pd.RangeIndex(1, len(cells) + 1)
    cells = cells.where(cells != "")
    return cells[cells.notna().any(axis=1)]


def _parquet(path: Path) -> Sheet:
    try:
        rows = pq.read_table(path).to_pandas()
    except Exception as error:
        raise InputError("{file} is not a Parquet file.", file=path.name) from error
    head = pd.DataFrame([list(rows.columns)], columns=range(rows.shape[1]), dtype=object)
    body = rows.set_axis(range(rows.shape[1]), axis=1).astype(object)
    cells = pd.concat([head, body.where(body.notna(), None)], ignore_index=True)
    cells.index = pd.RangeIndex(1, len(cells) + 1)
    return Sheet(path.name, "", cells)
