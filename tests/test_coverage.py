"""The campaign, both ways of enrolment, the fee, the roster and the returns, on books made by hand; then the bulletin and the notices made from them."""

from datetime import date

import docx
import numpy as np
import pandas as pd
import pytest
from pypdf import PdfReader

from analysis.coverage.campaign import coverage
from analysis.coverage.enrolment import enrolment
from analysis.coverage.returns import check_forms, review_returns
from analysis.coverage.roster import roster_study
from analysis.language import Translator
from analysis.plans.notices import notices
from analysis.review import prepare
from analysis.scenario import Scenario
from cli import main
from data.book import open_book
from data.demo import DemoConfig, make_demo
from data.quarterly_form import COLUMNS, QuarterlyForm, read_form
from data.returns import store
from models.messages import InputError
from reports.coverage_bulletin import bulletin, write_bulletin
from reports.notices import notice_pdf, write_notices
from reports.quarterly_form import write_form

ON = date(2016, 6, 30)
OUTPUT_2016 = 187_143 * (422_906 / 187_143) ** (8 / 12)
"""Yuan a person-year, by even growth between the figures of 2008 and 2020."""


def projects(**changes):
    """Ten projects in Hami: six new ones of 2016, four found in progress; two of those enrol after the day looked at."""
    n = 10
    rows = pd.DataFrame(
        {
            "project_id": [f"P{i}" for i in range(n)], "contractor_id": "C1", "prefecture": "hami", "total_cost_yuan": 1e7, "rate": 0.001,
            "premium_yuan": 10_000.0, "labour_share": 0.2, "status": "in_progress", "was_in_progress": [False] * 6 + [True] * 4,
            "enrolment_date": ["2016-02-01"] * 6 + ["2016-03-01"] * 2 + ["2016-09-01"] * 2, "start_date": ["2016-03-01"] * 6 + ["2015-05-01"] * 4,
            "premium_date": ["2016-02-05"] * 5 + ["2016-05-01"] + ["2016-03-01"] * 2 + ["2016-09-01"] * 2, "planned_end": "2017-03-01",
            "permit_id": [f"X{i}" for i in range(n)], "planned_persons_fixed": 5, "planned_persons_migrant": 20,
        }
    )  # fmt: skip
    return rows.assign(**changes)


def permits():
    own = projects().iloc[:6]
    issued = ["2016-02-10"] * 4 + [
        "2016-01-15",
        "2016-02-10",
    ]  # the fifth before its enrolment, the sixth before its payment
    return pd.concat(
        [
            pd.DataFrame({"permit_id": own["permit_id"], "project_id": own["project_id"], "prefecture": "hami", "issued_date": issued, "enrolled": True}),
            pd.DataFrame({"permit_id": ["W1", "W2"], "project_id": [None, "P99"], "prefecture": "hami", "issued_date": "2016-04-01", "enrolled": [False, True], "total_cost_yuan": [2e7, 3e7]}),
        ],
        ignore_index=True,
    )  # fmt: skip


def survey():
    return pd.DataFrame(
        {"prefecture": ["hami"], "year": ["2016"], "firms": [3], "persons_fixed": [100], "persons_migrant": [320], "projects_planned": [9], "projects_in_progress": [8]}
    )  # fmt: skip


def filled(book, **tables):
    from data.writing import typed

    for name, rows in tables.items():
        book.write(name, typed(rows.set_axis(range(1, len(rows) + 1)).copy(), name))
    return book


@pytest.fixture
def book():
    with open_book(":memory:") as made:
        yield filled(made, projects=projects(), permits=permits(), survey=survey())


