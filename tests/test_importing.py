import io
import random
import struct
import zipfile

import openpyxl
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analysis.language import Translator
from data import privacy
from data.book import open_book
from data.importing import import_files, preview
from models.messages import InputError

EXPERIENCE = "施工单位,年度,总造价（万元）,实缴保费（元）,工伤人数,工亡人数,待遇支出（元）\nA01,2020,10000,100000,2,0,50000\nA02,2020,20000,200000,1,1,1200000\n"


@pytest.fixture
def book(tmp_path):
    with open_book(tmp_path / "book.sqlite", create=True) as opened:
        yield opened


def write(path, text, encoding="utf-8"):
    path.write_bytes(text.encode(encoding))
    return path


def statement(
    path,
    rows,
    heads=("年度", "基金收入", "基金支出", "累计结余", "参保人数（万人）"),
    titles=(("某市工伤保险基金收支表",), ("单位：万元",)),
    totals=True,
):
    workbook = openpyxl.Workbook()
    sheet = workbook.active
    for title in titles:
        sheet.append(title)
    if titles:
        sheet.merge_cells(start_row=1, start_column=1, end_row=1, end_column=len(heads))
    sheet.append(heads)
    for row in rows:
        sheet.append(row)
    if totals:
        sheet.append(
            ["合计", *[sum(r[i] for r in rows if isinstance(r[i], int | float)) for i in range(1, len(heads))]]
        )
    workbook.save(path)
    return path


YEARS = [
    ("2019年", 12000, 9000, 15000, 20),
    (2020, 13000, 9900, 18100, 21.5),
    ("2021", "14,000", "１２０００", 20100, 22),
]


def test_a_total_under_a_head_of_several_columns_is_the_head_itself(book, tmp_path):
    workbook = openpyxl.Workbook()
    for row in (
        ["某地区工伤保险基金收支情况表（单位：万元）"],
        ["年度", "基金收入", None, None, "基金支出", None, "累计结余"],
        [None, "合计", "保险费收入", "其他", "合计", "待遇支出", None],
        [2023, 1000, 940, 60, 900, 850, 2000],
        ["合计", 1000, 940, 60, 900, 850, None],
    ):
        workbook.active.append(row)
    workbook.save(tmp_path / "收支.xlsx")
    report = import_files(book, [tmp_path / "收支.xlsx"])
    found = book.table("accounts").set_index("item")["amount"].to_dict()
    assert found == {"revenue": 1e7, "contributions": 9.4e6, "expenditure": 9e6, "benefits": 8.5e6, "balance": 2e7}
    assert report.sheets[0].layout.ignored == ("基金收入 其他",)


def test_a_total_row_is_known_by_its_word_in_a_column_that_is_not_used(book, tmp_path):
    workbook = openpyxl.Workbook()
    for row in (
        ["序号", "项目编号", "施工单位", "总造价（元）", "参保日期"],
        [1, "P1", "C1", 100, "2024-01-02"],
        ["合 计", None, None, 100, None],
    ):
        workbook.active.append(row)
    workbook.save(tmp_path / "台账.xlsx")
    report = import_files(book, [tmp_path / "台账.xlsx"])
    assert not report.refused
    assert report.sheets[0].totals == 1
    assert book.table("projects")["project_id"].to_list() == ["P1"]


def test_a_real_statement_with_titles_merged_cells_totals_and_units(book, tmp_path):
    report = import_files(book, [statement(tmp_path / "收支.xlsx", YEARS)])
    assert not report.refused
    table = book.table("accounts").pivot(index="period", columns="item", values="amount")
    assert table.loc["2021"].to_dict() == {
        "balance": 2.01e8,
        "expenditure": 1.2e8,
        "insured_persons": 220000,
        "revenue": 1.4e8,
    }
    assert len(table) == 3
    assert report.sheets[0].totals == 1


