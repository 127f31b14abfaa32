"""Charts of the coverage campaign, the returns, the fee of Order 180 and the roster, in the style of `analysis.charts`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import altair as alt
import pandas as pd

from analysis.chart_style import COLOURS, dress, money_scale
from analysis.coverage.campaign import REGION, STATES, Coverage
from analysis.coverage.enrolment import Enrolment
from analysis.coverage.roster import RosterStudy
from analysis.language import Translator
from analysis.words import word
from models.messages import Message

ROW = 24
RETURN_COLOURS = {
    "on_time": COLOURS["good"],
    "late": COLOURS["accent"],
    "missing": COLOURS["alert"],
    "not_due": "#D9D9D9",
}


def _places(names: Sequence[str], t: Translator) -> alt.Y:
    return alt.Y("name:N", title=None, sort=list(names), axis=alt.Axis(labelLimit=200, labelOverlap=False))


def by_prefecture(coverage: Coverage, state: str, t: Translator) -> Any:
    """Enrolment rate by prefecture, the lowest first, beside what the schedule asks for by the day; late ones stand out."""
    own = coverage.rates[(coverage.rates["state"] == state) & (coverage.rates["prefecture"] != REGION)]
    behind = own["lag"] < -0.0005
    names = {True: t("behind the schedule"), False: t("on schedule")}
    rows = own.assign(name=[word(p, t) for p in own["prefecture"]], what=[names[bool(b)] for b in behind]).sort_values(
        "coverage"
    )
    y = _places(list(rows["name"]), t)
    x = alt.X(
        "coverage:Q",
        title=t("Enrolment rate"),
        axis=alt.Axis(format="%"),
        scale=alt.Scale(domain=[0, max(1.0, float(rows["coverage"].max()))]),
    )
    bars = (
        alt.Chart(rows, width="container", height=alt.Step(ROW))
        .mark_bar()
        .encode(
            y=y, x=x,
            color=alt.Color("what:N", title=None, scale=alt.Scale(domain=list(names.values()), range=[COLOURS["alert"], COLOURS["main"]])),
            tooltip=[
                "name:N", alt.Tooltip("coverage:Q", title=t("Enrolment rate"), format=".1%"), alt.Tooltip("scheduled:Q", title=t("Scheduled by now"), format=".1%"),
                alt.Tooltip("enrolled:Q", title=t("Enrolled"), format=","), alt.Tooltip("total:Q", title=t("All"), format=","),
                alt.Tooltip("needed:Q", title=t("Still to enrol"), format=","),
            ],
        )
    )  # fmt: skip
    ticks = alt.Chart(rows).mark_tick(color="black", thickness=2, size=ROW - 6).encode(y=y, x="scheduled:Q")
    region = coverage.of(state)
    assert region is not None
    finding = Message(
        "{state}: {coverage:percent} are enrolled, {scheduled:percent} were due by now; {behind} of {all} prefectures are behind",
        {
            "state": word(state, t),
            "coverage": region["coverage"],
            "scheduled": region["scheduled"],
            "behind": int(behind.sum()),
            "all": len(own),
        },
    )
    return dress(
        bars + ticks, t, finding, t("On {date:date}; black mark: what the schedule asks for", date=coverage.on)
    )


def by_year(coverage: Coverage, t: Translator) -> Any:
    """Enrolment rate of the region by year and state of the project, its targets, and the figures published for the whole country."""
    names = {state: word(state, t) for state in STATES}
    rows = coverage.by_year.assign(what=coverage.by_year["state"].map(names))
    scale = alt.Scale(domain=list(names.values()), range=[COLOURS["main"], COLOURS["accent"]])
    base = alt.Chart(rows, width="container", height=240).encode(
        x=alt.X("period:O", title=None, axis=alt.Axis(labelAngle=0, labelOverlap=True)),
        color=alt.Color("what:N", title=None, scale=scale),
    )
    line = base.mark_line(point=True, strokeWidth=2.5).encode(
        y=alt.Y("coverage:Q", title=t("Enrolment rate"), axis=alt.Axis(format="%"), scale=alt.Scale(zero=False)),
        tooltip=["period:O", "what:N", alt.Tooltip("coverage:Q", title=t("Enrolment rate"), format=".1%"), alt.Tooltip("goal:Q", title=t("Target"), format=".0%")],
    )  # fmt: skip
    target = base.mark_line(strokeDash=[6, 4], interpolate="step-after").encode(y="goal:Q")
    national = base.transform_filter("isValid(datum.national)").mark_point(shape="diamond", filled=True, size=110).encode(
        y="national:Q", tooltip=["period:O", alt.Tooltip("national:Q", title=t("Whole country"), format=".2%")]
    )  # fmt: skip
    last = coverage.by_year[coverage.by_year["period"] == str(coverage.on.year)].set_index("state")["coverage"]
    finding = Message(
        "In {year} {new:percent} of new projects and {old:percent} of those in progress are enrolled",
        {"year": str(coverage.on.year), "new": last.get("new"), "old": last.get("in_progress")},
    )
    return dress(line + target + national, t, finding, t("Dashed: target of the plan; diamond: whole country"))


def missing_premium(coverage: Coverage, t: Translator) -> Any:
    """Premium that the missing points cost, by prefecture and state of the project."""
    own = coverage.points[coverage.points["prefecture"] != REGION]
    scale, unit = money_scale(float(own.groupby("prefecture")["missing_premium_yuan"].sum().max()), t)
    names = {state: word(state, t) for state in STATES}
    order = own.groupby("prefecture")["missing_premium_yuan"].sum().sort_values(ascending=False).index
    rows = own.assign(
        name=[word(p, t) for p in own["prefecture"]],
        what=own["state"].map(names),
        amount=own["missing_premium_yuan"] / scale,
    )
    chart = (
        alt.Chart(rows, width="container", height=alt.Step(ROW))
        .mark_bar()
        .encode(
            y=_places([word(p, t) for p in order], t),
            x=alt.X("amount:Q", title=f"{t('Premium missing')} ({unit})"),
            color=alt.Color("what:N", title=None, scale=alt.Scale(domain=list(names.values()), range=[COLOURS["main"], COLOURS["accent"]])),
            tooltip=[
                "name:N", "what:N", alt.Tooltip("amount:Q", format=",.2f"), alt.Tooltip("missing_points:Q", title=t("Points missing"), format=".1f"),
                alt.Tooltip("missing_person_years:Q", title=t("Person-years not covered"), format=",.0f"),
            ],
        )
    )  # fmt: skip
    whole = coverage.points[coverage.points["prefecture"] == REGION]
    finding = Message(
        "What is not enrolled costs the fund {premium:money} of premium; {years:integer} person-years are not covered",
        {"premium": float(whole["missing_premium_yuan"].sum()), "years": float(whole["missing_person_years"].sum())},
    )
    return dress(chart, t, finding, t("Points missing to the target × what a point is worth"))


def return_grid(states: pd.DataFrame, t: Translator) -> Any:
    """Which prefecture's return of which quarter came on time, late, or never; ``states`` as from `data.returns.return_states`."""
    names = {code: word(code, t) for code in RETURN_COLOURS}
    rows = states.assign(name=[word(p, t) for p in states["prefecture"]], what=states["state"].map(names))
    quarters = sorted(states["quarter"].unique())
    chart = (
        alt.Chart(rows, width="container", height=alt.Step(ROW))
        .mark_rect(stroke="white", strokeWidth=2)
        .encode(
            x=alt.X("quarter:O", title=None, sort=quarters, axis=alt.Axis(labelAngle=0, labelOverlap=True)),
            y=_places([word(p, t) for p in dict.fromkeys(states["prefecture"])], t),
            color=alt.Color("what:N", title=None, scale=alt.Scale(domain=list(names.values()), range=list(RETURN_COLOURS.values()))),
            tooltip=["name:N", "quarter:O", "what:N", alt.Tooltip("days_late:Q", title=t("Days late"))],
        )
    )  # fmt: skip
    counts = states["state"].value_counts()
    says = {"first": quarters[0], "last": quarters[-1]}
    says |= {state: int(counts.get(state, 0)) for state in ("late", "missing")}
    if len(quarters) > 1:
        finding = Message("From {first} to {last}, {late} returns came late and {missing} are missing", says)
    else:
        finding = Message("For {last}, {late} returns came late and {missing} are missing", says)
    return dress(chart, t, finding, t("Quarterly returns by prefecture"))


