"""The coverage campaign (扩面): who is enrolled of those who should be, by prefecture, state of the project and person, beside the yearly targets.

Plan: 自治区建筑业参加工伤保险专项扩面行动实施方案 (2015), sections 二 and 四: 2015 all new projects and 60% of those in progress, 2016 80%, 2017 all.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

from analysis.assumptions import UsedParameters, productivity
from analysis.rate_review import Assumption
from analysis.scenario import Scenario
from data.book import Book
from data.parameters import load_parameters
from data.prefectures import in_order
from data.returns import enrolled_projects
from models.exposure import effective_end, person_years
from models.messages import InputError, Message

REGION = "region"
STATES = ("new", "in_progress")
TARGETS = {"new": "coverage.target_new", "in_progress": "coverage.target_in_progress"}
NATIONAL = {"new": "coverage.national_new", "in_progress": "coverage.national_in_progress"}


@dataclass(frozen=True)
class Coverage:
    """Enrolment of a region on the day ``on``; every frame has a row ``region`` where it has the column ``prefecture``.

    ``rates``: ``prefecture, state`` (new, in_progress)````, ``counted_from`` (permits, survey, estimate)``, enrolled, total, coverage, goal, scheduled, lag, needed,
    months_behind``; ``lag`` is coverage less what the schedule asks for by that day, ``needed`` projects still to be enrolled for the year's target.
    ``by_year``: the region's ``period, state, enrolled, total, coverage, goal, national``. ``schedule``: ``quarter, prefecture, state, coverage,
    scheduled`` of the year. ``persons``: ``prefecture, kind`` (fixed, migrant)``, mode`` (employer, project)``, enrolled, surveyed, coverage``.
    ``points``: what a percentage point is worth: ``prefecture, state, point_cost_yuan, point_premium_yuan, point_person_years, point_injuries,
    missing_points, missing_premium_yuan, missing_person_years``. ``exceptions``: permits without enrolment before them. ``survey``: the base survey.
    """

    on: date
    name: str
    fingerprint: str
    synthetic: bool
    rates: pd.DataFrame
    by_year: pd.DataFrame
    schedule: pd.DataFrame
    persons: pd.DataFrame
    points: pd.DataFrame
    exceptions: pd.DataFrame
    survey: pd.DataFrame
    assumptions: tuple[Assumption, ...]
    warnings: tuple[Message, ...]

    def of(self, state: str, prefecture: str = REGION) -> pd.Series | None:
        """Return the row of ``rates`` for a state of project; None where it is not known."""
        found = self.rates[(self.rates["state"] == state) & (self.rates["prefecture"] == prefecture)]
        return found.iloc[0] if len(found) else None


@dataclass(frozen=True)
class _Ledgers:
    projects: pd.DataFrame
    permits: pd.DataFrame
    survey: pd.DataFrame
    employers: pd.DataFrame


def coverage(book: Book, on: date | None = None) -> Coverage:
    """Return the state of the campaign on a day (default: the end of the last quarter that the book knows).

    Raises
    ------
    InputError
        The book holds neither enrolled projects nor permits.
    """
    ledgers = read(book)
    if ledgers.permits.empty and ledgers.survey.empty:
        raise InputError(
            "Coverage compares enrolled projects with those that should be: import the construction permits (施工许可证号, 项目编号, 地州市, 发证日期, "
            "是否参保) or the base survey (地州市, 年度, 拟建项目数, 在建项目数)."
        )
    on = on or last_day(ledgers)
    parameters = UsedParameters(load_parameters())
    warnings: list[Message] = []
    rates = _rates(ledgers, on, parameters)
    if rates.empty:
        raise InputError("The book has no project and no permit in {year} up to {on:date}.", year=on.year, on=on)
    if (rates["coverage"] > 1).any():
        names = ", ".join(dict.fromkeys(rates.loc[rates["coverage"] > 1, "prefecture"]))
        warnings.append(
            Message(
                "More projects are enrolled than were surveyed in {names}: the survey is too low.", {"names": names}
            )
        )
    if (rates["counted_from"] == "estimate").any():
        warnings.append(
            Message(
                "There is no base survey of {year}: projects in progress are estimated from permits and enrolments.",
                {"year": on.year},
            )
        )
    first = min(_quarters(ledgers)[0].year, on.year)
    ends = [date(year, 12, 31) for year in range(first, on.year)] + [on]
    yearly = [_region(frame, day, parameters) for day, frame in _rates_on(ends, ledgers, parameters)]
    quarters = [q.end_time.date() for q in pd.period_range(f"{on.year}Q1", on, freq="Q")]
    schedule = pd.concat(
        [f.assign(quarter=str(pd.Period(day, freq="Q"))) for day, f in _rates_on(quarters, ledgers, parameters)],
        ignore_index=True,
    )
    return Coverage(
        on, book.name, book.fingerprint(), book.synthetic, rates, pd.concat(yearly, ignore_index=True),
        schedule[["quarter", "prefecture", "state", "coverage", "scheduled"]],
        _persons(ledgers, on), _points(ledgers, rates, on, parameters), exceptions(ledgers.permits, ledgers.projects, on),
        ledgers.survey, parameters.assumptions(Scenario()), (*warnings, *parameters.warnings.values()),
    )  # fmt: skip


def read(book: Book) -> _Ledgers:
    """Return the ledgers that the campaign is measured by; ``projects`` has ``began`` and ``end`` (the day after the last) beside its columns."""
    every, permits = book.table("projects"), book.table("permits")
    cancelled = every.loc[every["status"] == "cancelled", "project_id"]
    projects, permits = enrolled_projects(every), permits[~permits["project_id"].isin(cancelled)]
    if projects.empty and permits.empty:
        raise InputError(
            "Coverage is measured by enrolled projects (项目编号, 地州市, 工程总造价, 参保日期, 开工日期) and construction permits "
            "(施工许可证号, 项目编号, 地州市, 发证日期, 是否参保). Import them first."
        )
    enrolled = projects["enrolment_date"]
    began = projects["start_date"].fillna(enrolled)
    # a project enrolled while in progress had begun before, whatever date its ledger gives
    began = began.mask(projects["in_progress"], np.minimum(began, enrolled))
    kept = permits.dropna(subset=["issued_date"]).assign(enrolled=permits["enrolled"].fillna(True).astype(bool))
    return _Ledgers(
        projects.assign(began=began, end=effective_end(projects)),
        _matched(kept, projects),
        book.table("survey"),
        book.table("employers"),
    )


def last_day(ledgers: _Ledgers) -> date:
    """Return the end of the last quarter with enrolments (or permits), as far as a mistyped date does not make one of its own."""
    return _quarters(ledgers)[-1].end_time.date()


def _quarters(ledgers: _Ledgers) -> pd.PeriodIndex:
    """Return the quarters from the first to the last that has at least a twentieth of a usual quarter's enrolments."""
    days = ledgers.projects["enrolment_date"] if len(ledgers.projects) else ledgers.permits["issued_date"]
    counts = pd.PeriodIndex(days, freq="Q").value_counts()
    usual = counts.index[counts >= counts.median() / 20]
    return pd.period_range(usual.min(), usual.max(), freq="Q")


