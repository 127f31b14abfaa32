import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from analysis.answers import answers
from analysis.review import conclude, load_json, prepare, review, what_if, write_json
from analysis.scenario import Growth, RateStep, Risks, Scenario, Shock
from analysis.verdict import verdict
from data import reference
from data.book import open_book
from models.messages import InputError
from reports.sections.outlook import follows

NATIONAL_BALANCE = {2008: 384.6, 2011: 742.6, 2012: 862, 2013: 996, 2014: 1129, 2015: 1285, 2021: 1411}
QUICK = Scenario(paths=2000)


@pytest.fixture(scope="module")
def national():
    return review(open_book("national"), QUICK)


def test_published_balances_roll_forward(national):
    accounts = national.accounts.set_index("period")
    for year, balance in NATIONAL_BALANCE.items():
        assert accounts.loc[str(year), "balance_yuan"] == pytest.approx(balance * 1e8)
    assert accounts.loc["2021", "rolled_yuan"] == pytest.approx(1411e8, abs=1)  # 1449 + 952 − 990
    # rows rounded to 亿元: within 7亿 (facts/rules.md 5.1)
    assert accounts["difference_yuan"].abs().max() <= 7e8


@pytest.mark.parametrize(
    ("book", "year", "months"), [("xinjiang", "2011", 24.4), ("xpcc", "2018", 28.2), ("national", "2021", 17.1)]
)
def test_payable_months_of_the_public_books(book, year, months):
    accounts = review(open_book(book), QUICK).accounts.set_index("period")
    assert round(float(accounts.loc[year, "payable_months"]), 1) == months


def test_provinces_2011_agree_with_the_national_row():
    table = reference.provinces().pivot(index=["period", "fund"], columns="item", values="amount")
    for year in ("2008", "2011"):
        parts = table.loc[year].drop("national")
        for item in ("revenue", "expenditure", "balance"):
            assert parts[item].sum() == pytest.approx(table.loc[(year, "national"), item], rel=0.02)


def test_standing_at_2015_the_2021_interval_holds_and_is_of_use(national):
    rows = national.tables["backtest"]
    at = rows[(rows["stood_at"] == "2015") & (rows["period"] == "2021")].set_index("series")
    outgo = at.loc["outgo"]
    print(
        f"2021 outgo seen from 2015: {outgo.p05 / 1e8:.0f} to {outgo.p95 / 1e8:.0f} 亿, actual {outgo.actual / 1e8:.0f} 亿"
    )
    assert outgo["inside_90"]
    assert 1.3 < outgo["p95"] / outgo["p05"] < 4  # neither certain nor absurdly wide
    assert rows["inside_90"].mean() >= 0.8


def test_pay_as_you_go_means_income_equals_outgo_in_the_year():
    prepared = prepare(open_book("national"), QUICK)
    rate = prepared.indicated["pay_as_you_go"].rate
    flows = conclude(prepared, QUICK.with_changes(base_rate=rate)).flows.iloc[0]
    assert flows["collections_yuan"] - flows["prevention_yuan"] == pytest.approx(flows["outgo_yuan"], abs=0.005 * 1e2)


def test_parts_sum_to_the_rate_and_the_interval_holds_it(national):
    for one in national.indicated.values():
        assert one.parts["rate"].sum() == pytest.approx(one.rate, rel=1e-12)
        assert one.low <= one.rate <= one.high


def test_solvency_curve_equals_reviews_at_each_rate():
    prepared = prepare(open_book("xinjiang"), QUICK)
    curve = conclude(prepared, QUICK).solvency_curve
    for row in curve.iloc[::20].itertuples():
        again = review(open_book("xinjiang"), QUICK.with_changes(base_rate=row.rate)) if 0 <= row.rate <= 0.05 else None
        if again is not None:
            assert again.probability_solvent == pytest.approx(row.probability, abs=1e-9)
    assert curve["probability"].is_monotonic_increasing


def test_flows_close_to_the_fen(national):
    flows = national.flows
    closing = (
        flows["opening_yuan"]
        + flows["collections_yuan"]
        - flows["prevention_yuan"]
        - flows["outgo_yuan"]
        + flows["interest_and_policy_yuan"]
    )
    assert np.abs(closing - flows["closing_yuan"]).max() < 0.01
    assert (flows["closing_yuan"].iloc[:-1].to_numpy() == flows["opening_yuan"].iloc[1:].to_numpy()).all()


