"""Reconciliation and actual against expected: exact sums, one cause named by its driver, the book as it was."""

from datetime import date

import numpy as np
import pandas as pd
import pytest

from analysis.hindsight.actual_expected import actual_expected
from analysis.hindsight.reconciliation import DRIVERS, driver_of, reconcile
from analysis.review import conclude, load_json, prepare, review, write_json
from analysis.scenario import Growth, Scenario
from data.book import open_book
from data.demo import DemoConfig, make_demo
from data.past import as_it_was
from models.messages import InputError

QUICK = Scenario(paths=400, horizon_years=3)


def resolved(book, scenario):
    prepared = prepare(book, scenario)
    return prepared, scenario.resolve(prepared.parameters, prepared.history.valuation_date)


def said_of(book, scenario, tmp_path):
    return load_json(write_json(conclude(prepare(book, scenario), scenario), tmp_path / "review.json"))


@pytest.fixture(scope="module")
def ledgers(tmp_path_factory):
    path = tmp_path_factory.mktemp("books") / "演示.sqlite"
    with open_book(path, create=True) as book:
        make_demo(book, DemoConfig(projects=1500, years=8))
    return path


def check(found, last, prepared):
    for basis in found.table["basis"].unique():
        own = found.of(basis)
        assert own["rate"].iloc[0] == last["indicated"][basis]["rate"]
        assert own["rate"].iloc[0] + own["amount"].sum() == pytest.approx(prepared.indicated[basis].rate, rel=1e-12)
        assert own["rate"].iloc[-1] == pytest.approx(prepared.indicated[basis].rate, rel=1e-12)
        assert np.allclose(own["rate"].diff().iloc[1:], own["amount"].iloc[1:], rtol=1e-9, atol=1e-15)
        order = [DRIVERS.index(d) for d in own["driver"].iloc[1:]]
        assert order == sorted(order)


def test_a_ledger_book_a_year_later_sums_exactly_on_every_basis(ledgers, tmp_path):
    with open_book(ledgers) as book:
        last = said_of(book, QUICK.with_changes(valuation_date=date(2021, 12, 31)), tmp_path)
        prepared, now = resolved(book, QUICK)
        found = reconcile(book, now, last)
    assert set(found.table["basis"]) == {"pay_as_you_go", "terminal_funding", "full_funding"}
    check(found, last, prepared)
    full = found.of("full_funding").set_index("driver")["amount"]
    assert {"frequency", "severity", "development"} <= set(full.index)
    assert abs(full["method"]) < 1e-15  # the same program on the same book: nothing to explain


def test_a_review_carries_the_reconciliation(tmp_path):
    book = open_book("national")
    last = said_of(book, QUICK.with_changes(valuation_date=date(2015, 12, 31)), tmp_path)
    found = review(book, QUICK, previous=last)
    assert found.previous_rate == last["indicated"]["pay_as_you_go"]["rate"]
    change = sum(c.amount for c in found.change_decomposition)
    assert found.previous_rate + change == pytest.approx(found.indicated["pay_as_you_go"].rate, rel=1e-12)
    assert {"reconciliation", "actual_expected", "risk", "exhaustion", "first_alarms"} <= set(found.tables)


def test_one_cause_is_named_by_its_driver(tmp_path):
    book = open_book("national")
    last = said_of(book, QUICK, tmp_path)
    for scenario, driver in [
        (QUICK.with_changes(growth=Growth(medical=0.12)), "medical_prices"),
        (QUICK.with_changes(growth=Growth(construction=0.0)), "construction"),
        (QUICK.with_changes(growth=Growth(wages=0.02)), "wages"),
        (QUICK.with_changes(seed=7), "other"),
    ]:
        prepared, now = resolved(book, scenario)
        found = reconcile(book, now, last)
        check(found, last, prepared)
        moved = found.of("pay_as_you_go").iloc[1:]
        assert set(moved.loc[moved["amount"].abs() > 1e-12, "driver"]) == {driver}


def test_a_gap_of_years_and_a_parameter_that_was_used(tmp_path):
    book = open_book("national")
    last = said_of(book, QUICK.with_changes(valuation_date=date(2015, 12, 31)), tmp_path)
    prepared, now = resolved(book, QUICK)
    found = reconcile(book, now, last)
    check(found, last, prepared)
    assert {"exposure", "frequency", "severity"} <= set(found.of("pay_as_you_go")["driver"])
    for one in last["assumptions"]:
        if one["name"] == "projection.medical_share":
            one["value"] = 0.5
    again = reconcile(book, now, last)
    check(again, last, prepared)
    # what the last review says it used is used: the difference to what it should have found is the method's
    assert again.of("pay_as_you_go").set_index("driver").loc["method", "amount"] != 0
    assert "medical_prices" in set(again.of("pay_as_you_go")["driver"])


