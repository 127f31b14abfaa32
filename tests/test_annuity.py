"""Annuities against direct sums over months and years, and against the law's cap on survivor pensions."""

from itertools import product

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.annuity import (
    annuity_due,
    capital_values,
    deferred_annuity_due,
    monthly_annuity_due,
    mortality,
    pure_endowment,
    survival_curve,
    survivor_value,
    temporary_annuity_due,
)
from models.messages import InputError

SHARES = {"spouse": 0.4, "child": 0.3, "parent": 0.3}
TABLES = {"male": "CL5", "female": "CL6"}
rates = st.floats(-0.01, 0.1)
ages = st.integers(0, 105)


def survivors(dependants, rate=0.03, indexation=0.0):
    return survivor_value(dependants, SHARES, 0.1, 1.0, TABLES, rate, indexation)


@settings(deadline=None, max_examples=50)
@given(ages, rates, rates)
def test_a_whole_life_annuity_is_the_sum_of_its_payments(age, rate, indexation):
    alive = survival_curve("CL5", age, 106)
    payments = ((1 + indexation) / (1 + rate)) ** np.arange(106)
    assert annuity_due("CL5", age, rate, indexation) == pytest.approx(float(alive @ payments), rel=1e-10)


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 104), rates, rates)
def test_monthly_payments_equal_a_sum_over_months_with_deaths_spread_evenly(age, rate, indexation):
    q = mortality("CL6")
    v = (1 + indexation) / (1 + rate)
    years = survival_curve("CL6", age, 106 - age)
    total = sum(
        years[k] * (1 - m / 12 * q[age + k]) * v ** (k + m / 12) / 12 for k in range(len(years)) for m in range(12)
    )
    # 1e-9 is the error of the series that is used where the net rate is below 1e-4; elsewhere they agree to 1e-14.
    assert monthly_annuity_due("CL6", age, rate, indexation) == pytest.approx(total, rel=2e-9)


@settings(deadline=None, max_examples=30)
@given(ages, st.integers(0, 60), rates)
def test_temporary_and_deferred_make_the_whole_and_recur(age, years, rate):
    whole = annuity_due("CL1", age, rate)
    later = deferred_annuity_due("CL1", age, years, rate)
    assert temporary_annuity_due("CL1", age, years, rate) + later == pytest.approx(whole)
    if age + years <= 105:
        assert later == pytest.approx(pure_endowment("CL1", age, years, rate) * annuity_due("CL1", age + years, rate))


def test_the_cap_releases_when_a_child_leaves():
    spouse, child = {"kind": "spouse", "age": 38}, {"kind": "child", "age": 8}
    alone, one, three = survivors([spouse]), survivors([spouse, child]), survivors([spouse, *[child] * 3])
    assert alone == pytest.approx(0.4 * monthly_annuity_due("CL6", 38, 0.03), rel=1e-12)
    assert alone < one < three < alone + 3 * (one - alone)
    # With no interest and no deaths to speak of, 100% is paid for the ten years to 18 and 40% for life afterwards.
    flat = survivors([spouse, *[child] * 3], rate=0.0)
    assert flat == pytest.approx(survivors([spouse], rate=0.0) + 0.6 * 10, rel=0.001)


@settings(deadline=None, max_examples=20)
@given(
    st.lists(st.tuples(st.sampled_from(list(SHARES)), st.integers(0, 90), st.booleans()), min_size=1, max_size=4), rates
)
def test_survivor_values_equal_the_sum_over_who_is_alive(family, rate):
    months = np.arange(106 * 12)
    alive = []
    for kind, age, _ in family:
        yearly = np.append(survival_curve("CL5" if kind == "child" else "CL6", age, 106), 0.0)
        p = np.interp(months / 12, np.arange(107), yearly)
        alive.append(np.where((kind == "child") & (age + months / 12 >= 18), 0.0, p))
    shares = [SHARES[kind] + 0.1 * lone for kind, _, lone in family]
    expected = np.zeros(len(months))
    for living in product((False, True), repeat=len(family)):
        chance = np.prod([p if lives else 1 - p for p, lives in zip(alive, living, strict=True)], axis=0)
        expected += chance * min(1.0, sum(share for share, lives in zip(shares, living, strict=True) if lives))
    value = float(expected @ (1 + rate) ** (-months / 12)) / 12
    dependants = [{"kind": kind, "age": age, "lone": lone} for kind, age, lone in family]
    assert survivors(dependants, rate) == pytest.approx(value, rel=1e-10)


def test_an_orphan_draws_the_supplement_and_a_grown_child_nothing():
    child = {"kind": "child", "age": 10}
    assert survivors([{**child, "lone": True}]) == pytest.approx(survivors([child]) * 4 / 3)
    assert survivors([{"kind": "child", "age": 18}]) == 0
    assert survivors([]) == 0


def test_capital_values_of_a_frame_equal_one_by_one():
    pensions = pd.DataFrame(
        {"age": [30, 45.5, 110], "sex": ["male", "female", "male"], "monthly_yuan": [1000, 2000.0, 3000]},
        index=[5, 7, 9],
    )
    values = capital_values(pensions, TABLES, 0.03, 0.02)
    for index, row in pensions.iterrows():
        assert values[index] == pytest.approx(
            monthly_annuity_due(TABLES[row["sex"]], row["age"], 0.03, 0.02) * 12 * row["monthly_yuan"]
        )


@pytest.mark.parametrize(
    "call",
    [
        lambda: annuity_due("CL9", 40, 0.03),
        lambda: annuity_due("CL1", -1, 0.03),
        lambda: annuity_due("CL1", float("nan"), 0.03),
        lambda: annuity_due("CL1", 40, -1.0),
        lambda: mortality("CL1", 0),
        lambda: temporary_annuity_due("CL1", 40, -1, 0.03),
        lambda: capital_values(pd.DataFrame({"age": [1], "sex": ["x"], "monthly_yuan": [1]}), TABLES, 0.03),
    ],
)
def test_what_cannot_be_valued_is_refused(call):
    with pytest.raises(InputError):
        call()


def test_a_survivor_between_two_birthdays_is_worth_what_lies_between_them():
    tables = {"male": "CL5", "female": "CL6"}

    def value(age):
        widow = [{"kind": "spouse", "age": age}]
        return survivor_value(widow, {"spouse": 0.4, "child": 0.3, "parent": 0.3}, 0.1, 1.0, tables, 0.03, 0.04)

    assert value(70.5) == pytest.approx((value(70) + value(71)) / 2, rel=2e-3)