def test_rates_by_hand(book):
    found = coverage(book, ON)
    new, old = found.of("new"), found.of("in_progress", "hami")
    assert (new["enrolled"], new["total"], new["goal"]) == (6, 8, 1.0)  # 8 permits, two without enrolment
    assert new["lag"] == pytest.approx(-0.25)
    assert new["needed"] == 2
    # 2 of the 4 are enrolled by the day, of 8 surveyed; the target rises from 60% to 80% over the year
    elapsed = 182 / 366
    assert (old["enrolled"], old["total"]) == (2, 8)
    assert old["scheduled"] == pytest.approx(0.6 + 0.2 * elapsed)
    assert old["needed"] == np.ceil(0.8 * 8 - 2)
    assert old["months_behind"] == pytest.approx((old["scheduled"] - 0.25) / (0.2 / 12))
    later = coverage(book, date(2016, 12, 31)).of("in_progress")
    assert later["coverage"] == 0.5
    assert later["scheduled"] == pytest.approx(0.8)


@pytest.mark.parametrize(("year", "target"), [(2015, 0.6), (2016, 0.8), (2017, 1.0), (2024, 1.0)])
def test_targets_are_those_of_the_plan(year, target):
    moved = projects()
    for column in ("enrolment_date", "start_date", "premium_date", "planned_end"):
        moved[column] = (pd.to_datetime(moved[column]) + pd.DateOffset(years=year - 2016)).dt.strftime("%Y-%m-%d")
    with open_book(":memory:") as made:
        filled(made, projects=moved, survey=survey().assign(year=str(year)))
        found = coverage(made, date(year, 12, 31))
    assert found.of("in_progress")["goal"] == target
    assert found.of("new")["goal"] == 1.0
    assert found.of("new")["counted_from"] == "survey"  # without permits: six enrolled of nine planned
    assert found.of("new")["coverage"] == pytest.approx(6 / 9)


def test_exceptions_are_listed_with_their_reason(book):
    table = coverage(book, ON).exceptions.set_index("permit_id")
    assert table["reason"].to_dict() == {
        "W1": "not_enrolled",
        "W2": "unknown_project",
        "X4": "enrolled_after_permit",
        "X5": "paid_after_permit",
    }
    assert table.loc["X4", "days"] == 17
    assert table.loc["X5", "days"] == 81
    assert table.loc["W1", "missing_premium_yuan"] == 20_000
    assert coverage(book, date(2016, 3, 31)).exceptions["permit_id"].isin(["X4", "X5"]).all()


def test_a_missing_point_costs_what_it_is_worth(book):
    points = coverage(book, ON).points.set_index(["prefecture", "state"])
    new = points.loc[("hami", "new")]
    assert new["point_cost_yuan"] == pytest.approx(8 * 1e7 / 100)
    assert new["point_premium_yuan"] == pytest.approx(800)
    assert new["point_person_years"] == pytest.approx(8e5 / OUTPUT_2016)
    assert new["missing_points"] == pytest.approx(25)
    assert new["missing_premium_yuan"] == pytest.approx(25 * 800)
    for name in ("point_cost_yuan", "point_premium_yuan", "point_person_years"):
        assert points.loc[("region", "new"), name] == pytest.approx(new[name])
    old = points.loc[("hami", "in_progress")]
    left = (pd.Timestamp("2017-03-02") - pd.Timestamp(ON)).days / (
        pd.Timestamp("2017-03-02") - pd.Timestamp("2015-05-01")
    ).days
    assert old["point_cost_yuan"] == pytest.approx(8 * 1e7 * left / 100)


def test_persons_fixed_and_migrant(book):
    filled(book, employers=pd.DataFrame({"employer_id": ["Y1"], "year": ["2016"], "industry_class": [6], "payroll_yuan": [1e6], "rate": [0.013], "persons": [60], "prefecture": ["hami"]}))  # fmt: skip
    table = coverage(book, ON).persons.set_index(["prefecture", "kind", "mode"])["coverage"]
    assert table[("hami", "fixed", "employer")] == 0.6
    assert table[("region", "migrant", "project")] == 8 * 20 / 320
    assert table[("hami", "fixed", "project")] == 8 * 5 / 100


def test_a_cancelled_project_counts_nowhere(book):
    filled(book, projects=projects(status="cancelled").iloc[:1])
    found = coverage(book, ON)
    assert found.of("new")["total"] == 7
    assert "X0" not in set(found.exceptions["permit_id"])


