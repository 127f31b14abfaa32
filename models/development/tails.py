"""The tail: development beyond the last age, extrapolated from the factors.

Sources: McClenahan (1975) for exponential decay; Sherman (1984), Extrapolating, smoothing and interpolating development factors, PCAS 71, for the
inverse power curve.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from models.development.triangles import Floats
from models.messages import InputError, Message

CURVES = {"exponential": Message("exponential decay"), "inverse power": Message("inverse power")}
HORIZON = 30
"""Ages beyond the last that still develop; an inverse power never ends of itself."""


@dataclass(frozen=True)
class TailFactor:
    """``factor`` beyond the last age; its ``factors`` age by age (horizon,); ``standard_error`` of the factor from the regression; ``curve`` chosen,
    with ``level`` and ``slope`` of ln(factor − 1); ``errors`` residual standard deviation of each curve tried; ``notes`` what to know."""

    factor: float
    factors: Floats
    standard_error: float
    curve: str
    level: float
    slope: float
    errors: dict[str, float]
    notes: tuple[Message, ...]


def tail_factor(factors: ArrayLike, *, curve: str | None = None, horizon: int = HORIZON) -> TailFactor:
    """Return the tail after the given age-to-age factors.

    ln(fₖ − 1) is a straight line in k (exponential decay) or in ln k (inverse power), k = 1, 2, …; the curve with the smaller residuals is
    chosen unless one is named. Factors not above one carry no logarithm and are left out.

    Parameters
    ----------
    factors : (ages − 1,) age-to-age factors
    curve : "exponential", "inverse power", or the better of both
    horizon : ages beyond the last that still develop
    """
    found = np.asarray(factors, dtype=np.float64)
    if curve is not None and curve not in CURVES:
        raise InputError("The curve of a tail is exponential or inverse power, not {curve}.", curve=curve)
    if found.ndim != 1 or horizon < 1:
        raise InputError("A tail needs a row of age-to-age factors and a horizon of at least one age.")
    age = np.arange(1.0, len(found) + 1.0)
    above = np.nan_to_num(found, nan=0.0, posinf=0.0) > 1.0
    if above.sum() < 3:
        raise InputError("A tail needs at least three factors above one; there are {count}.", count=int(above.sum()))
    beyond = np.arange(len(found) + 1.0, len(found) + 1.0 + horizon)
    target = np.log(found[above] - 1.0)
    fits = {name: _line(_scale(name, age[above]), target) for name in ([curve] if curve else CURVES)}
    # of curves that fit equally well the first, which ends sooner
    best = min(fits, key=lambda name: round(fits[name][2], 12))
    (level, slope), covariance, _ = fits[best]
    if slope >= 0.0:
        raise InputError("The factors do not fall with age: no tail can be read from them. Give the tail as a number.")
    x = _scale(best, beyond)
    excess = np.exp(level + slope * x)
    steps = 1.0 + excess
    factor = float(np.prod(steps))
    gradient = factor * np.array([(excess / steps).sum(), (excess / steps * x).sum()])
    notes = [
        Message(
            "The tail factor {factor:number.4} beyond age {age} follows the curve {curve}, fitted on {count} factors.",
            {"factor": factor, "age": len(found) + 1, "curve": CURVES[best], "count": int(above.sum())},
        )
    ]
    if not above.all():
        notes.append(
            Message("{count} factors not above one were left out of the tail.", {"count": int((~above).sum())})
        )
    return TailFactor(
        factor,
        steps,
        float(np.sqrt(gradient @ covariance @ gradient)),
        best,
        float(level),
        float(slope),
        {name: fit[2] for name, fit in fits.items()},
        tuple(notes),
    )


def _scale(curve: str, age: Floats) -> Floats:
    return age if curve == "exponential" else np.log(age)


def _line(x: Floats, y: Floats) -> tuple[Floats, Floats, float]:
    """Return (level, slope), their covariance, and the residual standard deviation of a least-squares line."""
    design = np.column_stack([np.ones_like(x), x])
    inverse = np.linalg.inv(design.T @ design)
    line = inverse @ design.T @ y
    variance = float(((y - design @ line) ** 2).sum() / (len(x) - 2))
    return line, inverse * variance, float(np.sqrt(variance))
