"""Purpose and finding, law and scheme, data: sections 1 to 3."""

from __future__ import annotations

import pandas as pd

from analysis.book_words import shown_book, table_name
from analysis.verdict import verdict
from analysis.words import word
from models.messages import Message
from reports.blocks import Block, Heading, Points, Section, TableBlock, numeral, see
from reports.sections.source import Source

LEVELS = {
    1: Message("accounts"),
    2: Message("experience by contractor and year"),
    3: Message("ledgers of projects, cases and payments"),
}


def purpose(s: Source) -> Section:
    """Section 1: why, for whom, by which standard, what was found, and where the yearly filing finds what it asks for."""
    review, t = s.review, s.t
    return Section(
        "purpose",
        t("Purpose and finding"),
        (
            Heading(t("Purpose")),
            t(
                "This report reviews whether the rate at which construction projects are insured against work injury breaks even (以支定收、收支平衡, "
                "Regulation Art. 8), and values the fund as of {date:date}. Only what was known by that day is used.",
                date=review.valuation_date,
            ),
            t(
                "It is arranged by ISAP 2 (International Actuarial Association, 2013) and the ISSA-ILO Guidelines on Actuarial Work for Social Security "
                "(2016). The commissioning office, the author and the signing actuary are named at the end of {place}.",
                place=see("section", "opinion"),
            ),
            Heading(t("Finding")),
            Points(tuple(t.say(sentence) for sentence in verdict(review))),
            Heading(t("How the yearly filing is served")),
            t(
                "人社部发〔2015〕72号 section 8 asks every pooling area to report at each year-end the changes of its base rates and the implementation and "
                "effect of floating. {place} says where this report answers.",
                place=see("table", "filing"),
            ),
            TableBlock("filing", t("What the yearly filing asks for, and where it is answered"), _filing(s)),
        ),
    )


def _filing(s: Source) -> pd.DataFrame:
    review, t = s.review, s.t
    if review.previous_rate is None:
        change = t(
            "Rate in force {rate:permille}; no earlier review was given to compare with.", rate=review.current_rate
        )
    else:
        change = t(
            "Rate in force {rate:permille}; the indicated rate moved from {before:permille} to {after:permille}.",
            rate=review.current_rate, before=review.previous_rate, after=review.indicated["pay_as_you_go"].rate,
        )  # fmt: skip
    floating = review.floating
    if floating is None:
        done = effect = t("Not known: this book has no experience by contractor.")
    else:
        count = int(floating.steps["contractors"].sum())
        up = int(floating.steps.loc[floating.steps["multiplier"] > 1, "contractors"].sum())
        down = int(floating.steps.loc[floating.steps["multiplier"] < 1, "contractors"].sum())
        done = t(
            "{count:integer} contractors rated: {up:integer} above the base rate, {down:integer} below it.",
            count=count, up=up, down=down,
        )  # fmt: skip
        effect = t("Premium after floating is {factor:percent} of that at the base rate.", factor=floating.off_balance)
    months = (
        t(
            "Payable months {months:number.1}, target {target:number.1}.",
            months=review.payable_months, target=review.scenario.target_payable_months,
        )
        if review.payable_months == review.payable_months
        else t("Payable months are not known: the book does not say the balance.")
    )  # fmt: skip
    rows = [
        (t("Changes of base rates"), change, "results", "reconciliation"),
        (t("Implementation of floating"), done, "floating", None),
        (t("Effect of floating"), effect, "floating", None),
        (t("Operation of the fund and early warning (section 6)"), months, "results", "sensitivity"),
    ]
    numbers = {"results": 7, "reconciliation": 9, "floating": 8, "sensitivity": 11}
    zh = t.language == "zh"
    places = [
        ("、" if zh else ", ").join(numeral(numbers[p]) if zh else str(numbers[p]) for p in (one, two) if p)
        for *_, one, two in rows
    ]
    return pd.DataFrame(
        {
            "asked": [r[0] for r in rows],
            "answer_given": [r[1] for r in rows],
            "sections": [t("section {numbers}", numbers=p) for p in places],
        }
    )


def law(s: Source) -> Section:
    """Section 2: coverage, benefits, rates, floating, fund; by document and article."""
    review, t = s.review, s.t
    target = review.scenario.target_payable_months
    return Section(
        "law",
        t("Law and scheme"),
        (
            Heading(t("Coverage and premium")),
            t(
                "A construction project insures all its workers by one payment before it starts, a share of its total cost, made by the general contractor "
                "and listed apart as a cost that bidders may not compete on; workers already insured through an employer are left out "
                "(Regulation Art. 10; 人社部令第10号 Art. 3; 人社部发〔2014〕103号). No proof of enrolment, no construction permit.",
            ),
            t(
                "Xinjiang's plan of 2015 (自治区建筑业参加工伤保险专项扩面行动实施方案) sets about 0.1% of total cost, floating with accidents and use of the fund; "
                "Order 182 of 2013, Art. 8, allows a share of construction cost where payroll cannot be determined. This review takes {rate:permille} as the "
                "rate in force.",
                rate=review.current_rate,
            ),
            t(
                "Premium comes at once, claims over years, pensions over decades: cash balance in a year says little of whether the premium of that year's "
                "projects is enough."
            ),
            Heading(t("Benefits")),
            t("What the fund pays is set by formula, except treatment, rehabilitation, devices, food and travel, which are paid at cost (Art. 30–32)."),
            TableBlock("law_benefits", t("Statutory benefits and who pays them"), _benefits(s)),
            t(
                "Own wage is the average monthly contribution wage of the twelve months before the injury, at least 60% and at most 300% of the pool average "
                "(Art. 64); where it cannot be determined for a project worker, the pool average of the year before may be used (人社部发〔2014〕103号). "
                "Allowances, care and survivor pensions are adjusted from time to time (Art. 40); every long view needs an assumption on that."
            ),
            Heading(t("Rates and floating")),
            t(
                "Rates follow outgo and balance (Art. 8). 人社部发〔2015〕71号 gives eight classes with base rates from 0.2% to 1.9% of payroll and floating in "
                "five steps (50, 80, 100, 120 and 150%; three for class 1). Xinjiang issued a measure on floating rates on 21 August 2020, applied from 2021; "
                "its steps, cycle and treatment of projects were not available to this review and have to be confirmed."
            ),
            Heading(t("Reserve, balance and early warning")),
            t(
                "A reserve for major accidents is held within the balance (Art. 13; 人社部发〔2015〕72号 section 6; Xinjiang Order 182 Art. 5: 10% of last year's "
                "collections). The target of this review is {target:months} of outgo. Base rates were cut by 20% from 18 and by 50% from 24 payable months "
                "(人社部发〔2018〕25号; 国办发〔2019〕13号; 人社部发〔2023〕19号, to the end of 2024); whether the cut is still in force has not been established.",
                target=target,
            ),
        ),
    )  # fmt: skip