def test_an_empty_book_says_what_to_import():
    with open_book(":memory:") as made:
        for question in (coverage, review_returns, lambda b: roster_study(b, ON)):
            with pytest.raises(InputError, match=r"[Ii]mport"):
                question(made)
        assert enrolment(made, ON).payroll.empty


def test_projects_alone_do_not_say_who_is_missing():
    with open_book(":memory:") as made:
        filled(made, projects=projects())
        with pytest.raises(InputError, match="import the construction permits"):
            coverage(made, ON)


def test_a_year_without_a_project_or_permit_is_left_out():
    with open_book(":memory:") as made:
        filled(made, projects=projects(was_in_progress=False, start_date="2018-02-01", planned_end="2018-03-01").assign(
            enrolment_date=["2015-02-01"] + ["2018-02-01"] * 9), permits=permits().assign(issued_date="2018-02-10"))  # fmt: skip
        found = coverage(made, date(2018, 6, 30))
    assert set(found.by_year["period"]) < {"2015", "2016", "2017", "2018"}


def test_payroll_beside_projects():
    employers = pd.DataFrame(
        {"employer_id": ["Y1", "Y2", "Y3"], "year": "2016", "industry_class": [5, 6, 6], "payroll_yuan": [1e6, 2e6, 3e6], "rate": [0.011, 0.0065, 0.013],
         "premium_yuan": [11_000.0, 13_000.0, np.nan], "persons": [10, 20, 30], "prefecture": "hami"}
    )  # fmt: skip
    with open_book(":memory:") as made:
        found = enrolment(filled(made, projects=projects(), employers=employers), date(2016, 12, 31))
    six = found.payroll.set_index("industry_class").loc[6]
    assert six["premium_yuan"] == 13_000 + 39_000
    assert six["multiplier"] == pytest.approx(52_000 / 5e6 / 0.013)
    modes = found.modes.set_index("mode")
    assert modes.loc["project", "payroll_rate"] == pytest.approx(0.001 / 0.2)
    assert modes.loc["employer", "payroll_rate"] == pytest.approx(63_000 / 6e6)
    assert modes.loc["project", ["units", "premium_yuan"]].tolist() == [10, 100_000]


def test_the_fee_of_order_180_carries_its_gap_forward():
    fees = pd.DataFrame(
        {"prefecture": "hami", "period": ["2016Q1", "2016Q2", "2016Q3"], "collected_yuan": 2e6, "disbursed_yuan": [1e6, 2e6, 2e6], "injury_part_yuan": [60_000.0, 0.0, 25_000.0]}
    )  # fmt: skip
    with open_book(":memory:") as made:
        found = enrolment(filled(made, projects=projects(), fees=fees), date(2016, 9, 30))
    own = found.fees[found.fees["prefecture"] == "hami"].set_index("period")
    assert own["due_yuan"].tolist() == [80_000, 0, 20_000]
    assert own["open_yuan"].tolist() == [20_000, 20_000, 15_000]
    assert own["held_yuan"].tolist() == [1e6, 1e6, 1e6]
    assert own.loc["2016Q3", "open_days"] == pytest.approx(15_000 / 20_000 * 365.25 / 4)
    assert np.isnan(own.loc["2016Q2", "open_days"])
    region = found.fees[found.fees["prefecture"] == "region"].set_index("period")
    assert region["open_yuan"].tolist() == own["open_yuan"].tolist()
    delays = found.delays.set_index("prefecture").loc["hami"]
    assert delays["late_share"] == pytest.approx(0.1)  # one of ten paid after 90 days
    assert delays["mean_days"] == pytest.approx((5 * 4 + 90) / 10)


