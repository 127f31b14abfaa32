"""Scenarios on the page: restored by a link, undone, saved without covering another's, locked by the official report; own parameters."""

from datetime import date

import pytest

from analysis.scenario import Growth, ParameterChange, RateStep, Risks, Scenario, Shock, from_yaml, to_yaml
from analysis.scenario_link import to_link
from app_pages import reviews
from data.book import open_book
from data.importing import import_files
from tests.pages.test_pages import LABELS, ROOT, AppTest, launch, texts


@pytest.fixture
def accounts(tmp_path):
    (tmp_path / "a.csv").write_text(
        "年度,基金收入（万元）,基金支出（万元）,累计结余（万元）\n2019,100,80,300\n2020,110,95,315\n", encoding="utf-8"
    )
    path = tmp_path / "账套.sqlite"
    with open_book(path, create=True) as book:
        import_files(book, [tmp_path / "a.csv"])
    return str(path)


FULL = Scenario(
    base_rate=0.00123456789,
    horizon_years=7,
    growth=Growth(0.031, 0.042, 0.053),
    target_payable_months=6.0,
    discount_rate=0.025,
    rate_path=(RateStep(2, 0.0011),),
    shocks=(Shock("construction", -0.3, 1, 3), Shock("catastrophe_deaths", 20, 2, 1)),
    risks=Risks(catastrophe=False),
    paths=2_000,
    seed=7,
    overlays=("zhejiang",),
    parameters=(ParameterChange("interest_rate", "0.011", date(2015, 1, 1), "局里"),),
)


def test_a_link_restores_every_input_and_undo_takes_back(monkeypatch):
    monkeypatch.setenv("PINGHENG_BOOK", "xpcc")
    test = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60)
    for key, text in {**to_link(FULL), "lang": LABELS["en"]}.items():
        test.query_params[key] = text
    test.run()
    assert not test.exception
    assert not test.error
    assert test.session_state["scenario"] == FULL
    assert test.session_state["scenario_in_use"] == FULL
    test.slider(key="rate").set_value(2.0).run()
    assert test.session_state["scenario"].base_rate == 0.002
    assert test.query_params["rate"] in ("2", ["2"])
    test.button(key="undo_input").click().run()
    assert test.session_state["scenario"] == FULL
    assert test.slider(key="rate").value == 1.2346


def test_a_link_older_than_the_last_answer_does_not_take_an_input_back(monkeypatch):
    test = launch(monkeypatch, "overview", "en", "xpcc")
    test.slider(key="rate").set_value(2.0).run()
    test.query_params["rate"] = "1.5"
    test.slider(key="rate").set_value(2.1).run()
    assert test.session_state["scenario"].base_rate == 0.0021
    assert test.query_params["rate"] in ("2.1", ["2.1"])
    test.query_params["rate"] = "1.5"
    test.run()
    assert test.slider(key="rate").value == 1.5


def test_another_page_keeps_the_scenario(monkeypatch):
    test = launch(monkeypatch, "overview", "zh", "xpcc")
    test.slider(key="years").set_value(5).run()
    test.switch_page("app_pages/help.py").run()
    test.switch_page("app_pages/parameters.py").run()
    assert test.slider(key="years").value == 5


def test_who_saves_second_is_told_and_covers_nothing(monkeypatch, accounts):
    test = launch(monkeypatch, "scenarios", "en", accounts)
    with open_book(accounts) as book:
        book.save_scenario("plan A", to_yaml(Scenario(name="plan A", base_rate=0.002)), "another")
    test.text_input[0].input("plan A")
    test.button(key="FormSubmitter:save-Save what the sidebar shows").click().run()
    assert any("another" in error.value for error in test.error)
    with open_book(accounts) as book:
        assert from_yaml(book.scenarios()["content"][0]).base_rate == 0.002
    test.button(key="FormSubmitter:save-Save what the sidebar shows").click().run()
    assert not test.error
    with open_book(accounts) as book:
        assert from_yaml(book.scenarios()["content"][0]).base_rate is None


def test_the_official_report_locks_its_scenario_and_leaves_a_trail(monkeypatch, accounts):
    with open_book(accounts) as book:
        book.save_scenario("年度方案", to_yaml(Scenario(name="年度方案")), "manager")
    test = launch(monkeypatch, "report", "zh", accounts)
    test.multiselect(key="formats").set_value(["xlsx"])
    test.checkbox(key="official").check()
    next(b for b in test.button if b.label == "生成报告").click().run(timeout=120)
    assert not test.exception
    with open_book(accounts) as book:
        assert book.scenarios()["locked_at"].notna().all()
        assert book.trail()["action"].tolist()[:2] == ["official report", "lock"]
    test.switch_page("app_pages/records.py").run()
    assert not test.exception
    assert test.dataframe[0].value.iloc[0].tolist()[2] == "正式报告"


def test_an_own_parameter_is_used_and_taken_back(monkeypatch):
    test = launch(monkeypatch, "parameters", "en", "xpcc")
    box = next(s for s in test.selectbox if s.label == "Parameter to look at")
    box.set_value("interest_rate").run()
    test.text_input(key="own-interest_rate").input("0.011")
    test.button(key="FormSubmitter:own_value-Use in this scenario").click().run()
    assert not test.exception
    own = test.session_state["scenario"].parameters
    assert [(c.name, c.value) for c in own] == [("interest_rate", "0.011")]
    next(s for s in test.selectbox if s.label == "Parameter to look at").set_value("interest_rate").run()
    test.text_input(key="own-interest_rate").input("<b>9</b>")
    test.button(key="FormSubmitter:own_value-Use in this scenario").click().run()
    assert len(test.error) == 1
    test.button(key="back-0").click().run()
    assert test.session_state["scenario"].parameters == ()


@pytest.mark.parametrize("value", ["<img src=x onerror=alert(1)>", "=cmd|' /C calc'!A0", "../../etc/passwd", "9" * 59])
def test_hostile_text_is_shown_as_text(monkeypatch, accounts, value):
    test = launch(monkeypatch, "scenarios", "en", accounts)
    for box in test.text_input:
        box.input(value)
    test.button(key="FormSubmitter:save-Save what the sidebar shows").click().run()
    assert not test.exception
    with open_book(accounts) as book:
        assert book.scenarios()["name"].tolist() == [value]
    assert not any("<img" in said and "\\<img" not in said for said in texts(test))


def test_a_report_lists_the_parameters_of_its_own_results_only(monkeypatch, accounts):
    """What another page asked of the same prepared review before is no parameter of the report."""
    test = launch(monkeypatch, "report", "zh", accounts)
    book = test.session_state["book_in_use"]
    first = reviews.prepared_for(book, Scenario())
    first.parameters.value("construction.working_days", first.history.valuation_date)
    again = reviews.prepared_for(book, Scenario())
    assert "construction.working_days" in first.parameters.used
    assert "construction.working_days" not in again.parameters.used
    resolved = Scenario().resolve(again.parameters, again.history.valuation_date)
    for _ in range(2):  # the second time from what is kept
        asked = reviews.prepared_for(book, Scenario())
        reviews.what_moves_it(book, asked, resolved)
        assert "driver.sd" in asked.parameters.used
    assert "driver.sd" not in reviews.prepared_for(book, Scenario()).parameters.used
