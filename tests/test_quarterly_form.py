"""The form is read, checked, consolidated, written and read back."""

import shutil
import subprocess

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pypdf import PdfReader
from python_calamine import CalamineWorkbook

from analysis.language import Translator
from data.prefectures import PREFECTURES, prefecture_code
from data.quarterly_form import (
    COLUMNS,
    TITLE,
    QuarterlyForm,
    figure,
    findings,
    read_form,
    read_forms,
    to_returns,
)
from data.returns import changes, compare_with_employers, compare_with_ledgers, consolidate, return_states
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
    found = findings(QuarterlyForm("哈密市", "2024Q1", rows, one.total))
    said = " ".join(str(f.message) for f in found)
    assert "Column 1" in said
    assert "column 2 is filled, but column 7 is empty" in said
    assert "-3" in said
    assert {f.severity for f in found} == {"error"}


def test_a_jump_on_the_quarter_before_is_a_question():
    now = form()
    before = now.rows.assign(employer_paid_yuan=now.rows["employer_paid_yuan"] / 3)
    found = findings(now, before)
    assert [f.severity for f in found] == ["question"] * 2
    assert all("please confirm" in str(f.message) for f in found)
    assert findings(now, now.rows) == ()


def test_fourteen_prefectures_become_the_region_and_gaps_are_visible():
    one = to_returns(form(), pd.Timestamp("2024-10-20"))
    others = [one.assign(prefecture=code, received_date=pd.Timestamp("2024-10-10")) for code in list(PREFECTURES)[1:-1]]
    region, notes = consolidate(pd.concat([one, *others]), "2024Q3")
    assert len(region.rows) == 13
    assert region.total["new_projects"] == 13 * one["new_projects"].iloc[0]
    assert [str(n) for n in notes] == [
        "The return of 乌鲁木齐市 for 2024Q3 came on 2024-10-20, after 2024-10-15.",
        "The return of 阿勒泰地区 for 2024Q3 is missing.",
    ]
    assert len(consolidate(pd.concat([one, *others]), "2024Q3", due_days=20)[1]) == 1
    states = return_states(pd.concat([one, *others]), ["2024Q3", "2024Q4"], 15, pd.Timestamp("2025-01-10"))
    table = states.pivot(index="prefecture", columns="quarter", values="state")
    assert table.loc["urumqi"].tolist() == ["late", "not_due"]
    assert table.loc["hami", "2024Q3"] == "on_time"
    assert table.loc["altay", "2024Q3"] == "missing"
    assert states["days_late"].sum() == 5


def ledger(**columns):
    base = {
        "prefecture": "urumqi", "status": "completed", "rate": 0.001, "multiplier": np.nan, "total_cost_yuan": [10_000.0, 5_000.0],
        "premium_yuan": [10.0, 5.5], "enrolment_date": ["2024-07-01", "2024-09-30"], "was_in_progress": [False, True],
        "planned_persons_fixed": 1, "planned_persons_migrant": [4, np.nan],
    }  # fmt: skip
    return pd.DataFrame({**base, **columns})


def test_the_ledger_is_set_beside_the_return():
    returns = to_returns(form())
    compared = compare_with_ledgers(returns, ledger()).set_index("what")
    assert compared.loc["project_paid_yuan", "ledger"] == 15.5
    assert compared.loc["new_projects", "difference"] == returns["new_projects"].iloc[0] - 1
    assert compared.loc["new_project_persons", "ledger"] == 5
    # 6 + 9 projects returned x mean cost 7,500 x rate 0.001
    assert compared.loc["expected_yuan", "ledger"] == pytest.approx(15 * 7.5)
    assert not compared["agrees"].any()
    cancelled = compare_with_ledgers(returns, ledger(status="cancelled"))
    assert (cancelled["ledger"] == 0).all()


def test_a_return_to_date_is_compared_from_january():
    early = ledger(enrolment_date=["2024-02-01", "2024-09-30"], was_in_progress=False)
    quarter = compare_with_ledgers(to_returns(form()), early).set_index("what")["ledger"]
    to_date = compare_with_ledgers(to_returns(form()), early, "year_to_date").set_index("what")["ledger"]
    assert (quarter["new_projects"], to_date["new_projects"]) == (1, 2)
    assert (quarter["project_paid_yuan"], to_date["project_paid_yuan"]) == (5.5, 15.5)


