"""What the sections are written from: a review, its tables for readers, and the reader's language."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import pandas as pd

from analysis.language import Translator
from analysis.rate_review import RateReview
from analysis.tables import Table, tables
from models.messages import Message
from reports.blocks import TableBlock, see


@dataclass(frozen=True)
class Source:
    """A review and the language in which it is told."""

    review: RateReview
    t: Translator

    @cached_property
    def tables(self) -> dict[str, Table]:
        """Every table of the review by its name."""
        return {one.name: one for one in tables(self.review, self.t)}

    def block(self, name: str, limit: int = 40, columns: tuple[str, ...] = ()) -> list[TableBlock]:
        """Return a table of the review as a block; nothing where the review has none."""
        found = self.tables.get(name)
        if found is None:
            return []
        frame = found.frame
        return [TableBlock(name, found.title, frame[[c for c in columns if c in frame]] if columns else frame, limit)]

    def frame(self, name: str) -> pd.DataFrame | None:
        """Return a table's frame, None where the review has none."""
        found = self.tables.get(name)
        return None if found is None else found.frame

    def value(self, name: str) -> object:
        """Return the value of a parameter that the review used; None where it used none of that name."""
        return next((a.value for a in self.review.assumptions if a.name == name), None)

    def weak(self) -> int:
        """Return how many of the parameters used are assumed or not verified."""
        return sum(a.mark in ("assumption", "unverified") for a in self.review.assumptions)

    def level(self) -> int:
        """Return the deepest level of detail that the book holds."""
        return max(self.review.book.levels)

    def missing(self, what: Message) -> str:
        """Say that this book cannot answer a question, and what would let it."""
        needed = {
            1: Message("experience by contractor and year (level 2) or the ledgers (level 3)"),
            2: Message("the ledgers of projects, cases and payments (level 3)"),
            3: Message("more years of the ledgers"),
        }[self.level()]
        return self.t("This book cannot answer for {what}: {needed} are needed.", what=what, needed=needed)

    def appendix(self, name: str) -> str:
        """Return a pointer to a table elsewhere in the report, empty where the review has none."""
        return self.t("See {place}.", place=see("table", name)) if name in self.tables else ""
