"""Results and floating rates: sections 7 and 8."""

from __future__ import annotations

import pandas as pd

from analysis import charts
from analysis.fund.words import BASIS_NAMES
from analysis.plans.words import plan_title, spoken
from analysis.words import word
from models.messages import Message
from reports.blocks import Block, Chart, Heading, Points, Section, TableBlock, see
from reports.sections.source import Source

YEARS_SHOWN = (1, 5, 10, 20, 30)


def results(s: Source) -> Section:
    """Section 7: indicated rates, their parts and cells, the solvency curve, the fund ahead, the balance sheet."""
    blocks = [*_indicated(s), *_cells(s), *_solvency(s), *_ahead(s), *_balance_sheet(s)]
    return Section("results", s.t("Results"), tuple(blocks))


def _indicated(s: Source) -> list[Block]:
    review, t = s.review, s.t
    blocks: list[Block] = [
        Heading(t("Indicated rate")),
        *(
            t(
                "{basis}: {rate:permille}, with 90% probability between {low:permille} and {high:permille}; that is {change:percent} against the rate in force.",
                basis=BASIS_NAMES[name], rate=one.rate, low=one.low, high=one.high, change=one.rate / review.current_rate - 1,
            )
            for name, one in review.indicated.items()
        ),
        *s.block("indicated"),
        *s.block("payroll"),
        Chart("indicated", t("Indicated rate by financing basis"), charts.indicated_rates(review, t)),
    ]  # fmt: skip
    if "full_funding" not in review.indicated:
        blocks.append(s.missing(Message("the cost of accidents by year of accident")))
    blocks.append(Heading(t("What the rate is made of")))
    best = review.best
    parts = best.parts.sort_values("rate", ascending=False)
    largest = parts.iloc[0]
    blocks.append(
        t(
            "On {basis} the largest part is {part}: {rate:permille} or {share:percent} of the rate.",
            basis=t.say(BASIS_NAMES[best.basis]).lower(), part=word(largest["part"], t).lower(), rate=float(largest["rate"]), share=float(largest["rate"]) / best.rate,
        )
    )  # fmt: skip
    by_basis = [one.parts.set_index("part")["rate"].rename(name) for name, one in review.indicated.items()]
    together = pd.concat(by_basis, axis=1).fillna(0.0)
    together.loc[t("Total")] = together.sum()
    caption = t("Parts of the rate by financing basis")
    return [*blocks, TableBlock("parts", caption, together.rename_axis("part").reset_index())]


def _cells(s: Source) -> list[Block]:
    review, t = s.review, s.t
    blocks: list[Block] = [Heading(t("By prefecture, type and size"))]
    best = max((b for b, one in review.indicated.items() if one.by), key=list(review.indicated).index, default="")
    found = [
        (best, d, f)
        for d, f in (review.indicated[best].by.items() if best else ())
        if f"{best}_{d}" in s.tables and len(f)
    ]
    if not found:
        return [*blocks, s.missing(Message("how rates differ by prefecture, type and size"))]
    blocks.append(
        t(
            "Low and high are the 90% interval of a cell's own rate; its credible rate lies between the own rate and that of the whole."
        )
    )
    for basis, dimension, frame in found:
        ordered = frame.sort_values("rate")
        low, high = ordered.iloc[0], ordered.iloc[-1]
        blocks += [
            t(
                "{dimension}: the cells differ no more than chance would have it; each takes the rate of the whole.",
                dimension=word(dimension, t),
            )
            if frame["credibility"].max() == 0
            else t(
                "{dimension}: credible rates run from {low:permille} ({lowest}) to {high:permille} ({highest}); credibility is at most {credibility:percent.0}.",
                dimension=word(dimension, t), low=float(low["rate"]), lowest=word(low["level"], t), high=float(high["rate"]),
                highest=word(high["level"], t), credibility=float(frame["credibility"].max()),
            ),
            *s.block(f"{basis}_{dimension}", 20),
        ]  # fmt: skip
    basis, dimension, frame = found[0]
    caption = t("Credible rates by {dimension}", dimension=word(dimension, t).lower())
    return [*blocks, Chart(f"cells_{dimension}", caption, charts.cells(review, dimension, frame, t))]


