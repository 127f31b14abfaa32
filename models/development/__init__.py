"""Development: what the years known so far will still cost, how uncertain that is, and how often such statements held.

A triangle is an array (origins, ages) of cumulative amounts or counts: a row an injury year (or project cohort), a column an age; NaN is the
future or a missing value, zero is zero. The latest known age of a row is where its reserve starts.

================================  ==========================================================================================
`triangle`                        a long frame of payments or valuations → cumulative array with labels
`developed_shares`                how much of the ultimate is known at each age
`chain_ladder`, `mack`            volume-weighted factors; the standard errors of Mack (1993, 1999)
`bornhuetter_ferguson`            prior ratio for what is not yet developed
`cape_cod`                        the ratio estimated from the triangle itself, with decay and trend
`frequency_severity`              ultimate counts times ultimate severities
`tail_factor`                     beyond the last age: exponential decay or inverse power
`discounted`                      present value of a reserve by its own payment pattern
`reserve_distribution`            the calibrated predictive distribution of the total reserve
`backtest`                        how often the bands held at past diagonals
================================  ==========================================================================================
"""

from models.development.distribution import (
    CALIBRATED,
    MACK_LOGNORMAL,
    Backtest,
    Calibration,
    ReserveDistribution,
    backtest,
    reserve_distribution,
)
from models.development.ladder import Mack, chain_ladder, developed_shares, mack
from models.development.methods import bornhuetter_ferguson, cape_cod, discounted, frequency_severity
from models.development.tails import TailFactor, tail_factor
from models.development.triangles import Projection, Triangle, triangle

__all__ = [
    "CALIBRATED",
    "MACK_LOGNORMAL",
    "Backtest",
    "Calibration",
    "Mack",
    "Projection",
    "ReserveDistribution",
    "TailFactor",
    "Triangle",
    "backtest",
    "bornhuetter_ferguson",
    "cape_cod",
    "chain_ladder",
    "developed_shares",
    "discounted",
    "frequency_severity",
    "mack",
    "reserve_distribution",
    "tail_factor",
    "triangle",
]
