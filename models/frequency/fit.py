"""The fitted frequency model: estimates, their errors, and what is said of them."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import xlogy

from models.frequency.cells import Cells, Floats, grouping, make_cells, numbers
from models.frequency.design import Design, Formula, learn, parse
from models.frequency.solve import Solution, negative_binomial, poisson
from models.messages import InputError, Message

FAMILIES = ("poisson", "negative-binomial")


@dataclass(frozen=True)
class FrequencyFit:
    """A fitted model of claim counts: log(expected cases) = log(exposure) + terms of the formula.

    Attributes
    ----------
    formula, exposure, family : as asked for
    coefficients, standard_errors : Series by column name, of the columns that the data can tell apart
    covariance : frame of the same columns
    deviance, log_likelihood : of the rows, not the cells
    pearson_dispersion : sum of squared Pearson residuals of the rows / degrees of freedom; 1 where the family's variance holds
    dispersion : the parameter of the variance. Poisson: variance / mean, = ``pearson_dispersion``. Negative binomial: alpha in
        mean + alpha mean², the variance of the risk between rows, = 1 / theta
    dispersion_error : standard error of alpha; 0 for Poisson
    theta, theta_standard_error : 1 / alpha and its standard error; infinite where the rows are Poisson
    aliased : names of columns without a coefficient, because the data cannot tell them from those before
    notes : what the reader must know
    degrees_of_freedom : rows with exposure − coefficients
    """

    formula: str
    exposure: str
    family: str
    coefficients: pd.Series[float]
    standard_errors: pd.Series[float]
    covariance: pd.DataFrame
    deviance: float
    log_likelihood: float
    pearson_dispersion: float
    dispersion: float
    dispersion_error: float
    theta: float
    theta_standard_error: float
    aliased: tuple[str, ...]
    notes: tuple[Message, ...]
    degrees_of_freedom: int
    design: Design = field(repr=False)
    cells: Cells = field(repr=False)
    rate: Floats = field(repr=False)

    @property
    def alpha(self) -> float:
        """Return alpha of the variance mean + alpha mean²; 0 for Poisson."""
        return 0.0 if self.family == "poisson" else self.dispersion

    @property
    def aic(self) -> float:
        """Return Akaike's criterion, −2 log-likelihood + 2 parameters."""
        return 2.0 * (len(self.coefficients) + (self.family != "poisson")) - 2.0 * self.log_likelihood

    @cached_property
    def fitted(self) -> Floats:
        """Return the expected cases of each fitted row (rows with exposure, in their order)."""
        return self.cells.exposure * self.rate[self.cells.code]

    def predict(self, rows: pd.DataFrame) -> pd.Series[float]:
        """Return the expected cases of rows, by their index.

        Parameters
        ----------
        rows : with the columns of the formula's right side and the exposure; counts are not needed

        Raises
        ------
        InputError : a level that the fit has not seen, a combination on which the data are silent, a missing value or exposure
        """
        exposed = numbers(rows, self.exposure)
        for name in self.design.variables:
            if name not in rows:
                raise InputError(
                    "The formula asks for column {column}; the rows have {columns}.",
                    column=name,
                    columns=", ".join(map(str, rows)),
                )
        if not len(rows):
            return pd.Series(np.empty(0), index=rows.index, name="expected")
        values, code = grouping(rows, self.design.variables)
        rate = np.exp(self.design.matrix(values) @ self.coefficients.to_numpy())
        return pd.Series(exposed * rate[code], index=rows.index, name="expected")


def deviance(count: Floats, mean: Floats, alpha: float) -> Floats:
    """Return the deviance of each row, 2 (log-likelihood of a perfect fit − of this one); ``alpha`` 0 = Poisson."""
    perfect = xlogy(count, count / mean)
    if alpha == 0.0:
        rows: Floats = 2.0 * (perfect - (count - mean))
    else:
        rows = 2.0 * (perfect - (count + 1.0 / alpha) * np.log1p(alpha * (count - mean) / (1.0 + alpha * mean)))
    return np.maximum(rows, 0.0)


def _measures(cells: Cells, rate: Floats, alpha: float) -> tuple[float, float, float]:
    """Return deviance, log-likelihood and Pearson's statistic of the rows; for Poisson from sums over the few rows with cases."""
    hit, count = cells.hit, cells.hit_count
    exposure = cells.exposure[hit]
    hit_rate = rate[cells.code[hit]]
    if alpha == 0.0:
        total = float(cells.cell_exposure @ rate)
        claims = float(count.sum())
        log_mean = np.log(exposure * hit_rate)
        likelihood = float(count @ log_mean) - total - cells.log_factorials
        perfect = float(count @ np.log(count)) - claims - cells.log_factorials
        pearson = float((count**2 / (exposure * hit_rate)).sum()) - 2.0 * claims + total
        return max(2.0 * (perfect - likelihood), 0.0), likelihood, pearson
    mean = cells.exposure * rate[cells.code]
    below = np.arange(int(count.max()))
    above = np.cumsum(np.bincount(count.astype(np.int64))[::-1])[::-1][1:]
    likelihood = float(above @ np.log1p(alpha * below) + count @ np.log(mean[hit]) - cells.log_factorials)
    likelihood -= float(((cells.count + 1.0 / alpha) * np.log1p(alpha * mean)).sum())
    pearson = float(((cells.count - mean) ** 2 / (mean * (1.0 + alpha * mean))).sum())
    return float(deviance(cells.count, mean, alpha).sum()), likelihood, pearson


