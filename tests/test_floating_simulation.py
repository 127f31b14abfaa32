"""Contractors simulated accident by accident: against the exact chain, against a dense simulation, and by what must hold on every path."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chisquare, nbinom, poisson

from models.floating import (
    Behaviour,
    Risks,
    accidents,
    analyse,
    available_plans,
    chain,
    draw_accidents,
    load_plan,
    simulate,
)
from models.floating.reviewing import Lives, Losses, Rating
from models.floating.terms import DeathCondition
from models.floating.units import edges_of, expecting, pooled, window_flow
from models.messages import InputError

STEP = 10_000.0
# A heavy tail: from 10,000 yuan to a death.
POINTS = np.array([1, 2, 5, 12, 30, 110])
CHANCES = np.array([0.55, 0.2, 0.13, 0.07, 0.03, 0.02])
SEVERITY = np.bincount(POINTS, CHANCES, 111)
COST = float(POINTS @ CHANCES) * STEP


def risks(cases, overdispersion=0.0, load=0.7):
    cases = np.atleast_1d(np.asarray(cases, dtype=float))
    base = cases * COST / load
    return Risks(base, base * 1000, cases, cases + overdispersion * cases**2, SEVERITY, STEP)


def plan_of(name):
    return replace(load_plan(name), window_years=1)


def within(found, expected, error, reach=4.0):
    assert np.abs(found - expected).max() <= reach * np.max(error), (found, expected, error)


@pytest.mark.parametrize("overdispersion", [0.0, 0.4])
@pytest.mark.parametrize(
    ("cases", "draws"), [(0.2, 1_000_000), (4.0, 100_000), (400.0, 2_000)], ids=["small", "middle", "giant"]
)
def test_steps_off_balance_and_mean_multiplier_agree_with_the_chain(cases, draws, overdispersion):
    """The giant's million draws are in benchmarks/floating_simulation.py."""
    one, plan = risks(cases, overdispersion), plan_of("national_five_steps")
    found = simulate(plan, draw_accidents(one, draws, 2, seed=11), trace=True)
    exact = chain(plan, one)
    path = exact.path(2)[:, 0]
    errors = np.maximum(found.step_errors, 1 / draws)
    assert (np.abs(found.steps - path) <= 4 * errors).all(), (found.steps, path)
    means = path @ exact.steps
    for year in (0, 1):
        within(found.factor[:, year].mean(), means[year], found.factor[:, year].std() / np.sqrt(draws) + 1e-12)
    spread = np.sqrt(cases * COST**2 * 12 / draws)  # a bound of the standard error of the mean outgo
    within(found.outgo.mean(), cases * COST, spread)


@pytest.mark.parametrize("name", ["huainan", "city_gerendangan", "wsib", "japan", "bg_bau", "ncci", "cixi"])
def test_a_portfolio_of_all_sizes_agrees_with_the_exact_analysis(name):
    several, plan = risks([0.05, 0.3, 1.0, 5.0, 20.0], 0.3), plan_of(name)
    if not plan.steps:  # without a ladder the exact analysis knows the premium at the base rate only
        plan = replace(plan, ratio=replace(plan.ratio, denominator="base_premium"))
    paths, years = 10_000, 3
    found = simulate(plan, draw_accidents(several, paths, years, seed=3))
    way = analyse(plan, several, years).off_balance
    # a retrospective plan charges a year at the multiplier that the same year brings
    expected = way[1:] if plan.bites == "retrospective" else way[:-1]
    errors = found.factor.std(axis=0) / np.sqrt(paths)
    # a multiplier without steps is read at the middle of small intervals by the exact analysis
    assert (np.abs(found.factor.mean(axis=0) - expected) <= 4 * errors + (1e-12 if plan.steps else 5e-4)).all()


