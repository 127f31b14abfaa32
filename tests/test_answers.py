"""The four answers say what the figures say."""

from dataclasses import replace

import pandas as pd
import pytest

from analysis.answers import answers
from analysis.language import Translator
from analysis.review import conclude, prepare
from analysis.scenario import Scenario
from data.book import open_book


@pytest.fixture(scope="module")
def known():
    with open_book("xpcc") as book:
        scenario = Scenario(paths=500)
        yield conclude(prepare(book, scenario), scenario)


def with_accounts(review, income, outgo):
    years = [str(2015 + i) for i in range(len(income))]
    accounts = pd.DataFrame(
        {
            "period": years,
            "revenue_yuan": income,
            "expenditure_yuan": outgo,
            "balance_yuan": 1e9,
            "payable_months": 12.0,
        }
    )
    return replace(review, accounts=accounts)


@pytest.mark.parametrize(
    ("income", "outgo", "said"),
    [
        ([10, 10, 10], [9, 11, 12], "every year since 2016"),
        ([10, 10, 10], [9, 9, 12], "In 2017 outgo exceeded income"),
        ([10, 10], [11, 11], "every year since 2015"),
    ],
)
def test_since_when_the_fund_pays_more_than_it_takes(known, income, outgo, said):
    since = answers(with_accounts(known, income, outgo))[2]
    assert said in Translator("en").say(since.answer)
    assert since.tone == "bad"


def test_a_rate_below_the_interval_is_bad_and_one_above_it_good_only_where_the_fund_is_safe(known):
    best = known.best
    safe, unsafe = (
        replace(known, scenario=known.scenario.with_changes(solvency_level=level))
        for level in (known.probability_solvent - 0.01, known.probability_solvent + 0.01)
    )
    for current, tones in (
        (best.low * 0.9, ("bad", "bad")),
        (best.rate, ("watch", "watch")),
        (best.high * 1.1, ("good", "watch")),
    ):
        for review, tone in zip((safe, unsafe), tones, strict=True):
            enough, _, _, do = answers(replace(review, current_rate=current))
            assert (enough.tone, do.tone) == (tone, tone)


def test_a_balance_that_no_one_states_is_not_taken_for_none(known):
    unknown = replace(known, accounts=known.accounts.assign(balance_yuan=float("nan")))
    _, sure, _, do = (Translator("en").say(one.answer) for one in answers(unknown))
    assert "The balance is not known" in sure
    assert "Enter the opening balance" in do
    assert "probability" not in do
    stated = replace(unknown, scenario=unknown.scenario.with_changes(opening_balance=1e8))
    assert "not known" not in Translator("en").say(answers(stated)[1].answer)
