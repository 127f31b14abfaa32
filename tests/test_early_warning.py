import numpy as np
import pytest

from analysis.assumptions import UsedParameters
from analysis.early_warning import first_alarm, past_indicators, state
from analysis.history import read_history
from analysis.review import review
from analysis.scenario import Scenario
from data.book import open_book
from data.parameters import load_parameters


@pytest.mark.parametrize(
    ("value", "amber", "red", "expected"),
    [
        (0.89, 0.9, 1.0, "calm"),
        (0.9, 0.9, 1.0, "amber"),
        (1.0, 0.9, 1.0, "red"),
        (1.6, 1.5, 1.0, "calm"),
        (1.5, 1.5, 1.0, "amber"),
        (1.0, 1.5, 1.0, "red"),
        (np.nan, 0, 1, ""),
    ],
)
def test_thresholds_ring_at_their_edge(value, amber, red, expected):
    assert state(value, amber, red) == expected


def test_the_national_fund_rang_in_2021():
    parameters = UsedParameters(load_parameters())
    history = read_history(open_book("national"), Scenario(), parameters)
    past = past_indicators(history, Scenario().resolve(parameters, history.valuation_date), parameters)
    outgo = past[past["indicator"] == "outgo_ratio"].set_index("period")
    assert outgo.loc["2021", "state"] == "red"  # 990 of outgo on 952 of income
    assert outgo.loc["2011", "state"] == "calm"
    alarms = first_alarm(past).set_index("indicator")
    assert alarms.loc["outgo_ratio", "red"] == "2021"
    assert alarms.loc["growth_gap", "amber"] < "2021"  # the gap of growth warned years before


def test_review_carries_the_indicators():
    found = review(open_book("national"), Scenario(paths=500)).tables["early_warning"]
    assert {"period", "indicator", "value", "state"} == set(found.columns)
    assert (found["indicator"] == "probability").any()
