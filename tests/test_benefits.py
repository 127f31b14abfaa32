"""Benefits: against the law written out case by case, properties that must hold, and what is refused."""

import json
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.parameters import load_parameters
from models.benefits import REQUIRED, fen, read_dependants, statutory_benefits
from models.messages import InputError

PARAMETERS = load_parameters()
POOL, MINIMUM = 8000, 4000
seeds = st.integers(0, 10_000)
wages = st.floats(100, 100_000)


def frame(n, seed=0):
    """Return a portfolio in which every kind of case occurs."""
    rng = np.random.default_rng(seed)
    death = rng.random(n) < 0.3
    injured = pd.Timestamp("2016-01-01") + pd.to_timedelta(rng.integers(0, 3000, n), unit="D")
    later = death & (rng.random(n) < 0.5)
    died = injured + pd.to_timedelta(rng.integers(1, 300, n), unit="D")
    suspended_until = died + pd.to_timedelta(rng.choice([-1, 30], n), unit="D")
    family = [
        [{"kind": str(kind), "age": int(age), "lone": bool(lone)} for kind, age, lone in zip(*one, strict=True)]
        for one in (
            (rng.choice(["spouse", "child", "parent"], k), rng.integers(0, 30, k), rng.random(k) < 0.3)
            for k in rng.integers(0, 5, n)
        )
    ]
    return pd.DataFrame(
        {
            "case_id": [f"C{i}" for i in range(n)],
            "injury_date": injured,
            "death_date": died.where(later),
            "suspension_end": suspended_until.where(later),
            "filing_date": (injured + pd.to_timedelta(rng.integers(0, 200, n), unit="D")).where(rng.random(n) < 0.5),
            "grade": np.where(death & ~later, 0, rng.integers(0, 11, n)),
            "outcome": np.where(death, "death", "injury"),
            "own_wage_yuan": np.where(rng.random(n) < 0.2, np.nan, rng.gamma(2, 5000, n).round(2)),
            "care": rng.choice(["none", "partial", "major", "full"], n),
            "age": rng.integers(18, 70, n),
            "sex": rng.choice(["male", "female"], n),
            "dependants": [json.dumps(one) if i % 2 else one for i, one in enumerate(family)],
            "employment_ended": rng.random(n) < 0.5,
            "pool_average_wage_yuan": float(POOL),
            "minimum_wage_yuan": float(MINIMUM),
            "basic_pension_yuan": np.where(rng.random(n) < 0.5, np.nan, rng.integers(1000, 9000, n)),
            "suspension_months": rng.integers(0, 25, n),
            "suitable_job": rng.random(n) < 0.3,
            "project_ended": rng.random(n) < 0.3,
            "insured": rng.random(n) < 0.9,
            "missing": rng.random(n) < 0.1,
            "hardship": rng.random(n) < 0.5,
        }
    )


def to_the_fen(amount):
    return float(Decimal(repr(round(amount, 6))).quantize(Decimal("0.01"), ROUND_HALF_UP))


