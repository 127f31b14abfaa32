"""Spreadsheets into a book: find the table and its header, read every cell, refuse by place, write in one transaction."""

from __future__ import annotations

import hashlib
import json
import re
import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path

import pandas as pd
import yaml

from data import cells, privacy, schema
from data.book import Book, content_hash
from data.files import Sheet, read_sheets, sha256
from data.writing import Source, Written, typed
from models.messages import InputError, Message

HEADERS = Path(__file__).with_name("headers.yaml")
WIDE = "accounts.items"
"""Accounts with a column an item, as statements are usually written."""

DEFAULTS: Mapping[str, Mapping[str, str]] = {
    "accounts": {"fund": "fund", "mark": "own"},
    "experience": {"unit_kind": "contractor"},
}
TOTALS = re.compile(r"^(合计|总计|小计|总数|共计|累计|total|sum|subtotal|grand ?total)[:：]?$", re.IGNORECASE)
TITLE_UNIT = re.compile(r"单位\s*[:：]?\s*(元|千元|万元|百万元|亿元)")
SEARCHED_ROWS = 30
SHOWN_PROBLEMS = 20

Progress = Callable[[Message], None]


@dataclass(frozen=True)
class Column:
    """One column of a sheet and what it means: position, header as written, factor of its unit (None: not stated)."""

    position: int
    header: str
    factor: float | None


@dataclass(frozen=True)
class Layout:
    """Where a sheet's table starts and what its columns mean."""

    target: str
    first_row: int
    columns: Mapping[str, Column]
    ignored: tuple[str, ...]
    personal: tuple[str, ...]

    @property
    def table(self) -> str:
        """The book's table that the rows go to."""
        return "accounts" if self.target == WIDE else self.target


@dataclass(frozen=True)
class Refused:
    """A cell that cannot be read: where, what, and what would be right."""

    file: str
    sheet: str
    row: int
    column: str
    value: str
    accepted: Message

    def message(self) -> Message:
        """Return the refusal as a sentence."""
        return Message(
            "{file} {sheet} row {row}, column {column}: “{value}” cannot be used. {accepted}",
            {
                "file": self.file,
                "sheet": self.sheet,
                "row": self.row,
                "column": self.column,
                "value": self.value,
                "accepted": self.accepted,
            },
        )


@dataclass(frozen=True)
class ReadSheet:
    """A sheet read: its layout, its typed rows (index = row number in the file) and what was refused or left out."""

    sheet: str
    layout: Layout
    rows: pd.DataFrame
    refused: tuple[Refused, ...]
    totals: int


@dataclass(frozen=True)
class Imported:
    """What became of one sheet."""

    file: str
    sheet: str
    target: str
    written: Written | None
    refused: tuple[Refused, ...] = ()
    totals: int = 0
    layout: Layout | None = None
    already: int | None = None


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
        """Every refused cell."""
        return tuple(r for s in self.sheets for r in s.refused)

    def require(self) -> ImportReport:
        """Return the report; raise `InputError` with the first refusal where anything was refused."""
        if self.refused:
            first = self.refused[0]
            raise InputError(
                "{problem} ({count} cells refused in all; nothing was imported)",
                problem=first.message(),
                count=len(self.refused),
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
                    "{file} {sheet}: rows of the table {table} from row {row} on.",
                    {**place, "table": sheet.target, "row": sheet.layout.first_row},
                )
                for name, column in sheet.layout.columns.items():
                    yield Message(
                        "    {header} → {name} × {factor}",
                        {"header": column.header, "name": name, "factor": f"{column.factor or 1:g}"},
                    )
                if sheet.layout.ignored:
                    yield Message("    not used: {columns}", {"columns": ", ".join(sheet.layout.ignored)})
            if sheet.layout is not None and sheet.layout.personal:
                yield Message(
                    "{file} {sheet}: the columns {columns} identify persons and were left out.",
                    {**place, "columns": ", ".join(sheet.layout.personal)},
                )
            if sheet.totals:
                yield Message("{file} {sheet}: {count} total rows left out.", {**place, "count": sheet.totals})
            if sheet.written is not None:
                yield Message(
                    "{file} {sheet} → {table}: {added} rows added, {changed} changed, {unchanged} already there.",
                    {
                        **place,
                        "table": sheet.target,
                        "added": sheet.written.added,
                        "changed": sheet.written.changed,
                        "unchanged": sheet.written.unchanged,
                    },
                )
            for refusal in sheet.refused[:SHOWN_PROBLEMS]:
                yield refusal.message()
            if len(sheet.refused) > SHOWN_PROBLEMS:
                yield Message("… and {count} more.", {"count": len(sheet.refused) - SHOWN_PROBLEMS})


