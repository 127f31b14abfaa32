"""The book on SQLite and on a real PostgreSQL: the same answers, all or nothing when killed, several hands at once."""

import multiprocessing
import random
import sqlite3
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sqlalchemy import create_engine, inspect, text

from analysis.review import review
from analysis.scenario import Scenario
from data import schema
from data.book import open_book
from data.demo import DemoConfig, make_demo
from data.importing import import_files
from data.layout import HandMapping
from data.mappings import forget_mapping, own_names, save_own_names, saved_mappings
from data.quality import quality
from models.messages import InputError
from tests import postgres

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def server_url(tmp_path_factory):
    if postgres.programs() is None:
        pytest.skip("PostgreSQL is not installed on this machine")
    with postgres.server(tmp_path_factory.mktemp("postgres")) as url:
        yield url


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def place(request, tmp_path):
    """A place for a new book: a file, or an empty database of the server."""
    if request.param == "sqlite":
        return str(tmp_path / "book.sqlite")
    url = request.getfixturevalue("server_url")
    name = f"book{time.time_ns()}"
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    engine.dispose()
    return url.rsplit("/", 1)[0] + f"/{name}"


def payments_file(folder, rows, name="payments.csv"):
    rng = np.random.default_rng(len(name))
    days = pd.to_datetime("2020-01-01") + pd.to_timedelta(rng.integers(0, 1000, rows), unit="D")
    frame = pd.DataFrame(
        {
            "支付编号": [f"{name}{i}" for i in range(rows)],
            "案件编号": "K1",
            "支付日期": days.strftime("%Y-%m-%d"),
            "待遇项目": "医疗费",
            "支付金额（元）": rng.integers(1, 9999, rows),
        }
    )
    frame.to_csv(folder / name, index=False, encoding="utf-8-sig")
    return folder / name


def test_no_row_is_lost_where_another_process_reads_beside_a_book_opened_twice(tmp_path):
    """A file that is opened and closed past SQLite loses its locks, and the next process to close it would take the log away."""
    file = tmp_path / "book.sqlite"
    rows = pd.DataFrame({"unit": ["A"], "period": ["2020"], "exposure_yuan": [1.0], "premium_yuan": [1.0]})
    count = f"import sqlite3; c = sqlite3.connect({str(file)!r}); print(*c.execute('select count(*) from experience').fetchone()); c.close()"
    with open_book(file, create=True) as book:
        book.write("experience", rows)
        open_book(file).close()
        for number in (1, 2):
            seen = subprocess.run([sys.executable, "-c", count], capture_output=True, text=True, check=True)
            assert int(seen.stdout) == number
            book.write("experience", rows.assign(unit=str(number)))
    with open_book(file) as book:
        assert book.count("experience") == 3


def test_import_supersede_undo(place, tmp_path):
    first = tmp_path / "a.csv"
    first.write_text("施工单位,年度,总造价（元）,保费（元）\nA,2020,1,1\nB,2020,2,2\n", encoding="utf-8")
    second = tmp_path / "b.csv"
    second.write_text("施工单位,年度,总造价（元）,保费（元）\nA,2020,5,1\nC,2020,3,3\n", encoding="utf-8")
    with open_book(place, create=True) as book:
        import_files(book, [first])
        before = book.fingerprint()
        written = import_files(book, [second]).sheets[0].written
        assert (written.added, written.changed) == (1, 1)
        assert book.table("experience")["exposure_yuan"].tolist() == [5, 2, 3]
        book.undo(written.import_id)
        assert book.table("experience")["exposure_yuan"].tolist() == [1, 2]
        assert book.fingerprint() == before


def test_the_same_review_on_both(place, tmp_path):
    config = DemoConfig(projects=600, years=6)
    with open_book(place, create=True) as book, open_book(tmp_path / "other.sqlite", create=True) as other:
        make_demo(book, config)
        make_demo(other, config)
        pd.testing.assert_frame_equal(book.experience(), other.experience(), check_exact=False, rtol=1e-12)
        assert book.fingerprint() == other.fingerprint()
        scenario = Scenario(paths=500)
        one, two = review(book, scenario), review(other, scenario)
        assert one.best.rate == pytest.approx(two.best.rate, rel=1e-12)


