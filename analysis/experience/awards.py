"""The pensions that have started, each at its capital value: read once, used by severity, development and credibility."""

from __future__ import annotations

import pandas as pd

from analysis.experience.frames import Ledgers
from analysis.fund.ledgers import pension_awards
from analysis.fund.pensioners import PENSIONS
from analysis.scenario import Scenario

COLUMNS = ("case", "benefit", "start_year", "monthly_yuan", "capital_yuan")


def pensions_started(ledgers: Ledgers, scenario: Scenario) -> pd.DataFrame:
    """Return a row a pension: ``case`` (row of the cases)``, benefit, start_year, monthly_yuan, capital_yuan`` at its start."""
    own = ledgers.payments[ledgers.payments["benefit"].isin(PENSIONS)].reset_index(drop=True)
    if own.empty:
        return pd.DataFrame(columns=list(COLUMNS))
    people = ledgers.cases.loc[own["case"].to_numpy(), ["age", "sex", "dependants", "year", "injury_date"]].reset_index(
        drop=True
    )
    rate, indexation = float(scenario.discount_rate or 0.0), float(scenario.indexation or 0.0)
    paid = pd.concat([own, people], axis=1).assign(lag=0)
    awards = pension_awards(paid, ledgers.parameters, ledgers.on, rate, indexation)
    row = pd.Index(ledgers.cases["case_id"]).get_indexer(pd.Index(awards["case_id"]))
    return awards.assign(case=row)[list(COLUMNS)].reset_index(drop=True)


def by_benefit(pensions: pd.DataFrame) -> pd.DataFrame:
    """Return ``benefit, cases, monthly_yuan, capital_yuan`` (means) ``, total_yuan``."""
    grouped = pensions.groupby("benefit")
    return grouped.agg(
        cases=("case", "size"),
        monthly_yuan=("monthly_yuan", "mean"),
        capital_yuan=("capital_yuan", "mean"),
        total_yuan=("capital_yuan", "sum"),
    ).reset_index()
