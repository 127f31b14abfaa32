"""Actual against expected for the closed year: what the review standing one year earlier expected, beside what came, with a traffic light."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.assumptions import UsedParameters
from analysis.fund.history import History, read_history
from analysis.fund.projection import growth_prior, project
from analysis.hindsight.backtest import plain
from analysis.own_parameters import parameters_of
from analysis.scenario import Scenario
from data.book import Book
from models import simulation
from models.messages import InputError

Floats = NDArray[np.float64]

PATHS = 4_000
COUNTS = ("cases", "deaths")
LIGHTS = ("green", "amber", "red")
"""Inside the 90% interval; outside it but inside 99%; outside that."""

COLUMNS = ("item", "expected", "p05", "p95", "actual", "ratio", "light")


def actual_expected(
    book: Book, scenario: Scenario, progress: Callable[[float], object] = lambda share: None
) -> pd.DataFrame:
    """Return actual against expected of the last closed year.

    Exposure, premium and outgo are the projection of the review that stood at the previous known year-end, on what was known then; cases, deaths
    and the outgo by benefit are carried forward from their own past in the same way (damped growth), with the chance of single cases.

    Parameters
    ----------
    progress : is told how far the work is; an exception that it raises stops it

    Returns
    -------
    DataFrame : ``item, expected, p05, p95, actual, ratio`` (actual ÷ expected)``, light`` (`LIGHTS`); amounts in yuan, cases and deaths in persons;
        ``attrs`` hold ``stood_at`` and ``closed`` (years)

    Raises
    ------
    InputError
        The book knows one year only.
    """
    used = UsedParameters(parameters_of(scenario))
    progress(0.0)
    now = read_history(book, scenario, used)
    if len(now.years) < 2:
        raise InputError("Actual against expected needs a year before the closed one; the book knows one year only.")
    closed, stood = int(now.years[-1]), int(now.years[-2])
    on = date(stood, 12, 31)
    asked = replace(plain(scenario), valuation_date=on, horizon_years=closed - stood, paths=PATHS)
    progress(1 / 3)
    then = read_history(book, asked, used)
    progress(2 / 3)
    resolved = asked.resolve(used, on)
    projection = project(then, resolved, used)
    exposure, outgo = projection.exposure[:, -1], projection.outgo[:, -1]
    assert resolved.current_rate is not None
    rows = [
        _row("exposure", exposure, float(now.exposure[-1])),
        _row("premium", exposure * resolved.current_rate, _premium(now, closed, resolved.current_rate)),
        _row("outgo", outgo, float(now.outgo[-1])),
    ]
    past = _series(book, now, closed)
    noise = float(used.value("severity.cv", on))
    for name, series in past.items():
        ahead = _ahead(series.loc[:stood], closed, resolved, used, on)
        if ahead is None:
            continue
        rng = np.random.default_rng(np.random.SeedSequence([resolved.seed, *name.encode()]))
        if name in COUNTS:
            ahead = rng.poisson(ahead).astype(np.float64)
        else:
            cv = np.sqrt((1 + noise**2) / max(then.people, 1.0))
            spread = np.sqrt(np.log1p(cv**2))
            ahead = ahead * np.exp(spread * rng.standard_normal(len(ahead)) - spread**2 / 2)
        rows.append(_row(name, ahead, float(series.get(closed, 0.0))))
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    progress(1.0)
    table.attrs.update(stood_at=stood, closed=closed)
    return table


def in_units(table: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the amounts and the persons of `actual_expected` apart, each under columns that tell their unit."""
    persons = table["item"].isin(COUNTS)
    names = {"expected": "people_expected", "p05": "people_low", "p95": "people_high", "actual": "people_actual"}
    return table[~persons].reset_index(drop=True), table[persons].rename(columns=names).reset_index(drop=True)


def _row(item: str, paths: Floats, actual: float) -> dict[str, object]:
    low, p05, p95, high = np.quantile(paths, [0.005, 0.05, 0.95, 0.995])
    expected = float(paths.mean())
    light = LIGHTS[0 if p05 <= actual <= p95 else 1 if low <= actual <= high else 2]
    ratio = actual / expected if expected > 0 else float("nan")
    return dict(zip(COLUMNS, (item, expected, float(p05), float(p95), actual, ratio, light), strict=True))


def _premium(now: History, closed: int, rate: float) -> float:
    """Premium of the closed year as the experience has it, else at the rate in force."""
    if now.experience is not None:
        known = now.experience.loc[now.experience["year"] == closed, "premium_yuan"].sum()
        if known > 0:
            return float(known)
    return float(now.exposure[-1]) * rate


def _series(book: Book, now: History, closed: int) -> dict[str, pd.Series]:
    """Yearly cases, deaths, and outgo by benefit where the book has ledgers."""
    found: dict[str, pd.Series] = {}
    if now.experience is not None:
        by_year = now.experience.groupby("year")
        found.update(
            {name: by_year[name].sum().astype("float64") for name in COUNTS if now.experience[name].notna().any()}
        )
    if 3 in book.levels():
        payments = book.table("payments", ["payment_date", "benefit", "amount_yuan"])
        year = payments["payment_date"].dt.year.rename("year")
        cells = payments.groupby([year, "benefit"])["amount_yuan"].sum().unstack().fillna(0.0)
        cells = cells.reindex(range(int(cells.index.min()), closed + 1), fill_value=0.0)
        found.update({str(benefit): cells[benefit] for benefit in cells.columns})
    return found


def _ahead(series: pd.Series, closed: int, resolved: Scenario, used: UsedParameters, on: date) -> Floats | None:
    """Paths of a yearly series in the closed year; None where it has no positive past."""
    known = series[series > 0]
    if known.empty:
        return None
    prior = growth_prior(resolved, used, on, exposure_alone=True)
    years, levels = known.index.to_numpy(dtype=np.intp), known.to_numpy(dtype=np.float64)[:, None]
    model = simulation.fit_growth(years, levels, prior)
    steps = closed - int(years[-1])
    growth = simulation.simulate_growth(model, simulation.draw(resolved.seed, PATHS, steps, 1), steps)
    return np.asarray(levels[-1, 0] * np.exp(growth[:, :, 0].sum(axis=1)))
