"""What the demonstration book holds beside its ledgers: permits, rosters, employers, quarterly returns, surveys and fees."""

from __future__ import annotations

import numpy as np
import pandas as pd

from data.demo.events import calendars
from data.demo.truth import PREFECTURE_WEIGHTS, DemoConfig, Truth
from models.exposure import earned_share

MISSING_RETURNS, LATE_RETURNS = 0.01, 0.04
COLLECTED, DISBURSED = 22.0, 19.0
"""Order 180: construction fee collected and disbursed for each yuan of work-injury premium in it."""


def _streams(config: DemoConfig, part: int, block: int = 0) -> np.random.Generator:
    return np.random.default_rng([config.seed, part, block])


def _unenrolled_share(prefecture: pd.Series, year: np.ndarray, config: DemoConfig, truth: Truth) -> np.ndarray:
    """Return the share of permits without enrolment: it falls as the campaign goes on and differs between prefectures."""
    factor = dict(zip(PREFECTURE_WEIGHTS, _streams(config, 11).uniform(0.4, 1.8, len(PREFECTURE_WEIGHTS)), strict=True))
    stage = np.clip(year - config.first_year, 0, len(truth.unenrolled) - 1)
    return np.asarray(np.array(truth.unenrolled)[stage] * prefecture.map(factor).to_numpy(dtype=float))


def permits(projects: pd.DataFrame, config: DemoConfig, truth: Truth) -> pd.DataFrame:
    """Return a permit for every project, and those that were issued to projects which never enrolled."""
    rng = _streams(config, 12, int(projects["project_id"].iloc[0][1:]))
    issued = pd.DataFrame(
        {"permit_id": projects["permit_id"], "project_id": projects["project_id"], "prefecture": projects["prefecture"],
         "issued_date": projects["permit_date"], "total_cost_yuan": projects["total_cost_yuan"], "enrolled": True}
    )  # fmt: skip
    share = _unenrolled_share(issued["prefecture"], issued["issued_date"].dt.year.to_numpy(), config, truth)
    without = issued[rng.random(len(issued)) < share / (1 - share)]
    without = without.assign(
        permit_id="W" + without["permit_id"].str[1:],
        project_id=None,
        enrolled=False,
        total_cost_yuan=np.round(without["total_cost_yuan"] * rng.uniform(0.3, 1.0, len(without)), 2),
    )
    return pd.concat([issued, without], ignore_index=True)


def roster(projects: pd.DataFrame, config: DemoConfig, truth: Truth) -> pd.DataFrame:
    """Return person-days by month of one project in ten of the last three years (real-name rosters came late).

    They follow the same person-years and work calendar as the injuries do.
    """
    since = np.datetime64(f"{config.first_year + max(config.years - 3, 0)}-01-01")
    own = projects[(projects["start_date"] >= since) & (projects["status"] != "cancelled")].iloc[::10]
    start = own["start_date"].to_numpy(dtype="datetime64[D]")
    end = own["actual_end"].fillna(own["extended_to"]).fillna(own["planned_end"]).to_numpy(dtype="datetime64[D]")
    close = np.datetime64(f"{config.first_year + config.years - 1}-12")
    first, last = start.astype("datetime64[M]"), np.minimum(end.astype("datetime64[M]"), close)
    months = np.maximum((last - first).astype(int) + 1, 0)
    of = np.repeat(np.arange(len(own)), months)
    month = first[of] + (np.arange(len(of)) - np.repeat(np.cumsum(months) - months, months))
    began = start.astype("datetime64[Y]").astype(int) + 1970 - config.first_year
    years = own["total_cost_yuan"].to_numpy() / (truth.productivity * (1 + truth.productivity_growth) ** began)
    share = np.zeros(len(of))
    prefecture = own["prefecture"].to_numpy()[of]
    for name, calendar in calendars().items():
        here = prefecture == name
        edges = [np.asarray(month[here] + k, dtype="datetime64[D]") for k in (0, 1)]
        before, after = (earned_share(start[of[here]], end[of[here]], edge, calendar) for edge in edges)
        share[here] = after - before
    days = np.round(years[of] * truth.working_days * share, 1)
    table = pd.DataFrame(
        {"project_id": own["project_id"].to_numpy()[of], "month": month.astype(str), "person_days": days, "persons": np.maximum(np.round(days / 22), 1)}
    )  # fmt: skip
    return table[table["person_days"] > 0]


