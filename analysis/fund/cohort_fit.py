"""A ledger book read as cohorts: exposure earned by quarter, accidents by quarter, what a case of each benefit pays by quarter after it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.assumptions import UsedParameters
from analysis.fund.ledger_tables import LedgerTables, calendar_of
from analysis.fund.pensioners import PENSIONS, Mortality, Pensioners, pension_starts, pensioners_at
from models.cohorts import LAGS, LONG, QUARTERS, CohortModel, Frequency, Stream, by_lag, pattern_of
from models.exposure import earned_share

Floats = NDArray[np.float64]
Counts = NDArray[np.intp]

STREAMS: Mapping[str, tuple[str, str, str, tuple[str, ...]]] = {
    "medical": ("injuries", "medical", "medical", (
        "medical", "rehabilitation", "inpatient_food", "travel", "assistive_device", "assessment_fee")),
    "disability_lump": ("injuries", "lump", "own_wage", ("disability_lump",)),
    "medical_lump": ("injuries", "lump", "pool_wage", ("medical_lump",)),
    "disability_allowance": ("injuries", "life", "own_wage", ("disability_allowance",)),
    "care_allowance": ("injuries", "life", "pool_wage", ("care_allowance",)),
    "injured_medical_insurance": ("injuries", "life", "own_wage", ("injured_medical_insurance",)),
    "death_lump": ("deaths", "fatal", "death_lump", ("death_lump", "funeral")),
    "survivor_pension": ("deaths", "fatal", "own_wage", ("survivor_pension",)),
}  # fmt: skip
"""Stream → base of counts, family of noise, index of past prices, the ledger's benefits in it."""

DECAY = 0.9
"""Weight of a cohort a year older."""

REPORT_LAGS = 8
RECENT_YEARS = 5
MATURE_YEARS = 2
LARGE_EVENT_DEATHS = 3
"""An event with as many deaths is a large one (较大事故); the frequency of deaths leaves it out."""


@dataclass(frozen=True)
class CohortBook:
    """A ledger book as the fund projection needs it: its tables, the fitted cohorts, the pensioners; ``counts`` and ``paid`` (first year on) by
    quarter: ``cases, ultimate_cases, deaths, exposure_yuan`` and paid by stream."""

    tables: LedgerTables
    model: CohortModel
    pensioners: Pensioners
    past: pd.DataFrame


def paid_cases(tables: LedgerTables) -> pd.DataFrame:
    """Return every payment with its case, and its stream, origin and lag in quarters."""
    of = {benefit: name for name, (_, _, _, benefits) in STREAMS.items() for benefit in benefits}
    joined = tables.payments.merge(tables.cases, on="case_id", how="inner")
    origin = tables.quarter(joined["injury_date"])
    when = tables.quarter(joined["payment_date"])
    return joined.assign(
        stream=joined["benefit"].map(of).fillna("medical"),
        origin=origin,
        quarter=when,
        lag=np.maximum(when - origin, 0),
    )


def fit_cohorts(tables: LedgerTables, parameters: UsedParameters) -> CohortBook | None:
    """Return the cohorts of a fund's ledgers; None where they hold fewer than three years or no payment."""
    quarters, on = tables.quarters, tables.close
    if quarters < 3 * QUARTERS or tables.payments.empty or tables.cases.empty:
        return None
    paid = paid_cases(tables)
    if paid.empty:
        return None
    mortality = Mortality.of(parameters, on)
    pensioners = pensioners_at(paid, on, mortality)
    paid = pd.concat([paid[~paid["benefit"].isin(PENSIONS)], pension_starts(paid)], ignore_index=True)
    exposure = _exposure(tables, parameters)
    weights = DECAY ** (np.arange(quarters)[::-1] / QUARTERS)
    fitted = _Counts.of(tables, exposure.earned, weights, parameters)
    prices = _Prices.of(tables, parameters)
    streams = tuple(_stream(name, paid, fitted, prices, weights, pensioners, mortality) for name in STREAMS)
    spread = _spread(paid, tables, prices, fitted, weights, streams)
    model = CohortModel(
        first_year=tables.first_year,
        written=exposure.written,
        earned=exposure.earned,
        season=exposure.season,
        earning=exposure.earning,
        under_way=exposure.under_way,
        unearned=exposure.unearned,
        cases=fitted.cases,
        deaths=fitted.deaths,
        streams=tuple(s for s in streams if s.pattern.any() or s.in_payment.any()),
        case_cv=spread["case"],
        level_cv=spread["level"],
        longevity=pensioners.longevity(),
        settlement=exposure.settlement,
        **_payroll(tables),
    )
    past = pd.DataFrame(
        {
            "period": [f"{tables.first_year + q // 4}Q{q % 4 + 1}" for q in range(quarters)],
            "exposure_yuan": exposure.earned,
            "cases": fitted.reported["injuries"] + fitted.reported["deaths"],
            "ultimate_cases": fitted.ultimate["injuries"] + fitted.ultimate["deaths"],
            "deaths": fitted.reported["deaths"],
        }
    )
    return CohortBook(tables, model, pensioners, past)


