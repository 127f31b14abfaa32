import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.exposure import (
    day_of_share,
    earned_by_quarter,
    earned_share,
    effective_end,
    person_years,
    person_years_of_roster,
    work_calendar,
)
from models.messages import InputError

PLAIN, WINTER = work_calendar(), work_calendar((12, 1, 2), 0.0)


def days(*texts):
    return np.array(texts, dtype="datetime64[D]")


def test_linear_by_hand():
    share = earned_share(days("2023-01-01"), days("2024-01-01"), np.datetime64("2023-04-11"), PLAIN, "linear")
    assert share[0] == pytest.approx(100 / 365)


def test_winter_stop_earns_nothing_in_winter():
    start, end = days("2023-03-01"), days("2024-11-01")
    before, after = (earned_share(start, end, np.datetime64(d), WINTER)[0] for d in ("2023-12-01", "2024-03-01"))
    assert before == after


@settings(deadline=None, max_examples=60)
@given(
    st.integers(0, 8000), st.integers(30, 2000), st.floats(0, 1), st.sampled_from(["linear", "s_curve"]), st.booleans()
)
def test_share_rises_from_0_to_1_and_its_inverse_is_the_day(first, length, share, shape, winter):
    calendar = WINTER if winter else PLAIN
    start = np.datetime64("2000-01-01") + np.array([first])
    end = start + length
    shares = [
        earned_share(start, end, start[0] + d, calendar, shape)[0] for d in range(0, length + 1, max(length // 20, 1))
    ]
    assert shares[0] == 0
    assert (np.diff(shares) >= -1e-12).all()
    assert earned_share(start, end, end[0], calendar, shape)[0] == 1
    work = calendar.until(end) - calendar.until(start)
    if work[0] > 0:
        day = day_of_share(start, end, np.array([share]), calendar, shape)
        assert earned_share(start, end, day, calendar, shape)[0] <= share + 1e-9
        next_day = np.minimum(day + 1, end)
        assert earned_share(start, end, next_day, calendar, shape)[0] >= share - 1e-9


def test_quarters_sum_to_the_cost_and_cancelled_projects_earn_nothing():
    projects = pd.DataFrame(
        {
            "project_id": ["a", "b", "c"],
            "cost_yuan": [100.0, 50.0, 70.0],
            "prefecture": ["altay", None, "hotan"],
            "start": pd.to_datetime(["2022-04-01", "2022-06-15", "2022-01-01"]),
            "planned_end": pd.to_datetime(["2023-10-31", "2023-02-01", "2023-01-01"]),
            "extended_to": pd.to_datetime([None, "2023-06-30", None]),
            "actual_end": pd.to_datetime([None, None, None]),
            "status": ["in_progress", "in_progress", "cancelled"],
        }
    )
    projects["end"] = effective_end(projects)
    quarters = [str(q) for q in pd.period_range("2022Q1", "2023Q4", freq="Q")]
    earned = earned_by_quarter(projects, quarters, {"altay": WINTER})
    assert earned.sum(axis=1).to_dict() == pytest.approx({"a": 100, "b": 50})
    assert earned.loc["b", "2023Q2"] > 0  # the extension earns
    assert earned.loc["a", "2023Q1"] < earned.loc["a", "2022Q4"]


def test_person_years():
    assert person_years(np.array([1e8]), 422906)[0] == pytest.approx(236.46, abs=0.01)
    assert person_years_of_roster(np.array([500.0]))[0] == 2


def test_impossible_input_is_refused():
    with pytest.raises(InputError):
        earned_share(days("2023-01-01"), days("2023-01-01"), np.datetime64("2023-01-01"), PLAIN)
    with pytest.raises(InputError):
        earned_share(days("2023-01-01"), days("2024-01-01"), np.datetime64("2023-01-01"), PLAIN, "wavy")
    with pytest.raises(InputError):
        work_calendar(tuple(range(1, 13)))
    with pytest.raises(InputError):
        person_years(np.array([1.0]), 0.0)
    with pytest.raises(InputError):
        earned_share(days("1980-01-01"), days("2024-01-01"), np.datetime64("2023-01-01"), PLAIN)


def test_a_state_that_nobody_brought_up_to_date_keeps_no_works_going():
    day = pd.Timestamp
    ends = [day("2024-11-30"), day("2024-01-01"), day("2023-12-31"), day("2016-06-30")]
    projects = pd.DataFrame(
        {"actual_end": pd.NaT, "extended_to": pd.NaT, "planned_end": ends, "status": "in_progress"}
    ).astype({"actual_end": "datetime64[ns]", "extended_to": "datetime64[ns]"})
    found = effective_end(projects, np.datetime64("2024-12-31"))
    assert list(found) == [day("2025-01-01")] * 2 + [day("2024-01-01"), day("2016-07-01")]