IMPORT = """
import sys
from data.book import open_book
from data.importing import import_files
from data.quality import quality
with open_book(sys.argv[1], create=True) as book:
    print("go", flush=True)
    import_files(book, sys.argv[2:])
"""


def run_import(place, file):
    with open_book(place) as book:
        import_files(book, [file])


def importing(place, file):
    """Start an import in a process of its own (forked where that is possible: it starts at once)."""
    method = "fork" if "fork" in multiprocessing.get_all_start_methods() else "spawn"
    process = multiprocessing.get_context(method).Process(target=run_import, args=(place, file))
    process.start()
    return process


def test_killed_at_random_moments_the_book_is_as_before_or_as_after(place, tmp_path):
    file = payments_file(tmp_path, 3000)
    with open_book(place, create=True) as book:
        import_files(book, [payments_file(tmp_path, 10, "before.csv")])
        before = book.count("payments")
    rng = random.Random(7)
    began = time.monotonic()
    importing(place, file).join()
    whole = time.monotonic() - began
    with open_book(place) as book:
        book.undo(int(book.imports()["import_id"].max()))
    seen = set()
    for _ in range(50):
        process = importing(place, file)
        time.sleep(rng.uniform(0, whole * 1.1))
        process.kill()
        process.join()
        with open_book(place) as book:
            count = book.count("payments")
            assert count in (before, before + 3000)
            assert len(book.imports().query("undone_at.isna()")) == (1 if count == before else 2)
            seen.add(count)
            if count > before:
                book.undo(int(book.imports()["import_id"].max()))
    assert before in seen


def test_two_imports_and_readers_at_once_lose_nothing(place, tmp_path):
    files = [payments_file(tmp_path, 3000, f"{name}.csv") for name in ("one", "two")]
    open_book(place, create=True).close()
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", IMPORT, place, str(f)], cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
        )
        for f in files
    ]
    problems, counts = [], []

    def read():
        while any(w.poll() is None for w in writers):
            try:
                with open_book(place) as book:
                    counts.append(book.count("payments"))
            except Exception as error:
                problems.append(error)
            time.sleep(0.05)

    reader = threading.Thread(target=read)
    reader.start()
    errors = [w.communicate()[1] for w in writers]
    reader.join()
    assert [w.returncode for w in writers] == [0, 0], errors
    assert problems == []
    assert set(counts) <= {0, 3000, 6000}
    with open_book(place) as book:
        assert book.count("payments") == 6000


def test_a_database_that_is_no_book_or_does_not_answer(tmp_path):
    other = tmp_path / "other.sqlite"
    connection = sqlite3.connect(other)
    connection.execute("CREATE TABLE t (x)")
    connection.commit()
    connection.close()
    with pytest.raises(InputError, match="not a book"):
        open_book(other)
    broken = tmp_path / "broken.sqlite"
    broken.write_bytes(b"SQLite format 3\x00" + b"\x01" * 3000)
    with pytest.raises(InputError):
        open_book(broken)
    with pytest.raises(InputError):
        open_book("postgresql+pg8000://nobody@127.0.0.1:1/none")
    with pytest.raises(InputError):
        open_book("nonsense+db://x")


def test_a_book_of_a_newer_program_is_refused(tmp_path):
    with open_book(tmp_path / "b.sqlite", create=True) as book:
        book.note(schema_version="99")
    with pytest.raises(InputError, match="newer"):
        open_book(tmp_path / "b.sqlite")


@pytest.mark.parametrize("version", ["1", "1_late", "2"])
def test_a_book_written_by_an_older_program_is_carried_forward_and_loses_nothing(version, tmp_path):
    path = tmp_path / "old.sqlite"
    connection = sqlite3.connect(path)
    connection.executescript((ROOT / "tests" / "old_books" / f"version{version}.sql").read_text(encoding="utf-8"))
    connection.close()
    with open_book(path) as book:
        assert book.facts()["schema_version"] == str(schema.VERSION)
        made = {name: [c["name"] for c in inspect(book.engine).get_columns(name)] for name in schema.metadata.tables}
        assert {n: set(c) for n, c in made.items()} == {
            n: {c.name for c in table.columns} for n, table in schema.metadata.tables.items()
        }
        assert book.table("experience")["exposure_yuan"].tolist() == [1.5e6, 2e6]
        assert book.table("payments")["amount_yuan"].tolist() == [1200.5]
        assert book.table("accounts").query("item == 'balance'")["amount"].tolist() == [3e6, 3.15e6]
        assert book.scenarios()["name"].tolist() == ([] if version == "1" else ["基准"])
        assert len(book.imports()) == 6
        book.undo(3)
        assert book.table("experience")["exposure_yuan"].tolist() == [1e6, 2e6]
        file = tmp_path / "a.csv"
        file.write_text("施工单位,年度,总造价（元）,保费（元）\nC,2021,3,3\n", encoding="utf-8")
        assert import_files(book, [file]).accepted == 1


