"""Writes the demonstration book: ledgers, then accounts that equal their sums to the fen, then what the other tables hold."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import pandas as pd

from data import schema
from data.book import Book
from data.demo.events import Ledgers, make_ledgers, true_frequency
from data.demo.truth import PREFECTURE_WEIGHTS, DemoConfig, Truth, as_plain
from data.parameters import load_parameters
from data.writing import Source, typed
from models.messages import Message

INTEREST = 0.02
OPENING_YEARS = 0.8
"""Opening balance in years of the first year's premium."""
REFERENCE = "模拟数据 synthetic"


def make_demo(book: Book, config: DemoConfig | None = None, truth: Truth | None = None) -> Message:
    """Fill an empty book with a synthetic fund and write the truth behind it beside the book (``NAME.truth.json``)."""
    config, truth = config or DemoConfig(), truth or Truth()
    parameters = load_parameters()
    ledgers = make_ledgers(config, truth, parameters)
    plain = json.dumps(as_plain(config, truth), sort_keys=True, default=str)
    tables = {
        "contractors": ledgers.contractors,
        "projects": ledgers.projects,
        "cases": ledgers.cases,
        "payments": ledgers.payments,
        "permits": _permits(ledgers, config),
        "employers": _employers(config),
        "roster": _roster(ledgers, config),
        "returns": _returns(ledgers, config),
        "survey": _survey(config),
        "fees": _fees(ledgers),
        "accounts": _accounts(ledgers, config),
    }
    with book.transaction() as connection:
        for name, rows in tables.items():
            rows = typed(rows.reindex(columns=[f.name for f in schema.TABLES[name]]).reset_index(drop=True), name)
            digest = hashlib.sha256(f"{plain}|{name}".encode()).hexdigest()
            book.write(name, rows.set_axis(range(1, len(rows) + 1), axis=0), Source(f"demo:{name}", digest), connection)
    book.note(synthetic="yes", fund="xinjiang", demo=plain)
    _write_truth(book, config, truth, ledgers)
    return Message(
        "A synthetic book was written: {projects:integer} projects, {cases:integer} cases, {payments:integer} payments. It describes no real fund.",
        {"projects": len(ledgers.projects), "cases": len(ledgers.cases), "payments": len(ledgers.payments)},
    )


def _write_truth(book: Book, config: DemoConfig, truth: Truth, ledgers: Ledgers) -> None:
    """Keep the known truth beside a book that is a file; a book in a server or in memory keeps it in its notes only."""
    database = book.engine.url.database
    if book.engine.dialect.name != "sqlite" or not database or database == ":memory:":
        return
    plain = as_plain(config, truth)
    plain["contractor_risk"] = {k: round(float(v), 6) for k, v in ledgers.risk.items()}
    year = pd.to_datetime(ledgers.projects["start_date"]).dt.year
    mean = pd.Series(true_frequency(ledgers.projects, truth, config.first_year)).groupby(year.to_numpy()).mean()
    plain["mean_frequency_by_start_year"] = {str(k): float(v) for k, v in mean.items()}
    Path(database).with_suffix(".truth.json").write_text(
        json.dumps(plain, ensure_ascii=False, indent=1, default=str) + "\n", encoding="utf-8"
    )


def _accounts(ledgers: Ledgers, config: DemoConfig) -> pd.DataFrame:
    """Accounts by quarter from the ledgers: premium by enrolment, benefits by payment date, interest on the opening balance, prevention 2%."""
    live = ledgers.projects[ledgers.projects["status"] != "cancelled"]
    quarters = [str(q) for q in pd.period_range(f"{config.first_year}Q1", periods=4 * config.years, freq="Q")]

    def by_quarter(days: pd.Series, amount: pd.Series) -> pd.Series:
        period = pd.PeriodIndex(pd.to_datetime(days), freq="Q").astype(str)
        return (amount.groupby(np.asarray(period)).sum()).reindex(quarters, fill_value=0.0).round(2)

    premium = by_quarter(live["enrolment_date"], live["premium_yuan"])
    paid = by_quarter(ledgers.payments["payment_date"], ledgers.payments["amount_yuan"])
    exposure = by_quarter(live["enrolment_date"], live["total_cost_yuan"])
    balance = round(float(premium.iloc[:4].sum()) * OPENING_YEARS, 2)
    rows = []
    for quarter in quarters:
        interest = round(max(balance, 0.0) * INTEREST / 4, 2)
        prevention = round(premium[quarter] * 0.02, 2)
        revenue = round(premium[quarter] + interest, 2)
        expenditure = round(paid[quarter] + prevention, 2)
        balance = round(balance + revenue - expenditure, 2)
        items = {
            "contributions": premium[quarter], "interest": interest, "revenue": revenue, "benefits": paid[quarter], "prevention": prevention,
            "expenditure": expenditure, "balance": balance, "exposure": exposure[quarter],
        }  # fmt: skip
        rows += [("xinjiang", quarter, item, amount, "synthetic", REFERENCE) for item, amount in items.items()]
    return pd.DataFrame(rows, columns=["fund", "period", "item", "amount", "mark", "reference"])


