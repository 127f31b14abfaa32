"""The experience study as tables: frames by name, in the order of a report, with column names that `analysis.columns` can say."""

from __future__ import annotations

import numpy as np
import pandas as pd

from analysis.experience.development import Development
from analysis.experience.frequency import Frequency
from analysis.experience.severity import Severity
from analysis.experience.study import ExperienceStudy
from analysis.experience.words import TITLES
from analysis.language import Translator
from analysis.tables import Table

LARGEST = 50
RELATIVITY = {"low": "relativity_low", "high": "relativity_high", "exposure": "exposure_yi", "frequency": "per_yi"}
SHARE = {"share": "case_share", "low": "share_low", "high": "share_high", "prior": "prior_share"}
ODDS = {"odds": "graver_odds", "low": "odds_low", "high": "odds_high"}
COMPARED = {"exposure": "exposure_yi", "actual": "actual_cases", "expected": "expected_cases", "low": "expected_low", "high": "expected_high"}  # fmt: skip
TO_PAY = {"reserve_yuan": "to_pay_yuan"}
AFTER = (3, 6, 12, 24)


def experience_tables(study: ExperienceStudy) -> dict[str, pd.DataFrame]:
    """Return every table of a study that has rows, in the order of a report; titles stand in `analysis.experience.words.TITLES`."""
    found: dict[str, pd.DataFrame] = {"exposure_by_year": study.by_year}
    if study.exposure is not None:
        found["exposure_by_status"] = study.exposure.by_status
    if study.frequency is not None:
        found |= _frequency(study.frequency)
    if study.severity is not None:
        found |= _severity(study.severity)
    if study.development is not None:
        found |= _development(study.development)
    if study.credibility is not None:
        found["credibility_prefectures"] = study.credibility.prefectures
        found["credibility_contractors"] = study.credibility.contractors.head(LARGEST)
    if study.yearly_cost is not None:
        found["yearly_cost"] = study.yearly_cost.table
    return {name: found[name] for name in TITLES if name in found and len(found[name])}


def report_tables(study: ExperienceStudy, t: Translator) -> list[Table]:
    """Return the same as tables of a report, with their titles in the reader's language."""
    return [Table(name, t.say(TITLES[name]), frame) for name, frame in experience_tables(study).items()]


def grades_named(labels: pd.Series) -> pd.Series:
    """Return grades as codes that can be said: ``ungraded`` for 0, ``death``, else the number."""
    return labels.astype("str").replace({"0": "ungraded"})


def _frequency(found: Frequency) -> dict[str, pd.DataFrame]:
    relativities = found.relativities.rename(columns=RELATIVITY).drop(columns="standard_error")
    if not relativities["aliased"].any():
        relativities = relativities.drop(columns="aliased")
    tests = pd.DataFrame(
        [
            {"test": name, "statistic": one.statistic, "p_value": one.p_value}
            for name, one in (("overdispersion", found.overdispersion), ("zero_inflation", found.zeros))
        ]
    )
    tables = {
        "frequency_relativities": relativities,
        "frequency_terms": found.terms.reset_index()
        .rename(columns={"term": "variable"})
        .replace({"variable": {"C(year)": "year"}}),
        "frequency_tests": tests,
        "frequency_expected": found.expected.rename(columns=COMPARED).drop(columns="standardised"),
        "frequency_contractors": found.contractors.head(LARGEST)
        .rename(
            columns={"exposure": "exposure_yi", "expected": "expected_cases", "own": "own_relativity", **RELATIVITY}
        )
        .astype({"contractor": "str"}),
    }
    if found.back_test is not None:
        table = found.back_test.table.reset_index().rename(columns={"year": "period", **COMPARED})
        kept = ["period", "actual_cases", "expected_cases", "expected_low", "expected_high", "inside", "log_score", "constant_log_score", "crps", "constant_crps"]  # fmt: skip
        tables["frequency_backtest"] = table[kept].astype({"period": "str"})
    return tables


def _severity(found: Severity) -> dict[str, pd.DataFrame]:
    tables = {
        "severity_outcomes": found.outcomes.rename(columns=SHARE),
        "severity_mix": found.mix.overall.rename(columns=SHARE).astype({"grade": "str"}),
        "severity_mix_by_type": _wide(found.mix.cells, "project_type"),
        "severity_mix_by_age": _wide(found.by_age.cells, "age_band"),
        "severity_cost": found.costs.rename(columns={"group": "grade", "low": "low_yuan", "high": "high_yuan"}).assign(
            grade=lambda f: grades_named(f["grade"])
        ),
        "severity_pensions": found.awards,
    }
    if found.odds is not None:
        tables["severity_odds"] = found.odds.odds.rename(columns=ODDS)
        tables["severity_terms"] = found.odds.terms.rename(columns={"term": "variable"})
    if found.medical is not None:
        groups = found.medical.groups.rename(columns={"group": "grade", **RELATIVITY})
        order = groups["grade"].map({"death": 11}).fillna(pd.to_numeric(groups["grade"], errors="coerce"))
        tables["severity_medical"] = groups.assign(grade=grades_named(groups["grade"])).iloc[
            np.argsort(order.to_numpy())
        ]
        tables["severity_families"] = found.medical.scores.drop(columns="standard_error")
    return tables


def _wide(cells: pd.DataFrame, name: str) -> pd.DataFrame:
    """Return the mix by cell: grades 1–4, 5–6, 7–10 with the number of cases."""
    if cells.empty:
        return cells
    band = np.select([cells["grade"] <= 4, cells["grade"] <= 6], ["1–4", "5–6"], "7–10")
    grouped = cells.assign(grade=band).groupby(["cell", "grade"])[["cases", "share"]].sum().reset_index()
    return grouped.rename(columns={"cell": name, "share": "case_share"})


def _development(found: Development) -> dict[str, pd.DataFrame]:
    tables: dict[str, pd.DataFrame] = {}
    if found.counts:
        tables["development_counts"] = pd.DataFrame(
            [
                {
                    "stage": one.stage, "known_cases": one.known, "ultimate_cases": one.ultimate, "ultimate_low": one.low, "ultimate_high": one.high,
                    **{f"share_after_{m}": one.share_within(m) for m in AFTER},
                }
                for one in found.counts
            ]
        )  # fmt: skip
    bands = []
    for name, one in found.amounts.items():
        tables[f"development_methods_{name}"] = one.methods.rename(columns=TO_PAY)
        tables[f"development_{name}"] = one.by_origin.rename(columns=TO_PAY)
        if one.back_test is not None:
            held = one.back_test
            bands.append({"triangle": name, "diagonals": len(held.table), "within_50": held.within_50, "within_90": held.within_90, "mack_within_50": held.mack_within_50, "mack_within_90": held.mack_within_90})  # fmt: skip
    tables["development_bands"] = pd.DataFrame(bands)
    return tables
