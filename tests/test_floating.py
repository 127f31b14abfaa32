import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.language import Translator
from analysis.plans.readable import explanation, rule_in_words
from models.floating import available_plans, explain, load_plan, parse_plan
from models.messages import InputError

PLANS = available_plans()


def portfolio(losses, base=None, cases=None, **columns):
    losses = np.asarray(losses, dtype=float)
    base = np.full(len(losses), 1e5) if base is None else np.asarray(base, dtype=float)
    frame = {
        "unit": [f"u{i}" for i in range(len(losses))],
        "period": "2024",
        "exposure_yuan": base * 1000,
        "premium_yuan": base,
        "base_premium_yuan": base,
        "cases": np.ceil(losses / 5e4) if cases is None else cases,
        "deaths": 0,
        "paid_yuan": losses,
        "incurred_yuan": losses,
        "credit_grade": "AA",
        "safety_standard": "2",
    }
    return pd.DataFrame(frame | columns)


amounts = st.lists(st.tuples(st.integers(0, 3_000_000), st.integers(1_000, 10_000_000)), min_size=1, max_size=12)


@pytest.mark.parametrize("name", PLANS)
@settings(deadline=None, max_examples=5)
@given(rows=amounts)
def test_multipliers_stay_within_the_bounds_of_the_plan(name, rows):
    plan = load_plan(name)
    found = plan.multiplier(portfolio(*zip(*rows, strict=True)))
    low, high = plan.bounds
    assert np.isfinite(found).all()
    assert found.between(low - 1e-12, high + 1e-12).all()
    assert found.index.tolist() == [f"u{i}" for i in range(len(rows))]


@pytest.mark.parametrize("name", PLANS)
@settings(deadline=None, max_examples=5)
@given(rows=amounts, more=st.integers(1, 1_000_000))
def test_more_claims_never_lower_a_multiplier(name, rows, more):
    plan = load_plan(name)
    losses, base = map(list, zip(*rows, strict=True))
    # Where the portfolio's own average enters, it is fixed: a neighbour's claims are not one's own.
    before = portfolio(losses, base)
    plan = plan.calibrated(before)
    losses[0] += more
    after = portfolio(losses, base)
    assert plan.multiplier(after).iloc[0] >= plan.multiplier(before).iloc[0] - 1e-12


@pytest.mark.parametrize("name", PLANS)
@settings(deadline=None, max_examples=5)
@given(rows=amounts, seed=st.integers(0, 99))
def test_the_order_of_contractors_changes_nothing(name, rows, seed):
    frame = portfolio(*zip(*rows, strict=True))
    shuffled = frame.sample(frac=1, random_state=seed)
    plan = load_plan(name)
    one, other = plan.multiplier(frame), plan.multiplier(shuffled)
    assert other.index.tolist() == shuffled["unit"].tolist()
    assert one.reindex(other.index).tolist() == pytest.approx(other.tolist(), abs=1e-9)


@settings(deadline=None, max_examples=20)
@given(rows=amounts)
def test_a_plan_of_all_hundred_per_cent_changes_nothing(rows):
    frame = portfolio(*zip(*rows, strict=True))
    plan = load_plan("none")
    assert plan.multiplier(frame).eq(1.0).all()
    balance = plan.off_balance(frame)
    assert (balance.factor, balance.base_rate_multiplier, balance.money_moved_yuan) == (1.0, 1.0, 0.0)


@pytest.mark.parametrize("name", [n for n in PLANS if not load_plan(n).movement.free])
@settings(deadline=None, max_examples=30)
@given(rows=amounts, data=st.data())
def test_limits_on_movement_are_never_broken(name, rows, data):
    plan = load_plan(name)
    frame = portfolio(*zip(*rows, strict=True))
    before = pd.Series([data.draw(st.sampled_from(plan.steps)) for _ in rows], index=frame["unit"])
    after = plan.multiplier(frame, before)
    moved = [plan.steps.index(b) - plan.steps.index(a) for a, b in zip(before, after, strict=True)]
    assert max(moved) <= plan.movement.steps_up
    assert min(moved) >= -plan.movement.steps_down


