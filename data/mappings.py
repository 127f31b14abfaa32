"""What somebody said by hand about headers: mappings of whole sheets and names of single columns. Kept in the book, or in a YAML file."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from sqlalchemy import Connection, delete, insert, select

from data import cells, privacy, schema
from data.files import Sheet, read_sheets
from data.layout import HandMapping, find_layout, headings, labels, likely_heading
from data.names import Names, fields_of
from data.writing import now
from models.messages import InputError

if TYPE_CHECKING:
    from data.book import Book

SAMPLES = 3


@dataclass(frozen=True)
class SheetView:
    """A sheet as somebody who maps it by hand needs to see it.

    ``headers`` as written, ``labels`` as compared, ``samples`` of each column (persons hidden), the mapping found or saved, and what is wrong with it.
    """

    file: str
    sheet: str
    headers: tuple[str, ...]
    labels: tuple[str, ...]
    samples: tuple[str, ...]
    mapping: HandMapping | None
    by_hand: bool
    problem: InputError | None


def look_at(path: Path, known: Names, by_hand: Mapping[str, HandMapping], target: str | None = None) -> list[SheetView]:
    """Return every sheet of a file as it is understood now. Writes nothing."""
    return [_view(sheet, known, by_hand, target) for sheet in read_sheets(path)]


def _view(sheet: Sheet, known: Names, by_hand: Mapping[str, HandMapping], target: str | None) -> SheetView:
    head = next(sheet.blocks)
    layout, problem = None, None
    try:
        layout = find_layout(sheet.file, sheet.name, head, known, target, by_hand)
    except InputError as error:
        problem = error
    heading = likely_heading(head)
    if layout is not None:
        last = int(head.index.get_loc(layout.first_row - 1))
        headers = {c.header for c in layout.columns.values()}
        heading = max(
            (h for h in headings(head) if h.start == last + 1), key=lambda h: len(headers.intersection(h.full))
        )
    names = labels(heading.full)
    mapping = None
    if layout is not None:
        columns = dict.fromkeys(filter(None, names), "")
        units = {}
        for name, column in layout.columns.items():
            columns[names[column.position]] = name
            if column.factor and fields_of(layout.target)[name].kind == "money":
                units[names[column.position]] = next(u for u, f in cells.UNITS.items() if f == column.factor)
        mapping = HandMapping(layout.target, columns, units)
    body = head.iloc[heading.start : heading.start + SAMPLES]
    used = [i for i, name in enumerate(names) if name]
    return SheetView(
        sheet.file,
        sheet.name,
        tuple(heading.full[i] for i in used),
        tuple(names[i] for i in used),
        tuple(" | ".join(privacy.shown(v) for v in body[body.columns[i]] if cells.plain(v)) for i in used),
        mapping,
        layout is not None and layout.by_hand,
        problem,
    )


def saved_mappings(book: Book) -> dict[str, HandMapping]:
    """Return the mappings that a book keeps, by the signature of their headers."""
    with book.engine.connect() as connection:
        rows = connection.execute(select(schema.mappings)).fetchall()
    return {row.signature: HandMapping(row.target, **json.loads(row.content)) for row in rows}


def save_mapping(connection: Connection, mapping: HandMapping, author: str = "") -> None:
    """Keep a mapping in the book; it replaces an earlier one of the same headers."""
    table = schema.mappings
    content = json.dumps({"columns": dict(mapping.columns), "units": dict(mapping.units)}, ensure_ascii=False)
    connection.execute(delete(table).where(table.c.signature == mapping.signature))
    connection.execute(
        insert(table).values(
            signature=mapping.signature, target=mapping.target, content=content, author=author, saved_at=now()
        )
    )


def forget_mapping(book: Book, signature: str) -> None:
    """Take a saved mapping out of the book; what was imported by it stays."""
    with book.transaction() as connection:
        connection.execute(delete(schema.mappings).where(schema.mappings.c.signature == signature))


def own_names(book: Book) -> tuple[tuple[str, str, str], ...]:
    """Return the names of columns that were added to a book by hand: (table, column, name)."""
    table = schema.own_names
    with book.engine.connect() as connection:
        rows = connection.execute(
            select(table.c.target, table.c.column_name, table.c.name).order_by(table.c.target, table.c.name)
        )
        return tuple((str(r[0]), str(r[1]), str(r[2])) for r in rows)


def save_own_names(book: Book, rows: Sequence[tuple[str, str, str]]) -> None:
    """Replace a book's own names of columns. A table or column that is not known is refused."""
    kept = {}
    for target, column, name in rows:
        if column not in fields_of(target):
            raise InputError("{file}: the table {table} has no column {name}.", file=name, table=target, name=column)
        if not cells.header_key(name):
            raise InputError("A name of a column must not be empty.")
        kept[target, cells.plain(name)] = column
    with book.transaction() as connection:
        connection.execute(delete(schema.own_names))
        for (target, name), column in kept.items():
            connection.execute(insert(schema.own_names).values(target=target, name=name, column_name=column))


def load_mappings(path: Path) -> list[HandMapping]:
    """Read mappings from a YAML file: a list of ``{target, columns: {header: column}, units: {header: 万元}}``, or one of them."""
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise InputError("The mapping {file} cannot be read as YAML.", file=path.name) from error
    found = content if isinstance(content, list) else [content]
    return [_mapping(one, path.name) for one in found]


def _mapping(one: Any, file: str) -> HandMapping:
    if not (isinstance(one, dict) and isinstance(one.get("target"), str) and isinstance(one.get("columns"), dict)):
        raise InputError(
            "{file}: a mapping needs target (the table) and columns (header: column of the book).", file=file
        )
    columns = {cells.header_key(str(k).split("#")[0]) + _turn(str(k)): v or "" for k, v in one["columns"].items()}
    units = {
        cells.header_key(str(k).split("#")[0]) + _turn(str(k)): str(v) for k, v in (one.get("units") or {}).items()
    }
    return HandMapping(one["target"], columns, units)


def _turn(label: str) -> str:
    return "#" + label.split("#")[1] if "#" in label else ""


def write_mappings(path: Path, views: Sequence[SheetView]) -> None:
    """Write what was understood of every sheet as a YAML file to correct by hand and read again with `load_mappings`."""
    content = list(_templates(views))
    path.write_text(yaml.safe_dump(content, allow_unicode=True, sort_keys=False, width=120), encoding="utf-8")


def _templates(views: Sequence[SheetView]) -> Iterator[dict[str, Any]]:
    for view in views:
        mapping = view.mapping
        yield {
            "target": mapping.target if mapping else "experience",
            "columns": dict(mapping.columns) if mapping else dict.fromkeys(view.labels, ""),
            "units": dict(mapping.units) if mapping else {},
        }