@dataclass(frozen=True)
class _Exposure:
    written: Floats
    earned: Floats
    season: Floats
    earning: Floats
    under_way: Floats
    unearned: Floats
    settlement: float


def _exposure(tables: LedgerTables, parameters: UsedParameters) -> _Exposure:
    """Read what was enrolled and earned by quarter, and how a quarter's enrolment is earned."""
    own, quarters = tables.projects, tables.quarters
    calendar = calendar_of(parameters, tables.close)
    cost = own["total_cost_yuan"].to_numpy(dtype=np.float64)
    rate = own["rate"].fillna(parameters.value("project_rate", tables.close)) * own["multiplier"].fillna(1.0)
    premium = own["premium_yuan"].fillna(rate * own["total_cost_yuan"]).to_numpy(dtype=np.float64)
    start, end = (own[c].to_numpy(dtype="datetime64[D]") for c in ("start", "end"))
    before = np.zeros(len(own))
    earned, released = np.zeros(quarters + LAGS), np.zeros(quarters + LAGS)
    for q, edge in enumerate(tables.edges(LAGS)[1:]):
        share = earned_share(start, end, edge, calendar)
        earned[q], released[q] = cost @ (share - before), premium @ (share - before)
        before = share
    # what is left after ten years is earned in the last of them
    earned[-1] += cost @ (1.0 - before)
    released[-1] += premium @ (1.0 - before)
    enrolled = tables.quarter(own["enrolment_date"])
    written = np.bincount(enrolled, weights=cost, minlength=quarters).astype(np.float64)
    recent = enrolled >= quarters - RECENT_YEARS * QUARTERS
    by_season = np.bincount(enrolled[recent] % QUARTERS, weights=cost[recent], minlength=QUARTERS)
    opens = np.datetime64(f"{tables.first_year}-01", "M") + 3 * enrolled[recent]
    earning = np.zeros((QUARTERS, LAGS))
    before = np.zeros(int(recent.sum()))
    for lag in range(LAGS):
        share = earned_share(start[recent], end[recent], (opens + 3 * (lag + 1)).astype("datetime64[D]"), calendar)
        if lag == LAGS - 1:
            share = np.ones(len(share))
        earning[:, lag] = np.bincount(
            enrolled[recent] % QUARTERS, weights=cost[recent] * (share - before), minlength=QUARTERS
        )
        before = share
    whole = earning.sum(axis=0) / max(earning.sum(), 1e-9)
    earning = np.where(by_season[:, None] > 0, earning / np.maximum(by_season, 1e-9)[:, None], whole)
    done = own["actual_end"].notna() & own["final_cost_yuan"].notna()
    agreed = float(own.loc[done, "total_cost_yuan"].sum())
    settlement = float(own.loc[done, "final_cost_yuan"].sum()) / agreed if agreed > 0 else 1.0
    season = by_season / by_season.sum() if by_season.sum() > 0 else np.full(QUARTERS, 0.25)
    return _Exposure(written, earned[:quarters], season, earning, earned[quarters:], released[quarters:], settlement)