def modes(enrolment: Enrolment, t: Translator) -> Any:
    """Premium by year: employers by payroll, projects by total cost."""
    names = {mode: word(mode, t) for mode in ("employer", "project")}
    scale, unit = money_scale(float(enrolment.modes["premium_yuan"].max()), t)
    rows = enrolment.modes.assign(
        what=enrolment.modes["mode"].map(names), amount=enrolment.modes["premium_yuan"] / scale
    )
    chart = (
        alt.Chart(rows, width="container", height=240)
        .mark_bar()
        .encode(
            x=alt.X("period:O", title=None, axis=alt.Axis(labelAngle=0)),
            xOffset=alt.XOffset("what:N", sort=list(names.values())),
            y=alt.Y("amount:Q", title=f"{t('Premium')} ({unit})"),
            color=alt.Color("what:N", title=None, scale=alt.Scale(domain=list(names.values()), range=[COLOURS["accent"], COLOURS["main"]])),
            tooltip=["period:O", "what:N", alt.Tooltip("amount:Q", format=",.2f"), alt.Tooltip("payroll_rate:Q", title=t("Rate of payroll"), format=".2%")],
        )
    )  # fmt: skip
    last = enrolment.modes[enrolment.modes["period"] == enrolment.modes["period"].max()].set_index("mode")[
        "payroll_rate"
    ]
    finding = Message(
        "A project's premium is {project:percent.2} of its wages, an employer's {employer:percent.2}",
        {"project": last.get("project"), "employer": last.get("employer")},
    )
    return dress(chart, t, finding, t("Premium by way of enrolment"))


