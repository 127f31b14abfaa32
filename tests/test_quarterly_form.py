"""The form is read, checked, consolidated, written and read back."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.quarterly_form import (
    COLUMNS,
    PREFECTURES,
    QuarterlyForm,
    compare_with_ledgers,
    consolidate,
    findings,
    prefecture_code,
    read_form,
    to_returns,
)
from models.messages import InputError
from reports.quarterly_form import write_form


def form(rows=2, quarter="2024Q3", reporter="乌鲁木齐市"):
    frame = pd.DataFrame({name: np.arange(1.0, rows + 1) * (i + 1) for i, name in enumerate(COLUMNS)})
    frame.insert(0, "name", [f"=县{i}" for i in range(rows)])
    return QuarterlyForm(reporter, quarter, frame, frame[list(COLUMNS)].sum())


def test_a_written_form_reads_back_the_same(tmp_path):
    written = form(5)
    read = read_form(write_form(written, tmp_path / "附件2 表.xlsx"))
    assert (read.reporter, read.quarter) == (written.reporter, written.quarter)
    pd.testing.assert_frame_equal(read.rows, written.rows, check_dtype=False)
    pd.testing.assert_series_equal(read.total, written.total, check_names=False)
    assert findings(read) == ()


@settings(deadline=None, max_examples=15)
@given(st.lists(st.integers(0, 10**13), min_size=8, max_size=8))
def test_amounts_survive_to_the_fen(tmp_path_factory, fen):
    values = pd.Series({n: v / 100 if n.endswith("_yuan") else float(v) for n, v in zip(COLUMNS, fen, strict=True)})
    rows = pd.DataFrame([{"name": "a", **values}])
    path = tmp_path_factory.mktemp("form") / "f.xlsx"
    read = read_form(write_form(QuarterlyForm("哈密市", "2024Q1", rows, values), path))
    for name in COLUMNS:
        assert round(read.total[name] * 100) == round(values[name] * 100)


def test_wrong_sums_signs_and_missing_persons_are_said():
    one = form()
    rows = one.rows.copy()
    rows.loc[0, "new_project_persons"] = 0
    rows.loc[1, "employer_units"] = -3
    said = " ".join(str(m) for m in findings(QuarterlyForm("哈密市", "2024Q1", rows, one.total)))
    assert "Column 1" in said
    assert "no persons in column 7" in said
    assert "-3" in said


def test_a_jump_on_the_quarter_before_is_a_question():
    now = form()
    before = now.rows.assign(employer_paid_yuan=now.rows["employer_paid_yuan"] / 3)
    said = [str(m) for m in findings(now, before)]
    assert len(said) == 2
    assert all("please confirm" in m for m in said)


def test_fourteen_prefectures_become_the_region_and_gaps_are_visible():
    one = to_returns(form(), pd.Timestamp("2024-10-20"))
    others = [one.assign(prefecture=code, received_date=pd.Timestamp("2024-10-10")) for code in list(PREFECTURES)[1:-1]]
    region, notes = consolidate(pd.concat([one, *others]), "2024Q3")
    assert len(region.rows) == 13
    assert region.total["new_projects"] == 13 * one["new_projects"].iloc[0]
    assert [str(n) for n in notes] == [
        "The return of 阿勒泰地区 for 2024Q3 is missing.",
        "The return of 乌鲁木齐市 for 2024Q3 came on 2024-10-20, after 2024-10-15.",
    ]


def test_the_ledger_is_set_beside_the_return():
    returns = to_returns(form())
    projects = pd.DataFrame(
        {
            "prefecture": "urumqi",
            "enrolment_date": ["2024-07-01", "2024-09-30"],
            "was_in_progress": [False, True],
            "premium_yuan": [10.0, 5.5],
        }
    )
    compared = compare_with_ledgers(returns, projects).set_index("what")
    assert compared.loc["project_paid_yuan", "ledger"] == 15.5
    assert compared.loc["new_projects", "difference"] == returns["new_projects"].iloc[0] - 1


@pytest.mark.parametrize("content", [b"", b"\x89PNG\r\n\x1a\n picture", b"PK\x03\x04 not a workbook"])
def test_what_is_not_a_spreadsheet_is_refused(tmp_path, content):
    path = tmp_path / "x.xlsx"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"x\.xlsx"):
        read_form(path, "2024Q1")


def test_prefectures_are_known_by_code_full_and_short_name():
    assert prefecture_code("伊犁州") == prefecture_code("ili") == prefecture_code("伊犁哈萨克自治州") == "ili"
    assert prefecture_code("北京") is None
