"""Writes the demonstration book: ledgers block by block, accounts that equal their sums to the fen, then what the other tables hold."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import pandas as pd
from sqlalchemy import Connection

from data import schema
from data.book import Book
from data.demo import coverage
from data.demo.events import Contractors, Ledgers, ledger_blocks, make_contractors, true_frequency
from data.demo.truth import DemoConfig, Truth, as_plain
from data.parameters import load_parameters
from data.writing import Source, TableWriter, typed
from models.messages import Message

INTEREST = 0.02
OPENING_YEARS = 0.8
"""Opening balance in years of the first year's premium."""
REFERENCE = "模拟数据 synthetic"
BY_BLOCK = ("contractors", "projects", "cases", "payments", "permits", "roster")


def make_demo(
    book: Book,
    config: DemoConfig | None = None,
    truth: Truth | None = None,
    progress: Callable[[Message], None] | None = None,
) -> Message:
    """Fill an empty book with a synthetic fund and write the truth behind it beside the book (``NAME.truth.json``).

    ``progress`` hears of every block of 50,000 projects; raising an exception from it stops, and the book stays as it was.
    """
    config, truth = config or DemoConfig(), truth or Truth()
    plain = json.dumps(as_plain(config, truth), sort_keys=True, default=str)
    contractors = make_contractors(config, truth)
    sums = _Sums(config, truth)
    with book.transaction() as connection:
        writers = {name: _Writer(connection, name, plain) for name in BY_BLOCK}
        writers["contractors"].add(contractors.ledger)
        for ledgers in ledger_blocks(config, truth, load_parameters(), contractors):
            writers["projects"].add(ledgers.projects)
            writers["cases"].add(ledgers.cases)
            writers["payments"].add(ledgers.payments)
            writers["permits"].add(coverage.permits(ledgers.projects, config, truth))
            writers["roster"].add(coverage.roster(ledgers.projects, config, truth))
            sums.add(ledgers)
            if progress is not None and config.projects > len(ledgers.projects):
                progress(
                    Message(
                        "{done:integer} of {all:integer} projects written …",
                        {"done": writers["projects"].rows, "all": config.projects},
                    )
                )
        for writer in writers.values():
            writer.close()
        employers, live = coverage.employers(config), pd.concat(sums.live, ignore_index=True)
        for name, rows in {
            "employers": employers,
            "returns": coverage.returns(live, employers, config),
            "survey": coverage.survey(live, config, truth),
            "fees": coverage.fees(live, config),
            "accounts": sums.accounts(),
        }.items():
            writer = _Writer(connection, name, plain)
            writer.add(rows)
            writer.close()
    book.note(synthetic="yes", fund="xinjiang", demo=plain)
    _write_truth(book, config, truth, contractors, sums)
    return Message(
        "A synthetic book was written: {projects:integer} projects, {cases:integer} cases, {payments:integer} payments. It describes no real fund.",
        {name: writers[name].rows for name in ("projects", "cases", "payments")},
    )


class _Writer:
    """Numbers the rows of a table from 1 and writes them."""

    def __init__(self, connection: Connection, name: str, plain: str) -> None:
        digest = hashlib.sha256(f"{plain}|{name}".encode()).hexdigest()
        self.writer, self.name, self.rows = TableWriter(connection, name, Source(f"demo:{name}", digest)), name, 0

    def add(self, rows: pd.DataFrame) -> None:
        rows = typed(rows.reindex(columns=[f.name for f in schema.TABLES[self.name]]), self.name)
        self.writer.add(rows.set_axis(range(self.rows + 1, self.rows + len(rows) + 1), axis=0))
        self.rows += len(rows)

    def close(self) -> None:
        self.writer.close()


class _Sums:
    """What is kept of every block: sums by quarter, the enrolled projects in few columns, the true frequency by year."""

    def __init__(self, config: DemoConfig, truth: Truth) -> None:
        self.config, self.truth = config, truth
        self.quarters = [str(q) for q in pd.period_range(f"{config.first_year}Q1", periods=4 * config.years, freq="Q")]
        self.flows = pd.DataFrame(0.0, index=self.quarters, columns=["contributions", "benefits", "exposure"])
        self.live: list[pd.DataFrame] = []
        self.frequency: list[pd.DataFrame] = []

    def add(self, block: Ledgers) -> None:
        live = coverage.enrolled(block.projects)
        self.live.append(live)
        self.flows["contributions"] += self._by_quarter(live["quarter"], live["premium_yuan"])
        self.flows["exposure"] += self._by_quarter(live["quarter"], live["total_cost_yuan"])
        paid_in = pd.PeriodIndex(block.payments["payment_date"], freq="Q").astype(str)
        self.flows["benefits"] += self._by_quarter(pd.Series(paid_in), block.payments["amount_yuan"])
        year = pd.to_datetime(block.projects["start_date"]).dt.year
        mean = pd.Series(true_frequency(block.projects, self.truth, self.config.first_year)).groupby(year.to_numpy())
        self.frequency.append(mean.agg(["sum", "count"]))

    def _by_quarter(self, quarter: pd.Series, amount: pd.Series) -> pd.Series:
        return amount.groupby(quarter.to_numpy()).sum().reindex(self.quarters, fill_value=0.0)

    def accounts(self) -> pd.DataFrame:
        """Accounts by quarter from the ledgers: premium by enrolment, benefits by payment date, interest on the opening balance, prevention 2%."""
        flows = self.flows.round(2)
        balance = round(float(flows["contributions"].iloc[:4].sum()) * OPENING_YEARS, 2)
        rows = []
        for quarter in self.quarters:
            premium, paid, exposure = flows.loc[quarter, ["contributions", "benefits", "exposure"]]
            interest = round(max(balance, 0.0) * INTEREST / 4, 2)
            prevention = round(premium * 0.02, 2)
            revenue = round(premium + interest, 2)
            expenditure = round(paid + prevention, 2)
            balance = round(balance + revenue - expenditure, 2)
            items = {
                "contributions": premium, "interest": interest, "revenue": revenue, "benefits": paid, "prevention": prevention,
                "expenditure": expenditure, "balance": balance, "exposure": exposure,
            }  # fmt: skip
            rows += [("xinjiang", quarter, item, amount, "synthetic", REFERENCE) for item, amount in items.items()]
        return pd.DataFrame(rows, columns=["fund", "period", "item", "amount", "mark", "reference"])

    def mean_frequency(self) -> pd.Series:
        """True injuries a person-year before the contractor's risk, by year of start."""
        both = pd.concat(self.frequency).groupby(level=0).sum()
        return both["sum"] / both["count"]


def _write_truth(book: Book, config: DemoConfig, truth: Truth, contractors: Contractors, sums: _Sums) -> None:
    """Keep the known truth beside a book that is a file; a book in a server or in memory keeps it in its notes only."""
    database = book.engine.url.database
    if book.engine.dialect.name != "sqlite" or not database or database == ":memory:":
        return
    plain = as_plain(config, truth)
    plain["contractor_risk"] = {k: round(float(v), 6) for k, v in contractors.risk.items()}
    plain["mean_frequency_by_start_year"] = {str(k): float(v) for k, v in sums.mean_frequency().items()}
    Path(database).with_suffix(".truth.json").write_text(
        json.dumps(plain, ensure_ascii=False, indent=1, default=str) + "\n", encoding="utf-8"
    )
