"""References, places and sources of the data files in English: they are written in Chinese, as the documents are, and translated by one catalogue."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import yaml

from models.parameters import quickly

CATALOGUE = Path(__file__).resolve().parent / "english.yaml"

_PARTS = re.compile("；(?![^（]*）)")
"""Where one part of a reference ends: a semicolon that stands in no brackets."""


@cache
def in_english(text: str) -> str:
    """Return a reference in English, part by part; what the catalogue does not hold stays as it was written.

    Examples
    --------
    >>> in_english("人社部发〔2023〕19号（至2024-12-31）；国办发〔2019〕13号")
    '人社部发〔2023〕19号 (until 2024-12-31); 国办发〔2019〕13号'
    """
    whole = _said(text)
    return whole if whole is not None else "; ".join(_said(part) or part for part in _PARTS.split(text))


def _said(text: str) -> str | None:
    """Return the English of one part by the catalogue: as it stands there, else by the pattern that leaves least to its places."""
    exact, patterns = _catalogue()
    if text in exact:
        return exact[text]
    found = [(match, english) for pattern, english in patterns if (match := pattern.fullmatch(text))]
    if not found:
        return None
    match, english = min(found, key=lambda one: sum(map(len, one[0].groups())))
    return english.format(**match.groupdict())


@cache
def _catalogue() -> tuple[Mapping[str, str], tuple[tuple[re.Pattern[str], str], ...]]:
    """Return the entries without places, and the patterns of those with places."""
    entries: dict[str, str] = quickly(yaml.load, CATALOGUE.read_text(encoding="utf-8"))
    exact = {str(zh): str(en) for zh, en in entries.items() if "{" not in zh}
    places = {zh: re.sub(r"\\{(\w)\\}", r"(?P<\1>.+?)", re.escape(zh)) for zh in entries if "{" in zh}
    return exact, tuple((re.compile(pattern), entries[zh]) for zh, pattern in places.items())