def _solvency(s: Source) -> list[Block]:
    review, t = s.review, s.t
    scenario = review.scenario
    return [
        Heading(t("How sure the rate is")),
        t(
            "At {rate:permille} the fund stays at or above its floor ({floor:months} of outgo) through {years} years with probability {probability:percent}; "
            "{figure} shows that probability at every rate, {place} the rate that a wanted probability needs.",
            rate=scenario.base_rate, floor=scenario.floor_payable_months, years=scenario.horizon_years, probability=review.probability_solvent,
            figure=see("figure", "solvency"), place=see("table", "required_rate"),
        ),
        Chart("solvency", t("Solvency curve"), charts.solvency_curve(review, t)),
        *s.block("required_rate"),
    ]  # fmt: skip


def _ahead(s: Source) -> list[Block]:
    review, t = s.review, s.t
    fund, flows = review.fund, review.flows
    said = [
        t(
            "At the end of {period} (year {years}) the balance is {median:money} in the middle, between {low:money} and {high:money} with 90% "
            "probability; it pays {months:months}; by then it has been below the floor with probability {below:percent}.",
            period=row["period"], years=year, median=row["balance_p50"], low=row["balance_p05"], high=row["balance_p95"],
            months=row["payable_months_p50"],
            below=row["probability_below_floor"],
        )
        for year in YEARS_SHOWN if year <= len(fund) for row in [fund.iloc[year - 1]]
    ]  # fmt: skip
    first = flows.iloc[0]
    return [
        Heading(t("The fund ahead")),
        t(
            "In {period} {premium:money} of premium is expected and {outgo:money} of outgo: {ratio:percent.0} of premium.",
            period=first["period"], premium=first["collections_yuan"], outgo=first["outgo_yuan"],
            ratio=first["outgo_yuan"] / first["collections_yuan"] if first["collections_yuan"] else float("inf"),
        ),
        Points(tuple(said)),
        Chart("fund", t("Balance ahead: median, 50% and 90% bands"), charts.fund_fan(review, t)),
        *s.block("fund", 50),
        *s.block("flows", 50),
        Chart("months", t("Payable months, past and ahead"), charts.payable_months(review, t)),
        *_by_benefit(s),
        *(b for name in ("premium", "reserve") for b in s.block(name, 50)),
    ]  # fmt: skip


PENSIONS = ("disability_allowance_yuan", "care_allowance_yuan", "survivor_pension_yuan")


def _by_benefit(s: Source) -> list[Block]:
    """Outgo by benefit and by cohort, and the pensioners: what a ledger book knows."""
    t, outgo, now = s.t, s.frame("outgo_by_benefit"), s.frame("pensioners")
    if outgo is None or now is None:
        return []
    share = outgo[[c for c in PENSIONS if c in outgo]].sum(axis=1) / outgo["total_yuan"]
    return [
        Heading(t("Outgo by benefit, and the pensioners")),
        t(
            "{count:integer} pensions are in payment, {monthly:money} a month, with a capital value of {capital:money}. Pensions are {before:percent.0} of outgo in {first} "
            "and {after:percent.0} in {last}: they pile up for decades before they level out.",
            count=float(now["pensioners"].sum()), monthly=float(now["monthly_yuan"].sum()), capital=float(now["capital_yuan"].sum()),
            before=float(share.iloc[0]), after=float(share.iloc[-1]), first=outgo["period"].iloc[0], last=outgo["period"].iloc[-1],
        ),
        *(b for name in ("outgo_by_benefit", "cohorts", "pensioners", "pensioners_ahead") for b in s.block(name, 50)),
    ]  # fmt: skip


def _balance_sheet(s: Source) -> list[Block]:
    review, t = s.review, s.t
    blocks: list[Block] = [Heading(t("Balance sheet on full funding"))]
    sheet = review.balance_sheet
    if sheet is None:
        return [*blocks, s.missing(Message("what has been promised and not yet paid"))]
    amounts = dict(zip(sheet["item"], sheet["amount_yuan"], strict=True))
    assets, surplus = float(amounts["assets"]), float(amounts["surplus"])
    sentence = (
        t(
            "The balance of {assets:money} covers {share:percent.0} of what is owed: {deficit:money} is missing. Cash is no shortage today; the gap is what later "
            "premium would have to pay for accidents that have already happened.",
            assets=assets, share=assets / (assets - surplus), deficit=-surplus,
        )
        if surplus < 0
        else t("The balance of {assets:money} exceeds what is owed by {surplus:money}.", assets=assets, surplus=surplus)
    )  # fmt: skip
    return [
        *blocks,
        sentence,
        *s.block("balance_sheet"),
        *s.block("balance_sheet_forward", 51),
        *s.block("liabilities", 50),
    ]