def test_longer_windows_and_premium_paid_agree_with_units_rated_one_by_one(monkeypatch):
    """Every contractor on every path is rated by the plan itself, year by year, from the same accidents, drawn in two blocks."""
    monkeypatch.setattr(accidents, "BLOCK", 25)
    several = risks([0.1, 0.6, 3.0], 0.5)
    paths, years = 25, 4
    for name in ("korea_2019", "jining", "wsib", "city_half_points"):
        plan = replace(load_plan(name), minimum=replace(load_plan(name).minimum, exposure_yuan=None), review_years=1)
        window = plan.window_years
        drawn = draw_accidents(several, paths, years, seed=5, history=window - 1)
        found = simulate(plan, drawn)
        fixed = expecting(plan, several)
        assert len(drawn.blocks) > 1
        events = pd.concat(
            pd.DataFrame(
                {
                    "unit": (block.unit * paths + block.path)[block.row[here]],
                    "year": here[0],
                    "counted": np.minimum(block.point[here] * STEP, plan.ratio.claim_limit_yuan or np.inf),
                }
            )
            for block in drawn.blocks
            for here in map(block.of_year, range(window - 1 + years))
        )
        of = np.repeat(np.arange(3), paths)
        now = pd.Series(1.0, index=pd.RangeIndex(3 * paths))
        paid = {y: now.to_numpy() for y in range(window - 1)}
        for t in range(years):
            charged = (now.to_numpy() * several.base_premium[of]).reshape(3, paths).sum(axis=0)
            assert found.premium[:, t] == pytest.approx(charged, rel=1e-12), (name, t)
            paid[window - 1 + t] = now.to_numpy()
            rows = []
            for y in range(t, t + window):
                sums = (
                    events[events["year"] == y]
                    .groupby("unit")["counted"]
                    .agg(["sum", "size"])
                    .reindex(now.index, fill_value=0)
                )
                rows.append(
                    pd.DataFrame(
                        {
                            "unit": now.index, "period": str(2000 + y), "exposure_yuan": several.exposure[of], "deaths": 0,
                            "premium_yuan": several.base_premium[of] * paid[y], "base_premium_yuan": several.base_premium[of],
                            "cases": sums["size"].to_numpy(), "paid_yuan": sums["sum"].to_numpy(), "incurred_yuan": sums["sum"].to_numpy(),
                        }
                    )
                )  # fmt: skip
            one_by_one = replace(fixed, ratio=replace(fixed.ratio, claim_limit_yuan=None))
            now = one_by_one.multiplier(pd.concat(rows), now).reindex(now.index)


@pytest.mark.parametrize("cases", [0.4, 2.5, 30.0, 700.0, 2000.0])
@pytest.mark.parametrize("overdispersion", [0.0, 0.03, 0.3, 2.0])
def test_numbers_of_cases_are_poisson_or_negative_binomial_however_they_are_drawn(cases, overdispersion):
    """Rare accidents are drawn one after another, frequent ones as numbers from a table, those of giants as clusters again."""
    one, draws = risks(cases, overdispersion), 30_000
    (block,) = draw_accidents(one, draws, 2, seed=31).blocks
    counts = np.zeros((2, draws), dtype=int)
    for year in (0, 1):
        np.add.at(counts[year], block.path[block.row[block.of_year(year)]], 1)
    r = 1 / overdispersion if overdispersion else None
    law = nbinom(r, r / (r + cases)) if r else poisson(cases)
    edges = np.unique(law.ppf(np.linspace(0.05, 0.95, 19)))
    expected = np.diff(np.concatenate([[0.0], law.cdf(edges), [1.0]]))
    for numbers in counts:
        found = np.bincount(np.searchsorted(edges, numbers), minlength=len(expected))
        assert chisquare(found, expected * draws).pvalue > 1e-4
    assert abs(np.corrcoef(counts)[0, 1]) < 4 / np.sqrt(draws)


def test_costs_of_cases_come_as_often_as_their_chances():
    (block,) = draw_accidents(risks(5.0), 200_000, 1, seed=32).blocks
    found = np.bincount(block.point[block.of_year(0)], minlength=len(SEVERITY))
    assert (found[SEVERITY == 0] == 0).all()
    assert chisquare(found[POINTS], CHANCES * found.sum()).pvalue > 1e-4


