"""What a case costs by grade: the law computed, medical cost from its fit, both with intervals."""

from __future__ import annotations

from datetime import date
from typing import Any, Protocol

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.stats import t as student

from models.annuity import CHILD_UNTIL, monthly_annuity_due, survivor_value
from models.benefits import read_dependants
from models.messages import InputError
from models.severity.medical import MedicalFit
from models.severity.trend import check_level

Floats = NDArray[np.float64]


class Dated(Protocol):
    """Parameters looked up by name and date."""

    def value(self, name: str, on: date) -> Any:
        """Return the value in force on a date."""


def statutory_cost(
    benefits: pd.DataFrame, cases: pd.DataFrame, parameters: Dated, on: date, rate: float, indexation: float
) -> pd.Series[float]:
    """Return what the fund owes each case by law: lump sums, and pensions at their capital value when they start.

    Parameters
    ----------
    benefits : as `models.benefits.statutory_benefits` gives them
    cases : ``case_id, age, sex, dependants``; a missing age is the median
    parameters, on : life tables, survivor shares, mortality multiple of that date
    rate, indexation : of discounting and of pensions, a year

    Returns
    -------
    Series by case_id, yuan, 0 for a case without benefits
    """
    tables, multiple = parameters.value("life_table", on), float(parameters.value("mortality.disabled_multiple", on))
    shares, extra, cap = (
        parameters.value(f"benefit.survivor_{name}", on) for name in ("pension", "lone_supplement", "cap")
    )
    people = cases.set_index("case_id")
    fund = benefits[benefits["paid_by"] == "fund"]
    value = fund["amount"].to_numpy(dtype=np.float64) * np.where(fund["monthly"], 12.0, 1.0)
    ages = people["age"].astype("float64")
    age = ages.fillna(ages.median() if ages.notna().any() else 43.0).reindex(fund["case_id"]).to_numpy()
    female = (people["sex"] == "female").reindex(fund["case_id"]).to_numpy()
    survivors = (fund["benefit"] == "survivor_pension").to_numpy()
    for sex, chosen in (("male", ~female), ("female", female)):
        lives = fund["monthly"].to_numpy() & ~survivors & chosen
        if lives.any():
            value[lives] *= monthly_annuity_due(tables[sex], age[lives], rate, indexation, multiple)
    for i in np.flatnonzero(survivors & fund["monthly"].to_numpy()):
        case = fund["case_id"].iloc[i]
        family = read_dependants(people["dependants"].loc[case], case)
        drawn = min(
            sum(
                shares[d["kind"]] + extra * bool(d.get("lone"))
                for d in family
                if d["kind"] != "child" or d["age"] < CHILD_UNTIL
            ),
            cap,
        )
        value[i] *= survivor_value(family, shares, extra, cap, tables, rate, indexation) / drawn
    return (
        pd.Series(value, index=fund["case_id"].to_numpy()).groupby(level=0).sum().reindex(people.index, fill_value=0.0)
    )


def cost_by_grade(
    group: ArrayLike, statutory: ArrayLike, medical: MedicalFit | None, year: int, *, level: float = 0.9
) -> pd.DataFrame:
    """Return the cost of a case by group at the level of a year, with intervals.

    Parameters
    ----------
    group : (cases,) grade "0" to "10" or "death"
    statutory : (cases,) statutory cost at the level of that year (`statutory_cost`)
    medical : fit by the same groups; None = no medical cost is known
    year : to which medical cost is carried

    Returns
    -------
    DataFrame : ``group, cases, statutory_yuan, medical_yuan, mean_yuan, low, high``; the interval is of the mean (Student's t for the statutory part, the
        fit's own error for the medical part); one case alone has the relative error of all cases.
    """
    check_level(level)
    frame = pd.DataFrame(
        {"group": np.asarray(group, dtype=object).astype(str), "cost": np.asarray(statutory, dtype=np.float64)}
    )
    if frame.empty:
        raise InputError("There are no cases to take the cost of.")
    table = (
        frame.groupby("group")["cost"]
        .agg(["size", "mean", "std"])
        .reset_index()
        .set_axis(["group", "cases", "statutory_yuan", "deviation"], axis=1)
    )
    order = {str(g): g for g in range(11)} | {"death": 11}
    table = table.sort_values("group", key=lambda s: s.map(order)).reset_index(drop=True)
    relative = float(
        (table["deviation"] / table["statutory_yuan"].where(table["statutory_yuan"] > 0)).median(skipna=True)
    )
    alone = table["statutory_yuan"] * (relative if np.isfinite(relative) else 0.0)
    error = table["deviation"].fillna(alone).to_numpy() / np.sqrt(table["cases"].to_numpy())
    reach = student.ppf(0.5 + level / 2, np.maximum(table["cases"] - 1, 1)) * error
    table["medical_yuan"] = 0.0
    side = np.zeros(len(table))
    if medical is not None:
        own = medical.groups.set_index("group").reindex(table["group"])
        overall = float(np.average(medical.groups["relativity"], weights=medical.groups["cases"]))
        relativity = own["relativity"].fillna(overall).to_numpy()
        growth = 1.0 if medical.inflation is None else (1.0 + medical.inflation.change) ** (year - medical.base_year)
        table["medical_yuan"] = medical.mean * relativity * growth
        wide = np.hypot(
            np.log(own["high"].fillna(overall) / relativity), np.log(medical.mean_interval[1] / medical.mean)
        )
        side = table["medical_yuan"].to_numpy() * np.expm1(np.minimum(wide.to_numpy(), 5.0))
    mean = table["statutory_yuan"] + table["medical_yuan"]
    span = np.hypot(reach, side)
    return table.drop(columns="deviation").assign(mean_yuan=mean, low=np.maximum(mean - span, 0.0), high=mean + span)
