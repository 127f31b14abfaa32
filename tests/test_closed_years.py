"""A book that was exported within a year: the year that is not over never passes for a quiet one."""

from datetime import date

import numpy as np
import pandas as pd
import pytest

from analysis.assumptions import UsedParameters
from analysis.closed_years import DATED, breaks_off
from analysis.experience.frames import TABLES, ledgers_of
from analysis.fund.history import read_history
from analysis.review import conclude, prepare
from analysis.scenario import Scenario
from data.book import Source, open_book
from data.demo import DemoConfig, make_demo
from data.parameters import load_parameters
from data.schema import TABLES as SCHEMA

QUICK = Scenario(paths=200, horizon_years=3)


@pytest.fixture(scope="module")
def whole():
    with open_book(":memory:", create=True) as made:
        make_demo(made, DemoConfig(projects=1_500, years=6))
        yield {name: made.table(name)[[f.name for f in SCHEMA[name]]] for name in (*DATED, "accounts")}


def book_of(frames):
    made = open_book(":memory:", create=True)
    for name, frame in frames.items():
        rows = frame.set_axis(range(1, len(frame) + 1), axis=0)
        made.write(name, rows, Source(f"{name}.csv", name.ljust(64, "0")))
    return made


def cut(frames, day):
    """The ledgers as they stood on a day: what came later, and later dates of earlier rows, are not there yet."""
    after = pd.Timestamp(day) + pd.Timedelta(1, "D")
    kept = {name: frames[name][frames[name][column] < after] for name, column in DATED.items()}
    projects = kept["projects"]
    ended = projects["actual_end"] >= after
    kept["projects"] = projects.assign(
        actual_end=projects["actual_end"].mask(ended),
        final_cost_yuan=projects["final_cost_yuan"].mask(ended),
        status=projects["status"].mask(ended, "in_progress"),
    )
    accounts = frames["accounts"]
    return {**kept, "accounts": accounts[accounts["period"] <= f"{day:%Y}Q{(day.month - 1) // 3}"]}


def rates(frames, scenario=QUICK):
    with book_of(frames) as book:
        found = conclude(prepare(book, scenario), scenario)
    return found, {basis: one.rate for basis, one in found.indicated.items()}


@pytest.mark.parametrize("day", [date(2020, 5, 15), date(2020, 9, 30)])
def test_a_book_exported_within_a_year_stands_at_the_end_of_the_year_before(whole, day):
    part, found = rates(cut(whole, day))
    _, asked = rates(whole, QUICK.with_changes(valuation_date=date(2019, 12, 31)))
    assert part.scenario.valuation_date == date(2019, 12, 31)
    assert found == pytest.approx(
        asked, rel=0.01
    )  # ends of works that came after the year's end are known a little better
    assert part.fund["period"].iloc[0] == "2020"
    assert list(part.accounts["period"]) == [str(y) for y in range(2015, 2020)]
    assert any("is not over and was left out" in w.text for w in part.warnings)


def test_a_year_asked_for_by_name_is_taken_and_said_to_be_too_low(whole):
    part, found = rates(cut(whole, date(2020, 9, 30)), QUICK.with_changes(valuation_date=date(2020, 12, 31)))
    assert part.scenario.valuation_date == date(2020, 12, 31)
    assert any("is taken as a whole year" in w.text for w in part.warnings)
    # what the warning says: a third of the year is missing from the outgo
    assert found["pay_as_you_go"] < 0.9 * rates(whole)[1]["pay_as_you_go"]


def test_the_experience_study_stands_at_the_same_year(whole):
    own = UsedParameters(load_parameters())
    empty = {name: pd.DataFrame() for name in TABLES if name not in DATED}
    frames = cut(whole, date(2020, 9, 30))
    assert ledgers_of({**empty, **frames}, own).on == date(2019, 12, 31)
    assert ledgers_of({**empty, **whole}, own).on == date(2020, 12, 31)
    assert ledgers_of({**empty, **whole}, own, date(2018, 6, 30)).on == date(2017, 12, 31)
    # a payment dated years ahead is a slip of the pen, not the end of the data
    slip = whole["payments"].copy()
    slip.loc[slip.index[0], "payment_date"] = pd.Timestamp("2042-03-01")
    assert ledgers_of({**empty, **whole, "payments": slip}, own).on == date(2020, 12, 31)


