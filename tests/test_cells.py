from datetime import date, datetime

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from data.cells import convert, header_key, header_unit


def one(value, kind, factor=1.0, labels=None):
    values, bad = convert(pd.Series([value], dtype=object), kind, factor, labels)
    return "refused" if bad else values.iloc[0]


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("1200000", 1.2e6),
        ("1,200,000.50", 1200000.5),
        ("１２，０００", 12000),
        ("3.5万元", 35000),
        ("0.2亿", "refused"),
        ("2亿元", 2e8),
        ("¥100", 100),
        ("(300)", -300),
        ("-5", -5),
        ("1e3", 1000),
        ("12,34", "refused"),
        ("很多", "refused"),
        ("inf", "refused"),
        ("1.2.3", "refused"),
        (datetime(2020, 1, 1), "refused"),
        (True, "refused"),
    ],
)
def test_numbers(text, number):
    assert one(text, "money") == number


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("kind", ["money", "number", "share", "count"])
@pytest.mark.parametrize("value", [1.8e302, -1.8e302, "1.8e302", "2e14亿元", 10**300, float("inf")])
def test_numbers_beyond_any_sensible_size_are_refused_without_a_warning(kind, value):
    values, bad = convert(pd.Series([5, value, 7], dtype=object), kind, 1e8 if kind == "money" else 1.0)
    assert bad == [1]
    assert values.isna().tolist() == [False, True, False]


def test_the_unit_of_the_header_counts_unless_the_cell_has_its_own():
    values, bad = convert(pd.Series(["10", "10万元", 10.0, None, "-"], dtype=object), "money", 1e4)
    assert not bad
    assert values.tolist()[:3] == [1e5, 1e5, 1e5]
    assert values.isna().tolist() == [False, False, False, True, True]


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2025年3月1日", "2025-03-01"),
        ("20250301", "2025-03-01"),
        (20250301, "2025-03-01"),
        ("2025-03-01", "2025-03-01"),
        ("2025/3/1", "2025-03-01"),
        ("2025.3.1", "2025-03-01"),
        ("２０２５－０３－０１", "2025-03-01"),
        ("2025-03-01 10:30:00", "2025-03-01"),
        (45717, "2025-03-01"),
        (45717.0, "2025-03-01"),
        (date(2025, 3, 1), "2025-03-01"),
        (datetime(2025, 3, 1, 12), "2025-03-01"),
        ("2025-02-30", "refused"),
        ("去年", "refused"),
        (2025, "refused"),
    ],
)
def test_dates(text, day):
    read = one(text, "date")
    assert read == (day if day == "refused" else pd.Timestamp(day))


@pytest.mark.parametrize(
    ("text", "period"),
    [
        ("2024", "2024"),
        (2024, "2024"),
        (2024.0, "2024"),
        ("2024年", "2024"),
        ("2024年度", "2024"),
        ("2024年第1季度", "2024Q1"),
        ("2024Q3", "2024Q3"),
        ("2024年三季度", "2024Q3"),
        ("24", "refused"),
        ("合计", "refused"),
    ],
)
def test_periods(text, period):
    assert one(text, "period") == period


def test_flags_counts_shares():
    assert one("是", "flag") is np.True_ or bool(one("是", "flag"))
    assert one("maybe", "flag") == "refused"
    assert one("十级", "count") == 10
    assert one("2.5", "count") == "refused"
    assert one("-1", "count") == "refused"
    assert one("0.1%", "share") == pytest.approx(0.001)
    assert one("1‰", "share") == pytest.approx(0.001)


def test_words_of_choices():
    labels = {"无": "none", "部分不能自理": "partial"}
    assert one("部分不能自理", "text", labels=labels) == "partial"
    assert one("无", "text", labels=labels) == "none"
    assert one("别的", "text", labels=labels) == "refused"


@pytest.mark.parametrize(
    ("header", "key", "unit"),
    [
        ("工程总造价（万元）", "工程总造价", 1e4),
        ("其中：储备金", "储备金", None),
        ("保费(元)", "保费", 1.0),
        ("total_cost_yuan", "totalcostyuan", 1.0),
        ("费率（‰）", "费率", 1e-3),
        ("一、基金收入", "基金收入", None),
    ],
)
def test_headers(header, key, unit):
    assert header_key(header) == key
    assert header_unit(header) == unit


@settings(deadline=None, max_examples=300)
@given(
    st.lists(
        st.one_of(
            st.none(), st.text(max_size=12), st.floats(), st.integers(), st.booleans(), st.dates(), st.datetimes()
        ),
        min_size=1,
        max_size=8,
    ),
    st.sampled_from(
        ["money", "number", "count", "share", "date", "period", "quarter", "month", "flag", "json", "text"]
    ),
)
@example([1.8e302, "1.8e302", 10**300, 7], "count")
@example([1.8e302, -1e16, 3.0], "money")
@pytest.mark.filterwarnings("error")
def test_any_cell_is_read_or_refused_and_none_crashes(cells, kind):
    column = pd.Series(cells, dtype=object)
    values, bad = convert(column, kind)
    assert len(values) == len(column)
    assert set(bad) <= set(column.index)
    if kind in ("money", "number", "share"):
        assert np.isfinite(values.dropna()).all()
