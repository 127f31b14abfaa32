"""Every edge of the published floating tables (facts/rules.md 4.2-4.3, facts/practice.md 1-4)."""

import pandas as pd
import pytest

from models.floating import load_plan

BASE = 1_000_000.0


def experience(*percents, **columns):
    loss = [percent * BASE / 100 for percent in percents]
    frame = {
        "unit": [f"u{i}" for i in range(len(loss))],
        "period": "2024",
        "exposure_yuan": 1e9,
        "premium_yuan": BASE,
        "base_premium_yuan": BASE,
        "cases": 1,
        "deaths": 0,
        "paid_yuan": loss,
        "incurred_yuan": loss,
    }
    return pd.DataFrame(frame | columns)


def multipliers(plan, *percents, **columns):
    return load_plan(plan).multiplier(experience(*percents, **columns)).tolist()


def test_huainan_five_bands():
    edges = {
        0: 0.5,
        19.99: 0.5,
        20: 0.8,
        20.01: 0.8,
        59.99: 0.8,
        60: 1.0,
        79.99: 1.0,
        80: 1.2,
        119.99: 1.2,
        120: 1.5,
        120.01: 1.5,
        1000: 1.5,
    }
    assert multipliers("huainan", *edges) == list(edges.values())


def test_national_steps_stand_on_the_edges_borrowed_from_huainan():
    at = (19.99, 20, 60, 80, 120)
    assert multipliers("national_five_steps", *at) == [0.5, 0.8, 1.0, 1.2, 1.5]
    assert multipliers("national_three_steps", *at) == [1.0, 1.0, 1.0, 1.2, 1.5]


JAPAN = {
    10: -40,
    20: -35,
    30: -30,
    40: -25,
    50: -20,
    60: -15,
    70: -10,
    75: -5,
    85: 0,
    90: 5,
    100: 10,
    110: 15,
    120: 20,
    130: 25,
    140: 30,
    150: 35,
}
KOREA = {
    5: -20, 10: -18.4, 20: -16.1, 30: -13.8, 40: -11.5, 50: -9.2, 60: -6.9, 70: -4.6, 75: -2.3, 85: 0,
    90: 2.3, 100: 4.6, 110: 6.9, 120: 9.2, 130: 11.5, 140: 13.8, 150: 16.1, 160: 18.4,
}  # fmt: skip


@pytest.mark.parametrize(("plan", "table", "top"), [("japan", JAPAN, 40), ("korea_2019", KOREA, 20)])
def test_merit_tables_of_japan_and_korea(plan, table, top):
    adjustments = [*table.values(), top]
    # 31 m yuan a year is Korea's minimum: three years of it are in the window.
    at = multipliers(plan, *table)
    above = multipliers(plan, *(edge + 0.01 for edge in table))
    below = multipliers(plan, *(edge - 0.01 for edge in table))
    assert at == pytest.approx([1 + a / 100 for a in adjustments[:-1]])
    assert below == at
    assert above == pytest.approx([1 + a / 100 for a in adjustments[1:]])
    assert len(load_plan(plan).steps) == len(adjustments) == {"japan": 17, "korea_2019": 19}[plan]


def test_japan_settles_on_two_dates_on_its_own_premium():
    # 1,000,000 yen of fixed premium; 63,158 yen of it non-occupational (0.6 of 9.5 per mille) and untouched.
    plan = load_plan("japan")
    inside = 1 - 0.063158
    project = experience(45.0 * 0.63 * inside, 45.0 * 0.63 * inside + 5 * 0.63 * inside + 0.01)
    first = plan.settled(0).multiplier(project)
    assert first.tolist() == pytest.approx([1 - 0.20 * inside, 1 - 0.15 * inside])
    # The same benefits weigh more on the second date: 45 x 0.63 / 0.50 = 56.7%.
    assert plan.settled(1).multiplier(project).iloc[0] == pytest.approx(1 - 0.15 * inside)
    small = experience(200.0).assign(base_premium_yuan=399_999.0, exposure_yuan=109_999_999.0)
    assert plan.settled(0).multiplier(small).item() == 1.0
    assert plan.settled(0).multiplier(small.assign(exposure_yuan=110_000_000.0)).item() > 1.3