def by_the_book(case):
    """The law for one case in plain sentences, with the figures of the Regulation written out."""
    due = []

    def pay(benefit, amount, payer, monthly=False, from_month=1):
        if to_the_fen(amount) > 0:
            payer = payer if case["insured"] else "employer"
            due.append((case["case_id"], benefit, to_the_fen(amount), monthly, payer, int(from_month)))

    grade, injured = case["grade"], case["injury_date"]
    stated = POOL if np.isnan(case["own_wage_yuan"]) else case["own_wage_yuan"]
    wage = min(max(stated, 0.6 * POOL), 3 * POOL)
    lump = {1: 27, 2: 25, 3: 23, 4: 21, 5: 18, 6: 16, 7: 13, 8: 11, 9: 9, 10: 7}
    if case["outcome"] == "injury":
        if grade:
            pay("disability_lump", lump[grade] * wage, "fund")
            pay(
                "care_allowance",
                {"none": 0, "partial": 0.3, "major": 0.4, "full": 0.5}[case["care"]] * POOL,
                "fund",
                True,
            )
        if 1 <= grade <= 4:
            allowance = max(to_the_fen({1: 0.9, 2: 0.85, 3: 0.8, 4: 0.75}[grade] * wage), MINIMUM)
            of_age = case["age"] >= PARAMETERS.value("pension_age", injured.date())[case["sex"]]
            if of_age and not np.isnan(case["basic_pension_yuan"]):
                pay("disability_allowance", max(allowance - case["basic_pension_yuan"], 0), "fund", True)
            else:
                pay("disability_allowance", allowance, "fund", True)
                if case["project_ended"]:
                    pay("injured_medical_insurance", 0.08 * allowance, "employer", True)
        if grade in (5, 6) and not case["employment_ended"] and not case["suitable_job"]:
            pay("employer_allowance", max({5: 0.7, 6: 0.6}[grade] * wage, MINIMUM), "employer", True)
        if grade >= 5 and case["employment_ended"]:
            months = {5: 18, 6: 15, 7: 12, 8: 9, 9: 6, 10: 3}[grade]
            pay("medical_lump", months * POOL, "fund")
            pay("employment_lump", months * POOL, "employer")
        pay("suspension_wage", case["suspension_months"] * stated, "employer")
        return due

    died = injured if pd.isna(case["death_date"]) else case["death_date"]
    after = pd.notna(case["suspension_end"]) and died > case["suspension_end"]
    pay("suspension_wage", (3 if case["missing"] else case["suspension_months"]) * stated, "employer")
    if after and grade:
        pay("disability_lump", lump[grade] * wage, "fund")
    if after and not 1 <= grade <= 4:
        return due
    filed, payer, owed, waited = case["filing_date"], "fund", 0, 3 if case["missing"] else 0
    if case["insured"] and pd.notna(filed) and (filed - injured).days > 30 and died < filed:
        # A month has passed where the day of the month has come round again.
        passed = (filed.year - died.year) * 12 + filed.month - died.month - (filed.day < died.day)
        payer, owed = "employer", max(passed - waited, 0)
    family = case["dependants"] if isinstance(case["dependants"], list) else json.loads(case["dependants"])
    shares = [
        (0.4 if one["kind"] == "spouse" else 0.3) + 0.1 * one["lone"]
        for one in family
        if one["kind"] != "child" or one["age"] < 18
    ]
    pension = to_the_fen(min(sum(shares), 1) * wage)
    pay("survivor_pension", pension * owed, "employer", False, 1 + waited)
    pay("survivor_pension", pension, "fund", True, 1 + waited + owed)
    if not case["missing"]:
        pay("funeral", 6 * POOL, payer)
    if not after and (not case["missing"] or case["hardship"]):
        income = PARAMETERS.value("disposable_income.national_urban", date(died.year - 1, 12, 31))
        pay("death_lump", 20 * income * (0.5 if case["missing"] else 1), payer)
    return due


def test_ten_thousand_cases_equal_the_law_case_by_case():
    cases = frame(10_000)
    found = statutory_benefits(cases, PARAMETERS)
    columns = ["case_id", "benefit", "amount", "monthly", "paid_by", "from_month"]
    expected = pd.DataFrame([row for case in cases.to_dict("records") for row in by_the_book(case)], columns=columns)
    keys = ["case_id", "benefit", "monthly"]
    pd.testing.assert_frame_equal(
        found[columns].sort_values(keys, ignore_index=True), expected.sort_values(keys, ignore_index=True), rtol=1e-12
    )
    assert set(found["benefit"]) >= {"death_lump", "survivor_pension", "injured_medical_insurance", "employment_lump"}


def test_many_cases_at_once_equal_each_alone():
    cases = frame(200, seed=1)
    together = statutory_benefits(cases, PARAMETERS)
    alone = [statutory_benefits(cases.iloc[[i]], PARAMETERS) for i in range(len(cases))]
    pd.testing.assert_frame_equal(together, pd.concat(alone, ignore_index=True))


