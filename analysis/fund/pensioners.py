"""Who is paid month by month: the pensions in payment of a ledger book, and how they run off by age and sex."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.assumptions import UsedParameters
from models.annuity import alive_after, survivor_shares
from models.benefits import read_dependants
from models.cohorts import LONG, middles

Floats = NDArray[np.float64]

PENSIONS = ("disability_allowance", "care_allowance", "survivor_pension", "injured_medical_insurance")
USUAL_AGE = 43.0
AGE_BANDS = (0, 30, 40, 50, 60, 70, 200)


@dataclass(frozen=True)
class Mortality:
    """What pensions live on: tables by sex, the multiple for the disabled, survivors' shares, what is left of an allowance after pension age."""

    tables: dict[str, str]
    multiple: float
    shares: dict[str, float]
    lone: float
    cap: float
    duration_years: float
    pension_age: dict[str, float]
    after_pension_age: float

    @classmethod
    def of(cls, parameters: UsedParameters, on: date) -> Mortality:
        """Read it from the parameters."""
        return cls(
            parameters.value("life_table", on),
            float(parameters.value("mortality.disabled_multiple", on)),
            parameters.value("benefit.survivor_pension", on),
            float(parameters.value("benefit.survivor_lone_supplement", on)),
            float(parameters.value("benefit.survivor_cap", on)),
            float(parameters.value("survivor.duration_years", on)),
            parameters.value("pension_age", on),
            float(parameters.value("allowance.after_pension_age", on)),
        )

    def run_off(self, pensions: pd.DataFrame, elapsed: Floats, years: Floats) -> Floats:
        """Return the share of each pension that is still paid after ``years``, shape (pensions, years).

        Parameters
        ----------
        pensions : ``benefit, age`` (at the injury)``, sex, dependants``
        elapsed : (pensions,) years from the injury to the moment the run-off starts from
        """
        result = np.zeros((len(pensions), len(years)))
        known = pensions["age"].to_numpy(dtype=np.float64)
        usual = float(np.nanmedian(known)) if np.isfinite(known).any() else USUAL_AGE
        age = np.where(np.isnan(known), usual, known) + elapsed
        sex = pensions["sex"].fillna("male").to_numpy()
        benefit = pensions["benefit"].to_numpy()
        own = benefit != "survivor_pension"
        for one in ("male", "female"):
            here = own & (sex == one)
            alive = alive_after(self.tables[one], age[here][:, None], years[None, :], self.multiple)
            stops = (benefit[here] == "disability_allowance")[:, None] & (
                age[here][:, None] + years[None, :] >= self.pension_age[one]
            )
            result[here] = np.where(stops, alive * self.after_pension_age, alive)
        dependants = pensions["dependants"].tolist()
        for i in np.flatnonzero(~own):
            result[i] = self._survivors(dependants[i], elapsed[i], years)
        return result

    def _survivors(self, dependants: Any, elapsed: float, years: Floats) -> Floats:
        """Run-off of one survivor pension; where the ledger pays and names nobody entitled, the mean duration of the parameters."""
        family = [
            {**d, "age": float(d["age"]) + elapsed}
            for d in read_dependants(dependants)
            if d["kind"] != "child" or float(d["age"]) + elapsed < 18
        ]
        now = min(sum(self.shares[d["kind"]] + self.lone * bool(d.get("lone")) for d in family), self.cap)
        if now <= 0:
            return np.asarray((elapsed + years < self.duration_years).astype(np.float64))
        return survivor_shares(family, self.shares, self.lone, self.cap, self.tables, years) / now


@dataclass(frozen=True)
class Pensioners:
    """Pensions in payment at the close: ``rows`` (``case_id, benefit, age`` today``, sex, monthly_yuan``) and their ``run_off`` (rows, `LONG`) by
    quarter, the share still paid in its middle."""

    rows: pd.DataFrame
    run_off: Floats

    def payments(self, benefit: str) -> Floats:
        """Return what today's pensions of a benefit draw in each quarter to come, without indexation (yuan)."""
        own = (self.rows["benefit"] == benefit).to_numpy()
        return np.asarray(3.0 * self.rows["monthly_yuan"].to_numpy()[own] @ self.run_off[own])

    def headcount(self, benefit: str) -> Floats:
        """Return how many of today's pensions of a benefit are still paid in each quarter to come."""
        return np.asarray(self.run_off[(self.rows["benefit"] == benefit).to_numpy()].sum(axis=0))

    def capital(self, quarterly: Floats) -> Floats:
        """Return the capital value of each pension, given the value today of a yuan (before indexation) in each quarter to come."""
        return np.asarray(3.0 * self.rows["monthly_yuan"].to_numpy() * (self.run_off @ quarterly))

    def longevity(self) -> Floats:
        """Return the relative standard deviation, by quarter, of what today's pensions draw: who lives and who dies."""
        weight = self.rows["monthly_yuan"].to_numpy()
        mean = weight @ self.run_off
        share = np.clip(self.run_off, 0.0, 1.0)
        variance = weight**2 @ (share * (1.0 - share))
        return np.sqrt(np.divide(variance, mean**2, out=np.zeros(LONG), where=mean > 0))


def pensioners_at(paid: pd.DataFrame, close: date, mortality: Mortality) -> Pensioners:
    """Return the pensions that were paid in the last quarter before ``close``.

    Parameters
    ----------
    paid : payments with their case: ``case_id, benefit, payment_date, amount_yuan, injury_date, age, sex, dependants``

    Notes
    -----
    The monthly amount is the median payment of the quarter times the usual number of payments a quarter ÷ 3: a fund that pays by the quarter has one.
    """
    end = pd.Timestamp(close) + pd.Timedelta(1, "D")
    begin = end - pd.DateOffset(months=3)
    recent = paid[paid["benefit"].isin(PENSIONS) & (paid["payment_date"] >= begin)]
    groups = recent.groupby(["case_id", "benefit"], sort=True)
    found = groups.agg(
        amount=("amount_yuan", "median"), times=("amount_yuan", "size"), injury=("injury_date", "first"), age=("age", "first"),
        sex=("sex", "first"), dependants=("dependants", "first"),
    ).reset_index()  # fmt: skip
    usual = float(found["times"].median()) if len(found) else 3.0
    rows = found.assign(monthly_yuan=found["amount"] * min(usual, 3.0) / 3.0)
    elapsed = (end - rows["injury"]).dt.days.to_numpy(dtype=np.float64) / 365.25
    run_off = mortality.run_off(rows, elapsed, middles(LONG))
    known = rows["age"].astype("float64")
    rows["age"] = known.fillna(known.median() if known.notna().any() else USUAL_AGE) + elapsed
    rows["sex"] = rows["sex"].fillna("male")
    return Pensioners(rows[["case_id", "benefit", "age", "sex", "monthly_yuan"]], run_off)
