"""Charts of the experience study: each says its finding in its title, draws its uncertainty, and stands alone in a report.

Built like `analysis.charts`, whose colours, font and dress they share. A function takes the study and a translator; what a book cannot show raises
no error but is absent from `experience_charts`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import altair as alt
import numpy as np
import pandas as pd
from scipy.stats import chi2

from analysis.chart_style import COLOURS, HEIGHT, dress, money_scale
from analysis.experience.study import ExperienceStudy
from analysis.experience.tables import grades_named
from analysis.language import Translator
from analysis.words import word
from models.messages import Message

CLEAR = 0.05
"""A relativity whose interval leaves 1 by more than this is called clear."""
SHOWN = 30


def experience_charts(study: ExperienceStudy, t: Translator) -> dict[str, Any]:
    """Return every chart that the study can show, by name, in the order of a report."""
    made: dict[str, Any] = {}
    for name, (ready, draw) in CHARTS.items():
        if ready(study):
            made[name] = draw(study, t)
    return made


def premium(study: ExperienceStudy, t: Translator) -> Any:
    """Premium written and earned by year, and what is not yet earned at the year's end."""
    table = study.by_year
    scale, unit = money_scale(float(table["written_premium_yuan"].max()), t)
    names = {"written_premium_yuan": t("Premium written"), "earned_premium_yuan": t("Premium earned"), "unearned_premium_yuan": t("Premium not yet earned")}  # fmt: skip
    rows = table.melt("period", list(names), var_name="what", value_name="yuan")
    rows = rows.assign(what=rows["what"].map(names), amount=rows["yuan"] / scale)
    chart = (
        alt.Chart(rows, width="container", height=HEIGHT)
        .mark_line(point=True, strokeWidth=2.5)
        .encode(
            x=alt.X("period:O", title=None, axis=alt.Axis(labelAngle=0)),
            y=alt.Y("amount:Q", title=t("Premium ({unit})", unit=unit)),
            color=alt.Color("what:N", title=None, scale=alt.Scale(domain=list(names.values()), range=[COLOURS["main"], COLOURS["good"], COLOURS["accent"]])),
            tooltip=["period:O", "what:N", alt.Tooltip("amount:Q", format=",.2f")],
        )
    )  # fmt: skip
    last = table.iloc[-1]
    finding = Message(
        "At the end of {year} {amount:money} of premium is received and not yet earned: {share:percent.0} of the year's premium",
        {
            "year": last["period"],
            "amount": last["unearned_premium_yuan"],
            "share": last["unearned_premium_yuan"] / max(last["written_premium_yuan"], 1e-9),
        },
    )
    return dress(
        chart, t, finding, t("Premium by year of enrolment, and as the works are built (S-curve, winter stop)")
    )


def frequency_by_year(study: ExperienceStudy, t: Translator) -> Any:
    """Cases per 100 million yuan earned by year with the exact Poisson interval."""
    assert study.frequency is not None
    by_year = study.frequency.relativities.query("variable == 'year'")
    if by_year.empty:
        by_year = pd.DataFrame({"level": [study.on.year], "exposure": [study.frequency.fit.cells.exposure.sum()], "cases": [study.frequency.fit.cells.count.sum()]})  # fmt: skip
    n, e = by_year["cases"].to_numpy(dtype=np.float64), by_year["exposure"].to_numpy(dtype=np.float64)
    low = np.where(n > 0, chi2.ppf(0.05, 2 * np.maximum(n, 0.5)) / 2, 0.0) / e
    rows = pd.DataFrame({"year": by_year["level"].astype(str), "rate": n / e, "low": low, "high": chi2.ppf(0.95, 2 * n + 2) / 2 / e, "cases": n})  # fmt: skip
    x = alt.X("year:O", title=None, axis=alt.Axis(labelAngle=0))
    base = alt.Chart(rows, width="container", height=HEIGHT)
    band = base.mark_rule(strokeWidth=4, color=COLOURS["band"]).encode(x=x, y=alt.Y("low:Q", title=t("Cases per 100 million yuan")), y2="high:Q")  # fmt: skip
    point = base.mark_point(filled=True, size=90, color=COLOURS["main"]).encode(
        x=x, y="rate:Q", tooltip=["year:O", alt.Tooltip("rate:Q", format=".3f"), alt.Tooltip("cases:Q", format=",.0f")]
    )
    trend = study.frequency.trend
    finding = (
        Message(
            "Accidents per yuan of construction change by {change:percent} a year (90%: {low:percent} to {high:percent})",
            {"change": trend.change, "low": trend.low, "high": trend.high},
        )
        if trend is not None
        else Message(
            "There were {rate:number.2} accidents per 100 million yuan of construction",
            {"rate": float(n.sum() / e.sum())},
        )
    )
    return dress(band + point, t, finding, t("Reported cases ÷ cost earned, 90% interval of chance alone; large events apart"))  # fmt: skip


