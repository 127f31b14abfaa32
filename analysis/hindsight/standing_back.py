"""Standing at each past year-end: the whole review of then, on what was known then, beside what came; and when the alarm would have rung.

Heavier than `analysis.hindsight.backtest`, which uses yearly totals alone: here ledgers are read again as they stood, developed, priced and projected.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.assumptions import UsedParameters
from analysis.fund.history import History, read_history
from analysis.fund.indicated import indications
from analysis.fund.ledgers import LedgerCosts, read_ledgers
from analysis.fund.projection import Projection, project
from analysis.hindsight.backtest import LEAST_YEARS, plain
from analysis.hindsight.early_warning import LOOK_AHEAD, state
from analysis.own_parameters import parameters_of
from analysis.scenario import Scenario
from data.book import Book
from data.remembered import RememberedBook
from models import indication
from models.fund import QUARTERS
from models.messages import InputError

Floats = NDArray[np.float64]
Progress = Callable[[float], object]

PATHS = 2_000
LEVELS = {"p05": 0.05, "p25": 0.25, "p50": 0.5, "p75": 0.75, "p95": 0.95}


@dataclass(frozen=True)
class StandingBack:
    """What would have been said.

    ``flows``: ``stood_at, period, series, p05, p25, p50, p75, p95, actual, inside_90, inside_50`` of exposure and outgo in every later year;
    ``rates``: ``stood_at, basis, rate, low, high, actual, inside_90``: the indicated rate beside what the next year cost; ``alarms``: ``stood_at,
    probability`` of falling below the floor within three years at the rate then in force``, state, happened`` (whether it fell, where known).
    """

    flows: pd.DataFrame
    rates: pd.DataFrame
    alarms: pd.DataFrame

    @property
    def coverage(self) -> pd.DataFrame:
        """Share of outcomes inside the intervals: ``series, outcomes, inside_90, inside_50``."""
        own = self.flows.groupby("series", sort=False)
        table = own[["inside_90", "inside_50"]].mean().assign(outcomes=own.size()).reset_index()
        return table[["series", "outcomes", "inside_90", "inside_50"]]


def standing_back(book: Book, scenario: Scenario, progress: Progress = lambda share: None) -> StandingBack:
    """Stand at each past year-end of a book that has at least `LEAST_YEARS` years before it.

    Raises
    ------
    InputError
        The book knows too few years.
    """
    kept = RememberedBook(book)
    used = UsedParameters(parameters_of(scenario))
    now = read_history(kept, scenario, used)
    stands = [int(y) for y in now.years[LEAST_YEARS - 1 : -1]]
    if not stands:
        raise InputError(
            "Standing at past year-ends needs more than {least} known years; the book has {years}.",
            least=LEAST_YEARS,
            years=len(now.years),
        )
    on = now.valuation_date
    latest = read_ledgers(kept, scenario.resolve(used, on), used, on)
    flows, rates, alarms = [], [], []
    for done, year in enumerate(stands):
        progress(done / len(stands))
        asked = replace(
            plain(scenario), valuation_date=date(year, 12, 31), paths=min(scenario.paths, PATHS),
            horizon_years=max(int(now.years[-1]) - year, LOOK_AHEAD),
        )  # fmt: skip
        then = read_history(kept, asked, used)
        resolved = asked.resolve(used, then.valuation_date)
        projection = project(then, resolved, used)
        ledgers = read_ledgers(kept, resolved, used, then.valuation_date)
        flows += _flows(year, projection, now)
        for basis, one in indications(then, projection, resolved, used, ledgers).items():
            actual = _came(basis, year, now, latest, projection.prevention_share)
            if actual is not None:
                inside = bool(one.low <= actual <= one.high)
                rates.append(
                    {"stood_at": str(year), "basis": basis, "rate": one.rate, "low": one.low, "high": one.high, "actual": actual, "inside_90": inside}
                )  # fmt: skip
        alarms.append({"stood_at": str(year), **_alarm(year, projection, resolved, used, now)})
    progress(1.0)
    return StandingBack(pd.DataFrame(flows), pd.DataFrame(rates), pd.DataFrame(alarms))


def _flows(year: int, projection: Projection, now: History) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = []
    for series, paths, known in (
        ("exposure", projection.exposure, now.exposure),
        ("outgo", projection.outgo, now.outgo),
    ):
        for later, actual in zip(now.years, known, strict=True):
            step = int(later) - year
            if step < 1:
                continue
            q = dict(zip(LEVELS, np.quantile(paths[:, step - 1], list(LEVELS.values())), strict=True))
            rows.append(
                {
                    "stood_at": str(year), "period": str(later), "series": series, **q, "actual": float(actual),
                    "inside_90": bool(q["p05"] <= actual <= q["p95"]), "inside_50": bool(q["p25"] <= actual <= q["p75"]),
                }
            )  # fmt: skip
    return rows


def _came(basis: str, year: int, now: History, latest: LedgerCosts | None, taken: float) -> float | None:
    """What the next year cost on a basis, as it is known today, with the same loading; None where it is not known."""
    net = None
    if basis == "pay_as_you_go":
        at = np.flatnonzero(now.years == year + 1)
        net = float(now.outgo[at[0]] / now.exposure[at[0]]) if len(at) else None
    elif basis == "full_funding" and latest is not None:
        own = latest.by_year.loc[latest.by_year["period"] == str(year + 1), "rate"]
        net = float(own.iloc[0]) if len(own) else None
    return None if net is None else float(indication.gross(net, taken))


def _alarm(
    year: int, projection: Projection, resolved: Scenario, used: UsedParameters, now: History
) -> dict[str, object]:
    """The forward indicator as it stood, and whether the balance then fell below its floor within its years."""
    assert resolved.current_rate is not None
    steps = LOOK_AHEAD * QUARTERS
    fund = projection.fund
    floor = fund.floor if fund.floor.shape[1] == 1 else fund.floor[:, :steps]
    below = float((fund.balance(resolved.current_rate)[:, :steps] < floor).any(axis=1).mean())
    amber, red = used.value("warning.probability", date(year, 12, 31))
    balances = now.accounts.set_index("period")["balance_yuan"]
    known = [float(balances.get(str(year + k), np.nan)) for k in range(1, LOOK_AHEAD + 1)]
    months = resolved.floor_payable_months / 12.0
    outgo = dict(zip(now.years.tolist(), now.outgo.tolist(), strict=True))
    fell = [b < months * outgo.get(year + k, 0.0) for k, b in enumerate(known, 1) if not np.isnan(b)]
    return {"probability": below, "state": state(below, amber, red), "happened": any(fell) if fell else None}
