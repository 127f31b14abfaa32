"""What the synthetic fund is made from: sizes, frequencies, severities, delays. Calibrated in order of magnitude to public figures.

Frequency: 0.46–0.71% of insured persons recognised a year (ministry bulletins); person-years from productivity (0.42 million yuan in 2020). Grades: the
unverified prior of the parameters. Deaths: about 1,752 in half of 2018 in all construction against 22.6 万亿 of output, 0.16 per 亿 a year. Wages: construction migrants,
5,743 a month in 2024. Enrolment: 96% of new projects by the end of 2016 and 99% in 2021 (national). Everything here is an assumption, and its recovery is what the
tests measure.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from models.messages import InputError


@dataclass(frozen=True)
class DemoConfig:
    """The size of a demonstration book."""

    seed: int = 2015
    projects: int = 30_000
    contractors: int | None = None
    years: int = 10
    first_year: int = 2015

    def __post_init__(self) -> None:
        if not (100 <= self.projects <= 1_000_000 and 1 <= self.years <= 30 and 2000 <= self.first_year <= 2040):
            raise InputError("A demonstration book has 100 to 1,000,000 projects and 1 to 30 years.")
        if self.contractors is not None and not 1 <= self.contractors <= 200_000:
            raise InputError("A demonstration book has 1 to 200,000 contractors.")

    @property
    def number_of_contractors(self) -> int:
        """Contractors: as asked, else one for twenty projects."""
        return self.contractors or max(self.projects // 20, 8)


PREFECTURE_WEIGHTS: Mapping[str, float] = {
    "urumqi": 0.24, "karamay": 0.05, "turpan": 0.03, "hami": 0.05, "changji": 0.11, "bortala": 0.03, "bayingolin": 0.08,
    "aksu": 0.09, "kizilsu": 0.03, "kashgar": 0.12, "hotan": 0.07, "ili": 0.07, "tacheng": 0.02, "altay": 0.01,
}  # fmt: skip

WINTER_MONTHS: Mapping[str, tuple[int, ...]] = {
    p: ((12, 1, 2) if p in ("turpan", "aksu", "kizilsu", "kashgar", "hotan", "bayingolin") else (11, 12, 1, 2, 3))
    for p in PREFECTURE_WEIGHTS
}
WINTER_SHARE = 0.1

TYPE_WEIGHTS: Mapping[str, float] = {
    "housing": 0.42, "municipal": 0.2, "road": 0.1, "rail": 0.02, "water": 0.07, "energy": 0.07, "fitout": 0.06, "installation": 0.06,
}  # fmt: skip


@dataclass(frozen=True)
class Truth:
    """The parameters behind the data; written as JSON beside a demonstration book."""

    frequency: float = 0.0056
    """Recognised injuries a person-year in housing, in the first year, in Urumqi."""
    frequency_trend: float = -0.02
    productivity: float = 330_000.0
    """Construction output per person-year in the first year (yuan); it grows by ``productivity_growth``."""
    productivity_growth: float = 0.045
    type_relativity: Mapping[str, float] = field(
        default_factory=lambda: {
            "housing": 1.0, "municipal": 0.85, "road": 0.9, "rail": 1.15, "water": 1.1, "energy": 0.95, "fitout": 0.7, "installation": 0.8,
        }
    )  # fmt: skip
    prefecture_relativity: Mapping[str, float] = field(
        default_factory=lambda: dict(zip(
            PREFECTURE_WEIGHTS, (1.0, 0.9, 1.05, 0.95, 1.1, 1.0, 1.05, 1.1, 1.2, 1.15, 1.2, 0.95, 1.0, 0.9), strict=True))
    )  # fmt: skip
    contractor_variance: float = 0.35
    """Variance of contractors' gamma-distributed risk around 1: the dispersion α of the negative binomial."""
    death_share: float = 0.0105
    graded_share: float = 0.52
    grade_mix: tuple[float, ...] = (0.004, 0.005, 0.006, 0.01, 0.018, 0.022, 0.06, 0.075, 0.2, 0.6)
    medical_mean: float = 14_000.0
    """Mean medical cost of an ungraded case in the first year (yuan); graded cases cost more by their grade."""
    medical_cv: float = 2.0
    medical_inflation: float = 0.05
    wage_first_year: float = 4_250.0
    wage_growth: float = 0.045
    wage_cv: float = 0.3
    wage_unknown_share: float = 0.4
    indexation: float = 0.04
    report_days: float = 25.0
    recognition_days: float = 50.0
    assessment_days: float = 240.0
    leaves_share: float = 0.75
    """Share of workers of grades 5–10 whose employment ends (with the project)."""
    rate: float = 0.001
    unenrolled: tuple[float, ...] = (0.1, 0.06, 0.03, 0.01)
    """Share of permits issued without enrolment, by year of the campaign; the last one stays (99% enrolled in 2021)."""
    working_days: float = 250.0
    """Days on the roster of a person-year."""
    defects: Mapping[str, float] = field(
        default_factory=lambda: {
            "injury_before_start": 0.001, "enrolment_after_injury": 0.001, "orphan_case": 0.0005, "duplicate_case": 0.0005,
            "premium_mismatch": 0.002, "missing_age": 0.02, "outlier_payment": 0.0001,
            "permit_before_enrolment": 0.003,
        }
    )  # fmt: skip


def as_plain(config: DemoConfig, truth: Truth) -> dict[str, Any]:
    """Return configuration and truth as plain data."""
    return {"config": asdict(config), "truth": asdict(truth)}