def test_a_statement_with_years_across(book, tmp_path):
    path = write(
        tmp_path / "a.csv", "单位：万元,,\n项目,2019年,2020年\n基金收入,100,200\n基金支出,80,90\n累计结余,300,410\n"
    )
    import_files(book, [path])
    table = book.table("accounts").pivot(index="period", columns="item", values="amount")
    assert table.loc["2020"].to_dict() == {"balance": 4.1e6, "expenditure": 9e5, "revenue": 2e6}


def test_long_accounts_with_english_heads(book, tmp_path):
    import_files(book, [write(tmp_path / "a.csv", "period,item,amount (yuan)\n2020,revenue,5\n2020,expenditure,4\n")])
    assert book.table("accounts")["amount"].sum() == 9


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_text_in_every_encoding_of_the_office(book, tmp_path, encoding):
    import_files(book, [write(tmp_path / "e.csv", EXPERIENCE, encoding)])
    assert book.table("experience")["exposure_yuan"].tolist() == [1e8, 2e8]


@pytest.mark.parametrize("suffix", [".xlsx", ".parquet"])
def test_workbook_and_parquet_read_like_text(book, tmp_path, suffix):
    frame = pd.read_csv(io.StringIO(EXPERIENCE))
    path = tmp_path / f"e{suffix}"
    frame.to_excel(path, index=False) if suffix == ".xlsx" else frame.to_parquet(path)
    import_files(book, [path])
    assert book.table("experience")["paid_yuan"].tolist() == [50000, 1200000]


def test_heads_in_two_rows(book, tmp_path):
    text = "施工单位,年度,项目情况,,工伤情况,,\n,,总造价（万元）,保费（万元）,工伤人数,工亡人数,待遇支出（万元）\nA,2020,100,0.1,1,0,2\n"
    import_files(book, [write(tmp_path / "t.csv", text)])
    row = book.table("experience").iloc[0]
    assert (row["exposure_yuan"], row["premium_yuan"], row["paid_yuan"]) == (1e6, 1000, 20000)


def test_ledgers_with_chinese_words_and_dates(book, tmp_path):
    files = [
        write(
            tmp_path / "projects.csv",
            "项目编号,施工单位编号,工程总造价（万元）,参保日期,开工日期,项目类型,费率（‰）,项目状态\nP1,C1,5000,2023年3月1日,20230401,房建,1,在建\n",
        ),
        write(
            tmp_path / "cases.csv",
            "案件编号,项目编号,受伤日期,结果,伤残等级,护理等级,性别,是否解除劳动关系,姓名,身份证号\nK1,P1,2023/5/6,受伤,十级,无,男,是,张三,11010519491231002X\n",
        ),
        write(
            tmp_path / "payments.csv",
            '案件编号,支付日期,待遇项目,支付金额（元）\nK1,45200,医疗费,1200\nK1,45200,医疗费,1200\nK1,45300,一次性伤残补助金,"40,201"\n',
        ),
    ]
    report = import_files(book, files)
    assert not report.refused, [r.message() for r in report.refused]
    assert book.table("projects").loc[0, "rate"] == pytest.approx(0.001)
    case = book.table("cases").iloc[0]
    assert (case["grade"], case["care"], case["sex"], bool(case["employment_ended"])) == (10, "none", "male", True)
    assert book.table("payments")["amount_yuan"].sum() == 42601  # equal payments without a number are two payments
    assert book.levels() == (3,)
    assert book.experience()["paid_yuan"].sum() == 42601
    stored = (tmp_path / "book.sqlite").read_bytes()
    assert "张三".encode() not in stored
    assert b"11010519491231002X" not in stored


