"""What the annual rate-review report says, the same for Word, PDF and the web page: fifteen sections of paragraphs, tables and charts.

The sections follow ISAP 2 (IAA 2013) and the ISSA-ILO Guidelines on Actuarial Work (2016); the report also serves the yearly filing of
人社部发〔2015〕72号 section 8. Each is written in `reports.sections`; here they are put together and numbered.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

from analysis.book_words import shown_book
from analysis.language import Translator
from analysis.rate_review import RateReview
from analysis.verdict import verdict
from reports.blocks import Chart, Figure, Piece, Section, TableBlock, numbered, printable
from reports.figures import PAPER, svg
from reports.sections import basis, closing, opening, outlook, results
from reports.sections.source import Source

BEFORE_THE_ANNEX = (
    opening.purpose, opening.law, opening.data, basis.experience, basis.assumptions, basis.method, results.results, results.floating,
    outlook.reconciliation, outlook.actual_expected, outlook.sensitivity, outlook.options, closing.limitations, closing.opinion,
)  # fmt: skip


@dataclass(frozen=True)
class Document:
    """A report ready for every format; its charts are drawn once and shared."""

    language: str
    title: str
    subtitle: str
    notice: str
    pieces: tuple[Piece, ...]
    drawn: dict[str, str] = field(default_factory=dict)

    @cached_property
    def figures(self) -> tuple[Figure, ...]:
        """Return the charts in order."""
        return tuple(piece for piece in self.pieces if isinstance(piece, Figure))

    def picture(self, figure: Figure) -> str:
        """Return a chart as SVG."""
        if figure.name not in self.drawn:
            self.drawn[figure.name] = svg(figure.chart, PAPER)
        return self.drawn[figure.name]


def document(review: RateReview, t: Translator) -> Document:
    """Return the whole report, numbered, in the reader's language."""
    subtitle = f"{printable(shown_book(review.book.name, t))} · {t.date(review.valuation_date)}"
    return Document(t.language, title(review, t), subtitle, notice(review, t), numbered(report(review, t), t))


def report(review: RateReview, t: Translator) -> tuple[Section, ...]:
    """Return the report's sections in order; none is empty."""
    source = Source(review, t)
    sections = [make(source) for make in BEFORE_THE_ANNEX]
    used = {block.name for section in sections for block in section.blocks if isinstance(block, TableBlock | Chart)}
    return (*sections, closing.annex(source, used))


def title(review: RateReview, t: Translator) -> str:
    """Return the report's title."""
    return t(
        "Annual rate review of work injury insurance for construction projects, {year}", year=review.valuation_date.year
    )


def summary(review: RateReview, t: Translator) -> list[str]:
    """Return the finding in sentences."""
    return [t.say(sentence) for sentence in verdict(review)]


def notice(review: RateReview, t: Translator) -> str:
    """Return what must stand on every page: synthetic data, figures that are not official; empty where nothing need be said."""
    if review.book.synthetic:
        return t("Synthetic data: this book was made by the program to try it out. It describes no real fund.")
    weak = sum(a.mark in ("assumption", "unverified") for a in review.assumptions)
    return (
        t("{count} of the parameters used are assumed or unverified; see the list of parameters.", count=weak)
        if weak
        else ""
    )


def stamp(review: RateReview, t: Translator) -> str:
    """Return what produced the figures: book, seed, version."""
    return t(
        "Book {fingerprint}, seed {seed}, version {version}",
        fingerprint=review.book.fingerprint[:16],
        seed=review.scenario.seed,
        version=review.version,
    )
