"""The cases in ``tests/cases``, which a lawyer can read: every benefit that is due, and none besides."""

from datetime import date
from pathlib import Path

import pandas as pd
import pytest
import yaml

from data.parameters import load_parameters
from models.benefits import statutory_benefits

FOLDER = Path(__file__).parent / "cases"
CASES = [case for path in sorted(FOLDER.glob("*.yaml")) for case in yaml.safe_load(path.read_text(encoding="utf-8"))]
UNLESS_STATED = {
    "injury_date": date(2025, 5, 1),
    "outcome": "injury",
    "grade": 0,
    "care": "none",
    "age": 40,
    "sex": "male",
    "dependants": [],
    "employment_ended": False,
    "pool_average_wage_yuan": 8000,
    "minimum_wage_yuan": 1900,
}
OF_EACH = {"monthly": False, "from_month": 1}


def test_every_case_can_be_read_in_both_languages():
    assert len({case["id"] for case in CASES}) == len(CASES) >= 30
    for case in CASES:
        assert case["title"].keys() == case["reason"].keys() == {"zh", "en"}, case["id"]
        assert all(case["title"].values()), case["id"]
        assert all(case["reason"].values()), case["id"]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_case(case):
    parameters = load_parameters(*([case["overlay"]] if "overlay" in case else []))
    for changed in case.get("parameters", ()):
        parameters = parameters.with_value(changed["name"], changed["from"], changed["value"], reference=case["id"])
    cases = pd.DataFrame([{**UNLESS_STATED, "case_id": case["id"], **case["case"]}])
    found = statutory_benefits(cases, parameters).drop(columns="case_id").to_dict("records")
    expected = [{**OF_EACH, **benefit} for benefit in case["expect"]]
    assert sorted(found, key=_order) == sorted(expected, key=_order)


def _order(benefit):
    return benefit["benefit"], benefit["from_month"], benefit["monthly"]