@settings(deadline=None, max_examples=20)
@given(seeds)
def test_the_order_and_the_labels_of_the_cases_do_not_matter(seed):
    cases = frame(60, seed)
    shuffled = cases.sample(frac=1, random_state=seed).set_axis([7] * 60)
    keys = ["case_id", "benefit", "monthly"]
    first, second = (statutory_benefits(c, PARAMETERS).sort_values(keys, ignore_index=True) for c in (cases, shuffled))
    pd.testing.assert_frame_equal(first, second)


@settings(deadline=None, max_examples=20)
@given(seeds)
def test_amounts_are_whole_fen_above_zero_in_the_order_of_the_cases(seed):
    cases = frame(60, seed)
    found = statutory_benefits(cases, PARAMETERS)
    assert (found["amount"] > 0).all()
    assert np.abs(found["amount"] * 100 - (found["amount"] * 100).round()).max() < 1e-4
    assert found["case_id"].map({c: i for i, c in enumerate(cases["case_id"])}).is_monotonic_increasing
    assert set(found["paid_by"]) <= {"fund", "employer"}


@settings(deadline=None, max_examples=30)
@given(st.lists(st.tuples(st.sampled_from(["spouse", "child", "parent"]), st.integers(0, 90), st.booleans())), wages)
def test_survivor_pensions_never_exceed_the_own_wage_and_grow_with_the_family(family, wage):
    dependants = [{"kind": kind, "age": age, "lone": lone} for kind, age, lone in family]
    several = [dependants[:k] for k in range(len(dependants) + 1)]
    cases = pd.concat([frame(1)] * len(several), ignore_index=True).assign(
        outcome="death", grade=0, missing=False, death_date=pd.NaT, own_wage_yuan=wage, dependants=several
    )
    cases["case_id"] = range(len(cases))
    found = statutory_benefits(cases, PARAMETERS)
    pensions = found[(found["benefit"] == "survivor_pension") & found["monthly"]].set_index("case_id")["amount"]
    pensions = pensions.reindex(range(len(cases)), fill_value=0.0)
    assert pensions.is_monotonic_increasing
    assert pensions.max() <= fen(np.clip(wage, 0.6 * POOL, 3 * POOL))


@settings(deadline=None, max_examples=20)
@given(seeds, wages, wages)
def test_no_benefit_falls_when_the_wage_rises(seed, one, other):
    low, high = (
        statutory_benefits(frame(40, seed).assign(own_wage_yuan=wage), PARAMETERS) for wage in sorted((one, other))
    )
    keys = ["case_id", "benefit", "monthly"]
    both = high.merge(low, on=keys, how="outer", suffixes=("_high", "_low")).fillna({"amount_low": 0.0})
    assert (both["amount_high"] >= both["amount_low"]).all()


@settings(deadline=None, max_examples=20)
@given(seeds)
def test_insurance_and_late_filing_move_the_payer_and_not_the_amount(seed):
    cases = frame(60, seed).drop(columns="filing_date")
    keys = ["case_id", "benefit", "amount", "monthly", "article", "from_month"]
    insured, uninsured = (statutory_benefits(cases.assign(insured=flag), PARAMETERS) for flag in (True, False))
    pd.testing.assert_frame_equal(insured[keys], uninsured[keys])
    assert (uninsured["paid_by"] == "employer").all()
    always_employer = {"employer_allowance", "employment_lump", "suspension_wage", "injured_medical_insurance"}
    assert set(insured.loc[insured["paid_by"] == "employer", "benefit"]) <= always_employer
    late = statutory_benefits(cases.assign(filing_date=cases["injury_date"] + pd.Timedelta(days=45)), PARAMETERS)
    once = [f.loc[~f["monthly"] & (f["benefit"] != "survivor_pension"), keys] for f in (insured, late)]
    pd.testing.assert_frame_equal(*(f.reset_index(drop=True) for f in once))


def test_a_frame_with_the_required_columns_alone_takes_the_rest_from_the_parameters():
    cases = frame(300).loc[:, list(REQUIRED)].query("outcome == 'injury'")
    found = statutory_benefits(cases, PARAMETERS)
    care = found[found["benefit"] == "care_allowance"].merge(cases, on="case_id")
    pool = [PARAMETERS.value("pool_average_wage", on.date()) for on in care["injury_date"]]
    share = care["care"].map({"partial": 0.3, "major": 0.4, "full": 0.5})
    assert care["amount"].to_numpy() == pytest.approx(fen((share * pool).to_numpy()), abs=0.005)


