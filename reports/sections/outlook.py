"""Reconciliation, actual against expected, sensitivity and stress, options: sections 9 to 12."""

from __future__ import annotations

import pandas as pd

from analysis import charts
from analysis.hindsight.actual_expected import COUNTS
from analysis.language import Translator
from analysis.questions.asked import STRESS_PATHS
from analysis.questions.options import EXAMPLE_COST
from analysis.rate_review import RateReview
from analysis.verdict import falls_short
from analysis.words import word
from models.messages import Message
from reports.blocks import Block, Chart, Heading, Points, Section, TableBlock, see
from reports.sections.source import Source


def reconciliation(s: Source) -> Section:
    """Section 9: the last indicated rate to this one, driver by driver."""
    review, t = s.review, s.t
    title = t("Reconciliation with the last review")
    if review.previous_rate is None:
        return Section(
            "reconciliation",
            title,
            (
                t(
                    "There is no earlier review to compare with: this is the first, or the review.json of the last one was not given."
                ),
                t(
                    "The review.json of this review is to be kept: the next one will explain its change against it, driver by driver."
                ),
            ),
        )
    change = sum(c.amount for c in review.change_decomposition)
    largest = max(review.change_decomposition, key=lambda c: abs(c.amount))
    return Section(
        "reconciliation",
        title,
        (
            t(
                "The indicated rate was {before:permille.3} at the last review and is {after:permille.3} now, a change of {change:permille.3}. The largest driver is "
                "{driver} ({amount:permille.3}); the drivers of {place} sum exactly to the change.",
                before=review.previous_rate, after=review.previous_rate + change, change=change, driver=word(largest.driver, t),
                amount=largest.amount, place=see("table", "change"),
            ),
            *s.block("change"),
        ),
    )  # fmt: skip


def actual_expected(s: Source) -> Section:
    """Section 10: what was said at past year-ends beside what came."""
    t, known = s.t, s.frame("backtest")
    title = t("Actual against expected")
    closed = _closed_year(s)
    if known is None:
        said = t("Too few years are known to compare earlier expectations with what came; five are needed.")
        return Section("actual_expected", title, (said, *closed))
    latest = known[known["period"] == known["period"].max()].sort_values("stood_at").groupby("series").tail(1)
    sentences = tuple(
        t(
            "{series} of {period}: median {expected:money} as seen at the end of {stood}, came {actual:money} ({change:percent}); {inside}.",
            series=word(row.series, t), period=row.period, expected=row.p50, stood=row.stood_at, actual=row.actual,
            change=row.actual / row.p50 - 1, inside=t("inside the 90% interval") if row.inside_90 else t("outside the 90% interval"),
        )
        for row in latest.itertuples()
    )  # fmt: skip
    return Section(
        "actual_expected",
        title,
        (
            t(
                "Standing at each past year-end with what was known then, {share:percent.0} of {count} later outcomes lay inside the 90% intervals and {half:percent.0} "
                "inside the 50% intervals. They overlap in time and are no independent trials.",
                share=float(known["inside_90"].mean()), count=len(known), half=float(known["inside_50"].mean()),
            ),
            Points(sentences),
            TableBlock("backtest", t("What would have been said at past year-ends, and what came"), _row_by_row(known.tail(16), "series", t)),
            *closed,
        ),
    )  # fmt: skip


def _closed_year(s: Source) -> list[Block]:
    """The closed year beside what the review a year earlier expected of it."""
    t, known = s.t, s.frame("actual_expected")
    if known is None:
        return []
    outside = known[known["light"] != "green"]
    return [
        t(
            "{place} sets the closed year beside what the review a year earlier would have expected; {count} of {all} items lie outside their 90% interval.",
            place=see("table", "actual_expected"), count=len(outside), all=len(known),
        ),
        *([t("Expected is there the mean of the whole review as it stood then; {place} continues past totals by their growth alone and gives the median, so that the two differ.",
             place=see("table", "backtest"))] if s.frame("backtest") is not None else []),
        TableBlock("actual_expected", t("Actual against expected in the closed year"), _row_by_row(known, "item", t)),
    ]  # fmt: skip


def _row_by_row(frame: pd.DataFrame, of: str, t: Translator) -> pd.DataFrame:
    """Return a table whose rows are of different kinds (persons, yuan) or sizes with its figures as text, each with its own unit."""
    figures = [c for c in ("expected", "p05", "p25", "p50", "p75", "p95", "actual") if c in frame]
    counted = frame[of].isin(COUNTS)
    return frame.assign(
        **{c: [t.integer(v) if n else t.money(v) for v, n in zip(frame[c], counted, strict=True)] for c in figures}
    )