@settings(deadline=None)  # the first call compiles
@given(
    name=st.sampled_from(available_plans()),
    paid=st.booleans(),
    credibility=st.sampled_from([0.0, 3e5]),
    seed=st.integers(0, 10**6),
)
def test_bands_read_in_the_loop_ask_what_the_rule_asks(name, paid, credibility, seed):
    """On the edges, beside them, and at losses and premiums of zero."""
    plan = load_plan(name)
    average = 0.625
    ratio = replace(plan.ratio, relative=False, credibility_yuan=credibility, average=average)
    plan = replace(plan, ratio=ratio, pool_by="")
    several = replace(risks(np.geomspace(0.1, 50, 40)), base_premium=2.0 ** np.arange(8, 48) * 1e-3)
    lives = Lives.drawn(np.ones((40, 1)), 2, (plan.window_years or 1) - 1, 0.3, seed)
    rating = Rating(plan, several, lives, plan.window_years or 1)
    if rating.table is None:
        return
    rng = np.random.default_rng(seed)
    unit = np.repeat(np.arange(40), 12)
    premium = rating.seen[0][1][unit] * (2.0 if paid else 1.0)
    edges = np.array([0.0, *(edge for edge, _ in edges_of(plan)), 0.5, 3.0])
    at = rng.choice(edges, len(unit))
    loss = at * (premium * ratio.premium_factor + credibility) - credibility * average
    loss = np.maximum(loss + rng.choice([0.0, 0.0, 1.0, -1.0], len(unit)) * loss * 1e-9, 0.0)
    losses = Losses(loss, loss, np.where(loss > 0, 1.0, rng.integers(0, 2, len(unit))), None)
    paid_in = premium if paid else None
    one, other = (
        ask(unit, 1, losses, loss, paid_in)
        for ask in (rating.asked, lambda *given: rating.kept(rating.multiplier_asked(*given)))
    )
    assert (one == other).all()


def test_neither_cores_nor_room_for_accidents_change_a_result(monkeypatch):
    several, plan = risks(np.geomspace(0.02, 8, 50), 0.4), plan_of("national_five_steps")

    def found():
        return simulate(plan, draw_accidents(several, 40, 4, seed=41), Behaviour(turnover=0.1), trace=True)

    monkeypatch.setattr(accidents, "BLOCK", 300)
    whole = found()
    monkeypatch.setattr(accidents.os, "cpu_count", lambda: 1)
    alone = found()
    monkeypatch.setattr(accidents, "AMPLE", -3.0)
    tight = found()
    for name in ("premium", "outgo", "cases", "steps"):
        assert getattr(whole, name).tobytes() == getattr(alone, name).tobytes() == getattr(tight, name).tobytes(), name


def dense(plan, one, paths, years, seed, elasticity=0.0):
    """Return the premium factor by year of one contractor on many paths, drawn densely; accidents follow the multiplier in force."""
    rng, now, out = np.random.default_rng(seed), np.full(paths, 1.0), []
    edges, ladder = np.array(plan.rule.criteria[0].bands.edges), np.array(plan.rule.criteria[0].bands.values)
    for _ in range(years):
        out.append(now)
        counts = rng.poisson(one.cases[0] * now**elasticity)
        loss = rng.multinomial(counts, CHANCES) @ POINTS * STEP
        now = ladder[np.searchsorted(edges, np.round(loss / one.base_premium[0], 12), side="right")]
    return np.array(out)


def test_safer_work_where_the_rate_is_higher_agrees_with_a_dense_simulation():
    one, plan, size = risks(2.0), plan_of("huainan"), 40_000
    drawn = draw_accidents(one, size, 4, seed=8, headroom=2.0)
    ours = simulate(plan, drawn, Behaviour(elasticity=-0.8)).factor.T
    theirs = dense(plan, one, size, 4, 9, elasticity=-0.8)
    for a, b in zip(ours, theirs, strict=True):
        within(a.mean(), b.mean(), np.hypot(a.std(), b.std()) / np.sqrt(size) + 1e-12)
        for step in plan.steps:
            p = (b == step).mean()
            within((np.isclose(a, step)).mean(), p, np.sqrt(max(p * (1 - p), 1 / size) * 2 / size))


