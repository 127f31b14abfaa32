"""The demonstration book: its levels agree to the fen, its truth is known, the same seed gives the same book."""

import json

import numpy as np
import pandas as pd
import pytest

from data.book import open_book
from data.demo import DemoConfig, make_demo
from models.messages import InputError


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    path = tmp_path_factory.mktemp("demo") / "演示.sqlite"
    with open_book(path, create=True) as book:
        make_demo(book, DemoConfig(projects=4000, years=8))
        yield book, json.loads(path.with_suffix(".truth.json").read_text(encoding="utf-8"))


def test_level_3_gives_level_2_and_level_1_to_the_fen(demo):
    book, _ = demo
    experience = book.experience()
    accounts = (
        book.table("accounts")
        .assign(year=lambda f: f["period"].str[:4])
        .pivot_table(index="year", columns="item", values="amount", aggfunc="sum")
    )
    for item, column in (("benefits", "paid_yuan"), ("contributions", "premium_yuan"), ("exposure", "exposure_yuan")):
        by_year = experience.groupby("period")[column].sum()
        assert np.abs(by_year.reindex(accounts.index, fill_value=0.0) - accounts[item]).max() < 0.005
    assert experience["cases"].sum() == book.count("cases")
    assert experience["paid_yuan"].sum() == pytest.approx(book.table("payments")["amount_yuan"].sum(), abs=0.005)
    assert experience["incurred_yuan"].sum() == pytest.approx(experience["paid_yuan"].sum(), abs=0.005)


def test_balances_roll_forward_to_the_fen(demo):
    table = demo[0].table("accounts").pivot(index="period", columns="item", values="amount")
    rolled = table["balance"].shift() + table["revenue"] - table["expenditure"]
    assert (rolled - table["balance"]).abs().max() < 0.005


def test_every_prefecture_and_type_is_there_and_the_book_says_it_is_synthetic(demo):
    book, truth = demo
    projects = book.table("projects")
    assert projects["prefecture"].nunique() == 14
    assert projects["project_type"].nunique() == 8
    assert book.synthetic
    assert set(book.table("accounts")["mark"]) == {"synthetic"}
    assert truth["truth"]["frequency"] > 0
    cases = book.table("cases")
    assert (cases["event_id"] == "E0001").sum() >= 9
    assert (book.table("payments")["benefit"] == "survivor_pension").any()


def test_frequency_is_the_known_truth(demo):
    book, truth = demo
    projects, cases = book.table("projects"), book.table("cases")
    projects = projects[projects["status"] == "completed"]
    t = truth["truth"]
    year = projects["start_date"].dt.year - truth["config"]["first_year"]
    years = projects["total_cost_yuan"] / (t["productivity"] * (1 + t["productivity_growth"]) ** year)
    expected = (
        years * t["frequency"] * (1 + t["frequency_trend"]) ** year * projects["project_type"].map(t["type_relativity"])
        * projects["prefecture"].map(t["prefecture_relativity"]) * projects["contractor_id"].map(truth["contractor_risk"])
    ).sum()  # fmt: skip
    observed = cases["project_id"].isin(projects["project_id"]).sum()
    assert abs(observed - expected) < 4 * np.sqrt(expected) + 12  # the large event and planted duplicates


def test_planted_defects_are_there(demo):
    cases, projects = demo[0].table("cases"), demo[0].table("projects")
    joined = cases.merge(projects, on="project_id", how="left", suffixes=("", "_p"))
    assert (joined["injury_date"] < joined["start_date"]).any()
    assert np.isclose(projects["premium_yuan"], projects["rate"] * projects["total_cost_yuan"], atol=0.01).mean() < 1
    assert cases["age"].isna().any()


def test_enrolled_late_and_permitted_early_are_planted(demo):
    projects = demo[0].table("projects")
    cases = demo[0].table("cases").merge(projects, on="project_id")
    injured = cases["injury_date"] >= cases["start_date"]
    assert 0 < (cases["enrolment_date"] > cases["injury_date"])[injured].sum() < 20
    assert 0 < (projects["permit_date"] < projects["enrolment_date"]).sum() < 40