def _matched(permits: pd.DataFrame, projects: pd.DataFrame) -> pd.DataFrame:
    """Return permits with ``reason`` (empty where all is in order) and ``days`` that enrolment or payment came after the permit."""
    known = projects[["project_id", "enrolment_date", "premium_date"]]
    by_permit = projects.dropna(subset=["permit_id"]).drop_duplicates("permit_id").set_index("permit_id")["project_id"]
    named = permits.assign(project_id=permits["project_id"].fillna(permits["permit_id"].map(by_permit)))
    table = named.merge(known, on="project_id", how="left")
    late = (table["enrolment_date"] - table["issued_date"]).dt.days
    unpaid = (table["premium_date"] - table["issued_date"]).dt.days
    absent = table["enrolment_date"].isna()
    table["reason"] = np.select(
        [~table["enrolled"], absent, late > 0, unpaid > 0],
        ["not_enrolled", "unknown_project", "enrolled_after_permit", "paid_after_permit"],
        "",
    )
    table["days"] = np.select(
        [table["reason"] == "enrolled_after_permit", table["reason"] == "paid_after_permit"], [late, unpaid], np.nan
    )
    return table


def exceptions(permits: pd.DataFrame, projects: pd.DataFrame, on: date) -> pd.DataFrame:
    """Return the permits up to a day that were issued without enrolment and payment before them (no enrolment, no permit; plan 三(三)).

    Columns ``permit_id, project_id, prefecture, issued_date, total_cost_yuan, reason, days, missing_premium_yuan``; what was not enrolled first,
    the newest first. ``missing_premium_yuan`` is total cost × the mean rate of the enrolled.
    """
    cost = projects["total_cost_yuan"].sum()
    rate = projects["premium_yuan"].sum() / cost if cost > 0 else np.nan
    own = permits[(permits["reason"] != "") & (permits["issued_date"] <= pd.Timestamp(on))]
    missing = own["total_cost_yuan"].fillna(0.0) * rate
    own = own.assign(
        missing_premium_yuan=missing.where(own["reason"].isin(["not_enrolled", "unknown_project"]), 0.0).round(2)
    )
    order = {
        name: i
        for i, name in enumerate(("not_enrolled", "unknown_project", "enrolled_after_permit", "paid_after_permit"))
    }
    own = own.assign(order=own["reason"].map(order)).sort_values(["order", "issued_date"], ascending=[True, False])
    columns = [
        "permit_id",
        "project_id",
        "prefecture",
        "issued_date",
        "total_cost_yuan",
        "reason",
        "days",
        "missing_premium_yuan",
    ]
    return own[columns].reset_index(drop=True)


