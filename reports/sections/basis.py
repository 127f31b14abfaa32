"""Exposure and experience, assumptions, method: sections 4 to 6."""

from __future__ import annotations

import pandas as pd

from analysis import charts
from analysis.parameter_table import assumption_rows, weakest_first
from models.messages import Message
from reports.blocks import Block, Chart, Heading, Points, Section, TableBlock, see
from reports.sections.source import Source


def experience(s: Source) -> Section:
    """Section 4: exposure, cases, cost by year; development; what is still to be paid."""
    t, review = s.t, s.review
    frame = s.frame("experience")
    blocks: list[Block] = [Heading(t("Exposure and cases"))]
    if frame is None:
        blocks += [
            t("The book holds accounts only: total cost enrolled, cases and their cost are not known."),
            s.missing(Message("exposure, frequency and severity")),
            *_accounts_growth(s),
        ]
        return Section("experience", t("Exposure and experience"), tuple(blocks))
    frame = frame[frame["exposure_yuan"] > 0]
    first, last = frame.iloc[0], frame.iloc[-1]
    cases, deaths = (float(frame[c].sum(min_count=1)) for c in ("cases", "deaths"))
    cost, per_yi = float(frame["exposure_yuan"].sum()), frame["cases"] / frame["exposure_yuan"] * 1e8
    blocks.append(
        t(
            "From {first} to {last} {cost:money} of total cost was enrolled; in {last} {units:integer} contractors enrolled {latest:money}.",
            first=first["period"], last=last["period"], cost=cost, units=float(last["units"]), latest=float(last["exposure_yuan"]),
        )
    )  # fmt: skip
    if cases == cases:
        blocks.append(
            t(
                "The book knows {cases:integer} cases in these years: {frequency:number.2} per 100 million yuan of total cost, by year between {low:number.2} and "
                "{high:number.2}.",
                cases=cases, frequency=cases / cost * 1e8, low=float(per_yi.min()), high=float(per_yi.max()),
            )
        )  # fmt: skip
    blocks.append(
        t(
            "{deaths:integer} of them were deaths, {rate:number.3} per 100 million yuan of total cost.",
            deaths=deaths, rate=deaths / cost * 1e8,
        )
        if deaths == deaths
        else t("How many of them were deaths the book does not say.")
    )  # fmt: skip
    blocks += [*s.block("experience", 20), *s.block("on_level", 20)]
    development = s.frame("development")
    blocks.append(Heading(t("Cost of accidents, developed to ultimate")))
    if development is None:
        return Section(
            "experience",
            t("Exposure and experience"),
            (*blocks, s.missing(Message("the development of cost from payment to payment"))),
        )
    total = float((development["ultimate_yuan"] + development["capital_yuan"]).sum())
    blocks += [
        t(
            "Of {total:money} that the accidents of all years will have cost in the end, {paid:money} without pensions has been paid and {capital:money} is "
            "the capital value of pensions. Immature years are developed before anything is compared: what was paid to date of the last years says little.",
            total=total, paid=float(development["paid_yuan"].sum()), capital=float(development["capital_yuan"].sum()),
        ),
        *s.block("development", 20),
        Chart("development", t("Cost of accidents by injury year: paid, still to be paid, pensions"), charts.development(review, t)),
    ]  # fmt: skip
    return Section("experience", t("Exposure and experience"), tuple(blocks))


def _accounts_growth(s: Source) -> list[str]:
    known = s.review.accounts.dropna(subset=["revenue_yuan", "expenditure_yuan"])
    if len(known) < 2:
        return []
    first, last = known.iloc[0], known.iloc[-1]
    years = int(last["period"][:4]) - int(first["period"][:4])

    def growth(column: str) -> float:
        return float((last[column] / first[column]) ** (1 / years) - 1)

    return [
        s.t(
            "What the accounts do show: from {first} to {last} income grew by {income:percent} and outgo by {outgo:percent} a year.",
            first=first["period"], last=last["period"], income=growth("revenue_yuan"), outgo=growth("expenditure_yuan"),
        )
    ]  # fmt: skip


OWNERS = {
    "official": Message("law: follows the document"),
    "reprint": Message("fund manager: compare with the original"),
    "derived": Message("fund manager: confirm the figures behind it"),
    "unverified": Message("fund manager: find the document"),
    "assumption": Message("signing actuary"),
}
"""Who has to answer for a value, by its mark."""