def test_the_same_file_twice_adds_nothing_and_a_new_row_supersedes(book, tmp_path):
    path = write(tmp_path / "e.csv", EXPERIENCE)
    assert import_files(book, [path]).accepted == 2
    before = book.fingerprint()
    again = import_files(book, [path])
    assert again.accepted == 0
    assert book.fingerprint() == before
    later = write(tmp_path / "later.csv", EXPERIENCE.replace("A01,2020,10000", "A01,2020,11000"))
    written = import_files(book, [later]).sheets[0].written
    assert (written.added, written.changed, written.unchanged) == (0, 1, 1)
    assert book.table("experience")["exposure_yuan"].tolist() == [1.1e8, 2e8]
    book.undo(written.import_id)
    assert book.table("experience")["exposure_yuan"].tolist() == [1e8, 2e8]
    assert book.fingerprint() == before


def test_undo_of_an_older_import_keeps_the_newer(book, tmp_path):
    for i, cost in enumerate((1, 2, 3)):
        import_files(book, [write(tmp_path / f"{i}.csv", f"施工单位,年度,总造价（元）,保费（元）\nA,2020,{cost},1\n")])
    book.undo(2)
    assert book.table("experience")["exposure_yuan"].tolist() == [3]
    book.undo(3)
    assert book.table("experience")["exposure_yuan"].tolist() == [1]
    book.undo(1)
    assert book.table("experience").empty
    with pytest.raises(InputError, match="no import"):
        book.undo(1)


BAD = {
    "text in a number": (
        "a.csv",
        EXPERIENCE.replace("100000,2", "很多,2").encode(),
        ["row 2", "实缴保费", "很多", "number"],
    ),
    "missing column": ("a.csv", "施工单位,年度,工伤人数\nA,2020,1\n".encode(), ["lacks", "premium_yuan"]),
    "duplicate year": (
        "a.csv",
        "年度,基金收入（万元）,基金支出（万元）\n2020,3,4\n2020,5,6\n".encode(),
        ["row 3", "more than one row"],
    ),
    "unit not stated": ("a.csv", "年度,基金收入,基金支出\n2020,3,4\n".encode(), ["unit", "万元"]),
    "heads only": ("a.csv", "年度,基金收入（万元）,基金支出（万元）\n".encode(), ["no rows"]),
    "no heads": ("a.csv", b"1,2\n3,4\n", ["no row of column names"]),
    "0 bytes": ("a.xlsx", b"", ["0 bytes"]),
    "picture": ("a.xlsx", b"\x89PNG\r\n\x1a\n" + b"\0" * 50, ["not a workbook", "PNG"]),
    "web page as .xls": ("a.xls", b"<html><table></table></html>", ["not a workbook", "HTML"]),
    "binary as .csv": ("a.csv", b"\xff\xfe\x00\x01\x02" * 20, ["not text"]),
    "another kind": ("a.docx", b"PK", ["not read"]),
    "bad period": ("a.csv", "年度,基金收入（万元）,基金支出（万元）\n去年,3,4\n".encode(), ["row 2", "去年", "2024Q1"]),
    "negative count": ("a.csv", EXPERIENCE.replace("100000,2,0", "100000,-2,0").encode(), ["工伤人数", "whole number"]),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_refused_by_place_and_writes_nothing(book, tmp_path, name):
    file, content, words = BAD[name]
    path = tmp_path / file
    path.write_bytes(content)
    before = book.fingerprint()
    with pytest.raises(InputError) as refused:
        import_files(book, [path]).require()
    assert book.fingerprint() == before
    assert book.levels() == ()
    for word in words:
        assert word in str(refused.value)


def test_good_rows_of_a_bad_file_only_when_asked(book, tmp_path):
    path = write(tmp_path / "a.csv", EXPERIENCE.replace("100000,2", "很多,2"))
    assert import_files(book, [path]).accepted == 0
    assert import_files(book, [path], accept_good_rows=True).accepted == 1
    assert book.table("experience")["unit"].tolist() == ["A02"]


def test_one_bad_file_refuses_all_files(book, tmp_path):
    good, bad = (
        write(tmp_path / "g.csv", EXPERIENCE),
        write(tmp_path / "b.csv", "施工单位,年度,总造价（元）,保费（元）\nB,2020,x,1\n"),
    )
    report = import_files(book, [good, bad])
    assert report.refused
    assert book.levels() == ()


def test_every_bad_file_is_named_at_once_with_what_would_be_right(book, tmp_path):
    files = [
        write(tmp_path / "good.csv", EXPERIENCE),
        write(tmp_path / "empty.csv", ""),
        write(tmp_path / "words.docx", "x"),
        write(tmp_path / "cells.csv", EXPERIENCE.replace("100000,2", "很多,2")),
    ]
    with pytest.raises(InputError) as caught:
        import_files(book, files)
    english, chinese = (Translator(language).say(caught.value) for language in ("en", "zh"))
    for text in (english, chinese, str(caught.value)):
        assert all(name in text for name in ("empty.csv", "words.docx", "cells.csv"))
        assert "good.csv" not in text
        assert len(text.splitlines()) == 4
    for right in ("Export it again.", "Use .xlsx, .xls, .xlsb, .csv or .parquet.", "A number is needed"):
        assert right in english
    assert book.levels() == ()
    with pytest.raises(InputError) as caught:
        import_files(book, files, accept_good_rows=True)
    assert "cells.csv" not in str(caught.value)
    assert book.levels() == ()


def test_preview_shows_the_mapping_and_writes_nothing(book, tmp_path):
    text = " ".join(str(line) for line in preview(write(tmp_path / "a.csv", EXPERIENCE), book).lines())
    assert "总造价(万元) → exposure_yuan × 10000" in text
    assert book.levels() == ()


def test_an_offices_own_names(book, tmp_path):
    names = write(tmp_path / "names.yaml", "experience: {unit: [劳务单位], premium_yuan: [本年到账]}")
    path = write(tmp_path / "a.csv", EXPERIENCE.replace("施工单位", "劳务单位").replace("实缴保费", "本年到账"))
    import_files(book, [path], headers=[names])
    assert book.table("experience")["unit"].tolist() == ["A01", "A02"]


def test_formulas_stay_text_and_are_never_run(book, tmp_path):
    import_files(book, [write(tmp_path / "a.csv", EXPERIENCE.replace("A01", "=1+1"))])
    assert "=1+1" in book.table("experience")["unit"].tolist()


def test_zip_bomb_is_refused(book, tmp_path):
    path = tmp_path / "bomb.xlsx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", b"0" * 200_000_000)
    assert path.stat().st_size < 1_000_000
    with pytest.raises(InputError, match="unpack"):
        import_files(book, [path])