@pytest.mark.parametrize("name", PLANS)
@settings(deadline=None, max_examples=5)
@given(rows=amounts)
def test_the_corrected_base_rate_keeps_the_premium(name, rows):
    frame = portfolio(*zip(*rows, strict=True))
    plan = load_plan(name)
    balance = plan.off_balance(frame)
    charged = (plan.multiplier(frame).to_numpy() * balance.base_rate_multiplier * frame["base_premium_yuan"]).sum()
    assert charged == pytest.approx(frame["base_premium_yuan"].sum(), rel=1e-6)
    assert balance.steps["premium_share"].sum() == pytest.approx(1.0)
    assert balance.steps["units"].sum() == len(frame)


def test_years_of_a_unit_are_put_together_within_the_window():
    years = pd.concat(
        [
            portfolio([0.0, 0.0, 9e5]).assign(period="2022"),
            portfolio([6e5, 0.0]).assign(period="2023"),
            portfolio([0.0, 1e5]).assign(period="2024Q3"),
        ]
    )
    assert load_plan("huainan").multiplier(years).to_dict() == {"u0": 0.5, "u1": 1.2, "u2": 1.0}
    # Two years: 600,000 and 100,000 on 200,000 of premium; u2 has nothing in the window and is a new entrant.
    assert load_plan("wuxi").multiplier(years).to_dict() == {"u0": 1.5, "u1": 0.8, "u2": 1.0}
    assert load_plan("huainan").off_balance(years).base_premium_yuan == 2e5


def test_an_area_shares_one_multiplier():
    frame = portfolio([0.0, 2.5e5, 0.0], prefecture=["hami", "hami", "altay"])
    assert load_plan("jiangsu").multiplier(frame).tolist() == pytest.approx([1.5, 1.5, 2 / 3])


def test_who_enrolled_nothing_in_the_window_is_not_rated_by_what_older_works_cost():
    frame = portfolio([5e4, 0.0], base=[0.0, 0.0])
    assert load_plan("huainan").multiplier(frame).tolist() == [1.0, 1.0]
    why = explain(load_plan("huainan"), frame)
    assert why["basis"].tolist() == ["no_experience"] * 2
    # works without premium are works: their claims ask for the highest step
    frame["exposure_yuan"] = 1e8
    assert load_plan("huainan").multiplier(frame).tolist() == [1.5, 0.5]


def test_claims_of_a_year_in_which_nothing_was_enrolled_count_in_the_window():
    years = pd.concat([portfolio([0.0]).assign(period="2023"), portfolio([2e5], base=[0.0]).assign(period="2024")])
    # 200,000 on the 100,000 of premium of the year before, as two years ask for
    assert load_plan("wuxi").multiplier(years).tolist() == [1.5]


def test_base_premium_and_incurred_stand_in_where_they_are_missing():
    frame = portfolio([1.3e5]).drop(columns=["base_premium_yuan", "incurred_yuan"])
    assert load_plan("huainan").multiplier(frame).item() == 1.5
    assert load_plan("japan").multiplier(frame).item() == 1.25


LIMITED = """
title: {zh: 限额, en: Limited}
reference: test
mark: assumption
rating_unit: contractor
bites: next_project
window: {years: 1}
ratio: {numerator: incurred, denominator: base_premium, claim_limit_yuan: 100000}
steps: [0.8, 1.0, 1.2, 1.5]
criteria:
- measure: ratio
  unit: percent
  upper_inclusive: false
  bands:
  - {to: 50, multiplier: 0.8}
  - {from: 50, to: 150, multiplier: 1.0}
  - {from: 150, multiplier: 1.5}
- measure: frequency
  unit: permille
  upper_inclusive: false
  bands:
  - {to: 1000, multiplier: 0.8}
  - {from: 1000, multiplier: 1.2}
frequency: {yuan_per_person: 1000000}
deaths: {deaths: 1, at_least: 1.2}
new_entrant: {multiplier: 1.2}
minimum: {base_premium_yuan: 50000, years: 1}
"""


def test_one_case_counts_to_its_limit_and_a_death_allows_no_discount():
    plan = parse_plan(LIMITED)
    frame = portfolio([1e6, 1e6, 0.0, 2e4], base=[1e5, 1e5, 1e5, 4e4], cases=[1, 2, 0, 1], deaths=[0, 0, 1, 0])
    assert plan.multiplier(frame).tolist() == [1.0, 1.5, 1.2, 1.2]
    claims = pd.DataFrame({"unit": ["u0", "u1", "u1"], "amount_yuan": [1e6, 9.8e5, 2e4]})
    assert plan.multiplier(frame, claims=claims).tolist() == [1.0, 1.0, 1.2, 1.2]
    assert plan.assumptions


