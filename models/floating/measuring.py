"""From an experience (a row a unit and period) to what a plan's rule looks at."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.floating.rules import Floats, Measures, Texts, quotient
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
    if "unit" not in experience or experience["unit"].isna().any():
        raise InputError("The experience needs a column {column} without gaps.", column="unit")
    found: dict[str, Floats | NDArray[np.int64]] = {}
    for column in NUMBERS:
        other = STANDS_FOR.get(column, column)
        if column not in experience and other not in experience:
            raise InputError("The experience needs a column {column}.", column=column)
        numbers = _floats(experience[column if column in experience else other])
        if other in experience:
            numbers = np.where(np.isnan(numbers), _floats(experience[other]), numbers)
        bad = ~np.isfinite(numbers)
        if bad.any():
            unit = experience["unit"].iloc[int(bad.argmax())]
            raise InputError(
                "The experience of unit {unit} has no number in the column {column}.", unit=unit, column=column
            )
        found[column] = numbers
    found["year"] = (
        _years(experience["period"]) if "period" in experience else np.zeros(len(experience), dtype=np.int64)
    )
    return experience.reset_index(drop=True).assign(**found)


def _floats(values: pd.Series) -> Floats:
    return np.asarray(pd.to_numeric(values, errors="coerce"), dtype=np.float64)


def _years(periods: pd.Series) -> NDArray[np.int64]:
    """Return the calendar year of each period: 2024, "2024" or "2024Q1"."""
    codes, distinct = pd.factorize(periods)
    years = pd.to_numeric(pd.Series(distinct).astype(str).str.slice(0, 4), errors="coerce")
    if (codes < 0).any() or years.isna().any():
        wrong = "" if (codes < 0).any() else distinct[int(years.isna().argmax())]
        raise InputError("{period} is not a period: write a year, as 2024, or a quarter, as 2024Q1.", period=str(wrong))
    return years.to_numpy(dtype=np.int64)[codes]


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
    year = rows["year"].to_numpy(dtype=np.int64)
    unit, units = pd.factorize(rows["unit"])
    key = unit
    if pool_by:
        key = pd.factorize(rows[pool_by].fillna("").astype(str))[0] if pool_by in rows else np.zeros_like(unit)
    count = int(key.max(initial=-1)) + 1
    oldest_first = np.argsort(year, kind="stable")
    position = np.zeros(len(units), dtype=np.int64)
    position[unit[oldest_first]] = key[oldest_first]  # a unit that changed its group belongs to the latest
    inside = np.ones(len(year), dtype=bool) if years is None else year > year.max(initial=0) - years
    latest = year == year.max(initial=0)
    span = float(years or 1)
    money = f"{ratio.numerator}_yuan"

    def total(column: str, of: NDArray[np.bool_] = inside) -> Floats:
        return np.bincount(key[of], _floats(rows[column])[of], count).astype(np.float64)

    exposure, cases = total("exposure_yuan"), total("cases")
    persons = (total("persons") if "persons" in rows else exposure / (yuan_per_person or np.inf)) / span
    known = None
    if claims is not None:
        known = _claims(claims, pd.Index(units), position, year[inside])
    loss, primary = _losses(total(money), cases, known, ratio.claim_limit_yuan, split)
    measures = form(
        ratio,
        base=total("base_premium_yuan"),
        premium=total(f"{ratio.denominator}_yuan") * ratio.premium_factor,
        loss=loss,
        primary=primary,
        cases=cases,
        deaths=total("deaths"),
        exposure=exposure,
        persons=persons,
        last_loss=total(money, latest),
        last_base=total("base_premium_yuan", latest),
        years=span,
        texts={name: _texts(rows[name], key, oldest_first, count) for name in columns if name in rows},
    )
    # who enrolled nothing in the window is not rated by what older works cost
    enrols = inside & ((_floats(rows["exposure_yuan"]) > 0) | (_floats(rows["base_premium_yuan"]) > 0))
    seen = pd.DataFrame({"key": key[enrols], "year": year[enrols]}).drop_duplicates()["key"].to_numpy(dtype=np.int64)
    return Measured(
        measures, np.bincount(seen, minlength=count).astype(np.int64), pd.Index(units, name="unit"), position
    )


def form(ratio: Ratio, *, loss: Floats, premium: Floats, **rest: object) -> Measures:
    """Return measures whose ratio is formed from loss and premium as the plan says: average, credibility, relative to the average."""
    average = ratio.average
    if average is None:
        average = float(loss.sum() / premium.sum()) if premium.sum() > 0 else 0.0
    found = quotient(loss + ratio.credibility_yuan * average, premium + ratio.credibility_yuan)
    if ratio.relative:
        found = np.round(found / average, 12) if average > 0 else np.ones_like(found)
    return Measures(loss=loss, premium=premium, ratio=found, average=average, **rest)  # type: ignore[arg-type]


def _texts(values: pd.Series, key: NDArray[np.int64], oldest_first: NDArray[np.int64], count: int) -> Texts:
    """Return the latest text of each key, empty where there is none; 1.0 (a column with gaps) and 1 are the same grade."""
    codes, distinct = pd.factorize(values)
    texts = np.array(
        [str(int(v)) if isinstance(v, float) and v.is_integer() else str(v) for v in distinct], dtype=object
    )
    found = np.full(count, "", dtype=object)
    known = oldest_first[codes[oldest_first] >= 0]
    found[key[known]] = texts[codes[known]] if len(texts) else ""
    return found


def _claims(
    claims: pd.DataFrame, units: pd.Index, position: NDArray[np.int64], years: NDArray[np.int64]
) -> tuple[NDArray[np.int64], Floats]:
    """Return the key and the amount of each case of a known unit inside the window."""
    missing = [c for c in ("unit", "amount_yuan") if c not in claims]
    if missing:
        raise InputError("The cases need a column {column}.", column=missing[0])
    at = np.asarray(units.get_indexer(pd.Index(claims["unit"])), dtype=np.int64)
    use = at >= 0
    if "period" in claims:
        use &= np.isin(_years(claims["period"]), years)
    return position[at[use]], _floats(claims["amount_yuan"])[use]


def _losses(
    total: Floats,
    cases: Floats,
    claims: tuple[NDArray[np.int64], Floats] | None,
    limit: float | None,
    split: float | None,
) -> tuple[Floats, Floats]:
    """Return losses limited by case, and their part below the split point, for each key."""
    if claims is None:
        loss = total if limit is None else np.minimum(total, cases * limit)
        return loss, loss if split is None else np.minimum(loss, cases * split)
    key, amount = claims

    def summed(each: float) -> Floats:
        return np.bincount(key, np.minimum(amount, each), len(total)).astype(np.float64)

    # Without a limit the book's total stands: the cases serve only to limit and to split.
    loss = total if limit is None else summed(limit)
    return loss, loss if split is None else summed(split)
