"""Limitations, opinion, annex: sections 13 to 15."""

from __future__ import annotations

from collections.abc import Set

import pandas as pd
import yaml

from analysis.book_words import shown_book
from analysis.glossary import GLOSSARY
from analysis.scenario import to_plain
from reports.blocks import Block, Heading, Lines, Points, Section, TableBlock, see
from reports.methods import chapters
from reports.sections.source import Source


def limitations(s: Source) -> Section:
    """Section 13: where the figures end, what produced them, who has looked at them."""
    review, t = s.review, s.t
    points = [
        t("The intervals hold for the model and the assumptions above; they do not hold for changes of the law, of coverage or of reporting that the data has not seen."),
        t("Probabilities are simulated on {paths:integer} paths; their Monte Carlo error is shown where it matters, and is at most {error:percent.2} here.",
          paths=review.scenario.paths, error=0.5 / review.scenario.paths**0.5),
    ]  # fmt: skip
    if s.weak():
        points.append(
            t(
                "{count} parameters are assumed or not verified ({place}); the result moves with them.",
                count=s.weak(),
                place=see("table", "assumptions"),
            )
        )
    if s.level() == 1:
        points.append(
            t(
                "Accounts do not separate construction projects from other employers: the rate is that of the whole fund, expressed by the rate in force."
            )
        )
    if s.level() < 3:
        points.append(
            t(
                "Without ledgers the development of cost, the capital value of pensions and the balance sheet are not known."
            )
        )
    if review.book.synthetic:
        points.append(
            t(
                "The data are synthetic: no figure of this report describes a real fund, and none may be used for a decision."
            )
        )
    return Section(
        "limitations",
        t("Limitations"),
        (
            Heading(t("Limits of the figures")),
            Points(tuple(points)),
            Heading(t("Model, software and review")),
            t(
                "Program Pingheng 平衡, version {version}; seed {seed}; book {fingerprint}. The same inputs give the same bytes, so that any office can repeat this report.",
                version=review.version, seed=review.scenario.seed, fingerprint=review.book.fingerprint[:16],
            ),
            t("Independent expert review (ISAP 2, 2.5): □ done by ____________ on ____________  □ not done."),
        ),
    )  # fmt: skip


def opinion(s: Source) -> Section:
    """Section 14: the opinion, its choices left to the signing actuary, and the signature."""
    review, t = s.review, s.t
    data, basis = see("section", "data"), see("section", "assumptions")
    return Section(
        "opinion",
        t("Actuarial opinion"),
        (
            t("To be completed by the signing actuary; the program decides none of it. I have reviewed the rate and the fund as of {date:date}. In my opinion:", date=review.valuation_date),
            Points(
                (
                    t("the data are  □ sufficient and reliable for the purpose  □ sufficient with the reservations of {place}  □ not sufficient, because ____________;", place=data),
                    t("the assumptions of {place} are  □ reasonable one by one and together  □ reasonable except ____________;", place=basis),
                    t("values set by law or by the authority are  □ followed and reasonable  □ followed, but I should have chosen otherwise: ____________;"),
                    t("the method is  □ sound and follows ISAP 2  □ departs from it as follows: ____________;"),
                    t("at the rate in force of {rate:permille} the financing is  □ adequate  □ adequate on cash, not on accrual  □ not adequate;", rate=review.current_rate),
                    t("I recommend to  □ keep the rate  □ change it to ______‰ from ____________  □ review it again by ____________."),
                )
            ),
            Lines(
                (
                    t("Prepared by (office): ______________________"),
                    t("Author: ______________________"),
                    t("Signing actuary: ______________________"),
                    t("Qualification: ______________________"),
                    t("Date: ______ year ____ month ____ day    (seal)"),
                )
            ),
        ),
    )  # fmt: skip


def annex(s: Source, used: Set[str]) -> Section:
    """Section 15: the tables not shown before, the formulas, the words, the audit trail."""
    t = s.t
    skipped = {*used, "assumptions", "solvency_curve", *(f"parts_{basis}" for basis in s.review.indicated)}
    blocks: list[Block] = []
    others = [b for name in s.tables if name not in skipped for b in s.block(name, 60)]
    if others:
        blocks += [Heading(t("Further tables")), *others]
    solvency = s.frame("solvency_curve")
    if solvency is not None:
        blocks += [TableBlock("solvency_curve", t("Solvency curve"), solvency.iloc[:: max(1, len(solvency) // 20)])]
    blocks += [Heading(t("Methods and formulas")), *chapters(t.language, s.level(), s.review.floating is not None)]
    terms = pd.DataFrame([{"term": t.say(a), "meaning": t.say(b)} for a, b in GLOSSARY])
    blocks += [
        Heading(t("Glossary")),
        TableBlock("glossary", t("Glossary"), terms),
        Heading(t("Audit trail")),
        *_trail(s),
    ]
    return Section("annex", t("Annex"), tuple(blocks))


def _trail(s: Source) -> list[Block]:
    review, t = s.review, s.t
    scenario = review.scenario
    rows = [
        (t("Program and version"), f"Pingheng 平衡 {review.version}"),
        (t("Book"), shown_book(review.book.name, t)),
        (t("Fingerprint of the book (SHA-256)"), review.book.fingerprint),
        (t("Valuation date"), t.date(review.valuation_date)),
        (t("Scenario"), f"{scenario.name} {scenario.note}".strip()),
        (t("Parameter overlays"), ", ".join(scenario.overlays) or "—"),
        (t("Seed and paths"), f"{scenario.seed} · {scenario.paths}"),
    ]
    choices = yaml.safe_dump(
        to_plain(scenario), default_flow_style=True, allow_unicode=True, sort_keys=False, width=10_000
    )
    frame = pd.DataFrame([*rows, (t("Choices of the scenario"), choices.strip())], columns=["item", "entry"])
    return [
        t("Everything needed to make this report again:"),
        TableBlock("audit", t("Audit trail"), frame),
    ]
