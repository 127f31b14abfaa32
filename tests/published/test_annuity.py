"""Life expectations and annuities of the China life tables 2010–2013 (SOA table ids 3375–3380), checked with a second program."""

import pytest

from models.annuity import annuity_due, curtate_expectation


@pytest.mark.parametrize(
    ("table", "expected"),
    [("CL1", 75.920), ("CL2", 81.207), ("CL3", 79.851), ("CL4", 84.937), ("CL5", 82.629), ("CL6", 87.631)],
)
def test_curtate_expectation_at_birth(table, expected):
    assert round(curtate_expectation(table, 0), 3) == expected


@pytest.mark.parametrize(
    ("table", "age", "expected"),
    [("CL5", 40, 24.513132), ("CL6", 40, 25.819257), ("CL5", 60, 17.746964), ("CL6", 60, 19.524880)],
)
def test_annuity_due_at_three_per_cent(table, age, expected):
    assert annuity_due(table, age, 0.03) == pytest.approx(expected, abs=1e-6)
