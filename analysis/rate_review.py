"""`RateReview`: the one value that the page, the notebooks and every report are made from, and its JSON form.

Everything in it is plain data: numbers in yuan and fractions, frames with English column names, sentences as `Message`.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from analysis.scenario import Scenario, to_plain
from models.messages import InputError, Message

BASES = ("pay_as_you_go", "terminal_funding", "full_funding")
"""The three financing bases, in the order in which they look further ahead."""


@dataclass(frozen=True)
class BookIdentity:
    """What a result says of the book that it came from."""

    name: str
    fingerprint: str
    levels: tuple[int, ...]
    synthetic: bool
    marks: tuple[str, ...] = ()
    """Marks of its figures that are weaker than official: ``unverified``, ``derived``, ``reprint``."""


@dataclass(frozen=True)
class Indicated:
    """A break-even rate on one financing basis (fraction of total cost) with its 90% interval and its parts.

    ``parts`` has the columns ``part, rate`` and sums to ``rate``; ``by`` holds frames per rating dimension with the columns
    ``level, exposure_yuan, rate, low, high, credibility, own_rate``. ``complete`` is False where the cost of recent accidents is seen to be missing,
    so that the rate is too low.
    """

    basis: str
    rate: float
    low: float
    high: float
    parts: pd.DataFrame
    by: Mapping[str, pd.DataFrame] = field(default_factory=dict)
    payroll_rate: float | None = None
    complete: bool = True


@dataclass(frozen=True)
class ChangeDriver:
    """One driver of the change of the indicated rate since the last review (fraction of total cost)."""

    driver: str
    amount: float


@dataclass(frozen=True)
class Assumption:
    """A parameter that the result depends on, as it stood on the valuation date."""

    name: str
    value: Any
    mark: str
    reference: str
    label: Mapping[str, str] = field(default_factory=dict)
    unit: str = ""


@dataclass(frozen=True)
class FloatingReview:
    """The chosen floating plan on the book's own contractors.

    ``steps``: ``multiplier, contractors, premium_share, expected_share``; ``quintiles``: ``quintile, multiplier, loss_ratio_before,
    loss_ratio_after`` (and more as `analysis.plans.compared` gives); ``movers``: who moves, largest first.
    """

    plan: str
    off_balance: float
    steps: pd.DataFrame
    quintiles: pd.DataFrame
    movers: pd.DataFrame
    warnings: tuple[Message, ...] = ()


@dataclass(frozen=True)
class Credibility:
    """Bühlmann-Straub on the book's units: ratios of claims to exposure."""

    collective: float
    within: float
    between: float
    units: pd.DataFrame


@dataclass(frozen=True)
class RateReview:
    """One rate review, complete.

    Frames
    ------
    accounts : ``period, revenue_yuan, expenditure_yuan, balance_yuan, payable_months`` (history).
    solvency_curve : ``rate, probability, standard_error``.
    required_rate : ``probability, rate``: the rate that keeps the fund above its floor with that probability.
    fund : ``period, balance_p05, balance_p25, balance_p50, balance_p75, balance_p95, payable_months_p50, probability_below_floor``.
    flows : expected flows by year: ``period, collections_yuan, outgo_yuan, …``.
    tables : further frames by name (experience, development, balance sheet, sensitivity, options …), each printed by the reports.
    """

    version: str
    book: BookIdentity
    scenario: Scenario
    current_rate: float
    indicated: Mapping[str, Indicated]
    accounts: pd.DataFrame
    solvency_curve: pd.DataFrame
    required_rate: pd.DataFrame
    probability_solvent: float
    fund: pd.DataFrame
    flows: pd.DataFrame
    assumptions: tuple[Assumption, ...]
    warnings: tuple[Message, ...]
    change_decomposition: tuple[ChangeDriver, ...] = ()
    previous_rate: float | None = None
    floating: FloatingReview | None = None
    credibility: Credibility | None = None
    balance_sheet: pd.DataFrame | None = None
    tables: Mapping[str, pd.DataFrame] = field(default_factory=dict)

    @property
    def valuation_date(self) -> date:
        """The day the review stands at."""
        assert self.scenario.valuation_date is not None
        return self.scenario.valuation_date

    @property
    def best(self) -> Indicated:
        """The indication that looks furthest ahead of those that the book supports."""
        return furthest(self.indicated)

    @property
    def opening_known(self) -> bool:
        """Whether book or scenario say the balance from which the fund ahead starts; it starts at 0 where they do not."""
        last = self.accounts.loc[self.accounts["period"] == str(self.valuation_date.year), "balance_yuan"]
        return self.scenario.opening_balance is not None or bool(last.notna().any())

    @property
    def payable_months(self) -> float:
        """Months that the balance pays at the last year's outgo."""
        known = self.accounts["payable_months"].dropna()
        return float(known.iloc[-1]) if len(known) else math.nan


