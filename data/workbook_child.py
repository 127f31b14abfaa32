"""Reads the stored values of one workbook in a process of its own and hands them on in blocks.

Run as a script by `data.workbooks`: ``python -I workbook_child.py FILE MEGABYTES BLOCK``. A file that makes the reader swell, panic or abort ends this
process only. Formulas and macros are never run: calamine reads what the office program stored last.
"""

from __future__ import annotations

import ctypes
import io
import marshal
import mmap
import re
import struct
import sys
import zipfile
import zlib
from collections.abc import Callable, Iterator, Sequence
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


def _sheets_of(
    archive: zipfile.ZipFile, book: str, named: Callable[[IO[bytes]], Iterator[tuple[str, str | None]]]
) -> Iterator[tuple[str, zipfile.ZipInfo]]:
    """Yield the name of every sheet and the part that holds it; nothing where the archive has no part ``book``, which names sheets and relations."""
    parts = {part.filename.replace("\\", "/").lower(): part for part in archive.infolist()}
    if f"xl/{book}" not in parts or f"xl/_rels/{book}.rels" not in parts:
        return
    relations = ElementTree.fromstring(archive.read(parts[f"xl/_rels/{book}.rels"]))
    targets = {one.get("Id"): one.get("Target", "") for one in relations}
    with archive.open(parts[f"xl/{book}"]) as stream:
        for name, relation in named(stream):
            target = targets.get(relation, "")
            place = (target[1:] if target.startswith("/") else f"xl/{target}").lower()
            if place in parts:
                yield name, parts[place]


def _office_names(stream: IO[bytes]) -> Iterator[tuple[str, str | None]]:
    """Yield name and relation of every sheet of an .xlsx."""
    for sheet in ElementTree.parse(stream).iter():
        if sheet.tag.endswith("}sheet"):
            yield sheet.get("name", ""), next((v for k, v in sheet.attrib.items() if k.endswith("}id")), None)


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


CODES = {0: "#NULL!", 7: "#DIV/0!", 15: "#VALUE!", 23: "#REF!", 29: "#NAME?", 36: "#NUM!", 42: "#N/A"}
"""Error codes of the binary formats ([MS-XLS] 2.5.10)."""


def _binary_names(stream: IO[bytes]) -> Iterator[tuple[str, str | None]]:
    """Yield name and relation of every sheet of an .xlsb ([MS-XLSB] 2.4.311)."""
    for kind, body in _binary_records(stream):
        if kind == 156:
            length = struct.unpack_from("<I", body, 8)[0] * 2
            yield body[16 + length :].decode("utf-16-le"), body[12 : 12 + length].decode("utf-16-le")


def _varying(stream: IO[bytes], most: int) -> int | None:
    """Read a number of seven bits a byte, None at the end of the stream."""
    value = 0
    for turn in range(most):
        byte = stream.read(1)
        if not byte:
            return None
        value |= (byte[0] & 0x7F) << 7 * turn
        if byte[0] < 0x80:
            break
    return value


def _binary_records(stream: IO[bytes]) -> Iterator[tuple[int, bytes]]:
    """Yield kind and content of the records of an .xlsb's part."""
    buffered = io.BufferedReader(stream, 1 << 20)  # type: ignore[arg-type]  # a zip's part is raw enough
    while (kind := _varying(buffered, 2)) is not None and (size := _varying(buffered, 4)) is not None:
        yield kind, buffered.read(size)


def _binary_errors(stream: IO[bytes]) -> Errors:
    """Return the error cells of a sheet of an .xlsb."""
    found: Errors = {}
    row = 0
    for kind, body in _binary_records(stream):
        if kind == 0:
            row = struct.unpack_from("<I", body)[0]
        elif kind in (3, 11):  # a constant, a formula
            found.setdefault(row, {})[struct.unpack_from("<I", body)[0]] = CODES.get(body[8], "#N/A")
    return found