@dataclass(frozen=True)
class _Counts:
    """Accidents by quarter and base, of projects and of employers that enrol by payroll: as reported, developed to ultimate; frequencies of projects alone."""

    reported: Mapping[str, Floats]
    ultimate: Mapping[str, Floats]
    cases: Frequency
    deaths: Frequency

    @classmethod
    def of(cls, tables: LedgerTables, earned: Floats, weights: Floats, parameters: UsedParameters) -> _Counts:
        own, quarters = tables.cases, tables.quarters
        project = own["employer_id"].isna().to_numpy()
        fatal = (own["outcome"] == "death").to_numpy()
        origin = tables.quarter(own["injury_date"])
        report = own["report_date"]
        close = pd.Timestamp(tables.close) + pd.Timedelta(1, "D")
        dated = report.notna().mean() > 0.5
        seen = (report < close).to_numpy() if dated else np.ones(len(own), dtype=bool)
        share = np.ones(quarters)
        if dated:
            lag = np.maximum(tables.quarter(report.fillna(close)) - origin, 0)
            counts = by_lag(origin[seen], lag[seen], np.ones(int(seen.sum())), quarters, REPORT_LAGS)
            share = _reported_share(counts)
        events = own.loc[fatal].groupby("event_id")["event_id"].transform("size") >= LARGE_EVENT_DEATHS
        large = np.zeros(len(own), dtype=bool)
        large[np.flatnonzero(fatal)] = events.fillna(False).to_numpy(dtype=bool)
        sd = float(parameters.value("frequency.trend_sd", tables.close))
        prior = -np.log1p(float(parameters.value("growth.wages", tables.close)))

        def counted(chosen: NDArray[np.bool_]) -> Floats:
            return np.bincount(origin[seen & chosen], minlength=quarters).astype(np.float64)

        found = {"injuries": counted(~fatal), "deaths": counted(fatal)}
        single = counted(project & fatal & ~large)
        frequency = fit_trend(counted(project & ~fatal), earned * share, weights, prior, sd)
        # deaths are too few for a trend and seasons of their own: the injuries' shape, their own level
        shape = frequency.season[np.arange(quarters) % QUARTERS] * np.exp(frequency.trend * _years(quarters))
        expected = float((earned * share * shape * weights).sum())
        n = max(float((single * weights).sum()), 0.5)
        level = n / expected if expected > 0 else 0.0
        covariance = frequency.covariance + np.diag([1.0 / n, 0.0])
        deaths = Frequency(level, frequency.trend, covariance, 1.0, frequency.season)
        both = len(own) / max(int(project.sum()), 1)
        ultimate = {
            base: found[base] + (1.0 - share) * earned * one.level * shape * both
            for base, one in (("injuries", frequency), ("deaths", deaths))
        }
        return cls(found, ultimate, frequency, deaths)


def _years(quarters: int) -> Floats:
    """Return the time of the middle of each past quarter in years before the close (negative)."""
    return (np.arange(quarters) - quarters + 0.5) / QUARTERS


def _reported_share(counts: Floats) -> Floats:
    """Return the share of each origin's cases that is reported by now (chain ladder on counts by lag)."""
    origins, lags = counts.shape
    cumulative = np.cumsum(counts, axis=1)
    share = np.ones(lags)
    for lag in range(lags - 2, -1, -1):
        both = cumulative[: origins - lag - 1]
        top, bottom = both[:, lag + 1].sum(), both[:, lag].sum()
        share[lag] = share[lag + 1] * (bottom / top if top > 0 else 1.0)
    age = np.minimum(np.arange(origins)[::-1], lags - 1)
    return np.asarray(np.maximum(share[age], 0.05))


