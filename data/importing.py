"""Spreadsheets and queries into a book: read everything first, then write it in one transaction; or show what would be read."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from data import cells, privacy
from data.book import Book
from data.files import Sheet, query_sheet, read_sheets, sha256
from data.layout import HandMapping, Layout
from data.mappings import own_names, save_mapping, saved_mappings
from data.names import names
from data.reading import Options, Progress, ReadSheet, Refused, sheets_read
from data.writing import Source, TableWriter, Written
from models.messages import InputError, Message

SHOWN_PROBLEMS = 20


@dataclass(frozen=True)
class Imported:
    """What became of one sheet."""

    file: str
    sheet: str
    target: str
    written: Written | None
    refused: tuple[Refused, ...] = ()
    refused_count: int = 0
    totals: int = 0
    layout: Layout | None = None
    hashed: tuple[str, ...] = ()
    rows: int = 0
    sample: pd.DataFrame | None = None
    already: int | None = None

    def refusals(self) -> Iterator[Message]:
        """Yield the first refused cells as sentences, and how many more there are."""
        for refusal in self.refused[:SHOWN_PROBLEMS]:
            yield refusal.message()
        if self.refused_count > SHOWN_PROBLEMS:
            yield Message("… and {count} more.", {"count": self.refused_count - SHOWN_PROBLEMS})


@dataclass(frozen=True)
class ImportReport:
    """What an import accepted and refused."""

    sheets: tuple[Imported, ...] = ()
    dry_run: bool = False

    @property
    def accepted(self) -> int:
        """Rows added or changed."""
        return sum(s.written.added + s.written.changed for s in self.sheets if s.written)

    @property
    def refused(self) -> tuple[Refused, ...]:
        """The refused cells, of each sheet the first 1,000."""
        return tuple(r for s in self.sheets for r in s.refused)

    @property
    def refused_count(self) -> int:
        """How many cells were refused in all."""
        return sum(s.refused_count for s in self.sheets)

    def require(self) -> ImportReport:
        """Return the report; raise `InputError` with the first refusal where anything was refused."""
        if self.refused:
            first = self.refused[0]
            raise InputError(
                "{problem} ({count} cells refused in all; nothing was imported)",
                problem=first.message(),
                count=self.refused_count,
            )
        return self

    def lines(self) -> Iterator[Message]:
        """Yield the report line by line."""
        for sheet in self.sheets:
            place = {"file": sheet.file, "sheet": sheet.sheet}
            if sheet.already is not None:
                yield Message(
                    "{file} {sheet}: the same content was imported before (import {number}); nothing added.",
                    {**place, "number": sheet.already},
                )
                continue
            if sheet.layout is not None and self.dry_run:
                yield Message(
                    "{file} {sheet}: {rows:integer} rows of the table {table} from row {row} on.",
                    {**place, "table": sheet.target, "row": sheet.layout.first_row, "rows": sheet.rows},
                )
                if sheet.layout.by_hand:
                    yield Message("    by a mapping made by hand")
                for name, column in sheet.layout.columns.items():
                    means = {"header": column.header, "meaning": name}
                    if column.factor in (None, 1.0):
                        yield Message("    {header} → {meaning}", means)
                    else:
                        yield Message("    {header} → {meaning} × {factor}", means | {"factor": f"{column.factor:g}"})
                if sheet.layout.ignored:
                    yield Message("    not used: {columns}", {"columns": ", ".join(sheet.layout.ignored)})
            if sheet.layout is not None and sheet.layout.personal:
                yield Message(
                    "{file} {sheet}: the columns {columns} identify persons and were left out.",
                    {**place, "columns": ", ".join(sheet.layout.personal)},
                )
            if sheet.hashed:
                yield Message(
                    "{file} {sheet}: names, ID or phone numbers in {columns} were replaced by a salted hash.",
                    {**place, "columns": ", ".join(sheet.hashed)},
                )
            if sheet.totals:
                yield Message(
                    "{file} {sheet}: {count} rows of totals or notes left out.", {**place, "count": sheet.totals}
                )
            if sheet.written is not None:
                yield Message(
                    "{file} {sheet} → {table}: {added:integer} rows added, {changed:integer} changed, {unchanged:integer} already there.",
                    {
                        **place,
                        "table": sheet.target,
                        "added": sheet.written.added,
                        "changed": sheet.written.changed,
                        "unchanged": sheet.written.unchanged,
                    },
                )
            yield from sheet.refusals()


def all_wrong(problems: Sequence[Message]) -> InputError:
    """Return one error that names every problem of the files, in their order."""
    if len(problems) == 1:
        return InputError(problems[0].text, **problems[0].fields)
    return InputError("Nothing was imported. To be corrected first:\n{problems}", problems=tuple(problems))


def options_for(
    book: Book,
    unit: str | None = None,
    target: str | None = None,
    headers: Sequence[Path] = (),
    mappings: Sequence[HandMapping] = (),
    writes: bool = True,
) -> Options:
    """Return how files are read into a book: its own names and saved mappings, with those given laid over them.

    ``writes`` off leaves the book as it is: a salt that it does not have yet is not kept.
    """
    if unit is not None and unit not in cells.UNITS:
        raise InputError("The unit {unit} is not known; use 元, 万元 or 亿元.", unit=unit)
    by_hand = saved_mappings(book) | {m.signature: m for m in mappings}
    return Options(names(*headers, own=own_names(book)), unit, target, _salt(book, writes), by_hand)


def _salt(book: Book, keep: bool) -> str:
    salt = book.facts().get("salt")
    if salt is None:
        salt = secrets.token_hex(16)
        if keep:
            book.note(salt=salt)
    return salt


def preview(
    file: str | Path,
    book: Book,
    unit: str | None = None,
    target: str | None = None,
    headers: Sequence[Path] = (),
    mappings: Sequence[HandMapping] = (),
    progress: Progress | None = None,
) -> ImportReport:
    """Return what an import of a file would find, without writing: layout and the first problems."""
    path = Path(file)
    options = replace(options_for(book, unit, target, headers, mappings, writes=False), keep_rows=False)
    read = sheets_read(read_sheets(path), options, progress)
    return ImportReport(tuple(_imported(path.name, own) for own in read), dry_run=True)


def preview_query(
    book: Book,
    url: str,
    query: str,
    target: str,
    unit: str | None = None,
    headers: Sequence[Path] = (),
    mappings: Sequence[HandMapping] = (),
) -> ImportReport:
    """Return what an import of a query would find, without writing."""
    options = replace(options_for(book, unit, target, headers, mappings, writes=False), keep_rows=False)
    read = sheets_read([query_sheet(url, query)], options, None)
    return ImportReport(tuple(_imported("query", own) for own in read), dry_run=True)


def import_files(
    book: Book,
    files: Sequence[str | Path],
    unit: str | None = None,
    accept_good_rows: bool = False,
    author: str = "",
    progress: Progress | None = None,
    target: str | None = None,
    headers: Sequence[Path] = (),
    mappings: Sequence[HandMapping] = (),
) -> ImportReport:
    """Import files into a book in one transaction.

    Parameters
    ----------
    unit : unit of money columns where neither header nor title states it (``元, 万元, 亿元, yuan, wan, yi``)
    accept_good_rows : import the good rows of files with bad ones; else any refused cell refuses all files
    progress : hears how far it is; raising an exception from it stops, and the book stays as it was
    target : the table that the rows belong to, where the header would leave it open
    headers : an office's own files of column names
    mappings : mappings by hand, which the book keeps for later files with the same headers

    Returns
    -------
    ImportReport : where cells were refused and ``accept_good_rows`` is off, nothing was written.

    Raises
    ------
    InputError
        Files cannot be read; it names all of them, and the refused cells of the others.
    """
    options = replace(options_for(book, unit, target, headers, mappings), accept_good_rows=accept_good_rows)
    say = progress or (lambda message: None)
    with ExitStack() as stack:
        read: list[tuple[Source, ReadSheet]] = []
        problems: list[Message] = []
        refused: list[Message] = []
        for path in map(Path, files):
            say(Message("Reading {file} …", {"file": path.name}))
            try:
                found = sheets_read(read_sheets(path), options, progress)
            except InputError as error:
                problems.append(error.message)
                continue
            digest = sha256(path)
            for own in found:
                stack.callback(own.close)
                read.append((_source(path.name, digest, own, author), own))
                if not accept_good_rows:
                    refused += _imported(path.name, own).refusals()
        if problems:
            raise all_wrong([*problems, *refused])
        return _write(book, read, options, say, mappings, author)


def import_query(
    book: Book,
    url: str,
    query: str,
    target: str,
    author: str = "",
    accept_good_rows: bool = False,
    unit: str | None = None,
    progress: Progress | None = None,
    headers: Sequence[Path] = (),
    mappings: Sequence[HandMapping] = (),
) -> ImportReport:
    """Import the rows of a SQL query at a database URL; its columns are named like the table's or by the aliases."""
    options = replace(options_for(book, unit, target, headers, mappings), accept_good_rows=accept_good_rows)
    sheets: list[Sheet] = [query_sheet(url, query)]
    with ExitStack() as stack:
        (own,) = sheets_read(sheets, options, progress)
        stack.callback(own.close)
        source = _source("query", own.digest, own, author)
        return _write(book, [(source, own)], options, progress or (lambda message: None), mappings, author)


