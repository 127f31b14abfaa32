"""Exposure of a ledger book: written, earned and unearned cost and premium by year, person-years behind them, and the rows of the frequency model."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.assumptions import productivity
from analysis.experience.frames import Floats, Integers, Ledgers, large_event
from analysis.fund.ledgers import SIZE_EDGES, SIZE_NAMES
from models.development import developed_shares
from models.exposure import (
    STALE_DAYS,
    WorkCalendar,
    earned_share,
    effective_end,
    person_years_of_roster,
    settled_cost,
    work_calendar,
)
from models.messages import InputError, Message

REPORT_LAGS = 24
"""Months after the injury within which a case is reported; later reports count as of that age."""

YI = 1e8
SEASONS = ("Q1", "Q2", "Q3", "Q4")


@dataclass(frozen=True)
class Exposure:
    """What a fund has written, earned and still to earn.

    ``by_year``: ``period, projects`` (enrolled)``, written_yuan, earned_yuan, unearned_yuan`` (at the year's end)``, written_premium_yuan,
    earned_premium_yuan, unearned_premium_yuan, settled_change`` (final ÷ contract cost − 1 of the projects enrolled that year)``, person_years,
    injuries, per_yi`` (injuries a 100 million yuan earned)``, per_thousand`` (injuries a thousand person-years)``; ``by_status``: projects and cost by
    status; ``shape`` of the earning; ``roster_share`` of earned cost that a roster covers; ``productivity`` yuan a person-year by year.
    """

    by_year: pd.DataFrame
    by_status: pd.DataFrame
    shape: str
    roster_share: float
    productivity: pd.Series
    notes: tuple[Message, ...]


@dataclass(frozen=True)
class Earned:
    """Cost earned of every project in every quarter: (projects, quarters) ``cost``, and the quarter's ``share`` of the project."""

    cost: Floats
    share: Floats


def calendars(ledgers: Ledgers) -> tuple[dict[str, WorkCalendar], WorkCalendar]:
    """Return the work calendar of each prefecture that has its own, and that of the others."""
    begin, end = (ledgers.parameters.value(f"construction.winter_{edge}", ledgers.on) for edge in ("from", "until"))
    stops = {name: _months(int(begin[name]), int(end[name])) for name in begin if name in end}
    months = tuple(ledgers.parameters.value("construction.winter_months", ledgers.on))
    share = float(ledgers.parameters.value("construction.winter_share", ledgers.on))
    made = {m: work_calendar(m, share) for m in {months, *stops.values()}}
    return {name: made[m] for name, m in stops.items()}, made[months]


def _months(first: int, last: int) -> tuple[int, ...]:
    """Return the months from first to last, over the turn of the year where the last comes before the first."""
    return tuple((first - 1 + k) % 12 + 1 for k in range((last - first) % 12 + 1))


def earn(ledgers: Ledgers, shape: str = "s_curve") -> Earned:
    """Return what each project earned in each quarter up to the valuation date; what it earned before the first quarter counts in that."""
    projects = ledgers.projects
    start = projects["start_date"].fillna(projects["enrolment_date"])
    end = effective_end(projects, np.datetime64(ledgers.on, "D"))
    valid = ((end > start) & projects["total_cost_yuan"].gt(0)).to_numpy()
    edges = [*(np.datetime64(q.start_time, "D") for q in ledgers.quarters), ledgers.close]
    by_prefecture, other = calendars(ledgers)
    done = np.zeros((len(projects), len(edges)))
    prefecture = projects["prefecture"].fillna("").to_numpy(dtype=object)
    chosen = {name: by_prefecture.get(name, other) for name in set(prefecture)}
    for calendar in {id(c): c for c in chosen.values()}.values():
        own = valid & np.array([chosen[name] is calendar for name in prefecture])
        if own.any():
            first, last = start[own].to_numpy(dtype="datetime64[D]"), end[own].to_numpy(dtype="datetime64[D]")
            done[own] = np.stack([earned_share(first, last, edge, calendar, shape) for edge in edges], axis=1)
    done[:, 0] = 0.0
    share = np.diff(done, axis=1)
    return Earned(share * projects["total_cost_yuan"].fillna(0.0).to_numpy()[:, None], share)


def study_exposure(ledgers: Ledgers, earned: Earned, shape: str = "s_curve") -> Exposure:
    """Return exposure and premium by year."""
    projects = ledgers.projects
    written = (projects["status"] != "cancelled").to_numpy()
    enrolled = projects["enrolment_date"].dt.year.to_numpy()
    cost = projects["total_cost_yuan"].fillna(0.0).to_numpy() * written
    due = projects["rate"] * projects["multiplier"].fillna(1.0) * projects["total_cost_yuan"]
    premium = projects["premium_yuan"].fillna(due).fillna(0.0).to_numpy() * written
    years = ledgers.years

    def of_year(values: Floats) -> Floats:
        return np.bincount(enrolled - years[0], values, len(years)).astype(np.float64)

    def yearly(by_quarter: Floats) -> Floats:
        return np.asarray(by_quarter.reshape(len(years), 4).sum(axis=1), dtype=np.float64)

    earned_cost, earned_premium = yearly(earned.cost.sum(axis=0)), yearly(premium @ earned.share)
    settled, change = settled_cost(projects[written])
    known = projects["final_cost_yuan"].notna().to_numpy() & written
    before, after = of_year(cost * known), of_year(projects["final_cost_yuan"].fillna(0.0).to_numpy() * known)
    output, roster_share, notes = _productivity(ledgers, earned)
    counted = _counted(ledgers)
    injuries = counted.groupby("year").size().reindex(years, fill_value=0).to_numpy()
    persons = earned_cost / output
    table = pd.DataFrame(
        {
            "period": years.astype(str),
            "projects": of_year(written.astype(np.float64)).astype(np.int64),
            "written_yuan": of_year(cost),
            "earned_yuan": earned_cost,
            "unearned_yuan": np.maximum(np.cumsum(of_year(cost)) - np.cumsum(earned_cost), 0.0),
            "written_premium_yuan": of_year(premium),
            "earned_premium_yuan": earned_premium,
            "unearned_premium_yuan": np.maximum(np.cumsum(of_year(premium)) - np.cumsum(earned_premium), 0.0),
            "settled_change": np.divide(after, before, out=np.full(len(years), np.nan), where=before > 0) - 1.0,
            "person_years": persons,
            "injuries": injuries,
            "per_yi": np.divide(injuries, earned_cost / YI, out=np.full(len(years), np.nan), where=earned_cost > 0),
            "per_thousand": np.divide(injuries, persons / 1e3, out=np.full(len(years), np.nan), where=persons > 0),
        }
    )  # fmt: skip
    status = projects.assign(cost_yuan=projects["total_cost_yuan"]).groupby(projects["status"].fillna("unknown"))
    by_status = (
        status.agg(projects=("project_id", "size"), cost_yuan=("cost_yuan", "sum")).rename_axis("status").reset_index()
    )
    notes += _notes(ledgers, float(settled.sum()), change)
    return Exposure(table, by_status, shape, roster_share, pd.Series(output, index=years), tuple(notes))


def _notes(ledgers: Ledgers, settled: float, change: float) -> list[Message]:
    """Say how cancelled, suspended, extended and overdue projects were treated, and what settlement changes."""
    projects = ledgers.projects
    close = pd.Timestamp(ledgers.on)
    known_end = projects["extended_to"].fillna(projects["planned_end"])
    overdue = (projects["status"] == "in_progress") & projects["actual_end"].isna()
    overdue &= known_end.between(close - pd.Timedelta(STALE_DAYS, "D"), close, inclusive="left")
    undated = effective_end(projects).isna() & (projects["status"] != "cancelled")
    counts = {name: int((projects["status"] == name).sum()) for name in ("cancelled", "suspended")}
    said = [
        (counts["cancelled"], Message("{count} cancelled projects earn nothing; their premium is taken as returned.", {"count": counts["cancelled"]})),
        (counts["suspended"], Message("{count} suspended projects earn up to their planned end: the ledgers do not say when work stopped.", {"count": counts["suspended"]})),
        (int(overdue.sum()), Message("{count} projects are past their planned end and not finished: they go on earning until the valuation date.", {"count": int(overdue.sum())})),
        (int(undated.sum()), Message("{count} projects have no end: they earn nothing until one is known.", {"count": int(undated.sum())})),
        (int(abs(change) > 0.005), Message("At settlement projects cost {change:percent} more than contracted: premium and exposure are on the contract price.", {"change": change})),
    ]  # fmt: skip
    return [message for count, message in said if count]


def _productivity(ledgers: Ledgers, earned: Earned) -> tuple[Floats, float, list[Message]]:
    """Return yuan a person-year by year: the published series, brought to the level of the fund's own roster where there is one."""
    series = productivity(ledgers.parameters, ledgers.years.tolist())
    roster = ledgers.roster
    row = (
        pd.Index(ledgers.projects["project_id"]).get_indexer(roster["project_id"])
        if len(roster)
        else np.array([], dtype=np.int64)
    )
    quarter = (
        pd.PeriodIndex(roster["month"].astype("str"), freq="M").asfreq("Q") if len(roster) else ledgers.quarters[:0]
    )
    column = ledgers.quarters.get_indexer(quarter)
    there = (row >= 0) & (column >= 0) & roster["person_days"].notna().to_numpy()
    if not there.any():
        return series, 0.0, []
    on_roster = np.zeros(earned.cost.shape, dtype=np.bool_)
    on_roster[row[there], column[there]] = True
    cost = np.where(on_roster, earned.cost, 0.0).sum(axis=0).reshape(-1, 4).sum(axis=1)
    days = ledgers.parameters.value("construction.working_days", ledgers.on)
    persons = float(person_years_of_roster(roster["person_days"].to_numpy(dtype=np.float64)[there], float(days)).sum())
    if not (persons > 0 and cost.sum() > 0):
        return series, 0.0, []
    level = float((cost / series).sum()) / persons
    share = float(cost.sum() / earned.cost.sum())
    note = Message(
        "Person-years: output per person-year is the published series × {level:number.2}, the level of the roster, which covers {share:percent} of the cost earned.",
        {"level": level, "share": share},
    )  # fmt: skip
    return series * level, share, [note]


def _counted(ledgers: Ledgers) -> pd.DataFrame:
    """Return the cases that count: reported, in a year with exposure."""
    cases = ledgers.cases
    return cases[(cases["year"] > 0) & cases["on_ledger"]]


def rating_rows(ledgers: Ledgers, earned: Earned, least_victims: int) -> tuple[pd.DataFrame, list[Message]]:
    """Return the rows of the frequency model: a row a project and quarter.

    Columns: ``contractor, project_type, prefecture, size_band, season, credit_grade, safety_standard`` (categories)``, year, exposure`` (100 million yuan earned, times the share of the
    quarter's injuries that are reported by now)``, cost_yi`` (the same without that share)``, cases`` (without victims of large events).
    """
    projects, cases = ledgers.projects, ledgers.cases
    quarter = pd.PeriodIndex(cases["injury_date"], freq="Q")
    column = ledgers.quarters.get_indexer(quarter)
    place = cases["project"].to_numpy()
    usable = (cases["year"] > 0).to_numpy() & cases["on_ledger"].to_numpy() & (place >= 0) & (column >= 0)
    usable &= ~large_event(cases, least_victims)
    homeless = usable & (earned.cost[place, column] <= 0)
    usable &= ~homeless
    counts = np.zeros(earned.cost.shape)
    np.add.at(counts, (place[usable], column[usable]), 1.0)
    known = ~projects["contractor_id"].isna().to_numpy()
    row, at = np.nonzero((earned.cost > 0) & known[:, None])
    if not len(row):
        raise InputError("No project has earned any cost up to {on:date}: there is no exposure.", on=ledgers.on)
    reported = report_shares(ledgers)
    cost = earned.cost[row, at] / YI
    band = np.digitize(projects["total_cost_yuan"], SIZE_EDGES[1:-1])

    own = ledgers.contractors.drop_duplicates("contractor_id").set_index("contractor_id")[
        ["credit_grade", "safety_standard"]
    ]

    def of_project(values: pd.Series) -> pd.Categorical:
        codes, names = pd.factorize(values.fillna("unknown"), sort=True)
        return pd.Categorical(pd.Index(names).take(codes[row]), categories=pd.Index(names))

    frame = pd.DataFrame(
        {
            "contractor": of_project(projects["contractor_id"]),
            "project_type": of_project(projects["project_type"]),
            "prefecture": of_project(projects["prefecture"]),
            "size_band": pd.Categorical(
                np.array(SIZE_NAMES, dtype=object)[band[row]], categories=list(SIZE_NAMES)
            ).remove_unused_categories(),
            **{c: of_project(projects["contractor_id"].map(own[c])) for c in own if own[c].notna().any()},
            "season": pd.Categorical(
                np.array(SEASONS, dtype=object)[at % 4], categories=list(SEASONS)
            ).remove_unused_categories(),
            "year": ledgers.years[at // 4],
            "exposure": cost * reported[at],
            "cost_yi": cost,
            "cases": counts[row, at],
        }
    )
    notes = []
    if homeless.any():
        notes.append(Message("{count} cases are dated when their project was not at work and were left out of the frequency model.", {"count": int(homeless.sum())}))  # fmt: skip
    if reported[-1] < 0.995:
        notes.append(
            Message(
                "Of the injuries of the last quarter {share:percent} are reported so far: its exposure counts so much.",
                {"share": float(reported[-1])},
            )
        )
    return frame, notes


def report_shares(ledgers: Ledgers) -> Floats:
    """Return, by quarter of injury, the share of its injuries that have been reported up to the valuation date (chain ladder on months)."""
    n = len(ledgers.quarters)
    values = lag_triangle(ledgers, "report_date", REPORT_LAGS)
    if values is None:
        return np.ones(n)
    try:
        developed = np.clip(developed_shares(values), 0.05, 1.0)
    except InputError:
        return np.ones(n)
    months = 3 * n
    share = developed[np.minimum(np.arange(months)[::-1], len(developed) - 1)]
    seen = np.ones(months)  # a month without a case weighs as one with a single one
    seen[-len(values) :] = np.maximum([row[~np.isnan(row)][-1] for row in values], 1.0)
    return np.asarray(seen.reshape(n, 3).sum(axis=1) / (seen / share).reshape(n, 3).sum(axis=1), dtype=np.float64)


def lag_triangle(ledgers: Ledgers, event: str, lags: int, freq: str = "M") -> Floats | None:
    """Return the cumulative triangle (injury periods, lags) of cases by the period of an event, or None where few cases date it.

    Months (``freq`` "M") for what comes soon, because injuries crowd within a quarter; quarters ("Q") for what comes late. Lags of ``lags``
    periods and more count as that lag; leading periods without a case are left out.
    """
    cases = ledgers.cases[ledgers.cases["year"] > 0]
    if (
        not len(cases)
        or (event == "report_date" and cases[event].notna().mean() < 0.5)
        or not cases[event].notna().any()
    ):
        return None
    first = pd.Period(f"{ledgers.years[0]}-01", freq=freq).ordinal
    n = len(ledgers.quarters) * (3 if freq == "M" else 1)
    origin: Integers = pd.PeriodIndex(cases["injury_date"], freq=freq).asi8 - first
    happened = cases[event].notna().to_numpy() & (cases[event] < pd.Timestamp(ledgers.close)).to_numpy() & (origin >= 0)
    dated = pd.PeriodIndex(cases[event].where(happened, cases["injury_date"]), freq=freq).asi8 - first
    lags = min(lags, n - 1)
    lag = np.clip(dated - origin, 0, lags)
    table = np.zeros((n, lags + 1))
    np.add.at(table, (origin[happened], lag[happened]), 1.0)
    table = np.cumsum(table, axis=1)
    table[np.add.outer(np.arange(n), np.arange(lags + 1)) > n - 1] = np.nan
    start = min(int(np.argmax(np.nan_to_num(table).sum(axis=1) > 0)), n - 2)
    return np.asarray(table[start:], dtype=np.float64)


def injuries_by_period(ledgers: Ledgers, freq: str) -> Floats:
    """Return the injuries of each month ("M") or quarter ("Q") of the ledgers' years."""
    cases = ledgers.cases[ledgers.cases["year"] > 0]
    n = len(ledgers.quarters) * (3 if freq == "M" else 1)
    at = pd.PeriodIndex(cases["injury_date"], freq=freq).asi8 - pd.Period(f"{ledgers.years[0]}-01", freq=freq).ordinal
    return np.bincount(at[at >= 0], minlength=n).astype(np.float64)
