"""A link restores every input of a scenario exactly, and nothing that a hostile link says gets through."""

from dataclasses import fields, is_dataclass
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from analysis.own_parameters import as_text, parameters_of
from analysis.scenario import (
    SHOCKS,
    CoverageStep,
    Growth,
    ParameterChange,
    RateStep,
    Risks,
    Scenario,
    Shock,
    from_yaml,
    to_yaml,
)
from analysis.scenario_link import LINK_FIELDS, from_link, refuse_files, to_link
from data.parameters import available_overlays, load_parameters
from models.floating import available_plans
from models.messages import InputError


def between(low, high):
    return some.none() | some.floats(low, high, allow_nan=False)


def wholes(low, high):
    return some.integers(low, high)


TEXT = some.text(some.characters(codec="utf-8", exclude_categories=["C", "Z"]), max_size=40)
SCENARIOS = some.builds(
    Scenario,
    name=TEXT,
    note=TEXT,
    fund=some.none() | TEXT,
    valuation_date=some.none() | some.dates(date(1990, 1, 1), date(2100, 1, 1)),
    base_rate=between(0, 0.05),
    current_rate=between(0.00001, 0.05),
    opening_balance=between(-1e13, 1e13),
    horizon_years=wholes(1, 50),
    growth=some.builds(Growth, construction=between(-0.5, 1), wages=between(-0.2, 0.5), medical=between(-0.2, 0.5)),
    discount_rate=between(-0.02, 0.2),
    interest_rate=between(-0.02, 0.2),
    indexation=between(-0.05, 0.3),
    target_payable_months=between(0, 120),
    floor_payable_months=some.floats(0, 120),
    solvency_level=some.floats(0.5, 0.999),
    plan=some.sampled_from(available_plans()),
    rate_path=some.lists(some.builds(RateStep, wholes(1, 50), some.floats(0, 0.05)), max_size=4).map(tuple),
    coverage=some.lists(some.builds(CoverageStep, wholes(1, 50), some.floats(0.01, 1)), max_size=3).map(tuple),
    reserve_years=some.none() | wholes(1, 50),
    shocks=some.lists(
        some.builds(Shock, some.sampled_from(SHOCKS), some.floats(-1, 1000), wholes(1, 50), wholes(1, 50)), max_size=4
    ).map(tuple),
    risks=some.builds(Risks, *[some.booleans()] * 5),
    paths=wholes(100, 1_000_000),
    seed=wholes(0, 2**63 - 1),
    overlays=some.lists(some.sampled_from(available_overlays()), max_size=3, unique=True).map(tuple),
    parameters=some.lists(some.builds(ParameterChange, TEXT, TEXT, some.dates(date(1990, 1, 1)), TEXT), max_size=3).map(
        tuple
    ),
)


@settings(max_examples=100, deadline=None)
@given(SCENARIOS)
def test_a_link_and_a_file_restore_every_input(scenario):
    restored, dropped = from_link(to_link(scenario))
    assert dropped == ()
    assert restored == scenario
    assert from_yaml(to_yaml(scenario)) == scenario


def test_every_field_of_a_scenario_is_in_the_link():
    paths = set()
    for f in fields(Scenario):
        inner = getattr(Scenario(), f.name)
        paths |= {f"growth.{g.name}" for g in fields(inner)} if is_dataclass(inner) and f.name == "growth" else {f.name}
    assert paths == {f.path for f in LINK_FIELDS}
    assert to_link(Scenario()) == {}
    assert to_link(Scenario(base_rate=0.0015, growth=Growth(construction=0.07))) == {"rate": "1.5", "growth": "7"}


HOSTILE = [
    "<script>alert(1)</script>",
    "../../etc/passwd",
    "=1+1",
    "1e999",
    "-1",
    "NaN",
    "9" * 5000,
    "[" * 4000,
    "",
    "none\0",
    "1:2:3",
]


@settings(max_examples=100, deadline=None)
@given(
    some.dictionaries(
        some.sampled_from([f.key for f in LINK_FIELDS]), some.sampled_from(HOSTILE) | some.text(max_size=30)
    )
)
def test_a_hostile_link_gives_a_scenario_in_its_ranges(query):
    scenario, _ = from_link(query)
    refuse_files(scenario)
    assert from_link(to_link(scenario))[0] == scenario


def test_a_link_opens_no_file():
    scenario, dropped = from_link({"plan": "tests/x.yaml", "overlays": "tests/x.yaml", "rate": "1.2"})
    assert (scenario, dropped) == (Scenario(base_rate=0.0012), ("plan", "overlays"))
    with pytest.raises(InputError, match="not known"):
        refuse_files(Scenario(overlays=("a/b.yaml",)))


def test_an_own_value_stands_in_with_its_mark_and_its_bad_shapes_are_refused():
    since = date(2020, 1, 1)
    own = parameters_of(Scenario(parameters=(ParameterChange("interest_rate", "0.011", since, "局里的协议利率"),)))
    found = own.entry("interest_rate", date(2021, 1, 1))
    assert (found.value, found.mark, found.reference) == (0.011, "assumption", "局里的协议利率")
    before = load_parameters().value("interest_rate", date(2019, 12, 31))
    assert own.value("interest_rate", date(2019, 12, 31)) == before
    for text in ("9", "abc", "[0.1]", "{a: 1}", "true", ".nan", "[", "null", ".inf"):
        with pytest.raises(InputError):
            parameters_of(Scenario(parameters=(ParameterChange("interest_rate", text, since),)))
    with pytest.raises(InputError, match="no parameter"):
        parameters_of(Scenario(parameters=(ParameterChange("no such", "1", since),)))


def test_every_known_value_is_written_and_read_back():
    for name, parameter in load_parameters().entries.items():
        last = parameter.values[-1]
        change = ParameterChange(name, as_text(last.value), last.effective)
        own = parameters_of(Scenario(parameters=(change,)))
        assert own.value(name, last.effective) == last.value


@pytest.mark.parametrize(("written", "value"), [("4%", 0.04), ("4％", 0.04), ("40‰", 0.04), ("0.04", 0.04)])
def test_an_own_value_may_be_written_as_a_share(written, value):
    change = ParameterChange("discount_rate", written, date(2020, 1, 1), "")
    assert parameters_of(Scenario(parameters=(change,))).parameter("discount_rate").values[-1].value == value