def _rates_on(days: Iterable[date], ledgers: _Ledgers, parameters: UsedParameters) -> list[tuple[date, pd.DataFrame]]:
    """Return the rates of those of some days on which there was a project or a permit."""
    made = ((day, _rates(ledgers, day, parameters)) for day in days)
    return [(day, frame) for day, frame in made if len(frame)]


def _rates(ledgers: _Ledgers, on: date, parameters: UsedParameters) -> pd.DataFrame:
    made = (("new", _new(ledgers, on)), ("in_progress", _in_progress(ledgers, on)))
    frames = [_with_region(frame).assign(state=state) for state, frame in made if len(frame)]
    if not frames:
        return pd.DataFrame()
    table = pd.concat(frames, ignore_index=True)
    elapsed = (on - date(on.year - 1, 12, 31)).days / (date(on.year, 12, 31) - date(on.year - 1, 12, 31)).days
    table["coverage"] = table["enrolled"] / table["total"].where(table["total"] > 0)
    for state in STATES:
        own = table["state"] == state
        now, before = parameters.value(TARGETS[state], on), _before(parameters, state, on)
        table.loc[own, "goal"] = now
        # permits are judged as they are issued; a survey counts the whole year's plan; in-progress projects follow a line from last year's target
        path = now if state == "new" else before + (now - before) * elapsed
        table.loc[own, "scheduled"] = (
            np.where(table.loc[own, "counted_from"] == "survey", now * elapsed, path) if state == "new" else path
        )
        pace = (now - before) / 12
        lag = table.loc[own, "coverage"] - table.loc[own, "scheduled"]
        table.loc[own, "months_behind"] = (-lag / pace).clip(lower=0) if pace > 0 and state == "in_progress" else np.nan
    table["lag"] = table["coverage"] - table["scheduled"]
    table["needed"] = np.ceil((table["goal"] * table["total"] - table["enrolled"]).clip(lower=0).round(6))
    columns = [
        "prefecture",
        "state",
        "counted_from",
        "enrolled",
        "total",
        "coverage",
        "goal",
        "scheduled",
        "lag",
        "needed",
        "months_behind",
    ]
    return table[columns]


def _before(parameters: UsedParameters, state: str, on: date) -> float:
    """Return the target of the end of the year before; 0 before the campaign."""
    values = parameters.parameters.parameter(TARGETS[state]).values
    earlier = [v.value for v in values if v.effective <= date(on.year - 1, 12, 31)]
    return float(earlier[-1]) if earlier else 0.0


def _with_region(frame: pd.DataFrame) -> pd.DataFrame:
    """Order by prefecture and add the region's row: sums; one source for all."""
    numbers = frame.groupby("prefecture")[["enrolled", "total"]].sum()
    table = pd.concat([in_order(numbers), numbers.sum().to_frame(REGION).T]).rename_axis("prefecture").reset_index()
    return table.assign(counted_from=frame["counted_from"].iloc[0])


def _of_year(ledgers: _Ledgers, year: int) -> pd.DataFrame:
    survey = ledgers.survey[ledgers.survey["year"].str[:4] == str(year)]
    return survey.astype({"projects_planned": "float64", "projects_in_progress": "float64"})