def relativities(study: ExperienceStudy, t: Translator, variable: str) -> Any:
    """Relativities of one dimension with 90% intervals."""
    assert study.frequency is not None
    table = study.frequency.relativities.query("variable == @variable")
    rows = pd.DataFrame(
        {
            "name": [word(level, t) for level in table["level"]],
            "middle": table["relativity"].to_numpy(),
            "low": table["low"].to_numpy(),
            "high": table["high"].to_numpy(),
            "cases": table["cases"].to_numpy(),
        }
    )
    base = str(rows["name"][int(table["base"].to_numpy().argmax())])
    clear = rows[(rows["low"] > 1.0 + CLEAR) | (rows["high"] < 1.0 - CLEAR)]
    far = clear.iloc[int(np.abs(np.log(clear["middle"].clip(lower=1e-9))).to_numpy().argmax())] if len(clear) else None
    finding = (
        Message(
            "{name} has {times:number.2} times the accidents of {base} (90%: {low:number.2} to {high:number.2})",
            {"name": far["name"], "times": far["middle"], "base": base, "low": far["low"], "high": far["high"]},
        )
        if far is not None
        else Message(
            "{dimension}: no level differs clearly from {base}", {"dimension": word(variable, t), "base": base}
        )
    )
    if variable not in ("year", "season", "size_band"):
        rows = rows.sort_values("middle", ascending=False)
    return _dots(rows, t, finding, t("{dimension}: accident frequency relative to {base} = 1, other dimensions held; bar: 90% interval", dimension=word(variable, t), base=base), t("Relativity"), 1.0)  # fmt: skip


def _dots(rows: pd.DataFrame, t: Translator, finding: Message, subtitle: str, title: str, mark: float | None, axis: alt.Axis | None = None) -> Any:  # fmt: skip
    """Return dots with intervals: ``name, middle, low, high``, in the order of the rows; ``mark`` is a dashed line."""
    y = alt.Y("name:N", title=None, sort=list(rows["name"]), axis=alt.Axis(labelLimit=240, labelOverlap=False))
    shown = {"axis": axis} if axis is not None else {}
    base = alt.Chart(rows, width="container", height=24 * len(rows) + 20)
    bars = base.mark_rule(strokeWidth=4, color=COLOURS["band"]).encode(
        y=y, x=alt.X("low:Q", title=title, scale=alt.Scale(zero=False), **shown), x2="high:Q"
    )
    points = base.mark_point(filled=True, size=90, color=COLOURS["main"]).encode(
        y=y,
        x="middle:Q",
        tooltip=["name:N", *(alt.Tooltip(f"{c}:Q", title=n, format=",.3f") for c, n in (("middle", title), ("low", "5%"), ("high", "95%")))],
    )  # fmt: skip
    chart = bars + points
    if mark is not None:
        chart += alt.Chart(pd.DataFrame({"x": [mark]})).mark_rule(color=COLOURS["alert"], strokeDash=[6, 4]).encode(x="x:Q")  # fmt: skip
    return dress(chart, t, finding, subtitle)


