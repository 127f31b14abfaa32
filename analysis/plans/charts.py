"""Charts of floating plans: one look with `analysis.charts`, a finding in each title, uncertainty drawn."""

from __future__ import annotations

from typing import Any

import altair as alt
import pandas as pd

from analysis.chart_style import COLOURS, dress
from analysis.language import Translator
from analysis.plans.backtest import PlanBacktest
from analysis.plans.search import Frontier
from analysis.plans.simulation import FundUnderPlan
from analysis.plans.study import ExactStudy
from analysis.plans.words import kind_word, plan_title
from analysis.words import word
from models.messages import Message

SIZE_COLOURS = [COLOURS["neutral"], COLOURS["band"], COLOURS["good"], COLOURS["accent"], COLOURS["main"]]
CASE_COLOURS = [COLOURS["neutral"], COLOURS["alert"], COLOURS["main"]]
LOW_HIGH = ("low", "high")


def path(study: ExactStudy, t: Translator) -> Any:
    """Share of premium on each step, year by year, and the premium that the plan leaves."""
    rows = study.path
    last = float(study.analysis.equilibrium_off_balance)
    finding = Message(
        "In the long run the fund collects {factor:percent} of the premium at the base rate",
        {"factor": last},
    )
    x = alt.X("year:O", title=t("Years after the start"), axis=alt.Axis(labelAngle=0))
    if "multiplier" not in rows:
        line = (
            alt.Chart(rows, width="container", height=400)
            .mark_line(point=True, color=COLOURS["main"], strokeWidth=2.5)
            .encode(
                x=x,
                y=alt.Y("off_balance:Q", title=t("Premium after floating ÷ before"), axis=alt.Axis(format="%"), scale=alt.Scale(zero=False)),
                tooltip=["year:O", alt.Tooltip("off_balance:Q", format=".2%")],
            )
        )  # fmt: skip
        return dress(line, t, finding, t("Expected premium, from a start at 100%"))
    steps = sorted(rows["multiplier"].unique())
    shown = rows.assign(step=[t.percent(m, 0) for m in rows["multiplier"]], order=rows["multiplier"])
    bars = (
        alt.Chart(shown, width="container", height=420)
        .mark_bar()
        .encode(
            x=x,
            y=alt.Y("premium_share:Q", title=t("Share of premium"), axis=alt.Axis(format="%"), stack="zero", scale=alt.Scale(domain=[0, 1])),
            color=alt.Color(
                "order:Q",
                title=t("Multiplier of the base rate"),
                scale=alt.Scale(scheme="blueorange", domainMid=1.0, domain=[min(*steps, 0.5), max(*steps, 1.5)]),
                legend=alt.Legend(format="%", orient="bottom"),
            ),
            order=alt.Order("order:Q"),
            tooltip=["year:O", "step:N", alt.Tooltip("premium_share:Q", format=".1%"), alt.Tooltip("off_balance:Q", format=".1%")],
        )
    )  # fmt: skip
    return dress(bars, t, finding, t("Expected share of premium on each step, from a start at 100%"))


def _sizes_in_words(rows: pd.DataFrame, t: Translator) -> tuple[pd.DataFrame, list[str]]:
    """Return a frame with its size bands in the reader's language, and their names from small to large."""
    said = rows.assign(size_band=[word(band, t) for band in rows["size_band"]])
    return said, list(dict.fromkeys(said["size_band"]))


def by_risk(study: ExactStudy, t: Translator) -> Any:
    """Expected multiplier as a function of a contractor's true accident frequency, by size."""
    rows, names = _sizes_in_words(study.by_risk, t)
    at = rows[rows["factor"] == 2.0].set_index("size_band")["multiplier"]
    finding = Message(
        "Twice the usual accidents: the largest contractors pay {large:percent.0}, the smallest {small:percent.0} of the base rate",
        {"large": float(at[names[-1]]), "small": float(at[names[0]])},
    )
    line = (
        alt.Chart(rows, width="container", height=420)
        .mark_line(point=True, strokeWidth=2.5)
        .encode(
            x=alt.X("factor:Q", title=t("True accident frequency ÷ usual"), scale=alt.Scale(nice=False)),
            y=alt.Y("multiplier:Q", title=t("Expected multiplier"), axis=alt.Axis(format="%"), scale=alt.Scale(zero=False)),
            color=alt.Color("size_band:N", title=t("Total cost a year"), sort=names, legend=alt.Legend(columns=2), scale=alt.Scale(domain=names, range=SIZE_COLOURS[-len(names) :])),
            tooltip=["size_band:N", "factor:Q", alt.Tooltip("multiplier:Q", format=".1%")],
        )
    )  # fmt: skip
    return dress(line, t, finding, t("Expected in the long run; a steep line finds bad risks, a flat one does not"))


