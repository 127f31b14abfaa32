"""The experience study of a book: how often, how dear, how late, from its ledgers or, at level 2, from its experience by unit and year.

Contractors differ in risk, and all sites of a contractor share it: rows of one contractor are not independent, and intervals that take them so are
too narrow. The study therefore refits the frequency model with a gamma-distributed risk for each contractor and takes its errors from there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.optimize import brentq, minimize_scalar
from scipy.sparse import csr_matrix
from scipy.special import gammaln
from scipy.stats import chi2

from analysis.assumptions import UsedParameters
from analysis.ledgers import SIZE_EDGES, SIZE_NAMES
from analysis.scenario import Scenario
from data.book import Book
from models.benefits import statutory_benefits
from models.development import Projection, chain_ladder, triangle
from models.exposure import earned_share, effective_end, work_calendar
from models.frequency import BackTest, FrequencyFit, back_test, fit_frequency, term_tests
from models.frequency.result import Test, Trend, ZeroTest
from models.messages import InputError, Message
from models.severity import (
    Change,
    GradeMix,
    LargeEvents,
    MedicalFit,
    cost_by_grade,
    fit_medical,
    grade_mix,
    large_events,
    statutory_cost,
    yearly_change,
)

Floats = NDArray[np.float64]

DIMENSIONS = ("project_type", "prefecture", "size_band")
MEDICAL = ("medical", "rehabilitation")
LEVEL = 0.9
LEAST_VICTIMS = 3
UNIT_YUAN = 1e8
"""Exposure is counted in 亿元 of earned cost."""
STEPS = ("report_date", "recognition_date", "assessment_date")


@dataclass(frozen=True)
class SharedRisk:
    """Variance of contractors' risk around 1 with its interval, and the test of its being 0; ``units`` with exposure."""

    variance: float
    low: float
    high: float
    test: Test
    units: int


@dataclass(frozen=True)
class ExperienceStudy:
    """What a book says of frequency, severity and delay at a valuation date.

    Attributes
    ----------
    level : of detail of the book that was used, 2 or 3
    rows : ``unit, year, cases, exposure`` (亿元 earned, times the share of cases already known)``, earned`` (亿元) and the dimensions; level 3: a row a
        project and year with ``project_id``
    by_year : ``year, earned, cases, developed, ultimate, frequency, low, high`` (cases a 亿元, 90%)
    fit : negative binomial with errors that allow for contractors' shared risk; None where there is no case
    relativities, trend, terms, actual_expected (by dimension), overdispersion, zero_inflation, shared_risk, back_test : of that fit
    grades, medical, costs, wages, events : severity (level 3), None where the book does not tell
    lags : ``step, cases, mean_days, median_days, p90_days``, of cases that have both dates; lag_curves : ``step, months, share`` known, developed
    by_month : ``month, cases, expected`` (by working days), of the years of the study
    warnings : what the reader must know
    """

    level: int
    valuation_date: date
    rows: pd.DataFrame
    by_year: pd.DataFrame
    fit: FrequencyFit | None
    relativities: pd.DataFrame
    trend: Trend | None
    terms: pd.DataFrame
    actual_expected: Mapping[str, pd.DataFrame]
    overdispersion: Test | None
    zero_inflation: ZeroTest | None
    shared_risk: SharedRisk | None
    back_test: BackTest | None
    grades: GradeMix | None
    medical: MedicalFit | None
    costs: pd.DataFrame
    wages: Change | None
    events: LargeEvents | None
    lags: pd.DataFrame
    lag_curves: pd.DataFrame
    by_month: pd.DataFrame
    warnings: tuple[Message, ...]


