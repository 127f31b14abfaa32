import pytest

from data.book import open_book
from data.demo import DemoConfig, make_demo
from data.quality import quality


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    with open_book(tmp_path_factory.mktemp("q") / "b.sqlite", create=True) as book:
        make_demo(book, DemoConfig(projects=8000))
        yield book


def test_planted_defects_are_found_and_nothing_is_changed(demo):
    before = demo.fingerprint()
    found = {f.code: f for f in quality(demo)}
    for code in (
        "orphan_case",
        "injury_before_start",
        "duplicate_case",
        "premium_mismatch",
        "permit_without_enrolment",
    ):
        assert code in found, code
        assert len(found[code].rows)
    assert demo.fingerprint() == before
    orphans = found["orphan_case"].rows
    assert set(orphans["project_id"]) == {"P9999999"}
    assert len(found["premium_mismatch"].rows) == pytest.approx(16, abs=14)


def test_levels_of_the_demo_add_up(demo):
    codes = {f.code for f in quality(demo)}
    assert "control_totals" not in codes
    assert "roll_forward" not in codes
    assert "orphan_payment" not in codes


def test_a_changed_account_is_found(demo, tmp_path):
    rows = demo.table("accounts")
    rows.loc[rows["item"] == "benefits", "amount"] += 0.01
    with open_book(tmp_path / "c.sqlite", create=True) as book:
        for name in ("contractors", "projects", "cases", "payments"):
            book.write(name, demo.table(name).pipe(lambda f: f.set_axis(range(1, len(f) + 1))))
        book.write("accounts", rows.set_axis(range(1, len(rows) + 1)))
        found = {f.code: f for f in quality(book)}
    assert len(found["control_totals"].rows) == 10
    assert found["control_totals"].rows["difference_yuan"].abs().max() == pytest.approx(0.04, abs=1e-5)


def test_public_books_report_their_rounding():
    found = {f.code: f for f in quality(open_book("national"))}
    assert set(found) == {"roll_forward"}
    assert found["roll_forward"].severity == "warning"


def test_imported_experience_is_held_against_the_ledgers():
    with open_book(":memory:") as book:
        make_demo(book, DemoConfig(projects=150, years=3))
        experience = book.experience().pipe(lambda f: f.set_axis(range(1, len(f) + 1)))
        book.write("experience", experience)
        assert "experience_not_ledgers" not in {f.code for f in quality(book)}
        experience.loc[1, "premium_yuan"] += 0.02
        book.write("experience", experience)
        (found,) = (f.rows for f in quality(book) if f.code == "experience_not_ledgers")
    assert found["difference_yuan"].round(2).tolist() == [-0.02]


def test_a_project_that_carries_its_year_is_shown(demo):
    projects = demo.table("projects")
    assert "dominant_project" not in {f.code for f in quality(demo)}
    slip = projects.index[0]
    projects.loc[slip, "total_cost_yuan"] = 1e11  # 1,000 亿: a cost in yuan read as 万元
    with open_book(":memory:") as book:
        for name, rows in {
            "projects": projects,
            "cases": demo.table("cases"),
            "payments": demo.table("payments"),
        }.items():
            book.write(name, rows.set_axis(range(1, len(rows) + 1)))
        found = {f.code: f for f in quality(book)}["dominant_project"]
    assert found.severity == "warning"
    assert found.rows["project_id"].tolist() == [projects.loc[slip, "project_id"]]
    assert found.rows["exposure_yuan"].iloc[0] > 1e11