def test_an_older_book_on_a_server_is_carried_forward(place, tmp_path):
    file = tmp_path / "a.csv"
    file.write_text("施工单位,年度,总造价（元）,保费（元）\nA,2020,1,1\nB,2020,2,2\n", encoding="utf-8")
    with open_book(place, create=True) as book:
        import_files(book, [file])
        with book.engine.begin() as connection:  # as version 1 had it
            for column in ("safety_standard", "persons"):
                connection.execute(text(f"ALTER TABLE experience DROP COLUMN {column}"))
            for name in ("mappings", "own_names"):
                connection.execute(text(f"DROP TABLE {name}"))
        book.note(schema_version="1")
    with open_book(place) as book:
        assert book.facts()["schema_version"] == str(schema.VERSION)
        table = book.table("experience")
        assert table["exposure_yuan"].tolist() == [1, 2]
        assert table["persons"].isna().all()
        file.write_text("施工单位,年度,总造价（元）,保费（元）\nC,2021,3,3\n", encoding="utf-8")
        assert import_files(book, [file]).accepted == 1


@pytest.mark.parametrize("place", [pytest.param("postgresql", marks=pytest.mark.postgres)], indirect=True)
def test_the_quality_report_is_the_same_on_every_database(place):
    with open_book(place, create=True) as book, open_book(":memory:") as other:
        for each in (book, other):
            make_demo(each, DemoConfig(projects=600, years=6))
            cases = (
                each.table("cases")
                .head(3)
                .assign(project_id="P0", own_wage_yuan=8000.0, report_date=pd.Timestamp("1999-01-01"))
            )
            each.write("cases", cases.set_axis(range(1, 4)))
        found, expected = quality(book), quality(other)
    assert {"orphan_case", "report_date_early", "premium_mismatch"} <= {f.code for f in found}
    assert [f.code for f in found] == [f.code for f in expected]
    for one, same in zip(found, expected, strict=True):
        pd.testing.assert_frame_equal(one.rows, same.rows, check_dtype=False)


def test_a_mapping_by_hand_and_own_names_are_kept_and_used_again(place, tmp_path):
    """Said once, used for next quarter's file, forgotten when told; an undo takes the rows back and leaves the mapping."""
    columns = {
        "工程号": "project_id",
        "承建方": "contractor_id",
        "合同额": "total_cost_yuan",
        "入保日": "enrolment_date",
    }
    files = []
    for quarter in (1, 2):
        files.append(tmp_path / f"{quarter}.csv")
        files[-1].write_text(f"工程号,承建方,合同额,入保日\nP{quarter},C1,12,2024-0{quarter}-01\n", encoding="utf-8")
    with open_book(place, create=True) as book:
        by_hand = HandMapping("projects", columns, {"合同额": "万元"})
        first = import_files(book, files[:1], mappings=[by_hand]).sheets[0].written
        assert saved_mappings(book) == {by_hand.signature: by_hand}
    with open_book(place) as book:
        assert import_files(book, files[1:]).accepted == 1
        assert book.table("projects")["total_cost_yuan"].tolist() == [120_000, 120_000]
        book.undo(first.import_id)
        assert book.table("projects")["project_id"].tolist() == ["P2"]
        forget_mapping(book, by_hand.signature)
        with pytest.raises(InputError):
            import_files(book, files[:1])
        save_own_names(book, [("projects", column, name) for name, column in columns.items()])
        assert import_files(book, files[:1], unit="元").accepted == 1
    with open_book(place) as book:
        assert len(own_names(book)) == len(columns)
        assert book.table("projects")["total_cost_yuan"].tolist() == [12, 120_000]
