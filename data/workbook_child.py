"""Reads the stored values of one workbook in a process of its own and hands them on in blocks.

Run as a script by `data.workbooks`: ``python -I workbook_child.py FILE MEGABYTES BLOCK``. A file that makes the reader swell, panic or abort ends this
process only. Formulas and macros are never run: calamine reads what the office program stored last.
"""

from __future__ import annotations

import contextlib
import marshal
import struct
import sys
from typing import Any

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


def _read(path: str, block: int) -> None:
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
            for row in sheet.iter_rows():
                rows.append([_plain(value) for value in row])
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
    except (CalamineError, OSError, ValueError, IndexError, KeyError):
        return NOT_A_WORKBOOK
    sys.stdout.buffer.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
