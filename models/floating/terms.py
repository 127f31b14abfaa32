"""The terms of a floating plan that stand beside its rule: ratio, limits, conditions, dates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Constant:
    """One constant of a plan, with the mark (`models.parameters.MARKS`) and the reference it rests on."""

    name: str
    value: str
    mark: str
    reference: str


@dataclass(frozen=True)
class Ratio:
    """How the ratio of claims to premium is formed.

    ``numerator`` ``paid`` | ``incurred``; ``denominator`` ``base_premium`` | ``premium``; ``claim_limit_yuan`` the most that one case counts;
    ``average`` a fixed ratio, or None for the portfolio's own; ``relative`` divides the ratio by the average; ``credibility_yuan`` K of
    Z = premium / (premium + K), the complement being the average; ``premium_factor`` multiplies the denominator (Japan's adjustment).
    """

    numerator: str = "paid"
    denominator: str = "base_premium"
    claim_limit_yuan: float | None = None
    average: float | None = None
    relative: bool = False
    credibility_yuan: float = 0.0
    premium_factor: float = 1.0


@dataclass(frozen=True)
class Movement:
    """Limits on one move: whole steps up and down of the plan's ladder, or a share of the multiplier in force. None: no limit."""

    steps_up: int | None = None
    steps_down: int | None = None
    change: float | None = None

    @property
    def free(self) -> bool:
        """Whether nothing limits a move."""
        return self.steps_up is None and self.steps_down is None and self.change is None


@dataclass(frozen=True)
class Minimum:
    """The size from which on a unit is rated: either of the two a year is enough; and the years of experience it must have. None: no limit."""

    exposure_yuan: float | None = None
    base_premium_yuan: float | None = None
    years: int = 1


@dataclass(frozen=True)
class Discount:
    """Taken off the multiplier by the text in a column (a safety standard); lost after an accident where the plan says so."""

    column: str
    values: Mapping[str, float]
    lost_after_accident: bool


@dataclass(frozen=True)
class DeathCondition:
    """A least multiplier from a number of deaths in the window on."""

    deaths: int
    at_least: float


@dataclass(frozen=True)
class Settlement:
    """A date on which a finished project is rated (Japan).

    ``premium_factor`` on the denominator; ``outside_share`` the share of the premium that the plan does not touch; the minimum in the plan's own
    currency.
    """

    months_after_completion: int
    premium_factor: float
    outside_share: float
    least_premium: float
    least_contract: float