def fee_gap(enrolment: Enrolment, t: Translator) -> Any:
    """What is still open of the work-injury part, by prefecture, in days of premium, at the end of the last period."""
    fees = enrolment.fees
    own = fees[(fees["period"] == fees["period"].max()) & (fees["prefecture"] != REGION)].sort_values(
        "open_days", ascending=False
    )
    rows = own.assign(name=[word(p, t) for p in own["prefecture"]])
    chart = (
        alt.Chart(rows, width="container", height=alt.Step(ROW))
        .mark_bar(color=COLOURS["main"])
        .encode(
            y=_places(list(rows["name"]), t), x=alt.X("open_days:Q", title=t("Open, in days of premium")),
            tooltip=["name:N", alt.Tooltip("open_days:Q", format=".0f"), alt.Tooltip("open_yuan:Q", format=",.0f")],
        )
    )  # fmt: skip
    whole = fees[fees["prefecture"] == REGION].iloc[-1]
    finding = Message(
        "Of the construction fee {open:money} of work-injury premium is still to be paid, {days:integer} days of premium",
        {"open": float(whole["open_yuan"]), "days": float(whole["open_days"])},
    )
    return dress(
        chart, t, finding, t("Order 180: premium of enrolled projects less the work-injury part paid, cumulative")
    )


def roster_ratio(study: RosterStudy, t: Translator) -> Any:
    """Person-years on the roster ÷ person-years from cost, by prefecture; 1 is agreement."""
    rows = study.by["prefecture"]
    rows = rows[rows["level"] != REGION].assign(name=lambda f: [word(p, t) for p in f["level"]])
    y = _places(list(rows["name"]), t)
    points = (
        alt.Chart(rows, width="container", height=alt.Step(ROW))
        .mark_point(filled=True, size=90, color=COLOURS["main"])
        .encode(
            y=y, x=alt.X("roster_ratio:Q", title=t("Roster ÷ cost"), axis=alt.Axis(format="%"), scale=alt.Scale(zero=False)),
            tooltip=["name:N", alt.Tooltip("roster_ratio:Q", format=".1%"), alt.Tooltip("projects:Q", title=t("Projects"), format=",")],
        )
    )  # fmt: skip
    one = alt.Chart(pd.DataFrame({"x": [1.0]})).mark_rule(color=COLOURS["alert"], strokeDash=[6, 4]).encode(x="x:Q")
    whole = float(study.by["prefecture"].set_index("level")["roster_ratio"][REGION])
    finding = Message(
        "The roster shows {ratio:percent.0} of the person-years that cost and productivity give",
        {"ratio": whole},
    )
    return dress(points + one, t, finding, t("Person-years of the projects on the roster, same months"))
