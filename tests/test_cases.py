"""The cases in ``tests/cases``, which a lawyer can read: every benefit that is due, and none besides."""

from datetime import date
from pathlib import Path

import pandas as pd
import pytest
import yaml

from data.parameters import load_parameters
from models.benefits import statutory_benefits

FILES = sorted((Path(__file__).parent / "cases").glob("*.yaml"))
CASES = [
    (f"{path.stem}: {case['title']}", case)
    for path in FILES
    for case in yaml.safe_load(path.read_text(encoding="utf-8"))
]
DEFAULTS = {
    "case_id": "1",
    "injury_date": date(2025, 5, 1),
    "grade": 0,
    "outcome": "injury",
    "own_wage_yuan": None,
    "care": "none",
    "age": 40,
    "sex": "male",
    "dependants": [],
    "employment_ended": False,
    "pool_average_wage_yuan": 8000,
    "minimum_wage_yuan": 1900,
}


def test_there_are_enough_cases():
    assert len(CASES) >= 30
    assert len({title for title, _ in CASES}) == len(CASES)


@pytest.mark.parametrize("case", [c for _, c in CASES], ids=[t for t, _ in CASES])
def test_case(case):
    parameters = load_parameters(*([case["overlay"]] if "overlay" in case else []))
    for name, value in case.get("parameters", {}).items():
        parameters = parameters.with_value(name, date(2015, 1, 1), value, reference="case")
    row = {**DEFAULTS, **case["case"]}
    found = statutory_benefits(pd.DataFrame([row]), parameters).set_index("benefit")
    assert set(found.index) == set(case["expect"])
    for benefit, expected in case["expect"].items():
        assert round(float(found.loc[benefit, "amount"]), 2) == expected["amount"]
        assert bool(found.loc[benefit, "monthly"]) == expected.get("monthly", False)
        assert int(found.loc[benefit, "from_month"]) == expected.get("from_month", 1)
        if "paid_by" in expected:
            assert found.loc[benefit, "paid_by"] == expected["paid_by"]