def test_thinning_keeps_a_subset_of_the_same_accidents_and_the_negative_binomial():
    one = risks(3.0, 0.5)
    drawn = draw_accidents(one, 100_000, 1, seed=2, headroom=2.0)
    plan = load_plan("none")
    seen = {f: simulate(plan, drawn, Behaviour(frequency=f)).cases[:, 0] for f in (0.5, 1.0, 1.7, 2.0)}
    assert (np.diff(np.array(list(seen.values())), axis=0) >= 0).all(), "more frequency only adds accidents"
    for f, counts in seen.items():
        mean, variance = f * 3.0, f * 3.0 + 0.5 * (f * 3.0) ** 2
        within(counts.mean(), mean, np.sqrt(variance / 1e5))
        assert counts.var() == pytest.approx(variance, rel=0.03)
    with pytest.raises(InputError, match="frequency"):
        simulate(plan, drawn, Behaviour(frequency=2.1))


def test_a_true_risk_that_lasts_shows_in_the_sum_of_years_and_not_in_one():
    one = risks(2.0, 0.5)
    for persistent, variance in ((False, 5 * (2 + 0.5 * 4)), (True, 10 + 0.5 * 100)):
        cases = simulate(load_plan("none"), draw_accidents(one, 60_000, 5, seed=4, persistent=persistent)).cases
        assert cases[:, 2].var() == pytest.approx(2 + 0.5 * 4, rel=0.04)
        assert cases.sum(axis=1).var() == pytest.approx(variance, rel=0.04)


def test_a_common_shock_moves_all_contractors_together_and_not_the_mean():
    many = risks(np.full(200, 1.0))
    drawn = draw_accidents(many, 1_500, 2, seed=6, headroom=3.0)
    calm, shaken = (simulate(load_plan("none"), drawn, Behaviour(shock_cv=cv)).cases for cv in (0.0, 0.15))
    within(shaken.mean(), 200.0, np.sqrt((200 + (0.15 * 200) ** 2) / 3_000))
    assert calm.var() == pytest.approx(200, rel=0.12)
    assert shaken.var() == pytest.approx(200 + (0.15 * 200) ** 2, rel=0.12)


def test_new_contractors_stand_at_the_entry_step():
    many, plan = risks(np.full(3_000, 0.02)), plan_of("huainan")
    drawn = draw_accidents(many, 3, 6, seed=7)
    settled = simulate(plan, drawn, start=np.full(3_000, 0.5)).factor[:, 0]
    assert settled == pytest.approx(0.5)
    # what contractors stand at need not be on the ladder; the first review brings them there
    limited = simulate(plan_of("national_five_steps"), drawn, start=np.full(3_000, 1.07), trace=True)
    assert limited.factor[:, 0] == pytest.approx(1.07)
    assert limited.factor[:, 1] == pytest.approx(limited.steps[1] @ limited.ladder, abs=0.01)
    # with everyone replaced every year nobody ever leaves the entry step
    assert simulate(plan, drawn, Behaviour(turnover=1.0)).factor == pytest.approx(1.0)
    mixed = simulate(plan, drawn, Behaviour(turnover=0.2)).factor[:, 3:].mean()
    stays = simulate(plan, drawn).factor[:, 3:].mean()
    assert mixed == pytest.approx(0.2 * 1.0 + 0.8 * stays, abs=0.01)