def experience_study(book: Book, scenario: Scenario, parameters: UsedParameters) -> ExperienceStudy:
    """Study the experience of a book at level 3, or what level 2 allows.

    Raises
    ------
    InputError : the book has neither ledgers nor experience, or they have no exposure
    """
    levels = book.levels()
    if 3 in levels:
        return _of_ledgers(book, scenario, parameters)
    if 2 in levels:
        return _of_experience(book, scenario)
    raise InputError("An experience study needs ledgers (level 3) or experience by unit and year (level 2); the book has accounts only.")


# frequency


def frequency_study(rows: pd.DataFrame, warnings: list[Message]) -> dict[str, object]:
    """Fit frequency to rows of ``cases, exposure, unit, year`` and dimensions; what cannot be estimated is left out with a warning."""
    found: dict[str, object] = dict(
        fit=None, relativities=pd.DataFrame(), trend=None, terms=pd.DataFrame(), actual_expected={}, overdispersion=None,
        zero_inflation=None, shared_risk=None, back_test=None,
    )  # fmt: skip
    if not rows["cases"].sum() > 0:
        warnings.append(Message("There are no cases: only their absence can be reported, no frequency."))
        return found
    terms = [f"C({d})" for d in DIMENSIONS if d in rows and rows[d].nunique() > 1]
    several = rows["year"].nunique() > 1
    formula = "cases ~ " + (" + ".join([*terms, *(["year"] if several else [])]) or "1")
    plain = fit_frequency(rows, formula, "exposure", "negative-binomial")
    warnings.extend(plain.notes)
    fit, shared = with_shared_risk(plain, rows["unit"].to_numpy())
    found |= dict(
        fit=fit,
        shared_risk=shared,
        relativities=fit.relativities(LEVEL),
        trend=fit.trend("year", LEVEL) if several and "year" not in plain.aliased else None,
        terms=term_tests(plain),
        overdispersion=plain.overdispersion_test(),
        zero_inflation=plain.zero_inflation_test(),
        actual_expected={
            d: plain.actual_against_expected(rows, d, LEVEL) for d in (*DIMENSIONS, "year") if d in rows
        },
    )
    if rows["year"].nunique() > 2:
        try:
            found["back_test"] = back_test(rows, formula, "exposure", "year", "negative-binomial")
        except InputError as error:
            warnings.append(error.message)
    return found