@dataclass(frozen=True)
class Names:
    """Header and value names: header key → field by table, word → code by column."""

    headers: Mapping[str, Mapping[str, str]]
    values: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


@cache
def names(*files: Path) -> Names:
    """Return the names in ``headers.yaml`` with those of an office's own files laid over them."""
    headers: dict[str, dict[str, str]] = {
        table: {cells.header_key(f.name): f.name for f in fields}
        | {cells.header_key(re.sub("_yuan$", "", f.name)): f.name for f in fields}
        for table, fields in schema.TABLES.items()
    }
    headers[WIDE] = {cells.header_key(i): i for i in schema.ACCOUNT_ITEMS} | {
        k: v for k, v in headers["accounts"].items() if v in ("fund", "period", "mark", "reference")
    }
    values: dict[str, dict[str, str]] = {}
    for fields in schema.TABLES.values():
        for f in fields:
            if f.choices:
                values.setdefault(f.name, {}).update({c: c for c in f.choices})
    for file in (HEADERS, *files):
        try:
            content = yaml.safe_load(file.read_text(encoding="utf-8-sig"))
        except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
            raise InputError("The file of column names {file} cannot be read as YAML.", file=str(file)) from error
        for table, aliases in content.items():
            if table == "values":
                for column, words in aliases.items():
                    own = {cells.plain(w).lower(): code for code, ws in words.items() for w in ws}
                    values.setdefault(column, {}).update(own)
                continue
            if table not in headers:
                raise InputError("{file}: there is no table {table}.", file=file.name, table=table)
            for name, words in aliases.items():
                headers[table].update({cells.header_key(str(w)): name for w in words})
                if table == "accounts" and name in ("fund", "period", "mark", "reference"):
                    headers[WIDE].update({cells.header_key(str(w)): name for w in words})
    values["item"].update({words: code for words, code in headers[WIDE].items() if code in schema.ACCOUNT_ITEMS})
    return Names(headers, values)


def _fields(target: str) -> dict[str, schema.Field]:
    if target != WIDE:
        return {f.name: f for f in schema.TABLES[target]}
    own = {f.name: f for f in schema.TABLES["accounts"] if f.name in ("fund", "period", "mark", "reference")}
    for item in schema.ACCOUNT_ITEMS:
        own[item] = schema.Field(item, "number" if item.endswith(("persons", "beneficiaries")) else "money")
    return own


def _needed(target: str) -> set[str]:
    if target == WIDE:
        return {"period"}
    absent_ok = {*DEFAULTS.get(target, {}), "payment_id"}
    return {f.name for f in schema.TABLES[target] if (f.required or f.key) and f.name not in absent_ok}