def test_the_roster_beside_cost():
    roster = pd.DataFrame(
        {
            "project_id": ["P0", "P0", "Q9"],
            "month": ["2016-03", "2016-04", "2016-04"],
            "person_days": [500.0, 750.0, 1.0],
            "persons": [20, 40, 1],
        }
    )
    with open_book(":memory:") as made:
        found = roster_study(filled(made, projects=projects(planned_end="2016-04-30"), roster=roster), ON)
    one = found.projects.iloc[0]
    assert one["roster_person_years"] == 1250 / 250
    assert one["cost_person_years"] == pytest.approx(1e7 / OUTPUT_2016)  # the whole project lies in the two months
    assert one["present_share"] == 30 / 25
    assert found.unknown == ("Q9",)
    assert found.implied_productivity == pytest.approx(1e7 / 5)
    assert found.months["person_years"].tolist() == [2.0, 751 / 250]


def form(total=10.0, quarter="2016Q1", reporter="哈密市"):
    rows = pd.DataFrame([{"name": "伊州区", **dict.fromkeys(COLUMNS, total)}])
    return QuarterlyForm(reporter, quarter, rows, rows[list(COLUMNS)].iloc[0])


def test_returns_are_stored_once_corrected_and_refused(book, tmp_path):
    path = write_form(form(), tmp_path / "a.xlsx")
    assert sum(w.added for w in store(book, {path: [read_form(path)]}, pd.Timestamp("2016-04-30"))) == 1
    assert store(book, {path: [read_form(path)]}, pd.Timestamp("2016-05-30")) == []
    corrected = write_form(form(11.0), tmp_path / "b.xlsx")
    assert sum(w.changed for w in store(book, {corrected: [read_form(corrected)]}, pd.Timestamp("2016-05-01"))) == 1
    assert book.table("returns")["new_projects"].tolist() == [11]
    wrong = QuarterlyForm("哈密市", "2016Q2", form().rows, form(12.0).total)
    with pytest.raises(InputError, match="总数"):
        store(book, {path: [wrong]})
    with pytest.raises(InputError, match="more than one form"):
        store(book, {path: [form()], corrected: [form(11.0)]})
    found = review_returns(book)
    assert found.states.set_index("prefecture").loc["hami", ["state", "days_late"]].tolist() == ["late", 16]
    assert found.differences is not None
    assert set(found.differences["what"]) >= {"new_projects", "project_paid_yuan"}


def test_forms_are_checked_beside_book_and_quarter_before(book, tmp_path):
    path = write_form(form(quarter="2015Q4"), tmp_path / "a.xlsx")
    store(book, {path: [read_form(path)]})
    agreeing, strange = check_forms(book, [form(30.0), form(reporter="火星")], pd.Timestamp("2016-04-10"))
    said = " ".join(str(f.message) for f in agreeing.findings)
    assert "changed by 2.0" in said
    assert "30.0 returned, 6.0 in the ledger" in said
    assert not agreeing.refused
    assert strange.refused


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    path = tmp_path_factory.mktemp("campaign") / "演示.sqlite"
    with open_book(path, create=True) as made:
        make_demo(made, DemoConfig(projects=900, contractors=40, years=5))
        yield made


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_bulletin_says_the_figures_of_the_analysis_on_every_page_that_it_is_synthetic(demo, tmp_path, language):
    t = Translator(language)
    found = bulletin(demo, date(2016, 9, 30))
    word, pdf = write_bulletin(found, tmp_path, ("docx", "pdf"), t)
    written = docx.Document(str(word))
    texts = {
        "docx": "\n".join(
            [p.text for p in written.paragraphs]
            + [c.text for table in written.tables for row in table.rows for c in row.cells]
        ),
        "pdf": "\n".join(page.extract_text() for page in PdfReader(pdf).pages),
    }
    mark = "模拟数据" if language == "zh" else "Synthetic data"
    assert all(mark in page.extract_text() for page in PdfReader(pdf).pages)
    assert mark in written.sections[0].header.paragraphs[0].text
    whole = found.coverage.points.set_index(["prefecture", "state"]).loc["region"]
    for text in (("".join(x.split())) for x in texts.values()):
        for state in ("new", "in_progress"):
            row = found.coverage.of(state)
            for figure in (t.percent(row["coverage"]), t.integer(row["enrolled"]), t.integer(row["total"])):
                assert figure in text
        assert "".join(t.money(float(whole["missing_premium_yuan"].sum())).split()) in text
    again = write_bulletin(bulletin(demo, date(2016, 9, 30)), tmp_path, ("docx", "pdf"), t)
    assert [p.read_bytes() for p in again] == [word.read_bytes(), pdf.read_bytes()]


