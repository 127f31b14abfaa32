"""Files made to harm are refused within bounded memory; spreadsheets made at random are read right or refused, never crash."""

import base64
import contextlib
import ctypes
import datetime as dt
import io
import resource
import struct
import sys
import zipfile
import zlib
from pathlib import Path
from unittest.mock import MagicMock

import openpyxl
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from data import privacy, workbook_child
from data.book import open_book
from data.importing import import_files
from data.workbooks import workbook_sheets
from models.messages import InputError

BOMB = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa">' + "".join(
    f'<!ENTITY {b} "{("&" + a + ";") * 10}">' for a, b in zip("abcdefghi", "bcdefghij", strict=True)
)


@pytest.fixture
def book(tmp_path):
    with open_book(tmp_path / "book.sqlite", create=True) as opened:
        yield opened


def workbook(path, sheet, more=()):
    """A workbook that is whole but for its one sheet."""
    made = io.BytesIO()
    openpyxl.Workbook().save(made)
    with zipfile.ZipFile(made) as good, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in good.namelist():
            archive.writestr(name, sheet if name == "xl/worksheets/sheet1.xml" else good.read(name))
        for name, content in more:
            archive.writestr(name, content)
    return path


def sheet(rows, prolog=""):
    return f'<?xml version="1.0"?>{prolog}<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>{rows}</sheetData></worksheet>'


def text(place, value):
    return f'<c r="{place}" t="inlineStr"><is><t>{value}</t></is></c>'


@pytest.mark.parametrize(
    "content",
    [
        sheet('<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'),
        sheet(f'<row r="1">{text("A1", "&j;")}</row>', BOMB + "]>"),
        sheet('<row r="1"><c r="A99999999999999"><v>1</v></c></row>'),
        sheet('<row r="1"><c r="ZZZZZZZ1"><v>1</v></c></row>'),
        sheet("<row>"),
        "",
    ],
    ids=["two cells at the corners", "a billion laughs", "row too far", "column too far", "cut off", "empty part"],
)
def test_hostile_sheets_are_refused_within_bounded_memory(book, tmp_path, content):
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(InputError):
        import_files(book, [workbook(tmp_path / "x.xlsx", content)])
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / (1 if sys.platform == "darwin" else 1024)
    assert grown < 200
    assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024 < 4200
    assert book.levels() == ()


def test_a_sheet_that_says_it_is_two_gigabytes_is_refused_unopened(book, tmp_path):
    path = workbook(tmp_path / "big.xlsx", " " * 54_321)
    path.write_bytes(path.read_bytes().replace(struct.pack("<I", 54_321), struct.pack("<I", 2_100_000_000)))
    with pytest.raises(InputError, match="unpack"):
        import_files(book, [path])


def test_macros_are_not_run_and_formulas_give_their_stored_value(book, tmp_path):
    head = "".join(
        text(f"{c}1", v) for c, v in zip("ABCD", ("施工单位", "年度", "总造价（元）", "保费（元）"), strict=True)
    )
    row = (
        text("A2", "甲公司")
        + '<c r="B2"><v>2020</v></c><c r="C2"><f>HYPERLINK("http://x")+1</f><v>500</v></c><c r="D2"><f>1+1</f><v>7</v></c>'
    )
    path = workbook(
        tmp_path / "m.xlsm",
        sheet(f'<row r="1">{head}</row><row r="2">{row}</row>'),
        [("xl/vbaProject.bin", b"\xd0\xcf\x11\xe0macro")],
    )
    import_files(book, [path])
    assert book.table("experience")[["exposure_yuan", "premium_yuan"]].to_numpy().tolist() == [[500, 7]]


def test_external_entities_are_not_read(book, tmp_path):
    secret = tmp_path / "secret.txt"
    secret.write_text("geheim", encoding="utf-8")
    prolog = f'<!DOCTYPE x [<!ENTITY f SYSTEM "file://{secret}">]>'
    with pytest.raises(InputError) as refused:
        import_files(book, [workbook(tmp_path / "x.xlsx", sheet(f'<row r="1">{text("A1", "&f;")}</row>', prolog))])
    assert "geheim" not in str(refused.value)


def test_protected_and_renamed_workbooks(book, tmp_path):
    path = tmp_path / "p.xlsx"
    path.write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600)
    with pytest.raises(InputError, match="password"):
        import_files(book, [path])


