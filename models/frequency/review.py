"""Questions put to a frequency model as a whole: which terms it needs, and whether it foretold the years it had not seen."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import patsy  # type: ignore[import-untyped]
from scipy.stats import chi2, f

from models.frequency.cells import grouping, numbers
from models.frequency.design import parse
from models.frequency.fit import fit_cells, fit_frequency
from models.frequency.result import FrequencyFit
from models.frequency.scores import count_interval, crps, deviance, log_score
from models.messages import InputError, Message


def term_tests(fit: FrequencyFit) -> pd.DataFrame:
    """Test each term by leaving it out; a term that a higher interaction contains is not tested.

    Returns
    -------
    DataFrame : indexed by term: ``degrees_of_freedom``, ``statistic`` (twice the fall of the log-likelihood), ``p_value`` (chi-squared),
        ``p_value_overdispersed`` (F with the dispersion of a Poisson fit; = ``p_value`` for negative binomial), ``aic`` without the term
    """
    terms = fit.formula.right.rhs_termlist
    lines = []
    for term in terms:
        contained = any(set(term.factors) < set(other.factors) for other in terms)
        rest = [other for other in terms if other is not term]
        if not term.factors or contained or not rest:
            continue
        formula = replace(fit.formula, right=patsy.ModelDesc([], rest))
        without = fit_cells(fit.cells, formula, fit.exposure, fit.family, fit.unit)
        freedom = len(fit.coefficients) - len(without.coefficients)
        statistic = max(2.0 * (fit.log_likelihood - without.log_likelihood), 0.0)
        p_value = float(chi2.sf(statistic, freedom)) if freedom > 0 else 1.0
        spread = p_value
        if fit.family == "poisson" and freedom > 0 and fit.degrees_of_freedom > 0:
            spread = float(f.sf(statistic / freedom / fit.spread, freedom, fit.degrees_of_freedom))
        lines.append((term.name(), freedom, statistic, p_value, spread, without.aic))
    columns = ["term", "degrees_of_freedom", "statistic", "p_value", "p_value_overdispersed", "aic"]
    return pd.DataFrame(lines, columns=columns).set_index("term")


def wald_tests(fit: FrequencyFit) -> pd.DataFrame:
    """Test each term by its coefficients and their covariance: as :func:`term_tests`, without fitting again.

    Returns
    -------
    DataFrame : indexed by term: ``degrees_of_freedom``, ``statistic`` (b′ V⁻¹ b, V with the dispersion of a Poisson fit), ``p_value`` (chi-squared)
    """
    slices = fit.design.info.term_name_slices
    lines = []
    for name, place in slices.items():
        own = [fit.design.names[j] for j in range(place.start, place.stop) if j in fit.design.keep]
        if name == "Intercept" or not own:
            continue
        b = fit.coefficients[own].to_numpy()
        statistic = float(b @ np.linalg.pinv(fit.covariance.loc[own, own].to_numpy() * fit.spread) @ b)
        lines.append((name, len(own), statistic, float(chi2.sf(statistic, len(own)))))
    return pd.DataFrame(lines, columns=["term", "degrees_of_freedom", "statistic", "p_value"]).set_index("term")


@dataclass(frozen=True)
class BackTest:
    """A rolling-origin back-test.

    ``table`` a row a period foretold from all periods before it: ``rows, actual, expected, ratio, low, high`` (90% of the total),
    ``inside``, and means over rows of ``log_score, crps, deviance`` beside ``constant_log_score, constant_crps`` of one frequency for all;
    ``log_score, crps`` over all rows foretold and their ``constant_…``; ``notes`` what was left out.
    """

    table: pd.DataFrame
    log_score: float
    crps: float
    constant_log_score: float
    constant_crps: float
    notes: tuple[Message, ...] = ()


def back_test(
    rows: pd.DataFrame,
    formula: str,
    exposure: str,
    period: str,
    family: str = "poisson",
    first: int | None = None,
    unit: str | None = None,
) -> BackTest:
    """Foretell each period from the periods before it and score the forecast with proper scores.

    Where units share a risk a forecast uses what the past has taught of each unit; ``constant_…`` is one frequency for all, units alike.

    Parameters
    ----------
    rows, formula, exposure, family, unit : as for :func:`models.frequency.fit_frequency`
    period : column of numbers, such as the year of injury; in the formula it may be a straight line, not ``C(…)``
    first : number of periods before the first forecast; default half of them, at least one

    Raises
    ------
    InputError : fewer than two periods, no forecast possible
    """
    response = parse(formula, rows).response
    exposed, count, when = (numbers(rows, name) for name in (exposure, response, period))
    periods = np.unique(when[exposed > 0.0])
    if first is None:
        first = max(len(periods) // 2, 1)
    if not 1 <= first < len(periods):
        raise InputError(
            "A back-test from {first} periods needs more than {first}; column {column} has {periods}.",
            first=first,
            column=period,
            periods=len(periods),
        )
    lines, scores, notes = [], [], []
    for at in periods[first:]:
        past, now = rows[when < at], (when == at) & (exposed > 0.0)
        fit = fit_frequency(past, formula, exposure, family, unit)
        constant = fit_frequency(past, f"Q('{response}') ~ 1", exposure, family, unit)
        known = fit.knows(rows[now])
        if not known.all():
            notes.append(
                Message(
                    "{period}: {count} rows have levels that the periods before do not tell; they were left out.",
                    {"period": f"{at:g}", "count": int((~known).sum())},
                )
            )
        foretold = rows[now][known]
        if not len(foretold):
            continue
        mean, flat = (np.asarray(of.predict(foretold), dtype=np.float64) for of in (fit, constant))
        risk, left = fit.risk_of(foretold)
        mean = mean * risk
        actual = count[now][known]
        total = np.array([mean.sum()])
        # The forecast's own error, from the coefficients, widens the interval of the total.
        values, code = grouping(foretold, fit.design.variables)
        gradient = np.bincount(code, mean, len(values)) @ fit.design.matrix(values)
        doubt = float(gradient @ fit.covariance.to_numpy() @ gradient) * fit.spread
        uncertain = float(fit.risk_variance(foretold, mean, left, np.zeros(len(mean), dtype=np.int64), 1)[0])
        low, high = count_interval(total, total * fit.spread + uncertain + doubt, 0.9)
        each = np.array(
            [
                log_score(actual, mean, left),
                crps(actual, mean, left),
                deviance(actual, mean, left),
                log_score(actual, flat, constant.alpha),
                crps(actual, flat, constant.alpha),
            ]
        )
        scores.append(each)
        inside = bool(low[0] <= actual.sum() <= high[0])
        lines.append(
            (
                int(at) if at == int(at) else at,
                len(actual),
                actual.sum(),
                total[0],
                actual.sum() / total[0],
                low[0],
                high[0],
                inside,
                *each.mean(axis=1),
            )
        )
    if not lines:
        raise InputError(
            "No row of a later period has levels that the periods before it tell: nothing can be foretold."
        )
    columns = [period, "rows", "actual", "expected", "ratio", "low", "high", "inside"]
    columns += ["log_score", "crps", "deviance", "constant_log_score", "constant_crps"]
    overall = np.concatenate(scores, axis=1).mean(axis=1)
    table = pd.DataFrame(lines, columns=columns).set_index(period)
    return BackTest(table, float(overall[0]), float(overall[1]), float(overall[3]), float(overall[4]), tuple(notes))
