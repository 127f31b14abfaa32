"""What a ledger book says of the cost of accidents: developed to ultimate by injury year, pensions at their capital value, exposure as it is earned.

Immature years mislead more than any formula: everything here is developed before it is compared.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.assumptions import UsedParameters
from analysis.scenario import Scenario
from data.book import Book
from models.annuity import monthly_annuity_due, survivor_value
from models.benefits import read_dependants
from models.development import Projection, cape_cod, mack, triangle
from models.exposure import earned_share, effective_end, work_calendar
from models.messages import InputError, Message

Floats = NDArray[np.float64]

PENSIONS = ("disability_allowance", "care_allowance", "survivor_pension")
SIZE_EDGES = (0.0, 1e7, 5e7, 1e8, 1e9, np.inf)
SIZE_NAMES = ("<1000万", "1000–5000万", "5000万–1亿", "1–10亿", "≥10亿")
TERMINAL_YEARS = 3


@dataclass(frozen=True)
class LedgerCosts:
    """The developed cost of a ledger book.

    ``rows``: ``unit, year, exposure_yuan`` (earned)``, incurred_yuan`` (ultimate, pensions at capital value, discounted)``, prefecture, project_type,
    size_band``, a row each combination; ``by_year``: ``period, exposure_yuan, cases, paid_yuan, ultimate_yuan, capital_yuan, developed``;
    ``development_cv``: relative standard error of what is not yet developed; ``parts``: benefit → share of the ultimate cost; ``terminal``: yearly
    cost with pensions at the capital value of those that started (``period, cost_yuan, exposure_yuan`` written); ``pensions``: capital value of
    pensions in payment at the valuation date; ``outstanding``: expected cost of accidents that happened and are not pensions; ``unearned``: total
    cost enrolled and not yet earned.
    """

    rows: pd.DataFrame
    by_year: pd.DataFrame
    development_cv: float
    parts: Mapping[str, float]
    terminal: pd.DataFrame
    pensions: float
    outstanding: float
    unearned: float
    warnings: tuple[Message, ...]


def read_ledgers(book: Book, scenario: Scenario, parameters: UsedParameters, on: date) -> LedgerCosts | None:
    """Return the developed cost of a ledger book at the end of year ``on``; None where the book has no ledgers or too few years of them."""
    if 3 not in book.levels():
        return None
    projects, cases, payments = (book.table(name) for name in ("projects", "cases", "payments"))
    close = np.datetime64(on, "D") + np.timedelta64(1, "D")
    cases = cases[cases["injury_date"] < close]
    payments = payments[payments["payment_date"] < close]
    paid = payments.merge(cases, on="case_id", how="inner")
    years = np.arange(int(cases["injury_date"].dt.year.min()), on.year + 1) if len(cases) else np.array([], dtype=int)
    # an injury year with a case or two (a mistyped date) is no origin of its own: it joins the first year with exposure
    first = int(pd.to_datetime(projects["enrolment_date"]).dt.year.min())
    years = years[years >= first]
    if len(years) < 3 or paid.empty:
        return None
    rate, indexation = float(scenario.discount_rate or 0.0), float(scenario.indexation or 0.0)
    paid = paid.assign(
        year=paid["injury_date"].dt.year.clip(lower=first),
        lag=lambda f: (f["payment_date"].dt.year - f["year"]).clip(lower=0),
    )
    short = paid[~paid["benefit"].isin(PENSIONS)]
    awards = pension_awards(paid, parameters, on, rate, indexation)
    exposure = _earned(projects, years, on, parameters)
    by_year_exposure = exposure.groupby("year")["exposure_yuan"].sum().reindex(years, fill_value=0.0)
    developed_short, cv_short = _developed(short, "amount_yuan", years, by_year_exposure)
    developed_awards, cv_awards = _developed(awards, "capital_yuan", years, by_year_exposure)
    discount = _discount(developed_short, rate)
    short_factor = _factors(short, "amount_yuan", years, developed_short)
    award_factor = _factors(awards, "capital_yuan", years, developed_awards)
    ultimate = pd.Series(developed_short.ultimates * discount, index=years)
    capital = pd.Series(developed_awards.ultimates, index=years)
    cost = _by_cell(short, awards, cases, short_factor * discount, award_factor, projects, first)
    rows = pd.concat([exposure, cost], ignore_index=True)
    keys = ["unit", "year", "prefecture", "project_type", "size_band"]
    rows = rows.groupby(keys, dropna=False)[["exposure_yuan", "incurred_yuan"]].sum().reset_index()
    total = float(ultimate.sum() + capital.sum())
    cv = float(np.hypot(cv_short * ultimate.sum(), cv_awards * capital.sum()) / total) if total > 0 else 0.0
    shares = {
        str(b): float(v)
        for b, v in (
            short.groupby("benefit")["amount_yuan"].sum() / max(short["amount_yuan"].sum(), 1e-9) * ultimate.sum()
        ).items()
    }
    for benefit, value in awards.groupby("benefit")["capital_yuan"].sum().items():
        shares[str(benefit)] = float(value) / max(float(awards["capital_yuan"].sum()), 1e-9) * float(capital.sum())
    counts = (
        cases.assign(year=cases["injury_date"].dt.year.clip(lower=first))
        .groupby("year")
        .size()
        .reindex(years, fill_value=0)
    )
    table = pd.DataFrame(
        {
            "period": years.astype(str),
            "exposure_yuan": by_year_exposure.to_numpy(),
            "cases": counts.to_numpy(),
            "paid_yuan": short.groupby("year")["amount_yuan"].sum().reindex(years, fill_value=0.0).to_numpy(),
            "ultimate_yuan": developed_short.ultimates,
            "capital_yuan": capital.to_numpy(),
            "rate": (ultimate + capital).to_numpy() / np.maximum(by_year_exposure.to_numpy(), 1e-9),
        }
    )
    written = projects[projects["status"] != "cancelled"]
    written_year = written["enrolment_date"].dt.year
    terminal = _terminal(short, awards, written.groupby(written_year)["total_cost_yuan"].sum(), on)
    unearned = float(written["total_cost_yuan"].sum() - exposure["exposure_yuan"].sum())
    return LedgerCosts(
        rows.rename(columns={"incurred_yuan": "incurred_yuan"}),
        table,
        cv,
        shares,
        terminal,
        _in_payment(awards, paid, on, rate, indexation, parameters),
        float(developed_short.reserves.sum()) + float((developed_awards.ultimates - awards.groupby("year")["capital_yuan"].sum().reindex(years, fill_value=0.0).to_numpy()).sum()),
        max(unearned, 0.0),
        (*developed_short.notes, *developed_awards.notes),
    )  # fmt: skip


def _earned(projects: pd.DataFrame, years: NDArray[np.intp], on: date, parameters: UsedParameters) -> pd.DataFrame:
    """Return earned cost by contractor, year and rating cell."""
    months = tuple(parameters.value("construction.winter_months", on))
    calendar = work_calendar(months, float(parameters.value("construction.winter_share", on)))
    known = projects.assign(
        end=effective_end(projects), start=projects["start_date"].fillna(projects["enrolment_date"])
    )
    known = known[(known["end"] > known["start"]) & (known["status"] != "cancelled")]
    start, end = known["start"].to_numpy(dtype="datetime64[D]"), known["end"].to_numpy(dtype="datetime64[D]")
    edges = [np.datetime64(f"{year}-01-01", "D") for year in (*years, int(years[-1]) + 1)]
    shares = np.stack([earned_share(start, end, edge, calendar) for edge in edges], axis=1)
    shares[:, 0] = 0.0  # what was earned before the first year counts in it
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


def _by_cell(
    short: pd.DataFrame,
    awards: pd.DataFrame,
    cases: pd.DataFrame,
    short_factor: pd.Series,
    award_factor: pd.Series,
    projects: pd.DataFrame,
    first: int,
) -> pd.DataFrame:
    """Return ultimate cost by contractor, injury year and rating cell: what is known of each case times its year's development."""
    one = short.assign(cost=short["amount_yuan"] * short["year"].map(short_factor))[["case_id", "year", "cost"]]
    two = awards.assign(cost=awards["capital_yuan"] * awards["year"].map(award_factor))[["case_id", "year", "cost"]]
    cost = pd.concat([one, two]).groupby(["case_id", "year"])["cost"].sum().reset_index()
    place = cases[["case_id", "project_id", "contractor_id"]].merge(
        _cells(projects).assign(project_id=projects["project_id"].to_numpy()),
        on="project_id",
        how="left",
    )
    place["unit"] = place["unit"].fillna(place["contractor_id"])
    joined = cost.merge(place, on="case_id", how="left")
    keys = ["unit", "year", "prefecture", "project_type", "size_band"]
    return joined.groupby(keys, dropna=False)["cost"].sum().reset_index().rename(columns={"cost": "incurred_yuan"})


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
    pensions = paid[paid["benefit"].isin(PENSIONS)].sort_values("payment_date", kind="stable")
    firsts = pensions.drop_duplicates(["case_id", "benefit"])
    tables = parameters.value("life_table", on)
    duration = float(parameters.value("survivor.duration_years", on))
    age = (
        firsts["age"].fillna(firsts["age"].median() if firsts["age"].notna().any() else 43.0).to_numpy(dtype=np.float64)
    )
    yearly = firsts["amount_yuan"].to_numpy() * 12.0
    factor = np.full(len(firsts), duration)
    multiple = float(parameters.value("mortality.disabled_multiple", on))
    lives = ~firsts["benefit"].eq("survivor_pension").to_numpy()
    sexes = firsts["sex"].fillna("male").to_numpy()
    for sex in ("male", "female"):
        own = lives & (sexes == sex)
        if own.any():
            factor[own] = monthly_annuity_due(tables[sex], age[own], rate, indexation, multiple)
    shares, extra = (
        parameters.value("benefit.survivor_pension", on),
        float(parameters.value("benefit.survivor_lone_supplement", on)),
    )
    cap = float(parameters.value("benefit.survivor_cap", on))
    for i in np.flatnonzero(~lives):
        dependants = read_dependants(firsts["dependants"].iloc[i], firsts["case_id"].iloc[i])
        drawn = min(
            sum(
                shares[d["kind"]] + extra * bool(d.get("lone"))
                for d in dependants
                if d["kind"] != "child" or d["age"] < 18
            ),
            cap,
        )
        if drawn > 0:
            factor[i] = survivor_value(dependants, shares, extra, cap, tables, rate, indexation) / drawn
    return firsts[["case_id", "benefit", "year", "lag"]].assign(
        start_year=firsts["payment_date"].dt.year,
        monthly_yuan=firsts["amount_yuan"],
        capital_yuan=yearly * factor,
        factor=factor,
    )