def test_sizes_that_a_zip_lies_about_are_refused(book, tmp_path):
    path = tmp_path / "lie.xlsx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", b"<a/>")
    path.write_bytes(path.read_bytes().replace(struct.pack("<I", 4), struct.pack("<I", 2**31)))
    with pytest.raises(InputError):
        import_files(book, [path])


def test_personal_numbers():
    assert privacy.is_id_number("11010519491231002X")
    assert not privacy.is_id_number("110105194912310021")
    assert privacy.is_personal("13812345678")
    assert privacy.is_personal_header("受伤职工姓名")
    assert not privacy.is_personal_header("单位名称")
    assert not privacy.is_personal_header("project name")
    assert privacy.shown("张三 13812345678") == "***"


def test_id_numbers_as_keys_are_hashed_and_elsewhere_refused(book, tmp_path):
    text = "案件编号,受伤日期\n11010519491231002X,2023-01-01\n"
    import_files(book, [write(tmp_path / "a.csv", text)])
    key = book.table("cases")["case_id"][0]
    assert len(key) == 16
    assert key != "11010519491231002X"
    with pytest.raises(InputError, match="no person"):
        import_files(book, [write(tmp_path / "b.csv", "案件编号,受伤日期,事故类型\nK1,2023-01-01,13812345678\n")])