def test_odd_text_and_parquet(book, tmp_path):
    unclosed = tmp_path / "q.csv"
    unclosed.write_text(
        '施工单位,年度,总造价（元）,保费（元）\n"A,2020,1,1\n' + "B,2020,1,1\n" * 20_000, encoding="utf-8"
    )
    with pytest.raises(InputError):
        import_files(book, [unclosed]).require()
    uneven = tmp_path / "u.csv"
    uneven.write_text(
        "施工单位,年度,总造价（元）,保费（元）\nA,2020,1,1\nB,2020,1,1,,,备注,x\n\nC,2020,2,1\n", encoding="utf-8"
    )
    assert import_files(book, [uneven]).accepted == 3
    nested = tmp_path / "n.parquet"
    pq.write_table(
        pa.table({"施工单位": ["D"], "年度": [2021], "总造价（元）": [1.5], "保费（元）": [1], "列表": [[1, 2]]}),
        nested,
    )
    assert import_files(book, [nested]).accepted == 1
    nested.write_bytes(nested.read_bytes()[:-30])
    with pytest.raises(InputError):
        import_files(book, [nested])


def test_persons_by_content():
    assert privacy.is_id_number("650102800101123")  # 15 digits, before 1999
    assert not privacy.is_id_number("990102800101123")  # no such province
    assert privacy.is_personal(1.1010519491231e17)  # a number that a spreadsheet has cut
    assert privacy.is_personal("0991-1234567")
    assert privacy.is_personal("138 1234 5678")
    assert privacy.is_name("张三")
    assert privacy.is_name("买买提·艾力")
    assert not privacy.is_name("物体打击")
    for personal in (
        "张三",
        "王小明 来电",
        "备注13812345678",
        "电话13812345678。",
        1.1010519491231e17,
        "650102800101123",
    ):
        assert privacy.shown(personal) == "***", personal
    assert privacy.shown("很多") == "很多"


def test_one_id_number_deep_in_a_long_column_is_found(book, tmp_path):
    rows = [f"K{i},2023-01-01,高处坠落" for i in range(5000)]
    rows[4321] = "K4321,2023-01-01,13812345678"
    path = tmp_path / "a.csv"
    path.write_text("案件编号,受伤日期,事故类型\n" + "\n".join(rows), encoding="utf-8")
    with pytest.raises(InputError, match="4323"):
        import_files(book, [path])
    assert "13812345678" not in str(book.imports())


def test_columns_of_names_are_refused_or_hashed_alike_in_every_file(book, tmp_path):
    people = ["张三", "李四", "王小明", "赵六", "陈七", "买买提·艾力"]
    cases, causes = tmp_path / "c.csv", tmp_path / "d.csv"
    cases.write_text("案件编号,受伤日期\n" + "\n".join(f"{p},2023-01-01" for p in people), encoding="utf-8")
    report = import_files(book, [cases])
    assert any("hash" in str(line) for line in report.lines())
    paid = tmp_path / "p.csv"
    paid.write_text(
        "案件编号,支付日期,待遇项目,金额（元）\n" + "\n".join(f"{p},2023-02-01,医疗费,5" for p in people),
        encoding="utf-8",
    )
    import_files(book, [paid])
    assert set(book.table("payments")["case_id"]) == set(book.table("cases")["case_id"])
    assert not set(people) & set(book.table("cases")["case_id"])
    causes.write_text(
        "案件编号,受伤日期,事故类型\n" + "\n".join(f"K{i},2023-01-01,{p}" for i, p in enumerate(people)),
        encoding="utf-8",
    )
    with pytest.raises(InputError, match="identifiable"):
        import_files(book, [causes])


CELLS = st.one_of(
    st.none(), st.integers(-(10**18), 10**18), st.floats(allow_nan=True, allow_infinity=True), st.booleans(),
    st.text(max_size=12), st.dates(dt.date(1900, 3, 1), dt.date(2100, 1, 1)), st.datetimes(dt.datetime(1900, 3, 1), dt.datetime(2100, 1, 1)),
    st.sampled_from(["合计", "单位：万元", "2024年3月1日", "１２，０００", "=1+1", "项目编号", "年度", "年度总造价（万元）", "11010519491231002X", "∞", "\x00", "'"]),
)  # fmt: skip
HEADS = [
    "施工单位",
    "年度",
    "总造价（万元）",
    "保费（元）",
    "工伤人数",
    "基金收入",
    "基金支出",
    "案件编号",
    "受伤日期",
    "支付日期",
    "待遇项目",
    "金额",
    "项目编号",
    "",
]


