"""Development of a ledger book: how late injuries are reported, recognised and assessed, and what injury years and project cohorts will still cost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from analysis.experience.exposure import Earned, injuries_by_period, lag_triangle
from analysis.experience.frames import Floats, Ledgers
from analysis.experience.words import WORDS
from analysis.fund.pensioners import PENSIONS
from models.development import (
    CALIBRATED,
    MACK_LOGNORMAL,
    Backtest,
    ReserveDistribution,
    backtest,
    bornhuetter_ferguson,
    cape_cod,
    chain_ladder,
    developed_shares,
    discounted,
    mack,
    reserve_distribution,
    tail_factor,
    triangle,
)
from models.development.distribution import WIDE
from models.messages import InputError, Message

FEW = 3.0
"""Payments expected below which none at all has a probability above 5% (e^−3)."""

STAGES = {"report_date": ("M", 24), "recognition_date": ("M", 36), "assessment_date": ("Q", 12)}
"""Stage of a case → period in which its delay is counted, and how many of them."""
DECAY = 0.85
"""Weight of a neighbouring year in Cape Cod's ratio: ten years are not one level."""
CALIBRATIONS = {f: replace(CALIBRATED, calendar=CALIBRATED.calendar / np.sqrt(n)) for f, n in (("M", 12.0), ("Q", 4.0))}
"""A random walk moves √(1/12) as far in a month as in a year."""


@dataclass(frozen=True)
class Counts:
    """One stage of the road of a case: ``stage``; ``shares`` (lags + 1,) of the ultimate number that have reached it so many ``period`` ("M", "Q") after
    that of the injury;
    ``known``, ``ultimate`` numbers and the 90% interval ``low, high`` of the ultimate."""

    stage: str
    period: str
    shares: Floats
    known: float
    ultimate: float
    low: float
    high: float

    def share_within(self, months: int) -> float:
        """Return the share that has reached the stage within so many months after that of the injury."""
        at = months // (3 if self.period == "Q" else 1)
        return float(self.shares[min(at, len(self.shares) - 1)])


@dataclass(frozen=True)
class Amounts:
    """One triangle of amounts, developed by several methods.

    ``name``; ``cumulative`` array with ``origins``; ``methods``: ``method, ultimate_yuan, reserve_yuan, low_yuan, high_yuan`` (90% of the reserve, where
    the method gives one); ``by_origin``: ``period, exposure_yuan, paid_yuan, developed, chain_ladder_yuan, cape_cod_yuan, reserve_yuan, low_yuan,
    high_yuan`` (chain-ladder reserve with its calibrated 90% interval); ``distribution`` of the total; ``back_test`` of its bands; ``notes``.
    """

    name: str
    cumulative: Floats
    origins: tuple[str, ...]
    methods: pd.DataFrame
    by_origin: pd.DataFrame
    distribution: ReserveDistribution | None
    back_test: Backtest | None
    notes: tuple[Message, ...]

    @property
    def to_pay(self) -> tuple[float, float | None, float | None]:
        """What is still to be paid, with its calibrated 90% interval; by Cape Cod and without one where the triangle alone says little."""
        if self.distribution is not None and self.distribution.spread <= WIDE:
            low, high = self.distribution.interval(0.9)
            return self.distribution.mean, low, high
        by = self.methods.set_index("method")["reserve_yuan"] if len(self.methods) else pd.Series(dtype="float64")
        return float(by.get("cape_cod", by.get("chain_ladder", 0.0))), None, None


@dataclass(frozen=True)
class Development:
    """``counts`` by stage; ``amounts`` by name: ``injury_year, cohort`` (payments without pensions)``, capital`` (capital values of pensions by injury year)."""

    counts: tuple[Counts, ...]
    amounts: Mapping[str, Amounts]
    notes: tuple[Message, ...]