def back_test(study: ExperienceStudy, t: Translator) -> Any:
    """Cases of past years beside what the years before foretold."""
    assert study.frequency is not None
    tested = study.frequency.back_test
    assert tested is not None
    rows = tested.table.reset_index().assign(year=lambda f: f["year"].astype(str))
    x = alt.X("year:O", title=None, axis=alt.Axis(labelAngle=0))
    base = alt.Chart(rows, width="container", height=240)
    band = base.mark_rule(strokeWidth=14, color=COLOURS["band"], opacity=0.5).encode(
        x=x, y=alt.Y("low:Q", title=t("Cases"), scale=alt.Scale(zero=False)), y2="high:Q"
    )
    told = base.mark_tick(color=COLOURS["main"], thickness=3, width=28).encode(x=x, y="expected:Q")
    came = base.mark_point(filled=True, size=110, color=COLOURS["alert"]).encode(
        x=x, y="actual:Q", tooltip=["year:O", *(alt.Tooltip(f"{c}:Q", format=",.0f") for c in ("actual", "expected", "low", "high"))]
    )  # fmt: skip
    finding = Message(
        "{inside} of {years} years lay inside the 90% band foretold; the score is {gain:percent} better than one frequency for all",
        {
            "inside": int(rows["inside"].sum()),
            "years": len(rows),
            "gain": 1.0 - tested.log_score / tested.constant_log_score if tested.constant_log_score else 0.0,
        },
    )
    return dress(band + told + came, t, finding, t("Dash and band: foretold from the years before; dot: what came; logarithmic score"))  # fmt: skip


def contractors(study: ExperienceStudy, t: Translator) -> Any:
    """Own risk of the largest contractors."""
    assert study.frequency is not None
    table = study.frequency.contractors
    above, below = int((table["low"] > 1).sum()), int((table["high"] < 1).sum())
    rows = table.head(SHOWN).assign(name=lambda f: f["contractor"].astype(str), middle=lambda f: f["relativity"])
    rows = rows[["name", "middle", "low", "high"]].sort_values("middle", ascending=False)
    finding = Message(
        "Of {count:integer} contractors {above} have clearly more accidents than their work lets expect, {below} clearly fewer",
        {"count": len(table), "above": above, "below": below},
    )
    return _dots(rows, t, finding, t("The {count} largest by expected cases: risk relative to their work, shrunk by credibility; bar: 90% interval", count=len(rows)), t("Risk of the contractor"), 1.0)  # fmt: skip


def grades(study: ExperienceStudy, t: Translator) -> Any:
    """Mix of grades with intervals beside the prior."""
    assert study.severity is not None
    table = study.severity.mix.overall
    rows = table.assign(name=[str(g) for g in table["grade"]])
    x = alt.X("name:O", title=t("Grade"), sort=list(rows["name"]), axis=alt.Axis(labelAngle=0))
    y_axis = alt.Axis(format="%")
    base = alt.Chart(rows, width="container", height=HEIGHT)
    bars = base.mark_bar(color=COLOURS["band"]).encode(x=x, y=alt.Y("share:Q", title=t("Share of graded cases"), axis=y_axis))  # fmt: skip
    error = base.mark_rule(strokeWidth=2, color=COLOURS["main"]).encode(x=x, y="low:Q", y2="high:Q")
    prior = base.mark_tick(color=COLOURS["alert"], thickness=3, width=22).encode(
        x=x, y="prior:Q", tooltip=["name:O", *(alt.Tooltip(f"{c}:Q", format=".2%") for c in ("share", "low", "high", "prior"))]
    )  # fmt: skip
    grave = float(table.loc[table["grade"] <= 4, "share"].sum())
    finding = Message(
        "{share:percent} of graded cases are grades 1 to 4 and draw a pension ({cases:integer} graded cases)",
        {"share": grave, "cases": int(table["cases"].sum())},
    )
    return dress(bars + error + prior, t, finding, t("Bar: share with its 90% interval; dash: prior of the parameters"))


