"""Proportional odds of graver grades: statsmodels' answer, known odds recovered, separation refused gently."""

import numpy as np
import pandas as pd
import pytest
from statsmodels.miscmodels.ordinal_model import OrderedModel

from models.messages import InputError
from models.severity import grade_odds


def cases(seed=3, n=4000, age=0.7, height=0.4):
    rng = np.random.default_rng(seed)
    kind, old = rng.choice(["housing", "road", "tunnel"], n, p=[0.5, 0.3, 0.2]), rng.random(n) < 0.3
    latent = rng.logistic(size=n) - age * old - height * (kind == "tunnel")
    edges = np.quantile(rng.logistic(size=100_000), [0.01, 0.02, 0.035, 0.06, 0.09, 0.14, 0.22, 0.35, 0.55])
    return np.searchsorted(edges, latent) + 1, kind, np.where(old, "≥50", "<50")


def test_the_answer_is_that_of_statsmodels():
    grade, kind, age = cases()
    fit = grade_odds(grade, {"type": kind, "age": age})
    x = pd.DataFrame({"old": age == "≥50", "road": kind == "road", "tunnel": kind == "tunnel"}, dtype=float)
    peer = OrderedModel(pd.Series(grade).astype(pd.CategoricalDtype(range(1, 11), ordered=True)), x, distr="logit")
    theirs = peer.fit(method="bfgs", disp=False, gtol=1e-8)
    ours = fit.odds[~fit.odds["base"]].set_index("level")
    assert -np.log(ours.loc[["≥50", "road", "tunnel"], "odds"]).to_numpy() == pytest.approx(theirs.params[:3], abs=1e-4)
    width = np.log(ours["high"] / ours["low"]).loc[["≥50", "road", "tunnel"]] / (2 * 1.6448536)
    assert width.to_numpy() == pytest.approx(theirs.bse[:3].to_numpy(), rel=0.01)
    assert fit.log_likelihood == pytest.approx(theirs.llf, abs=1e-5)
    assert fit.terms.set_index("term").loc["proportional_odds", "p_value"] > 0.01
    assert fit.thresholds == pytest.approx(theirs.model.transform_threshold_params(theirs.params)[1:-1], abs=1e-3)


def test_known_odds_lie_in_their_intervals_and_what_does_nothing_is_said_to():
    inside, null = [], []
    for seed in range(60):
        grade, kind, age = cases(seed, 1500)
        fit = grade_odds(grade, {"type": kind, "age": age, "nothing": np.random.default_rng(seed).integers(0, 3, 1500)})
        own = fit.odds.set_index("level")
        inside += [own.loc["≥50", "low"] <= np.exp(0.7) <= own.loc["≥50", "high"]]
        inside += [own.loc["tunnel", "low"] <= np.exp(0.4) <= own.loc["tunnel", "high"]]
        null.append(fit.terms.set_index("term").loc["nothing", "p_value"] < 0.1)
    assert 0.82 <= np.mean(inside) <= 0.97
    assert np.mean(null) <= 0.22
    assert fit.terms.set_index("term").loc["age", "p_value"] < 0.01


def test_odds_that_differ_by_threshold_are_seen():
    rng = np.random.default_rng(1)
    old = rng.random(6000) < 0.4
    # the old have more of the gravest and more of the lightest grades
    grade = np.where(
        old, rng.choice([1, 5, 10], 6000, p=[0.2, 0.3, 0.5]), rng.choice([1, 5, 10], 6000, p=[0.1, 0.6, 0.3])
    )
    fit = grade_odds(grade, {"age": np.where(old, "old", "young")})
    assert fit.terms.set_index("term").loc["proportional_odds", "p_value"] < 1e-6


def test_few_cases_of_a_level_go_with_the_base_and_one_grade_is_refused():
    grade, kind, age = cases(n=500)
    kind = kind.astype(object)
    kind[:3] = "rare"
    fit = grade_odds(grade, {"type": kind, "age": age})
    assert "rare" not in set(fit.odds["level"])
    assert np.isfinite(fit.odds["high"]).all()
    with pytest.raises(InputError, match="fewer than two grades"):
        grade_odds([9, 9, 0], {"type": ["a", "b", "a"]})
    with pytest.raises(InputError, match="No factor"):
        grade_odds([9, 10, 0], {"type": ["a", "b", "a"]})