def with_shared_risk(fit: FrequencyFit, unit: NDArray[np.object_]) -> tuple[FrequencyFit, SharedRisk | None]:
    """Refit with one gamma-distributed risk of mean 1 for each unit, shared by all its rows.

    Given its risk a unit's counts are Poisson; the risk integrates out in closed form, so this is maximum likelihood (Lawless 1987; Hausman, Hall &
    Griliches 1984, Econometrica 52, the random-effects Poisson model). Errors are from the observed information at the best variance.

    Parameters
    ----------
    fit : of the rows; their coefficients are where the search starts
    unit : (rows of the fit,) label; rows without exposure must not be among them

    Returns
    -------
    fit : with new coefficients, errors and dispersion (= variance between units); the same where there are fewer than 5 units
    risk : None there
    """
    cells = fit.cells
    if len(unit) != cells.rows:
        raise InputError("There are {rows} rows in the fit and {units} units.", rows=cells.rows, units=len(unit))
    code, labels = pd.factorize(unit)
    if len(labels) < 5 or code.min() < 0:
        return fit, None
    x = fit.design.matrix(cells.values)
    shape = (len(labels), len(x))
    exposure = csr_matrix((cells.exposure, (code, cells.code)), shape=shape)
    count = np.bincount(code, cells.count, len(labels))
    target = x.T @ cells.cell_count
    start = fit.coefficients.to_numpy()

    def solved(variance: float, b: Floats) -> tuple[Floats, Floats, float]:
        """Return coefficients, information and log-likelihood at a variance between units."""
        likelihood = -np.inf
        for _ in range(100):
            rate = np.exp(x @ b)
            mean = exposure @ rate
            weight = (1.0 / variance + count) / (1.0 / variance + mean)  # posterior mean of each unit's risk
            weighted = rate * (exposure.T @ weight)
            by_unit = exposure @ (rate[:, None] * x)
            information = x.T @ (weighted[:, None] * x) - by_unit.T @ ((weight / (1.0 / variance + mean))[:, None] * by_unit)
            before = likelihood
            likelihood = float(
                cells.cell_count @ (x @ b)
                + (gammaln(count + 1.0 / variance) - gammaln(1.0 / variance)).sum()
                - ((count + 1.0 / variance) * np.log1p(variance * mean)).sum()
                + count.sum() * np.log(variance)
            )
            if abs(likelihood - before) <= 1e-9 * (abs(likelihood) + 1.0):
                break
            # where the observed information is not positive, the expected one of the unshared model climbs safely
            if np.linalg.eigvalsh(information)[0] <= 0.0:
                information = x.T @ (weighted[:, None] * x) + 1e-9 * np.eye(x.shape[1])
            step = np.linalg.solve(information, target - x.T @ weighted)
            b = b + step * min(1.0, 3.0 / max(float(np.abs(x @ step).max()), 1e-12))
        return b, information, likelihood

    def minus_profile(logarithm: float) -> float:
        return -solved(float(np.exp(logarithm)), start)[2]

    best = float(minimize_scalar(minus_profile, bounds=(-9.0, 3.0), method="bounded", options={"xatol": 1e-4}).x)
    top, none = -minus_profile(best), -minus_profile(-9.0)
    statistic = max(2.0 * (top - none), 0.0)
    test = Test(statistic, float(0.5 * chi2.sf(statistic, 1)) if statistic > 1e-6 else 1.0)
    drop = float(chi2.ppf(LEVEL, 1)) / 2

    def gap(logarithm: float) -> float:
        return top - drop + minus_profile(logarithm)

    low = float(np.exp(brentq(gap, -9.0, best, xtol=1e-3))) if gap(-9.0) > 0 else 0.0
    high = float(np.exp(brentq(gap, best, 5.0, xtol=1e-3))) if gap(5.0) > 0 else float(np.exp(5.0))
    variance = float(np.exp(best))
    b, information, _ = solved(variance, start)
    covariance = np.linalg.pinv(information)
    names = fit.coefficients.index
    refitted = replace(
        fit,
        coefficients=pd.Series(b, index=names),
        standard_errors=pd.Series(np.sqrt(np.maximum(np.diag(covariance), 0.0)), index=names),
        covariance=pd.DataFrame(covariance, index=names, columns=names),
        dispersion=variance,
        dispersion_error=(high - low) / 3.29,
        theta=1.0 / variance,
        theta_standard_error=(high - low) / 3.29 / variance**2,
        rate=np.exp(x @ b),
    )
    return refitted, SharedRisk(variance, low, high, test, len(labels))


def yearly(rows: pd.DataFrame, developed: pd.Series[float]) -> pd.DataFrame:
    """Return cases and exact Poisson intervals of their frequency by year, developed to ultimate."""
    table = rows.groupby("year")[["earned", "cases"]].sum().reset_index()
    table["developed"] = table["year"].map(developed).fillna(1.0)
    table["ultimate"] = table["cases"] / table["developed"]
    table["frequency"] = table["ultimate"] / table["earned"]
    scale = 1.0 / (table["developed"] * table["earned"])
    count = table["cases"].to_numpy(dtype=np.float64)
    table["low"] = np.where(count > 0, chi2.ppf(0.5 - LEVEL / 2, 2 * np.maximum(count, 1e-9)) / 2, 0.0) * scale
    table["high"] = chi2.ppf(0.5 + LEVEL / 2, 2 * count + 2) / 2 * scale
    return table