def _benefits(s: Source) -> pd.DataFrame:
    t = s.t
    fund, employer = t("Fund"), t("Employer")
    rows = (
        (t("Disability lump sum"), t("Grades 1 to 10: 27, 25, 23, 21, 18, 16, 13, 11, 9, 7 months of own wage"), fund, "35–37"),
        (t("Disability allowance, grades 1–4"), t("90, 85, 80, 75% of own wage a month, not below the minimum wage"), fund, "35"),
        (t("Disability allowance, grades 5–6"), t("70, 60% of own wage a month where no suitable job can be given"), employer, "36"),
        (t("Care allowance"), t("50, 40, 30% of the pool average wage by need of care"), fund, "34"),
        (t("Medical lump sum on leaving, grades 5–10"), t("set by the province"), fund, "36–37"),
        (t("Employment lump sum on leaving, grades 5–10"), t("set by the province"), employer, "36–37"),
        (t("Funeral grant"), t("6 months of the pool average wage"), fund, "39"),
        (t("Survivor pension"), t("spouse 40%, other dependants 30% each, orphan or lone elder +10%; together at most the own wage"), fund, "39"),
        (t("Death lump sum"), t("20 times last year's national disposable income per urban head"), fund, "39"),
        (t("Treatment, rehabilitation, devices"), t("at cost, within the catalogues"), fund, "30, 32"),
        (t("Wage during suspension of work"), t("as before the injury, up to 12 and at most 24 months"), employer, "33"),
    )  # fmt: skip
    return pd.DataFrame(rows, columns=["benefit", "standard", "payer", "article"])


def data(s: Source) -> Section:
    """Section 3: sources with counts, controls and reconciliation, defects, reliance."""
    review, t = s.review, s.t
    book = review.book
    marks = ", ".join(word(m, t) for m in book.marks)
    blocks: list[Block] = [
        Heading(t("Sources")),
        t(
            "The review rests on the book {name}, which holds {levels}; its fingerprint (SHA-256 of all imports that stand) begins with {fingerprint}.",
            name=shown_book(book.name, t),
            levels=("、" if t.language == "zh" else ", ").join(t.say(LEVELS[level]) for level in book.levels),
            fingerprint=book.fingerprint[:16],
        ),
        *([t("Some of its figures are not official: {marks}.", marks=marks)] if marks else []),
        *(
            [t("The book is synthetic: it was made by the program from a known truth to try it out.")]
            if book.synthetic
            else []
        ),
    ]
    read = s.frame("sources")
    if read is not None:
        blocks += [
            t(
                "{place} lists what was read. Every row keeps its import; importing a file twice adds nothing.",
                place=see("table", "sources"),
            ),
            TableBlock(
                "sources", s.tables["sources"].title, read.assign(target=[table_name(n, t) for n in read["target"]]), 20
            ),
        ]
    blocks.append(Heading(t("Controls and reconciliation to the accounts")))
    known = review.accounts.dropna(subset=["difference_yuan"])
    if len(known):
        worst = float(known["difference_yuan"].abs().max())
        blocks.append(
            t(
                "In {count} years the balance can be rolled forward: last balance plus income less outgo. The largest difference is {worst:money}.",
                count=len(known), worst=worst,
            )
        )  # fmt: skip
    else:
        blocks.append(t("The balance of no two neighbouring years is known: the accounts cannot be rolled forward."))
    blocks += s.block("accounts", 15)
    if "quality" in s.tables:
        blocks += [
            t("The program's checks of the data found the following; nothing was corrected."),
            *s.block("quality", 25),
        ]
    blocks.append(Heading(t("Reservations")))
    if review.warnings:
        blocks += [
            t("What the data cannot answer, and what was done in its place:"),
            Points(tuple(map(t.say, review.warnings))),
        ]
    else:
        blocks.append(t("The program has found nothing in the data that had to be replaced by an assumption."))
    blocks += [
        Heading(t("Reliance")),
        t(
            "The data were taken as the fund gave them. The program tests their form and their consistency, not their truth; the signing actuary states in "
            "{place} how far they may be relied upon.",
            place=see("section", "opinion"),
        ),
    ]
    return Section("data", t("Data"), tuple(blocks))
