import numpy as np
import pandas as pd
import pytest

from analysis.assumptions import UsedParameters
from analysis.columns import for_readers
from analysis.fund.history import read_history
from analysis.hindsight.early_warning import by_prefecture, first_alarm, past_indicators, state
from analysis.language import Translator
from analysis.review import review
from analysis.scenario import Scenario
from analysis.tables import tables
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
    assert alarms.loc["growth_gap", "lead_years"] == 2021 - int(alarms.loc["growth_gap", "amber"])
    assert alarms.loc["outgo_ratio", "event"] == "2021"


def test_review_carries_the_indicators():
    found = review(open_book("national"), Scenario(paths=500)).tables["early_warning"]
    assert {"period", "indicator", "value", "state"} == set(found.columns)
    assert (found["indicator"] == "probability").any()


def test_an_indicator_reads_the_same_in_the_report_as_on_the_page():
    t = Translator("en")
    found = review(open_book("national"), Scenario(paths=500))
    shown = next(table for table in tables(found, t) if table.name == "early_warning")
    assert for_readers(shown.frame, t)["Reading"].str.endswith("%").all()


def test_prefectures_ring_by_themselves(tmp_path):
    rows = [
        (f"{place}{u}", y, place, 1e9, 1e6, 10, 0, 4e5 if place == "urumqi" else 3e5 * 1.3 ** (y - 2018))
        for place in ("urumqi", "hotan") for u in range(2) for y in range(2018, 2024)
    ]  # fmt: skip
    heads = ["施工单位", "年度", "地州市", "总造价（元）", "保费（元）", "工伤人数", "工亡人数", "待遇支出（元）"]
    pd.DataFrame(rows, columns=heads).to_csv(tmp_path / "e.csv", index=False)
    parameters = UsedParameters(load_parameters())
    history = read_history(open_book(tmp_path / "e.csv"), Scenario(), parameters)
    found = by_prefecture(history, Scenario().resolve(parameters, history.valuation_date), parameters)
    last = found[found["period"] == "2023"].set_index(["prefecture", "indicator"])
    assert last.loc[("hotan", "outgo_ratio"), "value"] == pytest.approx(0.3 * 1.3**5)
    assert last.loc[("hotan", "outgo_ratio"), "state"] == "red"
    assert last.loc[("hotan", "growth_gap"), "value"] == pytest.approx(0.3)
    assert set(last.loc["urumqi", "state"]) <= {"calm", "amber"}
    assert set(found["period"]) == {"2022", "2023"}
