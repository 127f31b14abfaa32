"""Risk early warning (人社部发〔2015〕72号 section 6): indicators with thresholds, now, ahead, and when they would have rung."""

from __future__ import annotations

import numpy as np
import pandas as pd

from analysis.assumptions import UsedParameters
from analysis.fund.history import History
from analysis.scenario import Scenario

LOOK_BACK, LOOK_AHEAD = 3, 3
STATES = ("calm", "amber", "red")


def state(value: float, amber: float, red: float) -> str:
    """Return ``calm``, ``amber`` or ``red``; thresholds that fall mean that less is worse. Not known: an empty text."""
    if np.isnan(value):
        return ""
    worse = value >= np.array([amber, red]) if red > amber else value <= np.array([amber, red])
    return STATES[int(worse.sum())]


def past_indicators(history: History, scenario: Scenario, parameters: UsedParameters) -> pd.DataFrame:
    """Return the indicators of every known year: ``period, indicator, value, state``; premium is exposure at the rate in force."""
    on = history.valuation_date
    rate, target = float(scenario.current_rate or 0.0), float(scenario.target_payable_months or 0.0)
    months = history.accounts.set_index("period")["payable_months"]
    premium, outgo = history.exposure * rate, history.outgo
    rows = []
    for i, year in enumerate(history.years):
        values = {
            "months_of_target": float(months.get(str(year), np.nan)) / target if target > 0 else np.nan,
            "outgo_ratio": float(outgo[i] / premium[i]),
            "growth_gap": _growth_gap(history.years, premium, outgo, i),
        }
        for name, value in values.items():
            amber, red = parameters.value(f"warning.{name}", on)
            rows.append({"period": str(year), "indicator": name, "value": value, "state": state(value, amber, red)})
    return pd.DataFrame(rows).dropna(subset=["value"]).reset_index(drop=True)


def _growth_gap(years: np.ndarray, premium: np.ndarray, outgo: np.ndarray, i: int) -> float:
    """Yearly growth of outgo less that of premium since about three years ago."""
    earlier = np.flatnonzero(years <= years[i] - LOOK_BACK)
    if not len(earlier):
        return float("nan")
    j = int(earlier[-1])
    span = float(years[i] - years[j])
    return float((outgo[i] / outgo[j]) ** (1 / span) - (premium[i] / premium[j]) ** (1 / span))


def outlook(fund: pd.DataFrame, scenario: Scenario, parameters: UsedParameters, history: History) -> pd.DataFrame:
    """Return the forward indicators: probability of falling below the floor within three years, and payable months of the median path then."""
    on, target = history.valuation_date, float(scenario.target_payable_months or 0.0)
    at = fund.iloc[min(LOOK_AHEAD, len(fund)) - 1]
    values = {"probability": float(at["probability_below_floor"])}
    if target > 0:
        values["months_of_target"] = float(at["payable_months_p50"]) / target
    rows = []
    for name, value in values.items():
        amber, red = parameters.value(f"warning.{name}", on)
        rows.append({"period": str(at["period"]), "indicator": name, "value": value, "state": state(value, amber, red)})
    return pd.DataFrame(rows)


def by_prefecture(history: History, scenario: Scenario, parameters: UsedParameters) -> pd.DataFrame:
    """Return the indicators that a prefecture has of its own, for its last two years: ``prefecture, period, indicator, value, state``.

    The balance is pooled by the region, so that payable months are the fund's alone. Empty where the experience knows no prefectures.
    """
    rows = history.experience
    if rows is None or rows["prefecture"].isna().all():
        return pd.DataFrame(columns=["prefecture", "period", "indicator", "value", "state"])
    on, rate = history.valuation_date, float(scenario.current_rate or 0.0)
    paid = rows["paid_yuan"].fillna(rows["incurred_yuan"])
    yearly = rows.assign(outgo=paid).groupby(["prefecture", "year"])[["exposure_yuan", "outgo"]].sum().reset_index()
    found = []
    for prefecture, own in yearly.groupby("prefecture"):
        known = own[(own["exposure_yuan"] > 0) & (own["outgo"] > 0)]
        years, premium, outgo = (known[c].to_numpy() for c in ("year", "exposure_yuan", "outgo"))
        premium = premium * rate
        for i in range(max(len(known) - 2, 0), len(known)):
            values = {"outgo_ratio": float(outgo[i] / premium[i]), "growth_gap": _growth_gap(years, premium, outgo, i)}
            for name, value in values.items():
                amber, red = parameters.value(f"warning.{name}", on)
                if not np.isnan(value):
                    found.append(
                        {"prefecture": str(prefecture), "period": str(years[i]), "indicator": name, "value": value, "state": state(value, amber, red)}
                    )  # fmt: skip
    return pd.DataFrame(found, columns=["prefecture", "period", "indicator", "value", "state"])


def first_alarm(past: pd.DataFrame) -> pd.DataFrame:
    """Return when each indicator first rang, and how long before the event: ``indicator, amber, red, event, lead_years``.

    The event is the first year in which the outgo exceeded the premium (`outgo_ratio` above 1); ``lead_years`` counts from the first amber to it,
    negative where it rang too late. — and missing where it never was.
    """
    readings: dict[str, list[tuple[str, str]]] = {}
    event = "—"
    for period, name, value, now in past.itertuples(index=False):
        readings.setdefault(name, []).append((str(period), now))
        if event == "—" and name == "outgo_ratio" and value > 1.0:
            event = str(period)
    rows = []
    for name, own in readings.items():
        first = {
            s: next((period for period, now in own if now in STATES[STATES.index(s) :]), "—") for s in ("amber", "red")
        }
        lead = int(event) - int(first["amber"]) if "—" not in (event, first["amber"]) else None
        rows.append({"indicator": name, **first, "event": event, "lead_years": lead})
    return pd.DataFrame(rows).astype({"lead_years": "Int64"}) if rows else pd.DataFrame(rows)