@pytest.mark.parametrize("column", REQUIRED)
def test_a_missing_column_is_named(column):
    with pytest.raises(InputError, match=f"lack the column {column}"):
        statutory_benefits(frame(2).drop(columns=column), PARAMETERS)


@pytest.mark.parametrize(
    ("column", "value", "says"),
    [
        ("grade", 11, "whole number from 0"),
        ("grade", 2.5, "whole number from 0"),
        ("grade", "x", "not a number"),
        ("grade", 3, "suspension_end"),
        ("own_wage_yuan", -1, "negative"),
        ("own_wage_yuan", float("inf"), "infinite"),
        ("own_wage_yuan", "5千", "not a number"),
        ("age", -3, "negative"),
        ("suspension_months", 25, "24"),
        ("care", "some", "none, partial, major, full"),
        ("sex", None, "male, female"),
        ("outcome", "hurt", "injury, death"),
        ("outcome", "injury", "must be death where"),
        ("injury_date", "yesterday", "not a date"),
        ("injury_date", None, "is missing"),
        ("death_date", "2010-01-01", "before the injury_date"),
        ("filing_date", "2010-01-01", "before the injury_date"),
        ("employment_ended", "maybe", "true or false"),
        ("insured", 2, "true or false"),
        ("dependants", "[{", "dependants"),
        ("dependants", 5, "dependants"),
        ("dependants", [{"kind": "cousin"}], "dependants"),
        ("dependants", [{"age": 5}], "dependants"),
        ("dependants", [{"kind": "child", "age": -1}], "dependants"),
        ("dependants", [{"kind": "child", "age": None}], "dependants"),
        ("dependants", [{"kind": "parent", "age": 70, "lone": "no"}], "dependants"),
    ],
)
def test_a_case_that_cannot_be_is_named_by_case_and_column(column, value, says):
    cases = frame(3).assign(outcome="death", grade=0, suspension_end=pd.NaT, filing_date=pd.NaT)
    cases["death_date"] = cases["injury_date"]
    rows = cases.to_dict("records")
    rows[1][column] = value
    with pytest.raises(InputError) as refused:
        statutory_benefits(pd.DataFrame(rows), PARAMETERS)
    assert "Case C1" in str(refused.value)
    assert column in str(refused.value)
    assert says in str(refused.value)


def test_an_injury_before_the_regulation_names_the_parameter_and_its_first_date():
    with pytest.raises(InputError, match=r"2010-12-31.*2011-01-01"):
        statutory_benefits(frame(1).assign(injury_date="2010-12-31"), PARAMETERS)


def test_a_word_of_an_overlay_that_is_not_known_is_refused():
    wrong = PARAMETERS.with_value("lump_5_to_10.base", date(2015, 1, 1), "average")
    with pytest.raises(InputError, match="own_wage"):
        statutory_benefits(frame(1), wrong)


def test_no_cases_no_benefits():
    none, some = statutory_benefits(frame(0), PARAMETERS), statutory_benefits(frame(5), PARAMETERS)
    assert none.empty
    assert none.drop(columns="case_id").dtypes.equals(some.drop(columns="case_id").dtypes)


@pytest.mark.parametrize("value", [None, "", float("nan"), pd.NA, [], "[]", np.array([], dtype=object)])
def test_no_dependants_in_any_spelling(value):
    assert read_dependants(value) == []


def test_dependants_as_list_json_or_array_are_the_same():
    one = [{"kind": "child", "age": 5.5, "lone": True}]
    assert (
        read_dependants(one) == read_dependants(json.dumps(one)) == read_dependants(np.array(one, dtype=object)) == one
    )


def test_fen_rounds_half_up():
    assert fen(np.array([0.005, 0.015, 1.005, 2.675])).tolist() == [0.01, 0.02, 1.01, 2.68]
