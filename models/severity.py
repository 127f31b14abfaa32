"""Severity: the mix of grades, what a case costs by grade, medical cost with its tail and inflation, and accidents with several victims.

Statutory benefits are formulas (`models.benefits`) and are not fitted. Medical cost is: by grade and injury year, with the spread of the amounts
lognormal, gamma, or lognormal with a Pareto tail, whichever foretells cases it has not seen best.

Sources: Klugman, Panjer & Willmot (2019), Loss Models, ch. 5 and 15; Minka (2000), Estimating a Dirichlet distribution; Hill (1975), Annals of
Statistics 3, for the tail index; Gneiting & Raftery (2007), JASA 102, for the logarithmic score; Olsson (2005), J. of Statistics Education 13, for
the interval of a lognormal mean.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any, Protocol

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import minimize_scalar
from scipy.special import digamma, gammaln, polygamma
from scipy.stats import beta, chi2, norm
from scipy.stats import t as student

from models.annuity import CHILD_UNTIL, monthly_annuity_due, survivor_value
from models.benefits import read_dependants
from models.messages import InputError, Message

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

GRADES = tuple(range(1, 11))
FAMILIES = ("lognormal", "gamma", "lognormal_pareto")
PRIOR_WEIGHT = 20.0
"""Cases that the prior grade mix counts for."""
TAIL = 0.05
"""Share of cases in the Pareto tail."""
LEAST_TAIL = 20
"""Fewest cases from which a tail is fitted."""
TAIL_CAP = 100.0
"""Multiple of the start of the tail at which its moments are limited."""
IMMATURE = 0.5
"""A case of which less than this share is expected to be paid says too little and is left out."""


class Dated(Protocol):
    """Parameters looked up by name and date."""

    def value(self, name: str, on: date) -> Any:
        """Return the value in force on a date."""


@dataclass(frozen=True)
class Change:
    """Average ``change`` a year (0.05 = +5%) with its interval, from ``cases`` cases of ``years`` different years."""

    change: float
    low: float
    high: float
    cases: int
    years: int


@dataclass(frozen=True)
class GradeMix:
    """The mix of grades 1–10 by cell, shrunk to that of all cells, which is shrunk to the prior.

    ``overall``: ``grade, cases, share, low, high, prior``; ``cells``: the same by ``cell``; ``concentration``: cases that the mix of all counts for in
    a cell (infinite where cells do not differ); ``p_value`` of cells that do not differ (chi-squared), 1 for one cell.
    """

    overall: pd.DataFrame
    cells: pd.DataFrame
    concentration: float
    p_value: float


def _level(level: float) -> None:
    if not 0.0 < level < 1.0:
        raise InputError("The level of an interval must lie between 0 and 1, not {level}.", level=level)


def grade_mix(
    grade: ArrayLike,
    prior: ArrayLike,
    cell: ArrayLike | None = None,
    *,
    prior_weight: float = PRIOR_WEIGHT,
    level: float = 0.9,
) -> GradeMix:
    """Return the grade mix with intervals, by cell where cells are given.

    Parameters
    ----------
    grade : (cases,) 1–10; 0 = not graded, left out. No graded case at all gives the prior
    prior : (10,) shares of the prior (`grade_mix.prior`), rescaled to 1
    cell : (cases,) labels, such as project types
    prior_weight : cases that the prior counts for
    level : of the intervals (beta, marginal of the Dirichlet posterior)

    Raises
    ------
    InputError : a grade is not a whole number from 0 to 10; the prior is not ten positive shares
    """
    _level(level)
    grades = np.asarray(grade, dtype=np.float64)
    if not (np.isfinite(grades) & (grades % 1 == 0) & (grades >= 0) & (grades <= 10)).all():
        raise InputError("Grades must be whole numbers from 0 (not graded) to 10.")
    shares = np.asarray(prior, dtype=np.float64)
    if shares.shape != (10,) or not (np.isfinite(shares) & (shares > 0)).all() or not prior_weight > 0:
        raise InputError("The prior of the grade mix must be ten positive shares with a positive weight.")
    shares = shares / shares.sum()
    known = grades > 0
    which = grades[known].astype(np.int64) - 1
    counts = np.bincount(which, minlength=10).astype(np.float64)
    posterior = counts + prior_weight * shares
    overall = _mix(counts, posterior, level).assign(prior=shares)
    names = ["all"] * len(grades) if cell is None else cell
    labels, code = np.unique(np.asarray(names, dtype=object)[known].astype(str), return_inverse=True)
    by_cell = np.zeros((len(labels), 10))
    np.add.at(by_cell, (code, which), 1.0)
    pooled = posterior / posterior.sum()
    concentration, p_value = _concentration(by_cell, pooled)
    tables = []
    for label, own in zip(labels, by_cell, strict=True):
        strength = concentration if np.isfinite(concentration) else posterior.sum()
        after = own + strength * pooled if np.isfinite(concentration) else posterior
        tables.append(_mix(own, after, level).assign(prior=pooled, cell=label))
    columns = ["cell", *overall.columns]
    cells = pd.concat(tables, ignore_index=True)[columns] if tables else pd.DataFrame(columns=columns)
    return GradeMix(overall, cells, concentration, p_value)


def _mix(counts: Floats, posterior: Floats, level: float) -> pd.DataFrame:
    rest = posterior.sum() - posterior
    low, high = (beta.ppf(p, posterior, rest) for p in (0.5 - level / 2, 0.5 + level / 2))
    share = posterior / posterior.sum()
    return pd.DataFrame({"grade": GRADES, "cases": counts.astype(np.int64), "share": share, "low": low, "high": high})


def _concentration(by_cell: Floats, mean: Floats) -> tuple[float, float]:
    """Return the maximum-likelihood concentration of a Dirichlet-multinomial with this mean, and the p-value of equal cells."""
    if len(by_cell) < 2:
        return np.inf, 1.0
    sizes = by_cell.sum(axis=1)
    expected = sizes[:, None] * by_cell.sum(axis=0) / sizes.sum()
    there = expected > 0
    statistic = float(((by_cell - expected)[there] ** 2 / expected[there]).sum())
    freedom = (len(by_cell) - 1) * max(int((by_cell.sum(axis=0) > 0).sum()) - 1, 1)

    def minus_likelihood(logarithm: float) -> float:
        a = np.exp(logarithm)
        each = gammaln(a) - gammaln(a + sizes) + (gammaln(by_cell + a * mean) - gammaln(a * mean)).sum(axis=1)
        return -float(each.sum())

    found = minimize_scalar(minus_likelihood, bounds=(0.0, 14.0), method="bounded")
    best = float(np.exp(found.x))
    return (np.inf if found.x > 13.0 else best), float(chi2.sf(statistic, freedom))


def yearly_change(amount: ArrayLike, year: ArrayLike, *, level: float = 0.9) -> Change:
    """Return the average change a year of positive amounts, such as own wages, from a straight line through their logarithms.

    Amounts that are missing are left out; fewer than two different years, or three amounts, raise `InputError`.
    """
    _level(level)
    amounts, years = np.asarray(amount, dtype=np.float64), np.asarray(year, dtype=np.float64)
    known = np.isfinite(amounts) & (amounts > 0) & np.isfinite(years)
    distinct = len(np.unique(years[known]))
    if known.sum() < 3 or distinct < 2:
        raise InputError("A trend needs at least three amounts in two different years.")
    x = np.column_stack([np.ones(known.sum()), years[known] - years[known].mean()])
    line = _regression(x, np.log(amounts[known]), np.ones(len(x)))
    reach = float(student.ppf(0.5 + level / 2, line.freedom)) * line.errors[1]
    ends = np.expm1(line.b[1] + np.array([0.0, -reach, reach]))
    return Change(float(ends[0]), float(ends[1]), float(ends[2]), int(known.sum()), distinct)


@dataclass(frozen=True)
class _Line:
    b: Floats
    covariance: Floats
    sigma: float
    freedom: float

    @property
    def errors(self) -> Floats:
        return np.asarray(np.sqrt(np.diag(self.covariance)))


def _regression(x: Floats, y: Floats, weight: Floats) -> _Line:
    """Weighted least squares; weights are shares of a whole case."""
    information = x.T @ (weight[:, None] * x)
    inverse = np.linalg.pinv(information)
    b = inverse @ (x.T @ (weight * y))
    freedom = max(float(weight.sum()) - x.shape[1], 1.0)
    sigma = float(np.sqrt((weight * (y - x @ b) ** 2).sum() / freedom))
    return _Line(b, np.asarray(inverse * sigma**2, dtype=np.float64), max(sigma, 1e-9), freedom)


@dataclass(frozen=True)
class MedicalFit:
    """Medical cost of a case: ``mean of the base group and base year × growth × relativity of the group × a variable of mean 1``.

    Attributes
    ----------
    family : chosen; ``scores`` frame by family: ``log_score`` (mean minus log density of cases not used, smaller is better), ``standard_error`` of its
        difference to the best, ``chosen``
    mean, mean_interval : yuan of the base group in the base year; cv, cv_interval : of the variable
    inflation : of one injury year; None for cases of one year
    groups : ``group, cases, relativity, low, high, mean_yuan`` (base year)
    base_year, base_group : the first year; the group with most cases
    tail_index, tail_start : of the Pareto tail (α, and its start as a multiple of the median); None for other families
    notes : what was left out
    """

    family: str
    scores: pd.DataFrame
    mean: float
    mean_interval: tuple[float, float]
    cv: float
    cv_interval: tuple[float, float]
    inflation: Change | None
    groups: pd.DataFrame
    base_year: int
    base_group: str
    tail_index: float | None
    tail_start: float | None
    notes: tuple[Message, ...]

    def mean_of(self, group: ArrayLike, year: ArrayLike) -> Floats:
        """Return the expected medical cost (yuan) of cases by group and injury year; an unknown group raises `InputError`."""
        wanted = pd.Index(self.groups["group"]).get_indexer(
            pd.Index(np.atleast_1d(np.asarray(group, dtype=object)).astype(str))
        )
        if (wanted < 0).any():
            raise InputError(
                "There was no medical cost in one of the groups asked for; known are {known}.",
                known=", ".join(self.groups["group"]),
            )
        growth = 0.0 if self.inflation is None else self.inflation.change
        later = np.atleast_1d(np.asarray(year, dtype=np.float64)) - self.base_year
        return np.asarray(self.groups["mean_yuan"].to_numpy()[wanted] * (1.0 + growth) ** later)


@dataclass(frozen=True)
class _Spread:
    """One family fitted: ``b`` of the logarithm of the mean, its ``covariance``, the density of new amounts and the cv with its interval."""

    b: Floats
    covariance: Floats
    freedom: float
    cv: float
    cv_interval: tuple[float, float]
    density: Any
    tail: tuple[float, float] | None = None


def _lognormal(x: Floats, y: Floats, w: Floats, level: float) -> _Spread:
    line = _regression(x, np.log(y), w)
    b = line.b.copy()
    b[0] += line.sigma**2 / 2
    covariance = line.covariance.copy()
    covariance[0, 0] += line.sigma**4 / (2 * line.freedom)  # Cox's interval of the mean (Olsson 2005)
    quantiles = np.asarray(chi2.ppf([0.5 + level / 2, 0.5 - level / 2], line.freedom), dtype=np.float64)
    squares = line.sigma**2 * line.freedom / quantiles
    low, cv, high = np.sqrt(np.expm1(np.minimum([squares[0], line.sigma**2, squares[1]], 50.0)))

    def density(new_x: Floats, new_y: Floats) -> Floats:
        return np.asarray(norm.logpdf(np.log(new_y), new_x @ line.b, line.sigma) - np.log(new_y))

    return _Spread(b, covariance, line.freedom, float(cv), (float(low), float(high)), density)


def _gamma(x: Floats, y: Floats, w: Floats, level: float) -> _Spread:
    b = np.zeros(x.shape[1])
    b[0] = np.log((w * y).sum() / w.sum())
    inverse = np.linalg.pinv(x.T @ (w[:, None] * x))
    for _ in range(200):  # for the gamma with logarithmic link the weights of scoring are the cases' own
        step = inverse @ (x.T @ (w * (y * np.exp(-x @ b) - 1.0)))
        b = b + step * min(1.0, 2.0 / max(float(np.abs(x @ step).max()), 1e-12))
        if np.abs(step).max() < 1e-9:
            break
    ratio = y * np.exp(-x @ b)
    gap = max(float((w * (ratio - 1.0 - np.log(ratio))).sum() / w.sum()), 1e-9)
    shape = (3.0 - gap + np.sqrt((gap - 3.0) ** 2 + 24.0 * gap)) / (12.0 * gap)
    for _ in range(50):
        move = (np.log(shape) - digamma(shape) - gap) / (1.0 / shape - polygamma(1, shape))
        shape = max(shape - float(move), shape / 2.0)
        if abs(move) < 1e-12 * shape:
            break
    error = 1.0 / np.sqrt(w.sum() * (polygamma(1, shape) - 1.0 / shape))
    reach = norm.ppf(0.5 + level / 2) * error / shape / 2.0
    cv = 1.0 / np.sqrt(shape)
    freedom = max(float(w.sum()) - x.shape[1], 1.0)
    spread = max(float((w * (ratio - 1.0) ** 2).sum()) / freedom, 1e-18)  # Pearson: holds where the family does not

    def density(new_x: Floats, new_y: Floats) -> Floats:
        mean = new_x @ b
        return np.asarray(
            shape * (np.log(shape) - mean)
            + (shape - 1.0) * np.log(new_y)
            - shape * new_y * np.exp(-mean)
            - gammaln(shape)
        )

    return _Spread(
        b, inverse * spread, freedom, float(cv), (float(cv * np.exp(-reach)), float(cv * np.exp(reach))), density
    )


def _spliced(x: Floats, y: Floats, w: Floats, level: float) -> _Spread | None:
    """Lognormal body and Pareto tail, of amounts relative to their median; None where the tail is too thin to fit, or has no mean."""
    line = _regression(x, np.log(y), w)
    ratio = y * np.exp(-x @ line.b)
    order = np.argsort(ratio)
    start = float(ratio[order][np.searchsorted(np.cumsum(w[order]), (1.0 - TAIL) * w.sum())])
    above = ratio > start
    if above.sum() < LEAST_TAIL:
        return None
    share = float(w[above].sum() / w.sum())
    index = float(w[above].sum() / (w[above] * np.log(ratio[above] / start)).sum())
    if index <= 1.05:
        return None
    s = line.sigma
    top = float(norm.cdf(np.log(start) / s))

    def moment(k: int) -> float:
        """Moments limited at TAIL_CAP times the start of the tail, so that they always exist."""
        body = float(np.exp(k * k * s * s / 2) * norm.cdf(np.log(start) / s - k * s) / top)
        cap = TAIL_CAP
        tail = k * np.log(cap) if index == k else k * (cap ** (k - index) - 1.0) / (k - index)
        return (1.0 - share) * body + share * start**k * (1.0 + float(tail))

    mean, cv = moment(1), np.sqrt(max(moment(2) / moment(1) ** 2 - 1.0, 1e-18))
    b = line.b.copy()
    b[0] += np.log(mean)
    covariance = line.covariance.copy()
    covariance[0, 0] += cv**2 / w.sum()
    # error of the squared cv by the tail's index, which dominates it
    sides: Floats = index * np.exp(np.array([1.0, -1.0]) * norm.ppf(0.5 + level / 2) / np.sqrt(above.sum()))
    wide: Floats = np.asarray(cv * np.sqrt(np.clip(index / sides, 0.2, 5.0)))

    def density(new_x: Floats, new_y: Floats) -> Floats:
        relative = np.log(new_y) - new_x @ line.b
        body = np.log1p(-share) + norm.logpdf(relative, 0.0, s) - np.log(top)
        tail = np.log(share) + np.log(index) + index * np.log(start) - index * relative
        return np.asarray(np.where(relative <= np.log(start), body, tail) - np.log(new_y))

    return _Spread(b, covariance, line.freedom, float(cv), (float(wide[0]), float(wide[1])), density, (index, start))


_FIT = {"lognormal": _lognormal, "gamma": _gamma, "lognormal_pareto": _spliced}


def fit_medical(
    amount: ArrayLike,
    year: ArrayLike,
    group: ArrayLike | None = None,
    developed: ArrayLike | None = None,
    *,
    seed: int = 0,
    folds: int = 5,
    level: float = 0.9,
) -> MedicalFit:
    """Fit the medical cost of a case by group (grade) and injury year.

    Parameters
    ----------
    amount : (cases,) yuan paid so far; cases with nothing paid are left out and counted
    year : (cases,) of injury
    group : (cases,) labels, such as grades
    developed : (cases,) share of the ultimate amount that is expected to be paid at the case's age, by default 1: amounts are divided by it and
        weigh as much as it says; cases below `IMMATURE` are left out
    seed, folds : of the cross-validation that chooses the family (logarithmic score; the simpler family within one standard error of the best)
    level : of the intervals

    Raises
    ------
    InputError : fewer than 10 amounts; an amount or a share that cannot be
    """
    _level(level)
    paid, when = np.asarray(amount, dtype=np.float64), np.asarray(year, dtype=np.float64)
    share = np.ones(len(paid)) if developed is None else np.asarray(developed, dtype=np.float64)
    labels = np.asarray(["all"] * len(paid) if group is None else group, dtype=object).astype(str)
    if not len(paid) == len(when) == len(share) == len(labels):
        raise InputError("Amounts, years, groups and developed shares of medical cost must be of the same length.")
    if not (np.isfinite(paid).all() and np.isfinite(when).all() and ((share > 0) & (share <= 1)).all()):
        raise InputError(
            "Medical cost needs an amount and a year for every case, and developed shares above 0 up to 1."
        )
    mature = share >= IMMATURE
    used = mature & (paid > 0)
    if used.sum() < 10:
        raise InputError(
            "Medical cost was paid for {count} mature cases; a fit needs at least 10.", count=int(used.sum())
        )
    y, w, when, labels = paid[used] / share[used], share[used], when[used], labels[used]
    names, code, counts = np.unique(labels, return_inverse=True, return_counts=True)
    base, first, years = int(counts.argmax()), int(when.min()), np.unique(when)
    x = np.column_stack(
        [
            np.ones(len(y)),
            *([when - first] if len(years) > 1 else []),
            *(code == k for k in range(len(names)) if k != base),
        ]
    ).astype(np.float64)
    scores, chosen = _choose(x, y, w, seed, folds, level)
    fit = _FIT[chosen](x, y, w, level)
    assert fit is not None
    reach = float(student.ppf(0.5 + level / 2, fit.freedom))
    errors = np.sqrt(np.maximum(np.diag(fit.covariance), 0.0))
    mean, low, high = np.exp(np.minimum(fit.b[0] + errors[0] * np.array([0.0, -reach, reach]), 700.0))
    inflation = None
    if len(years) > 1:
        ends = np.expm1(fit.b[1] + errors[1] * np.array([0.0, -reach, reach]))
        inflation = Change(float(ends[0]), float(ends[1]), float(ends[2]), len(y), len(years))
    others = [k for k in range(len(names)) if k != base]
    logs, spans = np.zeros(len(names)), np.zeros(len(names))
    logs[others], spans[others] = (
        fit.b[-len(others) :] if others else 0.0,
        reach * errors[-len(others) :] if others else 0.0,
    )
    groups = pd.DataFrame(
        {
            "group": names,
            "cases": counts,
            "relativity": np.exp(logs),
            "low": np.exp(logs - spans),
            "high": np.exp(logs + spans),
        }
    ).assign(mean_yuan=lambda f: mean * f["relativity"])
    notes = []
    if (~mature).any():
        notes.append(
            Message(
                "{count} cases are too young for their medical cost to be known and were left out.",
                {"count": int((~mature).sum())},
            )
        )
    if (mature & (paid <= 0)).any():
        notes.append(
            Message(
                "{count} mature cases have no medical cost and were left out.",
                {"count": int((mature & (paid <= 0)).sum())},
            )
        )
    if fit.tail is not None:
        notes.append(
            Message(
                "Medical cost has a Pareto tail; its mean is limited at {cap:number.0} times the start of the tail.",
                {"cap": TAIL_CAP},
            )
        )
    return MedicalFit(
        chosen, scores, float(mean), (float(low), float(high)), fit.cv, fit.cv_interval, inflation, groups, first, str(names[base]),
        fit.tail[0] if fit.tail else None, fit.tail[1] if fit.tail else None, tuple(notes),
    )  # fmt: skip


def _choose(x: Floats, y: Floats, w: Floats, seed: int, folds: int, level: float) -> tuple[pd.DataFrame, str]:
    """Return the cross-validated scores and the family: the simplest within one standard error of the best."""
    fold = np.random.default_rng(seed).permutation(len(y)) % max(min(folds, len(y)), 2)
    each: dict[str, Floats] = {}
    for name, family in _FIT.items():
        score = np.zeros(len(y))
        for k in np.unique(fold):
            own = fold == k
            fit = family(x[~own], y[~own], w[~own], level)
            if fit is None:
                break
            score[own] = -fit.density(x[own], y[own])
        else:
            each[name] = score
    means = {name: float(np.average(score, weights=w)) for name, score in each.items()}
    best = min(means, key=lambda name: means[name])
    error = {name: float(np.std(score - each[best]) / np.sqrt(len(y))) for name, score in each.items()}
    simple = min(("lognormal", "gamma"), key=lambda name: means[name])
    chosen = simple if means[simple] <= means[best] + error[simple] else best
    scores = pd.DataFrame(
        {
            "family": list(means),
            "log_score": list(means.values()),
            "standard_error": [error[n] for n in means],
            "chosen": [n == chosen for n in means],
        }
    )
    return scores, chosen


def statutory_cost(
    benefits: pd.DataFrame, cases: pd.DataFrame, parameters: Dated, on: date, rate: float, indexation: float
) -> pd.Series[float]:
    """Return what the fund owes each case by law: lump sums, and pensions at their capital value when they start.

    Parameters
    ----------
    benefits : as `models.benefits.statutory_benefits` gives them
    cases : ``case_id, age, sex, dependants``; a missing age is the median
    parameters, on : life tables, survivor shares, mortality multiple of that date
    rate, indexation : of discounting and of pensions, a year

    Returns
    -------
    Series by case_id, yuan, 0 for a case without benefits
    """
    tables, multiple = parameters.value("life_table", on), float(parameters.value("mortality.disabled_multiple", on))
    shares, extra, cap = (
        parameters.value(f"benefit.survivor_{name}", on) for name in ("pension", "lone_supplement", "cap")
    )
    people = cases.set_index("case_id")
    fund = benefits[benefits["paid_by"] == "fund"]
    value = fund["amount"].to_numpy(dtype=np.float64) * np.where(fund["monthly"], 12.0, 1.0)
    ages = people["age"].astype("float64")
    age = ages.fillna(ages.median() if ages.notna().any() else 43.0).reindex(fund["case_id"]).to_numpy()
    female = (people["sex"] == "female").reindex(fund["case_id"]).to_numpy()
    survivors = (fund["benefit"] == "survivor_pension").to_numpy()
    for sex, chosen in (("male", ~female), ("female", female)):
        lives = fund["monthly"].to_numpy() & ~survivors & chosen
        if lives.any():
            value[lives] *= monthly_annuity_due(tables[sex], age[lives], rate, indexation, multiple)
    for i in np.flatnonzero(survivors & fund["monthly"].to_numpy()):
        case = fund["case_id"].iloc[i]
        family = read_dependants(people["dependants"].loc[case], case)
        drawn = min(
            sum(
                shares[d["kind"]] + extra * bool(d.get("lone"))
                for d in family
                if d["kind"] != "child" or d["age"] < CHILD_UNTIL
            ),
            cap,
        )
        value[i] *= survivor_value(family, shares, extra, cap, tables, rate, indexation) / drawn
    return (
        pd.Series(value, index=fund["case_id"].to_numpy()).groupby(level=0).sum().reindex(people.index, fill_value=0.0)
    )


def cost_by_grade(
    group: ArrayLike, statutory: ArrayLike, medical: MedicalFit | None, year: int, *, level: float = 0.9
) -> pd.DataFrame:
    """Return the cost of a case by group at the level of a year, with intervals.

    Parameters
    ----------
    group : (cases,) grade "0" to "10" or "death"
    statutory : (cases,) statutory cost at the level of that year (`statutory_cost`)
    medical : fit by the same groups; None = no medical cost is known
    year : to which medical cost is carried

    Returns
    -------
    DataFrame : ``group, cases, statutory_yuan, medical_yuan, mean_yuan, low, high``; the interval is of the mean (Student's t for the statutory part, the
        fit's own error for the medical part); one case alone has the relative error of all cases.
    """
    _level(level)
    frame = pd.DataFrame(
        {"group": np.asarray(group, dtype=object).astype(str), "cost": np.asarray(statutory, dtype=np.float64)}
    )
    if frame.empty:
        raise InputError("There are no cases to take the cost of.")
    table = (
        frame.groupby("group")["cost"]
        .agg(["size", "mean", "std"])
        .reset_index()
        .set_axis(["group", "cases", "statutory_yuan", "deviation"], axis=1)
    )
    order = {str(g): g for g in range(11)} | {"death": 11}
    table = table.sort_values("group", key=lambda s: s.map(order)).reset_index(drop=True)
    relative = float(
        (table["deviation"] / table["statutory_yuan"].where(table["statutory_yuan"] > 0)).median(skipna=True)
    )
    alone = table["statutory_yuan"] * (relative if np.isfinite(relative) else 0.0)
    error = table["deviation"].fillna(alone).to_numpy() / np.sqrt(table["cases"].to_numpy())
    reach = student.ppf(0.5 + level / 2, np.maximum(table["cases"] - 1, 1)) * error
    table["medical_yuan"] = 0.0
    side = np.zeros(len(table))
    if medical is not None:
        own = medical.groups.set_index("group").reindex(table["group"])
        overall = float(np.average(medical.groups["relativity"], weights=medical.groups["cases"]))
        relativity = own["relativity"].fillna(overall).to_numpy()
        growth = 1.0 if medical.inflation is None else (1.0 + medical.inflation.change) ** (year - medical.base_year)
        table["medical_yuan"] = medical.mean * relativity * growth
        wide = np.hypot(
            np.log(own["high"].fillna(overall) / relativity), np.log(medical.mean_interval[1] / medical.mean)
        )
        side = table["medical_yuan"].to_numpy() * np.expm1(np.minimum(wide.to_numpy(), 5.0))
    mean = table["statutory_yuan"] + table["medical_yuan"]
    span = np.hypot(reach, side)
    return table.drop(columns="deviation").assign(mean_yuan=mean, low=np.maximum(mean - span, 0.0), high=mean + span)


@dataclass(frozen=True)
class LargeEvents:
    """Accidents with several victims as a process of their own.

    ``events``, ``frequency`` per unit of exposure with its exact Poisson interval ``low, high``; ``family`` of the victims (``geometric``, ``zeta``)
    and its ``parameter``; ``victims`` Series of probabilities by number of victims, ``least`` to ``cap``, sum 1; ``largest`` seen (0 = none).
    """

    events: int
    frequency: float
    low: float
    high: float
    family: str
    parameter: float
    victims: pd.Series[float]
    largest: int
    notes: tuple[Message, ...]

    @property
    def mean_victims(self) -> float:
        """Expected victims of one event."""
        return float((self.victims * self.victims.index).sum())


def large_events(
    victims: ArrayLike, exposure: float, *, least: int = 3, cap: int = 30, level: float = 0.9
) -> LargeEvents:
    """Fit frequency and size of accidents with at least ``least`` victims.

    Parameters
    ----------
    victims : (events,) victims of each event; smaller events are ordinary cases and are left out here
    exposure : total, in any unit, above 0
    least, cap : fewest and most victims of a large event; 3 deaths make a 较大事故, 30 a 特别重大事故 (State Council Order 493, Art. 3)
    level : of the interval of the frequency

    Returns
    -------
    LargeEvents : sizes from a shifted geometric or a zeta (power) distribution between the bounds, the likelier of the two; half an event of the
        least size is added, so that few events do not decide for certain
    """
    _level(level)
    if not exposure > 0 or not np.isfinite(exposure):
        raise InputError("Large events need an exposure above 0.")
    if not 2 <= least < cap:
        raise InputError("Large events have from 2 victims on, and a cap above it.")
    sizes = np.asarray(victims, dtype=np.float64)
    sizes = np.minimum(sizes[sizes >= least], cap)
    n = len(sizes)
    support = np.arange(least, cap + 1, dtype=np.float64)
    seen = np.append(sizes, least)
    weight = np.append(np.ones(n), 0.5)

    def fitted(score: Floats, bounds: tuple[float, float]) -> tuple[float, Floats, float]:
        def log_pmf(theta: float) -> Floats:
            raw = -theta * score
            raw = raw - raw.max()
            return np.asarray(raw - np.log(np.exp(raw).sum()))

        at = seen.astype(np.int64) - least
        found = minimize_scalar(lambda theta: -float(weight @ log_pmf(theta)[at]), bounds=bounds, method="bounded")
        return float(found.x), np.exp(log_pmf(found.x)), -float(found.fun)

    geometric, zeta = fitted(support - least, (1e-3, 10.0)), fitted(np.log(support), (0.5, 20.0))
    family, (parameter, pmf, _) = ("geometric", geometric) if geometric[2] >= zeta[2] else ("zeta", zeta)
    low = float(chi2.ppf(0.5 - level / 2, 2 * n)) / 2 if n else 0.0
    high = float(chi2.ppf(0.5 + level / 2, 2 * n + 2)) / 2
    notes = []
    if n < 5:
        notes.append(
            Message(
                "Only {count} accidents with {least} or more victims are known: their size is mostly assumed.",
                {"count": n, "least": least},
            )
        )
    if (np.asarray(victims, dtype=np.float64) > cap).any():
        notes.append(Message("Accidents with more than {cap} victims were counted as {cap}.", {"cap": cap}))
    return LargeEvents(
        n, n / exposure, low / exposure, high / exposure, family, parameter, pd.Series(pmf, index=support.astype(int), name="probability"),
        int(np.asarray(victims, dtype=np.float64).max(initial=0.0)), tuple(notes),
    )  # fmt: skip
