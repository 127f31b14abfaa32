"""Where a sheet's table starts and what its columns mean: found by the names of its columns, or as somebody said by hand."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import pandas as pd

from data import cells, privacy, schema
from data.names import WIDE, Names, example_names, fields_of, needed
from models.messages import InputError

TITLE_UNIT = re.compile(r"单位\s*[:：]?\s*(元|千元|万元|百万元|亿元)")
SEARCHED_ROWS = 30
TOTAL_OF_GROUP = re.compile(r"(?i)\s(合计|小计|总计|总额|total)$")
"""Under a head that spans several columns: 基金收入 / 合计 is 基金收入."""
CLEARLY_MORE = 3
"""A table that lacks a column but knows so many more columns than a complete one is what the sheet is meant to be."""


@dataclass(frozen=True)
class Column:
    """One column of a sheet and what it means: position, header as written, factor of its unit (None: not stated)."""

    position: int
    header: str
    factor: float | None


@dataclass(frozen=True)
class HandMapping:
    """What somebody said a sheet's columns mean. It serves every sheet with the same headers, next quarter too.

    ``columns``: header (`labels`) → column of the book, empty where the column is not used; ``units``: header → unit as in `data.cells.UNITS`.
    """

    target: str
    columns: Mapping[str, str]
    units: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.target != WIDE and self.target not in schema.TABLES:
            raise InputError(
                "There is no table {name}; known are {known}.", name=self.target, known=", ".join(schema.TABLES)
            )
        known = fields_of(self.target)
        for header, name in self.columns.items():
            if name and name not in known:
                raise InputError(
                    "{file}: the table {table} has no column {name}.", file=header, table=self.target, name=name
                )
        for header, unit in self.units.items():
            if unit not in cells.UNITS:
                raise InputError(
                    "Column {header}: the unit {unit} is not known; use 元, 万元 or 亿元.", header=header, unit=unit
                )
        twice = [name for name, n in Counter(filter(None, self.columns.values())).items() if n > 1]
        if twice:
            raise InputError("Two columns of the sheet were given the same meaning: {name}.", name=twice[0])

    @property
    def signature(self) -> str:
        """What a sheet with these headers is known by."""
        return signature(list(self.columns))


@dataclass(frozen=True)
class Layout:
    """Where a sheet's table starts and what its columns mean; ``by_hand`` where a saved mapping said so."""

    target: str
    first_row: int
    columns: Mapping[str, Column]
    ignored: tuple[str, ...]
    personal: tuple[str, ...]
    by_hand: bool = False

    @property
    def table(self) -> str:
        """The book's table that the rows go to."""
        return "accounts" if self.target == WIDE else self.target


@dataclass(frozen=True)
class Heading:
    """A row (or two) that could name the columns: its lowest texts, its full texts by position, how many rows, the row after it."""

    texts: list[str]
    full: list[str]
    height: int
    start: int


@dataclass(frozen=True)
class _Candidate:
    """A heading read as one table: the columns found."""

    name: str
    heading: Heading
    found: Mapping[str, Column]

    @property
    def complete(self) -> bool:
        return needed(self.name) <= set(self.found) and (self.name != WIDE or len(self.found) >= 2)

    @property
    def score(self) -> float:
        """More columns are better; a heading of two rows, one further down, and columns that are lacking are worse."""
        height, start = self.heading.height, self.heading.start
        lacking = len(needed(self.name) - set(self.found))
        return len(self.found) - 0.1 * (height - 1) - 0.01 * (start - height) - 0.5 * lacking


def signature(headers: Sequence[str]) -> str:
    """Return what a set of headers is known by, whatever their order."""
    return hashlib.sha256("\n".join(sorted(headers)).encode()).hexdigest()


def labels(full: Sequence[str]) -> list[str]:
    """Return a label for every header: as compared (`data.cells.header_key`), numbered where it stands more than once."""
    seen: Counter[str] = Counter()
    found = []
    for text in full:
        key = cells.header_key(text)
        seen[key] += 1
        found.append(key if seen[key] == 1 or not key else f"{key}#{seen[key]}")
    return found


def headings(head: pd.DataFrame) -> Iterator[Heading]:
    """Yield every row among the first 30, and every two rows (merged cells spread to the right), as a possible heading."""
    rows = [[cells.plain(v) for v in row] for row in head.head(SEARCHED_ROWS).itertuples(index=False)]
    for i, single in enumerate(rows):
        yield Heading(single, single, 1, i + 1)
        if i + 1 < len(rows):
            spread, last = [], ""
            for text in single:
                last = text or last
                spread.append(last)
            low = rows[i + 1]
            yield Heading(
                [below or up for up, below in zip(single, low, strict=True)],
                [f"{up} {below}".strip() if below else up for up, below in zip(spread, low, strict=True)],
                2,
                i + 2,
            )


def likely_heading(head: pd.DataFrame) -> Heading:
    """Return the row that looks most like names of columns: many different texts, few numbers. For a mapping by hand."""

    def score(heading: Heading) -> float:
        filled = [t for t in heading.full if t]
        words = [t for t in filled if not re.fullmatch(r"[-+.,\d%年月日/: ]*", t)]
        return len(set(words)) - 2 * (len(filled) - len(words)) - 0.1 * heading.start - 0.5 * (heading.height - 1)

    return max(headings(head), key=score)


