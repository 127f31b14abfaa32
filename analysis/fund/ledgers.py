"""What a ledger book says of the cost of accidents: developed to ultimate by injury year, pensions at their capital value, exposure as it is earned.

Immature years mislead more than any formula: everything here is developed before it is compared.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.assumptions import UsedParameters
from analysis.fund.ledger_tables import LedgerTables, calendar_of, read_tables
from analysis.fund.pensioners import PENSIONS, Mortality, pension_starts
from analysis.scenario import Scenario
from data.book import Book
from models.cohorts import LONG
from models.development import Projection, cape_cod, mack, triangle
from models.exposure import earned_share
from models.messages import InputError, Message

Floats = NDArray[np.float64]

SIZE_EDGES = (0.0, 1e7, 5e7, 1e8, 1e9, np.inf)
SIZE_NAMES = ("<1000万", "1000–5000万", "5000万–1亿", "1–10亿", "≥10亿")
KEYS = ["unit", "year", "prefecture", "project_type", "size_band"]


@dataclass(frozen=True)
class LedgerCosts:
    """The developed cost of a ledger book.

    ``rows`` (full funding): `KEYS`, ``exposure_yuan`` (earned)``, incurred_yuan`` (ultimate, pensions at capital value, discounted); ``cash_rows``: `KEYS`,
    ``exposure_yuan`` (enrolled)``, paid_yuan`` in the year; ``terminal_rows``: the same with pensions at the capital value of those that began, in
    ``incurred_yuan``. ``by_year``: ``period, exposure_yuan, cases, paid_yuan, ultimate_yuan, capital_yuan, rate``; ``development_cv``: relative standard
    error of what is not yet developed; ``unearned``: total cost enrolled and not yet earned.
    """

    rows: pd.DataFrame
    cash_rows: pd.DataFrame
    terminal_rows: pd.DataFrame
    by_year: pd.DataFrame
    development_cv: float
    unearned: float
    warnings: tuple[Message, ...]


def read_ledgers(
    book: Book, scenario: Scenario, parameters: UsedParameters, on: date, tables: LedgerTables | None = None
) -> LedgerCosts | None:
    """Return the developed cost of a ledger book at the end of year ``on``; None where the book has no ledgers or too few years of them.

    ``tables``: the book's ledgers, where they have been read already.
    """
    tables = tables or read_tables(book, scenario.fund, on)
    return None if tables is None else ledger_costs(tables, scenario, parameters)


def ledger_costs(tables: LedgerTables, scenario: Scenario, parameters: UsedParameters) -> LedgerCosts | None:
    """Return the developed cost of ledgers; None where they hold fewer than three years of accidents or no payment."""
    on, first = tables.close, tables.first_year
    projects, cases = tables.projects, tables.cases[tables.cases["employer_id"].isna()]
    injury_year = cases["injury_date"].dt.year.clip(lower=first)
    paid = tables.payments.merge(cases.assign(year=injury_year), on="case_id", how="inner")
    # an injury year with a case or two (a mistyped date) is no origin of its own: it joins the first year with exposure
    years = np.arange(int(injury_year.min()), on.year + 1) if len(cases) else np.array([], dtype=int)
    if len(years) < 3 or paid.empty:
        return None
    rate, indexation = float(scenario.discount_rate or 0.0), float(scenario.indexation or 0.0)
    paid = paid.assign(pay_year=paid["payment_date"].dt.year)
    paid["lag"] = (paid["pay_year"] - paid["year"]).clip(lower=0)
    short = paid[~paid["benefit"].isin(PENSIONS)]
    awards = pension_awards(paid, parameters, on, rate, indexation)
    exposure = _earned(tables, years, parameters)
    by_year_exposure = exposure.groupby("year")["exposure_yuan"].sum().reindex(years, fill_value=0.0)
    developed_short, cv_short = _developed(short, "amount_yuan", years, by_year_exposure)
    developed_awards, cv_awards = _developed(awards, "capital_yuan", years, by_year_exposure)
    discount = _discount(developed_short, rate)
    short_factor = _factors(short, "amount_yuan", years, developed_short) * discount
    award_factor = _factors(awards, "capital_yuan", years, developed_awards)
    total = float(developed_short.ultimates.sum() * discount + developed_awards.ultimates.sum())
    parts = (cv_short * developed_short.ultimates.sum() * discount, cv_awards * developed_awards.ultimates.sum())
    place = _places(tables)
    incurred = pd.concat(
        [
            short[["case_id", "year"]].assign(cost=short["amount_yuan"] * short["year"].map(short_factor)),
            awards[["case_id", "year"]].assign(cost=awards["capital_yuan"] * awards["year"].map(award_factor)),
        ]
    )
    begun = pd.concat(
        [
            short[["case_id"]].assign(year=short["pay_year"], cost=short["amount_yuan"]),
            awards[["case_id"]].assign(year=awards["start_year"], cost=awards["capital_yuan"]),
        ]
    )
    spent = paid[["case_id"]].assign(year=paid["pay_year"], cost=paid["amount_yuan"])
    enrolled = _cells(projects).assign(
        year=projects["enrolment_date"].dt.year.to_numpy(), exposure_yuan=projects["total_cost_yuan"].to_numpy()
    )
    counts = injury_year.value_counts().reindex(years, fill_value=0)
    table = pd.DataFrame(
        {
            "period": years.astype(str),
            "exposure_yuan": by_year_exposure.to_numpy(),
            "cases": counts.to_numpy(),
            "paid_yuan": short.groupby("year")["amount_yuan"].sum().reindex(years, fill_value=0.0).to_numpy(),
            "ultimate_yuan": developed_short.ultimates,
            "capital_yuan": developed_awards.ultimates,
            "rate": (developed_short.ultimates * discount + developed_awards.ultimates)
            / np.maximum(by_year_exposure.to_numpy(), 1e-9),
        }
    )
    return LedgerCosts(
        _rows(exposure, incurred, place, "incurred_yuan"),
        _rows(enrolled, spent, place, "paid_yuan"),
        _rows(enrolled, begun, place, "incurred_yuan"),
        table,
        float(np.hypot(*parts) / total) if total > 0 else 0.0,
        max(float(projects["total_cost_yuan"].sum() - exposure["exposure_yuan"].sum()), 0.0),
        (*developed_short.notes, *developed_awards.notes),
    )


def _rows(exposure: pd.DataFrame, cost: pd.DataFrame, place: pd.DataFrame, name: str) -> pd.DataFrame:
    """Return exposure and cost (``case_id, year, cost``) side by side, a row each unit, year and rating cell."""
    joined = cost.groupby(["case_id", "year"])["cost"].sum().reset_index().merge(place, on="case_id", how="left")
    both = pd.concat([exposure, joined.rename(columns={"cost": name}).drop(columns="case_id")], ignore_index=True)
    return both.groupby(KEYS, dropna=False)[["exposure_yuan", name]].sum().reset_index()


def _places(tables: LedgerTables) -> pd.DataFrame:
    """Return ``case_id`` and the unit and rating cell of its project; a case without a known project keeps its contractor."""
    cells = _cells(tables.projects).assign(project_id=tables.projects["project_id"].to_numpy())
    place = tables.cases[["case_id", "project_id", "contractor_id"]].merge(cells, on="project_id", how="left")
    place["unit"] = place["unit"].fillna(place["contractor_id"])
    return place.drop(columns=["project_id", "contractor_id"])


def _earned(tables: LedgerTables, years: NDArray[np.intp], parameters: UsedParameters) -> pd.DataFrame:
    """Return earned cost by contractor, year and rating cell; what was earned before the first year counts in it."""
    known, calendar = tables.projects, calendar_of(parameters, tables.close)
    start, end = (known[c].to_numpy(dtype="datetime64[D]") for c in ("start", "end"))
    edges = [np.datetime64(f"{year}-01-01", "D") for year in (*years, int(years[-1]) + 1)]
    shares = np.stack([earned_share(start, end, edge, calendar) for edge in edges], axis=1)
    shares[:, 0] = 0.0
    earned = np.diff(shares, axis=1) * known["total_cost_yuan"].to_numpy()[:, None]
    frame = pd.DataFrame(earned, columns=years).join(_cells(known))
    long = frame.melt(["unit", "prefecture", "project_type", "size_band"], var_name="year", value_name="exposure_yuan")
    return long[long["exposure_yuan"] > 0].astype({"year": "int64"})


def _cells(projects: pd.DataFrame) -> pd.DataFrame:
    band = np.digitize(projects["total_cost_yuan"], SIZE_EDGES[1:-1])
    return pd.DataFrame(
        {
            "unit": projects["contractor_id"].to_numpy(),
            "prefecture": projects["prefecture"].to_numpy(),
            "project_type": projects["project_type"].to_numpy(),
            "size_band": np.array(SIZE_NAMES)[band],
        }
    )


def _developed(
    rows: pd.DataFrame, value: str, years: NDArray[np.intp], exposure: pd.Series
) -> tuple[Projection, float]:
    """Return the Cape Cod projection of payments by injury year, and the relative error of its total by Mack (0 where it has none)."""
    if rows.empty or rows[value].sum() <= 0:
        zero = np.zeros(len(years))
        return Projection(zero, zero, np.zeros((len(years), 1)), zero.astype(np.intp), np.array([]), np.ones(1)), 0.0
    full = pd.concat([rows[["year", "lag", value]], pd.DataFrame({"year": years, "lag": 0, value: 0.0})])
    cumulative = triangle(full, "year", "lag", value).cumulative
    # one outlying origin must not leave an age without a column
    cumulative = cumulative[:, : len(years)]
    projection = cape_cod(cumulative, np.maximum(exposure.to_numpy(), 1.0), decay=0.85)
    try:
        found = mack(cumulative)
        cv = found.total_standard_error / float(projection.ultimates.sum())
    except InputError:
        cv = 0.0
    return projection, float(cv) if np.isfinite(cv) else 0.0


def _discount(projection: Projection, rate: float) -> float:
    """Return the value, at the injury, of one yuan of ultimate cost paid by the projection's own pattern, in the middle of each year."""
    pattern = np.diff(projection.developed, prepend=0.0)
    return float((pattern * (1.0 + rate) ** -(np.arange(len(pattern)) + 0.5)).sum() / max(pattern.sum(), 1e-9))


