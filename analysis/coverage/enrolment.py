"""How the premium comes in: payroll enrolment of employers beside enrolment by project, and the construction fee of Order 180 that pays the latter.

Order 180 (新疆维吾尔自治区人民政府令第180号, in force 2013-03-01): the housing departments collect a construction social-insurance fee and pay the
work-injury part of it (plan of 2015, 三(四)).
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
from models.exposure import person_years

REGION = "region"


@dataclass(frozen=True)
class Enrolment:
    """The two ways of enrolment and the fee's flow; a frame is empty where the book does not know.

    ``payroll``: ``period, industry_class, employers, persons, payroll_yuan, premium_yuan, payroll_rate, benchmark_rate, multiplier``, ``due_yuan`` (payroll ×
    the employer's rate). ``modes``: ``period, mode`` (employer, project)``, units, persons`` (person-years for projects)``, base_yuan`` (payroll or
    total cost)``, premium_yuan, payroll_rate`` (for projects premium ÷ (cost × labour share))``, premium_per_person_yuan, cases``.
    ``fees``: ``prefecture, period, collected_yuan, disbursed_yuan, injury_part_yuan, due_yuan`` (premium of the projects enrolled)``, gap_yuan, held_yuan,
    disbursed_share, injury_share``, cumulative ``open_yuan`` and what it is in days of premium, ``open_days``.
    ``delays``: ``prefecture, projects, mean_days`` from enrolment to payment, ``late_share`` (by premium, later than the parameter's days or unpaid).
    """

    payroll: pd.DataFrame
    modes: pd.DataFrame
    fees: pd.DataFrame
    delays: pd.DataFrame
    assumptions: tuple[Assumption, ...]


def enrolment(book: Book, on: date) -> Enrolment:
    """Return both ways of enrolment and the fee's flow, up to a day."""
    parameters = UsedParameters(load_parameters())
    projects = enrolled_projects(book.table("projects"))
    projects = projects[projects["enrolment_date"] <= pd.Timestamp(on)]
    employers = book.table("employers").assign(period=lambda f: f["year"].str[:4])
    employers = employers[employers["period"] <= str(on.year)]
    fees = book.table("fees")
    return Enrolment(
        _payroll(employers, parameters),
        _modes(
            projects,
            employers,
            book.table("cases", ["case_id", "injury_date", "project_id", "employer_id"]),
            parameters,
        ),
        _fees(fees[fees["period"] <= f"{on.year}Q{(on.month + 2) // 3}"], projects),
        _delays(projects, int(parameters.value("order_180.disbursement_days", on)), on),
        parameters.assumptions(Scenario()),
    )


def _payroll(employers: pd.DataFrame, parameters: UsedParameters) -> pd.DataFrame:
    if employers.empty:
        return pd.DataFrame()
    own = employers.assign(due_yuan=(employers["payroll_yuan"] * employers["rate"]).round(2))
    own = own.assign(premium_yuan=own["premium_yuan"].fillna(own["due_yuan"]), persons=own["persons"].astype("float64"))
    table = own.groupby(["period", "industry_class"], as_index=False).agg(
        employers=("employer_id", "nunique"), persons=("persons", "sum"), payroll_yuan=("payroll_yuan", "sum"),
        premium_yuan=("premium_yuan", "sum"), due_yuan=("due_yuan", "sum"),
    )  # fmt: skip
    table["payroll_rate"] = table["premium_yuan"] / table["payroll_yuan"].where(table["payroll_yuan"] > 0)
    benchmarks = [parameters.value("industry_class.base_rates", date(int(p), 12, 31)) for p in table["period"]]
    classes = table["industry_class"].astype("Int64")
    table["benchmark_rate"] = [
        b[c - 1] if pd.notna(c) and 1 <= c <= len(b) else np.nan for b, c in zip(benchmarks, classes, strict=True)
    ]
    table["multiplier"] = table["payroll_rate"] / table["benchmark_rate"]
    return table


def _modes(
    projects: pd.DataFrame, employers: pd.DataFrame, cases: pd.DataFrame, parameters: UsedParameters
) -> pd.DataFrame:
    own = projects.assign(period=projects["enrolment_date"].dt.year.astype("str"))
    share = own["labour_share"].fillna(own["labour_share"].median())
    by_project = own.assign(labour=own["total_cost_yuan"] * share).groupby("period").agg(
        units=("project_id", "size"), base_yuan=("total_cost_yuan", "sum"), premium_yuan=("premium_yuan", "sum"), labour_yuan=("labour", "sum")
    )  # fmt: skip
    days = [date(int(p), 12, 31) for p in by_project.index]
    output = productivity(parameters, [day.year for day in days])
    assumed = np.array([parameters.value("construction.labour_share", day) for day in days]) * by_project["base_yuan"]
    by_project["persons"] = person_years(by_project["base_yuan"].to_numpy(), output) if len(by_project) else 0.0
    labour = by_project.pop("labour_yuan")
    by_project["payroll_rate"] = by_project["premium_yuan"] / labour.where(labour > 0, assumed)
    paid = employers.assign(
        premium_yuan=employers["premium_yuan"].fillna(employers["payroll_yuan"] * employers["rate"])
    )
    by_employer = paid.astype({"persons": "float64"}).groupby("period").agg(
        units=("employer_id", "nunique"), base_yuan=("payroll_yuan", "sum"), premium_yuan=("premium_yuan", "sum"), persons=("persons", "sum")
    )  # fmt: skip
    by_employer["payroll_rate"] = by_employer["premium_yuan"] / by_employer["base_yuan"].where(
        by_employer["base_yuan"] > 0
    )
    year = cases["injury_date"].dt.year.astype("str")
    counts = {
        "employer": cases[cases["employer_id"].notna()].groupby(year)["case_id"].size(),
        "project": cases[cases["project_id"].notna()].groupby(year)["case_id"].size(),
    }
    frames = []
    for mode, table in (("employer", by_employer), ("project", by_project)):
        known = counts[mode].reindex(table.index).astype("float64")
        frames.append(
            table.assign(mode=mode, cases=known.fillna(0.0) if len(counts[mode]) else np.nan)
            .rename_axis("period")
            .reset_index()
        )
    found = pd.concat(frames, ignore_index=True)
    found["premium_per_person_yuan"] = found["premium_yuan"] / found["persons"].where(found["persons"] > 0)
    columns = [
        "period",
        "mode",
        "units",
        "persons",
        "base_yuan",
        "premium_yuan",
        "payroll_rate",
        "premium_per_person_yuan",
        "cases",
    ]
    return found.sort_values(["period", "mode"], ignore_index=True)[columns]


def _fees(fees: pd.DataFrame, projects: pd.DataFrame) -> pd.DataFrame:
    """Return the fee's flow by prefecture and period, with the region's sums; a year's fees are set against the year's premium, a quarter's against its."""
    if fees.empty:
        return pd.DataFrame()
    quarterly = fees["period"].str.contains("Q").any()
    own = projects.assign(period=projects["quarter"] if quarterly else projects["quarter"].str[:4])
    due = own.groupby(["prefecture", "period"])["premium_yuan"].sum().rename("due_yuan")
    money = ["collected_yuan", "disbursed_yuan", "injury_part_yuan"]
    table = (
        fees[["prefecture", "period", *money]]
        .fillna(dict.fromkeys(money, 0.0))
        .merge(due.reset_index(), on=["prefecture", "period"], how="left")
    )
    table["due_yuan"] = table["due_yuan"].fillna(0.0)
    whole = table.groupby("period")[[*money, "due_yuan"]].sum().reset_index().assign(prefecture=REGION)
    table = in_order(
        pd.concat([table.sort_values("period"), whole.sort_values("period")]).set_index("prefecture")
    ).reset_index()
    collected = table["collected_yuan"].where(table["collected_yuan"] > 0)
    table["gap_yuan"] = table["due_yuan"] - table["injury_part_yuan"]
    table["held_yuan"] = (table["collected_yuan"] - table["disbursed_yuan"]).groupby(table["prefecture"]).cumsum()
    table["disbursed_share"], table["injury_share"] = (
        table["disbursed_yuan"] / collected,
        table["injury_part_yuan"] / collected,
    )
    table["open_yuan"] = table["gap_yuan"].groupby(table["prefecture"]).cumsum()
    days = 365.25 / 4 if quarterly else 365.25
    table["open_days"] = table["open_yuan"].clip(lower=0) / table["due_yuan"].where(table["due_yuan"] > 0) * days
    return table


def _delays(projects: pd.DataFrame, limit: int, on: date) -> pd.DataFrame:
    """Return how long after enrolment the premium came, by prefecture and for the region; unpaid counts from enrolment to the day."""
    if projects.empty or projects["premium_date"].isna().all():
        return pd.DataFrame()
    waited = (projects["premium_date"].fillna(pd.Timestamp(on)) - projects["enrolment_date"]).dt.days.clip(lower=0)
    own = pd.DataFrame(
        {
            "prefecture": projects["prefecture"],
            "days": waited,
            "premium": projects["premium_yuan"],
            "late": (waited > limit) * projects["premium_yuan"],
        }
    )
    both = pd.concat([own, own.assign(prefecture=REGION)])
    table = both.groupby("prefecture").agg(
        projects=("days", "size"), mean_days=("days", "mean"), late=("late", "sum"), premium=("premium", "sum")
    )
    table["late_share"] = table.pop("late") / table.pop("premium")
    return in_order(table).reset_index()
