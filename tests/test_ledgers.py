"""Three financing bases from a ledger book: what looks rich on cash is short on accrual, and the sums agree."""

from datetime import date

import numpy as np
import pytest

from analysis.assumptions import UsedParameters
from analysis.columns import head
from analysis.fund.history import read_history
from analysis.fund.ledgers import read_ledgers
from analysis.language import Translator
from analysis.review import conclude, prepare, review
from analysis.scenario import Scenario
from analysis.tables import tables
from data.book import open_book
from data.demo import DemoConfig, make_demo
from data.parameters import load_parameters

QUICK = Scenario(paths=1000)


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    with open_book(tmp_path_factory.mktemp("ledgers") / "b.sqlite", create=True) as book:
        make_demo(book, DemoConfig(projects=12_000))
        yield book


@pytest.fixture(scope="module")
def found(demo):
    return review(demo, QUICK)


def test_three_bases_each_with_parts_that_sum(found):
    assert list(found.indicated) == ["pay_as_you_go", "terminal_funding", "full_funding"]
    for one in found.indicated.values():
        assert one.parts["rate"].sum() == pytest.approx(one.rate, rel=1e-9)
        assert 0 < one.low <= one.rate <= one.high
        assert one.payroll_rate == pytest.approx(one.rate / 0.15)
    # pensions start after the injury and run for decades: cash lags
    assert found.indicated["full_funding"].rate > found.indicated["pay_as_you_go"].rate


def test_exposure_is_earned_never_more_than_enrolled(demo):
    parameters = UsedParameters(load_parameters())
    history = read_history(demo, QUICK, parameters)
    scenario = QUICK.resolve(parameters, history.valuation_date)
    costs = read_ledgers(demo, scenario, parameters, history.valuation_date)
    projects = demo.table("projects")
    enrolled = projects.loc[projects["status"] != "cancelled", "total_cost_yuan"].sum()
    assert costs.rows["exposure_yuan"].sum() + costs.unearned == pytest.approx(enrolled, rel=1e-9)
    assert costs.by_year["exposure_yuan"].sum() == pytest.approx(costs.rows["exposure_yuan"].sum(), rel=1e-9)
    # the cells' cost is the developed cost of the years
    short = costs.by_year["ultimate_yuan"].sum()
    total = costs.rows["incurred_yuan"].sum()
    assert costs.by_year["capital_yuan"].sum() < total <= short + costs.by_year["capital_yuan"].sum()


def test_balance_sheet_balances(found):
    sheet = found.balance_sheet.set_index("item")["amount_yuan"]
    liabilities = sheet["unearned_premium"] + sheet["outstanding_claims"] + sheet["pensions_in_payment"]
    assert sheet["assets"] == pytest.approx(liabilities + sheet["surplus"], abs=0.01)
    assert sheet["assets"] == pytest.approx(found.accounts["balance_yuan"].iloc[-1])


def test_immature_years_are_developed(found):
    table = found.tables["development"].set_index("period")
    assert table.loc["2024", "ultimate_yuan"] > 1.5 * table.loc["2024", "paid_yuan"]
    assert table.loc["2015", "ultimate_yuan"] == pytest.approx(table.loc["2015", "paid_yuan"], rel=0.02)


def test_two_different_numbers_never_stand_under_the_same_head(found):
    t = Translator("en")
    assert head("exposure_yuan", t) not in {
        head(column, t) for column in found.tables["development"]
    }  # earned, not enrolled
    cells = {table.name: table.frame for table in tables(found, t)}
    assert "earned_yuan" in cells["full_funding_prefecture"]
    assert "exposure_yuan" in cells["pay_as_you_go_prefecture"]
    by_quarter = {head(column, t) for column in found.tables["fund_by_quarter"]}
    assert head("probability_below_floor", t) not in by_quarter  # below in that quarter, not until then
    assert "Probability of being below the floor in that quarter" in by_quarter


def test_standing_earlier_the_developed_year_is_near_what_came(demo):
    """At the end of 2021 the ultimate of 2020 and 2021 is near what the book shows three years later."""
    earlier = review(demo, QUICK.with_changes(valuation_date=date(2021, 12, 31)))
    then = earlier.tables["development"].set_index("period")["ultimate_yuan"]
    now = review(demo, QUICK).tables["development"].set_index("period")["ultimate_yuan"]
    assert then["2020"] == pytest.approx(now["2020"], rel=0.25)
    assert then[["2019", "2020", "2021"]].sum() == pytest.approx(now[["2019", "2020", "2021"]].sum(), rel=0.25)


def test_floating_and_credibility_are_there(found):
    assert found.floating is not None
    assert found.floating.steps["premium_share"].sum() == pytest.approx(1)
    assert found.floating.steps["multiplier"].between(0.5, 1.5).all()
    assert len(found.floating.quintiles) == 5
    assert found.credibility is not None
    assert {"plan", "off_balance", "gini"} <= set(found.tables["plans"].columns)


def test_a_change_of_rate_alone_needs_no_new_draws(demo):
    prepared = prepare(demo, QUICK)
    low, high = (conclude(prepared, QUICK.with_changes(base_rate=r)) for r in (0.0005, 0.003))
    assert low.probability_solvent <= high.probability_solvent
    assert np.array_equal(low.flows["outgo_yuan"], high.flows["outgo_yuan"])