def test_korea_leaves_small_works_alone():
    assert multipliers("korea_2019", 500.0, exposure_yuan=92_999_999.0) == [1.0]
    assert multipliers("korea_2019", 500.0, exposure_yuan=93_000_000.0) == [1.2]


def test_city_that_asks_whether_anyone_was_injured():
    at = (0, 120, 120.01, 300, 300.01)
    assert multipliers("city_gerendangan", *at, cases=1) == [1.0, 1.0, 1.2, 1.2, 1.5]
    assert multipliers("city_gerendangan", *at, cases=0) == [0.8, 0.8, 1.0, 1.0, 1.0]


def test_city_in_half_points_of_payroll():
    # 1,000,000,000 yuan of exposure at 500,000 a person-year: 2,000 persons, so 100 cases are 5%.
    def step(points):
        return pytest.approx(max(0.5, 1 + points / 1.3))

    def rated(percent, cases):
        return multipliers("city_half_points", percent, cases=cases)[0]

    ratios = {29.99: -1, 30: -0.5, 49.99: -0.5, 50: 0, 99.99: 0, 100: 0.5, 149.99: 0.5, 150: 1, 200: 1.5, 250: 1.5}
    for percent, points in ratios.items():
        assert rated(percent, 200) == step(points), percent
    rates = {59: -1, 60: -0.5, 99: -0.5, 100: 0, 319: 0, 320: 0.5, 419: 0.5, 420: 1, 520: 1.5, 600: 1.5}
    for cases, points in rates.items():
        assert rated(75.0, cases) == step(points), cases
    assert rated(20.0, 400) == step(0.5), "a surcharge by either stands against a discount by the other"
    assert rated(300.0, 0) == pytest.approx(0.8 * 3.0), "above 250% the premium is at least 80% of last year's benefits"
    assert rated(300.0, 700) == pytest.approx(0.8 * 3.0)


def test_grades_and_safety_standards():
    assert multipliers("zibo", *[0] * 6, credit_grade=["AAA", "AA", "A", "B", "C", None]) == pytest.approx(
        [8 / 15, 2 / 3, 1, 1, 1, 1]
    )
    grades = ["优良", "优良", "合格", None]
    assert multipliers("quanzhou", *[50] * 4, safety_standard=grades, cases=[0, 1, 0, 0]) == [0.5, 1.0, 1.0, 1.0]
    rated = multipliers("ningxia", *[100] * 5, safety_standard=["1", "2", "3", None, "1"], cases=[0, 0, 0, 0, 1])
    assert rated == pytest.approx([0.9, 1.0, 1.1, 1.2, 1.2])
    assert multipliers("ningxia", 10, safety_standard="1", cases=0) == [0.5]


def test_cixi_goes_up_from_six_per_cent():
    assert multipliers("cixi", 0, 0, cases=[119, 120]) == [1.0, 1.2]


@pytest.mark.parametrize(
    ("cost", "permille_yuan"),
    [(5e8, 6e5), (1e9, 1.2e6), (2e9, 1.2e6 + 1e6), (5e9, 1.2e6 + 4e6), (6e9, 1.2e6 + 4e6 + 0.8e6)],
)
def test_hubei_charges_each_part_of_the_cost_its_own_rate(cost, permille_yuan):
    assert multipliers("hubei", 0, exposure_yuan=cost)[0] * 0.0012 * cost == pytest.approx(permille_yuan)


def test_bg_bau_surcharges_up_to_thirty_per_cent_at_the_ceiling():
    # Own loads 50, 100, 200, 250, 900% of the average load, which is fixed at 100%.
    plan = load_plan("bg_bau").calibrated(experience(100.0))
    rated = plan.multiplier(experience(50, 100, 200, 250, 900))
    assert rated.tolist() == pytest.approx([1.0, 1.0, 1.2, 1.3, 1.3])
    clean = experience(*[900] * 4, years_without_surcharge=[3, 4, 6, 8])
    assert plan.multiplier(clean).tolist() == pytest.approx([1.30, 1.25, 1.20, 1.15])
