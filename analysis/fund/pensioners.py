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


PENSION = ["case_id", "benefit"]
FIRST_PAYMENTS = 4
"""Payments of a new pension from which its monthly amount is read."""


def by_month(paid: pd.DataFrame) -> pd.DataFrame:
    """Return what each pension drew in each month (``amount_yuan``; ``month`` counted from 1970), with the other columns of the month's first payment.

    Parts of a month, several survivors of one case and corrections are one pension.
    """
    own = paid[paid["benefit"].isin(PENSIONS)].sort_values("payment_date", kind="stable")
    own = own.assign(month=own["payment_date"].dt.year * 12 + own["payment_date"].dt.month)
    sums = own.groupby([*PENSION, "month"])["amount_yuan"].transform("sum")
    found = own.assign(amount_yuan=sums).drop_duplicates([*PENSION, "month"])
    return pd.DataFrame(found[found["amount_yuan"] > 0])


def months_apart(monthly: pd.DataFrame) -> int:
    """Return the usual number of months from one payment of a pension to the next: 1, or 3 where a fund pays by the quarter."""
    gaps = monthly.groupby(PENSION)["month"].diff().dropna()
    return int(np.clip(gaps.median(), 1, 12)) if len(gaps) else 1


def pension_starts(paid: pd.DataFrame) -> pd.DataFrame:
    """Return the first payment of every pension, with the month's amount that it begins with in ``amount_yuan``.

    It is the lower median of the first payments: one that holds arrears, or a rise of the new year, does not pass for the pension.
    """
    monthly = by_month(paid)
    first = monthly[monthly.groupby(PENSION).cumcount() < FIRST_PAYMENTS]
    order = first.sort_values([*PENSION, "amount_yuan"], kind="stable")
    groups = order.groupby(PENSION)["amount_yuan"]
    middle = order[groups.cumcount() == (groups.transform("size") - 1) // 2].set_index(PENSION)["amount_yuan"]
    starts = monthly.drop_duplicates(PENSION)
    amount = middle.reindex(pd.MultiIndex.from_frame(starts[PENSION])).to_numpy(dtype=np.float64)
    return starts.assign(amount_yuan=amount / months_apart(monthly)).drop(columns="month")


def pensioners_at(paid: pd.DataFrame, close: date, mortality: Mortality) -> Pensioners:
    """Return the pensions that were still paid at ``close``: those whose last payment lies no further back than payments usually do, and two months.

    Parameters
    ----------
    paid : payments with their case: ``case_id, benefit, payment_date, amount_yuan, injury_date, age, sex, dependants``

    Notes
    -----
    The monthly amount is the median of a pension's last three months, or its last payment ÷ the months between payments where a fund pays less often.
    """
    end = pd.Timestamp(close) + pd.Timedelta(1, "D")
    monthly = by_month(paid[paid["payment_date"] < end])
    apart = months_apart(monthly)
    now = end.year * 12 + end.month
    last = monthly.groupby(PENSION)["month"].transform("max")
    recent = monthly[(last >= now - apart - 2) & (monthly["month"] > last - max(apart, 3))]
    rows = recent.groupby(PENSION, sort=True).agg(
        amount=("amount_yuan", "median"), injury=("injury_date", "first"), age=("age", "first"), sex=("sex", "first"), dependants=("dependants", "first"),
    ).reset_index()  # fmt: skip
    rows = rows.assign(monthly_yuan=rows["amount"] / apart)
    elapsed = (end - rows["injury"]).dt.days.to_numpy(dtype=np.float64) / 365.25
    run_off = mortality.run_off(rows, elapsed, middles(LONG))
    known = rows["age"].astype("float64")
    rows["age"] = known.fillna(known.median() if known.notna().any() else USUAL_AGE) + elapsed
    rows["sex"] = rows["sex"].fillna("male")
    return Pensioners(rows[["case_id", "benefit", "age", "sex", "monthly_yuan"]], run_off)
