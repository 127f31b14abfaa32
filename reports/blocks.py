"""What a report is made of: the blocks that sections write, and the same blocks numbered and in the reader's words, ready for every format."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from analysis.columns import for_readers, head, kind_of
from analysis.language import Translator

OPEN, CLOSE = "\x02", "\x03"
"""Around a reference in a sentence; no user's text holds them (`printable`)."""
NUMERALS = "一二三四五六七八九十"
ADDITIVE = ("money", "number")
ORDERED = ("period", "quarter", "stood_at", "rate", "quintile")
"""First columns of tables whose rows follow each other: stocks and quantiles there add up to nothing."""


@dataclass(frozen=True)
class Heading:
    """A heading of the second level: （一）, 1.1."""

    text: str


@dataclass(frozen=True)
class Subheading:
    """A heading of the third level, without a number of its own."""

    text: str


@dataclass(frozen=True)
class Points:
    """Sentences numbered 1., 2., …"""

    items: tuple[str, ...]


@dataclass(frozen=True)
class Lines:
    """Lines that stand by themselves, such as those for a signature."""

    items: tuple[str, ...]


@dataclass(frozen=True)
class Chart:
    """A chart: its name, its caption and the Altair chart."""

    name: str
    caption: str
    chart: Any


@dataclass(frozen=True)
class TableBlock:
    """A table: its name, its caption and its frame with the review's column names; a longer one than ``limit`` rows is cut, the rest added up."""

    name: str
    caption: str
    frame: pd.DataFrame
    limit: int = 40


@dataclass(frozen=True)
class Rich:
    """A paragraph or a point of the methods: plain text, `Math` and `Code`."""

    parts: Text
    point: bool = False


@dataclass(frozen=True)
class Formula:
    """A displayed formula in LaTeX."""

    latex: str


Block = str | Heading | Subheading | Points | Lines | Chart | TableBlock | Rich | Formula


@dataclass(frozen=True)
class Section:
    """A section: the name by which others refer to it, its title and its blocks; a text block is a paragraph."""

    name: str
    title: str
    blocks: tuple[Block, ...]


@dataclass(frozen=True)
class Link:
    """A cross-reference in a sentence: its text and the anchor that it points to."""

    text: str
    anchor: str


@dataclass(frozen=True)
class Math:
    """A formula inside a sentence, in LaTeX."""

    latex: str


@dataclass(frozen=True)
class Code:
    """The name of an object of the program."""

    text: str


Text = tuple[str | Link | Math | Code, ...]


@dataclass(frozen=True)
class Title:
    """A heading of level 1, 2 (both with their number) or 3."""

    level: int
    text: str
    anchor: str


@dataclass(frozen=True)
class Paragraph:
    """Text; ``kind`` is ``text``, ``point`` (numbered by its own text)``, line`` or ``address`` (flush left); one that ``leads`` may not part from what
    follows it at the end of a page."""

    text: Text
    kind: str = "text"
    leads: bool = False


@dataclass(frozen=True)
class Figure:
    """A numbered chart."""

    label: str
    caption: str
    anchor: str
    name: str
    chart: Any


SHORT = 12
"""A Chinese head no wider than this is not broken."""

LINE = 78
"""Characters of a table's full letter that stand on a line of the page; a wider table takes a smaller letter and breaks long texts."""

NARROW = 14
"""A column no wider than this keeps its width; wider ones share what is left of the line."""


@dataclass(frozen=True)
class Grid:
    """A numbered table as text: ``right`` says which columns hold figures, ``widths`` how wide each is (characters, Chinese ones count two)."""

    label: str
    caption: str
    anchor: str
    name: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    right: tuple[bool, ...]
    widths: tuple[int, ...]


Piece = Title | Paragraph | Figure | Grid | Formula


def see(kind: str, name: str) -> str:
    """Return a reference to a ``table``, ``figure`` or ``section`` by its name, to be put into a sentence."""
    return f"{OPEN}{kind}-{name}{CLOSE}"


def printable(text: str) -> str:
    """Return text without control characters, which no file format takes."""
    return "".join(c for c in text if c in "\n\t" or unicodedata.category(c) != "Cc")


def numeral(number: int) -> str:
    """Return a number as official documents write it: 一, 十一, 二十."""
    tens, ones = divmod(number, 10)
    return ("" if tens == 0 else "十" if tens == 1 else NUMERALS[tens - 1] + "十") + (
        NUMERALS[ones - 1] if ones else ""
    )


def width(text: str) -> int:
    """Return how wide text is, a Chinese character counting two."""
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def numbered(sections: Sequence[Section], t: Translator) -> tuple[Piece, ...]:
    """Return the report's pieces in order: headings, tables and figures numbered, references resolved.

    Raises
    ------
    KeyError
        A sentence refers to what the report does not have.
    """
    labels = _labels(sections, t)
    return tuple(piece for i, section in enumerate(sections, start=1) for piece in _pieces(i, section, labels, t))