@settings(deadline=None, max_examples=25, suppress_health_check=list(HealthCheck))
@given(
    heads=st.lists(st.sampled_from(HEADS), min_size=1, max_size=9),
    junk=st.lists(st.lists(CELLS, max_size=5), max_size=3),
    body=st.lists(st.lists(CELLS, max_size=9), max_size=8),
    kind=st.sampled_from(["xlsx", "parquet", "csv-utf-8", "csv-gb18030", "csv-utf-16"]),
)
@example(
    ["支付日期", "案件编号", "待遇项目", "金额"], [], [[0]], "xlsx"
)  # a payment without a number of its own and without a day
def test_random_spreadsheets_are_read_or_refused(tmp_path_factory, heads, junk, body, kind):
    folder = tmp_path_factory.mktemp("random")
    rows = [*junk, heads, *body]
    path = folder / f"r.{kind.split('-')[0]}"
    if kind == "xlsx":
        made = openpyxl.Workbook()
        for row in rows:
            try:
                made.active.append(row)
            except (openpyxl.utils.exceptions.IllegalCharacterError, ValueError):
                made.active.append(["?"])
        made.save(path)
    elif kind == "parquet":
        width = max(len(r) for r in rows)
        pd.DataFrame([[*r, *[None] * (width - len(r))] for r in rows]).astype("str").to_parquet(path)
    else:
        lines = (",".join('"' + str(c).replace('"', '""') + '"' for c in row) for row in rows)
        path.write_bytes("\n".join(lines).encode(kind.removeprefix("csv-"), "replace"))
    with open_book(":memory:") as own:
        try:
            report = import_files(own, [path], unit="元", accept_good_rows=True)
        except InputError as refused:
            said = str(refused)
            report = None
        else:
            said = " ".join(str(line) for line in report.lines())
        assert "11010519491231002X" not in said
        for name in {s.target for s in (report.sheets if report else ())}:
            table = own.table(name)
            assert not table.select_dtypes("number").isin([float("inf"), float("-inf")]).any().any()
            assert not table.astype("str").isin(["11010519491231002X"]).any().any()


FAILED = ("#REF!", "#VALUE!", "#N/A", "#DIV/0!", "#NAME?", "#NUM!", "#NULL!")


@pytest.mark.parametrize("error", FAILED)
@pytest.mark.parametrize("place", ["A3", "B3", "C3", "D3"])
def test_a_formula_that_failed_is_refused_by_its_place(book, tmp_path, error, place):
    made = openpyxl.Workbook()
    own = made.active
    for row in (("施工单位", "年度", "总造价（元）", "保费（元）"), ("甲公司", 2020, 500, 7), ("乙公司", 2020, 600, 8)):
        own.append(row)
    own[place] = error  # openpyxl stores it as a cell of the type error, as Excel does
    made.save(tmp_path / "a.xlsx")
    before = book.fingerprint()
    report = import_files(book, [tmp_path / "a.xlsx"])
    assert book.fingerprint() == before
    said = [str(r.message()) for r in report.refused]
    assert len(said) == 1
    assert "row 3" in said[0]
    assert error in said[0]
    assert str(own[f"{place[0]}1"].value)[:2] in said[0]


def test_failed_formulas_stand_where_they_are_however_the_sheet_is_written(tmp_path):
    """Rows and cells that do not say their place, a prefix on every tag, apostrophes, an error in the last column only."""
    rows = (
        "<row r='2'><c r='B2' t='e'><f>1/0</f><v>#DIV/0!</v></c><c t='e'><v>#N/A</v></c></row>"
        "<row><c><v>1</v></c><c><v>2</v></c><c><v>3</v></c><c t='e'><v>#REF!</v></c></row>"
    )
    for name, content in {"plain": sheet(rows), "second": sheet('<row r="1"><c r="A1"><v>5</v></c></row>')}.items():
        path = workbook(tmp_path / f"{name}.xlsx", content)
        blocks = [block for _, parts in workbook_sheets(path, 1) for block in parts]
        if name == "second":
            assert blocks == [[[5.0]]]
        else:
            got = {(r, c): v for r, (row,) in enumerate(blocks) for c, v in enumerate(row) if v != ""}
            assert got == {(1, 1): "#DIV/0!", (1, 2): "#N/A", (2, 0): 1.0, (2, 1): 2.0, (2, 2): 3.0, (2, 3): "#REF!"}