def test_what_agrees_within_the_tolerance_agrees():
    returns = to_returns(form()).assign(new_projects=21.0, inprogress_projects=0.0)
    many = ledger(total_cost_yuan=1e4, premium_yuan=10.0, was_in_progress=False)
    twenty = pd.concat([many] * 10, ignore_index=True)
    assert compare_with_ledgers(returns, twenty, tolerance=0.05).set_index("what").loc["new_projects", "agrees"]
    assert not compare_with_ledgers(returns, twenty, tolerance=0.04).set_index("what").loc["new_projects", "agrees"]


def test_employers_returned_stand_beside_the_payroll_ledger():
    four = pd.concat([to_returns(form(quarter=f"2024Q{q}")) for q in (1, 2, 3, 4)])
    employers = pd.DataFrame(
        {
            "prefecture": "urumqi",
            "year": "2024",
            "persons": [10, 5],
            "premium_yuan": [100.0, 50.0],
            "employer_id": ["a", "b"],
        }
    )
    one = compare_with_employers(four, employers).set_index("what")
    assert one.loc["employer_units", ["returned", "ledger"]].tolist() == [3, 2]
    assert one.loc["employer_persons", "ledger"] == 15
    assert one.loc["employer_paid_yuan", "returned"] == four["employer_paid_yuan"].sum()
    to_date = compare_with_employers(four, employers, "year_to_date").set_index("what")
    assert to_date.loc["employer_paid_yuan", "returned"] == four["employer_paid_yuan"].iloc[-1]


def test_changes_between_quarters_are_listed():
    rows = pd.concat([to_returns(form(quarter=q)) for q in ("2023Q4", "2024Q1", "2024Q3")]).reset_index(drop=True)
    rows.loc[1, "new_projects"] *= 2
    found = changes(rows, 0.5)
    assert found[["quarter", "what", "change"]].values.tolist() == [["2024Q1", "new_projects", 1.0]]


@pytest.mark.parametrize("content", [b"", b"\x89PNG\r\n\x1a\n picture", b"PK\x03\x04 not a workbook"])
def test_what_is_not_a_spreadsheet_is_refused(tmp_path, content):
    path = tmp_path / "x.xlsx"
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"x\.xlsx"):
        read_form(path, "2024Q1")


def test_prefectures_are_known_by_code_full_and_short_name():
    assert prefecture_code("伊犁州") == prefecture_code("ili") == prefecture_code("伊犁哈萨克自治州") == "ili"
    assert prefecture_code("北京") is None
    assert prefecture_code("新疆乌鲁木齐市人力资源和社会保障局") == "urumqi"
    assert prefecture_code("巴州") == "bayingolin"
    assert [prefecture_code(name) for name in PREFECTURES.values()] == list(PREFECTURES)


def sheet(path, rows, name="附件2"):
    import openpyxl

    book = openpyxl.load_workbook(path) if path.exists() else openpyxl.Workbook()
    own = book.create_sheet(name)
    for row in rows:
        own.append(row)
    if "Sheet" in book.sheetnames:
        del book["Sheet"]
    book.save(path)
    return path


def seed(figures, unit="单位：户、人、万元", reporter="和田地区"):
    """The original's own cells (附件2 of the 2015 plan), filled by hand."""
    return [
        [None, "建筑业参加工伤保险情况"],
        [f"填报单位：{reporter}", None, None, None, None, None, None, None, unit],
        [None, None, "参保单位数", None, None, "参保人数", None, None, "实缴金额", None],
        [None, None, "按用人单位方式参保户数", "按建设项目参保方式项目数", None, "按用人单位方式参保人数", "按建设项目参保方式人数"],
        [None, None, None, "新建项目数", "在建项目数", None, "新建项目数", "在建项目数"],
        [None, "序号", 1, 2, 3, 6, 7, 8, 9, 10],
        ["甲", 1, *figures],
        ["总数", None, *figures],
        ["单位责任人签字：", None, None, "科室负责人签字：", None, None, "填表人："],
    ]  # fmt: skip


def test_the_original_filled_by_hand_is_read(tmp_path):
    figures = ["12", "３", 4, "1,250", 90, 100, "35.25", 41.5]
    path = sheet(tmp_path / "和田 2016年第二季度.xlsx", seed(figures))
    read = read_form(path)
    assert (read.reporter, read.quarter, len(read.rows)) == ("和田地区", "2016Q2", 1)
    assert read.total.tolist() == [12, 3, 4, 1250, 90, 100, 352_500, 415_000]
    assert findings(read) == ()
    assert to_returns(read)["prefecture"].item() == "hotan"


def test_a_workbook_of_several_forms_and_other_sheets_gives_each(tmp_path):
    path = tmp_path / "汇总 2016Q2.xlsx"
    sheet(path, [["说明", "不是报表"]], "说明")
    sheet(path, seed([1] * 8), "和田")
    sheet(path, seed([2] * 8, reporter="喀什地区"), "喀什")
    assert [f.reporter for f in read_forms(path)] == ["和田地区", "喀什地区"]