def test_the_modification_is_one_for_what_was_expected_and_grows_slowly_for_the_small():
    plan = load_plan("ncci")
    frame = portfolio([6e4, 6e4, 6e4], base=[1e5, 1e5, 1e5], cases=[1, 1, 1])
    assert plan.multiplier(frame).tolist() == pytest.approx([1, 1, 1])
    plan = plan.calibrated(frame)
    small, large = portfolio([1.2e5], base=[1e5], cases=[2]), portfolio([1.2e7], base=[1e7], cases=[200])
    assert 1 < plan.multiplier(small).item() < plan.multiplier(large).item() < 2
    assert plan.multiplier(portfolio([5e7], base=[1e5], cases=[90])).item() == pytest.approx(1.10 + 0.0004 * 6e4 / 50)


def changed(old, new, count=1):
    assert LIMITED.count(old) >= 1
    return LIMITED.replace(old, new, count)


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        (changed("{from: 50, to: 150", "{from: 40, to: 150"), 16, "overlaps"),
        (changed("{from: 50, to: 150", "{from: 60, to: 150"), 16, "gap"),
        (changed("{from: 50, to: 150", "{from: 50, to: 50"), 16, "not above its start"),
        (changed("{from: 150, multiplier", "{from: 150, to: 200, multiplier"), 17, "last no `to`"),
        (changed("steps: [0.8,", "steps: [0.5, 0.8,"), 9, "no unit can reach the step 0.5"),
        (changed("steps: [0.8, 1.0,", "steps: [1.0, 0.8,"), 9, "ascending"),
        (changed("multiplier: 1.5}", "multiplier: 1.6}"), 17, "not one of the plan's steps"),
        (changed("multiplier: 1.5}", "multiplier: 0.8}"), 15, "must not give a lower multiplier"),
        (changed("unit: percent", "unit: percents"), 12, "fraction, percent, permille"),
        (changed("rating_unit: contractor", "rating_unit: firm"), 5, "contractor, project, group, area"),
        (changed("window: {years: 1}", "window: {years: 1.5}"), 7, "whole number"),
        (changed("window: {years: 1}", "window: {year: 1}"), 7, "year is not known"),
        (changed("bites: next_project", "bites: next_project\nspeed: 3"), 7, "speed is not known"),
        (changed("mark: assumption", "mark: sure"), 4, "official, reprint"),
        (changed("upper_inclusive: false", "upper_inclusive: maybe"), 13, "true or false"),
        (changed("claim_limit_yuan: 100000", "claim_limit_yuan: '100000'"), 8, "must be a number"),
        (
            changed("deaths: {deaths: 1, at_least: 1.2}", "deaths: {deaths: 1, at_least: 1.3}"),
            25,
            "not one of the plan's steps",
        ),
        (changed("frequency: {yuan_per_person: 1000000}", ""), 2, "yuan_per_person"),
        (
            changed("steps: [0.8, 1.0, 1.2, 1.5]", "ladder: {factor: 1.05, down: 2, up: 2}\nsteps: [1.0]"),
            2,
            "exactly one rule",
        ),
        (changed("bites: next_project", "bites: next_project\nbites: next_year"), 7, "twice"),
        (changed("reference: test\n", ""), 2, "reference"),
        (changed("steps: [0.8", "steps: [[0.8"), 10, "not readable YAML"),
    ],
)
def test_a_plan_that_does_not_fit_is_refused_with_its_line(text, line, reason):
    with pytest.raises(InputError) as refused:
        parse_plan(text, "plan.yaml")
    message = str(refused.value)
    assert "plan.yaml" in message
    assert f"line {line}" in message, message
    assert reason in message, message


def test_an_unknown_plan_and_an_unusable_experience_are_named(tmp_path):
    with pytest.raises(InputError, match="known plans are bg_bau"):
        load_plan("marsland")
    file = tmp_path / "mine.yaml"
    file.write_text(LIMITED, encoding="utf-8-sig")
    assert load_plan(file).name == "mine"
    plan = load_plan("zibo")
    for frame, reason in [
        (portfolio([1.0]).drop(columns="unit"), "unit"),
        (portfolio([1.0]).drop(columns="cases"), "cases"),
        (portfolio([1.0]).drop(columns="credit_grade"), "credit_grade"),
        (portfolio([np.nan], cases=0), "paid_yuan"),
        (portfolio([1.0], period="last year"), "last year"),
    ]:
        with pytest.raises(InputError, match=reason):
            plan.multiplier(frame)
    with pytest.raises(InputError, match="no base premium"):
        plan.off_balance(portfolio([0.0], base=[0.0]))
    with pytest.raises(InputError, match="settlement"):
        plan.settled(0)


