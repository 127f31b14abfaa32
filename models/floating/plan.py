"""A floating plan as data, and what it makes of an experience: multipliers, their off-balance, the money moved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.floating.measuring import Measured, measure, prepared, within
from models.floating.rules import (
    NEUTRAL,
    Floats,
    Measures,
    ModificationRule,
    Positions,
    Rule,
    SizeRule,
    StepRule,
    SurchargeRule,
    passed,
)
from models.floating.terms import Constant, DeathCondition, Discount, Minimum, Movement, Ratio, Settlement
from models.messages import InputError


@dataclass(frozen=True)
class OffBalance:
    """What a plan gives back or adds, before the base rate is corrected; money in yuan.

    ``factor`` premium after floating / premium at base rate; ``base_rate_multiplier`` what the base rate must be multiplied by to keep the
    premium; ``surcharges_yuan`` and ``discounts_yuan`` before that correction; ``money_moved_yuan`` what passes from some units to others
    after it; ``steps`` frame ``multiplier, units, base_premium_yuan, premium_share``.
    """

    factor: float
    base_rate_multiplier: float
    base_premium_yuan: float
    surcharges_yuan: float
    discounts_yuan: float
    money_moved_yuan: float
    steps: pd.DataFrame


@dataclass(frozen=True)
class FloatingPlan:
    """One floating plan: who is rated, on what experience, by which rule, within which limits, and when it bites.

    ``rating_unit`` ``contractor`` | ``project`` | ``group`` | ``area``; ``bites`` ``next_project`` | ``next_year`` | ``retrospective``;
    ``window_years`` calendar years back from the last one of the experience (None: all of it); ``review_years`` between two moves;
    ``pool_by`` the column whose units share one multiplier (groups, areas); ``yuan_per_person`` exposure of a person-year, for injury
    frequency where the experience has no column ``persons``; ``floor`` and ``ceiling`` bound the multiplier. A unit too small, with too few
    years, or with nothing enrolled in the window gets ``new_entrant``.
    """

    name: str
    title: Mapping[str, str]
    reference: str
    mark: str
    rating_unit: str
    bites: str
    rule: Rule
    ratio: Ratio = field(default_factory=Ratio)
    window_years: int | None = 1
    review_years: int = 1
    pool_by: str = ""
    yuan_per_person: float | None = None
    discount: Discount | None = None
    deaths: DeathCondition | None = None
    movement: Movement = field(default_factory=Movement)
    minimum: Minimum = field(default_factory=Minimum)
    floor: float = 0.0
    ceiling: float = np.inf
    new_entrant: float = NEUTRAL
    settlements: tuple[Settlement, ...] = ()
    constants: tuple[Constant, ...] = ()

    @property
    def steps(self) -> tuple[float, ...]:
        """The ladder of multipliers, ascending; empty for a plan whose multiplier is not on a ladder."""
        if isinstance(self.rule, StepRule) and not self.rule.recoup and not self.discount:
            return self.rule.steps
        return ()

    @property
    def bounds(self) -> tuple[float, float]:
        """The least and the largest multiplier that the plan can give (infinite where nothing bounds it)."""
        match self.rule:
            case StepRule(steps=steps, recoup=recoup):
                least, most = steps[0], np.inf if recoup else steps[-1]
            case SurchargeRule(largest=largest):
                least, most = NEUTRAL, NEUTRAL + largest
            case ModificationRule():
                least, most = 0.0, np.inf
            case SizeRule(bands=bands):
                least, most = min(bands.values), max(bands.values)
        if self.discount:
            least -= max(self.discount.values.values(), default=0.0)
        if self.deaths:
            most = max(most, self.deaths.at_least)
        low, high = np.clip([least, most], self.floor, self.ceiling)
        return float(min(low, self.new_entrant)), float(max(high, self.new_entrant))

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns of text that the plan reads in an experience."""
        found = [self.discount.column] if self.discount else []
        if isinstance(self.rule, StepRule):
            found += [c.column for c in self.rule.criteria if c.column]
        if isinstance(self.rule, SurchargeRule) and self.rule.after_clean_years:
            found.append("years_without_surcharge")
        return tuple(dict.fromkeys(found))

    @property
    def assumptions(self) -> tuple[Constant, ...]:
        """The constants that no verified text gives: marked ``assumption`` or ``unverified``."""
        return tuple(c for c in self.constants if c.mark in ("assumption", "unverified"))

    def settled(self, which: int) -> FloatingPlan:
        """Return the plan as it rates in its own country at settlement ``which`` (0 = first date), money in its own currency.

        Without this, a retrospective plan reads its table with the plain ratio, as a fund would that took the table over.
        """
        if not 0 <= which < len(self.settlements):
            raise InputError(
                "The plan {plan} has {count} settlement dates, not {which}.",
                plan=self.name,
                count=len(self.settlements),
                which=which + 1,
            )
        at = self.settlements[which]
        inside = 1.0 - at.outside_share
        rule = self.rule.scaled(inside) if isinstance(self.rule, StepRule) else self.rule
        ratio = replace(self.ratio, premium_factor=at.premium_factor * inside)
        return replace(
            self, rule=rule, ratio=ratio, minimum=Minimum(at.least_contract, at.least_premium), settlements=(at,)
        )

    def measured(self, experience: pd.DataFrame, claims: pd.DataFrame | None = None) -> Measured:
        """Return what the plan's rule looks at, for each unit (or group, or area) of an experience."""
        if self.pool_by and self.rating_unit == "group" and self.pool_by not in experience:
            raise InputError("The experience needs a column {column}.", column=self.pool_by)
        missing = [c for c in self.columns if c not in experience and c != "years_without_surcharge"]
        if missing:
            raise InputError(
                "The plan {plan} needs a column {column} in the experience.", plan=self.name, column=missing[0]
            )
        split = self.rule.split if isinstance(self.rule, ModificationRule) else None
        return measure(
            experience, self.ratio, self.window_years, self.pool_by, self.columns, self.yuan_per_person, split, claims
        )

    def calibrated(self, experience: pd.DataFrame, claims: pd.DataFrame | None = None) -> FloatingPlan:
        """Return the plan with the portfolio's average ratio (and primary share) fixed at those of an experience."""
        found = self.measured(experience, claims).measures
        rule = self.rule
        if isinstance(rule, ModificationRule) and rule.primary_share is None:
            rule = replace(rule, primary_share=rule.share(found))
        return replace(self, rule=rule, ratio=replace(self.ratio, average=found.average))

    def multiplier(
        self, experience: pd.DataFrame, previous: pd.Series | None = None, claims: pd.DataFrame | None = None
    ) -> pd.Series:
        """Return each unit's multiplier of the base rate.

        Parameters
        ----------
        experience : a row a unit and period, columns as in design.md section 6, money in yuan. A missing ``base_premium_yuan`` is
            ``premium_yuan``, a missing ``incurred_yuan`` is ``paid_yuan``.
        previous : multipliers in force by unit, for plans that limit movement; a unit without one stands at the multiplier of a new entrant
        claims : ``unit, amount_yuan`` and, if cases of several years are given, ``period``: a row a case, for limits and split points. Without
            it a unit's total is limited at number of cases x limit, which is the most that it can be.

        Returns
        -------
        Series indexed by unit in order of first appearance

        Raises
        ------
        InputError : a column that the plan needs is missing, or holds something that is not a number
        """
        found = self.measured(experience, claims)
        rated: Floats = np.where(self.rated(found), self.target(found.measures), self.new_entrant)[found.position]
        if not self.movement.free:
            before = np.full(len(found.units), self.new_entrant)
            if previous is not None:
                before = previous.reindex(found.units).fillna(self.new_entrant).to_numpy(dtype=np.float64)
            rated = self.moved(before, rated)
        return pd.Series(rated, index=found.units, name="multiplier", dtype=np.float64)

    def rated(self, found: Measured) -> NDArray[np.bool_]:
        """Return which keys have enough experience and size to be rated."""
        m, least = found.measures, self.minimum
        sizes = [(m.exposure, least.exposure_yuan), (m.base, least.base_premium_yuan)]
        large = [size / m.years >= limit for size, limit in sizes if limit is not None]
        return (found.years >= least.years) & (np.any(large, axis=0) if large else True)

    def target(self, measures: Measures) -> Floats:
        """Return the multiplier (units,) that the plan asks for before limits on movement."""
        found = self.rule.target(measures)
        if self.discount:
            off = np.array([self.discount.values.get(text, 0.0) for text in measures.texts[self.discount.column]])
            found = found - np.where((measures.cases > 0) & self.discount.lost_after_accident, 0.0, off)
        if self.deaths:
            found = np.where(measures.deaths >= self.deaths.deaths, np.maximum(found, self.deaths.at_least), found)
        return np.clip(found, self.floor, self.ceiling)

    def moved(self, before: Floats, target: Floats) -> Floats:
        """Return the multipliers after a move from ``before`` towards ``target`` (same shape) within the limits on movement."""
        limit = self.movement
        if limit.free:
            return target
        if limit.change is not None:
            return np.clip(target, before * (1 - limit.change), before * (1 + limit.change))
        ladder = np.array(self.steps)
        return ladder[self.stepped(nearest(ladder, before), nearest(ladder, target))]

    def stepped(self, here: Positions, there: Positions) -> Positions:
        """Return the positions on the ladder after a move from ``here`` towards ``there`` (same shape) within the limits in steps."""
        limit, most = self.movement, len(self.steps)
        up = most if limit.steps_up is None else limit.steps_up
        down = most if limit.steps_down is None else limit.steps_down
        return np.minimum(np.maximum(there, here - down), here + up)

    def off_balance(
        self, portfolio: pd.DataFrame, previous: pd.Series | None = None, claims: pd.DataFrame | None = None
    ) -> OffBalance:
        """Return what the plan gives back or adds on a portfolio (an experience, as for `multiplier`).

        Weights are the base premiums of the plan's window.
        """
        found = self.multiplier(portfolio, previous, claims)
        inside = within(prepared(portfolio), self.window_years)
        base = inside.groupby("unit")["base_premium_yuan"].sum().reindex(found.index, fill_value=0.0)
        return off_balance(found.to_numpy(), base.to_numpy(dtype=np.float64))


