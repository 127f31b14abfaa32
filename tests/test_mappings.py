"""Mappings by hand, names of the office's own, queries: said once, used again next quarter."""

import sqlite3

import pandas as pd
import pytest

import cli
from data.book import open_book
from data.importing import import_files, import_query, options_for, preview
from data.layout import HandMapping
from data.mappings import (
    forget_mapping,
    load_mappings,
    look_at,
    own_names,
    save_own_names,
    saved_mappings,
    write_mappings,
)
from models.messages import InputError

ODD = "工程号,承建方,合同额,费用,入保日,经办人\nP1,C1,5000,5,2024-03-01,张三\nP2,C2,800,0.8,2024-04-01,李四\n"
NEXT = "经办人,承建方,工程号,合同额,费用,入保日\n王五,C1,P3,70,0.07,2024-07-01\n"


def write(path, text):
    path.write_text(text, encoding="utf-8")
    return path


def by_hand(**more):
    columns = {
        "工程号": "project_id",
        "承建方": "contractor_id",
        "合同额": "total_cost_yuan",
        "费用": "premium_yuan",
        "入保日": "enrolment_date",
        "经办人": "",
    }
    return HandMapping("projects", columns | more, {"合同额": "万元", "费用": "万元"})


@pytest.fixture
def book(tmp_path):
    with open_book(tmp_path / "book.sqlite", create=True) as opened:
        yield opened


def test_a_sheet_that_is_not_understood_is_mapped_once_and_read_alike_next_quarter(book, tmp_path):
    first = write(tmp_path / "一季度.csv", ODD)
    with pytest.raises(InputError):
        import_files(book, [first])
    (view,) = look_at(first, options_for(book).known, {})
    assert view.problem is not None
    assert view.labels == ("工程号", "承建方", "合同额", "费用", "入保日", "经办人")
    assert "张三" not in str(view.samples)
    import_files(book, [first], mappings=[by_hand()])
    assert book.table("projects")["total_cost_yuan"].tolist() == [5e7, 8e6]
    assert len(saved_mappings(book)) == 1
    report = import_files(book, [write(tmp_path / "二季度.csv", NEXT)])  # the columns in another order
    assert report.sheets[0].layout.by_hand
    assert book.table("projects").set_index("project_id").loc["P3", "total_cost_yuan"] == 7e5
    forget_mapping(book, by_hand().signature)
    with pytest.raises(InputError):
        preview(tmp_path / "二季度.csv", book)


def test_a_mapping_that_lacks_what_a_table_needs_or_names_what_is_not_there_is_refused(book, tmp_path):
    path = write(tmp_path / "a.csv", ODD)
    with pytest.raises(InputError, match="total_cost_yuan"):
        import_files(book, [path], mappings=[by_hand(合同额="")])
    assert saved_mappings(book) == {}
    with pytest.raises(InputError, match="no column"):
        by_hand(经办人="nobody")
    with pytest.raises(InputError, match="same meaning"):
        by_hand(经办人="project_id")
    with pytest.raises(InputError, match="unit"):
        HandMapping("projects", {"a": ""}, {"a": "dollar"})


def test_a_ledger_without_its_cost_is_not_taken_for_a_list_of_contractors(book, tmp_path):
    text = "项目编号,施工单位编号,造价总数,费率（‰）,缴费金额（元）,项目类型,参保日期\nP1,C1,5,1,5,房建,2024-01-01\n"
    with pytest.raises(InputError, match="total_cost_yuan"):
        import_files(book, [write(tmp_path / "a.csv", text)])


def test_a_template_is_written_corrected_and_read(book, tmp_path, capsys):
    path, mapping = write(tmp_path / "a.csv", ODD), tmp_path / "m.yaml"
    write_mappings(mapping, look_at(path, options_for(book).known, {}))
    text = mapping.read_text(encoding="utf-8")
    assert "工程号" in text
    text = "target: projects\ncolumns: {工程号: project_id, 承建方: contractor_id, 合同额: total_cost_yuan, 费用: '', 入保日: enrolment_date, 经办人: ''}\nunits: {合同额: 万元}\n"
    mapping.write_text(text, encoding="utf-8")
    assert load_mappings(mapping)[0].units == {"合同额": "万元"}
    target = tmp_path / "new.sqlite"
    assert cli.main(["import", "--book", str(target), "--mapping", str(mapping), str(path), "--language", "zh"]) == 0
    with open_book(target) as made:
        assert made.table("projects")["total_cost_yuan"].tolist() == [5e7, 8e6]
        assert len(saved_mappings(made)) == 1
    mapping.write_text("- 1\n", encoding="utf-8")
    assert cli.main(["import", "--book", str(target), "--mapping", str(mapping), str(path)]) == 2