def binary_workbook(path, rows):
    """An .xlsb with one sheet, written record by record ([MS-XLSB]): texts, numbers, error codes as one-byte ``bytes``."""

    def varying(number):
        return bytes([number]) if number < 128 else bytes([number & 127 | 128]) + varying(number >> 7)

    def record(kind, body=b""):
        return varying(kind) + varying(len(body)) + body

    def wide(value):
        return struct.pack("<I", len(value)) + value.encode("utf-16-le")

    cells = b""
    for number, row in enumerate(rows):
        cells += record(0, struct.pack("<I", number) + bytes(13))
        for column, value in enumerate(row):
            at = struct.pack("<II", column, 0)
            if isinstance(value, bytes):
                cells += record(3, at + value)
            else:
                cells += (
                    record(6, at + wide(value)) if isinstance(value, str) else record(5, at + struct.pack("<d", value))
                )
    size = struct.pack("<4I", 0, len(rows) - 1, 0, len(rows[0]) - 1)
    rels = '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="x/worksheet" Target="worksheets/sheet1.bin"/></Relationships>'
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("xl/_rels/workbook.bin.rels", rels)
        book = record(143) + record(156, struct.pack("<II", 0, 1) + wide("rId1") + wide("表")) + record(144)
        archive.writestr("xl/workbook.bin", record(131) + book + record(132))
        sheet = record(129) + record(148, size) + record(145) + cells + record(146) + record(130)
        archive.writestr("xl/worksheets/sheet1.bin", sheet)
    return path


def old_workbook():
    """An .xls written by LibreOffice, =1/0 in C3, =NA() in D2 (packed as text)."""
    packed = Path(__file__).parent / "old_books" / "failed_formulas.xls.base64"
    return zlib.decompress(base64.decodebytes(packed.read_bytes()))


def test_failed_formulas_of_binary_workbooks_are_refused_by_their_place(book, tmp_path):
    old = tmp_path / "old.xls"
    old.write_bytes(old_workbook())
    head = ("施工单位", "年度", "总造价（元）", "保费（元）")
    rows = [head, ("甲公司", 2020.0, 500.0, b"\x2a"), ("乙公司", 2020.0, b"\x07", 8.0)]
    new = binary_workbook(tmp_path / "new.xlsb", rows)
    for path in (old, new):
        said = [str(r.message()) for r in import_files(book, [path]).refused]
        assert len(said) == 2
        assert "row 2, column 保费" in said[0]
        assert "#N/A" in said[0]
        assert "row 3, column 总造价" in said[1]
        assert "#DIV/0!" in said[1]
    assert book.count("experience") == 0
    whole = binary_workbook(tmp_path / "whole.xlsb", [head, ("甲公司", 2020.0, 500.0, 7.0)])
    assert import_files(book, [whole]).accepted == 1


@settings(deadline=None, max_examples=15, suppress_health_check=list(HealthCheck))
@given(st.lists(st.tuples(st.integers(0, 6655), st.binary(min_size=1, max_size=6)), min_size=1, max_size=6))
def test_a_damaged_old_workbook_is_read_or_refused(tmp_path_factory, harm):
    content = bytearray(old_workbook())
    for at, junk in harm:
        content[at : at + len(junk)] = junk
    path = tmp_path_factory.mktemp("old") / "a.xls"
    path.write_bytes(content)
    with open_book(":memory:") as own, contextlib.suppress(InputError):
        import_files(own, [path])


def test_the_memory_limit_on_windows_stands_where_the_system_looks_for_it(monkeypatch):
    """The layout of JOBOBJECT_EXTENDED_LIMIT_INFORMATION, and what is put into it; the calls themselves only run on Windows."""
    word, long, size = ctypes.c_uint32, ctypes.c_int64, ctypes.c_uint64

    class Basic(ctypes.Structure):
        _fields_ = [("process_time", long), ("job_time", long), ("flags", word), ("least", size), ("most", size), ("processes", word),
                    ("affinity", size), ("priority", word), ("scheduling", word)]  # fmt: skip

    class Extended(ctypes.Structure):
        _fields_ = [("basic", Basic), ("io", size * 6), ("process", size), ("job", size), ("peak_process", size), ("peak_job", size)]  # fmt: skip

    given, kernel = [], MagicMock()
    kernel.CreateJobObjectW.return_value = kernel.GetCurrentProcess.return_value = 7
    kernel.SetInformationJobObject.side_effect = lambda job, kind, limits, length: given.append(
        (kind, bytes(limits), length)
    )
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setattr(ctypes, "WinDLL", lambda name: kernel, raising=False)
    workbook_child._limit_memory(4 << 30)
    ((kind, limits, length),) = given
    seen = Extended.from_buffer_copy(limits)
    assert (kind, length) == (9, ctypes.sizeof(Extended))
    assert (seen.basic.flags, seen.process) == (0x100, 4 << 30)
    assert kernel.AssignProcessToJobObject.called
