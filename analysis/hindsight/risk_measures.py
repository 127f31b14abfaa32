"""Risk measures of a review: how deep, when, how bad in the tail, each with its Monte Carlo error."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from models import risk
from models.fund import QUARTERS
from models.messages import Message

Floats = NDArray[np.float64]

TAIL = 0.95

MEASURES = {
    "closing_mean": Message("Closing balance, mean"),
    "closing_p05": Message("Closing balance, 5%"),
    "closing_tail": Message("Closing balance, mean of the worst 5%"),
    "lowest_p05": Message("Lowest balance on the way, 5%"),
    "shortfall_mean": Message("Shortfall below the floor where it falls below, mean"),
    "shortfall_p95": Message("Shortfall below the floor, 95%"),
    "shortfall_tail": Message("Shortfall below the floor, mean of the worst 5%"),
}


def risk_table(balance: Floats, floor: Floats) -> pd.DataFrame:
    """Return ``measure, amount_yuan, error_yuan`` of balances (paths, quarters)."""
    closing, short = balance[:, -1], risk.shortfall(balance, floor)
    worst = risk.tail_value_at_risk(-closing, TAIL)
    found = {
        "closing_mean": risk.mean(closing),
        "closing_p05": risk.quantile(closing, 1 - TAIL),
        "closing_tail": risk.Estimate(-worst.value, worst.standard_error),
        "lowest_p05": risk.quantile(balance.min(axis=1), 1 - TAIL),
        "shortfall_mean": risk.mean_where(short, short > 0),
        "shortfall_p95": risk.quantile(short, TAIL),
        "shortfall_tail": risk.tail_value_at_risk(short, TAIL),
    }
    return pd.DataFrame(
        [{"measure": name, "amount_yuan": one.value, "error_yuan": one.standard_error} for name, one in found.items()]
    )


def exhaustion_table(balance: Floats, floor: Floats, first_year: int) -> pd.DataFrame:
    """Return ``period, falls, standard_error, fallen``: the probability of falling below the floor first in a year, and up to it."""
    step = risk.first_below(balance, floor)
    rows = []
    for i in range(balance.shape[1] // QUARTERS):
        falls = risk.mean((step // QUARTERS == i).astype(np.float64))
        rows.append({"period": str(first_year + i), "falls": falls.value, "standard_error": falls.standard_error})
    table = pd.DataFrame(rows)
    return table.assign(fallen=table["falls"].cumsum())