def _factors(rows: pd.DataFrame, value: str, years: NDArray[np.intp], projection: Projection) -> pd.Series:
    known = rows.groupby("year")[value].sum().reindex(years, fill_value=0.0).to_numpy()
    return pd.Series(np.divide(projection.ultimates, known, out=np.ones(len(years)), where=known > 0), index=years)


def pension_awards(
    paid: pd.DataFrame, parameters: UsedParameters, on: date, rate: float, indexation: float
) -> pd.DataFrame:
    """Return every pension that has started: ``case_id, benefit, year, lag, start_year, monthly_yuan, capital_yuan`` (at its start).

    Allowances and care run for life of the injured (Art. 34, 35); survivor pensions as long as the dependants draw them (Art. 39): by the
    dependants' ages where the case has them, else by the mean duration of the parameters.
    """
    firsts = pension_starts(paid)
    elapsed = (firsts["payment_date"] - firsts["injury_date"]).dt.days.clip(lower=0).to_numpy(dtype=np.float64) / 365.25
    years = np.arange(LONG) / 4.0
    value = ((1.0 + indexation) / (1.0 + rate)) ** years
    value[0] *= 0.5  # pensions begin in the middle of a quarter
    run_off = Mortality.of(parameters, on).run_off(firsts, elapsed, years)
    return firsts[["case_id", "benefit", "year", "lag"]].assign(
        start_year=firsts["payment_date"].dt.year,
        monthly_yuan=firsts["amount_yuan"],
        capital_yuan=3.0 * firsts["amount_yuan"].to_numpy() * (run_off @ value),
    )