def find_layout(sheet: Sheet, known: Names, target: str | None = None) -> Layout:
    """Return where the table starts and what its columns mean.

    The header is the row (or the two rows, merged cells spread to the right) among the first 30 that names the most columns of one table
    and all that it needs. `InputError` says which columns are missing from the table that comes nearest.
    """
    best: tuple[float, str, int, dict[str, Column]] | None = None
    head = sheet.cells.head(SEARCHED_ROWS)
    rows = [[cells.plain(v) for v in row] for row in head.itertuples(index=False)]
    labels = list(head.index)
    targets = [target] if target and target != "accounts" else ["accounts", WIDE] if target else [*schema.TABLES, WIDE]
    for i, single in enumerate(rows):
        candidates = [(single, single, 1)]
        if i + 1 < len(rows):
            spread, last = [], ""
            for text in single:
                last = text or last
                spread.append(last)
            candidates.append(
                (
                    [low or up for up, low in zip(single, rows[i + 1], strict=True)],
                    [f"{up} {low}".strip() if low else up for up, low in zip(spread, rows[i + 1], strict=True)],
                    2,
                )
            )
        for texts, full, height in candidates:
            for name in targets:
                aliases = known.headers[name]
                found: dict[str, Column] = {}
                for position, (text, whole) in enumerate(zip(texts, full, strict=True)):
                    own = aliases.get(cells.header_key(whole)) or aliases.get(cells.header_key(text))
                    if own and own not in found and text:
                        unit = cells.header_unit(text) or cells.header_unit(whole)
                        found[own] = Column(position, whole, unit)
                needed = _needed(name)
                complete = needed <= set(found) and (name != WIDE or len(found) >= 2)
                score = (
                    100 * complete
                    + len(found)
                    - 0.1 * (height - 1)
                    - 0.01 * i
                    - (0.5 if not complete else 0) * len(needed - set(found))
                )
                if found and (best is None or score > best[0]):
                    best = (score, name, i + height, found)
    place = {"file": sheet.file, "sheet": sheet.name}
    if best is None:
        raise InputError(
            "{file} {sheet}: no row of column names was found. The first row of the table must name its columns.",
            **place,
        )
    score, name, start, found = best
    missing = sorted(_needed(name) - set(found)) or (
        ["revenue", "expenditure"] if name == WIDE and len(found) < 2 else []
    )
    if missing:
        examples = {v: k for k, v in reversed(list(known.headers[name].items())) if not k.isascii()}
        raise InputError(
            "{file} {sheet}: this looks like the table {table}, but it lacks the column {missing}.",
            **place,
            table=name.split(".")[0],
            missing=", ".join(f"{m}（{examples[m]}）" if m in examples else m for m in missing),
        )
    last_header = labels[start - 1]
    used = {c.position for c in found.values()}
    others = [text for position, text in enumerate(rows[start - 1]) if text and position not in used]
    personal = tuple(t for t in others if privacy.is_personal_header(t))
    return Layout(name, int(last_header) + 1, found, tuple(t for t in others if t not in personal), personal)


