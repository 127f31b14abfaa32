"""Present values of allowances, care and survivor pensions from life tables, with indexation and discount.

Tables: China life-insurance experience 2010–2013 (China Association of Actuaries), CL1–CL6; CL5 men and CL6 women of pension business.
All values are per yuan a year, first payment now, discounted with the net rate ``(1 + rate) / (1 + indexation) − 1``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from models.messages import InputError

Floats = NDArray[np.float64]
_FILE = Path(__file__).resolve().parent.parent / "data" / "parameters" / "life_tables" / "china_2010_2013.csv"
MONTHS = 12
CHILD_UNTIL = 18


@cache
def _tables() -> pd.DataFrame:
    return pd.read_csv(_FILE, index_col="age").astype("float64")


def mortality(table: str, multiple: float = 1.0) -> Floats:
    """Return q(x) for ages 0, 1, … of a table, times ``multiple`` (impaired lives), at most 1; the last age dies for certain."""
    known = _tables()
    if table not in known.columns:
        raise InputError(
            "There is no life table {table}; known tables are {known}.", table=table, known=", ".join(known.columns)
        )
    if not multiple > 0:
        raise InputError("The mortality multiple is {value}; it must be above zero.", value=multiple)
    q = np.minimum(known[table].to_numpy() * multiple, 1.0)
    q[-1] = 1.0
    return np.asarray(q, dtype=np.float64)


def _net_discount(rate: float, indexation: float) -> float:
    if not (rate > -1 and indexation > -1 and np.isfinite(rate) and np.isfinite(indexation)):
        raise InputError(
            "Discount rate {rate} and indexation {indexation} must be numbers above −1.",
            rate=rate,
            indexation=indexation,
        )
    return (1 + indexation) / (1 + rate)


def _at_age(values: Floats, age: ArrayLike) -> Any:
    """Read a function of age at whole ages, between them in a straight line; beyond the table's end the last value."""
    ages = np.asarray(age, dtype=np.float64)
    if ages.size and not (np.isfinite(ages).all() and ages.min() >= 0):
        raise InputError(
            "An age is {age}; ages must be numbers from 0.", age=float(ages[~(np.isfinite(ages) & (ages >= 0))].flat[0])
        )
    result = np.interp(ages, np.arange(len(values), dtype=np.float64), values)
    return float(result) if ages.ndim == 0 else result


def _whole_life(q: Floats, v: float) -> Floats:
    due = np.ones(len(q))
    for x in range(len(q) - 2, -1, -1):
        due[x] = 1.0 + v * (1.0 - q[x]) * due[x + 1]
    return due


def curtate_expectation(table: str, age: ArrayLike, multiple: float = 1.0) -> Any:
    """Return the curtate expectation of life e(x) in years, for one age or an array of ages."""
    return _at_age(_whole_life(mortality(table, multiple), 1.0) - 1.0, age)


def annuity_due(table: str, age: ArrayLike, rate: float, indexation: float = 0.0, multiple: float = 1.0) -> Any:
    """Return the present value of 1 a year for life, paid yearly in advance: ä(x).

    Parameters
    ----------
    table : ``"CL1"`` … ``"CL6"``
    age : age or array of ages in years (fractions in a straight line between whole ages; beyond 105 as at 105)
    rate, indexation : yearly discount rate and yearly increase of the payment (fractions)
    multiple : factor on q(x) for impaired lives
    """
    return _at_age(_whole_life(mortality(table, multiple), _net_discount(rate, indexation)), age)


def pure_endowment(
    table: str, age: ArrayLike, years: int, rate: float, indexation: float = 0.0, multiple: float = 1.0
) -> Any:
    """Return the value of 1 paid after ``years`` if alive: vⁿ · ₙp(x)."""
    if years < 0:
        raise InputError("A term is {years} years; it must not be negative.", years=years)
    q = mortality(table, multiple)
    survival = np.array([np.prod(1.0 - q[x : x + years]) if x + years < len(q) else 0.0 for x in range(len(q))])
    return _at_age(survival * _net_discount(rate, indexation) ** years, age)


def temporary_annuity_due(
    table: str, age: ArrayLike, years: int, rate: float, indexation: float = 0.0, multiple: float = 1.0
) -> Any:
    """Return the value of 1 a year in advance for at most ``years`` years, while alive."""
    return annuity_due(table, age, rate, indexation, multiple) - deferred_annuity_due(
        table, age, years, rate, indexation, multiple
    )


def deferred_annuity_due(
    table: str, age: ArrayLike, years: int, rate: float, indexation: float = 0.0, multiple: float = 1.0
) -> Any:
    """Return the value of 1 a year in advance for life, the first payment after ``years`` years."""
    if years < 0:
        raise InputError("A term is {years} years; it must not be negative.", years=years)
    q = mortality(table, multiple)
    v = _net_discount(rate, indexation)
    due = _whole_life(q, v)
    survival = np.array([np.prod(1.0 - q[x : x + years]) if x + years < len(q) else 0.0 for x in range(len(q))])
    later = np.append(due, np.zeros(years))[years : years + len(q)]
    return _at_age(survival * v**years * later, age)


def monthly_annuity_due(table: str, age: ArrayLike, rate: float, indexation: float = 0.0, multiple: float = 1.0) -> Any:
    """Return the value of 1 a year for life paid in monthly twelfths in advance, deaths uniform within a year of age.

    ä⁽¹²⁾(x) = α(12)·ä(x) − β(12), with α = i·d / (i⁽¹²⁾·d⁽¹²⁾) and β = (i − i⁽¹²⁾) / (i⁽¹²⁾·d⁽¹²⁾) at the net rate.
    """
    alpha, beta = _monthly_factors(1 / _net_discount(rate, indexation) - 1)
    return alpha * annuity_due(table, age, rate, indexation, multiple) - beta