def accounts(path, years, factor=1.0):
    rows = [(y, 100.0 + 5 * i, (80 + 6 * i) * factor, 300 + 20 * i) for i, y in enumerate(years)]
    frame = pd.DataFrame(rows, columns=["年度", "基金收入（万元）", "基金支出（万元）", "累计结余（万元）"])
    frame.to_csv(path, index=False)
    return path


def test_revised_old_years_are_told_apart_and_the_book_is_rebuilt(tmp_path):
    from data.importing import import_files

    with open_book(tmp_path / "书.sqlite", create=True) as book:
        import_files(book, [accounts(tmp_path / "a.csv", range(2016, 2022))])
        last = said_of(book, QUICK, tmp_path)
        known = book.table("accounts")
        import_files(book, [accounts(tmp_path / "b.csv", range(2016, 2022), 1.1)])
        assert not book.table("accounts").equals(known)
        then = as_it_was(book, last["book"]["fingerprint"])
        pd.testing.assert_frame_equal(then.table("accounts"), known)
        assert then.fingerprint() == last["book"]["fingerprint"]
        assert as_it_was(book, then.fingerprint(version=1)).fingerprint() == then.fingerprint()
        prepared, now = resolved(book, QUICK)
        found = reconcile(book, now, last)
        check(found, last, prepared)
        moved = found.of("pay_as_you_go").set_index("driver")["amount"]
        assert abs(moved["method"]) < 1e-12
        assert moved["revised"] == pytest.approx(0.1 * moved_base(last), rel=0.2)
        last["book"]["fingerprint"] = "another"
        lost = reconcile(book, now, last)
        check(lost, last, prepared)
        assert "method_and_data" in set(lost.table["driver"])
        assert len(lost.notes) == 2


def moved_base(last):
    return last["indicated"]["pay_as_you_go"]["rate"]


def test_refusals(tmp_path):
    book = open_book("national")
    last = said_of(book, QUICK, tmp_path)
    _, now = resolved(book, QUICK.with_changes(valuation_date=date(2015, 12, 31)))
    with pytest.raises(InputError, match="after this one"):
        reconcile(book, now, last)
    for broken in ({}, {**last, "scenario": {}}, {**last, "indicated": None}, {**last, "assumptions": [1]}):
        with pytest.raises(InputError):
            reconcile(book, now, broken)


def test_parameters_belong_to_their_driver():
    assert driver_of("death_lump") == "law"
    assert driver_of("pool_average_wage") == "wages"
    assert driver_of("prevention.share_of_collections") == "loading"


def test_actual_against_expected_on_the_public_series():
    table = actual_expected(open_book("national"), QUICK)
    assert table.attrs == {"stood_at": 2015, "closed": 2021}
    own = table.set_index("item")
    assert own.loc["outgo", "actual"] == 990e8
    assert (table["p05"] < table["expected"]).all()
    assert (table["expected"] < table["p95"]).all()
    with pytest.raises(InputError, match="one year only"):
        actual_expected(open_book("xpcc"), QUICK)


def test_the_closed_year_says_how_far_it_is_and_stops_when_told():
    book, shares = open_book("national"), []
    actual_expected(book, QUICK, shares.append)
    assert shares == sorted(shares)
    assert (shares[0], shares[-1]) == (0.0, 1.0)

    def stop(share):
        if share > 0:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        actual_expected(book, QUICK, stop)


def test_actual_against_expected_of_a_ledger_book(ledgers):
    with open_book(ledgers) as book:
        table = actual_expected(book, QUICK)
        payments = book.table("payments")
    own = table.set_index("item")
    assert {"exposure", "premium", "outgo", "cases", "deaths", "medical", "disability_lump"} <= set(own.index)
    closed = payments[payments["payment_date"].dt.year == table.attrs["closed"]]
    assert own.loc["medical", "actual"] == pytest.approx(
        closed.loc[closed["benefit"] == "medical", "amount_yuan"].sum()
    )
    assert own.loc[["exposure", "outgo", "cases", "medical"], "ratio"].between(0.5, 2).all()
    lights = np.where((own["actual"] >= own["p05"]) & (own["actual"] <= own["p95"]), "green", "other")
    assert ((own["light"] == "green") == (lights == "green")).all()