def test_refusals_never_show_an_id_number(book, tmp_path):
    report = import_files(book, [write(tmp_path / "a.csv", "案件编号,受伤日期\nK1,11010519491231002X\n")])
    assert "11010519491231002X" not in str(report.refused[0].message())


@settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 10**9), st.sampled_from(["utf-8", "gb18030", "utf-8-sig"]), st.booleans())
def test_made_up_tables_are_read_right_or_refused_and_never_crash(tmp_path, seed, encoding, spoil):
    rng = random.Random(seed)
    heads = ["施工单位", "年度", "总造价（万元）", "保费（元）", "工伤人数", "待遇支出（元）", "备注"]
    order = rng.sample(range(7), 7)
    rows = [
        [f"C{i}", rng.choice([2020, "2020年"]), f"{i * 100 + 100:,}", 1000 + i, i, 10 * i, "=A1"]
        for i in range(rng.randint(1, 6))
    ]
    junk = [["某市"] + [""] * 6, [""] * 7][: rng.randint(0, 2)]
    if spoil:
        rows[-1][rng.randint(2, 5)] = rng.choice(["?", "x1", "2020-13-01", "∞", "1,2"])
    lines = [*junk, [heads[j] for j in order], *[[row[j] for j in order] for row in rows]]
    if rng.random() < 0.5:
        lines.append(["合计" if j == order[0] else "" for j in order])
    text = "\n".join(",".join(f'"{cell}"' for cell in line) for line in lines)
    path = write(tmp_path / f"{seed}.csv", text, encoding)
    with open_book(tmp_path / f"{seed}{spoil}{encoding}.sqlite", create=True) as own:
        report = import_files(own, [path])
        if spoil:
            assert report.refused
        else:
            table = own.table("experience").set_index("unit")
            assert table.loc[[r[0] for r in rows], "exposure_yuan"].tolist() == [
                (i * 100 + 100) * 1e4 for i in range(len(rows))
            ]
            assert table["paid_yuan"].sum() == sum(r[5] for r in rows)


def test_a_prefecture_is_known_by_any_of_its_names_and_another_place_keeps_its_own(book, tmp_path):
    places = ["昌吉州", "巴州", "乌鲁木齐市", "伊犁哈萨克自治州塔城地区", "和田", "kashgar", "石河子市"]
    rows = "".join(f"P{i},C1,1,2024-01-01,{place}\n" for i, place in enumerate(places))
    import_files(book, [write(tmp_path / "p.csv", "项目编号,施工单位,总造价（元）,参保日期,地州市\n" + rows)]).require()
    known = ["changji", "bayingolin", "urumqi", "tacheng", "hotan", "kashgar", "石河子市"]
    assert book.table("projects")["prefecture"].tolist() == known


def test_experience_from_ledgers_keeps_what_no_known_contractor_did_in_one_row_a_year(book, tmp_path):
    files = {
        "p": "项目编号,施工单位,总造价（元）,参保日期\nP1,C1,100,2024-01-01\n",
        "c": "案件编号,项目编号,受伤日期\nK1,P1,2024-02-01\nK2,P9,2024-03-01\n",
        "z": "支付编号,案件编号,支付日期,待遇项目,金额（元）\nZ1,K1,2024-05-01,医疗费,5\nZ2,K2,2025-05-01,医疗费,7\nZ3,K2,2025-06-01,医疗费,1.5\n",
    }
    import_files(book, [write(tmp_path / f"{name}.csv", text) for name, text in files.items()]).require()
    rows = book.experience()[["unit", "period", "cases", "paid_yuan", "incurred_yuan"]].astype(object)
    assert rows.where(rows.notna(), None).to_numpy().tolist() == [
        ["C1", "2024", 1, 5.0, 5.0],
        [None, "2024", 1, 0.0, 8.5],
        [None, "2025", 0, 8.5, 0.0],
    ]