def _monthly_factors(net: float) -> tuple[float, float]:
    force = np.log1p(net)
    if abs(force) < 1e-4:  # i − i⁽¹²⁾ cancels: the series of α and β in the force of interest
        return 1.0, (MONTHS - 1) / (2 * MONTHS) + force * (MONTHS**2 - 1) / (6 * MONTHS**2)
    i_m, d_m = MONTHS * np.expm1(force / MONTHS), -MONTHS * np.expm1(-force / MONTHS)
    return float(net * -np.expm1(-force) / (i_m * d_m)), float((net - i_m) / (i_m * d_m))


def survival_curve(table: str, age: float, years: int, multiple: float = 1.0) -> Floats:
    """Return the probabilities of being alive after 0, 1, … ``years`` − 1 years."""
    q = mortality(table, multiple)
    start = min(int(age), len(q) - 1)
    p = 1.0 - q[start : start + years]
    curve = np.concatenate([[1.0], np.cumprod(p)])[:years]
    return np.asarray(np.pad(curve, (0, max(0, years - len(curve)))), dtype=np.float64)


def survivor_value(
    dependants: Sequence[Mapping[str, Any]],
    shares: Mapping[str, float],
    lone_supplement: float,
    cap: float,
    tables: Mapping[str, str],
    rate: float,
    indexation: float = 0.0,
) -> float:
    """Return the capital value of the survivor pensions of one death, per yuan of the deceased's yearly own wage.

    Each dependant (``kind``: spouse, child, parent; ``age``; ``lone``; optional ``sex``) draws its share while alive, a child until 18;
    the shares together never exceed ``cap``, so that the share that a cap holds back is paid when a child leaves. Lives are
    independent; the expected capped sum is exact (distribution of the sum, month by month, deaths uniform within a year). Source: Regulation, Art. 39.

    Parameters
    ----------
    shares : kind → share of own wage; ``lone_supplement`` is added for an orphan or a lone elder
    tables : ``male`` and ``female`` → life table; a dependant without ``sex`` is a woman if spouse or parent, a man if child
    """
    months = np.arange(len(_tables()) * MONTHS) / MONTHS
    expected = survivor_shares(dependants, shares, lone_supplement, cap, tables, months)
    return float(expected @ _net_discount(rate, indexation) ** months) / MONTHS


def survivor_shares(
    dependants: Sequence[Mapping[str, Any]],
    shares: Mapping[str, float],
    lone_supplement: float,
    cap: float,
    tables: Mapping[str, str],
    years: Floats,
) -> Floats:
    """Return the expected share of own wage that the dependants of a death draw together after each of ``years``; arguments as `survivor_value`."""
    if not dependants:
        return np.zeros(len(years))
    unit = 0.05
    largest = sum(shares[d["kind"]] + lone_supplement * bool(d.get("lone")) for d in dependants)
    size = round(largest / unit) + 1
    sums = np.zeros((len(years), size))
    sums[:, 0] = 1.0
    for dependant in dependants:
        kind, age = str(dependant["kind"]), float(dependant["age"])
        steps = round((shares[kind] + lone_supplement * bool(dependant.get("lone"))) / unit)
        sex = str(dependant.get("sex") or ("male" if kind == "child" else "female"))
        alive = alive_after(tables[sex], age, years)
        if kind == "child":
            alive = alive * (age + years < CHILD_UNTIL)
        moved = np.zeros_like(sums)
        moved[:, steps:] = sums[:, : size - steps]
        sums = sums * (1 - alive)[:, None] + moved * alive[:, None]
    return np.asarray(sums @ np.minimum(np.arange(size) * unit, cap))


@cache
def _living(table: str, multiple: float) -> Floats:
    """Return l(x) for ages 0, 1, … and one beyond the last, where nobody is left."""
    return np.concatenate([[1.0], np.cumprod(1.0 - mortality(table, multiple))])


def alive_after(table: str, age: ArrayLike, years: ArrayLike, multiple: float = 1.0) -> Floats:
    """Return the probability of being alive ``years`` later, deaths uniform within a year of age; ``age`` and ``years`` broadcast."""
    living = _living(table, multiple)
    ages = np.minimum(np.asarray(age, dtype=np.float64), len(living) - 2)
    grid = np.arange(len(living), dtype=np.float64)
    later = np.interp(ages + np.asarray(years, dtype=np.float64), grid, living, right=0.0)
    return np.asarray(later / np.interp(ages, grid, living))


def capital_values(
    pensions: pd.DataFrame, tables: Mapping[str, str], rate: float, indexation: float = 0.0, multiple: float = 1.0
) -> pd.Series:
    """Return the capital value (yuan) of pensions in payment, paid monthly for life.

    ``pensions`` has the columns ``age`` (years), ``sex`` (``male``, ``female``), ``monthly_yuan``. 100,000 rows take milliseconds.
    """
    values = pd.Series(0.0, index=pensions.index, name="capital_value_yuan")
    for sex, rows in pensions.groupby("sex", observed=True):
        if sex not in tables:
            raise InputError("The sex {sex} is not known; use male or female.", sex=str(sex))
        yearly = monthly_annuity_due(tables[str(sex)], rows["age"].to_numpy(), rate, indexation, multiple)
        values.loc[rows.index] = yearly * MONTHS * rows["monthly_yuan"].to_numpy(dtype=np.float64)
    return values
