"""A book whose tables are read once: what the page computes from, while the book's fingerprint stays the same."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pandas as pd

from data.book import Book


class RememberedBook(Book):
    """A book that keeps what it has read; make a new one when the fingerprint changes. Safe for several threads at once."""

    def __init__(self, book: Book) -> None:
        super().__init__(book.engine, book.name)
        self._kept: dict[Any, Any] = {}
        self._turn = threading.RLock()

    def _once(self, key: Any, read: Callable[[], Any]) -> Any:
        with self._turn:
            if key not in self._kept:
                self._kept[key] = read()
            return self._kept[key]

    def table(self, name: str, columns: list[str] | None = None, **equal: Any) -> pd.DataFrame:
        """Return the current rows of a table (see `Book.table`); a copy on write."""
        key = ("table", name, columns and tuple(columns), tuple(sorted(equal.items())))
        found: pd.DataFrame = self._once(key, lambda: super(RememberedBook, self).table(name, columns, **equal))
        return found.copy(deep=False)

    def experience(self, fund: str | None = None) -> pd.DataFrame:
        """Return level 2 (see `Book.experience`); a copy on write."""
        found: pd.DataFrame = self._once(("experience", fund), lambda: super(RememberedBook, self).experience(fund))
        return found.copy(deep=False)

    def count(self, name: str) -> int:
        """Return the number of current rows of a table."""
        return int(self._once(("count", name), lambda: super(RememberedBook, self).count(name)))