def sensitivity(s: Source) -> Section:
    """Section 11: early warning, single changes, stresses, what would break the fund."""
    review, t = s.review, s.t
    blocks: list[Block] = []
    warning = s.frame("early_warning")
    if warning is not None:
        red, amber = ((warning["state"] == state).sum() for state in ("red", "amber"))
        blocks += [
            Heading(t("Early warning")),
            t("Of {count} indicators of the last years and the outlook {red} stand at red and {amber} at amber (人社部发〔2015〕72号 section 6).",
              count=len(warning), red=int(red), amber=int(amber)),
            *s.block("early_warning"),
        ]  # fmt: skip
    table = s.frame("stress")
    if table is not None:
        base, worst = table[table["case"] == "base"].iloc[0], table.sort_values("closing_yuan").iloc[0]
        fewer = float(base["closing_yuan"]) != float(review.fund["balance_p50"].iloc[-1])
        blocks += [
            Heading(t("Stress scenarios")),
            t("Each case is simulated with the same random numbers as the base, so that differences carry no noise of their own."),
            t(
                "The worst for the balance is: {case}. It closes at {closing:money} instead of {base:money}; the probability of solvency is {probability:percent} "
                "instead of {before:percent}.",
                case=word(worst["case"], t), closing=worst["closing_yuan"], base=base["closing_yuan"], probability=worst["probability"],
                before=base["probability"],
            ),
            *([t("To save time they run on {paths:integer} paths, the fund ahead on {all:integer}: their base differs from it by chance.", paths=STRESS_PATHS, all=review.scenario.paths)] if fewer else []),
            *s.block("stress"),
            Chart("stress", t("Median balance at the end of the horizon by stress"), charts.stress(review, t)),
        ]  # fmt: skip
    single = s.frame("tornado")
    if single is not None:
        swing = (single["closing_high_yuan"] - single["closing_low_yuan"]).abs()
        most = single.loc[swing.idxmax()]
        blocks += [
            Heading(t("Single drivers")),
            t(
                "Each driver is moved alone by its own uncertainty. The balance hangs most on {driver}: between its low and its high value the median closing balance "
                "differs by {swing:money}.",
                driver=word(most["driver"], t).lower(), swing=float(swing.max()),
            ),
            *s.block("tornado", 30),
        ]  # fmt: skip
    reverse = [*s.block("reverse_stress"), *s.block("joint_reverse_stress")]
    if reverse and review.probability_solvent < 0.5:
        blocks += [
            Heading(t("What would save the fund")),
            t("At this rate the fund is more likely than not to fall below its floor: asked is the smallest change that saves it."),
            t("The smallest lasting change of each driver alone, and of all together, at which keeping the floor becomes more likely than not; — means that no change up to its bound does."),
            *reverse,
        ]  # fmt: skip
    elif reverse:
        blocks += [
            Heading(t("What it takes to break the fund")),
            t("The smallest lasting shock of each driver alone, and of all together, that makes failure more likely than not; — means that no shock up to its bound does."),
            *reverse,
        ]  # fmt: skip
    return Section("sensitivity", t("Sensitivity and stress"), tuple(blocks))


def options(s: Source) -> Section:
    """Section 12: the options, what each does to the fund and to payers, and what follows from the figures."""
    review, t = s.review, s.t
    blocks: list[Block] = [
        Heading(t("The options and their effect on the fund")),
        t("Each option is shown with what it does to the fund and to a payer. The choice is the fund's."),
        *s.block("options"),
    ]
    blocks += s.block("rate_paths")
    if "payers" in s.tables:
        indicated = EXAMPLE_COST * review.best.rate
        blocks += [
            Heading(t("Effect on payers: worked examples")),
            t(
                "A project of 100 million yuan pays {now:money} at the rate in force and would pay {then:money} at the indicated rate: {more:money} more, or "
                "{share:percent.3} of its total cost.",
                now=EXAMPLE_COST * review.current_rate, then=indicated, more=indicated - EXAMPLE_COST * review.current_rate,
                share=review.best.rate - review.current_rate,
            )
            if indicated >= EXAMPLE_COST * review.current_rate
            else t(
                "A project of 100 million yuan pays {now:money} at the rate in force and would pay {then:money} at the indicated rate: {less:money} less.",
                now=EXAMPLE_COST * review.current_rate, then=indicated, less=EXAMPLE_COST * review.current_rate - indicated,
            ),
            *s.block("payers"),
        ]  # fmt: skip
    blocks += [Heading(t("What follows from the figures")), *map(t.say, follows(review))]
    return Section("options", t("Options and recommendation"), tuple(blocks))


def follows(review: RateReview) -> tuple[Message, ...]:
    """Return what the figures say about the rate by a fixed rule; the decision is the fund's."""
    best, current, wanted = review.best, review.current_rate, review.scenario.solvency_level
    figures = {"current": current, "rate": best.rate, "wanted": wanted, "probability": review.probability_solvent}
    if best.low > current:
        said = Message(
            "The whole 90% interval lies above the rate in force: the figures speak for raising it towards {rate:permille}, in one step or, to spare payers, in two.",
            figures,
        )
    elif best.high < current and falls_short(review):
        said = Message(
            "The whole 90% interval lies below the rate in force, but at the rate tested the balance is not safe enough: the figures do not call for a cut.",
            figures,
        )
    elif best.high < current:
        said = Message(
            "The whole 90% interval lies below the rate in force: the figures allow a cut towards {rate:permille}, as long as the balance stays at its target.",
            figures,
        )
    else:
        said = Message(
            "The 90% interval includes the rate in force: the figures alone do not call for a change; keep {current:permille} and review again when another year is known.",
            figures,
        )
    sure = (
        Message(
            "At the rate tested the fund keeps its floor with {probability:percent}, not less than the {wanted:percent.0} wanted.",
            figures,
        )
        if review.probability_solvent >= wanted
        else Message(
            "At the rate tested the fund keeps its floor with {probability:percent} only, less than the {wanted:percent.0} wanted.",
            figures,
        )
    )
    return (
        said,
        sure,
        Message("This is arithmetic, not a decision: law, payers and timing are for the authority to weigh."),
    )
