"""What the annual rate-review report says: sections of paragraphs, tables and charts, the same for Word, PDF, the web page and the slides.

The fifteen sections follow ISAP 2 (IAA 2013) and the ISSA-ILO Guidelines on Actuarial Work (2016); the report also serves the yearly filing of
人社部发〔2015〕72号 section 8.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from analysis import charts
from analysis.language import Translator
from analysis.rate_review import RateReview
from analysis.tables import assumptions, tables
from analysis.verdict import verdict
from models.messages import Message


@dataclass(frozen=True)
class Chart:
    """A chart of the report: its name, its caption and the Altair chart."""

    name: str
    caption: str
    chart: Any


@dataclass(frozen=True)
class TableBlock:
    """A table of the report: its caption and its cells as a frame with the review's column names."""

    name: str
    caption: str
    frame: pd.DataFrame


Block = str | Chart | TableBlock


@dataclass(frozen=True)
class Section:
    """A section: its title and its blocks; a text block is a paragraph."""

    title: str
    blocks: tuple[Block, ...] = field(default_factory=tuple)


def report(review: RateReview, t: Translator) -> tuple[Section, ...]:
    """Return the report's sections in order; none is empty."""
    makers: tuple[Callable[[RateReview, Translator], Section], ...] = (
        _purpose, _law, _data, _experience, _assumptions, _method, _results, _floating, _reconciliation, _actual_expected, _sensitivity,
        _options, _limitations, _opinion, _annex,
    )  # fmt: skip
    return tuple(make(review, t) for make in makers)


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


def _table(review: RateReview, t: Translator, name: str, limit: int = 40) -> list[Block]:
    """Return a table of the review by name as a block; nothing where the review has none."""
    return [TableBlock(one.name, one.title, one.frame.head(limit)) for one in tables(review, t) if one.name == name]


def _purpose(review: RateReview, t: Translator) -> Section:
    return Section(
        t("Purpose and finding"),
        (
            t(
                "This report reviews whether the project rate of work injury insurance breaks even (以支定收、收支平衡), values the fund as of {date:date}, and "
                "serves the yearly filing of 人社部发〔2015〕72号 section 8. It follows ISAP 2 and the ISSA-ILO Guidelines on Actuarial Work.",
                date=review.valuation_date,
            ),
            *summary(review, t),
        ),
    )


def _law(review: RateReview, t: Translator) -> Section:
    return Section(
        t("Law and scheme"),
        (
            t(
                "A construction project insures all its workers by one payment before it starts, a share of its total cost (工伤保险条例 Art. 10; "
                "人社部令第10号; 人社部发〔2014〕103号). The rate in force is {rate:permille}.",
                rate=review.current_rate,
            ),
            t(
                "The fund pays the benefits of Art. 30–39; allowances, care and survivor pensions run for years or for life and are indexed (Art. 40)."
            ),
            t(
                "Rates follow outgo and balance (Art. 8); they may float with use of the fund and injury frequency (人社部发〔2015〕71号)."
            ),
            t(
                "A reserve is held within the balance (Art. 13; 人社部发〔2015〕72号); the target is {target:months} of outgo.",
                target=review.scenario.target_payable_months,
            ),
        ),
    )


def _data(review: RateReview, t: Translator) -> Section:
    levels = ", ".join(str(level) for level in review.book.levels)
    return Section(
        t("Data"),
        (
            t(
                "Book {name}, levels of detail {levels}; fingerprint {fingerprint}.",
                name=review.book.name,
                levels=levels,
                fingerprint=review.book.fingerprint[:16],
            ),
            t("Nothing was corrected silently. What the data cannot answer, and what was assumed in its place:"),
            *(t.say(warning) for warning in review.warnings),
            *_table(review, t, "accounts"),
        ),
    )


def _experience(review: RateReview, t: Translator) -> Section:
    blocks = _table(review, t, "experience")
    text = (
        t("Exposure, cases and benefits by year, as the book has them.")
        if blocks
        else t("The book holds accounts only: exposure, frequency and severity are not known.")
    )
    return Section(t("Exposure and experience"), (text, *blocks))


def _assumptions(review: RateReview, t: Translator) -> Section:
    return Section(
        t("Assumptions"),
        (
            t(
                "Every parameter that the result depends on, those that are assumed or unverified first. Each is to be replaced by the fund's own experience where that is long enough."
            ),
            TableBlock("assumptions", t("Parameters and assumptions"), assumptions(review, t)),
        ),
    )


def _method(review: RateReview, t: Translator) -> Section:
    return Section(
        t("Method"),
        (
            t("Pay-as-you-go: the premium of a year pays the outgo of that year. Full funding: the premium of a year's projects pays everything that these projects will cost."),
            t("The fund is simulated on {paths:integer} paths (seed {seed}): growth learnt from the past fades into the assumed long run; process, parameter, economic and catastrophe risk are drawn with common random numbers.", paths=review.scenario.paths, seed=review.scenario.seed),
            t("On each path the balance is linear in the base rate, so that one pass gives the exact rate that the path requires; their distribution is the solvency curve."),
        ),
    )  # fmt: skip


