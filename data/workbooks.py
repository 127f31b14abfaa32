"""Workbooks: what would swell beyond bounds is refused before it is opened, and reading is done in a process with a memory limit."""

from __future__ import annotations

import marshal
import struct
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from models.messages import InputError

LARGEST_UNPACKED = 1_500_000_000
LARGEST_RATIO = 200
MEMORY_MB = 4096
CHILD = Path(__file__).with_name("workbook_child.py")
OLD_WORKBOOK = b"\xd0\xcf\x11\xe0"
KINDS = {
    b"\x89PNG": "PNG",
    b"\xff\xd8\xff": "JPEG",
    b"GIF8": "GIF",
    b"%PDF": "PDF",
    b"BM": "BMP",
    b"<htm": "HTML",
    b"<!DO": "HTML",
    b"<tab": "HTML",
}


def workbook_sheets(path: Path, block: int) -> Iterator[tuple[str, Iterator[list[list[Any]]]]]:
    """Yield every sheet's name and its rows in blocks; a sheet is to be read before the next one is asked for.

    Days are ISO texts, other values as stored. `InputError` says that the file is not a workbook, or too large.
    """
    _refuse_bombs(path)
    # -I: nothing of the current folder or the environment is imported into the process that reads a stranger's file
    command = [sys.executable, "-I", str(CHILD), str(path), str(MEMORY_MB), str(block)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as child:
        try:
            yield from _sheets(child)
            code = child.wait()
        finally:
            child.kill()
    if code in (1, 3):  # a panic of the reader, or its refusal
        raise _not_what_it_says(path)
    if code:
        raise InputError(
            "{file} needs more than {size:integer} MB of memory to read, or is damaged. Export it again as .csv.",
            file=path.name,
            size=MEMORY_MB,
        )


def _sheets(child: subprocess.Popen[bytes]) -> Iterator[tuple[str, Iterator[list[list[Any]]]]]:
    things = _handed_on(child)
    name = next(things, None)
    while name is not None:
        following: list[Any] = [None]

        def rows(following: list[Any] = following) -> Iterator[list[list[Any]]]:
            while isinstance(part := next(things, None), list):
                yield part
            following[0] = part

        blocks = rows()
        yield name, blocks
        for _ in blocks:  # what the reader did not want
            pass
        name = following[0]


def _handed_on(child: subprocess.Popen[bytes]) -> Iterator[Any]:
    """Yield what the child hands on, sheets' names and blocks of their rows; it makes the next one while this one is used."""
    with ThreadPoolExecutor(1) as ahead:
        waiting = ahead.submit(_one, child)
        try:
            while data := waiting.result():
                waiting = ahead.submit(_one, child)
                yield marshal.loads(data)
        except GeneratorExit:  # the rest is not wanted: nobody is to wait for it
            child.kill()
            raise


def _one(child: subprocess.Popen[bytes]) -> bytes:
    """Return the bytes of the next thing that the child hands on, none at the end."""
    assert child.stdout is not None
    head = child.stdout.read(8)
    if len(head) < 8:
        return b""
    (size,) = struct.unpack("<q", head)
    data = child.stdout.read(size)
    return data if len(data) == size else b""


def _refuse_bombs(path: Path) -> None:
    with path.open("rb") as file:
        old = file.read(4) == OLD_WORKBOOK
    if old:
        return
    try:
        with zipfile.ZipFile(path) as archive:
            parts = archive.infolist()
    except (zipfile.BadZipFile, OSError, ValueError):
        raise _not_what_it_says(path) from None
    unpacked = sum(p.file_size for p in parts)
    packed = max(sum(p.compress_size for p in parts), 1)
    if unpacked > LARGEST_UNPACKED or (unpacked > 50_000_000 and unpacked / packed > LARGEST_RATIO):
        raise InputError(
            "{file} would unpack to {size:integer} MB; it is refused. Export it again as .csv.",
            file=path.name,
            size=unpacked / 1e6,
        )


def _not_what_it_says(path: Path) -> InputError:
    with path.open("rb") as file:
        head = file.read(8)
    if head.startswith(OLD_WORKBOOK):
        return InputError(
            "{file} cannot be opened: it is damaged, or protected by a password. Save it in Excel without a password.",
            file=path.name,
        )
    kind = next((name for magic, name in KINDS.items() if head.startswith(magic)), None)
    if kind is None:
        return InputError(
            "{file} is not a workbook, whatever its name says. Open it in Excel and save it as .xlsx.", file=path.name
        )
    return InputError(
        "{file} is not a workbook (its content looks like: {kind}). Open it in Excel and save it as .xlsx.",
        file=path.name,
        kind=kind,
    )
