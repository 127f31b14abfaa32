"""One sheet read into typed rows of the book's table, block by block; a cell that cannot be read is refused by its place."""

from __future__ import annotations

import hashlib
import pickle
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import IO, Any

import numpy as np
import pandas as pd

from data import cells, privacy, schema
from data.files import Sheet
from data.layout import HandMapping, Layout, find_layout, title_unit, turned
from data.names import DEFAULTS, WIDE, Names, fields_of
from data.prefectures import prefecture_code
from data.writing import typed
from models.messages import InputError, Message

FOOTNOTES = r"(?i)^(注|备注|说明|填表|填报|制表|审核|复核|单位负责人|联系|note|remark|prepared by)\w{0,4}[:：\d].*"
"""A row in which one cell alone is filled, beginning so, is a note under the table."""
TOTALS = r"(?i)^(合 ?计|总 ?计|小 ?计|总 ?数|共 ?计|累 ?计|total|sum|subtotal|grand ?total)[:：]?$"
KEPT_REFUSALS = 1000
KEPT_SAMPLE = 5

Progress = Callable[[Message], None]
"""Hears how far a reading or writing is; an exception raised from it stops, and the book stays as it was."""


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
class Options:
    """How sheets are read: known names, the unit and table where the sheet leaves them open, mappings by hand, the salt of hashed keys."""

    known: Names
    unit: str | None = None
    target: str | None = None
    salt: str = ""
    by_hand: Mapping[str, HandMapping] = field(default_factory=dict)
    accept_good_rows: bool = False
    keep_rows: bool = True


@dataclass
class ReadSheet:
    """A sheet that was read: its layout, how many rows, what was refused (the first 1,000) or left out. The rows wait on disk in `blocks`."""

    sheet: str
    layout: Layout
    sample: pd.DataFrame
    rows: int = 0
    totals: int = 0
    refused: list[Refused] = field(default_factory=list)
    refused_count: int = 0
    hashed: set[str] = field(default_factory=set)
    digest: str = ""
    _spool: IO[bytes] | None = None

    def blocks(self) -> Iterator[pd.DataFrame]:
        """Yield the good rows as typed frames; the index is the row number in the file."""
        if self._spool is None:
            return
        self._spool.seek(0)
        while True:
            try:
                yield pickle.load(self._spool)  # written by this process
            except EOFError:
                return

    def close(self) -> None:
        """Let go of the rows on disk."""
        if self._spool is not None:
            self._spool.close()


class Tally:
    """Counts how often each 64-bit hash was seen, in sixteen bytes a distinct one."""

    def __init__(self) -> None:
        self.seen, self.count = np.empty(0, dtype=np.uint64), np.empty(0, dtype=np.int64)

    def turns(self, hashes: np.ndarray) -> np.ndarray:
        """Return for each hash how often it came before, in earlier calls or earlier in this one."""
        distinct, inverse, counts = np.unique(hashes, return_inverse=True, return_counts=True)
        at = np.searchsorted(self.seen, distinct)
        inside = np.minimum(at, max(len(self.seen) - 1, 0))
        known = self.seen[inside] == distinct if len(self.seen) else np.zeros(len(distinct), dtype=bool)
        before = np.where(known, self.count[inside] if len(self.seen) else 0, 0)
        self.count[at[known]] += counts[known]
        self.seen = np.insert(self.seen, at[~known], distinct[~known])
        self.count = np.insert(self.count, at[~known], counts[~known])
        turn = pd.Series(inverse).groupby(inverse).cumcount().to_numpy()
        return np.asarray(before[inverse] + turn)


def read_sheet(sheet: Sheet, options: Options, progress: Progress | None = None) -> ReadSheet:
    """Read one sheet. Raises `InputError` where it is no table of the book, or a column cannot be used as a whole."""
    first = next(sheet.blocks)
    across = turned(first, options.known)
    head = first if across is None else across
    layout = find_layout(sheet.file, sheet.name, head, options.known, options.target, options.by_hand)
    reader = _Reader(sheet, layout, options, title_unit(head, layout.first_row))
    reader.add(head.loc[layout.first_row :])
    if across is None:
        for block in sheet.blocks:
            if progress is not None:
                progress(
                    Message("{file}: {rows:integer} rows read …", {"file": sheet.file, "rows": int(block.index[0]) - 1})
                )
            reader.add(block)
    return reader.done()


