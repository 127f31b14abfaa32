"""Slides for leadership: one finding a slide as its title, native charts that PowerPoint can edit, the defence of each number in the notes, the ask last."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

from pptx.chart.data import CategoryChartData, XyChartData
from pptx.enum.chart import XL_CHART_TYPE, XL_TICK_LABEL_POSITION

from analysis.book_words import shown_book
from analysis.fund.words import BASIS_NAMES
from analysis.language import Translator
from analysis.plans.words import plan_title, spoken
from analysis.rate_review import RateReview
from analysis.words import word
from models.messages import Message
from reports import content
from reports.blocks import Grid, Section, TableBlock, numbered
from reports.sections.outlook import follows
from reports.slide_deck import Deck, highlighted, in_percent, labels_outside, painted

WORST_SHOWN = 8
Slide = Callable[[Deck, RateReview, Translator], None]


def write_slides(review: RateReview, out: Path, t: Translator) -> Path:
    """Write ``review.pptx`` into a folder: eight or nine slides, the ask at the end."""
    deck = Deck(
        content.title(review, t), review.valuation_date, content.notice(review, t), content.stamp(review, t), t.language
    )
    slides: list[Slide] = [_cover, _rates, _certainty, _fund]
    if review.balance_sheet is not None:
        slides.append(_owed)
    elif review.payable_months == review.payable_months:  # the balance is known
        slides.append(_months)
    slides += [_floating] if review.floating is not None else []
    slides += [_worst] if "stress" in review.tables else []
    slides += [_options] if "options" in review.tables else []
    for make in (*slides, _ask):
        make(deck, review, t)
    return deck.save(out / "review.pptx")


def _scale(largest: float, t: Translator) -> tuple[float, str]:
    if t.language == "zh":
        return (1e8, "亿元") if largest >= 1e8 else (1e4, "万元")
    return 1e6, t("¥ million")


def _cover(deck: Deck, review: RateReview, t: Translator) -> None:
    finding = content.summary(review, t)
    slide = deck.slide(
        t("Rate review {year}: work injury insurance by project", year=review.valuation_date.year),
        [*finding, t("Each sentence is computed from the review and stands in section 1 of the report.")],
    )
    deck.text(
        slide,
        [f"{shown_book(review.book.name, t)} · {t.date(review.valuation_date)}", *finding],
        0.9,
        1.9,
        11.5,
        4.6,
        22,
    )


def _rates(deck: Deck, review: RateReview, t: Translator) -> None:
    best, current = review.best, review.current_rate
    notes = [
        t(
            "{basis}: {rate:permille}; 90% interval {low:permille} to {high:permille}.",
            basis=BASIS_NAMES[b],
            rate=i.rate,
            low=i.low,
            high=i.high,
        )
        for b, i in review.indicated.items()
    ]
    defence = [
        t(
            "Rates are gross of prevention; intervals hold the risks that the review draws. Section 7 and the formulas of the annex."
        ),
        t(
            "If asked why the bases differ: cash pays today's claims, full funding pays all that this year's projects will cost."
        ),
    ]
    slide = deck.slide(
        t("Break-even is {rate:permille}; {current:permille} is in force", rate=best.rate, current=current),
        [*notes, *defence],
    )
    data = CategoryChartData(number_format="0.00")
    data.categories = [t("Rate in force"), *(t.say(BASIS_NAMES[b]) for b in review.indicated)]
    data.add_series(
        t("‰ of total cost"), [round(r * 1e3, 6) for r in (current, *(i.rate for i in review.indicated.values()))]
    )
    chart = deck.chart(
        slide, XL_CHART_TYPE.COLUMN_CLUSTERED, data, ("", t("‰ of total cost")), legend=False, labels="0.00"
    )
    painted(chart, ["main"])
    highlighted(chart, {0: "alert"})
    chart.plots[0].gap_width = 80
    chart.value_axis.minimum_scale = 0.0
    deck.beside(slide, notes)


def _certainty(deck: Deck, review: RateReview, t: Translator) -> None:
    scenario = review.scenario
    title = t(
        "At {rate:permille} the floor holds {years} years with {probability:percent.0} probability",
        rate=scenario.base_rate, years=scenario.horizon_years, probability=review.probability_solvent,
    )  # fmt: skip
    needed = [
        t("To be {level:percent.0} sure, the rate has to be {needed:permille}.", level=r.probability, needed=r.rate)
        for r in review.required_rate.itertuples()
    ]
    defence = [
        t(
            "{paths:integer} simulated paths; each has an exact rate that it requires, and the curve is their distribution.",
            paths=scenario.paths,
        ),
        t("Failure means a balance below {floor:months} of outgo in any quarter.", floor=scenario.floor_payable_months),
    ]
    slide = deck.slide(title, [*defence, *needed])
    data = XyChartData(number_format="0.00")
    series = data.add_series(t("Probability"))
    for row in review.solvency_curve.itertuples():
        series.add_data_point(round(row.rate * 1e3, 6), round(row.probability, 6))
    force = data.add_series(t("Rate in force"))
    for height in (0.0, 1.0):
        force.add_data_point(review.current_rate * 1e3, height)
    axes = (t("Base rate (‰ of total cost)"), t("Probability"))
    chart = deck.chart(slide, XL_CHART_TYPE.XY_SCATTER_LINES_NO_MARKERS, data, axes)
    painted(chart, ["main", "alert"])
    chart.value_axis.maximum_scale, chart.value_axis.minimum_scale = 1.0, 0.0
    in_percent(chart)
    chart.category_axis.minimum_scale = 0.0
    chart.category_axis.maximum_scale = round(float(review.solvency_curve["rate"].max()) * 1e3, 1)
    deck.beside(slide, needed)


def _fund(deck: Deck, review: RateReview, t: Translator) -> None:
    fund, last = review.fund, review.fund.iloc[-1]
    scale, unit = _scale(float(fund[["balance_p05", "balance_p95"]].abs().to_numpy().max()), t)
    lines = [
        t(
            "End of {period}: 90% between {low:money} and {high:money}.",
            period=last["period"],
            low=last["balance_p05"],
            high=last["balance_p95"],
        ),
        t("Payable months then: {months:months}.", months=last["payable_months_p50"]),
        t("Below the floor by then with probability {below:percent.0}.", below=last["probability_below_floor"]),
    ]
    defence = t(
        "Growth learnt from the accounts fades into the assumed long run; interest is earned by the quarter (section 7, table of the fund ahead)."
    )
    slide = deck.slide(
        t("By {period} the balance is most likely {median:money}", period=last["period"], median=last["balance_p50"]),
        [*lines, defence],
    )
    data = CategoryChartData(number_format="#,##0.0")
    data.categories = list(fund["period"])
    names = {
        "95%": "balance_p95",
        "75%": "balance_p75",
        t("Median"): "balance_p50",
        "25%": "balance_p25",
        "5%": "balance_p05",
    }
    for name, column in names.items():
        data.add_series(name, [round(v / scale, 6) for v in fund[column]])
    chart = deck.chart(slide, XL_CHART_TYPE.LINE, data, ("", t("Balance ({unit})", unit=unit)))
    painted(chart, ["band", "band", "main", "band", "band"])
    chart.category_axis.tick_label_position = XL_TICK_LABEL_POSITION.LOW
    deck.beside(slide, lines)


def _months(deck: Deck, review: RateReview, t: Translator) -> None:
    known = review.accounts.dropna(subset=["payable_months"])
    target = review.scenario.target_payable_months or 0.0
    title = t(
        "The balance pays {months:months}; the target is {target:months}", months=review.payable_months, target=target
    )
    lines = [
        t("Payable months: balance ÷ (yearly outgo ÷ 12)."),
        t("The median path ends with {months:months}.", months=float(review.fund["payable_months_p50"].iloc[-1])),
    ]
    slide = deck.slide(
        title,
        [
            *lines,
            t(
                "The target follows 人社部发〔2015〕72号: about 9 months where the province pools, about 12 where a prefecture does (to be verified)."
            ),
        ],
    )
    data = CategoryChartData(number_format="0.0")
    data.categories = [*known["period"], *review.fund["period"]]
    nothing: list[float | None] = [None]
    data.add_series(t("Accounts"), [*known["payable_months"].round(4), *nothing * len(review.fund)])
    data.add_series(t("Median path"), [*nothing * len(known), *review.fund["payable_months_p50"].round(4)])
    data.add_series(t("Target payable months"), [target] * (len(known) + len(review.fund)))
    chart = deck.chart(slide, XL_CHART_TYPE.LINE_MARKERS, data, ("", t("Payable months")))
    painted(chart, ["neutral", "main", "good"])
    chart.category_axis.tick_label_position = XL_TICK_LABEL_POSITION.LOW
    deck.beside(slide, lines)


def _owed(deck: Deck, review: RateReview, t: Translator) -> None:
    sheet = review.balance_sheet
    assert sheet is not None
    amounts = dict(zip(sheet["item"], map(float, sheet["amount_yuan"]), strict=True))
    assets, surplus = amounts.pop("assets"), amounts.pop("surplus")
    title = (
        t("The balance covers {share:percent.0} of what is owed", share=assets / (assets - surplus))
        if surplus < 0
        else t("The balance exceeds what is owed by {surplus:money}", surplus=surplus)
    )
    lines = [
        f"{word(item, t)}: {t.money(amount)}"
        for item, amount in (("assets", assets), *amounts.items(), ("surplus", surplus))
    ]
    defence = [
        t(
            "Claims by Cape Cod, pensions by life table with indexation and discount; unearned premium at the rate in force (section 7)."
        ),
        t(
            "A deficit here is no shortage of cash: it is what later premium would have to pay for accidents that have already happened."
        ),
    ]
    slide = deck.slide(title, [*lines, *defence])
    scale, unit = _scale(max(assets, *amounts.values()), t)
    data = CategoryChartData(number_format="#,##0.0")
    data.categories = [t("At hand"), t("Owed")]
    data.add_series(word("assets", t), [assets / scale, None])
    for item, amount in amounts.items():
        data.add_series(word(item, t), [None, amount / scale])
    chart = deck.chart(
        slide, XL_CHART_TYPE.COLUMN_STACKED, data, ("", t("Amount ({unit})", unit=unit)), labels="#,##0.0;;"
    )
    painted(chart, ["good", "band", "accent", "main", "second", "neutral", "alert"][: 1 + len(amounts)])
    chart.plots[0].gap_width = 70
    deck.beside(slide, lines)


def _floating(deck: Deck, review: RateReview, t: Translator) -> None:
    floating = review.floating
    assert floating is not None
    steps = floating.steps
    up, down = steps[steps["multiplier"] > 1], steps[steps["multiplier"] < 1]
    lines = [
        t("{count:integer} contractors above the base rate, with {share:percent.0} of premium.", count=float(up["contractors"].sum()), share=float(up["premium_share"].sum())),
        t("{count:integer} contractors below it, with {share:percent.0} of premium.", count=float(down["contractors"].sum()), share=float(down["premium_share"].sum())),
        t("To collect the same, the base rate has to be multiplied by {factor:number.3}.", factor=1 / floating.off_balance),
    ]  # fmt: skip
    notes = [
        t(
            "Plan {plan} on the book's own contractors; prediction is tested out of sample in section 8.",
            plan=plan_title(floating.plan, t),
        ),
        *(spoken(w, t) for w in floating.warnings),
    ]
    slide = deck.slide(
        t("Floating collects {factor:percent} of the base premium", factor=floating.off_balance), [*lines, *notes]
    )
    data = CategoryChartData(number_format="0%")
    data.categories = [t.percent(m, 0) for m in steps["multiplier"]]
    data.add_series(t("Share of premium"), [round(float(v), 6) for v in steps["premium_share"]])
    chart = deck.chart(
        slide,
        XL_CHART_TYPE.COLUMN_CLUSTERED,
        data,
        (t("Multiplier of the base rate"), t("Share of premium")),
        legend=False,
        labels="0%",
    )
    in_percent(chart)
    painted(chart, ["main"])
    deck.beside(slide, lines)


def _worst(deck: Deck, review: RateReview, t: Translator) -> None:
    table = review.tables["stress"].sort_values("closing_yuan")
    shown = table[table["case"] != "base"].head(WORST_SHOWN)
    base, worst = table[table["case"] == "base"].iloc[0], shown.iloc[0]
    lines = [
        t("Worst: {case}.", case=word(worst["case"], t)),
        t(
            "Base: {closing:money}, solvent with {probability:percent.0}.",
            closing=base["closing_yuan"],
            probability=base["probability"],
        ),
        t(
            "Worst case: {closing:money}, solvent with {probability:percent.0}.",
            closing=worst["closing_yuan"],
            probability=worst["probability"],
        ),
    ]
    slide = deck.slide(
        t("In the worst stress the fund closes at {closing:money}", closing=worst["closing_yuan"]),
        [
            *lines,
            t(
                "Every case meets the same random numbers as the base, so that differences carry no noise of their own (section 11)."
            ),
        ],
    )
    scale, unit = _scale(float(table["closing_yuan"].abs().max()), t)
    rows = [*shown.itertuples(), *table[table["case"] == "base"].itertuples()][::-1]
    data = CategoryChartData(number_format="#,##0.0")
    data.categories = [word(row.case, t) for row in rows]
    data.add_series(
        t("Median closing balance ({unit})", unit=unit), [round(row.closing_yuan / scale, 6) for row in rows]
    )
    chart = deck.chart(
        slide,
        XL_CHART_TYPE.BAR_CLUSTERED,
        data,
        ("", t("Median closing balance ({unit})", unit=unit)),
        legend=False,
        labels="#,##0.0",
    )
    painted(chart, ["main"])
    highlighted(chart, {0: "neutral"})
    labels_outside(chart)
    chart.plots[0].gap_width = 50
    chart.plots[0].series[0].invert_if_negative = False
    chart.category_axis.tick_label_position = XL_TICK_LABEL_POSITION.LOW
    # the longest bar leaves room for its label beside the names
    values = [row.closing_yuan / scale for row in rows]
    largest = max(map(abs, values)) or 1.0
    step = 10.0 ** math.floor(math.log10(largest))
    step *= 2 if largest > 4 * step else 1
    chart.value_axis.minimum_scale = step * math.floor(min(*values, 0.0) / step * 1.25)
    chart.value_axis.maximum_scale = step * max(math.ceil(max(values) / step * 1.25), 1)
    chart.value_axis.major_unit = step
    deck.beside(slide, lines)


def _options(deck: Deck, review: RateReview, t: Translator) -> None:
    frame = review.tables["options"]
    keep, indicated = (frame[frame["option"] == name].iloc[0] for name in ("keep", "indicated"))
    title = t(
        "Keep: {now:percent.0} safe; at {rate:permille}: {then:percent.0}",
        now=keep["probability"], rate=indicated["rate"], then=indicated["probability"],
    )  # fmt: skip
    notes = [
        t("Safe means: above the floor through {years} years.", years=review.scenario.horizon_years),
        t("A project of 100 million yuan pays {now:money} now and {then:money} at the indicated rate.", now=keep["example_yuan"], then=indicated["example_yuan"]),
        *map(t.say, follows(review)),
    ]  # fmt: skip
    columns = [
        c for c in ("option", "rate", "probability", "closing_yuan", "payable_months", "example_yuan") if c in frame
    ]
    block = TableBlock("options", "", frame[columns])
    grid = next(p for p in numbered((Section("options", "", (block,)),), t) if isinstance(p, Grid))
    slide = deck.slide(title, notes)
    end = deck.table(slide, grid)
    deck.text(slide, notes[:2], 0.6, end + 0.3, 12.0, 1.5, 18)


def _ask(deck: Deck, review: RateReview, t: Translator) -> None:
    weak = sum(a.mark in ("assumption", "unverified") for a in review.assumptions)
    asks = [
        t.say(Message("1. Decide on the base rate: {current:permille} is in force, {rate:permille} is indicated.", {"current": review.current_rate, "rate": review.best.rate})),
        t("2. Set the floor and the probability with which the fund is to stay above it; this review used {floor:months} and {level:percent.0}.",
          floor=review.scenario.floor_payable_months, level=review.scenario.solvency_level),
        t("3. Have the {count} assumed or unverified parameters replaced by the fund's own figures.", count=weak),
    ]  # fmt: skip
    notes = [*map(t.say, follows(review)), t("Nothing is decided by the program.")]
    deck.text(deck.slide(t("Three decisions are asked for"), notes), asks, 0.9, 1.9, 11.5, 4.5, 24)