def _source(file: str, digest: str, own: ReadSheet, author: str) -> Source:
    mapping = json.dumps({name: c.header for name, c in own.layout.columns.items()}, ensure_ascii=False)
    stem, dot, suffix = file.rpartition(".")
    shown = privacy.shown(stem or file)
    return Source(f"{shown}{dot}{suffix}" if shown == "***" and stem else file, digest, own.sheet, author, mapping)


def _imported(file: str, own: ReadSheet, written: Written | None = None, already: int | None = None) -> Imported:
    if already is not None:
        return Imported(file, own.sheet, own.layout.table, None, already=already)
    return Imported(
        file,
        own.sheet,
        own.layout.table,
        written,
        tuple(own.refused),
        own.refused_count,
        own.totals,
        own.layout,
        tuple(sorted(own.hashed)),
        own.rows,
        own.sample,
    )


def _write(
    book: Book,
    read: Sequence[tuple[Source, ReadSheet]],
    options: Options,
    say: Progress,
    mappings: Sequence[HandMapping],
    author: str,
) -> ImportReport:
    """Write what was read in one transaction, unless a cell was refused and good rows alone are not wanted."""
    if any(own.refused_count for _, own in read) and not options.accept_good_rows:
        return ImportReport(tuple(_imported(source.file_name, own) for source, own in read))
    done: list[Imported] = []
    with book.transaction() as connection:
        for source, own in read:
            table = own.layout.table
            already = book.imported(source.sha256, source.sheet, table, connection)
            if already is not None:
                done.append(_imported(source.file_name, own, already=already))
                continue
            say(Message("Writing {rows:integer} rows of {table} …", {"rows": own.rows, "table": table}))
            writer, written = TableWriter(connection, table, source), 0
            for block in own.blocks():
                writer.add(block)
                written += len(block)
                say(
                    Message(
                        "{file}: {done:integer} of {all:integer} rows written …",
                        {"file": source.file_name, "done": written, "all": own.rows},
                    )
                )
            done.append(_imported(source.file_name, own, writer.close()))
        for mapping in mappings:
            save_mapping(connection, mapping, author)
        lines = "; ".join(f"{s.file} {s.sheet} → {s.target}" for s in done)
        book.log("import", lines, author, connection)
    return ImportReport(tuple(done))