def test_a_form_in_yuan_says_so_and_is_read_so(tmp_path):
    read = read_form(sheet(tmp_path / "a.xlsx", seed([1, 1, 1, 1, 1, 1, 5000, 6000], "单位：户、人、元")), "2016Q2")
    assert read.total[["employer_paid_yuan", "project_paid_yuan"]].tolist() == [5000, 6000]


@pytest.mark.parametrize("bad", ["约十", "inf", "1e999", "3/4", "#REF!", "#VALUE!", "#N/A", "#DIV/0!"])
def test_a_cell_that_is_no_number_is_named(tmp_path, bad):
    figures = [1, 2, 3, 4, bad, 6, 7, 8]
    with pytest.raises(InputError, match=r"row 7, column 7"):
        read_form(sheet(tmp_path / "a.xlsx", seed(figures)), "2016Q2")


def test_a_failed_formula_where_a_name_should_stand_is_named(tmp_path):
    rows = seed([1] * 8)
    rows[6][0] = "#REF!"
    with pytest.raises(InputError, match=r"row 7: #REF! stands where a name"):
        read_form(sheet(tmp_path / "a.xlsx", rows), "2016Q2")


@settings(deadline=None, max_examples=25)
@given(
    st.lists(
        st.lists(st.one_of(st.none(), st.integers(-5, 20), st.floats(), st.text(max_size=6), st.sampled_from(["总数", "甲", "序号", "建筑业参加工伤保险情况"])), max_size=11),
        max_size=9,
    ),
    st.integers(0, 8),
)  # fmt: skip
def test_junk_around_a_form_is_read_or_refused_by_message(tmp_path_factory, junk, where):
    rows = seed([1] * 8)
    clean = [
        [c if not isinstance(c, str) else "".join(x for x in c if x.isprintable()).lstrip("=") for c in r] for r in junk
    ]
    path = sheet(tmp_path_factory.mktemp("junk") / "j.xlsx", [*rows[:where], *clean, *rows[where:]])
    try:
        read = read_form(path, "2016Q2")
    except InputError:
        return
    assert np.isfinite(read.rows[list(COLUMNS)].to_numpy()).all()


def office(path, kind):
    program = shutil.which("soffice")
    if program is None:
        pytest.skip("no LibreOffice on this machine")
    profile = f"-env:UserInstallation={(path.parent / 'profile').as_uri()}"
    command = [program, profile, "--headless", "--convert-to", kind, "--outdir", str(path.parent), str(path)]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    return path.with_suffix(f".{kind}")


def test_the_form_prints_on_one_landscape_page_and_an_xls_reads_back(tmp_path):
    written = form(14)
    path = write_form(written, tmp_path / "form.xlsx", synthetic=True)
    page = PdfReader(office(path, "pdf")).pages
    assert len(page) == 1
    assert page[0].mediabox.width > page[0].mediabox.height
    text = page[0].extract_text()
    for said in (
        TITLE,
        "填报单位：乌鲁木齐市",
        "单位：户、人、万元",
        "单位责任人签字",
        "科室负责人签字",
        "填表人",
        "总数",
        "=县13",
        "模拟数据",
    ):
        assert said in text
    read = read_form(office(path, "xls"))
    pd.testing.assert_frame_equal(read.rows, written.rows, check_dtype=False)
    pd.testing.assert_series_equal(read.total, written.total, check_names=False)


def test_the_blank_form_is_the_original_s_and_is_not_taken_for_a_return(tmp_path):
    path = write_form(
        QuarterlyForm("", "", pd.DataFrame(columns=["name", *COLUMNS]), pd.Series(dtype=float)), tmp_path / "b.xlsx"
    )
    cells = CalamineWorkbook.from_path(str(path)).get_sheet_by_index(0).to_python()
    original = seed([""] * 8, reporter="")
    assert [cells[5], cells[6][:2]] == [["", *original[5][1:]], original[6][:2]]
    with pytest.raises(InputError, match="no filled row"):
        read_form(path, "2024Q1")


def test_the_same_form_is_the_same_bytes(tmp_path):
    first, second = (write_form(form(), tmp_path / name).read_bytes() for name in ("a.xlsx", "b.xlsx"))
    assert first == second


def test_findings_say_money_with_its_unit_and_counts_as_whole_numbers():
    zh = Translator("zh")
    assert zh.say(figure("project_paid_yuan", 90_000.0)) == "9.00万元"
    assert zh.say(figure("new_projects", 4.0)) == "4"
