"""From an experience (a row a unit and period) to what a plan's rule looks at."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.floating.rules import Floats, Measures, quotient
from models.floating.terms import Ratio
from models.messages import InputError

NUMBERS = ("exposure_yuan", "premium_yuan", "base_premium_yuan", "cases", "deaths", "paid_yuan", "incurred_yuan")
STANDS_FOR = {"base_premium_yuan": "premium_yuan", "incurred_yuan": "paid_yuan"}


@dataclass(frozen=True)
class Measured:
    """Measures of each rated key (a unit, a group or an area), and which units belong to which.

    ``years`` (keys,) with experience in the window; ``units`` (units,) names in order of first appearance; ``position`` (units,) of each
    unit's key.
    """

    measures: Measures
    years: NDArray[np.int64]
    units: pd.Index
    position: NDArray[np.int64]


def prepared(experience: pd.DataFrame) -> pd.DataFrame:
    """Return the experience with float columns, a ``year``, and what is missing filled from what stands for it.

    A missing ``base_premium_yuan`` is ``premium_yuan``, a missing ``incurred_yuan`` is ``paid_yuan``; other missing numbers are refused.
    """
    if "unit" not in experience:
        raise InputError("The experience needs a column {column}.", column="unit")
    rows = experience.reset_index(drop=True).copy()
    for column in NUMBERS:
        other = STANDS_FOR.get(column)
        if column not in rows and (other is None or other not in rows):
            raise InputError("The experience needs a column {column}.", column=column)
        numbers = pd.to_numeric(rows[column] if column in rows else rows[other], errors="coerce").astype(np.float64)
        if other is not None and other in rows:
            numbers = numbers.fillna(pd.to_numeric(rows[other], errors="coerce").astype(np.float64))
        bad = ~np.isfinite(numbers.to_numpy())
        if bad.any():
            raise InputError(
                "The experience of unit {unit} has no number in the column {column}.",
                unit=rows["unit"][bad].iloc[0],
                column=column,
            )
        rows[column] = numbers
    if "period" in rows:
        year = pd.to_numeric(rows["period"].astype(str).str.slice(0, 4), errors="coerce")
        if year.isna().any():
            raise InputError(
                "{period} is not a period: write a year, as 2024, or a quarter, as 2024Q1.",
                period=rows["period"][year.isna()].iloc[0],
            )
        rows["year"] = year.astype(np.int64)
    else:
        rows["year"] = 0
    return rows


def within(rows: pd.DataFrame, years: int | None) -> pd.DataFrame:
    """Return the rows of the last ``years`` calendar years of the experience (None: all)."""
    return rows if years is None or rows.empty else rows[rows["year"] > rows["year"].max() - years]


def measure(
    experience: pd.DataFrame,
    ratio: Ratio,
    years: int | None,
    pool_by: str = "",
    columns: tuple[str, ...] = (),
    yuan_per_person: float | None = None,
    split: float | None = None,
    claims: pd.DataFrame | None = None,
) -> Measured:
    """Return the measures of an experience over the last ``years`` calendar years.

    ``pool_by`` a column whose units are rated together (where it is missing, all are); ``columns`` of text to carry; ``yuan_per_person``
    exposure of one person-year, where there is no column ``persons``; ``split`` the split point of primary losses; ``claims`` see
    `models.floating.FloatingPlan.multiplier`.
    """
    rows = prepared(experience)
    if pool_by:
        rows["key"] = rows[pool_by].fillna("").astype(str) if pool_by in rows else ""
    else:
        rows["key"] = rows["unit"]
    latest = rows.sort_values("year", kind="stable").drop_duplicates("unit", keep="last").set_index("unit")
    units = pd.Index(rows["unit"].unique(), name="unit")
    position, keys = pd.factorize(latest["key"].reindex(units))
    inside = within(rows, years)
    sums = (
        inside.groupby("key")[[*NUMBERS, *(["persons"] if "persons" in inside else [])]]
        .sum()
        .reindex(keys, fill_value=0.0)
    )
    last = (
        inside[inside["year"] == inside["year"].max()].groupby("key")[list(NUMBERS)].sum().reindex(keys, fill_value=0.0)
    )
    span = float(years or 1)
    money = f"{ratio.numerator}_yuan"

    def column(name: str, of: pd.DataFrame = sums) -> Floats:
        return of[name].to_numpy(dtype=np.float64)

    if "persons" in sums:
        persons = column("persons") / span
    else:
        persons = column("exposure_yuan") / span / (yuan_per_person or np.inf)
    loss, primary = _losses(
        column(money), column("cases"), _claims(claims, inside, keys), ratio.claim_limit_yuan, split
    )
    texts = {}
    for name in columns:
        if name in latest:
            of_key = latest.groupby("key")[name].last().reindex(keys)
            texts[name] = of_key.map(_text).to_numpy(dtype=object)
    measures = form(
        ratio,
        base=column("base_premium_yuan"),
        premium=column(f"{ratio.denominator}_yuan") * ratio.premium_factor,
        loss=loss,
        primary=primary,
        cases=column("cases"),
        deaths=column("deaths"),
        exposure=column("exposure_yuan"),
        persons=persons,
        last_loss=column(money, last),
        last_base=column("base_premium_yuan", last),
        years=span,
        texts=texts,
    )
    seen = inside.groupby("key")["year"].nunique().reindex(keys, fill_value=0).to_numpy()
    return Measured(measures, np.array(seen, dtype=np.int64), units, np.array(position, dtype=np.int64))


def form(ratio: Ratio, *, loss: Floats, premium: Floats, **rest: object) -> Measures:
    """Return measures whose ratio is formed from loss and premium as the plan says: average, credibility, relative to the average."""
    average = ratio.average
    if average is None:
        average = float(loss.sum() / premium.sum()) if premium.sum() > 0 else 0.0
    found = quotient(loss + ratio.credibility_yuan * average, premium + ratio.credibility_yuan)
    if ratio.relative:
        found = np.round(found / average, 12) if average > 0 else np.ones_like(found)
    return Measures(loss=loss, premium=premium, ratio=found, average=average, **rest)  # type: ignore[arg-type]


def _text(value: object) -> str:
    """Return a grade as text: 1.0 (a column with gaps) and 1 are the same grade, and an absent one is empty."""
    if value is None or value != value:
        return ""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _claims(claims: pd.DataFrame | None, inside: pd.DataFrame, keys: pd.Index) -> pd.DataFrame | None:
    """Return ``position, amount`` of the cases inside the window, or None where cases are not known one by one."""
    if claims is None:
        return None
    missing = [c for c in ("unit", "amount_yuan") if c not in claims]
    if missing:
        raise InputError("The cases need a column {column}.", column=missing[0])
    key_of = inside.drop_duplicates("unit").set_index("unit")["key"]
    found = claims.assign(key=claims["unit"].map(key_of))
    if "period" in claims:
        years = pd.to_numeric(claims["period"].astype(str).str.slice(0, 4), errors="coerce")
        found = found[(years >= inside["year"].min()) & (years <= inside["year"].max())]
    found = found[found["key"].notna()]
    return pd.DataFrame(
        {
            "position": keys.get_indexer(pd.Index(found["key"])),
            "amount": found["amount_yuan"].to_numpy(dtype=np.float64),
        }
    )


def _losses(
    total: Floats, cases: Floats, claims: pd.DataFrame | None, limit: float | None, split: float | None
) -> tuple[Floats, Floats]:
    """Return losses limited by case, and their part below the split point, for each key."""
    if claims is None:
        loss = total if limit is None else np.minimum(total, cases * limit)
        return loss, loss if split is None else np.minimum(loss, cases * split)
    amount = claims["amount"].to_numpy()

    def summed(each: float | None) -> Floats:
        weights = amount if each is None else np.minimum(amount, each)
        return np.bincount(claims["position"], weights, minlength=len(total)).astype(np.float64)

    # Without a limit the book's total stands: the cases serve only to limit and to split.
    loss = total if limit is None else summed(limit)
    return loss, loss if split is None else summed(split)
