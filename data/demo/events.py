"""Contractors, projects, cases and payments of the synthetic fund, as frames of the book's ledgers."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from data.demo.truth import PREFECTURE_WEIGHTS, TYPE_WEIGHTS, WINTER_MONTHS, WINTER_SHARE, DemoConfig, Truth
from models.benefits import statutory_benefits
from models.exposure import WorkCalendar, day_of_share, work_calendar
from models.parameters import Parameters

DAY = np.timedelta64(1, "D")


BLOCK = 50_000
"""Projects made at a time: a book of a million projects needs no more memory than one of fifty thousand."""


@dataclass(frozen=True)
class Contractors:
    """The contractors' ledger, their true risks and the share of projects that each takes."""

    ledger: pd.DataFrame
    risk: pd.Series
    weight: np.ndarray


@dataclass(frozen=True)
class Ledgers:
    """The ledgers of one block of projects."""

    projects: pd.DataFrame
    cases: pd.DataFrame
    payments: pd.DataFrame


def calendars() -> dict[str, WorkCalendar]:
    """Return the work calendar of every prefecture."""
    made = {months: work_calendar(months, WINTER_SHARE) for months in set(WINTER_MONTHS.values())}
    return {prefecture: made[months] for prefecture, months in WINTER_MONTHS.items()}


def _streams(seed: int, block: int) -> list[np.random.Generator]:
    of = seed if block == 0 else [seed, block]
    return [np.random.default_rng(s) for s in np.random.SeedSequence(of).spawn(5)]


def ledger_blocks(
    config: DemoConfig, truth: Truth, parameters: Parameters, contractors: Contractors
) -> Iterator[Ledgers]:
    """Yield the ledgers that a configuration and a truth give, block by block; the same seed gives the same rows."""
    first = {"projects": 1, "cases": 1, "payments": 1}
    for block, done in enumerate(range(0, config.projects, BLOCK)):
        streams = _streams(config.seed, block)
        projects = _projects(config, truth, contractors, min(BLOCK, config.projects - done), first, streams[1])
        cases = _cases(config, truth, projects, contractors.risk, first, block == 0, streams[2])
        payments = _payments(config, truth, cases, first, parameters, streams[3])
        for name, rows in (("projects", projects), ("cases", cases), ("payments", payments)):
            first[name] += len(rows)
        yield Ledgers(*_with_defects(config, truth, projects, cases, payments, streams[4]))