def test_notices_say_experience_step_rate_reason_and_appeal(demo, tmp_path):
    scenario = Scenario(paths=200)
    prepared = prepare(demo, scenario)
    batch = notices(prepared, scenario, demo)
    assert len(batch.notices) == prepared.history.experience["unit"].nunique()
    for one in batch.notices:
        assert one.next_rate == pytest.approx(batch.base_rate * one.multiplier)
        assert one.years["counted"].sum() <= 1  # the national plan looks back one year
    rated = next(n for n in batch.notices if n.multiplier != 1.0)
    year = rated.years[rated.years["counted"]].iloc[0]
    edges, values = np.array([0.2, 0.6, 0.8, 1.2]), np.array([0.5, 0.8, 1.0, 1.2, 1.5])
    assert rated.multiplier == values[np.searchsorted(edges, year["ratio"], side="right")]
    chosen = notices(prepared, scenario, demo, [rated.unit])
    t = Translator("zh")
    first, second = notice_pdf(chosen, chosen.notices, t), notice_pdf(chosen, chosen.notices, t)
    assert first == second
    (path,) = write_notices(chosen, tmp_path, t)
    pages = PdfReader(path).pages
    assert len(pages) == 1
    text = "".join(pages[0].extract_text().split())
    for said in (
        rated.unit,
        t.permille(rated.next_rate, 3),
        t.percent(rated.multiplier),
        "60日内",
        "6个月内",
        "未核实",
        "模拟数据",
    ):
        assert said in text
    files = write_notices(batch, tmp_path / "..", t, pages_a_file=30)
    assert [len(PdfReader(f).pages) for f in files] == [30, len(batch.notices) - 30]
    with pytest.raises(InputError, match="no contractor"):
        notices(prepared, scenario, demo, ["张三"])


def test_markup_in_a_code_stays_text(demo):
    from dataclasses import replace

    scenario = Scenario(paths=200)
    batch = notices(prepare(demo, scenario), scenario, demo)
    odd = replace(batch.notices[0], unit="#set *page* $x$ =1+1 <b>")
    from io import BytesIO

    text = PdfReader(BytesIO(notice_pdf(batch, [odd], Translator("en")))).pages[0].extract_text()
    assert "#set *page* $x$ =1+1 <b>" in text


def test_the_commands(demo, tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("PINGHENG_LANGUAGE", "zh")
    name = str(demo.engine.url.database)
    assert main(["form", "--book", name, "--quarter", "2016Q3", "--out", str(tmp_path)]) == 0
    region = read_form(tmp_path / "附件2-2016Q3.xlsx")
    assert region.total["new_projects"] == demo.table("returns", quarter="2016Q3")["new_projects"].sum()
    own = str(tmp_path / "own.sqlite")
    filled_in = str(write_form(form(), tmp_path / "a.xlsx"))
    assert main(["form", "--book", own, filled_in, "--received", "2016-04-02"]) == 0
    assert "新增报表1份" in capsys.readouterr().out
    assert (
        main(
            [
                "form",
                "--book",
                own,
                str(write_form(QuarterlyForm("哈密市", "2016Q2", form().rows, form(12.0).total), tmp_path / "w.xlsx")),
            ]
        )
        == 2
    )
    assert main(["bulletin", "--book", name, "--on", "2016-09-30", "--formats", "docx", "--out", str(tmp_path)]) == 0
    assert main(["notices", "--book", own, "--out", str(tmp_path)]) == 2
    assert (tmp_path / "bulletin-2016Q3-zh.docx").exists()