def test_same_inputs_same_bytes(tmp_path):
    texts = [write_json(review(open_book("xpcc"), QUICK), tmp_path / f"{i}.json").read_bytes() for i in range(2)]
    assert texts[0] == texts[1]


def test_review_json_has_its_promised_keys(national, tmp_path):
    content = json.loads(write_json(national, tmp_path / "review.json").read_text(encoding="utf-8"))
    assert content["book"]["fingerprint"]
    assert content["book"]["levels"] == [1]
    assert set(content["indicated"]) == {"pay_as_you_go", "terminal_funding", "full_funding"}
    assert {"rate", "low", "high"} <= set(content["indicated"]["pay_as_you_go"])
    assert {"rate", "probability"} <= set(content["solvency_curve"][0])
    assert {"period", "balance_p05", "balance_p95", "payable_months_p50", "probability_below_floor"} <= set(
        content["fund"][0]
    )
    assert {"name", "value", "mark", "reference"} <= set(content["assumptions"][0])
    assert content["warnings"]
    assert load_json(tmp_path / "review.json") == content


def test_change_since_the_last_review_sums_exactly(tmp_path, national):
    last = review(open_book("national"), QUICK.with_changes(valuation_date=pd.Timestamp("2015-12-31").date()))
    path = write_json(last, tmp_path / "review.json")
    now = review(open_book("national"), QUICK, previous=load_json(path))
    change = sum(c.amount for c in now.change_decomposition)
    assert now.previous_rate == last.indicated["pay_as_you_go"].rate
    assert now.previous_rate + change == pytest.approx(now.indicated["pay_as_you_go"].rate, rel=1e-12)


def test_what_is_chosen_by_hand_is_an_assumption(national):
    chosen = review(open_book("national"), QUICK.with_changes(growth=Growth(construction=0.02)))
    marks = {a.name: a.mark for a in chosen.assumptions}
    assert marks["growth.construction"] == "assumption"
    assert {a.name for a in national.assumptions} >= {"project_rate", "interest_rate", "projection.volatility"}


@pytest.mark.parametrize(
    ("shock", "worse"),
    [
        (Shock("construction", -0.3, 1, 3), True),
        (Shock("wages", 0.1, 1, 10), True),
        (Shock("medical", 0.1, 1, 10), True),
        (Shock("frequency", 0.2, 1, 10), True),
        (Shock("collections", -0.5, 1, 1), True),
        (Shock("catastrophe_deaths", 20, 1, 1), True),
        (Shock("frequency", -0.2, 1, 10), False),
    ],
)
def test_shocks_move_the_fund_the_right_way(shock, worse):
    book = open_book("xpcc")
    base = review(book, QUICK).fund["balance_p50"].iloc[-1]
    shocked = review(book, QUICK.with_changes(shocks=(shock,))).fund["balance_p50"].iloc[-1]
    assert (shocked < base) == worse


def test_stage_cuts_lower_the_balance_of_a_rich_fund():
    book = open_book("xpcc")
    plain = review(book, QUICK)
    cut = review(book, QUICK.with_changes(risks=Risks(policy=True)))
    assert cut.fund["balance_p95"].iloc[-1] < plain.fund["balance_p95"].iloc[-1]
    assert cut.probability_solvent <= plain.probability_solvent


def test_rate_path_replaces_the_base_rate():
    book = open_book("xpcc")
    stepped = review(book, QUICK.with_changes(rate_path=(RateStep(from_year=1, rate=0.002),)))
    assert stepped.fund["balance_p50"].to_numpy() == pytest.approx(
        review(book, QUICK.with_changes(base_rate=0.002)).fund["balance_p50"].to_numpy()
    )


def experience(tmp_path, incurred=True):
    rng = np.random.default_rng(3)
    rows = []
    for unit in range(40):
        risk = rng.gamma(4, 0.25)
        for year in range(2018, 2024):
            cost = rng.uniform(5e7, 5e8)
            cases = rng.poisson(risk * cost / 1e8 * 1.5)
            paid = float(rng.gamma(2, 40_000, cases).sum())
            rows.append((f"C{unit:03d}", year, cost, cost * 0.001, cases, 0, paid, paid * 1.1))
    heads = ["施工单位", "年度", "总造价（元）", "保费（元）", "工伤人数", "工亡人数", "待遇支出（元）", "发生额（元）"]
    frame = pd.DataFrame(rows, columns=heads)
    path = tmp_path / "经验数据.xlsx"
    (frame if incurred else frame.drop(columns="发生额（元）")).to_excel(path, index=False)
    return path, frame