def floating(s: Source) -> Section:
    """Section 8: what floating does: steps, balance, prediction, who moves, which plan; what it cannot see."""
    review, t = s.review, s.t
    title = t("Floating rates: implementation and effect")
    one = review.floating
    if one is None:
        said = s.missing(Message("the implementation and effect of floating"))
        return Section("floating", title, (Heading(t("Distribution of steps")), said, *_concealment(s)))
    steps = one.steps
    up, down = steps[steps["multiplier"] > 1], steps[steps["multiplier"] < 1]
    blocks: list[Block] = [
        Heading(t("Distribution of steps")),
        t(
            "Under the plan “{plan}” {up:integer} contractors with {up_share:percent} of premium would pay more than the base rate and {down:integer} with "
            "{down_share:percent} less.",
            plan=plan_title(one.plan, t), up=float(up["contractors"].sum()), up_share=float(up["premium_share"].sum()),
            down=float(down["contractors"].sum()), down_share=float(down["premium_share"].sum()),
        ),
        TableBlock("steps", t("Contractors and premium by step"), steps),
        Chart("steps", t("Share of premium by step"), charts.floating_steps(review, t)),
        *(spoken(w, t) for w in one.warnings),
        Heading(t("Balance of the plan")),
        t(
            "After floating the fund collects {factor:percent} of the premium at the base rate; multiplying the base rate by {restore:number.4} restores the balance.",
            factor=one.off_balance, restore=1 / one.off_balance,
        ),
        t("This is the first year of the plan, in which every contractor starts at 100%. Later years start from the steps reached, and the balance moves on: the page Floating rates shows it had the plan been in force over all years of the book."),
    ]  # fmt: skip
    if len(one.quintiles):
        first, last = one.quintiles["loss_ratio_before"].iloc[0], one.quintiles["loss_ratio_before"].iloc[-1]
        after_first, after_last = one.quintiles["loss_ratio_after"].iloc[0], one.quintiles["loss_ratio_after"].iloc[-1]
        blocks += [
            Heading(t("Does it find the bad risks?")),
            t(
                "Multipliers from the years before, losses of the last year: the fifth of premium with the highest multipliers had {before:number.2} times the "
                "benefit-to-premium ratio of the lowest fifth before floating and {after:number.2} times after it. The nearer to 1 after floating, the fairer.",
                before=last / first if first > 0 else float("nan"), after=after_last / after_first if after_first > 0 else float("nan"),
            ),
            TableBlock("quintiles", t("Quintile test: loss ratio before and after floating"), one.quintiles),
            Chart("quintiles", t("Loss ratio by fifth of the multiplier"), charts.quintiles(review, t)),
        ]  # fmt: skip
    if len(one.movers):
        blocks += [
            Heading(t("Who moves")),
            t("The largest changes in premium, the base rate corrected so that the fund collects the same:"),
            TableBlock("movers", t("Largest changes in premium"), one.movers.head(15)),
        ]
    if "plans" in s.tables:
        blocks += [
            Heading(t("Plans side by side")),
            t("Each plan on the same contractors; no winner is declared where the intervals overlap."),
            *s.block("plans", 40),
        ]
    return Section("floating", title, (*blocks, *_concealment(s)))


def _concealment(s: Source) -> list[Block]:
    t = s.t
    return [
        Heading(t("Risk of concealment")),
        t(
            "A surcharge is a reason not to report. Korea reduced its experience rates to ±20% for all sizes from 2019, giving among its reasons that small firms hid "
            "accidents. Floating is therefore to be watched beside the ratio of slight to grave cases: where slight cases fall and deaths do not, reporting has "
            "changed and not safety."
        ),
    ]