def study_development(ledgers: Ledgers, earned: Earned, pensions: pd.DataFrame, rate: float) -> Development:
    """Return how counts and amounts develop, ``rate`` of discounting; what cannot be developed is said in the notes.

    Payments for large events are left out: one such event, paid at once, would pass for the pace of all.
    """
    notes: list[Message] = []
    counts = [found for stage in STAGES if (found := _counts(ledgers, stage, notes)) is not None]
    years, cases, payments = ledgers.years, ledgers.cases, ledgers.payments
    apart = ledgers.large[payments["case"].to_numpy()]
    if apart.any():
        notes.append(Message("Large events stand apart: {paid:money} paid for them is not in the triangles.", {"paid": float(payments["amount_yuan"][apart].sum())}))  # fmt: skip
    payments, pensions = payments[~apart], pensions[~ledgers.large[pensions["case"].to_numpy(dtype=np.int64)]]
    injury = cases["year"].to_numpy()[payments["case"].to_numpy()]
    project = cases["project"].to_numpy()[payments["case"].to_numpy()]
    enrolled = ledgers.projects["enrolment_date"].dt.year.to_numpy()
    cohort = np.where(project >= 0, enrolled[project], 0)
    paid = payments["payment_date"].dt.year.to_numpy()
    short = ~payments["benefit"].isin(PENSIONS).to_numpy()
    written = (ledgers.projects["status"] != "cancelled").to_numpy()
    cost = np.bincount(enrolled[written] - years[0], ledgers.projects["total_cost_yuan"].fillna(0.0).to_numpy()[written], len(years)).astype(np.float64)  # fmt: skip
    by_year = earned.cost.sum(axis=0).reshape(len(years), 4).sum(axis=1)
    amounts: dict[str, Amounts] = {}
    started = pensions["start_year"].to_numpy(dtype=np.int64)
    awarded = cases["year"].to_numpy()[pensions["case"].to_numpy(dtype=np.int64)]
    capital = pensions["capital_yuan"].to_numpy(dtype=np.float64)
    for name, origin, when, value, exposure in (
        ("injury_year", injury[short], paid[short], payments["amount_yuan"].to_numpy(dtype=np.float64)[short], by_year),
        ("cohort", cohort[short], paid[short], payments["amount_yuan"].to_numpy(dtype=np.float64)[short], cost),
        ("capital", awarded, started, capital, by_year),
    ):
        try:
            amounts[name] = develop(name, origin, when, value, years, exposure, rate)
        except InputError as error:
            notes.append(error.message)
    return Development(tuple(counts), amounts, tuple(notes))


def _counts(ledgers: Ledgers, stage: str, notes: list[Message]) -> Counts | None:
    freq, lags = STAGES[stage]
    values = lag_triangle(ledgers, stage, lags, freq)
    if values is None:
        notes.append(Message("The cases give no {date}: that stage cannot be developed.", {"date": WORDS[stage]}))
        return None
    injuries = injuries_by_period(ledgers, freq)[-len(values) :]
    try:
        shares = developed_shares(values)
        # ages at which no case was ever there yet tell nothing; the origins that are no older wait for their injuries' share
        begun = int(np.argmax(np.nan_to_num(values).any(axis=0)))
        old = ~np.isnan(values[:, begun])
        spread = reserve_distribution(values[old, begun:], calibration=CALIBRATIONS[freq], draws=1)
    except InputError as error:
        notes.append(error.message)
        return None
    known = float(sum(row[~np.isnan(row)][-1] for row in values))
    young = float(injuries[~old].sum()) * (known + spread.expected) / max(float(injuries[old].sum()), 1.0)
    ahead = spread.expected + young
    low, high = (np.asarray(spread.interval(0.9)) - spread.expected) * (
        ahead / spread.expected if spread.expected > 0 else 1.0
    ) + ahead
    # what is still to come varies at least as a Poisson count does
    process = 1.645 * np.sqrt(max(ahead, 0.0))
    low, high = min(float(low), ahead - process), max(float(high), ahead + process)
    return Counts(stage, freq, shares, known, known + ahead, known + max(low, 0.0), known + high)