def daily(first, last, every=1):
    days = pd.date_range(first, last, freq=f"{every}D")
    return pd.Series(np.ones(len(days)), index=days)


def test_what_breaks_off():
    nothing = daily("2023-01-01", "2022-01-01")
    to_june = daily("2020-01-01", "2023-06-30")
    assert breaks_off({"projects": nothing, "cases": nothing, "payments": to_june}, 2023) == date(2023, 6, 30)
    # two slips in December do not hide that nothing came since June
    slips = pd.concat([to_june.mul(4.0), daily("2023-12-20", "2023-12-20")])
    assert breaks_off({"payments": slips}, 2023) == date(2023, 6, 30)
    # holidays, accidents that are still to be recognised, works that rest in winter, a few rows a year
    assert breaks_off({"payments": daily("2020-01-01", "2023-12-17")}, 2023) is None
    assert breaks_off({"cases": daily("2020-01-01", "2023-09-15")}, 2023) is None
    assert breaks_off({"cases": daily("2020-01-01", "2023-06-15")}, 2023) == date(2023, 6, 15)
    winter = pd.concat([daily(f"{y}-03-01", f"{y}-10-31") for y in range(2020, 2024)])
    assert breaks_off({"projects": winter}, 2023) is None
    assert breaks_off({"projects": daily("2020-01-01", "2023-10-01", every=30)}, 2023) is None
    # a ledger that was not exported for a whole year
    assert breaks_off({"payments": daily("2020-01-01", "2022-12-31")}, 2023) == date(2022, 12, 31)


def test_experience_by_quarter_needs_all_four(whole):
    with book_of(whole) as book:
        yearly = book.experience()
    columns = [f.name for f in SCHEMA["experience"]]
    pieces = [yearly.assign(period=yearly["period"] + f"Q{q}") for q in range(1, 5)]
    quarterly = pd.concat(pieces, ignore_index=True)[columns]
    money = ["exposure_yuan", "premium_yuan", "base_premium_yuan", "paid_yuan", "incurred_yuan"]
    quarterly[money] = quarterly[money] / 4
    own = UsedParameters(load_parameters())
    with book_of({"experience": quarterly}) as book:
        assert read_history(book, Scenario(), own).valuation_date == date(2020, 12, 31)
    with book_of({"experience": quarterly[quarterly["period"] < "2020Q3"]}) as book:
        history = read_history(book, Scenario(), own)
    assert history.valuation_date == date(2019, 12, 31)
    assert any("2020-06-30" in str(w.fields["day"]) for w in history.warnings if "day" in w.fields)


def test_a_years_statement_beside_its_quarters_is_counted_once(whole):
    accounts = whole["accounts"]
    stock = accounts["item"].eq("balance")
    year = accounts.assign(period=accounts["period"].str[:4])
    flows = year[~stock].groupby(["fund", "period", "item", "mark", "reference"], as_index=False)["amount"].sum()
    ends = year[stock & accounts["period"].str.endswith("Q4")]
    own = UsedParameters(load_parameters())

    def read(frame):
        with book_of({"accounts": frame}) as book:
            return read_history(book, Scenario(), own)

    quarterly, both = read(accounts), read(pd.concat([accounts, flows, ends])[accounts.columns])
    assert both.outgo == pytest.approx(quarterly.outgo, abs=0.01)
    assert both.exposure == pytest.approx(quarterly.exposure, abs=0.01)
    assert both.opening == quarterly.opening
    assert not any("differs from last year" in w.text for w in both.warnings)
    # two quarters of a year are no year, and their balance is none of a year's end
    part = read(accounts[accounts["period"] < "2020Q3"])
    assert part.accounts["period"].iloc[-1] == "2019"


def test_ledgers_of_two_years_give_no_full_funding(whole):
    found, by_basis = rates(cut(whole, date(2016, 12, 31)))
    assert set(by_basis) == {"pay_as_you_go"}
    assert any("fewer than three years" in w.text for w in found.warnings)