def _labels(sections: Sequence[Section], t: Translator) -> dict[str, str]:
    zh = t.language == "zh"
    found: dict[str, str] = {}
    counts = {"table": 0, "figure": 0}
    for number, section in enumerate(sections, start=1):
        found[f"section-{section.name}"] = f"第{numeral(number)}部分" if zh else f"section {number}"
        for block in section.blocks:
            if isinstance(block, Chart | TableBlock):
                kind = "figure" if isinstance(block, Chart) else "table"
                counts[kind] += 1
                word = {"table": t("Table"), "figure": t("Figure")}[kind]
                found[f"{kind}-{block.name}"] = f"{word}{'' if zh else ' '}{counts[kind]}"
    return found


def _pieces(number: int, section: Section, labels: dict[str, str], t: Translator) -> Iterator[Piece]:
    zh = t.language == "zh"
    yield Title(1, (f"{numeral(number)}、" if zh else f"{number}  ") + section.title, f"section-{section.name}")
    second = 0
    around = zip((None, *section.blocks), section.blocks, (*section.blocks[1:], None), strict=False)
    for before, block, after in around:
        if isinstance(block, str):
            opens = isinstance(before, Heading) and isinstance(after, TableBlock | Chart)
            yield Paragraph(_text(block, labels), leads=opens or block.rstrip().endswith((":", "：")))
        elif isinstance(block, Heading):
            second += 1
            mark = f"（{numeral(second)}）" if zh else f"{number}.{second}  "
            yield Title(2, mark + block.text, f"section-{section.name}-{second}")
        elif isinstance(block, Subheading):
            yield Title(3, block.text, "")
        elif isinstance(block, Points):
            for i, item in enumerate(block.items, start=1):
                yield Paragraph((f"{i}. ", *_text(item, labels)), "point")
        elif isinstance(block, Lines):
            for i, item in enumerate(block.items, start=1):
                yield Paragraph(_text(item, labels), "line", leads=i < len(block.items))
        elif isinstance(block, Rich):
            yield Paragraph(("• ", *block.parts) if block.point else block.parts, "point" if block.point else "text")
        elif isinstance(block, Chart):
            anchor = f"figure-{block.name}"
            yield Figure(labels[anchor], block.caption, anchor, block.name, block.chart)
        elif isinstance(block, TableBlock):
            yield _grid(block, labels, t)
        else:
            yield block


def _text(text: str, labels: dict[str, str]) -> Text:
    parts: list[str | Link | Math | Code] = []
    for piece in re.split(f"({OPEN}[^{CLOSE}]*{CLOSE})", text):
        if piece.startswith(OPEN):
            anchor = piece.strip(OPEN + CLOSE)
            parts.append(Link(labels[anchor], anchor))
        elif piece:
            parts.append(printable(piece).replace("□ ", "□\u00a0"))  # a box stays with what it ticks
    return tuple(parts)


def plain(text: Text) -> str:
    """Return a paragraph's text without its links and formulas' marks."""
    return "".join(
        part if isinstance(part, str) else part.latex if isinstance(part, Math) else part.text for part in text
    )


def _grid(block: TableBlock, labels: dict[str, str], t: Translator) -> Grid:
    frame = block.frame.loc[:, [_says_something(block.frame[c]) for c in block.frame]]
    heads, columns, right = [], [], []
    shown, sums = cut(frame, block.limit)
    values = {str(c): [*shown[c], *(one[str(c)] for one in sums)] for c in frame}
    # a column that already is text (rows of different kinds) keeps it
    said = {name for name, column in values.items() if any(isinstance(v, str) for v in column)}
    units = _units({n: v for n, v in values.items() if kind_of(n) == "money" and n not in said}, t)
    for name, column in values.items():
        if name in units:
            title, texts = _money(head(name, t), column, units[name], t)
        else:
            title, texts = head(name, t), _texts(name, column, t)
        heads.append(title)
        columns.append(texts)
        right.append(kind_of(name) != "text" or name not in said)
    rows = [list(row) for row in zip(*columns, strict=True)]
    for row, name in zip(
        rows[len(shown) :], (t("{count:integer} others", count=len(frame) - len(shown)), t("Total")), strict=False
    ):
        row[0] = name
    wide = _widths(heads, rows, t)
    anchor = f"table-{block.name}"
    return Grid(labels[anchor], block.caption, anchor, block.name, tuple(heads), tuple(map(tuple, rows)), tuple(right), wide)  # fmt: skip