class _Reader:
    """Reads a sheet's blocks one after the other; knows which keys came before."""

    def __init__(self, sheet: Sheet, layout: Layout, options: Options, stated: float | None) -> None:
        self.sheet, self.layout, self.options = sheet, layout, options
        self.fields = fields_of(layout.target)
        self.unit = stated or (cells.UNITS[options.unit] if options.unit else None)
        self.keys, self.contents, self.numbers = Tally(), Tally(), Tally()
        self.digest = hashlib.sha256()
        self.result = ReadSheet(sheet.name, layout, pd.DataFrame())
        self.filled = False

    def add(self, body: pd.DataFrame) -> None:
        body = self._without_totals(body)
        if body.empty:
            return
        self.filled = True
        columns, bad = self._converted(body)
        rows = self._completed(pd.DataFrame(columns, index=body.index))
        rows = self._once(rows[~rows.index.isin(bad)])
        if self.result.sample.empty:
            self.result.sample = rows.head(KEPT_SAMPLE)
        self.result.rows += len(rows)
        if self.options.keep_rows and (self.options.accept_good_rows or not self.result.refused_count) and len(rows):
            if self.result._spool is None:
                self.result._spool = tempfile.TemporaryFile()  # noqa: SIM115 (it lives as long as the result)
            pickle.dump(rows, self.result._spool, protocol=5)

    def done(self) -> ReadSheet:
        if not self.filled:
            raise InputError(
                "{file} {sheet}: there are column names but no rows under them.",
                file=self.sheet.file,
                sheet=self.sheet.name,
            )
        self.result.refused.sort(key=lambda r: r.row)
        columns = {n: replace(c, factor=self._factor(n)) for n, c in self.layout.columns.items()}
        self.result.layout = replace(self.layout, columns=columns)  # as used, where the title stated the unit too
        self.result.digest = self.digest.hexdigest()
        return self.result

    def _refuse(self, row: Any, header: str, value: object, accepted: Message) -> None:
        self.result.refused_count += 1
        if len(self.result.refused) < KEPT_REFUSALS:
            self.result.refused.append(
                Refused(self.sheet.file, self.sheet.name, int(row), header, privacy.shown(value), accepted)
            )

    def _without_totals(self, body: pd.DataFrame) -> pd.DataFrame:
        used = sorted({c.position for c in self.layout.columns.values()})
        body = body[body[used].notna().any(axis=1)] if len(body) else body
        if body.empty:
            return body
        begins = _first_filled(body, used)
        alone = body[used].notna().sum(axis=1) == 1
        totals = cells.matches(begins, TOTALS) | (cells.matches(begins, FOOTNOTES) & alone)
        if used != (everything := sorted(body.columns)):  # 合计 often stands under 序号
            totals |= cells.matches(_first_filled(body, everything), TOTALS)
        self.result.totals += int(totals.sum())
        return body[~totals] if totals.any() else body

    def _converted(self, body: pd.DataFrame) -> tuple[dict[str, pd.Series], set[Any]]:
        columns: dict[str, pd.Series] = {}
        bad_rows: set[Any] = set()
        for name, column in self.layout.columns.items():
            own = self.fields[name]
            raw = body[column.position]
            bad: list[Any] = []
            if own.kind == "text" and not own.choices:
                raw = self._without_persons(own, column.header, raw)
            labels = self.options.known.values.get(name) if own.choices else None
            values, unread = cells.convert(raw, own.kind, self._factor(name), labels)
            if name == "prefecture":
                values = values.map({v: prefecture_code(v) or v for v in values.dropna().unique()}).astype("str")
            bad += unread
            if own.kind == "share":
                bad += list(values.index[values.notna() & ((values < 0) | (values > 1))])
            if own.required or own.key:
                empty = values.isna()
                if empty.any():
                    bad += list(values.index[empty & ~values.index.isin(bad)])
            accepted = _accepted(own, labels)
            for row in bad:
                self._refuse(row, column.header, raw[row], accepted)
            bad_rows.update(bad)
            columns[name] = values
        return columns, bad_rows

    def _factor(self, name: str) -> float:
        own, column = self.fields[name], self.layout.columns[name]
        if own.kind == "money" or (self.layout.target == "accounts" and name == "amount"):
            factor = column.factor or self.unit
            if not factor:
                raise InputError(
                    "{file} {sheet}: the column {column} does not say its unit. Write 元, 万元 or 亿元 in its header, or give --unit.",
                    file=self.sheet.file,
                    sheet=self.sheet.name,
                    column=column.header,
                )
            return factor
        return column.factor or 1.0 if own.kind in ("share", "number", "count") else 1.0

    def _without_persons(self, own: schema.Field, header: str, raw: pd.Series) -> pd.Series:
        """Hash ID and phone numbers (names: the whole column) where the column is a key; refuse them elsewhere."""
        personal = privacy.personal_cells(raw)
        if privacy.holds_names(raw):
            personal |= raw.notna()
        if not personal.any():
            return raw
        if not (own.key or own.name.endswith("_id") or own.name == "unit"):
            raise InputError(
                "{file} {sheet}: the column {column} holds names, ID or phone numbers (row {row}). Delete it and try again: no person may be identifiable.",
                file=self.sheet.file,
                sheet=self.sheet.name,
                column=header,
                row=int(personal.idxmax()),
            )
        self.result.hashed.add(header)
        raw = raw.astype(object)
        raw[personal] = privacy.salted(raw[personal], self.options.salt)
        return raw

    def _completed(self, rows: pd.DataFrame) -> pd.DataFrame:
        table = self.layout.table
        if self.layout.target == WIDE:
            rows = _long(rows)
        for name, value in DEFAULTS.get(table, {}).items():
            rows[name] = rows[name].fillna(value) if name in rows else value
        if table == "payments" and "payment_id" not in rows:
            rows["payment_id"] = self._payment_ids(rows)
        return typed(rows, table)

    def _payment_ids(self, rows: pd.DataFrame) -> pd.Series:
        """A payment without a number of its own is known by its content and its turn among equal ones."""
        content = rows.astype("str").fillna("").agg("|".join, axis=1)
        turn = self.numbers.turns(pd.util.hash_pandas_object(content, index=False).to_numpy())
        known_by = content + "|" + pd.Series(turn, index=rows.index).astype("str")
        return known_by.map(lambda text: hashlib.sha256(text.encode()).hexdigest()[:20])

    def _once(self, rows: pd.DataFrame) -> pd.DataFrame:
        """Leave out a row that stands in the sheet again as it is; refuse one with a key that came before and other content."""
        keys = schema.key_of(self.layout.table)
        content = pd.util.hash_pandas_object(rows, index=False).to_numpy()
        self.digest.update(content.tobytes())
        again = self.keys.turns(pd.util.hash_pandas_object(rows[keys], index=False).to_numpy()) > 0
        other = again & (self.contents.turns(content) == 0)
        column = self.layout.columns.get(keys[-1]) or next(iter(self.layout.columns.values()))
        for row, key in zip(rows.index[other], rows.loc[other, keys].itertuples(index=False), strict=True):
            text = ", ".join(str(v) for v in key)
            self._refuse(row, column.header, text, Message("It stands in more than one row; keep one."))
        return _numbered(rows)[~again]