def _notes(cells: Cells, design: Design, family: str, solution: Solution) -> list[Message]:
    notes: list[Message] = []
    if cells.left_out:
        notes.append(Message("{count} rows without exposure were left out.", {"count": cells.left_out}))
    for column, weights in zip(design.drop, design.alias.T, strict=True):
        others = [design.names[design.keep[j]] for j in np.flatnonzero(weights)]
        if others:
            notes.append(
                Message(
                    "The data cannot tell {level} from {others}: it has no coefficient of its own (aliased).",
                    {"level": design.names[column], "others": ", ".join(others)},
                )
            )
        else:
            notes.append(Message("No row varies in {level}: it has no coefficient.", {"level": design.names[column]}))
    for name, levels in design.levels.items():
        claims = cells.cell_count
        silent = [str(level) for level in levels if claims[(cells.values[name] == level).to_numpy()].sum() == 0.0]
        if silent:
            notes.append(
                Message(
                    "{column}: no cases at {levels}; its frequency is estimated as almost 0 and its standard error says nothing.",
                    {"column": name, "levels": ", ".join(silent)},
                )
            )
    if family != "poisson" and solution.alpha == 0.0:
        notes.append(
            Message("The counts vary no more than Poisson counts do: alpha is 0 and the fit is the Poisson fit.")
        )
    return notes


def fit_frequency(rows: pd.DataFrame, formula: str, exposure: str, family: str = "poisson") -> FrequencyFit:
    """Fit claim counts by rating variables, with the logarithm of exposure as offset.

    Rows are first grouped into cells that share all rating variables: sums over cells give the same estimates and standard errors as
    rows do (exactly, for Poisson; the negative binomial keeps the rows' own likelihood), in a fraction of the time.

    Parameters
    ----------
    rows : one row an observation: a contractor-year, a mine-year, a project-quarter
    formula : ``"cases ~ C(project_type) + prefecture + year"``: the column of counts, then terms; splines ``bs``, ``cr``; an ordered
        categorical column gets polynomial contrasts unless ``C(x, Treatment)`` says otherwise
    exposure : column, 0 or more, in any unit
    family : ``"poisson"`` or ``"negative-binomial"``

    Returns
    -------
    FrequencyFit

    Raises
    ------
    InputError : a column, value or case is missing, or nothing can be estimated; says which
    """
    if family not in FAMILIES:
        raise InputError(
            "The family {family} is not known; use {families}.", family=family, families=" / ".join(FAMILIES)
        )
    parsed = parse(formula, rows)
    if exposure in parsed.variables:
        raise InputError("Column {column} is the exposure and cannot also be a rating variable.", column=exposure)
    cells = make_cells(rows, parsed.variables, parsed.response, exposure)
    if not len(cells.hit):
        raise InputError(
            "Column {column} has no case in any row: a frequency cannot be fitted to nothing. Take more years or classes together.",
            column=parsed.response,
        )
    if family != "poisson" and (cells.hit_count != np.floor(cells.hit_count)).any():
        raise InputError("Column {column} must hold whole numbers for the negative binomial.", column=parsed.response)
    return fit_cells(cells, rows, parsed, exposure, family)


def fit_cells(cells: Cells, rows: pd.DataFrame, formula: Formula, exposure: str, family: str) -> FrequencyFit:
    """Return the fit of checked cells (see :func:`fit_frequency`); ``rows`` serve only for what a spline learns from."""
    design, x = learn(formula, rows, cells.values)
    solution = (poisson if family == "poisson" else negative_binomial)(x, cells)
    names = [design.names[j] for j in design.keep]
    spread, likelihood, pearson = _measures(cells, solution.rate, solution.alpha)
    freedom = cells.rows - len(names)
    notes = _notes(cells, design, family, solution)
    if freedom <= 0:
        notes.append(Message("There are as many coefficients as rows: the fit says nothing of the spread around it."))
    ratio = pearson / freedom if freedom > 0 else 1.0
    alpha, log_error = solution.alpha, solution.log_alpha_error
    theta = 1.0 / alpha if alpha > 0.0 else math.inf

    def series(values: Any) -> pd.Series[float]:
        return pd.Series(values, index=names)

    return FrequencyFit(
        formula=formula.text,
        exposure=exposure,
        family=family,
        coefficients=series(solution.coefficients),
        standard_errors=series(np.sqrt(np.diag(solution.covariance))),
        covariance=pd.DataFrame(solution.covariance, index=names, columns=names),
        deviance=spread,
        log_likelihood=likelihood,
        pearson_dispersion=ratio,
        dispersion=ratio if family == "poisson" else alpha,
        dispersion_error=alpha * log_error,
        theta=theta,
        theta_standard_error=theta * log_error if alpha > 0.0 else math.inf,
        aliased=tuple(design.names[j] for j in design.drop),
        notes=tuple(notes),
        degrees_of_freedom=freedom,
        design=design,
        cells=cells,
        rate=solution.rate,
    )