def _in_payment(
    awards: pd.DataFrame, paid: pd.DataFrame, on: date, rate: float, indexation: float, parameters: UsedParameters
) -> float:
    """Return the capital value, at the end of the year, of pensions that were paid in its last quarter.

    The factor of the start is carried forward year by year: (factor − 1) × (1 + rate) ÷ (1 + indexation), without mortality's release, which is
    small in the first years and errs on the side of prudence.
    """
    if awards.empty:
        return 0.0
    recent = paid[paid["benefit"].isin(PENSIONS) & (paid["payment_date"] >= pd.Timestamp(on.year, 10, 1))]
    last = recent.sort_values("payment_date").drop_duplicates(["case_id", "benefit"], keep="last")
    joined = last[["case_id", "benefit", "amount_yuan"]].merge(awards, on=["case_id", "benefit"])
    years = on.year - joined["start_year"].to_numpy(dtype=np.float64)
    net = (1.0 + rate) / (1.0 + indexation)
    paid_down = np.where(abs(net - 1) < 1e-12, years, (net**years - 1.0) / (net - 1.0) * net) if len(joined) else years
    factor = np.maximum(joined["factor"].to_numpy() * net**years - paid_down, 0.0)
    return float((joined["amount_yuan"].to_numpy() * 12.0 * factor).sum())


def _terminal(short: pd.DataFrame, awards: pd.DataFrame, written: pd.Series, on: date) -> pd.DataFrame:
    """Return the last years' cost with pensions capitalised in the year in which they start, beside the cost enrolled."""
    years = np.arange(on.year - TERMINAL_YEARS + 1, on.year + 1)
    payments = short.groupby(short["payment_date"].dt.year)["amount_yuan"].sum().reindex(years, fill_value=0.0)
    capital = awards.groupby("start_year")["capital_yuan"].sum().reindex(years, fill_value=0.0)
    exposure = written.reindex(years, fill_value=0.0)
    return pd.DataFrame(
        {
            "period": years.astype(str),
            "cost_yuan": (payments + capital).to_numpy(),
            "exposure_yuan": exposure.to_numpy(),
        }
    )