def cost_by_grade(study: ExperienceStudy, t: Translator) -> Any:
    """Cost of a case by grade with its interval, on a logarithmic scale."""
    assert study.severity is not None
    table = study.severity.costs
    known = table[table["mean_yuan"] > 0]
    scale, unit = (1e4, t("10,000 yuan")) if t.language == "zh" else (1e3, t("thousand yuan"))
    rows = pd.DataFrame(
        {
            "name": [
                word(g, t) if not g.isdigit() else t("Grade {grade}", grade=g) for g in grades_named(known["group"])
            ],
            "middle": known["mean_yuan"].to_numpy() / scale,
            "low": np.maximum(known["low"].to_numpy(), known["mean_yuan"].to_numpy() / 20) / scale,
            "high": known["high"].to_numpy() / scale,
        }
    )
    y = alt.Y("name:N", title=None, sort=list(rows["name"]), axis=alt.Axis(labelOverlap=False))
    base = alt.Chart(rows, width="container", height=26 * len(rows) + 20)
    x = alt.X("low:Q", title=t("Cost of a case ({unit})", unit=unit), scale=alt.Scale(type="log"))
    bars = base.mark_rule(strokeWidth=4, color=COLOURS["band"]).encode(y=y, x=x, x2="high:Q")
    points = base.mark_point(filled=True, size=90, color=COLOURS["main"]).encode(
        y=y, x="middle:Q", tooltip=["name:N", *(alt.Tooltip(f"{c}:Q", format=",.1f") for c in ("middle", "low", "high"))]
    )  # fmt: skip
    dear = int(known["mean_yuan"].to_numpy().argmax())
    finding = Message(
        "A case costs {mean:money} on average at the level of {year}; the dearest, {name}, {most:money}",
        {
            "mean": study.severity.mean_case,
            "year": study.on.year,
            "name": str(rows["name"].iloc[dear]),
            "most": float(known["mean_yuan"].iloc[dear]),
        },
    )
    return dress(bars + points, t, finding, t("Benefits by law (pensions at capital value) plus medical cost; bar: 90% interval of the mean"))  # fmt: skip


def delays(study: ExperienceStudy, t: Translator) -> Any:
    """Share of cases that have been reported, recognised and assessed by months since the injury."""
    assert study.development is not None
    pieces = []
    for one in study.development.counts:
        step = 3 if one.period == "Q" else 1
        pieces.append(pd.DataFrame({"months": np.arange(len(one.shares)) * step, "share": one.shares, "what": word(one.stage, t)}))  # fmt: skip
    rows = pd.concat(pieces, ignore_index=True)
    chart = (
        alt.Chart(rows, width="container", height=HEIGHT)
        .mark_line(strokeWidth=2.5, interpolate="step-after")
        .encode(
            x=alt.X("months:Q", title=t("Months since the month of injury")),
            y=alt.Y("share:Q", title=t("Share of the ultimate number"), axis=alt.Axis(format="%")),
            color=alt.Color("what:N", title=None, sort=None, scale=alt.Scale(range=[COLOURS["main"], COLOURS["good"], COLOURS["alert"]])),
            tooltip=["what:N", "months:Q", alt.Tooltip("share:Q", format=".1%")],
        )
    )  # fmt: skip
    last = study.development.counts[-1]
    finding = Message(
        "{share:percent.0} of {what} come within a year of the injury; {missing:integer} are still to come (90%: {low:integer} to {high:integer})",
        {
            "share": last.share_within(12),
            "what": {"report_date": t("reports"), "recognition_date": t("recognitions"), "assessment_date": t("assessments")}[last.stage],
            "missing": last.ultimate - last.known,
            "low": last.low - last.known,
            "high": last.high - last.known,
        },
    )  # fmt: skip
    return dress(chart, t, finding, t("How late cases are reported, recognised and assessed (chain ladder on months and quarters)"))  # fmt: skip