def test_names_added_to_a_book_are_understood_from_then_on(book, tmp_path):
    text = "工程号,施工单位编号,合同额（万元）,参保日期\nP1,C1,5000,2024-03-01\n"
    save_own_names(book, [("projects", "project_id", "工程号"), ("projects", "total_cost_yuan", "合同额")])
    assert len(own_names(book)) == 2
    assert import_files(book, [write(tmp_path / "a.csv", text)]).accepted == 1
    with pytest.raises(InputError, match="no column"):
        save_own_names(book, [("projects", "nonsense", "x")])
    assert len(own_names(book)) == 2


def test_a_preview_leaves_the_book_as_it_is(book, tmp_path):
    before = dict(book.facts())
    preview(write(tmp_path / "a.csv", "案件编号,受伤日期\nK1,2023-01-01\n"), book)
    assert dict(book.facts()) == before


@pytest.fixture
def core_system(tmp_path):
    path = tmp_path / "core.db"
    connection = sqlite3.connect(path)
    rows = pd.DataFrame(
        {
            "流水号": ["Z1", "Z2"],
            "案件编号": "K1",
            "支付日期": ["2024-01-02", "2024-02-03"],
            "待遇项目": "医疗费",
            "金额": [12.5, 100.0],
        }
    )
    rows.to_sql("pay", connection, index=False)
    connection.commit()
    connection.close()
    return f"sqlite:///{path}"


def test_a_query_at_a_database_is_imported_once_and_writes_nothing_there(book, core_system):
    query = "SELECT 流水号, 案件编号, 支付日期, 待遇项目, 金额 FROM pay"
    assert import_query(book, core_system, query, "payments", unit="元").accepted == 2
    assert import_query(book, core_system, query, "payments", unit="元").accepted == 0
    assert book.table("payments")["amount_yuan"].sum() == 112.5
    for bad in ("DELETE FROM pay", "SELECT nothing FROM nowhere", "x"):
        with pytest.raises(InputError):
            import_query(book, core_system, bad, "payments", unit="元")
    assert import_query(book, core_system, query.replace("12.5", "13"), "payments", unit="元").accepted == 0
    with sqlite3.connect(core_system.removeprefix("sqlite:///")) as connection:
        assert connection.execute("SELECT count(*) FROM pay").fetchone() == (2,)


def test_a_query_from_the_command_line(tmp_path, core_system, capsys):
    target = str(tmp_path / "b.sqlite")
    query = [
        "--from",
        core_system,
        "--query",
        "SELECT * FROM pay",
        "--table",
        "payments",
        "--unit",
        "元",
        "--language",
        "zh",
    ]
    assert cli.main(["import", "--book", target, "--dry-run", *query]) == 0
    assert "amount_yuan" in capsys.readouterr().out
    assert cli.main(["import", "--book", target, *query]) == 0
    with open_book(target) as made:
        assert made.count("payments") == 2
    assert cli.main(["import", "--book", target, "--query", "SELECT 1", "--language", "zh"]) == 2
    assert cli.main(["import", "--book", target, "--language", "zh"]) == 2


def test_stopping_leaves_the_book_as_before(book, tmp_path):
    rows = "\n".join(f"K{i},2023-01-01" for i in range(60_000))
    path = write(tmp_path / "cases.csv", "案件编号,受伤日期\n" + rows)
    said = []

    def stop_after(n):
        def progress(message):
            said.append(str(message))
            if len(said) == n:
                raise KeyboardInterrupt

        return progress

    before = book.fingerprint()
    for n in (2, 4):  # while reading; after the first block is written
        said.clear()
        with pytest.raises(KeyboardInterrupt):
            import_files(book, [path], progress=stop_after(n))
        assert book.fingerprint() == before
        assert book.count("cases") == 0
    said.clear()
    assert import_files(book, [path], progress=stop_after(99)).accepted == 60_000
    assert any("50,000" in s or "50000" in s for s in said)
