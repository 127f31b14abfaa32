"""Standing at past year-ends: nothing of later years is used, intervals cover, alarms ring before."""

from datetime import date

import numpy as np
import pytest

from analysis.hindsight.standing_back import standing_back
from analysis.review import prepare
from analysis.scenario import Scenario
from data.book import open_book
from data.demo import DemoConfig, make_demo
from models.messages import InputError

QUICK = Scenario(paths=1000)


def test_on_the_public_series():
    found = standing_back(open_book("national"), QUICK)
    assert set(found.flows["series"]) == {"exposure", "outgo"}
    coverage = found.coverage.set_index("series")
    assert coverage.loc["outgo", "inside_90"] >= 0.8
    rates = found.rates.set_index("stood_at")
    # 2011 is the last stand whose next year is known and that has four years before it
    book = open_book("national")
    own = prepare(book, QUICK.with_changes(valuation_date=date(2013, 12, 31)))
    assert rates.loc["2013", "rate"] == pytest.approx(own.indicated["pay_as_you_go"].rate, rel=0.01)
    assert rates.loc["2013", "actual"] == pytest.approx(
        float(prepare(book, QUICK).history.outgo[-3] / prepare(book, QUICK).history.exposure[-3])
    )
    assert (found.alarms["state"] == "calm").all()  # the fund had more than a year of benefits all along
    assert not found.alarms["happened"].dropna().any()


def test_on_a_ledger_book(tmp_path):
    with open_book(tmp_path / "演示.sqlite", create=True) as book:
        make_demo(book, DemoConfig(projects=800, years=6))
        told = []
        found = standing_back(book, QUICK.with_changes(paths=300), told.append)
    assert told[0] == 0
    assert told[-1] == 1
    assert set(found.rates["basis"]) >= {"pay_as_you_go", "full_funding"}
    rates = found.rates
    assert rates["actual"].notna().all()
    assert (rates["inside_90"] == rates["actual"].between(rates["low"], rates["high"])).all()
    assert np.isfinite(found.flows[["p05", "p95", "actual"]].to_numpy()).all()
    assert (found.flows["period"] > found.flows["stood_at"]).all()


def test_a_young_book_says_so():
    with pytest.raises(InputError, match="known years"):
        standing_back(open_book("xinjiang"), QUICK)
