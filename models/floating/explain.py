"""Why a unit stands at its multiplier: the ratio that was counted, its band, cap, credibility, and the move from the last step to the new one."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.floating.plan import FloatingPlan
from models.floating.rules import Bands, Criterion, Floats, Measures, StepRule

Bools = NDArray[np.bool_]

BASES = ("rated", "no_experience", "too_few_years", "too_small")
"""Whether a unit was rated, or why it stands at the multiplier of new entrants."""


def explain(
    plan: FloatingPlan,
    experience: pd.DataFrame,
    previous: pd.Series | None = None,
    claims: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Return, for each unit of an experience, how the plan came to its multiplier.

    Parameters
    ----------
    experience, previous, claims : as for `FloatingPlan.multiplier`

    Returns
    -------
    DataFrame indexed by unit:
        ``basis`` one of `BASES`; ``years`` with experience in the window; ``exposure_yuan``, ``base_premium_yuan``, ``cases``, ``deaths`` in
        the window; ``premium_yuan`` the denominator; ``loss_yuan`` the benefits counted and ``capped_yuan`` what the limit by case left out;
        ``raw_ratio`` loss ÷ premium; ``credibility`` weight of the unit's own ratio (1 without credibility) and ``average_ratio`` what the rest
        rests on; ``ratio`` what the bands are read with; ``frequency`` cases a person-year (NaN where the plan does not ask); ``criterion``
        that decided (``ratio, frequency, grade``; empty: none); ``band_low, band_high`` the ends of its band (infinite: open, NaN: no band) and
        ``upper_inclusive``; ``grade`` the text that was read; ``asked`` the multiplier that the rule asks for with discounts, deaths and
        bounds; ``previous`` and ``multiplier`` before and after the move; ``limited`` whether a limit on movement held it back.
    """
    found = plan.measured(experience, claims)
    m = found.measures
    free = m if plan.ratio.claim_limit_yuan is None else uncapped(plan, experience)
    asked, rated = plan.target(m), plan.rated(found)
    criterion, low, high, inclusive, grade = _decisions(plan, m, rated)
    weight = m.premium / np.where(
        m.premium + plan.ratio.credibility_yuan > 0, m.premium + plan.ratio.credibility_yuan, 1.0
    )
    keys = pd.DataFrame(
        {
            "basis": np.select(
                [rated, found.years == 0, found.years < plan.minimum.years], BASES[:3], default=BASES[3]
            ),
            "years": found.years,
            "exposure_yuan": m.exposure,
            "base_premium_yuan": m.base,
            "cases": m.cases,
            "deaths": m.deaths,
            "premium_yuan": m.premium,
            "loss_yuan": m.loss,
            "capped_yuan": free.loss - m.loss,
            "raw_ratio": np.divide(m.loss, m.premium, out=np.full(len(m.loss), np.nan), where=m.premium > 0),
            "credibility": weight if plan.ratio.credibility_yuan else 1.0,
            "average_ratio": m.average,
            "ratio": m.ratio,
            "frequency": m.frequency if plan.yuan_per_person else np.nan,
            "criterion": criterion,
            "band_low": low,
            "band_high": high,
            "upper_inclusive": inclusive,
            "grade": grade,
            "asked": np.where(rated, asked, plan.new_entrant),
        }
    )
    table = keys.iloc[found.position].set_index(found.units)
    start = pd.Series(plan.new_entrant, index=found.units) if previous is None else previous.reindex(found.units)
    table["previous"] = start.fillna(plan.new_entrant).astype("float64")
    table["multiplier"] = plan.moved(table["previous"].to_numpy(), table["asked"].to_numpy())
    table["limited"] = (table["multiplier"] - table["asked"]).abs() > 1e-9
    return table


def uncapped(plan: FloatingPlan, experience: pd.DataFrame) -> Measures:
    """Return the measures as they would be without a limit by case."""
    return replace(plan, ratio=replace(plan.ratio, claim_limit_yuan=None)).measured(experience).measures


def _decisions(plan: FloatingPlan, m: Measures, rated: Bools) -> tuple[Any, ...]:
    """Return criterion, band ends, which edge is inclusive, and grade, for each rated key, of the criterion whose target the rule took."""
    size = len(m.base)
    criterion, grade = np.full(size, "", dtype=object), np.full(size, "", dtype=object)
    low, high = np.full(size, np.nan), np.full(size, np.nan)
    inclusive = np.zeros(size, dtype=bool)
    if isinstance(plan.rule, StepRule):
        taken = plan.rule.target(m)
        for one in reversed(plan.rule.criteria):  # the first that gives what was taken stands last and wins
            hit = rated & np.isclose(one.target(m), taken)
            criterion[hit] = one.measure
            low[hit], high[hit] = (end[hit] for end in _ends(one, m))
            inclusive[hit] = bool(one.bands and one.bands.upper_inclusive)
            if one.column:
                grade[hit] = m.texts[one.column][hit]
    return criterion, low, high, inclusive, grade


def _ends(criterion: Criterion, m: Measures) -> tuple[Floats, Floats]:
    """Return the lower and upper end of each key's band."""
    bands: Bands | None = criterion.bands
    if bands is None:
        return np.full(len(m.base), np.nan), np.full(len(m.base), np.nan)
    at = bands.locate(m.ratio if criterion.measure == "ratio" else m.frequency)
    ends = np.array([-np.inf, *bands.edges, np.inf])
    return ends[at], ends[at + 1]