def _old_stream(data: mmap.mmap) -> bytes:
    """Return the stream ``Workbook`` of an .xls, a file of sectors in chains ([MS-CFB] 2)."""
    shift, mini_shift = struct.unpack_from("<HH", data, 30)
    directory, _, cutoff, mini_start, _, more, _ = struct.unpack_from("<7I", data, 48)
    if shift not in (9, 12) or mini_shift != 6:
        raise ValueError

    def sector(number: int) -> bytes:
        return data[(number + 1) << shift : (number + 2) << shift]

    tables, last = list(struct.unpack_from("<109I", data, 76)), (1 << shift) // 4 - 1
    while more < 0xFFFFFFFA and len(tables) << shift < len(data):
        listed = struct.unpack(f"<{last + 1}I", sector(more))
        tables, more = [*tables, *listed[:last]], listed[last]
    table = b"".join(sector(t) for t in tables if t < 0xFFFFFFFA)
    following = struct.unpack(f"<{len(table) // 4}I", table)

    def chain(start: int, following: Sequence[int]) -> Iterator[int]:
        for _ in following:  # never longer than there are sectors
            if start >= len(following):
                return
            yield start
            start = following[start]

    def stream(start: int) -> bytes:
        return b"".join(sector(number) for number in chain(start, following))

    entries = [entry for (entry,) in struct.iter_unpack("128s", stream(directory))]
    for entry in entries:
        name = entry[: max(struct.unpack_from("<H", entry, 64)[0] - 2, 0)].decode("utf-16-le", "replace")
        start, size = struct.unpack_from("<II", entry, 116)
        if name == "Workbook" and size >= cutoff:
            return stream(start)[:size]
        if name == "Workbook":
            minis, small = stream(struct.unpack_from("<I", entries[0], 116)[0]), stream(mini_start)
            pieces = chain(start, struct.unpack(f"<{len(small) // 4}I", small))
            return b"".join(minis[n << 6 : (n + 1) << 6] for n in pieces)[:size]
    return b""


def _old_errors(path: str) -> dict[str, Errors]:
    """Return the error cells of every sheet of an .xls of Excel 97 and later ([MS-XLS] 2.4.24, 2.4.127)."""
    with open(path, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        book = _old_stream(data) if data[:4] == b"\xd0\xcf\x11\xe0" else b""
    found: dict[str, Errors] = {}
    sheet: Errors = {}
    starts: dict[int, str] = {}
    at = depth = 0
    while at + 4 <= len(book):
        kind, size = struct.unpack_from("<HH", book, at)
        body = at + 4
        if kind == 0x85:
            start, _, characters, wide = struct.unpack_from("<IHBB", book, body)
            text = book[body + 8 : body + 8 + characters * (1 + (wide & 1))]
            starts[start] = text.decode("utf-16-le" if wide & 1 else "latin-1")
        elif kind == 0x809:
            depth += 1  # a chart inside a sheet keeps cells of its own
            sheet = found.setdefault(starts[at], {}) if at in starts else sheet
        elif kind == 0x0A:
            depth -= 1
        elif kind in (0x205, 0x06) and size >= 8 and depth == 1:
            row, column, _, value, what = struct.unpack_from("<HHHBB", book, body)
            formula = kind == 0x06 and size >= 14 and value == 2 and book[body + 12 : body + 14] == b"\xff\xff"
            if formula or (kind == 0x205 and what):
                sheet.setdefault(row, {})[column] = CODES.get(book[body + 8] if formula else value, "#N/A")
        at = body + size
    return found


def _errors(path: str) -> dict[str, Errors]:
    """Return the failed formulas of every sheet: calamine hands them on as empty cells."""
    found: dict[str, Errors] = {}
    if not zipfile.is_zipfile(path):
        return _old_errors(path)
    with zipfile.ZipFile(path) as archive:
        for name, part in _sheets_of(archive, "workbook.bin", _binary_names):
            with archive.open(part) as stream:
                found[name] = _binary_errors(stream)
        for name, part in _sheets_of(archive, "workbook.xml", _office_names):
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


def _limit_memory(size: int) -> None:
    """Let this process have so many bytes of memory and no more; where that cannot be had, it is still the one process that dies."""
    if sys.platform == "win32":
        kernel = ctypes.WinDLL("kernel32")
        kernel.CreateJobObjectW.restype = kernel.GetCurrentProcess.restype = ctypes.c_void_p
        job = ctypes.c_void_p(kernel.CreateJobObjectW(None, None))
        limits = ctypes.create_string_buffer(144)  # JOBOBJECT_EXTENDED_LIMIT_INFORMATION of 64 bits
        struct.pack_into("<I", limits, 16, 0x100)  # JOB_OBJECT_LIMIT_PROCESS_MEMORY
        struct.pack_into("<Q", limits, 112, size)
        kernel.SetInformationJobObject(job, 9, limits, len(limits))
        kernel.AssignProcessToJobObject(job, ctypes.c_void_p(kernel.GetCurrentProcess()))
    else:
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (size, size))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def main() -> int:
    """Read the file named on the command line; the exit code says how it went."""
    path, megabytes, block = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    _limit_memory(megabytes << 20)
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
        struct.error,
        SyntaxError,
        expat.ExpatError,
    ):
        return NOT_A_WORKBOOK
    sys.stdout.buffer.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
