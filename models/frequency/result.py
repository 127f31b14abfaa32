"""The fitted frequency model: estimates, their errors, and the tables and tests that a review reads from them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import chi2, norm

from models.frequency.cells import Cells, Floats, grouping, make_cells, numbers, summed
from models.frequency.design import Design, Formula
from models.frequency.scores import count_interval, measures
from models.frequency.solve import poisson
from models.messages import InputError, Message

MAX_LOG = 700.0  # exp of more overflows
RELATIVITY_COLUMNS = (
    "variable", "level", "exposure", "cases", "frequency", "relativity", "low", "high", "standard_error", "aliased", "base",
)  # fmt: skip


@dataclass(frozen=True)
class Test:
    """A test: its ``statistic`` and ``p_value``."""

    __test__ = False  # not for pytest

    statistic: float
    p_value: float


@dataclass(frozen=True)
class ZeroTest(Test):
    """A test of too many zeros: rows (units, where they share a risk) without a case ``observed`` and ``expected``."""

    observed: int
    expected: float


@dataclass(frozen=True)
class Trend:
    """Average ``change`` of frequency a step (0.03 = +3%), with its interval."""

    change: float
    low: float
    high: float


@dataclass(frozen=True)
class FrequencyFit:
    """A fitted model of claim counts: log(expected cases) = log(exposure) + terms of the formula.

    Attributes
    ----------
    formula, exposure, family : as asked for; ``formula.text``, ``formula.response``
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
    degrees_of_freedom : rows with exposure − coefficients; units − coefficients where units share a risk, and Pearson's statistic, the deviance and
        the tests are then those of the units' totals
    unit : column of the units that share a risk, or None
    """

    formula: Formula
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
    unit: str | None = None

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

    def knows(self, rows: pd.DataFrame) -> NDArray[np.bool_]:
        """Return (rows,) bool: whether :meth:`predict` has an answer for a row."""
        values, code = grouping(rows, self.design.variables)
        return self.design.known(values)[code]

    @property
    def spread(self) -> float:
        """Return the factor on the variance of a Poisson fit that Pearson's statistic asks for, at least 1; 1 for negative binomial."""
        return max(self.pearson_dispersion, 1.0) if self.family == "poisson" else 1.0

    def _contrast(self, to: pd.DataFrame, base: pd.DataFrame) -> tuple[Floats, Floats, NDArray[np.bool_]]:
        """Return (rows,) logarithm of the ratio of frequencies, its standard error (overdispersion included), and whether the data tell it."""
        contrast = self.design.full(to) - self.design.full(base)
        kept = contrast[:, self.design.keep]
        variance = ((kept @ self.covariance.to_numpy()) * kept).sum(axis=1)
        error = np.sqrt(np.maximum(variance, 0.0) * self.spread)
        return kept @ self.coefficients.to_numpy(), error, self.design.estimable(contrast)

    def effect(self, variable: str, values: Sequence[Any], base: Any, level: float = 0.95) -> pd.DataFrame:
        """Return the frequency at the values of a variable relative to that at ``base``, other variables as in the most exposed cell.

        Parameters
        ----------
        variable : column of the formula, categorical or not
        values : of the variable
        base : value whose relativity is 1
        level : of the intervals

        Returns
        -------
        DataFrame : a row a value: ``relativity, low, high, standard_error`` (of its logarithm), ``aliased``: the data do not tell this
            relativity; it holds with the coefficient of the aliased column as 0. Intervals allow for overdispersion (``spread``).
        """
        if variable not in self.design.variables:
            raise InputError(
                "Column {column} is not in the formula {formula}.", column=variable, formula=self.formula.text
            )
        if not 0.0 < level < 1.0:
            raise InputError("The level of an interval must lie between 0 and 1, not {level}.", level=level)
        cells = self.cells.values
        reference = cells.iloc[[int(self.cells.cell_exposure.argmax())]]
        kind = cells[variable].dtype

        def at(chosen: Sequence[Any]) -> pd.DataFrame:
            column = pd.Series(list(chosen), dtype=kind if isinstance(kind, pd.CategoricalDtype) else None)
            return reference.iloc[np.zeros(len(column), dtype=int)].reset_index(drop=True).assign(**{variable: column})

        logarithm, error, told = self._contrast(at(values), at([base] * len(values)))
        reach = norm.ppf(0.5 + level / 2.0) * error
        return pd.DataFrame(
            {
                "relativity": np.exp(logarithm),
                "low": np.exp(np.maximum(logarithm - reach, -MAX_LOG)),
                "high": np.exp(np.minimum(logarithm + reach, MAX_LOG)),
                "standard_error": error,
                "aliased": ~told,
            },
            index=pd.Index(values, name=variable),
        )

    def relativities(self, level: float = 0.95) -> pd.DataFrame:
        """Return the relativity of every level of every categorical variable to its most exposed level that has cases.

        Returns
        -------
        DataFrame : ``variable, level, exposure, cases, frequency, relativity, low, high, standard_error, base, aliased``. At a level
            without cases the upper bound is the exact one of a Poisson count of 0, the lower bound 0.
        """
        parts = []
        for name, levels in self.design.levels.items():
            where = [(self.cells.values[name] == value).to_numpy() for value in levels]
            exposure = np.array([self.cells.cell_exposure[w].sum() for w in where])
            cases = np.array([self.cells.cell_count[w].sum() for w in where])
            base = int(np.where(cases > 0.0, exposure, -1.0).argmax())
            part = self.effect(name, levels, levels[base], level)
            for i in np.flatnonzero(cases == 0.0):
                expected = self.cells.cell_exposure[where[i]] @ self.rate[where[i]] / part["relativity"].iloc[i]
                part.iloc[int(i), :3] = (0.0, 0.0, -np.log(0.5 - level / 2.0) / expected)
            part.insert(0, "variable", name)
            part.insert(1, "level", list(levels))
            part.insert(2, "exposure", exposure)
            part.insert(3, "cases", cases)
            part.insert(4, "frequency", cases / exposure)
            part["base"] = np.arange(len(levels)) == base
            parts.append(part.astype({"level": object}))
        return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=list(RELATIVITY_COLUMNS))

    def trend(self, variable: str = "year", level: float = 0.95) -> Trend:
        """Return the average change of frequency for one step of a variable of numbers, from its least to its greatest value in the rows.

        The variable may be a straight line, a spline, or ``C(year)``; other variables are held.
        """
        if variable not in self.design.variables:
            raise InputError(
                "Column {column} is not in the formula {formula}.", column=variable, formula=self.formula.text
            )
        values = self.cells.values[variable]
        try:
            least, greatest = values.astype(np.float64).agg(["min", "max"])
        except (TypeError, ValueError):
            raise InputError("Column {column} must hold numbers.", column=variable) from None
        if least == greatest:
            raise InputError("Column {column} has one value only: there is no trend.", column=variable)
        ends = self.effect(variable, [values.max()], values.min(), level)
        step = np.log(ends[["relativity", "low", "high"]].iloc[0].to_numpy(dtype=np.float64)) / (greatest - least)
        change, low, high = np.expm1(step)
        return Trend(float(change), float(low), float(high))

    def overdispersion_test(self) -> Test:
        """Test Poisson against a greater variance.

        A Poisson fit: Dean and Lawless's (1989) score test, Σ((y − mean)² − y) / √(2 Σ mean²), normal, one-sided. A negative binomial fit:
        likelihood ratio against Poisson, half a chi-squared of one degree because alpha lies on its boundary.
        """
        if self.family == "poisson":
            excess = float(((self.cells.count - self.fitted) ** 2 - self.cells.count).sum())
            statistic = excess / math.sqrt(2.0 * float((self.fitted**2).sum()))
            return Test(statistic, float(norm.sf(statistic)))
        rate = poisson(self.design.matrix(self.cells.values), self.cells).rate
        ratio = max(2.0 * (self.log_likelihood - measures(self.cells, rate, 0.0).log_likelihood), 0.0)
        return Test(ratio, float(0.5 * chi2.sf(ratio, 1)) if ratio > 0.0 else 1.0)

    def zero_inflation_test(self) -> ZeroTest:
        """Compare the rows (units) without a case with how many the model expects; normal, one-sided, allowing for the estimated coefficients.

        Unlike the score test of van den Broek (1995) it stays bounded where some rows expect many cases.
        """
        mean, alpha = self.cells.by_unit(self.fitted), self.alpha
        if alpha == 0.0:
            none = np.exp(-mean)
            slope, log_alpha_slope = none, 0.0
        else:
            swell = 1.0 + alpha * mean
            none = np.exp(-np.log1p(alpha * mean) / alpha)
            slope = none / swell
            log_alpha_slope = float((none * (np.log1p(alpha * mean) / alpha - mean / swell)).sum())
        of_rows = self.fitted * (slope if self.cells.unit is None else slope[self.cells.unit])
        gradient = self.design.matrix(self.cells.values).T @ self.cells.total(of_rows)
        variance = float((none * (1.0 - none)).sum()) - float(gradient @ self.covariance.to_numpy() @ gradient)
        variance -= (log_alpha_slope * self.dispersion_error / alpha) ** 2 if alpha > 0.0 else 0.0
        observed, expected = int((self.cells.unit_count == 0.0).sum()), float(none.sum())
        statistic = (observed - expected) / math.sqrt(max(variance, 1e-9))
        return ZeroTest(statistic, float(norm.sf(statistic)), observed, expected)

    def actual_against_expected(self, rows: pd.DataFrame, by: str | Sequence[str], level: float = 0.9) -> pd.DataFrame:
        """Compare cases with those expected, by any columns of the rows, whether in the formula or not.

        Where units share a risk the expectation includes what the fit has learnt of each unit, else large units would decide the comparison.

        Returns
        -------
        DataFrame : indexed by the values of ``by``, in order: ``exposure, actual, expected, ratio`` (actual / expected), ``low, high``: where the
            actual number lies with probability ``level`` if the model holds, ``standardised`` (actual − expected) / standard deviation.
            Rows without exposure are left out; rows without a value of ``by`` are a group.
        """
        columns = [by] if isinstance(by, str) else list(by)
        for name in (*columns, self.formula.response):
            if name not in rows:
                raise InputError(
                    "The rows have no column {column}; they have {columns}.",
                    column=name,
                    columns=", ".join(map(str, rows)),
                )
        groups = make_cells(rows, columns, self.formula.response, self.exposure, missing=True)
        there = rows[numbers(rows, self.exposure) > 0.0]
        risk, left = self.risk_of(there)
        mean: Floats = np.asarray(self.predict(there), dtype=np.float64) * risk
        expected = groups.total(mean)
        variance = expected * self.spread + self.risk_variance(there, mean, left, groups.code, len(expected))
        low, high = count_interval(expected, variance, level)
        table = groups.values.assign(
            exposure=groups.cell_exposure,
            actual=groups.cell_count,
            expected=expected,
            ratio=groups.cell_count / expected,
            low=low,
            high=high,
            standardised=(groups.cell_count - expected) / np.sqrt(variance),
        )
        return table.set_index(columns).sort_index()

    def risk_variance(
        self, rows: pd.DataFrame, mean: Floats, left: Floats, code: NDArray[np.int64], size: int
    ) -> Floats:
        """Return, by group, the variance that uncertain risk adds: Σ α mean² of rows, or of the units' totals in the group, whose rows move together."""
        if self.unit is None:
            return summed(code, left * mean**2, size)
        both, pair = grouping(rows.assign(_group=code), ["_group", self.unit])
        together = summed(pair, mean, len(both))
        # the rows of a unit have one α: its mean, weighted by expected cases, is that
        of_pair = summed(pair, left * mean, len(both)) / np.maximum(together, 1e-300)
        return summed(both["_group"].to_numpy(), of_pair * together**2, size)

    def risk_of(self, rows: pd.DataFrame) -> tuple[Floats, Floats]:
        """Return (rows,) the expected risk of each row's unit given the cases that were fitted, and the variance α left around it, relative to its square.

        1 and α for a unit that the fit has not seen, and where every row has a risk of its own.
        """
        mean, left = np.ones(len(rows)), np.full(len(rows), self.alpha)
        names = self.cells.unit_names
        if self.unit is not None and names is not None and self.alpha > 0.0:
            place = names.get_indexer(pd.Index(rows[self.unit]))
            known = place >= 0
            shape = 1.0 / self.alpha + self.cells.unit_count
            rate = 1.0 / self.alpha + self.cells.by_unit(self.fitted)
            mean[known], left[known] = (shape / rate)[place[known]], (1.0 / shape)[place[known]]
        return mean, left

    def error_of(self, rows: pd.DataFrame, by: str) -> pd.Series[float]:
        """Return, by the values of a column, the standard error of the logarithm of the cases expected: that of the coefficients alone."""
        mean = np.asarray(self.predict(rows), dtype=np.float64)
        values, code = grouping(rows, [*self.design.variables, by])
        groups, place = grouping(values, [by])
        weight = summed(code, mean, len(values))
        x = self.design.matrix(values)
        total = summed(place, weight, len(groups))
        gradient = np.stack([summed(place, weight * column, len(groups)) for column in x.T], axis=1) / total[:, None]
        variance = ((gradient @ self.covariance.to_numpy()) * gradient).sum(axis=1) * self.spread
        return pd.Series(np.sqrt(np.maximum(variance, 0.0)), index=pd.Index(groups[by]))