def _new(ledgers: _Ledgers, on: date) -> pd.DataFrame:
    """New projects of the year to a day: permits issued and how many are enrolled; else projects enrolled of those planned."""
    start, end = pd.Timestamp(on.year, 1, 1), pd.Timestamp(on)
    permits = ledgers.permits[ledgers.permits["issued_date"].between(start, end)]
    if len(permits):
        enrolled = ~permits["reason"].isin(["not_enrolled", "unknown_project"]) & ~(permits["enrolment_date"] > end)
        return pd.DataFrame(
            {
                "prefecture": permits["prefecture"],
                "enrolled": enrolled.astype(float),
                "total": 1.0,
                "counted_from": "permits",
            }
        )
    survey = _of_year(ledgers, on.year)
    own = ledgers.projects[ledgers.projects["enrolment_date"].between(start, end) & ~ledgers.projects["in_progress"]]
    return _against(own, survey, "projects_planned")


def _cohort(ledgers: _Ledgers, year: int) -> pd.DataFrame:
    """Return the enrolled projects that were under way when the year began, or were enrolled in it as projects in progress."""
    p, first = ledgers.projects, pd.Timestamp(year, 1, 1)
    own = (p["began"] < first) | (p["in_progress"] & (p["enrolment_date"].dt.year == year))
    found: pd.DataFrame = p[own & (p["end"].isna() | (p["end"] > first))]
    return found


def _in_progress(ledgers: _Ledgers, on: date) -> pd.DataFrame:
    """Projects under way when the year began: those enrolled by a day of those surveyed; without a survey, of those known from permits."""
    cohort, survey = _cohort(ledgers, on.year), _of_year(ledgers, on.year)
    done = cohort["enrolment_date"] <= pd.Timestamp(on)
    if survey["projects_in_progress"].notna().any():
        return _against(cohort[done], survey, "projects_in_progress")
    known = pd.DataFrame(
        {"prefecture": cohort["prefecture"], "enrolled": done.astype(float), "total": 1.0, "counted_from": "estimate"}
    )
    length = pd.Timedelta(days=(ledgers.projects["end"] - ledgers.projects["began"]).dt.days.fillna(0).median())
    first = pd.Timestamp(on.year, 1, 1)
    lost = ledgers.permits[ledgers.permits["reason"].isin(["not_enrolled", "unknown_project"])]
    lost = lost[(lost["issued_date"] < first) & (lost["issued_date"] + length > first)]
    rest = pd.DataFrame({"prefecture": lost["prefecture"], "enrolled": 0.0, "total": 1.0, "counted_from": "estimate"})
    return pd.concat([known, rest], ignore_index=True)


def _against(own: pd.DataFrame, survey: pd.DataFrame, column: str) -> pd.DataFrame:
    counts = own.groupby("prefecture").size().astype(float)
    table = survey.dropna(subset=[column])[["prefecture", column]].rename(columns={column: "total"})
    return table.assign(enrolled=table["prefecture"].map(counts).fillna(0.0), counted_from="survey")


def _region(rates: pd.DataFrame, on: date, parameters: UsedParameters) -> pd.DataFrame:
    own = rates[rates["prefecture"] == REGION]
    national = [_known(parameters, NATIONAL[state], on) for state in own["state"]]
    return own.assign(period=str(on.year), national=national)[
        ["period", "state", "counted_from", "enrolled", "total", "coverage", "goal", "national"]
    ]


def _known(parameters: UsedParameters, name: str, on: date) -> float:
    """Return a figure published for that very year; NaN for other years."""
    values = [v for v in parameters.parameters.parameter(name).values if v.effective.year == on.year]
    return float(parameters.value(name, values[-1].effective)) if values else np.nan


