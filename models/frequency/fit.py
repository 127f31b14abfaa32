"""Fitting a frequency model: rows to cells, cells to estimates, and what the reader must know of them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd

from models.frequency.cells import Cells, make_cells
from models.frequency.design import Design, Formula, learn, parse
from models.frequency.result import FrequencyFit
from models.frequency.scores import measures
from models.frequency.shared import shared_risk
from models.frequency.solve import Solution, negative_binomial, poisson
from models.messages import InputError, Message

FAMILIES = ("poisson", "negative-binomial")


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


def fit_frequency(
    rows: pd.DataFrame, formula: str, exposure: str, family: str = "poisson", unit: str | None = None
) -> FrequencyFit:
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
    unit : column of the unit, such as the contractor, whose rows share one risk (negative binomial only): α is then the variance between
        units, and standard errors know that the rows of a unit are not independent. Without it every row has a risk of its own

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
    if unit is not None and (family == "poisson" or unit in parsed.variables):
        raise InputError(
            "Units that share a risk need the negative binomial, and {column} must not be a term of the formula.",
            column=unit,
        )
    cells = make_cells(rows, parsed.variables, parsed.response, exposure, unit=unit)
    if not len(cells.hit):
        raise InputError(
            "Column {column} has no case in any row: a frequency cannot be fitted to nothing. Take more years or classes together.",
            column=parsed.response,
        )
    if family != "poisson" and (cells.hit_count != np.floor(cells.hit_count)).any():
        raise InputError("Column {column} must hold whole numbers for the negative binomial.", column=parsed.response)
    return fit_cells(cells, parsed, exposure, family, unit)


def fit_cells(cells: Cells, formula: Formula, exposure: str, family: str, unit: str | None = None) -> FrequencyFit:
    """Return the fit of checked cells (see :func:`fit_frequency`)."""
    design, x = learn(formula, cells)
    solve = poisson if family == "poisson" else negative_binomial if unit is None else shared_risk
    solution = solve(x, cells)
    names = [design.names[j] for j in design.keep]
    measured = measures(cells, solution.rate, solution.alpha)
    freedom = cells.units - len(names)
    notes = _notes(cells, design, family, solution)
    if freedom <= 0:
        notes.append(Message("There are as many coefficients as rows: the fit says nothing of the spread around it."))
    ratio = measured.pearson / freedom if freedom > 0 else 1.0
    alpha, log_error = solution.alpha, solution.log_alpha_error
    theta = 1.0 / alpha if alpha > 0.0 else math.inf

    def series(values: Any) -> pd.Series[float]:
        return pd.Series(values, index=names)

    return FrequencyFit(
        formula=formula,
        exposure=exposure,
        family=family,
        coefficients=series(solution.coefficients),
        standard_errors=series(np.sqrt(np.diag(solution.covariance))),
        covariance=pd.DataFrame(solution.covariance, index=names, columns=names),
        deviance=measured.deviance,
        log_likelihood=measured.log_likelihood,
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
        unit=unit,
    )