def read_sheet(
    sheet: Sheet, known: Names, unit: str | None = None, target: str | None = None, salt: str = ""
) -> ReadSheet:
    """Read one sheet into typed rows of the book's table."""
    turned = _turned(sheet, known)
    layout = find_layout(turned, known, target)
    fields = _fields(layout.target)
    body = turned.cells.loc[layout.first_row :]
    text_columns = [c for c in body.columns if c in {layout.columns[n].position for n in layout.columns}]
    first_filled = pd.Series(None, index=body.index, dtype=object)
    for column in text_columns:
        first_filled = first_filled.where(first_filled.notna(), body[column])
    totals = cells.texts(first_filled).str.match(TOTALS.pattern, case=False).fillna(False).astype(bool)
    body = body[~totals]
    body = body[body[text_columns].notna().any(axis=1)] if len(body) else body
    if body.empty:
        raise InputError(
            "{file} {sheet}: there are column names but no rows under them.", file=sheet.file, sheet=sheet.name
        )
    stated = _title_unit(turned, layout.first_row) or (cells.UNITS[unit] if unit else None)
    refused: list[Refused] = []
    columns: dict[str, pd.Series] = {}
    for name, column in layout.columns.items():
        own = fields[name]
        raw = body[column.position]
        is_key_text = own.kind == "text" and not own.choices
        if is_key_text and privacy.personal_share(raw) > 0.05:
            if not (own.key or name.endswith("_id") or name == "unit"):
                raise InputError(
                    "{file} {sheet}: the column {column} holds ID or phone numbers. Delete it and try again: no person may be identifiable.",
                    file=sheet.file,
                    sheet=sheet.name,
                    column=column.header,
                )
            raw = privacy.salted(raw, salt)
        factor = 1.0
        if own.kind == "money" or (layout.target == "accounts" and name == "amount"):
            factor = column.factor or stated or 0.0
            if not factor:
                raise InputError(
                    "{file} {sheet}: the column {column} does not say its unit. Write 元, 万元 or 亿元 in its header, or give --unit.",
                    file=sheet.file,
                    sheet=sheet.name,
                    column=column.header,
                )
        elif own.kind in ("share", "number", "count"):
            factor = column.factor or 1.0
        labels = known.values.get(name) if own.choices else None
        values, bad = cells.convert(raw, own.kind, factor, labels)
        if own.kind == "share":
            wrong = values.notna() & ((values < 0) | (values > 1))
            bad = [*bad, *values.index[wrong]]
        if own.required or own.key:
            empty = values.isna()
            bad = [*bad, *values.index[empty & ~values.index.isin(bad)]]
        accepted = _accepted(own, labels)
        refused += [
            Refused(sheet.file, sheet.name, int(row), column.header, privacy.shown(raw[row]), accepted) for row in bad
        ]
        columns[name] = values
    rows = pd.DataFrame(columns, index=body.index)
    if layout.target == WIDE:
        rows = _long(rows)
    for name, value in DEFAULTS.get(layout.table, {}).items():
        if name not in rows:
            rows[name] = value
        else:
            rows[name] = rows[name].fillna(value)
    if layout.table == "payments" and "payment_id" not in rows:
        rows["payment_id"] = _payment_ids(rows)
    rows = typed(rows, layout.table)
    bad_rows = {r.row for r in refused}
    rows = rows[~rows.index.isin(bad_rows)]
    keys = schema.key_of(layout.table)
    twice = rows.duplicated(keys, keep="first")
    same = rows.duplicated(keep="first")
    for row in rows.index[twice & ~same][: 10 * SHOWN_PROBLEMS]:
        key = ", ".join(str(v) for v in rows.loc[[row], keys].iloc[0])
        first = layout.columns.get(keys[-1]) or next(iter(layout.columns.values()))
        refused.append(
            Refused(
                sheet.file,
                sheet.name,
                int(row),
                first.header,
                privacy.shown(key),
                Message("It stands in more than one row; keep one."),
            )
        )
    return ReadSheet(sheet.name, layout, rows[~twice], tuple(sorted(refused, key=lambda r: r.row)), int(totals.sum()))


def _turned(sheet: Sheet, known: Names) -> Sheet:
    """Return a statement whose years stand side by side (items down, years across) turned to one row a year."""
    table = sheet.cells
    items = {k for k, v in known.headers[WIDE].items() if v in schema.ACCOUNT_ITEMS}
    for i in range(min(len(table), 10)):
        years = [p for p, v in enumerate(table.iloc[i]) if re.fullmatch(r"(19|20)\d{2}\s*年?度?", cells.plain(v))]
        named = [cells.header_key(cells.plain(v)) in items for v in table.iloc[i + 1 : i + 1 + 4 * SEARCHED_ROWS, 0]]
        if years and 0 not in years and sum(named) >= 2:
            body = table.iloc[i + 1 : i + 1 + 4 * SEARCHED_ROWS][named]
            columns = [0, *years]
            wide = pd.concat([table.iloc[[i]], body])[columns].T
            wide.iloc[0, 0] = "年度"
            unit = _title_unit(sheet, int(table.index[i]) + 1)
            if unit:
                wide.iloc[0, 1:] = [
                    f"{v}（{next(u for u, f in cells.UNITS.items() if f == unit)}）"
                    if cells.header_unit(str(v)) is None
                    else v
                    for v in wide.iloc[0, 1:]
                ]
            return replace(
                sheet, cells=wide.set_axis(range(wide.shape[1]), axis=1).set_axis(range(1, len(wide) + 1), axis=0)
            )
    return sheet