def test_level_2_book_gives_pay_as_you_go_and_full_funding_with_credibility(tmp_path):
    path, frame = experience(tmp_path)
    result = review(open_book(path), QUICK)
    own = frame["发生额（元）"].tail(200).sum()
    assert own > 0
    full = result.indicated["full_funding"]
    recent = frame[frame["年度"] > 2018]
    pure = recent["发生额（元）"].sum() / recent["总造价（元）"].sum()
    assert full.rate == pytest.approx(pure / 0.97, rel=1e-9)  # 3% of the premium goes to prevention
    assert result.credibility is not None
    assert 0 < result.credibility.units["credibility"].max() < 1
    assert result.book.levels == (2,)
    assert "opening_balance" in " ".join(str(w) for w in result.warnings)


def test_a_last_year_that_can_hardly_be_complete_is_named(tmp_path):
    path, frame = experience(tmp_path)
    assert not any("{share" in w.text for w in conclude(prepare(open_book(path), QUICK), QUICK).warnings)
    last = frame["年度"] == 2023
    frame.loc[last, "发生额（元）"] *= 0.3
    frame.to_excel(path, index=False)
    found = conclude(prepare(open_book(path), QUICK), QUICK)
    (said,) = (w for w in found.warnings if "{share" in w.text)
    yearly = frame.groupby("年度")[["发生额（元）", "总造价（元）"]].sum()
    rates = yearly["发生额（元）"] / yearly["总造价（元）"]
    assert said.fields["year"] == "2023"
    assert said.fields["share"] == pytest.approx(rates.iloc[-1] / rates.iloc[:-1].median())


def test_a_rate_that_is_seen_to_be_too_low_decides_nothing(tmp_path):
    path, frame = experience(tmp_path)
    assert review(open_book(path), QUICK).best.basis == "full_funding"
    frame.loc[frame["年度"] == 2023, "发生额（元）"] *= 0.3
    frame.to_excel(path, index=False)
    found = review(open_book(path), QUICK)
    assert "full_funding" in found.indicated
    assert found.best.basis == "pay_as_you_go"
    assert found.tables["options"].set_index("option").loc["indicated", "rate"] == found.best.rate


def test_a_rate_above_break_even_is_not_called_more_than_enough_where_the_balance_is_not_safe():
    found = review(open_book("xpcc"), QUICK)
    low = replace(found.best, rate=0.0008, low=0.0007, high=0.0009)
    safe = replace(found, indicated={low.basis: low}, probability_solvent=0.95)
    unsafe = replace(safe, probability_solvent=0.25)
    assert "more than enough" in str(verdict(safe)[0])
    assert "not safe" in str(verdict(unsafe)[0])
    assert [answers(one)[0].tone for one in (safe, unsafe)] == ["good", "watch"]
    assert "allow a cut" in str(follows(safe)[0])
    assert "do not call for a cut" in str(follows(unsafe)[0])


def test_level_2_without_incurred_says_what_it_cannot_answer(tmp_path):
    path, _ = experience(tmp_path, incurred=False)
    result = review(open_book(path), QUICK)
    assert "full_funding" not in result.indicated
    assert any("Terminal and full funding" in str(w) for w in result.warnings)


def test_an_empty_book_is_refused_with_a_remedy(tmp_path):
    with open_book(tmp_path / "empty.sqlite", create=True) as book, pytest.raises(InputError, match="基金收入"):
        review(book, QUICK)


def test_a_review_names_the_same_parameters_whatever_was_asked_before():
    prepared = prepare(open_book("xpcc"), QUICK)
    before = conclude(prepared, QUICK)
    asked = what_if(prepared, before.scenario)
    assert len(asked)
    assert conclude(prepared, QUICK).assumptions == before.assumptions


def test_years_after_the_last_total_cost_are_no_years_without_income(tmp_path):
    path, frame = experience(tmp_path)
    late = pd.DataFrame(
        {"施工单位": ["C000"], "年度": [2024], "总造价（元）": 0, "保费（元）": 0, "待遇支出（元）": 9e6}
    )
    pd.concat([frame, late]).to_excel(path, index=False)
    result = review(open_book(path), QUICK)
    assert result.accounts["period"].to_list()[-1] == "2023"
    assert any("2024" in str(w) and "no total cost" in str(w) for w in result.warnings)