def develop(
    name: str, origin: np.ndarray, when: np.ndarray, value: Floats, years: np.ndarray, exposure: Floats, rate: float
) -> Amounts:
    """Return one triangle developed by chain ladder, Bornhuetter-Ferguson and Cape Cod, with Mack's error and the calibrated distribution.

    Parameters
    ----------
    origin, when, value : (payments,) year of the origin, year of payment, yuan
    years : of the triangle, one step; rows outside them are left out
    exposure : (years,) of the origins
    rate : of discounting, a year

    Raises
    ------
    InputError
        There is no payment, or recoveries leave an origin below zero.
    """
    there = (origin >= years[0]) & (when >= origin) & (when <= years[-1])
    if not there.any():
        raise InputError("There are no payments to develop by {name}.", name=WORDS[name])
    rows = pd.DataFrame({"origin": origin[there], "age": (when - origin)[there], "value": value[there]})
    # every origin and the latest calendar year are there even where nothing was paid: zero is not missing
    frame = pd.concat([rows, pd.DataFrame({"origin": years, "age": years[-1] - years, "value": 0.0})])
    cumulative = triangle(frame, "origin", "age", "value", age_step=1).cumulative
    labels = tuple(str(year) for year in years)
    notes: list[Message] = []
    size = float(np.abs(rows["value"]).mean())
    paid = np.array([row[~np.isnan(row)][-1] for row in cumulative])
    methods: list[dict[str, object]] = []

    def add(method: str, reserve: float, low: float = np.nan, high: float = np.nan) -> None:
        methods.append({"method": method, "ultimate_yuan": float(paid.sum()) + reserve, "reserve_yuan": reserve, "low_yuan": low, "high_yuan": high})  # fmt: skip

    distribution, tested, ladder = None, None, None
    developed, of_origin = np.full(len(years), np.nan), np.full((len(years), 3), np.nan)
    try:
        ladder = chain_ladder(cumulative)
        developed = ladder.developed[ladder.latest_ages]
        error = mack(cumulative).total_standard_error
        add("chain_ladder", ladder.total_reserve, *_lognormal(cumulative, ladder.total_reserve, error))
        distribution = reserve_distribution(cumulative)
        add("calibrated", distribution.mean, *distribution.interval(0.9))
        notes += distribution.notes
        for i in range(len(years)):
            one = reserve_distribution(cumulative, draws=1, origin=i)
            low, high = one.interval(0.9)
            # so few payments are expected that there may well be none
            of_origin[i] = (ladder.reserves[i], 0.0 if 0.0 < ladder.reserves[i] < FEW * size else low, high)
        tested = backtest(cumulative)
    except InputError as found:
        notes.append(found.message)
    pooled = np.full(len(years), np.nan)
    try:
        cape = cape_cod(cumulative, np.maximum(exposure, 0.0), DECAY)
        pooled = cape.ultimates
        add("cape_cod", cape.total_reserve)
        mature = developed > 0.9
        if mature.any() and exposure[mature].sum() > 0:
            prior = float(pooled[mature].sum() / exposure[mature].sum())
            add(
                "bornhuetter_ferguson", bornhuetter_ferguson(cumulative, np.maximum(exposure, 0.0), prior).total_reserve
            )
        add("cape_cod_discounted", discounted(cape, rate).total)
    except InputError as found:
        notes.append(found.message)
    if ladder is not None:
        try:
            tail = tail_factor(ladder.factors[-5:])
            add("chain_ladder_tail", chain_ladder(cumulative, tail=tail).total_reserve)
        except InputError:
            notes.append(Message("{name}: the last factors show no tail that could be extrapolated; none is added.", {"name": WORDS[name]}))  # fmt: skip
    table = pd.DataFrame(
        {
            "period": labels,
            "exposure_yuan": exposure,
            "paid_yuan": paid,
            "developed": developed,
            "chain_ladder_yuan": paid + of_origin[:, 0],
            "cape_cod_yuan": pooled,
            "reserve_yuan": of_origin[:, 0],
            "low_yuan": of_origin[:, 1],
            "high_yuan": of_origin[:, 2],
        }
    )
    return Amounts(name, cumulative, labels, pd.DataFrame(methods), table, distribution, tested, tuple(notes))


def _lognormal(cumulative: Floats, reserve: float, error: float) -> tuple[float, float]:
    """Return the 90% interval that is usually drawn: a lognormal with Mack's standard error."""
    if not (reserve > 0 and error > 0):
        return reserve, reserve
    low, high = reserve_distribution(cumulative, calibration=MACK_LOGNORMAL, draws=1).interval(0.9)
    return float(low), float(high)