def _permits(ledgers: Ledgers, config: DemoConfig) -> pd.DataFrame:
    """A permit for every project, and one in two hundred that was issued without enrolment."""
    own = ledgers.projects
    rng = np.random.default_rng(config.seed + 11)
    permits = pd.DataFrame(
        {"permit_id": own["permit_id"], "project_id": own["project_id"], "prefecture": own["prefecture"], "issued_date": own["permit_date"],
         "total_cost_yuan": own["total_cost_yuan"], "enrolled": True}
    )  # fmt: skip
    without = permits.sample(max(len(permits) // 200, 1), random_state=config.seed).assign(
        project_id=None, enrolled=False
    )
    without["permit_id"] = "W" + without["permit_id"].str[1:]
    without["total_cost_yuan"] = np.round(without["total_cost_yuan"] * rng.uniform(0.3, 1.0, len(without)), 2)
    return pd.concat([permits, without], ignore_index=True)


def _employers(config: DemoConfig) -> pd.DataFrame:
    rng = np.random.default_rng(config.seed + 12)
    n = max(config.number_of_contractors // 3, 5)
    size = rng.lognormal(3.2, 1.0, n)
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


def _roster(ledgers: Ledgers, config: DemoConfig) -> pd.DataFrame:
    """Person-days of one project in ten, from its last three years (real-name rosters came late)."""
    since = np.datetime64(f"{config.first_year + max(config.years - 3, 0)}-01-01")
    own = ledgers.projects[
        (ledgers.projects["start_date"] >= since) & (ledgers.projects["status"] != "cancelled")
    ].iloc[::10]
    start = own["start_date"].to_numpy(dtype="datetime64[M]")
    end = own["actual_end"].fillna(own["planned_end"]).to_numpy(dtype="datetime64[M]")
    close = np.datetime64(f"{config.first_year + config.years - 1}-12")
    months = (np.minimum(end, close) - start).astype(int) + 1
    months = np.maximum(months, 0)
    of = np.repeat(np.arange(len(own)), months)
    turn = np.arange(len(of)) - np.repeat(np.cumsum(months) - months, months)
    length = np.maximum((end - start).astype(int) + 1, 1)
    days = own["total_cost_yuan"].to_numpy()[of] / 400_000 * 250 / length[of]
    return pd.DataFrame(
        {"project_id": own["project_id"].to_numpy()[of], "month": (start[of] + turn).astype(str), "person_days": np.round(days, 1),
         "persons": np.maximum(np.round(days / 22), 1)}
    )  # fmt: skip


def _returns(ledgers: Ledgers, config: DemoConfig) -> pd.DataFrame:
    """Quarterly returns of the fourteen prefectures; a few late, one missing."""
    own = ledgers.projects[ledgers.projects["status"] != "cancelled"]
    quarter = pd.PeriodIndex(pd.to_datetime(own["enrolment_date"]), freq="Q").astype(str)
    grouped = own.assign(
        quarter=quarter, persons=own["planned_persons_migrant"] + own["planned_persons_fixed"]
    ).groupby(["prefecture", "quarter", "was_in_progress"])
    sums = grouped.agg(
        projects=("project_id", "size"), persons=("persons", "sum"), paid=("premium_yuan", "sum")
    ).unstack(fill_value=0)
    new = ("projects", False) in sums.columns
    assert new
    table = pd.DataFrame(
        {
            "new_projects": sums[("projects", False)],
            "inprogress_projects": sums[("projects", True)] if ("projects", True) in sums.columns else 0,
            "new_project_persons": sums[("persons", False)],
            "inprogress_project_persons": sums[("persons", True)] if ("persons", True) in sums.columns else 0,
            "project_paid_yuan": sums["paid"].sum(axis=1).round(2),
        }
    ).reset_index()
    rng = np.random.default_rng(config.seed + 13)
    end = pd.PeriodIndex(table["quarter"], freq="Q").end_time.normalize()
    table["received_date"] = (
        end
        + pd.to_timedelta(rng.integers(3, 12, len(table)), "D")
        + pd.to_timedelta(np.where(rng.random(len(table)) < 0.03, 20, 0), "D")
    )
    table["employer_units"], table["employer_persons"], table["employer_paid_yuan"] = 0, 0, 0.0
    return table.drop(index=table.index[-1:])


def _survey(config: DemoConfig) -> pd.DataFrame:
    rng = np.random.default_rng(config.seed + 14)
    share = np.array(list(PREFECTURE_WEIGHTS.values()))
    base = config.projects / config.years
    return pd.DataFrame(
        {
            "prefecture": list(PREFECTURE_WEIGHTS),
            "year": str(config.first_year),
            "firms": np.maximum(np.round(config.number_of_contractors * share), 1),
            "persons_fixed": np.round(base * share * 40 * rng.uniform(0.9, 1.1, len(share))),
            "persons_migrant": np.round(base * share * 160 * rng.uniform(0.9, 1.1, len(share))),
            "projects_planned": np.maximum(np.round(base * share * 1.05), 1),
            "projects_in_progress": np.maximum(np.round(base * share * 0.6), 1),
        }
    )


def _fees(ledgers: Ledgers) -> pd.DataFrame:
    """Order 180: fees collected by the housing departments; the work-injury premium is paid from them a while later."""
    own = ledgers.projects[ledgers.projects["status"] != "cancelled"]
    year = pd.to_datetime(own["enrolment_date"]).dt.year.astype("str")
    table = (
        own.groupby(["prefecture", year.to_numpy()])["premium_yuan"]
        .sum()
        .rename_axis(["prefecture", "period"])
        .reset_index(name="injury_part_yuan")
    )
    table["injury_part_yuan"] = table["injury_part_yuan"].round(2)
    return table.assign(
        collected_yuan=(table["injury_part_yuan"] * 22).round(2),
        disbursed_yuan=(table["injury_part_yuan"] * 19).round(2),
    )
