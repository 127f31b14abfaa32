import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.parameters import load_parameters
from models.benefits import fen, statutory_benefits
from models.messages import InputError

PARAMETERS = load_parameters()


def frame(n, seed=0):
    rng = np.random.default_rng(seed)
    death = rng.random(n) < 0.1
    return pd.DataFrame(
        {
            "case_id": np.arange(n),
            "injury_date": pd.Timestamp("2016-01-01") + pd.to_timedelta(rng.integers(0, 3000, n), unit="D"),
            "grade": np.where(death, 0, rng.integers(0, 11, n)),
            "outcome": np.where(death, "death", "injury"),
            "own_wage_yuan": np.where(rng.random(n) < 0.2, np.nan, rng.gamma(4, 1500, n)),
            "care": rng.choice(["none", "partial", "major", "full"], n),
            "age": rng.integers(18, 66, n),
            "sex": rng.choice(["male", "female"], n),
            "dependants": [
                [{"kind": "spouse", "age": 40}, {"kind": "child", "age": int(a)}] if d else []
                for d, a in zip(death, rng.integers(0, 20, n), strict=True)
            ],
            "employment_ended": rng.random(n) < 0.5,
        }
    )


def test_many_cases_at_once_equal_each_alone():
    cases = frame(200)
    together = statutory_benefits(cases, PARAMETERS)
    alone = pd.concat([statutory_benefits(cases.iloc[[i]], PARAMETERS) for i in range(len(cases))], ignore_index=True)
    pd.testing.assert_frame_equal(together, alone)


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 10_000))
def test_order_does_not_matter_and_amounts_are_whole_fen(seed):
    cases = frame(60, seed)
    first = statutory_benefits(cases, PARAMETERS)
    shuffled = statutory_benefits(cases.sample(frac=1, random_state=seed), PARAMETERS)
    columns = ["case_id", "benefit"]
    pd.testing.assert_frame_equal(
        first.sort_values(columns, ignore_index=True), shuffled.sort_values(columns, ignore_index=True)
    )
    assert (np.abs(first["amount"] * 100 - (first["amount"] * 100).round()) < 1e-6).all()
    assert (first["amount"] > 0).all()


@settings(deadline=None, max_examples=40)
@given(st.floats(100, 100_000), st.floats(100, 100_000), st.integers(1, 10))
def test_a_higher_wage_never_gives_less_and_bounds_hold(wage, other, grade):
    row = {
        **frame(1).iloc[0].to_dict(),
        "outcome": "injury",
        "grade": grade,
        "pool_average_wage_yuan": 8000.0,
        "care": "none",
    }
    low, high = sorted((wage, other))
    amounts = [
        statutory_benefits(pd.DataFrame([{**row, "own_wage_yuan": w}]), PARAMETERS).set_index("benefit")["amount"][
            "disability_lump"
        ]
        for w in (low, high)
    ]
    months = {1: 27, 2: 25, 3: 23, 4: 21, 5: 18, 6: 16, 7: 13, 8: 11, 9: 9, 10: 7}[grade]
    assert amounts[0] <= amounts[1]
    assert months * 4800 <= amounts[0]
    assert amounts[1] <= months * 24000


@pytest.mark.parametrize(
    ("column", "value", "says"),
    [
        ("grade", 11, "grade"),
        ("grade", 2.5, "grade"),
        ("grade", "x", "not a number"),
        ("own_wage_yuan", -1, "negative"),
        ("care", "some", "care"),
        ("sex", "x", "sex"),
        ("outcome", "hurt", "outcome"),
        ("injury_date", "yesterday", "not a date"),
        ("injury_date", None, "missing"),
        ("dependants", "[{", "dependants"),
        ("dependants", [{"kind": "cousin"}], "dependants"),
    ],
)
def test_a_case_that_cannot_be_is_named(column, value, says):
    rows = frame(3).assign(outcome="death", grade=0).to_dict("records")
    rows[1][column] = value
    cases = pd.DataFrame(rows)
    with pytest.raises(InputError) as refused:
        statutory_benefits(cases, PARAMETERS)
    assert says in str(refused.value)
    assert "1" in str(refused.value)


def test_a_missing_column_is_named():
    with pytest.raises(InputError, match="own_wage_yuan"):
        statutory_benefits(frame(2).drop(columns="own_wage_yuan"), PARAMETERS)


def test_no_cases_no_benefits():
    assert statutory_benefits(frame(0), PARAMETERS).empty


def test_a_death_with_a_grade_needs_its_dates():
    cases = frame(1).assign(outcome="death", grade=3)
    with pytest.raises(InputError, match="suspension_end"):
        statutory_benefits(cases, PARAMETERS)


def test_fen_rounds_half_up():
    assert fen(np.array([0.005, 0.015, 1.005, 2.675])).tolist() == [0.01, 0.02, 1.01, 2.68]
