"""The methods as a report's technical appendix, read from docs/methods.zh.md and docs/methods.en.md: one source for both.

The Markdown used there: ``## `` chapters (with the lowest level of data that they concern, or ``floating``, in a comment), ``### `` headings, paragraphs,
``- `` points, ``$$`` formulas, ``$`` formulas and names of code inside sentences.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from reports.blocks import Block, Code, Formula, Math, Rich, Subheading, Text

FOLDER = Path(__file__).resolve().parent.parent / "docs"
CHAPTER = re.compile(r"^## (?P<title>.*?)(?: *<!-- (?P<concerns>\w+) -->)?$")


def read(language: str) -> str:
    """Return the methods in one language, as written."""
    return (FOLDER / f"methods.{language}.md").read_text(encoding="utf-8")


def chapters(language: str, level: int, floating: bool) -> Iterator[Block]:
    """Yield the chapters that concern a book of this level of detail."""
    wanted = False
    for paragraph in re.split(r"\n\s*\n", read(language)):
        match = CHAPTER.match(paragraph.strip())
        if match:
            concerns = match["concerns"] or "1"
            wanted = floating if concerns == "floating" else int(concerns) <= level
            if wanted:
                yield Subheading(match["title"])
        elif wanted:
            yield from _blocks(paragraph.strip())


def _blocks(paragraph: str) -> Iterator[Block]:
    if paragraph.startswith("$$"):
        yield Formula(paragraph.strip("$ \n"))
    elif paragraph.startswith("- "):
        for item in re.split(r"\n- ", paragraph[2:]):
            yield Rich(inline(item.replace("\n  ", " ")), point=True)
    elif paragraph:
        yield Rich(inline(paragraph.replace("\n", " ")))


def inline(text: str) -> Text:
    """Return a sentence's parts: text, formulas between ``$``, names of code between backquotes; ``**`` is dropped."""
    parts: list[str | Math | Code] = []
    for piece in re.split(r"(\$[^$]+\$|`[^`]+`)", text.replace("**", "")):
        if piece.startswith("$"):
            parts.append(Math(piece[1:-1]))
        elif piece.startswith("`"):
            parts.append(Code(piece[1:-1]))
        elif piece:
            parts.append(piece)
    return tuple(parts)