def assumptions(s: Source) -> Section:
    """Section 5: every parameter used, with value, mark, basis, owner and its change from the last review."""
    review, t = s.review, s.t
    marks = [a.mark for a in weakest_first(review.assumptions)]
    table = assumption_rows(review.assumptions, t).assign(owner=[t.say(OWNERS[mark]) for mark in marks])[
        ["name", "value", "unit_of_value", "mark", "owner", "reference"]
    ]
    counts = pd.Series(marks).value_counts()
    growth = review.scenario.growth
    blocks: list[Block] = [
        Heading(t("How values are chosen and who answers for them")),
        t(
            "The result depends on {count} parameters: {official} from official documents, {reprint} from reprints, {derived} derived, {unverified} not verified "
            "and {assumption} assumed. {place} lists them, the weakest first, each with what it rests on and who has to answer for it.",
            count=len(marks), place=see("table", "assumptions"),
            **{mark: int(counts.get(mark, 0)) for mark in ("official", "reprint", "derived", "unverified", "assumption")},
        ),
        t("An assumed or unverified value is to be replaced by the fund's own experience as soon as that is long enough."),
        Heading(t("Economic assumptions")),
        t(
            "Construction cost grows by {construction:percent} a year in the long run, wages by {wages:percent}, medical prices by {medical:percent}; pensions are "
            "raised by {indexation:percent} a year. The balance earns {interest:percent}; future payments are discounted at {discount:percent}.",
            construction=growth.construction, wages=growth.wages, medical=growth.medical, indexation=review.scenario.indexation,
            interest=review.scenario.interest_rate, discount=review.scenario.discount_rate,
        ),
        Heading(t("Changes from the last review")),
    ]  # fmt: skip
    changed = s.block("assumption_changes")
    if changed:
        blocks += [t("These values differ from those of the last review:"), *changed]
    elif review.previous_rate is None:
        blocks.append(t("No earlier review was given, so that no change can be shown."))
    else:
        blocks.append(t("No value differs from that of the last review."))
    blocks += [
        Heading(t("The parameters")),
        TableBlock("assumptions", t("Parameters and assumptions"), table, 200),
    ]
    return Section("assumptions", t("Assumptions"), tuple(blocks))


def method(s: Source) -> Section:
    """Section 6: in words what is done; the formulas are in the annex."""
    review, t = s.review, s.t
    bases = [t("Pay-as-you-go: the premium of a year pays the outgo of that year.")]
    if "terminal_funding" in review.indicated:
        bases.append(t("Terminal funding: pensions enter with their capital value in the year in which they start."))
    if "full_funding" in review.indicated:
        bases.append(
            t(
                "Full funding: the premium of a year's projects pays everything that these projects will ever cost, discounted."
            )
        )
    blocks: list[Block] = [
        Heading(t("Break-even on each financing basis")),
        t(
            "A rate breaks even when premium, less what goes to prevention and administration, equals cost. What counts as cost depends on the financing basis:"
        ),
        Points(tuple(bases)),
    ]
    if s.level() >= 3:
        blocks += [
            Heading(t("From payments to the cost of accidents")),
            t(
                "Projects, accidents and payments are cohorts by quarter: total cost is earned along working days with a winter stop, earned cost brings accidents, an accident "
                "pays by the pattern of each benefit, and a pension runs on by life table and indexation. The three rates come from the same cohorts."
            ),
            t(
                "By injury year payments are developed by the Cape Cod method with the spread of Mack; pensions enter with their capital value."
            ),
            t(
                "By prefecture, type and size a cell's own rate is weighted with that of the whole by Bühlmann-Straub credibility; the credible rates collect what the whole needs."
            ),
        ]
    elif s.level() == 2:
        blocks += [
            Heading(t("From experience to the rate")),
            t(
                "Cost by contractor and year is taken as the book has it and carried to the year of the rate; the interval lets the years of one contractor be alike."
            ),
        ]
    blocks += [
        Heading(t("The fund ahead")),
        t(
            "The fund is simulated on {paths:integer} paths (seed {seed}): growth learnt from the past fades into the assumed long run; process, parameter, "
            "economic and catastrophe risk are drawn with common random numbers.",
            paths=review.scenario.paths, seed=review.scenario.seed,
        ),
        t("On each path the balance is linear in the base rate, so that one pass gives the exact rate that the path requires; their distribution is the solvency curve."),
        Heading(t("Consistency and formulas")),
        t("The same book, scenario and parameters stand behind every figure of this report. The formulas, each with its source, what it assumes and where it fails, are in {place}.",
          place=see("section", "annex")),
    ]  # fmt: skip
    return Section("method", t("Method"), tuple(blocks))