def fit_trend(counts: Floats, exposure: Floats, weights: Floats, prior: float, prior_sd: float) -> Frequency:
    """Fit counts = exposure · season · level · e^(trend·years) by weighted quasi-Poisson, the trend with a normal prior.

    Parameters
    ----------
    counts, exposure, weights : by quarter, the first one the first of a year

    Returns
    -------
    Frequency : level at the end of the last quarter; the covariance is inflated by the dispersion of the quarters' counts
    """
    turn = np.arange(len(counts)) % QUARTERS
    design = np.column_stack([np.ones(len(counts)), _years(len(counts))])
    beta = np.array([np.log(max(float(counts.sum()), 0.5) / exposure.sum()), prior])
    precision, centre = np.diag([1e-6, 1.0 / prior_sd**2]), np.array([0.0, prior])
    season = np.ones(QUARTERS)
    for _ in range(100):
        mean = exposure * season[turn] * np.exp(design @ beta)
        gradient = design.T @ (weights * (counts - mean)) - precision @ (beta - centre)
        step = np.linalg.solve((design.T * (weights * mean)) @ design + precision, gradient)
        beta = beta + step
        mean = exposure * np.exp(design @ beta)
        seen, wanted = (np.bincount(turn, weights=weights * x, minlength=QUARTERS) for x in (counts, mean))
        # a season of little work is drawn towards the whole by five cases
        season = (seen + 5.0) / (wanted + 5.0)
        if np.abs(step).max() < 1e-9:
            break
    mean = exposure * season[turn] * np.exp(design @ beta)
    big = mean > 1.0
    freedom = max(int(big.sum()) - QUARTERS - 1, 1)
    dispersion = max(float((((counts - mean) ** 2 / np.maximum(mean, 1e-12))[big]).sum()) / freedom, 1.0)
    data = (design.T * (weights * mean)) @ design / dispersion
    return Frequency(float(np.exp(beta[0])), float(beta[1]), np.linalg.inv(data + precision), dispersion, season)


@dataclass(frozen=True)
class _Prices:
    """Past price indices by quarter (1 in the last year), by name."""

    by_name: Mapping[str, Floats]

    @classmethod
    def of(cls, tables: LedgerTables, parameters: UsedParameters) -> _Prices:
        years = np.arange(tables.first_year, tables.close.year + 1)
        last = float(years[-1])

        def dated(name: str) -> Floats:
            values = np.array([float(parameters.value(name, date(int(y), 12, 31))) for y in years])
            return np.repeat(values / values[-1], QUARTERS)

        wages = tables.cases[["injury_date", "own_wage_yuan"]].dropna()
        growth = np.log1p(float(parameters.value("growth.wages", tables.close)))
        by_year = wages.groupby(wages["injury_date"].dt.year)["own_wage_yuan"].agg(["mean", "size"])
        by_year = by_year[(by_year["size"] >= 10) & (by_year.index >= tables.first_year)]
        if len(by_year) >= 3:
            growth = float(np.polyfit(by_year.index, np.log(by_year["mean"]), 1, w=np.sqrt(by_year["size"]))[0])
        medical = np.log1p(float(parameters.value("growth.medical", tables.close)))
        return cls(
            {
                "own_wage": np.repeat(np.exp(growth * (years - last)), QUARTERS),
                "medical": np.repeat(np.exp(medical * (years - last)), QUARTERS),
                "pool_wage": dated("pool_average_wage"),
                "death_lump": dated("death_lump"),
            }
        )


def _stream(
    name: str,
    paid: pd.DataFrame,
    counts: _Counts,
    prices: _Prices,
    weights: Floats,
    pensioners: Pensioners,
    mortality: Mortality,
) -> Stream:
    base, family, index, benefits = STREAMS[name]
    own = paid[paid["stream"] == name]
    ultimate, quarters = counts.ultimate[base], len(weights)
    past = prices.by_name[index]
    survival, mean_award = None, 0.0
    if name in PENSIONS:
        survival = _survival_of_awards(own, mortality)
    when = own["quarter"] if name == "medical" else own["origin"]
    deflated = own["amount_yuan"].to_numpy() / past[when.to_numpy(dtype=np.intp)]
    if survival is not None and len(own):
        mean_award = float(deflated.mean())
    amounts = by_lag(
        own["origin"].to_numpy(dtype=np.intp),
        own["lag"].to_numpy(dtype=np.intp),
        deflated,
        quarters,
        max(quarters, LAGS),
    )
    pattern = pattern_of(amounts, ultimate, weights)
    at_origin = ultimate if name == "medical" else ultimate * past
    known = np.zeros(LAGS)
    for age in range(1, min(quarters, LAGS)):  # quarters since the accident, at the close
        known[: LAGS - age] += at_origin[quarters - age] * pattern[age:]
    pension = name in PENSIONS
    return Stream(
        name,
        base,
        family,
        "medical" if name == "medical" else "wages",
        pattern,
        known,
        survival,
        sum((pensioners.payments(b) for b in benefits), np.zeros(LONG)) if pension else np.zeros(LONG),
        sum((pensioners.headcount(b) for b in benefits), np.zeros(LONG)) if pension else np.zeros(LONG),
        mean_award,
    )