@pytest.mark.parametrize("name", PLANS)
def test_every_constant_of_every_plan_has_a_mark_and_a_reference(name):
    plan = load_plan(name)
    assert plan.constants
    assert all(c.mark and c.reference and c.value for c in plan.constants)
    assert set(plan.title) == {"zh", "en"}


@pytest.mark.parametrize("name", PLANS)
def test_the_explanation_comes_to_the_plan_s_own_multiplier(name):
    plan = load_plan(name)
    losses = [0.0, 1.9e4, 2e4, 7e4, 9e4, 1.5e5, 4e5, 2e6]
    frame = portfolio(losses, base=[1e5] * 7 + [2e4])
    previous = pd.Series(plan.steps[-1], index=frame["unit"][:3]) if plan.steps else None
    found = explain(plan, frame, previous)
    assert found["multiplier"].tolist() == pytest.approx(plan.multiplier(frame, previous).tolist())
    assert set(found["basis"]) <= {"rated", "too_small"}
    banded = found[found["band_low"].notna()]
    measure = np.where(banded["criterion"] == "ratio", banded["ratio"], banded["frequency"])
    assert ((measure >= banded["band_low"]) & (measure <= banded["band_high"])).all()
    for _, row in found.iterrows():
        said = [Translator("en").say(m) for m in explanation(plan, row)]
        assert said[-1].startswith("Multiplier: ")
        assert not any("{" in s for s in said)
    assert rule_in_words(plan)


@pytest.mark.parametrize(
    ("low", "high", "upper_inclusive", "english", "chinese"),
    [
        (-np.inf, 0.2, False, "below 20.0%", "低于20.0%"),
        (-np.inf, 0.2, True, "20.0% and below", "20.0%及以下"),
        (0.2, 0.6, False, "from 20.0% to below 60.0%", "20.0%及以上、低于60.0%"),
        (0.2, 0.6, True, "above 20.0%, up to and including 60.0%", "高于20.0%、不超过60.0%"),
        (1.2, np.inf, False, "120.0% and above", "120.0%及以上"),
        (1.2, np.inf, True, "above 120.0%", "高于120.0%"),
    ],
)
def test_a_band_is_said_with_its_edges(low, high, upper_inclusive, english, chinese):
    plan = load_plan("national_five_steps")
    row = explain(plan, portfolio([9e5])).iloc[0].copy()
    row["band_low"], row["band_high"], row["upper_inclusive"] = low, high, upper_inclusive
    assert f"in the band {english}:" in " ".join(Translator("en").say(m) for m in explanation(plan, row))
    assert f"落在{chinese}一档" in " ".join(Translator("zh").say(m) for m in explanation(plan, row))


def test_the_explanation_names_cap_band_and_limit():
    plan = parse_plan(LIMITED)
    frame = portfolio([1e6, 1e6, 2e4], base=[1e5, 1e5, 4e4], cases=[1, 2, 1])
    found = explain(plan, frame)
    one = found.loc["u0"]
    assert (one["capped_yuan"], one["loss_yuan"], one["raw_ratio"]) == (9e5, 1e5, 1.0)
    assert (one["band_low"], one["band_high"], one["criterion"]) == (0.5, 1.5, "ratio")
    assert found.loc["u2", "basis"] == "too_small"
    text = " ".join(Translator("en").say(m) for m in explanation(plan, one))
    assert "¥900,000" in text
    edge = "above 50.0%, up to and including 150.0%" if one["upper_inclusive"] else "from 50.0% to below 150.0%"
    assert f"in the band {edge}:" in text
    national = load_plan("national_five_steps")
    held = explain(national, portfolio([9e5]), pd.Series({"u0": 0.5})).loc["u0"]
    assert (held["asked"], held["multiplier"], bool(held["limited"])) == (1.5, 1.0, True)
    assert "limit on movement" in " ".join(Translator("en").say(m) for m in explanation(national, held))
