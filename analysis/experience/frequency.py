"""Frequency of a book at level 2 or 3: relativities, tests, trend, actual against expected, a rolling back-test, large events, and each contractor's own risk."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import norm

from models.credibility import gamma_poisson, risk_interval
from models.frequency import BackTest, FrequencyFit, back_test, fit_frequency, wald_tests
from models.frequency.result import Test, Trend, ZeroTest
from models.messages import InputError, Message

DIMENSIONS = ("project_type", "prefecture", "size_band", "season")
OTHER = ("credit_grade", "safety_standard")
"""Columns that the model does not use: where they tell, the floating plan may."""
AE_COLUMNS = ("exposure", "actual", "expected", "ratio", "low", "high", "standardised")
LEVEL = 0.9
FORECASTS = 3
"""Years that the back-test foretells, each from the years before it."""


@dataclass(frozen=True)
class Frequency:
    """The frequency model of a book.

    ``fit`` negative binomial whose risk is the contractor's; ``relativities`` with 90% intervals (`FrequencyFit.relativities`, rows of ``year``
    included); ``terms`` Wald tests; ``trend`` of one year; ``overdispersion``, ``zeros`` tests; ``expected`` actual against expected (``variable, level, exposure,
    actual, expected, ratio, low, high, standardised``); ``back_test`` or None where there are too few years;
    ``contractors``: ``contractor, exposure, cases, expected, own, relativity, low, high, credibility``; ``notes`` what to know.
    """

    fit: FrequencyFit
    relativities: pd.DataFrame
    terms: pd.DataFrame
    trend: Trend | None
    overdispersion: Test
    zeros: ZeroTest
    expected: pd.DataFrame
    back_test: BackTest | None
    contractors: pd.DataFrame
    notes: tuple[Message, ...]


def study_frequency(rows: pd.DataFrame, notes: tuple[Message, ...] = (), forecasts: int = FORECASTS) -> Frequency:
    """Fit and question the frequency model.

    Parameters
    ----------
    rows : ``contractor, year, exposure, cases`` and those of `DIMENSIONS` that are known; rows without exposure and cases are left out
    forecasts : years of the back-test; 0 = none

    Raises
    ------
    InputError
        No case, or no exposure.
    """
    rows = rows[rows["exposure"] > 0]
    terms = [d for d in DIMENSIONS if d in rows and rows[d].nunique() > 1]
    years = int(rows["year"].nunique())
    formula = "cases ~ " + " + ".join([*terms, *(["C(year)"] if years > 1 else [])] or ["1"])
    fit = fit_frequency(rows, formula, "exposure", "negative-binomial", "contractor")
    relativities = fit.relativities(LEVEL)
    trend, line = None, fit
    if years > 1:
        line = fit_frequency(rows, formula.replace("C(year)", "year"), "exposure", "negative-binomial", "contractor")
        trend = line.trend("year", LEVEL)
    said = [*notes, *fit.notes]
    tested = None
    if forecasts and years > 2:
        # the last years, each foretold from those before it
        first = max(years - forecasts, 2)
        straight = "cases ~ " + " + ".join([*terms, "year"])
        try:
            tested = back_test(rows, straight, "exposure", "year", "negative-binomial", first, "contractor")
        except InputError as error:
            said.append(error.message)
    elif forecasts:
        said.append(Message("A back-test of the frequency needs three years or more; there are {years}.", {"years": years}))  # fmt: skip
    own = contractor_risk(rows, fit)
    return Frequency(
        fit, relativities, wald_tests(fit), trend, fit.overdispersion_test(), fit.zero_inflation_test(),
        _compared(rows, line, terms, own), tested, own, tuple(said),
    )  # fmt: skip


def _compared(rows: pd.DataFrame, line: FrequencyFit, terms: list[str], contractors: pd.DataFrame) -> pd.DataFrame:
    """Return actual against expected where the model does not fit by itself: by year beside its straight trend, by dimensions that it leaves out
    (``credit_grade`` …), by pairs of its two strongest dimensions, and by size of the contractor."""
    passed = contractors["expected"].cumsum().to_numpy(dtype=np.float64)
    place = np.minimum(passed / passed[-1] * 5, 4.999).astype(np.int64) + 1
    size = pd.Series(place, index=contractors["contractor"].astype("str"))
    wider = rows.assign(contractor_fifth=rows["contractor"].astype("str").map(size))
    left_out = [c for c in OTHER if c in rows and rows[c].nunique() > 1]
    pairs = [tuple(terms[:2])] if len(terms) > 1 else []
    tables = []
    for by in (("year",), ("contractor_fifth",), *((c,) for c in left_out), *pairs):
        table = line.actual_against_expected(wider, list(by), LEVEL).reset_index()
        labels = [" × ".join(map(str, key)) for key in table[list(by)].itertuples(index=False)]
        tables.append(table.drop(columns=list(by)).assign(variable=" × ".join(by), level=labels))
    return pd.concat(tables, ignore_index=True)[["variable", "level", *AE_COLUMNS]]


def contractor_risk(rows: pd.DataFrame, fit: FrequencyFit) -> pd.DataFrame:
    """Return each contractor's risk relative to what the model expects of its work: its own count, shrunk by credibility, with a 90% interval.

    The interval also knows that the dispersion is estimated, and what is expected: the error of the latter, on the logarithm, widens it by the
    contractor's credibility.
    """
    expected = fit.predict(rows)
    grouped = rows.assign(expected=expected).groupby("contractor", observed=True)
    table = grouped[["exposure", "cases", "expected"]].sum().reset_index()
    risk = gamma_poisson(table["cases"], table["expected"], fit.alpha, LEVEL)
    reach = (
        float(norm.ppf(0.5 + LEVEL / 2))
        * risk.factors
        * fit.error_of(rows, "contractor").reindex(table["contractor"]).to_numpy()
    )
    own_low, own_high = risk_interval(table["cases"], table["expected"], fit.alpha, fit.dispersion_error, LEVEL)
    low, high = (np.log(np.maximum(end, 1e-12) / risk.mean) for end in (own_low, own_high))
    return table.assign(
        own=table["cases"] / table["expected"],
        relativity=risk.mean,
        low=risk.mean * np.exp(-np.hypot(low, reach)),
        high=risk.mean * np.exp(np.hypot(high, reach)),
        credibility=risk.factors,
    ).sort_values("expected", ascending=False, ignore_index=True)


def experience_rows(experience: pd.DataFrame) -> tuple[pd.DataFrame, list[Message]]:
    """Return the rows of the frequency model from level 2; exposure in 100 million yuan of total cost.

    A row with cases but without exposure is left out and said; rows whose cases are not given say nothing.
    """
    known = experience[experience["cases"].notna()]
    frame = pd.DataFrame(
        {
            "contractor": known["unit"].astype("str"),
            "year": known["period"].str[:4].astype("int64"),
            "exposure": known["exposure_yuan"].fillna(0.0).clip(lower=0.0) / 1e8,
            "cases": known["cases"].astype("float64"),
            **{d: known[d].fillna("unknown").astype("str") for d in DIMENSIONS[:3] if d in known and known[d].notna().any()},
        }
    )  # fmt: skip
    bare = (frame["exposure"] <= 0) & (frame["cases"] > 0)
    notes = []
    if bare.any():
        notes.append(Message("{count} rows have cases but no exposure and were left out of the frequency model.", {"count": int(bare.sum())}))  # fmt: skip
    frame = frame[~bare & (frame["exposure"] > 0)].reset_index(drop=True)
    if frame.empty or not frame["cases"].sum():
        raise InputError("The experience has no row with exposure and cases: there is no frequency to study.")
    return frame, notes