def test_small_cases_are_hidden_only_where_it_pays_and_then_save_premium():
    many, plan = risks(np.full(400, 0.6)), plan_of("huainan")
    drawn = draw_accidents(many, 200, 4, seed=9)
    honest, hiding = simulate(plan, drawn), simulate(plan, drawn, Behaviour(hiding=0.6, small_yuan=20_000))
    assert hiding.hidden_cases.sum() > 0
    assert hiding.cases + hiding.hidden_cases == pytest.approx(honest.cases)
    assert hiding.outgo + hiding.hidden_yuan == pytest.approx(honest.outgo)
    assert (hiding.hidden_yuan <= 20_000 * hiding.hidden_cases + 1e-6).all()
    assert hiding.premium.sum() < honest.premium.sum()
    assert hiding.premium[:, 0] == pytest.approx(honest.premium[:, 0]), "what is hidden this year saves next year"
    # what is saved is more than what was hidden, each year: that is why it was hidden
    saved = (honest.premium - hiding.premium)[:, 1:].sum()
    assert saved > hiding.hidden_yuan[:, :-1].sum()
    nothing = simulate(load_plan("none"), drawn, Behaviour(hiding=1.0))
    assert nothing.hidden_cases.sum() == 0


def test_the_same_seed_gives_the_same_bytes_and_what_is_impossible_is_refused():
    several = risks([0.5, 2.0], 0.3)
    one, other = (simulate(plan_of("wsib"), draw_accidents(several, 50, 3, seed=1)) for _ in range(2))
    assert one.premium.tobytes() == other.premium.tobytes()
    empty = replace(several, cases=np.zeros(2), variance=np.zeros(2))
    assert simulate(plan_of("huainan"), draw_accidents(empty, 4, 2, seed=1)).factor[:, 1] == pytest.approx(0.5)
    for wrong, match in [
        (lambda: draw_accidents(several, 0, 1, 1), "at least one path"),
        (lambda: draw_accidents(several, 1, 1, 1, headroom=0.5), "headroom"),
        (lambda: draw_accidents(replace(several, variance=several.cases / 2), 1, 1, 1), "variance"),
        (lambda: draw_accidents(replace(several, severity=np.full(70_000, 1 / 70_000)), 1, 1, 1), "70000 points"),
        (lambda: simulate(load_plan("wsib"), draw_accidents(several, 1, 1, 1)), "looks back"),
        (lambda: Behaviour(hiding=1.2), "hiding"),
        (lambda: Behaviour(elasticity=0.3), "elasticity"),
        (lambda: Behaviour(frequency=-1.0), "Frequency"),
    ]:
        with pytest.raises(InputError, match=match):
            wrong()


def test_a_plan_that_looks_at_deaths_meets_as_many_as_there_are():
    """A contractor pays 150% after a year with at least so many deaths: the chance of that is a Poisson one."""
    fatal = np.zeros(len(SEVERITY))
    fatal[110], fatal[30] = 0.9, 0.2
    one = replace(risks(5.0), fatal=fatal)
    expected = 5.0 * float(SEVERITY @ fatal)
    drawn = draw_accidents(one, 200_000, 2, seed=12)
    for least in (1, 2):
        plan = replace(load_plan("none"), deaths=DeathCondition(least, 1.5))
        chance = float(poisson.sf(least - 1, expected))
        found = simulate(plan, drawn).factor[:, 1]
        within(found.mean(), 1 + 0.5 * chance, 0.5 * np.sqrt(chance / 200_000))
        assert set(np.round(found, 9)) == {1.0, 1.5}
    with pytest.raises(InputError, match="not known which cases are deaths"):
        simulate(plan, draw_accidents(replace(one, fatal=None), 2, 1, seed=1))
    with pytest.raises(InputError, match="share of deaths"):
        replace(one, fatal=np.ones(3))


def test_contractors_keep_the_grades_that_a_plan_reads():
    graded = replace(risks([1.0, 1.0, 3.0]), grades={"credit_grade": np.array(["AAA", "B", "AA"], dtype=object)})
    zibo = load_plan("zibo")
    expected = (0.533333333333 + 1.0 + 3 * 0.666666666667) / 5
    assert simulate(zibo, draw_accidents(graded, 3, 3, seed=1)).factor[:, 1:] == pytest.approx(expected)
    assert analyse(zibo, graded).equilibrium_off_balance == pytest.approx(expected)
    assert not analyse(zibo, graded).notes
    bare = analyse(zibo, replace(graded, grades={}))
    assert bare.equilibrium_off_balance == pytest.approx(1.0)
    assert "grades" in bare.notes[0].text
    # many contractors are analysed in groups: none of them mixes grades
    many = risks(np.geomspace(0.1, 5, 900))
    texts = np.array(["AAA", "B"] * 450, dtype=object)
    many = replace(many, grades={"credit_grade": texts})
    assert analyse(zibo, many).multiplier == pytest.approx(np.where(texts == "AAA", 0.533333333333, 1.0))