def make_contractors(config: DemoConfig, truth: Truth) -> Contractors:
    """Return contractors from two-man firms to giants, each with a true risk of its own."""
    rng = _streams(config.seed, 0)[0]
    n = config.number_of_contractors
    ids = np.array([f"C{i:06d}" for i in range(1, n + 1)])
    risk = rng.gamma(1 / truth.contractor_variance, truth.contractor_variance, n)
    weight = rng.lognormal(0.0, 1.6, n)
    # the credit grade sees the risk through noise
    seen = np.log(risk) + rng.normal(0, 0.8, n)
    grade = np.array(["AAA", "AA", "A", "B", "C"])[np.searchsorted(np.quantile(seen, [0.1, 0.3, 0.7, 0.92]), seen)]
    frame = pd.DataFrame(
        {
            "contractor_id": ids,
            "prefecture": rng.choice(list(PREFECTURE_WEIGHTS), n, p=list(PREFECTURE_WEIGHTS.values())),
            "credit_grade": grade,
            "safety_standard": rng.choice(["1", "2", "3", None], n, p=[0.05, 0.2, 0.35, 0.4]),
            "entry_date": pd.Timestamp(f"{config.first_year}-01-01")
            + pd.to_timedelta(rng.integers(0, 365 * config.years // 2 + 1, n), "D"),
        }
    )
    return Contractors(frame, pd.Series(risk, index=ids, name="risk"), weight / weight.sum())


def _projects(
    config: DemoConfig,
    truth: Truth,
    among: Contractors,
    n: int,
    first: Mapping[str, int],
    rng: np.random.Generator,
) -> pd.DataFrame:
    contractors, weight = among.ledger, among.weight
    numbers = range(first["projects"], first["projects"] + n)
    who = rng.choice(len(contractors), n, p=weight)
    # construction grows 5% a year; enrolment follows the season
    growth = 1.05 ** np.arange(config.years)
    year = config.first_year + rng.choice(config.years, n, p=growth / growth.sum())
    month = rng.choice(12, n, p=np.array([2, 3, 10, 16, 15, 13, 11, 10, 9, 6, 3, 2]) / 100)
    enrolled = (year - 1970).astype("datetime64[Y]").astype("datetime64[M]") + month
    enrolled = enrolled.astype("datetime64[D]") + rng.integers(0, 28, n) * DAY
    kind = rng.choice(list(TYPE_WEIGHTS), n, p=list(TYPE_WEIGHTS.values()))
    # giants build larger works: cost follows the contractor's size
    size = np.log(weight[who] * len(weight))
    cost = np.exp(rng.normal(16.2, 1.25, n) + 0.35 * size) * np.where(np.isin(kind, ["rail", "energy"]), 2.5, 1.0)
    cost = np.round(np.clip(cost, 2e5, 8e9), 2)
    length = np.clip(np.round(120 * (cost / 5e6) ** 0.28 * rng.lognormal(0, 0.25, n)), 45, 1800).astype(int)
    start = enrolled + rng.integers(3, 45, n) * DAY
    planned = start + length * DAY
    late = rng.random(n) < 0.2
    extended = planned + np.round(length * rng.uniform(0.1, 0.5, n)).astype(int) * DAY
    end = np.where(late, extended, planned)
    close = np.datetime64(f"{config.first_year + config.years - 1}-12-31")
    fate = rng.random(n)
    status = np.where(end <= close, "completed", np.where(start > close, "planned", "in_progress"))
    status = np.where(
        fate < 0.01, "cancelled", np.where((fate < 0.02) & (status == "in_progress"), "suspended", status)
    )
    away = rng.random(n) < 0.12
    prefecture = np.where(
        away,
        rng.choice(list(PREFECTURE_WEIGHTS), n, p=list(PREFECTURE_WEIGHTS.values())),
        contractors["prefecture"].to_numpy()[who],
    )
    done = status == "completed"
    persons = cost * 0.15 / 60_000
    in_progress_first = (year <= config.first_year + 1) & (rng.random(n) < 0.2)
    nat = np.datetime64("NaT", "D")
    return pd.DataFrame(
        {
            "project_id": [f"P{i:07d}" for i in numbers],
            "contractor_id": contractors["contractor_id"].to_numpy()[who],
            "fund": "xinjiang",
            "prefecture": prefecture,
            "project_type": kind,
            "total_cost_yuan": cost,
            "final_cost_yuan": np.where(done, np.round(cost * rng.lognormal(0.02, 0.08, n), 2), np.nan),
            "labour_share": np.round(rng.normal(0.15, 0.02, n).clip(0.08, 0.3), 3),
            "rate": truth.rate,
            "multiplier": 1.0,
            "premium_yuan": np.round(cost * truth.rate, 2),
            "enrolment_date": enrolled,
            "premium_date": enrolled + rng.integers(0, 10, n) * DAY,
            "permit_id": [f"X{i:08d}" for i in numbers],
            "permit_date": enrolled + rng.integers(1, 30, n) * DAY,
            "start_date": start,
            "planned_end": planned,
            "actual_end": np.where(done, end, nat),
            "extended_to": np.where(late, extended, nat),
            "status": status,
            "was_in_progress": in_progress_first,
            "planned_persons_fixed": np.round(persons * 0.2).astype(int),
            "planned_persons_migrant": np.maximum(np.round(persons * 0.8), 2).astype(int),
        }
    )  # fmt: skip


def true_frequency(projects: pd.DataFrame, truth: Truth, first_year: int) -> np.ndarray:
    """Return each project's expected injuries a person-year, before its contractor's risk."""
    year = pd.to_datetime(projects["start_date"]).dt.year.to_numpy()
    return (
        truth.frequency
        * (1 + truth.frequency_trend) ** (year - first_year)
        * projects["project_type"].map(truth.type_relativity).to_numpy()
        * projects["prefecture"].map(truth.prefecture_relativity).to_numpy()
    )


def _cases(
    config: DemoConfig,
    truth: Truth,
    projects: pd.DataFrame,
    risk: pd.Series,
    first: Mapping[str, int],
    catastrophe: bool,
    rng: np.random.Generator,
) -> pd.DataFrame:
    start = projects["start_date"].to_numpy(dtype="datetime64[D]")
    end = (
        projects["actual_end"]
        .fillna(projects["extended_to"])
        .fillna(projects["planned_end"])
        .to_numpy(dtype="datetime64[D]")
    )
    began = start.astype("datetime64[Y]").astype(int) + 1970 - config.first_year
    productivity = truth.productivity * (1 + truth.productivity_growth) ** began
    expected = (
        projects["total_cost_yuan"].to_numpy() / productivity * true_frequency(projects, truth, config.first_year)
    )
    expected = (
        expected * risk.reindex(projects["contractor_id"]).to_numpy() * (projects["status"] != "cancelled").to_numpy()
    )
    counts = rng.poisson(expected)
    of = np.repeat(np.arange(len(projects)), counts)
    share = rng.random(len(of))
    day = np.empty(len(of), dtype="datetime64[D]")
    prefecture = projects["prefecture"].to_numpy()
    for name, calendar in calendars().items():
        own = prefecture[of] == name
        day[own] = day_of_share(start[of[own]], end[of[own]], share[own], calendar)
    # one large event: nine workers of the largest project under way in the sixth year
    event = np.array([""] * len(of), dtype=object)
    middle = np.datetime64(f"{config.first_year + min(5, config.years - 1)}-06-15")
    under_way = np.flatnonzero((start <= middle) & (end > middle) & (projects["status"] != "cancelled").to_numpy())
    if catastrophe and len(under_way):
        site = under_way[np.argmax(projects["total_cost_yuan"].to_numpy()[under_way])]
        of, day, event = np.append(of, [site] * 9), np.append(day, [middle] * 9), np.append(event, ["E0001"] * 9)
    close = np.datetime64(f"{config.first_year + config.years - 1}-12-31")
    happened = day <= close
    of, day, event = of[happened], day[happened], event[happened]
    order = np.argsort(day, kind="stable")
    of, day, event = of[order], day[order], event[order]
    n = len(of)
    large = event == "E0001"
    death = (rng.random(n) < truth.death_share) | large
    graded = ~death & (rng.random(n) < truth.graded_share)
    mix = np.array(truth.grade_mix) / sum(truth.grade_mix)
    grade = np.where(graded, rng.choice(np.arange(1, 11), n, p=mix), 0)
    report = day + np.ceil(rng.exponential(truth.report_days, n)).astype(int) * DAY
    recognition = report + np.ceil(rng.gamma(4, truth.recognition_days / 4, n)).astype(int) * DAY
    assessment = recognition + np.ceil(rng.gamma(3, truth.assessment_days / 3, n)).astype(int) * DAY
    years = (day.astype("datetime64[Y]").astype(int) + 1970) - config.first_year
    spread = np.sqrt(np.log(1 + truth.wage_cv**2))
    wage = truth.wage_first_year * (1 + truth.wage_growth) ** years * np.exp(rng.normal(-(spread**2) / 2, spread, n))
    age = np.clip(np.round(rng.normal(43, 10, n)), 18, 68)
    care = np.where(grade == 1, "full", np.where(grade == 2, "major", np.where(grade == 3, "partial", "none")))
    sex = np.where(rng.random(n) < 0.88, "male", "female")
    return pd.DataFrame(
        {
            "case_id": [f"K{i:07d}" for i in range(first["cases"], first["cases"] + n)],
            "project_id": projects["project_id"].to_numpy()[of],
            "contractor_id": projects["contractor_id"].to_numpy()[of],
            "injury_date": day,
            "report_date": np.where(report <= close, report, np.datetime64("NaT", "D")),
            "recognition_date": np.where(recognition <= close, recognition, np.datetime64("NaT", "D")),
            "assessment_date": np.where((grade > 0) & (assessment <= close), assessment, np.datetime64("NaT", "D")),
            "event_id": np.where(event == "", None, event),
            "outcome": np.where(death, "death", "injury"),
            "grade": grade,
            "care": care,
            "age": age,
            "sex": sex,
            "own_wage_yuan": np.where(rng.random(n) < truth.wage_unknown_share, np.nan, np.round(wage, 2)),
            "dependants": [_dependants(rng, a, d) for a, d in zip(age, death, strict=True)],
            "employment_ended": (grade >= 5) & (rng.random(n) < truth.leaves_share),
            "cause": np.where(large, "collapse", rng.choice(["fall", "struck", "collapse", "lifting", "other"], n, p=[0.525, 0.153, 0.106, 0.088, 0.128])),
            "_recognition": recognition,
            "_assessment": assessment,
        }
    )  # fmt: skip


def _dependants(rng: np.random.Generator, age: float, death: bool) -> str | None:
    if not death:
        return None
    found: list[dict[str, object]] = []
    if age >= 25:
        found.append({"kind": "spouse", "age": int(max(20, age - 2))})
    found += [{"kind": "child", "age": int(rng.integers(0, 20))} for _ in range(int(rng.integers(0, 3))) if age >= 25]
    found += [{"kind": "parent", "age": int(age + 26), "lone": False}] if rng.random() < 0.3 and age < 55 else []
    return json.dumps(found)


MEDICAL_BY_GRADE = np.array([1.0, 25.0, 18.0, 13.0, 10.0, 7.0, 6.0, 4.0, 3.0, 2.2, 1.6])
"""Medical cost by grade relative to an ungraded case (index = grade)."""


def _payments(
    config: DemoConfig,
    truth: Truth,
    cases: pd.DataFrame,
    first: Mapping[str, int],
    parameters: Parameters,
    rng: np.random.Generator,
) -> pd.DataFrame:
    """Medical bills in up to six payments, statutory lump sums after assessment, pensions month by month; nothing after the book's last day."""
    close = np.datetime64(f"{config.first_year + config.years - 1}-12-31")
    n = len(cases)
    injury, recognition = (cases[c].to_numpy(dtype="datetime64[D]") for c in ("injury_date", "_recognition"))
    assessment, grade = cases["_assessment"].to_numpy(dtype="datetime64[D]"), cases["grade"].to_numpy()
    death = (cases["outcome"] == "death").to_numpy()
    years = injury.astype("datetime64[Y]").astype(int) + 1970 - config.first_year
    spread = np.sqrt(np.log(1 + truth.medical_cv**2))
    cost = (
        truth.medical_mean
        * (1 + truth.medical_inflation) ** years
        * MEDICAL_BY_GRADE[grade]
        * np.exp(rng.normal(-(spread**2) / 2, spread, n))
    )
    bills = np.minimum(1 + rng.poisson(np.where(grade > 0, 2.0, 0.6)), 6)
    of = np.repeat(np.arange(n), bills)
    part = rng.gamma(2.0, 1.0, len(of))
    part = part / np.bincount(of, weights=part, minlength=n)[of]
    frames = [
        pd.DataFrame(
            {
                "case": of,
                "benefit": "medical",
                "day": recognition[of] + np.ceil(rng.exponential(110, len(of))).astype(int) * DAY,
                "amount": part * cost[of],
            }
        )
    ]
    legal = statutory_benefits(cases, parameters)
    legal = legal[(legal["paid_by"] == "fund") & (legal["benefit"] != "injured_medical_insurance")]
    at = pd.Index(cases["case_id"]).get_indexer(legal["case_id"])
    due = np.where(death[at], recognition[at], assessment[at]) + rng.integers(15, 75, len(at)) * DAY
    lump = ~legal["monthly"].to_numpy()
    frames.append(
        pd.DataFrame(
            {
                "case": at[lump],
                "benefit": legal["benefit"].to_numpy()[lump],
                "day": due[lump],
                "amount": legal["amount"].to_numpy()[lump],
            }
        )
    )
    frames.append(
        _pensions(
            truth, at[~lump], legal["benefit"].to_numpy()[~lump], due[~lump], legal["amount"].to_numpy()[~lump], close
        )
    )
    paid = pd.concat(frames, ignore_index=True)
    paid = paid[paid["day"].to_numpy(dtype="datetime64[D]") <= close]
    paid = paid.sort_values(["day", "case", "benefit"], kind="stable", ignore_index=True)
    return pd.DataFrame(
        {
            "payment_id": [f"Z{i:08d}" for i in range(first["payments"], first["payments"] + len(paid))],
            "case_id": cases["case_id"].to_numpy()[paid["case"]],
            "payment_date": paid["day"].to_numpy(),
            "benefit": paid["benefit"].to_numpy(),
            "amount_yuan": np.maximum(np.round(paid["amount"].to_numpy(), 2), 0.01),
        }
    )


def _pensions(
    truth: Truth, case: np.ndarray, benefit: np.ndarray, first: np.ndarray, monthly: np.ndarray, close: np.datetime64
) -> pd.DataFrame:
    begins = first.astype("datetime64[M]")
    months = np.maximum((close.astype("datetime64[M]") - begins).astype(int) + 1, 0)
    of = np.repeat(np.arange(len(case)), months)
    turn = np.arange(len(of)) - np.repeat(np.cumsum(months) - months, months)
    month = begins[of] + turn
    since = month.astype("datetime64[Y]").astype(int) - begins[of].astype("datetime64[Y]").astype(int)
    return pd.DataFrame(
        {
            "case": case[of],
            "benefit": benefit[of],
            "day": month.astype("datetime64[D]") + 14 * DAY,
            "amount": monthly[of] * (1 + truth.indexation) ** since,
        }
    )


def _with_defects(
    config: DemoConfig,
    truth: Truth,
    projects: pd.DataFrame,
    cases: pd.DataFrame,
    payments: pd.DataFrame,
    rng: np.random.Generator,
) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]:
    """Plant the defects of real exports, each in its known share."""
    projects, cases = projects.copy(), cases.drop(columns=["_recognition", "_assessment"])
    payments = payments.copy()

    def some(n: int, name: str) -> np.ndarray:
        return np.flatnonzero(rng.random(n) < truth.defects[name])

    wrong = some(len(projects), "premium_mismatch")
    projects.loc[wrong, "premium_yuan"] = np.round(projects.loc[wrong, "premium_yuan"] * 0.9, 2)
    late = some(len(cases), "injury_before_start")
    cases.loc[late, "injury_date"] = cases.loc[late, "injury_date"] - pd.Timedelta(400, "D")
    orphan = some(len(cases), "orphan_case")
    cases.loc[orphan, "project_id"] = "P9999999"
    cases.loc[some(len(cases), "missing_age"), "age"] = np.nan
    twin = cases.iloc[some(len(cases), "duplicate_case")].copy()
    twin["case_id"] = "D" + twin["case_id"].str[1:]
    cases = pd.concat([cases, twin], ignore_index=True)
    outlier = some(len(payments), "outlier_payment")
    payments.loc[outlier, "amount_yuan"] = payments.loc[outlier, "amount_yuan"] * 10
    payments = payments.round({"amount_yuan": 2})
    # enrolled only after somebody was hurt, and permits issued before the enrolment that they need
    close = np.datetime64(f"{config.first_year + config.years - 1}-12-31")
    hurt = np.setdiff1d(some(len(cases), "enrolment_after_injury"), late)
    hurt = cases.iloc[hurt].drop_duplicates("project_id")
    at = pd.Index(projects["project_id"]).get_indexer(hurt["project_id"])
    day = np.minimum(hurt["injury_date"].to_numpy() + 3 * DAY, close)
    projects.loc[at[at >= 0], "enrolment_date"] = day[at >= 0]
    early = some(len(projects), "permit_before_enrolment")
    projects.loc[early, "permit_date"] = projects.loc[early, "enrolment_date"] - pd.to_timedelta(
        rng.integers(5, 60, len(early)), "D"
    )
    return projects, cases, payments