def _title_unit(sheet: Sheet, before: int) -> float | None:
    for row in sheet.cells.loc[: before - 1].itertuples(index=False):
        for value in row:
            found = TITLE_UNIT.search(cells.plain(value))
            if found:
                return cells.UNITS[found.group(1)]
    return None


def _long(rows: pd.DataFrame) -> pd.DataFrame:
    fixed = [c for c in rows.columns if c in ("fund", "period", "mark", "reference")]
    row_numbers = rows.index.name or "row"
    long = rows.rename_axis(row_numbers).reset_index().melt([row_numbers, *fixed], var_name="item", value_name="amount")
    return (
        long.dropna(subset=["amount"])
        .sort_values([row_numbers], kind="stable")
        .set_index(row_numbers)
        .rename_axis(None)
    )


def _payment_ids(rows: pd.DataFrame) -> pd.Series:
    """A payment without a number of its own is known by its content and its turn among equal ones."""
    content = rows.astype("str").agg("|".join, axis=1)
    turn = content.groupby(content).cumcount().astype("str")
    return (content + "|" + turn).map(lambda text: hashlib.sha256(text.encode()).hexdigest()[:20])


def _accepted(own: schema.Field, labels: Mapping[str, str] | None) -> Message:
    if labels is not None:
        return Message("Use one of {words}.", {"words": ", ".join(list(labels)[:12])})
    if own.kind in ("money", "number"):
        return Message("A number is needed, for example 1200000 or 1,200,000.")
    if own.kind == "share":
        return Message("A share from 0 to 1 is needed; write 0.1% or 1‰, or the unit in the header.")
    if own.kind == "count":
        return Message("A whole number from 0 up is needed.")
    if own.kind == "date":
        return Message("A date is needed, for example 2025-03-01, 2025年3月1日 or 20250301.")
    if own.kind in ("period", "quarter"):
        return Message("A year (2024) or a quarter (2024Q1, 2024年第1季度) is needed.")
    if own.kind == "month":
        return Message("A month is needed, for example 2024-03.")
    if own.kind == "flag":
        return Message("Yes or no (是, 否) is needed.")
    return Message("This cell must be filled.")


def _salt(book: Book) -> str:
    salt = book.facts().get("salt")
    if salt is None:
        salt = secrets.token_hex(16)
        book.note(salt=salt)
    return salt


def _read_all(
    book: Book, path: Path, unit: str | None, target: str | None, known: Names
) -> list[tuple[Sheet, ReadSheet]]:
    """Read every sheet that is a table; a workbook may hold other sheets (notes, charts) as long as one is a table."""
    found: list[tuple[Sheet, ReadSheet]] = []
    problems: list[InputError] = []
    for sheet in read_sheets(path):
        try:
            found.append((sheet, read_sheet(sheet, known, unit, target, _salt(book))))
        except InputError as error:
            problems.append(error)
    if not found:
        raise problems[0]
    return found


def preview(
    file: str | Path, book: Book, unit: str | None = None, target: str | None = None, headers: Sequence[Path] = ()
) -> ImportReport:
    """Return what an import of a file would find, without writing: layout and the first problems."""
    path = Path(file)
    read = _read_all(book, path, unit, target, names(*headers))
    return ImportReport(
        tuple(Imported(path.name, r.sheet, r.layout.table, None, r.refused, r.totals, r.layout) for _, r in read),
        dry_run=True,
    )