def reserves(study: ExperienceStudy, t: Translator, name: str) -> Any:
    """Paid, and still to be paid with its 90% interval, by origin."""
    assert study.development is not None
    one = study.development.amounts[name]
    table = one.by_origin
    scale, unit = money_scale(float((table["paid_yuan"] + table["high_yuan"].fillna(0.0)).max()), t)
    rows = pd.DataFrame(
        {
            "period": table["period"],
            "paid": table["paid_yuan"] / scale,
            "end": (table["paid_yuan"] + table["reserve_yuan"].fillna(0.0)) / scale,
            "low": (table["paid_yuan"] + table["low_yuan"].fillna(0.0)) / scale,
            "high": (table["paid_yuan"] + table["high_yuan"].fillna(0.0)) / scale,
        }
    )
    x = alt.X("period:O", title=t("Enrolment year") if name == "cohort" else t("Injury year"), axis=alt.Axis(labelAngle=0))  # fmt: skip
    base = alt.Chart(rows, width="container", height=HEIGHT)
    done = base.mark_bar(color=COLOURS["main"]).encode(x=x, y=alt.Y("paid:Q", title=t("Amount ({unit})", unit=unit)))
    due = base.mark_bar(color=COLOURS["band"]).encode(x=x, y="paid:Q", y2="end:Q")
    error = base.mark_rule(strokeWidth=2, color=COLOURS["alert"]).encode(
        x=x, y="low:Q", y2="high:Q", tooltip=["period:O", *(alt.Tooltip(f"{c}:Q", format=",.2f") for c in ("paid", "end", "low", "high"))]
    )  # fmt: skip
    amount, least, most = one.to_pay
    wide = {
        "injury_year": Message("Payments by injury year: {amount:money} still to come by Cape Cod; the triangle alone says little"),
        "cohort": Message("Payments by project cohort: {amount:money} still to come by Cape Cod; the triangle alone says little"),
        "capital": Message("Capital of pensions by injury year: {amount:money} still to start by Cape Cod; the triangle alone says little"),
    }  # fmt: skip
    sure = {
        "injury_year": Message("Payments by injury year: {amount:money} still to come (90%: {low:money} to {high:money})"),
        "cohort": Message("Payments by project cohort: {amount:money} still to come (90%: {low:money} to {high:money})"),
        "capital": Message("Capital of pensions by injury year: {amount:money} still to start (90%: {low:money} to {high:money})"),
    }  # fmt: skip
    said = (wide if least is None else sure)[name]
    finding = Message(said.text, {"amount": amount, "low": least, "high": most})
    return dress(done + due + error, t, finding, t("Dark: paid so far; light: expected; line: calibrated 90% interval"))


def credible_rates(study: ExperienceStudy, t: Translator) -> Any:
    """Own and credible cost rates by prefecture."""
    assert study.credibility is not None
    found = study.credibility
    table = found.prefectures.sort_values("rate", ascending=False)
    rows = table.assign(name=[word(p, t) for p in table["prefecture"]], rate=table["rate"] * 1e3, own=table["own_rate"] * 1e3)  # fmt: skip
    y = alt.Y("name:N", title=None, sort=list(rows["name"]), axis=alt.Axis(labelOverlap=False))
    base = alt.Chart(rows, width="container", height=24 * len(rows) + 20)
    title = t("‰ of total cost")
    line = base.mark_rule(color=COLOURS["band"], strokeWidth=3).encode(y=y, x=alt.X("own:Q", title=title, scale=alt.Scale(zero=False)), x2="rate:Q")  # fmt: skip
    own = base.mark_point(size=70, color=COLOURS["neutral"]).encode(y=y, x="own:Q")
    rate = base.mark_point(filled=True, size=100, color=COLOURS["main"]).encode(
        y=y,
        x="rate:Q",
        tooltip=["name:N", alt.Tooltip("rate:Q", title=title, format=".3f"), alt.Tooltip("credibility:Q", title=t("Credibility"), format=".0%")],
    )  # fmt: skip
    whole = alt.Chart(pd.DataFrame({"x": [found.fit.collective * found.load * 1e3]})).mark_rule(color=COLOURS["alert"], strokeDash=[6, 4]).encode(x="x:Q")  # fmt: skip
    finding = Message(
        "Prefectures differ from {low:permille} to {high:permille} once chance is taken out; single events are capped at {cap:money}",
        {"low": float(table["rate"].min()), "high": float(table["rate"].max()), "cap": found.cap_yuan if np.isfinite(found.cap_yuan) else None},
    )  # fmt: skip
    return dress(line + own + rate + whole, t, finding, t("Ring: own rate; dot: credible rate (prefecture > contractor); dashed: whole fund"))  # fmt: skip


