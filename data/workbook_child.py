"""Reads the stored values of one workbook in a process of its own and hands them on in blocks.

Run as a script by `data.workbooks`: ``python -I workbook_child.py FILE MEGABYTES BLOCK``. A file that makes the reader swell, panic or abort ends this
process only. Formulas and macros are never run: calamine reads what the office program stored last.
"""

from __future__ import annotations

import contextlib
import marshal
import re
import struct
import sys
import zipfile
import zlib
from collections.abc import Iterator
from typing import IO, Any
from xml.etree import ElementTree
from xml.parsers import expat

from python_calamine import CalamineError, CalamineWorkbook

PLAIN = {str, float, int, bool}
NOT_A_WORKBOOK, TOO_LARGE = 3, 4
MOST_ROWS, MOST_COLUMNS = 1_048_576, 16_384
"""No office program writes more in a sheet; a cell that says it stands further away is made to harm."""


def _hand_on(thing: object) -> None:
    data = marshal.dumps(thing)
    sys.stdout.buffer.write(struct.pack("<q", len(data)) + data)


def _plain(value: Any) -> Any:
    """A day as ISO text, its time only where it has one; numbers and texts as they are."""
    if type(value) in PLAIN:
        return value
    text = str(value)
    return text.removesuffix(" 00:00:00") if len(text) == 19 else text


Errors = dict[int, dict[int, str]]
"""Row → column (both from 0) → what stands in a cell whose formula failed, such as ``#REF!``."""
_ERROR = re.compile(rb"""t\s*=\s*["']e["']""")


def _office_parts(archive: zipfile.ZipFile) -> Iterator[tuple[str, zipfile.ZipInfo]]:
    """Yield the name of every sheet and the part of an .xlsx that holds it."""
    parts = {part.filename.replace("\\", "/").lower(): part for part in archive.infolist()}
    if "xl/workbook.xml" not in parts or "xl/_rels/workbook.xml.rels" not in parts:
        return  # .xlsb
    relations = ElementTree.fromstring(archive.read(parts["xl/_rels/workbook.xml.rels"]))
    targets = {one.get("Id"): one.get("Target", "") for one in relations}
    for sheet in ElementTree.fromstring(archive.read(parts["xl/workbook.xml"])).iter():
        if sheet.tag.endswith("}sheet"):
            target = targets.get(next((v for k, v in sheet.attrib.items() if k.endswith("}id")), None), "")
            place = target[1:] if target.startswith("/") else f"xl/{target}"
            if place.lower() in parts:
                yield sheet.get("name", ""), parts[place.lower()]


def _has_errors(part: IO[bytes]) -> bool:
    """Return quickly whether a sheet holds a failed formula: most hold none."""
    tail = b""
    while data := part.read(1 << 20):
        if _ERROR.search(tail + data):
            return True
        tail = data[-16:]
    return False


def _column(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - ord("A") + 1
    return number - 1


class _ErrorCells:
    """Hears a sheet's XML and keeps the cells of type ``e``; a row or cell that does not say its place follows the one before."""

    def __init__(self) -> None:
        self.found: Errors = {}
        self.row = self.column = -1
        self.failed = self.value = False

    def start(self, tag: str, said: dict[str, str]) -> None:
        match tag.rpartition(":")[2]:
            case "row":
                self.row = int(said["r"]) - 1 if "r" in said else self.row + 1
                self.column = -1
            case "c":
                place = re.fullmatch(r"([A-Z]{1,3})\d+", said.get("r", ""))
                self.column = _column(place[1]) if place else self.column + 1
                self.failed = said.get("t") == "e"
                if self.failed:
                    self.found.setdefault(self.row, {})[self.column] = ""
            case "v":
                self.value = self.failed

    def text(self, data: str) -> None:
        if self.value:
            self.found[self.row][self.column] += data

    def end(self, tag: str) -> None:
        if tag.rpartition(":")[2] == "v":
            self.value = False


def _errors(path: str) -> dict[str, Errors]:
    """Return the failed formulas of every sheet of an .xlsx: calamine hands them on as empty cells."""
    found: dict[str, Errors] = {}
    if not zipfile.is_zipfile(path):
        return found
    with zipfile.ZipFile(path) as archive:
        for name, part in _office_parts(archive):
            with archive.open(part) as stream:
                if not _has_errors(stream):
                    continue
            cells, parser = _ErrorCells(), expat.ParserCreate()
            parser.StartElementHandler, parser.EndElementHandler = cells.start, cells.end
            parser.CharacterDataHandler = cells.text
            with archive.open(part) as stream:
                parser.ParseFile(stream)
            found[name] = cells.found
    return found


def _read(path: str, block: int) -> None:
    errors = _errors(path)
    with open(path, "rb") as file:
        workbook = CalamineWorkbook.from_filelike(file)
        for name in workbook.sheet_names:
            sheet = workbook.get_sheet_by_name(name)
            if sheet.start is None:
                continue
            if sheet.total_height > MOST_ROWS or sheet.total_width > MOST_COLUMNS:
                raise MemoryError
            _hand_on(name)
            rows: list[list[Any]] = []
            failed = errors.get(name, {})
            for number, row in enumerate(sheet.iter_rows()):
                rows.append([_plain(value) for value in row])
                for column, text in failed.get(number, {}).items():
                    rows[-1][column : column + 1] = [text or "#N/A"]
                if len(rows) == block:
                    _hand_on(rows)
                    rows = []
            if rows:
                _hand_on(rows)


def main() -> int:
    """Read the file named on the command line; the exit code says how it went."""
    path, megabytes, block = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    with contextlib.suppress(
        ImportError
    ):  # Windows has no such limit; there the process that dies is this one all the same
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (megabytes << 20, megabytes << 20))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    try:
        _read(path, block)
    except MemoryError:
        return TOO_LARGE
    except (
        CalamineError,
        OSError,
        ValueError,
        IndexError,
        KeyError,
        zipfile.BadZipFile,
        zlib.error,
        SyntaxError,
        expat.ExpatError,
    ):
        return NOT_A_WORKBOOK
    sys.stdout.buffer.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