def import_files(
    book: Book,
    files: Sequence[str | Path],
    unit: str | None = None,
    accept_good_rows: bool = False,
    author: str = "",
    progress: Progress | None = None,
    target: str | None = None,
    headers: Sequence[Path] = (),
) -> ImportReport:
    """Import files into a book in one transaction.

    Parameters
    ----------
    unit : unit of money columns where neither header nor title states it (``元, 万元, 亿元, yuan, wan, yi``)
    accept_good_rows : import the good rows of files with bad ones; else any refused cell refuses all files
    target : the table that the rows belong to, where the header would leave it open
    headers : an office's own files of column names

    Returns
    -------
    ImportReport : where cells were refused and ``accept_good_rows`` is off, nothing was written.
    """
    if unit is not None and unit not in cells.UNITS:
        raise InputError("The unit {unit} is not known; use 元, 万元 or 亿元.", unit=unit)
    known = names(*headers)
    say = progress or (lambda message: None)
    done: list[Imported] = []
    read: list[tuple[Path, str, ReadSheet]] = []
    for file in files:
        path = Path(file)
        say(Message("Reading {file} …", {"file": path.name}))
        for sheet, own in _read_all(book, path, unit, target, known):
            digest = sha256(path)
            already = book.imported(digest, sheet.name, own.layout.table)
            if already is not None:
                done.append(Imported(path.name, own.sheet, own.layout.table, None, already=already))
            else:
                read.append((path, digest, own))
    if any(own.refused for _, _, own in read) and not accept_good_rows:
        done += [
            Imported(p.name, own.sheet, own.layout.table, None, own.refused, own.totals, own.layout)
            for p, _, own in read
        ]
        return ImportReport(tuple(done))
    with book.transaction() as connection:
        for path, digest, own in read:
            say(Message("Writing {rows:integer} rows of {table} …", {"rows": len(own.rows), "table": own.layout.table}))
            mapping = json.dumps({name: c.header for name, c in own.layout.columns.items()}, ensure_ascii=False)
            source = Source(path.name, digest, own.sheet, author, mapping)
            written = book.write(own.layout.table, _numbered(own.rows), source, connection)
            done.append(Imported(path.name, own.sheet, own.layout.table, written, own.refused, own.totals, own.layout))
    book.log("import", "; ".join(f"{s.file} {s.sheet} → {s.target}" for s in done), author)
    return ImportReport(tuple(done))


def _numbered(rows: pd.DataFrame) -> pd.DataFrame:
    """Give rows of one source row (a wide statement's items) numbers of their own: row × 100 + item."""
    if rows.index.is_unique:
        return rows
    turn = pd.Series(range(len(rows)), index=rows.index).groupby(level=0).cumcount()
    return rows.set_axis(rows.index * 100 + turn.to_numpy(), axis=0)


def import_query(book: Book, url: str, query: str, target: str, author: str = "") -> ImportReport:
    """Import the rows of a SQL query at a database URL; its columns are named like the table's or by the aliases."""
    from sqlalchemy import create_engine, text
    from sqlalchemy.exc import SQLAlchemyError

    try:
        with create_engine(url).connect() as connection:
            rows = pd.read_sql(text(query), connection)
    except (SQLAlchemyError, ImportError) as error:
        raise InputError("The query did not run at that database. Check the URL, the table and its columns.") from error
    head = pd.DataFrame([list(rows.columns)], columns=range(rows.shape[1]), dtype=object)
    body = rows.set_axis(range(rows.shape[1]), axis=1).astype(object)
    table = pd.concat([head, body.where(body.notna(), None)], ignore_index=True).set_axis(
        range(1, len(rows) + 2), axis=0
    )
    own = read_sheet(Sheet("query", "", table), names(), None, target, _salt(book))
    imported = Imported("query", "", own.layout.table, None, own.refused, own.totals, own.layout)
    if own.refused:
        return ImportReport((imported,))
    written = book.write(own.layout.table, _numbered(own.rows), Source("query", content_hash(own.rows), author=author))
    return ImportReport((replace(imported, written=written),))