def furthest(indicated: Mapping[str, Indicated]) -> Indicated:
    """Return the indication that looks furthest ahead of those whose cost is complete; a rate that is seen to be too low decides nothing."""
    return [indicated[basis] for basis in BASES if basis in indicated and indicated[basis].complete][-1]


def plain(value: Any) -> Any:
    """Return a value as JSON holds it."""
    if isinstance(value, pd.DataFrame):
        return [{str(k): plain(v) for k, v in row.items()} for row in value.to_dict("records")]
    if isinstance(value, Mapping):
        return {str(k): plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [plain(v) for v in value]
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, date):
        return value.isoformat()[:10]
    if isinstance(value, Message):
        return str(value)
    if value is None or value is pd.NaT:
        return None
    return value if isinstance(value, str | int | float | bool) else str(value)


def to_json(review: RateReview) -> str:
    """Return ``review.json``: English keys, yuan and fractions, in a fixed order."""
    indicated = {
        basis: plain(
            {
                "rate": one.rate,
                "low": one.low,
                "high": one.high,
                "payroll_rate": one.payroll_rate,
                "parts": one.parts,
                "by": one.by,
            }
        )
        for basis, one in review.indicated.items()
    }
    floating = review.floating
    content = {
        "version": review.version,
        "book": plain(vars(review.book)),
        "scenario": plain(to_plain(review.scenario)),
        "current_rate": review.current_rate,
        "indicated": {basis: indicated.get(basis) for basis in BASES},
        "previous_rate": review.previous_rate,
        "change_decomposition": [{"driver": c.driver, "amount": c.amount} for c in review.change_decomposition],
        "accounts": plain(review.accounts),
        "solvency_curve": plain(review.solvency_curve),
        "probability_solvent": plain(review.probability_solvent),
        "required_rate": plain(review.required_rate),
        "fund": plain(review.fund),
        "flows": plain(review.flows),
        "balance_sheet": plain(review.balance_sheet),
        "floating": plain(
            {
                "plan": floating.plan,
                "off_balance": floating.off_balance,
                "steps": floating.steps,
                "quintiles": floating.quintiles,
            }
        )
        if floating
        else None,
        "credibility": plain({k: v for k, v in vars(review.credibility).items() if k != "units"})
        if review.credibility
        else None,
        "assumptions": [
            plain({"name": a.name, "value": a.value, "mark": a.mark, "reference": a.reference})
            for a in review.assumptions
        ],
        "warnings": plain(review.warnings),
        "tables": plain(review.tables),
    }
    return json.dumps(content, ensure_ascii=False, indent=1, allow_nan=False) + "\n"


def write_json(review: RateReview, path: Path) -> Path:
    """Write ``review.json`` and return its path."""
    path.write_text(to_json(review), encoding="utf-8")
    return path


def load_json(path: Path | str) -> dict[str, Any]:
    """Read a ``review.json`` written earlier; anything else is refused by name."""
    try:
        content = json.loads(Path(path).read_text(encoding="utf-8"))
        content["indicated"], content["book"]["fingerprint"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InputError("{path} is not a review.json of this program.", path=str(path)) from error
    assert isinstance(content, dict)
    return content