FLOW = np.array([0.0, 0.5, 2.5])


@pytest.mark.parametrize("name", ["huainan", "national_five_steps", "korea_2019", "jining", "bg_bau", "wsib"])
def test_premium_that_comes_in_some_years_is_simulated_as_it_is_analysed(name):
    """Many contractors alike: what one year brings to some, it brings to others in another."""
    plan = load_plan(name)
    window = (
        1 if plan.movement.change or not plan.movement.free else plan.window_years
    )  # of overlapping windows the chain knows nothing
    plan = replace(plan, ratio=replace(plan.ratio, denominator="base_premium"), review_years=1, window_years=window)
    several = risks(np.tile([0.1, 0.8, 6.0], 1_500), 0.3)
    uneven = replace(several, flow=np.tile(FLOW, (4_500, 1)))
    few = replace(risks([0.1, 0.8, 6.0], 0.3), flow=np.tile(FLOW, (3, 1)))
    drawn = draw_accidents(uneven, 12, 5, seed=21, history=(plan.window_years or 1) - 1)
    found = simulate(plan, drawn)
    assert found.base_premium.mean() == pytest.approx(uneven.base_premium.sum(), rel=0.02)
    # contractors are few (the giants' luck in premium is the same on all paths), hence an error by their number
    years = slice(1, 6) if plan.bites == "retrospective" else slice(0, 5)
    exact = analyse(plan, few, 5).off_balance[years]
    error = found.factor.std(axis=0) / np.sqrt(12) + 0.004
    assert np.abs(found.factor.mean(axis=0) - exact).max() <= 4 * error.max(), (found.factor.mean(axis=0), exact)
    even = analyse(plan, replace(few, flow=None), 5).off_balance[years]
    assert abs(even[-1] - exact[-1]) > 0.01, "it makes a difference"


def test_the_chance_of_a_step_is_the_mean_over_the_years_of_premium():
    """By hand: without premium 100%, else the loss of a year on half and on two and a half times the premium."""
    one, plan = risks(0.8), plan_of("huainan")
    hand = np.mean([1.0, *(analyse(plan, one.with_premium(np.array([f])), 1).multiplier[0] for f in FLOW[1:])])
    assert analyse(plan, replace(one, flow=FLOW[None, :])).multiplier[0] == pytest.approx(hand)
    project = replace(plan, rating_unit="project")
    alike = analyse(project, replace(one, flow=FLOW[None, :])).multiplier
    assert alike == pytest.approx(analyse(project, one).multiplier)


@given(
    st.integers(1, 6).flatmap(
        lambda n: st.lists(st.lists(st.floats(0, 9), min_size=3, max_size=3), min_size=n, max_size=n)
    )
)
def test_flows_keep_their_mean_over_years_and_over_contractors(years):
    flow = np.array(years) + 0.01
    flow /= flow.mean(axis=1, keepdims=True)
    whole = replace(risks(np.linspace(0.2, 3, len(flow))), flow=flow)
    for window in (1, 2, 3, 4):
        seen, _ = window_flow(replace(load_plan("huainan"), window_years=window), whole)
        assert seen.mean(axis=1) == pytest.approx(1.0)
        assert seen.shape[1] <= 9
    together = pooled(flow, whole.base_premium)
    assert together.mean() == pytest.approx(1.0)
    assert (np.diff(together) >= -1e-9).all()
    with pytest.raises(InputError, match="flow of premium"):
        replace(whole, flow=flow * 1.1)