def _of_experience(book: Book, scenario: Scenario) -> ExperienceStudy:
    """Level 2: units and years; severity and delays are not told."""
    table = book.experience()
    warnings: list[Message] = []
    year = pd.to_numeric(table["period"].astype(str).str[:4], errors="coerce")
    table = table.assign(year=year).dropna(subset=["year", "exposure_yuan", "cases"])
    if scenario.valuation_date is not None:
        table = table[table["year"] <= scenario.valuation_date.year]
    table = table[table["exposure_yuan"] > 0]
    if table.empty:
        raise InputError("The experience has no row with exposure and a number of cases.")
    rows = table.assign(earned=table["exposure_yuan"] / UNIT_YUAN, year=table["year"].astype("int64"))
    for name in DIMENSIONS:
        if name in rows and rows[name].notna().any():
            rows[name] = rows[name].astype(object).fillna("unknown")
        elif name in rows:
            rows = rows.drop(columns=name)
    kept = ["unit", "year", "cases", "earned", *(d for d in DIMENSIONS if d in rows)]
    rows = rows[kept].assign(exposure=rows["earned"], cases=np.round(rows["cases"].astype("float64"))).reset_index(drop=True)
    warnings.append(Message("At level 2 cases are taken as reported: the latest years may still grow."))
    frequency = frequency_study(rows, warnings)
    ones = pd.Series(1.0, index=sorted(rows["year"].unique()))
    empty = pd.DataFrame()
    on = scenario.valuation_date or date(int(rows["year"].max()), 12, 31)
    return ExperienceStudy(
        level=2, valuation_date=on, rows=rows, by_year=yearly(rows, ones), **frequency, grades=None, medical=None, costs=empty, wages=None,
        events=None, lags=empty, lag_curves=empty, by_month=empty, warnings=tuple(warnings),
    )  # type: ignore[arg-type]  # fmt: skip


# ledgers


def _of_ledgers(book: Book, scenario: Scenario, parameters: UsedParameters) -> ExperienceStudy:
    projects, cases, payments = (book.table(name) for name in ("projects", "cases", "payments"))
    known = [d.max() for d in (cases["injury_date"], payments["payment_date"], projects["enrolment_date"]) if d.notna().any()]
    if projects.empty or not known:
        raise InputError("The ledgers hold no projects with dates.")
    on = scenario.valuation_date or date(int(max(known).year), 12, 31)
    close = pd.Timestamp(on) + pd.Timedelta(1, "D")
    cases, payments = cases[cases["injury_date"] < close], payments[payments["payment_date"] < close]
    warnings: list[Message] = []
    exposure = earned_by_year(projects, on, parameters)
    if exposure.empty:
        raise InputError("No project has earned anything by {on:date}: its dates or its cost are missing.", on=on)
    cases = cases.assign(year=cases["injury_date"].dt.year)
    events, ordinary = _events(cases, float(exposure["earned"].sum()))
    recognised, developed, notes = count_development(ordinary, exposure["year"].unique(), on)
    warnings.extend(notes)
    rows = exposure.merge(
        recognised.groupby(["project_id", "year"]).size().rename("cases").reset_index(), on=["project_id", "year"], how="left"
    )
    rows["cases"] = rows["cases"].fillna(0.0)
    lost = len(recognised) - int(rows["cases"].sum())
    if lost:
        warnings.append(Message("{count} cases have no project under way in their year and were left out of the frequency.", {"count": lost}))
    rows["exposure"] = rows["earned"] * rows["year"].map(developed)
    rows = rows[rows["exposure"] > 0].reset_index(drop=True)
    frequency = frequency_study(rows, warnings)
    severity = _severity(cases, payments, projects, scenario, parameters, on, warnings)
    lags, curves = report_lags(cases, close)
    if events.notes and events.events:
        warnings.extend(events.notes)
    return ExperienceStudy(
        level=3, valuation_date=on, rows=rows, by_year=yearly(rows, developed), **frequency, **severity, events=events, lags=lags,
        lag_curves=curves, by_month=_by_month(cases, parameters, on), warnings=tuple(dict.fromkeys_by_text(warnings)),
    )  # type: ignore[arg-type]  # fmt: skip