def _first_filled(body: pd.DataFrame, positions: Sequence[int]) -> pd.Series:
    """Return every row's first filled cell among some columns, as plain text."""
    first = pd.Series(None, index=body.index, dtype=object)
    for position in positions:
        first = first.where(first.notna(), body[position])
        if first.notna().all():
            break
    return cells.texts(first)


def _long(rows: pd.DataFrame) -> pd.DataFrame:
    fixed = [c for c in rows.columns if c in ("fund", "period", "mark", "reference")]
    row_numbers = "row"
    long = rows.rename_axis(row_numbers).reset_index().melt([row_numbers, *fixed], var_name="item", value_name="amount")
    long = long.dropna(subset=["amount"]).sort_values([row_numbers], kind="stable")
    return long.set_index(row_numbers).rename_axis(None)


def _numbered(rows: pd.DataFrame) -> pd.DataFrame:
    """Give rows of one source row (a wide statement's items) numbers of their own: row × 100 + item."""
    if rows.index.is_unique:
        return rows
    turn = pd.Series(range(len(rows)), index=rows.index).groupby(level=0).cumcount()
    return rows.set_axis(rows.index * 100 + turn.to_numpy(), axis=0)


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


def sheets_read(
    sheets: Sequence[Sheet] | Iterator[Sheet], options: Options, progress: Progress | None
) -> list[ReadSheet]:
    """Read every sheet that is a table; a workbook may hold other sheets (notes, charts) as long as one is a table."""
    found: list[ReadSheet] = []
    problems: list[InputError] = []
    for sheet in sheets:
        try:
            found.append(read_sheet(sheet, options, progress))
        except InputError as error:
            problems.append(error)
    if not found:
        raise problems[0]
    return found