def _widths(heads: Sequence[str], rows: Sequence[Sequence[str]], t: Translator) -> tuple[int, ...]:
    """Return how wide each column is: as its longest text, at most 44; where that is more than a line, by the length that its texts usually have."""
    sizes = [[width(row[j]) for row in rows] or [0] for j in range(len(heads))]
    least = [max(_head_width(title, t), 6) for title in heads]
    longest = [min(max(head, *own), 44) for head, own in zip(least, sizes, strict=True)]
    room = LINE - 2 * len(heads)
    if sum(longest) <= room:
        return tuple(longest)
    square = [math.sqrt(sum(w * w for w in own) / len(own)) for own in sizes]
    usual = [max(head, min(most, math.ceil(1.2 * w))) for head, most, w in zip(least, longest, square, strict=True)]
    spare = max(room - sum(usual), 0) / max(sum(longest) - sum(usual), 1)
    return tuple(u + math.floor((most - u) * spare) for most, u in zip(longest, usual, strict=True))


def _texts(column: str, values: Sequence[Any], t: Translator) -> list[str]:
    if kind_of(column) != "text" and any(isinstance(v, str) for v in values):
        return [printable(str(v)) for v in values]
    shown = for_readers(pd.DataFrame({column: pd.Series(list(values), dtype=object)}), t)
    return [printable(str(text)) for text in shown.iloc[:, 0]]


def _says_something(column: pd.Series) -> bool:
    return any(not pd.isna(v) and v != "" for v in column) or not len(column)


def _head_width(title: str, t: Translator) -> int:
    """Return how wide a column must be for its head: English words stay whole; a short Chinese line too, a longer one takes two."""
    if t.language != "zh":
        return max(width(word) for word in title.replace("\n", " ").split(" "))
    return max(width(line) if width(line) <= SHORT else width(line) // 2 + 1 for line in title.split("\n"))


LARGE = ("exposure_yuan", "total_cost_yuan")
"""Total cost of projects, a thousand times the money of the fund: it has a unit of its own."""


def _units(columns: Mapping[str, Sequence[Any]], t: Translator) -> dict[str, tuple[float, float, str]]:
    """Return column → its largest amount, divisor and unit: one unit a table, so that its columns can be compared."""
    zh = t.language == "zh"
    steps = (
        ((1e9, 1e8, "亿元"), (1e4, 1e4, "万元"), (0.0, 1.0, "元"))
        if zh
        else ((1e6, 1e6, t("¥ million")), (0.0, 1.0, t("¥")))
    )
    sizes = {name: [abs(float(v)) for v in column if v is not None and v == v] for name, column in columns.items()}
    largest = {name: max(own, default=0.0) for name, own in sizes.items()}
    of_fund = [size for name, own in sizes.items() if name not in LARGE for size in own if size]
    # the largest unit in which every amount shows, the middle one at least where any needs it
    whole = max(min(of_fund, default=0.0), min(max(of_fund, default=0.0), steps[-2][0]))

    def unit(name: str, size: float) -> tuple[float, float, str]:
        _, scale, word = next(step for step in steps if (size if name in LARGE else whole) >= step[0])
        return (size, scale, word) if size >= scale or not size else (size, *steps[-1][1:])

    return {name: unit(name, size) for name, size in largest.items()}


def _money(title: str, values: Sequence[Any], unit: tuple[float, float, str], t: Translator) -> tuple[str, list[str]]:
    """Return a money column, its unit in a line of its own in the head."""
    largest, scale, word = unit
    digits = 0 if scale == 1.0 or largest / scale >= 100_000 else 1 if largest / scale >= 1000 else 2
    texts = [
        "—" if v is None or v != v else t.number(round(float(v) / scale, digits) + 0.0, digits) for v in values
    ]  # no −0
    whole = word.replace(" ", "\u00a0")
    return (f"{title}\n（{whole}）" if t.language == "zh" else f"{title}\n({whole})"), texts


def cut(frame: pd.DataFrame, limit: int) -> tuple[pd.DataFrame, tuple[dict[str, Any], ...]]:
    """Return the first ``limit`` rows and, where there are more, rows of what the others and all add up to (the first only where nothing adds up)."""
    if len(frame) <= limit:
        return frame, ()
    if str(frame.columns[0]) in ORDERED:
        return frame.iloc[:: -(-len(frame) // limit)], ()

    def added(rows: pd.DataFrame) -> dict[str, Any]:
        return {
            str(c): rows[c].sum() if kind_of(str(c)) in ADDITIVE and pd.api.types.is_numeric_dtype(rows[c]) else None
            for c in rows
        }

    rest, whole = added(frame.iloc[limit:]), added(frame)
    return frame.head(limit), (rest, whole) if any(v is not None for v in whole.values()) else (rest,)