def yearly_cost(study: ExperienceStudy, t: Translator) -> Any:
    """Distribution of one year's cost of ordinary accidents."""
    assert study.yearly_cost is not None
    found = study.yearly_cost.ordinary
    scale, unit = money_scale(float(found.mean), t)
    low, high = found.quantile([0.0005, 0.9995])
    inside = (found.values >= low) & (found.values <= high)
    every = max(int(inside.sum()) // 400, 1)
    rows = pd.DataFrame({"amount": found.values[inside] / scale, "density": found.pmf[inside] / found.step * scale})[::every]  # fmt: skip
    base = alt.Chart(rows, width="container", height=240)
    x = alt.X("amount:Q", title=t("Cost of one year's accidents ({unit})", unit=unit), scale=alt.Scale(zero=False, nice=False))  # fmt: skip
    area = base.mark_area(color=COLOURS["band"], opacity=0.5).encode(x=x, y=alt.Y("density:Q", title=t("Density"), axis=alt.Axis(labels=False)))  # fmt: skip
    marks = pd.DataFrame(
        [{"x": float(found.quantile(q)) / scale, "what": n} for q, n in ((0.05, "5%"), (0.5, "50%"), (0.95, "95%"), (0.995, "99.5%"))]
    )  # fmt: skip
    rules = (
        alt.Chart(marks)
        .mark_rule(strokeWidth=2)
        .encode(
            x="x:Q",
            color=alt.Color(
                "what:N",
                title=None,
                sort=None,
                scale=alt.Scale(range=[COLOURS["good"], COLOURS["main"], COLOURS["accent"], COLOURS["alert"]]),
            ),
        )
    )
    finding = Message(
        "One year's accidents cost {mean:money} at today's level; once in 200 years more than {high:money}",
        {"mean": found.mean, "high": float(found.quantile(0.995))},
    )
    return dress(area + rules, t, finding, t("Compound distribution of cases and cost; pensions at capital value, large events apart"))  # fmt: skip


def _has(part: str) -> Callable[[ExperienceStudy], bool]:
    return lambda study: getattr(study, part) is not None


def _dimension(variable: str) -> Callable[[ExperienceStudy], bool]:
    def there(study: ExperienceStudy) -> bool:
        return study.frequency is not None and bool((study.frequency.relativities["variable"] == variable).any())

    return there


def _triangle(name: str) -> Callable[[ExperienceStudy], bool]:
    def there(study: ExperienceStudy) -> bool:
        own = study.development.amounts.get(name) if study.development is not None else None
        return own is not None and own.distribution is not None

    return there


def _relativity_chart(variable: str) -> Callable[[ExperienceStudy, Translator], Any]:
    return lambda study, t: relativities(study, t, variable)


def _reserve_chart(name: str) -> Callable[[ExperienceStudy, Translator], Any]:
    return lambda study, t: reserves(study, t, name)


CHARTS: Mapping[str, tuple[Callable[[ExperienceStudy], bool], Callable[[ExperienceStudy, Translator], Any]]] = {
    "premium": (lambda s: s.exposure is not None, premium),
    "frequency_by_year": (_has("frequency"), frequency_by_year),
    **{f"relativities_{v}": (_dimension(v), _relativity_chart(v)) for v in ("project_type", "prefecture", "size_band", "season", "year")},
    "frequency_back_test": (lambda s: s.frequency is not None and s.frequency.back_test is not None, back_test),
    "contractors": (lambda s: s.frequency is not None and s.frequency.fit.alpha > 0, contractors),
    "grades": (_has("severity"), grades),
    "cost_by_grade": (lambda s: s.severity is not None and bool((s.severity.costs["mean_yuan"] > 0).any()), cost_by_grade),
    "delays": (lambda s: s.development is not None and bool(s.development.counts), delays),
    **{f"reserves_{n}": (_triangle(n), _reserve_chart(n)) for n in ("injury_year", "cohort", "capital")},
    "credible_rates": (lambda s: s.credibility is not None and len(s.credibility.prefectures) > 1, credible_rates),
    "yearly_cost": (_has("yearly_cost"), yearly_cost),
}  # fmt: skip
"""Chart → whether a study can show it, and how it is drawn."""