def employers(config: DemoConfig) -> pd.DataFrame:
    """Return construction employers that enrol their fixed staff by payroll, year by year."""
    rng = np.random.default_rng(config.seed + 12)
    n = max(config.number_of_contractors // 3, 5)
    size = np.round(rng.lognormal(3.2, 1.1, n))
    industry = rng.choice([5, 6], n, p=[0.3, 0.7])
    home = rng.choice(list(PREFECTURE_WEIGHTS), n, p=list(PREFECTURE_WEIGHTS.values()))
    frames = []
    for i in range(config.years):
        persons = np.maximum(np.round(size * 1.02**i), 2)
        payroll = np.round(persons * 62_000 * 1.06**i, 2)
        rate = np.where(industry == 5, 0.011, 0.013)
        frames.append(
            pd.DataFrame({"employer_id": [f"Y{k:05d}" for k in range(1, n + 1)], "year": str(config.first_year + i), "industry_class": industry,
                          "payroll_yuan": payroll, "rate": rate, "premium_yuan": np.round(payroll * rate, 2), "persons": persons, "prefecture": home})
        )  # fmt: skip
    return pd.concat(frames, ignore_index=True)


def enrolled(projects: pd.DataFrame) -> pd.DataFrame:
    """Return the few columns of the projects that are not cancelled which returns, surveys and fees are summed from."""
    live = projects[projects["status"] != "cancelled"]
    names = ["was_in_progress", "planned_persons_fixed", "planned_persons_migrant", "premium_yuan", "total_cost_yuan"]
    end = live["actual_end"].fillna(live["extended_to"]).fillna(live["planned_end"])
    return live[names].assign(
        prefecture=pd.Categorical(live["prefecture"], categories=list(PREFECTURE_WEIGHTS)),
        quarter=pd.PeriodIndex(live["enrolment_date"], freq="Q").astype(str),
        start=live["start_date"].dt.year,
        end=end.dt.year,
    )


def returns(live: pd.DataFrame, payroll: pd.DataFrame, config: DemoConfig) -> pd.DataFrame:
    """Return the quarterly returns of the fourteen prefectures: they equal the ledgers; a few came late, a few never."""
    quarters = [str(q) for q in pd.period_range(f"{config.first_year}Q1", periods=4 * config.years, freq="Q")]
    grid = pd.MultiIndex.from_product([list(PREFECTURE_WEIGHTS), quarters], names=["prefecture", "quarter"])

    def sums(rows: pd.DataFrame, **columns: tuple[str, str]) -> pd.DataFrame:
        return rows.groupby(["prefecture", "quarter"], observed=True).agg(**columns).reindex(grid, fill_value=0)

    live = live.assign(persons=live["planned_persons_fixed"] + live["planned_persons_migrant"])
    new, old = (
        sums(live[live["was_in_progress"] == flag], projects=("persons", "size"), persons=("persons", "sum"))
        for flag in (False, True)
    )
    by_year = payroll.groupby(["prefecture", "year"]).agg(
        units=("employer_id", "size"), persons=("persons", "sum"), paid=("premium_yuan", "sum")
    )
    year = grid.get_level_values("quarter").str[:4]
    staff = by_year.reindex(pd.MultiIndex.from_arrays([grid.get_level_values("prefecture"), year]), fill_value=0)
    table = pd.DataFrame(
        {
            "employer_units": staff["units"].to_numpy(),
            "new_projects": new["projects"],
            "inprogress_projects": old["projects"],
            "employer_persons": staff["persons"].to_numpy(),
            "new_project_persons": new["persons"],
            "inprogress_project_persons": old["persons"],
            "employer_paid_yuan": (staff["paid"] / 4).round(2).to_numpy(),
            "project_paid_yuan": sums(live, paid=("premium_yuan", "sum"))["paid"].round(2),
        },
        index=grid,
    ).reset_index()
    rng = _streams(config, 13)
    end = pd.PeriodIndex(table["quarter"], freq="Q").end_time.normalize()
    late = np.where(rng.random(len(table)) < LATE_RETURNS, rng.integers(15, 75, len(table)), 0)
    table["received_date"] = end + pd.to_timedelta(rng.integers(3, 12, len(table)) + late, "D")
    never = rng.random(len(table)) < MISSING_RETURNS
    never[-1] = True  # the newest quarter of the last prefecture has not come in yet
    return table[~never]


def survey(live: pd.DataFrame, config: DemoConfig, truth: Truth) -> pd.DataFrame:
    """Return the survey of every year: firms, their staff, projects planned and already under way, enrolled or not."""
    rows = []
    opened = live["quarter"].str[:4].astype(int)
    for i in range(config.years):
        year = config.first_year + i
        planned = live[(opened == year) & ~live["was_in_progress"]]
        # under way on the first day, or found under way and enrolled then or later
        before = live[(live["end"] >= year) & ((live["start"] < year) | live["was_in_progress"])]
        for prefecture, share in PREFECTURE_WEIGHTS.items():
            missing = _unenrolled_share(pd.Series([prefecture]), np.array([year]), config, truth)[0]
            new, running = (f[f["prefecture"] == prefecture] for f in (planned, before))
            both = pd.concat([new, running])
            rows.append(
                {
                    "prefecture": prefecture,
                    "year": str(year),
                    "firms": max(round(config.number_of_contractors * share), 1),
                    "persons_fixed": round(both["planned_persons_fixed"].sum() / (1 - missing)),
                    "persons_migrant": round(both["planned_persons_migrant"].sum() / (1 - missing)),
                    "projects_planned": round(len(new) / (1 - missing)),
                    "projects_in_progress": round(len(running) / (1 - missing)),
                }
            )
    return pd.DataFrame(rows)


def fees(live: pd.DataFrame, config: DemoConfig) -> pd.DataFrame:
    """Return the flow of Order 180 by prefecture and year: fee collected, disbursed, work-injury premium paid from it, some of it a year late."""
    year = live["quarter"].str[:4].rename("period")
    due = live.groupby(["prefecture", year], observed=True)["premium_yuan"].sum().unstack(fill_value=0.0)
    late = due * _streams(config, 14).uniform(0.0, 0.12, due.shape)
    paid = due - late + late.shift(axis=1, fill_value=0.0)
    table = pd.DataFrame({"due_yuan": due.stack(), "injury_part_yuan": paid.stack().round(2)}).reset_index()
    return table.assign(
        collected_yuan=(table["due_yuan"] * COLLECTED).round(2), disbursed_yuan=(table["due_yuan"] * DISBURSED).round(2)
    )