def luck(study: ExactStudy, t: Translator) -> Any:
    """How much of the spread of multipliers true risk explains, by size; the rest is luck."""
    rows, names = _sizes_in_words(study.by_size, t)
    finding = Message(
        "Safety decides {large:percent.0} of the multiplier's spread for the largest contractors, {small:percent.0} for the smallest",
        {"large": float(rows["risk_share"].iloc[-1]), "small": float(rows["risk_share"].iloc[0])},
    )
    both = pd.concat(
        [
            rows.assign(what=t("true risk"), share=rows["risk_share"], order=0),
            rows.assign(what=t("luck"), share=1 - rows["risk_share"], order=1),
        ]
    )
    bars = (
        alt.Chart(both, width="container", height=36 * len(names) + 190)
        .mark_bar()
        .encode(
            y=alt.Y("size_band:N", title=t("Total cost a year"), sort=names, axis=alt.Axis(labelLimit=220)),
            x=alt.X("share:Q", title=t("Share of the variance of multipliers"), axis=alt.Axis(format="%"), stack="zero"),
            color=alt.Color(
                "what:N",
                title=None,
                scale=alt.Scale(domain=[t("true risk"), t("luck")], range=[COLOURS["main"], COLOURS["accent"]]),
            ),
            order="order:Q",
            tooltip=["size_band:N", "what:N", alt.Tooltip("share:Q", format=".1%"), "contractors:Q", alt.Tooltip("premium_share:Q", format=".1%")],
        )
    )  # fmt: skip
    return dress(bars, t, finding, t("Contractors of one size whose true risks differ as the book's do"))


def moved_by(table: pd.DataFrame, group: str, t: Translator) -> Any:
    """Change of the premium by size, project type or prefecture, after the corrected base rate."""
    rows = table.assign(
        name=[word(level, t) for level in table["level"]], money=[t.money(v) for v in table["change_yuan"]]
    )
    top = rows.iloc[int(rows["change"].abs().to_numpy().argmax())]
    finding = Message(
        "{group}: {name} moves most, by {change:percent}",
        {"group": word(group, t), "name": str(top["name"]), "change": float(top["change"])},
    )
    bars = (
        alt.Chart(rows, width="container", height=30 * len(rows) + 130)
        .mark_bar()
        .encode(
            y=alt.Y("name:N", title=None, sort=list(rows["name"]), axis=alt.Axis(labelLimit=220, labelOverlap=False)),
            x=alt.X("change:Q", title=t("Change in premium"), axis=alt.Axis(format="%")),
            color=alt.condition(alt.datum.change > 0, alt.value(COLOURS["alert"]), alt.value(COLOURS["main"])),
            tooltip=["name:N", alt.Tooltip("change:Q", format="+.1%"), "money:N", "contractors:Q", alt.Tooltip("rising_share:Q", format=".0%")],
        )
    )  # fmt: skip
    return dress(bars, t, finding, t("With the base rate corrected so that the fund collects the same"))


def quintiles(table: pd.DataFrame, years: tuple[int, ...], t: Translator) -> Any:
    """Loss ratio by quintile of the multiplier, before and after floating, with intervals: flat after means fair."""
    names = {"loss_ratio_before": t("Loss ratio before"), "loss_ratio_after": t("Loss ratio after")}
    rows = pd.concat(
        [
            table.assign(what=name, ratio=table[c], low=table[f"{c}_low"], high=table[f"{c}_high"])
            for c, name in names.items()
        ]
    )
    colour = alt.Color(
        "what:N", title=None, scale=alt.Scale(domain=list(names.values()), range=[COLOURS["neutral"], COLOURS["main"]])
    )
    x = alt.X("quintile:O", title=t("Quintile of the multiplier, lowest to highest"), axis=alt.Axis(labelAngle=0))
    base = alt.Chart(rows, width="container", height=420)
    offset = alt.XOffset("what:N", sort=list(names.values()))
    bars = base.mark_rule(strokeWidth=4, opacity=0.45).encode(x=x, xOffset=offset, y="low:Q", y2="high:Q", color=colour)
    points = base.mark_point(filled=True, size=110, opacity=1).encode(
        x=x,
        xOffset=offset,
        y=alt.Y("ratio:Q", title=t("Loss ratio"), axis=alt.Axis(format="%"), scale=alt.Scale(zero=True)),
        color=colour,
        tooltip=["what:N", "quintile:O", *(alt.Tooltip(f"{c}:Q", format=".0%") for c in ("ratio", *LOW_HIGH))],
    )
    before, after = (table[c] for c in names)
    finding = Message(
        "Lowest to highest multipliers: loss ratios of {a:percent.0} to {b:percent.0} before floating, {c:percent.0} to {d:percent.0} after",
        {"a": before.iloc[0], "b": before.iloc[-1], "c": after.iloc[0], "d": after.iloc[-1]},
    )
    subtitle = t(
        "Losses of {first}–{last} by the multipliers of the years before; bars: 90%", first=years[0], last=years[-1]
    )
    return dress(bars + points, t, finding, subtitle)