def earned_by_year(projects: pd.DataFrame, on: date, parameters: UsedParameters) -> pd.DataFrame:
    """Return ``project_id, unit, prefecture, project_type, size_band, year, earned`` (亿元), a row a project and year with work, up to ``on``."""
    months = tuple(parameters.value("construction.winter_months", on))
    calendar = work_calendar(months, float(parameters.value("construction.winter_share", on)))
    known = projects.assign(end=effective_end(projects), start=projects["start_date"].fillna(projects["enrolment_date"]))
    known = known[(known["end"] > known["start"]) & (known["total_cost_yuan"] > 0)]
    known = known[known["start"] <= pd.Timestamp(on)]
    if known.empty:
        return pd.DataFrame(columns=["project_id", "unit", *DIMENSIONS, "year", "earned"])
    start, end = known["start"].to_numpy(dtype="datetime64[D]"), known["end"].to_numpy(dtype="datetime64[D]")
    years = np.arange(int(known["start"].dt.year.min()), on.year + 1)
    edges = [*(np.datetime64(f"{year}-01-01", "D") for year in years), np.datetime64(on, "D") + np.timedelta64(1, "D")]
    shares = np.stack([earned_share(start, end, edge, calendar) for edge in edges], axis=1)
    earned = np.diff(shares, axis=1) * known["total_cost_yuan"].to_numpy()[:, None] / UNIT_YUAN
    project, year = np.nonzero(earned > 0)
    rows = known.iloc[project]
    band = np.array(SIZE_NAMES)[np.digitize(rows["total_cost_yuan"], SIZE_EDGES[1:-1])]
    return pd.DataFrame(
        {
            "project_id": rows["project_id"].to_numpy(),
            "unit": rows["contractor_id"].fillna("unknown").to_numpy(),
            "prefecture": rows["prefecture"].fillna("unknown").to_numpy(),
            "project_type": rows["project_type"].fillna("unknown").to_numpy(),
            "size_band": band,
            "year": years[year],
            "earned": earned[project, year],
        }
    )


def count_development(
    cases: pd.DataFrame, years: NDArray[np.intp], on: date
) -> tuple[pd.DataFrame, pd.Series[float], list[Message]]:
    """Return recognised cases, the share of each injury year's cases recognised by ``on`` (chain ladder), and what to know.

    Where no case has a recognition date all are taken as known.
    """
    whole = pd.Series(1.0, index=np.sort(years))
    dated = cases["recognition_date"].notna() & (cases["recognition_date"] <= pd.Timestamp(on))
    if not dated.any():
        notes = [Message("No case has a recognition date: cases are taken as reported, and the latest year may still grow.")]
        return cases, whole, notes if len(cases) else []
    known = cases[dated].assign(lag=lambda f: (f["recognition_date"].dt.year - f["year"]).clip(lower=0), one=1.0)
    origins = np.arange(int(whole.index.min()), on.year + 1)
    if len(origins) < 2:
        return known, whole, [Message("One injury year has no development to learn from: its cases are taken as complete.")]
    inside = known[known["year"].isin(origins)]
    full = pd.concat([inside[["year", "lag", "one"]], pd.DataFrame({"year": origins, "lag": 0, "one": 0.0})])
    cumulative = triangle(full, "year", "lag", "one").cumulative[:, : len(origins)]
    if cumulative.shape[1] < 2:
        return known, whole, []
    projection: Projection = chain_ladder(cumulative)
    share = np.divide(
        cumulative[np.arange(len(origins)), projection.latest_ages], projection.ultimates,
        out=projection.developed[np.minimum(projection.latest_ages, len(projection.developed) - 1)].copy(), where=projection.ultimates > 0,
    )  # fmt: skip
    return known, pd.Series(np.clip(share, 1e-6, 1.0), index=origins), list(projection.notes)
