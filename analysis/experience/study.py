"""The experience study: the models put together on any book at level 2 or 3."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

from analysis.assumptions import UsedParameters
from analysis.experience.awards import pensions_started
from analysis.experience.credibility import Credible, study_credibility
from analysis.experience.development import Development, study_development
from analysis.experience.exposure import Earned, Exposure, earn, rating_rows, study_exposure
from analysis.experience.frames import TABLES, Floats, Ledgers, attempt, ledgers_of
from analysis.experience.frequency import Frequency, experience_rows, study_frequency
from analysis.experience.severity import Severity, study_severity
from analysis.experience.yearly_cost import YearlyCost, yearly_cost
from analysis.fund.pensioners import PENSIONS
from analysis.scenario import Scenario
from data.book import Book
from data.parameters import load_parameters
from models.messages import InputError, Message

PROGRESS = Callable[[float], None]


@dataclass(frozen=True)
class ExperienceStudy:
    """What a book's experience says; a part that the book cannot answer is None and ``notes`` say why.

    ``level`` 2 or 3; ``on`` the valuation date; ``by_year``: exposure and premium by year (`Exposure.by_year`, at level 2 what the rows give).
    """

    level: int
    on: date
    synthetic: bool
    by_year: pd.DataFrame
    exposure: Exposure | None
    frequency: Frequency | None
    severity: Severity | None
    development: Development | None
    credibility: Credible | None
    yearly_cost: YearlyCost | None
    notes: tuple[Message, ...]


def experience_study(
    book: Book, scenario: Scenario | None = None, progress: PROGRESS = lambda _: None
) -> ExperienceStudy:
    """Return the experience study of a book, from the deepest level that it holds.

    Parameters
    ----------
    scenario : valuation date, discounting, indexation, overlays; by default those of the parameters
    progress : called with the share that is done

    Raises
    ------
    InputError
        The book holds accounts only, or no exposure at all.
    """
    scenario = scenario or Scenario()
    parameters = UsedParameters(load_parameters(*scenario.overlays))
    levels = book.levels()
    if 3 in levels:
        tables = {name: book.table(name) for name in TABLES}
        progress(0.25)
        ledgers = ledgers_of(tables, parameters, scenario.valuation_date)
        return study_ledgers(ledgers, scenario.resolve(parameters, ledgers.on), book.synthetic, progress)
    if 2 in levels:
        return study_experience(book.table("experience"), scenario.valuation_date, book.synthetic)
    raise InputError("The book {name} holds accounts only: exposure, frequency and severity are not known. Import experience by contractor and year, or the ledgers.", name=book.name)  # fmt: skip


def study_ledgers(
    ledgers: Ledgers, scenario: Scenario, synthetic: bool = False, progress: PROGRESS = lambda _: None
) -> ExperienceStudy:
    """Return the study of ledgers under a resolved scenario."""
    notes: list[Message] = [*ledgers.notes]
    least = ledgers.least_victims
    earned = earn(ledgers)
    exposure = study_exposure(ledgers, earned)
    progress(0.35)
    rows, said = attempt(lambda: rating_rows(ledgers, earned, least), notes) or (None, [])
    frequency = attempt(lambda: study_frequency(rows, tuple(said)), notes) if rows is not None else None
    progress(0.65)
    pensions = pensions_started(ledgers, scenario)
    severity = attempt(lambda: study_severity(ledgers, earned, pensions, scenario, least), notes)
    progress(0.8)
    development = attempt(
        lambda: study_development(ledgers, earned, pensions, float(scenario.discount_rate or 0.0)), notes
    )
    progress(0.9)
    credibility = attempt(lambda: contractors_of(ledgers, earned, pensions, severity, development), notes)
    yearly = attempt(lambda: _next_year(rows, frequency, severity), notes)
    progress(1.0)
    return ExperienceStudy(
        3, ledgers.on, synthetic, exposure.by_year, exposure, frequency, severity, development, credibility, yearly,
        tuple(notes),
    )  # fmt: skip


def study_experience(experience: pd.DataFrame, on: date | None = None, synthetic: bool = False) -> ExperienceStudy:
    """Return the study of level 2 rows: exposure, premium, frequency, cost a case and credibility; they do not tell how cost develops."""
    if on is not None:
        experience = experience[experience["period"].str[:4].astype("int64") <= on.year]
    if experience.empty:
        raise InputError("The experience has no row up to the valuation date.")
    notes: list[Message] = []
    year = experience["period"].str[:4]
    known = experience.assign(year=year)
    sums = [c for c in ("exposure_yuan", "premium_yuan", "cases", "deaths", "paid_yuan", "incurred_yuan", "persons") if known[c].notna().any()]  # fmt: skip
    by_year = known.groupby("year")[sums].sum(min_count=1).astype("float64").reset_index().rename(columns={"year": "period"})  # fmt: skip
    by_year.insert(1, "units", known.groupby("year")["unit"].nunique().to_numpy())
    if "cases" in by_year:
        by_year["per_yi"] = by_year["cases"] / (by_year["exposure_yuan"] / 1e8).where(by_year["exposure_yuan"] > 0)
    cost = "incurred_yuan" if "incurred_yuan" in by_year else "paid_yuan" if "paid_yuan" in by_year else None
    if cost and "cases" in by_year:
        by_year["mean_case_yuan"] = by_year[cost] / by_year["cases"].where(by_year["cases"] > 0)
    last = int(year.max())
    rows = attempt(lambda: experience_rows(experience), notes)
    frequency = attempt(lambda: study_frequency(rows[0], tuple(rows[1])), notes) if rows else None
    units = pd.DataFrame({"contractor": known["unit"].astype("str"), "prefecture": known["prefecture"], "year": known["year"], "exposure_yuan": known["exposure_yuan"].fillna(0.0).clip(lower=0.0)})  # fmt: skip
    credibility = None
    if cost is not None:
        units = units.assign(cost_yuan=known[cost].fillna(0.0))
        credibility = attempt(lambda: study_credibility(units, None), notes)
    notes.append(
        Message(
            "Experience by contractor and year does not tell severity by grade nor how cost develops: the ledgers would."
        )
    )
    return ExperienceStudy(2, on or date(last, 12, 31), synthetic, by_year, None, frequency, None, None, credibility, None, tuple(notes))  # fmt: skip


def contractors_of(
    ledgers: Ledgers,
    earned: Earned,
    pensions: pd.DataFrame,
    severity: Severity | None,
    development: Development | None,
) -> Credible:
    """Return the credibility of contractors' ultimate cost: payments and pension capital of each case, developed by its injury year, events capped."""
    projects, cases = ledgers.projects, ledgers.cases
    row, at = np.nonzero(earned.cost > 0)
    exposure = pd.DataFrame(
        {
            "contractor": projects["contractor_id"].to_numpy()[row],
            "prefecture": projects["prefecture"].to_numpy()[row],
            "year": ledgers.years[at // 4],
            "exposure_yuan": earned.cost[row, at],
        }
    )
    cost = case_costs(ledgers, pensions, development)
    there = (cases["year"] > 0).to_numpy() & (cases["project"] >= 0).to_numpy() & (cost != 0)
    claims = pd.DataFrame(
        {
            "contractor": projects["contractor_id"].to_numpy()[cases["project"].to_numpy()[there]],
            "year": cases["year"].to_numpy()[there],
            "event": cases["event_id"].fillna(cases["case_id"]).to_numpy()[there],
            "cost_yuan": cost[there],
        }
    )
    cap = None
    if severity is not None:
        death = severity.costs.loc[severity.costs["group"] == "death", "mean_yuan"]
        cap = float(death.iloc[0]) if len(death) else None
    return study_credibility(exposure, claims.dropna(subset=["contractor"]), cap)


def case_costs(ledgers: Ledgers, pensions: pd.DataFrame, development: Development | None) -> Floats:
    """Return (cases,) the known cost of each case times the development of its injury year: payments without pensions, and pensions at their capital value.

    Cases of large events stand at what is known: the triangles do not hold them.
    """
    n = len(ledgers.cases)
    short = ledgers.payments[~ledgers.payments["benefit"].isin(PENSIONS)]
    paid = np.bincount(short["case"], short["amount_yuan"], n).astype(np.float64)
    capital = np.bincount(
        pensions["case"].to_numpy(dtype=np.int64), pensions["capital_yuan"].to_numpy(dtype=np.float64), n
    )
    amounts = development.amounts if development is not None else {}
    large = ledgers.large

    def factor(name: str) -> Floats:
        if name not in amounts:
            return np.ones(n)
        table = amounts[name].by_origin
        known, ultimate = table["paid_yuan"].to_numpy(), table["cape_cod_yuan"].to_numpy()
        ratio = np.divide(ultimate, known, out=np.ones(len(table)), where=(known > 0) & np.isfinite(ultimate))
        place = ledgers.cases["year"].to_numpy() - ledgers.years[0]
        return np.asarray(np.where((place >= 0) & ~large, ratio[np.maximum(place, 0)], 1.0), dtype=np.float64)

    return paid * factor("injury_year") + capital * factor("capital")


def _next_year(rows: pd.DataFrame | None, frequency: Frequency | None, severity: Severity | None) -> YearlyCost:
    if rows is None or frequency is None or severity is None:
        raise InputError("The distribution of a year's cost needs both a frequency and a severity.")
    last = rows[rows["year"] == rows["year"].max()]
    risk = frequency.contractors.set_index("contractor")["relativity"]
    full = last.assign(exposure=last["cost_yi"])
    mean = frequency.fit.predict(full).groupby(full["contractor"], observed=True).sum()
    expected = (mean * risk.reindex(mean.index).fillna(1.0)).to_numpy(dtype=np.float64)
    alpha = frequency.fit.alpha
    cases = (
        frequency.contractors.set_index("contractor")["cases"]
        .reindex(mean.index)
        .fillna(0.0)
        .to_numpy(dtype=np.float64)
    )
    risk_variance = float((expected**2 / (1.0 / alpha + cases)).sum()) if alpha > 0 else 0.0
    death = severity.costs.loc[severity.costs["group"] == "death", "mean_yuan"]
    return yearly_cost(
        float(expected.sum()), risk_variance, severity.case_cost, severity.events, float(full["cost_yi"].sum()),
        float(death.iloc[0]) if len(death) else float(severity.case_cost.max()),
    )  # fmt: skip