def _persons(ledgers: _Ledgers, on: date) -> pd.DataFrame:
    """Persons of the projects under way in the year and enrolled by the day, and of employers, beside the last survey."""
    p, day = ledgers.projects, pd.Timestamp(on)
    live = p[
        (p["enrolment_date"] <= day)
        & (p["began"] <= day)
        & (p["end"].isna() | (p["end"] > pd.Timestamp(on.year, 1, 1)))
    ]
    payroll = ledgers.employers[ledgers.employers["year"].str[:4] == str(on.year)]
    past = (
        ledgers.survey[ledgers.survey["year"].str[:4] <= str(on.year)]
        .sort_values("year")
        .drop_duplicates("prefecture", keep="last")
    )
    parts = (
        ("fixed", "employer", payroll.groupby("prefecture")["persons"].sum(), "persons_fixed"),
        ("fixed", "project", live.groupby("prefecture")["planned_persons_fixed"].sum(), "persons_fixed"),
        ("migrant", "project", live.groupby("prefecture")["planned_persons_migrant"].sum(), "persons_migrant"),
    )
    frames = []
    for kind, mode, enrolled, column in parts:
        surveyed = past.set_index("prefecture")[column].astype("float64")
        table = pd.DataFrame({"enrolled": enrolled.astype("float64"), "surveyed": surveyed})
        if table.empty or not table["enrolled"].fillna(0).any():
            continue
        table = in_order(table)
        table.loc[REGION] = table.sum(min_count=1)
        frames.append(table.rename_axis("prefecture").reset_index().assign(kind=kind, mode=mode))
    if not frames:
        return pd.DataFrame(columns=["prefecture", "kind", "mode", "enrolled", "surveyed", "coverage"])
    found = pd.concat(frames, ignore_index=True)
    found["enrolled"] = found["enrolled"].fillna(0.0)
    found["coverage"] = found["enrolled"] / found["surveyed"].where(found["surveyed"] > 0)
    return found[["prefecture", "kind", "mode", "enrolled", "surveyed", "coverage"]]


def _points(ledgers: _Ledgers, rates: pd.DataFrame, on: date, parameters: UsedParameters) -> pd.DataFrame:
    """What one percentage point of coverage is worth, and what the points missing to the target cost, by prefecture and state.

    New projects: the total cost of the year's permits (a mean cost stands for one that is not known). In progress: projects × mean cost of the enrolled
    that is still to be built on that day. Premium at the mean rate of the enrolled; person-years = cost ÷ productivity; injuries = person-years × the
    national share of recognised injuries.
    """
    p = ledgers.projects
    cost = p["total_cost_yuan"].sum()
    rate = float(p["premium_yuan"].sum() / cost) if cost > 0 else float(parameters.value("project_rate", on))
    output = float(productivity(parameters, [on.year])[0])
    frequency = float(parameters.value("frequency.recognised_per_insured", on))
    usual = float(p["total_cost_yuan"].mean())
    mean = {"new": _mean(p[p["enrolment_date"].dt.year == on.year], "total_cost_yuan", usual)}
    cohort = _cohort(ledgers, on.year)
    length = (cohort["end"] - cohort["began"]).dt.days
    left = ((cohort["end"] - pd.Timestamp(on)).dt.days / length.where(length > 0)).clip(0, 1).fillna(0.0)
    mean["in_progress"] = _mean(cohort.assign(left=left * cohort["total_cost_yuan"]), "left", usual)
    table = rates[["prefecture", "state", "total"]].copy()
    table["missing_points"] = (100 * (rates["goal"] - rates["coverage"])).clip(lower=0)
    each = [float(mean[s].get(q, mean[s][REGION])) for q, s in zip(table["prefecture"], table["state"], strict=True)]
    table["point_cost_yuan"] = table["total"] * np.array(each) / 100
    parts = table[table["prefecture"] != REGION].groupby("state")["point_cost_yuan"].sum()
    whole = table["prefecture"] == REGION
    table.loc[whole, "point_cost_yuan"] = table.loc[whole, "state"].map(parts)
    table["point_premium_yuan"] = table["point_cost_yuan"] * rate
    table["point_person_years"] = person_years(table["point_cost_yuan"].to_numpy(), output)
    table["point_injuries"] = table["point_person_years"] * frequency
    for name in ("premium_yuan", "person_years"):
        table[f"missing_{name}"] = table[f"point_{name}"] * table["missing_points"]
    return table.drop(columns="total")


def _mean(projects: pd.DataFrame, column: str, usual: float) -> pd.Series:
    """Return the mean of a figure by prefecture, and of all under ``region`` (``usual`` where there are none)."""
    means = projects.groupby("prefecture")[column].mean()
    means.loc[REGION] = projects[column].mean() if len(projects) else usual
    return means


def days_of(book: Book) -> list[date]:
    """Return the ends of the quarters that coverage can be measured at, the newest first."""
    return [q.end_time.date() for q in reversed(_quarters(read(book)))]