def test_returns_equal_the_ledgers_and_some_are_late_or_missing(demo):
    book, _ = demo
    returns = book.table("returns").set_index(["prefecture", "quarter"])
    assert 14 * 32 - 20 < len(returns) < 14 * 32
    projects = book.table("projects").query("status != 'cancelled'")
    quarter = projects["enrolment_date"].dt.to_period("Q").astype("str").rename("quarter")
    premium = projects.groupby([projects["prefecture"], quarter])["premium_yuan"].sum()
    both = returns["project_paid_yuan"].to_frame().join(premium.rename("ledger")).fillna(0.0)
    assert (both["project_paid_yuan"] - both["ledger"]).abs().max() < 0.006
    counts = projects.groupby([projects["prefecture"], quarter]).size()
    returned = returns["new_projects"] + returns["inprogress_projects"]
    assert (returned == counts.reindex(returned.index, fill_value=0)).all()
    days = (returns["received_date"] - pd.PeriodIndex(returns.index.get_level_values(1), freq="Q").end_time).dt.days
    assert 0 < (days > 14).mean() < 0.1
    staff = book.table("employers").groupby(["prefecture", "year"])["persons"].sum()
    assert returns.loc[("urumqi", "2016Q3"), "employer_persons"] == staff["urumqi", "2016"]


def test_enrolment_rises_over_the_campaign(demo):
    permits, survey = demo[0].table("permits"), demo[0].table("survey")
    share = permits.groupby(permits["issued_date"].dt.year)["enrolled"].mean().astype(float)
    assert share[2015] < 0.95 < 0.97 < share[2019]
    assert len(survey) == 14 * 8
    assert (survey.query("year == '2015'")["projects_in_progress"]).sum() > 0
    assert permits["permit_id"].is_unique


def test_rosters_follow_the_true_person_years(demo):
    book, truth = demo
    projects = book.table("projects").set_index("project_id")
    days = book.table("roster").groupby("project_id")["person_days"].sum()
    own = projects.loc[days.index].query("status == 'completed'")
    began = own["start_date"].dt.year - truth["config"]["first_year"]
    t = truth["truth"]
    years = own["total_cost_yuan"] / (t["productivity"] * (1 + t["productivity_growth"]) ** began)
    assert np.allclose(days[own.index] / t["working_days"], years, rtol=0.02, atol=0.01)


def test_a_book_of_several_blocks_is_one_book(tmp_path, monkeypatch):
    monkeypatch.setattr("data.demo.events.BLOCK", 150)
    said = []
    with open_book(tmp_path / "blocks.sqlite", create=True) as book:
        make_demo(book, DemoConfig(projects=400, years=4), progress=said.append)
        assert book.count("projects") == 400
        assert len(said) == 3
        assert book.table("payments")["payment_id"].is_unique
        experience = book.experience()
        accounts = book.table("accounts").groupby("item")["amount"].sum()
        assert experience["paid_yuan"].sum() == pytest.approx(accounts["benefits"], abs=0.005)
        assert experience["premium_yuan"].sum() == pytest.approx(accounts["contributions"], abs=0.005)


def test_a_stopped_demo_leaves_the_book_empty(tmp_path, monkeypatch):
    monkeypatch.setattr("data.demo.events.BLOCK", 150)

    def stop(_):
        raise KeyboardInterrupt

    with open_book(tmp_path / "s.sqlite", create=True) as book:
        with pytest.raises(KeyboardInterrupt):
            make_demo(book, DemoConfig(projects=400, years=4), progress=stop)
        assert book.count("projects") == 0
        assert book.imports().empty


def test_winter_is_quiet(demo):
    cases = demo[0].table("cases").merge(demo[0].table("projects")[["project_id", "prefecture"]], on="project_id")
    north = cases[cases["prefecture"].isin(["urumqi", "changji", "altay", "tacheng", "ili"])]
    share = north["injury_date"].dt.month.isin([12, 1, 2]).mean()
    assert share < 0.12  # three months of twelve at a tenth of the pace


def test_same_seed_same_book_other_seed_another(tmp_path):
    prints = []
    for i, seed in enumerate((1, 1, 2)):
        with open_book(tmp_path / f"{i}.sqlite", create=True) as book:
            make_demo(book, DemoConfig(projects=150, years=3, seed=seed))
            prints.append((book.fingerprint(), pd.util.hash_pandas_object(book.table("payments").astype("str")).sum()))
    assert prints[0] == prints[1]
    assert prints[0][1] != prints[2][1]


def test_smallest_and_impossible_sizes(tmp_path):
    with open_book(tmp_path / "s.sqlite", create=True) as book:
        make_demo(book, DemoConfig(projects=100, contractors=1, years=1))
        assert book.count("projects") == 100
    with pytest.raises(InputError):
        DemoConfig(projects=10)
    with pytest.raises(InputError):
        DemoConfig(years=0)