def find_layout(
    file: str,
    sheet: str,
    head: pd.DataFrame,
    known: Names,
    target: str | None = None,
    by_hand: Mapping[str, HandMapping] | None = None,
) -> Layout:
    """Return where the table starts and what its columns mean.

    A mapping by hand whose headers stand in one row counts first. Else the header is the row (or the two rows) that names the most columns of one table
    and all that it needs. `InputError` says which columns are missing from the table that comes nearest.
    """
    targets = [target] if target and target != "accounts" else ["accounts", WIDE] if target else [*schema.TABLES, WIDE]
    best: dict[bool, _Candidate] = {}
    for heading in headings(head):
        mapping = (by_hand or {}).get(signature([label for label in labels(heading.full) if label]))
        if mapping is not None:
            chosen = _columns_by_hand(heading, mapping)
            _require(file, sheet, mapping.target, chosen, known)
            return _layout(head, mapping.target, heading, chosen, by_hand=True)
        for name in targets:
            own = _Candidate(name, heading, _columns(heading, known.headers[name]))
            if own.found and (own.complete not in best or own.score > best[own.complete].score):
                best[own.complete] = own
    if not best:
        raise InputError(
            "{file} {sheet}: no row of column names was found. The first row of the table must name its columns.",
            file=file,
            sheet=sheet,
        )
    chosen_one = best.get(True) or best[False]
    if True in best and False in best and len(best[False].found) >= len(best[True].found) + CLEARLY_MORE:
        chosen_one = best[False]  # a ledger of projects without its cost is not a list of contractors
    _require(file, sheet, chosen_one.name, chosen_one.found, known)
    return _layout(head, chosen_one.name, chosen_one.heading, chosen_one.found)


def _require(file: str, sheet: str, name: str, found: Mapping[str, Column], known: Names) -> None:
    missing = sorted(needed(name) - set(found)) or (
        ["revenue", "expenditure"] if name == WIDE and len(found) < 2 else []
    )
    if missing:
        examples = example_names(known, name)
        raise InputError(
            "{file} {sheet}: this looks like the table {table}, but it lacks the column {missing}.",
            file=file,
            sheet=sheet,
            table=name.split(".")[0],
            missing=", ".join(f"{m}（{examples[m]}）" if m in examples else m for m in missing),
            lacking=missing,
        )


def _columns(heading: Heading, aliases: Mapping[str, str]) -> dict[str, Column]:
    found: dict[str, Column] = {}
    for position, (text, whole) in enumerate(zip(heading.texts, heading.full, strict=True)):
        spoken = (whole, text, TOTAL_OF_GROUP.sub("", whole))
        own = next((aliases[key] for key in map(cells.header_key, spoken) if key in aliases), None)
        if own and own not in found and text:
            unit = cells.header_unit(text) or cells.header_unit(whole)
            found[own] = Column(position, whole, unit)
    return found


def _columns_by_hand(heading: Heading, mapping: HandMapping) -> dict[str, Column]:
    found = {}
    for position, label in enumerate(labels(heading.full)):
        own = mapping.columns.get(label)
        if own:
            whole, text = heading.full[position], heading.texts[position]
            stated = cells.UNITS[mapping.units[label]] if label in mapping.units else None
            found[own] = Column(position, whole, stated or cells.header_unit(text) or cells.header_unit(whole))
    return found


def _layout(
    head: pd.DataFrame, name: str, heading: Heading, found: Mapping[str, Column], by_hand: bool = False
) -> Layout:
    last_header = head.index[heading.start - 1]
    used = {c.position for c in found.values()}
    low = [cells.plain(v) for v in head.iloc[heading.start - 1]]
    others = {p: heading.full[p] for p, text in enumerate(low) if text and p not in used}
    personal = tuple(whole for p, whole in others.items() if privacy.is_personal_header(low[p]))
    ignored = tuple(whole for whole in others.values() if whole not in personal)
    return Layout(name, int(last_header) + 1, found, ignored, personal, by_hand=by_hand)


def title_unit(head: pd.DataFrame, before: int) -> float | None:
    """Return the factor of the unit that a title row states (单位：万元)."""
    for row in head.loc[: before - 1].itertuples(index=False):
        for value in row:
            found = TITLE_UNIT.search(cells.plain(value))
            if found:
                return cells.UNITS[found.group(1)]
    return None


def turned(head: pd.DataFrame, known: Names) -> pd.DataFrame | None:
    """Return a statement whose years stand side by side (items down, years across) turned to one row a year; None where it is none."""
    items = {k for k, v in known.headers[WIDE].items() if v in schema.ACCOUNT_ITEMS}
    for i in range(min(len(head), 10)):
        years = [p for p, v in enumerate(head.iloc[i]) if re.fullmatch(r"(19|20)\d{2}\s*年?度?", cells.plain(v))]
        named = [cells.header_key(cells.plain(v)) in items for v in head.iloc[i + 1 : i + 1 + 4 * SEARCHED_ROWS, 0]]
        if years and 0 not in years and sum(named) >= 2:
            body = head.iloc[i + 1 : i + 1 + 4 * SEARCHED_ROWS][named]
            columns = [0, *years]
            wide = pd.concat([head.iloc[[i]], body])[columns].astype(object).T
            wide.iloc[0, 0] = "年度"
            unit = title_unit(head, int(head.index[i]) + 1)
            if unit:
                word = next(u for u, f in cells.UNITS.items() if f == unit)
                wide.iloc[0, 1:] = [
                    f"{v}（{word}）" if cells.header_unit(str(v)) is None else v for v in wide.iloc[0, 1:]
                ]
            return wide.set_axis(range(wide.shape[1]), axis=1).set_axis(range(1, len(wide) + 1), axis=0)
    return None
