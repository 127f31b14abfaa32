"""The real-name roster (实名制台账) as exposure: person-days by project and month → person-years, beside person-years from cost and productivity.

Plan of 2015, 三(六): the general contractor keeps a roster, attendance and wage tables for the whole construction period and reports them.
"""

from __future__ import annotations

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
from models.exposure import (
    WorkCalendar,
    earned_share,
    effective_end,
    person_years,
    person_years_of_roster,
    work_calendar,
)
from models.messages import InputError

REGION = "region"
GROUPS = ("prefecture", "project_type")


@dataclass(frozen=True)
class RosterStudy:
    """What the roster says of exposure.

    ``projects``: ``project_id, prefecture, project_type, months, person_days, roster_person_years, cost_person_years, roster_ratio, planned_persons,
    mean_persons, most_persons, present_share`` (mean present ÷ planned); ``by``: dimension → ``level, projects, roster_person_years,
    cost_person_years, roster_ratio, planned_persons, mean_persons, present_share`` with a row ``region``; ``months``: ``month, person_years, persons``;
    ``implied_productivity``: yuan of earned cost per person-year on the roster; ``known_share``: share of the cost under way in those months that the
    roster covers; ``unknown``: projects on the roster that are not in the ledger.
    """

    projects: pd.DataFrame
    by: dict[str, pd.DataFrame]
    months: pd.DataFrame
    implied_productivity: float
    productivity: float
    known_share: float
    unknown: tuple[str, ...]
    assumptions: tuple[Assumption, ...]


def roster_study(book: Book, on: date) -> RosterStudy:
    """Return the roster's person-years beside those from cost.

    Cost counts as it is earned (winter stop, S-curve) in the months that a project's roster covers, so that both speak of the same months.

    Raises
    ------
    InputError
        The book has no roster, or none of its projects is in the ledger.
    """
    roster = book.table("roster")
    if roster.empty:
        raise InputError("The book has no real-name roster. Import it (项目编号, 月份, 出勤工日, 在场人数).")
    parameters = UsedParameters(load_parameters())
    ledger = enrolled_projects(book.table("projects"))
    ledger = ledger.assign(end=effective_end(ledger)).dropna(subset=["start_date", "end"])
    ledger = ledger[ledger["end"] > ledger["start_date"]]
    month = pd.PeriodIndex(roster["month"], freq="M")
    own = roster.assign(
        first=month.start_time, after=(month + 1).start_time, persons=roster["persons"].astype("float64")
    )
    own = own[own["first"] <= pd.Timestamp(on)]
    sums = own.groupby("project_id").agg(
        months=("month", "size"), first=("first", "min"), after=("after", "max"), person_days=("person_days", "sum"),
        mean_persons=("persons", "mean"), most_persons=("persons", "max"),
    )  # fmt: skip
    unknown = tuple(sorted(set(sums.index) - set(ledger["project_id"])))
    table = sums.merge(ledger, on="project_id").reset_index(drop=True)
    if table.empty:
        raise InputError(
            "No project of the real-name roster is in the project ledger: compare the column 项目编号 of both."
        )
    working_days = float(parameters.value("construction.working_days", on))
    output = float(productivity(parameters, [on.year])[0])
    months = tuple(parameters.value("construction.winter_months", on))
    calendar = work_calendar(months, float(parameters.value("construction.winter_share", on)))
    table["earned_yuan"] = _earned(table, table["first"], table["after"], calendar)
    table["roster_person_years"] = person_years_of_roster(table["person_days"].to_numpy(), working_days)
    table["cost_person_years"] = person_years(table["earned_yuan"].to_numpy(), output)
    table["planned_persons"] = table["persons"].where(table["persons"] > 0)
    table = _ratios(table)
    inside = ledger[(ledger["start_date"] < own["after"].max()) & (ledger["end"] > own["first"].min())]
    under_way = _earned(inside, own["first"].min(), own["after"].max(), calendar).sum()
    by_month = own.groupby("month", as_index=False).agg(person_days=("person_days", "sum"), persons=("persons", "sum"))
    by_month["person_years"] = person_years_of_roster(by_month["person_days"].to_numpy(), working_days)
    total = float(table["roster_person_years"].sum())
    columns = [
        "project_id",
        *GROUPS,
        "months",
        "person_days",
        "roster_person_years",
        "cost_person_years",
        "roster_ratio",
        "planned_persons",
        "mean_persons",
        "most_persons",
        "present_share",
    ]
    return RosterStudy(
        table[columns], {name: _by(table, name) for name in GROUPS}, by_month[["month", "person_years", "persons"]],
        float(table["earned_yuan"].sum()) / total if total > 0 else np.nan, output,
        float(table["earned_yuan"].sum() / under_way) if under_way > 0 else np.nan, unknown, parameters.assumptions(Scenario()),
    )  # fmt: skip


def _earned(
    projects: pd.DataFrame, first: pd.Series | pd.Timestamp, after: pd.Series | pd.Timestamp, calendar: WorkCalendar
) -> pd.Series:
    """Return the cost that projects earned from a day to before another (one day, or one a project)."""
    start, end = (projects[c].to_numpy(dtype="datetime64[D]") for c in ("start_date", "end"))
    edges = [pd.Series(edge, index=projects.index).to_numpy(dtype="datetime64[D]") for edge in (first, after)]
    shares = [earned_share(start, end, edge, calendar) for edge in edges]
    return projects["total_cost_yuan"] * (shares[1] - shares[0])


def _ratios(table: pd.DataFrame) -> pd.DataFrame:
    cost, planned = table["cost_person_years"], table["planned_persons"]
    return table.assign(
        roster_ratio=table["roster_person_years"] / cost.where(cost > 0),
        present_share=table["mean_persons"] / planned.where(planned > 0),
    )


def _by(table: pd.DataFrame, name: str) -> pd.DataFrame:
    """Return the sums by a dimension; shares compare planned and present of the projects that know both."""
    both = table.assign(mean_persons=table["mean_persons"].where(table["planned_persons"].notna()))
    columns = ["roster_person_years", "cost_person_years", "planned_persons", "mean_persons"]
    sums = both.groupby(name)[columns].sum()
    sums.insert(0, "projects", both.groupby(name).size())
    sums = in_order(sums)
    sums.loc[REGION] = sums.sum()
    return _ratios(sums.rename_axis("level").reset_index())
