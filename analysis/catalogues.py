"""Brings ``locale/*/*.po`` up to date with the sentences in the code: ``python -m analysis.catalogues``.

A sentence is the first argument of ``t(…)``, ``Message(…)`` or ``InputError(…)``. Each top-level folder has a catalogue of its own,
so that a change to one part of the program touches one file. English repeats the message id: the id is the sentence.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_file
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parent.parent
CATALOGUES = ROOT / "locale"
KEYWORDS = {"t": None, "Message": None, "InputError": None}
PARTS = ("models", "data", "analysis", "reports", "app_pages", "app.py", "cli.py")


def sentences() -> dict[str, dict[str, list[tuple[str, int]]]]:
    """Return part → sentence → places (file, line); a sentence belongs to the first part that says it."""
    found: dict[str, dict[str, list[tuple[str, int]]]] = {}
    seen: set[str] = set()
    for part in PARTS:
        own: dict[str, list[tuple[str, int]]] = {}
        for path in _sources(ROOT / part):
            for line, text, _, _ in extract_from_file("python", path, keywords=KEYWORDS):
                sentence = text if isinstance(text, str) else text[0]
                if sentence and sentence not in seen:
                    own.setdefault(sentence, []).append((path.relative_to(ROOT).as_posix(), line))
        seen.update(own)
        found["page" if part == "app.py" else Path(part).stem] = own
    return found


def _sources(start: Path) -> Iterator[Path]:
    if start.is_file():
        yield start
    elif start.is_dir():
        yield from sorted(p for p in start.rglob("*.py") if "notebooks" not in p.parts)


def read(locale: str) -> dict[str, str]:
    """Return every translated sentence of one locale."""
    known: dict[str, str] = {}
    for path in sorted((CATALOGUES / locale).glob("*.po")):
        with path.open("rb") as file:
            known.update({str(m.id): str(m.string) for m in read_po(file, locale=locale) if m.id and m.string})
    return known


def update(locale: str) -> list[str]:
    """Write the catalogues of one locale anew, keeping translations; return the sentences still without one."""
    known = read(locale)
    missing: list[str] = []
    (CATALOGUES / locale).mkdir(parents=True, exist_ok=True)
    for part, texts in sentences().items():
        path = CATALOGUES / locale / f"{part}.po"
        if not texts:
            path.unlink(missing_ok=True)
            continue
        catalogue = Catalog(locale=locale, project="Pingheng", fuzzy=False, creation_date=None, revision_date=None)
        for sentence, places in sorted(texts.items()):
            translated = sentence if locale == "en" else known.get(sentence, "")
            catalogue.add(sentence, translated, locations=[(file, 0) for file, _ in places[:1]])
            if not translated:
                missing.append(sentence)
        with path.open("wb") as file:
            write_po(file, catalogue, omit_header=True, width=0, include_lineno=False, sort_output=True)
    return missing


if __name__ == "__main__":
    update("en")
    for sentence in update("zh_CN"):
        print(sentence)
