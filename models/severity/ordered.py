"""How project type, age … shift the grade of a case: proportional odds, all factors together.

The odds of a graver grade are multiplied by the same factor at every threshold:  logit P(grade ≤ g) = θ_g + x·β, grade 1 the gravest.

Source: McCullagh (1980), Regression models for ordinal data, Journal of the Royal Statistical Society B 42.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit, xlogy
from scipy.stats import chi2, norm

from models.messages import InputError
from models.severity.trend import check_level

Floats = NDArray[np.float64]
ITERATIONS = 100
TOLERANCE = 1e-10
LEAST_CASES = 5
"""Levels with fewer graded cases are taken together with the base level: they would have no finite odds."""


@dataclass(frozen=True)
class GradeOdds:
    """A fitted model.

    ``odds``: ``variable, level, cases, odds, low, high, base``: odds of a graver grade relative to the level with most cases; ``terms``: ``term,
    degrees_of_freedom, statistic, p_value`` (Wald), and last ``proportional_odds`` against a multinomial mix of each cell's own (likelihood ratio);
    ``thresholds`` (observed grades − 1,) θ at the base levels; ``log_likelihood``.
    """

    odds: pd.DataFrame
    terms: pd.DataFrame
    thresholds: Floats
    log_likelihood: float


def grade_odds(grade: ArrayLike, factors: Mapping[str, ArrayLike], *, level: float = 0.9) -> GradeOdds:
    """Fit proportional odds of graver grades by maximum likelihood.

    Parameters
    ----------
    grade : (cases,) 1–10; 0 = not graded, left out
    factors : name → (cases,) labels
    level : of the intervals

    Raises
    ------
    InputError : fewer than two grades, or no factor with two levels of five graded cases each
    """
    check_level(level)
    given = np.asarray(grade, dtype=np.int64)
    known = given > 0
    grades, reached = np.unique(given[known], return_inverse=True)
    if len(grades) < 2:
        raise InputError("The cases have fewer than two grades: what shifts the grade cannot be told.")
    names: list[tuple[str, str]] = []
    columns: list[NDArray[np.bool_]] = []
    bases: dict[str, str] = {}
    sizes: dict[tuple[str, str], int] = {}
    for name, labels in factors.items():
        own = np.asarray(labels, dtype=object)[known].astype(str)
        count = pd.Series(own).value_counts()
        bases[name] = str(count.index[0])
        sizes |= {(name, str(one)): int(n) for one, n in count.items()}
        for one in sorted(count.index[(count >= LEAST_CASES) & (count.index != bases[name])]):
            names.append((name, str(one)))
            columns.append(own == one)
    if not names:
        raise InputError("No factor has two levels with {least} graded cases each: what shifts the grade cannot be told.", least=LEAST_CASES)  # fmt: skip
    x, cell = np.unique(np.column_stack(columns), axis=0, return_inverse=True)
    counts = np.zeros((len(x), len(grades)))
    np.add.at(counts, (cell.ravel(), reached), 1.0)
    parameters, information, likelihood = _fit(x.astype(np.float64), counts)
    cuts = len(grades) - 1
    b, covariance = parameters[cuts:], np.linalg.inv(information)[cuts:, cuts:]
    reach = norm.ppf(0.5 + level / 2) * np.sqrt(np.diag(covariance))
    rows = [(*at, sizes[at], *np.exp((m, m - r, m + r)), False) for at, m, r in zip(names, b, reach, strict=True)]
    rows += [(name, base, sizes[name, base], 1.0, 1.0, 1.0, True) for name, base in bases.items() if any(n == name for n, _ in names)]  # fmt: skip
    odds = pd.DataFrame(rows, columns=["variable", "level", "cases", "odds", "low", "high", "base"])
    terms = []
    for name in dict.fromkeys(n for n, _ in names):
        own_columns = np.flatnonzero([n == name for n, _ in names])
        part = b[own_columns]
        statistic = float(part @ np.linalg.solve(covariance[np.ix_(own_columns, own_columns)], part))
        terms.append((name, len(part), statistic, float(chi2.sf(statistic, len(part)))))
    by_cell = counts.sum(axis=1, keepdims=True)
    excess = 2.0 * (float(xlogy(counts, counts / by_cell).sum()) - likelihood)
    freedom = len(x) * cuts - len(parameters)
    if freedom > 0:
        terms.append(("proportional_odds", freedom, excess, float(chi2.sf(excess, freedom))))
    return GradeOdds(
        odds.sort_values(["variable", "level"], ignore_index=True),
        pd.DataFrame(terms, columns=["term", "degrees_of_freedom", "statistic", "p_value"]),
        parameters[:cuts],
        likelihood,
    )


def _fit(x: Floats, counts: Floats) -> tuple[Floats, Floats, float]:
    """Return thresholds and coefficients, their Fisher information and the log-likelihood, by scoring from the mix of all."""
    cells, cuts = len(x), counts.shape[1] - 1
    size = counts.sum(axis=1)
    passed = np.cumsum(counts.sum(axis=0))[:-1] / size.sum()
    parameters = np.concatenate([np.log(passed / (1.0 - passed)), np.zeros(x.shape[1])])

    def look(p: Floats) -> tuple[float, Floats, Floats]:
        below = expit(p[:cuts] + (x @ p[cuts:])[:, None])
        chance = np.diff(below, axis=1, prepend=0.0, append=1.0)
        if not (chance > 0.0).all():
            return -np.inf, p, np.empty(0)
        steep = below * (1.0 - below)
        by_cut = np.zeros((cells, cuts + 1, cuts))  # of each chance by each threshold
        at = np.arange(cuts)
        by_cut[:, at, at], by_cut[:, at + 1, at] = steep, -steep
        slope = np.concatenate([by_cut, by_cut.sum(axis=2)[:, :, None] * x[:, None, :]], axis=2)
        gradient = np.einsum("cg,cgp->p", counts / chance, slope)
        information = np.einsum("cg,cgp,cgq->pq", size[:, None] / chance, slope, slope, optimize=True)
        return float(xlogy(counts, chance).sum()), gradient, information

    likelihood, gradient, information = look(parameters)
    for _ in range(ITERATIONS):
        step = np.linalg.solve(information, gradient)
        then = look(parameters + step)
        while not then[0] >= likelihood - TOLERANCE * abs(likelihood):
            step = step / 2.0
            then = look(parameters + step)
        parameters, rise = parameters + step, then[0] - likelihood
        likelihood, gradient, information = then
        if rise <= TOLERANCE * abs(likelihood):
            return parameters, information, likelihood
    raise InputError("What shifts the grade cannot be told: too few cases of some grade.")
