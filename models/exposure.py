"""Exposure: the cost that a project has earned over its construction period, and the person-years that worked on it.

A project pays for its whole period at once; the risk runs while it is built. Earned cost follows working days (fewer in a winter stop) along a straight
line or an S-curve. Person-years come from the roster where there is one, else from cost and labour productivity.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models.messages import InputError

Floats = NDArray[np.float64]
Days = NDArray[np.datetime64]

SHAPES = ("linear", "s_curve")
FIRST_DAY = np.datetime64("1990-01-01", "D")
LAST_DAY = np.datetime64("2080-01-01", "D")
STALE_DAYS = 365
"""Days after its known end from which on a project still said to be in progress is one whose state nobody brought up to date."""


@dataclass(frozen=True)
class WorkCalendar:
    """Working days accumulated since 1990: ``cumulative[d]`` is the work done before day d (in full working days)."""

    cumulative: Floats

    def until(self, days: Days) -> Floats:
        """Return the work done before each day."""
        at = (np.asarray(days, dtype="datetime64[D]") - FIRST_DAY).astype(np.int64)
        if at.size and (at.min() < 0 or at.max() >= len(self.cumulative)):
            raise InputError("Dates of construction must lie between 1990 and 2080.")
        return np.asarray(self.cumulative[at])

    def day_of(self, work: Floats) -> Days:
        """Return the day on which an amount of work is reached."""
        at = np.searchsorted(self.cumulative, work, side="right") - 1
        return np.asarray(FIRST_DAY + np.minimum(at, len(self.cumulative) - 1).astype("timedelta64[D]"))


def work_calendar(winter_months: Sequence[int] = (), winter_share: float = 0.0) -> WorkCalendar:
    """Return the calendar of a place: work goes on in every month, in ``winter_months`` at ``winter_share`` of the usual pace (0 = stop)."""
    if not 0 <= winter_share <= 1 or any(m not in range(1, 13) for m in winter_months) or len(set(winter_months)) > 11:
        raise InputError("A winter stop needs months from 1 to 12, not all of them, and a share from 0 to 1.")
    days = np.arange(FIRST_DAY, LAST_DAY)
    month = days.astype("datetime64[M]").astype(np.int64) % 12 + 1
    pace = np.where(np.isin(month, list(winter_months)), winter_share, 1.0)
    return WorkCalendar(np.concatenate([[0.0], np.cumsum(pace)]))


def _curve(share: Floats, shape: str) -> Floats:
    """Progress as a function of the share of work time that has passed."""
    if shape not in SHAPES:
        raise InputError("The shape {shape} is not known; use one of {known}.", shape=shape, known=", ".join(SHAPES))
    return share if shape == "linear" else share * share * (3.0 - 2.0 * share)


def earned_share(
    start: Days, end: Days, at: np.datetime64 | Days, calendar: WorkCalendar, shape: str = "s_curve"
) -> Floats:
    """Return the share of a project's cost that is earned before a day: 0 at its start, 1 from its end on.

    Parameters
    ----------
    start, end : (projects,) first day of work and the day after the last; an extension is an ``end`` that lies later
    at : one day, or one a project
    """
    start, end = np.asarray(start, dtype="datetime64[D]"), np.asarray(end, dtype="datetime64[D]")
    if (end <= start).any():
        raise InputError("A project must end after it starts.")
    began, finished = calendar.until(start), calendar.until(end)
    now = calendar.until(np.clip(np.asarray(at, dtype="datetime64[D]"), start, end))
    work = finished - began
    # a project that lies within a full winter stop is built by the calendar day
    plain = (np.clip(np.asarray(at, dtype="datetime64[D]"), start, end) - start).astype(np.float64) / (
        end - start
    ).astype(np.float64)
    share = np.divide(now - began, work, out=plain.copy(), where=work > 0)
    return _curve(np.clip(share, 0.0, 1.0), shape)


def day_of_share(start: Days, end: Days, share: Floats, calendar: WorkCalendar, shape: str = "s_curve") -> Days:
    """Return the day on which each project has earned a share of its cost: the inverse of `earned_share`."""
    start, end = np.asarray(start, dtype="datetime64[D]"), np.asarray(end, dtype="datetime64[D]")
    share = np.clip(np.asarray(share, dtype=np.float64), 0.0, 1.0)
    if shape == "s_curve":  # 3u² − 2u³ = p has the closed inverse ½ − sin(asin(1 − 2p) / 3)
        share = 0.5 - np.sin(np.arcsin(1.0 - 2.0 * share) / 3.0)
    elif shape not in SHAPES:
        raise InputError("The shape {shape} is not known; use one of {known}.", shape=shape, known=", ".join(SHAPES))
    began, finished = calendar.until(start), calendar.until(end)
    day = calendar.day_of(began + share * (finished - began))
    return np.clip(day, start, end - np.timedelta64(1, "D"))


def earned_by_quarter(
    projects: pd.DataFrame,
    quarters: Sequence[str],
    calendars: Mapping[str, WorkCalendar],
    default: WorkCalendar | None = None,
    shape: str = "s_curve",
) -> pd.DataFrame:
    """Return the cost earned by project and quarter.

    Parameters
    ----------
    projects : ``project_id, cost_yuan, start, end`` and ``prefecture``, which chooses the calendar; rows without dates earn nothing and are left out
    quarters : for example ``["2023Q1", "2023Q2"]``, in order
    calendars : prefecture → calendar; ``default`` for the rest

    Returns
    -------
    DataFrame (projects × quarters) of yuan; the sum over all quarters of a project's life is its cost
    """
    periods = pd.PeriodIndex(list(quarters), freq="Q")
    edges = np.array(
        [*(p.start_time for p in periods), periods[-1].end_time + pd.Timedelta(1, "ns")], dtype="datetime64[D]"
    )
    known = projects.dropna(subset=["start", "end", "cost_yuan"])
    known = known[known["end"] > known["start"]]
    fallback = default or work_calendar()
    pieces = []
    for prefecture, own in known.groupby(known["prefecture"].fillna("")):
        calendar = calendars.get(str(prefecture), fallback)
        start, end = own["start"].to_numpy(dtype="datetime64[D]"), own["end"].to_numpy(dtype="datetime64[D]")
        shares = np.stack([earned_share(start, end, edge, calendar, shape) for edge in edges], axis=1)
        pieces.append(
            pd.DataFrame(
                np.diff(shares, axis=1) * own["cost_yuan"].to_numpy()[:, None],
                index=own["project_id"],
                columns=list(quarters),
            )
        )
    if not pieces:
        return pd.DataFrame(columns=list(quarters), dtype="float64")
    return pd.concat(pieces).reindex(known["project_id"])


def effective_end(projects: pd.DataFrame, on: np.datetime64 | None = None) -> pd.Series:
    """Return the day after a project's last day of work as far as it is known: actual end, else the extension, else the planned end.

    A cancelled project has none (it earns nothing); a suspended one keeps its planned end. With ``on``, a project that is still in progress although
    its end passed within the last year goes on until that day at least.
    """
    end = projects["actual_end"].fillna(projects["extended_to"]).fillna(projects["planned_end"])
    if on is not None:
        late = (projects["status"] == "in_progress") & projects["actual_end"].isna()
        late &= end >= pd.Timestamp(on) - pd.Timedelta(STALE_DAYS, "D")
        end = end.mask(late & (end < pd.Timestamp(on)), pd.Timestamp(on))
    return end.mask(projects["status"] == "cancelled") + pd.Timedelta(1, "D")


def settled_cost(projects: pd.DataFrame) -> tuple[pd.Series, float]:
    """Return each project's cost as settled, and the mean change at settlement (0.02 = +2%) of those that were.

    A project that is settled has its final cost; one that is not is expected to change as the settled ones did, all together.
    """
    contract, final = projects["total_cost_yuan"], projects["final_cost_yuan"]
    known = final.notna() & (final > 0)
    before = float(contract[known].sum())
    change = float(final[known].sum()) / before - 1.0 if before > 0 else 0.0
    return final.where(known, contract * (1.0 + change)), change


def productivity_by_year(known: Mapping[int, float], years: Sequence[int]) -> Floats:
    """Return output per person-year (yuan) by year: between known years by even growth, beyond them by the growth of the nearest two.

    Parameters
    ----------
    known : year → yuan a person-year, above 0; a single year holds for all
    """
    at = np.array(sorted(known), dtype=np.float64)
    logs = np.log([known[int(year)] for year in at]) if len(at) and min(known.values()) > 0 else np.empty(0)
    if not len(logs):
        raise InputError("Labour productivity must be positive.")
    wanted = np.asarray(years, dtype=np.float64)
    if len(at) == 1:
        return np.full(len(wanted), known[int(at[0])])
    piece = np.clip(np.searchsorted(at, wanted, side="right") - 1, 0, len(at) - 2)
    slope = np.diff(logs) / np.diff(at)
    return np.asarray(np.exp(logs[piece] + slope[piece] * (wanted - at[piece])))


def person_years(cost: Floats, productivity: Floats | float) -> Floats:
    """Return person-years behind a construction cost: cost ÷ output per person-year (yuan)."""
    productivity = np.asarray(productivity, dtype=np.float64)
    if not (productivity > 0).all():
        raise InputError("Labour productivity must be positive.")
    return np.asarray(np.asarray(cost, dtype=np.float64) / productivity)


def person_years_of_roster(person_days: Floats, working_days: float = 250.0) -> Floats:
    """Return person-years behind days on the roster (实名制台账)."""
    if not working_days > 0:
        raise InputError("A person-year needs a positive number of working days.")
    return np.asarray(np.asarray(person_days, dtype=np.float64) / working_days)
