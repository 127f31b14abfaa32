"""Medical cost of a case by group and injury year; the family of its spread is the one that foretells unseen cases best.

Source: Gneiting & Raftery (2007), JASA 102, for the logarithmic score.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.stats import t as student

from models.messages import InputError, Message
from models.severity.families import FIT, TAIL_CAP
from models.severity.trend import Change, check_level

Floats = NDArray[np.float64]

IMMATURE = 0.5
"""A case of which less than this share is expected to be paid says too little and is left out."""


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
    check_level(level)
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
    fit = FIT[chosen](x, y, w, level)
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
    for name, family in FIT.items():
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