def off_balance(multipliers: Floats, base_premium: Floats) -> OffBalance:
    """Return the off-balance of multipliers (units,) on base premiums (units,), yuan."""
    total = float(base_premium.sum())
    if not total > 0:
        raise InputError("The portfolio has no base premium: the off-balance of a floating plan cannot be computed.")
    charged = float(multipliers @ base_premium)
    if not charged > 0:
        raise InputError("After floating nobody pays: no base rate restores the balance.")
    restored = total / charged
    changes = (multipliers - NEUTRAL) * base_premium
    frame = pd.DataFrame({"multiplier": np.round(multipliers, 9), "base_premium_yuan": base_premium})
    steps = frame.groupby("multiplier")["base_premium_yuan"].agg(units="size", base_premium_yuan="sum").reset_index()
    return OffBalance(
        factor=charged / total,
        base_rate_multiplier=restored,
        base_premium_yuan=total,
        surcharges_yuan=float(changes[changes > 0].sum()),
        discounts_yuan=float(-changes[changes < 0].sum()),
        money_moved_yuan=float(np.abs(multipliers * restored - 1.0) @ base_premium / 2),
        steps=steps.assign(premium_share=steps["base_premium_yuan"] / total),
    )


def nearest(ladder: Floats, values: Floats) -> Positions:
    """Return the position of the step nearest to each value."""
    return passed((ladder[1:] + ladder[:-1]) / 2, values, including=False)