def backtest(found: PlanBacktest, t: Translator) -> Any:
    """Out-of-sample Gini of every plan with its interval; the verdict in the title."""
    rows = found.table[found.table["verdict"] != "not_run"]
    rows = rows.assign(name=[plan_title(n, t) for n in rows["plan"]], said=[word(v, t) for v in rows["verdict"]])
    alike = int(rows["verdict"].eq("not_distinguishable").sum())
    best = str(rows["name"].iloc[0])
    finding = (
        Message("{plan} would have predicted best, beyond the noise", {"plan": best})
        if found.winner
        else Message(
            "No winner: {count} plans cannot be told apart from the best, {plan}", {"count": alike, "plan": best}
        )
    )
    verdicts = [word(v, t) for v in ("best", "not_distinguishable", "worse")]
    y = alt.Y("name:N", title=None, sort=list(rows["name"]), axis=alt.Axis(labelLimit=330, labelOverlap=False))
    colour = alt.Color("said:N", title=None, scale=alt.Scale(domain=verdicts, range=[COLOURS["main"], COLOURS["band"], COLOURS["neutral"]]))  # fmt: skip
    base = alt.Chart(rows, width="container", height=26 * len(rows) + 170)
    spans = base.mark_rule(strokeWidth=4, opacity=0.5).encode(y=y, x="gini_low:Q", x2="gini_high:Q", color=colour)
    points = base.mark_point(filled=True, size=90, opacity=1).encode(
        y=y,
        x=alt.X("gini:Q", title=t("Gini, out of sample")),
        color=colour,
        tooltip=["name:N", "said:N", *(alt.Tooltip(f"{c}:Q", format=".3f") for c in ("gini", "gini_low", "gini_high"))],
    )
    zero = alt.Chart(pd.DataFrame({"x": [0.0]})).mark_rule(color=COLOURS["alert"], strokeDash=[6, 4]).encode(x="x:Q")
    subtitle = t("Losses of {first}–{last} in the order of the multipliers; 0: no order; bars: 90%", first=found.years[0], last=found.years[-1])  # fmt: skip
    return dress(spans + points + zero, t, finding, subtitle)


def hiding(table: pd.DataFrame, t: Translator) -> Any:
    """Premium saved by hiding one case ÷ the cost of the case, by kind of case and size of the contractor."""
    kinds = list(dict.fromkeys(table["kind"]))
    table, sizes = _sizes_in_words(table, t)
    names = [kind_word(k, t) for k in kinds]
    rows = table.assign(
        name=[kind_word(k, t) for k in table["kind"]],
        said=[t.percent(v, 0) for v in table["saving_share"]],
        saved=[t.money(v) for v in table["saving_yuan"]],
        cost=[t.money(v) for v in table["case_yuan"]],
    )
    top = rows.sort_values("saving_share").iloc[-1]
    count = int(table["pays"].sum())
    finding = (
        Message(
            "Hiding pays in {count} of {all} combinations; most for {size}: a case {kind} saves {share:percent.0} of its cost",
            {"count": count, "all": len(table), "size": str(top["size_band"]), "kind": str(top["name"]), "share": float(top["saving_share"])},
        )
        if count
        else Message("Hiding a case never saves more than it costs; at most {share:percent.0}", {"share": float(top["saving_share"])})
    )  # fmt: skip
    base = alt.Chart(rows, width="container", height=44 * len(sizes) + 230)
    x = alt.X("name:N", title=t("Case"), sort=names, axis=alt.Axis(labelAngle=0, labelOverlap=False))
    y = alt.Y("size_band:N", title=t("Total cost a year"), sort=sizes, axis=alt.Axis(labelLimit=220))
    cells = base.mark_rect().encode(
        x=x,
        y=y,
        color=alt.Color("saving_share:Q", title=t("Saving ÷ cost"), scale=alt.Scale(scheme="blueorange", domainMid=1.0, domainMin=0.0, domainMax=2.0, clamp=True), legend=alt.Legend(format="%")),
        tooltip=["size_band:N", "name:N", "saved:N", "cost:N", alt.Tooltip("said:N", title=t("Saving ÷ cost"))],
    )  # fmt: skip
    dark = (alt.datum.saving_share < 0.4) | (alt.datum.saving_share > 1.6)
    text = base.mark_text(fontSize=12).encode(
        x=x, y=y, text="said:N", color=alt.condition(dark, alt.value("white"), alt.value("black"))
    )
    return dress(cells + text, t, finding, t("Premium saved while the case would count ÷ cost of the case, which falls on the contractor; above 100% hiding pays"))  # fmt: skip


