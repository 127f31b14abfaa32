"""Every page, in both languages, on every kind of book: it shows, it says nothing in the wrong language, it never breaks."""

import re

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from app_pages.state import ROOT, page_names
from data.book import open_book
from data.demo import DemoConfig, make_demo
from data.importing import import_files
from models.messages import InputError

LABELS = {"zh": "中文", "en": "English"}
CHINESE = re.compile(r"[\u4e00-\u9fff]")


@pytest.fixture(scope="session")
def experience_book(tmp_path_factory):
    folder = tmp_path_factory.mktemp("books")
    rows = [
        (f"C{u}", y, 1e8 * (1 + u), 1e5 * (1 + u), 2 + (u + y) % 3, 0, 5e4 * (1 + u) * (1 + (u * y) % 2), 6e4 * (1 + u))
        for u in range(8)
        for y in range(2018, 2024)
    ]
    frame = pd.DataFrame(
        rows,
        columns=[
            "施工单位",
            "年度",
            "总造价（元）",
            "保费（元）",
            "工伤人数",
            "工亡人数",
            "待遇支出（元）",
            "发生额（元）",
        ],
    )
    frame.to_csv(folder / "e.csv", index=False)
    with open_book(folder / "经验.sqlite", create=True) as book:
        import_files(book, [folder / "e.csv"])
    return str(folder / "经验.sqlite")


@pytest.fixture(scope="session")
def ledger_book(tmp_path_factory):
    path = tmp_path_factory.mktemp("books") / "演示.sqlite"
    with open_book(path, create=True) as book:
        make_demo(book, DemoConfig(projects=1500, years=8))
    return str(path)


@pytest.fixture(scope="session")
def empty_book(tmp_path_factory):
    path = tmp_path_factory.mktemp("books") / "empty.sqlite"
    open_book(path, create=True).close()
    return str(path)


def launch(monkeypatch, page, language, book):
    monkeypatch.setenv("PINGHENG_BOOK", book)
    test = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60)
    test.query_params["lang"] = LABELS[language]
    test.run()
    if page != "overview":
        test.switch_page(f"app_pages/{page}.py").run()
    assert not test.exception, test.exception
    return test


def texts(test):
    kinds = ("title", "header", "subheader", "markdown", "caption", "warning", "error", "info", "success")
    found = [element.value for kind in kinds for element in getattr(test, kind)]
    found += [m.label for m in test.metric] + [s.label for s in test.slider] + [b.label for b in test.button]
    found += [head for table in test.dataframe for head in table.value.columns if head != "English"]
    return [str(f) for f in found]


@pytest.mark.parametrize("page", page_names())
@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("kind", ["national", "experience", "ledgers", "empty"])
def test_page(monkeypatch, page, language, kind, experience_book, ledger_book, empty_book):
    book = {"experience": experience_book, "ledgers": ledger_book, "empty": empty_book}.get(kind, kind)
    test = launch(monkeypatch, page, language, book)
    said = texts(test)
    assert said
    if language == "zh":
        english = [s for s in said if not CHINESE.search(s) and re.search(r"[A-Za-z]{4,}", s)]
        assert not english
    if kind == "empty":
        assert test.error or page not in ("overview", "break_even", "fund")


def test_a_slider_moves_the_verdict(monkeypatch):
    test = launch(monkeypatch, "overview", "en", "xpcc")
    before = [m.value for m in test.metric]
    test.slider(key="rate").set_value(2.0).run()
    after = [m.value for m in test.metric]
    assert not test.exception
    assert before[1] != after[1]  # the probability of solvency
    assert before[0] == after[0]  # the indicated rate does not depend on the rate tested


@pytest.mark.parametrize(
    ("page", "button", "result"),
    [
        ("compare", "Calculate the rate paths", "Cheapest: the lowest present value"),
        ("break_even", "Compare the closed year with what was expected", "Expected by the review that stands"),
    ],
)
def test_slow_work_on_a_button_ends_with_its_result_and_without_its_stop_button(monkeypatch, page, button, result):
    test = launch(monkeypatch, page, "en", "national")
    next(b for b in test.button if b.label == button).click().run()
    assert not test.exception
    assert any(result in text for text in texts(test))
    assert "Stop" not in [b.label for b in test.button]


def test_every_bad_file_of_an_import_is_named_and_none_can_be_imported(monkeypatch):
    test = launch(monkeypatch, "data", "en", "national")
    test.text_input(key="new_book").set_value("of bad files").run()
    good = "施工单位,年度,总造价（元）,保费（元）\nB,2020,100,1\n".encode()
    files = [("good.csv", good), ("empty.csv", b""), ("blank.csv", b"\n\n")]
    test.get("file_uploader")[0].set_value([(name, content, "text/csv") for name, content in files]).run()
    assert not test.exception
    said = [e.value for e in test.error]
    assert len(said) == 2
    assert "empty.csv" in said[0]
    assert "blank.csv" in said[1]
    assert "import" not in [b.key for b in test.button]


@pytest.mark.parametrize("value", ["<script>alert(1)</script>", "-5", "1e999", "../../etc", "=1+1"])
@pytest.mark.parametrize("name", ["rate", "years", "growth", "target", "book", "lang"])
def test_hostile_links_are_dropped(monkeypatch, name, value):
    monkeypatch.setenv("PINGHENG_BOOK", "xpcc")
    test = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60)
    test.query_params[name] = value
    test.run()
    assert not test.exception
    assert not any("<script>" in s for s in texts(test))


def test_a_scenario_is_saved_compared_loaded_and_locked(monkeypatch, tmp_path):
    path = tmp_path / "书.sqlite"
    (tmp_path / "a.csv").write_text(
        "年度,基金收入（万元）,基金支出（万元）,累计结余（万元）\n2019,100,80,300\n2020,110,95,315\n", encoding="utf-8"
    )
    with open_book(path, create=True) as book:
        import_files(book, [tmp_path / "a.csv"])
    test = launch(monkeypatch, "scenarios", "en", str(path))
    test.slider(key="rate").set_value(1.5).run()
    test.text_input[0].input("提高到1.5‰ <b>")
    test.button[0].click().run()
    assert not test.exception
    with open_book(path) as book:
        kept = book.scenarios()
        assert kept["name"].tolist() == ["提高到1.5‰ <b>"]
        assert "base_rate: 0.0015" in kept["content"][0]
    test.slider(key="rate").set_value(0.8).run()
    test.button(key="load-提高到1.5‰ <b>").click().run()
    assert test.slider(key="rate").value == 1.5
    test.button(key="lock-提高到1.5‰ <b>").click().run()
    assert not test.exception
    with open_book(path) as book, pytest.raises(InputError, match="locked"):
        book.save_scenario("提高到1.5‰ <b>", "x")