def _results(review: RateReview, t: Translator) -> Section:
    return Section(
        t("Results"),
        (
            *_table(review, t, "indicated"),
            *_table(review, t, "development"),
            *_table(review, t, "balance_sheet"),
            Chart("indicated", t("Indicated rate by financing basis"), charts.indicated_rates(review, t)),
            *(b for basis in review.indicated for b in _table(review, t, f"parts_{basis}")),
            Chart("solvency", t("Solvency curve"), charts.solvency_curve(review, t)),
            *_table(review, t, "required_rate"),
            Chart("fund", t("The fund ahead"), charts.fund_fan(review, t)),
            *_table(review, t, "fund"),
            Chart("months", t("Payable months"), charts.payable_months(review, t)),
        ),
    )


def _floating(review: RateReview, t: Translator) -> Section:
    if review.floating is None:
        return Section(
            t("Floating rates"), (t("No floating plan was tested on this book: it needs experience by contractor."),)
        )
    return Section(
        t("Floating rates"),
        (
            t(
                "Plan {plan}: after floating the premium is {factor:percent} of the premium at the base rate.",
                plan=review.floating.plan,
                factor=review.floating.off_balance,
            ),
            TableBlock("steps", t("Contractors and premium by step"), review.floating.steps),
            TableBlock(
                "quintiles", t("Quintile test: loss ratio before and after floating"), review.floating.quintiles
            ),
        ),
    )


def _reconciliation(review: RateReview, t: Translator) -> Section:
    if review.previous_rate is None:
        return Section(
            t("Reconciliation with the last review"),
            (t("There is no earlier review to compare with: this is the first, or its review.json was not given."),),
        )
    return Section(
        t("Reconciliation with the last review"),
        (
            t(
                "The indicated rate was {rate:permille} at the last review; the drivers below sum exactly to the change.",
                rate=review.previous_rate,
            ),
            *_table(review, t, "change"),
        ),
    )


def _actual_expected(review: RateReview, t: Translator) -> Section:
    known = review.tables.get("backtest")
    if known is None:
        return Section(
            t("Actual against expected"),
            (t("Too few years are known to compare earlier expectations with what came."),),
        )
    inside = float(known["inside_90"].mean())
    return Section(
        t("Actual against expected"),
        (
            t(
                "Standing at each past year-end with what was known then, {share:percent.0} of later outcomes lay inside the 90% intervals.",
                share=inside,
            ),
            TableBlock("backtest", t("What would have been said at past year-ends, and what came"), known.tail(12)),
        ),
    )


def _sensitivity(review: RateReview, t: Translator) -> Section:
    blocks = [*_table(review, t, "early_warning"), *_table(review, t, "stress"), *_table(review, t, "reverse_stress")]
    text = t(
        "Each case is simulated with the same random numbers as the base, so that differences carry no noise of their own."
    )
    return Section(t("Sensitivity and stress"), (text, *blocks))


def _options(review: RateReview, t: Translator) -> Section:
    return Section(
        t("Options"),
        (
            t("Each option is shown with what it does to the fund and to a payer. The choice is the fund's."),
            *_table(review, t, "options"),
        ),
    )


def _limitations(review: RateReview, t: Translator) -> Section:
    return Section(
        t("Limitations"),
        (
            t("The intervals hold for the model and the assumptions above; they do not hold for changes of the law, of coverage or of reporting that the data has not seen."),
            t("Program version {version}, seed {seed}, book {fingerprint}. The same inputs give the same bytes.", version=review.version, seed=review.scenario.seed, fingerprint=review.book.fingerprint[:16]),
        ),
    )  # fmt: skip


def _opinion(review: RateReview, t: Translator) -> Section:
    return Section(
        t("Actuarial opinion"),
        (
            t("To be completed by the signing actuary; strike out what does not apply."),
            t(
                "1. The data are sufficient and reliable / sufficient with the reservations of section 3 / not sufficient."
            ),
            t("2. The assumptions are reasonable, one by one and together / with the following exceptions:"),
            t("3. The method is sound and follows ISAP 2 / with the following departures:"),
            t("4. The financing is adequate / not adequate at the rate in force."),
            t("Signed: ____________    Date: ____________"),
        ),
    )


GLOSSARY: tuple[tuple[Message, Message], ...] = (
    (Message("Base rate"), Message("Premium as a share of a project's total cost, before floating.")),
    (Message("Break-even rate"), Message("The rate at which premium equals outgo on a financing basis.")),
    (Message("Payable months"), Message("Balance ÷ (yearly outgo ÷ 12).")),
    (
        Message("Solvency curve"),
        Message("Probability that the fund stays above its floor, as a function of the base rate."),
    ),
    (Message("Credibility"), Message("How far a unit's own experience counts against the collective.")),
)


def _annex(review: RateReview, t: Translator) -> Section:
    shown = {
        "accounts",
        "assumptions",
        "fund",
        "required_rate",
        "indicated",
        "backtest",
        "stress",
        "options",
        "reverse_stress",
        "solvency_curve",
        "change",
        "experience",
        "development",
        "balance_sheet",
        "plans",
        "early_warning",
    }
    others = [
        TableBlock(one.name, one.title, one.frame.head(60))
        for one in tables(review, t)
        if one.name not in shown and not one.name.startswith("parts_")
    ]
    terms = pd.DataFrame([{"term": t.say(a), "meaning": t.say(b)} for a, b in GLOSSARY])
    return Section(t("Annex"), (*others, TableBlock("glossary", t("Glossary"), terms)))