def frontier(found: Frontier, t: Translator) -> Any:
    """The frontier of the search: predictive power against the largest swing, off-balance by colour."""
    own = found.table
    rows = own.assign(said=[word(v, t) for v in own["verdict"]], plan=[plan_title(n, t) for n in own["plan"]])
    alike = int(rows["verdict"].eq("not_distinguishable").sum())
    finding = Message(
        "{count} plans on the frontier; {alike} cannot be told apart from the best predictor on unseen years",
        {"count": len(rows), "alike": alike},
    )
    base = alt.Chart(rows, width="container", height=480)
    x = alt.X("largest_swing:Q", title=t("Largest swing of a multiplier from year to year"), axis=alt.Axis(format="%"))
    spans = base.mark_rule(strokeWidth=2, opacity=0.4).encode(x=x, y="gini_low:Q", y2="gini_high:Q")
    points = base.mark_point(filled=True, size=150, opacity=1).encode(
        x=x,
        y=alt.Y("gini:Q", title=t("Gini of the unseen years")),
        color=alt.Color("off_balance:Q", title=t("Premium after floating ÷ before"), scale=alt.Scale(scheme="blueorange", domainMid=1.0), legend=alt.Legend(format="%")),
        tooltip=["plan:N", "said:N", "ladder:N", "edges:N", alt.Tooltip("gini:Q", format=".3f"), alt.Tooltip("off_balance:Q", format=".1%"),
                 alt.Tooltip("small_surcharged:Q", format=".1%"), alt.Tooltip("probability_below_floor:Q", format=".1%")],
    )  # fmt: skip
    near = rows.assign(x=rows["largest_swing"].round(1), y=rows["gini"].round(2))
    labels = near.groupby(["x", "y"]).agg(
        largest_swing=("largest_swing", "max"), gini=("gini", "mean"), plan=("plan", ", ".join)
    )
    names = alt.Chart(labels).mark_text(dx=10, align="left", fontSize=12).encode(x=x, y="gini:Q", text="plan:N")
    return dress(spans + points + names, t, finding, t("Bars: 90% by drawing contractors again"))


def fund_under_plan(found: FundUnderPlan, t: Translator) -> Any:
    """Probability of having been below the floor, year by year, without the plan, with it, and with the corrected base rate."""
    rows = found.yearly.assign(said=[word(c, t) for c in found.yearly["case"]])
    names = list(dict.fromkeys(rows["said"]))
    median = dict(zip(found.summary["case"], found.summary["balance_p50"].tolist(), strict=True))
    finding = Message(
        "The plan moves the median closing balance from {none:money} to {plan:money}; the corrected base rate gives {corrected:money}",
        {"none": median["no_floating"], "plan": median["plan"], "corrected": median["plan_corrected"]},
    )  # fmt: skip
    line = (
        alt.Chart(rows, width="container", height=420)
        .mark_line(point=True, strokeWidth=2.5)
        .encode(
            x=alt.X("period:O", title=None, axis=alt.Axis(labelAngle=0)),
            y=alt.Y("probability_below_floor:Q", title=t("Probability of having been below the floor"), axis=alt.Axis(format="%"), scale=alt.Scale(domainMin=0)),
            color=alt.Color("said:N", title=None, scale=alt.Scale(domain=names, range=CASE_COLOURS), legend=alt.Legend(symbolType="stroke")),
            strokeDash=alt.StrokeDash("said:N", title=None, scale=alt.Scale(domain=names)),
            tooltip=[alt.Tooltip("said:N", title=t("Case")), "period:O", alt.Tooltip("probability_below_floor:Q", format=".1%"), alt.Tooltip("off_balance:Q", format=".1%")],
        )
    )  # fmt: skip
    return dress(line, t, finding, t("{paths:integer} paths of contractors and fund together, the same accidents in each case", paths=found.paths))  # fmt: skip