def _survival_of_awards(awards: pd.DataFrame, mortality: Mortality) -> Floats:
    """Return how a new pension runs off by quarter: the mean of those that began, by amount."""
    if awards.empty:
        return np.zeros(LONG)
    elapsed = (awards["payment_date"] - awards["injury_date"]).dt.days.clip(lower=0).to_numpy(dtype=np.float64) / 365.25
    amount = awards["amount_yuan"].to_numpy()
    run_off = mortality.run_off(awards, elapsed, np.arange(LONG) / QUARTERS)
    survival = amount @ run_off / amount.sum()
    survival[0] *= 0.5  # awards begin in the middle of their quarter
    return np.asarray(survival)


def _spread(
    paid: pd.DataFrame,
    tables: LedgerTables,
    prices: _Prices,
    counts: _Counts,
    weights: Floats,
    streams: tuple[Stream, ...],
) -> dict[str, dict[str, float]]:
    """Return by stream how much a case's cost varies (of a pension its monthly amount), and the relative error of its level."""
    before = max(tables.quarters - MATURE_YEARS * QUARTERS, QUARTERS)
    mature = paid[paid["origin"] < before]
    dead = (tables.cases["outcome"] == "death")[tables.quarter(tables.cases["injury_date"]) < before]
    age = np.minimum(np.arange(tables.quarters)[::-1], LAGS - 1)
    found: dict[str, dict[str, float]] = {"case": {}, "level": {}}
    for stream in streams:
        own = mature[mature["stream"] == stream.name]
        index = prices.by_name[STREAMS[stream.name][2]]
        totals = (own["amount_yuan"] / index[own["origin"]]).groupby(own["case_id"]).sum()
        n = max(int((dead == (stream.base == "deaths")).sum()), 1)
        mean = float(totals.sum()) / n
        cv = float(np.sqrt(max((totals**2).sum() / n / mean**2 - 1.0, 0.0))) if mean > 0 else 0.0
        # a cohort tells as much of the level as it has been paid
        told = np.cumsum(stream.pattern)[age] / max(stream.pattern.sum(), 1e-9) * counts.ultimate[stream.base]
        effective = float((told * weights).sum() ** 2 / max((told * weights**2).sum(), 1e-9))
        found["case"][stream.name] = cv
        found["level"][stream.name] = cv / np.sqrt(max(effective, 1.0))
    return found


def _payroll(tables: LedgerTables) -> dict[str, float]:
    """Return the accidents a quarter and the premium a year of employers that enrol by payroll; nothing where none of their accidents is known."""
    own = tables.cases[tables.cases["employer_id"].notna()]
    if own.empty or tables.employers.empty:
        return {}
    year = tables.employers["year"].str[:4].astype("int64")
    known = tables.employers[year <= tables.close.year]
    if known.empty:
        return {}
    last = year[known.index].max()
    employers = known[year[known.index] == last]
    premium = float(employers["premium_yuan"].fillna(employers["rate"] * employers["payroll_yuan"]).sum())
    fatal = own.loc[own["injury_date"].dt.year > tables.close.year - RECENT_YEARS, "outcome"] == "death"
    quarters = min(RECENT_YEARS, tables.close.year - tables.first_year + 1) * QUARTERS
    return {
        "payroll_cases": float((~fatal).sum()) / quarters,
        "payroll_deaths": float(fatal.sum()) / quarters,
        "payroll_premium": premium,
    }
