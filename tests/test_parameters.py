from datetime import date
from pathlib import Path

import pytest

from data.parameters import available_overlays, load_parameters
from data.parameters.guide import guide
from models.messages import InputError
from models.parameters import MARKS

ROOT = Path(__file__).resolve().parent.parent
PARAMETERS = load_parameters()


def test_every_value_has_reference_mark_and_both_descriptions():
    for parameter in PARAMETERS.entries.values():
        assert parameter.description["zh"]
        assert parameter.description["en"]
        assert parameter.unit
        for value in parameter.values:
            assert value.reference
            assert value.mark in MARKS
            assert value.mark != "unverified" or value.confidence is not None, parameter.name
        dates = [v.effective for v in parameter.values]
        assert dates == sorted(set(dates))


INCOME = {
    2010: 19109,
    2011: 21810,
    2012: 24565,
    2013: 26955,
    2014: 28844,
    2015: 31195,
    2016: 33616,
    2017: 36396,
    2018: 39251,
    2019: 42359,
    2020: 43834,
    2021: 47412,
    2022: 49283,
    2023: 51821,
    2024: 54188,
    2025: 56502,
}


@pytest.mark.parametrize(("year", "income"), INCOME.items())
def test_death_lump_is_twenty_times_last_years_income(year, income):
    assert PARAMETERS.value("disposable_income.national_urban", date(year, 12, 31)) == income
    assert PARAMETERS.value("death_lump", date(year + 1, 6, 1)) == 20 * income


def test_class_rates_and_construction_classes():
    rates = PARAMETERS.value("industry_class.base_rates", date(2016, 1, 1))
    values = list(rates.values()) if isinstance(rates, dict) else list(rates)
    assert values == pytest.approx([0.002, 0.004, 0.007, 0.009, 0.011, 0.013, 0.016, 0.019])


def test_stage_cuts_and_coverage_by_date():
    cuts = PARAMETERS.value("stage_cut.thresholds", date(2018, 6, 1))
    assert [(c["payable_months"], c["cut"]) for c in cuts] == [(18, 0.2), (24, 0.5)]
    targets = [PARAMETERS.value("coverage.target_in_progress", date(y, 6, 1)) for y in (2015, 2016, 2017)]
    assert targets == [0.6, 0.8, 1.0]


def test_before_the_first_value_the_error_names_both_dates():
    with pytest.raises(InputError) as refused:
        PARAMETERS.value("project_rate", date(2010, 1, 1))
    assert "2010" in str(refused.value)
    assert "2015" in str(refused.value)


def test_the_day_before_and_the_day_of_a_change():
    dated = PARAMETERS.parameter("death_lump").values[3]
    assert PARAMETERS.value("death_lump", dated.effective) == dated.value
    before = date.fromordinal(dated.effective.toordinal() - 1)
    assert PARAMETERS.value("death_lump", before) == PARAMETERS.parameter("death_lump").values[2].value


def test_every_overlay_loads_and_changes_something():
    for name in available_overlays():
        assert load_parameters(name).entries != PARAMETERS.entries
    zhejiang = load_parameters("zhejiang").value("lump_5_to_10.medical", date(2021, 1, 1))
    assert [zhejiang[g] for g in range(5, 11)] == [30, 25, 10, 7, 4, 2]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("nonsense: {values: []}", "nonsense"),
        ("project_rate: {values: [{from: 2026-01-01, value: 0.9, mark: assumption, reference: x}]}", "0.9"),
        ("project_rate: {values: [{from: 2026-01-01, value: 0.001, mark: guess, reference: x}]}", "mark"),
        ("project_rate: {values: [{from: soon, value: 0.001, mark: assumption, reference: x}]}", "date"),
        ("project_rate: {values: [{from: 2026-01-01, value: 0.001, mark: assumption}]}", "reference"),
        ("project_rate: {values: [{from: 2026-01-01, value: 0.001, mark: assumption, reference: x, note: y}]}", "note"),
        ("project_rate: [1", "line"),
        ("[1, 2]", "parameters by name"),
    ],
)
def test_a_bad_overlay_is_refused_by_place(tmp_path, text, says):
    path = tmp_path / "office.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError) as refused:
        load_parameters(path)
    assert "office.yaml" in str(refused.value)
    assert says in str(refused.value)


def test_an_office_overlay_takes_effect_from_its_date(tmp_path):
    path = tmp_path / "office.yaml"
    path.write_text(
        "project_rate: {values: [{from: 2026-01-01, value: 0.0015, mark: official, reference: 某文}]}", encoding="utf-8"
    )
    parameters = load_parameters(path)
    assert parameters.value("project_rate", date(2025, 12, 31)) == PARAMETERS.value("project_rate", date(2025, 12, 31))
    assert parameters.entry("project_rate", date(2026, 1, 1)).reference == "某文"


def test_a_value_set_by_hand_is_checked_and_drops_later_ones():
    changed = PARAMETERS.with_value("project_rate", date(2016, 1, 1), 0.002)
    assert changed.value("project_rate", date(2030, 1, 1)) == 0.002
    with pytest.raises(InputError):
        PARAMETERS.with_value("project_rate", date(2016, 1, 1), 5.0)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_the_guide_in_docs_is_the_one_that_is_generated(language):
    assert (ROOT / "docs" / f"parameters.{language}.md").read_text(encoding="utf-8") == guide(PARAMETERS, language)
